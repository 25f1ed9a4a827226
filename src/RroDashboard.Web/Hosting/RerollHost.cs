using System.Threading.Channels;
using RroDashboard.Core.Events;
using RroDashboard.Core.Exploration;
using RroDashboard.Core.Plans;
using RroDashboard.Data;
using RroDashboard.Training;
using RroDashboard.Web.Observability;

namespace RroDashboard.Web.Hosting;

/// <summary>Re-rolls, one after another, when no run computes. A request and what came of it are facts of the run.</summary>
public sealed class RerollHost(RunQueries queries, JournalWriter journal, TrainingHost host, DeviceTurn device, ILogger<RerollHost> logger) : BackgroundService, IBoundedBuffers
{
    /// <summary>Re-rolls that may wait.</summary>
    public const int MaxQueued = 20;

    private readonly Channel<(string RunId, int Round)> _queue = Channel.CreateBounded<(string, int)>(MaxQueued);
    private readonly SemaphoreSlim _asking = new(1, 1);
    private readonly List<(string RunId, int Round)> _leftBehind = [];
    private long _refused;

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<BufferState>> BuffersAsync(CancellationToken cancellationToken) =>
        new([new("queued_rerolls", "Re-rolls that wait for the device", MaxQueued, "a new one is refused with a sentence", _queue.Reader.Count, Interlocked.Read(ref _refused))]);

    /// <summary>Asks for another round.</summary>
    /// <returns>Why not, as one sentence; null when it waits now.</returns>
    public async Task<string?> RequestAsync(string runId, CancellationToken cancellationToken)
    {
        await _asking.WaitAsync(cancellationToken);
        try
        {
            if (await queries.FindAsync(runId, cancellationToken) is not { } run)
            {
                return "The run was removed meanwhile.";
            }

            if (run.ImportedUtc is not null)
            {
                return ImportedRun.Refusal(runId);
            }

            if (run.Remote is not null)
            {
                return $"Run '{runId}' is of a trainer elsewhere, whose policy is not here to roll out with.";
            }

            if ((host.WhyNoRun ?? Reroll.WhyNot(run.Plan)) is { } reason)
            {
                return reason;
            }

            var facts = await queries.HeaderAsync(runId, cancellationToken);
            if (facts.Explorer() is null)
            {
                return "The run has no checkpoint of its fine-tuned policy, so there is nothing to roll out with.";
            }

            var asked = facts.OfType<RerollRequested>().ToList();
            if (Open(facts).Any())
            {
                return "A re-roll of this run waits or works already.";
            }

            var round = asked.Count == 0 ? 1 : asked.Max(a => a.Round) + 1;
            if (_queue.Reader.Count >= MaxQueued)
            {
                _refused++;
                return $"{MaxQueued} re-rolls wait already.";
            }

            journal.Open(runId).Record(new RerollRequested(round, Reroll.Steps));
            await journal.FlushAsync(cancellationToken);
            await _queue.Writer.WriteAsync((runId, round), cancellationToken);
            return null;
        }
        catch (IOException e)
        {
            return e.Message;
        }
        finally
        {
            _asking.Release();
        }
    }

    /// <summary>Finds the re-rolls that a process left behind, before anyone can ask for more.</summary>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var runId in await queries.WithOpenRerollsAsync(cancellationToken))
        {
            _leftBehind.AddRange(Open(await queries.HeaderAsync(runId, cancellationToken)).Select(round => (runId, round)));
        }

        await base.StartAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _asking.Dispose();
        base.Dispose();
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            // Here and not at the start: a disk that refuses must not keep the server from serving what there is.
            foreach (var (runId, round) in _leftBehind)
            {
                await RecordAsync(runId, round, new RerollFailed(round, "The server ended before it was done; ask again."), stoppingToken);
            }

            await foreach (var (runId, round) in _queue.Reader.ReadAllAsync(stoppingToken))
            {
                RunFact result;
                using (await device.TakeAsync(stoppingToken))
                {
                    result = await Task.Factory.StartNew(() => RunAsync(runId, round, stoppingToken), stoppingToken, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap();
                }

                // Without the device: runs need not wait for the disk.
                await RecordAsync(runId, round, result, stoppingToken);
            }
        }
        catch (OperationCanceledException)
        {
            // The server stops; what was asked for is found open by the next one.
        }
    }

    // A disk that refuses must neither stop the server nor cost what was computed.
    private async Task RecordAsync(string runId, int round, RunFact result, CancellationToken stoppingToken)
    {
        while (true)
        {
            try
            {
                journal.Open(runId).Record(result);
                return;
            }
            catch (IOException e)
            {
                logger.LogError(e, "What came of re-roll {Round} of run {Run} could not be recorded", round, runId);
                if (!journal.Takes(runId))
                {
                    return;
                }

                await Task.Delay(JournalLimits.RetryAfter, stoppingToken);
            }
        }
    }

    private async Task<RunFact> RunAsync(string runId, int round, CancellationToken stoppingToken)
    {
        try
        {
            if (await queries.FindAsync(runId, stoppingToken) is not { } run)
            {
                return new RerollFailed(round, "The run was removed meanwhile.");
            }

            var sampledBy = (await queries.HeaderAsync(runId, stoppingToken)).Explorer()!;
            var opened = await queries.AllAsync<TaskOpened>(runId, stoppingToken);
            var decided = await queries.AllAsync<StepDecided>(runId, stoppingToken);
            var steps = Reroll.Choose(run.Plan, round, opened, decided);
            return steps.Count == 0
                ? new RerollFailed(round, "No step of this run rose, so there is none to value again.")
                : await TensorThread.RunAsync("re-roll", () => Reroll.Run(run.Plan, host.RunFolder(runId), sampledBy, round, steps, stoppingToken));
        }
        catch (Exception e) when (e is InvalidDataException or PlanException or IOException)
        {
            return new RerollFailed(round, e.Message);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // Whatever went wrong belongs to this round; the host goes on.
            logger.LogError(e, "Re-roll {Round} of run {Run} failed", round, runId);
            return new RerollFailed(round, e.GetBaseException().Message);
        }
    }

    private static IEnumerable<int> Open(IReadOnlyList<RunFact> facts) => facts.OfType<RerollRequested>().Select(a => a.Round)
        .Except(facts.OfType<RerollFinished>().Select(f => f.Round)).Except(facts.OfType<RerollFailed>().Select(f => f.Round));
}
