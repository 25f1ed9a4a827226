using RroDashboard.Core.Plans;
using RroDashboard.Core.Rewards;

namespace RroDashboard.Core.Exploration;

/// <summary>One look at a candidate.</summary>
/// <param name="First">0-based number of the look that reached this result first; its own number when it is new.</param>
/// <param name="Value">What that result is worth now.</param>
public readonly record struct Look(int First, Estimate Value);

/// <summary>
/// When a step is decided, and for which candidate. The explorer asks after every look; anyone can ask again with what the
/// ledger kept (<see cref="LedgerCheck"/>).
/// </summary>
/// <param name="Selection">One at a time until one rises, or all K and the best.</param>
/// <param name="MaxCandidates">K: most looks.</param>
/// <param name="MinLooks">Looks before the first test; from 2 on it is the best one seen that is tested.</param>
/// <param name="Rise">The comparison.</param>
public sealed record StepRule(Selection Selection, int MaxCandidates, int MinLooks, RisingRule Rise)
{
    /// <summary>The rule of a plan.</summary>
    public static StepRule Of(ExploreOptions options, RewardRange range)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new StepRule(options.Selection, options.MaxCandidates, options.MinLooks, new RisingRule(options.Rise, options.RiseMargin, range));
    }

    /// <summary>Asked after each look.</summary>
    /// <param name="looks">All looks of the step so far, in order; of repeated ones the first one's value is read.</param>
    /// <param name="previous">What the step before is worth.</param>
    /// <returns>Number of the look that is followed; null to look on, or, after K, when nothing rose.</returns>
    public int? Accepts(IReadOnlyList<Look> looks, Estimate previous)
    {
        ArgumentNullException.ThrowIfNull(looks);
        if (Selection == Selection.AllBest)
        {
            return looks.Count == MaxCandidates ? Best(looks) : null;
        }

        if (looks.Count < MinLooks)
        {
            return null;
        }

        // A repeated result is not tested again, except that the first test is always made.
        var newest = looks.Count - 1;
        if (looks[newest].First != newest && (MinLooks == 1 || looks.Count != MinLooks))
        {
            return null;
        }

        var tested = MinLooks == 1 ? newest : Best(looks);
        return Rise.Rises(previous, looks[tested].Value) ? tested : null;
    }

    /// <summary>The look with the highest value; the first of equal ones.</summary>
    public static int Best(IReadOnlyList<Look> looks)
    {
        ArgumentNullException.ThrowIfNull(looks);
        return Enumerable.Range(0, looks.Count).Where(i => looks[i].First == i).MaxBy(i => looks[i].Value.Mean);
    }
}
