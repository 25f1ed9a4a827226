using RroDashboard.Core.Events;
using RroDashboard.Core.Exploration;
using RroDashboard.Core.Rewards;

namespace RroDashboard.Core.Tests.Exploration;

public sealed class RisingShareTests
{
    private static StepDecided Step(int task, int step, double previous, double? accepted) => new(
        task, step, new Estimate([previous]), accepted is { } value ? new Estimate([value]) : null, accepted is null ? null : 0, "a", 1,
        accepted is null ? StepVerdict.Stopped : StepVerdict.Rose, [CandidateAccount.Accepted]);

    [Fact]
    public void Of_WalksOfDifferentLengths_CountsEachThirdOfEach()
    {
        var share = RisingShare.Of(
        [
            // Six steps: two in each third; up, down, equal, up, up, equal. The first steps of all four walks do not count.
            Step(0, 0, 0.2, 0.4), Step(0, 1, 0.4, 0.3), Step(0, 2, 0.3, 0.3), Step(0, 3, 0.3, 0.5), Step(0, 4, 0.5, 0.6), Step(0, 5, 0.6, 0.6),
            // One step counts nowhere; of two the second is the end.
            Step(1, 0, 0.2, 0.1), Step(2, 0, 0.5, 0.6), Step(2, 1, 0.6, 1),
            // A walk that stopped at its third step: nothing was followed there.
            Step(3, 0, 0.5, 0.5), Step(3, 1, 0.5, 0.4), Step(3, 2, 0.4, null),
        ]);

        Assert.Equal(new RisingSteps(1, 0, 0), share.Beginning);
        Assert.Equal(new RisingSteps(3, 1, 1), share.Middle);
        Assert.Equal(new RisingSteps(3, 2, 1), share.End);
        Assert.Equal(2 / 3.0, share.End.HigherShare);
        Assert.Equal(1, share.End.NotLowerShare);
    }

    [Fact]
    public void Of_AssumedOrMeasuredBaseline_CountsTheSameSteps()
    {
        StepDecided[] later = [Step(0, 1, 0.5, 0.6), Step(0, 2, 0.6, 0.6)];
        var share = RisingShare.Of([Step(0, 0, 0, 0.5) with { Previous = Estimate.Final(0) }, .. later]);

        Assert.Equal(share, RisingShare.Of([Step(0, 0, 0.2, 0.5), .. later]));
        Assert.Equal(new RisingSteps(0, 0, 0), share.Beginning);
        Assert.Equal(0, share.Beginning.HigherShare);
        Assert.Equal(1, share.Middle.Higher);
    }
}
