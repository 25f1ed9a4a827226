using System.Threading.Channels;
using RroDashboard.Core.Events;
using RroDashboard.Core.Plans;
using RroDashboard.Data;
using RroDashboard.Training;
using RroDashboard.Web.Configuration;
using RroDashboard.Web.Observability;

namespace RroDashboard.Web.Hosting;

/// <summary>
/// The in-process training host: a queue, one run at a time on a thread of its own. Whatever a run does, the host goes on, and how the
/// run ended is a fact.
/// </summary>
public sealed class TrainingHost(
    RunStore store,
    ResumeQueries past,
    JournalWriter journal,
    PairSetTraining pairs,
    ITrainingRunner runner,
    DashboardOptions options,
    DeviceTurn device,
    TimeProvider time,
    ILogger<TrainingHost> logger) : BackgroundService, IBoundedBuffers
{
    /// <summary>Runs that may wait: a queue longer than this is a mistake of a script.</summary>
    public const int MaxQueued = 100;

    private readonly Channel<Job> _queue = Channel.CreateUnbounded<Job>();
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Job> _open = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _enqueue = new(1, 1);
    private bool _closing;
    private long _refused;

    /// <summary>Run that works now; null when none does.</summary>
    public string? RunningId { get; private set; }

    /// <summary>Why no run can be started, as one sentence; null when one can.</summary>
    public string? WhyNoRun => runner.WhyNot;

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<BufferState>> BuffersAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return new([new("queued_runs", "Runs that wait for the device", MaxQueued, "a new one is refused with a sentence", _open.Count(o => o.Key != RunningId), _refused)]);
        }
    }

    /// <summary>Adds a run to the queue; the same key gives the same run.</summary>
    /// <returns>The run's id, and whether it was made by this call.</returns>
    /// <exception cref="RefusalException">No engine, or the queue is full.</exception>
    /// <exception cref="PlanException">The plan contradicts itself.</exception>
    public async Task<(string Id, bool Made)> EnqueueAsync(RunPlan plan, string requestKey, CancellationToken cancellationToken, RunOwner? owner = null)
    {
        PlanSettings.Validate(plan);
        // What it is to learn from is looked at now, so that nobody waits in the queue for a refusal; it is read when its turn comes.
        await pairs.OpenAsync(plan, cancellationToken);
        // One at a time: otherwise two could take the last place, and one could come between the row of a run and its place.
        await _enqueue.WaitAsync(cancellationToken);
        try
        {
            CheckPlace();
            var (id, made) = await store.CreateAsync(plan, requestKey, cancellationToken, owner);
            if (made)
            {
                Add(new Job(id, PlanSettings.Copy(plan), resumed: false));
            }

            return (id, made);
        }
        finally
        {
            _enqueue.Release();
        }
    }

    /// <summary>
    /// Puts a run that was stopped or interrupted back into the queue: it goes on from its last complete stage, and within exploration
    /// from its finished walks, under its old id.
    /// </summary>
    /// <exception cref="RefusalException">There is no such run, it did not end early, its plan or data have changed, or nothing can be run now.</exception>
    public async Task ResumeAsync(string runId, CancellationToken cancellationToken)
    {
        await _enqueue.WaitAsync(cancellationToken);
        try
        {
            CheckPlace();
            // What ended a moment ago may not be committed yet, and a summary of half the facts would redo what is done.
            await journal.FlushAsync(cancellationToken);
            var (run, facts) = await ReadPastAsync(runId, cancellationToken) ?? throw new RefusalException($"There is no run '{runId}'.");
            if (run.ImportedUtc is not null)
            {
                throw new RefusalException(ImportedRun.Refusal(runId));
            }

            if (run.Remote is not null)
            {
                throw new RefusalException($"Run '{runId}' is of a trainer elsewhere: it goes on when that trainer speaks again.");
            }

            if (run.State is not (RunState.Stopped or RunState.Interrupted))
            {
                throw new RefusalException($"Run '{runId}' is {run.State.ToString().ToLowerInvariant()}: only a run that was stopped or interrupted can be resumed.");
            }

            // Reads the environment's data: not on a thread that serves pages.
            if (await Task.Run(() => WhyNotResume(run, facts), cancellationToken) is { } reason)
            {
                throw new RefusalException(reason);
            }

            if (!facts.Stages.ContainsKey(Stage.Explore))
            {
                await CheckPairsAsync(run, cancellationToken);
            }

            if (!await store.ReopenAsync(runId, cancellationToken))
            {
                throw new RefusalException($"Run '{runId}' has changed meanwhile: look at it again.");
            }

            Add(new Job(runId, PlanSettings.Copy(run.Plan), resumed: true));
        }
        finally
        {
            _enqueue.Release();
        }
    }

    private async Task<(RunInfo Run, RunPast Past)?> ReadPastAsync(string runId, CancellationToken cancellationToken)
    {
        try
        {
            return await past.ReadAsync(runId, cancellationToken);
        }
        catch (ResumeException e)
        {
            throw new RefusalException(e.Message);
        }
    }

    private async Task CheckPairsAsync(RunInfo run, CancellationToken cancellationToken)
    {
        try
        {
            await pairs.OpenAsync(run.Plan, cancellationToken);
        }
        catch (PlanException e)
        {
            throw new RefusalException(e.Message);
        }
    }

    private string? WhyNotResume(RunInfo run, RunPast facts)
    {
        try
        {
            return runner.WhyNotResume(run.Plan, RunFolder(run.Id), facts);
        }
        catch (PlanException e)
        {
            return e.Message;
        }
    }

    // Under the enqueue lock.
    private void CheckPlace()
    {
        if (WhyNoRun is { } reason)
        {
            throw new RefusalException(reason);
        }

        lock (_lock)
        {
            if (_closing)
            {
                throw new RefusalException("The dashboard is stopping and takes no more runs.");
            }

            if (_open.Count(o => o.Key != RunningId) >= MaxQueued)
            {
                _refused++;
                throw new RefusalException($"{MaxQueued} runs wait already: stop some of them first.");
            }
        }
    }

    private void Add(Job job)
    {
        lock (_lock)
        {
            _open[job.Id] = job;
        }

        _queue.Writer.TryWrite(job);
    }

    /// <summary>Asks a run to stop; it ends between two updates, or at once if it still waits. Nothing happens to one that has ended.</summary>
    public void Stop(string runId)
    {
        Job? job;
        bool waits;
        lock (_lock)
        {
            job = _open.GetValueOrDefault(runId);
            job?.Stop.Cancel();
            waits = job is not null && job.TryClaim();
        }

        if (waits)
        {
            // Nobody works on it, and now nobody will.
            End(job!, new RunEnded(RunState.Stopped, null, null));
        }
    }

    /// <summary>Folder of a run's checkpoints. The id is ours, never a request's.</summary>
    public string RunFolder(string runId) => options.RunFolder(runId);

    /// <summary>Where a checkpoint of a run lies.</summary>
    public string CheckpointFolder(string runId, CheckpointSaved saved) => options.CheckpointFolder(runId, saved);

    /// <summary>Closes the runs that a process left behind, before this one can add any, and begins to work.</summary>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        // Whoever stops in order says of each run how it ended: one that still counts as working died with its process.
        await store.MarkCrashedAsync(cancellationToken);
        foreach (var left in await store.LeftBehindAsync(cancellationToken))
        {
            journal.Open(left).Record(new RunEnded(RunState.Interrupted, "The server ended while the run was open.", null));
        }

        await base.StartAsync(cancellationToken);
    }

    /// <summary>Takes no more runs, ends the one that works, and records of it and of those that wait that they were interrupted.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await _enqueue.WaitAsync(cancellationToken);
        lock (_lock)
        {
            _closing = true;
        }

        _enqueue.Release();
        _queue.Writer.TryComplete();
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
        // Until the queue is closed and empty, not until the token says so: those that wait have to be told.
        await foreach (var job in _queue.Reader.ReadAllAsync(CancellationToken.None))
        {
            using var turn = await device.TakeAsync(CancellationToken.None);
            lock (_lock)
            {
                if (!job.TryClaim())
                {
                    continue;
                }

                RunningId = job.Id;
            }

            using var either = CancellationTokenSource.CreateLinkedTokenSource(job.Stop.Token, stoppingToken);
            var ended = new TaskCompletionSource<RunEnded>(TaskCreationOptions.RunContinuationsAsynchronously);
            var thread = new Thread(() => ended.SetResult(Train(job, either.Token))) { IsBackground = true, Name = $"train {job.Id}" };
            thread.Start();
            End(job, await ended.Task);
        }
    }

    private void End(Job job, RunEnded end)
    {
        try
        {
            journal.Open(job.Id).Record(end);
        }
        catch (IOException e)
        {
            logger.LogError(e, "The end of run {Run} could not be recorded; it will be found as interrupted", job.Id);
        }

        lock (_lock)
        {
            if (_open.GetValueOrDefault(job.Id) == job)
            {
                _open.Remove(job.Id); // Somebody may have resumed it already: that job stays.
            }

            RunningId = RunningId == job.Id ? null : RunningId;
            job.Stop.Dispose();
        }
    }

    private RunEnded Train(Job job, CancellationToken cancellationToken)
    {
        try
        {
            cancellationToken.ThrowIfCancellationRequested();
            Directory.CreateDirectory(RunFolder(job.Id));
            // Read now and not when it was queued: it may have waited long, and it may be large.
            var facts = job.Resumed ? past.ReadAsync(job.Id, cancellationToken).GetAwaiter().GetResult()?.Past : null;
            var given = facts?.Stages.ContainsKey(Stage.Explore) == true ? null : pairs.OpenAsync(job.Plan, cancellationToken).GetAwaiter().GetResult();
            return new RunEnded(RunState.Finished, null, runner.Run(job.Plan, RunFolder(job.Id), new ClockJournal(journal.Open(job.Id), time), facts, given, cancellationToken));
        }
        catch (ResumeException e)
        {
            // Nothing of it was touched: once the reason is gone it can be resumed all the same.
            return new RunEnded(RunState.Interrupted, e.Message, null);
        }
        catch (RunPausedException e)
        {
            // Stopped by its own guard: a person may let it go on, as with any stopped run.
            return new RunEnded(RunState.Stopped, e.Message, null);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // A person's wish counts, even if the server stops before the run has heard of it.
            return job.Stop.IsCancellationRequested
                ? new RunEnded(RunState.Stopped, null, null)
                : new RunEnded(RunState.Interrupted, "The server was stopped while the run was open.", null);
        }
        catch (Exception e)
        {
            // Whatever went wrong belongs to this run; the host and the other runs go on.
            logger.LogError(e, "Run {Run} failed", job.Id);
            return new RunEnded(RunState.Failed, e.GetBaseException().Message, null);
        }
    }

    private sealed class Job(string id, RunPlan plan, bool resumed)
    {
        private bool _claimed;

        public string Id => id;

        public bool Resumed => resumed;

        public RunPlan Plan => plan;

        public CancellationTokenSource Stop { get; } = new();

        /// <summary>Only under the host's lock. Whoever gets true decides how the run goes on.</summary>
        public bool TryClaim()
        {
            var first = !_claimed;
            _claimed = true;
            return first;
        }
    }
}
