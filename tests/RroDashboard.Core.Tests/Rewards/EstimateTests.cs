using FsCheck;
using FsCheck.Fluent;
using RroDashboard.Core.Rewards;

namespace RroDashboard.Core.Tests.Rewards;

public sealed class EstimateTests
{
    [Fact]
    public void Mean_ThreeOutcomes_IsTheirAverage()
    {
        var estimate = new Estimate([1, 0.4, 0.4]);

        Assert.Equal(0.6, estimate.Mean, 12);
        Assert.Equal(3, estimate.Rollouts);
    }

    [Fact]
    public void Constructor_NoOutcomes_Throws() => Assert.Throws<ArgumentException>(() => new Estimate([]));

    [Fact]
    public void Final_Reward_IsExactWithoutRollouts()
    {
        var estimate = Estimate.Final(0.8);

        Assert.True(estimate.Exact);
        Assert.Equal(0, estimate.Rollouts);
        Assert.Equal(0, estimate.IntervalWithin(RewardRange.Unit).Width);
    }

    // Worked by hand: p = 8/10, z = 1.96: centre (0.8 + 0.19207) / 1.38415 = 0.71674, half 0.22657 (Wilson, 1927).
    [Fact]
    public void IntervalWithin_EightOfTen_IsTheWilsonInterval()
    {
        var interval = new Estimate([1, 1, 1, 1, 1, 1, 1, 1, 0, 0]).IntervalWithin(RewardRange.Unit);

        Assert.Equal(0.4902, interval.Low, 3);
        Assert.Equal(0.9433, interval.High, 3);
    }

    [Fact]
    public void IntervalWithin_AllAgree_StaysOpen()
    {
        var interval = new Estimate([1, 1, 1]).IntervalWithin(RewardRange.Unit);

        Assert.True(interval.Low < 0.5);
        Assert.Equal(1, interval.High, 12);
    }

    [Fact]
    public void IntervalWithin_NegativeRange_IsScaled()
    {
        var unit = new Estimate([0.75, 0.5]).IntervalWithin(RewardRange.Unit);
        var wide = new Estimate([0.5, 0.0]).IntervalWithin(new RewardRange(-1, 1));

        Assert.Equal((unit.Low * 2) - 1, wide.Low, 12);
        Assert.Equal((unit.High * 2) - 1, wide.High, 12);
    }

    [Fact]
    public void IntervalWithin_AnyOutcomes_HoldsTheMeanInsideTheRange()
    {
        var outcomes = Gen.Choose(0, 10).Select(i => i / 10.0).NonEmptyListOf();

        Prop.ForAll(Arb.From(outcomes), list =>
        {
            var estimate = new Estimate([.. list]);
            var interval = estimate.IntervalWithin(RewardRange.Unit);
            return interval.Low >= 0 && interval.High <= 1 && interval.Low <= estimate.Mean + 1e-12 && interval.High >= estimate.Mean - 1e-12;
        }).QuickCheckThrowOnFailure();
    }
}
