using TorchSharp;
using static TorchSharp.torch;

namespace RroDashboard.Training.Model;

/// <summary>
/// A decoder-only causal language model as stages and sampling engine see it: <see cref="CausalLm"/>, trained from scratch, or <see cref="Decoder"/>, a
/// published checkpoint. d = width, V = vocabulary, L = blocks.
/// </summary>
/// <param name="name">Its class.</param>
public abstract class LanguageModel(string name) : nn.Module<Tensor, Tensor>(name)
{
    /// <summary>d.</summary>
    public abstract int Width { get; }

    /// <summary>Where its weights are, and where everything that meets them has to be.</summary>
    public abstract Device Device { get; }

    /// <summary>L.</summary>
    public abstract int Layers { get; }

    /// <summary>Longest sequence.</summary>
    public abstract int Context { get; }

    /// <summary>V.</summary>
    public abstract int Vocabulary { get; }

    /// <summary>Heads that keys and values are kept for.</summary>
    public abstract int CacheHeads { get; }

    /// <summary>Numbers of one head's key or value.</summary>
    public abstract int HeadWidth { get; }

    /// <summary>How keys and values are kept.</summary>
    public virtual ScalarType CacheType => float32;

    /// <summary>Bytes of one number of a key or value.</summary>
    public int CacheNumberBytes => CacheType == ScalarType.BFloat16 ? 2 : sizeof(float);

    /// <summary>Numbers kept of the last token beside its keys and values; 0 for none.</summary>
    public abstract int ProjectionWidth { get; }

    /// <summary>Number of weights.</summary>
    public abstract long ParameterCount { get; }

    /// <summary>Weights that training changes, in a fixed order.</summary>
    public virtual IEnumerable<Tensor> Trainable => parameters();

    /// <summary>Attention weights of one head (rows × length²) that may go through the model with gradients at once.</summary>
    public virtual int AttentionPerPass => Batches.AttentionPerPass;

    /// <summary>Tokens, padding included, that may go through the model with gradients at once.</summary>
    public virtual int TokensPerPass => Batches.TokensPerPass;

    /// <summary>A pass with one token reads as many weights as one with several: tokens that are certain are better fed together.</summary>
    public virtual bool IsLarge => false;

    /// <summary>Weights that a checkpoint of a run stores, by name; what training does not change is not among them where that is large.</summary>
    public virtual IEnumerable<(string Name, Tensor Value)> Stored => named_parameters().Select(p => (p.name, (Tensor)p.parameter));

    /// <summary>Logits of hidden states: (.., d) to (.., V).</summary>
    public abstract Tensor Logits(Tensor hidden);

    /// <summary>
    /// Feeds new tokens to rows whose earlier keys and values are in <paramref name="cache"/>, and adds theirs. Rows may have different
    /// lengths: row b's token j stands at position <c>start[b] + j</c>. Padding at the end of a row writes keys beyond its length, which
    /// later tokens overwrite before anything can look at them.
    /// </summary>
    /// <param name="tokens">(B, N) int64, on <see cref="Device"/>.</param>
    /// <param name="start">Length of each row before, B numbers.</param>
    /// <param name="count">How many of the N tokens of each row are real, 1 .. N.</param>
    /// <param name="cache">Working cache of exactly these rows.</param>
    /// <returns>Logits after each row's last real token, (B, V).</returns>
    public abstract Tensor Continue(Tensor tokens, int[] start, int[] count, CacheRows cache);

    /// <summary>Adds the gradients of a loss to those of <see cref="Trainable"/>. The loss comes from <c>forward</c> calls since the last time.</summary>
    /// <param name="loss">A scalar with a gradient.</param>
    public virtual void Backward(Tensor loss)
    {
        ArgumentNullException.ThrowIfNull(loss);
        loss.backward();
    }

    /// <summary>A second model with the same weights now; what training does not change may be shared.</summary>
    public abstract LanguageModel Copy();
}
