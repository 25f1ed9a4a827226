using RroDashboard.Core.Metrics;
using RroDashboard.Core.Statistics;

namespace RroDashboard.Core.Tests.Metrics;

public sealed class MinMaxBucketsTests
{
    [Theory]
    [InlineData(5, 4)]
    [InlineData(1000, 100)]
    [InlineData(4096, 100)]
    [InlineData(100_000, 2000)]
    public void Thin_RandomSeries_KeepsExtremesEndOrderAndLimit(int count, int limit)
    {
        var random = new SeededRandom(3, count);
        var points = Enumerable.Range(0, count).Select(i => ((long)i, (double)random.Next(1_000_000))).ToList();

        var kept = MinMaxBuckets.Thin(points, limit);

        Assert.InRange(kept.Count, 1, limit);
        Assert.Equal(points.Min(p => p.Item2), kept.Min(p => p.Value));
        Assert.Equal(points.Max(p => p.Item2), kept.Max(p => p.Value));
        Assert.Equal(points[^1], kept[^1]);
        Assert.Equal(kept.Select(p => p.Step).Distinct().Order(), kept.Select(p => p.Step));
        Assert.Subset(points.ToHashSet(), kept.Select(p => (p.Step, p.Value)).ToHashSet());
    }

    [Fact]
    public void Thin_OneMorePoint_LeavesEarlierBucketsAlone()
    {
        var random = new SeededRandom(4, 0);
        var points = Enumerable.Range(0, 1001).Select(i => ((long)i, (double)random.Next(1_000_000))).ToList();

        var before = MinMaxBuckets.Thin([.. points.Take(1000)], 100);
        var after = MinMaxBuckets.Thin(points, 100);

        // All but the last bucket and the end.
        Assert.Equal(before.SkipLast(3), after.Take(before.Count - 3));
    }

    [Fact]
    public void Thin_FewPoints_ComeBackAsTheyAre()
    {
        (long, double)[] points = [(1, 2), (5, 1)];

        Assert.Same(points, MinMaxBuckets.Thin(points, 4));
        Assert.Throws<ArgumentOutOfRangeException>(() => MinMaxBuckets.Thin(points, 3));
    }
}
