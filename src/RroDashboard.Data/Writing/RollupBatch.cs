using RroDashboard.Core.Metrics;

namespace RroDashboard.Data.Writing;

/// <summary>One bucket of a rollup, summed up before it is merged into the database.</summary>
internal sealed class RollupBucket
{
    public double Min { get; private set; } = double.PositiveInfinity;

    public long MinStep { get; private set; }

    public double Max { get; private set; } = double.NegativeInfinity;

    public long MaxStep { get; private set; }

    public double Last { get; private set; }

    public long LastStep { get; private set; } = long.MinValue;

    public long Count { get; private set; }

    public double Sum { get; private set; }

    /// <summary>Adds a finite point.</summary>
    public void Add(long step, double value)
    {
        if (value < Min || (value == Min && step < MinStep))
        {
            (Min, MinStep) = (value, step);
        }

        if (value > Max || (value == Max && step < MaxStep))
        {
            (Max, MaxStep) = (value, step);
        }

        if (step > LastStep)
        {
            (Last, LastStep) = (value, step);
        }

        Count++;
        Sum += value;
    }
}

/// <summary>Rollup buckets touched by one batch, so that each costs one statement however many points fell into it.</summary>
internal sealed class RollupBatch
{
    /// <summary>Steps per bucket of the levels that are kept.</summary>
    public static readonly int[] Widths = [64, 1024];

    public Dictionary<(long SeriesId, int Width, long Bucket), RollupBucket> Buckets { get; } = [];

    public void Add(long seriesId, long step, double value)
    {
        foreach (var width in Widths)
        {
            var key = (seriesId, width, MinMaxBuckets.Bucket(step, width));
            if (!Buckets.TryGetValue(key, out var bucket))
            {
                Buckets.Add(key, bucket = new RollupBucket());
            }

            bucket.Add(step, value);
        }
    }
}
