namespace RroDashboard.Core.Rewards;

/// <summary>How a candidate has to compare with the previous step to be accepted (method.md 1.3 and 1.4).</summary>
public enum Rise
{
    /// <summary>At least the previous value: "not lower", as in the paper's theorem, and what the Bellman argument supports.</summary>
    NonDecreasing,

    /// <summary>Above the previous value: the abstract's "positive reward differential".</summary>
    Strict,

    /// <summary>Above the previous value by at least a margin, in reward units.</summary>
    Margin,
}

/// <summary>
/// The one comparison of Reward Rising Optimization: does this candidate's process reward rise over the previous step's?
/// </summary>
/// <param name="Kind">The operator.</param>
/// <param name="Margin">Reward units, only read for <see cref="Rise.Margin"/>.</param>
/// <param name="Range">Nothing can rise above its highest value: at the ceiling a tie counts as a rise under every operator.</param>
public sealed record RisingRule(Rise Kind, double Margin, RewardRange Range)
{
    /// <summary>Two means closer than this are the same number; sums of tenths differ in the last bits.</summary>
    public const double Tolerance = 1e-9;

    /// <summary>True when <paramref name="candidate"/> rises over <paramref name="previous"/>.</summary>
    public bool Rises(Estimate previous, Estimate candidate)
    {
        ArgumentNullException.ThrowIfNull(previous);
        ArgumentNullException.ThrowIfNull(candidate);
        var gain = candidate.Mean - previous.Mean;
        if (candidate.Mean >= Range.High - Tolerance)
        {
            return true;
        }

        return Kind switch
        {
            Rise.NonDecreasing => gain >= -Tolerance,
            Rise.Strict => gain > Tolerance,
            Rise.Margin => gain >= Margin - Tolerance,
            _ => throw new InvalidOperationException($"Unknown rule {Kind}."),
        };
    }

    /// <summary>True when both means are the same number.</summary>
    public static bool Tie(Estimate a, Estimate b)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        return Math.Abs(a.Mean - b.Mean) <= Tolerance;
    }

    /// <summary>The operator as people write it.</summary>
    public string Symbol => Kind switch
    {
        Rise.NonDecreasing => "≥",
        Rise.Strict => ">",
        _ => FormattableString.Invariant($"≥ +{Margin:0.###} over"),
    };
}
