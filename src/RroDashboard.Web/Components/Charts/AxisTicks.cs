namespace RroDashboard.Web.Components.Charts;

/// <summary>Round numbers along an axis.</summary>
public static class AxisTicks
{
    private static readonly int[] s_steps = [1, 2, 5, 10];

    /// <summary>Round numbers that cover a range, about <paramref name="count"/> of them; the first and the last are its ends.</summary>
    public static IReadOnlyList<double> Of(double low, double high, int count = 5)
    {
        if (!double.IsFinite(low) || !double.IsFinite(high))
        {
            return [0, 1];
        }

        if (high - low < 1e-12 * Math.Max(1, Math.Abs(high)))
        {
            var half = Math.Max(Math.Abs(high) / 2, 0.5);
            (low, high) = (low - half, high + half);
        }

        var rough = (high - low) / count;
        var power = Math.Pow(10, Math.Floor(Math.Log10(rough)));
        var step = s_steps.Select(m => m * power).First(s => s >= rough - (1e-9 * power));
        var (first, last) = (Math.Floor((low / step) + 1e-9), Math.Ceiling((high / step) - 1e-9));
        // A range whose ends differ by less than its numbers can tell has two ticks and no more.
        return last - first is > 0 and < 100 ? [.. Enumerable.Range(0, (int)(last - first) + 1).Select(i => (first + i) * step)] : [low, high];
    }
}
