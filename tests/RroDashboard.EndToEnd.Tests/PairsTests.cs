using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Playwright;
using RroDashboard.Core.Events;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Preferences;
using RroDashboard.Core.Rewards;

namespace RroDashboard.EndToEnd.Tests;

public sealed class PairsTests(BrowserFixture fixture) : IClassFixture<BrowserFixture>
{
    [Theory]
    [InlineData(ColorScheme.Light, 1440)]
    [InlineData(ColorScheme.Dark, 320)]
    public async Task Pairs_OfARun_AreReadByKeyboard(ColorScheme scheme, int width)
    {
        var run = await fixture.Dashboard.EnqueueAsync(tasks: 30, pauseMs: 1);
        await fixture.Dashboard.WaitForEndAsync(run);
        await using var visitor = await fixture.VisitAsync(scheme, width);
        await visitor.GoAsync($"/runs/{run}/pairs");
        var page = visitor.Page;

        await page.Locator("#pairs [data-row]").First.FocusAsync();
        await page.Keyboard.PressAsync("j");
        await page.Keyboard.PressAsync("k");
        await page.Keyboard.PressAsync("Enter");

        await page.Locator("#pair h2").WaitForAsync();
        Assert.Equal(2, await page.Locator("#pair .side-by-side").First.Locator("> div").CountAsync());
        Assert.Contains("read but not trained", await page.Locator("#pair").TextContentAsync(), StringComparison.Ordinal);
        await page.Locator("#tokens > summary").PressAsync("Enter");
        Assert.Contains("Numbers of tokens are shown", await page.Locator("#tokens").TextContentAsync(), StringComparison.Ordinal);
        await page.AssertAccessibleAsync();
        Assert.Empty(visitor.Errors);
        if (Environment.GetEnvironmentVariable("RRO_SCREENSHOTS") is { Length: > 0 } folder)
        {
            await page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"pairs-{scheme}.png".ToLowerInvariant()) });
        }
    }

    [Fact]
    public async Task Pairs_FiltersMarginsAndReasons_AreThoseOfTheFacts()
    {
        var plan = Presets.Create("demo");
        var run = await fixture.Dashboard.WriteRunAsync(plan, journal =>
        {
            Explored.Begin(journal, plan);
            Explored.Walk(journal, 0, steps: 3, candidates: 2, rollouts: 2);
            Explored.Walk(journal, 1, steps: 4, candidates: 1, rollouts: 2);
            journal.Record(new PairMargins(0, [0, 1, 2], [0, 0, 0]));
            journal.Record(new PairMargins(10, [0, 1, 2], [0.5f, -0.25f, 0.1f]));
            journal.Record(new PairsDrawn(10, [0, 1], [3, 0]));
        });
        await using var visitor = await fixture.VisitAsync();
        await visitor.GoAsync($"/runs/{run}/pairs");
        var page = visitor.Page;

        Assert.Equal(3, await page.Locator("#pairs tbody tr").CountAsync());
        Assert.Equal(["3×", "0×", "left out"], await page.Locator("#pairs tbody td:nth-last-child(2)").AllTextContentsAsync());
        Assert.Contains("4 rose at the first candidate, hence no loser.", await page.Locator("#missing-pairs").TextContentAsync(), StringComparison.Ordinal);
        await page.Locator("#refused-link").PressAsync("Enter");
        await page.UntilAsync("document.querySelectorAll('#pairs tbody tr').length === 1");
        await page.Locator("#pairs [data-row]").PressAsync("Enter");
        await page.GetByText("From 0.000 to −0.250 over 10 updates").First.WaitForAsync();
        await page.Locator("#f-refused").UncheckAsync();
        await page.UntilAsync("document.querySelectorAll('#pairs tbody tr').length === 3 && !location.search.includes('pair=')");
        await page.Locator("#f-gap").FillAsync("2");
        await page.Locator("#f-gap").PressAsync("Enter");
        await page.GetByText("No pair fits").WaitForAsync();
    }

    [Fact]
    public async Task Export_Pairs_IsTheFileThatThePageCounts()
    {
        var run = await fixture.Dashboard.EnqueueAsync(tasks: 20, pauseMs: 1);
        await fixture.Dashboard.WaitForEndAsync(run);
        await using var visitor = await fixture.VisitAsync();
        await visitor.GoAsync($"/runs/{run}/pairs");
        var page = visitor.Page;
        var download = await page.RunAndWaitForDownloadAsync(() => page.Locator("#export-link").ClickAsync());
        var bytes = await File.ReadAllBytesAsync((await download.PathAsync())!);
        await page.Locator("#export-check").PressAsync("Enter");
        await page.Locator("#export-summary").WaitForAsync();

        var shown = await page.Locator("#export-summary").TextContentAsync();
        var lines = System.Text.Encoding.UTF8.GetString(bytes).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Contains(Convert.ToHexStringLower(SHA256.HashData(bytes)), shown, StringComparison.Ordinal);
        Assert.Contains($"Pairs{lines.Length}", shown!.Replace(",", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.All(lines, l => Assert.Equal(["prompt", "chosen", "rejected"], JsonDocument.Parse(l).RootElement.EnumerateObject().Select(p => p.Name)));
    }

    [Fact]
    public async Task Pairs_HostileTexts_AreShownAsText()
    {
        var plan = Presets.Create("demo");
        var run = await fixture.Dashboard.WriteRunAsync(plan, journal =>
        {
            Explored.Begin(journal, plan);
            foreach (var (text, i) in Explored.Hostile.Select((t, i) => (t, i)))
            {
                journal.Record(new PairCreated(i, new PreferencePair(0, i, text, text, text + " not", new Estimate([1, 0.5]), new Estimate([0, 0.5]), [1, 2], [3], [4])));
            }
        });
        await using var visitor = await fixture.VisitAsync();
        var page = visitor.Page;
        for (var i = 0; i < Explored.Hostile.Count; i++)
        {
            await visitor.GoAsync($"/runs/{run}/pairs?pair={i}");
            await page.Locator("#pair h2").WaitForAsync();
            Assert.Contains(Explored.Hostile[i].Split(' ')[0], await page.Locator("#pair").TextContentAsync(), StringComparison.Ordinal);
            Assert.DoesNotContain("owned", await page.TitleAsync(), StringComparison.Ordinal);
            Assert.Equal(0, await page.Locator("#pairs-page :is(b, img, script)").CountAsync());
            Assert.InRange((await page.ContentAsync()).Length, 0, 400_000);
        }

        Assert.Equal(Explored.Hostile.Count, await page.Locator("#pairs tbody tr").CountAsync());
        Assert.Empty(visitor.Errors);
    }

    [Fact]
    public async Task Pairs_OfNoRun_SaysSo()
    {
        await using var visitor = await fixture.VisitAsync();
        await visitor.GoAsync("/runs/aaaaaaaaaa/pairs");

        await visitor.Page.GetByText("There is no run 'aaaaaaaaaa'.").WaitForAsync();
    }
}
