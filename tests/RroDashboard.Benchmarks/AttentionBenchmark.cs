using System.Diagnostics;
using RroDashboard.Core.Statistics;
using RroDashboard.Training;
using RroDashboard.Training.Model;
using RroDashboard.Training.Sampling;
using TorchSharp;
using static TorchSharp.torch;

namespace RroDashboard.Benchmarks;

/// <summary>
/// A decoder of SmolLM2's blocks (six of them, random weights) that writes after long histories: keys and values in bfloat16, and attention in one operator
/// where libtorch has one, each against float32 in parts. Both ways of a ratio run in turns, the best of each counts.
/// </summary>
internal static class AttentionBenchmark
{
    private const int Histories = 8;
    private const int PromptTokens = 400;
    private const int NewTokens = 32;
    private const int Context = 512;
    private const int Times = 5;

    private static readonly DecoderConfig s_config = new()
    {
        Family = DecoderFamily.Llama,
        Width = 576,
        FeedForward = 1536,
        Layers = 6,
        Heads = 9,
        KeyValueHeads = 3,
        HeadWidth = 64,
        Vocabulary = 2000,
        MaxPositions = Context,
        NormEpsilon = 1e-5,
        RopeBase = 10_000,
        TiedEmbeddings = true,
        AttentionScale = 0.125,
        Windows = [0, 0, 0, 0, 0, 0],
        EndTokens = [],
    };

    public static Task<object> RunAsync(CancellationToken cancellationToken)
    {
        using var scope = NewDisposeScope();
        set_num_threads(1);
        var lora = new Tuning(1, 1, [], 0);
        var results = new List<BenchmarkResult>();
        Compare("bfloat16", Model(lora with { BFloat16 = true }, fuse: false));
        if (TensorEngine.HasFusedAttention)
        {
            Compare("float32, attention fused", Model(lora, fuse: true));
            Compare("bfloat16, attention fused", Model(lora with { BFloat16 = true }, fuse: true));
        }

        return Task.FromResult<object>(new BenchmarkReport("attention", results));

        void Compare(string what, Decoder ours)
        {
            using var peer = Model(lora, fuse: false);
            using (ours)
            {
                var (mine, other) = (new Speed(0, 0), new Speed(0, 0));
                for (var i = 0; i < Times; i++)
                {
                    mine = mine.Best(Measure(ours, cancellationToken));
                    other = other.Best(Measure(peer, cancellationToken));
                }

                results.Add(BenchmarkResult.Against($"{what}: tokens read, {Histories} histories of {PromptTokens}", "tokens/s", mine.Read, other.Read));
                results.Add(BenchmarkResult.Against($"{what}: tokens written after them", "tokens/s", mine.Written, other.Written));
            }
        }
    }

    private static Decoder Model(Tuning tuning, bool fuse)
    {
        var random = new SeededRandom(5);
        var model = Decoder.Of(s_config, tuning, Context, new SeededRandom(1), CPU, ["F32"], (name, shape) =>
            shape.Length == 1 ? ones(shape) : tensor([.. Enumerable.Range(0, (int)(shape[0] * shape[1])).Select(_ => (float)(random.NextGaussian() / Math.Sqrt(shape[1])))], shape));
        model.FusesAttention = fuse;
        return model;
    }

    private static Speed Measure(Decoder model, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var cache = CacheRows.Allocate(model, Histories, PromptTokens + NewTokens);
        var began = Stopwatch.GetTimestamp();
        var rows = Enumerable.Range(0, Histories * PromptTokens).Select(i => (long)(i * 7 % s_config.Vocabulary)).ToArray();
        var next = model.Continue(tensor(rows, [Histories, PromptTokens]), [.. Enumerable.Repeat(0, Histories)], [.. Enumerable.Repeat(PromptTokens, Histories)], cache).argmax(-1);
        var read = Stopwatch.GetElapsedTime(began).TotalSeconds;
        began = Stopwatch.GetTimestamp();
        for (var i = 0; i < NewTokens; i++)
        {
            using var step = NewDisposeScope();
            next = model.Continue(next.view(Histories, 1), [.. Enumerable.Repeat(PromptTokens + i, Histories)], [.. Enumerable.Repeat(1, Histories)], cache).argmax(-1).MoveToOuterDisposeScope();
        }

        var written = Stopwatch.GetElapsedTime(began).TotalSeconds;
        cache.Free();
        return new Speed(Histories * PromptTokens / read, Histories * NewTokens / written);
    }

    private readonly record struct Speed(double Read, double Written)
    {
        public Speed Best(Speed other) => new(Math.Max(Read, other.Read), Math.Max(Written, other.Written));
    }
}
