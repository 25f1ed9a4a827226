using RroDashboard.Core.Events;
using RroDashboard.Web.Streaming;

namespace RroDashboard.Web.Components.Exploration;

/// <summary>
/// Follows a run for a component: remembers that something arrived that matters, and calls back at most so often. A callback that takes
/// long is not called again before it is through.
/// </summary>
public sealed class RunWatch : IDisposable
{
    private readonly IDisposable _subscription;
    private readonly ITimer _timer;
    private readonly Func<Task> _changed;
    private int _stale;
    private int _busy;

    /// <summary>Begins to follow.</summary>
    /// <param name="feed">Tells of events.</param>
    /// <param name="time">The clock.</param>
    /// <param name="runId">Which run.</param>
    /// <param name="matters">Called on the writer's thread: must be quick.</param>
    /// <param name="changed">Called on a timer thread; enters the component's own by itself and handles its failures.</param>
    /// <param name="every">Shortest time between two calls.</param>
    public RunWatch(ExplorationFeed feed, TimeProvider time, string runId, Func<RunEvent, bool> matters, Func<Task> changed, TimeSpan every)
    {
        ArgumentNullException.ThrowIfNull(feed);
        ArgumentNullException.ThrowIfNull(time);
        _changed = changed;
        _subscription = feed.Subscribe(runId, happened =>
        {
            if (matters(happened))
            {
                Volatile.Write(ref _stale, 1);
            }
        });
        _timer = time.CreateTimer(_ => _ = TickAsync(), null, every, every);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _subscription.Dispose();
        _timer.Dispose();
    }

    private async Task TickAsync()
    {
        if (Interlocked.Exchange(ref _busy, 1) == 1)
        {
            return;
        }

        try
        {
            if (Interlocked.Exchange(ref _stale, 0) == 1)
            {
                await _changed();
            }
        }
        finally
        {
            Volatile.Write(ref _busy, 0);
        }
    }
}
