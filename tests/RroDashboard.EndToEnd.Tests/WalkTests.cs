using Deque.AxeCore.Playwright;
using Microsoft.Playwright;

namespace RroDashboard.EndToEnd.Tests;

public sealed class WalkTests(BrowserFixture fixture) : IClassFixture<BrowserFixture>
{
    [Theory]
    [InlineData(ColorScheme.Light)]
    [InlineData(ColorScheme.Dark)]
    public async Task Walk_FromTheFeed_ShowsEveryCandidateAndTheSentence(ColorScheme scheme)
    {
        var run = await fixture.Dashboard.EnqueueAsync(tasks: 6, pauseMs: 1);
        await fixture.Dashboard.WaitForEndAsync(run);
        await using var visitor = await fixture.VisitAsync(scheme);
        await visitor.GoAsync($"/runs/{run}");
        var page = visitor.Page;
        var sentence = await page.Locator("#feed-scroll li .verdict").First.TextContentAsync();

        await page.Locator("#feed-scroll li a.where").First.PressAsync("Enter");

        await page.Locator("#walk > li").First.WaitForAsync();
        Assert.Contains(sentence!, await page.Locator("#walk").TextContentAsync(), StringComparison.Ordinal);
        Assert.True(await page.Locator("#walk .tree > li").CountAsync() >= await page.Locator("#walk > li").CountAsync());
        Assert.Equal(await page.Locator("#walk > li").CountAsync(), await page.Locator("#walk .tree > li.accepted").CountAsync());
        var serious = (await page.RunAxe()).Violations.Where(v => v.Impact is "serious" or "critical").Select(v => $"{v.Id}: {v.Help}: {v.Nodes[0].Html}").ToList();
        Assert.True(serious.Count == 0, string.Join('\n', serious));
        if (Environment.GetEnvironmentVariable("RRO_SCREENSHOTS") is { Length: > 0 } folder)
        {
            await page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"walk-{scheme}.png".ToLowerInvariant()) });
        }
    }

    [Fact]
    public async Task Walk_NotOpened_SaysSo()
    {
        var run = await fixture.Dashboard.EnqueueAsync(tasks: 2, pauseMs: 1);
        await fixture.Dashboard.WaitForEndAsync(run);
        await using var visitor = await fixture.VisitAsync();
        await visitor.GoAsync($"/runs/{run}/tasks/99");

        await visitor.Page.GetByText("This run has not opened this task.").WaitForAsync();
    }
}
