using Microsoft.Playwright;

namespace RroDashboard.EndToEnd.Tests;

/// <summary>Makes the pictures of the README when RRO_SCREENSHOTS names a folder; without it, it checks that they can be made.</summary>
public sealed class ScreenshotTests(BrowserFixture fixture) : IClassFixture<BrowserFixture>
{
    private const int LargestBytes = 300_000;

    [Theory]
    [InlineData(ColorScheme.Light, 1440, 1000, "light")]
    [InlineData(ColorScheme.Dark, 1440, 1000, "dark")]
    [InlineData(ColorScheme.Light, 320, 800, "phone")]
    [InlineData(ColorScheme.Dark, 320, 800, "phone-dark")]
    public async Task Pages_InEveryTheme_MakePictures(ColorScheme scheme, int width, int height, string name)
    {
        var run = await fixture.Dashboard.EnqueueAsync(tasks: 40, pauseMs: 4);
        await fixture.Dashboard.WaitForEndAsync(run);
        await using var visitor = await fixture.VisitAsync(scheme, width, height);
        foreach (var (page, path) in ((string Page, string Path)[])[("runs", "/"), ("run", $"/runs/{run}"), ("new", "/runs/new")])
        {
            await visitor.GoAsync(path);
            if (page == "run")
            {
                await visitor.Page.UntilAsync("Number(document.querySelector('#chart-step-reward').dataset.draws ?? 0) > 0");
                await visitor.Page.WaitForTimeoutAsync(1500);
            }

            var picture = await visitor.Page.ScreenshotAsync();
            Assert.InRange(picture.Length, 5_000, LargestBytes);
            if (Environment.GetEnvironmentVariable("RRO_SCREENSHOTS") is { Length: > 0 } folder)
            {
                Directory.CreateDirectory(folder);
                await File.WriteAllBytesAsync(Path.Combine(folder, $"{page}-{name}.png"), picture);
            }
        }
    }
}
