using RroDashboard.Core.Rewards;

namespace RroDashboard.Core.Tests.Rewards;

public sealed class RisingRuleTests
{
    [Theory]
    [InlineData(Rise.NonDecreasing, 0.6, 0.6, true)]
    [InlineData(Rise.NonDecreasing, 0.6, 0.59, false)]
    [InlineData(Rise.Strict, 0.6, 0.6, false)]
    [InlineData(Rise.Strict, 0.6, 0.61, true)]
    [InlineData(Rise.Margin, 0.6, 0.65, false)]
    [InlineData(Rise.Margin, 0.6, 0.7, true)]
    public void Rises_EachOperator_ComparesAsNamed(Rise kind, double previous, double candidate, bool expected)
    {
        var rule = new RisingRule(kind, 0.1, RewardRange.Unit);

        Assert.Equal(expected, rule.Rises(new Estimate([previous]), new Estimate([candidate])));
    }

    [Theory]
    [InlineData(Rise.NonDecreasing)]
    [InlineData(Rise.Strict)]
    [InlineData(Rise.Margin)]
    public void Rises_TieAtTheCeiling_RisesUnderEveryOperator(Rise kind)
    {
        var rule = new RisingRule(kind, 0.1, RewardRange.Unit);

        Assert.True(rule.Rises(new Estimate([1, 1]), new Estimate([1, 1, 1])));
    }

    // 0.1 + 0.2 is not 0.3 in doubles: sums of tenths in another order are the same reward.
    [Fact]
    public void Rises_EqualMeansInAnotherOrder_IsATie()
    {
        var a = new Estimate([0.1, 0.2, 0.3]);
        var b = new Estimate([0.3, 0.2, 0.1]);

        Assert.True(RisingRule.Tie(a, b));
        Assert.False(new RisingRule(Rise.Strict, 0, RewardRange.Unit).Rises(a, b));
        Assert.True(new RisingRule(Rise.NonDecreasing, 0, RewardRange.Unit).Rises(b, a));
    }
}
