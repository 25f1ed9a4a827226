using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using RroDashboard.Core.Events;

namespace RroDashboard.Data;

/// <summary>What a run that ended early had done, for whoever goes on with it.</summary>
public sealed class ResumeQueries(IDbContextFactory<RroDbContext> contexts, RunQueries runs)
{
    /// <summary>Most facts of a run that can be resumed: they are held in memory, about a kilobyte each.</summary>
    public const int MaxFacts = 1_000_000;

    private static readonly string[] s_kinds =
    [
        EventKinds.Of<RunStarted>(), EventKinds.Of<StageFinished>(), EventKinds.Of<ReferenceEvaluated>(), EventKinds.Of<EvaluationFinished>(),
        EventKinds.Of<CheckpointSaved>(), EventKinds.Of<TaskOpened>(), EventKinds.Of<CandidateScored>(), EventKinds.Of<StepDecided>(),
        EventKinds.Of<PairCreated>(), EventKinds.Of<TaskFinished>(), EventKinds.Of<PreferencesTrained>(), EventKinds.Of<TrajectoryKept>(), EventKinds.Of<PairsTaken>(),
        EventKinds.Of<RunResumed>(), EventKinds.Of<RunEnded>(),
    ];

    /// <summary>The run and what it had done; null when there is no such run.</summary>
    /// <exception cref="ResumeException">It has more than <see cref="MaxFacts"/> facts.</exception>
    public async Task<(RunInfo Run, RunPast Past)?> ReadAsync(string runId, CancellationToken cancellationToken)
    {
        if (await runs.FindAsync(runId, cancellationToken).ConfigureAwait(false) is not { } run)
        {
            return null;
        }

        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            var all = context.Events.AsNoTracking().Where(e => e.RunKey == context.Runs.Where(r => r.Id == runId).Select(r => r.Key).FirstOrDefault());
            var events = all.Where(e => s_kinds.Contains(e.Kind));
            var count = await events.CountAsync(cancellationToken).ConfigureAwait(false);
            if (count > MaxFacts)
            {
                throw new ResumeException($"Run '{runId}' has {count} facts, and at most {MaxFacts} can be read to go on from them: start a new run.");
            }

            var facts = new List<RunFact>(count);
            await foreach (var json in events.OrderBy(e => e.Seq).Select(e => e.Json).AsAsyncEnumerable().WithCancellation(cancellationToken).ConfigureAwait(false))
            {
                facts.Add((RunFact)JsonSerializer.Deserialize<RunEvent>(json, RunJson.Options)!);
            }

            var (started, finished) = (EventKinds.Of<StageStarted>(), EventKinds.Of<StageFinished>());
            var last = await all.Where(e => e.Kind == started || e.Kind == finished).OrderByDescending(e => e.Seq).Select(e => new { e.Kind, e.AtTicks }).FirstOrDefaultAsync(cancellationToken).ConfigureAwait(false);
            return (run, new RunPast(facts, run.Budget, last?.Kind == started ? BrokenOff(new DateTime(last.AtTicks, DateTimeKind.Utc), run) : 0));
        }
    }

    // A run that was stopped ended when it says so; of one that crashed the next process says it, and its heart tells.
    private static double BrokenOff(DateTime began, RunInfo run) =>
        run is { EndedUtc: { } ended, HeartbeatUtc: { } heard } ? Math.Max(0, ((ended < heard ? ended : heard) - began).TotalSeconds) : 0;
}
