using RroDashboard.Core.Plans;
using RroDashboard.Core.Rewards;

namespace RroDashboard.Core.Exploration;

/// <summary>
/// What the counts of a walk would be if nothing real were happening: the step before and every candidate have the same chance p
/// of success, rewards are 0 or 1, and each value is a mean of m rollouts (method.md 1.3). A measured number of candidates per
/// step says something only beside this one.
/// </summary>
/// <param name="Candidates">Mean candidates per step.</param>
/// <param name="NoRise">Chance that nothing rises within the cap.</param>
/// <param name="LooksBetter">Chance that one equal candidate passes the test.</param>
public sealed record NullExpectation(double Candidates, double NoRise, double LooksBetter)
{
    /// <summary>The expectation of a rule, computed exactly.</summary>
    /// <param name="success">p: chance of success of every rollout, 0 to 1.</param>
    /// <param name="rollouts">m.</param>
    /// <param name="maxCandidates">K.</param>
    /// <param name="kind">The operator.</param>
    /// <param name="margin">Reward units, only read for <see cref="Rise.Margin"/>.</param>
    /// <param name="minLooks">Candidates before the first test.</param>
    /// <param name="ceilingRises">Whether a value of 1 passes whatever came before, as <see cref="RisingRule"/> has it.</param>
    public static NullExpectation Of(double success, int rollouts, int maxCandidates, Rise kind, double margin = 0, int minLooks = 1, bool ceilingRises = true)
    {
        if (success is not (>= 0 and <= 1))
        {
            throw new ArgumentOutOfRangeException(nameof(success), success, "A chance is from 0 to 1.");
        }

        ArgumentOutOfRangeException.ThrowIfLessThan(rollouts, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxCandidates, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(minLooks, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(minLooks, maxCandidates);
        // A range whose top no value reaches takes the ceiling out of the rule.
        var rule = new RisingRule(kind, margin, ceilingRises ? RewardRange.Unit : new RewardRange(0, 2));
        var chance = Binomial(success, rollouts);
        var values = Enumerable.Range(0, rollouts + 1).Select(k => Estimate.Final((double)k / rollouts)).ToArray();
        var (candidates, noRise, better) = (0.0, 0.0, 0.0);
        for (var before = 0; before <= rollouts; before++)
        {
            var rises = Enumerable.Range(0, rollouts + 1).Where(k => rule.Rises(values[before], values[k])).Sum(k => chance[k]);
            // The first test is of the best of minLooks; every further look needs that all before it failed.
            var looks = (double)minLooks;
            for (var look = minLooks; look < maxCandidates; look++)
            {
                looks += Math.Pow(1 - rises, look);
            }

            candidates += chance[before] * looks;
            noRise += chance[before] * Math.Pow(1 - rises, maxCandidates);
            better += chance[before] * rises;
        }

        return new NullExpectation(candidates, noRise, better);
    }

    /// <summary>
    /// The expectation of a plan's rule; null where the model does not describe it: fixed-size exploration does not stop, and with
    /// shared rollouts the value of the state contains the candidates' own returns.
    /// </summary>
    public static NullExpectation? Of(ExploreOptions options, double success)
    {
        ArgumentNullException.ThrowIfNull(options);
        return options.Selection == Selection.AllBest || options.SharedRollouts || options.SequentialZ > 0 || options.Gating != Gating.None
            ? null
            : Of(success, options.Rollouts, options.MaxCandidates, options.Rise, options.RiseMargin, options.MinLooks);
    }

    private static double[] Binomial(double p, int n)
    {
        var chance = new double[n + 1];
        var choose = 1.0;
        for (var k = 0; k <= n; k++)
        {
            chance[k] = choose * Math.Pow(p, k) * Math.Pow(1 - p, n - k);
            choose = choose * (n - k) / (k + 1);
        }

        return chance;
    }
}
