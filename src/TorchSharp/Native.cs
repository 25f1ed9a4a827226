using System.Runtime.InteropServices;
using RroDashboard.Engine;

namespace TorchSharp;

/// <summary>The exported functions of <c>native/shim.cpp</c>.</summary>
internal static unsafe partial class Native
{
    private const string Library = "rro_engine";

    // Any first use of the binding goes through the start-up order of EngineSetup.
    static Native() => EngineSetup.Load();

    internal static string LastError => Marshal.PtrToStringUTF8(rro_error()) ?? "";

    /// <summary>Turns a native failure into an exception with PyTorch's own text.</summary>
    internal static int Check(int result) => result >= 0 ? result : throw new ExternalException(LastError);

    [LibraryImport(Library)]
    internal static partial nint rro_error();

    [LibraryImport(Library)]
    internal static partial nint rro_version();

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint rro_operator(string name, string overload);

    [LibraryImport(Library)]
    internal static partial int rro_call(nint op, Arg* args, int n, Arg* results, int max);

    [LibraryImport(Library)]
    internal static partial void rro_free(nint handle);

    [LibraryImport(Library)]
    internal static partial nint rro_alias(nint handle);

    [LibraryImport(Library)]
    internal static partial int rro_dim(nint handle);

    [LibraryImport(Library)]
    internal static partial void rro_sizes(nint handle, long* sizes);

    [LibraryImport(Library)]
    internal static partial long rro_numel(nint handle);

    [LibraryImport(Library)]
    internal static partial int rro_dtype(nint handle);

    [LibraryImport(Library)]
    internal static partial int rro_device(nint handle, out int index);

    [LibraryImport(Library)]
    internal static partial nint rro_data(nint handle);

    [LibraryImport(Library)]
    internal static partial int rro_is_contiguous(nint handle);

    [LibraryImport(Library)]
    internal static partial int rro_requires_grad(nint handle);

    [LibraryImport(Library)]
    internal static partial int rro_is_leaf(nint handle);

    [LibraryImport(Library)]
    internal static partial int rro_set_requires_grad(nint handle, int on);

    [LibraryImport(Library)]
    internal static partial nint rro_grad(nint handle);

    [LibraryImport(Library)]
    internal static partial int rro_set_grad(nint handle, nint gradient);

    [LibraryImport(Library)]
    internal static partial int rro_backward(nint handle, nint gradient, int retainGraph);

    [LibraryImport(Library)]
    internal static partial int rro_grad_enabled();

    [LibraryImport(Library)]
    internal static partial void rro_set_grad_enabled(int on);

    [LibraryImport(Library)]
    internal static partial int rro_manual_seed(long seed);

    [LibraryImport(Library)]
    internal static partial int rro_cuda_devices();

    [LibraryImport(Library)]
    internal static partial int rro_cuda_synchronize(int device);

    [LibraryImport(Library)]
    internal static partial int rro_deterministic(int on);

    [LibraryImport(Library)]
    internal static partial int rro_cuda_card(int device, int what, out long first, out long second);

    [LibraryImport(Library)]
    internal static partial int rro_cuda_name(int device, byte* name, int room);

    [LibraryImport(Library)]
    internal static partial int rro_threads();

    [LibraryImport(Library)]
    internal static partial void rro_set_threads(int threads);

    [LibraryImport(Library)]
    internal static partial nint rro_blas();

    [LibraryImport(Library)]
    internal static partial void rro_keep_memory();
}

/// <summary>One argument or result as the shim reads it: 16 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Arg
{
    public ArgTag Tag;
    public int Count;
    public long Bits;
}

/// <summary>Kinds of <see cref="Arg"/>, in the shim's order.</summary>
internal enum ArgTag
{
    None,
    Tensor,
    Int,
    Double,
    Bool,
    IntList,
    TensorList,
    DoubleList,
    OptionalTensorList,
    String,
    Device,
}
