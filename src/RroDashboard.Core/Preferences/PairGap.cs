using RroDashboard.Core.Rewards;
using RroDashboard.Core.Statistics;

namespace RroDashboard.Core.Preferences;

/// <summary>How sure one can be of the gap between two estimates.</summary>
public static class PairGap
{
    /// <summary>
    /// 95 % interval of chosen minus rejected, by Newcombe's method: the distances of both estimates to the ends of their own Wilson
    /// intervals, added as squares. Reward units. An interval that reaches 0 says that so few rollouts do not tell the two apart.
    /// </summary>
    public static Interval IntervalOf(Estimate chosen, Estimate rejected, RewardRange range)
    {
        ArgumentNullException.ThrowIfNull(chosen);
        ArgumentNullException.ThrowIfNull(rejected);
        var (a, b) = (chosen.IntervalWithin(range), rejected.IntervalWithin(range));
        var gap = chosen.Mean - rejected.Mean;
        return new Interval(
            gap - Math.Sqrt(Square(chosen.Mean - a.Low) + Square(b.High - rejected.Mean)),
            gap + Math.Sqrt(Square(a.High - chosen.Mean) + Square(rejected.Mean - b.Low)));
    }

    private static double Square(double x) => x * x;
}
