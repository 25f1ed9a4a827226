using System.Runtime.CompilerServices;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using RroDashboard.Core.Events;
using RroDashboard.Core.Metrics;
using RroDashboard.Core.Plans;
using RroDashboard.Data.Entities;

namespace RroDashboard.Data.Bundles;

/// <summary>Opens runs for reading everything of them.</summary>
public sealed class RunReadings(IDbContextFactory<RroDbContext> contexts)
{
    /// <summary>A run as it is at this moment, whatever is written meanwhile; null when there is none.</summary>
    public async Task<RunReading?> OpenAsync(string runId, CancellationToken cancellationToken)
    {
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await context.Database.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
            // Deferred: the transaction that EF begins would lock the writer out.
            var began = ((SqliteConnection)context.Database.GetDbConnection()).BeginTransaction(deferred: true);
            var transaction = await context.Database.UseTransactionAsync(began, cancellationToken).ConfigureAwait(false);
            if (await context.Runs.AsNoTracking().FirstOrDefaultAsync(r => r.Id == runId, cancellationToken).ConfigureAwait(false) is { } run)
            {
                return new RunReading(context, transaction!, run);
            }
        }
        catch
        {
            await context.DisposeAsync().ConfigureAwait(false);
            throw;
        }

        await context.DisposeAsync().ConfigureAwait(false);
        return null;
    }
}

/// <summary>Everything of one run, read in order and a piece at a time: a run can be larger than memory. All of it is of one moment.</summary>
public sealed class RunReading : IAsyncDisposable
{
    private readonly RroDbContext _context;
    private readonly IDbContextTransaction _transaction;
    private readonly RunEntity _run;

    internal RunReading(RroDbContext context, IDbContextTransaction transaction, RunEntity run)
    {
        (_context, _transaction, _run) = (context, transaction, run);
        Record = RunRecord.Of(run);
        Settings = JsonSerializer.Deserialize<Dictionary<string, string>>(run.SettingsJson)!;
    }

    /// <summary>The run itself.</summary>
    public RunRecord Record { get; }

    /// <summary>Preset that it started from.</summary>
    public string Preset => _run.Preset;

    /// <summary>Every setting, in the order in which it was written.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; }

    /// <summary>Its plan.</summary>
    public RunPlan Plan => PlanSettings.FromDictionary(Preset, Settings);

    /// <summary>Every event, those that were set aside included, in order.</summary>
    public IAsyncEnumerable<StoredEvent> EventsAsync(CancellationToken cancellationToken) =>
        ReadAsync(_context.Events.Where(e => e.RunKey == _run.Key).OrderBy(e => e.Seq), cancellationToken);

    /// <summary>Events of some kinds that count, in order.</summary>
    public IAsyncEnumerable<StoredEvent> EventsAsync(IReadOnlyList<string> kinds, CancellationToken cancellationToken) =>
        ReadAsync(_context.Events.Where(e => e.RunKey == _run.Key && kinds.Contains(e.Kind)).OrderBy(e => e.Seq), cancellationToken);

    /// <summary>Events of one kind and one explored task, in order.</summary>
    public async Task<IReadOnlyList<T>> OfTaskAsync<T>(int task, CancellationToken cancellationToken)
        where T : RunEvent
    {
        var kind = EventKinds.Of<T>();
        var found = new List<T>();
        await foreach (var stored in ReadAsync(_context.Events.Where(e => e.RunKey == _run.Key && e.Kind == kind && e.Task == task).OrderBy(e => e.Seq), cancellationToken).ConfigureAwait(false))
        {
            found.Add((T)stored.Read());
        }

        return found;
    }

    /// <summary>One candidate; null when there is none.</summary>
    public async Task<CandidateScored?> CandidateAsync(int task, int step, int attempt, CancellationToken cancellationToken)
    {
        var kind = EventKinds.Of<CandidateScored>();
        var json = await _context.Database.SqlQueryRaw<string>(
            "SELECT Json AS Value FROM Events WHERE RunKey = {0} AND Kind = {1} AND Task = {2} AND Step = {3} AND json_extract(Json, '$.attempt') = {4}",
            _run.Key, kind, task, step, attempt).FirstOrDefaultAsync(cancellationToken).ConfigureAwait(false);
        return json is null ? null : (CandidateScored)JsonSerializer.Deserialize<RunEvent>(json, RunJson.Options)!;
    }

    /// <summary>Names of the series that have points, in order.</summary>
    public async Task<IReadOnlyList<string>> SeriesAsync(CancellationToken cancellationToken)
    {
        // The wide buckets are few, and there is one wherever there is a point.
        var used = _context.Rollups.Where(r => r.RunKey == _run.Key && r.Width == 1024).Select(r => r.SeriesId).Distinct();
        var names = await _context.Series.AsNoTracking().Where(s => used.Contains(s.Id)).Select(s => s.Name).ToListAsync(cancellationToken).ConfigureAwait(false);
        // Not by the database's numbers: those differ from one dashboard to the next.
        return [.. names.Order(StringComparer.Ordinal)];
    }

    /// <summary>Points of a series, by step.</summary>
    public async IAsyncEnumerable<StoredPoint> PointsAsync(string series, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var id = await _context.Series.Where(s => s.Name == series).Select(s => s.Id).FirstOrDefaultAsync(cancellationToken).ConfigureAwait(false);
        var points = _context.Points.AsNoTracking().Where(p => p.RunKey == _run.Key && p.SeriesId == id).OrderBy(p => p.Step).Select(p => new { p.Step, p.Value });
        await foreach (var point in points.AsAsyncEnumerable().WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            yield return new StoredPoint(series, point.Step, point.Value);
        }
    }

    /// <summary>When the series of a stage reached a step, Unix seconds, by step; empty when nobody noted it.</summary>
    /// <param name="stage">First part of the names of its series, for example "sft".</param>
    /// <param name="cancellationToken">Given up.</param>
    public async Task<IReadOnlyList<(long Step, double Seconds)>> TimesAsync(string stage, CancellationToken cancellationToken)
    {
        var times = new List<(long, double)>();
        await foreach (var point in PointsAsync(SeriesNames.TimePrefix + stage, cancellationToken).ConfigureAwait(false))
        {
            times.Add((point.Step, point.Value));
        }

        return times;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _transaction.DisposeAsync().ConfigureAwait(false);
        await _context.DisposeAsync().ConfigureAwait(false);
    }

    private static async IAsyncEnumerable<StoredEvent> ReadAsync(IQueryable<EventEntity> events, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var rows = events.AsNoTracking().Select(e => new { e.Seq, e.Kind, e.AtTicks, e.Json }).AsAsyncEnumerable();
        await foreach (var row in rows.WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            yield return new StoredEvent(row.Seq, row.Kind, new DateTime(row.AtTicks, DateTimeKind.Utc), row.Json);
        }
    }
}
