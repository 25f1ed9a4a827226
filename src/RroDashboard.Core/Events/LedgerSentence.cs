using System.Globalization;
using RroDashboard.Core.Exploration;
using RroDashboard.Core.Rewards;

namespace RroDashboard.Core.Events;

/// <summary>Says in words why a step was decided as it was. Made from the ledger entry alone, so that anyone can recompute it.</summary>
public static class LedgerSentence
{
    /// <summary>For example "Candidate 2 of at most 5 rose: 0.73 ≥ 0.60 (3 rollouts each)."</summary>
    public static string Of(StepDecided step, RisingRule rule, int maxCandidates)
    {
        ArgumentNullException.ThrowIfNull(step);
        ArgumentNullException.ThrowIfNull(rule);
        var previous = Number(step.Previous);
        return step.Verdict switch
        {
            StepVerdict.Rose when step.Accepted is { } accepted =>
                $"Candidate {step.AcceptedAttempt + 1} of at most {maxCandidates}{BestOf(step)} rose: {Number(accepted)} {rule.Symbol} {previous} ({Basis(accepted)}).",
            StepVerdict.KeptBest when step.Accepted is { } accepted =>
                $"Nothing rose over {previous} in {step.Tried} candidates; the best seen was kept at {Number(accepted)} ({Basis(accepted)}).",
            StepVerdict.KeptExpert when step.Accepted is { } accepted =>
                $"Nothing rose over {previous} in {step.Tried} candidates; the expert's action was followed at {Number(accepted)} ({Basis(accepted)}).",
            StepVerdict.BestOfAll when step.Accepted is { } accepted =>
                $"The best of {step.Tried} candidates was followed: {Number(accepted)} ({Basis(accepted)}).",
            StepVerdict.Forced when step.Accepted is { } accepted =>
                $"A forced move: there was nothing to choose, and it was followed at {Number(accepted)} without a test.",
            _ => $"Nothing rose over {previous} in {step.Tried} candidates; the walk stopped.",
        };
    }

    // Where several are looked at before the first test, the one that rose need not be the newest.
    private static string BestOf(StepDecided step) => step.Tried > step.AcceptedAttempt + 1 ? $", the best of {step.Tried} seen," : "";

    private static string Number(Estimate estimate) => estimate.Mean.ToString("0.00", CultureInfo.InvariantCulture);

    private static string Basis(Estimate estimate) => estimate.Exact
        ? "the final reward itself"
        : estimate.Rollouts == 1 ? "1 rollout" : $"{estimate.Rollouts} rollouts";
}
