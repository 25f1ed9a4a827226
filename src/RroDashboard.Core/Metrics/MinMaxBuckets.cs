namespace RroDashboard.Core.Metrics;

/// <summary>
/// Thins a long series for drawing. Neighbouring points share a bucket whose size is a power of two, so that its edges do not move
/// when one more point arrives and a live curve does not shimmer; each bucket keeps its smallest and its largest point, and the last
/// point of all is always kept: a curve that ends early looks stuck.
/// </summary>
public static class MinMaxBuckets
{
    /// <summary>At most <paramref name="limit"/> of the points, in order; all of them when there are no more.</summary>
    /// <param name="points">Ordered by step.</param>
    /// <param name="limit">At least 4.</param>
    public static IReadOnlyList<(long Step, double Value)> Thin(IReadOnlyList<(long Step, double Value)> points, int limit)
    {
        ArgumentNullException.ThrowIfNull(points);
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 4);
        if (points.Count <= limit)
        {
            return points;
        }

        var size = 2;
        while ((points.Count + size - 1) / size * 2 > limit - 1)
        {
            size *= 2;
        }

        var thinned = new List<(long, double)>(limit);
        for (var start = 0; start < points.Count; start += size)
        {
            var (low, high) = (start, start);
            for (var i = start + 1; i < Math.Min(points.Count, start + size); i++)
            {
                low = points[i].Value < points[low].Value ? i : low;
                high = points[i].Value > points[high].Value ? i : high;
            }

            thinned.Add(points[Math.Min(low, high)]);
            if (low != high)
            {
                thinned.Add(points[Math.Max(low, high)]);
            }
        }

        if (thinned[^1] != points[^1])
        {
            thinned.Add(points[^1]);
        }

        return thinned;
    }
}
