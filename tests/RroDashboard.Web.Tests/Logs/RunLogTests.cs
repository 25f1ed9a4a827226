using RroDashboard.Core.Events;
using RroDashboard.Web.Logs;
using RroDashboard.Web.Tests.Hosting;

namespace RroDashboard.Web.Tests.Logs;

public sealed class RunLogTests
{
    [Fact]
    public async Task ReadAsync_FilterThatNothingFits_TellsWhereTheNextLookBegins()
    {
        await using var server = await LiveServer.StartAsync((journal, _) =>
        {
            journal.Sample(new LogLine("info", "one"));
            journal.Sample(new LogLine("info", "two"));
        });
        var run = await server.EnqueueAsync();
        await server.WaitForEndAsync(run);
        var log = server.Get<RunLog>();

        var first = await log.ReadAsync(run, "info", "no such words", long.MaxValue, 0, default);
        var next = await log.ReadAsync(run, "info", "no such words", long.MaxValue, first.Newest, default);

        Assert.Empty(first.Rows);
        Assert.True(first.Searched >= 3 && first.Newest >= 3, $"{first.Searched} events up to {first.Newest}.");
        Assert.Equal((0, first.Newest), (next.Searched, next.Newest));
    }

    [Fact]
    public async Task ReadAsync_RunThatWentOn_SaysSo()
    {
        await using var server = await LiveServer.StartAsync((journal, _) => journal.Record(new RunResumed(Stage.Explore, 3, [4, 5])));
        var run = await server.EnqueueAsync();
        await server.WaitForEndAsync(run);

        var page = await server.Get<RunLog>().ReadAsync(run, "info", "goes on", long.MaxValue, 0, default);

        Assert.EndsWith(". Walks kept: 3; begun again: 2.", Assert.Single(page.Rows).Text, StringComparison.Ordinal);
    }
}
