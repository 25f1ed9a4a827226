using RroDashboard.Core.Plans;
using RroDashboard.Core.Preferences;
using RroDashboard.Core.Rewards;
using RroDashboard.Core.Statistics;

namespace RroDashboard.Core.Tests.Preferences;

public sealed class PairRuleTests
{
    private static readonly RisingRule s_notLower = new(Rise.NonDecreasing, 0, RewardRange.Unit);

    private static Sibling Worth(params double[] outcomes) => new(new Estimate(outcomes), 1);

    [Fact]
    public void Advantage_FewReturns_AreDrawnToTheState()
    {
        var state = new Estimate([0.5]);

        Assert.Equal(0.15, PairRule.Advantage(new Estimate([0.8]), state, 1), 12);
        Assert.Equal(0.225, PairRule.Advantage(new Estimate([0.8, 0.8, 0.8]), state, 1), 12);
        Assert.Equal(0.3, PairRule.Advantage(Estimate.Final(0.8), state, 1), 12);
        Assert.Equal(-0.3, PairRule.Advantage(new Estimate([0.2]), state, 0), 12);
    }

    [Fact]
    public void Pick_Considered_PrefersTheFollowedToEveryLower()
    {
        var rule = new PairRule(Pairing.Considered, Rejected.EveryLower, 0, 0, s_notLower);

        var pairs = rule.Pick([Worth(0.2), Worth(0.6), Worth(0.4), Worth(0.6)], followed: 3, new Estimate([0.5]));

        // Equal values make no pair, and do not take the chosen side from the followed one.
        Assert.Equal([(3, 0), (3, 2)], pairs.Select(p => (p.Chosen, p.Rejected)));
        Assert.Equal(0.4, pairs[0].Gap, 12);
    }

    [Fact]
    public void Pick_ConsideredWithABetterContrast_ChoosesTheContrast()
    {
        var rule = new PairRule(Pairing.Considered, Rejected.WorstSeen, 0, 0, s_notLower);

        Assert.Equal(new PickedPair(1, 0, 0.5), Assert.Single(rule.Pick([Worth(0.5), Worth(1)], followed: 0, new Estimate([0.5]))));
    }

    // By hand, V = .5, kappa = 1: three returns of .8 are worth .225, one of .9 is worth .2, one of .6 .05, one of .5 nothing.
    [Fact]
    public void Pick_BestSibling_TrustsManyReturnsMore()
    {
        var rule = new PairRule(Pairing.BestSibling, Rejected.EveryLower, 0.03, 1, s_notLower);

        var pairs = rule.Pick([Worth(0.6), Worth(0.8, 0.8, 0.8), Worth(0.9), Worth(0.5)], followed: 0, new Estimate([0.5]));

        Assert.Equal([(1, 0), (1, 3)], pairs.Select(p => (p.Chosen, p.Rejected)));
        Assert.Equal(0.175, pairs[0].Gap, 12);
    }

    [Fact]
    public void Pick_AcceptedSibling_NeverChoosesAnother()
    {
        var rule = new PairRule(Pairing.AcceptedSibling, Rejected.EveryLower, 0.03, 1, s_notLower);

        var pairs = rule.Pick([Worth(0.6, 0.6, 0.6), Worth(1, 1, 1), Worth(0.1)], followed: 0, new Estimate([0.5]));

        Assert.Equal([(0, 2)], pairs.Select(p => (p.Chosen, p.Rejected)));
    }

    [Fact]
    public void Pick_MeanMinus2Sigma_CountsEverySample()
    {
        var rule = new PairRule(Pairing.Considered, Rejected.MeanMinus2Sigma, 0, 0, s_notLower);
        // Twenty times .9 and once .8: mean .895, sigma .021; one .1 on top of that lies far below, .8 does not.
        Sibling[] siblings = [new(new Estimate([0.9]), 20), new(new Estimate([0.8]), 1), new(new Estimate([0.1]), 1)];

        Assert.Equal([(0, 2)], rule.Pick(siblings, followed: 0, new Estimate([0.5])).Select(p => (p.Chosen, p.Rejected)));
    }

    [Fact]
    public void Pick_AnySiblings_PairsPointDownwardsByMoreThanTheGap()
    {
        var random = new SeededRandom(11);
        for (var round = 0; round < 2000; round++)
        {
            var rule = new PairRule(
                random.Pick(Enum.GetValues<Pairing>()), random.Pick(Enum.GetValues<Rejected>()), random.Next(3) * 0.05, random.Next(3), s_notLower);
            var siblings = Enumerable.Range(0, 1 + random.Next(6)).Select(_ => new Sibling(
                random.Chance(0.2) ? Estimate.Final(random.Next(11) / 10.0) : new Estimate([.. Enumerable.Range(0, 1 + random.Next(4)).Select(_ => random.Next(11) / 10.0)]),
                1 + random.Next(3))).ToList();
            var (followed, state) = (random.Next(siblings.Count), new Estimate([random.Next(11) / 10.0]));

            var pairs = rule.Pick(siblings, followed, state);

            double Score(int i) => PairRule.Advantage(siblings[i].Value, state, rule.Shrinkage);
            Assert.Equal(pairs.Count, pairs.Select(p => p.Rejected).Distinct().Count());
            Assert.True(pairs.Select(p => p.Chosen).Distinct().Count() <= 1);
            Assert.All(pairs, p =>
            {
                Assert.Equal(Score(p.Chosen) - Score(p.Rejected), p.Gap, 9);
                Assert.True(p.Gap > Math.Max(RisingRule.Tolerance, rule.MinGap));
                Assert.True(rule.Pairing == Pairing.AcceptedSibling ? p.Chosen == followed : Score(p.Chosen) >= Enumerable.Range(0, siblings.Count).Max(Score) - 1e-9);
            });
        }
    }
}
