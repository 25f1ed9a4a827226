using RroDashboard.Core.Plans;
using RroDashboard.Core.Rewards;

namespace RroDashboard.Core.Exploration;

/// <summary>
/// Stops the rollouts of a candidate early, once its mean is so far from what it is compared with that more would hardly change
/// the answer: |mean - previous| &gt; z * deviation / sqrt(n). The deviation is assumed, not estimated: two or three outcomes that
/// agree would make any estimate of it 0.
/// </summary>
/// <param name="Z">Standard errors; 0 never stops early.</param>
/// <param name="MinRollouts">Rollouts before the first look.</param>
/// <param name="Deviation">Assumed standard deviation of one outcome, reward units.</param>
public sealed record SequentialTest(double Z, int MinRollouts, double Deviation)
{
    /// <summary>The test of a plan.</summary>
    public static SequentialTest Of(ExploreOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new SequentialTest(options.SequentialZ, options.SequentialMinRollouts, options.SequentialDeviation);
    }

    /// <summary>True when no more rollouts are needed.</summary>
    public bool Stops(Estimate candidate, Estimate previous)
    {
        ArgumentNullException.ThrowIfNull(candidate);
        ArgumentNullException.ThrowIfNull(previous);
        return candidate.Exact || (Z > 0 && candidate.Rollouts >= MinRollouts
            && Math.Abs(candidate.Mean - previous.Mean) > Z * Deviation / Math.Sqrt(candidate.Rollouts));
    }
}
