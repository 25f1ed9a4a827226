using Microsoft.Playwright;

namespace RroDashboard.Benchmarks;

/// <summary>A real Chromium, signed in.</summary>
internal sealed class Painter : IAsyncDisposable
{
    private readonly IPlaywright _playwright;
    private readonly IBrowser _browser;
    private readonly string _url;

    private Painter(IPlaywright playwright, IBrowser browser, IBrowserContext context, string url) => (_playwright, _browser, Context, _url) = (playwright, browser, context, url);

    public IBrowserContext Context { get; }

    public static async Task<Painter> StartAsync(BenchmarkServer server)
    {
        string?[] places = [Environment.GetEnvironmentVariable("RRO_CHROMIUM"), "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
        var playwright = await Playwright.CreateAsync();
        var browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = places.FirstOrDefault(p => p is not null && File.Exists(p)) ?? throw new InvalidOperationException("No Chromium was found: install it (apt-get install chromium) or name it in RRO_CHROMIUM."),
            Args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
        });
        var context = await browser.NewContextAsync(new BrowserNewContextOptions { ViewportSize = new ViewportSize { Width = 1440, Height = 900 } });
        context.SetDefaultTimeout(60_000);
        var page = await context.NewPageAsync();
        await page.GotoAsync(server.CreateSignInLink());
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in this browser" }).ClickAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "Runs", Level = 1 }).WaitForAsync();
        await page.CloseAsync();
        return new Painter(playwright, browser, context, server.Url);
    }

    /// <summary>Milliseconds from the start of a navigation until a condition holds in the page.</summary>
    public async Task<double> TimeAsync(IPage page, string path, string condition)
    {
        await page.GotoAsync(_url + path, new PageGotoOptions { WaitUntil = WaitUntilState.Commit });
        return await UntilAsync(page, condition);
    }

    /// <summary>Opens a page and waits until a condition holds.</summary>
    public async Task<IPage> OpenAsync(string path, string condition)
    {
        var page = await Context.NewPageAsync();
        await TimeAsync(page, path, condition);
        return page;
    }

    /// <summary>When a condition holds, on the page's own clock.</summary>
    public static Task<double> UntilAsync(IPage page, string condition) => page.EvaluateAsync<double>($$"""
        () => new Promise((resolve, reject) => {
          const check = () => {
            let holds = false;
            try { holds = Boolean({{condition}}); } catch { /* not there yet */ }
            if (holds) resolve(performance.now());
            else if (performance.now() > 60000) reject(new Error('After a minute this is still not so: ' + {{System.Text.Json.JsonSerializer.Serialize(condition)}}));
            else setTimeout(check, 10);
          };
          check();
        })
        """);

    public async ValueTask DisposeAsync()
    {
        await _browser.CloseAsync();
        _playwright.Dispose();
    }
}
