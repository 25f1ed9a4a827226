using System.Globalization;
using static TorchSharp.torch;

namespace TorchSharp;

/// <summary>The only element of a tensor as a number, whatever its element type.</summary>
public static class TensorExtensionMethods
{
    /// <summary>As a float.</summary>
    public static float ToSingle(this Tensor value) => Convert.ToSingle(Only(value), CultureInfo.InvariantCulture);

    /// <summary>As a double.</summary>
    public static double ToDouble(this Tensor value) => Convert.ToDouble(Only(value), CultureInfo.InvariantCulture);

    /// <summary>As an int.</summary>
    public static int ToInt32(this Tensor value) => Convert.ToInt32(Only(value), CultureInfo.InvariantCulture);

    /// <summary>As a long.</summary>
    public static long ToInt64(this Tensor value) => Convert.ToInt64(Only(value), CultureInfo.InvariantCulture);

    /// <summary>As a bool.</summary>
    public static bool ToBoolean(this Tensor value) => Convert.ToBoolean(Only(value), CultureInfo.InvariantCulture);

    // From wherever it is: one number comes to the processor.
    private static object Only(Tensor value)
    {
        if (value.device.type == DeviceType.CPU)
        {
            return Read(value);
        }

        using var near = value.cpu();
        return Read(near);
    }

    private static object Read(Tensor value) => value.dtype switch
    {
        ScalarType.Float32 => value.item<float>(),
        ScalarType.Float64 => value.item<double>(),
        ScalarType.Int64 => value.item<long>(),
        ScalarType.Int32 => value.item<int>(),
        ScalarType.Bool => value.item<bool>(),
        ScalarType.Byte => value.item<byte>(),
        _ => value.to(ScalarType.Float32).item<float>(),
    };
}
