using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using RroDashboard.Core.Events;
using RroDashboard.Data.Entities;

namespace RroDashboard.Data;

/// <summary>Reads the log of a run: its lines, and the facts that belong between them.</summary>
public sealed class LogQueries(IDbContextFactory<RroDbContext> contexts)
{
    /// <summary>Most events of one answer.</summary>
    public const int MaxEvents = 500;

    private static readonly string[] s_kinds =
    [
        EventKinds.Of<LogLine>(), EventKinds.Of<AlertRaised>(), EventKinds.Of<RunStarted>(), EventKinds.Of<StageStarted>(), EventKinds.Of<StageFinished>(), EventKinds.Of<DemonstrationsMade>(),
        EventKinds.Of<EvaluationFinished>(), EventKinds.Of<ReferenceEvaluated>(), EventKinds.Of<CheckpointSaved>(), EventKinds.Of<RunEnded>(), EventKinds.Of<RunResumed>(), EventKinds.Of<NoteAdded>(),
        EventKinds.Of<RerollRequested>(), EventKinds.Of<RerollFinished>(), EventKinds.Of<RerollFailed>(),
    ];

    /// <summary>Whether an event belongs to the log.</summary>
    public static bool IsLogged(RunEvent happened) => s_kinds.Contains(EventKinds.Of(happened));

    /// <summary>Events before a number, newest first.</summary>
    /// <param name="runId">Which run.</param>
    /// <param name="before">Number of the first event that is too late; <see cref="long.MaxValue"/> for the end.</param>
    /// <param name="after">Number of the last event that is too early; 0 for the beginning.</param>
    /// <param name="take">At most <see cref="MaxEvents"/>.</param>
    /// <param name="cancellationToken">Given up.</param>
    public async Task<IReadOnlyList<CommittedEvent>> BeforeAsync(string runId, long before, long after, int take, CancellationToken cancellationToken)
    {
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            var rows = await Of(context, runId).Where(e => e.Seq < before && e.Seq > after && s_kinds.Contains(e.Kind))
                .OrderByDescending(e => e.Seq).Take(Math.Clamp(take, 1, MaxEvents)).ToListAsync(cancellationToken).ConfigureAwait(false);
            return [.. rows.Select(r => Read(runId, r))];
        }
    }

    /// <summary>Events after a number, oldest first.</summary>
    public async Task<IReadOnlyList<CommittedEvent>> AfterAsync(string runId, long after, int take, CancellationToken cancellationToken)
    {
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            var rows = await Of(context, runId).Where(e => e.Seq > after && s_kinds.Contains(e.Kind))
                .OrderBy(e => e.Seq).Take(Math.Clamp(take, 1, MaxEvents)).ToListAsync(cancellationToken).ConfigureAwait(false);
            return [.. rows.Select(r => Read(runId, r))];
        }
    }

    /// <summary>One event of a run by its number; null when there is none.</summary>
    public async Task<RunEvent?> FindAsync(string runId, long seq, CancellationToken cancellationToken)
    {
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            return await Of(context, runId).FirstOrDefaultAsync(e => e.Seq == seq, cancellationToken).ConfigureAwait(false) is { } row ? Read(runId, row).Event : null;
        }
    }

    /// <summary>Facts of one kind with their numbers and times, newest first.</summary>
    public async Task<IReadOnlyList<CommittedEvent>> NewestAsync<T>(string runId, int take, CancellationToken cancellationToken)
        where T : RunFact
    {
        var kind = EventKinds.Of<T>();
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            var rows = await Of(context, runId).Where(e => e.Kind == kind).OrderByDescending(e => e.Seq).Take(Math.Clamp(take, 1, MaxEvents)).ToListAsync(cancellationToken).ConfigureAwait(false);
            return [.. rows.Select(r => Read(runId, r))];
        }
    }

    private static IQueryable<EventEntity> Of(RroDbContext context, string runId) =>
        context.Events.AsNoTracking().Where(e => e.RunKey == context.Runs.Where(r => r.Id == runId).Select(r => r.Key).FirstOrDefault());

    private static CommittedEvent Read(string runId, EventEntity row) =>
        new(runId, row.Seq, new DateTime(row.AtTicks, DateTimeKind.Utc), JsonSerializer.Deserialize<RunEvent>(row.Json, RunJson.Options)!);
}
