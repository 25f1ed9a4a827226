using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.CompilerServices;
using TorchSharp;

namespace RroDashboard.Engine;

/// <summary>The native engine cannot be used; the message says why and what to install.</summary>
public sealed class EngineUnavailableException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>A CUDA card as its runtime describes it.</summary>
/// <param name="Index">Number, from 0.</param>
/// <param name="Name">For example "NVIDIA H100 80GB HBM3".</param>
/// <param name="FreeBytes">Memory that nobody uses now.</param>
/// <param name="TotalBytes">All its memory.</param>
/// <param name="Major">Compute capability before the point.</param>
/// <param name="Minor">Compute capability after the point.</param>
/// <param name="Multiprocessors">Number of streaming multiprocessors.</param>
/// <param name="BytesPerSecond">What its memory can move by its clock and width; 0 where the driver does not tell.</param>
public sealed record CudaCard(int Index, string Name, long FreeBytes, long TotalBytes, int Major, int Minor, int Multiprocessors, double BytesPerSecond);

/// <summary>
/// Start-up order of the native engine (tensor-engine.md 6.10): environment variables through libc before anything is loaded, then
/// the shim, then memory settings and threads, then a check of the linear algebra library.
/// </summary>
public static unsafe partial class EngineSetup
{
    /// <summary>Below this many billions of floating point operations a second the linear algebra is the reference one.</summary>
    public const double MinGigaflops = 10;

    private const string Library = "rro_engine";
    private const string Install = "apt install libtorch-dev libopenblas0-pthread g++";
    private static readonly Lock s_lock = new();
    private static bool s_loaded;
    private static string s_failure = "";
    private static long s_live;
    private static bool s_deterministic;

    /// <summary>Tensors that are alive, in all threads.</summary>
    public static long LiveTensors => Interlocked.Read(ref s_live);

    /// <summary>Speed of the check at start-up, billions of floating point operations a second on one thread.</summary>
    public static double Gigaflops { get; private set; }

    /// <summary>Loads the engine if needed.</summary>
    /// <exception cref="EngineUnavailableException">It cannot be used.</exception>
    public static void Load()
    {
        lock (s_lock)
        {
            if (s_loaded)
            {
                return;
            }

            if (s_failure.Length > 0)
            {
                throw new EngineUnavailableException(s_failure);
            }

            try
            {
                NativeEnvironment.Prepare();
                NativeLibrary.SetDllImportResolver(typeof(EngineSetup).Assembly, Resolve);
                _ = start_version();
                start_keep_memory();
                start_set_threads(1);
                s_loaded = true;
                Gigaflops = MeasureGigaflops();
                RefuseReferenceBlas(Gigaflops);
            }
            catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException or BadImageFormatException or EngineUnavailableException)
            {
                s_loaded = false;
                s_failure = e is EngineUnavailableException
                    ? e.Message
                    : $"The tensor engine cannot be loaded: {FirstLine(e.Message)}. On Debian or Ubuntu: {Install}, then build again.";
                throw new EngineUnavailableException(s_failure, e);
            }
        }
    }

    /// <summary>Loads the engine if needed.</summary>
    /// <param name="reason">Why it cannot be used, as one sentence; empty when it can.</param>
    public static bool TryLoad(out string reason)
    {
        try
        {
            Load();
            reason = "";
            return true;
        }
        catch (EngineUnavailableException e)
        {
            reason = e.Message;
            return false;
        }
    }

    /// <summary>For example "libtorch 1.13.1, OpenBLAS 0.3.21, 1 thread".</summary>
    public static string Describe()
    {
        Load();
        var blas = Marshal.PtrToStringUTF8(Native.rro_blas()) ?? "";
        var words = blas.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var threads = Native.rro_threads();
        return $"libtorch {Marshal.PtrToStringUTF8(Native.rro_version())}, {(words.Length > 1 ? words[0] + " " + words[1] : "other BLAS")}, {threads} thread{(threads == 1 ? "" : "s")}";
    }

    /// <summary>Refuses a linear algebra library that is 40 times too slow (measured) instead of training for an hour.</summary>
    /// <exception cref="EngineUnavailableException">Below <see cref="MinGigaflops"/>.</exception>
    public static void RefuseReferenceBlas(double gigaflops)
    {
        if (gigaflops < MinGigaflops)
        {
            throw new EngineUnavailableException(FormattableString.Invariant(
                $"Matrix products run at {gigaflops:0.0} GFLOP/s, so libtorch uses the reference BLAS: apt install libopenblas0-pthread makes them about 40 times faster."));
        }
    }

    /// <summary>Whether this libtorch computes attention in one operator, without its weights in memory: 2.x does, 1.13 does not.</summary>
    public static bool HasFusedAttention => torch.nn.functional.HasFusedAttention;

    /// <summary>Operators that the binding needs and this libtorch does not have, by name; each is looked up.</summary>
    public static IReadOnlyList<string> MissingOperators()
    {
        Load();
        // The operators are static fields: running the initialisers names all of them.
        foreach (var type in typeof(torch).Assembly.GetTypes().Where(t => !t.ContainsGenericParameters && t.GetFields(BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public).Any(f => f.FieldType == typeof(Op))))
        {
            System.Runtime.CompilerServices.RuntimeHelpers.RunClassConstructor(type.TypeHandle);
        }

        return [.. Op.All.Where(o => !o.Optional && !o.Exists).Select(o => o.FullName).Order(StringComparer.Ordinal)];
    }

    /// <summary>What is known of a card.</summary>
    /// <param name="index">Its number, from 0.</param>
    /// <exception cref="ExternalException">There is no such card, or the CUDA runtime does not answer.</exception>
    public static CudaCard Card(int index)
    {
        const int Room = 256;
        Load();
        var name = stackalloc byte[Room];
        Native.Check(Native.rro_cuda_name(index, name, Room));
        Native.Check(Native.rro_cuda_card(index, 0, out var free, out var total));
        Native.Check(Native.rro_cuda_card(index, 1, out var major, out var minor));
        Native.Check(Native.rro_cuda_card(index, 2, out var multiprocessors, out var bits));
        Native.Check(Native.rro_cuda_card(index, 3, out var kilohertz, out _));
        // Memory of all cards of the last decades is read at both edges of its clock.
        return new CudaCard(index, Marshal.PtrToStringUTF8((nint)name) ?? "", free, total, (int)major, (int)minor, (int)multiprocessors, 2.0 * kilohertz * 1000 * bits / 8);
    }

    /// <summary>Versions of the CUDA runtime that libtorch brought along and of the newest one that the driver can serve, for example "CUDA 13.0, driver for 13.0".</summary>
    /// <exception cref="ExternalException">The CUDA runtime does not answer.</exception>
    public static string CudaVersions()
    {
        Load();
        Native.Check(Native.rro_cuda_card(0, 4, out var runtime, out var driver));
        return FormattableString.Invariant($"CUDA {runtime / 1000}.{runtime % 1000 / 10}, driver for {driver / 1000}.{driver % 1000 / 10}");
    }

    /// <summary>Whether operators take algorithms that give the same digits again, where libtorch has them. Changes nothing that the product does on the processor.</summary>
    /// <returns>Whether they did before.</returns>
    public static bool SetDeterministic(bool on)
    {
        Load();
        var before = s_deterministic;
        if (before != on)
        {
            Native.Check(Native.rro_deterministic(on ? 1 : 0));
            s_deterministic = on;
        }

        return before;
    }

    internal static void Born() => Interlocked.Increment(ref s_live);

    internal static void Died() => Interlocked.Decrement(ref s_live);

    // Best of a few, because another process may hold the core.
    private static double MeasureGigaflops()
    {
        const int Size = 256;
        const int Tries = 5;
        using var scope = torch.NewDisposeScope();
        var a = torch.ones(Size, Size);
        var best = 0.0;
        for (var i = 0; i < Tries; i++)
        {
            var began = Stopwatch.GetTimestamp();
            a.matmul(a);
            best = Math.Max(best, 2.0 * Size * Size * Size / Stopwatch.GetElapsedTime(began).TotalSeconds / 1e9);
        }

        return best;
    }

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path)
    {
        if (name != Library)
        {
            return 0;
        }

        var beside = Path.Combine(AppContext.BaseDirectory, "lib" + Library + ".so");
        return File.Exists(beside)
            ? NativeLibrary.Load(beside)
            : throw new DllNotFoundException($"{beside} is missing, because the build ran without libtorch");
    }

    private static string FirstLine(string text) => text.Split('\n')[0].TrimEnd('.', ' ');

    // Own entry points for the first calls: Native's static constructor would come back here.
    [LibraryImport(Library, EntryPoint = "rro_version")]
    private static partial nint start_version();

    [LibraryImport(Library, EntryPoint = "rro_keep_memory")]
    private static partial void start_keep_memory();

    [LibraryImport(Library, EntryPoint = "rro_set_threads")]
    private static partial void start_set_threads(int threads);
}
