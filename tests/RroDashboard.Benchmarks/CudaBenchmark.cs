using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using RroDashboard.Core;
using RroDashboard.Core.Events;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Statistics;
using RroDashboard.Training;
using RroDashboard.Training.Model;
using RroDashboard.Training.Sampling;
using RroDashboard.Web.CommandLine;
using RroDashboard.Web.Configuration;
using TorchSharp;
using static TorchSharp.torch;
using Decoder = RroDashboard.Training.Model.Decoder;

namespace RroDashboard.Benchmarks;

/// <summary>
/// For whoever has a card for ten minutes: does it compute what the processor computes, how fast does it sample at the size of Gemma 2 2B, and does an
/// iteration of RRO go through at that size. RRO_DEVICE=cpu RRO_SHAPE=gemma2-tiny rehearses the script where there is no card, and measures nothing.
/// </summary>
internal static class CudaBenchmark
{
    /// <summary>A part does not begin later than this, so that the whole ends within eight minutes.</summary>
    private const double LatestBegin = 330;

    private const int PromptTokens = 64;
    private const int NewTokens = 64;
    private const int Context = 256;
    private const int Missing = 3;
    private const long CopiedBytes = 1L << 30;
    private static readonly TimeSpan s_peerTime = TimeSpan.FromMinutes(2);

    // At most this share of the card's memory for the keys and values of a measurement; larger batches are left out, and said to be.
    private const double CacheShare = 0.6;

    private static readonly string[] s_iteration =
    [
        "Environment.TrainTasks=24", "Environment.TuningTasks=6", "Environment.TestTasks=6", "Environment.ActionMask=true", "Model.Context=640",
        "Sft.Demonstrations=12", "Sft.Updates=4", "Sft.BatchSize=4", "Explore.Tasks=6", "Evaluate.Tasks=6", "Dpo.Updates=3", "Dpo.BatchSize=4", "Dpo.WarmupUpdates=0",
        "Guard.Every=0", "Model.Dtype=BFloat16", "Model.GradientCheckpointing=true",
    ];

    public static async Task<object> RunAsync(CancellationToken cancellationToken)
    {
        var name = Environment.GetEnvironmentVariable("RRO_DEVICE") ?? "cuda";
        var shape = Environment.GetEnvironmentVariable("RRO_SHAPE") ?? "gemma2-2b";
        if (ComputeDevice.WhyNot(name) is { } reason)
        {
            throw new RefusalException($"bench cuda measures a card, and cannot: {reason}");
        }

        var plan = Presets.Create("smoke");
        plan.Model.Device = name;
        var device = ComputeDevice.Of(plan);
        var report = new Parts(device);
        await report.SayAsync(TensorEngine.DescriptionOn(name));
        await report.SayAsync($"devices: {TensorEngine.Devices}");
        set_num_threads(Environment.ProcessorCount);
        var folder = Directory.CreateTempSubdirectory("rro-cuda-").FullName;
        try
        {
            await report.PartAsync("the same numbers as the processor", () => CudaParity.Measure(device));
            var bandwidth = 0.0;
            await report.PartAsync("bandwidth of the memory", () => [BenchmarkResult.Alone("memory read and written by copies", "GB/s", bandwidth = Bandwidth(device) / 1e9)
                with { Peer = TheoreticalGigabytes(name), Ratio = TheoreticalGigabytes(name) is { } most ? Math.Round(bandwidth / most, 2) : null }]);
            var checkpoint = Path.Combine(folder, "checkpoint");
            await report.PartAsync("a random checkpoint on disk", async () => [BenchmarkResult.Alone("parameters", "millions", (await RandomCheckpoint.WriteAsync(checkpoint, shape, PlanOf(name, checkpoint))).Parameters / 1e6)]);
            var best = (Rows: 0, TokensPerSecond: 0.0);
            await report.PartAsync("sampling", () => Sampling(checkpoint, device, bandwidth, report, out best, cancellationToken));
            await report.PartAsync("one iteration of RRO", () => Iteration(PlanOf(name, checkpoint), folder, report, cancellationToken));
            await report.PartAsync("transformers", () => PeerAsync(checkpoint, name, best, report, cancellationToken));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        return report.Done();
    }

    private static RunPlan PlanOf(string device, string checkpoint)
    {
        var plan = Presets.Create("smoke");
        PlanSettings.Apply(plan, [.. s_iteration, $"Model.Device={device}", $"Model.Checkpoint={checkpoint}"]);
        return plan;
    }

    private static double Bandwidth(Device device)
    {
        const int Times = 10;
        using var scope = NewDisposeScope();
        // A processor rehearses with little.
        var numbers = (device.IsCard() ? CopiedBytes : CopiedBytes / 64) / sizeof(float);
        var (from, to) = (ones(numbers, device: device), ones(numbers, device: device));
        to.copy_(from);
        Wait(device);
        var began = Stopwatch.GetTimestamp();
        for (var i = 0; i < Times; i++)
        {
            to.copy_(from);
        }

        Wait(device);
        return 2.0 * Times * numbers * sizeof(float) / Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    private static double? TheoreticalGigabytes(string name) =>
        DeviceName.CardOf(name) is { } card && TensorEngine.CardBytesPerSecond(card) is { } bytes ? Math.Round(bytes / 1e9) : null;

    private static List<BenchmarkResult> Sampling(string checkpoint, Device device, double bandwidth, Parts report, out (int Rows, double TokensPerSecond) best, CancellationToken cancellationToken)
    {
        best = default;
        using var scope = NewDisposeScope();
        var results = new List<BenchmarkResult>();
        var began = Stopwatch.GetTimestamp();
        // Kept in bfloat16 and without adapters, as the peer has it.
        using var model = Decoder.Load(checkpoint, new Tuning(1, 1, [], 0) { BFloat16 = true }, Context, new SeededRandom(1), device);
        Wait(device);
        results.Add(BenchmarkResult.Alone("loading the checkpoint", "s", Stopwatch.GetElapsedTime(began).TotalSeconds));
        var weights = model.Weights().Sum(w => w.Value.numel() * (w.Value.dtype == ScalarType.BFloat16 ? 2 : 4));
        var total = device.IsCard() ? TensorEngine.CardMemory(device.index)?.Total : null;
        foreach (var rows in (int[])[1, 8, 64])
        {
            if (4.0 * Math.Max(rows, 2) * MemoryPlan.BytesPerRow(model.Config, model.Tuning, Context) > CacheShare * total)
            {
                report.Note($"sampling of {rows} histories at once was left out: their keys and values do not fit.");
                continue;
            }

            Once(model, rows, cancellationToken);
            var (seconds, passes) = Once(model, rows, cancellationToken);
            var speed = rows * NewTokens / seconds;
            results.Add(BenchmarkResult.Alone($"sampled tokens, {rows} histories at once, {PromptTokens} tokens before and {NewTokens} written", "tokens/s", speed));
            if (bandwidth > 0)
            {
                results.Add(new BenchmarkResult($"weights read, {rows} histories at once, of the bandwidth of copies", "share", Math.Round(passes * weights / seconds / 1e9 / bandwidth, 4), null, null));
            }

            best = (rows, speed);
        }

        return results;
    }

    // Prompts are prefilled within the time, as the peer does it.
    private static (double Seconds, long Passes) Once(Decoder model, int rows, CancellationToken cancellationToken)
    {
        var perPass = Math.Max(2, rows);
        using var engine = new SamplingEngine(model, actionEnd: -1, NewTokens, cancellationToken, cacheRows: 2 * perPass, rowsPerPass: perPass, walksAtOnce: rows);
        var began = Stopwatch.GetTimestamp();
        engine.Run(Enumerable.Range(0, rows).Select(row => (Func<Task>)(async () =>
            await engine.SampleAsync(SamplingEngine.Start([.. Enumerable.Range(0, PromptTokens).Select(i => ((row * PromptTokens) + i) % 4000 + 3)]), 1, new SeededRandom(row), last: true).ConfigureAwait(false))));
        return (Stopwatch.GetElapsedTime(began).TotalSeconds, engine.DecodePasses);
    }

    private static List<BenchmarkResult> Iteration(RunPlan plan, string folder, Parts report, CancellationToken cancellationToken)
    {
        var summary = new TrainingRun(plan, Path.Combine(folder, "run"), new Silent(), TimeProvider.System, cancellationToken).Run();
        if (summary.Explore.Pairs == 0)
        {
            report.Note("the random policy earned nothing in this iteration, so there were no pairs and DPO had nothing to do.");
        }

        return
        [
            BenchmarkResult.Alone("supervised fine-tuning, 4 updates of 4", "s", summary.Seconds.Sft),
            BenchmarkResult.Alone("exploration, 6 tasks", "s", summary.Seconds.Explore),
            BenchmarkResult.Alone("tokens written by the policy while exploring", "tokens", summary.Explore.TokensGenerated),
            BenchmarkResult.Alone("candidates", "candidates", summary.Explore.Candidates),
            BenchmarkResult.Alone("pairs", "pairs", summary.Explore.Pairs),
            BenchmarkResult.Alone("DPO, 3 updates of at most 4", "s", summary.Seconds.Dpo),
            BenchmarkResult.Alone("evaluations, twice 6 tasks", "s", summary.Seconds.Evaluate),
            BenchmarkResult.Alone("the whole run, loading included", "s", summary.Seconds.Total),
            BenchmarkResult.Alone("the process at its peak", "MiB", summary.PeakMemoryMiB),
        ];
    }

    private static async Task<List<BenchmarkResult>> PeerAsync(string checkpoint, string name, (int Rows, double TokensPerSecond) ours, Parts report, CancellationToken cancellationToken)
    {
        if (ours.Rows == 0)
        {
            report.Note("transformers was not asked: there is nothing to compare it with.");
            return [];
        }

        string[] arguments = [Path.Combine(AppContext.BaseDirectory, "cuda", "transformers_generate.py"), checkpoint, .. new[] { ours.Rows, PromptTokens, NewTokens, DeviceName.CardOf(name) ?? 0 }.Select(n => n.ToString(CultureInfo.InvariantCulture))];
        var start = new ProcessStartInfo("python3", arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        // What this process was made to compute with is not what Python's PyTorch was made with.
        start.Environment.Remove("LD_LIBRARY_PATH");
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(s_peerTime);
        try
        {
            using var process = Process.Start(start)!;
            try
            {
                var (output, error) = (process.StandardOutput.ReadToEndAsync(limit.Token), process.StandardError.ReadToEndAsync(limit.Token));
                await process.WaitForExitAsync(limit.Token);
                if (process.ExitCode != 0)
                {
                    var words = (await error).Trim().Split('\n')[^1];
                    report.Note(process.ExitCode == Missing ? words : $"transformers failed: {words}");
                    return [];
                }

                using var json = JsonDocument.Parse((await output).Trim().Split('\n')[^1]);
                report.Note($"the peer is {json.RootElement.GetProperty("versions").GetString()}.");
                return [BenchmarkResult.Against($"sampled tokens, {ours.Rows} histories at once, against transformers' generate (aim: 5 times)", "tokens/s", ours.TokensPerSecond, json.RootElement.GetProperty("tokensPerSecond").GetDouble())];
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                process.Kill(entireProcessTree: true);
                report.Note($"transformers took longer than {s_peerTime.TotalMinutes:0} minutes and was stopped.");
                return [];
            }
        }
        catch (System.ComponentModel.Win32Exception)
        {
            report.Note("there is no peer to compare with: this machine has no python3.");
            return [];
        }
    }

    private static void Wait(Device device)
    {
        if (device.IsCard())
        {
            cuda.synchronize(device);
        }
    }

    /// <summary>What <c>bench cuda</c> prints as its last line.</summary>
    /// <param name="Name">Of the benchmark.</param>
    /// <param name="Device">What computed.</param>
    /// <param name="Engine">Its libraries.</param>
    /// <param name="Seconds">All of it.</param>
    /// <param name="Notes">What was left out, and why.</param>
    /// <param name="Results">One for each thing measured.</param>
    private sealed record Report(string Name, string Device, string Engine, double Seconds, IReadOnlyList<string> Notes, IReadOnlyList<BenchmarkResult> Results) : IBenchmarkVerdict
    {
        public bool WithinBudget => Results.All(r => r.Within != false);
    }

    // The parts one after the other; each says what it found at once, because a lease can end before the script does.
    private sealed class Parts(Device device)
    {
        private readonly long _began = Stopwatch.GetTimestamp();
        private readonly List<BenchmarkResult> _results = [];
        private readonly List<string> _notes = [];

        public void Note(string text) => _notes.Add(text);

        public Task SayAsync(string text) => Console.Error.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"[{Stopwatch.GetElapsedTime(_began).TotalSeconds,5:0.0} s] {text}"));

        public Task PartAsync(string what, Func<List<BenchmarkResult>> measure) => PartAsync(what, () => Task.FromResult(measure()));

        public async Task PartAsync(string what, Func<Task<List<BenchmarkResult>>> measure)
        {
            var known = _notes.Count;
            if (Stopwatch.GetElapsedTime(_began).TotalSeconds > LatestBegin)
            {
                Note($"{what}: left out, because the time was up.");
            }
            else
            {
                await SayAsync($"{what} ...");
                foreach (var result in await measure())
                {
                    _results.Add(result);
                    await SayAsync(string.Create(CultureInfo.InvariantCulture, $"  {(result.Within == false ? "NOT WITHIN " : "")}{result.Metric}: {result.Ours:G5} {result.Unit}{(result.Peer is { } peer ? $", peer {peer:G5}, ratio {result.Ratio}" : "")}{(result.Budget is { } budget ? $" (at most {budget})" : "")}"));
                }
            }

            foreach (var note in _notes[known..])
            {
                await SayAsync($"  note: {note}");
            }
        }

        public Report Done() => new("cuda", device.ToString(), TensorEngine.DescriptionOn(device.IsCard() ? device.ToString() : DeviceName.Processor), Math.Round(Stopwatch.GetElapsedTime(_began).TotalSeconds, 1), _notes, _results);
    }

    private sealed class Silent : IRunJournal
    {
        public void Record(RunFact fact)
        {
        }

        public void Sample(RunSample sample)
        {
        }
    }
}
