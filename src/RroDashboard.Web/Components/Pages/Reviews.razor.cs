namespace RroDashboard.Web.Components.Pages;

/// <summary>Review queues of all runs.</summary>
public sealed partial class Reviews : IDisposable
{
    /// <inheritdoc/>
    public void Dispose()
    {
        _watch?.Dispose();
        _left.Cancel();
        _left.Dispose();
    }
}
