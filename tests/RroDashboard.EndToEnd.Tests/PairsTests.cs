using Deque.AxeCore.Playwright;
using Microsoft.Playwright;

namespace RroDashboard.EndToEnd.Tests;

public sealed class PairsTests(BrowserFixture fixture) : IClassFixture<BrowserFixture>
{
    [Theory]
    [InlineData(ColorScheme.Light)]
    [InlineData(ColorScheme.Dark)]
    public async Task Pairs_OfARun_AreReadByKeyboard(ColorScheme scheme)
    {
        var run = await fixture.Dashboard.EnqueueAsync(tasks: 30, pauseMs: 1);
        await fixture.Dashboard.WaitForEndAsync(run);
        await using var visitor = await fixture.VisitAsync(scheme);
        await visitor.GoAsync($"/runs/{run}");
        var page = visitor.Page;

        await page.GetByRole(AriaRole.Link, new() { Name = "read them" }).PressAsync("Enter");
        await page.GetByRole(AriaRole.Button, new() { Name = "Read pair 0", Exact = true }).PressAsync("Enter");

        await page.Locator("#pair h2").WaitForAsync();
        Assert.Equal(2, await page.Locator("#pair .side-by-side > div").CountAsync());
        Assert.Contains("read but not trained", await page.Locator("#pair").TextContentAsync(), StringComparison.Ordinal);
        var serious = (await page.RunAxe()).Violations.Where(v => v.Impact is "serious" or "critical").Select(v => $"{v.Id}: {v.Help}").ToList();
        Assert.True(serious.Count == 0, string.Join('\n', serious));
        if (Environment.GetEnvironmentVariable("RRO_SCREENSHOTS") is { Length: > 0 } folder)
        {
            await page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"pairs-{scheme}.png".ToLowerInvariant()) });
        }
    }

    [Fact]
    public async Task Pairs_OfNoRun_SaysSo()
    {
        await using var visitor = await fixture.VisitAsync();
        await visitor.GoAsync("/runs/aaaaaaaaaa/pairs");

        await visitor.Page.GetByText("There is no run 'aaaaaaaaaa'.").WaitForAsync();
    }
}
