using System.Diagnostics;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Statistics;
using RroDashboard.Environments.MiniShop;
using RroDashboard.Training;
using RroDashboard.Training.Model;
using RroDashboard.Training.Tokenizer;
using TorchSharp;
using static TorchSharp.torch;

namespace RroDashboard.Benchmarks;

/// <summary>Updates of stage 1 on real demonstrations.</summary>
internal static class TrainingBenchmark
{
    private const int Updates = 30;

    public static Task<object> RunAsync(CancellationToken cancellationToken)
    {
        var plan = Presets.Create("demo");
        using var shop = new MiniShopEnvironment(plan.Environment);
        var demonstrations = Sft.Demonstrate(shop, plan);
        var tokenizer = WordTokenizer.Build(Sft.Texts(demonstrations), plan.Model.MaxWords, plan.Model.Pieces);
        var dialogue = new Dialogue(tokenizer, shop);
        var data = demonstrations.Take(Updates * plan.Sft.BatchSize).Select(d => dialogue.Episode(d.Task.Instruction, d.Turns)).ToArray();
        var results = ((int[])[1, 2]).Select(threads => BenchmarkResult.Alone(
            $"trained tokens, {threads} thread{(threads == 1 ? "" : "s")}", "tokens/s", TokensPerSecond(plan, tokenizer.Size, data, threads, cancellationToken))).ToArray();
        return Task.FromResult<object>(new BenchmarkReport("training", results));
    }

    private static double TokensPerSecond(RunPlan plan, int vocabulary, (int[] Tokens, bool[] Written)[] data, int threads, CancellationToken cancellationToken)
    {
        set_num_threads(threads);
        using var model = new CausalLm(plan.Model, vocabulary, new SeededRandom(1));
        using var optimizer = new AdamW(model, plan.Sft.WeightDecay);
        var began = 0L;
        var tokens = 0;
        for (var update = 0; update < Updates; update++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (update == 3)
            {
                // The first updates fetch memory; they are not what a run is made of.
                (began, tokens) = (Stopwatch.GetTimestamp(), 0);
            }

            using var scope = NewDisposeScope();
            var batch = data[(update * plan.Sft.BatchSize)..((update + 1) * plan.Sft.BatchSize)];
            optimizer.ZeroGrad();
            Sft.Backward(model, batch, plan.Sft.ObservationWeight);
            optimizer.ClipGradients(plan.Sft.GradientClip);
            optimizer.Step(1e-3);
            tokens += batch.Sum(b => b.Tokens.Length);
        }

        return tokens / Stopwatch.GetElapsedTime(began).TotalSeconds;
    }
}
