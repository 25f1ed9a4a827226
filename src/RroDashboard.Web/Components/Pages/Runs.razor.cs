using System.Globalization;
using Microsoft.AspNetCore.Components;
using Radzen;
using RroDashboard.Core.Events;

namespace RroDashboard.Web.Components.Pages;

/// <summary>All runs, newest first, rows live. Rows keep their order while one looks: only a new run moves them.</summary>
public sealed partial class Runs : IDisposable
{
    private const int PageSize = 20;
    private static readonly TimeSpan RenderEvery = TimeSpan.FromMilliseconds(500);

    private readonly CancellationTokenSource _left = new();
    private IReadOnlyList<RunRow>? _rows;
    private IDisposable? _subscription;
    private ITimer? _timer;
    private int _total;
    private int _skip;
    private int _stale;

    /// <summary>Facts and actions.</summary>
    [Inject] public required IRunBoard Board { get; init; }

    /// <summary>The present.</summary>
    [Inject] public required TimeProvider Time { get; init; }

    /// <inheritdoc/>
    public void Dispose()
    {
        _subscription?.Dispose();
        _timer?.Dispose();
        _left.Cancel();
        _left.Dispose();
    }

    /// <inheritdoc/>
    protected override async Task OnInitializedAsync()
    {
        _subscription = Board.Subscribe((_, _) => Interlocked.Exchange(ref _stale, 1));
        await ReadAsync();
    }

    /// <inheritdoc/>
    protected override void OnAfterRender(bool firstRender)
    {
        if (firstRender)
        {
            _timer = Time.CreateTimer(_ => _ = RefreshAsync(), null, RenderEvery, RenderEvery);
        }
    }

    private static string HeldOf(RunRow row) => row switch
    {
        { Before: { } before, After: { } after } => $"{Words.Reward(before)} → {Words.Reward(after)}",
        { Before: { } before } => $"{Words.Reward(before)} → ...",
        _ => "-",
    };

    private string LeftOf(RunRow row)
    {
        if (row.Total == 0)
        {
            return "begins";
        }

        var share = (double)row.Done / row.Total;
        var left = row.StageStarted is { } began && row.Done > 0 && row.Done < row.Total
            ? ", " + Words.Duration((Time.GetUtcNow() - began).TotalSeconds * (1 - share) / share) + " left"
            : "";
        return share.ToString("P0", CultureInfo.InvariantCulture) + left;
    }

    private async Task LoadAsync(LoadDataArgs args)
    {
        _skip = args.Skip ?? 0;
        await ReadAsync();
    }

    private async Task ReadAsync() => (_rows, _total) = await Board.ListAsync(_skip, PageSize, _left.Token);

    private async Task RefreshAsync()
    {
        try
        {
            if (Interlocked.Exchange(ref _stale, 0) == 0)
            {
                return;
            }

            await InvokeAsync(async () =>
            {
                await ReadAsync();
                StateHasChanged();
            });
        }
        catch (Exception e) when (e is ObjectDisposedException or OperationCanceledException)
        {
            // The page was left while this waited for its turn.
        }
        catch (Exception e)
        {
            await DispatchExceptionAsync(e);
        }
    }
}
