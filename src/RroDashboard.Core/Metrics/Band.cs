namespace RroDashboard.Core.Metrics;

/// <summary>Neighbouring points of a series as a chart draws them: a line through the last value, a band from the lowest to the highest.</summary>
/// <param name="Step">Step of the last point.</param>
/// <param name="Last">Its value.</param>
/// <param name="Low">Smallest value.</param>
/// <param name="High">Largest value.</param>
public readonly record struct Band(long Step, double Last, double Low, double High)
{
    /// <summary>One point: a band without height.</summary>
    public static Band Of(long step, double value) => new(step, value, value, value);
}

/// <summary>
/// Thins a series to a bounded number of bands. Edges lie at multiples of a power of two of the step, so that they do not move when one
/// more point arrives and a live curve does not shimmer; no spike is lost, and the last band ends at the last point.
/// </summary>
public static class Bands
{
    /// <summary>At most <paramref name="limit"/> bands, in order.</summary>
    /// <param name="bands">Ordered by step.</param>
    /// <param name="limit">At least 2.</param>
    public static IReadOnlyList<Band> Merge(IReadOnlyList<Band> bands, int limit)
    {
        ArgumentNullException.ThrowIfNull(bands);
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 2);
        for (var width = 2L; bands.Count > limit; width *= 2)
        {
            bands = Merge(bands, width);
        }

        return bands;
    }

    private static List<Band> Merge(IReadOnlyList<Band> bands, long width)
    {
        var merged = new List<Band>((bands.Count / 2) + 1);
        foreach (var band in bands)
        {
            if (merged.Count > 0 && Bucket(merged[^1].Step, width) == Bucket(band.Step, width))
            {
                var before = merged[^1];
                merged[^1] = new Band(band.Step, band.Last, Math.Min(before.Low, band.Low), Math.Max(before.High, band.High));
            }
            else
            {
                merged.Add(band);
            }
        }

        return merged;
    }

    private static long Bucket(long step, long width) => (long)Math.Floor((double)step / width);
}
