using System.Globalization;
using Microsoft.Playwright;

namespace RroDashboard.EndToEnd.Tests;

public sealed class RunPageTests(BrowserFixture fixture) : IClassFixture<BrowserFixture>
{
    [Fact]
    public async Task RunPage_WhileItRuns_ChartsMoveAndAcceptancesAppear()
    {
        var run = await fixture.Dashboard.EnqueueAsync(tasks: 150, pauseMs: 60);
        await using var visitor = await fixture.VisitAsync();
        var page = visitor.Page;
        await page.GotoAsync(visitor.Url + $"/runs/{run}");

        await page.UntilAsync("document.querySelector('#live')?.dataset.live === 'live'");
        await page.UntilAsync("document.querySelectorAll('#feed li').length > 0");
        await page.UntilAsync("Number(document.querySelector('#chart-step-reward').dataset.draws ?? 0) > 0");
        var draws = await NumberAsync(page, "Number(document.querySelector('#chart-step-reward').dataset.draws)");
        var steps = await NumberAsync(page, "Number(document.querySelector('[data-now=steps]').textContent.replace(/,/g, ''))");
        await page.UntilAsync($"Number(document.querySelector('#chart-step-reward').dataset.draws) > {draws}");
        await page.UntilAsync($"Number(document.querySelector('[data-now=steps]').textContent.replace(/,/g, '')) > {steps}");

        var verdict = await page.Locator("#feed li .verdict").First.TextContentAsync();
        Assert.Matches(@"^(Candidate \d of at most 5 rose: \d\.\d\d ≥ \d\.\d\d \(\d rollouts?\)\.|Nothing rose over \d\.\d\d in 5 candidates; the best seen was kept at \d\.\d\d \(\d rollouts?\)\.)$", verdict!);
        await fixture.Dashboard.WaitForEndAsync(run);
        await page.UntilAsync("document.querySelector('#live')?.dataset.live === 'ended'");
        Assert.Empty(visitor.Errors);
    }

    [Fact]
    public async Task RunPage_AtMostFourDrawsASecond_PerChart()
    {
        var run = await fixture.Dashboard.EnqueueAsync(tasks: 60, pauseMs: 20);
        await using var visitor = await fixture.VisitAsync();
        var page = visitor.Page;
        await page.GotoAsync(visitor.Url + $"/runs/{run}");
        await page.UntilAsync("Number(document.querySelector('#chart-step-reward').dataset.draws ?? 0) > 0");

        var before = await NumberAsync(page, "Number(document.querySelector('#chart-step-reward').dataset.draws)");
        var watch = System.Diagnostics.Stopwatch.StartNew();
        await page.WaitForTimeoutAsync(1500);
        var drawn = await NumberAsync(page, "Number(document.querySelector('#chart-step-reward').dataset.draws)") - before;

        Assert.InRange(drawn, 0, Math.Ceiling(watch.Elapsed.TotalSeconds * 4) + 1);
        await fixture.Dashboard.WaitForEndAsync(run);
    }

    [Fact]
    public async Task RunPage_ReloadAndLateJoiner_ShowTheSameNumbers()
    {
        var run = await fixture.Dashboard.EnqueueAsync(tasks: 12, pauseMs: 25);
        await using var first = await fixture.VisitAsync();
        await first.Page.GotoAsync(first.Url + $"/runs/{run}");
        await fixture.Dashboard.WaitForEndAsync(run);
        await first.Page.UntilAsync("document.querySelector('#live')?.dataset.live === 'ended'");
        var followed = await NumbersAsync(first.Page);

        await first.Page.ReloadAsync();
        await first.Page.UntilAsync("document.querySelector('#live')?.dataset.live === 'ended'");
        var reloaded = await NumbersAsync(first.Page);
        await using var second = await fixture.VisitAsync();
        await second.Page.GotoAsync(second.Url + $"/runs/{run}");
        await second.Page.UntilAsync("document.querySelector('#live')?.dataset.live === 'ended'");
        var late = await NumbersAsync(second.Page);

        Assert.Contains("48", followed, StringComparison.Ordinal);
        Assert.Equal(followed, reloaded);
        Assert.Equal(followed, late);
    }

    [Fact]
    public async Task RunPage_HostileActions_AreShownAsText()
    {
        var run = await fixture.Dashboard.EnqueueAsync(tasks: 6, pauseMs: 5);
        await fixture.Dashboard.WaitForEndAsync(run);
        await using var visitor = await fixture.VisitAsync();
        var page = visitor.Page;
        await page.GotoAsync(visitor.Url + $"/runs/{run}");
        await page.UntilAsync("document.querySelectorAll('#feed li').length > 0");

        foreach (var summary in await page.Locator("#feed li summary").AllAsync())
        {
            await summary.ClickAsync();
        }

        await page.UntilAsync("document.querySelectorAll('#feed .candidates table').length > 0 && ![...document.querySelectorAll('#feed .candidates')].some(c => c.textContent === 'Reading ...')");
        var text = await page.Locator("#feed").TextContentAsync();
        Assert.All(ScriptedRun.Hostile, hostile => Assert.Contains(hostile, text, StringComparison.Ordinal));
        Assert.Equal(0, await page.Locator("#feed b, #feed img, #feed script").CountAsync());
        Assert.DoesNotContain("owned", await page.TitleAsync(), StringComparison.Ordinal);
        Assert.Empty(visitor.Errors);
    }

    [Fact]
    public async Task RunPage_ByKeyboard_ReachesFeedAndStopsTheRun()
    {
        var run = await fixture.Dashboard.EnqueueAsync(tasks: 1000, pauseMs: 100);
        await using var visitor = await fixture.VisitAsync();
        var page = visitor.Page;
        await visitor.Page.GotoAsync(visitor.Url + $"/runs/{run}");
        await page.UntilAsync("document.querySelector('#live')?.dataset.live === 'live' && document.querySelector('#stop-run') !== null");

        var reached = new List<string>();
        await page.EvaluateAsync("document.body.tabIndex = -1; document.body.focus()");
        for (var i = 0; i < 80 && !reached.Contains("feed-scroll"); i++)
        {
            await page.Keyboard.PressAsync("Tab");
            reached.Add(await page.EvaluateAsync<string>("document.activeElement?.id ?? ''"));
        }

        Assert.Contains("stop-run", reached);
        Assert.Contains("feed-scroll", reached);
        await page.Keyboard.PressAsync("s");
        Assert.Equal("stop-run", await page.EvaluateAsync<string>("document.activeElement.id"));
        await page.Keyboard.PressAsync("Enter");
        await page.GetByRole(AriaRole.Alertdialog).WaitForAsync();
        await page.GetByRole(AriaRole.Alertdialog).GetByRole(AriaRole.Button, new() { Name = "Stop the run" }).FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        await page.UntilAsync("document.querySelector('.run-head .state')?.textContent.includes('Stopped')");
        await fixture.Dashboard.WaitForEndAsync(run);
    }

    [Fact]
    public async Task RunPage_TableTwin_HasTheNumbersOfTheChart()
    {
        var run = await fixture.Dashboard.EnqueueAsync(tasks: 6, pauseMs: 5);
        await fixture.Dashboard.WaitForEndAsync(run);
        await using var visitor = await fixture.VisitAsync();
        var page = visitor.Page;
        await page.GotoAsync(visitor.Url + $"/runs/{run}");
        await page.UntilAsync("document.querySelector('#live')?.dataset.live === 'ended'");

        await page.Locator("#chart-held [data-view=table]").ClickAsync();
        await page.Locator("#chart-held .twin table").WaitForAsync();

        Assert.Equal("greedy0.710 [0.670, 0.750]0.830 [0.790, 0.870]", await page.Locator("#chart-held .twin tbody tr").First.TextContentAsync());
    }

    [Fact]
    public async Task RunPage_UnknownRun_SaysSo()
    {
        await using var visitor = await fixture.VisitAsync();

        await visitor.Page.GotoAsync(visitor.Url + "/runs/nosuchrun");

        await visitor.Page.GetByRole(AriaRole.Heading, new() { Name = "There is no run nosuchrun" }).WaitForAsync();
    }

    private static async Task<string> NumbersAsync(IPage page)
    {
        // The header is the component's, twice a second; charts and feed are the script's. With the run's end the header has all that came before it.
        await page.UntilAsync("document.querySelector('.run-head .state.finished') && document.querySelector('.headline dd')?.textContent.includes('→')");
        await page.Locator("#chart-candidates [data-view=table]").ClickAsync();
        await page.Locator("#chart-candidates .twin table").WaitForAsync();
        return await page.EvaluateAsync<string>("""
            [...document.querySelectorAll('.headline dd, #chart-candidates .twin td, #budget .facts dd, #feed li .verdict, #feed [data-foot]')].map(e => e.textContent).join('|')
            """);
    }

    private static async Task<double> NumberAsync(IPage page, string expression) =>
        double.Parse(await page.EvaluateAsync<string>($"String({expression})"), CultureInfo.InvariantCulture);
}
