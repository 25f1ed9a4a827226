#if !TORCHSHARP_PACKAGE
using RroDashboard.Engine;
#endif

namespace RroDashboard.Training;

/// <summary>The tensor engine as the rest of the product sees it: there, or not, and why.</summary>
public static class TensorEngine
{
    /// <summary>Name and version, for the run header.</summary>
    public static string Description =>
#if TORCHSHARP_PACKAGE
        $"TorchSharp package, libtorch {TorchSharp.torch.__version__}";
#else
        EngineSetup.Describe();
#endif

    /// <summary>Speed of a matrix product at start-up, for <c>doctor</c>; empty where the engine does not measure it.</summary>
    public static string Speed =>
#if TORCHSHARP_PACKAGE
        "";
#else
        FormattableString.Invariant($", {EngineSetup.Gigaflops:0} GFLOP/s");
#endif

    /// <summary>What the engine can compute on.</summary>
    public static string Devices => TorchSharp.torch.cuda.is_available()
        ? $"processor and {TorchSharp.torch.cuda.device_count()} CUDA cards; models are computed on the processor so far"
        : "processor; this libtorch sees no CUDA card";

    /// <summary>Operators that the program uses and this libtorch does not have; always empty with the package, which brings its own.</summary>
    public static IReadOnlyList<string> MissingOperators =>
#if TORCHSHARP_PACKAGE
        [];
#else
        EngineSetup.MissingOperators();
#endif

    /// <summary>Loads the engine if needed.</summary>
    /// <param name="reason">Why it cannot be used, as one sentence; empty when it can.</param>
    public static bool TryLoad(out string reason)
    {
#if TORCHSHARP_PACKAGE
        try
        {
            using var one = TorchSharp.torch.ones(1);
            reason = "";
            return true;
        }
        catch (Exception e) when (e is TypeInitializationException or DllNotFoundException or NotSupportedException)
        {
            reason = "The TorchSharp package cannot load its libtorch: " + e.GetBaseException().Message;
            return false;
        }
#else
        return EngineSetup.TryLoad(out reason);
#endif
    }
}
