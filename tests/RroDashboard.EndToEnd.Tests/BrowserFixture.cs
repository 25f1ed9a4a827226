using Microsoft.Playwright;

namespace RroDashboard.EndToEnd.Tests;

/// <summary>
/// The real server with a scripted run, and the Chromium of the system. One per test class; every test has contexts (sessions) of
/// its own.
/// </summary>
public sealed class BrowserFixture : IAsyncLifetime
{
    // The cookies that the first sign-in of a browser at a dashboard gave: the ones after it need not do it again.
    private readonly Dictionary<string, string> _signedIn = [];
    private IPlaywright? _playwright;

    internal DashboardUnderTest Dashboard { get; } = new();

    internal IBrowser Browser { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        await Dashboard.StartAsync();
        _playwright = await Playwright.CreateAsync();
        Browser = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = ChromiumPath(),
            Args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
        });
    }

    public async Task DisposeAsync()
    {
        await Browser.CloseAsync();
        _playwright?.Dispose();
        await Dashboard.DisposeAsync();
    }

    /// <summary>A browser of its own (cookies and storage too), signed in: the first at a dashboard by its link, the others by what that one got. No page is open in it yet.</summary>
    internal async Task<Visitor> VisitAsync(ColorScheme scheme = ColorScheme.Light, int width = 1440, int height = 900, DashboardUnderTest? dashboard = null, string? person = null, bool touch = false)
    {
        dashboard ??= Dashboard;
        var context = await Browser.NewContextAsync(new BrowserNewContextOptions
        {
            ColorScheme = scheme,
            ViewportSize = new ViewportSize { Width = width, Height = height },
            ReducedMotion = ReducedMotion.Reduce,
            HasTouch = touch,
            IsMobile = touch,
            StorageState = _signedIn.GetValueOrDefault(dashboard.Url),
        });
        context.SetDefaultTimeout(20_000);
        var page = await context.NewPageAsync();
        var visitor = new Visitor(context, page, dashboard.Url);
        if (!_signedIn.ContainsKey(dashboard.Url))
        {
            await page.GotoAsync(dashboard.CreateSignInLink());
            await page.GetByRole(AriaRole.Button, new() { Name = "Sign in this browser" }).ClickAsync();
            await page.GetByRole(AriaRole.Heading, new() { Name = "Runs", Level = 1 }).WaitForAsync();
            _signedIn[dashboard.Url] = await context.StorageStateAsync();
        }

        if (person is not null)
        {
            await context.AddCookiesAsync([new Cookie { Name = Web.Tests.TestPeople.CookieName, Value = person, Url = dashboard.Url }]);
        }

        return visitor;
    }

    private static string ChromiumPath()
    {
        string?[] places = [Environment.GetEnvironmentVariable("RRO_CHROMIUM"), "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
        return places.FirstOrDefault(p => p is not null && File.Exists(p))
            ?? throw new InvalidOperationException("No Chromium was found: install it (apt-get install chromium) or name it in RRO_CHROMIUM.");
    }
}

/// <summary>One browser session, with everything it asked for and everything it complained about.</summary>
internal sealed class Visitor : IAsyncDisposable
{
    private readonly IBrowserContext _context;

    public Visitor(IBrowserContext context, IPage page, string url)
    {
        (_context, Page, Url) = (context, page, url);
        context.Request += (_, request) => Requests.Enqueue(request.Url);
        page.PageError += (_, error) => Errors.Enqueue(error);
        page.Console += (_, message) =>
        {
            if (message.Type == "error")
            {
                Errors.Enqueue(message.Text);
            }
        };
    }

    public IPage Page { get; }

    public string Url { get; }

    public System.Collections.Concurrent.ConcurrentQueue<string> Requests { get; } = new();

    public System.Collections.Concurrent.ConcurrentQueue<string> Errors { get; } = new();

    /// <summary>Goes to a page and waits until it answers clicks: before the circuit is there they are lost.</summary>
    public async Task GoAsync(string path)
    {
        await Page.GotoAsync(new Uri(new Uri(Url), path).AbsoluteUri);
        await Page.WaitForLoadStateAsync(LoadState.NetworkIdle);
        // When the circuit takes over a page, what had the focus is made anew: keys pressed before would be lost. A page
        // without one says so by having no component of the server's in it.
        await Page.UntilAsync("!document.querySelector('main#content') || document.querySelector('main#content[data-interactive]') || !document.documentElement.innerHTML.includes('\"type\":\"server\"')");
    }

    public async ValueTask DisposeAsync() => await _context.CloseAsync();
}

/// <summary>Waits in a page.</summary>
internal static class Waiting
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);

    /// <summary>Waits until an expression is true. Playwright's own wait evaluates text in the page, which our policy forbids.</summary>
    public static async Task UntilAsync(this IPage page, string condition)
    {
        var watch = System.Diagnostics.Stopwatch.StartNew();
        while (!await HoldsAsync(page, condition))
        {
            if (watch.Elapsed > Longest)
            {
                throw new TimeoutException($"After {Longest.TotalSeconds:0} s this is still not so: {condition}");
            }

            await page.WaitForTimeoutAsync(50);
        }
    }

    /// <summary>
    /// A text of the page as soon as a condition holds, both read in one go: for a page that may load itself anew, as it does after the
    /// server came back, two readings could be of two pages.
    /// </summary>
    public static async Task<string> ReadWhenAsync(this IPage page, string condition, string text)
    {
        string? read;
        var watch = System.Diagnostics.Stopwatch.StartNew();
        while ((read = await ReadAsync(page, $"({condition}) ? String({text}) : null")) is null)
        {
            if (watch.Elapsed > Longest)
            {
                throw new TimeoutException($"After {Longest.TotalSeconds:0} s this is still not so: {condition}");
            }

            await page.WaitForTimeoutAsync(50);
        }

        return read;
    }

    private static async Task<string?> ReadAsync(IPage page, string expression)
    {
        try
        {
            return await page.EvaluateAsync<string?>(expression);
        }
        catch (PlaywrightException e) when (e.Message.Contains("Execution context was destroyed", StringComparison.Ordinal))
        {
            return null;
        }
    }

    private static async Task<bool> HoldsAsync(IPage page, string condition)
    {
        try
        {
            return await page.EvaluateAsync<bool>($"Boolean({condition})");
        }
        catch (PlaywrightException e) when (e.Message.Contains("Execution context was destroyed", StringComparison.Ordinal))
        {
            // The page loads itself anew, as it does after the server came back.
            return false;
        }
    }
}
