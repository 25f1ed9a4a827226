using RroDashboard.Data;

namespace RroDashboard.Web.Components.Review;

/// <summary>Looks again when something was answered, at most once a second.</summary>
public sealed class ReviewWatch : IDisposable
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);

    private readonly IDisposable _listening;
    private readonly ITimer _timer;
    private readonly Func<Task> _look;
    private int _rang;

    /// <summary>Listens until it is disposed.</summary>
    /// <param name="bell">Rings after each commit.</param>
    /// <param name="time">The clock.</param>
    /// <param name="look">Reads and shows; its own errors end a page only by its own way.</param>
    public ReviewWatch(ReviewBell bell, TimeProvider time, Func<Task> look)
    {
        ArgumentNullException.ThrowIfNull(bell);
        ArgumentNullException.ThrowIfNull(time);
        _look = look;
        _listening = bell.Listen(() => Volatile.Write(ref _rang, 1));
        _timer = time.CreateTimer(_ => _ = TickAsync(), null, Every, Every);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _listening.Dispose();
        _timer.Dispose();
    }

    private async Task TickAsync()
    {
        if (Interlocked.Exchange(ref _rang, 0) == 1)
        {
            try
            {
                await _look();
            }
            catch (Exception e) when (e is ObjectDisposedException or OperationCanceledException)
            {
                // The page was left while this waited for its turn.
            }
        }
    }
}
