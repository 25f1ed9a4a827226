using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using RroDashboard.Core.Events;
using RroDashboard.Core.Exploration;
using RroDashboard.Core.Metrics;
using RroDashboard.Data.Entities;

namespace RroDashboard.Data;

/// <summary>Something that a time axis marks: a stage began, a checkpoint was written, a person noted something.</summary>
/// <param name="AtMs">When it was committed, Unix milliseconds.</param>
/// <param name="Event">What happened.</param>
public sealed record RunMark(long AtMs, RunEvent Event);

/// <summary>A series as a chart draws it.</summary>
/// <param name="Name">Of the series.</param>
/// <param name="Bands">At most <see cref="SnapshotQueries.MaxBands"/>, in order.</param>
public sealed record SeriesBands(string Name, IReadOnlyList<Band> Bands);

/// <summary>Everything a page draws of a run, as of one committed event: equal for everyone who asks after the same event, and bounded however long the run is.</summary>
/// <param name="Run">The run itself.</param>
/// <param name="Seq">Number of the last event that is in it.</param>
/// <param name="Decisions">What all decided steps say together.</param>
/// <param name="Newest">The newest decided steps, oldest first.</param>
/// <param name="Events">Evaluations, references and the budget.</param>
/// <param name="Marks">Stages, checkpoints and notes with their times.</param>
/// <param name="Series">Every series but those of the machine.</param>
public sealed record RunSnapshot(
    RunInfo Run, long Seq, DecisionSummary Decisions, IReadOnlyList<StepDecided> Newest, IReadOnlyList<RunEvent> Events, IReadOnlyList<RunMark> Marks, IReadOnlyList<SeriesBands> Series);

/// <summary>Reads what the live pages begin with. Never tracks, never waits for the writer.</summary>
public sealed class SnapshotQueries(IDbContextFactory<RroDbContext> contexts)
{
    /// <summary>Most bands of one series: a chart is no wider.</summary>
    public const int MaxBands = 500;

    /// <summary>Decided steps that a snapshot shows one by one.</summary>
    public const int NewestSteps = 60;

    /// <summary>Most marks; later ones win.</summary>
    public const int MaxMarks = 200;

    /// <summary>Runs whose sums over decided steps are kept in memory, so that only new steps are read.</summary>
    public const int KeptTotals = 32;

    // Up to this many points are read as they are; above, from their buckets.
    private const int RawPoints = MaxBands * 16;

    private readonly ConcurrentDictionary<string, Totals> _totals = new(StringComparer.Ordinal);

    /// <summary>Sums of one run, up to a number.</summary>
    private sealed class Totals
    {
        public SemaphoreSlim Turn { get; } = new(1, 1);

        public DecisionTotals Sums { get; set; } = new();

        public List<StepDecided> Newest { get; } = [];

        public long Seq { get; set; }

        public long Used { get; set; }
    }

    /// <summary>Everything a page draws, as of one committed event; null when there is no such run.</summary>
    public async Task<RunSnapshot?> SnapshotAsync(string runId, CancellationToken cancellationToken)
    {
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            if (!await context.Runs.AnyAsync(r => r.Id == runId, cancellationToken).ConfigureAwait(false))
            {
                return null;
            }

            await context.Database.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
            var totals = TotalsOf(runId);
            // The turn is taken before the transaction begins: whoever comes later also sees later.
            await totals.Turn.WaitAsync(cancellationToken).ConfigureAwait(false);
            var hasTurn = true;
            try
            {
                // One read transaction: the number and what it covers cannot drift apart while the writer goes on. Deferred, because the
                // transaction that EF begins locks the writer out and waits for it.
                var transaction = ((SqliteConnection)context.Database.GetDbConnection()).BeginTransaction(deferred: true);
                await context.Database.UseTransactionAsync(transaction, cancellationToken).ConfigureAwait(false);
                await using (transaction.ConfigureAwait(false))
                {
                    if (await context.Runs.AsNoTracking().FirstOrDefaultAsync(r => r.Id == runId, cancellationToken).ConfigureAwait(false) is not { } run)
                    {
                        return null;
                    }

                    await AddAsync(context, run, totals, cancellationToken).ConfigureAwait(false);
                    var (sums, newest) = (totals.Sums.Summary(), totals.Newest.ToArray());
                    totals.Turn.Release();
                    hasTurn = false;

                    var info = RunQueries.Info(run);
                    var (events, marks) = await FactsAsync(context, run.Key, cancellationToken).ConfigureAwait(false);
                    if (info.Budget is { } budget)
                    {
                        events.Add(new BudgetReported(budget));
                    }

                    return new RunSnapshot(info, run.LastSeq, sums, newest, events, marks, await SeriesAsync(context, run.Key, cancellationToken).ConfigureAwait(false));
                }
            }
            finally
            {
                if (hasTurn)
                {
                    totals.Turn.Release();
                }
            }
        }
    }

    /// <summary>Series between two steps, as bands: what a zoomed chart asks for.</summary>
    /// <param name="runId">Which run.</param>
    /// <param name="names">Full names, or beginnings that end with a slash.</param>
    /// <param name="from">First step.</param>
    /// <param name="to">Last step.</param>
    /// <param name="limit">Bands of a series, at most <see cref="MaxBands"/>.</param>
    /// <param name="cancellationToken">Given up.</param>
    public async Task<IReadOnlyList<SeriesBands>> BandsAsync(string runId, IReadOnlyList<string> names, long from, long to, int limit, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(names);
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            var key = await context.Runs.Where(r => r.Id == runId).Select(r => (int?)r.Key).FirstOrDefaultAsync(cancellationToken).ConfigureAwait(false);
            var series = await context.Series.AsNoTracking().OrderBy(s => s.Id).ToListAsync(cancellationToken).ConfigureAwait(false);
            var found = new List<SeriesBands>();
            foreach (var one in series.Where(s => key is not null && names.Any(n => n == s.Name || (n.EndsWith('/') && s.Name.StartsWith(n, StringComparison.Ordinal)))))
            {
                var bands = await BandsAsync(context, key!.Value, one.Id, from, to, Math.Clamp(limit, 2, MaxBands), cancellationToken).ConfigureAwait(false);
                if (bands.Count > 0)
                {
                    found.Add(new SeriesBands(one.Name, bands));
                }
            }

            return found;
        }
    }

    private Totals TotalsOf(string runId)
    {
        var totals = _totals.GetOrAdd(runId, _ => new Totals());
        totals.Used = Environment.TickCount64;
        while (_totals.Count > KeptTotals && _totals.MinBy(t => t.Value.Used) is { } oldest && oldest.Key != runId)
        {
            _totals.TryRemove(oldest.Key, out _);
        }

        return totals;
    }

    private static async Task AddAsync(RroDbContext context, RunEntity run, Totals totals, CancellationToken cancellationToken)
    {
        var (resumed, known) = (EventKinds.Of<RunResumed>(), totals.Seq);
        var setAside = known > 0 && await context.Events.AnyAsync(e => e.RunKey == run.Key && e.Kind == resumed && e.Seq > known, cancellationToken).ConfigureAwait(false);
        if (run.LastSeq < totals.Seq || setAside)
        {
            // Another run of this name after a deletion, or steps in it that were broken off and no longer count.
            (totals.Sums, totals.Seq) = (new DecisionTotals(), 0);
            totals.Newest.Clear();
        }

        var kind = EventKinds.Of<StepDecided>();
        var after = totals.Seq;
        var rows = await context.Events.AsNoTracking().Where(e => e.RunKey == run.Key && e.Kind == kind && e.Seq > after)
            .Select(e => new { e.Seq, e.Json }).ToListAsync(cancellationToken).ConfigureAwait(false);
        foreach (var row in rows.OrderBy(r => r.Seq))
        {
            var step = (StepDecided)JsonSerializer.Deserialize<RunEvent>(row.Json, RunJson.Options)!;
            totals.Sums.Add(step);
            totals.Newest.Add(step);
            if (totals.Newest.Count > 2 * NewestSteps)
            {
                totals.Newest.RemoveRange(0, NewestSteps);
            }
        }

        totals.Newest.RemoveRange(0, Math.Max(0, totals.Newest.Count - NewestSteps));
        totals.Seq = run.LastSeq;
    }

    private static async Task<(List<RunEvent> Events, IReadOnlyList<RunMark> Marks)> FactsAsync(RroDbContext context, int runKey, CancellationToken cancellationToken)
    {
        string[] marked = [EventKinds.Of<StageStarted>(), EventKinds.Of<CheckpointSaved>(), EventKinds.Of<NoteAdded>()];
        string[] kinds = [EventKinds.Of<EvaluationFinished>(), EventKinds.Of<ReferenceEvaluated>(), .. marked];
        var rows = await context.Events.AsNoTracking().Where(e => e.RunKey == runKey && kinds.Contains(e.Kind))
            .OrderBy(e => e.Seq).Select(e => new { e.Kind, e.AtTicks, e.Json }).ToListAsync(cancellationToken).ConfigureAwait(false);
        var facts = rows.Select(r => (r.Kind, r.AtTicks, Fact: (RunFact)JsonSerializer.Deserialize<RunEvent>(r.Json, RunJson.Options)!)).ToList();
        // Single episodes are read on the evaluation page, not with every snapshot.
        return (
            [.. facts.Where(f => !marked.Contains(f.Kind)).Select(f => f.Fact is EvaluationFinished e ? e with { Episodes = [] } : f.Fact)],
            [.. facts.Where(f => marked.Contains(f.Kind)).TakeLast(MaxMarks).Select(f => new RunMark(new DateTimeOffset(f.AtTicks, TimeSpan.Zero).ToUnixTimeMilliseconds(), f.Fact))]);
    }

    private static async Task<IReadOnlyList<SeriesBands>> SeriesAsync(RroDbContext context, int runKey, CancellationToken cancellationToken)
    {
        var names = await context.Series.AsNoTracking().ToDictionaryAsync(s => s.Id, s => s.Name, cancellationToken).ConfigureAwait(false);
        var used = await context.Rollups.AsNoTracking().Where(r => r.RunKey == runKey && r.Width == 1024).Select(r => r.SeriesId).Distinct().ToListAsync(cancellationToken).ConfigureAwait(false);
        var series = new List<SeriesBands>(used.Count);
        foreach (var id in used.Order().Where(i => !names[i].StartsWith(SeriesNames.SystemPrefix, StringComparison.Ordinal)))
        {
            series.Add(new SeriesBands(names[id], await BandsAsync(context, runKey, id, long.MinValue, long.MaxValue, MaxBands, cancellationToken).ConfigureAwait(false)));
        }

        return series;
    }

    private static async Task<IReadOnlyList<Band>> BandsAsync(RroDbContext context, int runKey, int seriesId, long from, long to, int limit, CancellationToken cancellationToken)
    {
        var raw = context.Points.AsNoTracking().Where(p => p.RunKey == runKey && p.SeriesId == seriesId && p.Step >= from && p.Step <= to);
        if (await raw.OrderBy(p => p.Step).Take(RawPoints + 1).CountAsync(cancellationToken).ConfigureAwait(false) <= RawPoints)
        {
            return Bands.Merge(await ReadAsync(raw, cancellationToken).ConfigureAwait(false), limit);
        }

        var all = context.Rollups.AsNoTracking().Where(r => r.RunKey == runKey && r.SeriesId == seriesId);
        var wide = Within(all, 1024, from, to);
        var width = await wide.OrderBy(r => r.Bucket).Take(limit).CountAsync(cancellationToken).ConfigureAwait(false) < limit ? 64 : 1024;
        var buckets = await Within(all, width, from, to).OrderBy(r => r.Bucket).Select(r => new { r.LastStep, r.Last, r.Min, r.Max }).ToListAsync(cancellationToken).ConfigureAwait(false);
        var bands = buckets.Select(b => new Band(b.LastStep, b.Last, b.Min, b.Max)).ToList();

        // Buckets that reach over an edge are read point by point.
        if (from != long.MinValue && Floor(from, width) * width != from)
        {
            var end = Math.Min(to, ((Floor(from, width) + 1) * width) - 1);
            bands.InsertRange(0, Bands.Merge(await ReadAsync(raw.Where(p => p.Step <= end), cancellationToken).ConfigureAwait(false), 2));
        }

        if (to != long.MaxValue && (Floor(to, width) + 1) * width != to + 1)
        {
            var start = Floor(to, width) * width;
            bands.AddRange(Bands.Merge(await ReadAsync(raw.Where(p => p.Step >= start), cancellationToken).ConfigureAwait(false), 2));
        }

        return Bands.Merge(bands, limit);
    }

    // Buckets that lie wholly between two steps.
    private static IQueryable<RollupEntity> Within(IQueryable<RollupEntity> rollups, int width, long from, long to)
    {
        var first = from == long.MinValue ? long.MinValue : -Floor(-from, width);
        var last = to == long.MaxValue ? long.MaxValue : Floor(to + 1, width) - 1;
        return rollups.Where(r => r.Width == width && r.Bucket >= first && r.Bucket <= last);
    }

    private static long Floor(long step, int width) => (long)Math.Floor((double)step / width);

    private static async Task<IReadOnlyList<Band>> ReadAsync(IQueryable<PointEntity> points, CancellationToken cancellationToken)
    {
        var rows = await points.OrderBy(p => p.Step).Select(p => new { p.Step, p.Value }).ToListAsync(cancellationToken).ConfigureAwait(false);
        return [.. rows.Select(p => Band.Of(p.Step, p.Value))];
    }
}
