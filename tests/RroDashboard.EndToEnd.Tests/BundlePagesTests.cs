using RroDashboard.Core.Events;
using RroDashboard.Core.Plans;
using RroDashboard.Data;

namespace RroDashboard.EndToEnd.Tests;

public sealed class BundlePagesTests(BrowserFixture fixture) : IClassFixture<BrowserFixture>
{
    [Fact]
    public async Task ExportAndImport_ByThePages_BringARunToAnotherDashboard()
    {
        var plan = Presets.Create("demo");
        var run = await fixture.Dashboard.WriteRunAsync(plan, journal =>
        {
            Explored.Begin(journal, plan);
            Explored.Walk(journal, 0, steps: 2, candidates: 3, rollouts: 4, asked: Explored.Hostile[0]);
            journal.Record(new RunEnded(RunState.Finished, null, null));
        });
        await fixture.Dashboard.NameAsync(run, Explored.Hostile[1]);
        await using var other = new DashboardUnderTest();
        await other.StartAsync();

        await using var here = await fixture.VisitAsync();
        await here.GoAsync($"/runs/{run}/settings");
        var download = await here.Page.RunAndWaitForDownloadAsync(() => here.Page.Locator("#export-run").ClickAsync());
        Assert.Equal($"rro-{run}.zip", download.SuggestedFilename);
        var file = await download.PathAsync();

        await using var there = await fixture.VisitAsync(dashboard: other);
        await there.GoAsync("/runs/import");
        await there.Page.AssertAccessibleAsync();
        await there.Page.Locator("#import-file").SetInputFilesAsync(file);
        await there.Page.Locator("#import-start").ClickAsync();
        await there.Page.Locator("#import-result a").WaitForAsync();
        await there.Page.Locator("#import-start").ClickAsync();
        await there.Page.GetByText($"Run '{run}' is here already: delete it first if this one is to take its place.").WaitForAsync();

        await there.GoAsync($"/runs/{run}");
        await there.Page.Locator("#imported").WaitForAsync();
        Assert.Equal(Explored.Hostile[1], await there.Page.Locator("h1 bdi").TextContentAsync());
        await there.GoAsync($"/runs/{run}/tasks/0");
        Assert.Equal(Explored.Hostile[0], await there.Page.Locator("#walk-page .asked").TextContentAsync());
        Assert.Equal("Finished", (await other.Get<RunQueries>().FindAsync(run, default))!.State.ToString());
        Assert.DoesNotContain("owned", await there.Page.TitleAsync(), StringComparison.Ordinal);
        // The refused import is a 400, which the browser's console calls an error.
        Assert.All(there.Errors, error => Assert.Contains("400", error, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(320)]
    [InlineData(1440)]
    public async Task Import_Page_DoesNotScrollSidewaysAndTeaches(int width)
    {
        await using var visitor = await fixture.VisitAsync(width: width, height: 700);
        await visitor.GoAsync("/runs/import");

        await visitor.Page.GetByText("src/run.sh import FILE.zip").WaitForAsync();
        await visitor.Page.AssertAccessibleAsync();
        Assert.Empty(visitor.Errors);
    }
}
