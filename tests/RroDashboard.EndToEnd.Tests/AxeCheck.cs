using System.Globalization;
using Deque.AxeCore.Commons;
using Microsoft.Playwright;

namespace RroDashboard.EndToEnd.Tests;

/// <summary>What every test of a page looks at: axe, sideways scrolling, and a picture where one is wanted.</summary>
internal static class AxeCheck
{
    private static readonly string s_axe = new BundledAxeScriptProvider().GetScript();

    /// <summary>Axe finds nothing serious, and the page does not scroll sideways.</summary>
    public static async Task AssertAccessibleAsync(this IPage page)
    {
        await page.AxeAsync(page.Url);
        Assert.Equal(0, await page.EvaluateAsync<int>("Math.max(0, document.documentElement.scrollWidth - innerWidth)"));
    }

    /// <summary>
    /// The same in every look: a page is opened once, and the theme and the window change while it stands open, as they do when the evening
    /// comes and a phone is turned.
    /// </summary>
    public static async Task AssertAccessibleInAsync(this IPage page, IEnumerable<(ColorScheme Scheme, int Width)> looks, string? picture = null)
    {
        foreach (var (scheme, width) in looks)
        {
            await page.EmulateMediaAsync(new() { ColorScheme = scheme, ReducedMotion = ReducedMotion.Reduce });
            await page.SetViewportSizeAsync(width, 800);
            await page.UntilAsync($"document.documentElement.dataset.theme === '{(scheme == ColorScheme.Dark ? "dark" : "light")}' && innerWidth === {width.ToString(CultureInfo.InvariantCulture)}");
            await page.FitsAsync(width);
            await page.AxeAsync($"{page.Url} {scheme} {width}");
            if (picture is not null)
            {
                await page.PictureAsync($"{picture}-{scheme}-{width}");
            }
        }
    }

    /// <summary>
    /// Axe finds nothing serious. It is called in the page itself: the package's own call opens an empty page for its summary and reads
    /// half a megabyte of script twice each time, which took longer than every rule together.
    /// </summary>
    public static async Task AxeAsync(this IPage page, string where)
    {
        foreach (var frame in page.Frames)
        {
            if (!await frame.EvaluateAsync<bool>("typeof window.axe === 'object'"))
            {
                await frame.EvaluateAsync(s_axe);
            }
        }

        // What passed is not looked at, and need not be described.
        var serious = await page.EvaluateAsync<string[]>(
            """
            async () => (await axe.run(document, { resultTypes: ['violations'] })).violations.filter(v => v.impact === 'serious' || v.impact === 'critical')
              .map(v => `${v.id} (${v.impact}): ${v.help}: ${v.nodes.slice(0, 4).map(n => n.html).join('; ')}`)
            """);
        Assert.True(serious.Length == 0, string.Join('\n', serious.Select(v => $"{where}: {v}")));
    }

    /// <summary>The page does not scroll sideways; charts follow a window's size a moment later.</summary>
    public static async Task FitsAsync(this IPage page, int width)
    {
        try
        {
            await page.UntilAsync($"document.documentElement.scrollWidth <= {width.ToString(CultureInfo.InvariantCulture)}");
        }
        catch (TimeoutException)
        {
            var wide = await page.EvaluateAsync<string>(
                """
                (() => {
                  // What lies in a box that scrolls or cuts by itself does not make the page wide.
                  const cut = e => e && e !== document.body && (getComputedStyle(e).overflowX !== 'visible' || cut(e.parentElement));
                  return [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !cut(e.parentElement))
                    .slice(0, 12).map(e => `${e.tagName}.${e.getAttribute('class')}#${e.id} to ${Math.round(e.getBoundingClientRect().right)}`).join('; ');
                })()
                """);
            Assert.Fail($"{page.Url} is wider than {width.ToString(CultureInfo.InvariantCulture)} pixels: {wide}");
        }
    }

    public static async Task PictureAsync(this IPage page, string name)
    {
        if (Environment.GetEnvironmentVariable("RRO_SCREENSHOTS") is { Length: > 0 } folder)
        {
            Directory.CreateDirectory(folder);
            await page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"{name}.png".ToLowerInvariant()), FullPage = true });
        }
    }

    /// <summary>Presses Tab until an element that fits has the focus.</summary>
    public static async Task TabToAsync(this IPage page, string selector, int most = 120)
    {
        for (var i = 0; i < most; i++)
        {
            if (await page.EvaluateAsync<bool>("s => document.activeElement?.matches(s) ?? false", selector))
            {
                return;
            }

            await page.Keyboard.PressAsync("Tab");
        }

        Assert.Fail($"{most} presses of Tab did not reach {selector}.");
    }
}
