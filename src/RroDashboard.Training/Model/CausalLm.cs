using RroDashboard.Core.Plans;
using RroDashboard.Core.Statistics;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace RroDashboard.Training.Model;

/// <summary>
/// The policy: a decoder-only causal language model with rotary positions, RMS norms, token shift and tied embeddings
/// (learning.md 3). No biases, no dropout. d = width, H = heads, hd = d / H, V = vocabulary, L = blocks.
/// </summary>
/// <remarks>Everything here runs inside the caller's dispose scope; shapes are in the comments.</remarks>
public sealed class CausalLm : LanguageModel
{
    private const double NormEpsilon = 1e-5;
    private const double InitStd = 0.08;
    private const double InitShift = 0.3;
    private const double RopeBase = 10_000;

    private readonly ModelOptions _options;
    private readonly Parameter _embedding; // (V, d)
    private readonly Parameter _norm;      // (d)
    private readonly ModuleList<Block> _blocks;
    private readonly Tensor _cos;          // (context, hd / 2)
    private readonly Tensor _sin;
    private readonly Tensor _causal;       // (context, context), 0 or -inf

    /// <summary>A freshly initialised model; the seed alone decides its weights.</summary>
    /// <param name="options">Sizes.</param>
    /// <param name="vocabulary">V.</param>
    /// <param name="random">Stream for the initial weights.</param>
    /// <param name="device">Where it computes; the processor when null.</param>
    public CausalLm(ModelOptions options, int vocabulary, SeededRandom random, Device? device = null)
        : base(nameof(CausalLm))
    {
        ArgumentNullException.ThrowIfNull(options);
        (_options, Width, Heads, Layers, Context, Vocabulary) = (options, options.Width, options.Heads, options.Layers, options.Context, vocabulary);
        HeadWidth = Width / Heads;
        Device = device ?? CPU;
        using var scope = NewDisposeScope();
        _embedding = Normal(Device, random, InitStd, vocabulary, Width);
        _norm = nn.Parameter(ones(Width, device: Device));
        var residualStd = InitStd / Math.Sqrt(2.0 * Layers);
        _blocks = new ModuleList<Block>([.. Enumerable.Range(0, Layers).Select(_ => new Block(
            nn.Parameter(ones(Width, device: Device)),
            Normal(Device, random, InitStd, Width, 3 * Width),
            options.TokenShift ? nn.Parameter(full(3 * Width, InitShift, device: Device)) : null,
            Normal(Device, random, residualStd, Width, Width),
            nn.Parameter(ones(Width, device: Device)),
            Normal(Device, random, InitStd, Width, options.FeedForwardFactor * Width),
            Normal(Device, random, residualStd, options.FeedForwardFactor * Width, Width)))]);

        var half = HeadWidth / 2;
        var cos = new float[Context * half];
        var sin = new float[Context * half];
        for (var position = 0; position < Context; position++)
        {
            for (var i = 0; i < half; i++)
            {
                var angle = position * Math.Pow(RopeBase, -(double)i / half);
                cos[(position * half) + i] = (float)Math.Cos(angle);
                sin[(position * half) + i] = (float)Math.Sin(angle);
            }
        }

        _cos = tensor(cos, [Context, half], device: Device).DetachFromDisposeScope();
        _sin = tensor(sin, [Context, half], device: Device).DetachFromDisposeScope();
        _causal = full([Context, Context], float.NegativeInfinity, device: Device).triu(1).DetachFromDisposeScope();
        RegisterComponents();
        foreach (var parameter in parameters())
        {
            parameter.DetachFromDisposeScope();
        }
    }

    /// <inheritdoc/>
    public override Device Device { get; }

    /// <inheritdoc/>
    public override int Width { get; }

    /// <summary>H.</summary>
    public int Heads { get; }

    /// <inheritdoc/>
    public override int HeadWidth { get; }

    /// <inheritdoc/>
    public override int Layers { get; }

    /// <inheritdoc/>
    public override int Context { get; }

    /// <inheritdoc/>
    public override int Vocabulary { get; }

    /// <inheritdoc/>
    public override int CacheHeads => Heads;

    /// <inheritdoc/>
    public override int ProjectionWidth => 3 * Width;

    /// <inheritdoc/>
    public override long ParameterCount => parameters().Sum(p => p.numel());

    /// <summary>Hidden states of whole sequences, for training. Padding at the end does not reach earlier positions.</summary>
    /// <param name="input">Token ids, (B, T) int64, T at most the context.</param>
    /// <returns>(B, T, d), after the last norm: multiply by the embedding for logits.</returns>
    public override Tensor forward(Tensor input)
    {
        ArgumentNullException.ThrowIfNull(input);
        var (batch, length) = (input.shape[0], input.shape[1]);
        if (length > Context)
        {
            throw new ArgumentException($"A sequence of {length} tokens does not fit the context of {Context}.", nameof(input));
        }

        var cos = _cos.narrow(0, 0, length).view(1, length, 1, -1);
        var sin = _sin.narrow(0, 0, length).view(1, length, 1, -1);
        var mask = _causal.narrow(0, 0, length).narrow(1, 0, length);
        var x = _embedding.index_select(0, input.view(-1)).view(batch, length, Width);   // (B, T, d)
        foreach (var block in _blocks)
        {
            var z = Rms(x, block.AttentionNorm).matmul(block.Qkv);                        // (B, T, 3d)
            if (block.Shift is { } shift)
            {
                var before = cat([zeros(batch, 1, 3 * Width, device: Device), z.narrow(1, 0, length - 1)], 1);
                z = z + (shift * (before - z));
            }

            var parts = z.view(batch, length, 3, Heads, HeadWidth);
            var q = Rotate(parts.select(2, 0), cos, sin).transpose(1, 2) / Math.Sqrt(HeadWidth);   // (B, H, T, hd)
            var k = Rotate(parts.select(2, 1), cos, sin).transpose(1, 2);
            var v = parts.select(2, 2).transpose(1, 2);
            var attention = (q.matmul(k.transpose(-2, -1)) + mask).softmax(-1);           // (B, H, T, T)
            var mixed = attention.matmul(v).transpose(1, 2).reshape(batch, length, Width);
            x = x + mixed.matmul(block.Output);
            x = x + nn.functional.gelu(Rms(x, block.FeedForwardNorm).matmul(block.Up)).matmul(block.Down);
        }

        return Rms(x, _norm);
    }

    /// <inheritdoc/>
    public override Tensor Logits(Tensor hidden)
    {
        ArgumentNullException.ThrowIfNull(hidden);
        return hidden.matmul(_embedding.t());
    }

    /// <inheritdoc/>
    public override Tensor Continue(Tensor tokens, int[] start, int[] count, CacheRows cache)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        ArgumentNullException.ThrowIfNull(start);
        ArgumentNullException.ThrowIfNull(count);
        ArgumentNullException.ThrowIfNull(cache);
        var (batch, added) = (tokens.shape[0], tokens.shape[1]);
        var starts = new long[batch];
        var lasts = new long[batch];
        for (var b = 0; b < batch; b++)
        {
            (starts[b], lasts[b]) = (start[b], count[b] - 1);
        }

        var positions = tensor(starts, device: Device).view(batch, 1) + arange(added, int64, Device).view(1, added);       // (B, N)
        // Padding may point past the tables; it is clamped, and its result is never read.
        var angles = positions.clamp_max(Context - 1).view(-1);
        var cos = _cos.index_select(0, angles).view(batch, added, 1, -1);
        var sin = _sin.index_select(0, angles).view(batch, added, 1, -1);
        var slots = positions.clamp_max(cache.Width - 1).view(batch, 1, added, 1).expand(batch, Heads, added, HeadWidth);
        var visible = arange(cache.Width, int64, Device).view(1, 1, cache.Width).le(positions.view(batch, added, 1));     // (B, N, W)
        var mask = zeros(batch, added, cache.Width, device: Device).masked_fill(visible.logical_not(), float.NegativeInfinity).unsqueeze(1);
        var last = tensor(lasts, device: Device);
        var x = _embedding.index_select(0, tokens.view(-1)).view(batch, added, Width);   // (B, N, d)
        for (var layer = 0; layer < Layers; layer++)
        {
            using var scope = NewDisposeScope();
            var block = _blocks[layer];
            var z = Rms(x, block.AttentionNorm).matmul(block.Qkv);                        // (B, N, 3d)
            if (block.Shift is { } shift)
            {
                var earlier = cache.Projections[layer].unsqueeze(1);                      // (B, 1, 3d)
                var before = added == 1 ? earlier : cat([earlier, z.narrow(1, 0, added - 1)], 1);
                var unshifted = added == 1
                    ? z.select(1, 0)
                    : z.gather(1, last.view(batch, 1, 1).expand(batch, 1, 3 * Width)).squeeze(1);
                z = z + (shift * (before - z));
                cache.Projections[layer].copy_(unshifted);
            }

            var parts = z.view(batch, added, 3, Heads, HeadWidth);
            var q = Rotate(parts.select(2, 0), cos, sin).transpose(1, 2) / Math.Sqrt(HeadWidth);   // (B, H, N, hd)
            cache.Keys[layer].scatter_(2, slots, Rotate(parts.select(2, 1), cos, sin).transpose(1, 2));
            cache.Values[layer].scatter_(2, slots, parts.select(2, 2).transpose(1, 2));
            var mixed = added == 1
                ? OneQuery(q, cache.Keys[layer], cache.Values[layer], mask)
                : (q.matmul(cache.Keys[layer].transpose(-2, -1)) + mask).softmax(-1).matmul(cache.Values[layer]).transpose(1, 2);
            x = x + mixed.reshape(batch, added, Width).matmul(block.Output);
            x = x + nn.functional.gelu(Rms(x, block.FeedForwardNorm).matmul(block.Up)).matmul(block.Down);
            x.MoveToOuterDisposeScope();
        }

        var final = added == 1 ? x.select(1, 0) : x.gather(1, last.view(batch, 1, 1).expand(batch, 1, Width)).squeeze(1);
        return Logits(Rms(final, _norm));
    }

    /// <inheritdoc/>
    public override LanguageModel Copy()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var copy = new CausalLm(_options, Vocabulary, new SeededRandom(), Device);
        foreach (var (mine, theirs) in copy.parameters().Zip(parameters()))
        {
            mine.copy_(theirs);
        }

        return copy;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _cos.Dispose();
            _sin.Dispose();
            _causal.Dispose();
        }

        base.Dispose(disposing);
    }

    // One query per row: products and sums over the whole batch beat thousands of tiny matrix products (learning.md 12.1).
    private static Tensor OneQuery(Tensor q, Tensor keys, Tensor values, Tensor mask)
    {
        var scores = (q * keys).sum(-1) + mask.squeeze(2);                                // (B, H, W)
        return (scores.softmax(-1).unsqueeze(-1) * values).sum(2);                        // (B, H, hd)
    }

    private static Tensor Rms(Tensor x, Tensor gain) => x * (x.square().mean([-1], keepdim: true) + NormEpsilon).rsqrt() * gain;

    // Rotary positions in halves: (a cos - b sin, a sin + b cos).
    private static Tensor Rotate(Tensor x, Tensor cos, Tensor sin)
    {
        var half = x.shape[^1] / 2;
        var a = x.narrow(-1, 0, half);
        var b = x.narrow(-1, half, half);
        return cat([(a * cos) - (b * sin), (a * sin) + (b * cos)], -1);
    }

    private static Parameter Normal(Device device, SeededRandom random, double std, params long[] shape)
    {
        var values = new float[shape.Aggregate(1L, (a, b) => a * b)];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = (float)(random.NextGaussian() * std);
        }

        return nn.Parameter(tensor(values, shape, device: device));
    }

    private sealed class Block : nn.Module
    {
        public Block(Parameter attentionNorm, Parameter qkv, Parameter? shift, Parameter output, Parameter feedForwardNorm, Parameter up, Parameter down)
            : base(nameof(Block))
        {
            (AttentionNorm, Qkv, Shift, Output, FeedForwardNorm, Up, Down) = (attentionNorm, qkv, shift, output, feedForwardNorm, up, down);
            register_parameter("attention_norm", attentionNorm);
            register_parameter("qkv", qkv);
            if (shift is not null)
            {
                register_parameter("shift", shift);
            }

            register_parameter("output", output);
            register_parameter("feed_forward_norm", feedForwardNorm);
            register_parameter("up", up);
            register_parameter("down", down);
        }

        public Parameter AttentionNorm { get; }   // (d)

        public Parameter Qkv { get; }             // (d, 3d)

        public Parameter? Shift { get; }          // (3d)

        public Parameter Output { get; }          // (d, d)

        public Parameter FeedForwardNorm { get; } // (d)

        public Parameter Up { get; }              // (d, f d)

        public Parameter Down { get; }            // (f d, d)
    }
}
