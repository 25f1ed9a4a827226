using RroDashboard.Core.Statistics;

namespace RroDashboard.Training.Tests;

public sealed class BatchesTests
{
    [Fact]
    public void Schedule_MoreUpdatesThanOnePass_UsesEveryItemEquallyOften()
    {
        var batches = Batches.Schedule([.. Enumerable.Range(0, 40)], 8, 20, 4, new SeededRandom(1));

        Assert.Equal(20, batches.Count);
        Assert.All(batches, b => Assert.Equal(8, b.Length));
        var counts = batches.SelectMany(b => b).CountBy(i => i).Select(c => c.Value).ToArray();
        Assert.Equal(40, counts.Length);
        Assert.All(counts, c => Assert.InRange(c, 3, 5));
    }

    [Fact]
    public void Schedule_LongAndShortItems_KeepsLikeLengthsTogether()
    {
        var random = new SeededRandom(2);
        var lengths = Enumerable.Range(0, 256).Select(_ => 20 + random.Next(100)).ToArray();
        var batches = Batches.Schedule(lengths, 16, 16, 16, new SeededRandom(3));

        Assert.InRange(batches.Average(b => b.Max(i => lengths[i]) - b.Min(i => lengths[i])), 0, 20);
    }

    [Fact]
    public void Schedule_FewerItemsThanABatchWindow_StillFillsEveryBatch() =>
        Assert.All(Batches.Schedule([1, 2, 3], 3, 5, 8, new SeededRandom(4)), b => Assert.Equal(3, b.Length));
}
