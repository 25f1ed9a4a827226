using RroDashboard.Core.Events;
using RroDashboard.Core.Preferences;

namespace RroDashboard.Training;

/// <summary>
/// What can be known before preference training has cost anything: that every pair has something to train on, that the number of
/// updates fits the number of pairs, and that training starts where it has to (method.md 4: items 4, 6 and 26).
/// </summary>
public static class Preflight
{
    /// <summary>More passes over the pairs than this, and each pair is learned by heart rather than from.</summary>
    public const double ManyPasses = 5;

    /// <summary>A gradient norm below this moves nothing: nothing is trainable, or both sides of every pair are equal.</summary>
    public const double NoGradient = 1e-9;

    /// <summary>Checks the pairs; those that cannot be trained on are left out, with an alert that counts them.</summary>
    /// <returns>Positions of the pairs that can be.</returns>
    public static IReadOnlyList<int> Check(RunContext context, IReadOnlyList<PreferencePair> pairs)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(pairs);
        var (usable, empty, tooLong) = (new List<int>(pairs.Count), 0, 0);
        for (var i = 0; i < pairs.Count; i++)
        {
            var pair = pairs[i];
            if (pair.ChosenWrittenCount == 0 || pair.RejectedWrittenCount == 0 || pair.HistoryTokens.Count == 0)
            {
                empty++;
            }
            else if (pair.HistoryTokens.Count + Math.Max(pair.ChosenTokens.Count, pair.RejectedTokens.Count) > context.Model.Context)
            {
                tooLong++;
            }
            else
            {
                usable.Add(i);
            }
        }

        if (empty > 0)
        {
            Alert(context, "warning", $"{empty} of {pairs.Count} pairs have a side without a token that the policy wrote; they were left out.");
        }

        if (tooLong > 0)
        {
            Alert(context, "warning", $"{tooLong} of {pairs.Count} pairs are longer than Model.Context = {context.Model.Context}; they were left out.");
        }

        var options = context.Plan.Dpo;
        if (usable.Count > 0 && options.Updates > 0)
        {
            var drawn = (long)options.Updates * Math.Min(options.BatchSize, usable.Count);
            var passes = (double)drawn / usable.Count;
            if (passes > ManyPasses)
            {
                Alert(context, "warning", $"{options.Updates} updates of {Math.Min(options.BatchSize, usable.Count)} pairs pass {passes:0.0} times over the {usable.Count} pairs: lower Dpo.Updates, or explore more tasks.");
            }
            else if (passes < 1)
            {
                Alert(context, "info", $"{options.Updates} updates of {options.BatchSize} pairs see {drawn} of the {usable.Count} pairs only: {Math.Ceiling((double)usable.Count / options.BatchSize):0} updates would see all once.");
            }
        }

        return usable;
    }

    /// <summary>Checks the first batch: policy and reference are the same model, so the loss is ln 2 whatever the pairs are, and it has a gradient.</summary>
    /// <exception cref="InvalidOperationException">The loss is not ln 2: policy and reference are not the same model, and nothing that follows could be trusted.</exception>
    public static void CheckFirst(RunContext context, double loss, double gradientNorm)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (Math.Abs(loss - Math.Log(2)) > Dpo.FirstLossTolerance)
        {
            throw new InvalidOperationException(FormattableString.Invariant(
                $"The loss of the first DPO update is {loss:0.0000} instead of ln 2 = 0.6931: the policy is not the reference that its log-probabilities were computed with."));
        }

        if (gradientNorm < NoGradient)
        {
            Alert(context, "warning", $"The first DPO update has a gradient norm of {gradientNorm:0.0e+0}: nothing will be learned; both sides of the pairs may be equal.");
        }
    }

    private static void Alert(RunContext context, string severity, FormattableString text) =>
        context.Journal.Record(new AlertRaised(severity, FormattableString.Invariant(text)));
}
