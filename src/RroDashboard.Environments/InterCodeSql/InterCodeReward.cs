using System.Numerics;
using RroDashboard.Core.Rewards;

namespace RroDashboard.Environments.InterCodeSql;

/// <summary>
/// Reward of InterCode-SQL (environments.md B2): overlap of two row lists times the agreement of their order.
/// Rows are compared as Python text: 1, 1.0 and Decimal('1') differ, and so do 'a' and 'A'.
/// </summary>
public static class InterCodeReward
{
    /// <summary>Scores an answer, -1 to 1.</summary>
    /// <param name="answer">Rows of the last answer, as Python text; null when it was no row list (an error, or nothing yet).</param>
    /// <param name="gold">Rows of the gold query; null when it failed or has no result set, which counts as no rows.</param>
    public static double Score(IReadOnlyList<string>? answer, IReadOnlyList<string>? gold)
    {
        if (answer is null)
        {
            return 0;
        }

        gold ??= [];
        var inAnswer = Count(answer);
        var inGold = Count(gold);
        var common = new Dictionary<string, int>(StringComparer.Ordinal);
        var shared = 0;
        foreach (var (row, count) in inAnswer)
        {
            if (inGold.TryGetValue(row, out var other))
            {
                common[row] = Math.Min(count, other);
                shared += common[row];
            }
        }

        // max(a, b) = a + b - min(a, b), so the union needs no second pass.
        var union = answer.Count + gold.Count - shared;
        if (union == 0)
        {
            return 1;
        }

        var overlap = (double)shared / union;
        if (shared == 0)
        {
            return overlap;
        }

        var tau = KendallTauB(Intersect(answer, common), Intersect(gold, common));
        return tau switch
        {
            double.NaN => overlap,

            // Clipping turns scipy's double into a Python float, which rounds the exact binary value; any other number
            // stays a numpy double, which rounds the product with 100. They differ for unions like 40 and 200.
            >= 1 => RoundExact(overlap),
            <= -1 => -RoundExact(overlap),
            _ => Math.Round(tau * overlap * 100, MidpointRounding.ToEven) / 100,
        };
    }

    /// <summary>In list order, the first occurrences of every row up to its count.</summary>
    public static IReadOnlyList<string> Intersect(IReadOnlyList<string> rows, IReadOnlyDictionary<string, int> counts)
    {
        ArgumentNullException.ThrowIfNull(rows);
        ArgumentNullException.ThrowIfNull(counts);
        var left = new Dictionary<string, int>(counts, StringComparer.Ordinal);
        var kept = new List<string>();
        foreach (var row in rows)
        {
            if (left.TryGetValue(row, out var count) && count > 0)
            {
                left[row] = count - 1;
                kept.Add(row);
            }
        }

        return kept;
    }

    /// <summary>
    /// Kendall's tau-b of two equally long lists of strings, paired by position and ordered by code point; NaN when all of
    /// one list are equal. Knight's method: O(n log n). Not clipped: rounding errors can leave it just beside 1.
    /// </summary>
    public static double KendallTauB(IReadOnlyList<string> x, IReadOnlyList<string> y)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(y);
        if (x.Count != y.Count)
        {
            throw new ArgumentException($"tau compares lists of equal length, not {x.Count} and {y.Count} rows", nameof(y));
        }

        var n = x.Count;
        var ranksX = Ranks(x);
        var ranksY = Ranks(y);
        var order = new int[n];
        for (var i = 0; i < n; i++)
        {
            order[i] = i;
        }

        Array.Sort(order, (a, b) => ranksX[a] != ranksX[b] ? ranksX[a].CompareTo(ranksX[b]) : ranksY[a].CompareTo(ranksY[b]));
        var pairs = (long)n * (n - 1) / 2;
        var tiedX = TiedPairs(ranksX.GroupBy(r => (long)r));
        var tiedY = TiedPairs(ranksY.GroupBy(r => (long)r));
        var tiedBoth = TiedPairs(Enumerable.Range(0, n).Select(i => ((long)ranksX[i] << 32) | (uint)ranksY[i]).GroupBy(r => r));
        if (tiedX == pairs || tiedY == pairs)
        {
            return double.NaN;
        }

        var discordant = Inversions([.. order.Select(i => ranksY[i])]);
        return (double)(pairs - tiedX - tiedY + tiedBoth - (2 * discordant)) / Math.Sqrt(pairs - tiedX) / Math.Sqrt(pairs - tiedY);
    }

    /// <summary>Rows that <see cref="Explain"/> names of each side; the rest is counted in one line.</summary>
    public const int ExplainedRows = 50;

    /// <summary>
    /// How <see cref="Score"/> came about: each row of the gold result and whether the answer has it, rows that nobody asked for, and the
    /// order of the shared rows.
    /// </summary>
    public static IReadOnlyList<RewardPart> Explain(IReadOnlyList<string>? answer, IReadOnlyList<string>? gold)
    {
        if (answer is null)
        {
            return [new("answer", "a result set", "none was submitted", false)];
        }

        var wanted = gold ?? [];
        var left = Count(answer);
        var parts = wanted.Select(row => new RewardPart("row", row, Take(row) ? row : "", false)).Select(p => p with { Met = p.Found.Length > 0 }).ToList();
        var extra = left.SelectMany(row => Enumerable.Repeat(new RewardPart("row too many", "", row.Key, false), row.Value)).ToList();
        List<RewardPart> shown = [.. parts.Take(ExplainedRows), .. extra.Take(ExplainedRows)];
        var more = parts.Count + extra.Count - shown.Count;
        if (more > 0)
        {
            shown.Add(new("more rows", FormattableString.Invariant($"{parts.Skip(ExplainedRows).Count(p => p.Met)} met"), FormattableString.Invariant($"{more} not listed"), false));
        }

        var (x, y) = (Intersect(answer, CountShared(answer, wanted)), Intersect(wanted, CountShared(answer, wanted)));
        if (x.Count > 1)
        {
            var tau = KendallTauB(x, y);
            shown.Add(new("order of the shared rows", "tau 1.00", double.IsNaN(tau) ? "all alike" : FormattableString.Invariant($"tau {tau:0.00}"), double.IsNaN(tau) || tau >= 1));
        }

        return shown;

        bool Take(string row)
        {
            if (left.GetValueOrDefault(row) == 0)
            {
                return false;
            }

            left[row]--;
            return true;
        }
    }

    private static Dictionary<string, int> CountShared(IReadOnlyList<string> a, IReadOnlyList<string> b)
    {
        var (first, second) = (Count(a), Count(b));
        return first.Where(r => second.ContainsKey(r.Key)).ToDictionary(r => r.Key, r => Math.Min(r.Value, second[r.Key]), StringComparer.Ordinal);
    }

    /// <summary>Orders strings by code point, as Python does; .NET's ordinal order differs for characters beyond U+FFFF.</summary>
    public static int CompareByCodePoint(string a, string b)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        var shared = Math.Min(a.Length, b.Length);
        for (var i = 0; i < shared; i++)
        {
            if (a[i] != b[i])
            {
                return Weight(a[i]).CompareTo(Weight(b[i]));
            }
        }

        return a.Length.CompareTo(b.Length);

        // Surrogates stand for code points above every other code unit.
        static int Weight(char c) => char.IsSurrogate(c) ? c + 0x10000 : c;
    }

    /// <summary>Two decimals by the exact binary value, exact ties to even, as Python's round(x, 2); 0 to 1.</summary>
    public static double RoundExact(double value)
    {
        if (value is < 0 or > 1)
        {
            throw new ArgumentOutOfRangeException(nameof(value), value, "a share is 0 to 1");
        }

        // value = mantissa / 2^shift exactly, so value * 100 can be compared with a midpoint in whole numbers.
        var bits = BitConverter.DoubleToInt64Bits(value);
        var exponent = (int)((bits >> 52) & 0x7FF);
        var mantissa = new BigInteger(bits & 0xFFFFFFFFFFFFF) + (exponent == 0 ? 0 : BigInteger.One << 52);
        var shift = 1075 - Math.Max(exponent, 1);
        var one = BigInteger.One << shift;
        var hundredths = BigInteger.DivRem(mantissa * 100, one, out var rest);
        var half = (rest * 2).CompareTo(one);
        if (half > 0 || (half == 0 && !hundredths.IsEven))
        {
            hundredths++;
        }

        return (double)hundredths / 100;
    }

    private static Dictionary<string, int> Count(IReadOnlyList<string> rows)
    {
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var row in rows)
        {
            counts[row] = counts.GetValueOrDefault(row) + 1;
        }

        return counts;
    }

    private static int[] Ranks(IReadOnlyList<string> rows)
    {
        var distinct = rows.Distinct(StringComparer.Ordinal).ToArray();
        Array.Sort(distinct, CompareByCodePoint);
        var ranks = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < distinct.Length; i++)
        {
            ranks[distinct[i]] = i;
        }

        return [.. rows.Select(row => ranks[row])];
    }

    private static long TiedPairs(IEnumerable<IGrouping<long, long>> groups) => groups.Sum(g => (long)g.Count() * (g.Count() - 1) / 2);

    private static long TiedPairs(IEnumerable<IGrouping<long, int>> groups) => groups.Sum(g => (long)g.Count() * (g.Count() - 1) / 2);

    private static long Inversions(int[] values)
    {
        var buffer = new int[values.Length];
        return Sort(0, values.Length);

        long Sort(int from, int to)
        {
            if (to - from < 2)
            {
                return 0;
            }

            var middle = (from + to) / 2;
            var inversions = Sort(from, middle) + Sort(middle, to);
            var (left, right) = (from, middle);
            for (var i = from; i < to; i++)
            {
                if (right >= to || (left < middle && values[left] <= values[right]))
                {
                    buffer[i] = values[left++];
                }
                else
                {
                    inversions += middle - left;
                    buffer[i] = values[right++];
                }
            }

            Array.Copy(buffer, from, values, from, to - from);
            return inversions;
        }
    }
}
