using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Threading.Channels;
using RroDashboard.Data;

namespace RroDashboard.Web.Streaming;

/// <summary>
/// Turns committed events into frames, at most four a second for each run, and hands them to the hub and to subscribers in this
/// process. It remembers the last frames of each run, so that a client with a hole need not begin again.
/// </summary>
public sealed class LiveFeed(TimeProvider time, ILogger<LiveFeed> logger) : BackgroundService, ICommittedEvents
{
    /// <summary>Frames of a run that are remembered: a minute at full pace.</summary>
    public const int RingFrames = 240;

    /// <summary>Items of those frames in all; a feed entry counts as 20 points. About 10 MiB for each run.</summary>
    public const int RingItems = 100_000;

    /// <summary>New points of a series in one frame, at most; more are thinned out.</summary>
    public const int PointsPerFrame = 500;

    /// <summary>Runs that are remembered; past it those that ended longest ago are forgotten.</summary>
    public const int MaxRuns = 32;

    /// <summary>Frames that wait for the hub; then the oldest is dropped, and clients see a hole and ask.</summary>
    public const int HubFrames = 512;

    /// <summary>Time between two frames of a run.</summary>
    public static readonly TimeSpan Every = TimeSpan.FromMilliseconds(250);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, LiveRun> _runs = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<Subscription, byte> _subscriptions = new();
    private readonly ConcurrentDictionary<string, byte> _listChanges = new(StringComparer.Ordinal);
    private readonly Channel<LiveUpdate> _updates = Channel.CreateBounded<LiveUpdate>(
        new BoundedChannelOptions(HubFrames) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });

    /// <summary>Names this process; frames of another one do not continue each other.</summary>
    public string Epoch { get; } = RandomNumberGenerator.GetHexString(12, lowercase: true);

    /// <summary>What the hub sends, in order.</summary>
    internal ChannelReader<LiveUpdate> Updates => _updates.Reader;

    /// <inheritdoc/>
    public void OnCommitted(IReadOnlyList<CommittedEvent> events)
    {
        ArgumentNullException.ThrowIfNull(events);
        lock (_lock)
        {
            foreach (var happened in events)
            {
                Get(happened.RunId).Add(happened);
            }
        }
    }

    /// <summary>Says that a run was added or removed: something that no event tells.</summary>
    public void OnListChanged(string runId) => _listChanges.TryAdd(runId, 0);

    /// <summary>Frames after event <paramref name="seq"/>, or the word that a snapshot is needed.</summary>
    public FramesSince Since(string runId, string? epoch, long seq)
    {
        lock (_lock)
        {
            if (epoch != Epoch || !_runs.TryGetValue(runId, out var run))
            {
                return new FramesSince(Reset: true, Epoch, []);
            }

            // Ahead of the frames is a client that has just taken a snapshot: what it lacks is not framed yet.
            if (run.Framed is not { } framed || seq >= framed)
            {
                return new FramesSince(Reset: false, Epoch, []);
            }

            List<RunFrame> frames = [.. run.Frames.SkipWhile(f => f.Seq <= seq)];
            return frames.Count > 0 && frames[0].From <= seq + 1
                ? new FramesSince(Reset: false, Epoch, frames)
                : new FramesSince(Reset: true, Epoch, []);
        }
    }

    /// <summary>
    /// Makes frames of this run break at <paramref name="seq"/>, so that a snapshot that ends there is continued without overlap.
    /// </summary>
    /// <returns>False when a frame already holds events before and after it: take a newer snapshot.</returns>
    public bool TryCutAt(string runId, long seq)
    {
        lock (_lock)
        {
            return Get(runId).TryCutAt(seq);
        }
    }

    /// <summary>
    /// Calls back about one run, or about every run when <paramref name="runId"/> is null, at most four times a second for each.
    /// Never under a lock; one call at a time. A callback that throws is logged and called again next time.
    /// </summary>
    public IDisposable Subscribe(string? runId, Action<LiveUpdate> callback)
    {
        ArgumentNullException.ThrowIfNull(callback);
        var subscription = new Subscription(this, runId, callback);
        _subscriptions.TryAdd(subscription, 0);
        return subscription;
    }

    /// <summary>Makes frames of what arrived and hands them on. The timer calls it; tests do too.</summary>
    internal void Tick()
    {
        var updates = new List<LiveUpdate>();
        lock (_lock)
        {
            foreach (var (runId, run) in _runs)
            {
                if (run.HasPending)
                {
                    updates.AddRange(run.Take().Select(made => new LiveUpdate(runId, made.Frame, made.Events)));
                }
            }

            Forget();
        }

        foreach (var runId in _listChanges.Keys)
        {
            if (_listChanges.TryRemove(runId, out _))
            {
                updates.Add(new LiveUpdate(runId, null, []));
            }
        }

        foreach (var update in updates)
        {
            _updates.Writer.TryWrite(update);
            foreach (var subscription in _subscriptions.Keys.Where(s => s.RunId is null || s.RunId == update.RunId))
            {
                try
                {
                    subscription.Callback(update);
                }
                catch (Exception e)
                {
                    logger.LogError(e, "A subscriber of run {RunId} failed.", update.RunId);
                }
            }
        }
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                try
                {
                    Tick();
                }
                catch (Exception e)
                {
                    // The live view may miss something and will be told by the numbers; it must not end for good.
                    logger.LogError(e, "Frames could not be made.");
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Stopping.
        }
    }

    private LiveRun Get(string runId)
    {
        if (!_runs.TryGetValue(runId, out var run))
        {
            _runs.Add(runId, run = new LiveRun(runId, Epoch));
        }

        return run;
    }

    private void Forget()
    {
        if (_runs.Count <= MaxRuns)
        {
            return;
        }

        foreach (var (runId, _) in _runs.Where(r => !r.Value.HasPending && (r.Value.Ended || r.Value.Framed is null))
            .OrderBy(r => r.Value.LastAtUtc).Take(_runs.Count - MaxRuns).ToList())
        {
            _runs.Remove(runId);
        }
    }

    private sealed class Subscription(LiveFeed feed, string? runId, Action<LiveUpdate> callback) : IDisposable
    {
        public string? RunId => runId;

        public Action<LiveUpdate> Callback => callback;

        public void Dispose() => feed._subscriptions.TryRemove(this, out _);
    }
}
