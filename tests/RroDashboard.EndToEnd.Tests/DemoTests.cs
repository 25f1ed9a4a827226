namespace RroDashboard.EndToEnd.Tests;

public sealed class DemoTests
{
    [Theory]
    [InlineData(true, 1)]
    [InlineData(false, 0)]
    public async Task Start_EmptyDatabase_RunsTheDemoUnlessSwitchedOff(bool startDemo, int runs)
    {
        await using var dashboard = new DashboardUnderTest(startDemo);

        await dashboard.StartAsync();

        Assert.Equal(runs, await dashboard.CountRunsAsync());
    }
}
