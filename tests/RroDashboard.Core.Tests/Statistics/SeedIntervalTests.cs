using RroDashboard.Core.Statistics;

namespace RroDashboard.Core.Tests.Statistics;

public sealed class SeedIntervalTests
{
    // As printed in every table of the distribution.
    [Theory]
    [InlineData(0.975, 1, 12.706)]
    [InlineData(0.975, 2, 4.303)]
    [InlineData(0.975, 5, 2.571)]
    [InlineData(0.975, 9, 2.262)]
    [InlineData(0.975, 19, 2.093)]
    [InlineData(0.95, 4, 2.132)]
    [InlineData(0.995, 10, 3.169)]
    [InlineData(0.5, 7, 0)]
    public void Quantile_KnownValues_AreThoseOfTheTable(double share, int freedom, double expected) =>
        Assert.Equal(expected, SeedInterval.Quantile(share, freedom), 3);

    // By hand: mean 2, standard deviation 1, error 1/sqrt(3), times 4.303.
    [Fact]
    public void Of_ThreeValues_IsTheIntervalByHand()
    {
        var interval = SeedInterval.Of([1, 2, 3], 0.95)!.Value;

        Assert.Equal(2 - (4.303 / Math.Sqrt(3)), interval.Low, 3);
        Assert.Equal(2 + (4.303 / Math.Sqrt(3)), interval.High, 3);
    }

    [Fact]
    public void Of_OneValue_HasNone() => Assert.Null(SeedInterval.Of([1], 0.95));
}
