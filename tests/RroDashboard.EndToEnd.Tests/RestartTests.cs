using Microsoft.Playwright;

namespace RroDashboard.EndToEnd.Tests;

/// <summary>The server goes away in the middle of a run and comes back: pages recover by themselves and agree with one that comes late.</summary>
public sealed class RestartTests(BrowserFixture fixture) : IClassFixture<BrowserFixture>
{
    [Fact]
    public async Task Restart_MidRun_TwoBrowsersRecoverWithoutAGapOrADuplicate()
    {
        var folder = Path.Combine(Path.GetTempPath(), $"rro-restart-{Guid.NewGuid():N}");
        try
        {
            await using var before = new DashboardUnderTest(folder: folder);
            await before.StartAsync();
            var url = before.Url;
            var run = await before.EnqueueAsync(tasks: 500, pauseMs: 30);
            var first = await fixture.VisitAsync(dashboard: before);
            var second = await fixture.VisitAsync(dashboard: before);
            foreach (var visitor in (Visitor[])[first, second])
            {
                await visitor.Page.GotoAsync(visitor.Url + $"/runs/{run}");
                await visitor.Page.UntilAsync("document.querySelectorAll('#feed li').length > 10");
            }

            await before.StopAsync();
            await first.Page.UntilAsync("document.querySelector('#live').dataset.live === 'reconnecting'");
            await using var after = new DashboardUnderTest(folder: folder);
            await after.StartAsync(url);
            var seen = new List<string>();
            foreach (var visitor in (Visitor[])[first, second])
            {
                // A run that its process left is interrupted: its numbers stand still, so both must show what the database has.
                // A page whose circuit was lost for good loads itself once more, so its feed may be empty for a moment.
                // Condition and numbers are read in one go: between two readings such a page could load itself.
                seen.Add(await visitor.Page.ReadWhenAsync("document.querySelector('#live')?.dataset.live === 'ended' && document.querySelectorAll('#feed li').length === 60", Numbers));
            }

            await using var late = await fixture.VisitAsync(dashboard: after);
            await late.Page.GotoAsync(late.Url + $"/runs/{run}");
            var fresh = await late.Page.ReadWhenAsync("document.querySelector('#live')?.dataset.live === 'ended' && document.querySelectorAll('#feed li').length === 60", Numbers);

            Assert.Equal(fresh, seen[0]);
            Assert.Equal(fresh, seen[1]);
            // Every step of the feed once, in the order of the walk.
            var keys = (await first.Page.ReadWhenAsync("document.querySelectorAll('#feed li').length === 60", "[...document.querySelectorAll('#feed li')].map(e => e.dataset.key).join('|')")).Split('|');
            Assert.Equal(keys.Distinct(), keys);
            Assert.Equal(60, keys.Length);
            await first.DisposeAsync();
            await second.DisposeAsync();
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private const string Numbers =
        "[...document.querySelectorAll('[data-now], #budget .facts dd, #noise dd, #feed li .verdict, #feed li .where, #feed [data-foot]')].map(e => e.textContent).join('|')";
}
