using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace RroDashboard.Training.Tests.Devices;

/// <summary>The simulated card of native/simulated_card.cpp.</summary>
internal static partial class SimulatedCard
{
    private const string Library = "rro_card";

    // Nothing of libtorch may be touched before it is known to load: an initialiser that fails takes every test with it.
    private static Device? s_device;

    /// <summary>Why there is none, for the tests that are skipped; empty when there is one.</summary>
    public static string WhyNot { get; private set; } = "";

    /// <summary>The card.</summary>
    public static Device Device => s_device ?? throw new InvalidOperationException(WhyNot);

    /// <summary>Transfers from the card to the processor so far.</summary>
    public static long Copies => rro_card_copies();

    // Before anything else: libtorch starts a thread for every kind of device at the first backward pass of the process.
#pragma warning disable CA2255 // The only initialiser of the tests, and it has to be the first thing that happens.
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void Load()
    {
        var path = Path.Combine(AppContext.BaseDirectory, $"lib{Library}.so");
        if (!TensorEngine.TryLoad(out var reason))
        {
            WhyNot = reason;
        }
        else if (!File.Exists(path))
        {
            WhyNot = "the simulated card did not compile against this libtorch";
        }
        else
        {
            NativeLibrary.SetDllImportResolver(typeof(SimulatedCard).Assembly, (name, _, _) => name == Library ? NativeLibrary.Load(path) : 0);
            s_device = new Device((DeviceType)rro_card_kind(), 0);
        }
    }

    [LibraryImport(Library)]
    private static partial int rro_card_kind();

    [LibraryImport(Library)]
    private static partial long rro_card_copies();
}

/// <summary>A test on the simulated card.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SimulatedCardFactAttribute : FactAttribute
{
    /// <inheritdoc/>
    public SimulatedCardFactAttribute() => Skip = SimulatedCard.WhyNot.Length > 0 ? $"skipped: {SimulatedCard.WhyNot}" : null;
}

/// <summary>Tests on the simulated card.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SimulatedCardTheoryAttribute : TheoryAttribute
{
    /// <inheritdoc/>
    public SimulatedCardTheoryAttribute() => Skip = SimulatedCard.WhyNot.Length > 0 ? $"skipped: {SimulatedCard.WhyNot}" : null;
}

/// <summary>Tests on a real card.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class CudaTheoryAttribute : TheoryAttribute
{
    /// <inheritdoc/>
    public CudaTheoryAttribute() => Skip = TensorEngine.TryLoad(out _) && cuda.is_available() ? null : "skipped: no CUDA card";
}

/// <summary>A test on a real card.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class CudaFactAttribute : FactAttribute
{
    /// <inheritdoc/>
    public CudaFactAttribute() => Skip = TensorEngine.TryLoad(out _) && cuda.is_available() ? null : "skipped: no CUDA card";
}
