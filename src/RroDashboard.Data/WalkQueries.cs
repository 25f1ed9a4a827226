using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using RroDashboard.Core.Events;
using RroDashboard.Core.Exploration;
using RroDashboard.Core.Rewards;

namespace RroDashboard.Data;

/// <summary>A text of which only the beginning was read.</summary>
/// <param name="Start">Its first characters.</param>
/// <param name="Length">Characters of the whole.</param>
public readonly record struct TextStart(string Start, int Length)
{
    /// <summary>How many characters are not here.</summary>
    public int Hidden => Math.Max(0, Length - Start.Length);
}

/// <summary>A candidate as a tree draws it.</summary>
/// <param name="Step">0-based step of the walk.</param>
/// <param name="Attempt">0-based order of sampling.</param>
/// <param name="Action">Beginning of what the policy wrote.</param>
/// <param name="Observation">Beginning of what the environment answered; empty where it was not asked for.</param>
/// <param name="Value">Its process reward.</param>
/// <param name="SameStateAs">Attempt that reached the same state before.</param>
/// <param name="Invalid">The environment could not act on it.</param>
/// <param name="Truncated">Cut at a limit.</param>
/// <param name="Tokens">Length of the action in tokens.</param>
/// <param name="LogProb">Summed log-probability when it was sampled, nats; null where it is not known.</param>
public sealed record CandidateOutline(
    int Step, int Attempt, TextStart Action, TextStart Observation, Estimate Value, int? SameStateAs, bool Invalid, bool Truncated, int Tokens, double? LogProb);

/// <summary>One walk without its candidates.</summary>
/// <param name="Opened">First fact.</param>
/// <param name="Steps">Decided steps, in order.</param>
/// <param name="Finished">Last fact; null while it goes on.</param>
/// <param name="Pairs">Preference pairs it made.</param>
/// <param name="HasNext">The run has opened the next task, too.</param>
public sealed record WalkFacts(TaskOpened Opened, IReadOnlyList<StepDecided> Steps, TaskFinished? Finished, int Pairs, bool HasNext);

/// <summary>Reads walks: lists in numbers, one walk step by step, never more of a text than is shown.</summary>
public sealed class WalkQueries(IDbContextFactory<RroDbContext> contexts, ExplorationIndex index)
{
    /// <summary>Most rows of one page of walks.</summary>
    public const int MaxRows = 200;

    /// <summary>Most steps read of one walk.</summary>
    public const int MaxSteps = 10_000;

    /// <summary>Walks that fit, in order, and how many there are in all.</summary>
    /// <param name="runId">Which run.</param>
    /// <param name="filter">Which walks.</param>
    /// <param name="range">Of the run's rewards.</param>
    /// <param name="skip">Rows left out.</param>
    /// <param name="take">Rows read.</param>
    /// <param name="cancellationToken">Given up.</param>
    public async Task<(IReadOnlyList<WalkFact> Rows, int Total)> ListAsync(
        string runId, WalkFilter filter, RewardRange range, int skip, int take, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(filter);
        var facts = await index.ReadAsync(runId, cancellationToken).ConfigureAwait(false);
        var fitting = facts.Walks.Where(w => filter.Fits(w, range));
        if (filter.Words.Length > 0 || filter.Invalid)
        {
            var found = await SearchAsync(runId, filter, cancellationToken).ConfigureAwait(false);
            fitting = fitting.Where(w => found.Contains(w.Task));
        }

        var rows = filter.Order(fitting).ToList();
        return ([.. rows.Skip(skip).Take(Math.Clamp(take, 1, MaxRows))], rows.Count);
    }

    /// <summary>One walk; null when it was not opened. Costs the same in a run of any size.</summary>
    public async Task<WalkFacts?> WalkAsync(string runId, int task, CancellationToken cancellationToken)
    {
        string[] kinds = [EventKinds.Of<TaskOpened>(), EventKinds.Of<StepDecided>(), EventKinds.Of<TaskFinished>()];
        var (opening, pair) = (EventKinds.Of<TaskOpened>(), EventKinds.Of<PairCreated>());
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            var key = await KeyAsync(context, runId, cancellationToken).ConfigureAwait(false);
            var events = context.Events.AsNoTracking().Where(e => e.RunKey == key);
            var json = await events.Where(e => kinds.Contains(e.Kind) && e.Task == task)
                .OrderBy(e => e.Seq).Take(MaxSteps).Select(e => e.Json).ToListAsync(cancellationToken).ConfigureAwait(false);
            var facts = json.Select(j => JsonSerializer.Deserialize<RunEvent>(j, RunJson.Options)!).ToList();
            if (facts.OfType<TaskOpened>().FirstOrDefault() is not { } opened)
            {
                return null;
            }

            var pairs = await events.CountAsync(e => e.Kind == pair && e.Task == task, cancellationToken).ConfigureAwait(false);
            var next = await events.AnyAsync(e => e.Kind == opening && e.Task == task + 1, cancellationToken).ConfigureAwait(false);
            return new WalkFacts(opened, [.. facts.OfType<StepDecided>()], facts.OfType<TaskFinished>().FirstOrDefault(), pairs, next);
        }
    }

    /// <summary>Candidates of some steps of a walk, by step and order of sampling, with the beginnings of their texts.</summary>
    /// <param name="runId">Which run.</param>
    /// <param name="task">Which walk.</param>
    /// <param name="from">First step.</param>
    /// <param name="to">Step after the last.</param>
    /// <param name="actionLength">Characters of an action.</param>
    /// <param name="observationLength">Characters of an observation.</param>
    /// <param name="cancellationToken">Given up.</param>
    public Task<IReadOnlyList<CandidateOutline>> CandidatesAsync(
        string runId, int task, int from, int to, int actionLength, int observationLength, CancellationToken cancellationToken) =>
        OutlinesAsync(runId, task, from, to, null, actionLength, observationLength, cancellationToken);

    /// <summary>One candidate of each step from the first on: the trajectory, when they are those that were followed.</summary>
    /// <param name="runId">Which run.</param>
    /// <param name="task">Which walk.</param>
    /// <param name="attempts">Attempt of step 0, 1, ..; null where there is none.</param>
    /// <param name="actionLength">Characters of an action.</param>
    /// <param name="observationLength">Characters of an observation.</param>
    /// <param name="cancellationToken">Given up.</param>
    public Task<IReadOnlyList<CandidateOutline>> TrajectoryAsync(
        string runId, int task, IReadOnlyList<int?> attempts, int actionLength, int observationLength, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(attempts);
        return OutlinesAsync(runId, task, 0, attempts.Count, JsonSerializer.Serialize(attempts), actionLength, observationLength, cancellationToken);
    }

    private async Task<IReadOnlyList<CandidateOutline>> OutlinesAsync(
        string runId, int task, int from, int to, string? attempts, int actionLength, int observationLength, CancellationToken cancellationToken)
    {
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            var key = await KeyAsync(context, runId, cancellationToken).ConfigureAwait(false);
            var rows = await context.Database.SqlQueryRaw<OutlineRow>(
                """
                SELECT Step, json_extract(Json, '$.attempt') AS Attempt,
                    substr(json_extract(Json, '$.action'), 1, {3}) AS Action, length(json_extract(Json, '$.action')) AS ActionLength,
                    substr(json_extract(Json, '$.observation'), 1, {4}) AS Observation, length(json_extract(Json, '$.observation')) AS ObservationLength,
                    json_extract(Json, '$.value') AS Value, json_extract(Json, '$.sameStateAs') AS SameStateAs, json_extract(Json, '$.invalid') AS Invalid,
                    json_extract(Json, '$.truncated') AS Truncated, json_extract(Json, '$.tokens') AS Tokens, json_extract(Json, '$.logProb') AS LogProb
                FROM Events WHERE RunKey = {0} AND Kind = {5} AND Task = {1} AND Step >= {2} AND Step < {6}
                    AND ({7} IS NULL OR json_extract(Json, '$.attempt') = json_extract({7}, '$[' || Step || ']'))
                """,
                key, task, from, actionLength, observationLength, EventKinds.Of<CandidateScored>(), to, attempts!)
                .OrderBy(r => r.Step).ThenBy(r => r.Attempt).ToListAsync(cancellationToken).ConfigureAwait(false);
            return [.. rows.Select(r => r.ToOutline())];
        }
    }

    /// <summary>A whole candidate; null when there is none.</summary>
    public async Task<CandidateScored?> CandidateAsync(string runId, int task, int step, int attempt, CancellationToken cancellationToken)
    {
        var kind = EventKinds.Of<CandidateScored>();
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            var key = await KeyAsync(context, runId, cancellationToken).ConfigureAwait(false);
            var json = await context.Database.SqlQueryRaw<string>(
                "SELECT Json AS Value FROM Events WHERE RunKey = {0} AND Kind = {1} AND Task = {2} AND Step = {3} AND json_extract(Json, '$.attempt') = {4}",
                key, kind, task, step, attempt).FirstOrDefaultAsync(cancellationToken).ConfigureAwait(false);
            return json is null ? null : (CandidateScored)JsonSerializer.Deserialize<RunEvent>(json, RunJson.Options)!;
        }
    }

    /// <summary>Which candidate each step of a walk went on from: the accepted one, or the expert's, drawn last, where walks follow the expert.</summary>
    public static int? FollowedAttempt(StepDecided step, bool alongExpert)
    {
        ArgumentNullException.ThrowIfNull(step);
        return alongExpert && step.Accounts.Count > 0 ? step.Accounts.Count - 1 : step.AcceptedAttempt;
    }

    private async Task<HashSet<int>> SearchAsync(string runId, WalkFilter filter, CancellationToken cancellationToken)
    {
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            var key = await KeyAsync(context, runId, cancellationToken).ConfigureAwait(false);
            var found = await context.Database.SqlQueryRaw<int>(
                """
                SELECT o.Task AS Value FROM Events o WHERE o.RunKey = {0} AND o.Kind = {1}
                    AND ({3} = '' OR instr(lower(json_extract(o.Json, '$.instruction')), lower({3})) > 0 OR EXISTS (
                        SELECT 1 FROM Events c WHERE c.RunKey = {0} AND c.Kind = {2} AND c.Task = o.Task AND instr(lower(json_extract(c.Json, '$.action')), lower({3})) > 0))
                    AND (NOT {4} OR EXISTS (
                        SELECT 1 FROM Events c WHERE c.RunKey = {0} AND c.Kind = {2} AND c.Task = o.Task AND json_extract(c.Json, '$.invalid') = 1))
                """,
                key, EventKinds.Of<TaskOpened>(), EventKinds.Of<CandidateScored>(), filter.Words, filter.Invalid).ToListAsync(cancellationToken).ConfigureAwait(false);
            return [.. found];
        }
    }

    internal static Task<int> KeyAsync(RroDbContext context, string runId, CancellationToken cancellationToken) =>
        context.Runs.AsNoTracking().Where(r => r.Id == runId).Select(r => r.Key).FirstOrDefaultAsync(cancellationToken);

    // What SQLite gives; EF fills it.
    private sealed class OutlineRow
    {
        public int Step { get; set; }

        public int Attempt { get; set; }

        public string Action { get; set; } = "";

        public int ActionLength { get; set; }

        public string Observation { get; set; } = "";

        public int ObservationLength { get; set; }

        public string Value { get; set; } = "";

        public int? SameStateAs { get; set; }

        public bool Invalid { get; set; }

        public bool Truncated { get; set; }

        public int Tokens { get; set; }

        public double? LogProb { get; set; }

        public CandidateOutline ToOutline() => new(
            Step, Attempt, new TextStart(Action, ActionLength), new TextStart(Observation, ObservationLength),
            JsonSerializer.Deserialize<Estimate>(Value, RunJson.Options)!, SameStateAs, Invalid, Truncated, Tokens, LogProb);
    }
}
