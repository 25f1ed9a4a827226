namespace RroDashboard.Core.Metrics;

/// <summary>A point of a series as charts draw it; <paramref name="Value"/> is null where it was not a number.</summary>
public readonly record struct SeriesPoint(long Step, double? Value);

/// <summary>
/// Thins a series out for drawing. Buckets are a power of two wide and start at multiples of their width, so their edges do not
/// move when a point arrives and a live curve does not shimmer. Of each bucket the lowest and the highest value stay, each at
/// its own step, and the last point of all stays: no peak is lost, and the number beside the curve is the curve's end.
/// </summary>
public static class MinMaxBuckets
{
    /// <summary>Steps per bucket, a power of two, so that steps <paramref name="first"/> to <paramref name="last"/> give at most <paramref name="points"/> points.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Fewer than 4 points, or the steps are in the wrong order.</exception>
    public static long Width(long first, long last, int points)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(points, 4);
        ArgumentOutOfRangeException.ThrowIfLessThan(last, first);
        var width = 1L;

        // Two points per bucket, one more bucket than fits for the edges, and the last point.
        while (((double)last - first) / width + 2 > (points - 1) / 2.0)
        {
            width = checked(width * 2);
        }

        return width;
    }

    /// <summary>Bucket of a step; rounds down below zero too.</summary>
    public static long Bucket(long step, long width) => step >= 0 ? step / width : -1 - ((-1 - step) / width);

    /// <summary>The points that stay, in the order of their steps; all of them when they are few enough.</summary>
    /// <param name="series">In the order of steps, each step once.</param>
    /// <param name="points">At most so many come back; at least 4.</param>
    public static IReadOnlyList<SeriesPoint> Thin(IReadOnlyList<SeriesPoint> series, int points)
    {
        ArgumentNullException.ThrowIfNull(series);
        ArgumentOutOfRangeException.ThrowIfLessThan(points, 4);
        if (series.Count <= points)
        {
            return series;
        }

        var width = Width(series[0].Step, series[^1].Step, points);
        var kept = new List<SeriesPoint>(points);
        for (var i = 0; i < series.Count;)
        {
            var bucket = Bucket(series[i].Step, width);
            var (low, high, end) = (-1, -1, i);
            for (; end < series.Count && Bucket(series[end].Step, width) == bucket; end++)
            {
                if (series[end].Value is not { } value)
                {
                    continue;
                }

                low = low < 0 || value < series[low].Value ? end : low;
                high = high < 0 || value > series[high].Value ? end : high;
            }

            if (low < 0)
            {
                kept.Add(series[i]); // nothing but gaps: one of them keeps the curve open
            }
            else
            {
                kept.Add(series[Math.Min(low, high)]);
                if (low != high)
                {
                    kept.Add(series[Math.Max(low, high)]);
                }
            }

            i = end;
        }

        if (kept[^1].Step != series[^1].Step)
        {
            kept.Add(series[^1]);
        }

        return kept;
    }
}
