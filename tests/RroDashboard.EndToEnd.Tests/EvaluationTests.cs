using Microsoft.Playwright;

namespace RroDashboard.EndToEnd.Tests;

public sealed class EvaluationTests(BrowserFixture fixture) : IClassFixture<BrowserFixture>
{
    [Theory]
    [InlineData(ColorScheme.Light)]
    [InlineData(ColorScheme.Dark)]
    public async Task Evaluation_OfARun_ShowsIntervalsAndEveryTask(ColorScheme scheme)
    {
        var run = await FinishedAsync();
        await using var visitor = await fixture.VisitAsync(scheme);
        await visitor.GoAsync($"/runs/{run}/evaluation");
        var page = visitor.Page;

        Assert.Equal(4, await page.Locator("#evaluations tbody tr[data-line]").CountAsync());
        Assert.Contains("0.830 [0.790, 0.870]", await page.Locator("[data-line='Evaluate/greedy']").InnerTextAsync(), StringComparison.Ordinal);
        Assert.Contains("60", await page.Locator("[data-line='Evaluate/greedy'] td").Nth(1).InnerTextAsync(), StringComparison.Ordinal);
        Assert.Contains("12 won, 6 lost, 42 tied", await page.Locator("#paired").TextContentAsync(), StringComparison.Ordinal);
        Assert.Equal("1 to 25 of 60", await page.Locator("#tasks-count").TextContentAsync());
        await page.AxeAsync($"evaluation {scheme}");
        await page.PictureAsync($"evaluation-{scheme}");
        Assert.Empty(visitor.Errors);
    }

    [Fact]
    public async Task Evaluation_Regressions_AreFoundByKeyboardAndStandInTheAddress()
    {
        var run = await FinishedAsync();
        await using var visitor = await fixture.VisitAsync();
        await visitor.GoAsync($"/runs/{run}/evaluation");
        var page = visitor.Page;

        await page.EvaluateAsync("document.body.tabIndex = -1; document.body.focus()");
        await page.TabToAsync("a.chip[href*='show=regressed']");
        await page.Keyboard.PressAsync("Enter");
        await page.GetByText("6 tasks were solved after fine-tuning and no longer are.").WaitForAsync();
        Assert.Equal("1 to 6 of 6", await page.Locator("#tasks-count").TextContentAsync());
        await page.Locator("#tasks th a", new() { HasText = "Difference" }).PressAsync("Enter");
        await page.Locator("th[aria-sort=ascending]", new() { HasText = "Difference" }).WaitForAsync();
        await page.ReloadAsync();

        Assert.Equal(6, await page.Locator("#tasks tbody tr").CountAsync());
        Assert.Contains("show=regressed", page.Url, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Evaluation_WhileTheRunWorks_AppearsByItself()
    {
        var run = await fixture.Dashboard.EnqueueAsync(tasks: 30, pauseMs: 40);
        await using var visitor = await fixture.VisitAsync();
        await visitor.Page.GotoAsync(visitor.Url + $"/runs/{run}/evaluation");

        await visitor.Page.GetByRole(AriaRole.Heading, new() { Name = "Nothing was evaluated yet" }).WaitForAsync();
        await visitor.Page.Locator("[data-line='Baseline/greedy']").WaitForAsync();
        await visitor.Page.Locator("[data-line='Evaluate/sampled']").WaitForAsync();
        Assert.Empty(visitor.Errors);
    }

    [Fact]
    public async Task Evaluation_320Pixels_DoesNotScrollSideways()
    {
        var run = await FinishedAsync();
        await using var visitor = await fixture.VisitAsync(width: 320, height: 640);
        await visitor.GoAsync($"/runs/{run}/evaluation");

        await visitor.Page.FitsAsync(320);
        await visitor.Page.PictureAsync("evaluation-phone");
    }

    [Fact]
    public async Task Evaluation_OfNoRun_SaysSo()
    {
        await using var visitor = await fixture.VisitAsync();
        await visitor.GoAsync("/runs/nosuchrun1/evaluation");

        await visitor.Page.GetByText("There is no run 'nosuchrun1'.").WaitForAsync();
    }

    private async Task<string> FinishedAsync()
    {
        var run = await fixture.Dashboard.EnqueueAsync(tasks: 4, pauseMs: 1);
        await fixture.Dashboard.WaitForEndAsync(run);
        return run;
    }
}
