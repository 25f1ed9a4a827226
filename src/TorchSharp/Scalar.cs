namespace TorchSharp;

/// <summary>A number that an operator takes beside tensors. A value here, without native memory; code only converts to it.</summary>
public readonly struct Scalar
{
    private readonly double _double;
    private readonly long _long;

    private Scalar(double value) => (_double, IsFloat) = (value, true);

    private Scalar(long value) => _long = value;

    internal bool IsFloat { get; }

    internal double AsDouble => _double;

    internal long AsLong => _long;

    /// <summary>From a float.</summary>
    public static implicit operator Scalar(float value) => new((double)value);

    /// <summary>From a double.</summary>
    public static implicit operator Scalar(double value) => new(value);

    /// <summary>From an int.</summary>
    public static implicit operator Scalar(int value) => new((long)value);

    /// <summary>From a long.</summary>
    public static implicit operator Scalar(long value) => new(value);
}
