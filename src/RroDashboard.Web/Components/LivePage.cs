using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;

namespace RroDashboard.Web.Components;

/// <summary>
/// A page that keeps up with what goes on: it remembers that something arrived, looks again at most so often, never twice at once and
/// always in its own turn, and stops when it is left. A failure of a look is the page's own, as that of a click would be.
/// </summary>
public abstract class LivePage : ComponentBase, IAsyncDisposable
{
    private readonly CancellationTokenSource _left = new();
    private IDisposable? _subscription;
    private ITimer? _timer;
    private Func<Task>? _look;
    private TimeSpan _every;
    private bool _shown;
    private int _news;
    private int _busy;

    /// <summary>A page nobody has left.</summary>
    protected LivePage() => Left = _left.Token;

    /// <summary>The present.</summary>
    [Inject] public required TimeProvider Time { get; init; }

    /// <summary>Cancelled when the page is left.</summary>
    protected CancellationToken Left { get; }

    /// <summary>Script module of the page; disposed with it, after <see cref="StopScriptAsync"/>.</summary>
    protected IJSObjectReference? Module { get; set; }

    /// <inheritdoc/>
    [SuppressMessage("Usage", "CA1816", Justification = "No page has a finaliser.")]
    public async ValueTask DisposeAsync()
    {
        _subscription?.Dispose();
        _timer?.Dispose();
        await _left.CancelAsync();
        if (Module is not null)
        {
            try
            {
                await StopScriptAsync(Module);
                await Module.DisposeAsync();
            }
            catch (JSDisconnectedException)
            {
                // The browser is gone, and the module with it.
            }
        }

        _left.Dispose();
    }

    /// <summary>
    /// Begins to keep up. Register first, read second: what happens in between is then in both, and nothing in neither. Looks begin
    /// with the first rendering in a browser.
    /// </summary>
    /// <param name="subscription">Whose callback calls <see cref="HasChanged"/>; disposed with the page.</param>
    /// <param name="every">Shortest time between two looks.</param>
    /// <param name="look">Reads again, in the page's own turn; the page is rendered after it.</param>
    protected void Follow(IDisposable subscription, TimeSpan every, Func<Task> look)
    {
        (_subscription, _every, _look) = (subscription, every, look);
        StartWhenShown();
    }

    /// <summary>Something arrived that matters. Quick, and for any thread.</summary>
    protected void HasChanged() => Volatile.Write(ref _news, 1);

    /// <summary>Asked before each look, on a timer's thread: whether there is anything to look at. Asking takes it.</summary>
    protected virtual bool TakeNews() => Interlocked.Exchange(ref _news, 0) == 1;

    /// <summary>Ends what the page's script does.</summary>
    protected virtual ValueTask StopScriptAsync(IJSObjectReference module) => ValueTask.CompletedTask;

    /// <inheritdoc/>
    protected override void OnAfterRender(bool firstRender)
    {
        if (firstRender)
        {
            _shown = true;
            StartWhenShown();
        }
    }

    private void StartWhenShown()
    {
        if (_shown && _look is not null)
        {
            _timer ??= Time.CreateTimer(_ => _ = TickAsync(), null, _every, _every);
        }
    }

    private async Task TickAsync()
    {
        if (Interlocked.Exchange(ref _busy, 1) == 1)
        {
            return;
        }

        try
        {
            if (TakeNews())
            {
                await InvokeAsync(async () =>
                {
                    await _look!();
                    StateHasChanged();
                });
            }
        }
        catch (Exception e) when (e is ObjectDisposedException or OperationCanceledException)
        {
            // The page was left while this waited for its turn.
        }
        catch (Exception e)
        {
            await DispatchExceptionAsync(e);
        }
        finally
        {
            Volatile.Write(ref _busy, 0);
        }
    }
}
