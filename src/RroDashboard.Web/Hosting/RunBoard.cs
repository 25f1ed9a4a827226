using RroDashboard.Core.Events;
using RroDashboard.Core.Plans;
using RroDashboard.Data;
using RroDashboard.Web.Components;
using RroDashboard.Web.Streaming;

namespace RroDashboard.Web.Hosting;

/// <summary>What the pages see of database, host and live feed.</summary>
public sealed class RunBoard(RunQueries queries, TrainingHost host, LiveFeed feed, RunEstimator estimator, RunStore store) : IRunBoard
{
    /// <inheritdoc/>
    public string? WhyNoRun => host.WhyNoRun;

    /// <inheritdoc/>
    public async Task<(IReadOnlyList<RunRow> Rows, int Total)> ListAsync(int skip, int take, CancellationToken cancellationToken)
    {
        var (rows, total) = await queries.ListAsync(skip, take, cancellationToken);
        return ([.. rows.Select(Row)], total);
    }

    /// <inheritdoc/>
    public async Task<RunRow?> FindAsync(string runId, CancellationToken cancellationToken) =>
        await queries.FindAsync(runId, cancellationToken) is { } run ? Row(run) : null;

    /// <inheritdoc/>
    public Task<IReadOnlyList<RunFact>> HeaderAsync(string runId, CancellationToken cancellationToken) => queries.HeaderAsync(runId, cancellationToken);

    /// <inheritdoc/>
    public async Task<(string Id, bool Made)> EnqueueAsync(RunPlan plan, string key, CancellationToken cancellationToken, RunOwner? owner = null)
    {
        PlanSettings.Validate(plan);
        await estimator.CheckAsync(plan, cancellationToken);
        var added = await host.EnqueueAsync(plan, key, cancellationToken, owner);
        feed.RunListChanged(added.Id);
        return added;
    }

    /// <inheritdoc/>
    public async Task StopAsync(string runId, CancellationToken cancellationToken)
    {
        if (await store.AskToStopAsync(runId, cancellationToken))
        {
            feed.RunListChanged(runId);
            return;
        }

        host.Stop(runId);
    }

    /// <inheritdoc/>
    public async Task ResumeAsync(string runId, CancellationToken cancellationToken)
    {
        await host.ResumeAsync(runId, cancellationToken);
        feed.RunListChanged(runId);
    }

    /// <inheritdoc/>
    public IDisposable Subscribe(Action<string, RunEvent?> changed) => feed.Subscribe(changed);

    private static RunRow Row(RunInfo run) => new(
        run.Id,
        run.State,
        run.Plan,
        new DateTimeOffset(run.CreatedUtc),
        When(run.StartedUtc),
        run.Stage,
        run.Done,
        run.Total,
        When(run.StageStartedUtc),
        run.Before,
        run.After,
        run.Budget is { Steps: > 0 } budget ? budget.CandidatesPerStep : null,
        run.Budget?.Pairs,
        run.Error,
        run.Name);

    private static DateTimeOffset? When(DateTime? utc) => utc is { } value ? new DateTimeOffset(value) : null;
}
