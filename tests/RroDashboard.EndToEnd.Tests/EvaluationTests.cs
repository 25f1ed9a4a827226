using Microsoft.Playwright;
using RroDashboard.Core.Plans;

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

    [Theory]
    [InlineData(ColorScheme.Light)]
    [InlineData(ColorScheme.Dark)]
    public async Task EvaluationTask_FromTheTable_ShowsWhatBothModelsDid(ColorScheme scheme)
    {
        var run = await FinishedAsync();
        await using var visitor = await fixture.VisitAsync(scheme);
        await visitor.GoAsync($"/runs/{run}/evaluation?show=regressed");
        var page = visitor.Page;
        Assert.Contains("color", await page.Locator("#flaws tbody th").First.InnerTextAsync(), StringComparison.Ordinal);

        await page.Locator("#tasks tbody th a").First.PressAsync("Enter");
        await page.Locator("#episodes-beside").WaitForAsync();
        Assert.Equal(5, await page.Locator("#episodes-beside tbody tr").CountAsync());
        Assert.Contains("0.500, lacking: color", await page.Locator("#episodes-beside tbody tr").Last.InnerTextAsync(), StringComparison.Ordinal);
        await page.AxeAsync($"episodes beside {scheme}");
        await page.PictureAsync($"episode-beside-{scheme}");

        await page.GetByRole(AriaRole.Link, new() { Name = "After DPO" }).PressAsync("Enter");
        await page.Locator("#episode-player").WaitForAsync();
        await page.Locator("#episode-player [data-next]").FocusAsync();
        await page.Keyboard.PressAsync("ArrowRight");
        await page.GetByText("step 1 of 3").WaitForAsync();
        Assert.Contains("Reward 0.500", await page.Locator("#episode-end").InnerTextAsync(), StringComparison.Ordinal);
        Assert.Contains("✗ no", await page.Locator("#episode-parts").InnerTextAsync(), StringComparison.Ordinal);
        await page.AxeAsync($"episode {scheme}");
        await page.PictureAsync($"episode-{scheme}");
        Assert.Empty(visitor.Errors);
    }

    [Fact]
    public async Task EvaluationTask_NotKeptOrNotThere_SaysWhy()
    {
        var run = await FinishedAsync();
        await using var visitor = await fixture.VisitAsync(width: 320, height: 640);
        await visitor.GoAsync($"/runs/{run}/evaluation/tasks/{ScriptedRun.KeptEpisodes}");
        await visitor.Page.GetByText("Of this task only the reward was kept").WaitForAsync();
        await visitor.GoAsync($"/runs/{run}/evaluation/tasks/60");
        await visitor.Page.GetByText("This run has 60 held-out tasks, numbered from 0.").WaitForAsync();
        await visitor.GoAsync("/runs/nosuchrun1/evaluation/tasks/0");
        await visitor.Page.GetByText("There is no run 'nosuchrun1'.").WaitForAsync();
        await visitor.GoAsync($"/runs/{run}/evaluation/tasks/1");
        await visitor.Page.Locator("#episodes-beside").WaitForAsync();
        await visitor.Page.FitsAsync(320);
    }

    [Fact]
    public async Task EvaluationTask_HostileTexts_AreShownAsText()
    {
        var plan = Presets.Create("demo");
        (plan.Seed, plan.Explore.Tasks) = (ScriptedRun.HostileSeed, 2);
        var run = await fixture.Dashboard.EnqueueAsync(plan);
        await fixture.Dashboard.WaitForEndAsync(run);
        await using var visitor = await fixture.VisitAsync();
        foreach (var task in Enumerable.Range(0, ScriptedRun.HostileLines.Count))
        {
            await visitor.GoAsync($"/runs/{run}/evaluation/tasks/{task}?view=before");
            await visitor.Page.Locator("#episode-player").WaitForAsync();
            Assert.Equal(0, await visitor.Page.Locator("main script, main b, main img").CountAsync());
        }

        Assert.Empty(visitor.Errors);
    }

    private async Task<string> FinishedAsync()
    {
        var run = await fixture.Dashboard.EnqueueAsync(tasks: 4, pauseMs: 1);
        await fixture.Dashboard.WaitForEndAsync(run);
        return run;
    }
}
