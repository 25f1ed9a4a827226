using System.Net;
using RroDashboard.Core.Events;
using RroDashboard.Web.Tests.Hosting;

namespace RroDashboard.Web.Tests.Api;

public sealed class RunsApiTests
{
    [Fact]
    public async Task Routes_FinishedRun_TellTheSameAsTheHub()
    {
        await using var server = await LiveServer.StartAsync(static (journal, _) =>
        {
            journal.Record(new StageStarted(Stage.Sft));
            for (var i = 0; i < 100; i++)
            {
                journal.Sample(new MetricPoint("sft/loss", i, i / 10.0));
            }
        });
        using var client = await server.SignInAsync();
        var run = await server.EnqueueAsync();
        await server.WaitForEndAsync(run);

        var list = await LiveServer.JsonAsync(client, "/api/v1/runs");
        var one = await LiveServer.JsonAsync(client, $"/api/v1/runs/{run}");
        var snapshot = await LiveServer.JsonAsync(client, $"/api/v1/runs/{run}/snapshot");
        var series = await LiveServer.JsonAsync(client, $"/api/v1/runs/{run}/metrics?series=sft%2Floss&from=10&to=19");
        var epoch = snapshot.GetProperty("epoch").GetString();
        var frames = await LiveServer.JsonAsync(client, $"/api/v1/runs/{run}/frames?epoch={epoch}&since={snapshot.GetProperty("seq")}");
        var reset = await LiveServer.JsonAsync(client, $"/api/v1/runs/{run}/frames?epoch=other&since=1");

        Assert.Equal(1, list.GetProperty("total").GetInt32());
        Assert.Equal("Finished", one.GetProperty("state").GetString());
        // 102 events of the run, and the times that the host notes.
        Assert.InRange(snapshot.GetProperty("seq").GetInt64(), 103, 200);
        Assert.Equal(["sft/loss", "time/sft"], snapshot.GetProperty("series").EnumerateArray().Select(s => s.GetProperty("series").GetString()));
        Assert.True(snapshot.GetProperty("ended").GetBoolean());
        Assert.Equal(Enumerable.Range(10, 10), series.GetProperty("steps").EnumerateArray().Select(s => s.GetInt32()));
        Assert.Equal(1.9, series.GetProperty("values")[9].GetDouble());
        Assert.False(frames.GetProperty("reset").GetBoolean());
        Assert.True(reset.GetProperty("reset").GetBoolean());
    }

    [Theory]
    [InlineData("")]
    [InlineData("/snapshot")]
    [InlineData("/frames?epoch=a&since=1")]
    [InlineData("/metrics?series=sft%2Floss")]
    public async Task Routes_NoSuchRunOrNotSignedIn_SayWhich(string route)
    {
        await using var server = await LiveServer.StartAsync(static (_, _) => { });
        using var stranger = server.CreateClient();
        using var refused = await stranger.GetAsync(new Uri($"/api/v1/runs/bbbbbbbbbb{route}", UriKind.Relative));
        using var client = await server.SignInAsync();

        using var missing = await client.GetAsync(new Uri($"/api/v1/runs/bbbbbbbbbb{route}", UriKind.Relative));

        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);
    }
}
