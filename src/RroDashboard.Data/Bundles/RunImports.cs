using System.Text.Json;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using RroDashboard.Core.Events;
using RroDashboard.Data.Entities;

namespace RroDashboard.Data.Bundles;

/// <summary>A run cannot be imported. The message is one sentence: what is wrong, where, what is allowed.</summary>
public sealed class RunImportException(string message) : Exception(message);

/// <summary>
/// Writes runs that come from another dashboard. Such a run is hidden until it is whole: nobody ever sees half of one, and the journal's writer gets
/// its turn between two parts.
/// </summary>
public sealed class RunImports(IDbContextFactory<RroDbContext> contexts, RunKeeper keeper, TimeProvider time)
{
    /// <summary>Marks a run that is not whole yet: a deletion at a time that never comes, which nothing undoes and nothing sweeps.</summary>
    internal const long Hidden = long.MaxValue;

    // A deletion long ago: the sweeper takes it at its next look.
    private const long LongDeleted = 1;

    /// <summary>Begins a run that nobody sees before <see cref="RunImport.Finish"/>.</summary>
    /// <param name="run">The run itself.</param>
    /// <param name="preset">Preset that it started from.</param>
    /// <param name="settings">Every setting.</param>
    /// <param name="from">What it comes from, for people.</param>
    /// <param name="cancellationToken">Given up.</param>
    /// <exception cref="RunImportException">There is a run of this id.</exception>
    public async Task<RunImport> BeginAsync(RunRecord run, string preset, IReadOnlyDictionary<string, string> settings, string from, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(run);
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await RefuseKnownAsync(context, run.Id, cancellationToken).ConfigureAwait(false);
            var row = new RunEntity
            {
                Id = run.Id,
                RequestKey = "import-" + run.Id,
                Preset = preset,
                SettingsJson = JsonSerializer.Serialize(settings),
                State = run.State,
                Stage = run.Stage,
                Done = run.Done,
                Total = run.Total,
                CreatedTicks = run.CreatedUtc.Ticks,
                StartedTicks = run.StartedUtc?.Ticks,
                StageStartedTicks = run.StageStartedUtc?.Ticks,
                EndedTicks = run.EndedUtc?.Ticks,
                LastSeq = run.LastSeq,
                Before = run.Before,
                After = run.After,
                BudgetJson = run.Budget?.GetRawText(),
                DroppedSamples = run.DroppedSamples,
                Error = run.Error,
                Name = run.Name,
                Tags = RunTags.Join(RunTags.Parse(run.Tags)),
                Notes = run.Notes,
                HeartbeatTicks = run.HeartbeatUtc?.Ticks,
                Crashed = run.Crashed,
                RemoteJson = run.Remote?.ToJson(),
                DeletedTicks = Hidden,
                ImportedTicks = time.GetUtcNow().UtcTicks,
                ImportedFrom = from,
            };
            context.Runs.Add(row);
            try
            {
                await context.SaveChangesAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (DbUpdateException)
            {
                context.ChangeTracker.Clear();
                // Two imports of one run at once: the unique index let one of them win.
                await RefuseKnownAsync(context, run.Id, cancellationToken).ConfigureAwait(false);
                throw;
            }

            context.ChangeTracker.Clear();
            return new RunImport(context, row.Key, run);
        }
        catch
        {
            await context.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Removes what there is of a run that did not become whole.</summary>
    public async Task AbandonAsync(string runId)
    {
        await ForgetAsync(r => r.Id == runId && r.DeletedTicks == Hidden).ConfigureAwait(false);
        await keeper.RemoveAsync(runId, CancellationToken.None).ConfigureAwait(false);
    }

    /// <summary>Hands what a process left behind half imported to the sweeper of deleted runs.</summary>
    public Task<int> SweepAsync() => ForgetAsync(r => r.DeletedTicks == Hidden);

    private async Task<int> ForgetAsync(System.Linq.Expressions.Expression<Func<RunEntity, bool>> which)
    {
        var context = await contexts.CreateDbContextAsync().ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            return await context.Runs.IgnoreQueryFilters().Where(which).ExecuteUpdateAsync(set => set.SetProperty(r => r.DeletedTicks, LongDeleted)).ConfigureAwait(false);
        }
    }

    private static async Task RefuseKnownAsync(RroDbContext context, string runId, CancellationToken cancellationToken)
    {
        var requestKey = "import-" + runId;
        var known = await context.Runs.IgnoreQueryFilters().AsNoTracking().Where(r => r.Id == runId || r.RequestKey == requestKey).Select(r => new { r.DeletedTicks }).FirstOrDefaultAsync(cancellationToken)
            .ConfigureAwait(false);
        if (known is not null)
        {
            throw new RunImportException(known.DeletedTicks switch
            {
                null => $"Run '{runId}' is here already: delete it first if this one is to take its place.",
                Hidden => $"Run '{runId}' is being imported already.",
                _ => $"Run '{runId}' was deleted a moment ago and is still being removed: try again in a minute.",
            });
        }
    }
}

/// <summary>A run on its way in: events in order, then points series by series, then <see cref="Finish"/>.</summary>
public sealed class RunImport : IAsyncDisposable
{
    /// <summary>Rows of one transaction.</summary>
    public const int RowsAtOnce = 5000;

    /// <summary>Characters of events of one transaction: the journal's writer waits for no more.</summary>
    public const int CharactersAtOnce = 8 << 20;

    private readonly RroDbContext _context;
    private readonly int _key;
    private readonly RunRecord _run;
    private readonly PreparedCommands _commands;
    private readonly Dictionary<string, int> _series = new(StringComparer.Ordinal);
    private readonly Dictionary<int, (long Bucket, Rollup Sum)> _open = [];
    private SqliteTransaction? _transaction;
    private int _rows;
    private long _characters;
    private long _lastSeq;
    private string? _name;
    private int _seriesId;
    private long _lastStep;

    internal RunImport(RroDbContext context, int key, RunRecord run)
    {
        (_context, _key, _run) = (context, key, run);
        _context.Database.OpenConnection();
        _commands = new PreparedCommands(_context.Database.GetDbConnection());
    }

    /// <summary>Adds an event. Its number is higher than the one before it.</summary>
    /// <exception cref="RunImportException">It is not.</exception>
    public void Add(StoredEvent stored, RunEvent read)
    {
        ArgumentNullException.ThrowIfNull(stored);
        if (stored.Seq <= _lastSeq || stored.Seq > _run.LastSeq)
        {
            throw new RunImportException($"Event {stored.Seq} follows event {_lastSeq} of a run of {_run.LastSeq}: events are numbered upwards, and not past the last.");
        }

        _lastSeq = stored.Seq;
        _characters += stored.Json.Length;
        var (task, step) = EventKinds.PlaceOf(read);
        Execute(
            "INSERT INTO Events (RunKey, Seq, Kind, Task, Step, AtTicks, Json) VALUES ($p0, $p1, $p2, $p3, $p4, $p5, $p6)",
            _key, stored.Seq, stored.Kind, task, step, stored.AtUtc.Ticks, stored.Json);
    }

    /// <summary>Adds a point. Series come one after another, and the steps of each go upwards.</summary>
    /// <exception cref="RunImportException">They do not.</exception>
    public void Add(StoredPoint point)
    {
        if (point.Series != _name)
        {
            CloseSeries();
            if (!_series.TryAdd(point.Series, 0))
            {
                throw new RunImportException($"Series '{Short(point.Series)}' comes twice: all of its points stand together.");
            }

            (_name, _lastStep) = (point.Series, long.MinValue);
            Execute("INSERT OR IGNORE INTO Series (Name) VALUES ($p0)", point.Series);
            _seriesId = Convert.ToInt32(_commands.Scalar(Transaction(), "SELECT Id FROM Series WHERE Name = $p0", point.Series), System.Globalization.CultureInfo.InvariantCulture);
            _series[point.Series] = _seriesId;
        }

        if (point.Step <= _lastStep)
        {
            throw new RunImportException($"Series '{Short(point.Series)}' has step {point.Step} after step {_lastStep}: its steps have to go upwards.");
        }

        _lastStep = point.Step;
        Execute("INSERT INTO MetricPoints (RunKey, SeriesId, Step, Value) VALUES ($p0, $p1, $p2, $p3)", _key, _seriesId, point.Step, point.Value);
        foreach (var width in Rollup.Widths)
        {
            var bucket = Rollup.BucketOf(point.Step, width);
            if (_open.TryGetValue(width, out var open) && open.Bucket != bucket)
            {
                Close(width, open.Bucket, open.Sum);
                _open.Remove(width);
            }

            if (!_open.TryGetValue(width, out open))
            {
                _open[width] = open = (bucket, new Rollup());
            }

            open.Sum.Add(point.Step, point.Value);
        }
    }

    /// <summary>Makes the run whole and visible.</summary>
    /// <exception cref="RunImportException">It was removed meanwhile.</exception>
    public void Finish()
    {
        CloseSeries();
        if (Execute("UPDATE Runs SET DeletedTicks = NULL WHERE Key = $p0 AND DeletedTicks = $p1", _key, RunImports.Hidden) == 0)
        {
            throw new RunImportException($"The import of run '{_run.Id}' was given up meanwhile, because a dashboard was started in its folder: import it again.");
        }

        Commit();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _transaction?.Dispose();
        _commands.Dispose();
        await _context.DisposeAsync().ConfigureAwait(false);
    }

    private void CloseSeries()
    {
        foreach (var (width, open) in _open)
        {
            Close(width, open.Bucket, open.Sum);
        }

        _open.Clear();
    }

    private void Close(int width, long bucket, Rollup sum) => Execute(
        "INSERT INTO MetricRollups (RunKey, SeriesId, Width, Bucket, Min, MinStep, Max, MaxStep, Last, LastStep, Count) VALUES ($p0, $p1, $p2, $p3, $p4, $p5, $p6, $p7, $p8, $p9, $p10)",
        _key, _seriesId, width, bucket, sum.Min, sum.MinStep, sum.Max, sum.MaxStep, sum.Last, sum.LastStep, sum.Count);

    private int Execute(string sql, params ReadOnlySpan<object?> values)
    {
        var count = _commands.Execute(Transaction(), sql, values);
        if (++_rows >= RowsAtOnce || _characters >= CharactersAtOnce)
        {
            Commit();
        }

        return count;
    }

    // Not deferred: one that begins with reading could not write any more after the journal's writer had its turn.
    private SqliteTransaction Transaction() => _transaction ??= ((SqliteConnection)_context.Database.GetDbConnection()).BeginTransaction();

    private void Commit()
    {
        (_rows, _characters) = (0, 0);
        _transaction?.Commit();
        _transaction?.Dispose();
        _transaction = null;
    }

    private static string Short(string name) => name.Length <= 60 ? name : name[..60] + "…";
}
