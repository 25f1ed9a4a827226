using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using RroDashboard.Core.Events;

namespace RroDashboard.Data;

/// <summary>One number of one series, for scripts that follow a run.</summary>
/// <param name="SeriesId">Of the series, for the cursor.</param>
/// <param name="Series">Its name.</param>
/// <param name="Step">Update, or whatever the series counts.</param>
/// <param name="Value">The number.</param>
public sealed record SeriesPoint(int SeriesId, string Series, long Step, double Value);

/// <summary>Reads for scripts: everything is read in pages that continue where the last one ended, so that nothing is told twice and nothing is left out.</summary>
public sealed class ApiQueries(IDbContextFactory<RroDbContext> contexts)
{
    /// <summary>Most rows of one page.</summary>
    public const int MaxRows = 500;

    /// <summary>Most points of one page.</summary>
    public const int MaxPoints = 10_000;

    /// <summary>Runs that were added before one, newest first, with the keys that a cursor is made of.</summary>
    public async Task<IReadOnlyList<(int Key, RunInfo Run)>> RunsAsync(int? before, int take, CancellationToken cancellationToken)
    {
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            var rows = await context.Runs.AsNoTracking().Where(r => before == null || r.Key < before).OrderByDescending(r => r.Key).Take(Math.Clamp(take, 1, MaxRows))
                .ToListAsync(cancellationToken).ConfigureAwait(false);
            return [.. rows.Select(r => (r.Key, RunQueries.Info(r)))];
        }
    }

    /// <summary>Facts and log lines of a run after a number, in order.</summary>
    /// <param name="runId">Which run.</param>
    /// <param name="kinds">Only these kinds; empty for all.</param>
    /// <param name="after">Number of the last one that is known; 0 before the first.</param>
    /// <param name="take">At most <see cref="MaxRows"/>.</param>
    /// <param name="cancellationToken">Given up.</param>
    public async Task<IReadOnlyList<CommittedEvent>> EventsAsync(string runId, IReadOnlyList<string> kinds, long after, int take, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(kinds);
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            // What a resumed run set aside is kept under kinds of another name, which no reader knows.
            var aside = EventKinds.SetAside;
            var rows = await context.Events.AsNoTracking()
                .Where(e => context.Runs.Any(r => r.Key == e.RunKey && r.Id == runId) && e.Seq > after && !e.Kind.StartsWith(aside))
                .Where(e => kinds.Count == 0 || kinds.Contains(e.Kind))
                .OrderBy(e => e.Seq).Take(Math.Clamp(take, 1, MaxRows)).Select(e => new { e.Seq, e.AtTicks, e.Json }).ToListAsync(cancellationToken).ConfigureAwait(false);
            return [.. rows.Select(e => new CommittedEvent(runId, e.Seq, new DateTime(e.AtTicks, DateTimeKind.Utc), JsonSerializer.Deserialize<RunEvent>(e.Json, RunJson.Options)!))];
        }
    }

    /// <summary>Points of all series of a run that come after the last known step of each, series by series.</summary>
    /// <param name="runId">Which run.</param>
    /// <param name="known">Last known step by id of the series; a series that is missing begins at its beginning.</param>
    /// <param name="take">At most <see cref="MaxPoints"/>.</param>
    /// <param name="cancellationToken">Given up.</param>
    public async Task<IReadOnlyList<SeriesPoint>> PointsAsync(string runId, IReadOnlyDictionary<int, long> known, int take, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(known);
        var left = Math.Clamp(take, 1, MaxPoints);
        var found = new List<SeriesPoint>();
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            if (await context.Runs.Where(r => r.Id == runId).Select(r => (int?)r.Key).FirstOrDefaultAsync(cancellationToken).ConfigureAwait(false) is not { } run)
            {
                return [];
            }

            foreach (var series in await context.Series.AsNoTracking().OrderBy(s => s.Id).ToListAsync(cancellationToken).ConfigureAwait(false))
            {
                if (left == 0)
                {
                    break;
                }

                var after = known.TryGetValue(series.Id, out var step) ? step : long.MinValue;
                var points = await context.Points.AsNoTracking().Where(p => p.RunKey == run && p.SeriesId == series.Id && p.Step > after).OrderBy(p => p.Step).Take(left)
                    .Select(p => new { p.Step, p.Value }).ToListAsync(cancellationToken).ConfigureAwait(false);
                found.AddRange(points.Select(p => new SeriesPoint(series.Id, series.Name, p.Step, p.Value)));
                left -= points.Count;
            }
        }

        return found;
    }

    /// <summary>Number of runs in each state.</summary>
    public async Task<IReadOnlyDictionary<RunState, int>> StatesAsync(CancellationToken cancellationToken)
    {
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            return await context.Runs.AsNoTracking().GroupBy(r => r.State).Select(g => new { g.Key, Count = g.Count() }).ToDictionaryAsync(g => g.Key, g => g.Count, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Items of review queues that someone has in hand at a time.</summary>
    public async Task<long> HeldReviewItemsAsync(DateTimeOffset at, CancellationToken cancellationToken)
    {
        var now = at.UtcTicks;
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            return await context.Set<Entities.ReviewReservationEntity>().LongCountAsync(r => r.ExpiresTicks > now, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Samples of all runs that were dropped before they could be written.</summary>
    public async Task<long> DroppedSamplesAsync(CancellationToken cancellationToken)
    {
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            return await context.Runs.SumAsync(r => r.DroppedSamples, cancellationToken).ConfigureAwait(false);
        }
    }
}
