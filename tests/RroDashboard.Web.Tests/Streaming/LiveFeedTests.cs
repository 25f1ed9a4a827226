using System.Diagnostics;
using RroDashboard.Core.Events;
using RroDashboard.Web.Tests.Hosting;

namespace RroDashboard.Web.Tests.Streaming;

public sealed class LiveFeedTests
{
    [Fact]
    public async Task Subscribe_OneCallbackThrows_TheOtherHearsAllAfterTheirCommit()
    {
        await using var server = await LiveServer.StartAsync(static (journal, _) =>
        {
            for (var i = 0; i < 20; i++)
            {
                journal.Record(new AlertRaised("info", $"{i}"));
                Thread.Sleep(30);
            }
        });
        var (heard, early) = (new List<string>(), 0);
        var ended = new TaskCompletionSource();
        using var broken = server.Feed.Subscribe(static (_, _) => throw new InvalidOperationException("a component failed"));
        using var good = server.Feed.Subscribe((run, happened) =>
        {
            if (happened is AlertRaised alert)
            {
                heard.Add(alert.Text);
                early += server.Queries.AllAsync<AlertRaised>(run, default).GetAwaiter().GetResult().Any(a => a.Text == alert.Text) ? 0 : 1;
            }
            else if (happened is RunEnded)
            {
                ended.SetResult();
            }
        });

        await server.EnqueueAsync();
        await ended.Task.WaitAsync(LiveServer.Patience);

        Assert.Equal(Enumerable.Range(0, 20).Select(i => $"{i}"), heard);
        Assert.Equal(0, early);
    }

    [Fact]
    public async Task Frames_BusyRun_ComeAtMostTwentyTimesASecond()
    {
        await using var server = await LiveServer.StartAsync(static (journal, _) =>
        {
            for (var i = 0; i < 200; i++)
            {
                journal.Sample(new MetricPoint("loss", i, i));
                Thread.Sleep(10);
            }
        });
        var began = Stopwatch.StartNew();
        var run = await server.EnqueueAsync();
        await server.WaitForEndAsync(run);
        var missed = server.Feed.Since(run, server.Feed.Epoch, 0);
        while (missed.Frames.Sum(f => f.Last - f.First + 1) < 201 && began.Elapsed < LiveServer.Patience)
        {
            // The last frame leaves after the end is written.
            await Task.Delay(Web.Streaming.LiveFeed.FrameTime);
            missed = server.Feed.Since(run, server.Feed.Epoch, 0);
        }

        Assert.False(missed.Reset);
        Assert.InRange(missed.Frames.Count, 2, (int)((began.Elapsed.TotalSeconds + 1) * 20) + 1);
        Assert.Equal(201, missed.Frames.Sum(f => f.Last - f.First + 1));
    }

    [Fact]
    public async Task Subscribe_Disposed_HearsNothingMore()
    {
        await using var server = await LiveServer.StartAsync(static (journal, _) => journal.Record(new AlertRaised("info", "1")));
        var heard = 0;
        server.Feed.Subscribe((_, _) => Interlocked.Increment(ref heard)).Dispose();

        await server.WaitForEndAsync(await server.EnqueueAsync());
        await Task.Delay(2 * Web.Streaming.LiveFeed.FrameTime);

        Assert.Equal(0, heard);
    }
}
