using System.Globalization;
using Microsoft.Playwright;
using RroDashboard.Core.Plans;
using RroDashboard.Data;

namespace RroDashboard.EndToEnd.Tests;

public sealed class CompareTests(BrowserFixture fixture) : IClassFixture<BrowserFixture>
{
    [Theory]
    [InlineData(ColorScheme.Light)]
    [InlineData(ColorScheme.Dark)]
    public async Task Compare_ThreeRuns_RefusesToNameAWinnerAndShowsWhatDiffers(ColorScheme scheme)
    {
        var runs = await RunsAsync();
        await fixture.Dashboard.Get<RunKeeper>().DescribeAsync(runs[2], "<b>bold</b><img src=x onerror=\"document.title='owned'\">", "", "", default);
        await using var visitor = await fixture.VisitAsync(scheme);
        await visitor.GoAsync($"/compare?runs={string.Join(',', runs)}");
        var page = visitor.Page;

        Assert.StartsWith("No winner is named", await page.Locator("#verdict").TextContentAsync(), StringComparison.Ordinal);
        Assert.Equal(2, await page.Locator("#compare-metrics tr.group").CountAsync());
        Assert.Equal(["Seed", "Explore.MaxCandidates"], await page.Locator("#compare-settings tbody th").AllTextContentsAsync());
        Assert.Equal(4, await page.Locator(".frontier svg").CountAsync());
        Assert.Equal(12, await page.Locator(".frontier circle").CountAsync());
        // What stands at a line is its value: labels that were rounded were not evenly spaced.
        var ticks = await page.Locator(".frontier svg").First.Locator("text[text-anchor=end]:not(.mark)").AllTextContentsAsync();
        var steps = ticks.Zip(ticks.Skip(1), (a, b) => Math.Round(double.Parse(b, CultureInfo.InvariantCulture) - double.Parse(a, CultureInfo.InvariantCulture), 9)).ToList();
        Assert.True(steps.Count >= 2);
        Assert.Single(steps.Distinct());
        await page.AssertAccessibleInAsync([(scheme, 1440), (scheme, 320)], "compare");
        await page.SetViewportSizeAsync(1440, 900);
        await page.Locator("#chart-explore-walk_reward").ScrollIntoViewIfNeededAsync();
        await page.UntilAsync("Number(document.querySelector('#chart-explore-candidates_per_step').dataset.draws ?? 0) + Number(document.querySelector('#chart-sft-loss').dataset.draws ?? 0) > 0");
        await page.Locator("#chart-sft-loss [data-view=table]").ClickAsync();
        await page.Locator("#chart-sft-loss .twin table").WaitForAsync();
        Assert.Equal(3, await page.Locator("#chart-sft-loss .twin tbody tr").CountAsync());
        Assert.Contains("baseline", await page.Locator("#chart-sft-loss .twin tbody tr").First.TextContentAsync(), StringComparison.Ordinal);
        Assert.Contains("<b>bold</b>", await page.Locator("#chart-sft-loss .twin").TextContentAsync(), StringComparison.Ordinal);
        Assert.Equal(0, await page.Locator("main b, main img").CountAsync());
        Assert.DoesNotContain("owned", await page.TitleAsync(), StringComparison.Ordinal);
        await page.AxeAsync($"compare {scheme}");
        await page.EvaluateAsync("window.scrollTo(0, 0)");
        await page.PictureAsync($"compare-{scheme}");
        Assert.Empty(visitor.Errors);
    }

    [Fact]
    public async Task Compare_ByKeyboard_AddsRemovesAndChangesTheBaseline()
    {
        var runs = await RunsAsync();
        await using var visitor = await fixture.VisitAsync();
        await visitor.GoAsync($"/compare?runs={runs[0]},{runs[1]}");
        var page = visitor.Page;

        await page.Locator("#add-run").SelectOptionAsync(runs[2]);
        await page.Locator("#add-run-button").PressAsync("Enter");
        await page.UntilAsync("document.querySelectorAll('.compared li').length === 3");
        Assert.EndsWith($"runs={runs[0]},{runs[1]},{runs[2]}", page.Url, StringComparison.Ordinal);
        await page.EvaluateAsync("document.body.tabIndex = -1; document.body.focus()");
        await page.TabToAsync($".compared a[href*='base={runs[2]}']");
        await page.Keyboard.PressAsync("Enter");
        await page.UntilAsync($"location.search.includes('base={runs[2]}') && document.querySelectorAll('.compared li')[2].textContent.includes('baseline')");
        await page.Locator(".compared li").First.GetByRole(AriaRole.Link, new() { Name = "remove" }).PressAsync("Enter");
        await page.UntilAsync("document.querySelectorAll('.compared li').length === 2");
        await page.GetByRole(AriaRole.Link, new() { NameRegex = new("^All \\d+$") }).PressAsync("Enter");
        await page.UntilAsync($"document.querySelectorAll('#compare-settings tbody tr').length === {PlanSettings.All.Count}");
    }

    [Theory]
    [InlineData("/compare", "No run is chosen")]
    [InlineData("/compare?runs=nosuchrun1", "There is no run nosuchrun1")]
    public async Task Compare_NothingToCompare_SaysWhatToDo(string path, string sentence)
    {
        await using var visitor = await fixture.VisitAsync();
        await visitor.GoAsync(path);

        await visitor.Page.GetByText(sentence).First.WaitForAsync();
        await visitor.Page.AxeAsync(path);
    }

    [Fact]
    public async Task Compare_320Pixels_DoesNotScrollSideways()
    {
        var runs = await RunsAsync();
        await using var visitor = await fixture.VisitAsync(width: 320, height: 640);
        await visitor.GoAsync($"/compare?runs={string.Join(',', runs)}");

        await visitor.Page.FitsAsync(320);
        await visitor.Page.PictureAsync("compare-phone");
    }

    private static IReadOnlyList<string>? s_runs;
    private static DashboardUnderTest? s_of;

    // Two seeds of one method, and another method.
    private async Task<IReadOnlyList<string>> RunsAsync()
    {
        if (s_runs is not null && s_of == fixture.Dashboard)
        {
            return s_runs;
        }

        var runs = new List<string>();
        foreach (var (seed, candidates) in ((int, int)[])[(0, 5), (1, 5), (0, 3)])
        {
            var plan = Presets.Create("demo");
            (plan.Seed, plan.Explore.MaxCandidates, plan.Explore.Tasks) = (seed, candidates, 30);
            runs.Add(await fixture.Dashboard.EnqueueAsync(plan));
        }

        await fixture.Dashboard.WaitForEndAsync(runs[^1]);
        (s_runs, s_of) = (runs, fixture.Dashboard);
        return runs;
    }
}
