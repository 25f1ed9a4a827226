using Microsoft.Playwright;

namespace RroDashboard.EndToEnd.Tests;

public sealed class SiteTests(BrowserFixture fixture) : IClassFixture<BrowserFixture>
{
    [Fact]
    public async Task EveryPage_InBothThemesAndOnAPhone_IsAccessibleAndDoesNotScrollSideways()
    {
        (ColorScheme, int)[] looks = [(ColorScheme.Light, 1440), (ColorScheme.Dark, 1440), (ColorScheme.Light, 320)];
        var run = await FinishedRunAsync();
        await using var visitor = await fixture.VisitAsync();
        foreach (var path in (string[])["/", "/?q=wrong:filter", $"/runs/{run}", "/runs/new", "/environments", "/no/such/page"])
        {
            await visitor.GoAsync(path);
            await visitor.Page.AssertAccessibleInAsync(looks);
        }

        await using var stranger = await fixture.Browser.NewContextAsync();
        var page = await stranger.NewPageAsync();
        await page.GotoAsync(visitor.Url + "/sign-in");
        await page.AssertAccessibleInAsync(looks);
        await page.GotoAsync(fixture.Dashboard.CreateSignInLink());
        await page.AssertAccessibleInAsync(looks);
    }

    [Fact]
    public async Task AxeAsync_PageWithFaults_NamesEach()
    {
        await using var context = await fixture.Browser.NewContextAsync();
        var page = await context.NewPageAsync();
        await page.SetContentAsync("<html lang=en><title>t</title><main><h1>t</h1><button></button><p style='color:#bbb;background:#fff'>pale</p></main></html>");

        var said = (await Assert.ThrowsAnyAsync<Xunit.Sdk.XunitException>(() => page.AxeAsync("here"))).Message;

        Assert.Contains("here: button-name (critical)", said, StringComparison.Ordinal);
        Assert.Contains("here: color-contrast (serious)", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task EveryPage_Requests_GoToNoOtherHost()
    {
        var run = await FinishedRunAsync();
        await using var visitor = await fixture.VisitAsync();
        foreach (var path in (string[])["/", $"/runs/{run}", "/runs/new", "/environments"])
        {
            await visitor.GoAsync(path);
        }

        var own = new Uri(visitor.Url).Authority;
        Assert.NotEmpty(visitor.Requests);
        Assert.All(visitor.Requests, url => Assert.True(url.StartsWith("data:", StringComparison.Ordinal) || url.StartsWith("blob:", StringComparison.Ordinal) || new Uri(url).Authority == own, url));
    }

    [Fact]
    public async Task NewRun_WrongNumber_SaysTheServersSentence()
    {
        await using var visitor = await fixture.VisitAsync();
        await visitor.GoAsync("/runs/new");
        var page = visitor.Page;

        await page.Locator("#set-Explore-MaxCandidates").FillAsync("0");
        await page.GetByText("Explore.MaxCandidates = '0' is not allowed: it must be a whole number from 1 to 1000.").WaitForAsync();
        await page.Locator("#set-Explore-MaxCandidates").BlurAsync();
        await page.Locator("#start-run").ClickAsync();

        await page.Locator("#refusal").WaitForAsync();
        Assert.Equal("Explore.MaxCandidates = '0' is not allowed: it must be a whole number from 1 to 1000.", await page.Locator("#refusal").TextContentAsync());
        Assert.EndsWith("/runs/new", page.Url, StringComparison.Ordinal);
    }

    [Fact]
    public async Task NewRun_DoubleClick_MakesOneRun()
    {
        await using var visitor = await fixture.VisitAsync();
        await visitor.GoAsync("/runs/new?preset=smoke");
        var page = visitor.Page;
        var before = await fixture.Dashboard.CountRunsAsync();

        await page.Locator("#set-Seed").FillAsync("12");
        await page.Locator("#set-Seed").BlurAsync();
        await page.GetByText("src/run.sh train --preset smoke --seed 12").WaitForAsync();
        await page.Locator("#start-run").DblClickAsync();
        await page.WaitForURLAsync(url => url.Contains("/runs/", StringComparison.Ordinal) && !url.Contains("/runs/new", StringComparison.Ordinal));

        Assert.Equal(before + 1, await fixture.Dashboard.CountRunsAsync());
        await fixture.Dashboard.WaitForEndAsync(page.Url[(page.Url.LastIndexOf('/') + 1)..]);
    }

    [Fact]
    public async Task Keyboard_QuestionMark_OpensHelpAndSwitchTurnsKeysOff()
    {
        await using var visitor = await fixture.VisitAsync();
        await visitor.GoAsync("/");
        var page = visitor.Page;

        await page.Keyboard.PressAsync("?");
        await page.Locator("#keyboard-help[open]").WaitForAsync();
        await page.GetByLabel("Single-key shortcuts on").UncheckAsync();
        await page.Keyboard.PressAsync("Escape");
        await page.Keyboard.PressAsync("n");
        await page.WaitForTimeoutAsync(300);

        Assert.Equal(0, await page.Locator("#keyboard-help[open]").CountAsync());
        Assert.DoesNotContain("/runs/new", page.Url, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Theme_Switch_IsKeptOverAReload()
    {
        await using var visitor = await fixture.VisitAsync(ColorScheme.Light);
        await visitor.GoAsync("/");
        var page = visitor.Page;

        await page.Locator("[data-theme-switch]").ClickAsync();
        await page.Locator("[data-theme-switch]").ClickAsync();
        Assert.Equal("dark", await page.EvaluateAsync<string>("document.documentElement.dataset.theme"));
        await page.ReloadAsync();

        Assert.Equal("dark", await page.EvaluateAsync<string>("document.documentElement.dataset.theme"));
    }

    [Fact]
    public async Task SkipLink_FirstTab_LeadsToTheContent()
    {
        await using var visitor = await fixture.VisitAsync();
        await visitor.GoAsync("/runs/new");
        var page = visitor.Page;

        await page.EvaluateAsync("document.body.tabIndex = -1; document.body.focus()");
        await page.Keyboard.PressAsync("Tab");
        Assert.Equal("Skip to the content", await page.EvaluateAsync<string>("document.activeElement.textContent"));
        await page.Keyboard.PressAsync("Enter");

        await page.UntilAsync("document.activeElement?.id === 'content'");
        Assert.Contains("/runs/new", page.Url, StringComparison.Ordinal);
    }

    private async Task<string> FinishedRunAsync()
    {
        var run = await fixture.Dashboard.EnqueueAsync(tasks: 4, pauseMs: 2);
        await fixture.Dashboard.WaitForEndAsync(run);
        return run;
    }
}
