using RroDashboard.Core.Events;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Statistics;
using RroDashboard.Data;

namespace RroDashboard.Web.Components.Exploration;

/// <summary>What a run that learned from a version is compared with, and what came of it.</summary>
/// <param name="Run">The run that learned from the version.</param>
/// <param name="Version">Which version.</param>
/// <param name="Baseline">The run that learned from the pairs as they were, from the same checkpoint with the same settings; null where there is none.</param>
/// <param name="Both">Difference of the mean of greedy and T=1, task by task; null where one of the two has not been evaluated.</param>
/// <param name="Greedy">Greedy only.</param>
/// <param name="Sampled">T=1 only.</param>
public sealed record VersionEffect(RunInfo Run, int Version, RunInfo? Baseline, PairedComparison? Both, PairedComparison? Greedy, PairedComparison? Sampled)
{
    /// <summary>What may be said: names a winner only where the interval leaves 0 out.</summary>
    public string Sentence => Both is not { } both
        ? Baseline is null ? "There is no run to compare with: train version 0 with the same settings." : "Not evaluated yet."
        : both.Verdict == PairedVerdict.NoWinner
            ? "No effect is shown: the interval contains 0, so this difference may be noise. " + both.Sentence($"version {Version}", "the pairs as they were")
            : both.Sentence($"Version {Version}", "the pairs as they were");
}

/// <summary>
/// What the decisions of people did to held-out reward: every run that learned from a version against the run that learned from the same pairs
/// without them, from the same checkpoint, with the same seed and settings. The run that made the pairs is that run itself where its settings
/// are the same, because training from version 0 would give the very same weights.
/// </summary>
public sealed class VersionEffects(RunQueries queries, PairSetQueries sets)
{
    /// <summary>Bootstrap resamples.</summary>
    public const int Resamples = 2000;

    /// <summary>Runs that are compared, the newest; others are counted.</summary>
    public const int MaxShown = 12;

    private const double Confidence = .95;

    /// <summary>Every run that learned from versions of a run, newest first.</summary>
    /// <param name="source">The run that made the pairs.</param>
    /// <param name="version">Only this version; null for all but version 0.</param>
    /// <param name="cancellationToken">Given up.</param>
    public async Task<(IReadOnlyList<VersionEffect> Effects, int Total)> ReadAsync(RunInfo source, int? version, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        var trained = await sets.TrainedAsync(source.Id, cancellationToken);
        var wanted = trained.Where(t => version is null ? t.Version > 0 : t.Version == version).Reverse().ToList();
        var read = new Dictionary<string, IReadOnlyList<EvaluationFinished>>(StringComparer.Ordinal);
        var effects = new List<VersionEffect>();
        foreach (var (run, number) in wanted.Take(MaxShown))
        {
            var settings = Settings(run.Plan);
            var baseline = source.State == RunState.Finished && Settings(source.Plan) == settings ? source
                : trained.LastOrDefault(t => t.Version == 0 && t.Run.State == RunState.Finished && Settings(t.Run.Plan) == settings)?.Run;
            if (number == 0 && baseline?.Id == source.Id)
            {
                // The same pairs from the same checkpoint: a comparison with itself.
                effects.Add(new VersionEffect(run, 0, source, null, null, null));
                continue;
            }

            var (mine, others) = (await EvaluationsAsync(run), baseline is null ? [] : await EvaluationsAsync(baseline));
            effects.Add(new VersionEffect(
                run, number, baseline, Compare(mine, others, ["greedy", "sampled"], run.Plan.Seed), Compare(mine, others, ["greedy"], run.Plan.Seed), Compare(mine, others, ["sampled"], run.Plan.Seed)));
        }

        return (effects, wanted.Count);

        async Task<IReadOnlyList<EvaluationFinished>> EvaluationsAsync(RunInfo of) => read.TryGetValue(of.Id, out var kept)
            ? kept
            : read[of.Id] = [.. (await queries.AllAsync<EvaluationFinished>(of.Id, cancellationToken)).Where(e => e.Stage == Stage.Evaluate)];
    }

    private static string Settings(RunPlan plan) => string.Join('\n', PlanSettings.ToDictionary(plan).Where(s => s.Key != "Dpo.PairsFrom").Select(s => $"{s.Key}={s.Value}"));

    private static PairedComparison? Compare(IReadOnlyList<EvaluationFinished> first, IReadOnlyList<EvaluationFinished> second, string[] decodings, long seed)
    {
        var (a, b) = (decodings.Select(d => first.LastOrDefault(e => e.Decoding == d)).ToList(), decodings.Select(d => second.LastOrDefault(e => e.Decoding == d)).ToList());
        if (a.Exists(e => e is null) || b.Exists(e => e is null))
        {
            return null;
        }

        var groups = EvaluationView.GroupsOf(a.Concat(b).SelectMany(e => e!.Episodes));
        var (mine, others) = (Rewards(a!), Rewards(b!));
        return mine.Keys.Any(others.ContainsKey)
            ? PairedComparison.Of([new RunRewards(seed, mine)], [new RunRewards(seed, others)], Confidence, Resamples, new SeededRandom(seed, 78), task => groups.GetValueOrDefault(task, task))
            : null;
    }

    private static Dictionary<string, double> Rewards(List<EvaluationFinished> evaluations) => evaluations.SelectMany(e => e.Episodes).GroupBy(e => e.TaskId, StringComparer.Ordinal)
        .Where(g => g.Count() == evaluations.Count).ToDictionary(g => g.Key, g => g.Average(e => e.Reward), StringComparer.Ordinal);
}
