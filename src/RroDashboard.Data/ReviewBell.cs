namespace RroDashboard.Data;

/// <summary>Tells who listens that something was committed in a review queue. Listeners are quick: they only remember that they should look.</summary>
public sealed class ReviewBell
{
    private readonly Lock _lock = new();
    private readonly List<Action> _listeners = [];

    /// <summary>Calls back after each commit, until it is disposed.</summary>
    public IDisposable Listen(Action changed)
    {
        lock (_lock)
        {
            _listeners.Add(changed);
        }

        return new Listening(this, changed);
    }

    internal void Ring()
    {
        Action[] now;
        lock (_lock)
        {
            now = [.. _listeners];
        }

        foreach (var listener in now)
        {
            listener();
        }
    }

    private sealed class Listening(ReviewBell bell, Action listener) : IDisposable
    {
        public void Dispose()
        {
            lock (bell._lock)
            {
                bell._listeners.Remove(listener);
            }
        }
    }
}
