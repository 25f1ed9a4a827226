using System.Globalization;
using System.Text.Json;
using Microsoft.Playwright;
using RroDashboard.Core;
using RroDashboard.Core.Events;
using RroDashboard.Core.Exploration;
using RroDashboard.Core.Metrics;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Rewards;
using RroDashboard.Core.Statistics;
using RroDashboard.Data;
using RroDashboard.Web.Hosting;
using RroDashboard.Web.Navigation;

namespace RroDashboard.Benchmarks;

/// <summary>Pages of runs that are larger than any so far, in a real browser.</summary>
internal static class PageBenchmark
{
    private const int Points = 1_000_000;
    private const int Tasks = 100;
    private const int StepsOfTask = 200;
    private const int CandidatesOfStep = 5;
    private const int Outcomes = 20; // 200 × 5 × 20 = 20,000 a task; 100 × 200 × 5 = 100,000 candidates
    private const int OutcomesOfTrajectory = 8;
    private const int Runs = 1000;
    private const int Times = 5;
    private const double SoakSecondsByDefault = 60;
    private const int SoakPointsPerSecond = 200;

    private const double RunBudgetMs = 1000;
    private const double ListBudgetMs = 500;
    private const double TrajectoryBudgetMs = 1000;
    private const double SoakBudgetMegabytes = 50;

    public static async Task<object> RunAsync(CancellationToken cancellationToken)
    {
        await using var server = await BenchmarkServer.StartAsync(new PlayedRunner((_, _, journal, stop) => Soak(journal, stop)), cancellationToken);
        await using var painter = await Painter.StartAsync(server);
        var (store, writer) = (server.Get<RunStore>(), server.Get<JournalWriter>());
        var large = await LargeRunAsync(store, writer, cancellationToken);
        var trajectory = await NewRunAsync(store, "trajectory", cancellationToken);
        Walk(writer.Open(trajectory), 0, OutcomesOfTrajectory, new SeededRandom(1));
        writer.Open(trajectory).Record(new RunEnded(RunState.Stopped, null, null));
        await writer.FlushAsync(cancellationToken);

        var results = new List<BenchmarkResult>();
        const string Drawn = "document.querySelector('#live')?.dataset.live === 'ended' && document.querySelectorAll('#feed li').length > 0 && Number(document.querySelector('#chart-sft-loss').dataset.draws) > 0";
        await MeasureAsync($"run page, {Points} points and {Tasks * StepsOfTask * CandidatesOfStep} candidates: charts drawn, feed filled", RroUrls.Run(large), Drawn, RunBudgetMs);
        await MeasureAsync($"trajectory of {StepsOfTask} steps, {CandidatesOfStep} candidates, {OutcomesOfTrajectory} rollouts", RroUrls.Walk(trajectory, 0), "document.querySelector('main').textContent.includes('buy 0')", TrajectoryBudgetMs);
        await MeasureAsync($"trajectory of a task with {StepsOfTask * CandidatesOfStep * Outcomes} rollout outcomes", RroUrls.Walk(large, 0), "document.querySelector('main').textContent.includes('buy 0')", TrajectoryBudgetMs);
        for (var i = 0; i < Runs; i++)
        {
            var run = await NewRunAsync(store, $"run {i}", cancellationToken);
            writer.Open(run).Record(new RunEnded(RunState.Stopped, null, null));
        }

        await writer.FlushAsync(cancellationToken);
        await MeasureAsync($"runs list with {Runs} runs", RroUrls.Runs, "document.querySelectorAll('main a[href^=\"/runs/\"]').length > 20", ListBudgetMs);
        results.Add(await SoakAsync(server, painter, cancellationToken));
        return new BenchmarkReport("page", results);

        async Task MeasureAsync(string metric, string path, string condition, double budget)
        {
            var page = await painter.Context.NewPageAsync();
            var times = new List<double>();
            for (var i = 0; i < Times; i++)
            {
                times.Add(await painter.TimeAsync(page, path, condition));
            }

            await page.CloseAsync();
            results.Add(BenchmarkResult.AtMost($"{metric}, median of {Times}", "ms", times.Order().ElementAt(Times / 2), budget));
            results.Add(BenchmarkResult.Alone($"{metric}, first time", "ms", times[0]));
        }
    }

    private static async Task<string> LargeRunAsync(RunStore store, JournalWriter writer, CancellationToken cancellationToken)
    {
        var run = await NewRunAsync(store, "large", cancellationToken);
        var journal = writer.Open(run);
        var random = new SeededRandom(7);
        journal.Record(new StageStarted(Stage.Sft));
        for (var i = 0; i < Points; i++)
        {
            journal.Sample(new MetricPoint(SeriesNames.SftLoss, i, (2 / Math.Sqrt(1 + (i / 1000.0))) + (0.1 * random.NextDouble())));
            if (i % 8000 == 0)
            {
                // As many as may wait: none is dropped.
                await writer.FlushAsync(cancellationToken);
            }
        }

        journal.Record(new StageStarted(Stage.Explore));
        for (var task = 0; task < Tasks; task++)
        {
            Walk(journal, task, Outcomes, random);
        }

        journal.Sample(new BudgetReported(new Budget { Tasks = Tasks, Steps = Tasks * StepsOfTask, Candidates = Tasks * StepsOfTask * CandidatesOfStep, Rollouts = Tasks * StepsOfTask * CandidatesOfStep * Outcomes }));
        journal.Record(new RunEnded(RunState.Stopped, null, null));
        await writer.FlushAsync(cancellationToken);
        return run;
    }

    private static void Walk(IRunJournal journal, int task, int outcomes, SeededRandom random)
    {
        var previous = Value();
        journal.Record(new TaskOpened(task, $"train-{task}", "I want a sturdy padded sofa in pink under 200 dollars", previous));
        for (var step = 0; step < StepsOfTask; step++)
        {
            var accepted = previous;
            for (var attempt = 0; attempt < CandidatesOfStep; attempt++)
            {
                accepted = Value();
                journal.Record(new CandidateScored(task, step, attempt, $"buy {step}", "item : sturdy sofa $20 [ back ] [ buy ]", accepted, null, false, false, 3, -1.5));
            }

            journal.Record(new StepDecided(task, step, previous, accepted, CandidatesOfStep - 1, $"buy {step}", CandidatesOfStep, StepVerdict.Rose, [.. Enumerable.Repeat(CandidateAccount.Lower, CandidatesOfStep - 1), CandidateAccount.Accepted]));
            previous = accepted;
        }

        journal.Record(new TaskFinished(task, StepsOfTask, 0.8));

        Estimate Value() => new([.. Enumerable.Range(0, outcomes).Select(_ => random.Next(11) / 10.0)]);
    }

    private static async Task<string> NewRunAsync(RunStore store, string key, CancellationToken cancellationToken) =>
        (await store.CreateAsync(Presets.Create("demo"), key, cancellationToken)).Id;

    // ---- memory of a page that is watched for long -------------------------------------------------------------------

    private static RunSummary Soak(IRunJournal journal, CancellationToken stop)
    {
        var random = new SeededRandom(5);
        journal.Record(new StageStarted(Stage.Sft));
        for (var i = 0L; !stop.IsCancellationRequested; i++)
        {
            journal.Sample(new MetricPoint(SeriesNames.SftLoss, i, 1 + random.NextDouble()));
            journal.Sample(new ProgressReported(Stage.Sft, i % 1000, 1000));
            if (i % 20 == 0)
            {
                var value = new Estimate([random.NextDouble(), random.NextDouble(), random.NextDouble()]);
                journal.Record(new StepDecided((int)(i / 20), (int)(i / 20 % 5), value, value, 0, "search[ sofa ]", 1, StepVerdict.Rose, [CandidateAccount.Accepted]));
            }

            stop.WaitHandle.WaitOne(1000 / SoakPointsPerSecond);
        }

        throw new OperationCanceledException(stop);
    }

    private static async Task<BenchmarkResult> SoakAsync(BenchmarkServer server, Painter painter, CancellationToken cancellationToken)
    {
        var seconds = double.TryParse(Environment.GetEnvironmentVariable("RRO_SOAK_SECONDS"), CultureInfo.InvariantCulture, out var asked) ? asked : SoakSecondsByDefault;
        var host = server.Get<TrainingHost>();
        var run = (await host.EnqueueAsync(Presets.Create("smoke"), "soak", cancellationToken)).Id;
        var page = await painter.OpenAsync(RroUrls.Run(run), "Number(document.querySelector('#chart-sft-loss').dataset.draws) > 3");
        var session = await painter.Context.NewCDPSessionAsync(page);
        // The first part fills what is bounded: the feed, the bands, the caches of the browser.
        await Task.Delay(TimeSpan.FromSeconds(Math.Min(seconds / 3, 120)), cancellationToken);
        var before = await HeapAsync(session);
        await Task.Delay(TimeSpan.FromSeconds(seconds), cancellationToken);
        var after = await HeapAsync(session);
        host.Stop(run);
        return BenchmarkResult.AtMost($"growth of the page's memory in {seconds:0} s of watching {SoakPointsPerSecond} points a second", "MB", (after - before) / 1e6, SoakBudgetMegabytes);
    }

    private static async Task<double> HeapAsync(ICDPSession session)
    {
        await session.SendAsync("HeapProfiler.collectGarbage");
        var usage = await session.SendAsync("Runtime.getHeapUsage");
        return usage!.Value.GetProperty("usedSize").GetDouble();
    }
}
