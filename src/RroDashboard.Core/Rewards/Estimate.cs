using System.Text.Json.Serialization;
using RroDashboard.Core.Statistics;

namespace RroDashboard.Core.Rewards;

/// <summary>
/// A process reward: the mean final reward of m Monte-Carlo rollouts after a prefix (RRO, stage 2), with everything
/// needed to doubt it. Never a bare number: the rule compares estimates, the page shows their intervals.
/// </summary>
/// <param name="Outcomes">Final rewards of the rollouts, in sampling order; one value when <paramref name="Exact"/>.</param>
/// <param name="Exact">The episode ended here, so the value is the final reward itself and needs no rollout.</param>
public sealed record Estimate(IReadOnlyList<double> Outcomes, bool Exact = false)
{
    private const double Z95 = 1.959963984540054;

    /// <summary>Mean of the outcomes, in reward units.</summary>
    [JsonIgnore]
    public double Mean { get; } = Outcomes.Count == 0
        ? throw new ArgumentException("An estimate needs at least one outcome.", nameof(Outcomes))
        : Outcomes.Average();

    /// <summary>Number of rollouts, m; 0 when exact.</summary>
    [JsonIgnore]
    public int Rollouts => Exact ? 0 : Outcomes.Count;

    /// <summary>The value of a finished episode.</summary>
    public static Estimate Final(double reward) => new([reward], Exact: true);

    /// <summary>
    /// 95 % Wilson score interval on the reward rescaled to 0..1. A variable in [0, 1] with mean p has a variance of at
    /// most p(1 - p), so for graded rewards the interval is on the safe side; it never collapses when all m agree.
    /// </summary>
    public Interval IntervalWithin(RewardRange range)
    {
        if (Exact)
        {
            return new Interval(Mean, Mean);
        }

        var width = range.High - range.Low;
        var p = Math.Clamp((Mean - range.Low) / width, 0, 1);
        double n = Outcomes.Count;
        var denominator = 1 + (Z95 * Z95 / n);
        var centre = (p + (Z95 * Z95 / (2 * n))) / denominator;
        var half = Z95 * Math.Sqrt((p * (1 - p) / n) + (Z95 * Z95 / (4 * n * n))) / denominator;
        return new Interval(
            range.Low + (width * Math.Max(0, centre - half)),
            range.Low + (width * Math.Min(1, centre + half)));
    }

    /// <summary>Equal outcomes in equal order; records compare lists by reference otherwise.</summary>
    public bool Equals(Estimate? other) =>
        other is not null && Exact == other.Exact && Outcomes.SequenceEqual(other.Outcomes);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Exact, Outcomes.Count, Mean);
}
