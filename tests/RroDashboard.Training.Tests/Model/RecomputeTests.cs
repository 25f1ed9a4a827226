using RroDashboard.Core.Plans;
using RroDashboard.Core.Preferences;
using RroDashboard.Core.Rewards;
using RroDashboard.Core.Statistics;
using RroDashboard.Training.Model;
using static TorchSharp.torch;

namespace RroDashboard.Training.Tests.Model;

/// <summary>Gradient checkpointing and bfloat16: what they may change, and what not.</summary>
public sealed class RecomputeTests
{
    /// <summary>Largest difference of a logit in bfloat16, as a share of the largest logit: its numbers have 8 bits, and errors of a few blocks add up.</summary>
    private const double LogitShare = 0.03;

    private static readonly Tuning s_lora = new(4, 8, ["q_proj", "v_proj", "o_proj", "down_proj"], 0.25);

    [Theory]
    [InlineData("llama2", true)]
    [InlineData("llama2", false)]
    [InlineData("llama3", true)]
    [InlineData("llama3", false)]
    [InlineData("qwen2", true)]
    [InlineData("qwen2", false)]
    [InlineData("qwen3", true)]
    [InlineData("qwen3", false)]
    [InlineData("gemma2", true)]
    [InlineData("gemma2", false)]
    public void Backward_BlocksComputedAgain_GivesTheSameLossAndGradients(string family, bool lora)
    {
        var tuning = lora ? s_lora : Tuning.Full;
        var (loss, gradients) = Gradients(family, tuning);
        var (again, recomputed) = Gradients(family, tuning with { Recompute = true });
        Assert.Equal(loss, again, 1e-5);
        Assert.Equal(gradients.Count, recomputed.Count);
        Assert.True(gradients.Max(g => g.Max(Math.Abs)) > 1e-3, "Gradients that are all zero compare well with anything.");
        foreach (var (kept, once) in gradients.Zip(recomputed))
        {
            Assert.True(kept.Zip(once).Max(p => Math.Abs(p.First - p.Second)) < 1e-5);
        }
    }

    [Fact]
    public void Backward_DpoStep_GivesTheSameGradients()
    {
        List<double[]> all = [];
        foreach (var recompute in (bool[])[false, true])
        {
            using var scope = NewDisposeScope();
            using var model = DecoderTests.Load(DecoderTests.Golden("gemma2"), tuning: s_lora with { Dropout = 0, Recompute = recompute });
            Fill(model);
            PreferencePair[] pairs = [Pair([1, 5, 9, 7], [11, 3], [4, 8, 6]), Pair([2, 6], [7, 7, 7, 1], [9])];
            var reference = stack([.. Dpo.ReferenceLogProbs(model, pairs).Select(r => tensor(r))], 1) - 0.5;
            var (_, total, _) = Dpo.Losses(Dpo.LogProbs(model, pairs), reference, Dpo.Counts(pairs), new DpoOptions { NllWeight = 0.3 });
            model.Backward(total.mean());
            all.Add([.. model.Trainable.SelectMany(t => t.grad!.data<float>().ToArray()).Select(g => (double)g)]);
        }

        Assert.True(all[0].Max(Math.Abs) > 1e-3);
        Assert.True(all[0].Zip(all[1]).Max(p => Math.Abs(p.First - p.Second)) < 1e-5);
    }

    [Fact]
    public void Plan_BlocksComputedAgain_TakesLess()
    {
        var config = Large();
        var (kept, again) = (Plan(config, s_lora, 2048), Plan(config, s_lora with { Recompute = true }, 2048));
        var (pass, less) = (Part(kept, "one pass with gradients"), Part(again, "one pass with gradients"));
        Assert.True(less < 0.35 * pass, $"{less} of {pass}.");
        // Reading eight histories of 2,048 tokens takes more than a pass that keeps so little: the plan says so.
        const string Reading = "more to read histories";
        Assert.True(Part(again, Reading) > Part(kept, Reading));
        Assert.Equal(kept.Bytes - pass - Part(kept, Reading), again.Bytes - less - Part(again, Reading));
    }

    [Theory]
    [InlineData("llama2")]
    [InlineData("llama3")]
    [InlineData("smollm2")]
    [InlineData("qwen2")]
    [InlineData("qwen3")]
    [InlineData("gemma2")]
    public void Forward_BFloat16_StaysWithinTheStatedTolerance(string family)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var exact = DecoderTests.Load(DecoderTests.Golden(family), tuning: s_lora);
        foreach (var tuning in (Tuning[])[s_lora with { BFloat16 = true }, Tuning.Full with { BFloat16 = true }])
        {
            using var rounded = DecoderTests.Load(DecoderTests.Golden(family), tuning: tuning);
            var (expected, actual) = (Logits(exact), Logits(rounded));
            var worst = expected.Zip(actual).Max(p => Math.Abs(p.First - p.Second)) / expected.Max(Math.Abs);
            Assert.InRange(worst, 1e-6, LogitShare);
            // Matrices that are not trained are kept in half of the bytes; those that are, and every norm, in full.
            Assert.All(rounded.Weights(), w => Assert.Equal(tuning.IsLora && w.Value.shape.Length == 2 ? ScalarType.BFloat16 : ScalarType.Float32, w.Value.dtype));
            Assert.All(rounded.Trainable, t => Assert.Equal(ScalarType.Float32, t.dtype));
        }
    }

    [Theory]
    [InlineData("llama3")]
    [InlineData("qwen2.5-window")]
    [InlineData("qwen3")]
    [InlineData("gemma2")]
    public void Continue_BFloat16_GivesWhatAWholePassGives(string family)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var model = DecoderTests.Load(DecoderTests.Golden(family), tuning: s_lora with { BFloat16 = true });
        long[] tokens = [1, 4, 9, 16, 25, 36];
        var whole = model.Logits(model.forward(tensor(tokens, [1, tokens.Length])).select(1, tokens.Length - 1)).data<float>().ToArray();
        var cache = CacheRows.Allocate(model, 1, 16);
        Assert.All(cache.Keys.Concat(cache.Values), kept => Assert.Equal(ScalarType.BFloat16, kept.dtype));
        using var first = model.Continue(tensor(tokens[..5], [1, 5]), [0], [5], cache);
        var last = model.Continue(tensor(tokens[5..], [1, 1]), [5], [1], cache).data<float>().ToArray();
        Assert.True(whole.Zip(last).Max(p => Math.Abs(p.First - p.Second)) / whole.Max(Math.Abs) < LogitShare);
        cache.Free();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Backward_BFloat16_PointsWhereFloat32Points(bool lora)
    {
        var tuning = (lora ? s_lora : Tuning.Full) with { Dropout = 0 };
        var (_, exact) = Gradients("llama3", tuning);
        var (_, rounded) = Gradients("llama3", tuning with { BFloat16 = true, Recompute = true });
        var (a, b) = (exact.SelectMany(g => g).ToArray(), rounded.SelectMany(g => g).ToArray());
        var cosine = a.Zip(b).Sum(p => p.First * p.Second) / Math.Sqrt(a.Sum(x => x * x) * b.Sum(x => x * x));
        Assert.InRange(cosine, 0.995, 1.0001);
    }

    [Fact]
    public void Plan_BFloat16_HalvesTheBaseWeights()
    {
        var config = Large();
        var (full, half) = (Part(Plan(config, s_lora, 512), "weights"), Part(Plan(config, s_lora with { BFloat16 = true }, 512), "weights"));
        Assert.InRange((double)half / full, 0.5, 0.501);
        Assert.Equal(Part(Plan(config, s_lora, 512), "keys and values"), 2 * Part(Plan(config, s_lora with { BFloat16 = true }, 512), "keys and values"));
        // Where all weights are trained their digits stay, and the rounded ones come on top.
        Assert.Equal(Part(Plan(config, Tuning.Full, 512), "weights"), Part(Plan(config, Tuning.Full with { BFloat16 = true }, 512), "weights"));
        Assert.True(Part(Plan(config, Tuning.Full with { BFloat16 = true }, 512), "one pass with gradients") > Part(Plan(config, Tuning.Full, 512), "one pass with gradients"));
    }

    private static DecoderConfig Large()
    {
        var config = DecoderConfig.Load(Path.Combine(ReferenceCheckpoint.Write(DecoderTests.Golden("llama3").GetProperty("config")), "config.json"));
        return config with { Width = 2304, FeedForward = 9216, Layers = 26, Heads = 8, KeyValueHeads = 4, HeadWidth = 256, Vocabulary = 50_000, TiedEmbeddings = true };
    }

    private static MemoryPlan Plan(DecoderConfig config, Tuning tuning, int context) => MemoryPlan.Of(config, tuning, context, 64, 16, copies: 1);

    private static long Part(MemoryPlan plan, string what) => plan.Parts.Single(p => p.What == what).Bytes;

    // Two passes before one backward pass each, dropout on where there are adapters.
    private static (double Loss, List<double[]> Gradients) Gradients(string family, Tuning tuning)
    {
        using var scope = NewDisposeScope();
        using var model = DecoderTests.Load(DecoderTests.Golden(family), tuning: tuning);
        if (tuning.IsLora)
        {
            Fill(model);
        }

        model.DropoutStream = new SeededRandom(5);
        int[] tokens = [1, 4, 9, 16, 25, 36, 49, 3], others = [2, 7, 1, 8, 2];
        var loss = Sft.Backward(model, [(tokens, [.. tokens.Select((_, i) => i % 3 != 0)]), (others, [.. others.Select(_ => true)])], 0.1)
            + Sft.Backward(model, [(others, [.. others.Select(_ => true)])], 0);
        return (loss, [.. model.Trainable.Select(t => t.grad!.data<float>().ToArray().Select(g => (double)g).ToArray())]);
    }

    private static void Fill(Decoder model)
    {
        using var noGrad = no_grad();
        var random = new SeededRandom(9);
        foreach (var (_, value) in model.Adapters())
        {
            value.copy_(tensor([.. Enumerable.Range(0, (int)value.numel()).Select(_ => (float)(0.3 * random.NextGaussian()))], value.shape));
        }
    }

    private static float[] Logits(Decoder model) => model.Logits(model.forward(tensor([1L, 5, 7, 30, 2, 11, 40], [1, 7]))).data<float>().ToArray();

    private static PreferencePair Pair(int[] history, int[] chosen, int[] rejected) =>
        new(0, 0, "", "", "", Estimate.Final(1), Estimate.Final(0), history, chosen, rejected);
}
