using RroDashboard.Core.Events;
using RroDashboard.Core.Exploration;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Rewards;

namespace RroDashboard.Data;

/// <summary>A candidate as the feed shows it.</summary>
/// <param name="Attempt">0-based order of sampling.</param>
/// <param name="Action">What the policy wrote.</param>
/// <param name="Mean">Its process reward.</param>
/// <param name="Low">Lower end of the 95 % interval.</param>
/// <param name="High">Upper end of the 95 % interval.</param>
/// <param name="N">Rollouts behind it; 0 when it is the final reward itself.</param>
/// <param name="Account">Where it ended; null when the ledger does not say.</param>
/// <param name="SameStateAs">Attempt whose estimate it shares.</param>
public sealed record FeedCandidate(int Attempt, string Action, double Mean, double Low, double High, int N, CandidateAccount? Account, int? SameStateAs);

/// <summary>A decided step as people read it. The same entry comes in snapshots, frames and pages of the past.</summary>
/// <param name="Seq">Number of its event.</param>
/// <param name="Task">Index of the task.</param>
/// <param name="Step">0-based step of the walk.</param>
/// <param name="Instruction">What the agent was asked.</param>
/// <param name="Previous">Value of the previous step.</param>
/// <param name="PreviousInterval">Its 95 % interval, low and high.</param>
/// <param name="PreviousN">Rollouts behind it; 0 when it is a final reward.</param>
/// <param name="Accepted">Value of the step that was followed; null when the walk stopped.</param>
/// <param name="AcceptedInterval">Its 95 % interval; null when the walk stopped.</param>
/// <param name="AcceptedN">Rollouts behind it; 0 when it is a final reward.</param>
/// <param name="AcceptedAttempt">Attempt that was followed; null when the expert's action was, or none.</param>
/// <param name="Tried">Candidates sampled for the rising test.</param>
/// <param name="MaxCandidates">K.</param>
/// <param name="Verdict">How it was decided.</param>
/// <param name="Action">What was followed; empty when the walk stopped.</param>
/// <param name="Sentence">Why, in words.</param>
/// <param name="Candidates">In the order of sampling.</param>
public sealed record FeedEntry(
    long Seq,
    int Task,
    int Step,
    string Instruction,
    double Previous,
    IReadOnlyList<double> PreviousInterval,
    int PreviousN,
    double? Accepted,
    IReadOnlyList<double>? AcceptedInterval,
    int? AcceptedN,
    int? AcceptedAttempt,
    int Tried,
    int MaxCandidates,
    StepVerdict Verdict,
    string Action,
    string Sentence,
    IReadOnlyList<FeedCandidate> Candidates);

/// <summary>Makes feed entries of one run: the rule and the range they are told with.</summary>
public sealed class FeedWriter
{
    private readonly RisingRule _rule;
    private readonly int _maxCandidates;

    /// <summary>From the plan and the range of the environment.</summary>
    public FeedWriter(RunPlan plan, RewardRange range)
    {
        ArgumentNullException.ThrowIfNull(plan);
        (_rule, _maxCandidates) = (new RisingRule(plan.Explore.Rise, plan.Explore.RiseMargin, range), plan.Explore.MaxCandidates);
    }

    /// <summary>The entry of a step.</summary>
    /// <param name="seq">Number of the event.</param>
    /// <param name="step">The fact.</param>
    /// <param name="instruction">Of its task.</param>
    /// <param name="candidates">All that were sampled at the step, in any order.</param>
    public FeedEntry Entry(long seq, StepDecided step, string instruction, IEnumerable<CandidateScored> candidates)
    {
        ArgumentNullException.ThrowIfNull(step);
        return new FeedEntry(
            seq,
            step.Task,
            step.Step,
            instruction,
            step.Previous.Mean,
            Interval(step.Previous),
            step.Previous.Rollouts,
            step.Accepted?.Mean,
            step.Accepted is { } accepted ? Interval(accepted) : null,
            step.Accepted?.Rollouts,
            step.AcceptedAttempt,
            step.Tried,
            _maxCandidates,
            step.Verdict,
            step.Action,
            LedgerSentence.Of(step, _rule, _maxCandidates),
            [.. candidates.OrderBy(c => c.Attempt).Select(c => Candidate(c, step))]);
    }

    private FeedCandidate Candidate(CandidateScored c, StepDecided step)
    {
        var interval = c.Value.IntervalWithin(_rule.Range);
        return new FeedCandidate(
            c.Attempt,
            c.Action,
            c.Value.Mean,
            interval.Low,
            interval.High,
            c.Value.Rollouts,
            c.Attempt >= 0 && c.Attempt < step.Accounts.Count ? step.Accounts[c.Attempt] : null,
            c.SameStateAs);
    }

    private double[] Interval(Estimate estimate)
    {
        var interval = estimate.IntervalWithin(_rule.Range);
        return [interval.Low, interval.High];
    }
}
