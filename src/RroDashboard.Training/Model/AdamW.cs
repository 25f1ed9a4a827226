using TorchSharp;
using static TorchSharp.torch;

namespace RroDashboard.Training.Model;

/// <summary>
/// AdamW (Loshchilov and Hutter, 2019) written with plain operations in PyTorch's order, so that both tensor engines give the
/// same digits (tensor-engine.md 3: the packaged optimiser differs in the fifth digit after three steps).
/// </summary>
public sealed class AdamW : IDisposable
{
    private const double Beta1 = 0.9;
    private const double Beta2 = 0.98;
    private const double Epsilon = 1e-8;

    private readonly Tensor[] _parameters;
    private readonly Tensor[] _first;
    private readonly Tensor[] _second;
    private readonly double _weightDecay;
    private int _updates;

    /// <summary>Optimises every parameter of a model.</summary>
    public AdamW(LanguageModel model, double weightDecay)
    {
        ArgumentNullException.ThrowIfNull(model);
        using var scope = NewDisposeScope();
        _parameters = [.. model.Trainable];
        _first = [.. _parameters.Select(p => zeros_like(p).detach().DetachFromDisposeScope())];
        _second = [.. _parameters.Select(p => zeros_like(p).detach().DetachFromDisposeScope())];
        _weightDecay = weightDecay;
    }

    /// <summary>Clears all gradients.</summary>
    public void ZeroGrad()
    {
        foreach (var parameter in _parameters)
        {
            using var gradient = parameter.grad;
            gradient?.zero_();
        }
    }

    /// <summary>Scales all gradients down to a global norm.</summary>
    /// <returns>The norm before.</returns>
    public double ClipGradients(double maxNorm)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var gradients = _parameters.Select(p => p.grad).Where(g => g is not null).Select(g => g!).ToArray();
        var norm = Math.Sqrt(stack(gradients.Select(g => g.square().sum())).sum().ToDouble());
        if (norm > maxNorm)
        {
            foreach (var gradient in gradients)
            {
                gradient.mul_(maxNorm / (norm + 1e-6));
            }
        }

        return norm;
    }

    /// <summary>One update.</summary>
    public void Step(double learningRate)
    {
        using var noGrad = no_grad();
        _updates++;
        var correction1 = 1 - Math.Pow(Beta1, _updates);
        var correction2 = Math.Sqrt(1 - Math.Pow(Beta2, _updates));
        for (var i = 0; i < _parameters.Length; i++)
        {
            using var scope = NewDisposeScope();
            if (_parameters[i].grad is not { } gradient)
            {
                continue;
            }

            if (_weightDecay > 0)
            {
                _parameters[i].mul_(1 - (learningRate * _weightDecay));
            }

            _first[i].mul_(Beta1).add_(gradient, 1 - Beta1);
            _second[i].mul_(Beta2).addcmul_(gradient, gradient, 1 - Beta2);
            var denominator = _second[i].sqrt().div_(correction2).add_(Epsilon);
            _parameters[i].addcdiv_(_first[i], denominator, -learningRate / correction1);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var t in _first.Concat(_second))
        {
            t.Dispose();
        }
    }
}
