using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;
using RroDashboard.Data;
using RroDashboard.Web.Navigation;

namespace RroDashboard.Web.Components.Pages;

/// <summary>Load of the machine while a run works. The script module draws it from the hub.</summary>
public sealed partial class RunSystem : IAsyncDisposable
{
    private readonly CancellationTokenSource _left = new();
    private ElementReference _root;
    private IJSObjectReference? _module;
    private bool _missing;
    private bool _found;
    private bool _elsewhere;
    private bool _started;

    /// <summary>From the address.</summary>
    [Parameter] public required string RunId { get; set; }

    /// <summary>Knows whether there is such a run.</summary>
    [Inject] public required RunQueries Queries { get; init; }

    /// <summary>Loads the script module.</summary>
    [Inject] public required IJSRuntime Js { get; init; }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _left.CancelAsync();
        if (_module is not null)
        {
            try
            {
                await _module.InvokeVoidAsync("stop", _root);
                await _module.DisposeAsync();
            }
            catch (JSDisconnectedException)
            {
                // The browser is gone, and the module with it.
            }
        }

        _left.Dispose();
    }

    /// <inheritdoc/>
    protected override async Task OnInitializedAsync()
    {
        var run = await Queries.FindAsync(RunId, _left.Token);
        (_found, _elsewhere) = (run is not null, run?.Remote is not null);
        _missing = !_found;
    }

    /// <inheritdoc/>
    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (_started || !_found)
        {
            return;
        }

        _started = true;
        _module = await Js.InvokeAsync<IJSObjectReference>("import", _left.Token, "/" + Assets["js/run-system.js"]);
        await _module.InvokeVoidAsync("start", _left.Token, _root, new
        {
            runId = RunId,
            hubUrl = RroUrls.RunHub,
            signalrUrl = "/" + Assets["lib/signalr.min.js"],
            plotlyUrl = "/" + Assets["lib/plotly.min.js"],
        });
    }
}
