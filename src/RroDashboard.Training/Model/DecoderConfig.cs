using System.Text.Json;
using RroDashboard.Training.Tokenizer.Bpe;

namespace RroDashboard.Training.Model;

/// <summary>Families of published decoders that one implementation covers.</summary>
public enum DecoderFamily
{
    /// <summary>Llama 2 and 3, SmolLM2.</summary>
    Llama,

    /// <summary>Qwen 2 and 2.5: biases on queries, keys and values.</summary>
    Qwen2,

    /// <summary>Qwen 3: queries and keys are normed.</summary>
    Qwen3,

    /// <summary>Gemma 2: norms around both halves of a block, soft caps, every second block with a window.</summary>
    Gemma2,
}

/// <summary>How rotary positions are stretched beyond the length that a model was first trained on.</summary>
/// <param name="Kind">"linear" or "llama3".</param>
/// <param name="Factor">By how much.</param>
/// <param name="LowFrequencyFactor">llama3: wavelengths longer than the original context divided by this are stretched in full.</param>
/// <param name="HighFrequencyFactor">llama3: wavelengths shorter than the original context divided by this are left alone.</param>
/// <param name="OriginalContext">llama3: the original context.</param>
public sealed record RopeScaling(string Kind, double Factor, double LowFrequencyFactor, double HighFrequencyFactor, int OriginalContext);

/// <summary>The <c>config.json</c> of a published checkpoint: everything that decides what its weights compute.</summary>
public sealed record DecoderConfig
{
    private const long FileBytes = 4 << 20;
    private const int MaxWidth = 1 << 17;
    private const int MaxLayers = 1024;

    /// <summary>Family.</summary>
    public required DecoderFamily Family { get; init; }

    /// <summary>d.</summary>
    public required int Width { get; init; }

    /// <summary>Width of the feed-forward part.</summary>
    public required int FeedForward { get; init; }

    /// <summary>L.</summary>
    public required int Layers { get; init; }

    /// <summary>Query heads.</summary>
    public required int Heads { get; init; }

    /// <summary>Key and value heads; each serves as many query heads.</summary>
    public required int KeyValueHeads { get; init; }

    /// <summary>Numbers of a head.</summary>
    public required int HeadWidth { get; init; }

    /// <summary>V.</summary>
    public required int Vocabulary { get; init; }

    /// <summary>Longest sequence that the model was made for.</summary>
    public required int MaxPositions { get; init; }

    /// <summary>Added under the root in norms.</summary>
    public required double NormEpsilon { get; init; }

    /// <summary>Base of the rotary angles.</summary>
    public required double RopeBase { get; init; }

    /// <summary>Stretched positions; null for none.</summary>
    public RopeScaling? RopeScaling { get; init; }

    /// <summary>The embedding is the output matrix too.</summary>
    public required bool TiedEmbeddings { get; init; }

    /// <summary>Queries, keys and values have biases.</summary>
    public bool QkvBias { get; init; }

    /// <summary>The output of attention has a bias.</summary>
    public bool OutputBias { get; init; }

    /// <summary>Factor on scores before the softmax.</summary>
    public required double AttentionScale { get; init; }

    /// <summary>Soft cap on scores; 0 for none.</summary>
    public double AttentionCap { get; init; }

    /// <summary>Soft cap on logits; 0 for none.</summary>
    public double LogitCap { get; init; }

    /// <summary>How many tokens each block looks back, itself included; 0 for all.</summary>
    public required IReadOnlyList<int> Windows { get; init; }

    /// <summary>Tokens that end a sequence; may be empty.</summary>
    public required IReadOnlyList<int> EndTokens { get; init; }

    /// <summary>Weights with gain 1 + w in norms, embeddings scaled by the root of d, tanh GELU.</summary>
    public bool IsGemma => Family == DecoderFamily.Gemma2;

    /// <summary>Reads a file.</summary>
    /// <exception cref="InvalidDataException">Missing, damaged, or of a kind that is not supported; one sentence.</exception>
    public static DecoderConfig Load(string path)
    {
        var (document, root) = JsonPart.Open(path, FileBytes);
        using (document)
        {
            return Read(root);
        }
    }

    private static DecoderConfig Read(JsonPart root)
    {
        var kind = root.Member("model_type").Text();
        var family = kind switch
        {
            "llama" => DecoderFamily.Llama,
            "qwen2" => DecoderFamily.Qwen2,
            "qwen3" => DecoderFamily.Qwen3,
            "gemma2" => DecoderFamily.Gemma2,
            _ => throw root.Member("model_type").Wrong($"is '{kind}', which is not supported: llama, qwen2, qwen3 and gemma2 are"),
        };
        if (root.Maybe("quantization_config") is { IsNull: false } quantised)
        {
            throw quantised.Wrong("is not supported: only checkpoints with plain F32, F16 or BF16 weights can be loaded");
        }

        var width = root.Member("hidden_size").Int(2, MaxWidth);
        var heads = root.Member("num_attention_heads").Int(1, MaxWidth);
        var keyValueHeads = root.Maybe("num_key_value_heads").IntOr(heads, 1, heads);
        if (heads % keyValueHeads != 0)
        {
            throw root.Member("num_key_value_heads").Wrong($"is {keyValueHeads}, which does not divide the {heads} query heads");
        }

        var headWidth = root.Maybe("head_dim").IntOr(width % heads == 0 ? width / heads : 0, 2, MaxWidth);
        if (headWidth < 2 || headWidth % 2 != 0)
        {
            throw root.Member("num_attention_heads").Wrong($"is {heads}, which gives heads of {headWidth} numbers; an even number of at least 2 is needed");
        }

        var layers = root.Member("num_hidden_layers").Int(1, MaxLayers);
        var activation = root.Maybe(family == DecoderFamily.Gemma2 ? "hidden_activation" : "hidden_act").TextOr(family == DecoderFamily.Gemma2 ? "gelu_pytorch_tanh" : "silu");
        if (activation != (family == DecoderFamily.Gemma2 ? "gelu_pytorch_tanh" : "silu"))
        {
            throw new InvalidDataException($"{root.Path}: the activation '{activation}' is not that of {kind}.");
        }

        if (root.Maybe("mlp_bias").BoolOr(false))
        {
            throw root.Member("mlp_bias").Wrong("is not supported");
        }

        var bias = root.Maybe("attention_bias").BoolOr(false);
        var rope = root.Maybe("rope_parameters");
        var ropeBase = rope.IsNull ? root.Maybe("rope_theta") : rope.Maybe("rope_theta");
        return new DecoderConfig
        {
            Family = family,
            Width = width,
            FeedForward = root.Member("intermediate_size").Int(1, 1 << 20),
            Layers = layers,
            Heads = heads,
            KeyValueHeads = keyValueHeads,
            HeadWidth = headWidth,
            Vocabulary = root.Member("vocab_size").Int(2, TokenizerLimits.Tokens),
            MaxPositions = root.Maybe("max_position_embeddings").IntOr(2048, 2, 1 << 24),
            NormEpsilon = root.Maybe("rms_norm_eps").DoubleOr(1e-6, 0, 1),
            RopeBase = ropeBase.DoubleOr(10_000, 1, 1e12),
            RopeScaling = ReadScaling(rope.IsNull ? root.Maybe("rope_scaling") : rope),
            TiedEmbeddings = root.Maybe("tie_word_embeddings").BoolOr(family == DecoderFamily.Gemma2),
            QkvBias = family == DecoderFamily.Qwen2 || bias,
            OutputBias = family != DecoderFamily.Qwen2 && bias,
            AttentionScale = 1 / Math.Sqrt(family == DecoderFamily.Gemma2 ? root.Maybe("query_pre_attn_scalar").DoubleOr(headWidth, 1e-3, 1e6) : headWidth),
            AttentionCap = family == DecoderFamily.Gemma2 ? root.Maybe("attn_logit_softcapping").DoubleOr(0, 0, 1e6) : 0,
            LogitCap = family == DecoderFamily.Gemma2 ? root.Maybe("final_logit_softcapping").DoubleOr(0, 0, 1e6) : 0,
            Windows = ReadWindows(root, family, layers),
            EndTokens = ReadTokens(root.Maybe("eos_token_id")),
        };
    }

    private static RopeScaling? ReadScaling(JsonPart part)
    {
        if (part.IsNull)
        {
            return null;
        }

        var kind = part.Maybe("rope_type").TextOr(part.Maybe("type").TextOr("default"));
        return kind switch
        {
            "default" => null,
            "linear" => new RopeScaling(kind, part.Member("factor").Double(1, 1e6), 0, 0, 0),
            "llama3" => new RopeScaling(
                kind, part.Member("factor").Double(1, 1e6), part.Member("low_freq_factor").Double(1e-6, 1e6), part.Member("high_freq_factor").Double(1e-6, 1e6),
                part.Member("original_max_position_embeddings").Int(1, 1 << 24)) is { } scaling && scaling.HighFrequencyFactor > scaling.LowFrequencyFactor
                    ? scaling
                    : throw part.Wrong("has a high_freq_factor that is not above its low_freq_factor"),
            _ => throw part.Wrong($"is of the kind '{kind}', which is not supported: linear and llama3 are"),
        };
    }

    private static int[] ReadWindows(JsonPart root, DecoderFamily family, int layers)
    {
        var windows = new int[layers];
        var on = family == DecoderFamily.Gemma2 || (family != DecoderFamily.Llama && root.Maybe("use_sliding_window").BoolOr(false));
        if (!on || root.Maybe("sliding_window").IsNull)
        {
            return windows;
        }

        var window = root.Member("sliding_window").Int(1, 1 << 24);
        if (root.Maybe("layer_types") is { IsNull: false } types)
        {
            var list = types.Items(MaxLayers).Select(t => t.Text()).ToArray();
            return list.Length == layers && list.All(t => t is "sliding_attention" or "full_attention")
                ? [.. list.Select(t => t == "sliding_attention" ? window : 0)]
                : throw types.Wrong($"must name sliding_attention or full_attention for each of the {layers} blocks");
        }

        var first = family == DecoderFamily.Gemma2 ? 0 : root.Maybe("max_window_layers").IntOr(layers, 0, MaxLayers);
        for (var layer = 0; layer < layers; layer++)
        {
            windows[layer] = (family == DecoderFamily.Gemma2 ? layer % 2 == 0 : layer >= first) ? window : 0;
        }

        return windows;
    }

    private static int[] ReadTokens(JsonPart part) => part.Element.ValueKind switch
    {
        JsonValueKind.Undefined or JsonValueKind.Null => [],
        JsonValueKind.Array => [.. part.Items(64).Select(t => t.Int(0, TokenizerLimits.Tokens))],
        _ => [part.Int(0, TokenizerLimits.Tokens)],
    };
}
