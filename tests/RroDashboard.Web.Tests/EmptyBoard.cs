using RroDashboard.Core.Events;
using RroDashboard.Core.Plans;
using RroDashboard.Web.Components;

namespace RroDashboard.Web.Tests;

/// <summary>A board without runs, for tests of the house around the pages.</summary>
internal sealed class EmptyBoard : IRunBoard, IDisposable
{
    public string? WhyNoRun => "These tests run nothing.";

    public Task<(IReadOnlyList<RunRow> Rows, int Total)> ListAsync(int skip, int take, CancellationToken cancellationToken) =>
        Task.FromResult<(IReadOnlyList<RunRow>, int)>(([], 0));

    public Task<RunRow?> FindAsync(string runId, CancellationToken cancellationToken) => Task.FromResult<RunRow?>(null);

    public Task<IReadOnlyList<RunFact>> HeaderAsync(string runId, CancellationToken cancellationToken) => Task.FromResult<IReadOnlyList<RunFact>>([]);

    public Task<string> EnqueueAsync(RunPlan plan, string key, CancellationToken cancellationToken) =>
        throw new Web.Configuration.RefusalException(WhyNoRun!);

    public Task StopAsync(string runId, CancellationToken cancellationToken) => Task.CompletedTask;

    public IDisposable Subscribe(Action<string, RunEvent?> changed) => this;

    public void Dispose()
    {
        // Nothing is subscribed.
    }
}
