using System.Net.WebSockets;
using System.Text.Json;
using RroDashboard.Core.Events;
using RroDashboard.Web.Tests.Hosting;

namespace RroDashboard.Web.Tests.Hubs;

public sealed class RunHubTests
{
    // Without a stage in its name, so that the host adds no times of its own.
    private const string Series = "loss";

    [Fact]
    public async Task Watch_WhileTheRunGoesOn_SnapshotAndFramesGiveEveryPointOnce()
    {
        await using var server = await LiveServer.StartAsync(static (journal, _) =>
        {
            for (var i = 0; i < 1500; i++)
            {
                journal.Sample(new MetricPoint(Series, i, i));
                if (i % 3 == 0)
                {
                    Thread.Sleep(3);
                }
            }
        });
        using var client = await server.SignInAsync();
        var run = await server.EnqueueAsync();

        // Viewers come at different moments, before, within and after a frame.
        var viewers = Enumerable.Range(0, 6).Select(async i =>
        {
            await Task.Delay(i * 150);
            await using var viewer = await HubClient.ConnectAsync(server.Url, server.Cookies);
            return await FollowAsync(viewer, run);
        }).ToArray();

        foreach (var (steps, frames) in await Task.WhenAll(viewers).WaitAsync(LiveServer.Patience))
        {
            Assert.Equal(Enumerable.Range(0, 1500).Select(i => (long)i), steps);
            Assert.True(frames >= 1, "Everything was in the snapshot: the run was too short for this test.");
        }
    }

    [Fact]
    public async Task Since_HoleAndEnd_FillsFromMemoryOrAsksForASnapshot()
    {
        using var goOn = new SemaphoreSlim(0);
        await using var server = await LiveServer.StartAsync((journal, stop) =>
        {
            for (var i = 0; i < 4; i++)
            {
                journal.Sample(new MetricPoint(Series, i, i));
                goOn.Wait(stop);
            }
        });
        using var client = await server.SignInAsync();
        var run = await server.EnqueueAsync();
        await using var viewer = await HubClient.ConnectAsync(server.Url, server.Cookies);
        var snapshot = await viewer.InvokeAsync("Watch", run);
        var epoch = snapshot.GetProperty("epoch").GetString()!;
        var last = snapshot.GetProperty("seq").GetInt64();
        while (last < 5)
        {
            goOn.Release();
            var frame = await viewer.Events.ReadAsync().AsTask().WaitAsync(LiveServer.Patience);
            last = frame.GetProperty("last").GetInt64();
        }

        var filled = await viewer.InvokeAsync("Since", run, epoch, 2);
        var nothing = await viewer.InvokeAsync("Since", run, epoch, 5);
        var otherProcess = await viewer.InvokeAsync("Since", run, "00000000", 2);
        var unknown = await viewer.InvokeAsync("Since", "bbbbbbbbbb", epoch, 2);

        Assert.False(filled.GetProperty("reset").GetBoolean());
        var frames = filled.GetProperty("frames").EnumerateArray().ToList();
        Assert.Equal([3L, 4L, 5L], frames.SelectMany(Seqs).Order().Where(s => s > 2));
        Assert.Equal("runEnded", Type(frames[^1].GetProperty("events").EnumerateArray().Last()));
        Assert.False(nothing.GetProperty("reset").GetBoolean());
        Assert.Empty(nothing.GetProperty("frames").EnumerateArray());
        Assert.True(otherProcess.GetProperty("reset").GetBoolean());
        Assert.True(unknown.GetProperty("reset").GetBoolean());
    }

    [Fact]
    public async Task Frames_LossThatIsNotANumber_StillArriveAndLeaveAHole()
    {
        using var watched = new ManualResetEventSlim();
        await using var server = await LiveServer.StartAsync((journal, stop) =>
        {
            watched.Wait(stop);
            journal.Sample(new MetricPoint(Series, 1, 0.5));
            journal.Sample(new MetricPoint(Series, 2, double.NaN));
            journal.Sample(new MetricPoint(Series, 3, double.PositiveInfinity));
            journal.Record(new EvaluationFinished(Stage.Evaluate, "greedy", double.NaN, 0, 1, 0, 0, double.NaN, 1, []));
        });
        using var client = await server.SignInAsync();
        var run = await server.EnqueueAsync();
        await using var viewer = await HubClient.ConnectAsync(server.Url, server.Cookies);
        await viewer.InvokeAsync("Watch", run);
        watched.Set();

        var (events, steps) = (new List<JsonElement>(), new List<long>());
        while (!events.Exists(e => Type(e) == "runEnded"))
        {
            var frame = await viewer.Events.ReadAsync().AsTask().WaitAsync(LiveServer.Patience);
            events.AddRange(frame.GetProperty("events").EnumerateArray());
            steps.AddRange(Points(frame, 0));
        }

        Assert.Equal([1L], steps);
        Assert.Equal(["evaluationFinished", "runEnded"], events.Select(Type));
        Assert.Equal("NaN", events[0].GetProperty("mean").GetString());
        Assert.Equal("Finished", events[1].GetProperty("state").GetString());
        var again = await viewer.InvokeAsync("Watch", run);
        Assert.True(again.GetProperty("ended").GetBoolean());
    }

    [Fact]
    public async Task Watch_NoSuchRun_SaysSo()
    {
        await using var server = await LiveServer.StartAsync(static (_, _) => { });
        using var client = await server.SignInAsync();
        await using var viewer = await HubClient.ConnectAsync(server.Url, server.Cookies);

        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => viewer.InvokeAsync("Watch", "bbbbbbbbbb"));

        Assert.Contains("There is no such run", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Connect_NotSignedIn_IsRefused()
    {
        await using var server = await LiveServer.StartAsync(static (_, _) => { });

        await Assert.ThrowsAsync<WebSocketException>(() => HubClient.ConnectAsync(server.Url, cookies: null));
    }

    private static string Type(JsonElement happened) => happened.GetProperty("type").GetString()!;

    // The viewer's side of the contract, as Streaming/README.md tells it.
    private static async Task<(List<long> Steps, int Frames)> FollowAsync(HubClient viewer, string run)
    {
        var snapshot = await viewer.InvokeAsync("Watch", run);
        var (epoch, seq, frames) = (snapshot.GetProperty("epoch").GetString(), snapshot.GetProperty("seq").GetInt64(), 0);
        // Bands of a snapshot tell the last step each; the values of this run are its steps, so what they cover is known.
        var covered = snapshot.GetProperty("series").EnumerateArray().FirstOrDefault(s => s.GetProperty("series").GetString() == Series);
        var steps = covered.ValueKind == JsonValueKind.Undefined ? [] : Enumerable.Range(0, covered.GetProperty("steps").EnumerateArray().Last().GetInt32() + 1).Select(i => (long)i).ToList();
        for (var ended = snapshot.GetProperty("ended").GetBoolean(); !ended; frames++)
        {
            var frame = await viewer.Events.ReadAsync().AsTask().WaitAsync(LiveServer.Patience);
            Assert.Equal(epoch, frame.GetProperty("epoch").GetString());
            Assert.True(frame.GetProperty("first").GetInt64() <= seq + 1, $"A hole after {seq}: {frame.GetProperty("first")}.");
            steps.AddRange(Points(frame, seq));
            seq = Math.Max(seq, frame.GetProperty("last").GetInt64());
            ended = frame.GetProperty("events").EnumerateArray().Any(e => Type(e) == "runEnded");
        }

        return (steps, frames);
    }

    private static IEnumerable<long> Seqs(JsonElement frame) => frame.GetProperty("seqs").EnumerateArray()
        .Concat(frame.GetProperty("points").EnumerateArray().SelectMany(p => p.GetProperty("seqs").EnumerateArray())).Select(s => s.GetInt64());

    // Steps of the test's series whose event comes after a number.
    private static IEnumerable<long> Points(JsonElement frame, long after) => frame.GetProperty("points").EnumerateArray()
        .Where(p => p.GetProperty("series").GetString() == Series)
        .SelectMany(p => p.GetProperty("seqs").EnumerateArray().Zip(p.GetProperty("steps").EnumerateArray()))
        .Where(p => p.First.GetInt64() > after).Select(p => p.Second.GetInt64());
}
