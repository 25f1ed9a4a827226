using RroDashboard.Core.Rewards;

namespace RroDashboard.Core.Exploration;

/// <summary>How the value changed at one decided step.</summary>
/// <param name="Task">Index within the run's explored tasks.</param>
/// <param name="Step">0-based step of the walk.</param>
/// <param name="Change">Value of the step that was followed minus that of the step before, reward units; null when the walk stopped here.</param>
/// <param name="Rose">The step passed the rising rule.</param>
/// <param name="Compared">The step before had an estimate; false after a value that was only assumed.</param>
public readonly record struct StepChange(int Task, int Step, double? Change, bool Rose, bool Compared = true);

/// <summary>What happened in a third of the trajectories.</summary>
/// <param name="Name">"beginning", "middle" or "end".</param>
/// <param name="Steps">Steps in it, first steps apart, that were followed and had an estimate to compare with.</param>
/// <param name="Higher">Worth more than the step before.</param>
/// <param name="Equal">Worth the same.</param>
/// <param name="Lower">Worth less.</param>
/// <param name="Rose">Passed the rising rule.</param>
public sealed record RiverThird(string Name, int Steps, int Higher, int Equal, int Lower, int Rose)
{
    /// <summary>Share of steps that are worth more than the one before; 0 without steps.</summary>
    public double HigherShare => Steps == 0 ? 0 : (double)Higher / Steps;
}

/// <summary>
/// Where in the episodes of a run values rise and fall: counts of steps by position and by size of the change. Positions are step
/// numbers, joined where walks are longer than <see cref="MaxColumns"/>; changes are bands of the reward range.
/// </summary>
public sealed class River
{
    /// <summary>More columns than this cannot be told apart; deeper walks share columns.</summary>
    public const int MaxColumns = 40;

    // Shares of the reward range. Fine near 0, where most steps are.
    private static readonly double[] s_edges = [0.5, 0.25, 0.1];

    private River(IReadOnlyList<string> rows, int stepsPerColumn, int[,] counts, IReadOnlyList<RiverThird> thirds, int steps, int leftOut) =>
        (Rows, StepsPerColumn, Counts, Thirds, Steps, LeftOut) = (rows, stepsPerColumn, counts, thirds, steps, leftOut);

    /// <summary>Names of the bands, the largest rise first; the middle one is "no change".</summary>
    public IReadOnlyList<string> Rows { get; }

    /// <summary>Steps that share a column: 1 unless walks are longer than <see cref="MaxColumns"/>.</summary>
    public int StepsPerColumn { get; }

    /// <summary>Number of steps by band and column.</summary>
    public int[,] Counts { get; }

    /// <summary>Beginning, middle and end of the trajectories, each measured against the length of its own walk, as <see cref="RisingShare"/> divides them: first steps are left out.</summary>
    public IReadOnlyList<RiverThird> Thirds { get; }

    /// <summary>Steps decided.</summary>
    public int Steps { get; }

    /// <summary>Steps at which a walk stopped, or that had no estimate to compare with: they are in no cell.</summary>
    public int LeftOut { get; }

    /// <summary>Number of columns.</summary>
    public int Columns => Counts.GetLength(1);

    /// <summary>Counts the steps of a run.</summary>
    public static River Of(IReadOnlyCollection<StepChange> changes, RewardRange range)
    {
        ArgumentNullException.ThrowIfNull(changes);
        var width = range.High - range.Low;
        var lengths = new Dictionary<int, int>();
        foreach (var change in changes)
        {
            lengths[change.Task] = Math.Max(lengths.GetValueOrDefault(change.Task), change.Step + 1);
        }

        var longest = lengths.Count == 0 ? 0 : lengths.Values.Max();
        var perColumn = Math.Max(1, (longest + MaxColumns - 1) / MaxColumns);
        var counts = new int[(2 * s_edges.Length) + 3, (longest + perColumn - 1) / perColumn];
        var thirds = new int[3, 5];
        var leftOut = 0;
        foreach (var (task, step, change, rose, compared) in changes)
        {
            if (change is not { } value || !compared)
            {
                leftOut++;
                continue;
            }

            counts[Row(value / width), step / perColumn]++;
            if (step > 0)
            {
                var third = lengths[task] < 3 ? (step == lengths[task] - 1 ? 2 : 0) : 3 * step / lengths[task];
                thirds[third, 0]++;
                thirds[third, value > RisingRule.Tolerance ? 1 : value < -RisingRule.Tolerance ? 3 : 2]++;
                thirds[third, 4] += rose ? 1 : 0;
            }
        }

        string[] names = ["beginning", "middle", "end"];
        return new River(
            Names(width), perColumn, counts,
            [.. names.Select((n, i) => new RiverThird(n, thirds[i, 0], thirds[i, 1], thirds[i, 2], thirds[i, 3], thirds[i, 4]))], changes.Count, leftOut);
    }

    // 0 is the largest rise, the middle row is no change.
    private static int Row(double share)
    {
        var middle = s_edges.Length + 1;
        if (Math.Abs(share) <= RisingRule.Tolerance)
        {
            return middle;
        }

        var reached = s_edges.Count(e => Math.Abs(share) >= e - RisingRule.Tolerance);
        return share > 0 ? middle - 1 - reached : middle + 1 + reached;
    }

    private static List<string> Names(double width)
    {
        string Number(double share) => (share * width).ToString("0.00", System.Globalization.CultureInfo.InvariantCulture);
        var up = new List<string>();
        for (var i = 0; i < s_edges.Length; i++)
        {
            up.Add(i == 0 ? $"{Number(s_edges[i])} or more" : $"{Number(s_edges[i])} to {Number(s_edges[i - 1])}");
        }

        up.Add($"up to {Number(s_edges[^1])}");
        return [.. up.Select(n => "+ " + n), "no change", .. Enumerable.Reverse(up).Select(n => "− " + n)];
    }
}
