using Microsoft.AspNetCore.Components.Server.Circuits;

namespace RroDashboard.Web.Observability;

/// <summary>Counts the pages that are open and connected.</summary>
public sealed class OpenCircuits : CircuitHandler
{
    private int _count;

    /// <summary>How many now.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <inheritdoc/>
    public override Task OnConnectionUpAsync(Circuit circuit, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _count);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public override Task OnConnectionDownAsync(Circuit circuit, CancellationToken cancellationToken)
    {
        Interlocked.Decrement(ref _count);
        return Task.CompletedTask;
    }
}
