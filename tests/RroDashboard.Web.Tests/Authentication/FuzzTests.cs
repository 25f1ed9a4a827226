using System.Globalization;
using RroDashboard.Fuzzing;
using RroDashboard.Web.Tests.Hosting;

namespace RroDashboard.Web.Tests.Authentication;

/// <summary>
/// Random and mutated requests and hub frames, from a seed: the server never fails, never tells a person what is another's alone, and still answers. Short
/// here; RRO_FUZZ=100000 says how many, and <c>src/run.sh bench fuzz</c> does so many.
/// </summary>
public sealed class FuzzTests
{
    private static int Count => int.TryParse(Environment.GetEnvironmentVariable("RRO_FUZZ"), CultureInfo.InvariantCulture, out var count) ? count : 600;

    [Fact]
    public async Task Requests_RandomAndMutated_NeverFailTheServerNorLeak()
    {
        await using var server = await FuzzedServer.StartAsync(new ScriptedRunner((_, _) => { }));
        Assert.True(FuzzedRequests.Routes(server).Count > 20);

        await FuzzedRequests.RunAsync(server, Count, 7, default);

        Assert.Empty(server.Result.Failures);
        Assert.True(await server.AnswersAsync());
        // They come far enough to be answered in different ways.
        Assert.All(["200", "400", "403", "404"], status => Assert.True(server.Result.Counts.GetValueOrDefault(status) > 0, status));
        Assert.Equal(Count, server.Result.Counts.Values.Sum());
    }

    [Theory]
    [InlineData("/hubs/runs")]
    [InlineData("/hubs/share")]
    public async Task HubFrames_RandomAndMutated_LeaveTheServerAnswering(string path)
    {
        await using var server = await FuzzedServer.StartAsync(new ScriptedRunner((_, _) => { }));
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(Count > 1000 ? 60 : 2));

        await FuzzedFrames.RunAsync(server, Count, 11, path, patience.Token);

        Assert.Empty(server.Result.Failures);
        Assert.True(server.Result.Counts["frames: answered"] > 0);
        Assert.True(await server.AnswersAsync());
    }

    [Fact]
    public async Task Answers_ThatFailLeakOrShowAStack_AreFound()
    {
        // Whether the fuzzer would see what it looks for.
        await using var server = await FuzzedServer.StartAsync(new ScriptedRunner((_, _) => { }));

        server.Count("500", true, "a", "");
        server.Count("200", false, "b", $"x {FuzzedServer.Secret} y");
        server.Count("400", false, "c", "System.Exception\n   at Somewhere");
        server.Count("200", false, "d", "fine");

        Assert.Equal(["a failed", "b leaked", "c showed a stack"], server.Result.Failures.Select(f => f[..f.IndexOf(" (", StringComparison.Ordinal)]));
    }
}
