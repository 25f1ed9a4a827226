using RroDashboard.Core.Statistics;

namespace RroDashboard.Core.Tests.Statistics;

public sealed class BootstrapTests
{
    [Fact]
    public void Mean_ConstantValues_HasNoWidth()
    {
        var interval = Bootstrap.Mean([0.5, 0.5, 0.5], ["a", "b", "c"], 0.95, 200, new SeededRandom(1));

        Assert.Equal(new Interval(0.5, 0.5), interval);
    }

    // A nominal 95 % interval of 40 draws has to cover the true mean in about 95 % of repetitions.
    [Fact]
    public void Mean_RepeatedSamples_CoversTheTrueMeanAboutAsOftenAsItSays()
    {
        var random = new SeededRandom(2);
        var covered = 0;
        for (var trial = 0; trial < 400; trial++)
        {
            var values = Enumerable.Range(0, 40).Select(_ => random.Chance(0.6) ? 1.0 : 0.2).ToArray();
            var interval = Bootstrap.Mean(values, Alone(40), 0.95, 400, random);
            covered += interval.Low <= 0.68 && 0.68 <= interval.High ? 1 : 0;
        }

        Assert.InRange(covered, 360, 396);
    }

    [Fact]
    public void Mean_NoValues_Throws() => Assert.Throws<ArgumentException>(() => Bootstrap.Mean([], [], 0.95, 200, new SeededRandom(1)));

    // Ten groups of four equal values carry the information of ten values, not of forty.
    [Fact]
    public void Mean_EqualValuesInGroups_GivesAWiderInterval()
    {
        var values = Enumerable.Range(0, 40).Select(i => i / 4 % 2 == 0 ? 1.0 : 0.0).ToArray();

        var grouped = Bootstrap.Mean(values, [.. Enumerable.Range(0, 40).Select(i => $"{i / 4}")], 0.95, 2000, new SeededRandom(3));
        var alone = Bootstrap.Mean(values, Alone(40), 0.95, 2000, new SeededRandom(3));

        Assert.InRange(grouped.Width / alone.Width, 1.7, 2.3);
    }

    [Fact]
    public void Mean_GroupsDoNotFit_Throws() => Assert.Throws<ArgumentException>(() => Bootstrap.Mean([1], ["a", "b"], 0.95, 200, new SeededRandom(1)));

    private static string[] Alone(int count) => [.. Enumerable.Range(0, count).Select(i => $"{i}")];
}
