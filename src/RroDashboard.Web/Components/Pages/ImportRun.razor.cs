using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;

namespace RroDashboard.Web.Components.Pages;

/// <summary>Takes a bundle. The script uploads it past the circuit, which is no way for gigabytes, and tells how far it has come.</summary>
public sealed partial class ImportRun : IAsyncDisposable
{
    private ElementReference _root;
    private IJSObjectReference? _module;

    /// <summary>Loads the script.</summary>
    [Inject] public required IJSRuntime Js { get; init; }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_module is not null)
        {
            try
            {
                await _module.DisposeAsync();
            }
            catch (JSDisconnectedException)
            {
                // The browser is gone, and the module with it.
            }
        }
    }

    /// <inheritdoc/>
    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (firstRender)
        {
            _module = await Js.InvokeAsync<IJSObjectReference>("import", "/" + Assets["js/import-run.js"]);
            await _module.InvokeVoidAsync("start", _root);
        }
    }
}
