#if !TORCHSHARP_PACKAGE
using RroDashboard.Engine;
#endif
using RroDashboard.Core.Plans;

namespace RroDashboard.Training;

/// <summary>The tensor engine as the rest of the product sees it: there, or not, and why.</summary>
public static class TensorEngine
{
    /// <summary>What nobody has seen yet, for whoever is about to rely on it.</summary>
    public const string NeverOnACard = "computing on a card was tested with a simulated one only, and never on a real one: 'src/run.sh bench cuda' compares it with the processor";

    private static readonly System.Collections.Concurrent.ConcurrentDictionary<int, long> s_freeAtFirst = new();

    /// <summary>Name and version, for the run header.</summary>
    public static string Description =>
#if TORCHSHARP_PACKAGE
        $"TorchSharp package, libtorch {TorchSharp.torch.__version__}";
#else
        EngineSetup.Describe();
#endif

    /// <summary>Name and version, and of a card its name and that of its libraries; on the processor nothing more than <see cref="Description"/>.</summary>
    /// <param name="device">As in <see cref="ModelOptions.Device"/>, and there.</param>
    public static string DescriptionOn(string device) => DeviceName.CardOf(device) is { } card ? $"{Description}, {CudaVersions()}cuda:{card} {Card(card)?.Name ?? "(not described)"}" : Description;

    /// <summary>Speed of a matrix product at start-up, for <c>doctor</c>; empty where the engine does not measure it.</summary>
    public static string Speed =>
#if TORCHSHARP_PACKAGE
        "";
#else
        FormattableString.Invariant($", {EngineSetup.Gigaflops:0} GFLOP/s");
#endif

    /// <summary>What the engine can compute on.</summary>
    public static string Devices
    {
        get
        {
            var cards = TorchSharp.torch.cuda.device_count();
            return cards == 0
                ? "cpu; this libtorch sees no CUDA card"
                : $"cpu, {string.Join("; ", Enumerable.Range(0, cards).Select(DescribeCard))}; {CudaVersions()}{NeverOnACard}";
        }
    }

    /// <summary>Whether attention can be computed in one operator, without its weights in memory.</summary>
    public static bool HasFusedAttention =>
#if TORCHSHARP_PACKAGE
        true;
#else
        EngineSetup.HasFusedAttention;
#endif

    /// <summary>Operators that the program needs and this libtorch does not have; always empty with the package, which brings its own.</summary>
    public static IReadOnlyList<string> MissingOperators =>
#if TORCHSHARP_PACKAGE
        [];
#else
        EngineSetup.MissingOperators();
#endif

#if TORCHSHARP_PACKAGE
    // The package loads its libtorch at the first tensor, wherever that is.
#pragma warning disable CA2255 // The only initialiser of this library.
    [System.Runtime.CompilerServices.ModuleInitializer]
#pragma warning restore CA2255
    internal static void Prepare() => RroDashboard.Engine.NativeEnvironment.Prepare();

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

    /// <summary>
    /// Memory of a card that a run of this process can have, and all of it, bytes; null where the engine cannot tell. libtorch keeps what it was once given,
    /// for the next tensors: to the card that is taken, to the next run it is free. So what was free when this process first looked counts as free.
    /// </summary>
    /// <param name="card">Its number; it has to be there.</param>
    public static (long Free, long Total)? CardMemory(int card) => Card(card) is { } found ? (Math.Max(found.FreeBytes, s_freeAtFirst.GetOrAdd(card, found.FreeBytes)), found.TotalBytes) : null;

    /// <summary>What the memory of a card can move by its clock and width, bytes a second; null where the engine cannot tell.</summary>
    /// <param name="card">Its number; it has to be there.</param>
    public static double? CardBytesPerSecond(int card) => Card(card) is { BytesPerSecond: > 0 and var bytes } ? bytes : null;

    internal static bool SetDeterministic(bool on) =>
#if TORCHSHARP_PACKAGE
        false;
#else
        EngineSetup.SetDeterministic(on);
#endif

    private static string DescribeCard(int card) => Card(card) is { } found
        ? FormattableString.Invariant($"cuda:{card} {found.Name} with {found.FreeBytes / 1e9:0.0} of {found.TotalBytes / 1e9:0.0} GB free, compute capability {found.Major}.{found.Minor}, {found.Multiprocessors} multiprocessors")
        : $"cuda:{card}, which the CUDA runtime does not describe";

#if TORCHSHARP_PACKAGE
    // The package has no words for what a card is.
    private static CudaCard? Card(int card) => null;

    private static string CudaVersions() => "";

    private sealed record CudaCard(string Name, long FreeBytes, long TotalBytes, int Major, int Minor, int Multiprocessors, double BytesPerSecond);
#else
    // A runtime that does not answer leaves the card usable: its memory is then not known, and said to be so.
    private static CudaCard? Card(int card)
    {
        try
        {
            return EngineSetup.Card(card);
        }
        catch (System.Runtime.InteropServices.ExternalException)
        {
            return null;
        }
    }

    private static string CudaVersions()
    {
        try
        {
            return EngineSetup.CudaVersions() + ", ";
        }
        catch (System.Runtime.InteropServices.ExternalException)
        {
            return "";
        }
    }
#endif
}
