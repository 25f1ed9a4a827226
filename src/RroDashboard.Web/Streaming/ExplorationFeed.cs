using System.Collections.Concurrent;
using RroDashboard.Core.Events;
using RroDashboard.Data;

namespace RroDashboard.Web.Streaming;

/// <summary>
/// Tells components of this process that something of a run was committed, candidates and pairs included, which <see cref="LiveFeed"/>
/// keeps from browsers because there are so many. Nothing is stored or sent: a callback only remembers to read again.
/// </summary>
public sealed class ExplorationFeed(ILogger<ExplorationFeed> logger) : ICommittedEvents
{
    private readonly ConcurrentDictionary<Subscription, string> _subscriptions = [];

    /// <summary>Calls back on the writer's thread for every event of a run after its commit. The callback is quick.</summary>
    public IDisposable Subscribe(string runId, Action<RunEvent> callback)
    {
        var subscription = new Subscription(this, callback);
        _subscriptions[subscription] = runId;
        return subscription;
    }

    /// <inheritdoc/>
    public void OnCommitted(IReadOnlyList<CommittedEvent> events)
    {
        ArgumentNullException.ThrowIfNull(events);
        foreach (var (subscription, runId) in _subscriptions)
        {
            try
            {
                foreach (var committed in events.Where(e => e.RunId == runId))
                {
                    subscription.Callback(committed.Event);
                }
            }
            catch (Exception e)
            {
                // One component's trouble; the others go on.
                logger.LogError(e, "A subscriber of run {Run} failed", runId);
            }
        }
    }

    private sealed class Subscription(ExplorationFeed feed, Action<RunEvent> callback) : IDisposable
    {
        public Action<RunEvent> Callback => callback;

        public void Dispose() => feed._subscriptions.TryRemove(this, out _);
    }
}
