using Microsoft.AspNetCore.Components.Server.Circuits;

namespace RroDashboard.Web.Observability;

/// <summary>Counts the pages that are open and connected, and those whose connection broke.</summary>
public sealed class OpenCircuits : CircuitHandler
{
    private int _connected;
    private int _open;

    /// <summary>How many are connected now.</summary>
    public int Count => Volatile.Read(ref _connected);

    /// <summary>How many are kept although nobody is connected.</summary>
    public int Broken => Math.Max(0, Volatile.Read(ref _open) - Count);

    /// <inheritdoc/>
    public override Task OnCircuitOpenedAsync(Circuit circuit, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _open);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public override Task OnCircuitClosedAsync(Circuit circuit, CancellationToken cancellationToken)
    {
        Interlocked.Decrement(ref _open);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public override Task OnConnectionUpAsync(Circuit circuit, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _connected);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public override Task OnConnectionDownAsync(Circuit circuit, CancellationToken cancellationToken)
    {
        Interlocked.Decrement(ref _connected);
        return Task.CompletedTask;
    }
}
