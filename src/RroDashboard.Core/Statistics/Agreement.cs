namespace RroDashboard.Core.Statistics;

/// <summary>How far apart two different labels are.</summary>
public enum LabelDistance
{
    /// <summary>Different is different: 0 or 1.</summary>
    Nominal,

    /// <summary>By how many labels lie between them.</summary>
    Ordinal,

    /// <summary>By the square of their difference.</summary>
    Interval,
}

/// <summary>A figure of agreement with what it rests on.</summary>
/// <param name="Value">Null where it is not defined, for example because nobody ever used a second label.</param>
/// <param name="Interval">Bootstrap over items; null where too few resamples define it.</param>
/// <param name="Items">Items that it rests on: those with at least two labels.</param>
public sealed record AgreementFigure(double? Value, Interval? Interval, int Items);

/// <summary>
/// How well people who labelled the same items agree. An item is the list of its labels, one per person who labelled it, in no order; people
/// may be missing. Items with fewer than two labels say nothing about agreement and are left out.
/// </summary>
public static class Agreement
{
    /// <summary>Below this many items a figure of agreement is mostly luck, and pages say so.</summary>
    public const int FewItems = 30;

    /// <summary>Share of resamples that must define a figure for its interval to be told.</summary>
    public const double DefinedShare = 0.9;

    /// <summary>Share of pairs of labels on one item that are equal; every item counts as much as any other. Null without an item.</summary>
    public static double? Percent(IReadOnlyList<IReadOnlyList<double>> items)
    {
        ArgumentNullException.ThrowIfNull(items);
        var (sum, count) = (0.0, 0);
        foreach (var labels in items)
        {
            if (labels.Count < 2)
            {
                continue;
            }

            var equal = 0;
            for (var i = 0; i < labels.Count; i++)
            {
                for (var j = 0; j < i; j++)
                {
                    equal += labels[i].Equals(labels[j]) ? 1 : 0;
                }
            }

            (sum, count) = (sum + (2.0 * equal / (labels.Count * (labels.Count - 1))), count + 1);
        }

        return count == 0 ? null : sum / count;
    }

    /// <summary>
    /// Cohen's kappa (Cohen, 1960, Educational and Psychological Measurement 20): agreement of two people beyond what their own shares of
    /// labels give by chance. Each item is (label of the first, label of the second); items that either did not label are left out.
    /// Null without an item or where chance alone agrees always.
    /// </summary>
    public static double? CohenKappa(IReadOnlyList<IReadOnlyList<double>> items)
    {
        ArgumentNullException.ThrowIfNull(items);
        var both = items.Where(i => i.Count == 2).ToList();
        if (both.Count == 0)
        {
            return null;
        }

        double n = both.Count;
        var observed = both.Count(i => i[0].Equals(i[1])) / n;
        var second = both.GroupBy(i => i[1]).ToDictionary(g => g.Key, g => g.Count() / n);
        var chance = both.GroupBy(i => i[0]).Sum(g => g.Count() / n * second.GetValueOrDefault(g.Key));
        return chance >= 1 - 1e-12 ? null : (observed - chance) / (1 - chance);
    }

    /// <summary>
    /// Krippendorff's alpha (Krippendorff, 2011, "Computing Krippendorff's Alpha-Reliability"): 1 minus observed over expected disagreement, for
    /// any number of people, with labels missing. Null where no two labels differ: then there is nothing that could have been told apart.
    /// </summary>
    public static double? KrippendorffAlpha(IReadOnlyList<IReadOnlyList<double>> items, LabelDistance distance)
    {
        ArgumentNullException.ThrowIfNull(items);
        var usable = items.Where(i => i.Count >= 2).ToList();
        var labels = usable.SelectMany(i => i).Distinct().Order().ToArray();
        var place = new Dictionary<double, int>(labels.Length);
        for (var i = 0; i < labels.Length; i++)
        {
            place[labels[i]] = i;
        }

        // The coincidence matrix: every pair of labels on one item, weighted so that an item counts by its labels.
        var together = new double[labels.Length, labels.Length];
        foreach (var item in usable)
        {
            for (var i = 0; i < item.Count; i++)
            {
                for (var j = 0; j < item.Count; j++)
                {
                    if (i != j)
                    {
                        together[place[item[i]], place[item[j]]] += 1.0 / (item.Count - 1);
                    }
                }
            }
        }

        var used = new double[labels.Length];
        for (var c = 0; c < labels.Length; c++)
        {
            for (var k = 0; k < labels.Length; k++)
            {
                used[c] += together[c, k];
            }
        }

        var n = used.Sum();
        var (observed, expected) = (0.0, 0.0);
        for (var c = 0; c < labels.Length; c++)
        {
            for (var k = 0; k < labels.Length; k++)
            {
                var apart = Apart(distance, labels, used, c, k);
                observed += together[c, k] * apart;
                expected += used[c] * used[k] * apart;
            }
        }

        return expected <= 0 ? null : 1 - ((n - 1) * observed / expected);
    }

    /// <summary>A figure with its interval: whole items are drawn again, because labels of one item are not independent.</summary>
    /// <param name="items">Labels by item.</param>
    /// <param name="figure">What is computed of items.</param>
    /// <param name="confidence">For example .95.</param>
    /// <param name="resamples">At least 100.</param>
    /// <param name="random">Stream of its own, so that the interval can be recomputed.</param>
    public static AgreementFigure WithInterval(
        IReadOnlyList<IReadOnlyList<double>> items, Func<IReadOnlyList<IReadOnlyList<double>>, double?> figure, double confidence, int resamples, SeededRandom random)
    {
        ArgumentNullException.ThrowIfNull(items);
        ArgumentNullException.ThrowIfNull(figure);
        ArgumentNullException.ThrowIfNull(random);
        ArgumentOutOfRangeException.ThrowIfLessThan(resamples, 100);
        var usable = items.Where(i => i.Count >= 2).ToList();
        if (usable.Count == 0)
        {
            return new AgreementFigure(null, null, 0);
        }

        var defined = new List<double>(resamples);
        var drawn = new IReadOnlyList<double>[usable.Count];
        for (var r = 0; r < resamples; r++)
        {
            for (var i = 0; i < drawn.Length; i++)
            {
                drawn[i] = usable[random.Next(usable.Count)];
            }

            if (figure(drawn) is { } value)
            {
                defined.Add(value);
            }
        }

        var told = defined.Count >= DefinedShare * resamples;
        var sorted = defined.Order().ToArray();
        var tail = (1 - confidence) / 2;
        return new AgreementFigure(figure(usable), told ? new Interval(Bootstrap.Quantile(sorted, tail), Bootstrap.Quantile(sorted, 1 - tail)) : null, usable.Count);
    }

    private static double Apart(LabelDistance distance, double[] labels, double[] used, int c, int k)
    {
        if (c == k)
        {
            return 0;
        }

        if (distance == LabelDistance.Nominal)
        {
            return 1;
        }

        var apart = labels[c] - labels[k];
        if (distance == LabelDistance.Ordinal)
        {
            apart = -(used[c] + used[k]) / 2;
            for (var g = Math.Min(c, k); g <= Math.Max(c, k); g++)
            {
                apart += used[g];
            }
        }

        return apart * apart;
    }
}
