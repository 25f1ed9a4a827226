using System.Globalization;

namespace RroDashboard.Core.Statistics;

/// <summary>Reward of one run on every task it was evaluated on.</summary>
/// <param name="Seed">Runs of two methods with one seed share what the seed decides: initialisation, demonstrations' order, explored tasks.</param>
/// <param name="ByTask">Task id to reward.</param>
public sealed record RunRewards(long Seed, IReadOnlyDictionary<string, double> ByTask);

/// <summary>What a paired comparison may say.</summary>
public enum PairedVerdict
{
    /// <summary>The interval of the difference contains 0: no winner can be named.</summary>
    NoWinner,

    /// <summary>The whole interval lies above 0.</summary>
    FirstIsBetter,

    /// <summary>The whole interval lies below 0.</summary>
    SecondIsBetter,
}

/// <summary>
/// Two methods on the same tasks, and where there are several seeds on the same seeds: the difference of two such means is far less
/// noisy than the means, because hard tasks are hard for both.
/// </summary>
/// <remarks>
/// The interval is a percentile bootstrap of the mean difference that resamples whole groups of tasks and, independently, seeds, and
/// weighs each cell by both counts (the pigeonhole bootstrap: Owen, 2007, "The pigeonhole bootstrap", Annals of Applied Statistics 1).
/// That alone is too narrow for a handful of seeds, because it takes their spread for that of all seeds: with two or more seeds the
/// interval also reaches over Student's interval of the mean differences of single seeds (<see cref="SeedInterval"/>), so a winner is
/// named only where both leave 0 out. With one seed only tasks are resampled: the interval then says nothing about what another
/// seed would give, and <see cref="Sentence"/> says so.
/// </remarks>
/// <param name="Seeds">Seeds that both have.</param>
/// <param name="Tasks">Tasks that both have, over all seeds.</param>
/// <param name="LeftOut">Rewards without a counterpart on the other side, not compared.</param>
/// <param name="Won">Pairs (seed, task) in which the first has the higher reward.</param>
/// <param name="Lost">Pairs in which the second has.</param>
/// <param name="Tied">Pairs with equal rewards.</param>
/// <param name="FirstMean">Mean reward of the first on the compared pairs.</param>
/// <param name="SecondMean">Mean reward of the second on the compared pairs.</param>
/// <param name="Interval">Interval of the mean difference, first minus second.</param>
/// <param name="Confidence">For example .95.</param>
public sealed record PairedComparison(
    int Seeds,
    int Tasks,
    int LeftOut,
    int Won,
    int Lost,
    int Tied,
    double FirstMean,
    double SecondMean,
    Interval Interval,
    double Confidence)
{
    /// <summary>Rewards closer than this are equal: sums of rewards differ in the last digits.</summary>
    public const double Tolerance = 1e-9;

    /// <summary>First mean minus second mean, in reward units.</summary>
    public double Difference => FirstMean - SecondMean;

    /// <summary>Refuses to name a winner while the interval contains 0.</summary>
    public PairedVerdict Verdict => Interval.Low > Tolerance ? PairedVerdict.FirstIsBetter : Interval.High < -Tolerance ? PairedVerdict.SecondIsBetter : PairedVerdict.NoWinner;

    /// <summary>Whether the first is shown not to be lower than the second by more than <paramref name="margin"/>: the lower end of the interval is above -margin.</summary>
    /// <param name="margin">In reward units, at least 0.</param>
    public bool NotLowerBy(double margin)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(margin);
        return Interval.Low >= -margin;
    }

    /// <summary>Compares two methods.</summary>
    /// <param name="first">One entry for each seed.</param>
    /// <param name="second">Likewise; what has no counterpart is left out and counted.</param>
    /// <param name="confidence">For example .95.</param>
    /// <param name="resamples">Number of resamples, at least 100.</param>
    /// <param name="random">Stream of its own, so that the interval can be recomputed.</param>
    /// <param name="groupOf">Group of a task id: tasks of one group are not independent. Null when each stands alone.</param>
    /// <exception cref="ArgumentException">No task in common, or a seed twice on one side.</exception>
    public static PairedComparison Of(
        IReadOnlyList<RunRewards> first, IReadOnlyList<RunRewards> second, double confidence, int resamples, SeededRandom random, Func<string, string>? groupOf = null)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        ArgumentNullException.ThrowIfNull(random);
        ArgumentOutOfRangeException.ThrowIfLessThan(resamples, 100);
        var others = Index(second, nameof(second));
        var cells = new List<(long Seed, string Task, double First, double Second)>();
        foreach (var (seed, rewards) in Index(first, nameof(first)).OrderBy(r => r.Key))
        {
            if (others.TryGetValue(seed, out var other))
            {
                cells.AddRange(rewards.Where(r => other.ContainsKey(r.Key)).OrderBy(r => r.Key, StringComparer.Ordinal).Select(r => (seed, r.Key, r.Value, other[r.Key])));
            }
        }

        if (cells.Count == 0)
        {
            throw new ArgumentException("A paired comparison needs at least one task that both have under one seed.", nameof(second));
        }

        var leftOut = first.Sum(r => r.ByTask.Count) + second.Sum(r => r.ByTask.Count) - (2 * cells.Count);
        return new PairedComparison(
            cells.Select(c => c.Seed).Distinct().Count(),
            cells.Select(c => c.Task).Distinct(StringComparer.Ordinal).Count(),
            leftOut,
            cells.Count(c => c.First - c.Second > Tolerance),
            cells.Count(c => c.Second - c.First > Tolerance),
            cells.Count(c => Math.Abs(c.First - c.Second) <= Tolerance),
            cells.Average(c => c.First),
            cells.Average(c => c.Second),
            OverSeedsToo(
                Resample(cells.ConvertAll(c => (c.Seed, Group: groupOf?.Invoke(c.Task) ?? c.Task, Difference: c.First - c.Second)), confidence, resamples, random),
                SeedInterval.Of([.. cells.GroupBy(c => c.Seed).Select(s => s.Average(c => c.First - c.Second))], confidence)),
            confidence);
    }

    /// <summary>The result in words; names a winner only where <see cref="Verdict"/> does.</summary>
    /// <param name="first">Name of the first.</param>
    /// <param name="second">Name of the second.</param>
    public string Sentence(string first, string second)
    {
        var counts = string.Create(CultureInfo.InvariantCulture, $"{Won} won, {Lost} lost, {Tied} tied of {Won + Lost + Tied} (seed, task) pairs");
        var range = string.Create(CultureInfo.InvariantCulture, $"[{Interval.Low:+0.000;-0.000;0.000}, {Interval.High:+0.000;-0.000;0.000}]");
        var difference = Math.Abs(Difference).ToString("0.000", CultureInfo.InvariantCulture);
        var verdict = Verdict switch
        {
            PairedVerdict.FirstIsBetter => $"{first} is better than {second} by {difference}, {Percent} interval {range}",
            PairedVerdict.SecondIsBetter => $"{second} is better than {first} by {difference}; {Percent} interval of {first} minus {second}: {range}",
            _ => $"No winner: the {Percent} interval of {first} minus {second}, {range}, contains 0",
        };
        return $"{verdict} ({counts}){(Seeds == 1 ? ". One seed only: another one may give something else." : ".")}";
    }

    private string Percent => (Confidence * 100).ToString("0.##", CultureInfo.InvariantCulture) + " %";

    private static Interval OverSeedsToo(Interval bootstrap, Interval? student) =>
        student is { } s ? new Interval(Math.Min(bootstrap.Low, s.Low), Math.Max(bootstrap.High, s.High)) : bootstrap;

    private static Interval Resample(List<(long Seed, string Group, double Difference)> cells, double confidence, int resamples, SeededRandom random)
    {
        // Sums of each (seed, group): a resample then costs as many steps as there are such cells.
        var seeds = cells.Select(c => c.Seed).Distinct().Order().ToArray();
        var groups = cells.Select(c => c.Group).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToArray();
        var (sums, counts) = (new double[seeds.Length, groups.Length], new int[seeds.Length, groups.Length]);
        foreach (var (seed, group, difference) in cells)
        {
            var (s, g) = (Array.BinarySearch(seeds, seed), Array.BinarySearch(groups, group, StringComparer.Ordinal));
            sums[s, g] += difference;
            counts[s, g]++;
        }

        var means = new List<double>(resamples);
        while (means.Count < resamples)
        {
            var (ofSeed, ofGroup) = (Draws(seeds.Length, random), Draws(groups.Length, random));
            var (sum, count) = (0.0, 0L);
            for (var s = 0; s < seeds.Length; s++)
            {
                for (var g = 0; ofSeed[s] > 0 && g < groups.Length; g++)
                {
                    var weight = ofSeed[s] * ofGroup[g];
                    sum += weight * sums[s, g];
                    count += weight * counts[s, g];
                }
            }

            // Where seeds were evaluated on different tasks a resample can be empty: it says nothing and is drawn again.
            if (count > 0)
            {
                means.Add(sum / count);
            }
        }

        var sorted = means.Order().ToArray();
        var tail = (1 - confidence) / 2;
        return new Interval(Bootstrap.Quantile(sorted, tail), Bootstrap.Quantile(sorted, 1 - tail));
    }

    // How often each of n is drawn in n draws with replacement.
    private static int[] Draws(int n, SeededRandom random)
    {
        var counts = new int[n];
        if (n == 1)
        {
            counts[0] = 1;
            return counts;
        }

        for (var i = 0; i < n; i++)
        {
            counts[random.Next(n)]++;
        }

        return counts;
    }

    private static Dictionary<long, IReadOnlyDictionary<string, double>> Index(IReadOnlyList<RunRewards> runs, string name)
    {
        var bySeed = new Dictionary<long, IReadOnlyDictionary<string, double>>();
        foreach (var run in runs)
        {
            if (!bySeed.TryAdd(run.Seed, run.ByTask))
            {
                throw new ArgumentException($"Seed {run.Seed} is there twice: average the two runs, or name one.", name);
            }
        }

        return bySeed;
    }
}
