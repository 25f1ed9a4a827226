using System.Diagnostics;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Statistics;
using RroDashboard.Training.Model;
using RroDashboard.Training.Sampling;
using TorchSharp;
using static TorchSharp.torch;

namespace RroDashboard.Benchmarks;

/// <summary>Episodes of five turns by a model of the demo's size with random weights: histories of about 100 tokens.</summary>
internal static class SamplingBenchmark
{
    private const int Vocabulary = 174;
    private const int NoEnd = -1; // no token ends an action: every one is four tokens long, in both ways of sampling
    private const int ActionTokens = 4;
    private const int Turns = 5;
    private const int ObservationTokens = 16;

    public static Task<object> RunAsync(CancellationToken cancellationToken)
    {
        var results = new List<BenchmarkResult>();
        using var scope = NewDisposeScope();
        set_num_threads(1);
        using var model = new CausalLm(new ModelOptions(), Vocabulary, new SeededRandom(1));
        Engine(model, 16, cancellationToken);
        foreach (var walks in (int[])[1, 64, 256])
        {
            var ours = Engine(model, walks, cancellationToken);
            var peer = Recompute(model, Math.Min(walks, 64), cancellationToken);
            results.Add(BenchmarkResult.Against($"sampled tokens, {walks} walks at once", "tokens/s", ours, peer));
        }

        return Task.FromResult<object>(new BenchmarkReport("sampling", results));
    }

    private static double Engine(CausalLm model, int walks, CancellationToken cancellationToken)
    {
        using var engine = new SamplingEngine(model, NoEnd, ActionTokens, cancellationToken);
        var began = Stopwatch.GetTimestamp();
        engine.Run(Enumerable.Range(0, walks).Select(i => (Func<Task>)(async () =>
        {
            var random = new SeededRandom(2, i);
            var history = SamplingEngine.Start(Observation(i));
            for (var turn = 0; turn < Turns; turn++)
            {
                var sampled = await engine.SampleAsync(history, 1, random, last: true).ConfigureAwait(false);
                history = engine.Append(sampled.After, Observation(turn));
            }
        })));
        return engine.TokensGenerated / Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    // What a script without a cache does: the whole history through the model for every token, in one batch.
    private static double Recompute(CausalLm model, int walks, CancellationToken cancellationToken)
    {
        using var noGrad = no_grad();
        var histories = Enumerable.Range(0, walks).Select(i => Observation(i).Select(t => (long)t).ToList()).ToArray();
        var began = Stopwatch.GetTimestamp();
        for (var turn = 0; turn < Turns; turn++)
        {
            for (var token = 0; token < ActionTokens; token++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                using var scope = NewDisposeScope();
                var length = histories[0].Count;
                var hidden = model.forward(tensor(histories.SelectMany(h => h).ToArray(), [walks, length]));
                var next = model.Logits(hidden.select(1, length - 1)).argmax(-1).data<long>().ToArray();
                for (var i = 0; i < walks; i++)
                {
                    histories[i].Add(next[i]);
                }
            }

            foreach (var history in histories)
            {
                history.AddRange(Observation(turn).Select(t => (long)t));
            }
        }

        return walks * Turns * ActionTokens / Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    private static int[] Observation(int seed) => [.. Enumerable.Range(0, ObservationTokens).Select(i => 25 + ((seed + i) % 100))];
}
