using System.Diagnostics;
using System.Globalization;
using RroDashboard.Fuzzing;
using RroDashboard.Web.Tests.Hosting;

namespace RroDashboard.Benchmarks;

/// <summary>
/// 100,000 random and mutated requests and hub frames (RRO_FUZZ says how many), counted by what they were answered with. It fails when the server failed at one, told one what is
/// somebody else's, or does not answer afterwards. The same seed asks the same; only the order between the lanes differs.
/// </summary>
internal static class FuzzBenchmark
{
    private const int Default = 100_000;

    /// <summary>How many ask at the same time.</summary>
    private const int Lanes = 4;

    /// <summary>Share of hub frames; the others are requests.</summary>
    private const double Frames = 0.25;

    public static async Task<object> RunAsync(CancellationToken cancellationToken)
    {
        var count = int.TryParse(Environment.GetEnvironmentVariable("RRO_FUZZ"), CultureInfo.InvariantCulture, out var asked) ? asked : Default;
        var (frames, clock) = ((int)(count * Frames), Stopwatch.StartNew());
        var runner = new PlayedRunner((plan, _, _, _) => ScriptedSummary.Of(plan));
        await using var server = await FuzzedServer.StartAsync(runner);
        await Task.WhenAll(
        [
            .. Enumerable.Range(0, Lanes).Select(lane => FuzzedRequests.RunAsync(server, Share(count - frames, Lanes, lane), (uint)(1000 + lane), cancellationToken)),
            FuzzedFrames.RunAsync(server, Share(frames, 2, 0), 2000, "/hubs/runs", cancellationToken),
            FuzzedFrames.RunAsync(server, Share(frames, 2, 1), 2001, "/hubs/share", cancellationToken),
        ]);
        var (result, answers) = (server.Result, await server.AnswersAsync());
        foreach (var failure in result.Failures)
        {
            await Console.Error.WriteLineAsync(failure);
        }

        return new BenchmarkReport("fuzz",
        [
            .. result.Counts.Select(c => BenchmarkResult.Alone(c.Key.StartsWith("frames", StringComparison.Ordinal) ? c.Key : "requests answered " + c.Key, "count", c.Value)),
            BenchmarkResult.AtMost("failures of the server, leaks and stacks (the first are on the error stream)", "count", result.Failures.Count, 0),
            BenchmarkResult.AtMost("servers that do not answer afterwards", "count", answers ? 0 : 1, 0),
            BenchmarkResult.Alone("all of it", "seconds", clock.Elapsed.TotalSeconds),
        ]);
    }

    private static int Share(int count, int lanes, int lane) => (count / lanes) + (lane < count % lanes ? 1 : 0);
}
