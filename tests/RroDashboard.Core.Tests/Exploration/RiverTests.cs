using RroDashboard.Core.Events;
using RroDashboard.Core.Exploration;
using RroDashboard.Core.Rewards;

namespace RroDashboard.Core.Tests.Exploration;

public sealed class RiverTests
{
    [Theory]
    [InlineData(0.5, 0)]
    [InlineData(0.49, 1)]
    [InlineData(0.25, 1)]
    [InlineData(0.1, 2)]
    [InlineData(0.01, 3)]
    [InlineData(0.0, 4)]
    [InlineData(-0.01, 5)]
    [InlineData(-0.1, 6)]
    [InlineData(-0.3, 7)]
    [InlineData(-1.0, 8)]
    public void Of_OneStep_IsInItsBand(double change, int row)
    {
        var river = River.Of([new StepChange(0, 0, change, true)], RewardRange.Unit);

        Assert.Equal(9, river.Rows.Count);
        Assert.Equal(1, river.Counts[row, 0]);
        Assert.Equal(1, river.Counts.Cast<int>().Sum());
    }

    [Fact]
    public void Of_WiderRange_BandsAreSharesOfIt()
    {
        var river = River.Of([new StepChange(0, 0, 0.9, true)], new RewardRange(-1, 1));

        Assert.Equal("+ 0.50 to 1.00", river.Rows[1]);
        Assert.Equal(1, river.Counts[1, 0]);
    }

    [Fact]
    public void Of_WalksOfDifferentLength_ThirdsAreOfEachWalk()
    {
        StepChange[] steps = [.. Enumerable.Range(0, 6).Select(i => new StepChange(0, i, i < 2 ? 0.1 : 0, true)), new StepChange(1, 0, -0.1, false), new StepChange(1, 1, 0, true), new StepChange(1, 2, null, false)];

        var river = River.Of(steps, RewardRange.Unit);

        Assert.Equal([new RiverThird("beginning", 1, 1, 0, 0, 1), new RiverThird("middle", 3, 0, 3, 0, 3), new RiverThird("end", 2, 0, 2, 0, 2)], river.Thirds);
        Assert.Equal((9, 1, 6), (river.Steps, river.LeftOut, river.Columns));
    }

    [Fact]
    public void Of_AnySteps_ThirdsAreThoseOfThePapersTable()
    {
        var random = new Core.Statistics.SeededRandom(7);
        StepDecided Step(int task, int step) => new(task, step, random.Chance(0.2) ? Estimate.Final(0) : new Estimate([random.Next(3) / 2.0]), new Estimate([random.Next(3) / 2.0]), 0, "", 1, StepVerdict.Rose, []);
        var steps = Enumerable.Range(0, 40).SelectMany(task => Enumerable.Range(0, 1 + (task % 9)).Select(step => Step(task, step))).ToList();

        var share = RisingShare.Of(steps);
        var river = River.Of([.. steps.Select(s => new StepChange(s.Task, s.Step, s.Accepted!.Mean - s.Previous.Mean, true, !s.Previous.Exact))], RewardRange.Unit);

        Assert.Equal(
            [share.Beginning, share.Middle, share.End],
            river.Thirds.Select(t => new RisingSteps(t.Steps, t.Higher, t.Equal)));
    }

    [Fact]
    public void Of_LongWalks_SharesColumns()
    {
        var river = River.Of([.. Enumerable.Range(0, 200).Select(i => new StepChange(0, i, 0, true))], RewardRange.Unit);

        Assert.Equal((5, 40), (river.StepsPerColumn, river.Columns));
        Assert.Equal(5, river.Counts[4, 39]);
    }
}
