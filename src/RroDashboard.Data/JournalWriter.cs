using System.Collections.Concurrent;
using System.Diagnostics;
using System.Threading.Channels;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using RroDashboard.Core.Events;
using RroDashboard.Data.Writing;

namespace RroDashboard.Data;

/// <summary>
/// The single writer. Facts wait in a bounded channel until there is room; samples never wait, the oldest is dropped and
/// counted. A batch is written in one transaction and only after its commit shown to <see cref="ICommittedEvents"/>: what a
/// browser has seen survives kill -9.
/// </summary>
public sealed class JournalWriter : BackgroundService
{
    /// <summary>Facts that can wait; then the trainer waits.</summary>
    public const int FactCapacity = 4096;

    /// <summary>Samples that can wait; then the oldest is dropped.</summary>
    public const int SampleCapacity = 16_384;

    /// <summary>A batch is written when it has this many events ...</summary>
    public const int BatchEvents = 256;

    /// <summary>... or when its first event is this old.</summary>
    public static readonly TimeSpan BatchAge = TimeSpan.FromMilliseconds(100);

    private readonly DataFolder _folder;
    private readonly IDbContextFactory<RroDbContext> _contexts;
    private readonly WriteGate _gate;
    private readonly IServiceProvider _services;
    private readonly TimeProvider _time;
    private readonly ILogger<JournalWriter> _logger;
    private readonly Channel<Item> _facts;
    private readonly Channel<Item> _samples;
    private readonly ConcurrentDictionary<string, RunJournal> _open = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, long> _dropped = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _hurry = new();
    private FileStream? _lock;
    private RroDbContext? _context;
    private BatchWriter? _writer;
    private ICommittedEvents[] _listeners = [];
    private Task<bool>? _moreFacts;
    private Task<bool>? _moreSamples;
    private long _ticket;
    private Exception? _lastFailure;
    private volatile bool _stopped;

    /// <summary>Made by the host.</summary>
    public JournalWriter(
        DataFolder folder, IDbContextFactory<RroDbContext> contexts, WriteGate gate, IServiceProvider services, TimeProvider time, ILogger<JournalWriter> logger)
    {
        (_folder, _contexts, _gate, _services, _time, _logger) = (folder, contexts, gate, services, time, logger);
        _facts = Channel.CreateBounded<Item>(new BoundedChannelOptions(FactCapacity) { FullMode = BoundedChannelFullMode.Wait, SingleReader = true });
        _samples = Channel.CreateBounded<Item>(
            new BoundedChannelOptions(SampleCapacity) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true },
            item => _dropped.AddOrUpdate(item.Pending.RunId, 1, (_, count) => count + 1));
    }

    /// <summary>
    /// The journal of a run, which must be in the database. Facts wait for room, not for the disk: call
    /// <see cref="FlushAsync"/> to know that they are written. After a failed write <see cref="IRunJournal.Record"/> throws with the reason.
    /// </summary>
    public IRunJournal Open(string runId)
    {
        ArgumentException.ThrowIfNullOrEmpty(runId);
        return _open.GetOrAdd(runId, id => new RunJournal(this, id));
    }

    /// <summary>Comes back when everything that was handed over before is committed, and shown to the listeners.</summary>
    /// <exception cref="InvalidOperationException">The writer is not running, or a write failed for good.</exception>
    public async Task FlushAsync(CancellationToken cancellationToken = default)
    {
        ThrowIfStopped();
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        try
        {
            await _facts.Writer.WriteAsync(new Item(new PendingEvent("", Interlocked.Increment(ref _ticket), null!), done), cancellationToken);
        }
        catch (ChannelClosedException e)
        {
            throw new InvalidOperationException("The journal was stopped.", e);
        }

        await done.Task.WaitAsync(cancellationToken);
    }

    /// <summary>Takes the folder, brings the database up to date, closes runs that an earlier process left open, and begins to write.</summary>
    /// <exception cref="DataFolderException">Another dashboard uses the folder, or the database cannot be opened.</exception>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        _listeners = [.. _services.GetServices<ICommittedEvents>()];
        _lock = _folder.Lock();
        try
        {
            _context = await _contexts.CreateDbContextAsync(cancellationToken);
            await _context.Database.MigrateAsync(cancellationToken);
            await _context.Database.OpenConnectionAsync(cancellationToken);
        }
        catch (SqliteException e)
        {
            throw new DataFolderException($"The database '{_folder.DatabasePath}' cannot be opened ({e.Message.TrimEnd('.')}).", e);
        }

        _writer = new BatchWriter((SqliteConnection)_context.Database.GetDbConnection());
        await InterruptLeftoversAsync(cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    /// <summary>Takes nothing more, writes what waits, and ends.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        _stopped = true;
        _facts.Writer.TryComplete();
        _samples.Writer.TryComplete();
        await _hurry.CancelAsync();
        if (ExecuteTask is { } work)
        {
            // The loop ends by itself when both channels are empty; base.StopAsync would cancel it before.
            await work.WaitAsync(cancellationToken);
        }

        await base.StopAsync(cancellationToken);
        _writer?.Dispose();
        _writer = null;
        if (_context is not null)
        {
            await _context.DisposeAsync();
            _context = null;
        }

        _lock?.Dispose();
        _lock = null;
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _writer?.Dispose();
        _context?.Dispose();
        _lock?.Dispose();
        _hurry.Dispose();
        base.Dispose();
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // Batches are synchronous work on one connection: off the thread that starts the host.
        await Task.Yield();
        var batch = new List<PendingEvent>(BatchEvents);
        var flushes = new List<TaskCompletionSource>();
        while (await WaitForMoreAsync())
        {
            var began = Stopwatch.GetTimestamp();
            while (true)
            {
                Take(batch, flushes);
                var age = Stopwatch.GetElapsedTime(began);
                if (batch.Count >= BatchEvents || flushes.Count > 0 || age >= BatchAge || _stopped)
                {
                    break;
                }

                await WaitForMoreAsync(BatchAge - age);
            }

            await WriteAsync(batch);
            foreach (var flush in flushes)
            {
                if (_lastFailure is { } failure)
                {
                    flush.TrySetException(new InvalidOperationException($"The journal could not be written: {failure.Message}", failure));
                }
                else
                {
                    flush.TrySetResult();
                }
            }

            batch.Clear();
            flushes.Clear();
        }
    }

    // Both channels, in the order in which things were handed over, up to a full batch or a flush.
    private void Take(List<PendingEvent> batch, List<TaskCompletionSource> flushes)
    {
        while (batch.Count < BatchEvents)
        {
            var fact = _facts.Reader.TryPeek(out var nextFact);
            var sample = _samples.Reader.TryPeek(out var nextSample);
            if (!fact && !sample)
            {
                return;
            }

            // The peeked sample may be dropped before it is read; then a younger one comes, and the order of samples still holds.
            var from = fact && (!sample || nextFact.Pending.Ticket < nextSample.Pending.Ticket) ? _facts.Reader : _samples.Reader;
            if (!from.TryRead(out var item))
            {
                continue;
            }

            if (item.Flushed is { } flushed)
            {
                flushes.Add(flushed);
            }
            else
            {
                batch.Add(item.Pending);
            }
        }
    }

    private async Task<bool> WaitForMoreAsync()
    {
        // A wait that was not answered is kept: asking anew each time would pile up waits in the channel that is quiet.
        _moreFacts ??= _facts.Reader.WaitToReadAsync().AsTask();
        _moreSamples ??= _samples.Reader.WaitToReadAsync().AsTask();
        if (!await await Task.WhenAny(_moreFacts, _moreSamples) && !(await _moreFacts | await _moreSamples))
        {
            return false;
        }

        _moreFacts = _moreFacts is { IsCompleted: true } ? null : _moreFacts;
        _moreSamples = _moreSamples is { IsCompleted: true } ? null : _moreSamples;
        return true;
    }

    private async Task WaitForMoreAsync(TimeSpan atMost)
    {
        try
        {
            await Task.Delay(atMost < TimeSpan.FromMilliseconds(5) ? atMost : TimeSpan.FromMilliseconds(5), _hurry.Token);
        }
        catch (OperationCanceledException)
        {
            // Stopping: what waits is written at once.
        }
    }

    private async Task WriteAsync(List<PendingEvent> batch)
    {
        var drops = TakeDrops();
        if (batch.Count == 0 && drops.Count == 0)
        {
            return;
        }

        List<CommittedEvent> committed = [];
        using (await _gate.EnterAsync(CancellationToken.None))
        {
            var now = _time.GetUtcNow().UtcDateTime;
            try
            {
                // After a failure the ledger has a hole: nothing more goes in, but that the run ended has to.
                batch.RemoveAll(p => p.Event is not RunEnded && _open.GetValueOrDefault(p.RunId)?.Failure is not null);
                committed = _writer!.Write(batch, drops, now);
                _lastFailure = null;
            }
            catch (Exception e)
            {
                // One run's bad event must not cost the others theirs: write run by run, and close the journals that fail.
                _logger.LogError(e, "A batch of {Count} events could not be written; trying run by run.", batch.Count);
                foreach (var runId in batch.Select(p => p.RunId).Concat(drops.Keys).Distinct(StringComparer.Ordinal))
                {
                    committed.AddRange(WriteRun(runId, batch, drops, now));
                }
            }
        }

        Show(committed);
        foreach (var ended in committed.Where(c => c.Event is RunEnded))
        {
            _open.TryRemove(ended.RunId, out _);
        }
    }

    private List<CommittedEvent> WriteRun(string runId, List<PendingEvent> batch, Dictionary<string, long> drops, DateTime now)
    {
        var journal = _open.GetValueOrDefault(runId);
        try
        {
            return _writer!.Write(
                [.. batch.Where(p => p.RunId == runId)],
                drops.Where(d => d.Key == runId).ToDictionary(StringComparer.Ordinal),
                now);
        }
        catch (Exception e)
        {
            _logger.LogError(e, "The journal of run {RunId} could not be written and takes no more facts.", runId);
            if (journal is not null)
            {
                journal.Failure = e;
            }

            _lastFailure = e;
            return [];
        }
    }

    private void Show(List<CommittedEvent> committed)
    {
        if (committed.Count == 0)
        {
            return;
        }

        foreach (var listener in _listeners)
        {
            try
            {
                listener.OnCommitted(committed);
            }
            catch (Exception e)
            {
                // The events are safe; a listener that fails shows less, the run goes on.
                _logger.LogError(e, "{Listener} failed on committed events.", listener.GetType().Name);
            }
        }
    }

    private Dictionary<string, long> TakeDrops()
    {
        var drops = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var runId in _dropped.Keys)
        {
            if (_dropped.TryRemove(runId, out var count))
            {
                drops.Add(runId, count);
            }
        }

        return drops;
    }

    private async Task InterruptLeftoversAsync(CancellationToken cancellationToken)
    {
        var left = await _context!.Runs.AsNoTracking()
            .Where(r => r.State == RunState.Running || r.State == RunState.Queued)
            .OrderBy(r => r.CreatedTicks)
            .Select(r => r.Id)
            .ToListAsync(cancellationToken);
        if (left.Count == 0)
        {
            return;
        }

        using (await _gate.EnterAsync(cancellationToken))
        {
            var ended = new RunEnded(RunState.Interrupted, "The dashboard ended while this run was open; everything that was shown is still here.", null);
            var committed = _writer!.Write(
                [.. left.Select(id => new PendingEvent(id, 0, ended))], new Dictionary<string, long>(StringComparer.Ordinal), _time.GetUtcNow().UtcDateTime);
            Show(committed);
        }

        _logger.LogWarning("{Count} runs were open when the dashboard last ended; they are interrupted now.", left.Count);
    }

    private void ThrowIfStopped()
    {
        if (_stopped || _writer is null)
        {
            throw new InvalidOperationException("The journal is not running.");
        }
    }

    private void Record(RunJournal journal, RunFact fact)
    {
        if (journal.Failure is { } failure && fact is not RunEnded)
        {
            throw new InvalidOperationException($"The journal of run '{journal.RunId}' could not be written: {failure.Message}", failure);
        }

        ThrowIfStopped();
        var item = new Item(new PendingEvent(journal.RunId, Interlocked.Increment(ref _ticket), fact), null);
        if (_facts.Writer.TryWrite(item))
        {
            return;
        }

        try
        {
            // The trainer computes on a thread of its own, and a fact may not be lost: it waits here.
            _facts.Writer.WriteAsync(item).AsTask().GetAwaiter().GetResult();
        }
        catch (ChannelClosedException e)
        {
            throw new InvalidOperationException("The journal was stopped.", e);
        }
    }

    private void Sample(RunJournal journal, RunSample sample)
    {
        if (!_samples.Writer.TryWrite(new Item(new PendingEvent(journal.RunId, Interlocked.Increment(ref _ticket), sample), null)))
        {
            // Stopped: nobody will write the count either.
            _dropped.AddOrUpdate(journal.RunId, 1, (_, count) => count + 1);
        }
    }

    private readonly record struct Item(PendingEvent Pending, TaskCompletionSource? Flushed);

    private sealed class RunJournal(JournalWriter writer, string runId) : IRunJournal
    {
        private volatile Exception? _failure;

        public string RunId => runId;

        public Exception? Failure
        {
            get => _failure;
            set => _failure = value;
        }

        public void Record(RunFact fact)
        {
            ArgumentNullException.ThrowIfNull(fact);
            writer.Record(this, fact);
        }

        public void Sample(RunSample sample)
        {
            ArgumentNullException.ThrowIfNull(sample);
            writer.Sample(this, sample);
        }
    }
}
