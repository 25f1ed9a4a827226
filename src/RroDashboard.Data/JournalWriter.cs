using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using RroDashboard.Core.Events;

namespace RroDashboard.Data;

/// <summary>Bounds of the journal; each is a number with its reason.</summary>
public static class JournalLimits
{
    /// <summary>Facts that may wait for the writer before the trainer waits for it: a second of the fastest exploration measured.</summary>
    public const int WaitingFacts = 4096;

    /// <summary>Samples that may wait before the oldest is dropped and counted.</summary>
    public const int WaitingSamples = 16_384;

    /// <summary>Events of one transaction.</summary>
    public const int BatchEvents = 1024;

    /// <summary>Longest time an event waits for others to share its transaction with.</summary>
    public static TimeSpan BatchTime { get; } = TimeSpan.FromMilliseconds(40);

    /// <summary>Pause before a transaction that the disk refused is tried again.</summary>
    public static TimeSpan RetryAfter { get; } = TimeSpan.FromSeconds(1);
}

/// <summary>
/// The single writer. Facts and samples of all runs pass through it in order: it numbers them, writes them with all that follows from
/// them in one transaction, and only then tells the live side. So a browser never shows what a killed process could lose.
/// </summary>
public sealed class JournalWriter(
    IDbContextFactory<RroDbContext> contexts,
    IEnumerable<ICommittedEvents> listeners,
    TimeProvider time,
    ILogger<JournalWriter> logger) : BackgroundService
{
    // SQLITE_CONSTRAINT: the data are at fault, not the disk, and trying again changes nothing.
    private const int ConstraintViolated = 19;

    private readonly ICommittedEvents[] _listeners = [.. listeners];
    private readonly ConcurrentDictionary<string, long> _dropped = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, string> _refused = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _arrived = new(0);
    private readonly CancellationTokenSource _closing = new();

    // Taking a number and a place in a channel is one step, and so is choosing the next of both channels: numbers never go back.
    private readonly Lock _line = new();
    private readonly Channel<Entry> _facts = Channel.CreateBounded<Entry>(
        new BoundedChannelOptions(JournalLimits.WaitingFacts) { FullMode = BoundedChannelFullMode.Wait, SingleReader = true });

    private Channel<Entry>? _samples;
    private long _droppedSamples;
    private long _order;
    private long _committedOrder;
    private volatile string? _failure;
    private volatile bool _closed;

    /// <summary>An event on its way, or several of a trainer elsewhere, with its place in the order of arrival.</summary>
    private sealed record Entry(long Order, string RunId, RunEvent? Event, RemoteAppend? Remote = null);

    // DropOldest makes TryWrite always succeed; the callback is the only one who knows.
    private Channel<Entry> Samples => LazyInitializer.EnsureInitialized(ref _samples, () => Channel.CreateBounded<Entry>(
        new BoundedChannelOptions(JournalLimits.WaitingSamples) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true },
        dropped =>
        {
            _dropped.AddOrUpdate(dropped.RunId, 1, (_, count) => count + 1);
            Interlocked.Increment(ref _droppedSamples);
        }));

    /// <summary>Facts that wait now; at most <see cref="JournalLimits.WaitingFacts"/>.</summary>
    public int WaitingFacts => _facts.Reader.Count;

    /// <summary>Samples that wait now; at most <see cref="JournalLimits.WaitingSamples"/>.</summary>
    public int WaitingSamples => Samples.Reader.Count;

    /// <summary>Samples of all runs that this process dropped.</summary>
    public long DroppedSamples => Interlocked.Read(ref _droppedSamples);

    /// <summary>
    /// The journal of a run that is in the database. Its <see cref="IRunJournal.Record"/> throws an <see cref="IOException"/> with the
    /// reason when what was recorded before could not be written, and after the writer was stopped; the end of a run is taken even
    /// while the disk refuses, and written when it no longer does.
    /// </summary>
    public IRunJournal Open(string runId) => new RunJournal(this, runId);

    /// <summary>Whether a run's journal takes facts when the disk does; false after a hole in it, for ever.</summary>
    public bool Takes(string runId) => !_refused.ContainsKey(runId);

    /// <summary>Takes a batch of a trainer elsewhere; returns when it is committed, or when it is known that it will not be.</summary>
    /// <param name="runId">Which run.</param>
    /// <param name="number">Its number: one more than the last.</param>
    /// <param name="events">Checked by <see cref="RemoteRules"/>.</param>
    /// <param name="cancellationToken">Nobody waits any longer; the batch may be committed all the same.</param>
    /// <exception cref="IOException">The disk refuses, or the writer was stopped.</exception>
    public Task<RemoteReceipt> AppendAsync(string runId, long number, IReadOnlyList<RunEvent> events, CancellationToken cancellationToken) =>
        AppendAsync(runId, new RemoteAppend(number, null, events), cancellationToken);

    /// <summary>Takes a word of a trainer elsewhere that brings nothing but that it lives.</summary>
    /// <exception cref="IOException">The disk refuses, or the writer was stopped.</exception>
    public Task<RemoteReceipt> HeardAsync(string runId, CancellationToken cancellationToken) => AppendAsync(runId, new RemoteAppend(null, null, []), cancellationToken);

    /// <summary>Ends a run as crashed whose trainer elsewhere was not heard since a time, unless it was heard meanwhile.</summary>
    /// <exception cref="IOException">The disk refuses, or the writer was stopped.</exception>
    public Task<RemoteReceipt> SilentAsync(string runId, DateTime sinceUtc, string reason, CancellationToken cancellationToken) =>
        AppendAsync(runId, new RemoteAppend(null, sinceUtc, [new RunEnded(RunState.Interrupted, reason, null)]), cancellationToken);

    /// <summary>Waits until everything recorded so far is committed.</summary>
    /// <exception cref="IOException">The writer was stopped before.</exception>
    /// <exception cref="OperationCanceledException">Given up.</exception>
    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        var target = Volatile.Read(ref _order);
        while (Volatile.Read(ref _committedOrder) < target)
        {
            if (_closed && ExecuteTask is null or { IsCompleted: true })
            {
                throw new IOException("The journal was closed before everything was written.");
            }

            await Task.Delay(10, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Takes nothing more and writes what has arrived.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        _closed = true;
        _facts.Writer.TryComplete();
        Samples.Writer.TryComplete();
        await _closing.CancelAsync().ConfigureAwait(false);
        if (ExecuteTask is { } writing)
        {
            // Before the base class cancels: a loop that is cancelled before it began never begins, and nothing would be written.
            await writing.WaitAsync(cancellationToken).ConfigureAwait(false);
        }

        await base.StopAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _arrived.Dispose();
        _closing.Dispose();
        base.Dispose();
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var database = new JournalDatabase(contexts, time);
        var batch = new List<Entry>();
        while (true)
        {
            try
            {
                await _arrived.WaitAsync(_closing.Token).ConfigureAwait(false);
                // Others may share the transaction.
                await Task.Delay(JournalLimits.BatchTime, time, _closing.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                // Told to stop: what has arrived is written below, then it is over.
            }

            do
            {
                Take(batch);
                await CommitAsync(database, batch).ConfigureAwait(false);
            }
            while (batch.Count == 0 && (_facts.Reader.Count > 0 || Samples.Reader.Count > 0));

            if (_closing.IsCancellationRequested)
            {
                if (batch.Count > 0)
                {
                    logger.LogError("{Count} events were not written before the end: {Reason}", batch.Count + _facts.Reader.Count + Samples.Reader.Count, _failure);
                    // Whoever waits is told, and sends it again.
                    while (_facts.Reader.TryRead(out var left))
                    {
                        batch.Add(left);
                    }

                    Refuse(batch, _failure ?? "The journal is closed.");
                }

                return;
            }
        }
    }

    // In the order of arrival across both channels, so that a number tells what was known when something happened.
    private void Take(List<Entry> batch)
    {
        while (batch.Count < JournalLimits.BatchEvents)
        {
            lock (_line)
            {
                var hasFact = _facts.Reader.TryPeek(out var fact);
                var hasSample = Samples.Reader.TryPeek(out var sample);
                if (!(hasFact && (!hasSample || fact!.Order < sample!.Order) ? _facts.Reader : Samples.Reader).TryRead(out var next))
                {
                    break;
                }

                batch.Add(next);
            }
        }

        while (_arrived.CurrentCount > 0 && _arrived.Wait(0))
        {
            // One wake-up covers all that arrived.
        }
    }

    // What the disk refuses is kept and tried again: nothing is shown and nothing is lost, and the run hears of it at its next fact.
    private async Task CommitAsync(JournalDatabase database, List<Entry> batch)
    {
        var dropped = TakeDropped();
        var last = batch.Count > 0 ? batch[^1].Order : Volatile.Read(ref _committedOrder);
        var alone = false;
        foreach (var late in batch.Where(e => !IsWanted(e)).GroupBy(e => e.RunId))
        {
            Refuse(late, _refused[late.Key]);
        }

        while (batch.Count > 0 || dropped.Count > 0)
        {
            try
            {
                if (alone)
                {
                    WriteByRun(database, batch, dropped);
                }
                else
                {
                    Show(database.Write([.. batch.Where(IsWanted).Select(e => new JournalEntry(e.RunId, e.Event, e.Remote))], dropped));
                }
            }
            catch (SqliteException e) when (e.SqliteErrorCode != ConstraintViolated)
            {
                _failure = $"The database cannot be written: {e.Message}";
                logger.LogError(e, "{Count} events could not be committed; trying again", batch.Count);
                if (_closing.IsCancellationRequested)
                {
                    return;
                }

                await Task.Delay(JournalLimits.RetryAfter, time, CancellationToken.None).ConfigureAwait(false);
                continue;
            }
            catch (Exception e) when (!alone)
            {
                // An event that can never be written. The other runs must not wait for it for ever.
                logger.LogError(e, "A batch of {Count} events could not be written; each run's part is tried alone", batch.Count);
                alone = true;
                continue;
            }

            _failure = null;
            Volatile.Write(ref _committedOrder, last);
            batch.Clear();
            dropped.Clear();
        }
    }

    // What is settled leaves the batch, so that a disk that refuses in between is tried again with the rest only.
    private void WriteByRun(JournalDatabase database, List<Entry> batch, Dictionary<string, long> dropped)
    {
        foreach (var runId in batch.Select(e => e.RunId).Concat(dropped.Keys).Distinct(StringComparer.Ordinal).ToList())
        {
            try
            {
                Show(database.Write(
                    [.. batch.Where(e => e.RunId == runId && IsWanted(e)).Select(e => new JournalEntry(e.RunId, e.Event, e.Remote))],
                    dropped.Where(d => d.Key == runId).ToDictionary(StringComparer.Ordinal)));
            }
            catch (Exception e) when (e is not SqliteException { SqliteErrorCode: not ConstraintViolated })
            {
                var reason = $"What run '{runId}' recorded cannot be written: {e.Message}";
                Refuse(batch.Where(x => x.RunId == runId), reason);
                if (batch.Exists(x => x.RunId == runId && x.Remote is null))
                {
                    logger.LogError(e, "The journal of run {Run} has a hole and takes nothing more but its end", runId);
                    _refused[runId] = reason;
                    WriteEnd(database, batch, runId);
                }
                else
                {
                    // All of it goes back to its trainer: that is no hole.
                    logger.LogError(e, "A batch of run {Run} cannot be written", runId);
                }
            }

            batch.RemoveAll(e => e.RunId == runId);
            dropped.Remove(runId);
        }
    }

    private void WriteEnd(JournalDatabase database, List<Entry> batch, string runId)
    {
        if (batch.Find(x => x.RunId == runId && x.Event is RunEnded) is not { } end)
        {
            return;
        }

        try
        {
            Show(database.Write([new JournalEntry(runId, end.Event, end.Remote)], new Dictionary<string, long>()));
        }
        catch (Exception e) when (e is not SqliteException { SqliteErrorCode: not ConstraintViolated })
        {
            // The start of the next server finds it as interrupted.
            logger.LogError(e, "The end of run {Run} cannot be written either", runId);
        }
    }

    // After a hole nothing that builds on it is written.
    private bool IsWanted(Entry entry) => entry.Event is RunEnded || !_refused.ContainsKey(entry.RunId);

    private static void Refuse(IEnumerable<Entry> entries, string reason)
    {
        foreach (var entry in entries)
        {
            entry.Remote?.Done.TrySetException(new IOException(reason));
        }
    }

    private void Show(JournalWritten written)
    {
        var committed = written.Events;
        foreach (var listener in committed.Count == 0 ? [] : _listeners)
        {
            try
            {
                listener.OnCommitted(committed);
            }
            catch (Exception e)
            {
                // What happened is safe; whoever fails to show it must not stop the runs.
                logger.LogError(e, "{Listener} failed", listener.GetType().Name);
            }
        }

        foreach (var (append, receipt) in written.Receipts)
        {
            append.Done.TrySetResult(receipt);
        }
    }

    private Dictionary<string, long> TakeDropped()
    {
        var taken = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var runId in _dropped.Keys)
        {
            if (_dropped.TryRemove(runId, out var count))
            {
                taken[runId] = count;
            }
        }

        return taken;
    }

    private void Record(string runId, RunFact fact)
    {
        if (fact is not RunEnded && (_failure ?? _refused.GetValueOrDefault(runId)) is { } failure)
        {
            throw new IOException(failure);
        }

        while (!TryTakePlace(_facts.Writer, runId, fact, null))
        {
            // On the training thread, which belongs to this run alone.
            if (!_facts.Writer.WaitToWriteAsync().AsTask().GetAwaiter().GetResult())
            {
                throw new IOException("The journal is closed.");
            }
        }

        _arrived.Release();
    }

    // Samples of a trainer elsewhere wait like facts: it was promised that each is taken once.
    private async Task<RemoteReceipt> AppendAsync(string runId, RemoteAppend append, CancellationToken cancellationToken)
    {
        if ((_failure ?? _refused.GetValueOrDefault(runId)) is { } failure)
        {
            throw new IOException(failure);
        }

        while (!TryTakePlace(_facts.Writer, runId, null, append))
        {
            if (!await _facts.Writer.WaitToWriteAsync(cancellationToken).ConfigureAwait(false))
            {
                throw new IOException("The journal is closed.");
            }
        }

        _arrived.Release();
        return await append.Done.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    private void Sample(string runId, RunSample sample)
    {
        if (!_closed && TryTakePlace(Samples.Writer, runId, sample, null))
        {
            _arrived.Release();
        }
    }

    // A number is taken only with a place: one without would be waited for in vain.
    private bool TryTakePlace(ChannelWriter<Entry> writer, string runId, RunEvent? happened, RemoteAppend? remote)
    {
        lock (_line)
        {
            if (!writer.TryWrite(new Entry(_order + 1, runId, happened, remote)))
            {
                return false;
            }

            Volatile.Write(ref _order, _order + 1);
            return true;
        }
    }

    private sealed class RunJournal(JournalWriter writer, string runId) : IRunJournal
    {
        public void Record(RunFact fact)
        {
            ArgumentNullException.ThrowIfNull(fact);
            writer.Record(runId, fact);
        }

        public void Sample(RunSample sample)
        {
            ArgumentNullException.ThrowIfNull(sample);
            writer.Sample(runId, sample);
        }
    }
}
