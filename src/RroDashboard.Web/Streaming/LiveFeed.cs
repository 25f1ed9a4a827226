using System.Security.Cryptography;
using System.Threading.Channels;
using Microsoft.AspNetCore.SignalR;
using RroDashboard.Core.Events;
using RroDashboard.Data;
using RroDashboard.Web.Hubs;
using RroDashboard.Web.Observability;

namespace RroDashboard.Web.Streaming;

/// <summary>
/// Between the writer and the viewers: takes committed events, merges those of a run into frames, and sends twenty frames a second at most.
/// Nothing is sent while nothing happens. Viewers register first, take a snapshot second and then follow, dropping what the snapshot
/// already had; the last frames are kept to fill small holes.
/// </summary>
public sealed class LiveFeed(IHubContext<RunHub> hub, TimeProvider time, ILogger<LiveFeed> logger) : BackgroundService, ICommittedEvents, IBoundedBuffers
{
    /// <summary>
    /// Time between two frames of a run: with the writer's batches an event is with a viewer in 150 ms. Browsers draw four times a second all
    /// the same; half of their waiting would otherwise be ours.
    /// </summary>
    public static TimeSpan FrameTime { get; } = TimeSpan.FromMilliseconds(50);

    /// <summary>Events of a run that are kept to fill holes: more than a minute of the fastest exploration measured.</summary>
    public const int KeptEvents = 20_000;

    /// <summary>Ended runs whose frames are kept: a viewer who was away for the last seconds of a run still gets them.</summary>
    public const int KeptEndedRuns = 8;

    /// <summary>Frames that wait for slow viewers before the oldest is dropped; the viewers find the hole in the numbers and ask.</summary>
    public const int WaitingFrames = 512;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, RunFrames> _runs = new(StringComparer.Ordinal);
    private readonly List<Subscription> _subscriptions = [];
    private readonly List<string> _ended = [];
    private readonly Channel<Frame> _toSend = Channel.CreateBounded<Frame>(
        new BoundedChannelOptions(WaitingFrames) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true },
        static _ => Interlocked.Increment(ref s_droppedFrames));

    private static long s_droppedFrames;

    /// <summary>Frames that were dropped before they were sent, of all runs: their viewers asked for them again.</summary>
    public static long DroppedFrames => Interlocked.Read(ref s_droppedFrames);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<BufferState>> BuffersAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return new(
            [
                new("live_frames", "Frames on their way to viewers of the hub", WaitingFrames, "the oldest is dropped; its viewers find the hole and ask", _toSend.Reader.Count, DroppedFrames),
                new("live_kept_events", "Events of one run that are kept to fill holes (the run with most)", KeptEvents, "the oldest is forgotten; who needs it reads the database", _runs.Count == 0 ? 0 : _runs.Values.Max(r => r.SentEvents), null),
                new("live_ended_runs", "Ended runs whose last frames are kept", KeptEndedRuns, "the oldest is forgotten; who needs it reads the database", _ended.Count, null),
            ]);
        }
    }

    /// <summary>Names this process.</summary>
    public string Epoch { get; } = RandomNumberGenerator.GetHexString(8, lowercase: true);

    /// <summary>Frames of one run: what waits to be sent, and what was.</summary>
    private sealed class RunFrames
    {
        public List<CommittedEvent> Waiting { get; } = [];

        public LinkedList<Frame> Sent { get; } = [];

        public int SentEvents { get; set; }
    }

    /// <inheritdoc/>
    public void OnCommitted(IReadOnlyList<CommittedEvent> events)
    {
        ArgumentNullException.ThrowIfNull(events);
        lock (_lock)
        {
            foreach (var committed in events)
            {
                if (!_runs.TryGetValue(committed.RunId, out var run))
                {
                    _runs[committed.RunId] = run = new RunFrames();
                }

                run.Waiting.Add(committed);
                // Notes and re-rolls may follow an end; such a run is forgotten again in its turn.
                if (committed.Event is RunEnded or NoteAdded or RerollFinished or RerollFailed && !_ended.Contains(committed.RunId))
                {
                    _ended.Add(committed.RunId);
                }
                else if (committed.Event is RunResumed)
                {
                    _ended.Remove(committed.RunId);
                }
            }
        }
    }

    /// <summary>Tells the list of runs that there is one more.</summary>
    public void RunListChanged(string runId)
    {
        foreach (var subscription in Subscriptions())
        {
            Tell(subscription, runId, null);
        }
    }

    /// <summary>Events of all runs for components of this process, after their commit. The callback is quick and runs outside all locks.</summary>
    public IDisposable Subscribe(Action<string, RunEvent?> callback)
    {
        var subscription = new Subscription(this, callback);
        lock (_lock)
        {
            _subscriptions.Add(subscription);
        }

        return subscription;
    }

    /// <summary>What a viewer missed after a number.</summary>
    public Missed Since(string runId, string epoch, long seq)
    {
        if (epoch != Epoch)
        {
            return new Missed(true, []);
        }

        lock (_lock)
        {
            if (!_runs.TryGetValue(runId, out var run))
            {
                // Nothing happened in this process, or it was forgotten: only the database knows.
                return new Missed(true, []);
            }

            if (run.Sent.First is null)
            {
                // Nothing was sent yet: whatever the viewer has came from a snapshot, and what waits comes as a frame.
                return new Missed(false, []);
            }

            return run.Sent.First.Value.First > seq + 1
                ? new Missed(true, [])
                : new Missed(false, [.. run.Sent.Where(f => f.Last > seq)]);
        }
    }

    /// <inheritdoc/>
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(TickAsync(stoppingToken), SendAsync(stoppingToken));

    // Components are told here; viewers of the hub by another loop, since a group is as slow as its slowest viewer.
    private async Task TickAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(FrameTime, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                foreach (var (frame, events) in TakeFrames())
                {
                    _toSend.Writer.TryWrite(frame);
                    foreach (var subscription in Subscriptions())
                    {
                        foreach (var committed in events)
                        {
                            Tell(subscription, committed.RunId, committed.Event);
                        }
                    }
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The server stops.
        }
    }

    // A point that is not a number is a hole in the curve, as it is in the database.
    private static bool IsDrawn(RunEvent happened) =>
        happened is not (TaskOpened or CandidateScored or PairCreated or TaskFinished or TrajectoryKept or EpisodePlayed) && happened is not MetricPoint { Value: double.NaN or double.PositiveInfinity or double.NegativeInfinity };

    private List<(Frame Frame, CommittedEvent[] Events)> TakeFrames()
    {
        var frames = new List<(Frame, CommittedEvent[])>();
        lock (_lock)
        {
            foreach (var (runId, run) in _runs)
            {
                if (run.Waiting.Count == 0)
                {
                    continue;
                }

                CommittedEvent[] events = [.. run.Waiting];
                run.Waiting.Clear();
                var (frame, drawn) = Make(runId, events);
                run.Sent.AddLast(frame);
                run.SentEvents += SizeOf(frame);
                while (run.SentEvents > KeptEvents && run.Sent.Count > 1)
                {
                    run.SentEvents -= SizeOf(run.Sent.First!.Value);
                    run.Sent.RemoveFirst();
                }

                frames.Add((frame, drawn));
            }

            // From then on such a run is read from the database.
            while (_ended.Count > KeptEndedRuns)
            {
                _runs.Remove(_ended[0]);
                _ended.RemoveAt(0);
            }
        }

        return frames;
    }

    private (Frame Frame, CommittedEvent[] Drawn) Make(string runId, CommittedEvent[] events)
    {
        // Only the newest progress and budget matter; the numbers of the others are covered all the same.
        var newest = new[] { Array.FindLast(events, e => e.Event is ProgressReported), Array.FindLast(events, e => e.Event is BudgetReported) };
        var drawn = events.Where(e => IsDrawn(e.Event) && (e.Event is not (ProgressReported or BudgetReported) || newest.Contains(e))).ToArray();
        var points = drawn.Where(e => e.Event is MetricPoint).GroupBy(e => ((MetricPoint)e.Event).Series, StringComparer.Ordinal).Select(series => new PointColumns(
            series.Key, [.. series.Select(e => e.Seq)], [.. series.Select(e => ((MetricPoint)e.Event).Step)], [.. series.Select(e => ((MetricPoint)e.Event).Value)]));
        var others = drawn.Where(e => e.Event is not MetricPoint).ToArray();
        var atMs = new DateTimeOffset(events[^1].AtUtc, TimeSpan.Zero).ToUnixTimeMilliseconds();
        return (new Frame(runId, Epoch, events[0].Seq, events[^1].Seq, atMs, [.. others.Select(e => e.Seq)], [.. others.Select(e => LongText.Cut(e.Event))], [.. points]), drawn);
    }

    // One more for the frame itself: frames of nothing but numbers are kept too.
    private static int SizeOf(Frame frame) => frame.Events.Count + frame.Points.Sum(p => p.Seqs.Count) + 1;

    private void Tell(Subscription subscription, string runId, RunEvent? happened)
    {
        try
        {
            subscription.Tell(runId, happened);
        }
        catch (Exception e)
        {
            // One component's trouble; the others and the next frame go on.
            logger.LogError(e, "A subscriber failed on {Event} of run {Run}", happened?.GetType().Name, runId);
        }
    }

    private async Task SendAsync(CancellationToken stoppingToken)
    {
        try
        {
            await foreach (var frame in _toSend.Reader.ReadAllAsync(stoppingToken))
            {
                try
                {
                    await hub.Clients.Group(RunHub.GroupOf(frame.RunId)).SendAsync("events", frame, stoppingToken);
                }
                catch (Exception e) when (e is not OperationCanceledException)
                {
                    // A viewer's trouble; the viewer finds the hole in the numbers and asks.
                    logger.LogWarning(e, "A frame of run {Run} could not be sent", frame.RunId);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The server stops.
        }
    }

    private Subscription[] Subscriptions()
    {
        lock (_lock)
        {
            return [.. _subscriptions];
        }
    }

    private sealed class Subscription(LiveFeed feed, Action<string, RunEvent?> callback) : IDisposable
    {
        private volatile bool _disposed;

        public void Tell(string runId, RunEvent? happened)
        {
            if (!_disposed)
            {
                callback(runId, happened);
            }
        }

        public void Dispose()
        {
            _disposed = true;
            lock (feed._lock)
            {
                feed._subscriptions.Remove(this);
            }
        }
    }
}
