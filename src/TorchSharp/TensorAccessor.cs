using static TorchSharp.torch;

namespace TorchSharp.Utils;

/// <summary>The elements of a tensor on the processor.</summary>
public sealed unsafe class TensorAccessor<T>
    where T : unmanaged
{
    private readonly Tensor _tensor;

    internal TensorAccessor(Tensor tensor)
    {
        if (tensor.dtype != TypeOf())
        {
            throw new ArgumentException($"The tensor holds {tensor.dtype}, not {typeof(T).Name}.");
        }

        if (tensor.device.type != DeviceType.CPU)
        {
            throw new InvalidOperationException("Reading data from a non-CPU memory is not supported. Move or copy the tensor to the cpu before reading.");
        }

        _tensor = tensor;
    }

    /// <summary>Number of elements.</summary>
    public long Count => _tensor.numel();

    /// <summary>A copy of the elements, in row order.</summary>
    public T[] ToArray()
    {
        var values = new T[Count];
        CopyTo(values);
        return values;
    }

    /// <summary>Copies the elements, in row order.</summary>
    public void CopyTo(T[] array, int arrayIndex = 0, long tensorIndex = 0)
    {
        using var ordered = _tensor.is_contiguous() ? null : _tensor.contiguous();
        var source = ordered ?? _tensor;
        var count = (int)(Count - tensorIndex);
        new ReadOnlySpan<T>((T*)Native.rro_data(source.Handle) + tensorIndex, count).CopyTo(array.AsSpan(arrayIndex));
        GC.KeepAlive(source);
    }

    /// <summary>Overwrites elements of a contiguous tensor, in row order.</summary>
    public void CopyFrom(ReadOnlySpan<T> array, int arrayIndex = 0, long tensorIndex = 0)
    {
        var values = array[arrayIndex..];
        if (!_tensor.is_contiguous() || values.Length > Count - tensorIndex)
        {
            throw new ArgumentException($"{values.Length} values do not fit a tensor of {Count} in order.");
        }

        values.CopyTo(new Span<T>((T*)Native.rro_data(_tensor.Handle) + tensorIndex, values.Length));
        GC.KeepAlive(_tensor);
    }

    private static ScalarType TypeOf() => default(T) switch
    {
        float => ScalarType.Float32,
        double => ScalarType.Float64,
        long => ScalarType.Int64,
        int => ScalarType.Int32,
        short => ScalarType.Int16,
        sbyte => ScalarType.Int8,
        byte => ScalarType.Byte,
        bool => ScalarType.Bool,
        _ => throw new ArgumentException($"A tensor cannot hold {typeof(T).Name}."),
    };
}
