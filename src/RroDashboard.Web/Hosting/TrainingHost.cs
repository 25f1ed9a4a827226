using System.Threading.Channels;
using RroDashboard.Core.Events;
using RroDashboard.Core.Plans;
using RroDashboard.Data;
using RroDashboard.Web.Configuration;

namespace RroDashboard.Web.Hosting;

/// <summary>
/// The in-process training host: a queue, one run at a time on a thread of its own. Whatever a run does, the host goes on, and how the
/// run ended is a fact.
/// </summary>
public sealed class TrainingHost(
    RunStore store,
    JournalWriter journal,
    ITrainingRunner runner,
    DashboardOptions options,
    ILogger<TrainingHost> logger) : BackgroundService
{
    /// <summary>Runs that may wait: a queue longer than this is a mistake of a script.</summary>
    public const int MaxQueued = 100;

    private readonly Channel<(string Id, RunPlan Plan)> _queue = Channel.CreateBounded<(string, RunPlan)>(MaxQueued);
    private readonly Lock _lock = new();
    private readonly Dictionary<string, CancellationTokenSource> _open = new(StringComparer.Ordinal);

    /// <summary>Why no run can be started, as one sentence; null when one can.</summary>
    public string? WhyNoRun => runner.WhyNot;

    /// <summary>Adds a run to the queue; the same key gives the same run.</summary>
    /// <exception cref="RefusalException">No engine, or the queue is full.</exception>
    /// <exception cref="PlanException">The plan contradicts itself.</exception>
    public async Task<string> EnqueueAsync(RunPlan plan, string requestKey, CancellationToken cancellationToken)
    {
        PlanSettings.Validate(plan);
        if (WhyNoRun is { } reason)
        {
            throw new RefusalException(reason);
        }

        if (_queue.Reader.Count >= MaxQueued)
        {
            throw new RefusalException($"{MaxQueued} runs wait already: stop some of them first.");
        }

        var (id, made) = await store.CreateAsync(plan, requestKey, cancellationToken);
        if (made)
        {
            lock (_lock)
            {
                _open[id] = new CancellationTokenSource();
            }

            await _queue.Writer.WriteAsync((id, PlanSettings.Copy(plan)), cancellationToken);
        }

        return id;
    }

    /// <summary>Asks a run to stop; it ends between two updates, or at once if it still waits. Nothing happens to one that has ended.</summary>
    public void Stop(string runId)
    {
        lock (_lock)
        {
            _open.GetValueOrDefault(runId)?.Cancel();
        }
    }

    /// <summary>Folder of a run's checkpoints. The id is ours, never a request's.</summary>
    public string RunFolder(string runId) => Path.Combine(options.DataFolder, "runs", runId);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // Whatever is open in the database belonged to a process that is gone.
        foreach (var left in await store.LeftBehindAsync(stoppingToken))
        {
            journal.Open(left).Record(new RunEnded(RunState.Interrupted, "The server ended while the run was open.", null));
        }

        try
        {
            await foreach (var (id, plan) in _queue.Reader.ReadAllAsync(stoppingToken))
            {
                await PlayAsync(id, plan, stoppingToken);
            }
        }
        catch (OperationCanceledException)
        {
            // The server stops; runs that still wait are found at the next start.
        }
    }

    private async Task PlayAsync(string id, RunPlan plan, CancellationToken stoppingToken)
    {
        CancellationTokenSource stop;
        lock (_lock)
        {
            stop = _open[id];
        }

        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop.Token, stoppingToken);
        var ended = new TaskCompletionSource<RunEnded>(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() => ended.SetResult(Train(id, plan, either.Token, stoppingToken))) { IsBackground = true, Name = $"train {id}" };
        thread.Start();
        var end = await ended.Task;
        try
        {
            journal.Open(id).Record(end);
        }
        catch (IOException e)
        {
            logger.LogError(e, "The end of run {Run} could not be recorded; it will be found as interrupted", id);
        }

        lock (_lock)
        {
            _open.Remove(id);
        }

        stop.Dispose();
    }

    private RunEnded Train(string id, RunPlan plan, CancellationToken cancellationToken, CancellationToken serverStops)
    {
        try
        {
            cancellationToken.ThrowIfCancellationRequested();
            Directory.CreateDirectory(RunFolder(id));
            return new RunEnded(RunState.Finished, null, runner.Run(plan, RunFolder(id), journal.Open(id), cancellationToken));
        }
        catch (OperationCanceledException)
        {
            return serverStops.IsCancellationRequested
                ? new RunEnded(RunState.Interrupted, "The server was stopped while the run was open.", null)
                : new RunEnded(RunState.Stopped, null, null);
        }
        catch (Exception e)
        {
            // Whatever went wrong belongs to this run; the host and the other runs go on.
            logger.LogError(e, "Run {Run} failed", id);
            return new RunEnded(RunState.Failed, e.GetBaseException().Message, null);
        }
    }
}
