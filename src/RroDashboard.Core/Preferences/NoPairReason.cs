using RroDashboard.Core.Events;
using RroDashboard.Core.Exploration;

namespace RroDashboard.Core.Preferences;

/// <summary>Why a decided step made no preference pair.</summary>
public enum NoPairReason
{
    /// <summary>Its first candidate rose and no other was drawn, so there is no loser.</summary>
    RoseAtOnce,

    /// <summary>A contrast was drawn after an immediate rise, and it was not worth less by enough.</summary>
    ContrastNotLower,

    /// <summary>Only one candidate was valued, though nothing had to rise: a forced move.</summary>
    Forced,

    /// <summary>Every candidate led to the same state: there is nothing to prefer.</summary>
    OneState,

    /// <summary>The candidates led to different states, but none was worth less by enough.</summary>
    NoneLower,

    /// <summary>Nothing rose and the walk stopped, so there is no winner.</summary>
    Stopped,
}

/// <summary>Explains missing pairs from the ledger.</summary>
public static class NoPair
{
    /// <summary>Why this step, which made no pair, made none.</summary>
    public static NoPairReason ReasonOf(StepDecided step)
    {
        ArgumentNullException.ThrowIfNull(step);
        return step switch
        {
            { Accepted: null } => NoPairReason.Stopped,
            { Verdict: StepVerdict.Forced } => NoPairReason.Forced,
            { Accounts.Count: <= 1, Verdict: StepVerdict.Rose } => NoPairReason.RoseAtOnce,
            { Accounts.Count: <= 1 } => NoPairReason.Forced,
            { Tried: 1 } when step.Accounts.Contains(CandidateAccount.Contrast) => NoPairReason.ContrastNotLower,
            _ when step.Accounts.Count(a => a != CandidateAccount.SameState) == 1 => NoPairReason.OneState,
            _ => NoPairReason.NoneLower,
        };
    }
}
