using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using RroDashboard.Core.Events;
using RroDashboard.Core.Exploration;
using RroDashboard.Core.Metrics;
using RroDashboard.Core.Plans;
using RroDashboard.Data.Entities;

namespace RroDashboard.Data;

/// <summary>What lists and headers show of a run.</summary>
/// <param name="Id">Opaque id.</param>
/// <param name="State">Life of the run.</param>
/// <param name="Plan">Its plan.</param>
/// <param name="CreatedUtc">When it was added.</param>
/// <param name="StartedUtc">When it began; null while queued.</param>
/// <param name="EndedUtc">When it ended; null before.</param>
/// <param name="Stage">Stage that runs; null before the first and after the last.</param>
/// <param name="Done">Work done in that stage.</param>
/// <param name="Total">Work of that stage; 0 while unknown.</param>
/// <param name="StageStartedUtc">When that stage began.</param>
/// <param name="Before">Held-out greedy reward after SFT.</param>
/// <param name="After">Held-out greedy reward at the end.</param>
/// <param name="Budget">What exploration has spent; null before it began.</param>
/// <param name="LastSeq">Number of the last committed event.</param>
/// <param name="DroppedSamples">Samples dropped under pressure.</param>
/// <param name="Error">Why it failed.</param>
/// <param name="Name">Name that people gave it; empty for none.</param>
/// <param name="Tags">Tags that people gave it.</param>
/// <param name="Notes">What people wrote about it.</param>
/// <param name="ArchivedUtc">When it was put away; null unless it was.</param>
/// <param name="HeartbeatUtc">When something it said was last committed.</param>
/// <param name="Crashed">Its process ended without a word while it worked.</param>
/// <param name="ImportedUtc">When it came here from another dashboard; null for a run of this one.</param>
/// <param name="ImportedFrom">What it came from.</param>
/// <param name="Owner">Name of who started it; empty for the program itself.</param>
/// <param name="Remote">What a trainer elsewhere said of it; null for a run that this program trains.</param>
/// <param name="Shared">Paths of the settings of <paramref name="Plan"/> that a trainer elsewhere named; null for a run that this program trains: all of them.</param>
/// <param name="StopAskedUtc">When a person asked that trainer to stop; null when nobody did.</param>
public sealed record RunInfo(
    string Id,
    RunState State,
    RunPlan Plan,
    DateTime CreatedUtc,
    DateTime? StartedUtc,
    DateTime? EndedUtc,
    Stage? Stage,
    long Done,
    long Total,
    DateTime? StageStartedUtc,
    double? Before,
    double? After,
    Budget? Budget,
    long LastSeq,
    long DroppedSamples,
    string? Error,
    string Name = "",
    IReadOnlyList<string>? Tags = null,
    string Notes = "",
    DateTime? ArchivedUtc = null,
    DateTime? HeartbeatUtc = null,
    bool Crashed = false,
    DateTime? ImportedUtc = null,
    string ImportedFrom = "",
    string Owner = "",
    RemoteRun? Remote = null,
    IReadOnlyCollection<string>? Shared = null,
    DateTime? StopAskedUtc = null)
{
    /// <summary>What the list calls it: its name, or preset and id.</summary>
    public string Title => Name.Length > 0 ? Name : $"{Plan.Preset} · {Id}";

    /// <summary>What its agent acts in.</summary>
    public string EnvironmentName => Remote?.Environment ?? Plan.Environment.Name.ToString();

    /// <summary>Whether a setting of its plan says something about it: of what a trainer elsewhere did not name, the plan has only defaults.</summary>
    public bool Knows(PlanSetting setting) => Shared is null || Shared.Contains(setting.Path);

    /// <summary>A setting as text; a dash where its trainer did not name it.</summary>
    public string Setting(PlanSetting setting)
    {
        ArgumentNullException.ThrowIfNull(setting);
        return Knows(setting) ? setting.GetText(Plan) : "-";
    }

    /// <summary>How its texts are shown; null for an environment that is not of this program: as they are.</summary>
    public EnvironmentKind? ScreenKind => Remote is null ? Plan.Environment.Name : null;

    /// <summary>This program trains it, or did: it can be resumed, re-rolled and cloned here.</summary>
    public bool IsOwn => ImportedUtc is null && Remote is null;
}

/// <summary>Reads. Never tracks, never waits for the writer.</summary>
public sealed class RunQueries(IDbContextFactory<RroDbContext> contexts)
{
    /// <summary>Most points of one series in an answer.</summary>
    public const int MaxPoints = 2000;

    /// <summary>Most rows of one page.</summary>
    public const int MaxRows = 500;

    private static readonly string[] s_headerKinds =
    [
        EventKinds.Of<RunStarted>(), EventKinds.Of<StageStarted>(), EventKinds.Of<StageFinished>(), EventKinds.Of<EvaluationFinished>(),
        EventKinds.Of<ReferenceEvaluated>(), EventKinds.Of<DemonstrationsMade>(), EventKinds.Of<CheckpointSaved>(), EventKinds.Of<AlertRaised>(), EventKinds.Of<RunEnded>(),
        EventKinds.Of<NoteAdded>(), EventKinds.Of<RerollRequested>(), EventKinds.Of<RerollFinished>(), EventKinds.Of<RerollFailed>(), EventKinds.Of<RunResumed>(),
        EventKinds.Of<PairsTaken>(),
    ];

    /// <summary>Runs, newest first, and how many there are in all.</summary>
    public async Task<(IReadOnlyList<RunInfo> Rows, int Total)> ListAsync(int skip, int take, CancellationToken cancellationToken)
    {
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            var total = await context.Runs.CountAsync(cancellationToken).ConfigureAwait(false);
            var rows = await context.Runs.AsNoTracking().OrderByDescending(r => r.CreatedTicks).ThenByDescending(r => r.Key)
                .Skip(skip).Take(Math.Min(take, MaxRows)).ToListAsync(cancellationToken).ConfigureAwait(false);
            return ([.. rows.Select(Info)], total);
        }
    }

    /// <summary>One run; null when there is none.</summary>
    public async Task<RunInfo?> FindAsync(string runId, CancellationToken cancellationToken)
    {
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            return await context.Runs.AsNoTracking().FirstOrDefaultAsync(r => r.Id == runId, cancellationToken).ConfigureAwait(false) is { } run ? Info(run) : null;
        }
    }

    /// <summary>Facts that the header of a run's page shows, in order.</summary>
    public Task<IReadOnlyList<RunFact>> HeaderAsync(string runId, CancellationToken cancellationToken) =>
        FactsAsync<RunFact>(runId, events => events.Where(e => s_headerKinds.Contains(e.Kind)).OrderBy(e => e.Seq), cancellationToken);

    /// <summary>Runs of which more re-rolls were asked for than ended.</summary>
    public async Task<IReadOnlyList<string>> WithOpenRerollsAsync(CancellationToken cancellationToken)
    {
        var (asked, finished, failed) = (EventKinds.Of<RerollRequested>(), EventKinds.Of<RerollFinished>(), EventKinds.Of<RerollFailed>());
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            return await context.Runs.AsNoTracking()
                .Where(r => context.Events.Count(e => e.RunKey == r.Key && e.Kind == asked) > context.Events.Count(e => e.RunKey == r.Key && (e.Kind == finished || e.Kind == failed)))
                .Select(r => r.Id).ToListAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Steps decided before a given one, newest first.</summary>
    public async Task<IReadOnlyList<StepDecided>> OlderStepsAsync(string runId, int task, int step, int take, CancellationToken cancellationToken)
    {
        var kind = EventKinds.Of<StepDecided>();
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            var events = Of(context, runId);
            var before = await events.Where(e => e.Kind == kind && e.Task == task && e.Step == step).Select(e => (long?)e.Seq).FirstOrDefaultAsync(cancellationToken).ConfigureAwait(false);
            var json = await events.Where(e => e.Kind == kind && e.Seq < (before ?? long.MaxValue)).OrderByDescending(e => e.Seq)
                .Take(Math.Clamp(take, 1, MaxRows)).Select(e => e.Json).ToListAsync(cancellationToken).ConfigureAwait(false);
            return [.. json.Select(Read<StepDecided>)];
        }
    }

    /// <summary>Candidates of one step, in the order of sampling.</summary>
    public Task<IReadOnlyList<CandidateScored>> CandidatesAsync(string runId, int task, int step, CancellationToken cancellationToken)
    {
        var kind = EventKinds.Of<CandidateScored>();
        return FactsAsync<CandidateScored>(runId, events => events.Where(e => e.Kind == kind && e.Task == task && e.Step == step).OrderBy(e => e.Seq), cancellationToken);
    }

    /// <summary>Every fact of a kind, in order. For exports and tests; pages read in pages.</summary>
    public Task<IReadOnlyList<T>> AllAsync<T>(string runId, CancellationToken cancellationToken)
        where T : RunEvent
    {
        var kind = EventKinds.Of<T>();
        return FactsAsync<T>(runId, events => events.Where(e => e.Kind == kind).OrderBy(e => e.Seq), cancellationToken);
    }

    /// <summary>One series between two steps, thinned to at most <paramref name="points"/> where it has more: minima, maxima and the last point survive.</summary>
    public async Task<IReadOnlyList<(long Step, double Value)>> SeriesAsync(string runId, string series, long from, long to, int points, CancellationToken cancellationToken)
    {
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            var key = await context.Runs.Where(r => r.Id == runId).Select(r => (int?)r.Key).FirstOrDefaultAsync(cancellationToken).ConfigureAwait(false);
            var id = await context.Series.Where(s => s.Name == series).Select(s => (int?)s.Id).FirstOrDefaultAsync(cancellationToken).ConfigureAwait(false);
            return key is null || id is null ? [] : await PointsAsync(context, key.Value, id.Value, from, to, Math.Clamp(points, 4, MaxPoints), cancellationToken).ConfigureAwait(false);
        }
    }

    private static async Task<IReadOnlyList<(long Step, double Value)>> PointsAsync(
        RroDbContext context, int runKey, int seriesId, long from, long to, int limit, CancellationToken cancellationToken)
    {
        var raw = context.Points.AsNoTracking().Where(p => p.RunKey == runKey && p.SeriesId == seriesId && p.Step >= from && p.Step <= to);
        var count = await raw.CountAsync(cancellationToken).ConfigureAwait(false);
        // Up to 64 points a bucket would be thinned away, so raw points are only read while there are few of them.
        if (count <= limit * 16)
        {
            var points = await raw.OrderBy(p => p.Step).Select(p => new { p.Step, p.Value }).ToListAsync(cancellationToken).ConfigureAwait(false);
            return MinMaxBuckets.Thin([.. points.Select(p => (p.Step, p.Value))], limit);
        }

        var width = count <= limit * 64L * 8 ? 64 : 1024;
        // A bucket at an edge may reach past it: what is outside is left out point by point.
        var (first, last) = (from == long.MinValue ? from : (from / width) - 1, to == long.MaxValue ? to : (to / width) + 1);
        var buckets = await context.Rollups.AsNoTracking()
            .Where(r => r.RunKey == runKey && r.SeriesId == seriesId && r.Width == width && r.Bucket >= first && r.Bucket <= last)
            .OrderBy(r => r.Bucket).ToListAsync(cancellationToken).ConfigureAwait(false);
        var ends = buckets.SelectMany(b => new[] { (b.MinStep, b.Min), (b.MaxStep, b.Max), (b.LastStep, b.Last) })
            .Where(p => p.Item1 >= from && p.Item1 <= to).Distinct().OrderBy(p => p.Item1);
        return MinMaxBuckets.Thin([.. ends], limit);
    }

    private async Task<IReadOnlyList<T>> FactsAsync<T>(string runId, Func<IQueryable<EventEntity>, IQueryable<EventEntity>> pick, CancellationToken cancellationToken)
        where T : RunEvent
    {
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            var json = await pick(Of(context, runId)).Select(e => e.Json).ToListAsync(cancellationToken).ConfigureAwait(false);
            return [.. json.Select(Read<T>)];
        }
    }

    private static IQueryable<EventEntity> Of(RroDbContext context, string runId) =>
        context.Events.AsNoTracking().Where(e => e.RunKey == context.Runs.Where(r => r.Id == runId).Select(r => r.Key).FirstOrDefault());

    private static T Read<T>(string json)
        where T : RunEvent => (T)JsonSerializer.Deserialize<RunEvent>(json, RunJson.Options)!;

    internal static RunInfo Info(RunEntity run) => Info(run, JsonSerializer.Deserialize<Dictionary<string, string>>(run.SettingsJson)!);

    private static RunInfo Info(RunEntity run, Dictionary<string, string> settings) => new(
        run.Id,
        run.State,
        PlanSettings.FromDictionary(run.Preset, settings),
        Utc(run.CreatedTicks)!.Value,
        Utc(run.StartedTicks),
        Utc(run.EndedTicks),
        run.Stage,
        run.Done,
        run.Total,
        Utc(run.StageStartedTicks),
        run.Before,
        run.After,
        run.BudgetJson is null ? null : JsonSerializer.Deserialize<Budget>(run.BudgetJson, RunJson.Options),
        run.LastSeq,
        run.DroppedSamples,
        run.Error,
        run.Name,
        RunTags.Split(run.Tags),
        run.Notes,
        Utc(run.ArchivedTicks),
        Utc(run.HeartbeatTicks),
        run.Crashed,
        Utc(run.ImportedTicks),
        run.ImportedFrom,
        run.Owner,
        RemoteRun.Read(run.RemoteJson),
        run.RemoteJson is null ? null : [.. settings.Keys.Select(k => PlanSettings.Find(k).Path)],
        Utc(run.StopAskedTicks));

    private static DateTime? Utc(long? ticks) => ticks is { } value ? new DateTime(value, DateTimeKind.Utc) : null;
}
