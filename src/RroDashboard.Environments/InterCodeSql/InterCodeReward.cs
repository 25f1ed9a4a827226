namespace RroDashboard.Environments.InterCodeSql;

/// <summary>
/// InterCode's SQL reward (environments.md B2): intersection over union of the two multisets of rows, scaled by Kendall's tau-b of the
/// common rows and rounded to two digits when tau is a number. It can be negative: full reversal of two rows gives -1.
/// </summary>
public static class InterCodeReward
{
    /// <summary>Reward of an answer.</summary>
    /// <param name="agent">Python text of the agent's rows; null when its last observation is no list (an error, or nothing yet).</param>
    /// <param name="gold">Python text of the gold rows; empty when the gold query fails or gives no result set.</param>
    public static double Score(IReadOnlyList<string>? agent, IReadOnlyList<string> gold)
    {
        ArgumentNullException.ThrowIfNull(gold);
        if (agent is null)
        {
            return 0;
        }

        var (left, right) = (Counts(agent), Counts(gold));
        var common = left.Where(l => right.ContainsKey(l.Key)).ToDictionary(l => l.Key, l => Math.Min(l.Value, right[l.Key]), StringComparer.Ordinal);
        var union = left.Keys.Union(right.Keys, StringComparer.Ordinal).Sum(k => Math.Max(left.GetValueOrDefault(k), right.GetValueOrDefault(k)));
        if (union == 0)
        {
            return 1;
        }

        var shared = common.Values.Sum();
        var overlap = (double)shared / union;
        if (shared == 0)
        {
            return overlap;
        }

        var tau = KendallTau(InOrder(agent, common), InOrder(gold, common));
        if (double.IsNaN(tau))
        {
            return overlap;
        }

        // At an exact +-1 the original multiplies Python floats, otherwise numpy doubles; the two round differently.
        return Math.Abs(tau) == 1 ? RoundLikePython(tau * overlap) : RoundLikeNumpy(tau * overlap);
    }

    /// <summary>Kendall's tau-b over pairs of positions, comparing rows as strings by code point; NaN when one side has no order.</summary>
    internal static double KendallTau(IReadOnlyList<string> x, IReadOnlyList<string> y)
    {
        long n = x.Count;
        long discordant = 0, tiedX = 0, tiedY = 0, tiedBoth = 0;
        for (var i = 0; i < n; i++)
        {
            for (var j = i + 1; j < n; j++)
            {
                var a = Math.Sign(CompareCodePoints(x[i], x[j]));
                var b = Math.Sign(CompareCodePoints(y[i], y[j]));
                tiedX += a == 0 ? 1 : 0;
                tiedY += b == 0 ? 1 : 0;
                tiedBoth += a == 0 && b == 0 ? 1 : 0;
                discordant += a * b < 0 ? 1 : 0;
            }
        }

        var pairs = n * (n - 1) / 2;
        if (tiedX == pairs || tiedY == pairs)
        {
            return double.NaN;
        }

        // In exactly this order of division: whether rounding errors reach 1 decides which rounding follows.
        var tau = (pairs - tiedX - tiedY + tiedBoth - (2 * discordant)) / Math.Sqrt(pairs - tiedX) / Math.Sqrt(pairs - tiedY);
        return Math.Clamp(tau, -1, 1);
    }

    /// <summary>Python's round(x, 2): the exact binary value decides, exact ties go to the even digit.</summary>
    internal static double RoundLikePython(double value)
    {
        // The exact value of a double has at most 1074 decimals; System.Numerics does it without rounding.
        var bits = BitConverter.DoubleToInt64Bits(Math.Abs(value));
        var exponent = (int)(bits >> 52) & 0x7FF;
        var fraction = bits & 0xFFFFFFFFFFFFFL;
        var (significand, shift) = exponent == 0 ? (fraction, -1074) : (fraction | (1L << 52), exponent - 1075);
        var numerator = new System.Numerics.BigInteger(significand) * 100;
        System.Numerics.BigInteger whole;
        if (shift >= 0)
        {
            whole = numerator << shift;
        }
        else
        {
            var denominator = System.Numerics.BigInteger.One << -shift;
            whole = System.Numerics.BigInteger.DivRem(numerator, denominator, out var rest);
            var half = (rest * 2).CompareTo(denominator);
            whole += half > 0 || (half == 0 && !whole.IsEven) ? 1 : 0;
        }

        return Math.CopySign((double)(decimal)whole / 100, value);
    }

    private static double RoundLikeNumpy(double value) => Math.Round(value * 100, MidpointRounding.ToEven) / 100;

    private static Dictionary<string, int> Counts(IReadOnlyList<string> rows)
    {
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var row in rows)
        {
            counts[row] = counts.GetValueOrDefault(row) + 1;
        }

        return counts;
    }

    // The first occurrences of the common rows, in order.
    private static List<string> InOrder(IReadOnlyList<string> rows, Dictionary<string, int> common)
    {
        var left = new Dictionary<string, int>(common, StringComparer.Ordinal);
        var taken = new List<string>();
        foreach (var row in rows)
        {
            if (left.GetValueOrDefault(row) > 0)
            {
                left[row]--;
                taken.Add(row);
            }
        }

        return taken;
    }

    // string.CompareOrdinal compares UTF-16 units, which puts surrogate pairs before U+E000; Python compares code points.
    private static int CompareCodePoints(string a, string b)
    {
        var length = Math.Min(a.Length, b.Length);
        for (var i = 0; i < length; i++)
        {
            if (a[i] != b[i])
            {
                var (highA, highB) = (char.IsSurrogate(a[i]), char.IsSurrogate(b[i]));
                return highA == highB ? a[i] - b[i] : highA ? 1 : -1;
            }
        }

        return a.Length - b.Length;
    }
}
