using System.Globalization;
using System.Text;
using RroDashboard.Environments.InterCodeSql;

namespace RroDashboard.Environments.WebShop;

/// <summary>
/// Text as Python treats it, where .NET differs: the pages and addresses of the original are made by str.strip, str.lower,
/// json.dumps and str(dict) (environments.md A2 to A5).
/// </summary>
public static class ShopText
{
    private const string HtmlUnsafe = "<>&'";

    /// <summary>str.strip(): as <see cref="string.Trim()"/>, and U+001C to U+001F, which .NET does not count as blanks.</summary>
    public static string Strip(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var (start, end) = (0, text.Length);
        while (start < end && IsSpace(text[start]))
        {
            start++;
        }

        while (end > start && IsSpace(text[end - 1]))
        {
            end--;
        }

        return text[start..end];
    }

    /// <summary>str.lower(): with the dotted capital I as two characters, and a capital sigma at the end of a word as ς.</summary>
    public static string Lower(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var lower = text.ToLowerInvariant();
        if (!text.AsSpan().ContainsAny('\u0130', '\u03A3'))
        {
            return lower;
        }

        var result = new StringBuilder(text.Length + 1);
        for (var i = 0; i < text.Length; i++)
        {
            _ = text[i] switch
            {
                '\u0130' => result.Append("i\u0307"),
                '\u03A3' => result.Append(EndsWord(text, i) ? '\u03C2' : '\u03C3'),
                _ => result.Append(lower[i]),
            };
        }

        return result.ToString();
    }

    /// <summary>json.dumps of a dictionary, in the order given: other than printable ASCII is escaped.</summary>
    public static string Json(IEnumerable<ChosenOption> options) => Json(options, "");

    /// <summary>
    /// Jinja's tojson filter, which the end page uses: as <see cref="Json(IEnumerable{ChosenOption})"/>, but sorted by name,
    /// and with &lt; &gt; &amp; ' escaped as well.
    /// </summary>
    public static string HtmlJson(IEnumerable<ChosenOption> options) =>
        Json(options.OrderBy(o => o.Name, StringComparer.Ordinal), HtmlUnsafe);

    /// <summary>str() of a dictionary of strings.</summary>
    public static string Dictionary(IEnumerable<ChosenOption> options) =>
        "{" + string.Join(", ", options.Select(o => $"{PythonText.Of(o.Name)}: {PythonText.Of(o.Value)}")) + "}";

    private static string Json(IEnumerable<ChosenOption> options, string alsoEscaped)
    {
        ArgumentNullException.ThrowIfNull(options);
        var result = new StringBuilder("{");
        foreach (var option in options)
        {
            if (result.Length > 1)
            {
                result.Append(", ");
            }

            AppendString(result, option.Name, alsoEscaped);
            result.Append(": ");
            AppendString(result, option.Value, alsoEscaped);
        }

        return result.Append('}').ToString();
    }

    private static void AppendString(StringBuilder result, string text, string alsoEscaped)
    {
        result.Append('"');
        foreach (var c in text)
        {
            _ = c switch
            {
                '"' => result.Append("\\\""),
                '\\' => result.Append("\\\\"),
                '\n' => result.Append("\\n"),
                '\r' => result.Append("\\r"),
                '\t' => result.Append("\\t"),
                '\b' => result.Append("\\b"),
                '\f' => result.Append("\\f"),
                >= ' ' and <= '~' when !alsoEscaped.Contains(c, StringComparison.Ordinal) => result.Append(c),
                _ => result.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
            };
        }

        result.Append('"');
    }

    private static bool IsSpace(char c) => char.IsWhiteSpace(c) || c is >= '\u001C' and <= '\u001F';

    // Unicode's Final_Sigma: a cased letter before and none after, looking past marks and apostrophes.
    private static bool EndsWord(string text, int at)
    {
        var before = at - 1;
        while (before >= 0 && IsPassedOver(text[before]))
        {
            before--;
        }

        var after = at + 1;
        while (after < text.Length && IsPassedOver(text[after]))
        {
            after++;
        }

        return before >= 0 && IsCased(text[before]) && (after == text.Length || !IsCased(text[after]));
    }

    private static bool IsCased(char c) =>
        char.GetUnicodeCategory(c) is UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter;

    private static bool IsPassedOver(char c) =>
        c is '\'' or '.' or ':' or '^' or '`' or '\u00B7' or '\u2019' ||
        char.GetUnicodeCategory(c) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark or UnicodeCategory.Format
            or UnicodeCategory.ModifierLetter or UnicodeCategory.ModifierSymbol;
}
