using System.Globalization;
using Microsoft.AspNetCore.Components;
using RroDashboard.Core.Events;
using RroDashboard.Data;

namespace RroDashboard.Web.Components.Pages;

/// <summary>The preference pairs of a run: exactly what is trained on.</summary>
public sealed partial class Pairs : IDisposable
{
    private const int PageSize = 25;

    private readonly CancellationTokenSource _left = new();
    private RunInfo? _run;
    private IReadOnlyList<PairCreated> _rows = [];
    private PairCreated? _open;
    private bool _more;
    private int _page;
    private ElementReference _heading;
    private bool _focusHeading;

    /// <summary>Which run.</summary>
    [Parameter] public string RunId { get; set; } = "";

    /// <summary>Reads pairs.</summary>
    [Inject] public required RunQueries Queries { get; init; }

    private string CountText => string.Create(
        CultureInfo.InvariantCulture, $"{(_page * PageSize) + 1:N0} to {(_page * PageSize) + _rows.Count:N0} of {_run?.Budget?.Pairs ?? 0:N0}");

    /// <inheritdoc/>
    public void Dispose()
    {
        _left.Cancel();
        _left.Dispose();
    }

    /// <inheritdoc/>
    protected override async Task OnParametersSetAsync()
    {
        _run = await Queries.FindAsync(RunId, _left.Token);
        (_page, _open) = (0, null);
        await LoadAsync();
    }

    /// <inheritdoc/>
    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (_focusHeading)
        {
            _focusHeading = false;
            await _heading.FocusAsync();
        }
    }

    private async Task TurnAsync(int by)
    {
        _page = Math.Max(0, _page + by);
        _open = null;
        await LoadAsync();
    }

    private async Task LoadAsync()
    {
        // One more than is shown tells whether there is a next page.
        var rows = _run is null ? [] : await Queries.PairsAsync(RunId, _page * PageSize, PageSize + 1, _left.Token);
        (_rows, _more) = ([.. rows.Take(PageSize)], rows.Count > PageSize);
    }

    private void Open(PairCreated row)
    {
        _open = row == _open ? null : row;
        _focusHeading = _open is not null;
    }
}
