using Microsoft.Playwright;
using RroDashboard.Core.Plans;

namespace RroDashboard.EndToEnd.Tests;

/// <summary>Log, settings and system pages of a run.</summary>
public sealed class RunPagesTests(BrowserFixture fixture) : IClassFixture<BrowserFixture>
{
    [Fact]
    public async Task Pages_AxeAndPhone_NoSeriousViolationAndNoSidewaysScroll()
    {
        var run = await fixture.Dashboard.EnqueueAsync(tasks: 4, pauseMs: 2);
        await fixture.Dashboard.WaitForEndAsync(run);
        await using var visitor = await fixture.VisitAsync(width: 320, height: 800);
        foreach (var path in (string[])["", "/logs", "/settings", "/system"])
        {
            await visitor.GoAsync($"/runs/{run}{path}");
            await visitor.Page.Locator("nav.tabs [aria-current=page]").WaitForAsync();

            await visitor.Page.AssertAccessibleInAsync([(ColorScheme.Light, 320), (ColorScheme.Dark, 320)]);
        }

        Assert.Empty(visitor.Errors);
    }

    [Fact]
    public async Task Logs_LevelSearchAndAddress_ShowWhatFits()
    {
        var run = await fixture.Dashboard.EnqueueAsync(tasks: 2, pauseMs: 1);
        await fixture.Dashboard.WaitForEndAsync(run);
        await using var visitor = await fixture.VisitAsync();
        var page = visitor.Page;
        await visitor.GoAsync($"/runs/{run}/logs");
        await page.GetByText("The run ended: Finished.").WaitForAsync();

        await page.Locator("#log-search").FillAsync("preferences (dpo)");
        await page.Locator("#log-search").PressAsync("Enter");
        await page.UntilAsync("[...document.querySelectorAll('[data-log] bdi')].map(e => e.textContent).join('|').startsWith('Preferences (DPO) begins.|Preferences (DPO) is done after')");
        Assert.Contains("q=preferences", page.Url, StringComparison.Ordinal);
        await page.Locator("#log-level").SelectOptionAsync("error");

        await page.GetByText("No line fits this filter.").WaitForAsync();
        await page.ReloadAsync();
        await page.GetByText("No line fits this filter.").WaitForAsync();
    }

    [Fact]
    public async Task Settings_OnlyChanged_ShowsTheDifferenceToThePreset()
    {
        var run = await fixture.Dashboard.EnqueueAsync(tasks: 3, pauseMs: 1);
        await fixture.Dashboard.WaitForEndAsync(run);
        await using var visitor = await fixture.VisitAsync();
        var page = visitor.Page;
        await visitor.GoAsync($"/runs/{run}/settings");

        await page.Locator("#only-changed").CheckAsync();

        await page.UntilAsync("document.querySelectorAll('.settings tbody tr').length === 1");
        Assert.Contains("Explore.Tasks", await page.Locator(".settings tbody tr").TextContentAsync(), StringComparison.Ordinal);
        Assert.Contains(new string('b', 64), await page.Locator("#checkpoints").TextContentAsync(), StringComparison.Ordinal);
        // The scripted run wrote no file: the address says so, and what is not a checkpoint is not found.
        Assert.Equal(410, (await page.APIRequest.GetAsync(new Uri(new Uri(page.Url), await page.Locator("#checkpoints a").First.GetAttributeAsync("href")!).AbsoluteUri)).Status);
        Assert.Equal(404, (await page.APIRequest.GetAsync(visitor.Url + $"/api/v1/runs/{run}/checkpoints/1/weights")).Status);
    }

    [Fact]
    public async Task Note_Hostile_IsTextOnThePageAndInTheChartsHover()
    {
        const string Hostile = "<b>bold</b><img src=x onerror=\"document.title='owned'\"> \u202Eturned";
        var run = await fixture.Dashboard.EnqueueAsync(tasks: 400, pauseMs: 40);
        await using var visitor = await fixture.VisitAsync();
        var page = visitor.Page;
        await page.GotoAsync(visitor.Url + $"/runs/{run}");
        await page.UntilAsync("document.querySelectorAll('#feed li').length > 0");
        await page.Locator("#chart-walks").ScrollIntoViewIfNeededAsync();
        await page.UntilAsync("Number(document.querySelector('#chart-walks').dataset.draws ?? 0) > 0");

        await page.Locator("#note-text").FillAsync(Hostile);
        await page.GetByRole(AriaRole.Button, new() { Name = "Note this moment" }).ClickAsync();
        await page.Locator("#notes li").WaitForAsync();
        await page.Locator("#chart-walks").ScrollIntoViewIfNeededAsync();

        Assert.Contains("<b>bold</b>", await page.Locator("#notes li").TextContentAsync(), StringComparison.Ordinal);
        Assert.Contains("⟨U+202E⟩", await page.Locator("#notes li").TextContentAsync(), StringComparison.Ordinal);
        await page.UntilAsync("document.querySelector('#chart-walks .plot')?.layout?.annotations?.some(a => a.text === '✎')");
        await fixture.Dashboard.StopRunAsync(run);
        await page.UntilAsync("document.querySelector('#live').dataset.live === 'ended'");
        await page.WaitForTimeoutAsync(600);
        await page.Locator("#chart-walks .annotation-text-g", new() { HasText = "✎" }).First.HoverAsync(new() { Force = true });
        await page.UntilAsync("document.querySelector('#chart-walks .hoverlayer')?.textContent.includes('<b>bold</b>')");
        Assert.Equal(0, await page.Locator("#run b img, #notes b, #chart-walks .hoverlayer tspan[style*=bold]").CountAsync());
        Assert.DoesNotContain("owned", await page.TitleAsync(), StringComparison.Ordinal);
        Assert.Empty(visitor.Errors);
    }

    [Fact]
    public async Task HostileRun_EveryText_IsShownAsText()
    {
        var plan = Presets.Create("demo");
        (plan.Seed, plan.Explore.Tasks) = (ScriptedRun.HostileSeed, 4);
        var run = await fixture.Dashboard.EnqueueAsync(plan);
        await fixture.Dashboard.WaitForEndAsync(run);
        await fixture.Dashboard.NameAsync(run, "<b>named</b> \u202Eturned");
        await using var visitor = await fixture.VisitAsync(width: 320, height: 700);
        var page = visitor.Page;

        await visitor.GoAsync($"/runs/{run}");
        await page.UntilAsync("document.querySelector('#live')?.dataset.live === 'ended' && document.querySelectorAll('#feed li').length === 16");
        foreach (var summary in await page.Locator("#feed li summary").AllAsync())
        {
            await summary.ClickAsync();
        }

        await page.UntilAsync("![...document.querySelectorAll('#feed .candidates')].some(c => c.textContent === 'Reading ...')");
        await CheckAsync("#run", "<b>named</b> ⟨U+202E⟩turned");
        await visitor.GoAsync($"/runs/{run}/logs");
        await page.GetByText("The run ended: Finished.").WaitForAsync();
        await CheckAsync("[data-log]", null);
        Assert.Empty(visitor.Errors);

        async Task CheckAsync(string where, string? also)
        {
            var text = (await page.Locator(where).TextContentAsync())!;
            string[] expected = [.. ScriptedRun.Hostile, "before ⟨U+202E⟩turned⟨U+202C⟩ after", "bell ␇ and escape ␛[31m red", "of 1,000,000 characters)", .. also is null ? (string[])[] : [also]];
            Assert.All(expected, hostile => Assert.Contains(hostile, text, StringComparison.Ordinal));
            Assert.InRange(text.Length, 0, 200_000);
            Assert.Equal(0, await page.Locator($"{where} b:not(.steps b), {where} img, {where} script").CountAsync());
            Assert.DoesNotContain("owned", await page.TitleAsync(), StringComparison.Ordinal);
            Assert.InRange(await page.EvaluateAsync<int>("document.documentElement.scrollWidth"), 0, 320);
        }
    }

    [Fact]
    public async Task Watching_Shortened_LeavesThePagesMemoryFlat()
    {
        var run = await fixture.Dashboard.EnqueueAsync(tasks: 1000, pauseMs: 20);
        await using var visitor = await fixture.VisitAsync();
        var page = visitor.Page;
        await page.GotoAsync(visitor.Url + $"/runs/{run}");
        await page.UntilAsync("Number(document.querySelector('[data-now=steps]')?.textContent.replace(/,/g, '')) > 400");
        var session = await page.Context.NewCDPSessionAsync(page);

        var before = await HeapAsync(session);
        await page.WaitForTimeoutAsync(10_000);
        var after = await HeapAsync(session);
        await fixture.Dashboard.StopRunAsync(run);

        // Thousands of events came meanwhile; what is kept of them is bounded.
        Assert.InRange((after - before) / 1e6, -50, 8);
    }

    private static async Task<double> HeapAsync(ICDPSession session)
    {
        await session.SendAsync("HeapProfiler.collectGarbage");
        return (await session.SendAsync("Runtime.getHeapUsage"))!.Value.GetProperty("usedSize").GetDouble();
    }

    [Fact]
    public async Task Pause_WhileItRuns_FreezesTheViewAndCounts()
    {
        var run = await fixture.Dashboard.EnqueueAsync(tasks: 500, pauseMs: 40);
        await using var visitor = await fixture.VisitAsync();
        var page = visitor.Page;
        await visitor.GoAsync($"/runs/{run}");
        await page.UntilAsync("document.querySelectorAll('#feed li').length > 0");

        await page.Locator("#pause-view").PressAsync("Enter");
        await page.UntilAsync("/\\d+ new/.test(document.querySelector('[data-missed]').textContent)");
        var frozen = await page.Locator("[data-now=steps]").TextContentAsync();
        await page.WaitForTimeoutAsync(700);
        Assert.Equal(frozen, await page.Locator("[data-now=steps]").TextContentAsync());
        Assert.Equal("paused", await page.Locator("#live").GetAttributeAsync("data-live"));
        await page.Locator("#pause-view").PressAsync("Enter");

        await page.UntilAsync($"document.querySelector('[data-now=steps]').textContent !== '{frozen}' && document.querySelector('[data-missed]').textContent === ''");
        await fixture.Dashboard.StopRunAsync(run);
    }

    [Fact]
    public async Task Chart_AxisZoomAndFiles_AreThePersonsChoice()
    {
        var run = await fixture.Dashboard.EnqueueAsync(tasks: 20, pauseMs: 30);
        await fixture.Dashboard.WaitForEndAsync(run);
        await using var visitor = await fixture.VisitAsync();
        var page = visitor.Page;
        await visitor.GoAsync($"/runs/{run}");
        await page.UntilAsync("Number(document.querySelector('#chart-sft-loss').dataset.draws ?? 0) > 0");
        var chart = page.Locator("#chart-sft-loss");

        await chart.Locator("summary").PressAsync("Enter");
        await chart.GetByLabel("Across").SelectOptionAsync("time");
        await page.UntilAsync("document.querySelector('#chart-sft-loss .plot').layout.xaxis.title.text.includes('since the start')");
        await chart.GetByLabel("From", new() { Exact = true }).FillAsync("10");
        await chart.GetByLabel("To", new() { Exact = true }).FillAsync("19");
        await chart.GetByRole(AriaRole.Button, new() { Name = "Show these" }).ClickAsync();
        await page.UntilAsync("document.querySelector('#chart-sft-loss .plot').data.at(-1).x.length === 10");
        var file = await page.RunAndWaitForDownloadAsync(() => chart.GetByRole(AriaRole.Button, new() { Name = "Table (CSV)" }).ClickAsync());
        var lines = await File.ReadAllLinesAsync(await file.PathAsync());
        var picture = await page.RunAndWaitForDownloadAsync(() => chart.GetByRole(AriaRole.Button, new() { Name = "Picture (PNG)" }).ClickAsync());

        Assert.Equal("update,loss", lines[0]);
        Assert.Equal(Enumerable.Range(10, 10).Select(i => $"{i}"), lines[1..].Select(l => l.Split(',')[0]));
        Assert.Equal((byte[])[0x89, (byte)'P', (byte)'N', (byte)'G'], (await File.ReadAllBytesAsync(await picture.PathAsync()))[..4]);
        await page.Keyboard.PressAsync("Escape");
        Assert.False(await chart.Locator("details").EvaluateAsync<bool>("e => e.open"));
        await chart.Locator("[data-reset]").ClickAsync();
        await page.UntilAsync("document.querySelector('#chart-sft-loss .plot').data.at(-1).x.length === 60");
        Assert.Empty(visitor.Errors);
    }
}
