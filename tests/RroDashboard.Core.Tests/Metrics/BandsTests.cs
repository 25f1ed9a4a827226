using RroDashboard.Core.Metrics;
using RroDashboard.Core.Statistics;

namespace RroDashboard.Core.Tests.Metrics;

public sealed class BandsTests
{
    [Theory]
    [InlineData(5, 4, 1)]
    [InlineData(1000, 100, 1)]
    [InlineData(4096, 400, 3)]
    [InlineData(100_000, 500, 7)]
    public void Merge_RandomSeries_KeepsExtremesEndOrderAndLimit(int count, int limit, int spacing)
    {
        var random = new SeededRandom(3, count);
        var points = Enumerable.Range(0, count).Select(i => Band.Of((long)i * spacing, random.Next(1_000_000))).ToList();

        var bands = Bands.Merge(points, limit);

        Assert.InRange(bands.Count, 1, limit);
        Assert.Equal(points.Min(p => p.Last), bands.Min(b => b.Low));
        Assert.Equal(points.Max(p => p.Last), bands.Max(b => b.High));
        Assert.Equal(points[^1].Step, bands[^1].Step);
        Assert.Equal(points[^1].Last, bands[^1].Last);
        Assert.Equal(bands.Select(b => b.Step).Distinct().Order(), bands.Select(b => b.Step));
        Assert.All(bands, b => Assert.InRange(b.Last, b.Low, b.High));
    }

    [Fact]
    public void Merge_OneMorePoint_LeavesEarlierBandsAlone()
    {
        var points = Enumerable.Range(0, 1000).Select(i => Band.Of(i, Math.Sin(i))).ToList();

        var before = Bands.Merge(points[..999], 130);
        var after = Bands.Merge(points, 130);

        Assert.Equal(before.SkipLast(1), after.Take(before.Count - 1));
    }
}
