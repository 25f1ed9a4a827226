using System.Text.Json;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Preferences;
using RroDashboard.Core.Rewards;
using RroDashboard.Core.Statistics;
using RroDashboard.Training.Checkpoints;
using RroDashboard.Training.Model;
using RroDashboard.Training.Tests.Tokenizer.Bpe;
using static TorchSharp.torch;

namespace RroDashboard.Training.Tests.Model;

/// <summary>The DPO step against Reference/make-lora.py: the second implementation in NumPy (float64), gradients by central differences.</summary>
public sealed class LoraTests
{
    private static readonly Tuning s_tuning = new(4, 8, ["q_proj", "v_proj", "down_proj"], 0);

    [Fact]
    public void DpoStep_WithAdapters_GivesReferenceLossAndGradients()
    {
        using var scope = NewDisposeScope();
        var golden = BpeReferenceTests.Read("lora.json.gz");
        var tuning = new Tuning(golden.GetProperty("rank").GetInt32(), golden.GetProperty("alpha").GetDouble(), [.. golden.GetProperty("targets").EnumerateArray().Select(t => t.GetString()!)], 0);
        using var model = DecoderTests.Load(golden, tuning: tuning, context: 48);
        var pairs = golden.GetProperty("pairs").EnumerateArray().Select(p => Pair(p.GetProperty("history"), p.GetProperty("chosen"), p.GetProperty("rejected"))).ToList();

        // Fresh adapters change nothing: the reference policy is the checkpoint.
        var reference = Dpo.ReferenceLogProbs(model, pairs);
        foreach (var (expected, actual) in golden.GetProperty("log_probs").EnumerateArray().Zip(reference))
        {
            Assert.Equal(expected[0].GetDouble(), actual[0], 1e-4);
            Assert.Equal(expected[1].GetDouble(), actual[1], 1e-4);
        }

        using (no_grad())
        {
            foreach (var (name, value) in model.Adapters())
            {
                var module = name["base_model.model.".Length..^".weight".Length];
                value.copy_(tensor(ReferenceCheckpoint.Weight(module, value.shape, 0.4, 0), value.shape));
            }
        }

        var options = new DpoOptions { Beta = golden.GetProperty("beta").GetDouble() };
        var before = stack([.. reference.Select(r => tensor(r))], 1);
        var (_, total, _) = Dpo.Losses(Dpo.LogProbs(model, pairs), before, Dpo.Counts(pairs), options);
        var loss = total.mean();
        loss.backward();

        Assert.Equal(golden.GetProperty("loss").GetDouble(), (double)loss.item<float>(), 1e-4);
        var gradients = golden.GetProperty("gradients");
        Assert.Equal(gradients.EnumerateObject().Count(), model.Adapters().Count());
        foreach (var (name, value) in model.Adapters())
        {
            var expected = gradients.GetProperty(name).EnumerateArray().Select(g => g.GetDouble()).ToArray();
            var actual = value.grad!.data<float>().ToArray();
            Assert.True(expected.Zip(actual).Max(p => Math.Abs(p.First - p.Second)) < 1e-4, $"{name} differs by {expected.Zip(actual).Max(p => Math.Abs(p.First - p.Second))}.");
        }

        Assert.All(model.Weights(), w => Assert.False(w.Value.requires_grad));
    }

    [Fact]
    public void Save_Load_GivesTheSameModelInPeftLayout()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var golden = DecoderTests.Golden("llama3");
        using var model = DecoderTests.Load(golden, tuning: s_tuning);
        Fill(model);
        var folder = Directory.CreateTempSubdirectory("rro-lora-").FullName;
        LoraAdapters.Save(folder, model, "tiny");
        using (var config = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "adapter_config.json"))))
        {
            Assert.Equal("LORA", config.RootElement.GetProperty("peft_type").GetString());
            Assert.Equal(4, config.RootElement.GetProperty("r").GetInt32());
        }

        using (var file = SafetensorsFolder.OpenFile(Path.Combine(folder, "adapter_model.safetensors")))
        {
            Assert.Equal([4, 32], file.Shape("base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight"));
            Assert.Equal([32, 4], file.Shape("base_model.model.model.layers.1.mlp.down_proj.lora_B.weight"));
            Assert.Equal(12, file.Names.Count);
        }

        var tuning = LoraAdapters.ReadTuning(folder);
        Assert.Equal((s_tuning.Rank, s_tuning.Alpha), (tuning.Rank, tuning.Alpha));
        Assert.Equal(s_tuning.Targets, tuning.Targets);
        using var again = DecoderTests.Load(golden, tuning: tuning);
        Assert.NotEqual(Logits(model), Logits(again));
        LoraAdapters.Load(folder, again);
        Assert.Equal(Logits(model), Logits(again));

        using var other = DecoderTests.Load(golden, tuning: s_tuning with { Rank = 2 });
        Assert.Contains("lack the tensor 'base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight' of shape [2, 32]", Assert.Throws<InvalidDataException>(() => LoraAdapters.Load(folder, other)).Message, StringComparison.Ordinal);
        using var fewer = DecoderTests.Load(golden, tuning: s_tuning with { Targets = ["q_proj"] });
        Assert.Contains("which the model has no place for", Assert.Throws<InvalidDataException>(() => LoraAdapters.Load(folder, fewer)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Merge_Adapters_ComputesTheSameWithoutThem()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var model = DecoderTests.Load(DecoderTests.Golden("gemma2"), tuning: s_tuning);
        Fill(model);
        var before = Logits(model);
        model.Merge();
        Assert.Empty(model.Adapters());
        Assert.True(before.Zip(Logits(model)).Max(p => Math.Abs(p.First - p.Second)) < 1e-4);
    }

    [Fact]
    public void Copy_ThenTraining_LeavesTheCopyAlone()
    {
        foreach (var tuning in (Tuning[])[s_tuning, Tuning.Full])
        {
            using var scope = NewDisposeScope();
            using var model = DecoderTests.Load(DecoderTests.Golden("qwen2"), tuning: tuning);
            using var copy = (Decoder)model.Copy();
            var before = Logits(model);
            Assert.Equal(before, Logits(copy));
            Train(model, 5);
            Assert.NotEqual(before, Logits(model));
            Assert.Equal(before, Logits(copy));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Train_OnOneSequence_LowersTheLoss(bool lora)
    {
        using var scope = NewDisposeScope();
        using var model = DecoderTests.Load(DecoderTests.Golden("llama3"), tuning: lora ? s_tuning : Tuning.Full);
        var weights = model.Weights().Select(w => w.Value.detach().clone()).ToList();
        var losses = Train(model, 30);
        Assert.True(losses[^1] < 0.6 * losses[0], $"From {losses[0]} to {losses[^1]}.");
        var same = model.Weights().Zip(weights).All(p => p.First.Value.detach().data<float>().ToArray().SequenceEqual(p.Second.data<float>().ToArray()));
        Assert.Equal(lora, same);
    }

    [Fact]
    public void Forward_Dropout_OnlyWithAStreamAndTheSameForTheSameSeed()
    {
        using var scope = NewDisposeScope();
        using var model = DecoderTests.Load(DecoderTests.Golden("llama3"), tuning: s_tuning with { Dropout = 0.5 });
        Fill(model);
        var plain = WithGradients(null);
        Assert.Equal(plain, WithGradients(null));
        var first = WithGradients(new SeededRandom(3));
        Assert.NotEqual(plain, first);
        Assert.Equal(first, WithGradients(new SeededRandom(3)));
        using (no_grad())
        {
            // Sampling and references go without gradients, and then without dropout.
            Assert.Equal(plain, WithGradients(new SeededRandom(3)));
        }

        float[] WithGradients(SeededRandom? stream)
        {
            model.DropoutStream = stream;
            return model.Logits(model.forward(tensor([1L, 2, 3], [1, 3]))).detach().data<float>().ToArray();
        }
    }

    [Fact]
    public void Check_PlanThatDoesNotFit_IsRefusedWithNumbers()
    {
        var config = DecoderConfig.Load(Path.Combine(ReferenceCheckpoint.Write(DecoderTests.Golden("llama3").GetProperty("config")), "config.json"));
        var large = config with { Width = 2304, FeedForward = 9216, Layers = 26, Heads = 8, KeyValueHeads = 4, HeadWidth = 256, Vocabulary = 256_000, TiedEmbeddings = true };
        var lora = MemoryPlan.Of(large, s_tuning, 1024, 64, 16, copies: 1);
        var full = MemoryPlan.Of(large, Tuning.Full, 1024, 64, 16, copies: 1);
        Assert.Equal(4 * 2_614_341_888L, lora.Parts.Single(p => p.What == "weights").Bytes, 4e8);
        Assert.True(full.Bytes > lora.Bytes + (12L * 2_000_000_000));
        var refusal = Assert.Throws<MemoryPlanException>(() => full.Check(16_000_000_000)).Message;
        Assert.Contains("but there are 16.00 GB", refusal, StringComparison.Ordinal);
        Assert.Contains("gradients and optimiser 31.", refusal, StringComparison.Ordinal);
        lora.Check(200_000_000_000);
    }

    private static List<double> Train(Decoder model, int updates)
    {
        using var optimizer = new AdamW(model, 0);
        var losses = new List<double>();
        int[] tokens = [1, 4, 9, 16, 25, 36, 49, 64];
        for (var i = 0; i < updates; i++)
        {
            using var scope = NewDisposeScope();
            optimizer.ZeroGrad();
            losses.Add(Sft.Backward(model, [(tokens, [.. tokens.Select(_ => true)])], 0));
            optimizer.Step(1e-2);
        }

        return losses;
    }

    private static void Fill(Decoder model)
    {
        using var noGrad = no_grad();
        foreach (var (name, value) in model.Adapters())
        {
            value.copy_(tensor(ReferenceCheckpoint.Weight(name, value.shape, 0.3, 0), value.shape));
        }
    }

    private static float[] Logits(Decoder model)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        return model.Logits(model.forward(tensor([1L, 5, 7, 11, 13, 2], [1, 6]))).data<float>().ToArray();
    }

    private static PreferencePair Pair(JsonElement history, JsonElement chosen, JsonElement rejected)
    {
        var value = Estimate.Final(1);
        return new PreferencePair(0, 0, "", "", "", value, value, DecoderTests.Ints(history), DecoderTests.Ints(chosen), DecoderTests.Ints(rejected));
    }
}
