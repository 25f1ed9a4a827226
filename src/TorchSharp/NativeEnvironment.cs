using System.Runtime.InteropServices;

namespace RroDashboard.Engine;

/// <summary>
/// What the libraries under libtorch read from the environment, once, when they are loaded. Only the C environment counts: .NET's own copy does not reach
/// them. Whoever set a variable already meant it. Compiled into the product's training library too where the TorchSharp package takes this project's place.
/// </summary>
internal static partial class NativeEnvironment
{
    // Not named by its version: where it is another C library, there is nothing to set.
    private const string LibC = "libc";

    /// <summary>Sets them; to be called before anything of libtorch is loaded.</summary>
    internal static void Prepare()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        // libgomp: spinning threads on shared cores cost a factor of 20.
        _ = setenv("OMP_WAIT_POLICY", "passive", 0);
        // Libtorch 2.x as published multiplies with MKL, which takes another kernel, and so rounds otherwise, by where a matrix happens to lie in memory. With
        // this the same program gives the same digits again; without it four of seven tests of "same plan, same ledger" failed (TorchSharp 0.107.0).
        _ = setenv("MKL_CBWR", "AUTO", 0);
        // cuBLAS: with it, and only with it, its products give the same digits again.
        _ = setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", 0);
    }

    [LibraryImport(LibC, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int setenv(string name, string value, int overwrite);
}
