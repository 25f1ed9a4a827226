using System.Runtime.InteropServices;

namespace TorchSharp;

/// <summary>The subset of TorchSharp 0.106 that this product uses, over a system libtorch.</summary>
public static partial class torch
{
    private static readonly Op s_zeros = new("aten::zeros");
    private static readonly Op s_ones = new("aten::ones");
    private static readonly Op s_empty = new("aten::empty", "memory_format");
    private static readonly Op s_full = new("aten::full");
    private static readonly Op s_zeros_like = new("aten::zeros_like");
    private static readonly Op s_ones_like = new("aten::ones_like");
    private static readonly Op s_arange = new("aten::arange", "start_step");
    private static readonly Op s_cat = new("aten::cat");
    private static readonly Op s_stack = new("aten::stack");

    /// <summary>float32.</summary>
    public const ScalarType float32 = ScalarType.Float32;

    /// <summary>float64.</summary>
    public const ScalarType float64 = ScalarType.Float64;

    /// <summary>int64.</summary>
    public const ScalarType int64 = ScalarType.Int64;

    /// <summary>int32.</summary>
    public const ScalarType int32 = ScalarType.Int32;

    /// <summary>bool.</summary>
    public const ScalarType @bool = ScalarType.Bool;

    /// <summary>The processor.</summary>
    public static Device CPU { get; } = new(DeviceType.CPU);

    /// <summary>The current NVIDIA card.</summary>
    public static Device CUDA { get; } = new(DeviceType.CUDA);

    /// <summary>A device by its description: cpu, cuda, or cuda:N.</summary>
    public static Device device(string description) => new(description);

    /// <summary>A device by its kind and number.</summary>
    public static Device device(DeviceType deviceType, int index = -1) => new(deviceType, index);

    /// <summary>Version of libtorch.</summary>
    public static string __version__ => Marshal.PtrToStringUTF8(Native.rro_version()) ?? "";

    /// <summary>A scope for the tensors that this thread makes from here on.</summary>
    public static DisposeScope NewDisposeScope() => new();

    /// <summary>No operations are recorded for gradients until it is disposed.</summary>
    public static IDisposable no_grad() => new GradMode(enabled: false);

    /// <summary>Operations are recorded again until it is disposed.</summary>
    public static IDisposable enable_grad(bool enabled = true) => new GradMode(enabled);

    /// <summary>Operations are recorded now.</summary>
    public static bool is_grad_enabled() => Native.rro_grad_enabled() != 0;

    /// <summary>Threads of libtorch and of its linear algebra.</summary>
    public static void set_num_threads(int num) => Native.rro_set_threads(num);

    /// <summary>Threads of libtorch.</summary>
    public static int get_num_threads() => Native.rro_threads();

    /// <summary>Zeros.</summary>
    public static Tensor zeros(long[] size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => Made(s_zeros.Call(size, Type(dtype), Value.None, On(device)), requires_grad, names);

    /// <summary>Zeros.</summary>
    public static Tensor zeros(long size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => zeros([size], dtype, device, requires_grad, names);

    /// <summary>Zeros.</summary>
    public static Tensor zeros(long rows, long columns, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => zeros([rows, columns], dtype, device, requires_grad, names);

    /// <summary>Zeros.</summary>
    public static Tensor zeros(long dim0, long dim1, long dim2, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => zeros([dim0, dim1, dim2], dtype, device, requires_grad, names);

    /// <summary>Ones.</summary>
    public static Tensor ones(long[] size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => Made(s_ones.Call(size, Type(dtype), Value.None, On(device)), requires_grad, names);

    /// <summary>Ones.</summary>
    public static Tensor ones(long size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => ones([size], dtype, device, requires_grad, names);

    /// <summary>Ones.</summary>
    public static Tensor ones(long rows, long columns, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => ones([rows, columns], dtype, device, requires_grad, names);

    /// <summary>One value everywhere.</summary>
    public static Tensor full(long[] size, Scalar value, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => Made(s_full.Call(size, value, Type(dtype), Value.None, On(device)), requires_grad, names);

    /// <summary>One value everywhere.</summary>
    public static Tensor full(long size, Scalar value, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => full([size], value, dtype, device, requires_grad, names);

    /// <summary>Whatever was in memory.</summary>
    public static Tensor empty(long[] size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => Made(s_empty.Call(size, Type(dtype), Value.None, On(device)), requires_grad, names);

    /// <summary>Zeros in the shape of another.</summary>
    public static Tensor zeros_like(Tensor input, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) =>
        Made(s_zeros_like.Call(input, Type(dtype), Value.None, On(device)), requires_grad, names);

    /// <summary>Ones in the shape of another.</summary>
    public static Tensor ones_like(Tensor input, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) =>
        Made(s_ones_like.Call(input, Type(dtype), Value.None, On(device)), requires_grad, names);

    /// <summary>0, 1, .. up to a number that is not included.</summary>
    public static Tensor arange(Scalar stop, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) => arange(0L, stop, 1L, dtype, device, requires_grad);

    /// <summary>Numbers from a start in steps up to a stop that is not included.</summary>
    public static Tensor arange(Scalar start, Scalar stop, Scalar step, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) => Made(s_arange.Call(start, stop, step, Type(dtype), Value.None, On(device)), requires_grad);

    /// <summary>A copy of numbers, in one dimension.</summary>
    public static Tensor tensor(float[] rawArray, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => From<float>(rawArray, [rawArray.Length], ScalarType.Float32, dtype, device, requires_grad, names);

    /// <summary>A copy of numbers in a shape.</summary>
    public static Tensor tensor(float[] rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => From<float>(rawArray, dimensions, ScalarType.Float32, dtype, device, requires_grad, names);

    /// <summary>A copy of numbers, in one dimension.</summary>
    public static Tensor tensor(double[] rawArray, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => From<double>(rawArray, [rawArray.Length], ScalarType.Float64, dtype, device, requires_grad, names);

    /// <summary>A copy of numbers, in one dimension.</summary>
    public static Tensor tensor(long[] dataArray, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => From<long>(dataArray, [dataArray.Length], ScalarType.Int64, dtype, device, requires_grad, names);

    /// <summary>A copy of numbers in a shape.</summary>
    public static Tensor tensor(long[] dataArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => From<long>(dataArray, dimensions, ScalarType.Int64, dtype, device, requires_grad, names);

    /// <summary>A copy of flags, in one dimension.</summary>
    public static Tensor tensor(bool[] rawArray, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null) => From<bool>(rawArray, [rawArray.Length], ScalarType.Bool, dtype, device, requires_grad, names);

    /// <summary>Joined along a dimension.</summary>
    public static Tensor cat(IList<Tensor> tensors, long dim = 0) => s_cat.Call(tensors.ToArray(), dim);

    /// <summary>Joined along a new dimension.</summary>
    public static Tensor stack(IEnumerable<Tensor> tensors, long dim = 0) => s_stack.Call(tensors.ToArray(), dim);

    /// <summary>NVIDIA cards.</summary>
    public static class cuda
    {
        /// <summary>There is one that libtorch can use.</summary>
        public static bool is_available() => device_count() > 0;

        /// <summary>How many.</summary>
        public static int device_count() => Native.Check(Native.rro_cuda_devices());

        /// <summary>Waits until a card has done all that it was given.</summary>
        public static void synchronize(Device? device = null) => Native.Check(Native.rro_cuda_synchronize(device?.index ?? -1));
    }

    private static Value Type(ScalarType? dtype) => dtype is { } type ? type : Value.None;

    private static Value On(Device? device) => device is null ? Value.None : device;

    private static Tensor Made(Tensor tensor, bool requiresGrad, string[]? names = null)
    {
        if (names is not null)
        {
            tensor.Dispose();
            throw new NotSupportedException("Named dimensions are not supported by this binding; the TorchSharp package has them.");
        }

        if (requiresGrad)
        {
            tensor.requires_grad = true;
        }

        return tensor;
    }

    private static Tensor From<T>(ReadOnlySpan<T> values, ReadOnlySpan<long> dimensions, ScalarType own, ScalarType? dtype, Device? device, bool requiresGrad, string[]? names)
        where T : unmanaged
    {
        long[] shape = [.. dimensions];
        if (shape.Aggregate(1L, (a, b) => a * b) != values.Length)
        {
            throw new ArgumentException($"{values.Length} values do not fit the shape [{string.Join(", ", shape)}].");
        }

        var tensor = s_empty.Call(shape, own);
        tensor.data<T>().CopyFrom(values);
        if (dtype is { } type && type != own)
        {
            using var before = tensor;
            tensor = before.to(type);
        }

        if (device is not null && device.type != DeviceType.CPU)
        {
            using var before = tensor;
            tensor = before.to(device);
        }

        return Made(tensor, requiresGrad, names);
    }

    private sealed class GradMode : IDisposable
    {
        private readonly bool _before = is_grad_enabled();

        public GradMode(bool enabled) => Native.rro_set_grad_enabled(enabled ? 1 : 0);

        public void Dispose() => Native.rro_set_grad_enabled(_before ? 1 : 0);
    }
}
