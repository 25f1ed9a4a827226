using RroDashboard.Core.Plans;
using TorchSharp;
using static TorchSharp.torch;

namespace RroDashboard.Training;

/// <summary>What a run computes on: the processor, or one card of this machine.</summary>
public static class ComputeDevice
{
    /// <summary>Where the tensors of a plan's model live. A card has its number, so that two devices are equal when they are one.</summary>
    /// <exception cref="PlanException">There is no such card; one sentence.</exception>
    public static Device Of(RunPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        return WhyNot(plan.Model.Device) is { } reason ? throw new PlanException(reason)
            : DeviceName.CardOf(plan.Model.Device) is { } card ? device(DeviceType.CUDA, card)
            : CPU;
    }

    /// <summary>Why this machine cannot compute on a device, as one sentence; null when it can. The processor is there whether or not the engine is.</summary>
    /// <param name="name">As in <see cref="ModelOptions.Device"/>.</param>
    /// <exception cref="PlanException">It names nothing.</exception>
    public static string? WhyNot(string name)
    {
        if (DeviceName.CardOf(name) is not { } card)
        {
            return null;
        }

        if (!TensorEngine.TryLoad(out var reason))
        {
            return reason;
        }

        var cards = cuda.device_count();
        return card < cards ? null
            : cards == 0 ? $"Model.Device = '{name}' asks for a CUDA card, but libtorch {__version__} sees none on this machine: set it to cpu, or build with the libtorch of a PyTorch that has CUDA (LIBTORCH_ROOT)."
            : $"Model.Device = '{name}' asks for card {card}, but this machine has {(cards == 1 ? "one, cuda:0" : $"{cards}, cuda:0 to cuda:{cards - 1}")}.";
    }

    /// <summary>Whether it is a device with memory of its own.</summary>
    public static bool IsCard(this Device device)
    {
        ArgumentNullException.ThrowIfNull(device);
        return device.type != DeviceType.CPU;
    }

    /// <summary>
    /// Same digits again on a card as far as libtorch has such algorithms; where it has none it warns and goes on. On the processor nothing changes.
    /// </summary>
    /// <param name="device">What is computed on from here.</param>
    /// <returns>Puts back what was before.</returns>
    public static IDisposable Deterministic(Device device) => new Determinism(device, on: true);

    /// <summary>For passes without gradients: nothing in them adds up in an order of chance, and the algorithms for it would only slow them down.</summary>
    internal static IDisposable Free(Device device) => new Determinism(device, on: false);

    private sealed class Determinism : IDisposable
    {
        private readonly bool? _before;

        public Determinism(Device device, bool on) => _before = device.IsCard() ? TensorEngine.SetDeterministic(on) : null;

        public void Dispose()
        {
            if (_before is { } before)
            {
                TensorEngine.SetDeterministic(before);
            }
        }
    }
}
