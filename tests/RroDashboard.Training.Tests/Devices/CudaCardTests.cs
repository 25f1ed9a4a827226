using RroDashboard.Training.Model;
using static TorchSharp.torch;

namespace RroDashboard.Training.Tests.Devices;

/// <summary>
/// A real card against the processor: same checkpoint, same tokens. Its kernels add up in another order, so numbers agree to about five digits in float32
/// and to the stated share in bfloat16. Skipped where there is no card; whoever has one has the first results of these.
/// </summary>
public sealed class CudaCardTests
{
    private const double Float32 = 1e-4;
    private const double BFloat16 = 0.03;

    public static TheoryData<string> Families => ["llama3", "llama-linear", "qwen2", "qwen2.5-window", "qwen3", "gemma2"];

    private static Device Card => device("cuda:0");

    [CudaTheory]
    [MemberData(nameof(Families))]
    public void Logits_OnACard_AreTheProcessors(string family)
    {
        using var scope = NewDisposeScope();
        foreach (var (tuning, tolerance) in ((Tuning, double)[])[(DeviceComparison.Lora, Float32), (DeviceComparison.Lora with { BFloat16 = true }, BFloat16)])
        {
            using var near = DeviceComparison.Model(family, tuning, CPU);
            using var far = DeviceComparison.Model(family, tuning, Card);
            Assert.InRange(DeviceComparison.Difference(DeviceComparison.Logits(near), DeviceComparison.Logits(far)), 0, tolerance);
        }
    }

    [CudaTheory]
    [MemberData(nameof(Families))]
    public void Step_OnACard_HasTheProcessorsLossAndGradients(string family)
    {
        using var scope = NewDisposeScope();
        foreach (var tuning in (Tuning[])[Tuning.Full, DeviceComparison.Lora with { Recompute = true }])
        {
            using var near = DeviceComparison.Model(family, tuning, CPU);
            using var far = DeviceComparison.Model(family, tuning, Card);
            using var again = DeviceComparison.Model(family, tuning, Card);
            var expected = DeviceComparison.Step(near);
            using var deterministic = ComputeDevice.Deterministic(Card);
            var (actual, repeated) = (DeviceComparison.Step(far), DeviceComparison.Step(again));
            Assert.Equal(expected.Loss, actual.Loss, Float32 * expected.Loss);
            Assert.InRange(DeviceComparison.Difference(expected.Gradients, actual.Gradients), 0, Float32);
            Assert.InRange(DeviceComparison.UpdateDifference(expected, actual), 0, Float32);
            Assert.Equal(actual.Gradients, repeated.Gradients);
        }
    }

    [CudaTheory]
    [MemberData(nameof(Families))]
    public void Sample_GreedyOnACard_WritesTheProcessorsTokens(string family)
    {
        using var scope = NewDisposeScope();
        using var near = DeviceComparison.Model(family, Tuning.Full, CPU);
        using var far = DeviceComparison.Model(family, Tuning.Full, Card);

        Assert.Equal(DeviceComparison.Sample(near, 0), DeviceComparison.Sample(far, 0));
    }
}
