namespace RroDashboard.Core.Statistics;

/// <summary>
/// Student's interval of a mean over seeds. A bootstrap of a handful of seeds is a little too narrow, because it takes the spread of
/// the seeds at hand for that of all; this one allows for it, and looks at nothing but the seeds.
/// </summary>
public static class SeedInterval
{
    private const double Precision = 1e-12;

    /// <summary>Interval of the mean of one value per seed; null with fewer than two.</summary>
    /// <param name="values">One value per seed.</param>
    /// <param name="confidence">For example .95.</param>
    public static Interval? Of(IReadOnlyList<double> values, double confidence)
    {
        ArgumentNullException.ThrowIfNull(values);
        if (values.Count < 2)
        {
            return null;
        }

        var mean = values.Average();
        var error = Math.Sqrt(values.Sum(v => (v - mean) * (v - mean)) / (values.Count - 1) / values.Count);
        var half = Quantile(1 - ((1 - confidence) / 2), values.Count - 1) * error;
        return new Interval(mean - half, mean + half);
    }

    /// <summary>Quantile of Student's distribution above its middle, by bisection.</summary>
    /// <param name="share">From .5 to below 1.</param>
    /// <param name="freedom">Degrees of freedom, at least 1.</param>
    public static double Quantile(double share, int freedom)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(freedom, 1);
        if (share is not (>= 0.5 and < 1))
        {
            throw new ArgumentOutOfRangeException(nameof(share), share, "From .5 to below 1.");
        }

        var (low, high) = (0.0, 1.0);
        while (Below(high, freedom) < share)
        {
            high *= 2;
        }

        while (high - low > Precision * Math.Max(1, high))
        {
            var middle = (low + high) / 2;
            (low, high) = Below(middle, freedom) < share ? (middle, high) : (low, middle);
        }

        return (low + high) / 2;
    }

    // Chance of a value below t >= 0, by the finite series for whole degrees of freedom (Abramowitz and Stegun, 26.7.3 and 26.7.4).
    private static double Below(double t, int freedom)
    {
        var angle = Math.Atan(t / Math.Sqrt(freedom));
        var (sine, cosine) = (Math.Sin(angle), Math.Cos(angle));
        var (sum, term) = (0.0, freedom % 2 == 1 ? cosine : 1.0);
        for (var k = freedom % 2 == 1 ? 1 : 0; k < freedom - 1; k += 2)
        {
            sum += term;
            term *= cosine * cosine * (k + 1) / (k + 2);
        }

        var between = freedom % 2 == 1 ? 2 / Math.PI * (angle + (sine * sum)) : sine * sum;
        return 0.5 + (between / 2);
    }
}
