namespace RroDashboard.Web.Hosting;

/// <summary>One thing computes at a time: runs and re-rolls take turns, in the order in which they asked.</summary>
public sealed class DeviceTurn : IDisposable
{
    private readonly SemaphoreSlim _free = new(1, 1);

    /// <summary>Waits for the device; disposing gives it back.</summary>
    public async Task<IDisposable> TakeAsync(CancellationToken cancellationToken)
    {
        await _free.WaitAsync(cancellationToken);
        return new Turn(_free);
    }

    /// <summary>Takes the device if nothing else has it; null when something has.</summary>
    public IDisposable? TryTake() => _free.Wait(0) ? new Turn(_free) : null;

    /// <inheritdoc/>
    public void Dispose() => _free.Dispose();

    private sealed class Turn(SemaphoreSlim free) : IDisposable
    {
        public void Dispose() => free.Release();
    }
}
