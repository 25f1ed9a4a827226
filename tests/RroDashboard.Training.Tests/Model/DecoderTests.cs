using System.Text.Json;
using RroDashboard.Core.Statistics;
using RroDashboard.Training.Model;
using RroDashboard.Training.Sampling;
using RroDashboard.Training.Tests.Tokenizer.Bpe;
using static TorchSharp.torch;

namespace RroDashboard.Training.Tests.Model;

/// <summary>
/// Against Reference/decoder.py, a second, plain implementation in NumPy (float64) written from the families' published definitions: the
/// families' own implementation could not be run where the golden file was made.
/// </summary>
public sealed class DecoderTests
{
    private const double Tolerance = 1e-4;

    public static TheoryData<string> Families => ["llama2", "llama3", "llama-linear", "smollm2", "qwen2", "qwen2.5-window", "qwen3", "gemma2"];

    [Theory]
    [MemberData(nameof(Families))]
    public void Forward_RandomCheckpoint_GivesReferenceLogits(string family)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var golden = Golden(family);
        using var model = Load(golden, shards: family == "llama3" ? 3 : 1);
        var prompt = Ints(golden.GetProperty("prompt"));
        var expected = golden.GetProperty("logits").EnumerateArray().SelectMany(r => r.EnumerateArray().Select(x => x.GetDouble())).ToArray();
        // A second row beside it, longer and different: rows must not see each other.
        var other = prompt.Reverse().Concat(prompt).Take(prompt.Length + 5).ToArray();
        long[] ids = [.. prompt.Select(i => (long)i), .. Enumerable.Repeat(0L, 5), .. other.Select(i => (long)i)];
        var logits = model.Logits(model.forward(tensor(ids, [2, other.Length]))).select(0, 0).narrow(0, 0, prompt.Length).contiguous().data<float>().ToArray();
        Assert.Equal(expected.Length, logits.Length);
        Assert.True(expected.Zip(logits).Max(p => Math.Abs(p.First - p.Second)) < Tolerance, $"The largest difference is {expected.Zip(logits).Max(p => Math.Abs(p.First - p.Second))}.");
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Continue_Greedy64Tokens_EqualReference(string family)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var golden = Golden(family);
        using var model = Load(golden);
        var start = Ints(golden.GetProperty("prompt"))[..8];
        var expected = Ints(golden.GetProperty("greedy"));
        var cache = CacheRows.Allocate(model, 2, model.Context);
        // Two rows of different length in one batch; the second is padded.
        long[] ids = [.. start.Select(i => (long)i), .. start[..5].Select(i => (long)i), 0, 0, 0];
        var logits = model.Continue(tensor(ids, [2, 8]), [0, 0], [8, 5], cache);
        var written = new List<int>();
        for (var step = 0; step < expected.Length; step++)
        {
            var next = logits.argmax(-1).data<long>().ToArray();
            written.Add((int)next[0]);
            logits = model.Continue(tensor(next, [2, 1]), [8 + step, 5 + step], [1, 1], cache);
        }

        Assert.Equal(expected, written);
        cache.Free();
    }

    [FusedAttentionFact]
    public void Continue_FusedAttention_GivesWhatThePartsGive()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        foreach (var family in ((IEnumerable<object[]>)Families).Select(f => (string)f[0]).Where(f => f != "gemma2"))
        {
            var golden = Golden(family);
            using var model = Load(golden);
            Assert.True(model.FusesAttention, family);
            var prompt = Ints(golden.GetProperty("prompt")).Select(i => (long)i).ToArray();
            var (fused, parts) = (Logits(true), Logits(false));
            Assert.True(fused.Zip(parts).Max(p => Math.Abs(p.First - p.Second)) < Tolerance / 10, $"{family}: {fused.Zip(parts).Max(p => Math.Abs(p.First - p.Second))}");

            // Rows of different lengths, fed in two pieces.
            float[] Logits(bool fuse)
            {
                model.FusesAttention = fuse;
                var cache = CacheRows.Allocate(model, 2, model.Context);
                using var first = model.Continue(tensor([.. prompt[..8], .. prompt[..5], 0, 0, 0], [2, 8]), [0, 0], [8, 5], cache);
                var logits = model.Continue(tensor([.. prompt[8..12], .. prompt[5..7], 0, 0], [2, 4]), [8, 5], [4, 2], cache).data<float>().ToArray();
                cache.Free();
                return logits;
            }
        }
    }

    [Fact]
    public void Continue_CapInsideAttention_IsNeverFused()
    {
        using var model = Load(Golden("gemma2"));
        Assert.False(model.FusesAttention);
        Assert.Throws<ArgumentException>(() => model.FusesAttention = true);
    }

    [Fact]
    public void SampleAsync_GreedyOverSharedPrefixes_GivesReferenceTokens()
    {
        var golden = Golden("qwen3");
        using var model = Load(golden);
        var start = Ints(golden.GetProperty("prompt"))[..8];
        var expected = Ints(golden.GetProperty("greedy"));
        // No token ends an action here: it is cut at 16, and the next one continues from a kept prefix.
        using var engine = new SamplingEngine(model, actionEnd: -1, maxActionTokens: 16, CancellationToken.None, cacheRows: 8, rowsPerPass: 4);
        var results = new List<int>[3];
        engine.Run(Enumerable.Range(0, 3).Select(walk => (Func<Task>)(async () =>
        {
            var history = SamplingEngine.Start(start);
            results[walk] = [];
            for (var part = 0; part < 4; part++)
            {
                var action = await engine.SampleAsync(history, 0, new SeededRandom(walk), last: walk == 0);
                results[walk].AddRange(action.Tokens);
                history = action.After;
            }
        })));
        Assert.All(results, r => Assert.Equal(expected, r));
    }

    [Fact]
    public void Load_Bf16InShards_IsReadExactlyAndShown()
    {
        var golden = Golden("smollm2");
        var folder = ReferenceCheckpoint.Write(golden.GetProperty("config"), shards: 2, type: "BF16");
        using var model = Decoder.Load(folder, Tuning.Full, 64, new SeededRandom(1));
        Assert.Equal(["BF16"], model.StoredTypes);
        var (name, value) = model.Weights().First(w => w.Name.EndsWith("q_proj.weight", StringComparison.Ordinal));
        var expected = ReferenceCheckpoint.Weight(name, value.shape, 1.7 / Math.Sqrt(value.shape[1]), 0).Select(v => BitConverter.UInt32BitsToSingle(BitConverter.SingleToUInt32Bits(v) & 0xFFFF0000)).ToArray();
        Assert.Equal(expected, value.detach().data<float>().ToArray());
        Assert.Equal(Decoder.Shapes(model.Config).Keys.Order(StringComparer.Ordinal), model.Weights().Select(w => w.Name).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("model_type", "\"mamba\"", "is 'mamba', which is not supported: llama, qwen2, qwen3 and gemma2 are")]
    [InlineData("num_key_value_heads", "3", "is 3, which does not divide the 4 query heads")]
    [InlineData("hidden_size", "-1", "must be a whole number from 2 to")]
    [InlineData("vocab_size", "1e300", "must be a whole number from 2 to")]
    [InlineData("hidden_act", "\"relu\"", "the activation 'relu' is not that of llama")]
    [InlineData("rope_scaling", """{"rope_type": "yarn", "factor": 2}""", "is of the kind 'yarn', which is not supported: linear and llama3 are")]
    [InlineData("quantization_config", """{"bits": 4}""", "only checkpoints with plain F32, F16 or BF16 weights can be loaded")]
    [InlineData("max_position_embeddings", "16", "was made for at most 16 tokens, but 64 are asked for")]
    [InlineData("num_hidden_layers", "3", "lack the tensor 'model.layers.2.input_layernorm.weight' of shape [32]")]
    [InlineData("num_hidden_layers", "1", "have 9 tensors that a Llama model does not have, such as 'model.layers.1.input_layernorm.weight'")]
    [InlineData("intermediate_size", "57", "has the shape [32, 56], but config.json makes it [32, 57]")]
    public void Load_ConfigThatDoesNotFit_SaysWhat(string member, string value, string sentence)
    {
        var golden = Golden("llama2");
        var folder = ReferenceCheckpoint.Write(golden.GetProperty("config"));
        var path = Path.Combine(folder, "config.json");
        var config = System.Text.Json.Nodes.JsonNode.Parse(golden.GetProperty("config").GetRawText())!.AsObject();
        config[member] = System.Text.Json.Nodes.JsonNode.Parse(value);
        File.WriteAllText(path, config.ToJsonString());
        Assert.Contains(sentence, Assert.Throws<InvalidDataException>(() => Decoder.Load(folder, Tuning.Full, 64, new SeededRandom(1))).Message, StringComparison.Ordinal);
    }

    internal static JsonElement Golden(string family) =>
        BpeReferenceTests.Read("decoders.json.gz").GetProperty("families").EnumerateArray().Single(f => f.GetProperty("name").GetString() == family);

    internal static Decoder Load(JsonElement golden, int shards = 1, Tuning? tuning = null, int context = 96) =>
        Decoder.Load(ReferenceCheckpoint.Write(golden.GetProperty("config"), shards), tuning ?? Tuning.Full, context, new SeededRandom(1));

    internal static int[] Ints(JsonElement element) => [.. element.EnumerateArray().Select(e => e.GetInt32())];
}
