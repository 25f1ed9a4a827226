using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Statistics;
using RroDashboard.Environments;
using RroDashboard.Training;
using RroDashboard.Training.Model;
using Decoder = RroDashboard.Training.Model.Decoder;

namespace RroDashboard.Benchmarks;

/// <summary>
/// Makes a checkpoint with random weights in the shape of a published one, in its layout, so that the whole pipeline can be measured at that size where
/// no weights are at hand: <c>bench checkpoint OUT [--shape NAME] [--preset NAME] [--data DIR]</c>. Its tokenizer is a byte-level BPE trained on the
/// demonstrations of the preset. It knows nothing: rewards say nothing, times and memory do.
/// </summary>
internal static partial class RandomCheckpoint
{
    private const int Merges = 4000;
    private const int Demonstrations = 400;
    private const double Deviation = 0.02;
    private const string ChatMl = "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

    // Drawing billions of numbers one by one would take minutes: beyond this many a model repeats a block of them, beginning elsewhere in every tensor.
    private const long DrawnNumbers = 1L << 29;
    private const int BlockNumbers = 1 << 22;

    // hidden, feed-forward, layers, heads, key and value heads, vocabulary; for Gemma 2 also numbers of a head and the window
    private static readonly Dictionary<string, int[]> s_shapes = new(StringComparer.Ordinal)
    {
        ["smollm2-135m"] = [576, 1536, 30, 9, 3, 49152],
        ["smollm2-360m"] = [960, 2560, 32, 15, 5, 49152],
        ["tiny"] = [64, 128, 2, 4, 2, 8192],
        ["gemma2-2b"] = [2304, 9216, 26, 8, 4, 256_000, 256, 4096],
        ["gemma2-tiny"] = [64, 128, 4, 4, 2, 8192, 16, 64],
    };

    public static async Task<int> RunAsync(string[] args)
    {
        var options = args.Skip(1).Chunk(2).Where(o => o.Length == 2).ToDictionary(o => o[0], o => o[1], StringComparer.Ordinal);
        if (args.Length % 2 == 0 || options.Keys.Any(k => k is not ("--shape" or "--preset" or "--data")) || options.GetValueOrDefault("--shape", "smollm2-135m") is not { } shape || !s_shapes.ContainsKey(shape))
        {
            await Console.Error.WriteLineAsync($"usage: bench checkpoint OUT [--shape {string.Join("|", s_shapes.Keys)}] [--preset NAME] [--data DIR]");
            return 2;
        }

        var plan = Presets.Create(options.GetValueOrDefault("--preset", "smoke"));
        plan.Environment.DataFolder = options.TryGetValue("--data", out var data) ? Path.GetFullPath(data) : "";
        var (numbers, tokens) = await WriteAsync(args[0], shape, plan);
        await Console.Out.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{args[0]}: {numbers} random parameters, {tokens} tokens"));
        return 0;
    }

    /// <summary>Writes one.</summary>
    /// <param name="folder">Where to.</param>
    /// <param name="shapeName">Whose shape.</param>
    /// <param name="plan">Whose demonstrations the tokenizer is trained on.</param>
    public static async Task<(long Parameters, int Tokens)> WriteAsync(string folder, string shapeName, RunPlan plan)
    {
        var shape = s_shapes[shapeName];
        plan = PlanSettings.Copy(plan);
        plan.Sft.Demonstrations = Demonstrations;
        using var environment = EnvironmentFactory.Create(plan.Environment);
        Directory.CreateDirectory(folder);
        var tokens = await WriteTokenizerAsync(folder, Sft.Texts(Sft.Demonstrate(environment, plan)));
        var config = shape.Length > 6 ? Gemma(shape) : Llama(shape);
        var path = Path.Combine(folder, "config.json");
        await File.WriteAllTextAsync(path, config.ToJsonString());
        return (WriteWeights(Path.Combine(folder, "model.safetensors"), DecoderConfig.Load(path)), tokens);
    }

    private static JsonObject Gemma(int[] shape) => new()
    {
        ["architectures"] = new JsonArray("Gemma2ForCausalLM"),
        ["model_type"] = "gemma2",
        ["hidden_size"] = shape[0],
        ["intermediate_size"] = shape[1],
        ["num_hidden_layers"] = shape[2],
        ["num_attention_heads"] = shape[3],
        ["num_key_value_heads"] = shape[4],
        ["vocab_size"] = shape[5],
        ["head_dim"] = shape[6],
        ["query_pre_attn_scalar"] = shape[6],
        ["sliding_window"] = shape[7],
        ["attn_logit_softcapping"] = 50.0,
        ["final_logit_softcapping"] = 30.0,
        ["max_position_embeddings"] = 8192,
        ["rms_norm_eps"] = 1e-6,
        ["rope_theta"] = 10000.0,
        ["hidden_activation"] = "gelu_pytorch_tanh",
        ["hidden_act"] = "gelu_pytorch_tanh",
        ["attention_bias"] = false,
        ["tie_word_embeddings"] = true,
        ["eos_token_id"] = null,
        ["pad_token_id"] = 0,
        ["torch_dtype"] = "bfloat16",
    };

    private static JsonObject Llama(int[] shape) => new()
    {
        ["architectures"] = new JsonArray("LlamaForCausalLM"),
        ["model_type"] = "llama",
        ["hidden_size"] = shape[0],
        ["intermediate_size"] = shape[1],
        ["num_hidden_layers"] = shape[2],
        ["num_attention_heads"] = shape[3],
        ["num_key_value_heads"] = shape[4],
        ["vocab_size"] = shape[5],
        ["max_position_embeddings"] = 8192,
        ["rms_norm_eps"] = 1e-5,
        ["rope_theta"] = 100000.0,
        ["hidden_act"] = "silu",
        ["tie_word_embeddings"] = true,
        ["torch_dtype"] = "bfloat16",
    };

    private static long WriteWeights(string path, DecoderConfig config)
    {
        var shapes = Decoder.Shapes(config);
        // transformers asks for this.
        var header = new JsonObject { ["__metadata__"] = new JsonObject { ["format"] = "pt" } };
        var offset = 0L;
        foreach (var (name, dimensions) in shapes)
        {
            var bytes = 2 * dimensions.Aggregate(1L, (a, b) => a * b);
            header[name] = new JsonObject { ["dtype"] = "BF16", ["shape"] = new JsonArray([.. dimensions.Select(d => (JsonNode)d)]), ["data_offsets"] = new JsonArray(offset, offset + bytes) };
            offset += bytes;
        }

        var json = JsonSerializer.SerializeToUtf8Bytes(header);
        using var file = File.Create(path);
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, json.Length);
        file.Write(length);
        file.Write(json);
        var random = new SeededRandom(135);
        var repeats = offset / 2 > DrawnNumbers;
        var drawn = repeats ? Enumerable.Range(0, BlockNumbers).Select(_ => Rounded(random.NextGaussian() * Deviation)).ToArray() : [];
        // Gemma's norms scale by one more than what is stored.
        var ones = Rounded(config.IsGemma ? 0 : 1);
        var block = new ushort[1 << 16];
        foreach (var (name, dimensions) in shapes)
        {
            var norm = name.Contains("norm", StringComparison.Ordinal);
            for (var left = dimensions.Aggregate(1L, (a, b) => a * b); left > 0;)
            {
                var part = block.AsSpan(0, (int)Math.Min(left, block.Length));
                if (repeats && !norm)
                {
                    part = drawn.AsSpan(random.Next(BlockNumbers / 2));
                    part = part[..(int)Math.Min(left, part.Length)];
                }
                else
                {
                    foreach (ref var value in part)
                    {
                        value = norm ? ones : Rounded(random.NextGaussian() * Deviation);
                    }
                }

                file.Write(MemoryMarshal.AsBytes(part));
                left -= part.Length;
            }
        }

        return offset / 2;
    }

    private static ushort Rounded(double value) => (ushort)(BitConverter.SingleToUInt32Bits((float)value) >> 16);

    private static async Task<int> WriteTokenizerAsync(string folder, IEnumerable<string> texts)
    {
        var alphabet = Alphabet();
        var words = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var word in texts.SelectMany(t => Words().Matches(t).Select(m => m.Value)))
        {
            words[word] = words.GetValueOrDefault(word) + 1;
        }

        var lists = words.OrderBy(w => w.Key, StringComparer.Ordinal).Select(w => (Parts: Encoding.UTF8.GetBytes(w.Key).Select(b => alphabet[b]).ToList(), Count: w.Value)).ToList();
        var vocabulary = new JsonObject();
        var known = new HashSet<string>(StringComparer.Ordinal);
        foreach (var letter in alphabet)
        {
            Add(letter);
        }

        var merges = new JsonArray();
        while (merges.Count < Merges)
        {
            var pairs = new Dictionary<(string, string), int>();
            foreach (var (parts, count) in lists)
            {
                for (var i = 0; i + 1 < parts.Count; i++)
                {
                    pairs[(parts[i], parts[i + 1])] = pairs.GetValueOrDefault((parts[i], parts[i + 1])) + count;
                }
            }

            if (pairs.Count == 0 || pairs.Values.Max() is var most && most < 2)
            {
                break;
            }

            var (left, right) = pairs.Where(p => p.Value == most).Select(p => p.Key).OrderBy(p => p.Item1, StringComparer.Ordinal).ThenBy(p => p.Item2, StringComparer.Ordinal).First();
            merges.Add(new JsonArray(left, right));
            Add(left + right);
            foreach (var (parts, _) in lists)
            {
                for (var i = 0; i + 1 < parts.Count; i++)
                {
                    if (parts[i] == left && parts[i + 1] == right)
                    {
                        parts[i] += right;
                        parts.RemoveAt(i + 1);
                    }
                }
            }
        }

        var added = new JsonArray();
        foreach (var content in (string[])["<|endoftext|>", "<|im_start|>", "<|im_end|>"])
        {
            added.Add(new JsonObject { ["id"] = known.Count + added.Count, ["content"] = content, ["special"] = true, ["normalized"] = false });
        }

        var byteLevel = new JsonObject { ["type"] = "ByteLevel", ["add_prefix_space"] = false, ["use_regex"] = true };
        var tokenizer = new JsonObject
        {
            ["version"] = "1.0",
            ["added_tokens"] = added,
            ["normalizer"] = null,
            ["pre_tokenizer"] = byteLevel,
            ["post_processor"] = null,
            ["decoder"] = byteLevel.DeepClone(),
            ["model"] = new JsonObject { ["type"] = "BPE", ["vocab"] = vocabulary, ["merges"] = merges },
        };
        await File.WriteAllTextAsync(Path.Combine(folder, "tokenizer.json"), tokenizer.ToJsonString());
        await File.WriteAllTextAsync(Path.Combine(folder, "tokenizer_config.json"), new JsonObject { ["chat_template"] = ChatMl, ["eos_token"] = "<|im_end|>" }.ToJsonString());
        return known.Count + added.Count;

        void Add(string token)
        {
            if (known.Add(token))
            {
                vocabulary[token] = known.Count - 1;
            }
        }
    }

    // GPT-2's: visible Latin-1 stands for itself, the other bytes for U+0100 and on.
    private static string[] Alphabet()
    {
        var next = 256;
        return [.. Enumerable.Range(0, 256).Select(b => (b is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF) ? (char)b : (char)next++).ToString())];
    }

    [GeneratedRegex(@"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+", RegexOptions.CultureInvariant)]
    private static partial Regex Words();
}
