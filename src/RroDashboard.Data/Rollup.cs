namespace RroDashboard.Data;

/// <summary>Points of one bucket of neighbouring steps, as they arrive.</summary>
internal sealed class Rollup
{
    /// <summary>Steps a bucket.</summary>
    public static readonly int[] Widths = [64, 1024];

    /// <summary>Bucket of a step.</summary>
    public static long BucketOf(long step, int width) => (long)Math.Floor((double)step / width);

    public double Min { get; private set; } = double.PositiveInfinity;

    public long MinStep { get; private set; }

    public double Max { get; private set; } = double.NegativeInfinity;

    public long MaxStep { get; private set; }

    public double Last { get; private set; }

    public long LastStep { get; private set; } = long.MinValue;

    public long Count { get; private set; }

    public void Add(long step, double value)
    {
        (Min, MinStep) = value < Min ? (value, step) : (Min, MinStep);
        (Max, MaxStep) = value > Max ? (value, step) : (Max, MaxStep);
        (Last, LastStep) = step > LastStep ? (value, step) : (Last, LastStep);
        Count++;
    }
}
