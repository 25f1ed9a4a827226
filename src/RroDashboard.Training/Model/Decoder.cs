using RroDashboard.Core.Statistics;
using RroDashboard.Training.Checkpoints;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace RroDashboard.Training.Model;

/// <summary>
/// A published checkpoint of the families of <see cref="DecoderFamily"/>: RMS norms, rotary positions, grouped queries, gated feed-forward. One
/// implementation; what differs between the families is read from <see cref="DecoderConfig"/>. It computes in float32, whatever the files hold; with
/// <see cref="Tuning.BFloat16"/> its matrices are multiplied in bfloat16, and what lies between them stays in float32; while sampling, attention too is in bfloat16, but for its softmax.
/// d = width, H = query heads, K = key and value heads, G = H / K, hd = numbers of a head, f = feed-forward width, V = vocabulary.
/// </summary>
/// <remarks>Everything here runs inside the caller's dispose scope; shapes are in the comments.</remarks>
public sealed class Decoder : LanguageModel
{
    private const string Embedding = "model.embed_tokens.weight";
    private const string Head = "lm_head.weight";
    private const string LastNorm = "model.norm.weight";

    private readonly Tensor _embedding;    // (V, d)
    private readonly Tensor _head;         // (V, d), the embedding itself where tied
    private readonly Tensor _norm;         // (d)
    private readonly Block[] _blocks;
    private readonly Tensor _cos;          // (context, hd / 2)
    private readonly Tensor _sin;
    private readonly List<Recorded> _recorded = [];
    private bool? _fuses;

    private Decoder(DecoderConfig config, Tuning tuning, int context, IReadOnlyList<string> storedTypes, Tensor embedding, Tensor head, Tensor norm, Block[] blocks, Device device)
        : base(nameof(Decoder))
    {
        (Config, Tuning, Context, StoredTypes, Device) = (config, tuning, context, storedTypes, device);
        (_embedding, _head, _norm, _blocks) = (embedding, head, norm, blocks);
        (_cos, _sin) = RotaryTables(config, context, device);
    }

    /// <summary>What its weights compute.</summary>
    public DecoderConfig Config { get; }

    /// <summary>Which weights training changes.</summary>
    public Tuning Tuning { get; }

    /// <summary>Element types in the files it was read from.</summary>
    public IReadOnlyList<string> StoredTypes { get; }

    /// <summary>Where the random choices of dropout come from; null, as outside supervised fine-tuning, switches dropout off.</summary>
    public SeededRandom? DropoutStream { get; set; }

    /// <inheritdoc/>
    public override Device Device { get; }

    /// <inheritdoc/>
    public override int Width => Config.Width;

    /// <inheritdoc/>
    public override int Layers => Config.Layers;

    /// <inheritdoc/>
    public override int Context { get; }

    /// <inheritdoc/>
    public override int Vocabulary => Config.Vocabulary;

    /// <inheritdoc/>
    public override int CacheHeads => Config.KeyValueHeads;

    /// <inheritdoc/>
    public override int HeadWidth => Config.HeadWidth;

    /// <inheritdoc/>
    public override ScalarType CacheType => Tuning.BFloat16 ? ScalarType.BFloat16 : float32;

    /// <inheritdoc/>
    public override int ProjectionWidth => 0;

    /// <summary>
    /// Attention over the cache in one operator of libtorch, which keeps no weights: where it has one, and there is no cap inside. On the processor a
    /// model reads 1.14 times as fast by it in float32, and .23 times in bfloat16 (bench attention, libtorch 2.6), so not there. Set it to compare.
    /// Training never does: its gradients have an order.
    /// </summary>
    public bool FusesAttention
    {
        get => _fuses ?? (Config.AttentionCap == 0 && TensorEngine.HasFusedAttention && (Device.IsCard() || CacheType == float32));
        set => _fuses = value && Config.AttentionCap > 0
            ? throw new ArgumentException($"A {Config.Family} model has a cap inside attention, which the operator knows nothing of.", nameof(value))
            : value;
    }

    /// <inheritdoc/>
    public override bool IsLarge => true;

    /// <inheritdoc/>
    public override long ParameterCount => Weights().Sum(w => w.Value.numel());

    /// <inheritdoc/>
    public override IEnumerable<Tensor> Trainable => (Tuning.IsLora ? Adapters() : Weights()).Select(w => w.Value);

    /// <inheritdoc/>
    public override IEnumerable<(string Name, Tensor Value)> Stored => Tuning.IsLora ? Adapters() : Weights();

    /// <inheritdoc/>
    public override int TokensPerPass => (int)Math.Clamp(MemoryPlan.PassBytes(Device.IsCard()) / 2 / MemoryPlan.BytesPerToken(Config, Tuning.Recompute), 1, Batches.TokensPerPass);

    /// <inheritdoc/>
    public override int AttentionPerPass => (int)Math.Clamp(MemoryPlan.PassBytes(Device.IsCard()) / 2 / MemoryPlan.BytesPerScore(Config, Tuning.Recompute), 1, Batches.AttentionPerPass);

    /// <summary>Reads a checkpoint of a folder: <c>config.json</c> and the weights.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="tuning">Which weights training changes.</param>
    /// <param name="context">Longest sequence that will be used; at most what the model was made for.</param>
    /// <param name="random">Stream for the adapters' first weights.</param>
    /// <param name="device">Where it computes; the processor when null.</param>
    /// <exception cref="InvalidDataException">Something is missing, damaged, or does not fit; one sentence that names it.</exception>
    public static Decoder Load(string folder, Tuning tuning, int context, SeededRandom random, Device? device = null)
    {
        ArgumentNullException.ThrowIfNull(tuning);
        var config = DecoderConfig.Load(Path.Combine(folder, "config.json"));
        if (context > config.MaxPositions)
        {
            throw new InvalidDataException($"The model in '{folder}' was made for at most {config.MaxPositions} tokens, but {context} are asked for.");
        }

        using var weights = SafetensorsFolder.Open(folder);
        Check(folder, config, weights);
        return Of(config, tuning, context, random, device ?? CPU, weights.StoredTypes, (name, shape) => tensor(weights.Read(name), shape));
    }

    /// <summary>A decoder of given weights.</summary>
    /// <param name="config">The model.</param>
    /// <param name="tuning">Which weights training changes.</param>
    /// <param name="context">Longest sequence that will be used.</param>
    /// <param name="random">Stream for the adapters' first weights.</param>
    /// <param name="device">Where it computes.</param>
    /// <param name="storedTypes">Element types that the weights had.</param>
    /// <param name="read">A tensor of the checkpoint by name and shape, float32, on any device; the decoder takes it over.</param>
    public static Decoder Of(DecoderConfig config, Tuning tuning, int context, SeededRandom random, Device device, IReadOnlyList<string> storedTypes, Func<string, long[], Tensor> read)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(tuning);
        ArgumentNullException.ThrowIfNull(random);
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(read);
        var shapes = Shapes(config);
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var blocks = Enumerable.Range(0, config.Layers).Select(i => Block.Read(config, i, Take, tuning.BFloat16)).ToArray();
        var embedding = Take(Embedding);
        var head = config.TiedEmbeddings ? embedding : Take(Head);
        var model = new Decoder(config, tuning, context, storedTypes, embedding, head, Take(LastNorm), blocks, device);
        if (tuning.IsLora)
        {
            foreach (var projection in model.Projections().Where(p => tuning.Targets.Contains(p.Name[(p.Name.LastIndexOf('.') + 1)..], StringComparer.Ordinal)))
            {
                projection.Adapt(tuning, random);
            }
        }
        else
        {
            foreach (var (_, weight) in model.Weights())
            {
                weight.requires_grad = true;
            }
        }

        return model;

        // Norms and biases are few numbers, and their digits count. Rounded before it travels: half the way, and half the room.
        Tensor Take(string name)
        {
            using var reading = NewDisposeScope();
            var stored = read(name, shapes[name]);
            return (tuning.StoresBFloat16 && shapes[name].Length == 2 ? stored.to(ScalarType.BFloat16) : stored).to(device).DetachFromDisposeScope();
        }
    }

    /// <summary>Every tensor that a checkpoint of this kind has, with its shape.</summary>
    public static IReadOnlyDictionary<string, long[]> Shapes(DecoderConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        long d = config.Width, f = config.FeedForward, q = (long)config.Heads * config.HeadWidth, kv = (long)config.KeyValueHeads * config.HeadWidth;
        var shapes = new Dictionary<string, long[]>(StringComparer.Ordinal) { [Embedding] = [config.Vocabulary, d], [LastNorm] = [d] };
        if (!config.TiedEmbeddings)
        {
            shapes[Head] = [config.Vocabulary, d];
        }

        for (var i = 0; i < config.Layers; i++)
        {
            var prefix = Block.Prefix(i);
            (string Name, long Out, long In, bool Bias)[] matrices =
            [
                ("self_attn.q_proj", q, d, config.QkvBias), ("self_attn.k_proj", kv, d, config.QkvBias), ("self_attn.v_proj", kv, d, config.QkvBias),
                ("self_attn.o_proj", d, q, config.OutputBias), ("mlp.gate_proj", f, d, false), ("mlp.up_proj", f, d, false), ("mlp.down_proj", d, f, false),
            ];
            foreach (var (name, outputs, inputs, bias) in matrices)
            {
                shapes[$"{prefix}{name}.weight"] = [outputs, inputs];
                if (bias)
                {
                    shapes[$"{prefix}{name}.bias"] = [outputs];
                }
            }

            foreach (var norm in Block.Norms(config))
            {
                shapes[$"{prefix}{norm}.weight"] = [norm.StartsWith("self_attn.", StringComparison.Ordinal) ? config.HeadWidth : d];
            }
        }

        return shapes;
    }

    /// <summary>Adds the adapters to the weights; training is over then.</summary>
    public void Merge()
    {
        foreach (var projection in Projections())
        {
            projection.Merge();
        }
    }

    /// <summary>Adapters by PEFT's names, A before B; empty without LoRA.</summary>
    public IEnumerable<(string Name, Tensor Value)> Adapters()
    {
        foreach (var projection in Projections())
        {
            if (projection is { Down: { } down, Up: { } up })
            {
                yield return ($"base_model.model.{projection.Name}.lora_A.weight", down);
                yield return ($"base_model.model.{projection.Name}.lora_B.weight", up);
            }
        }
    }

    /// <summary>The weights by the checkpoint's names, without adapters.</summary>
    public IEnumerable<(string Name, Tensor Value)> Weights()
    {
        yield return (Embedding, _embedding);
        foreach (var block in _blocks)
        {
            foreach (var weight in block.Weights())
            {
                yield return weight;
            }
        }

        yield return (LastNorm, _norm);
        if (!Config.TiedEmbeddings)
        {
            yield return (Head, _head);
        }
    }

    /// <summary>Hidden states of whole sequences, for training. Padding at the end does not reach earlier positions.</summary>
    /// <param name="input">Token ids, (B, T) int64, T at most the context.</param>
    /// <returns>(B, T, d), after the last norm.</returns>
    public override Tensor forward(Tensor input)
    {
        ArgumentNullException.ThrowIfNull(input);
        var (batch, length) = (input.shape[0], input.shape[1]);
        if (length > Context)
        {
            throw new ArgumentException($"A sequence of {length} tokens does not fit the context of {Context}.", nameof(input));
        }

        var keep = Tuning.Dropout > 0 && is_grad_enabled() ? DropoutStream : null;
        if (Tuning.Recompute && is_grad_enabled())
        {
            _recorded.Add(Record(input, keep));
            return Norm(_recorded[^1].Last, _norm);
        }

        var x = Embed(input, batch, length);                                              // (B, T, d)
        for (var layer = 0; layer < Layers; layer++)
        {
            x = Through(layer, x, keep);
        }

        return Norm(x, _norm);
    }

    /// <inheritdoc/>
    public override void Backward(Tensor loss)
    {
        base.Backward(loss);
        foreach (var run in _recorded)
        {
            Replay(run);
        }

        DropRecorded();
    }

    // A block of a pass over whole sequences: (B, T, d) to (B, T, d).
    private Tensor Through(int layer, Tensor x, SeededRandom? dropout)
    {
        var (block, length) = (_blocks[layer], x.shape[1]);
        var keep = dropout is null ? null : (Func<Tensor, Tensor>)(t => Drop(t, dropout));
        // What autograd keeps it keeps itself; everything else of a block is freed at its end.
        using var scope = NewDisposeScope();
        var cos = _cos.narrow(0, 0, length).view(1, length, 1, -1);
        var sin = _sin.narrow(0, 0, length).view(1, length, 1, -1);
        var mask = Mask(arange(length, int64, Device).view(1, length), length, Config.Windows[layer]);   // (1, 1, 1, T, T)
        var n = Norm(x, block.AttentionNorm);
        var (q, k, v) = Heads(block, n, cos, sin, keep);
        x = x + After(block.Output.Apply(Attend(q, k.transpose(1, 2), v.transpose(1, 2), mask), keep), block.AfterAttentionNorm);
        x = x + After(FeedForward(block, Norm(x, block.FeedForwardNorm), keep), block.AfterFeedForwardNorm);
        return x.MoveToOuterDisposeScope();
    }

    // ---- gradient checkpointing: a pass keeps the input of every block, and the backward pass computes the blocks again, the last one first ----

    /// <summary>What a pass left for its backward pass.</summary>
    /// <param name="Tokens">(B, T).</param>
    /// <param name="Inputs">Of every block, (B, T, d), without a gradient yet.</param>
    /// <param name="Dropout">The stream as it stood before every block; null without dropout.</param>
    /// <param name="Last">What the last block gave: where the loss leaves its gradient.</param>
    private sealed record Recorded(Tensor Tokens, Tensor[] Inputs, SeededRandom?[] Dropout, Tensor Last);

    private Recorded Record(Tensor tokens, SeededRandom? dropout)
    {
        using var scope = NewDisposeScope();
        var (inputs, streams) = (new Tensor[Layers], new SeededRandom?[Layers]);
        using var noGrad = no_grad();
        var x = Embed(tokens, tokens.shape[0], tokens.shape[1]);
        for (var layer = 0; layer < Layers; layer++)
        {
            (inputs[layer], streams[layer]) = (x.DetachFromDisposeScope(), dropout?.Copy());
            x = Through(layer, x, dropout);
        }

        var last = x.DetachFromDisposeScope();
        last.requires_grad = true;
        return new Recorded(tokens.alias().DetachFromDisposeScope(), inputs, streams, last);
    }

    private void Replay(Recorded run)
    {
        using var scope = NewDisposeScope();
        if (run.Last.grad is not { } gradient)
        {
            // The loss did not depend on this pass.
            return;
        }

        for (var layer = Layers - 1; layer >= 0; layer--)
        {
            using var step = NewDisposeScope();
            var input = run.Inputs[layer];
            // Below the first block there is only the embedding.
            input.requires_grad = layer > 0 || !Tuning.IsLora;
            // The gradient of this sum with respect to the output is the gradient that came from above.
            (Through(layer, input, run.Dropout[layer]) * gradient).sum().backward();
            if (input.grad is not { } below)
            {
                return;
            }

            gradient.Dispose();
            gradient = below.MoveToOuterDisposeScope();
            input.Dispose();
        }

        (Embed(run.Tokens, run.Tokens.shape[0], run.Tokens.shape[1]) * gradient).sum().backward();
    }

    private void DropRecorded()
    {
        foreach (var run in _recorded)
        {
            run.Tokens.Dispose();
            run.Last.Dispose();
            foreach (var input in run.Inputs)
            {
                input.Dispose();
            }
        }

        _recorded.Clear();
    }

    /// <inheritdoc/>
    public override Tensor Logits(Tensor hidden)
    {
        ArgumentNullException.ThrowIfNull(hidden);
        return Cap(Tuning.BFloat16 ? Product(hidden, _head, null) : nn.functional.linear(hidden, _head), Config.LogitCap);
    }

    /// <summary>x W^T + b with the product in bfloat16 and a sum in float32 before and after.</summary>
    internal static Tensor Product(Tensor x, Tensor weight, Tensor? bias)
    {
        var product = nn.functional.linear(x.to(ScalarType.BFloat16), weight.to(ScalarType.BFloat16)).to(float32);
        return bias is null ? product : product + bias;
    }

    /// <inheritdoc/>
    public override Tensor Continue(Tensor tokens, int[] start, int[] count, CacheRows cache)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        ArgumentNullException.ThrowIfNull(start);
        ArgumentNullException.ThrowIfNull(count);
        ArgumentNullException.ThrowIfNull(cache);
        var (batch, added) = (tokens.shape[0], tokens.shape[1]);
        var positions = tensor(start.Select(s => (long)s).ToArray(), device: Device).view(batch, 1) + arange(added, int64, Device).view(1, added);       // (B, N)
        // Padding may point past the tables; it is clamped, and its result is never read.
        var angles = positions.clamp_max(Context - 1).view(-1);
        var cos = _cos.index_select(0, angles).view(batch, added, 1, -1);
        var sin = _sin.index_select(0, angles).view(batch, added, 1, -1);
        var slots = positions.clamp_max(cache.Width - 1).view(batch, 1, added, 1).expand(batch, CacheHeads, added, HeadWidth);
        var fused = FusesAttention;
        var groups = Config.Heads / CacheHeads;
        var masks = Config.Windows.Distinct().ToDictionary(w => w, w => fused
            ? Mask(positions, cache.Width, w).to(CacheType).expand(batch, 1, groups, added, cache.Width).reshape(batch, 1, groups * added, cache.Width)
            : Mask(positions, cache.Width, w));                                           // (B, 1, 1, N, W), or as the queries lie
        var x = Embed(tokens, batch, added);                                              // (B, N, d)
        for (var layer = 0; layer < Layers; layer++)
        {
            using var scope = NewDisposeScope();
            var block = _blocks[layer];
            var (q, k, v) = Heads(block, Norm(x, block.AttentionNorm), cos, sin, keep: null);
            cache.Keys[layer].scatter_(2, slots, k.transpose(1, 2).to(CacheType));
            cache.Values[layer].scatter_(2, slots, v.transpose(1, 2).to(CacheType));
            var (keys, values, mask) = (cache.Keys[layer], cache.Values[layer], masks[Config.Windows[layer]]);
            var attended = fused ? AttendFused(q, keys, values, mask) : Attend(q.to(CacheType), keys, values, mask);
            x = x + After(block.Output.Apply(attended, null), block.AfterAttentionNorm);
            x = x + After(FeedForward(block, Norm(x, block.FeedForwardNorm), null), block.AfterFeedForwardNorm);
            x.MoveToOuterDisposeScope();
        }

        var last = tensor(count.Select(c => c - 1L).ToArray(), device: Device);
        var final = added == 1 ? x.select(1, 0) : x.gather(1, last.view(batch, 1, 1).expand(batch, 1, Width)).squeeze(1);
        return Logits(Norm(final, _norm));
    }

    /// <inheritdoc/>
    public override LanguageModel Copy()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var embedding = Twin(_embedding);
        return new Decoder(Config, Tuning, Context, StoredTypes, embedding, Config.TiedEmbeddings ? embedding : Twin(_head), Twin(_norm), [.. _blocks.Select(b => b.Copy(Tuning.IsLora))], Device);

        Tensor Twin(Tensor weight) => (Tuning.IsLora ? weight.alias() : weight.detach().clone()).DetachFromDisposeScope();
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            DropRecorded();
            _embedding.Dispose();
            _head.Dispose();
            _norm.Dispose();
            _cos.Dispose();
            _sin.Dispose();
            foreach (var block in _blocks)
            {
                block.Dispose();
            }
        }

        base.Dispose(disposing);
    }

    // Names what is missing, what is too much, and what has another shape, before anything is read.
    private static void Check(string folder, DecoderConfig config, SafetensorsFolder weights)
    {
        var shapes = Shapes(config);
        foreach (var (name, shape) in shapes.OrderBy(s => s.Key, StringComparer.Ordinal))
        {
            if (!weights.Contains(name))
            {
                throw new InvalidDataException($"The weights in '{folder}' lack the tensor '{name}' of shape [{string.Join(", ", shape)}].");
            }

            if (!weights.Shape(name).SequenceEqual(shape))
            {
                throw new InvalidDataException($"The tensor '{name}' in '{folder}' has the shape [{string.Join(", ", weights.Shape(name))}], but config.json makes it [{string.Join(", ", shape)}].");
            }
        }

        // Buffers that old checkpoints carry and that are computed here; a tied head that is written out nevertheless.
        var extra = weights.Names.Where(n => !shapes.ContainsKey(n) && !n.EndsWith(".rotary_emb.inv_freq", StringComparison.Ordinal) && !(config.TiedEmbeddings && n == Head)).ToList();
        if (extra.Count > 0)
        {
            throw new InvalidDataException($"The weights in '{folder}' have {extra.Count} tensors that a {config.Family} model does not have, such as '{extra[0]}'.");
        }
    }

    private static (Tensor Cos, Tensor Sin) RotaryTables(DecoderConfig config, int context, Device device)
    {
        var half = config.HeadWidth / 2;
        var (cos, sin) = (new float[context * half], new float[context * half]);
        for (var i = 0; i < half; i++)
        {
            var frequency = Scaled(Math.Pow(config.RopeBase, -(2.0 * i) / config.HeadWidth), config.RopeScaling);
            for (var position = 0; position < context; position++)
            {
                cos[(position * half) + i] = (float)Math.Cos(position * frequency);
                sin[(position * half) + i] = (float)Math.Sin(position * frequency);
            }
        }

        return (tensor(cos, [context, half], device: device).DetachFromDisposeScope(), tensor(sin, [context, half], device: device).DetachFromDisposeScope());
    }

    private static double Scaled(double frequency, RopeScaling? scaling)
    {
        switch (scaling)
        {
            case null:
                return frequency;
            case { Kind: "linear" }:
                return frequency / scaling.Factor;
            default:
                // Long waves are stretched, short ones are left alone, with a ramp between (Llama 3.1).
                var rounds = scaling.OriginalContext * frequency / (2 * Math.PI);
                var smooth = Math.Clamp((rounds - scaling.LowFrequencyFactor) / (scaling.HighFrequencyFactor - scaling.LowFrequencyFactor), 0, 1);
                return ((1 - smooth) * frequency / scaling.Factor) + (smooth * frequency);
        }
    }

    private Tensor Embed(Tensor tokens, long batch, long length)
    {
        var x = _embedding.index_select(0, tokens.view(-1)).to(float32).view(batch, length, Width);
        return Config.IsGemma ? x * Math.Sqrt(Width) : x;
    }

    // Queries (B, K, G N, hd): the G heads that share keys and values stand one after the other, so that one product serves them all.
    private (Tensor Q, Tensor K, Tensor V) Heads(Block block, Tensor n, Tensor cos, Tensor sin, Func<Tensor, Tensor>? keep)
    {
        var (batch, length) = (n.shape[0], n.shape[1]);
        var q = block.Query.Apply(n, keep).view(batch, length, Config.Heads, HeadWidth);
        var k = block.Key.Apply(n, keep).view(batch, length, CacheHeads, HeadWidth);
        var v = block.Value.Apply(n, keep).view(batch, length, CacheHeads, HeadWidth);
        if (block.QueryNorm is not null && block.KeyNorm is not null)
        {
            (q, k) = (Norm(q, block.QueryNorm), Norm(k, block.KeyNorm));
        }

        q = Rotate(q, cos, sin) * Config.AttentionScale;
        var grouped = q.view(batch, length, CacheHeads, Config.Heads / CacheHeads, HeadWidth).permute(0, 2, 3, 1, 4);   // (B, K, G, N, hd)
        return (grouped.reshape(batch, CacheHeads, -1, HeadWidth), Rotate(k, cos, sin), v);
    }

    // q (B, K, G N, hd), keys and values (B, K, W, hd), mask (1 or B, 1, 1, N, W); gives (B, N, H hd). The softmax is in float32 whatever they are.
    private Tensor Attend(Tensor q, Tensor keys, Tensor values, Tensor mask)
    {
        var (batch, width, groups) = (q.shape[0], keys.shape[2], Config.Heads / CacheHeads);
        var length = q.shape[2] / groups;
        var scores = Cap(q.matmul(keys.transpose(-2, -1)).to(float32), Config.AttentionCap).view(batch, CacheHeads, groups, length, width);
        var attention = (scores + mask).softmax(-1).view(batch, CacheHeads, groups * length, width);
        return InTokens(attention.to(values.dtype).matmul(values));
    }

    // The same with a mask (B, 1, G N, W). The operator divides by sqrt(hd), and the queries have their scale already.
    private Tensor AttendFused(Tensor q, Tensor keys, Tensor values, Tensor mask) =>
        InTokens(nn.functional.scaled_dot_product_attention((q * Math.Sqrt(HeadWidth)).to(CacheType), keys, values, mask));

    // (B, K, G N, hd) to (B, N, H hd), float32.
    private Tensor InTokens(Tensor attended)
    {
        var batch = attended.shape[0];
        var length = attended.shape[2] / (Config.Heads / CacheHeads);
        return attended.to(float32).view(batch, Config.Heads, length, HeadWidth).transpose(1, 2).reshape(batch, length, (long)Config.Heads * HeadWidth);
    }

    private Tensor FeedForward(Block block, Tensor n, Func<Tensor, Tensor>? keep)
    {
        var gate = block.Gate.Apply(n, keep);
        var open = Config.IsGemma
            ? 0.5 * gate * (1 + (Math.Sqrt(2 / Math.PI) * (gate + (0.044715 * gate * gate * gate))).tanh())
            : gate.silu();
        return block.Down.Apply(open * block.Up.Apply(n, keep), keep);
    }

    private Tensor After(Tensor x, Tensor? norm) => norm is null ? x : Norm(x, norm);

    private Tensor Norm(Tensor x, Tensor gain)
    {
        var normed = x * (x.square().mean([-1], keepdim: true) + Config.NormEpsilon).rsqrt();
        return Config.IsGemma ? normed * (1 + gain) : normed * gain;
    }

    private static Tensor Cap(Tensor x, double cap) => cap > 0 ? (x / cap).tanh() * cap : x;

    // 0 where position p (B, N) may look at w (0 .. W), -infinity elsewhere. Padding that stands behind all keys looks from the last one: a window from
    // where it stands might show it none, and the softmax of nothing is no number, which would then lie in the row.
    private static Tensor Mask(Tensor positions, long width, int window)
    {
        var (batch, length) = (positions.shape[0], positions.shape[1]);
        var at = positions.clamp_max(width - 1).view(batch, length, 1);
        var keys = arange(width, int64, positions.device).view(1, 1, width);
        var visible = keys.le(at);
        if (window > 0)
        {
            visible = visible.logical_and(keys.gt(at - window));
        }

        return zeros(batch, length, width, device: positions.device).masked_fill(visible.logical_not(), float.NegativeInfinity).view(batch, 1, 1, length, width);
    }

    // Rotary positions in halves: (a cos - b sin, a sin + b cos).
    private static Tensor Rotate(Tensor x, Tensor cos, Tensor sin)
    {
        var half = x.shape[^1] / 2;
        var a = x.narrow(-1, 0, half);
        var b = x.narrow(-1, half, half);
        return cat([(a * cos) - (b * sin), (a * sin) + (b * cos)], -1);
    }

    // A stream of our own, so that the same plan drops the same inputs on every engine.
    private Tensor Drop(Tensor x, SeededRandom stream)
    {
        var keep = new float[x.numel()];
        var scale = (float)(1 / (1 - Tuning.Dropout));
        for (var i = 0; i < keep.Length; i++)
        {
            keep[i] = stream.NextDouble() >= Tuning.Dropout ? scale : 0;
        }

        return x * tensor(keep, x.shape, device: x.device);
    }

    private IEnumerable<Projection> Projections() => _blocks.SelectMany(b => b.Projections());

    private sealed class Block : IDisposable
    {
        public required int Index { get; init; }

        public required Tensor AttentionNorm { get; init; }

        public required Projection Query { get; init; }

        public required Projection Key { get; init; }

        public required Projection Value { get; init; }

        public required Projection Output { get; init; }

        public required Tensor FeedForwardNorm { get; init; }

        public required Projection Gate { get; init; }

        public required Projection Up { get; init; }

        public required Projection Down { get; init; }

        public Tensor? QueryNorm { get; init; }

        public Tensor? KeyNorm { get; init; }

        public Tensor? AfterAttentionNorm { get; init; }

        public Tensor? AfterFeedForwardNorm { get; init; }

        public static string Prefix(int index) => FormattableString.Invariant($"model.layers.{index}.");

        // Gemma calls the norm before the feed-forward part by a name of its own, because the usual one is taken.
        public static IEnumerable<string> Norms(DecoderConfig config) => config.Family switch
        {
            DecoderFamily.Gemma2 => ["input_layernorm", "post_attention_layernorm", "pre_feedforward_layernorm", "post_feedforward_layernorm"],
            DecoderFamily.Qwen3 => ["input_layernorm", "post_attention_layernorm", "self_attn.q_norm", "self_attn.k_norm"],
            _ => ["input_layernorm", "post_attention_layernorm"],
        };

        public static Block Read(DecoderConfig config, int index, Func<string, Tensor> take, bool multiplyInBFloat16)
        {
            var gemma = config.IsGemma;
            return new Block
            {
                Index = index,
                AttentionNorm = Norm("input_layernorm"),
                Query = Matrix("self_attn.q_proj", config.QkvBias),
                Key = Matrix("self_attn.k_proj", config.QkvBias),
                Value = Matrix("self_attn.v_proj", config.QkvBias),
                Output = Matrix("self_attn.o_proj", config.OutputBias),
                FeedForwardNorm = Norm(gemma ? "pre_feedforward_layernorm" : "post_attention_layernorm"),
                Gate = Matrix("mlp.gate_proj", false),
                Up = Matrix("mlp.up_proj", false),
                Down = Matrix("mlp.down_proj", false),
                QueryNorm = config.Family == DecoderFamily.Qwen3 ? Norm("self_attn.q_norm") : null,
                KeyNorm = config.Family == DecoderFamily.Qwen3 ? Norm("self_attn.k_norm") : null,
                AfterAttentionNorm = gemma ? Norm("post_attention_layernorm") : null,
                AfterFeedForwardNorm = gemma ? Norm("post_feedforward_layernorm") : null,
            };

            Tensor Norm(string name) => take($"{Prefix(index)}{name}.weight");

            Projection Matrix(string name, bool bias) => new(Prefix(index) + name, take($"{Prefix(index)}{name}.weight"), bias ? take($"{Prefix(index)}{name}.bias") : null, multiplyInBFloat16);
        }

        public Block Copy(bool share)
        {
            return new Block
            {
                Index = Index,
                AttentionNorm = Twin(AttentionNorm)!,
                Query = Query.Copy(share),
                Key = Key.Copy(share),
                Value = Value.Copy(share),
                Output = Output.Copy(share),
                FeedForwardNorm = Twin(FeedForwardNorm)!,
                Gate = Gate.Copy(share),
                Up = Up.Copy(share),
                Down = Down.Copy(share),
                QueryNorm = Twin(QueryNorm),
                KeyNorm = Twin(KeyNorm),
                AfterAttentionNorm = Twin(AfterAttentionNorm),
                AfterFeedForwardNorm = Twin(AfterFeedForwardNorm),
            };

            Tensor? Twin(Tensor? weight) => (share ? weight?.alias() : weight?.detach().clone())?.DetachFromDisposeScope();
        }

        public IEnumerable<Projection> Projections() => [Query, Key, Value, Output, Gate, Up, Down];

        public IEnumerable<(string Name, Tensor Value)> Weights()
        {
            foreach (var projection in Projections())
            {
                yield return (projection.Name + ".weight", projection.Weight);
                if (projection.Bias is { } bias)
                {
                    yield return (projection.Name + ".bias", bias);
                }
            }

            (string Name, Tensor? Value)[] norms =
            [
                ("input_layernorm", AttentionNorm), ("post_attention_layernorm", AfterAttentionNorm ?? FeedForwardNorm),
                ("pre_feedforward_layernorm", AfterAttentionNorm is null ? null : FeedForwardNorm), ("post_feedforward_layernorm", AfterFeedForwardNorm),
                ("self_attn.q_norm", QueryNorm), ("self_attn.k_norm", KeyNorm),
            ];
            foreach (var (name, value) in norms)
            {
                if (value is not null)
                {
                    yield return ($"{Prefix(Index)}{name}.weight", value);
                }
            }
        }

        public void Dispose()
        {
            foreach (var projection in Projections())
            {
                projection.Dispose();
            }

            foreach (var norm in (Tensor?[])[AttentionNorm, FeedForwardNorm, QueryNorm, KeyNorm, AfterAttentionNorm, AfterFeedForwardNorm])
            {
                norm?.Dispose();
            }
        }
    }
}
