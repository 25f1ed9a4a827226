using RroDashboard.Core.Statistics;

namespace RroDashboard.Core.Tests.Statistics;

public sealed class PairedComparisonTests
{
    // By hand: differences .2, -.4, 0 and .6 have the mean .1.
    [Fact]
    public void Of_OneSeed_CountsAndMeansAreThoseByHand()
    {
        var result = Compare([Run(1, ("a", 1.0), ("b", 0.2), ("c", 0.5), ("d", 0.8))], [Run(1, ("a", 0.8), ("b", 0.6), ("c", 0.5), ("d", 0.2))]);

        Assert.Equal((2, 1, 1), (result.Won, result.Lost, result.Tied));
        Assert.Equal((1, 4, 0), (result.Seeds, result.Tasks, result.LeftOut));
        Assert.Equal(0.625, result.FirstMean, 12);
        Assert.Equal(0.525, result.SecondMean, 12);
        Assert.Equal(0.1, result.Difference, 12);
        Assert.InRange(result.Difference, result.Interval.Low, result.Interval.High);
        Assert.Equal(PairedVerdict.NoWinner, result.Verdict);
    }

    // With two tasks a resample has the mean of (0,0), (0,1), (1,0) or (1,1), each with chance 1/4.
    [Fact]
    public void Of_TwoTasks_IntervalEndsAreThoseOfTheFourResamples()
    {
        var result = Compare([Run(1, ("a", 0.0), ("b", 1.0))], [Run(1, ("a", 0.0), ("b", 0.0))]);

        Assert.Equal(new Interval(0, 1), result.Interval);
        Assert.Equal(0.5, result.Difference, 12);
    }

    [Fact]
    public void Of_FirstAlwaysHigherByOneTenth_NamesItAndHasNoWidth()
    {
        var result = Compare([Run(1, ("a", 0.5), ("b", 0.7)), Run(2, ("a", 0.6), ("b", 0.9))], [Run(1, ("a", 0.4), ("b", 0.6)), Run(2, ("a", 0.5), ("b", 0.8))]);

        Assert.Equal(PairedVerdict.FirstIsBetter, result.Verdict);
        Assert.Equal(0.1, result.Interval.Low, 9);
        Assert.Equal(0.1, result.Interval.High, 9);
        Assert.StartsWith("RRO is better than Fixed by 0.100", result.Sentence("RRO", "Fixed"), StringComparison.Ordinal);
    }

    [Fact]
    public void Of_Exchanged_TurnsTheVerdictRound()
    {
        RunRewards[] low = [Run(1, ("a", 0.1), ("b", 0.2))];
        RunRewards[] high = [Run(1, ("a", 0.4), ("b", 0.6))];

        Assert.Equal(PairedVerdict.SecondIsBetter, Compare(low, high).Verdict);
        Assert.Equal(-Compare(low, high).Difference, Compare(high, low).Difference, 12);
    }

    // Equal means everywhere: whatever the counts say, no winner may be named.
    [Fact]
    public void Sentence_IntervalContainsZero_RefusesToNameAWinner()
    {
        var result = Compare([Run(1, ("a", 1.0), ("b", 0.0), ("c", 0.5))], [Run(1, ("a", 0.0), ("b", 1.0), ("c", 0.5))]);

        Assert.Equal(PairedVerdict.NoWinner, result.Verdict);
        Assert.StartsWith("No winner", result.Sentence("RRO", "Fixed"), StringComparison.Ordinal);
        Assert.Contains("One seed only", result.Sentence("RRO", "Fixed"), StringComparison.Ordinal);
        Assert.DoesNotContain("is better", result.Sentence("RRO", "Fixed"), StringComparison.Ordinal);
    }

    // Three seeds that disagree (+.3, 0, -.3 on every task) leave far more doubt than their 300 tasks each would.
    [Fact]
    public void Of_SeedsDisagree_SpreadOfSeedsCounts()
    {
        var ids = Enumerable.Range(0, 300).Select(i => $"t{i}").ToArray();
        var first = new[] { 0.8, 0.5, 0.2 }.Select((r, s) => new RunRewards(s, ids.ToDictionary(i => i, _ => r))).ToArray();
        var second = Enumerable.Range(0, 3).Select(s => new RunRewards(s, ids.ToDictionary(i => i, _ => 0.5))).ToArray();

        var all = Compare(first, second);
        var one = Compare([first[0]], [second[0]]);

        // The standard error of three seeds is .3 / sqrt(3), Student's factor with two degrees of freedom 4.3027; resampled seeds reach .3 only.
        Assert.Equal(-0.7452, all.Interval.Low, 4);
        Assert.Equal(0.7452, all.Interval.High, 4);
        Assert.Equal(PairedVerdict.NoWinner, all.Verdict);
        Assert.Equal(0, one.Interval.Width, 9);
    }

    // Two seeds that gain .1 and .3 on every task: resampling gives [.1, .3], Student's interval .2 +- 12.706 * .1.
    [Fact]
    public void Of_TwoSeedsGainUnequally_StudentsIntervalNamesNoWinner()
    {
        var result = Compare([Run(1, ("a", 0.5), ("b", 0.7)), Run(2, ("a", 0.7), ("b", 0.9))], [Run(1, ("a", 0.4), ("b", 0.6)), Run(2, ("a", 0.4), ("b", 0.6))]);

        Assert.Equal(-1.0706, result.Interval.Low, 4);
        Assert.Equal(1.4706, result.Interval.High, 4);
        Assert.Equal(PairedVerdict.NoWinner, result.Verdict);
    }

    // Seeds that agree say nothing of the doubt that tasks leave: the wider end counts.
    [Fact]
    public void Of_SeedsAgreeAndTasksDoNot_KeepsTheBootstrapInterval()
    {
        RunRewards[] first = [Run(1, ("a", 1.0), ("b", 0.0)), Run(2, ("a", 1.0), ("b", 0.0))];

        Assert.Equal(new Interval(0, 1), Compare(first, [Run(1, ("a", 0.0), ("b", 0.0)), Run(2, ("a", 0.0), ("b", 0.0))]).Interval);
    }

    // Ten groups of four equal differences carry the information of ten, not of forty.
    [Fact]
    public void Of_Groups_WidenTheInterval()
    {
        var first = new RunRewards(1, Enumerable.Range(0, 40).ToDictionary(i => $"t{i:00}", i => i / 4 % 2 == 0 ? 1.0 : 0.0));
        var second = new RunRewards(1, Enumerable.Range(0, 40).ToDictionary(i => $"t{i:00}", _ => 0.5));

        var alone = PairedComparison.Of([first], [second], 0.95, 2000, new SeededRandom(3));
        var grouped = PairedComparison.Of([first], [second], 0.95, 2000, new SeededRandom(3), id => $"{int.Parse(id[1..], System.Globalization.CultureInfo.InvariantCulture) / 4}");

        Assert.InRange(grouped.Interval.Width / alone.Interval.Width, 1.7, 2.3);
    }

    [Fact]
    public void Of_TasksWithoutCounterpart_AreLeftOutAndCounted()
    {
        var result = Compare([Run(1, ("a", 1.0), ("b", 0.0)), Run(2, ("a", 1.0))], [Run(1, ("a", 0.5), ("c", 1.0))]);

        Assert.Equal((1, 1, 3), (result.Seeds, result.Tasks, result.LeftOut));
        Assert.Equal(0.5, result.Difference, 12);
    }

    [Theory]
    [InlineData(0.0, false)]
    [InlineData(0.05, false)]
    [InlineData(0.1, true)]
    public void NotLowerBy_Margin_LooksAtTheLowerEnd(double margin, bool expected)
    {
        var result = Compare([Run(1, ("a", 0.4), ("b", 0.6))], [Run(1, ("a", 0.5), ("b", 0.6))]);

        Assert.Equal(-0.1, result.Interval.Low, 9);
        Assert.Equal(expected, result.NotLowerBy(margin + 1e-9));
    }

    [Fact]
    public void Of_NothingInCommonOrASeedTwice_Throws()
    {
        Assert.Throws<ArgumentException>(() => Compare([Run(1, ("a", 1.0))], [Run(2, ("a", 1.0))]));
        Assert.Throws<ArgumentException>(() => Compare([Run(1, ("a", 1.0)), Run(1, ("a", 0.0))], [Run(1, ("a", 1.0))]));
    }

    private static PairedComparison Compare(RunRewards[] first, RunRewards[] second) => PairedComparison.Of(first, second, 0.95, 1000, new SeededRandom(7));

    private static RunRewards Run(long seed, params (string Task, double Reward)[] rewards) => new(seed, rewards.ToDictionary(r => r.Task, r => r.Reward));
}
