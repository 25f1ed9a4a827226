using RroDashboard.Core.Events;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Statistics;
using RroDashboard.Data;

namespace RroDashboard.Web.Components;

/// <summary>Runs that differ in nothing but their seed: one method.</summary>
/// <param name="Index">0-based, in the order of the address.</param>
/// <param name="Name">What tells it from the others.</param>
/// <param name="Runs">At least one.</param>
public sealed record RunGroup(int Index, string Name, IReadOnlyList<ComparedRun> Runs)
{
    /// <summary>Final greedy rewards by task; of two runs with one seed the first counts.</summary>
    public IReadOnlyList<RunRewards> Rewards =>
    [
        .. Runs.Where(r => r.Of(Stage.Evaluate, "greedy") is { Episodes.Count: > 0 }).GroupBy(r => r.Run.Plan.Seed)
            .Select(g => new RunRewards(g.Key, g.First().Of(Stage.Evaluate, "greedy")!.Episodes.GroupBy(e => e.TaskId, StringComparer.Ordinal).ToDictionary(t => t.Key, t => t.First().Reward, StringComparer.Ordinal))),
    ];

    /// <summary>Mean of a number over the runs that have it; null when none has.</summary>
    public double? Mean(Func<ComparedRun, double?> number)
    {
        var known = Runs.Select(number).OfType<double>().ToArray();
        return known.Length == 0 ? null : known.Average();
    }
}

/// <summary>A group against the baseline group.</summary>
/// <param name="Group">Which.</param>
/// <param name="Result">Paired over tasks and seeds; null when the two cannot be compared.</param>
/// <param name="Sentence">The result, or why there is none.</param>
public sealed record PairedRow(RunGroup Group, PairedComparison? Result, string Sentence);

/// <summary>What the comparison page shows, computed from the facts alone; it names a winner only where an interval does.</summary>
public sealed class CompareView
{
    private const double Confidence = .95;
    private const int Resamples = 2000;

    /// <summary>Takes the runs; the first group is that of the baseline.</summary>
    public CompareView(IReadOnlyList<ComparedRun> runs, string baseline)
    {
        ArgumentNullException.ThrowIfNull(runs);
        Runs = runs;
        Differences = [.. PlanSettings.All.Where(s => runs.Select(r => r.Run.Setting(s)).Distinct(StringComparer.Ordinal).Count() > 1)];
        var telling = Differences.Where(s => s.Path != nameof(RunPlan.Seed)).ToArray();
        Groups =
        [
            .. runs.GroupBy(r => string.Join('\n', PlanSettings.All.Where(s => s.Path != nameof(RunPlan.Seed)).Select(s => r.Run.Setting(s)).Append(Elsewhere(r.Run.Remote))), StringComparer.Ordinal)
                .Select((g, i) => new RunGroup(i, NameOf(g.First(), telling, g.Count()), [.. g])),
        ];
        Baseline = Groups.FirstOrDefault(g => g.Runs.Any(r => r.Run.Id == baseline)) ?? (Groups.Count > 0 ? Groups[0] : null);
        Paired = Baseline is null ? [] : [.. Groups.Where(g => g != Baseline).Select(g => Compare(g, Baseline))];
        (Best, BestSentence) = FindBest();
    }

    /// <summary>In the order of the address.</summary>
    public IReadOnlyList<ComparedRun> Runs { get; }

    /// <summary>Settings that are not the same in all runs.</summary>
    public IReadOnlyList<PlanSetting> Differences { get; }

    /// <summary>Runs by method.</summary>
    public IReadOnlyList<RunGroup> Groups { get; }

    /// <summary>What the others are compared with; null without runs.</summary>
    public RunGroup? Baseline { get; }

    /// <summary>Every other group against the baseline.</summary>
    public IReadOnlyList<PairedRow> Paired { get; }

    /// <summary>The group that is better than every other one, each by an interval that leaves 0 out; null when there is none.</summary>
    public RunGroup? Best { get; }

    /// <summary>Who is best, or why nobody is named.</summary>
    public string BestSentence { get; }

    // What a trainer elsewhere does differently is in its own settings; only their seed may differ within a group.
    private static string Elsewhere(RemoteRun? remote) => remote is null
        ? ""
        : string.Join('\n', remote.Config.EnumerateObject().Where(p => p.Name != "seed").OrderBy(p => p.Name, StringComparer.Ordinal).Select(p => $"{p.Name}={p.Value.GetRawText()}").Prepend(remote.Environment).Prepend(remote.Method));

    private static string NameOf(ComparedRun run, PlanSetting[] telling, int count) =>
        run.Run.Name.Length > 0 && count == 1
            ? run.Run.Name
            : run.Run.Remote is { } remote ? $"{remote.Method} on {remote.Environment}"
            : telling.Length == 0 ? run.Run.Title : $"{run.Run.Plan.Preset}: {string.Join(", ", telling.Take(3).Select(s => $"{s.Name} {run.Run.Setting(s)}"))}{(telling.Length > 3 ? ", ..." : "")}";

    /// <summary>Two groups on the same tasks.</summary>
    public static PairedRow Compare(RunGroup first, RunGroup second)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        var (a, b) = (first.Rewards, second.Rewards);
        if (a.Count == 0 || b.Count == 0)
        {
            return new PairedRow(first, null, $"{(a.Count == 0 ? first.Name : second.Name)} has no final evaluation yet.");
        }

        var hashes = first.Runs.Concat(second.Runs).Select(r => (r.Started?.EnvironmentHash, r.Run.Remote?.Environment)).Distinct().Count();
        if (hashes > 1)
        {
            return new PairedRow(first, null, "Not compared: the environments' data or settings differ, so these are not the same tasks.");
        }

        var note = "";
        if (!a.Select(r => r.Seed).Intersect(b.Select(r => r.Seed)).Any())
        {
            if (a.Count > 1 || b.Count > 1)
            {
                return new PairedRow(first, null, "Not compared: the two have no seed in common.");
            }

            // One run each: the tasks are still the same.
            (a, b, note) = ([a[0] with { Seed = 0 }], [b[0] with { Seed = 0 }], " Their seeds differ.");
        }

        if (!a.Any(x => b.Any(y => y.Seed == x.Seed && y.ByTask.Keys.Any(x.ByTask.ContainsKey))))
        {
            return new PairedRow(first, null, "Not compared: the two have no task in common.");
        }

        // The environments are the same, so whichever run knows a task's group will do.
        var groups = EvaluationView.GroupsOf(first.Runs.Concat(second.Runs).Select(r => r.Of(Stage.Evaluate, "greedy")).SelectMany(e => e?.Episodes ?? []));
        var result = PairedComparison.Of(a, b, Confidence, Resamples, new SeededRandom(first.Index, second.Index), task => groups.GetValueOrDefault(task, task));
        return new PairedRow(first, result, result.Sentence(first.Name, second.Name) + note);
    }

    private (RunGroup? Best, string Sentence) FindBest()
    {
        if (Groups.Count < 2)
        {
            return (null, Groups.Count == 1 && Runs.Count > 1 ? "These runs are one method with several seeds: add another method to compare." : "");
        }

        foreach (var group in Groups.Where(g => g.Rewards.Count > 0))
        {
            var against = Groups.Where(g => g != group).Select(g => Compare(group, g).Result).ToArray();
            if (against.All(r => r is { Verdict: PairedVerdict.FirstIsBetter }))
            {
                return (group, $"{group.Name} has a higher held-out reward than every other method here: each 95 % interval of the paired difference lies above 0.");
            }
        }

        return (null, "No winner is named: no method's paired 95 % interval against every other one lies above 0. More tasks or more seeds make intervals narrower.");
    }
}
