using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;

namespace RroDashboard.Web.Components.Layout;

/// <summary>Frame of every page for signed-in users.</summary>
public sealed partial class MainLayout : IDisposable
{
    private ErrorBoundary? _boundary;

    /// <summary>Where we are.</summary>
    [Inject] public required NavigationManager Navigation { get; init; }

    // The base href is "/", so a bare "#content" would lead to the first page.
    private string SkipTarget => new Uri(Navigation.Uri).PathAndQuery + "#content";

    /// <inheritdoc/>
    public void Dispose() => Navigation.LocationChanged -= HandleLocationChanged;

    /// <inheritdoc/>
    protected override void OnInitialized() => Navigation.LocationChanged += HandleLocationChanged;

    // A failed page must not make the next one look failed.
    private void HandleLocationChanged(object? sender, Microsoft.AspNetCore.Components.Routing.LocationChangedEventArgs e)
    {
        _boundary?.Recover();
        _ = InvokeAsync(StateHasChanged);
    }
}
