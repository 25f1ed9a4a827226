using System.Collections.Concurrent;
using System.Globalization;
using System.Text;

namespace RroDashboard.Environments.WebShop;

/// <summary>
/// <c>thefuzz.fuzz.token_set_ratio</c> as the authors' requirements pin it (thefuzz 0.20.0 over RapidFuzz 3; environments.md A9): 0 to 100, how
/// alike two texts are as sets of words. Matching in WebShop asks whether it is above 85.
/// </summary>
public static class TokenSetRatio
{
    // Texts repeat: attributes and options of the same products, thousands of times in a run.
    private const int MaxCached = 100_000;

    private static readonly ConcurrentDictionary<string, string[]> s_tokens = new(StringComparer.Ordinal);

    /// <summary>0 to 100; 0 when either text has no word.</summary>
    public static int Of(string a, string b)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        var (left, right) = (Tokens(a), Tokens(b));
        if (left.Length == 0 || right.Length == 0)
        {
            return 0;
        }

        var (common, onlyLeft, onlyRight) = Split(left, right);
        if (common.Length > 0 && (onlyLeft.Length == 0 || onlyRight.Length == 0))
        {
            return 100;
        }

        // The common words stand first in all three texts that are compared, so only the rests have to be aligned.
        var blank = common.Length > 0 ? 1 : 0;
        var (commonLength, leftLength, rightLength) = (Length(common), Length(onlyLeft), Length(onlyRight));
        var best = Ratio(Indel(onlyLeft, onlyRight), (2 * (commonLength + blank)) + leftLength + rightLength);
        if (common.Length > 0)
        {
            best = Math.Max(best, Ratio(blank + leftLength, (2 * commonLength) + blank + leftLength));
            best = Math.Max(best, Ratio(blank + rightLength, (2 * commonLength) + blank + rightLength));
        }

        return (int)Math.Round(best, MidpointRounding.ToEven);
    }

    /// <summary>What the original makes of a text before comparing: no Latin-1 supplement, blanks for everything that is no word, lower case.</summary>
    public static string Preprocess(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var result = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            if (rune.Value is >= 128 and <= 255)
            {
                continue;
            }

            if (rune.Value == '_' || Rune.IsLetter(rune) || Rune.GetUnicodeCategory(rune) is
                UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber)
            {
                result.Append(rune.ToString());
            }
            else
            {
                result.Append(' ');
            }
        }

        return ShopText.Lower(ShopText.Strip(result.ToString()));
    }

    // Different words in code point order.
    private static string[] Tokens(string text)
    {
        if (s_tokens.TryGetValue(text, out var known))
        {
            return known;
        }

        if (s_tokens.Count >= MaxCached)
        {
            s_tokens.Clear();
        }

        return s_tokens.GetOrAdd(text, static t =>
        {
            string[] words = [.. Preprocess(t).Split(' ', StringSplitOptions.RemoveEmptyEntries).Distinct(StringComparer.Ordinal)];
            Array.Sort(words, InterCodeSql.InterCodeReward.CompareByCodePoint);
            return words;
        });
    }

    private static (string Common, string OnlyLeft, string OnlyRight) Split(string[] left, string[] right) => (
        string.Join(' ', left.Where(w => right.Contains(w, StringComparer.Ordinal))),
        string.Join(' ', left.Where(w => !right.Contains(w, StringComparer.Ordinal))),
        string.Join(' ', right.Where(w => !left.Contains(w, StringComparer.Ordinal))));

    private static double Ratio(int distance, int lengths) => lengths == 0 ? 100 : 100 - (100.0 * distance / lengths);

    // In code points, as Python counts.
    private static int Length(string text) => text.Length - text.Count(char.IsLowSurrogate);

    // Insertions and deletions that turn one text into the other: lengths less twice the longest common subsequence.
    private static int Indel(string a, string b)
    {
        var (left, right) = (Points(a), Points(b));
        var row = new int[right.Length + 1];
        foreach (var point in left)
        {
            var diagonal = 0;
            for (var j = 0; j < right.Length; j++)
            {
                var above = row[j + 1];
                row[j + 1] = point == right[j] ? diagonal + 1 : Math.Max(above, row[j]);
                diagonal = above;
            }
        }

        return left.Length + right.Length - (2 * row[^1]);
    }

    private static int[] Points(string text) => [.. text.EnumerateRunes().Select(r => r.Value)];
}
