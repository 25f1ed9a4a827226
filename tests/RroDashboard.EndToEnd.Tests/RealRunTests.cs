using Microsoft.Playwright;
using RroDashboard.Core.Plans;

namespace RroDashboard.EndToEnd.Tests;

/// <summary>Real training behind real pages: nothing scripted.</summary>
public sealed class RealRunTests(BrowserFixture fixture) : IClassFixture<BrowserFixture>
{
    [Fact]
    public async Task Start_EmptyFolder_TheDemoMovesWithinTwentySecondsWithoutAClick()
    {
        await using var dashboard = new DashboardUnderTest(startDemo: true, realTraining: true);
        var watch = System.Diagnostics.Stopwatch.StartNew();
        await dashboard.StartAsync();
        await using var visitor = await fixture.VisitAsync(dashboard: dashboard);
        await visitor.Page.Locator("a.name").First.ClickAsync();

        await visitor.Page.UntilAsync("Number(document.querySelector('#chart-sft-loss')?.dataset.draws ?? 0) > 2");

        Assert.InRange(watch.Elapsed.TotalSeconds, 0, 20);
    }

    [Fact]
    public async Task RunPage_RealSmokeRun_ShowsAcceptancesAndTheSameNumbersAfterReloadAndToALateJoiner()
    {
        await using var dashboard = new DashboardUnderTest(realTraining: true);
        await dashboard.StartAsync();
        await using var first = await fixture.VisitAsync(dashboard: dashboard);
        var run = await dashboard.EnqueueAsync(Presets.Create("smoke"));
        await first.GoAsync($"/runs/{run}");
        await first.Page.Locator("#feed li").First.WaitForAsync();
        await dashboard.WaitForEndAsync(run);
        await first.Page.UntilAsync("document.querySelector('#live').dataset.live === 'ended'");
        var shown = await NumbersAsync(first.Page);

        await first.GoAsync($"/runs/{run}");
        await first.Page.Locator("#feed li").First.WaitForAsync();
        await using var late = await fixture.VisitAsync(dashboard: dashboard);
        await late.GoAsync($"/runs/{run}");
        await late.Page.Locator("#feed li").First.WaitForAsync();

        Assert.Equal(shown, await NumbersAsync(first.Page));
        Assert.Equal(shown, await NumbersAsync(late.Page));
        Assert.Empty(first.Errors);
    }

    private static async Task<string[]> NumbersAsync(IPage page)
    {
        await page.WaitForTimeoutAsync(600);
        return await page.EvaluateAsync<string[]>("[...document.querySelectorAll('[data-now], #feed li .verdict')].map(e => e.textContent)");
    }
}
