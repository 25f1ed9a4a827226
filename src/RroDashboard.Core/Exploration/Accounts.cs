using RroDashboard.Core.Rewards;

namespace RroDashboard.Core.Exploration;

/// <summary>Where a sampled candidate ended: exactly one account each, and the sums match the number sampled.</summary>
public enum CandidateAccount
{
    /// <summary>Passed the rule and was followed.</summary>
    Accepted,

    /// <summary>Not high enough: below the previous step, short of the margin, or below the better one that was followed.</summary>
    Lower,

    /// <summary>Equal to what it was compared with: the previous step, or the equally good one that was followed.</summary>
    Tie,

    /// <summary>Led to a state already valued at this step; shares that estimate.</summary>
    SameState,

    /// <summary>The environment could not act on it.</summary>
    Invalid,

    /// <summary>Followed although nothing rose: the best of the step, or the expert's action.</summary>
    NoRise,

    /// <summary>Cut at the token limit or the end of the context.</summary>
    Truncated,

    /// <summary>Drawn after the acceptance, only to serve as the loser of a pair.</summary>
    Contrast,

    /// <summary>The first action of a shared rollout that the step was decided without; it may still be the side of a pair.</summary>
    Unconsidered,
}

/// <summary>How a step was decided.</summary>
public enum StepVerdict
{
    /// <summary>A candidate rose.</summary>
    Rose,

    /// <summary>Nothing rose within the cap; the best seen was kept.</summary>
    KeptBest,

    /// <summary>Nothing rose within the cap; the scripted expert's action was followed.</summary>
    KeptExpert,

    /// <summary>Nothing rose within the cap; the walk ended here.</summary>
    Stopped,

    /// <summary>All K were valued and the best was followed, whatever the step before was worth.</summary>
    BestOfAll,

    /// <summary>There was nothing to choose, so nothing was rolled out.</summary>
    Forced,
}

/// <summary>What verdicts have in common.</summary>
public static class StepVerdicts
{
    /// <summary>Whether no candidate rose within the cap, whatever was done then.</summary>
    public static bool NothingRose(this StepVerdict verdict) => verdict is StepVerdict.KeptBest or StepVerdict.KeptExpert or StepVerdict.Stopped;
}

/// <summary>Which account a candidate belongs to.</summary>
public static class Accounts
{
    /// <summary>The account of one candidate of a decided step.</summary>
    /// <param name="candidate">What became of it.</param>
    /// <param name="step">How the step was decided.</param>
    public static CandidateAccount Of(CandidateFate candidate, StepFate step)
    {
        ArgumentNullException.ThrowIfNull(step);
        return candidate switch
        {
            { Followed: true } => step.Verdict is StepVerdict.KeptBest or StepVerdict.KeptExpert ? CandidateAccount.NoRise : CandidateAccount.Accepted,
            { Considered: false, Spare: true } => CandidateAccount.Unconsidered,
            { Considered: false } => CandidateAccount.Contrast,
            { SameState: true } => CandidateAccount.SameState,
            { Truncated: true } => CandidateAccount.Truncated,
            { Invalid: true } => CandidateAccount.Invalid,
            _ => IsTie(candidate.Value, step) ? CandidateAccount.Tie : CandidateAccount.Lower,
        };
    }

    // With several looks before the test a candidate may lose to another one, not to the step before.
    private static bool IsTie(Estimate value, StepFate step) =>
        (step.Verdict != StepVerdict.BestOfAll && RisingRule.Tie(value, step.Previous))
        || (step.Verdict is StepVerdict.BestOfAll or StepVerdict.Rose && step.Followed is { } followed && RisingRule.Tie(value, followed));
}

/// <summary>How a step was decided, as far as its candidates' accounts depend on it.</summary>
/// <param name="Verdict">How.</param>
/// <param name="Previous">What the step before is worth.</param>
/// <param name="Followed">What the followed candidate is worth; null when the walk stopped.</param>
public sealed record StepFate(StepVerdict Verdict, Estimate Previous, Estimate? Followed);

/// <summary>What became of one candidate.</summary>
/// <param name="Value">What it is worth.</param>
/// <param name="Followed">The walk went on from it.</param>
/// <param name="Considered">Looked at for the decision.</param>
/// <param name="Spare">If not considered: seen in a rollout (and not drawn on purpose).</param>
/// <param name="SameState">An earlier candidate of the step reached the same result.</param>
/// <param name="Truncated">Cut at the token limit.</param>
/// <param name="Invalid">The environment could not act on it.</param>
public readonly record struct CandidateFate(Estimate Value, bool Followed, bool Considered, bool Spare, bool SameState, bool Truncated, bool Invalid);
