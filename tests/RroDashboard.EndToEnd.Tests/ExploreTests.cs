using Microsoft.Playwright;
using RroDashboard.Core.Events;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Rewards;

namespace RroDashboard.EndToEnd.Tests;

public sealed class ExploreTests(BrowserFixture fixture) : IClassFixture<BrowserFixture>
{
    [Theory]
    [InlineData(ColorScheme.Light, 1440)]
    [InlineData(ColorScheme.Dark, 320)]
    public async Task Explore_OfAScriptedRun_ShowsRiverAndWalks(ColorScheme scheme, int width)
    {
        var run = await fixture.Dashboard.EnqueueAsync(tasks: 30, pauseMs: 1);
        await fixture.Dashboard.WaitForEndAsync(run);
        await using var visitor = await fixture.VisitAsync(scheme, width);
        await visitor.GoAsync($"/runs/{run}/explore");
        var page = visitor.Page;

        Assert.Equal(25, await page.Locator("#walks tbody tr").CountAsync());
        Assert.Contains("120 steps of all walks", await page.Locator("#river").TextContentAsync(), StringComparison.Ordinal);
        await page.Locator("#river summary").PressAsync("Enter");
        var cells = await page.Locator("#river-table td").AllTextContentsAsync();
        Assert.Equal(120, cells.Sum(c => int.Parse(c, System.Globalization.CultureInfo.InvariantCulture)));
        await page.AssertAccessibleAsync();
        Assert.Empty(visitor.Errors);
    }

    [Fact]
    public async Task Explore_FiltersAndSort_LiveInTheAddressAndBackUndoesThem()
    {
        var run = await fixture.Dashboard.EnqueueAsync(tasks: 12, pauseMs: 1);
        await fixture.Dashboard.WaitForEndAsync(run);
        await using var visitor = await fixture.VisitAsync();
        await visitor.GoAsync($"/runs/{run}/explore");
        var page = visitor.Page;

        await page.Locator("#f-exhausted").CheckAsync();
        await page.UntilAsync("location.search.includes('exhausted=1') && document.querySelectorAll('#walks tbody tr').length < 12");
        await page.GetByRole(AriaRole.Link, new() { Name = "Candidates" }).PressAsync("Enter");
        await page.UntilAsync("document.querySelector('#walks th[aria-sort=descending]')?.textContent.includes('Candidates')");
        var sorted = await page.EvaluateAsync<int[]>("[...document.querySelectorAll('#walks tbody tr')].map(r => Number(r.cells[8].textContent))");
        await visitor.GoAsync(new Uri(page.Url).PathAndQuery);
        var afterReload = await page.EvaluateAsync<int[]>("[...document.querySelectorAll('#walks tbody tr')].map(r => Number(r.cells[8].textContent))");

        Assert.Equal(sorted.OrderDescending(), sorted);
        Assert.Equal(sorted, afterReload);
        await page.Locator("#f-words").FillAsync("nowhere to be found");
        await page.Locator("#f-words").PressAsync("Enter");
        await page.GetByText("No walk fits").WaitForAsync();
        await page.GetByRole(AriaRole.Main).GetByRole(AriaRole.Link, new() { Name = "All walks" }).PressAsync("Enter");
        await page.UntilAsync("document.querySelectorAll('#walks tbody tr').length === 12");
    }

    [Fact]
    public async Task Explore_WhileItGoesOn_NewRowsComeBelowAndNoRowMoves()
    {
        var plan = Presets.Create("demo");
        var run = await fixture.Dashboard.WriteRunAsync(plan, journal =>
        {
            Explored.Begin(journal, plan);
            Explored.Walk(journal, 0, steps: 2, candidates: 2, rollouts: 2);
            Explored.Walk(journal, 1, steps: 3, candidates: 2, rollouts: 2);
        });
        await using var visitor = await fixture.VisitAsync();
        await visitor.GoAsync($"/runs/{run}/explore?sort=steps&desc=1");
        var page = visitor.Page;
        Assert.Equal("1, 0", await TasksAsync(page));

        await fixture.Dashboard.AddFactsAsync(run, journal => Explored.Walk(journal, 2, steps: 5, candidates: 2, rollouts: 2));

        await page.Locator("#apply-order").WaitForAsync();
        Assert.Equal("1, 0", await TasksAsync(page));
        await page.Locator("#apply-order").PressAsync("Enter");
        await page.UntilAsync("document.querySelectorAll('#walks tbody tr').length === 3");
        Assert.Equal("2, 1, 0", await TasksAsync(page));

        await visitor.GoAsync($"/runs/{run}/explore");
        await fixture.Dashboard.AddFactsAsync(run, journal => journal.Record(new TaskOpened(3, "late", "late", new Estimate([0.5]))));
        await page.UntilAsync("document.querySelectorAll('#walks tbody tr').length === 4");
        Assert.Equal("0, 1, 2, 3", await TasksAsync(page));
    }

    [Fact]
    public async Task Explore_SearchWhileItGoesOn_IsOfferedAndNotRepeated()
    {
        var plan = Presets.Create("demo");
        var run = await fixture.Dashboard.WriteRunAsync(plan, journal =>
        {
            Explored.Begin(journal, plan);
            Explored.Walk(journal, 0, steps: 2, candidates: 2, rollouts: 2, finish: false);
        });
        await using var visitor = await fixture.VisitAsync();
        await visitor.GoAsync($"/runs/{run}/explore?q=blue+mug{new string('x', 300)}");
        Assert.Equal(200, (await visitor.Page.Locator("#f-words").InputValueAsync()).Length);
        await visitor.GoAsync($"/runs/{run}/explore?q=blue+mug");
        var page = visitor.Page;
        Assert.Equal("0", await TasksAsync(page));

        await fixture.Dashboard.AddFactsAsync(run, journal => Explored.Walk(journal, 1, steps: 3, candidates: 2, rollouts: 2));

        await page.GetByRole(AriaRole.Button, new() { Name = "Walks have changed: search again" }).WaitForAsync();
        Assert.Equal("0", await TasksAsync(page));
        await page.Locator("#apply-order").PressAsync("Enter");
        await page.UntilAsync("document.querySelectorAll('#walks tbody tr').length === 2");
    }

    [Fact]
    public async Task Explore_BeforeTheFirstWalk_Teaches()
    {
        var plan = Presets.Create("demo");
        var run = await fixture.Dashboard.WriteRunAsync(plan, journal => Explored.Begin(journal, plan));
        await using var visitor = await fixture.VisitAsync();
        await visitor.GoAsync($"/runs/{run}/explore?page=notanumber&outcome=never&steps=-3");

        await visitor.Page.GetByText("Nothing is walked yet").WaitForAsync();
        await visitor.Page.AssertAccessibleAsync();
    }

    private static Task<string> TasksAsync(IPage page) =>
        page.EvaluateAsync<string>("[...document.querySelectorAll('#walks tbody [data-row]')].map(a => parseInt(a.textContent)).join(', ')");
}
