using Microsoft.EntityFrameworkCore;
using Microsoft.Playwright;
using RroDashboard.Core.Events;
using RroDashboard.Core.Exploration;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Rewards;
using RroDashboard.Data;
using RroDashboard.Data.Entities;
using RroDashboard.Web.Sharing;

namespace RroDashboard.EndToEnd.Tests;

public sealed class ShareLinkTests(BrowserFixture fixture) : IClassFixture<BrowserFixture>
{
    [Fact]
    public async Task Link_MadeByTheDialog_ShowsTheRunMovingToAStrangerUntilItIsRevoked()
    {
        var run = await fixture.Dashboard.EnqueueAsync(tasks: 400, pauseMs: 60);
        await using var owner = await fixture.VisitAsync();
        await owner.GoAsync($"/runs/{run}");
        var page = owner.Page;
        await page.Locator("#share-button").ClickAsync();
        await page.Locator("#share-dialog").WaitForAsync();
        await page.AssertAccessibleAsync();
        await page.Locator("#share-create").ClickAsync();
        var address = await page.Locator("#share-address").InputValueAsync();
        Assert.Matches("^http://127\\.0\\.0\\.1:[0-9]+/s/[0-9a-f]{32}$", address);

        await using var stranger = await StrangerAsync();
        await stranger.Page.GotoAsync(address);
        await stranger.Page.UntilAsync("document.querySelector('#share-live').dataset.live === 'live'");
        var before = await stranger.Page.Locator("#feed").TextContentAsync();
        // It moves: what the run says comes without anyone doing anything.
        await stranger.Page.UntilAsync("document.querySelectorAll('#feed tbody tr').length > 3");
        await stranger.Page.UntilAsync("document.querySelector('#chart-sft-loss svg polyline') !== null");
        await stranger.Page.UntilAsync($"document.querySelector('#feed').textContent !== {System.Text.Json.JsonSerializer.Serialize(before)}");
        Assert.Equal(0, await stranger.Page.Locator("button, form, input, a").CountAsync());
        Assert.All(stranger.Requests, url => Assert.Equal(new Uri(address).Authority, new Uri(url).Authority));
        Assert.DoesNotContain(stranger.Requests, url => url.Contains("blazor", StringComparison.OrdinalIgnoreCase));
        Assert.Equal(0, await stranger.Page.Locator("#feed :is(img, script, b)").CountAsync());

        var watch = System.Diagnostics.Stopwatch.StartNew();
        await page.Locator("#share-links button").ClickAsync();
        await stranger.Page.Locator("#share-closed").WaitForAsync();
        Assert.InRange(watch.Elapsed.TotalSeconds, 0, 5);
        Assert.Equal(0, await stranger.Page.Locator("#headline").CountAsync());
        await stranger.Page.ReloadAsync();
        await stranger.Page.GetByRole(AriaRole.Heading, new() { Name = "This link does not work" }).WaitForAsync();
        await page.GetByText("✕ revoked").WaitForAsync();
        Assert.Empty(owner.Errors);
        await fixture.Dashboard.StopRunAsync(run);
    }

    [Fact]
    public async Task Shared_EveryPageInEveryLook_IsAccessibleAndDoesNotScrollSideways()
    {
        var run = await WrittenAsync();
        await using var stranger = await StrangerAsync();
        string[] addresses =
        [
            await ShareAsync(new ShareTarget(ShareScope.Run, run, null, "", false)), await ShareAsync(new ShareTarget(ShareScope.Chart, run, null, "step-reward", false)),
            await ShareAsync(new ShareTarget(ShareScope.Trajectory, run, null, "0", false)), await ShareAsync(new ShareTarget(ShareScope.Run, run, null, "", true), password: "a password"),
            fixture.Dashboard.Url + "/s/" + new string('a', 32),
        ];
        foreach (var address in addresses)
        {
            await stranger.Page.GotoAsync(address);
            await stranger.Page.AssertAccessibleInAsync([(ColorScheme.Light, 1440), (ColorScheme.Dark, 1440), (ColorScheme.Light, 320)]);
        }

        Assert.DoesNotContain("owned", await stranger.Page.TitleAsync(), StringComparison.Ordinal);
        Assert.All(stranger.Errors, error => Assert.Contains("404", error, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Frozen_WithoutScript_ShowsWhatWasThere()
    {
        var run = await WrittenAsync();
        var address = await ShareAsync(new ShareTarget(ShareScope.Trajectory, run, null, "0", false), frozen: true);
        await fixture.Dashboard.AddFactsAsync(run, journal =>
        {
            journal.Record(new CandidateScored(0, 3, 0, "later", "", new Estimate([0.5]), null, false, false, 3, -1));
            journal.Record(new StepDecided(0, 3, new Estimate([0.5]), new Estimate([0.75]), 0, "later", 1, StepVerdict.Rose, [CandidateAccount.Accepted]));
        });
        await using var context = await fixture.Browser.NewContextAsync(new BrowserNewContextOptions { JavaScriptEnabled = false });
        var page = await context.NewPageAsync();

        await page.GotoAsync(address);

        Assert.Equal(3, await page.Locator(".shared-steps > li").CountAsync());
        Assert.Equal("Frozen copy", await page.Locator("#share-live").TextContentAsync());
        Assert.Contains(Explored.Hostile[0], await page.Locator(".asked").TextContentAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Expired_Link_ExplainsItself()
    {
        var address = await ShareAsync(new ShareTarget(ShareScope.Run, await WrittenAsync(), null, "", false));
        await using (var context = await fixture.Dashboard.Get<IDbContextFactory<RroDbContext>>().CreateDbContextAsync())
        {
            var newest = await context.ShareLinks.MaxAsync(l => l.Id);
            await context.ShareLinks.Where(l => l.Id == newest).ExecuteUpdateAsync(set => set.SetProperty(l => l.ExpiresTicks, DateTime.UtcNow.Ticks - 1));
        }

        await using var stranger = await StrangerAsync();
        await stranger.Page.GotoAsync(address);

        await stranger.Page.GetByRole(AriaRole.Heading, new() { Name = "This link has expired" }).WaitForAsync();
        await stranger.Page.GetByText("Ask whoever sent it for a new one.").WaitForAsync();
    }

    [Fact]
    public async Task Password_Form_LetsInAndKeepsTheBrowserIn()
    {
        var address = await ShareAsync(new ShareTarget(ShareScope.Run, await WrittenAsync(), null, "", false), password: "a password");
        await using var stranger = await StrangerAsync();
        var page = stranger.Page;
        await page.GotoAsync(address);

        await page.GetByLabel("Password").FillAsync("not this one");
        await page.GetByRole(AriaRole.Button, new() { Name = "Open" }).ClickAsync();
        await page.GetByText("That password is wrong.").WaitForAsync();
        await page.GetByLabel("Password").FillAsync("a password");
        await page.GetByLabel("Password").PressAsync("Enter");
        await page.Locator("#headline").WaitForAsync();
        await page.ReloadAsync();

        await page.Locator("#headline").WaitForAsync();
        Assert.Equal(address, page.Url);
    }

    [Fact]
    public async Task WalkPage_Dialog_MakesAFrozenLinkWithoutTexts()
    {
        var run = await WrittenAsync();
        await using var owner = await fixture.VisitAsync(ColorScheme.Dark, width: 390, height: 800);
        await owner.GoAsync($"/runs/{run}/tasks/0");
        var page = owner.Page;
        await page.Locator("#share-button").ClickAsync();
        await page.Locator("#share-frozen").CheckAsync();
        await page.Locator("#share-redacted").CheckAsync();
        await page.Locator("#share-days").FillAsync("400");
        await page.Locator("#share-create").ClickAsync();
        await page.GetByText("A share link works for 1 to 365 days, and 400 were asked for.").WaitForAsync();
        await page.Locator("#share-days").FillAsync("7");
        await page.Locator("#share-create").ClickAsync();
        var address = await page.Locator("#share-address").InputValueAsync();
        await page.GetByText("frozen, without texts").WaitForAsync();
        await page.AssertAccessibleAsync();

        await using var stranger = await StrangerAsync();
        await stranger.Page.GotoAsync(address);
        Assert.Equal(SharedPages.Hidden, await stranger.Page.Locator(".asked").TextContentAsync());
        await owner.GoAsync("/links");
        await page.Locator("#share-links").WaitForAsync();
        await page.AssertAccessibleAsync();
    }

    [Fact]
    public async Task Embedded_Chart_IsShownWithinAPageOfAnotherSite()
    {
        var run = await WrittenAsync();
        var open = await ShareAsync(new ShareTarget(ShareScope.Chart, run, null, "step-reward", false), embeddable: true);
        var closed = await ShareAsync(new ShareTarget(ShareScope.Chart, run, null, "step-reward", false));
        await using var stranger = await StrangerAsync();
        var page = stranger.Page;
        // A port of its own is another origin.
        using var other = new System.Net.HttpListener();
        var site = $"http://127.0.0.1:{FreePort()}/";
        other.Prefixes.Add(site);
        other.Start();
        var answering = AnswerOnceAsync(other, $"<!DOCTYPE html><iframe id='open' src='{open}?embed=1&theme=dark'></iframe><iframe id='closed' src='{closed}'></iframe>");
        await page.GotoAsync(site);
        await answering;

        await page.FrameLocator("#open").Locator("#chart-step-reward svg").WaitForAsync();
        await page.FrameLocator("#open").Locator("#share-live[data-live='live']").WaitForAsync();
        Assert.Equal("dark", await page.FrameLocator("#open").Locator("html").GetAttributeAsync("data-theme"));
        Assert.Equal(0, await page.FrameLocator("#closed").Locator("#chart-step-reward").CountAsync());
    }

    private static async Task AnswerOnceAsync(System.Net.HttpListener listener, string html)
    {
        var asked = await listener.GetContextAsync();
        asked.Response.ContentType = "text/html";
        await asked.Response.OutputStream.WriteAsync(System.Text.Encoding.UTF8.GetBytes(html));
        asked.Response.Close();
    }

    private static int FreePort()
    {
        using var probe = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        probe.Start();
        return ((System.Net.IPEndPoint)probe.LocalEndpoint).Port;
    }

    private Task<string> WrittenAsync()
    {
        var plan = Presets.Create("demo");
        return fixture.Dashboard.WriteRunAsync(plan, journal =>
        {
            Explored.Begin(journal, plan);
            Explored.Walk(journal, 0, steps: 3, candidates: 2, rollouts: 3, asked: Explored.Hostile[0], action: (_, _) => Explored.Hostile[1], observation: Explored.Hostile[2], finish: false);
        });
    }

    private async Task<string> ShareAsync(ShareTarget target, bool frozen = false, bool embeddable = false, string password = "") =>
        $"{fixture.Dashboard.Url}/s/{(await fixture.Dashboard.Get<ShareDesk>().CreateAsync(target, frozen, 30, embeddable, password, null, "test", default)).Token}";

    private async Task<Visitor> StrangerAsync()
    {
        var context = await fixture.Browser.NewContextAsync(new BrowserNewContextOptions
        {
            ViewportSize = new ViewportSize { Width = 1440, Height = 900 },
            ReducedMotion = ReducedMotion.Reduce,
        });
        context.SetDefaultTimeout(20_000);
        return new Visitor(context, await context.NewPageAsync(), fixture.Dashboard.Url);
    }
}
