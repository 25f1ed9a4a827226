using RroDashboard.Core.Events;
using RroDashboard.Core.Exploration;
using RroDashboard.Core.Rewards;

namespace RroDashboard.Core.Tests.Exploration;

public sealed class DecisionTotalsTests
{
    [Fact]
    public void Summary_ThreeSteps_CountsThemByStepAndCandidate()
    {
        var totals = new DecisionTotals();
        totals.Add(Step(0, new([0.2, 0.4]), new([0.5, 0.7]), tried: 2, StepVerdict.Rose));
        totals.Add(Step(1, new([0.5, 0.7]), Estimate.Final(1), tried: 1, StepVerdict.Rose));
        totals.Add(Step(0, new([0.1, 0.1]), null, tried: 5, StepVerdict.Stopped));

        var summary = totals.Summary();

        Assert.Equal((3, 2), (summary.Decided, summary.Rose));
        Assert.Equal([0, 1, 1], summary.Tried);
        Assert.Equal([1, 1], summary.StepCount);
        Assert.Equal([0.6, 1.0], summary.StepSum);
        Assert.Equal((2, 0.4), (summary.BaselineCount, Math.Round(summary.BaselineSum, 9)));
        Assert.Equal([new RiseCount(2, 0, 400, 1), new RiseCount(2, 2, 300, 1)], summary.Rises);
    }

    [Fact]
    public void Summary_FixedSizeAndForcedMoves_AreNoFailedRises()
    {
        var totals = new DecisionTotals();
        totals.Add(Step(0, Estimate.Final(0), new([0.5, 0.7]), tried: 5, StepVerdict.BestOfAll));
        totals.Add(Step(1, new([0.5, 0.7]), new([0.5, 0.7]), tried: 3, StepVerdict.Forced));
        totals.Add(Step(2, new([0.5, 0.7]), new([0.1, 0.2]), tried: 5, StepVerdict.KeptBest));

        var summary = totals.Summary();

        Assert.Equal((3, 0, 1), (summary.Decided, summary.Rose, summary.NoRise));
        // The start of a fixed-size walk is not valued; its 0 is no measurement.
        Assert.Equal(0, summary.BaselineCount);
    }

    [Fact]
    public void StandardError_KnownOutcomes_IsThatOfTheTextbook()
    {
        // Unbiased variances 0.5 and 0.5 of two outcomes each: the error of a mean of two is the root of 0.5 / 2; that of a difference of two
        // such means the root of 0.5, which is more than the rise of 0.5 and less than that of 0.8.
        var totals = new DecisionTotals();
        totals.Add(Step(1, new([0, 1]), new([0.5, 1.5]), tried: 1, StepVerdict.Rose));
        totals.Add(Step(1, new([0, 1]), new([0.8, 1.8]), tried: 1, StepVerdict.Rose));

        var summary = totals.Summary();

        Assert.Equal(0.5, summary.StandardError!.Value, 9);
        Assert.Equal(0.5, summary.ShareWithinError!.Value, 9);
    }

    [Fact]
    public void StandardError_OnlyFinalRewards_IsUnknownAndNoRiseIsLuck()
    {
        var totals = new DecisionTotals();
        totals.Add(Step(1, Estimate.Final(0), Estimate.Final(0.5), tried: 1, StepVerdict.Rose));

        Assert.Null(totals.Summary().StandardError);
        Assert.Equal(0, totals.Summary().ShareWithinError);
        Assert.Null(new DecisionTotals().Summary().ShareWithinError);
    }

    private static StepDecided Step(int step, Estimate previous, Estimate? accepted, int tried, StepVerdict verdict) =>
        new(0, step, previous, accepted, accepted is null ? null : tried - 1, "a", tried, verdict, []);
}
