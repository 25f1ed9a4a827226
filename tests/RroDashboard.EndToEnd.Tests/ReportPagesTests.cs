using Microsoft.Playwright;
using RroDashboard.Core.Events;
using RroDashboard.Core.Metrics;
using RroDashboard.Core.Plans;

namespace RroDashboard.EndToEnd.Tests;

public sealed class ReportPagesTests(BrowserFixture fixture) : IClassFixture<BrowserFixture>
{
    [Fact]
    public async Task Report_WrittenSharedAndSaved_OpensOfflineWithItsCharts()
    {
        var run = await WrittenAsync();
        await using var visitor = await fixture.VisitAsync();
        var page = visitor.Page;
        await visitor.GoAsync("/reports");
        await page.Locator("#new-report").ClickAsync();
        await page.Locator("#report-editor").WaitForAsync();
        await page.UntilAsync("document.querySelector('[data-preview]').childElementCount > 0");
        await page.Locator("#report-title").FillAsync("Findings <script>document.title='owned'</script>");
        await page.Locator("#report-text").FillAsync($"Some *text* <img src=x onerror=\"document.title='owned'\">\n\n{{{{chart run={run} series=sft/loss}}}}\n\n{{{{trajectory run={run} task=0}}}}\n");
        await page.Locator("[data-preview] svg polyline").WaitForAsync();
        await page.AssertAccessibleAsync();
        await page.Keyboard.PressAsync("Control+s");
        await page.GetByText("Saved as version 2").WaitForAsync();
        await visitor.GoAsync(new Uri(page.Url).AbsolutePath.Replace("/edit", "", StringComparison.Ordinal));
        await page.Locator("#report svg polyline").WaitForAsync();
        await page.AssertAccessibleAsync();
        Assert.Equal(2, await page.Locator("#report-versions li").CountAsync());

        var download = await page.RunAndWaitForDownloadAsync(() => page.Locator("#save-report-file").ClickAsync());
        var file = Path.Combine(Path.GetTempPath(), $"rro-report-{Guid.NewGuid():N}.html");
        await download.SaveAsAsync(file);
        try
        {
            await using var offline = await fixture.Browser.NewContextAsync(new BrowserNewContextOptions { Offline = true, ColorScheme = ColorScheme.Dark });
            var opened = await offline.NewPageAsync();
            var asked = new List<string>();
            opened.Request += (_, request) => asked.Add(request.Url);
            var errors = new List<string>();
            opened.Console += (_, message) => errors.Add(message.Text);
            await opened.GotoAsync(new Uri(file).AbsoluteUri);
            Assert.True((await opened.Locator("svg polyline").BoundingBoxAsync())!.Width > 100);
            Assert.Equal("Findings <script>document.title='owned'</script>", await opened.Locator("h1").TextContentAsync());
            Assert.Equal(0, await opened.Locator("img, script").CountAsync());
            Assert.NotEqual("owned", await opened.TitleAsync());
            Assert.NotEqual("rgb(246, 247, 249)", await opened.EvaluateAsync<string>("getComputedStyle(document.body).backgroundColor"));
            Assert.Single(asked);
            Assert.Empty(errors);
        }
        finally
        {
            File.Delete(file);
        }

        await page.Locator("#share-button").ClickAsync();
        await page.Locator("#share-create").ClickAsync();
        var address = await page.Locator("#share-address").InputValueAsync();
        await using var context = await fixture.Browser.NewContextAsync();
        var stranger = await context.NewPageAsync();
        await stranger.GotoAsync(address);
        await stranger.UntilAsync("document.querySelector('#share-live').dataset.live === 'live'");
        // It follows its runs: another point of the curve.
        var before = await stranger.Locator("#report svg polyline").GetAttributeAsync("points");
        await fixture.Dashboard.AddFactsAsync(run, journal => journal.Sample(new MetricPoint(SeriesNames.SftLoss, 60, 5)));
        await stranger.UntilAsync($"document.querySelector('#report svg polyline').getAttribute('points') !== '{before}'");
        // And its text: another version.
        var saved = await page.APIRequest.PutAsync(
            new Uri(new Uri(visitor.Url), $"/api/v1/reports/{new Uri(page.Url).Segments[2].Trim('/')}").AbsoluteUri,
            new() { DataObject = new { title = "Findings", markdown = "Written while it was open", basedOn = 2 }, Headers = [new("Origin", visitor.Url.TrimEnd('/'))] });
        Assert.Equal(200, saved.Status);
        await stranger.GetByText("Written while it was open").WaitForAsync();
        Assert.NotEqual("owned", await stranger.TitleAsync());
        Assert.Empty(visitor.Errors);
    }

    [Fact]
    public async Task Pages_InEveryLook_AreAccessibleAndDoNotScrollSideways()
    {
        var run = await WrittenAsync();
        var id = await fixture.Dashboard.Get<Data.ReportStore>().CreateAsync(
            "A report with a long title that has to be broken somewhere", $"| a | b |\n|---|---|\n| 1 | 2 |\n\n- one\n- two\n\n{{{{run {run}}}}}\n\n{{{{table runs={run}}}}}\n\n{{{{chart run={run} chart=step-reward}}}}\n\n{{{{nothing}}}}", "test", default);
        await using var visitor = await fixture.VisitAsync();
        foreach (var path in new[] { "/reports", $"/reports/{id}", $"/reports/{id}/edit", "/reports/bbbbbbbbbb" })
        {
            await visitor.GoAsync(path);
            await visitor.Page.AssertAccessibleInAsync([(ColorScheme.Dark, 1440), (ColorScheme.Light, 320)]);
        }

        Assert.Empty(visitor.Errors);
    }

    private Task<string> WrittenAsync()
    {
        var plan = Presets.Create("demo");
        return fixture.Dashboard.WriteRunAsync(plan, journal =>
        {
            Explored.Begin(journal, plan);
            for (var step = 0; step < 50; step++)
            {
                journal.Sample(new MetricPoint(SeriesNames.SftLoss, step, 2.0 / (step + 1)));
            }

            Explored.Walk(journal, 0, steps: 2, candidates: 2, rollouts: 3, asked: Explored.Hostile[0]);
        });
    }
}
