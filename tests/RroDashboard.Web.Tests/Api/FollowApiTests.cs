using System.Net;
using System.Text.Json;
using RroDashboard.Core.Events;
using RroDashboard.Core.Rewards;
using RroDashboard.Web.Tests.Hosting;

namespace RroDashboard.Web.Tests.Api;

public sealed class FollowApiTests
{
    [Fact]
    public async Task Points_ByCursor_AreToldOnceAndAll()
    {
        var go = new TaskCompletionSource();
        await using var server = await LiveServer.StartAsync((journal, _) =>
        {
            for (var i = 0; i < 250; i++)
            {
                journal.Sample(new MetricPoint("a", i, i));
                journal.Sample(new MetricPoint("b", i, -i));
            }

            go.Task.Wait(LiveServer.Patience, CancellationToken.None);
            journal.Sample(new MetricPoint("a", 250, 250));
        });
        using var client = await server.SignInAsync();
        var run = await server.EnqueueAsync();
        await server.WaitForAsync(run, r => r.LastSeq >= 500);
        var seen = new List<(string, long)>();
        var cursor = await FollowAsync("");
        Assert.Equal(500, seen.Count);
        go.SetResult();
        await server.WaitForEndAsync(run);
        await server.FlushAsync();

        await FollowAsync(cursor);

        Assert.Equal(501, seen.Count);
        Assert.Equal(501, seen.Distinct().Count());

        async Task<string> FollowAsync(string from)
        {
            while (true)
            {
                var page = await LiveServer.JsonAsync(client, $"/api/v1/runs/{run}/points?limit=64&cursor={from}");
                from = page.GetProperty("next").GetString()!;
                var points = page.GetProperty("points").EnumerateArray().Select(p => (p.GetProperty("series").GetString()!, p.GetProperty("step").GetInt64())).ToList();
                if (points.Count == 0)
                {
                    return from;
                }

                seen.AddRange(points);
            }
        }
    }

    [Fact]
    public async Task Events_StreamAndPages_TellTheSameAndContinue()
    {
        await using var server = await LiveServer.StartAsync((journal, _) =>
        {
            for (var i = 0; i < 20; i++)
            {
                journal.Record(new TaskOpened(i, $"t{i}", "buy <b>", new Estimate([0.5])));
                journal.Record(new TaskFinished(i, 1, 1));
            }
        });
        using var client = await server.SignInAsync();
        var run = await server.EnqueueAsync();
        await server.WaitForEndAsync(run);
        await server.FlushAsync();
        var paged = new List<long>();
        long after = 0;
        while (true)
        {
            var page = await LiveServer.JsonAsync(client, $"/api/v1/runs/{run}/events?limit=7&after={after}");
            if (page.GetProperty("events").GetArrayLength() == 0)
            {
                break;
            }

            paged.AddRange(page.GetProperty("events").EnumerateArray().Select(e => e.GetProperty("seq").GetInt64()));
            after = page.GetProperty("next").GetInt64();
        }

        var stream = await client.GetStringAsync($"/api/v1/runs/{run}/events/stream");
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/runs/{run}/events/stream");
        request.Headers.Add("Last-Event-ID", paged[^3].ToString(System.Globalization.CultureInfo.InvariantCulture));
        using var rest = await client.SendAsync(request);

        Assert.Equal(paged, Ids(stream));
        Assert.Equal(paged[^2..], Ids(await rest.Content.ReadAsStringAsync()));
        Assert.Equal(20, (await LiveServer.JsonAsync(client, $"/api/v1/runs/{run}/events?kind=taskFinished")).GetProperty("events").GetArrayLength());
        Assert.Equal(40, (await LiveServer.JsonAsync(client, $"/api/v1/runs/{run}/trajectories")).GetProperty("events").GetArrayLength());
    }

    [Fact]
    public async Task Get_WithTheTagOfTheLastAnswer_IsNotModifiedUntilItIs()
    {
        await using var server = await LiveServer.StartAsync((_, _) => { });
        using var client = await server.SignInAsync();
        await server.WaitForEndAsync(await server.EnqueueAsync());
        await server.FlushAsync();
        using var first = await client.GetAsync("/api/v1/runs/");
        client.DefaultRequestHeaders.IfNoneMatch.Add(first.Headers.ETag!);

        using var same = await client.GetAsync("/api/v1/runs/");
        await server.WaitForEndAsync(await server.EnqueueAsync());
        using var changed = await client.GetAsync("/api/v1/runs/");

        Assert.Equal(HttpStatusCode.NotModified, same.StatusCode);
        Assert.Empty(await same.Content.ReadAsByteArrayAsync());
        Assert.Equal(HttpStatusCode.OK, changed.StatusCode);
        Assert.NotEqual(first.Headers.ETag, changed.Headers.ETag);
    }

    [Fact]
    public async Task Runs_ByCursor_AreNotShiftedByNewOnes()
    {
        await using var server = await LiveServer.StartAsync((_, _) => { });
        using var client = await server.SignInAsync();
        var runs = new List<string>();
        for (var i = 0; i < 5; i++)
        {
            runs.Insert(0, await server.EnqueueAsync());
        }

        var first = await LiveServer.JsonAsync(client, "/api/v1/runs/?cursor=start&take=2");
        await server.EnqueueAsync();
        var second = await LiveServer.JsonAsync(client, $"/api/v1/runs/?take=2&cursor={first.GetProperty("next").GetString()}");
        var third = await LiveServer.JsonAsync(client, $"/api/v1/runs/?take=2&cursor={second.GetProperty("next").GetString()}");

        Assert.Equal(runs, new[] { first, second, third }.SelectMany(p => p.GetProperty("runs").EnumerateArray()).Select(r => r.GetProperty("id").GetString()!));
        Assert.Equal(JsonValueKind.Null, third.GetProperty("next").ValueKind);
    }

    [Fact]
    public async Task Metrics_ForMonitors_AreInPrometheusText()
    {
        await using var server = await LiveServer.StartAsync((_, _) => { });
        using var client = await server.SignInAsync();
        await server.WaitForEndAsync(await server.EnqueueAsync());

        using var answer = await client.GetAsync("/metrics");
        var text = await answer.Content.ReadAsStringAsync();

        Assert.Equal("text/plain", answer.Content.Headers.ContentType!.MediaType);
        Assert.Contains("rro_runs{state=\"finished\"} 1\n", text, StringComparison.Ordinal);
        Assert.All(text.Split('\n', StringSplitOptions.RemoveEmptyEntries), l => Assert.Matches(@"^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{[a-z]+=""[a-z_]+""\})? [0-9.eE+-]+)$", l));
    }

    private static IEnumerable<long> Ids(string stream) =>
        stream.Split('\n').Where(l => l.StartsWith("id: ", StringComparison.Ordinal)).Select(l => long.Parse(l[4..], System.Globalization.CultureInfo.InvariantCulture));
}
