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
    /// <summary>Interval of the mean of <paramref name="values"/>, whole groups resampled: tasks of one group are not independent.</summary>
    /// <param name="values">One value per task.</param>
    /// <param name="groups">The group of each task; its own for a task that stands alone.</param>
    /// <param name="confidence">For example .95.</param>
    /// <param name="resamples">Number of resamples, at least 100.</param>
    /// <param name="random">Stream of its own, so that the interval can be recomputed.</param>
    /// <exception cref="ArgumentException">No values.</exception>
    public static Interval Mean(IReadOnlyList<double> values, IReadOnlyList<string> groups, double confidence, int resamples, SeededRandom random)
    {
        ArgumentNullException.ThrowIfNull(values);
        ArgumentNullException.ThrowIfNull(groups);
        if (values.Count == 0)
        {
            throw new ArgumentException("A bootstrap interval needs at least one value.", nameof(values));
        }

        ArgumentOutOfRangeException.ThrowIfLessThan(resamples, 100);
        if (values.Count != groups.Count)
        {
            throw new ArgumentException($"{values.Count} values have {groups.Count} groups.", nameof(groups));
        }

        var sums = values.Zip(groups).GroupBy(v => v.Second, StringComparer.Ordinal).Select(g => (Sum: g.Sum(v => v.First), Count: g.Count())).ToArray();
        var means = new double[resamples];
        for (var r = 0; r < resamples; r++)
        {
            var (sum, count) = (0.0, 0);
            for (var i = 0; i < sums.Length; i++)
            {
                var drawn = sums[random.Next(sums.Length)];
                (sum, count) = (sum + drawn.Sum, count + drawn.Count);
            }

            means[r] = sum / count;
        }

        Array.Sort(means);
        var tail = (1 - confidence) / 2;
        return new Interval(Quantile(means, tail), Quantile(means, 1 - tail));
    }

    /// <summary>Quantile of ascending values, linear between neighbours.</summary>
    internal static double Quantile(double[] sorted, double share)
    {
        var position = share * (sorted.Length - 1);
        var below = (int)position;
        var above = Math.Min(below + 1, sorted.Length - 1);
        return sorted[below] + ((position - below) * (sorted[above] - sorted[below]));
    }
}
