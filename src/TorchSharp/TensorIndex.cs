namespace TorchSharp;

public static partial class torch
{
    /// <summary>One place between the brackets of a tensor: a number, a range, everything, or a new dimension.</summary>
    public struct TensorIndex
    {
        internal enum IndexKind
        {
            Range,
            Single,
            New,
            Rest,
        }

        internal IndexKind Kind { get; private init; }

        internal long? Start { get; private init; }

        internal long? Stop { get; private init; }

        internal long? Step { get; private init; }

        /// <summary>Everything.</summary>
        public static TensorIndex Colon => new() { Kind = IndexKind.Range };

        /// <summary>All dimensions in between.</summary>
        public static TensorIndex Ellipsis => new() { Kind = IndexKind.Rest };

        /// <summary>A new dimension of size 1.</summary>
        public static TensorIndex None => new() { Kind = IndexKind.New };

        /// <summary>From, to (not included), step.</summary>
        public static TensorIndex Slice(long? start = null, long? stop = null, long? step = null) =>
            new() { Kind = IndexKind.Range, Start = start, Stop = stop, Step = step };

        /// <summary>One position.</summary>
        public static TensorIndex Single(long? index) => new() { Kind = IndexKind.Single, Start = index };

        /// <summary>One position.</summary>
        public static implicit operator TensorIndex(long value) => Single(value);
    }
}
