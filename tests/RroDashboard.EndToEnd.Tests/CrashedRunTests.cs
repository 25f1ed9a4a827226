using RroDashboard.Core.Events;
using RroDashboard.Core.Plans;
using RroDashboard.Data;

namespace RroDashboard.EndToEnd.Tests;

public sealed class CrashedRunTests(BrowserFixture fixture) : IClassFixture<BrowserFixture>
{
    [Fact]
    public async Task RunPage_OfACrashedRun_SaysSoAndWhenItWasLastHeard()
    {
        var run = await fixture.Dashboard.WriteRunAsync(Presets.Create("demo"), journal => journal.Record(new StageStarted(Stage.Sft)));
        await fixture.Dashboard.Get<RunStore>().MarkCrashedAsync(CancellationToken.None);
        await fixture.Dashboard.AddFactsAsync(run, journal => journal.Record(new RunEnded(RunState.Interrupted, "The server ended while the run was open.", null)));
        await using var visitor = await fixture.VisitAsync();

        await visitor.GoAsync($"/runs/{run}");
        var page = visitor.Page;

        Assert.Equal("⚡Crashed", (await page.Locator(".run-head .state").TextContentAsync())!.Trim());
        Assert.Contains("without a word while this run worked; it was last heard", await page.Locator("#run-interrupted").TextContentAsync(), StringComparison.Ordinal);
        await page.Locator("[data-resume]").WaitForAsync();
        await page.AssertAccessibleAsync();
        await visitor.GoAsync("/runs");
        Assert.Equal(1, await page.Locator(".state.crashed").CountAsync());
        await visitor.GoAsync($"/compare?runs={run}");
        Assert.Equal(1, await page.Locator(".state.crashed").CountAsync());
    }
}
