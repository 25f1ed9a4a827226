namespace RroDashboard.Core.Statistics;

/// <summary>A closed interval in the units of the value it belongs to.</summary>
public readonly record struct Interval(double Low, double High)
{
    /// <summary>Distance between both ends.</summary>
    public double Width => High - Low;
}

/// <summary>Percentile bootstrap (Efron and Tibshirani, 1993, chapter 13): no assumption on the shape of rewards.</summary>
public static class Bootstrap
{
    /// <summary>Interval of the mean of <paramref name="values"/>.</summary>
    /// <param name="values">One value per task.</param>
    /// <param name="confidence">For example .95.</param>
    /// <param name="resamples">Number of resamples, at least 100.</param>
    /// <param name="random">Stream of its own, so that the interval can be recomputed.</param>
    /// <exception cref="ArgumentException">No values.</exception>
    public static Interval Mean(ReadOnlySpan<double> values, double confidence, int resamples, SeededRandom random)
    {
        if (values.IsEmpty)
        {
            throw new ArgumentException("A bootstrap interval needs at least one value.", nameof(values));
        }

        ArgumentOutOfRangeException.ThrowIfLessThan(resamples, 100);
        var means = new double[resamples];
        for (var r = 0; r < resamples; r++)
        {
            var sum = 0.0;
            for (var i = 0; i < values.Length; i++)
            {
                sum += values[random.Next(values.Length)];
            }

            means[r] = sum / values.Length;
        }

        Array.Sort(means);
        var tail = (1 - confidence) / 2;
        return new Interval(Quantile(means, tail), Quantile(means, 1 - tail));
    }

    private static double Quantile(double[] sorted, double share)
    {
        var position = share * (sorted.Length - 1);
        var below = (int)position;
        var above = Math.Min(below + 1, sorted.Length - 1);
        return sorted[below] + ((position - below) * (sorted[above] - sorted[below]));
    }
}
