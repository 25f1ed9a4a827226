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

    [Fact]
    public void Parts_BatchThatFits_IsOnePartInItsOrder() =>
        Assert.Equal([3, 1, 2], Assert.Single(Batches.Parts([3, 1, 2], _ => 100)));

    [Fact]
    public void Parts_LargeBatch_KeepsEveryItemOnceAndTheLimit()
    {
        int[] lengths = [.. Enumerable.Range(0, 200).Select(i => 1 + (i * 37 % 500)), Batches.TokensPerPass + 1];

        var parts = Batches.Parts([.. Enumerable.Range(0, lengths.Length)], i => lengths[i]);

        Assert.Equal(Enumerable.Range(0, lengths.Length), parts.SelectMany(p => p).Order());
        Assert.All(parts, p => Assert.True(p.Length == 1 || (p.Length * p.Max(i => lengths[i]) <= Batches.TokensPerPass
            && p.Length * p.Max(i => lengths[i]) * p.Max(i => lengths[i]) <= Batches.AttentionPerPass)));
        Assert.True(parts.Count > 1);
    }
}
