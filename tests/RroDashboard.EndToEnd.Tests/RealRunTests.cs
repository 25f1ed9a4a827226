using Microsoft.Playwright;
using RroDashboard.Core.Plans;

namespace RroDashboard.EndToEnd.Tests;

/// <summary>Real training behind real pages: nothing scripted.</summary>
public sealed class RealRunTests(BrowserFixture fixture) : IClassFixture<BrowserFixture>
{
    // How many seconds that takes depends on what else the machine does; that it is early in the demo does not: fine-tuning is its first
    // stage and half of its time.
    [Fact]
    public async Task Start_EmptyFolder_TheDemoMovesEarlyInItsFirstStageWithoutAClick()
    {
        await using var dashboard = new DashboardUnderTest(startDemo: true, realTraining: true);
        await dashboard.StartAsync();
        await using var visitor = await fixture.VisitAsync(dashboard: dashboard);
        await visitor.GoAsync("/");
        await visitor.Page.Locator("a.name").First.ClickAsync();

        await visitor.Page.UntilAsync("Number(document.querySelector('#chart-sft-loss')?.dataset.draws ?? 0) > 2");

        var run = Assert.Single((await dashboard.Get<Web.Components.IRunBoard>().ListAsync(0, 2, CancellationToken.None)).Rows);
        Assert.Equal(Core.Events.Stage.Sft, run.Stage);
        await dashboard.StopRunAsync(run.Id);
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

    [Fact]
    public async Task Walk_RealSmokeRun_ShowsTrainedTokensAndReplaysAnotherAction()
    {
        await using var dashboard = new DashboardUnderTest(realTraining: true);
        await dashboard.StartAsync();
        var run = await dashboard.EnqueueAsync(Presets.Create("smoke"));
        await dashboard.WaitForEndAsync(run);
        await using var visitor = await fixture.VisitAsync(dashboard: dashboard);
        var page = visitor.Page;
        await visitor.GoAsync($"/runs/{run}/pairs?pair=0");
        var task = await page.Locator("#pairs tbody tr td:nth-child(2) a").First.GetAttributeAsync("href");

        await visitor.GoAsync($"{task!.Split('?')[0]}?view=trained");
        var tokens = await page.Locator("#trained .tokens").First.TextContentAsync();
        await visitor.GoAsync($"{task.Split('?')[0]}?view=player");
        await page.Locator("#replay > summary").PressAsync("Enter");
        await page.Locator("#replay-action").FillAsync("click[ buy ]");
        await page.Locator("#replay-action").PressAsync("Enter");
        await page.Locator("#replay-answer").WaitForAsync();

        Assert.Contains("<bos>", tokens, StringComparison.Ordinal);
        Assert.Contains("<act>", tokens, StringComparison.Ordinal);
        var answer = await page.Locator("#replay-answer").TextContentAsync();
        Assert.Contains("rebuilt as the run had it", answer, StringComparison.Ordinal);
        Assert.Contains("Not possible here", answer, StringComparison.Ordinal);
        Assert.Empty(visitor.Errors);
    }

    [Fact]
    public async Task Reroll_RealSmokeRun_CountsWhatStillRisesAndSurvivesARestart()
    {
        var folder = Path.Combine(Path.GetTempPath(), $"rro-reroll-{Guid.NewGuid():N}");
        try
        {
            await using var before = new DashboardUnderTest(realTraining: true, folder: folder);
            await before.StartAsync();
            var run = await before.EnqueueAsync(Presets.Create("smoke"));
            await before.WaitForEndAsync(run);
            var first = await fixture.VisitAsync(dashboard: before);
            await first.GoAsync($"/runs/{run}");
            await first.Page.Locator("#reroll-button").PressAsync("Enter");
            await first.Page.GetByText("accepted steps rise again").WaitForAsync();
            var said = await first.Page.Locator("#reroll .stack > p").First.TextContentAsync();
            await first.DisposeAsync();
            await before.StopAsync();

            await using var after = new DashboardUnderTest(realTraining: true, folder: folder);
            await after.StartAsync();
            await using var second = await fixture.VisitAsync(dashboard: after);
            await second.GoAsync($"/runs/{run}");

            Assert.Matches(@"^Round 1: \d+ of \d+ accepted steps rise again, \d+", said!);
            Assert.Equal(said, await second.Page.Locator("#reroll .stack > p").First.TextContentAsync());
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task Stop_AndGoOn_RealRunByKeyboard_FinishesUnderTheSameAddress()
    {
        // It stands still among its walks until it is stopped: a person may take longer than the run.
        await using var dashboard = new DashboardUnderTest(runner: new Web.Tests.Hosting.HeldRunner(static fact => fact is Core.Events.TaskFinished));
        await dashboard.StartAsync();
        await using var visitor = await fixture.VisitAsync(dashboard: dashboard);
        var page = visitor.Page;
        var run = await dashboard.EnqueueAsync(Presets.Create("smoke"));
        await visitor.GoAsync($"/runs/{run}");
        await page.Locator("#feed li").First.WaitForAsync();

        await page.Locator("#stop-run").PressAsync("Enter");
        await page.Locator(".rz-dialog").GetByRole(AriaRole.Button, new() { Name = "Stop the run" }).PressAsync("Enter");
        await page.Locator("[data-resume]").WaitForAsync();
        await page.Locator("[data-resume]").PressAsync("Enter");
        await page.Locator(".run-head .state.finished").WaitForAsync(new() { Timeout = 240_000 });

        await visitor.GoAsync($"/runs/{run}/logs");
        await page.GetByText("The run goes on in stage Explore").First.WaitForAsync();
        Assert.Empty(visitor.Errors);
    }

    private static async Task<string[]> NumbersAsync(IPage page)
    {
        await page.WaitForTimeoutAsync(600);
        return await page.EvaluateAsync<string[]>("[...document.querySelectorAll('[data-now], #feed li .verdict')].map(e => e.textContent)");
    }
}
