using RroDashboard.Core.Plans;
using RroDashboard.Core.Rewards;

namespace RroDashboard.Core.Preferences;

/// <summary>One result that an action of a step led to.</summary>
/// <param name="Value">What it is worth.</param>
/// <param name="Times">How often it was sampled.</param>
public readonly record struct Sibling(Estimate Value, int Times);

/// <summary>Which two siblings make a pair.</summary>
/// <param name="Chosen">Number of the better one.</param>
/// <param name="Rejected">Number of the worse one.</param>
/// <param name="Gap">By how much, in value or, with shrinkage, in shrunk advantage.</param>
public readonly record struct PickedPair(int Chosen, int Rejected, double Gap);

/// <summary>Makes the preference pairs of a step out of what its actions were worth.</summary>
/// <param name="Pairing">Where both sides come from.</param>
/// <param name="Rejected">Which of the lower ones.</param>
/// <param name="MinGap">Smallest gap; 0 drops only ties.</param>
/// <param name="Shrinkage">kappa.</param>
/// <param name="Rise">The comparison of the walk; only <see cref="Plans.Rejected.LastNonRising"/> asks it.</param>
public sealed record PairRule(Pairing Pairing, Rejected Rejected, double MinGap, double Shrinkage, RisingRule Rise)
{
    /// <summary>The rule of a plan.</summary>
    public static PairRule Of(ExploreOptions options, RewardRange range)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new PairRule(options.Pairing, options.Rejected, options.MinPairGap, options.Shrinkage, new RisingRule(options.Rise, options.RiseMargin, range));
    }

    /// <summary>
    /// Shrunk advantage, n / (n + kappa) * (mean - V): a mean over few returns is drawn towards the state's own value, an exact
    /// reward is not.
    /// </summary>
    public static double Advantage(Estimate value, Estimate state, double kappa)
    {
        ArgumentNullException.ThrowIfNull(value);
        ArgumentNullException.ThrowIfNull(state);
        var trust = value.Exact ? 1 : value.Rollouts / (value.Rollouts + kappa);
        return trust * (value.Mean - state.Mean);
    }

    /// <summary>The pairs of one step, in the order of their rejected side.</summary>
    /// <param name="siblings">Every result, considered ones first, in the order in which they were seen.</param>
    /// <param name="followed">Number of the one that the walk went on from.</param>
    /// <param name="state">What the state before is worth.</param>
    public IReadOnlyList<PickedPair> Pick(IReadOnlyList<Sibling> siblings, int followed, Estimate state)
    {
        ArgumentNullException.ThrowIfNull(siblings);
        // Without shrinkage the state's value cancels out of every gap.
        var worth = siblings.Select(s => Shrinkage == 0 ? s.Value.Mean : Advantage(s.Value, state, Shrinkage)).ToArray();
        var chosen = followed;
        if (Pairing != Pairing.AcceptedSibling)
        {
            chosen = Enumerable.Range(0, worth.Length).MaxBy(i => worth[i]);
            if (Pairing == Pairing.Considered && worth[chosen] - worth[followed] <= RisingRule.Tolerance)
            {
                chosen = followed;
            }
        }

        var lower = Enumerable.Range(0, worth.Length).Where(i => i != chosen && worth[chosen] - worth[i] > Math.Max(RisingRule.Tolerance, MinGap)).ToList();
        if (lower.Count == 0)
        {
            return [];
        }

        IEnumerable<int> rejected = Rejected switch
        {
            Rejected.EveryLower => lower,
            Rejected.WorstSeen => [lower.MinBy(i => worth[i])],
            Rejected.LastNonRising => [lower.FindLastIndex(i => !Rise.Rises(state, siblings[i].Value)) is >= 0 and var last ? lower[last] : lower[^1]],
            Rejected.MeanMinus2Sigma => FarBelow(siblings, worth, lower),
            _ => throw new InvalidOperationException($"Unknown choice {Rejected}."),
        };
        return [.. rejected.Select(r => new PickedPair(chosen, r, worth[chosen] - worth[r]))];
    }

    private static List<int> FarBelow(IReadOnlyList<Sibling> siblings, double[] worth, List<int> lower)
    {
        double samples = siblings.Sum(s => s.Times);
        var mean = siblings.Select((s, i) => s.Times * worth[i]).Sum() / samples;
        var sigma = Math.Sqrt(siblings.Select((s, i) => s.Times * (worth[i] - mean) * (worth[i] - mean)).Sum() / samples);
        var far = lower.Where(i => worth[i] < mean - (2 * sigma)).ToList();
        return far.Count > 0 ? far : [lower.MinBy(i => worth[i])];
    }
}
