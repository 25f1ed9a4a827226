using Microsoft.Playwright;

namespace RroDashboard.EndToEnd.Tests;

/// <summary>Accounts and admin pages as people meet them.</summary>
public sealed class AccountPagesTests(BrowserFixture fixture) : IClassFixture<BrowserFixture>
{
    private static readonly string[] s_pages = ["/account", "/account/tokens", "/admin/users", "/admin/tokens", "/admin/audit", "/admin/server", "/links"];

    [Fact]
    public async Task Pages_InEveryLook_AreAccessibleAndDoNotScrollSideways()
    {
        await using var visitor = await fixture.VisitAsync();
        foreach (var address in s_pages)
        {
            await visitor.GoAsync(address);
            await visitor.Page.AssertAccessibleInAsync([(ColorScheme.Light, 1440), (ColorScheme.Dark, 1440), (ColorScheme.Dark, 320)], address.Trim('/').Replace('/', '-'));
        }

        Assert.Empty(visitor.Errors);
    }

    [Fact]
    public async Task Invite_AsViewer_SeesEverythingAndCannotAct()
    {
        var run = await fixture.Dashboard.EnqueueAsync(tasks: 4, pauseMs: 1);
        await fixture.Dashboard.WaitForEndAsync(run);
        await using var admin = await fixture.VisitAsync();
        await admin.GoAsync("/admin/users");
        await admin.Page.Locator("#invite-note").FillAsync("a teammate");
        await admin.Page.Locator("#invite").ClickAsync();
        var link = await admin.Page.Locator("#new-link-value").InputValueAsync();

        await using var context = await fixture.Browser.NewContextAsync(new BrowserNewContextOptions { ReducedMotion = ReducedMotion.Reduce });
        var page = await context.NewPageAsync();
        await page.GotoAsync(link);
        await page.GetByText("You were invited as viewer").WaitForAsync();
        await page.Locator("#new-name").FillAsync("vera");
        await page.Locator("#new-password").FillAsync("a sentence is good");
        await page.GetByRole(AriaRole.Button, new() { Name = "Make the account" }).ClickAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "Runs", Level = 1 }).WaitForAsync();

        await page.GotoAsync(new Uri(new Uri(admin.Url), $"/runs/{run}").AbsoluteUri);
        await page.UntilAsync("document.querySelector('.run-head .state.finished') && document.querySelectorAll('#feed li').length > 0");
        // What changes something is not offered ...
        foreach (var action in (string[])["#stop-run", "#share-button", "a[href='/admin/users']", "a[href^='/runs/new']"])
        {
            Assert.Equal(0, await page.Locator(action).CountAsync());
        }

        // ... and refused when it is asked for all the same: pages, and calls with the viewer's own cookie.
        await page.GotoAsync(new Uri(new Uri(admin.Url), "/admin/users").AbsoluteUri);
        await page.GetByRole(AriaRole.Heading, new() { Name = "Not for your role" }).WaitForAsync();
        foreach (var (method, path) in new (string, string)[] { ("POST", "/api/v1/runs/"), ("POST", $"/api/v1/runs/{run}/stop"), ("DELETE", $"/api/v1/runs/{run}") })
        {
            var answer = await page.APIRequest.FetchAsync(new Uri(new Uri(admin.Url), path).AbsoluteUri, new() { Method = method, DataObject = new { }, Headers = [new("Origin", admin.Url.TrimEnd('/'))] });
            Assert.Equal(403, answer.Status);
        }

        var seen = await page.APIRequest.GetAsync(new Uri(new Uri(admin.Url), $"/api/v1/runs/{run}").AbsoluteUri);
        Assert.Equal(200, seen.Status);

        // The link works once.
        await page.GotoAsync(link);
        await page.GetByText("This invitation was used before").WaitForAsync();
        Assert.Empty(admin.Errors);
    }
}
