namespace TorchSharp;

/// <summary>Kinds of devices, with PyTorch's numbers.</summary>
public enum DeviceType
{
    /// <summary>The processor.</summary>
    CPU = 0,

    /// <summary>An NVIDIA card.</summary>
    CUDA = 1,
}

public static partial class torch
{
    /// <summary>Element types, with PyTorch's numbers.</summary>
    public enum ScalarType : sbyte
    {
        /// <summary>uint8.</summary>
        Byte = 0,

        /// <summary>int8.</summary>
        Int8 = 1,

        /// <summary>int16.</summary>
        Int16 = 2,

        /// <summary>int32.</summary>
        Int32 = 3,

        /// <summary>int64.</summary>
        Int64 = 4,

        /// <summary>float16.</summary>
        Float16 = 5,

        /// <summary>float32.</summary>
        Float32 = 6,

        /// <summary>float64.</summary>
        Float64 = 7,

        /// <summary>bool.</summary>
        Bool = 11,

        /// <summary>bfloat16.</summary>
        BFloat16 = 15,
    }

    /// <summary>How a quotient is rounded.</summary>
    public enum RoundingMode
    {
        /// <summary>Not at all.</summary>
        None,

        /// <summary>Towards zero.</summary>
        trunc,

        /// <summary>Down.</summary>
        floor,
    }

    public static partial class nn
    {
        /// <summary>How a loss is reduced over its batch, with PyTorch's numbers.</summary>
        public enum Reduction : long
        {
            /// <summary>Not at all.</summary>
            None = 0,

            /// <summary>Mean.</summary>
            Mean = 1,

            /// <summary>Sum.</summary>
            Sum = 2,
        }
    }
}
