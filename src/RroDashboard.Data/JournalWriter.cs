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
    public static TimeSpan BatchTime { get; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Pause before a failed transaction is tried again.</summary>
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
    private readonly ICommittedEvents[] _listeners = [.. listeners];
    private readonly ConcurrentDictionary<string, long> _dropped = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _arrived = new(0);
    private readonly Channel<Entry> _facts = Channel.CreateBounded<Entry>(
        new BoundedChannelOptions(JournalLimits.WaitingFacts) { FullMode = BoundedChannelFullMode.Wait, SingleReader = true });

    private Channel<Entry>? _samples;
    private long _order;
    private long _committedOrder;
    private string? _failure;

    /// <summary>An event on its way, with its place in the order of arrival.</summary>
    private sealed record Entry(long Order, string RunId, RunEvent Event);

    // DropOldest makes TryWrite always succeed; the callback is the only one who knows.
    private Channel<Entry> Samples => LazyInitializer.EnsureInitialized(ref _samples, () => Channel.CreateBounded<Entry>(
        new BoundedChannelOptions(JournalLimits.WaitingSamples) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true },
        dropped => _dropped.AddOrUpdate(dropped.RunId, 1, (_, count) => count + 1)));

    /// <summary>The journal of a run that is in the database.</summary>
    public IRunJournal Open(string runId) => new RunJournal(this, runId);

    /// <summary>Waits until everything recorded so far is committed.</summary>
    /// <exception cref="OperationCanceledException">Given up.</exception>
    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        var target = Volatile.Read(ref _order);
        while (Volatile.Read(ref _committedOrder) < target)
        {
            await Task.Delay(10, cancellationToken).ConfigureAwait(false);
        }
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
                await _arrived.WaitAsync(stoppingToken).ConfigureAwait(false);
                // Others may share the transaction.
                await Task.Delay(JournalLimits.BatchTime, time, stoppingToken).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                // Told to stop: what has arrived is written below, then it is over.
            }

            do
            {
                Take(batch);
                await CommitAsync(database, batch, stoppingToken).ConfigureAwait(false);
            }
            while (_facts.Reader.Count > 0 || Samples.Reader.Count > 0);

            if (stoppingToken.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private void Take(List<Entry> batch)
    {
        while (batch.Count < JournalLimits.BatchEvents && _facts.Reader.TryRead(out var fact))
        {
            batch.Add(fact);
        }

        while (batch.Count < 2 * JournalLimits.BatchEvents && Samples.Reader.TryRead(out var sample))
        {
            batch.Add(sample);
        }

        while (_arrived.CurrentCount > 0 && _arrived.Wait(0))
        {
            // One wake-up covers all that arrived.
        }

        batch.Sort((a, b) => a.Order.CompareTo(b.Order));
    }

    // A failed batch is kept and tried again: nothing is shown and nothing is lost, and the run hears of it at its next fact.
    private async Task CommitAsync(JournalDatabase database, List<Entry> batch, CancellationToken stoppingToken)
    {
        while (batch.Count > 0)
        {
            try
            {
                var committed = database.Write([.. batch.Select(e => (e.RunId, e.Event))], TakeDropped());
                _failure = null;
                Volatile.Write(ref _committedOrder, Math.Max(_committedOrder, batch[^1].Order));
                batch.Clear();
                foreach (var listener in _listeners)
                {
                    listener.OnCommitted(committed);
                }
            }
            catch (SqliteException e)
            {
                _failure = $"The database cannot be written: {e.Message}";
                logger.LogError(e, "{Count} events could not be committed; trying again", batch.Count);
                if (stoppingToken.IsCancellationRequested)
                {
                    return;
                }

                await Task.Delay(JournalLimits.RetryAfter, time, CancellationToken.None).ConfigureAwait(false);
            }
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
        if (_failure is { } failure)
        {
            throw new IOException(failure);
        }

        var entry = new Entry(Interlocked.Increment(ref _order), runId, fact);
        if (!_facts.Writer.TryWrite(entry))
        {
            // On the training thread, which belongs to this run alone.
            _facts.Writer.WriteAsync(entry).AsTask().GetAwaiter().GetResult();
        }

        _arrived.Release();
    }

    private void Sample(string runId, RunSample sample)
    {
        Samples.Writer.TryWrite(new Entry(Interlocked.Increment(ref _order), runId, sample));
        _arrived.Release();
    }

    private sealed class RunJournal(JournalWriter writer, string runId) : IRunJournal
    {
        public void Record(RunFact fact) => writer.Record(runId, fact);

        public void Sample(RunSample sample) => writer.Sample(runId, sample);
    }
}
