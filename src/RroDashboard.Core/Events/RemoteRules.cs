using System.Globalization;
using System.Text.RegularExpressions;
using RroDashboard.Core.Exploration;
using RroDashboard.Core.Metrics;
using RroDashboard.Core.Rewards;

namespace RroDashboard.Core.Events;

/// <summary>What a trainer elsewhere said cannot be taken. The message is one sentence: what is wrong, where, what is allowed.</summary>
public sealed class RemoteException(string message) : Exception(message);

/// <summary>
/// Checks a batch of a trainer elsewhere before it becomes part of a run: kinds, sizes, counts, and the order in which a walk is told. What is
/// in the journal is read by every page, so nothing gets there that a run of this program could not have said.
/// </summary>
public sealed partial class RemoteRules
{
    private readonly RemotePast _past;
    private int _index;
    private string _kind = "";

    private RemoteRules(RemotePast past) => _past = past;

    /// <summary>Words of an alert about a series that holds what is no number, up to the step.</summary>
    public static string HoleText(string series) => $"Series '{series}' holds what is no number";

    /// <summary>Checks all events, in order, and takes them into the past.</summary>
    /// <param name="past">What was said before; afterwards it holds the batch too.</param>
    /// <param name="events">The batch, each with its kind as it is written.</param>
    /// <returns>The events as they are to be recorded: with an alert for each series that holds a hole for the first time, before an end.</returns>
    /// <exception cref="RemoteException">The first thing that is wrong.</exception>
    public static IReadOnlyList<RunEvent> Check(RemotePast past, IReadOnlyList<(string Kind, RunEvent Event)> events)
    {
        ArgumentNullException.ThrowIfNull(past);
        ArgumentNullException.ThrowIfNull(events);
        var rules = new RemoteRules(past);
        if (past.LastSeq + events.Count > RemoteLimits.RunEvents)
        {
            throw new RemoteException($"The run has {past.LastSeq} events and takes at most {RemoteLimits.RunEvents}: begin another run.");
        }

        var taken = new List<RunEvent>(events.Count);
        for (var i = 0; i < events.Count; i++)
        {
            (rules._index, rules._kind) = (i, events[i].Kind);
            if (i > 0 && events[i - 1].Event is RunEnded)
            {
                throw rules.Wrong("comes after the end of the run: the end is the last event");
            }

            rules.Check(events[i].Event);
            if (events[i].Event is MetricPoint { Value: var value } hole && !double.IsFinite(value) && past.ToldHoles.Add(hole.Series))
            {
                taken.Add(new AlertRaised("warning", string.Create(CultureInfo.InvariantCulture, $"{HoleText(hole.Series)} from step {hole.Step} on ({value}): such points are holes in its curve.")));
            }

            taken.Add(events[i].Event);
        }

        return taken;
    }

    private void Check(RunEvent happened)
    {
        switch (happened)
        {
            case MetricPoint point:
                Point(point);
                break;
            case ProgressReported progress:
                Of(progress.Stage, "stage");
                Need(progress.Done >= 0 && progress.Total >= 0 && progress.Done <= RemoteLimits.Step && progress.Total <= RemoteLimits.Step, $"done {progress.Done} of {progress.Total}: both count from 0");
                break;
            case BudgetReported budget:
                Spent(budget.Budget);
                break;
            case LogLine line:
                Need(line.Level is "info" or "warning" or "error", $"level '{Short(line.Level)}' is none: info, warning and error are");
                Text(line.Text, RemoteLimits.Line, "text");
                break;
            case AlertRaised alert:
                Need(alert.Severity is "info" or "warning" or "error", $"severity '{Short(alert.Severity)}' is none: info, warning and error are");
                Text(alert.Text, RemoteLimits.Line, "text", 1);
                break;
            case StageStarted stage:
                Of(stage.Stage, "stage");
                Need(_past.Open is null, $"stage {stage.Stage} begins while {_past.Open} is open: one follows the other");
                Need(_past.Begun.Add(stage.Stage), $"stage {stage.Stage} began before: each comes once");
                _past.Open = stage.Stage;
                break;
            case StageFinished stage:
                Of(stage.Stage, "stage");
                Need(_past.Open == stage.Stage, $"stage {stage.Stage} is not open");
                Number(stage.Seconds, "seconds", 0, 1e9);
                _past.Open = null;
                break;
            case RunEnded end:
                Need(end.State is RunState.Finished or RunState.Failed or RunState.Stopped, $"state {end.State} is no end: Finished, Failed and Stopped are");
                Need(end.Summary is null, "summary is told by runs of the dashboard itself: leave it null");
                Need(end.State != RunState.Finished || end.Error is null, "error has no meaning with state Finished: leave it null");
                Text(end.Error ?? "", RemoteLimits.Line, "error");
                break;
            case EvaluationFinished evaluation:
                Evaluation(evaluation);
                break;
            case ReferenceEvaluated reference:
                Text(reference.Name, RemoteLimits.Name, "name", 1);
                Held(reference.Mean, reference.Low, reference.High);
                Number(reference.PerfectShare, "perfectShare", 0, 1);
                break;
            case EpisodePlayed episode:
                Episode(episode);
                break;
            default:
                Walk(happened);
                break;
        }
    }

    private void Point(MetricPoint point)
    {
        Need(SeriesShape().IsMatch(point.Series), $"series '{Short(point.Series)}' is no name: 1 to {RemoteLimits.SeriesName} letters, digits and _ . - : @ % /, beginning with a letter or digit, are");
        Need(
            !point.Series.StartsWith(SeriesNames.TimePrefix, StringComparison.Ordinal) && !point.Series.StartsWith(SeriesNames.SystemPrefix, StringComparison.Ordinal),
            $"series '{point.Series}' begins with {SeriesNames.TimePrefix} or {SeriesNames.SystemPrefix}, which the dashboard writes itself: choose another name");
        Need(point.Step is >= 0 and <= RemoteLimits.Step, $"step {point.Step} is not allowed: it counts from 0 to {RemoteLimits.Step}");
        Need(
            _past.Series.Contains(point.Series) || (_past.Series.Count < RemoteLimits.Series && _past.Series.Add(point.Series)),
            $"series '{point.Series}' is one more than the {RemoteLimits.Series} that a run can have");
    }

    private void Walk(RunEvent happened)
    {
        switch (happened)
        {
            case TaskOpened opened:
                Need(!At(opened.Task).Opened, $"walk {opened.Task} began before: each begins once");
                Text(opened.TaskId, RemoteLimits.Name, "taskId", 1);
                Text(opened.Instruction, RemoteLimits.Text, "instruction");
                Value(opened.Baseline, "baseline");
                At(opened.Task).Opened = true;
                break;
            case CandidateScored candidate:
                Candidate(candidate, OpenWalk(candidate.Task));
                break;
            case StepDecided step:
                Step(step, OpenWalk(step.Task));
                break;
            case TaskFinished finished:
                var walk = OpenWalk(finished.Task);
                Need(finished.Steps == walk.Decided, $"steps {finished.Steps} is not what was told: walk {finished.Task} has {walk.Decided} decided steps");
                Need(finished.Rollouts >= 0, $"rollouts {finished.Rollouts} is not allowed: it counts from 0");
                Reward(finished.Reward, "reward");
                walk.Finished = true;
                break;
            case PairCreated pair:
                Pair(pair);
                break;
            default:
                throw Wrong("is written by the dashboard, not by a trainer elsewhere");
        }
    }

    private void Candidate(CandidateScored candidate, RemoteWalk walk)
    {
        Need(candidate.Step == walk.Decided, $"step {candidate.Step} of walk {candidate.Task} is not open: step {walk.Decided} is");
        Need(candidate.Attempt == walk.Candidates, $"attempt {candidate.Attempt} is not the next of step {candidate.Step}: {walk.Candidates} is");
        Need(walk.Candidates < RemoteLimits.Outcomes, $"step {candidate.Step} has {RemoteLimits.Outcomes} candidates already, the most that it can have");
        Text(candidate.Action, RemoteLimits.Text, "action");
        Text(candidate.Observation, RemoteLimits.Text, "observation");
        Value(candidate.Value, "value");
        Need(candidate.SameStateAs is null || (candidate.SameStateAs >= 0 && candidate.SameStateAs < candidate.Attempt), $"sameStateAs {candidate.SameStateAs} is no earlier attempt");
        Need(candidate.Tokens is >= 0 and <= RemoteLimits.Tokens, $"tokens {candidate.Tokens} is not allowed: 0 to {RemoteLimits.Tokens} are");
        Number(candidate.LogProb ?? 0, "logProb", -1e9, 1e9);
        Need(candidate.PreviousOutcomes is null or >= 0 && candidate.RolloutsSpent is null or >= 0, "previousOutcomes and rolloutsSpent count from 0");
        walk.Candidates++;
    }

    private void Step(StepDecided step, RemoteWalk walk)
    {
        Need(step.Step == walk.Decided, $"step {step.Step} of walk {step.Task} is not open: step {walk.Decided} is");
        Need(walk.Decided < RemoteLimits.Tasks, $"walk {step.Task} has {RemoteLimits.Tasks} steps already, the most that it can have");
        Value(step.Previous, "previous");
        Need(Enum.IsDefined(step.Verdict), $"verdict {step.Verdict} is none: {string.Join(", ", Enum.GetNames<StepVerdict>())} are");
        Need(step.Accounts.Count == walk.Candidates, $"accounts has {step.Accounts.Count} entries and the step {walk.Candidates} candidates: each has one");
        Need(step.Accounts.All(Enum.IsDefined), $"accounts holds one that is none: {string.Join(", ", Enum.GetNames<CandidateAccount>())} are");
        Need(step.Tried >= 0 && step.Tried <= step.Accounts.Count, $"tried {step.Tried} is not allowed: the step has {step.Accounts.Count} candidates");
        Need(step.GateDraws >= 0, $"gateDraws {step.GateDraws} is not allowed: it counts from 0");
        Text(step.Action, RemoteLimits.Text, "action");
        if (step.Verdict == StepVerdict.Stopped)
        {
            Need(step.Accepted is null && step.AcceptedAttempt is null, "verdict Stopped follows no candidate: accepted and acceptedAttempt have to be null");
        }
        else
        {
            Need(step.Accepted is not null && step.AcceptedAttempt is { } attempt && attempt >= 0 && attempt < step.Accounts.Count, $"verdict {step.Verdict} follows a candidate: accepted has to be its value and acceptedAttempt its number");
            Value(step.Accepted!, "accepted");
            var account = step.Accounts[step.AcceptedAttempt!.Value];
            Need(account is CandidateAccount.Accepted or CandidateAccount.NoRise, $"acceptedAttempt {step.AcceptedAttempt} has the account {account}: the one that is followed has Accepted or NoRise");
        }

        (walk.Decided, walk.Candidates) = (walk.Decided + 1, 0);
    }

    private void Pair(PairCreated made)
    {
        var pair = made.Pair;
        Need(made.Index == _past.Pairs, $"index {made.Index} is not the next: {_past.Pairs} is");
        Need(made.Origin is null, "origin is told of pairs that were taken over from another run: leave it out");
        Need(At(pair.Task).Opened, $"walk {pair.Task} has not begun");
        Need(pair.Step is >= 0 and < RemoteLimits.Tasks, $"step {pair.Step} is not allowed");
        Text(pair.History, 8 * RemoteLimits.Text, "history");
        Text(pair.Chosen, RemoteLimits.Text, "chosen");
        Text(pair.Rejected, RemoteLimits.Text, "rejected");
        Value(pair.ChosenValue, "chosenValue");
        Value(pair.RejectedValue, "rejectedValue");
        foreach (var (name, tokens) in new[] { ("historyTokens", pair.HistoryTokens), ("chosenTokens", pair.ChosenTokens), ("rejectedTokens", pair.RejectedTokens) })
        {
            Need(tokens.Count <= RemoteLimits.Tokens && tokens.All(t => t >= 0), $"{name} holds more than {RemoteLimits.Tokens} tokens, or one below 0");
        }

        Need(pair.ChosenWritten is null || pair.ChosenWritten.Count == pair.ChosenTokens.Count, "chosenWritten has to have an entry for each of chosenTokens");
        Need(pair.RejectedWritten is null || pair.RejectedWritten.Count == pair.RejectedTokens.Count, "rejectedWritten has to have an entry for each of rejectedTokens");
        Need(pair.Weight is null || (pair.Weight > 0 && pair.Weight <= Preferences.PreferencePair.MaxWeight), $"weight {pair.Weight} is not allowed: it is above 0 and at most {Preferences.PreferencePair.MaxWeight}");
        Need(pair.ShrunkGap is null || double.IsFinite(pair.ShrunkGap.Value), "shrunkGap is no number");
        _past.Pairs++;
    }

    private void Evaluation(EvaluationFinished evaluation)
    {
        Held(evaluation.Stage, evaluation.Decoding);
        Held(evaluation.Mean, evaluation.Low, evaluation.High);
        Number(evaluation.PerfectShare, "perfectShare", 0, 1);
        Number(evaluation.ZeroShare, "zeroShare", 0, 1);
        Number(evaluation.InvalidRate, "invalidRate", 0, 1);
        Number(evaluation.MeanSteps, "meanSteps", 0, RemoteLimits.Tasks);
        Need(evaluation.Episodes.Count <= RemoteLimits.Episodes, $"episodes has {evaluation.Episodes.Count} entries: at most {RemoteLimits.Episodes} are allowed");
        foreach (var episode in evaluation.Episodes)
        {
            Need(episode is not null, "episodes holds null");
            Text(episode!.TaskId, RemoteLimits.Name, "taskId", 1);
            Reward(episode.Reward, "reward");
            Need(episode.Steps >= 0 && episode.InvalidActions >= 0 && episode.ActionTokens >= 0, $"episode '{episode.TaskId}' counts below 0");
            Text(episode.Group ?? "", RemoteLimits.Name, "group");
            Need(episode.Flaws is null || (episode.Flaws.Count <= EpisodePlayed.PartLimit && episode.Flaws.All(f => f is { Length: > 0 and <= RemoteLimits.Name })), $"flaws of episode '{episode.TaskId}' are more than {EpisodePlayed.PartLimit}, or one is longer than {RemoteLimits.Name} characters");
        }
    }

    private void Episode(EpisodePlayed episode)
    {
        Held(episode.Stage, episode.Decoding);
        Need(episode.Task is >= 0 and < RemoteLimits.Tasks, $"task {episode.Task} is not allowed: 0 to {RemoteLimits.Tasks - 1} are");
        Text(episode.TaskId, RemoteLimits.Name, "taskId", 1);
        Text(episode.Instruction, EpisodePlayed.TextLimit, "instruction");
        Reward(episode.Reward, "reward");
        Need(episode.Turns.Count <= RemoteLimits.Turns, $"turns has {episode.Turns.Count} entries: at most {RemoteLimits.Turns} are allowed");
        foreach (var turn in episode.Turns)
        {
            Need(turn is not null, "turns holds null");
            Text(turn!.Action, EpisodePlayed.TextLimit, "action");
            Text(turn.Observation, EpisodePlayed.TextLimit, "observation");
        }

        Need(episode.Parts.Count <= EpisodePlayed.PartLimit, $"parts has {episode.Parts.Count} entries: at most {EpisodePlayed.PartLimit} are allowed");
        foreach (var part in episode.Parts)
        {
            Need(part is not null, "parts holds null");
            Text(part!.What, EpisodePlayed.TextLimit, "what");
            Text(part.Wanted, EpisodePlayed.TextLimit, "wanted");
            Text(part.Found, EpisodePlayed.TextLimit, "found");
        }
    }

    private void Spent(Budget budget)
    {
        long[] counts =
        [
            budget.Tasks, budget.Steps, budget.Candidates, budget.SameState, budget.Contrasts, budget.FreeCandidates, budget.Unconsidered, budget.GateDraws, budget.Forced,
            budget.Rollouts, budget.TokensGenerated, budget.TokensForced, budget.TokensPrefilled, budget.TokensRecomputed, budget.Pairs, budget.NoRise,
        ];
        Need(counts.All(c => c is >= 0 and <= RemoteLimits.Step), "budget holds a count below 0");
    }

    private void Held(Stage stage, string decoding)
    {
        Need(stage is Stage.Baseline or Stage.Evaluate, $"stage {stage} is not measured on held-out tasks: Baseline and Evaluate are");
        Need(decoding is "greedy" or "sampled", $"decoding '{Short(decoding)}' is none: greedy and sampled are");
    }

    private void Held(double mean, double low, double high)
    {
        Reward(mean, "mean");
        Reward(low, "low");
        Reward(high, "high");
        Need(low <= mean && mean <= high, string.Create(CultureInfo.InvariantCulture, $"mean {mean} is not within low {low} and high {high}"));
    }

    private RemoteWalk At(int task)
    {
        Need(task is >= 0 and < RemoteLimits.Tasks, $"task {task} is not allowed: 0 to {RemoteLimits.Tasks - 1} are");
        if (!_past.Walks.TryGetValue(task, out var walk))
        {
            _past.Walks.Add(task, walk = new RemoteWalk());
        }

        return walk;
    }

    private RemoteWalk OpenWalk(int task)
    {
        var walk = At(task);
        Need(walk.Opened, $"walk {task} has not begun: taskOpened comes first");
        Need(!walk.Finished, $"walk {task} is finished");
        return walk;
    }

    private void Value(Estimate estimate, string name)
    {
        Need(estimate.Outcomes.Count <= RemoteLimits.Outcomes, $"{name} has {estimate.Outcomes.Count} outcomes: at most {RemoteLimits.Outcomes} are allowed");
        Need(!estimate.Exact || estimate.Outcomes.Count == 1, $"{name} is exact and has {estimate.Outcomes.Count} outcomes: an exact one has one");
        foreach (var outcome in estimate.Outcomes)
        {
            Reward(outcome, name);
        }
    }

    private void Reward(double value, string name)
    {
        var slack = RisingRule.Tolerance * Math.Max(1, _past.Range.High - _past.Range.Low);
        Number(value, name, _past.Range.Low - slack, _past.Range.High + slack);
    }

    private void Number(double value, string name, double low, double high) =>
        Need(value >= low && value <= high, string.Create(CultureInfo.InvariantCulture, $"{name} {value} is not allowed: a number from {low:0.######} to {high:0.######} is"));

    private void Of(Stage stage, string name) => Need(Enum.IsDefined(stage), $"{name} {stage} is none: {string.Join(", ", Enum.GetNames<Stage>())} are");

    private void Text(string text, int longest, string name, int shortest = 0) =>
        Need(text.Length >= shortest && text.Length <= longest, $"{name} has {text.Length} characters: {shortest} to {longest} are allowed");

    private void Need(bool holds, string wrong)
    {
        if (!holds)
        {
            throw Wrong(wrong);
        }
    }

    private RemoteException Wrong(string what) => new($"Event {_index + 1} of the batch ({_kind}): {what}.");

    private static string Short(string text) => text.Length <= 60 ? text : text[..60] + "…";

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9_.:@%/-]{0,99}\z")]
    private static partial Regex SeriesShape();
}
