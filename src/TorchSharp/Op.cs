using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace TorchSharp;

/// <summary>An argument of an operator. Holds the managed object too, so that a collection during the call cannot free it.</summary>
internal readonly struct Value
{
    internal readonly ArgTag Tag;
    internal readonly int Count;
    internal readonly long Bits;
    internal readonly object? Object;

    private Value(ArgTag tag, long bits, object? value = null, int count = 0) => (Tag, Bits, Object, Count) = (tag, bits, value, count);

    internal static Value None => default;

    internal static Value Optional(Tensor? tensor) => tensor is null ? default : (Value)tensor;

    internal static Value Optional(long? number) => number is { } value ? value : default;

    internal static Value OptionalTensors(Tensor?[] tensors) => new(ArgTag.OptionalTensorList, 0, tensors, tensors.Length);

    public static implicit operator Value(Tensor tensor) => new(ArgTag.Tensor, tensor.Handle, tensor);

    public static implicit operator Value(long number) => new(ArgTag.Int, number);

    public static implicit operator Value(int number) => new(ArgTag.Int, number);

    public static implicit operator Value(double number) => new(ArgTag.Double, BitConverter.DoubleToInt64Bits(number));

    public static implicit operator Value(bool flag) => new(ArgTag.Bool, flag ? 1 : 0);

    public static implicit operator Value(Scalar scalar) => scalar.IsFloat ? (Value)scalar.AsDouble : (Value)scalar.AsLong;

    public static implicit operator Value(ScalarType type) => (long)type;

    public static implicit operator Value(long[] numbers) => new(ArgTag.IntList, 0, numbers, numbers.Length);

    public static implicit operator Value(Tensor[] tensors) => new(ArgTag.TensorList, 0, tensors, tensors.Length);

    public static implicit operator Value(string text) => new(ArgTag.String, 0, System.Text.Encoding.UTF8.GetBytes(text));

    public static implicit operator Value(Device device) => new(ArgTag.Device, (long)device.type, null, device.index);
}

/// <summary>An operator of libtorch, looked up once. The only place that calls into native code with tensors.</summary>
internal sealed unsafe class Op
{
    private const int MaxResults = 256;
    private static readonly List<Op> s_all = [];
    private readonly string name;
    private readonly string overload;
    private nint _handle;
    private bool _missing;

    internal Op(string name, string overload = "", bool optional = false)
    {
        (this.name, this.overload, Optional) = (name, overload, optional);
        lock (s_all)
        {
            s_all.Add(this);
        }
    }

    /// <summary>Every operator that was named so far.</summary>
    internal static IReadOnlyList<Op> All
    {
        get
        {
            lock (s_all)
            {
                return [.. s_all];
            }
        }
    }

    /// <summary>Name and overload.</summary>
    internal string FullName => overload.Length > 0 ? $"{name}.{overload}" : name;

    /// <summary>The program asks first, and has another way where it is missing.</summary>
    internal bool Optional { get; }

    /// <summary>This libtorch has it.</summary>
    internal bool Exists
    {
        get
        {
            // A look that finds nothing is an exception inside libtorch: .2 ms, so once is enough.
            if (_handle == 0 && !_missing)
            {
                _handle = Native.rro_operator(name, overload);
                _missing = _handle == 0;
            }

            return _handle != 0;
        }
    }

    /// <summary>Calls an operator with one result.</summary>
    internal Tensor Call(params ReadOnlySpan<Value> values)
    {
        Arg result = default;
        var count = Invoke(values, &result, 1);
        return count == 1 && result.Tag == ArgTag.Tensor ? new Tensor((nint)result.Bits) : throw new InvalidOperationException($"{name} did not give one tensor.");
    }

    /// <summary>Calls an operator whose result is not needed: in-place ones give back their own tensor.</summary>
    internal void Run(params ReadOnlySpan<Value> values)
    {
        Arg result = default;
        if (Invoke(values, &result, 1) == 1 && result.Tag == ArgTag.Tensor)
        {
            Native.rro_free((nint)result.Bits);
        }
    }

    /// <summary>Calls an operator with several tensors as its result.</summary>
    internal Tensor[] CallMany(params ReadOnlySpan<Value> values)
    {
        var results = stackalloc Arg[MaxResults];
        var count = Invoke(values, results, MaxResults);
        var tensors = new Tensor[count];
        for (var i = 0; i < count; i++)
        {
            tensors[i] = new Tensor((nint)results[i].Bits);
        }

        return tensors;
    }

    private int Invoke(ReadOnlySpan<Value> values, Arg* results, int max)
    {
        if (_handle == 0)
        {
            _handle = Native.rro_operator(name, overload);
            if (_handle == 0)
            {
                throw new ExternalException(Native.LastError);
            }
        }

        var args = stackalloc Arg[values.Length];
        var room = 0;
        foreach (ref readonly var value in values)
        {
            room += value.Object is Array array ? array.Length : 0;
        }

        var list = stackalloc long[room];
        for (var i = 0; i < values.Length; i++)
        {
            ref readonly var value = ref values[i];
            args[i] = new Arg { Tag = value.Tag, Count = value.Count, Bits = value.Bits };
            if (value.Object is long[] numbers)
            {
                numbers.CopyTo(new Span<long>(list, numbers.Length));
                args[i].Bits = (nint)list;
                list += numbers.Length;
            }
            else if (value.Object is byte[] text)
            {
                text.CopyTo(new Span<byte>(list, text.Length));
                args[i].Bits = (nint)list;
                args[i].Count = text.Length;
                list += (text.Length + sizeof(long) - 1) / sizeof(long);
            }
            else if (value.Object is Tensor?[] tensors)
            {
                for (var j = 0; j < tensors.Length; j++)
                {
                    list[j] = tensors[j] is { } tensor ? tensor.Handle : 0;
                }

                args[i].Bits = (nint)list;
                list += tensors.Length;
            }
        }

        var count = Native.rro_call(_handle, args, values.Length, results, max);
        // Handles were read above; without these a collection during the call could free the tensors under it.
        foreach (ref readonly var value in values)
        {
            GC.KeepAlive(value.Object);
        }

        return Native.Check(count);
    }
}
