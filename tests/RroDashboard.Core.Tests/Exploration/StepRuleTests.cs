using FsCheck;
using FsCheck.Fluent;
using RroDashboard.Core.Exploration;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Rewards;

namespace RroDashboard.Core.Tests.Exploration;

public sealed class StepRuleTests
{
    private static readonly RisingRule s_notLower = new(Rise.NonDecreasing, 0, RewardRange.Unit);

    private static Look New(int number, double value) => new(number, new Estimate([value]));

    [Fact]
    public void Accepts_OneLook_FollowsTheFirstThatIsNotLower()
    {
        var rule = new StepRule(Selection.Rising, 5, 1, s_notLower);

        Assert.Null(rule.Accepts([New(0, 0.4)], new Estimate([0.5])));
        Assert.Equal(1, rule.Accepts([New(0, 0.4), New(1, 0.5)], new Estimate([0.5])));
    }

    [Fact]
    public void Accepts_TwoLooks_WaitsForTheSecondAndFollowsTheBetter()
    {
        var rule = new StepRule(Selection.Rising, 5, 2, s_notLower);

        Assert.Null(rule.Accepts([New(0, 0.9)], new Estimate([0.5])));
        Assert.Equal(0, rule.Accepts([New(0, 0.9), New(1, 0.6)], new Estimate([0.5])));
        Assert.Equal(0, rule.Accepts([New(0, 0.6), New(1, 0.6)], new Estimate([0.5])));
    }

    // rules.md 3.2: look 2 is tested even if it is a duplicate of look 1; later duplicates are not.
    [Fact]
    public void Accepts_RepeatedResult_IsTestedOnlyAsTheLastOfTheFirstLooks()
    {
        var rule = new StepRule(Selection.Rising, 5, 2, s_notLower);
        Look again = new(0, new Estimate([0.6]));

        Assert.Equal(0, rule.Accepts([New(0, 0.6), again], new Estimate([0.5])));
        Assert.Null(rule.Accepts([New(0, 0.6), New(1, 0.2), again], new Estimate([0.5])));
        Assert.Null(new StepRule(Selection.Rising, 5, 1, s_notLower).Accepts([New(0, 0.6), again], new Estimate([0.5])));
    }

    [Fact]
    public void Accepts_AllBest_DecidesAtKWhateverCameBefore()
    {
        var rule = new StepRule(Selection.AllBest, 3, 1, s_notLower);

        Assert.Null(rule.Accepts([New(0, 0.9), New(1, 0.2)], new Estimate([0.1])));
        Assert.Equal(2, rule.Accepts([New(0, 0.1), New(0, 0.1), New(2, 0.2)], new Estimate([1.0])));
    }

    // Against a second way to say it: walk the looks, remember what was seen, and stop as the text of the rule says.
    [Fact]
    public void Accepts_AnyLooks_StopsWhereTheTextOfTheRuleSays() => Prop.ForAll(
        Arb.From(Gen.Choose(0, 4).ListOf(6)), Arb.From(Gen.Choose(0, 10)), Arb.From(Gen.Choose(1, 3)),
        (states, before, minLooks) =>
        {
            var rule = new StepRule(Selection.Rising, 6, minLooks, s_notLower);
            // State i is worth i / 4 - .1, so that a tie happens only by the first place seen.
            var looks = states.Select((state, i) => new Look(states.ToList().IndexOf(state), new Estimate([state / 4.0]))).ToList();
            var previous = new Estimate([before / 10.0]);

            int? stopped = null;
            for (var k = 1; k <= looks.Count && stopped is null; k++)
            {
                var duplicate = states.Take(k - 1).Contains(states[k - 1]);
                var best = states.Take(k).Max();
                var tested = minLooks > 1 ? best : states[k - 1];
                if (k >= minLooks && (!duplicate || (minLooks > 1 && k == minLooks)) && tested / 4.0 >= before / 10.0)
                {
                    stopped = states.ToList().IndexOf(tested);
                }

                Assert.Equal(stopped, rule.Accepts([.. looks.Take(k)], previous));
            }
        }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData(1, 0.76, false)]
    [InlineData(2, 0.76, true)]
    [InlineData(2, 0.67, false)]
    [InlineData(4, 0.63, true)]
    [InlineData(4, 0.62, false)]
    public void Stops_DistanceInStandardErrors_DecidesFromTheSecondRolloutOn(int rollouts, double mean, bool stops)
    {
        // z sd / sqrt(n): .25 / sqrt(2) = .177, .25 / sqrt(4) = .125.
        var test = new SequentialTest(1, 2, 0.25);

        Assert.Equal(stops, test.Stops(new Estimate([.. Enumerable.Repeat(mean, rollouts)]), new Estimate([0.5])));
        Assert.Equal(stops, test.Stops(new Estimate([.. Enumerable.Repeat(1 - mean, rollouts)]), new Estimate([0.5])));
        Assert.False(new SequentialTest(0, 2, 0.25).Stops(new Estimate([.. Enumerable.Repeat(mean, rollouts)]), new Estimate([0.5])));
    }
}
