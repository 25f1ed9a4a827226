using System.Diagnostics;
using System.Text.Json;
using Microsoft.Playwright;
using RroDashboard.Core;
using RroDashboard.Core.Events;
using RroDashboard.Core.Metrics;
using RroDashboard.Core.Plans;
using RroDashboard.Training;
using RroDashboard.Web.Hosting;

namespace RroDashboard.Benchmarks;

/// <summary>
/// The live side under load. Server and training are in this process; hub clients and the browser are in others, on the same machine, so what they
/// take from the processors counts as ours: the numbers are on the safe side.
/// </summary>
internal static class LiveBenchmark
{
    private const int EventsPerSecond = 1000;
    private const int FanOutViewers = 200;
    private const double FanOutSeconds = 12;
    private const double MemorySeconds = 3;
    private const int PaintViewers = 50;
    private const int PaintEventsPerSecond = 100;
    private const int Windows = 3;
    private const double WindowSeconds = 8;
    private const int Circuits = 8;

    private const double FanOutBudgetMs = 150;
    private const double PaintBudgetMs = 500;
    private const double SlowdownBudgetPercent = 2;

    public static async Task<object> RunAsync(CancellationToken cancellationToken) =>
        new BenchmarkReport("live", [.. await FanOutAsync(cancellationToken), .. await PaintAsync(cancellationToken)]);

    // ---- 1,000 events a second to 200 hub clients --------------------------------------------------------------------

    private static async Task<IReadOnlyList<BenchmarkResult>> FanOutAsync(CancellationToken cancellationToken)
    {
        await using var server = await BenchmarkServer.StartAsync(new PlayedRunner((plan, _, journal, stop) =>
        {
            Speak(journal, "loss", EventsPerSecond, [], stop);
            throw new OperationCanceledException(stop);
        }), cancellationToken);
        var cookie = await server.SignInAsync(cancellationToken);
        var run = await EnqueueAsync(server, Presets.Create("smoke"));
        await Task.Delay(1000, cancellationToken);

        var before = GC.GetTotalMemory(forceFullCollection: true);
        var busy = Process.GetCurrentProcess().TotalProcessorTime;
        var began = Stopwatch.GetTimestamp();
        var (_, report) = await HubViewers.StartAsync(server, cookie, run, "loss", FanOutViewers, FanOutSeconds, cancellationToken);
        var seen = await report;
        var cores = (Process.GetCurrentProcess().TotalProcessorTime - busy) / Stopwatch.GetElapsedTime(began);
        // Memory apart from the times: a forced collection stops everything.
        var (_, others) = await HubViewers.StartAsync(server, cookie, run, "loss", FanOutViewers, MemorySeconds, cancellationToken);
        var perViewer = (GC.GetTotalMemory(forceFullCollection: true) - before) / (double)FanOutViewers;
        await others;
        server.Get<TrainingHost>().Stop(run);
        return
        [
            BenchmarkResult.AtMost($"event to hub client, p99, {EventsPerSecond} events/s to {FanOutViewers} viewers", "ms", seen.P99, FanOutBudgetMs),
            BenchmarkResult.Alone("event to hub client, median", "ms", seen.P50),
            BenchmarkResult.Alone("event to hub client, longest", "ms", seen.Most),
            BenchmarkResult.Alone("events delivered to all viewers together", "events/s", seen.Events / FanOutSeconds),
            BenchmarkResult.AtMost("frames that did not follow the one before", "frames", seen.Holes, 0),
            BenchmarkResult.Alone("server's own load meanwhile", "processors", cores),
            BenchmarkResult.Alone("server memory per hub client (managed)", "kB", perViewer / 1e3),
        ];
    }

    // ---- a browser that paints, 49 more viewers, and a run that trains -----------------------------------------------

    private static async Task<IReadOnlyList<BenchmarkResult>> PaintAsync(CancellationToken cancellationToken)
    {
        var updates = 0L;
        var said = new List<double>();
        using var speaking = new CancellationTokenSource();
        // Real training; beside it a thread that says stamped points of a series that SFT does not have, so that its chart can be watched.
        await using var server = await BenchmarkServer.StartAsync(new PlayedRunner((plan, folder, journal, stop) =>
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, speaking.Token);
            var speaker = new Thread(() => Speak(journal, SeriesNames.DpoLoss, PaintEventsPerSecond, said, either.Token)) { IsBackground = true };
            speaker.Start();
            return new TrainingRun(plan, folder, new Counting(journal, () => Interlocked.Increment(ref updates)), TimeProvider.System, stop).Run();
        }), cancellationToken);
        var cookie = await server.SignInAsync(cancellationToken);
        var plan = Presets.Create("demo");
        plan.Sft.Updates = 100_000;
        var run = await EnqueueAsync(server, plan);
        while (Interlocked.Read(ref updates) < 20)
        {
            await Task.Delay(100, cancellationToken);
        }

        // Windows without and with viewers take turns, so that what else the machine does falls on both.
        var (alone, watched) = (new List<double>(), new List<double>());
        var painted = new List<double>();
        var idle = GC.GetTotalMemory(forceFullCollection: true);
        var perCircuit = 0.0;
        for (var window = 0; window < Windows; window++)
        {
            alone.Add(await UpdatesPerSecondAsync());
            var (_, report) = await HubViewers.StartAsync(server, cookie, run, SeriesNames.DpoLoss, PaintViewers - 1, WindowSeconds + 2, cancellationToken);
            watched.Add(await UpdatesPerSecondAsync());
            await report;
        }

        await using (var painter = await Painter.StartAsync(server))
        {
            var (_, report) = await HubViewers.StartAsync(server, cookie, run, SeriesNames.DpoLoss, PaintViewers - 1, 2 * WindowSeconds, cancellationToken);
            var page = await painter.OpenAsync(Web.Navigation.RroUrls.Run(run), "document.querySelector('#live')?.dataset.live === 'live'");
            await page.Locator("#chart-dpo-loss").ScrollIntoViewIfNeededAsync();
            await Painter.UntilAsync(page, "Number(document.querySelector('#chart-dpo-loss').dataset.draws) > 4");
            painted = await PaintedAsync(page, said, cancellationToken);
            await report;
            idle = GC.GetTotalMemory(forceFullCollection: true);
            for (var i = 0; i < Circuits; i++)
            {
                await painter.OpenAsync(Web.Navigation.RroUrls.Run(run), "document.querySelector('#live')?.dataset.live === 'live'");
            }

            perCircuit = (GC.GetTotalMemory(forceFullCollection: true) - idle) / (double)Circuits;
        }

        await speaking.CancelAsync();
        server.Get<TrainingHost>().Stop(run);
        painted.Sort();
        var slowdown = 100 * (1 - (Median(watched) / Median(alone)));
        return
        [
            BenchmarkResult.AtMost($"event to painted pixel, p95, {PaintViewers} viewers while a run trains", "ms", painted[(int)(painted.Count * 0.95)], PaintBudgetMs),
            BenchmarkResult.Alone("event to painted pixel, median", "ms", painted[painted.Count / 2]),
            BenchmarkResult.AtMost($"training slowed by {PaintViewers - 1} viewers", "%", slowdown, SlowdownBudgetPercent),
            BenchmarkResult.Alone("updates per second without viewers", "updates/s", Median(alone)),
            BenchmarkResult.Alone("updates per second with viewers", "updates/s", Median(watched)),
            BenchmarkResult.Alone("server memory per open run page (managed)", "kB", perCircuit / 1e3),
        ];

        async Task<double> UpdatesPerSecondAsync()
        {
            var (from, began) = (Interlocked.Read(ref updates), Stopwatch.GetTimestamp());
            await Task.Delay(TimeSpan.FromSeconds(WindowSeconds), cancellationToken);
            return (Interlocked.Read(ref updates) - from) / Stopwatch.GetElapsedTime(began).TotalSeconds;
        }
    }

    // For every event that was said meanwhile: the first frame that shows it or a later one.
    private static async Task<List<double>> PaintedAsync(IPage page, List<double> said, CancellationToken cancellationToken)
    {
        await page.EvaluateAsync("""
            () => {
              const plot = document.querySelector('#chart-dpo-loss .plot');
              let newest = -1;
              window.painted = [];
              const look = () => {
                const shown = Math.max(...plot.data.map(trace => trace.y.at(-1)));
                if (shown > newest) {
                  newest = shown;
                  requestAnimationFrame(() => window.painted.push(performance.timeOrigin + performance.now(), shown));
                }
                requestAnimationFrame(look);
              };
              look();
            }
            """);
        var from = HubViewers.Now();
        await Task.Delay(TimeSpan.FromSeconds(WindowSeconds), cancellationToken);
        var to = HubViewers.Now();
        await Task.Delay(1500, cancellationToken);
        var frames = JsonSerializer.Deserialize<double[]>(await page.EvaluateAsync<string>("() => JSON.stringify(window.painted)"))!;
        double[] stamps;
        lock (said)
        {
            stamps = [.. said.Where(s => s >= from && s <= to)];
        }

        var latencies = new List<double>();
        foreach (var stamp in stamps)
        {
            for (var i = 0; i < frames.Length; i += 2)
            {
                if (frames[i + 1] >= stamp)
                {
                    latencies.Add(frames[i] - stamp);
                    break;
                }
            }
        }

        return latencies.Count > stamps.Length * 0.9 ? latencies : throw new InvalidOperationException($"Only {latencies.Count} of {stamps.Length} events were painted.");
    }

    // Points whose value is the moment at which they were said, Unix milliseconds.
    private static void Speak(IRunJournal journal, string series, int perSecond, List<double> said, CancellationToken stop)
    {
        var began = Stopwatch.GetTimestamp();
        for (var step = 0L; !stop.IsCancellationRequested; step++)
        {
            var due = TimeSpan.FromSeconds((double)step / perSecond) - Stopwatch.GetElapsedTime(began);
            if (due > TimeSpan.Zero)
            {
                stop.WaitHandle.WaitOne(due);
            }

            var now = HubViewers.Now();
            journal.Sample(new MetricPoint(series, step, now));
            lock (said)
            {
                said.Add(now);
            }
        }
    }

    private static async Task<string> EnqueueAsync(BenchmarkServer server, RunPlan plan) => (await server.Get<TrainingHost>().EnqueueAsync(plan, Guid.NewGuid().ToString("N"), default)).Id;

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private sealed class Counting(IRunJournal inner, Action onUpdate) : IRunJournal
    {
        public void Record(RunFact fact) => inner.Record(fact);

        public void Sample(RunSample sample)
        {
            if (sample is MetricPoint { Series: SeriesNames.SftLoss })
            {
                onUpdate();
            }

            inner.Sample(sample);
        }
    }
}
