using RroDashboard.Core.Events;
using RroDashboard.Core.Exploration;
using RroDashboard.Core.Preferences;
using RroDashboard.Core.Rewards;

namespace RroDashboard.Core.Tests.Preferences;

public sealed class PairGapTests
{
    [Fact]
    public void IntervalOf_NewcombesExample_IsHis()
    {
        // Newcombe 1998, table II (a), method 10: 56/70 against 48/80 gives 0.0524 to 0.3339.
        var interval = PairGap.IntervalOf(Share(56, 70), Share(48, 80), RewardRange.Unit);

        Assert.Equal(0.0524, interval.Low, 4);
        Assert.Equal(0.3339, interval.High, 4);
    }

    [Fact]
    public void IntervalOf_TwoFinalRewards_IsTheirGap()
    {
        var interval = PairGap.IntervalOf(Estimate.Final(1), Estimate.Final(0.25), RewardRange.Unit);

        Assert.Equal((0.75, 0.75), (interval.Low, interval.High));
    }

    [Fact]
    public void ReasonOf_EveryCase_HasItsOwn()
    {
        Assert.Equal(NoPairReason.RoseAtOnce, NoPair.ReasonOf(Step(1, CandidateAccount.Accepted)));
        Assert.Equal(NoPairReason.ContrastNotLower, NoPair.ReasonOf(Step(1, CandidateAccount.Accepted, CandidateAccount.Contrast)));
        Assert.Equal(NoPairReason.OneState, NoPair.ReasonOf(Step(3, CandidateAccount.NoRise, CandidateAccount.SameState, CandidateAccount.SameState)));
        Assert.Equal(NoPairReason.NoneLower, NoPair.ReasonOf(Step(2, CandidateAccount.Tie, CandidateAccount.NoRise)));
        Assert.Equal(NoPairReason.Stopped, NoPair.ReasonOf(Step(2, CandidateAccount.Lower, CandidateAccount.Lower) with { Accepted = null }));
    }

    private static StepDecided Step(int tried, params CandidateAccount[] accounts) =>
        new(0, 0, new Estimate([0.5]), new Estimate([0.5]), 0, "a", tried, StepVerdict.Rose, accounts);

    private static Estimate Share(int good, int all) => new([.. Enumerable.Range(0, all).Select(i => i < good ? 1.0 : 0.0)]);
}
