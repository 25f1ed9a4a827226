using RroDashboard.Core.Plans;
using RroDashboard.Core.Preferences;
using RroDashboard.Core.Rewards;
using RroDashboard.Core.Statistics;
using RroDashboard.Training;
using RroDashboard.Training.Model;
using RroDashboard.Training.Sampling;
using TorchSharp;
using static TorchSharp.torch;

namespace RroDashboard.Benchmarks;

/// <summary>A tiny model of every family on a device and on the processor: the same weights, tokens and pairs.</summary>
internal static class CudaParity
{
    private const double Float32 = 1e-4;
    private const double BFloat16 = 0.03;
    private const int Vocabulary = 200;
    private const int Context = 96;

    private static readonly PreferencePair[] s_pairs = [Pair([1, 5, 9, 7], [11, 3], [4, 8, 6]), Pair([2, 6], [7, 7, 7, 1], [9])];

    public static List<BenchmarkResult> Measure(Device device)
    {
        var results = new List<BenchmarkResult>();
        foreach (var family in Enum.GetValues<DecoderFamily>())
        {
            using var scope = NewDisposeScope();
            var lora = new Tuning(4, 8, Tuning.AllTargets, 0);
            results.Add(Within($"{family}: logits, float32", Difference(Logits(family, lora, CPU), Logits(family, lora, device)), Float32));
            var rounded = lora with { BFloat16 = true };
            results.Add(Within($"{family}: logits, bfloat16", Difference(Logits(family, rounded, CPU), Logits(family, rounded, device)), BFloat16));
            var (near, far, again) = (Step(family, CPU), Step(family, device), Step(family, device));
            results.Add(Within($"{family}: DPO loss", Math.Abs(near.Loss - far.Loss) / Math.Abs(near.Loss), Float32));
            results.Add(Within($"{family}: gradients of DPO", Difference(near.Gradients, far.Gradients), Float32));
            results.Add(new BenchmarkResult($"{family}: the same gradients again on the device", "largest difference, share of the largest", Difference(far.Gradients, again.Gradients), null, null, 0));
            var (expected, written) = (Greedy(family, CPU), Greedy(family, device));
            results.Add(new BenchmarkResult($"{family}: greedy tokens that differ", "tokens", expected.Zip(written).Count(t => t.First != t.Second) + Math.Abs(expected.Count - written.Count), null, null, 0));
        }

        return results;
    }

    private static BenchmarkResult Within(string what, double difference, double budget) => new(what, "largest difference, share of the largest", difference, null, null, budget);

    private static DecoderConfig Config(DecoderFamily family) => new()
    {
        Family = family,
        Width = 64,
        FeedForward = 128,
        Layers = 4,
        Heads = 4,
        KeyValueHeads = 2,
        HeadWidth = 16,
        Vocabulary = Vocabulary,
        MaxPositions = 512,
        NormEpsilon = 1e-6,
        RopeBase = 10_000,
        RopeScaling = family == DecoderFamily.Llama ? new RopeScaling("llama3", 8, 1, 4, 64) : null,
        TiedEmbeddings = family != DecoderFamily.Llama,
        QkvBias = family == DecoderFamily.Qwen2,
        AttentionScale = 0.25,
        AttentionCap = family == DecoderFamily.Gemma2 ? 50 : 0,
        LogitCap = family == DecoderFamily.Gemma2 ? 30 : 0,
        Windows = family is DecoderFamily.Gemma2 or DecoderFamily.Qwen2 ? [8, 0, 8, 0] : [0, 0, 0, 0],
        EndTokens = [],
    };

    private static Decoder Model(DecoderFamily family, Tuning tuning, Device device)
    {
        var config = Config(family);
        var random = new SeededRandom(17, (long)family);
        var model = Decoder.Of(config, tuning, Context, new SeededRandom(3), device, ["F32"], (name, shape) =>
        {
            var norm = name.Contains("norm", StringComparison.Ordinal);
            var scale = norm || shape.Length == 1 ? 0.2 : name.Contains("embed", StringComparison.Ordinal) ? 0.5 : 1.2 / Math.Sqrt(shape[^1]);
            var offset = norm && !config.IsGemma ? 1 : 0;
            return tensor([.. Enumerable.Range(0, (int)shape.Aggregate(1L, (a, b) => a * b)).Select(_ => (float)((scale * random.NextGaussian()) + offset))], shape);
        });
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        foreach (var (_, adapter) in model.Adapters())
        {
            adapter.copy_(tensor([.. Enumerable.Range(0, (int)adapter.numel()).Select(_ => (float)(0.2 * random.NextGaussian()))], adapter.shape));
        }

        return model;
    }

    private static float[] Logits(DecoderFamily family, Tuning tuning, Device device)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var model = Model(family, tuning, device);
        return model.Logits(model.forward(tensor([.. Enumerable.Range(0, 40).Select(i => (long)(i * i % Vocabulary))], [2, 20], device: device))).cpu().data<float>().ToArray();
    }

    private static (double Loss, float[] Gradients) Step(DecoderFamily family, Device device)
    {
        using var scope = NewDisposeScope();
        using var deterministic = ComputeDevice.Deterministic(device);
        using var model = Model(family, Tuning.Full, device);
        var reference = tensor([-9f, -3, -11, -2], [2, 2], device: device);
        var (_, total, _) = Dpo.Losses(Dpo.LogProbs(model, s_pairs), reference, Dpo.Counts(s_pairs, device), new DpoOptions());
        var loss = total.mean();
        model.Backward(loss);
        return (loss.detach().ToDouble(), [.. model.Trainable.SelectMany(t => t.grad!.cpu().data<float>().ToArray())]);
    }

    private static List<int> Greedy(DecoderFamily family, Device device)
    {
        using var scope = NewDisposeScope();
        using var model = Model(family, Tuning.Full, device);
        using var engine = new SamplingEngine(model, actionEnd: -1, maxActionTokens: 32, CancellationToken.None, cacheRows: 8, rowsPerPass: 4);
        var written = new int[4][];
        engine.Run(Enumerable.Range(0, written.Length).Select(walk => (Func<Task>)(async () =>
            written[walk] = (await engine.SampleAsync(SamplingEngine.Start([.. Enumerable.Range(5, 3 + (4 * walk))]), 0, new SeededRandom(walk), last: true).ConfigureAwait(false)).Tokens)));
        return [.. written.SelectMany(w => w)];
    }

    private static double Difference(float[] expected, float[] actual) => expected.Zip(actual).Max(p => Math.Abs((double)p.First - p.Second)) / expected.Max(Math.Abs);

    private static PreferencePair Pair(int[] history, int[] chosen, int[] rejected) =>
        new(0, 0, "", "", "", Estimate.Final(1), Estimate.Final(0), history, chosen, rejected);
}
