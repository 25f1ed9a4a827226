using RroDashboard.Core.Exploration;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Rewards;
using RroDashboard.Core.Statistics;

namespace RroDashboard.Core.Tests.Exploration;

public sealed class NullExpectationTests
{
    // The table of method.md 1.3: m, p, strict mean, >= mean, strict "looks better", strict no rise. It has two digits; at m = 8 and
    // p = .2 or .8 its .38 is .3747 in full: (1 - P(tie)) / 2 with P(tie) = .2507.
    [Theory]
    [InlineData(3, 0.2, 3.08, 1.70, 0.29, 0.34)]
    [InlineData(3, 0.5, 2.96, 1.77, 0.34, 0.33)]
    [InlineData(3, 0.8, 3.40, 1.51, 0.29, 0.52)]
    [InlineData(5, 0.2, 2.90, 1.81, 0.34, 0.30)]
    [InlineData(5, 0.5, 2.80, 1.87, 0.38, 0.29)]
    [InlineData(5, 0.8, 3.06, 1.69, 0.34, 0.38)]
    [InlineData(8, 0.2, 2.77, 1.89, 0.38, 0.27)]
    [InlineData(8, 0.5, 2.68, 1.95, 0.40, 0.26)]
    [InlineData(8, 0.8, 2.85, 1.83, 0.38, 0.31)]
    public void Of_EqualCandidates_IsTheTable(int rollouts, double success, double strict, double notLower, double better, double noRise)
    {
        var above = NullExpectation.Of(success, rollouts, 5, Rise.Strict, ceilingRises: false);

        Assert.Equal(strict, above.Candidates, 0.0051);
        Assert.Equal(better, above.LooksBetter, 0.0054);
        Assert.Equal(noRise, above.NoRise, 0.0051);
        Assert.Equal(notLower, NullExpectation.Of(success, rollouts, 5, Rise.NonDecreasing).Candidates, 0.0051);
    }

    // What the sum says is what drawing says.
    [Theory]
    [InlineData(Rise.Strict, 1)]
    [InlineData(Rise.Margin, 1)]
    [InlineData(Rise.NonDecreasing, 2)]
    public void Of_AnyRule_IsWhatDrawingGives(Rise kind, int minLooks)
    {
        const int Draws = 40_000;
        var random = new SeededRandom(5, (long)kind, minLooks);
        var rule = new StepRule(Selection.Rising, 5, minLooks, new RisingRule(kind, 0.3, RewardRange.Unit));
        var (total, none) = (0, 0);
        for (var i = 0; i < Draws; i++)
        {
            var previous = Value();
            var looks = new List<Look>();
            int? accepted = null;
            while (accepted is null && looks.Count < 5)
            {
                looks.Add(new Look(looks.Count, Value()));
                accepted = rule.Accepts(looks, previous);
            }

            total += looks.Count;
            none += accepted is null ? 1 : 0;
        }

        var expected = NullExpectation.Of(0.6, 4, 5, kind, 0.3, minLooks);
        Assert.Equal(expected.Candidates, (double)total / Draws, 0.03);
        Assert.Equal(expected.NoRise, (double)none / Draws, 0.01);

        Estimate Value() => new([.. Enumerable.Range(0, 4).Select(_ => random.Chance(0.6) ? 1.0 : 0)]);
    }

    [Fact]
    public void Of_PlanThatTheModelDoesNotDescribe_IsNull()
    {
        foreach (var (name, described) in new[] { ("rro", true), ("rro-margin", true), ("fixed-5", false), ("two-looks", false), ("gated", false), ("sequential", false) })
        {
            var plan = new RunPlan();
            ExplorationMethods.Apply(plan, name);

            Assert.Equal(described, NullExpectation.Of(plan.Explore, 0.7) is not null);
        }
    }

    [Fact]
    public void Of_ChanceOutOfRange_IsRefused() => Assert.Throws<ArgumentOutOfRangeException>(() => NullExpectation.Of(1.5, 3, 5, Rise.Strict));
}
