using RroDashboard.Core.Plans;
using RroDashboard.Core.Statistics;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace RroDashboard.Training.Model;

/// <summary>Which weights of a published checkpoint training changes.</summary>
/// <param name="Rank">r of LoRA; 0 tunes all weights.</param>
/// <param name="Alpha">LoRA's alpha: what the adapters say is scaled by alpha / r.</param>
/// <param name="Targets">Names of the matrices that get an adapter, for example q_proj.</param>
/// <param name="Dropout">Share of an adapter's inputs that is dropped in supervised fine-tuning, 0 .. 1.</param>
public sealed record Tuning(int Rank, double Alpha, IReadOnlyList<string> Targets, double Dropout)
{
    /// <summary>Matrices that can have an adapter.</summary>
    public static IReadOnlyList<string> AllTargets { get; } = ModelOptions.LoraTargetChoices();

    /// <summary>Everything is tuned.</summary>
    public static Tuning Full { get; } = new(0, 0, [], 0);

    /// <summary>Adapters instead of the weights themselves.</summary>
    public bool IsLora => Rank > 0;

    /// <summary>alpha / r.</summary>
    public double Scale => Alpha / Rank;

    /// <summary>Blocks are computed again in the backward pass instead of being kept.</summary>
    public bool Recompute { get; init; }

    /// <summary>Matrices are multiplied in bfloat16, and kept in it where they are not trained.</summary>
    public bool BFloat16 { get; init; }

    /// <summary>Matrices are kept in bfloat16: those that are trained need all their digits.</summary>
    public bool StoresBFloat16 => BFloat16 && IsLora;
}

/// <summary>A matrix of a decoder with its bias and its adapter (Hu et al., 2021): x W^T + b + (alpha / r) (x A^T) B^T.</summary>
internal sealed class Projection(string name, Tensor weight, Tensor? bias, bool multiplyInBFloat16) : IDisposable
{
    /// <summary>Its name in the checkpoint, without ".weight".</summary>
    public string Name { get; } = name;

    /// <summary>(out, in).</summary>
    public Tensor Weight { get; } = weight;

    /// <summary>(out).</summary>
    public Tensor? Bias { get; } = bias;

    /// <summary>A, (r, in); null without an adapter.</summary>
    public Parameter? Down { get; private set; }

    /// <summary>B, (out, r).</summary>
    public Parameter? Up { get; private set; }

    private double Scale { get; set; }

    /// <summary>Gives it an adapter that changes nothing yet: A as PEFT draws it, uniform within 1 / sqrt(in), B zero.</summary>
    public void Adapt(Tuning tuning, SeededRandom random)
    {
        var (outputs, inputs) = (Weight.shape[0], Weight.shape[1]);
        var bound = 1 / Math.Sqrt(inputs);
        var values = new float[tuning.Rank * inputs];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = (float)(((2 * random.NextDouble()) - 1) * bound);
        }

        Scale = tuning.Scale;
        Down = nn.Parameter(tensor(values, [tuning.Rank, inputs], device: Weight.device));
        Up = nn.Parameter(zeros(outputs, tuning.Rank, device: Weight.device));
        Down.DetachFromDisposeScope();
        Up.DetachFromDisposeScope();
    }

    /// <summary>Adds the adapter to the weights and drops it.</summary>
    public void Merge()
    {
        if (Down is null || Up is null)
        {
            return;
        }

        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        Weight.add_(Up.matmul(Down), Scale);
        Down.Dispose();
        Up.Dispose();
        (Down, Up) = (null, null);
    }

    /// <summary>The same matrix with an adapter of its own; the weights are shared, or copied where they are trained.</summary>
    public Projection Copy(bool shareWeights)
    {
        var copy = new Projection(Name, shareWeights ? Weight.alias().DetachFromDisposeScope() : Clone(Weight), Bias is null ? null : shareWeights ? Bias.alias().DetachFromDisposeScope() : Clone(Bias), multiplyInBFloat16) { Scale = Scale };
        if (Down is not null && Up is not null)
        {
            copy.Down = nn.Parameter(Down.detach().clone(), requires_grad: false);
            copy.Up = nn.Parameter(Up.detach().clone(), requires_grad: false);
            copy.Down.DetachFromDisposeScope();
            copy.Up.DetachFromDisposeScope();
        }

        return copy;
    }

    /// <summary>Applies it.</summary>
    /// <param name="x">(.., in).</param>
    /// <param name="keep">What dropout leaves of the adapter's input, with its scaling; null for all.</param>
    public Tensor Apply(Tensor x, Func<Tensor, Tensor>? keep)
    {
        var y = multiplyInBFloat16 ? Decoder.Product(x, Weight, Bias) : nn.functional.linear(x, Weight, Bias);
        if (Down is null || Up is null)
        {
            return y;
        }

        var input = keep is null ? x : keep(x);
        return y + (nn.functional.linear(nn.functional.linear(input, Down), Up) * Scale);
    }

    public void Dispose()
    {
        Weight.Dispose();
        Bias?.Dispose();
        Down?.Dispose();
        Up?.Dispose();
    }

    private static Tensor Clone(Tensor tensor) => tensor.detach().clone().DetachFromDisposeScope();
}
