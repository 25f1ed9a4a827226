using Microsoft.Playwright;
using RroDashboard.Core.Plans;

namespace RroDashboard.EndToEnd.Tests;

/// <summary>
/// Pictures of every page in both themes and on a phone. When RRO_SCREENSHOTS names a folder, they are made from a real demo run and
/// kept there (the README's are such ones); otherwise from a scripted run, to see that they can be made.
/// </summary>
public sealed class ScreenshotTests(BrowserFixture fixture) : IClassFixture<BrowserFixture>
{
    private const int LargestBytes = 300_000;

    // Every look is seen by the tests of the pages; here two are enough to know that pictures can be made.
    public static TheoryData<ColorScheme, int, int, string> Looks => string.IsNullOrEmpty(Environment.GetEnvironmentVariable("RRO_SCREENSHOTS"))
        ? new() { { ColorScheme.Light, 1440, 1000, "light" }, { ColorScheme.Dark, 320, 800, "phone-dark" } }
        : new()
        {
            { ColorScheme.Light, 1440, 1000, "light" }, { ColorScheme.Dark, 1440, 1000, "dark" },
            { ColorScheme.Light, 320, 800, "phone" }, { ColorScheme.Dark, 320, 800, "phone-dark" },
        };

    [Theory]
    [MemberData(nameof(Looks))]
    public async Task Pages_InEveryTheme_MakePictures(ColorScheme scheme, int width, int height, string name)
    {
        var folder = Environment.GetEnvironmentVariable("RRO_SCREENSHOTS");
        await using var own = string.IsNullOrEmpty(folder) ? null : new DashboardUnderTest(realTraining: true);
        if (own is not null)
        {
            await own.StartAsync();
        }

        var dashboard = own ?? fixture.Dashboard;
        var run = own is not null ? await own.EnqueueAsync(Presets.Create("demo")) : await dashboard.EnqueueAsync(tasks: 40, pauseMs: 4);
        await dashboard.WaitForEndAsync(run);
        await using var visitor = await fixture.VisitAsync(scheme, width, height, dashboard);
        foreach (var (page, path) in ((string Page, string Path)[])[
            ("runs", "/"), ("run", $"/runs/{run}"), ("walk", $"/runs/{run}/tasks/3"), ("explore", $"/runs/{run}/explore"), ("pairs", $"/runs/{run}/pairs"),
            ("evaluation", $"/runs/{run}/evaluation"), ("compare", $"/compare?runs={run}"), ("new", "/runs/new"),
        ])
        {
            await visitor.GoAsync(path);
            if (page == "run")
            {
                // Only charts that can be seen are drawn; on a phone this one is below the fold.
                await visitor.Page.Locator("#chart-step-reward").ScrollIntoViewIfNeededAsync();
                await visitor.Page.UntilAsync("Number(document.querySelector('#chart-step-reward').dataset.draws ?? 0) > 0");
                await visitor.Page.EvaluateAsync("window.scrollTo(0, 0)");
                if (!string.IsNullOrEmpty(folder))
                {
                    await visitor.Page.WaitForTimeoutAsync(1500); // Charts that grow are not shown half grown in the README.
                }
            }

            var picture = await visitor.Page.ScreenshotAsync();
            Assert.InRange(picture.Length, 5_000, LargestBytes);
            if (!string.IsNullOrEmpty(folder))
            {
                Directory.CreateDirectory(folder);
                await File.WriteAllBytesAsync(Path.Combine(folder, $"{page}-{name}.png"), picture);
            }
        }
    }
}
