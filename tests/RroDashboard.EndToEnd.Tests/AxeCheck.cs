using Deque.AxeCore.Playwright;
using Microsoft.Playwright;

namespace RroDashboard.EndToEnd.Tests;

/// <summary>What every test of a page looks at: axe, sideways scrolling, and a picture where one is wanted.</summary>
internal static class AxeCheck
{
    public static async Task AxeAsync(this IPage page, string where)
    {
        var serious = (await page.RunAxe()).Violations.Where(v => v.Impact is "serious" or "critical")
            .Select(v => $"{where}: {v.Id} ({v.Impact}): {v.Help}: {string.Join("; ", v.Nodes.Take(4).Select(n => n.Html))}").ToList();
        Assert.True(serious.Count == 0, string.Join('\n', serious));
    }

    public static async Task FitsAsync(this IPage page, int width) =>
        Assert.InRange(await page.EvaluateAsync<int>("document.documentElement.scrollWidth"), 0, width);

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
