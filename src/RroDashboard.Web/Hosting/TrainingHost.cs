using System.Collections.Concurrent;
using System.Threading.Channels;
using RroDashboard.Core;
using RroDashboard.Core.Events;
using RroDashboard.Core.Plans;
using RroDashboard.Data;
using RroDashboard.Web.Streaming;

namespace RroDashboard.Web.Hosting;

/// <summary>
/// The queue of runs. One run at a time works on a thread of its own, because a run computes for minutes and its tensor scopes
/// belong to a thread. However a run ends, its last fact says so; the host itself goes on.
/// </summary>
public sealed class TrainingHost(
    ITrainingRunner runner, RunStore store, JournalWriter journals, LiveFeed feed, DataFolder folder, TimeProvider time, ILogger<TrainingHost> logger)
    : BackgroundService
{
    /// <summary>Runs that can wait.</summary>
    public const int QueueCapacity = 100;

    private readonly Channel<Job> _queue = Channel.CreateUnbounded<Job>(new UnboundedChannelOptions { SingleReader = true });
    private readonly ConcurrentDictionary<string, Job> _jobs = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _enqueue = new(1, 1);
    private volatile Job? _running;
    private volatile bool _closing;

    private enum Asked
    {
        Nothing,
        Stop,
        Shutdown,
    }

    /// <summary>Run that works now; null when none does.</summary>
    public string? RunningId => _running?.RunId;

    /// <summary>Runs that wait, in no order.</summary>
    public IReadOnlyCollection<string> QueuedIds => [.. _jobs.Values.Where(j => j != _running && j.Asked == Asked.Nothing).Select(j => j.RunId)];

    /// <summary>Adds a run to the queue.</summary>
    /// <param name="plan">Checked and copied.</param>
    /// <param name="name">What a person calls it; blank takes the preset's name.</param>
    /// <param name="key">The same key gives the same run, however often it is asked; null always makes one.</param>
    /// <param name="cancellationToken">Ends the call, not the run.</param>
    /// <returns>Its id.</returns>
    /// <exception cref="PlanException">The plan is not allowed.</exception>
    /// <exception cref="InvalidOperationException">The queue is full, or the dashboard is stopping.</exception>
    public async Task<string> EnqueueAsync(RunPlan plan, string name, string? key = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(plan);
        var own = PlanSettings.Copy(plan);

        // One at a time: the same key must not make two jobs of one run, and the capacity must hold.
        await _enqueue.WaitAsync(cancellationToken);
        try
        {
            if (_closing)
            {
                throw new InvalidOperationException("The dashboard is stopping and takes no more runs.");
            }

            if (_jobs.Count > QueueCapacity)
            {
                throw new InvalidOperationException($"{QueueCapacity} runs wait already: stop one of them or wait until one has ended.");
            }

            var (id, created) = await store.CreateAsync(own, name, key, cancellationToken);
            if (created)
            {
                var job = new Job(id, own);
                _jobs[id] = job;
                await _queue.Writer.WriteAsync(job, CancellationToken.None);
                feed.OnListChanged(id);
            }

            return id;
        }
        finally
        {
            _enqueue.Release();
        }
    }

    /// <summary>Asks a run to end. One that waits ends at once, one that works between two updates.</summary>
    /// <returns>False when it is neither waiting nor working.</returns>
    public bool Stop(string runId)
    {
        if (!_jobs.TryGetValue(runId, out var job))
        {
            return false;
        }

        job.Ask(Asked.Stop);
        if (job.TryClaim())
        {
            // Nobody works on it, and now nobody will.
            End(job, new RunEnded(RunState.Stopped, null, null));
        }

        return true;
    }

    /// <inheritdoc/>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        // Not between the row of a new run and its place in the queue.
        await _enqueue.WaitAsync(cancellationToken);
        _closing = true;
        _enqueue.Release();
        _queue.Writer.TryComplete();
        foreach (var job in _jobs.Values)
        {
            job.Ask(Asked.Shutdown);
        }

        // base.StopAsync would not wait longer than this either; it is the host's limit for stopping.
        if (ExecuteTask is { } work)
        {
            await work.WaitAsync(cancellationToken);
        }

        await base.StopAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _enqueue.Dispose();
        base.Dispose();
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // Until the queue is closed and empty: at shutdown every job that waits still has to be told that it was interrupted.
        await foreach (var job in _queue.Reader.ReadAllAsync(CancellationToken.None))
        {
            if (!job.TryClaim())
            {
                continue;
            }

            if (job.Asked != Asked.Nothing)
            {
                End(job, EndedOnRequest(job));
                continue;
            }

            _running = job;
            var done = new TaskCompletionSource<RunEnded>(TaskCreationOptions.RunContinuationsAsynchronously);
            try
            {
                new Thread(() => done.SetResult(Work(job))) { Name = $"run {job.RunId}", IsBackground = true }.Start();
                End(job, await done.Task);
            }
            catch (Exception e)
            {
                logger.LogError(e, "Run {RunId} could not be begun.", job.RunId);
                End(job, new RunEnded(RunState.Failed, e.Message, null));
            }
            finally
            {
                _running = null;
            }
        }
    }

    private static RunEnded EndedOnRequest(Job job) => job.Asked == Asked.Stop
        ? new RunEnded(RunState.Stopped, null, null)
        : new RunEnded(RunState.Interrupted, "The dashboard was stopped while this run was open; everything that was shown is still here.", null);

    private RunEnded Work(Job job)
    {
        try
        {
            RunSummary summary = runner.Run(job.Plan, folder.CreateRunFolder(job.RunId), journals.Open(job.RunId), time, job.Token);
            return new RunEnded(RunState.Finished, null, summary);
        }
        catch (OperationCanceledException) when (job.Asked != Asked.Nothing)
        {
            return EndedOnRequest(job);
        }
        catch (Exception e)
        {
            logger.LogError(e, "Run {RunId} failed.", job.RunId);
            return new RunEnded(RunState.Failed, e.Message, null);
        }
    }

    private void End(Job job, RunEnded ended)
    {
        try
        {
            journals.Open(job.RunId).Record(ended);
        }
        catch (InvalidOperationException e)
        {
            // The next start finds the run open and says that it was interrupted.
            logger.LogError(e, "The end of run {RunId} ({State}) could not be recorded.", job.RunId, ended.State);
        }

        _jobs.TryRemove(job.RunId, out _);
        job.Dispose();
    }

    private sealed class Job(string runId, RunPlan plan) : IDisposable
    {
        private readonly Lock _lock = new();
        private readonly CancellationTokenSource _cancel = new();
        private bool _disposed;
        private int _claimed;

        public string RunId => runId;

        public RunPlan Plan => plan;

        public CancellationToken Token => _cancel.Token;

        public Asked Asked { get; private set; }

        /// <summary>Whoever gets true decides how the job goes on.</summary>
        public bool TryClaim() => Interlocked.Exchange(ref _claimed, 1) == 0;

        /// <summary>A person's wish stands against a shutdown that follows.</summary>
        public void Ask(Asked what)
        {
            lock (_lock)
            {
                if (_disposed)
                {
                    return;
                }

                if (Asked == Asked.Nothing)
                {
                    Asked = what;
                }

                _cancel.Cancel();
            }
        }

        public void Dispose()
        {
            lock (_lock)
            {
                _disposed = true;
                _cancel.Dispose();
            }
        }
    }
}
