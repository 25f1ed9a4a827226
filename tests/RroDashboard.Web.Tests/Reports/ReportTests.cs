using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using RroDashboard.Core.Events;
using RroDashboard.Data;
using RroDashboard.Data.Entities;
using RroDashboard.Web.Reports;
using RroDashboard.Web.Sharing;
using RroDashboard.Web.Tests.Bundles;
using RroDashboard.Web.Tests.Hosting;

namespace RroDashboard.Web.Tests.Reports;

public sealed class ReportTests
{
    [Fact]
    public async Task Render_EveryBlock_ShowsTheRunAndEncodesItsTexts()
    {
        await using var server = await LiveServer.StartAsync(BundledRun.Play);
        var (run, other) = (await BundledRun.MakeAsync(server), await EndedAsync(server));

        var report = await server.Get<ReportRenderer>().RenderAsync(
            $$$"""
            # Findings <script>alert(1)</script>
            {{run {{{run}}}}}
            {{chart run={{{run}}} chart=held title="Held <b>out</b>"}}
            {{chart run={{{run}}},{{{other}}} series=sft/loss}}
            {{table runs={{{run}}},{{{other}}} title="Both"}}
            {{trajectory run={{{run}}} task=0}}
            """, false, default);

        Assert.Equal(new[] { run, other }.Order(), report.RunIds.Order());
        Assert.Contains("<h2>Findings &lt;script&gt;alert(1)&lt;/script&gt;</h2>", report.Html, StringComparison.Ordinal);
        Assert.Contains("Held &lt;b&gt;out&lt;/b&gt;", report.Html, StringComparison.Ordinal);
        Assert.Contains("A &lt;i&gt;name&lt;/i&gt;", report.Html, StringComparison.Ordinal);
        Assert.Contains("secret answer", report.Html, StringComparison.Ordinal);
        Assert.Equal(2, Regex.Count(report.Html, "<svg"));
        Assert.DoesNotContain("<script", report.Html, StringComparison.Ordinal);
        Assert.DoesNotContain("notice error", report.Html, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{{nothing x}}", "There is no block &#x27;nothing&#x27;: run, chart, table, trajectory are.")]
    [InlineData("{{run}}", "The block &#x27;run&#x27; names 0 runs: 1 to 10 are allowed")]
    [InlineData("{{run bbbbbbbbbb}}", "There is no run &#x27;bbbbbbbbbb&#x27;.")]
    [InlineData("{{chart run=RUN}}", "A chart shows either series=NAME")]
    [InlineData("{{chart run=RUN chart=x}}", "There is no chart &#x27;x&#x27;")]
    [InlineData("{{chart run=RUN series=no/such}}", "has no series &#x27;no/such&#x27; yet; it has ")]
    [InlineData("{{chart run=RUN size=3}}", "knows no &#x27;size&#x27;: run, chart, series, title are.")]
    [InlineData("{{chart run=RUN run=RUN}}", "says &#x27;run&#x27; twice")]
    [InlineData("{{trajectory run=RUN}}", "A trajectory names its walk: task=3")]
    [InlineData("{{trajectory run=RUN task=99}}", "has not opened task 99.")]
    [InlineData("{{<img src=x onerror=alert(1)>}}", "There is no block &#x27;&lt;img&#x27;")]
    public async Task Render_BlockThatCannotBeShown_SaysWhyInItsPlace(string block, string expected)
    {
        await using var server = await LiveServer.StartAsync(BundledRun.Play);
        var run = await EndedAsync(server);

        var report = await server.Get<ReportRenderer>().RenderAsync($"before\n\n{block.Replace("RUN", run, StringComparison.Ordinal)}\n\nafter", false, default);

        Assert.Contains(expected, report.Html, StringComparison.Ordinal);
        Assert.Contains("before", report.Html, StringComparison.Ordinal);
        Assert.Contains("after", report.Html, StringComparison.Ordinal);
        Assert.DoesNotContain("<img", report.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Versions_AreKeptAndNobodyOverwritesAnother()
    {
        await using var server = await LiveServer.StartAsync(static (_, _) => { });
        using var client = await server.SignInAsync();
        using var made = await client.PostAsJsonAsync("/api/v1/reports", new { title = "  First\u0000 ", markdown = "one" });
        var id = (await made.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetString();

        using var second = await client.PutAsJsonAsync($"/api/v1/reports/{id}", new { title = "Second", markdown = "two", basedOn = 1 });
        using var late = await client.PutAsJsonAsync($"/api/v1/reports/{id}", new { title = "Late", markdown = "three", basedOn = 1 });
        using var tooLong = await client.PutAsJsonAsync($"/api/v1/reports/{id}", new { title = "Long", markdown = new string('x', ReportStore.MaxMarkdown + 1), basedOn = 2 });
        using var untitled = await client.PostAsJsonAsync("/api/v1/reports", new { title = " ", markdown = "" });
        using var unknown = await client.PutAsJsonAsync("/api/v1/reports/bbbbbbbbbb", new { title = "x", markdown = "", basedOn = 1 });

        Assert.Equal((HttpStatusCode.Created, HttpStatusCode.OK, HttpStatusCode.Conflict), (made.StatusCode, second.StatusCode, late.StatusCode));
        Assert.Equal((HttpStatusCode.BadRequest, HttpStatusCode.BadRequest, HttpStatusCode.NotFound), (tooLong.StatusCode, untitled.StatusCode, unknown.StatusCode));
        Assert.Contains("Version 2 was written meanwhile", await late.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        var store = server.Get<ReportStore>();
        Assert.Equal([("Second", 2), ("First", 1)], (await store.VersionsAsync(id!, default)).Select(v => (v.Title, v.Number)));
        Assert.Equal("one", (await store.FindAsync(id!, 1, default))!.Value.Version.Markdown);
        Assert.Equal("two", (await store.FindAsync(id!, null, default))!.Value.Version.Markdown);
        Assert.Null(await store.FindAsync(id!, 3, default));
    }

    [Fact]
    public async Task File_IsOneHtmlThatRefersToNothingOutsideItself()
    {
        await using var server = await LiveServer.StartAsync(BundledRun.Play);
        using var client = await server.SignInAsync();
        var run = await BundledRun.MakeAsync(server);
        var id = await server.Get<ReportStore>().CreateAsync("Title <b>", $$$"""{{run {{{run}}}}}""" + "\n\n" + $$$"""{{chart run={{{run}}} series=sft/loss}}""" + "\n\n[link](https://x.example) text", "me", default);

        using var answer = await client.GetAsync($"/api/v1/reports/{id}/report.html");
        var html = await answer.Content.ReadAsStringAsync();

        Assert.Equal("attachment", answer.Content.Headers.ContentDisposition!.DispositionType);
        Assert.Contains("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'", html, StringComparison.Ordinal);
        Assert.Contains("<title>Title &lt;b&gt;</title>", html, StringComparison.Ordinal);
        Assert.Contains("<svg", html, StringComparison.Ordinal);
        Assert.Contains("<polyline", html, StringComparison.Ordinal);
        Assert.DoesNotMatch(@"<script|<link|<img|<iframe|<base|@import|url\(|\ssrc=|@font-face", html);
        Assert.Contains("prefers-color-scheme: dark", html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Shared_Report_LeavesOutWhatTheLinkHidesAndGoesWithItsReport()
    {
        await using var server = await LiveServer.StartAsync(BundledRun.Play);
        var run = await BundledRun.MakeAsync(server);
        var store = server.Get<ReportStore>();
        var id = await store.CreateAsync("Findings", "Text of the report\n\n" + $$$"""{{trajectory run={{{run}}} task=0}}""", "me", default);
        var desk = server.Get<ShareDesk>();
        var (plain, _) = await desk.CreateAsync(new ShareTarget(ShareScope.Report, null, id, "", false), false, 30, false, "", null, "me", default);
        var (redacted, _) = await desk.CreateAsync(new ShareTarget(ShareScope.Report, null, id, "", true), true, 30, false, "", null, "me", default);
        using var stranger = new HttpClient { BaseAddress = server.Url };

        var whole = await stranger.GetStringAsync($"/s/{plain}");
        var hidden = await stranger.GetStringAsync($"/s/{redacted}");
        await store.SaveAsync(id, "Findings", "Another text", 1, "me", default);
        var later = await stranger.GetStringAsync($"/s/{plain}");
        var frozen = await stranger.GetStringAsync($"/s/{redacted}");

        Assert.Contains("secret answer", whole, StringComparison.Ordinal);
        Assert.DoesNotContain("secret answer", hidden, StringComparison.Ordinal);
        Assert.DoesNotContain("mug", hidden, StringComparison.Ordinal);
        Assert.Contains("Text of the report", hidden, StringComparison.Ordinal);
        Assert.Contains("Another text", later, StringComparison.Ordinal);
        Assert.Contains("Text of the report", frozen, StringComparison.Ordinal);
        await store.DeleteAsync(id, default);
        using var gone = await stranger.GetAsync($"/s/{redacted}");
        Assert.Equal(HttpStatusCode.NotFound, gone.StatusCode);
    }

    private static async Task<string> EndedAsync(LiveServer server)
    {
        var run = await server.EnqueueAsync();
        await server.WaitForEndAsync(run);
        await server.FlushAsync();
        return run;
    }
}
