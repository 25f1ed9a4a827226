using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using RroDashboard.Core;
using RroDashboard.Core.Events;
using RroDashboard.Core.Exploration;
using RroDashboard.Core.Metrics;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Preferences;
using RroDashboard.Core.Rewards;
using RroDashboard.Data.Entities;

namespace RroDashboard.Data;

/// <summary>Everything pages and scripts read. Nothing is tracked, and no connection is held while a browser is waited for.</summary>
public sealed class RunQueries(IDbContextFactory<RroDbContext> contexts)
{
    /// <summary>Points of a series in a snapshot, at most.</summary>
    public const int SnapshotPoints = 2000;

    /// <summary>Feed entries in a snapshot, at most.</summary>
    public const int SnapshotFeed = 200;

    /// <summary>Alerts in a snapshot, at most.</summary>
    public const int SnapshotAlerts = 50;

    /// <summary>Rows of any list that one call gives, at most; a larger number is cut to it.</summary>
    public const int MaxTake = 1000;

    // Up to here the stored points themselves are read; past it a rollup, with the same peaks.
    private const int RawPoints = 16_384;

    private static readonly string[] s_headerKinds =
    [
        EventKinds.Of<RunStarted>(), EventKinds.Of<StageStarted>(), EventKinds.Of<StageFinished>(),
        EventKinds.Of<CheckpointSaved>(), EventKinds.Of<AlertRaised>(), EventKinds.Of<RunEnded>(),
    ];

    /// <summary>Runs, newest first.</summary>
    public async Task<RunListPage> ListAsync(int skip, int take, CancellationToken cancellationToken = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var rows = await context.Runs.AsNoTracking().OrderByDescending(r => r.CreatedTicks).ThenByDescending(r => r.Id)
            .Skip(Math.Max(0, skip)).Take(Limit(take)).ToListAsync(cancellationToken);
        return new RunListPage([.. rows.Select(Row)], await context.Runs.CountAsync(cancellationToken));
    }

    /// <summary>One run; null when there is none of this id.</summary>
    public async Task<RunListRow?> FindAsync(string runId, CancellationToken cancellationToken = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return await context.Runs.AsNoTracking().FirstOrDefaultAsync(r => r.Id == runId, cancellationToken) is { } run ? Row(run) : null;
    }

    /// <summary>Some runs by their ids; those that do not exist are left out.</summary>
    public async Task<IReadOnlyList<RunListRow>> FindAsync(IReadOnlyCollection<string> runIds, CancellationToken cancellationToken = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var rows = await context.Runs.AsNoTracking().Where(r => runIds.Contains(r.Id)).ToListAsync(cancellationToken);
        return [.. rows.Select(Row)];
    }

    /// <summary>The facts that a run's header shows, in order: started, stages, evaluations, checkpoints, alerts, ended.</summary>
    public async Task<IReadOnlyList<RunFact>> HeaderAsync(string runId, CancellationToken cancellationToken = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        await using var transaction = await ReadTransactionAsync(context, cancellationToken);
        var facts = (await EventsAsync(context, runId, s_headerKinds, cancellationToken))
            .Select(e => (e.Seq, Fact: (RunFact)RunEventJson.Read<RunEvent>(e.Json)))
            .ToList();
        var episodes = (await context.EvaluationEpisodes.AsNoTracking().Where(e => e.RunId == runId).OrderBy(e => e.Index).ToListAsync(cancellationToken))
            .ToLookup(e => e.Seq, e => new EpisodeResult(e.TaskId, e.Reward, e.Steps, e.InvalidActions, e.ActionTokens));
        foreach (var e in await context.Evaluations.AsNoTracking().Where(e => e.RunId == runId).ToListAsync(cancellationToken))
        {
            facts.Add((e.Seq, new EvaluationFinished(
                e.Stage, e.Decoding, e.Mean, e.Low, e.High, e.PerfectShare, e.ZeroShare, e.InvalidRate, e.MeanSteps, [.. episodes[e.Seq]])));
        }

        return [.. facts.OrderBy(f => f.Seq).Select(f => f.Fact)];
    }

    /// <summary>Everything a page needs to begin, as of one moment; null when there is no such run.</summary>
    public async Task<RunSnapshot?> SnapshotAsync(string runId, CancellationToken cancellationToken = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        await using var transaction = await ReadTransactionAsync(context, cancellationToken);
        if (await context.Runs.AsNoTracking().FirstOrDefaultAsync(r => r.Id == runId, cancellationToken) is not { } run)
        {
            return null;
        }

        var row = Row(run);
        var events = await EventsAsync(context, runId, s_headerKinds, cancellationToken);
        var read = events.Select(e => (e.Seq, At: Utc(e.AtTicks), Event: RunEventJson.Read<RunEvent>(e.Json))).ToList();
        var seconds = read.Select(e => e.Event).OfType<StageFinished>().ToLookup(s => s.Stage, s => s.Seconds);
        var steps = context.Steps.AsNoTracking().Where(s => s.RunId == runId);
        var tasks = context.Tasks.AsNoTracking().Where(t => t.RunId == runId);
        var walks = await tasks.CountAsync(cancellationToken);
        return new RunSnapshot
        {
            RunId = runId,
            Seq = run.LastSeq,
            Run = row,
            Settings = RunEventJson.Read<Dictionary<string, string>>(run.SettingsJson),
            Started = read.Select(e => e.Event).OfType<RunStarted>().Select(s => s with { Settings = new Dictionary<string, string>(StringComparer.Ordinal) }).FirstOrDefault(),
            Stages = [.. read.Where(e => e.Event is StageStarted)
                .Select(e => (((StageStarted)e.Event).Stage, e.At))
                .Select(s => new StageRow(s.Stage, s.At, seconds[s.Stage].Select(x => (double?)x).LastOrDefault()))],
            Series = await AllSeriesAsync(context, runId, cancellationToken),
            Feed = await FeedAsync(context, row, long.MaxValue, SnapshotFeed, cancellationToken),
            Histogram = new CandidateHistogram(
                [.. (await steps.Where(s => s.Verdict == StepVerdict.Rose).GroupBy(s => s.Tried)
                    .Select(g => new { Tried = g.Key, Count = g.Count() }).OrderBy(g => g.Tried).ToListAsync(cancellationToken))
                    .Select(g => new TriedCount(g.Tried, g.Count))],
                await steps.CountAsync(s => s.Verdict != StepVerdict.Rose, cancellationToken)),
            Rising = new RisingCurve(
                walks == 0 ? null : await tasks.AverageAsync(t => t.BaselineMean, cancellationToken),
                walks,
                [.. (await steps.Where(s => s.AcceptedMean != null).GroupBy(s => s.Step)
                    .Select(g => new { Step = g.Key, Mean = g.Average(s => s.AcceptedMean!.Value), N = g.Count() }).OrderBy(g => g.Step).ToListAsync(cancellationToken))
                    .Select(g => new StepMean(g.Step, g.Mean, g.N))]),
            Evaluations = [.. (await context.Evaluations.AsNoTracking().Where(e => e.RunId == runId).OrderBy(e => e.Seq).ToListAsync(cancellationToken))
                .Select(e => new EvaluationRow(
                    e.Seq, e.Stage, e.Decoding, e.Mean, e.Low, e.High, e.PerfectShare, e.ZeroShare, e.InvalidRate, e.MeanSteps, e.EpisodeCount))],
            Checkpoints = [.. read.Where(e => e.Event is CheckpointSaved).Select(e => (e.Seq, Saved: (CheckpointSaved)e.Event))
                .Select(e => new CheckpointRow(e.Seq, e.Saved.Stage, e.Saved.Folder, e.Saved.Sha256, e.Saved.Bytes))],
            Alerts = [.. read.Where(e => e.Event is AlertRaised).Reverse().Take(SnapshotAlerts).Select(e => (e.Seq, e.At, Raised: (AlertRaised)e.Event))
                .Select(e => new AlertRow(e.Seq, e.At, e.Raised.Severity, e.Raised.Text))],
            Summary = run.SummaryJson is { } summary ? RunEventJson.Read<RunSummary>(summary) : null,
        };
    }

    /// <summary>Decided steps before a number, newest first; empty when there is no such run.</summary>
    /// <param name="runId">Run.</param>
    /// <param name="beforeSeq">Only older ones; null begins with the newest.</param>
    /// <param name="take">At most so many.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    public async Task<IReadOnlyList<FeedEntry>> FeedAsync(string runId, long? beforeSeq, int take, CancellationToken cancellationToken = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        await using var transaction = await ReadTransactionAsync(context, cancellationToken);
        return await context.Runs.AsNoTracking().FirstOrDefaultAsync(r => r.Id == runId, cancellationToken) is { } run
            ? await FeedAsync(context, Row(run), beforeSeq ?? long.MaxValue, Limit(take), cancellationToken)
            : [];
    }

    /// <summary>The candidates of a step in full, in the order of sampling.</summary>
    public async Task<IReadOnlyList<CandidateScored>> CandidatesAsync(string runId, int task, int step, CancellationToken cancellationToken = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var rows = await context.Candidates.AsNoTracking().Where(c => c.RunId == runId && c.Task == task && c.Step == step)
            .OrderBy(c => c.Attempt).ThenBy(c => c.Seq).ToListAsync(cancellationToken);
        return [.. rows.Select(Candidate)];
    }

    /// <summary>Part of a series, thinned out; null when the run has no such series.</summary>
    /// <param name="runId">Run.</param>
    /// <param name="series">Name.</param>
    /// <param name="from">First step; null from the start.</param>
    /// <param name="to">Last step; null to the end.</param>
    /// <param name="points">At most so many, from 4 to <see cref="SnapshotPoints"/>.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    public async Task<SeriesData?> SeriesAsync(string runId, string series, long? from, long? to, int points, CancellationToken cancellationToken = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        await using var transaction = await ReadTransactionAsync(context, cancellationToken);
        var found = await context.Series.AsNoTracking().FirstOrDefaultAsync(s => s.RunId == runId && s.Name == series, cancellationToken);
        return found is null
            ? null
            : await SeriesAsync(context, found, from ?? long.MinValue, to ?? long.MaxValue, Math.Clamp(points, 4, SnapshotPoints), cancellationToken);
    }

    /// <summary>Names of the series of a run, in the order in which they appeared.</summary>
    public async Task<IReadOnlyList<string>> SeriesNamesAsync(string runId, CancellationToken cancellationToken = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return await context.Series.AsNoTracking().Where(s => s.RunId == runId).OrderBy(s => s.Id).Select(s => s.Name).ToListAsync(cancellationToken);
    }

    /// <summary>Log lines before a number, newest first.</summary>
    public async Task<IReadOnlyList<LogRow>> LogAsync(string runId, long? beforeSeq, int take, CancellationToken cancellationToken = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var (before, kind) = (beforeSeq ?? long.MaxValue, EventKinds.Of<LogLine>());
        var rows = await context.Events.AsNoTracking().Where(e => e.RunId == runId && e.Kind == kind && e.Seq < before)
            .OrderByDescending(e => e.Seq).Take(Limit(take)).ToListAsync(cancellationToken);
        return [.. rows.Select(e => (e, Line: (LogLine)RunEventJson.Read<RunEvent>(e.Json))).Select(x => new LogRow(x.e.Seq, Utc(x.e.AtTicks), x.Line.Level, x.Line.Text))];
    }

    /// <summary>Preference pairs in the order in which they were made.</summary>
    public async Task<PairPage> PairsAsync(string runId, int skip, int take, CancellationToken cancellationToken = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var pairs = context.Pairs.AsNoTracking().Where(p => p.RunId == runId);
        var rows = await pairs.OrderBy(p => p.Index).Skip(Math.Max(0, skip)).Take(Limit(take)).ToListAsync(cancellationToken);
        return new PairPage(
            [.. rows.Select(p => new PairRow(p.Index, p.Seq, new PreferencePair(
                p.Task,
                p.Step,
                p.History,
                p.Chosen,
                p.Rejected,
                RunEventJson.Read<Estimate>(p.ChosenValueJson),
                RunEventJson.Read<Estimate>(p.RejectedValueJson),
                Writing.TokenBlob.Read(p.HistoryTokens),
                Writing.TokenBlob.Read(p.ChosenTokens),
                Writing.TokenBlob.Read(p.RejectedTokens))))],
            await pairs.LongCountAsync(cancellationToken));
    }

    /// <summary>Whether the database answers.</summary>
    public async Task<bool> CanReadAsync(CancellationToken cancellationToken = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        try
        {
            await context.Runs.AsNoTracking().Select(r => r.Id).FirstOrDefaultAsync(cancellationToken);
            return true;
        }
        catch (SqliteException)
        {
            return false;
        }
    }

    private static int Limit(int take) => Math.Clamp(take, 1, MaxTake);

    private static DateTime Utc(long ticks) => new(ticks, DateTimeKind.Utc);

    private static DateTime? Utc(long? ticks) => ticks is { } known ? Utc(known) : null;

    private static RunListRow Row(RunEntity run) => new()
    {
        Id = run.Id,
        Name = run.Name,
        State = run.State,
        Preset = run.Preset,
        CreatedUtc = Utc(run.CreatedTicks),
        StartedUtc = Utc(run.StartedTicks),
        EndedUtc = Utc(run.EndedTicks),
        Stage = run.Stage,
        StageStartedUtc = Utc(run.StageStartedTicks),
        Done = run.Done,
        Total = run.Total,
        Before = run.Before,
        After = run.After,
        Budget = run.BudgetJson is { } budget ? RunEventJson.Read<Budget>(budget) : null,
        Steps = run.Steps,
        Pairs = run.Pairs,
        Error = run.Error,
        Seq = run.LastSeq,
        Dropped = run.Dropped,
        Plan = PlanSettings.FromDictionary(run.Preset, RunEventJson.Read<Dictionary<string, string>>(run.SettingsJson)),
        RewardRange = run is { RewardLow: { } low, RewardHigh: { } high } ? new RewardRange(low, high) : RewardRange.Unit,
    };

    private static CandidateScored Candidate(CandidateEntity c) => new(
        c.Task, c.Step, c.Attempt, c.Action, c.Observation, RunEventJson.Read<Estimate>(c.ValueJson), c.SameStateAs, c.Invalid, c.Truncated, c.Tokens, c.LogProb ?? double.NaN);

    // EF Core begins transactions that lock out the writer; a deferred one only fixes the moment that is read.
    private static async Task<SqliteTransaction> ReadTransactionAsync(RroDbContext context, CancellationToken cancellationToken)
    {
        await context.Database.OpenConnectionAsync(cancellationToken);
        var transaction = ((SqliteConnection)context.Database.GetDbConnection()).BeginTransaction(deferred: true);
        await context.Database.UseTransactionAsync(transaction, cancellationToken);
        return transaction;
    }

    private static Task<List<EventEntity>> EventsAsync(RroDbContext context, string runId, string[] kinds, CancellationToken cancellationToken) =>
        context.Events.AsNoTracking().Where(e => e.RunId == runId && kinds.Contains(e.Kind)).OrderBy(e => e.Seq).ToListAsync(cancellationToken);

    private static async Task<IReadOnlyList<FeedEntry>> FeedAsync(RroDbContext context, RunListRow run, long before, int take, CancellationToken cancellationToken)
    {
        var steps = await context.Steps.AsNoTracking().Where(s => s.RunId == run.Id && s.Seq < before)
            .OrderByDescending(s => s.Seq).Take(take).ToListAsync(cancellationToken);
        var tasks = steps.Select(s => s.Task).Distinct().ToArray();
        var instructions = await context.Tasks.AsNoTracking().Where(t => t.RunId == run.Id && tasks.Contains(t.Task))
            .ToDictionaryAsync(t => t.Task, t => t.Instruction, cancellationToken);
        var candidates = (await context.Candidates.AsNoTracking().Where(c => c.RunId == run.Id && tasks.Contains(c.Task)).ToListAsync(cancellationToken))
            .ToLookup(c => (c.Task, c.Step));
        var writer = new FeedWriter(run.Plan, run.RewardRange);
        return
        [
            .. steps.Select(s => writer.Entry(
                s.Seq, RunEventJson.Read<StepDecided>(s.Json), instructions.GetValueOrDefault(s.Task, ""), candidates[(s.Task, s.Step)].Select(Candidate))),
        ];
    }

    private static async Task<IReadOnlyList<SeriesData>> AllSeriesAsync(RroDbContext context, string runId, CancellationToken cancellationToken)
    {
        var all = new List<SeriesData>();
        foreach (var series in await context.Series.AsNoTracking().Where(s => s.RunId == runId).OrderBy(s => s.Id).ToListAsync(cancellationToken))
        {
            all.Add(await SeriesAsync(context, series, long.MinValue, long.MaxValue, SnapshotPoints, cancellationToken));
        }

        return all;
    }

    private static async Task<SeriesData> SeriesAsync(
        RroDbContext context, SeriesEntity series, long from, long to, int points, CancellationToken cancellationToken)
    {
        var stored = context.MetricPoints.AsNoTracking()
            .Where(p => p.RunId == series.RunId && p.SeriesId == series.Id && p.Step >= from && p.Step <= to);
        var count = await stored.LongCountAsync(cancellationToken);
        List<SeriesPoint> read;
        if (count <= RawPoints)
        {
            read = [.. (await stored.OrderBy(p => p.Step).ToListAsync(cancellationToken)).Select(p => new SeriesPoint(p.Step, p.Value))];
        }
        else
        {
            var width = count <= RawPoints * 64L ? 64 : 1024;
            var (first, last) = (
                from == long.MinValue ? from : MinMaxBuckets.Bucket(from, width),
                to == long.MaxValue ? to : MinMaxBuckets.Bucket(to, width));
            var rollups = await context.MetricRollups.AsNoTracking()
                .Where(r => r.RunId == series.RunId && r.SeriesId == series.Id && r.Width == width && r.Bucket >= first && r.Bucket <= last)
                .OrderBy(r => r.Bucket).ToListAsync(cancellationToken);

            // The extremes and the end of each bucket, at the steps where they are; buckets at the edges may reach past them.
            read = [.. rollups
                .SelectMany(r => new[] { new SeriesPoint(r.MinStep, r.Min), new(r.MaxStep, r.Max), new(r.LastStep, r.Last) }.DistinctBy(p => p.Step).OrderBy(p => p.Step))
                .Where(p => p.Step >= from && p.Step <= to)];
        }

        var kept = MinMaxBuckets.Thin(read, points);
        return new SeriesData(series.Name, [.. kept.Select(p => p.Step)], [.. kept.Select(p => p.Value)], count);
    }
}
