using Microsoft.EntityFrameworkCore;
using Microsoft.Playwright;
using RroDashboard.Data;
using RroDashboard.Data.Tests;

namespace RroDashboard.EndToEnd.Tests;

/// <summary>The list of runs, of runs of a dashboard of its own so that other tests' runs do not matter.</summary>
public sealed class RunsListTests(BrowserFixture fixture) : IClassFixture<BrowserFixture>
{
    private const string Hostile = "\u202e<b>bold</b> <script>document.title='owned'</script>";

    [Theory]
    [InlineData(ColorScheme.Light)]
    [InlineData(ColorScheme.Dark)]
    public async Task List_InEveryTheme_IsCleanAndShowsHostileNamesAsText(ColorScheme scheme)
    {
        await using var dashboard = new DashboardUnderTest();
        await dashboard.StartAsync();
        var run = await dashboard.EnqueueAsync(tasks: 30, pauseMs: 1);
        await dashboard.WaitForEndAsync(run);
        await SeedAsync(dashboard, 24);
        await dashboard.Get<RunKeeper>().DescribeAsync(run, Hostile, "<i>tag</i> baseline", Hostile, default);
        await using var visitor = await fixture.VisitAsync(scheme, dashboard: dashboard);
        var page = visitor.Page;
        await visitor.GoAsync("/");

        await page.Locator($"tr[data-run='{run}']").GetByRole(AriaRole.Button).ClickAsync();
        await page.Locator($"tr[data-manage='{run}']").WaitForAsync();

        Assert.Equal(Hostile, await page.Locator($"tr[data-run='{run}'] a.name").TextContentAsync());
        Assert.Equal(0, await page.Locator("#runs b, #runs script, #runs i:not([aria-hidden])").CountAsync());
        Assert.DoesNotContain("owned", await page.TitleAsync(), StringComparison.Ordinal);
        Assert.True(await page.Locator("svg.spark polyline").CountAsync() > 20);
        Assert.Contains("60", await page.Locator($"tr[data-run='{run}']").InnerTextAsync(), StringComparison.Ordinal);
        await page.AxeAsync($"/ {scheme}");
        await page.PictureAsync($"list-{scheme}");
        Assert.Empty(visitor.Errors);
    }

    [Fact]
    public async Task List_FilterSortPage_StandInTheAddressAndComeBack()
    {
        await using var dashboard = new DashboardUnderTest();
        await dashboard.StartAsync();
        await SeedAsync(dashboard, 84);
        await using var visitor = await fixture.VisitAsync(dashboard: dashboard);
        var page = visitor.Page;
        await visitor.GoAsync("/");

        await page.Locator("#run-filter").FillAsync("env:webshop reward>0.5");
        await page.Locator("#run-filter").PressAsync("Enter");
        await page.UntilAsync("document.querySelector('#runs-count').textContent === '1 to 28 of 28'");
        Assert.Contains("q=env%3Awebshop", page.Url, StringComparison.Ordinal);
        await page.GetByRole(AriaRole.Link, new() { Name = "Held-out reward" }).ClickAsync();
        await page.UntilAsync("document.querySelector('th[aria-sort=descending]')?.textContent.includes('Held-out')");
        var first = await page.Locator("tbody tr .name").First.TextContentAsync();
        await page.ReloadAsync();
        Assert.Equal(first, await page.Locator("tbody tr .name").First.TextContentAsync());
        await page.GoBackAsync();
        await page.UntilAsync("document.querySelector('th[aria-sort=descending]')?.textContent.includes('Added')");

        await page.Locator("a.chip", new() { HasText = "failed" }).ClickAsync();
        await page.UntilAsync("document.querySelector('a.chip[aria-current=true]')?.textContent.includes('failed')");
        await visitor.GoAsync("/?page=2");
        Assert.Equal("51 to 84 of 84", await page.Locator("#runs-count").TextContentAsync());
    }

    [Fact]
    public async Task List_WrongFilter_SaysWhatIsAllowed()
    {
        await using var dashboard = new DashboardUnderTest();
        await dashboard.StartAsync();
        await SeedAsync(dashboard, 3);
        await using var visitor = await fixture.VisitAsync(dashboard: dashboard);
        await visitor.GoAsync("/?q=boss%3Ame");

        Assert.StartsWith("There is no field 'boss' (character 1). Fields: state, env,", await visitor.Page.Locator("#run-filter-wrong").TextContentAsync(), StringComparison.Ordinal);
        await visitor.Page.AxeAsync("wrong filter");
    }

    [Fact]
    public async Task List_NewRunWhileOneLooks_OffersTheNewOrderAndDoesNotMoveRows()
    {
        await using var dashboard = new DashboardUnderTest();
        await dashboard.StartAsync();
        await SeedAsync(dashboard, 5);
        await using var visitor = await fixture.VisitAsync(dashboard: dashboard);
        var page = visitor.Page;
        await visitor.GoAsync("/");
        var before = await page.Locator("tbody .name").AllTextContentsAsync();

        var run = await dashboard.EnqueueAsync(tasks: 5, pauseMs: 1);
        await page.Locator("#apply-order").WaitForAsync();
        Assert.Equal("Order changed, 1 not shown: apply", (await page.Locator("#apply-order").TextContentAsync())!.Trim());
        Assert.Equal(before, await page.Locator("tbody .name").AllTextContentsAsync());
        await page.Locator("#apply-order").ClickAsync();

        await page.Locator($"tr[data-run='{run}']").WaitForAsync();
        Assert.Equal(run, await page.Locator("tbody tr").First.GetAttributeAsync("data-run"));
        await dashboard.WaitForEndAsync(run);
        await page.UntilAsync($"document.querySelector(\"tr[data-run='{run}'] .state\").textContent.includes('Finished')");
    }

    [Fact]
    public async Task List_ByKeyboard_NamesComparesDeletesAndBringsBack()
    {
        await using var dashboard = new DashboardUnderTest();
        await dashboard.StartAsync();
        await SeedAsync(dashboard, 3);
        await using var visitor = await fixture.VisitAsync(dashboard: dashboard);
        var page = visitor.Page;
        await visitor.GoAsync("/");
        await page.EvaluateAsync("document.body.tabIndex = -1; document.body.focus()");

        await page.TabToAsync("tr[data-run=seeded0002] input");
        await page.Keyboard.PressAsync("Space");
        await page.TabToAsync("tr[data-run=seeded0002] button");
        await page.Keyboard.PressAsync("Enter");
        await page.TabToAsync("#manage-name");
        await page.Keyboard.TypeAsync("My study");
        await page.TabToAsync("#manage-tags");
        await page.Keyboard.TypeAsync("Kept");
        await page.Keyboard.PressAsync("Enter");
        await page.UntilAsync("document.querySelector('tr[data-run=seeded0002] .name').textContent === 'My study'");
        Assert.Equal("kept", await page.Locator("tr[data-run=seeded0002] .run-tag").TextContentAsync());
        await page.TabToAsync("tr[data-run=seeded0001] input");
        await page.Keyboard.PressAsync("Space");
        await page.Locator("#compare-picked").WaitForAsync();
        Assert.Equal("/compare?runs=seeded0002,seeded0001", await page.Locator("#compare-picked").GetAttributeAsync("href"));

        await page.Locator("#delete-picked").PressAsync("Enter");
        await page.UntilAsync("document.querySelectorAll('tr[data-run]').length === 1");
        await page.UntilAsync("document.activeElement?.id === 'undo-delete'");
        await page.Keyboard.PressAsync("Enter");
        await page.UntilAsync("document.querySelectorAll('tr[data-run]').length === 3");
        Assert.Empty(visitor.Errors);
    }

    [Fact]
    public async Task List_OpenRun_IsStoppedButNeverDeleted()
    {
        await using var dashboard = new DashboardUnderTest();
        await dashboard.StartAsync();
        var run = await dashboard.EnqueueAsync(tasks: 400, pauseMs: 30);
        await using var visitor = await fixture.VisitAsync(dashboard: dashboard);
        var page = visitor.Page;
        await visitor.GoAsync("/?q=state%3Arunning,queued,stopped");

        await page.Locator($"tr[data-run='{run}'] input").CheckAsync();
        await page.Locator("#delete-picked").ClickAsync();
        await page.GetByText("1 wait or work and were left alone: stop them first.").WaitForAsync();
        await page.Locator($"tr[data-run='{run}']").GetByRole(AriaRole.Button).ClickAsync();
        await page.Locator("tr.manage").GetByRole(AriaRole.Button, new() { Name = "Stop", Exact = true }).ClickAsync();
        await page.GetByRole(AriaRole.Alertdialog).GetByRole(AriaRole.Button, new() { Name = "Stop the run" }).ClickAsync();

        await page.UntilAsync($"document.querySelector(\"tr[data-run='{run}'] .state\").textContent.includes('Stopped')");
    }

    [Fact]
    public async Task List_320Pixels_DoesNotScrollSideways()
    {
        await using var dashboard = new DashboardUnderTest();
        await dashboard.StartAsync();
        await SeedAsync(dashboard, 12);
        await dashboard.Get<RunKeeper>().DescribeAsync("seeded0003", new string('w', 120), new string('t', 40), "", default);
        await using var visitor = await fixture.VisitAsync(width: 320, height: 640, dashboard: dashboard);
        await visitor.GoAsync("/");
        await visitor.Page.Locator("tr[data-run=seeded0003]").GetByRole(AriaRole.Button).ClickAsync();
        await visitor.Page.Locator("tr.manage").WaitForAsync();

        await visitor.Page.FitsAsync(320);
        await visitor.Page.PictureAsync("list-phone");
    }

    [Fact]
    public async Task List_AThousandRuns_ShowsFiftyAndSaysHowManyThereAre()
    {
        await using var dashboard = new DashboardUnderTest();
        await dashboard.StartAsync();
        await SeedAsync(dashboard, 1000, points: 40);
        await using var visitor = await fixture.VisitAsync(dashboard: dashboard);
        await visitor.GoAsync("/");

        // How long it takes is a benchmark's question (bench page).
        Assert.Equal(50, await visitor.Page.Locator("tr[data-run]").CountAsync());
        await visitor.Page.GetByText("1 to 50 of 1,000").WaitForAsync();
    }

    [Fact]
    public async Task LatestRun_IsAnAddressThatStays()
    {
        await using var dashboard = new DashboardUnderTest();
        await dashboard.StartAsync();
        await SeedAsync(dashboard, 3);
        await using var visitor = await fixture.VisitAsync(dashboard: dashboard);

        await visitor.GoAsync("/runs/latest");

        Assert.EndsWith("/runs/seeded0002", visitor.Page.Url, StringComparison.Ordinal);
    }

    private static async Task SeedAsync(DashboardUnderTest dashboard, int count, int points = 300)
    {
        await using var context = await dashboard.Get<IDbContextFactory<RroDbContext>>().CreateDbContextAsync();
        await SeededRuns.AddAsync(context, count, points);
    }
}
