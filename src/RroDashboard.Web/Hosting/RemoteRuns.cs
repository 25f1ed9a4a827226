using System.Text.Json;
using RroDashboard.Core.Events;
using RroDashboard.Core.Metrics;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Rewards;
using RroDashboard.Data;
using RroDashboard.Web.Configuration;
using RroDashboard.Web.Observability;
using RroDashboard.Web.Streaming;

namespace RroDashboard.Web.Hosting;

/// <summary>What a trainer elsewhere says of a run when it begins it.</summary>
/// <param name="Name">Of the run, for people.</param>
/// <param name="Method">How it trains, for example "GRPO".</param>
/// <param name="Environment">What the agent acts in, for example "ALFWorld".</param>
/// <param name="Config">Its settings, a JSON object.</param>
/// <param name="Settings">Settings of this dashboard's own plans that hold for it too, by path: Seed, Explore.MaxCandidates and the like. Pages read the rule of its ledger from them.</param>
/// <param name="Trainer">Program and version.</param>
/// <param name="EnvironmentHash">SHA-256 of what decides the environment's behaviour.</param>
/// <param name="Parameters">Trainable numbers of the policy; 0 for unknown.</param>
/// <param name="Vocabulary">Number of tokens; 0 for unknown.</param>
/// <param name="RewardRange">Lowest and highest final reward; 0 to 1 where none is named.</param>
/// <param name="SilentAfterSeconds">Silence after which the run counts as crashed.</param>
public sealed record NewRemoteRun(
    string Name,
    string Method,
    string Environment,
    JsonElement? Config = null,
    IReadOnlyDictionary<string, string>? Settings = null,
    string Trainer = "",
    string EnvironmentHash = "",
    long Parameters = 0,
    int Vocabulary = 0,
    RewardRange? RewardRange = null,
    int SilentAfterSeconds = RemoteLimits.DefaultSilence);

/// <summary>
/// Runs of trainers elsewhere: begins them, hands their batches to the journal, and says of those that fall silent that they crashed. What is
/// decided about a batch is decided by the writer in the transaction of its events; nothing about it is kept here.
/// </summary>
public sealed class RemoteRuns(RunStore store, RemoteQueries queries, JournalWriter journal, LiveFeed feed, TimeProvider time, ILogger<RemoteRuns> logger)
    : BackgroundService, IBoundedBuffers
{
    /// <summary>Time between two looks for silent runs.</summary>
    public static TimeSpan SweepEvery { get; } = TimeSpan.FromSeconds(2);

    /// <summary>Longest wait for a place among the batches that wait for the writer.</summary>
    public static TimeSpan LongestWait { get; } = TimeSpan.FromSeconds(5);

    // What decides a policy that this program trains says nothing about another program's.
    private static readonly string[] s_shared = ["", nameof(RunPlan.Explore), nameof(RunPlan.Dpo), nameof(RunPlan.Evaluate)];

    private readonly SemaphoreSlim _begin = new(1, 1);
    private readonly SemaphoreSlim _places = new(RemoteLimits.BatchesAtOnce, RemoteLimits.BatchesAtOnce);
    private readonly DateTime _since = time.GetUtcNow().UtcDateTime;
    private long _sentAway;

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<BufferState>> BuffersAsync(CancellationToken cancellationToken) => ValueTask.FromResult<IReadOnlyList<BufferState>>(
    [
        new(
            "remote_batches", "Batches of trainers elsewhere on their way to the database", RemoteLimits.BatchesAtOnce, $"one that waits for {LongestWait.TotalSeconds:0} s is told to come again",
            RemoteLimits.BatchesAtOnce - _places.CurrentCount, Interlocked.Read(ref _sentAway)),
    ]);

    /// <summary>Begins a run; the same key gives the same run.</summary>
    /// <returns>Its id and the number of the batch that is expected.</returns>
    /// <exception cref="RemoteException">Something about it is not allowed.</exception>
    /// <exception cref="PlanException">A shared setting is none.</exception>
    /// <exception cref="RefusalException">Too many are open.</exception>
    public async Task<(string Id, long Next, bool Made)> BeginAsync(NewRemoteRun asked, string requestKey, RunOwner owner, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(asked);
        var (remote, plan, settings) = Check(asked);
        // One at a time, so that the last place is taken once.
        await _begin.WaitAsync(cancellationToken);
        try
        {
            if ((await queries.OpenAsync(cancellationToken)).Count >= RemoteLimits.OpenRuns)
            {
                throw new RefusalException($"{RemoteLimits.OpenRuns} runs of trainers elsewhere are open already: end some of them first.");
            }

            var (id, made) = await store.CreateAsync(plan, requestKey, cancellationToken, owner, (remote, asked.Name.Trim(), settings));
            // The beginning is the batch before the first: where the server died between the row and this, the same request brings it again.
            var receipt = await journal.AppendAsync(
                id, 0, [new RunStarted(settings, remote.Environment, asked.EnvironmentHash, remote.Trainer, asked.Parameters, asked.Vocabulary, remote.Range)], cancellationToken);
            if (receipt.Answer == RemoteAnswer.Gone)
            {
                throw new RefusalException($"The run '{id}' of this key was removed: use another key.");
            }

            feed.RunListChanged(id);
            return (id, receipt.Last + 1, made);
        }
        finally
        {
            _begin.Release();
        }
    }

    /// <summary>Takes a batch. It is looked at only where its number is the next: what was taken before is not looked at again.</summary>
    /// <returns>What became of it; null when there is no such run.</returns>
    /// <exception cref="RemoteException">Its events cannot be taken.</exception>
    /// <exception cref="RefusalException">The run is of this program.</exception>
    /// <exception cref="IOException">The journal cannot be written, or too many batches wait for it.</exception>
    public async Task<RemoteReceipt?> AppendAsync(string runId, long number, IReadOnlyList<(string Kind, RunEvent Event)> events, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(events);
        if (!await _places.WaitAsync(LongestWait, cancellationToken))
        {
            Interlocked.Increment(ref _sentAway);
            throw new IOException($"{RemoteLimits.BatchesAtOnce} batches wait for the database already: send it again in a moment.");
        }

        try
        {
            if (await FindAsync(runId, cancellationToken) is not { } found)
            {
                return null;
            }

            IReadOnlyList<RunEvent> recorded = [];
            if (number == found.Last + 1 && found.Run.State is RunState.Queued or RunState.Running or RunState.Interrupted)
            {
                var past = await queries.PastAsync(found.Run, [.. events.Select(e => e.Event)], cancellationToken);
                recorded = await CheckAsync(found.Run.Id, number, past, events, cancellationToken);
            }
            else if (number > found.Last)
            {
                return new RemoteReceipt(number == found.Last + 1 ? RemoteAnswer.Closed : RemoteAnswer.Gap, found.Last, found.Run.StopAskedUtc is not null, found.Run.State);
            }

            return await journal.AppendAsync(found.Run.Id, number, recorded, cancellationToken);
        }
        finally
        {
            _places.Release();
        }
    }

    /// <summary>Takes a word that says nothing but that the trainer lives.</summary>
    /// <returns>What became of it; null when there is no such run.</returns>
    /// <exception cref="RefusalException">The run is of this program.</exception>
    /// <exception cref="IOException">The journal cannot be written.</exception>
    public async Task<RemoteReceipt?> HeardAsync(string runId, CancellationToken cancellationToken) =>
        await FindAsync(runId, cancellationToken) is { } found ? await journal.HeardAsync(found.Run.Id, cancellationToken) : null;

    /// <inheritdoc/>
    public override void Dispose()
    {
        _begin.Dispose();
        _places.Dispose();
        base.Dispose();
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(SweepEvery, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                try
                {
                    await SweepAsync(stoppingToken);
                }
                catch (Exception e) when (e is IOException or System.Data.Common.DbException)
                {
                    // The next look tries again.
                    logger.LogWarning(e, "Silent runs could not be looked for");
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The server stops; a trainer elsewhere lives on.
        }
    }

    // While this server was away nobody could be heard: silence counts from its start.
    private async Task SweepAsync(CancellationToken stoppingToken)
    {
        var now = time.GetUtcNow().UtcDateTime;
        foreach (var open in await queries.OpenAsync(stoppingToken))
        {
            if (open.HeardUtc < now - open.SilentAfter && _since < now - open.SilentAfter)
            {
                await journal.SilentAsync(
                    open.Id, now - open.SilentAfter, $"Nothing was heard of the trainer for {open.SilentAfter.TotalSeconds:0} seconds; when it speaks again, the run goes on.", stoppingToken);
                feed.RunListChanged(open.Id);
            }
        }
    }

    private async Task<(RunInfo Run, long Last)?> FindAsync(string runId, CancellationToken cancellationToken)
    {
        if (await queries.FindAsync(runId, cancellationToken) is not { } found)
        {
            return null;
        }

        return found.Run switch
        {
            { ImportedUtc: not null } => throw new RefusalException(ImportedRun.Refusal(runId)),
            { Remote: null } => throw new RefusalException($"Run '{runId}' is trained by this dashboard: nobody else logs to it."),
            _ => found,
        };
    }

    // Where the same batch came twice at once, this one may have been held against what the other one had said: then the writer only has to say so.
    private async Task<IReadOnlyList<RunEvent>> CheckAsync(string runId, long number, RemotePast past, IReadOnlyList<(string Kind, RunEvent Event)> events, CancellationToken cancellationToken)
    {
        try
        {
            return [.. await ClocksAsync(runId, events, cancellationToken), .. RemoteRules.Check(past, events)];
        }
        catch (RemoteException)
        {
            if (await FindAsync(runId, cancellationToken) is { } now && number <= now.Last)
            {
                return [];
            }

            throw;
        }
    }

    // When the series of a stage reached a step, as ClockJournal notes it of runs of this program: when it came here, which is all that is known.
    private async Task<IReadOnlyList<RunEvent>> ClocksAsync(string runId, IReadOnlyList<(string Kind, RunEvent Event)> events, CancellationToken cancellationToken)
    {
        var reached = events.Select(e => e.Event).OfType<MetricPoint>().Where(p => p.Series.IndexOf('/', StringComparison.Ordinal) > 0 && p.Series.Length <= RemoteLimits.SeriesName)
            .GroupBy(p => SeriesNames.TimePrefix + p.Series[..p.Series.IndexOf('/', StringComparison.Ordinal)], StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.Max(p => p.Step), StringComparer.Ordinal);
        if (reached.Count == 0)
        {
            return [];
        }

        var before = await queries.HighestStepsAsync(runId, [.. reached.Keys], cancellationToken);
        var now = time.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0;
        return [.. reached.Where(r => !before.TryGetValue(r.Key, out var step) || r.Value > step).Select(r => new MetricPoint(r.Key, r.Value, now))];
    }

    private static (RemoteRun Remote, RunPlan Plan, IReadOnlyDictionary<string, string> Settings) Check(NewRemoteRun asked)
    {
        foreach (var (name, text, shortest) in new[] { ("name", asked.Name, 1), ("method", asked.Method, 1), ("environment", asked.Environment, 1), ("trainer", asked.Trainer, 0), ("environmentHash", asked.EnvironmentHash, 0) })
        {
            var length = text.Trim().Length;
            Need(length >= shortest && length <= RemoteLimits.Name && !text.Any(char.IsControl), $"{name} has {length} characters, or a control character: {shortest} to {RemoteLimits.Name} are allowed");
        }

        Need(asked.Parameters >= 0 && asked.Vocabulary >= 0, "parameters and vocabulary count from 0");
        Need(
            asked.SilentAfterSeconds is >= RemoteLimits.ShortestSilence and <= RemoteLimits.LongestSilence,
            $"silentAfterSeconds {asked.SilentAfterSeconds} is not allowed: {RemoteLimits.ShortestSilence} to {RemoteLimits.LongestSilence} are");
        var range = asked.RewardRange ?? Core.Rewards.RewardRange.Unit;
        Need(double.IsFinite(range.Low) && double.IsFinite(range.High) && range.Low < range.High, "rewardRange has to have a low below its high");
        var config = asked.Config ?? JsonSerializer.SerializeToElement(new Dictionary<string, string>());
        Need(config.ValueKind == JsonValueKind.Object, $"config is {config.ValueKind}: it has to be a JSON object");
        Need(config.GetRawText().Length <= RemoteLimits.Config, $"config has {config.GetRawText().Length} characters: at most {RemoteLimits.Config} are allowed");
        var settings = asked.Settings ?? new Dictionary<string, string>();
        foreach (var (path, value) in settings)
        {
            Need(value is not null, $"setting {path} has no value");
            Need(
                s_shared.Contains(PlanSettings.Find(path).Group) && path != $"{nameof(RunPlan.Dpo)}.{nameof(DpoOptions.PairsFrom)}",
                $"setting {path} is only of runs that this dashboard trains: Seed, Method, and those of Explore, Dpo and Evaluate can be shared; put others into config");
        }

        var plan = PlanSettings.FromDictionary(RemoteRun.Preset, settings);
        PlanSettings.Validate(plan);
        return (new RemoteRun(asked.Method.Trim(), asked.Environment.Trim(), asked.Trainer.Trim(), config, asked.SilentAfterSeconds, range), plan, settings);

        static void Need(bool holds, string wrong)
        {
            if (!holds)
            {
                throw new RemoteException(wrong[..1].ToUpperInvariant() + wrong[1..] + ".");
            }
        }
    }
}
