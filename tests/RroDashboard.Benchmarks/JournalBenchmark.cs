using System.Diagnostics;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using RroDashboard.Core.Events;
using RroDashboard.Core.Metrics;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Rewards;
using RroDashboard.Data;
using RroDashboard.Data.Entities;

namespace RroDashboard.Benchmarks;

/// <summary>The journal's writer on a real file.</summary>
internal static class JournalBenchmark
{
    private const int Facts = 20_000;
    private const int Points = 16_000; // as many as may wait: none is dropped
    private const int PeerRows = 2_000;

    public static async Task<object> RunAsync(CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("rro-bench-").FullName;
        try
        {
            using var host = new HostBuilder().ConfigureServices(services => services.AddSingleton(TimeProvider.System).AddRroData(folder)).Build();
            await host.Services.MigrateRroDataAsync(cancellationToken);
            await host.StartAsync(cancellationToken);
            var (run, _) = await host.Services.GetRequiredService<RunStore>().CreateAsync(Presets.Create("demo"), "bench", cancellationToken);
            var writer = host.Services.GetRequiredService<JournalWriter>();
            var journal = writer.Open(run);

            var fact = new CandidateScored(1, 2, 0, "click[ b1 ]", "item : sturdy sofa $20", new Estimate([0.6, 0.8, 0.6]), null, false, false, 3, -1.5);
            var facts = await RateAsync(Facts, i => journal.Record(fact with { Attempt = i }));
            var points = await RateAsync(Points, i => journal.Sample(new MetricPoint(SeriesNames.SftLoss, i, 1.0 / (i + 1))));
            var peer = await PeerAsync(host.Services, cancellationToken);
            await host.StopAsync(cancellationToken);
            return new BenchmarkReport("journal", [BenchmarkResult.Against("facts committed", "rows/s", facts, peer), BenchmarkResult.Alone("points committed", "rows/s", points)]);

            async Task<double> RateAsync(int count, Action<int> write)
            {
                var began = Stopwatch.GetTimestamp();
                for (var i = 0; i < count; i++)
                {
                    write(i);
                }

                await writer.FlushAsync(cancellationToken);
                return count / Stopwatch.GetElapsedTime(began).TotalSeconds;
            }
        }
        finally
        {
            SqliteConnection.ClearAllPools();
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<double> PeerAsync(IServiceProvider services, CancellationToken cancellationToken)
    {
        var contexts = services.GetRequiredService<IDbContextFactory<RroDbContext>>();
        var began = Stopwatch.GetTimestamp();
        for (var row = 0; row < PeerRows; row += 20)
        {
            await using var context = await contexts.CreateDbContextAsync(cancellationToken);
            var key = await context.Runs.Select(r => r.Key).FirstAsync(cancellationToken);
            context.Events.AddRange(Enumerable.Range(row, 20).Select(i => new EventEntity { RunKey = key, Seq = 1_000_000 + i, Kind = "bench", Json = "{}" }));
            await context.SaveChangesAsync(cancellationToken);
        }

        return PeerRows / Stopwatch.GetElapsedTime(began).TotalSeconds;
    }
}
