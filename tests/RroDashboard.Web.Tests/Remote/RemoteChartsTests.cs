using System.Net;
using System.Text.RegularExpressions;
using RroDashboard.Data;
using RroDashboard.Data.Entities;
using RroDashboard.Web.Components.Charts;
using RroDashboard.Web.Reports;
using RroDashboard.Web.Sharing;
using RroDashboard.Web.Tests.Hosting;
using RroDashboard.Web.Tests.Hubs;
using static RroDashboard.Web.Tests.Remote.RemoteProgram;

namespace RroDashboard.Web.Tests.Remote;

/// <summary>Series that a trainer elsewhere names are shown wherever its run is shown, not on its page alone.</summary>
public sealed partial class RemoteChartsTests
{
    [Fact]
    public async Task SharedRun_OfATrainerElsewhere_ShowsItsSeriesAndFollowsNewOnes()
    {
        await using var server = await LiveServer.StartAsync(static (_, _) => { });
        using var trainer = await StartAsync(server);
        var run = await trainer.BeginAsync();
        await trainer.SendAsync(run, 1, Point(0, "2"), Point(1, "1"), Point(0, "0.1", "train/reward"), Point(1, "0.2", "train/reward"));
        var (token, _) = await server.Get<ShareDesk>().CreateAsync(new ShareTarget(ShareScope.Run, run, null, "", true), false, 1, false, "", null, "me", default);
        using var stranger = new HttpClient { BaseAddress = server.Url };

        var page = await stranger.GetStringAsync($"/s/{token}");
        await using var hub = await HubClient.ConnectAsync(server.Url, null, "/hubs/share");
        await hub.InvokeAsync("Follow", WebUtility.HtmlDecode(Ticket().Match(page).Groups[1].Value));
        await trainer.SendAsync(run, 2, Point(0, "0.5", "train/kl"));

        Assert.Contains("<h3>train/loss</h3>", page, StringComparison.Ordinal);
        Assert.Contains("Train/reward went from 0.1 to 0.2 at 1.", page, StringComparison.Ordinal);
        // What its trainer does not do has no empty chart.
        Assert.DoesNotContain("Nothing yet", page, StringComparison.Ordinal);
        Assert.Contains("<div id=\"chart-sft-loss\" data-section></div>", page, StringComparison.Ordinal);
        using var patience = new CancellationTokenSource(LiveServer.Patience);
        var told = "";
        while (!told.Contains("train/kl", StringComparison.Ordinal))
        {
            told = (await hub.Others.ReadAsync(patience.Token)).Argument.ToString();
        }

        Assert.Contains("\"id\":\"metrics\"", told, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SharedRun_WithMoreSeriesThanAreDrawn_SaysHowManyAreLeftOut()
    {
        await using var server = await LiveServer.StartAsync(static (_, _) => { });
        using var trainer = await StartAsync(server);
        var run = await trainer.BeginAsync();
        await trainer.SendAsync(run, 1, [.. Enumerable.Range(0, SharedPages.OwnCharts + 3).Select(i => Point(0, "1", $"own/{i:00}"))]);

        var page = (await server.Get<SharedPages>().RenderAsync(new ShareTarget(ShareScope.Run, run, null, "", false), default))!;
        var names = await server.Get<SeriesQueries>().OfAsync([run, "none"], default);

        var metrics = page.Sections.Single(s => s.Id == "metrics").Html;
        Assert.Equal(SharedPages.OwnCharts, metrics.Split("<svg").Length - 1);
        Assert.Contains($"3 more series are not drawn here: the first {SharedPages.OwnCharts} are.", metrics, StringComparison.Ordinal);
        Assert.Equal(SharedPages.OwnCharts + 3, names.Count(n => RunCharts.IsOwn(n.Name)));
    }

    [Fact]
    public async Task Report_BlocksOfATrainersSeries_LayRunsOverEachOther()
    {
        await using var server = await LiveServer.StartAsync(static (_, _) => { });
        using var trainer = await StartAsync(server);
        var (one, two) = (await trainer.BeginAsync(), await trainer.BeginAsync());
        await trainer.SendAsync(one, 1, Point(0, "2"), Point(9, "1"));
        await trainer.SendAsync(two, 1, Point(0, "3"), Point(9, "0.5"));

        var report = await server.Get<ReportRenderer>().RenderAsync($$$"""
            {{chart run={{{one}}},{{{two}}} series=train/loss}}

            {{chart run={{{one}}} series=train/none}}
            """, redacted: false, default);

        Assert.Equal(2, report.Html.Split("<polyline").Length - 1);
        Assert.Contains("Grpo 1 went from 3 to 0.5 at 9.", report.Html, StringComparison.Ordinal);
        Assert.Contains("has no series &#x27;train/none&#x27; yet; it has train/loss.", report.Html, StringComparison.Ordinal);
    }

    [GeneratedRegex("data-ticket=\"([^\"]+)\"")]
    private static partial Regex Ticket();
}
