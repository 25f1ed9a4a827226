using System.Globalization;
using System.Text;

namespace RroDashboard.Environments.InterCodeSql;

/// <summary>Values as Python's repr writes them, which is what InterCode shows and scores (environments.md B3).</summary>
public static class PythonText
{
    /// <summary>A row: "(1, 'a')", with one column "(1,)".</summary>
    public static string Row(IReadOnlyList<string> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        return values.Count == 1 ? $"({values[0]},)" : $"({string.Join(", ", values)})";
    }

    /// <summary>A list of rows: "[(1,), (2,)]".</summary>
    public static string List(IEnumerable<string> rows) => $"[{string.Join(", ", rows)}]";

    /// <summary>A string literal, in single quotes unless it holds ' and no ".</summary>
    public static string Of(string? text)
    {
        if (text is null)
        {
            return "None";
        }

        var quote = text.Contains('\'', StringComparison.Ordinal) && !text.Contains('"', StringComparison.Ordinal) ? '"' : '\'';
        var result = new StringBuilder(text.Length + 2).Append(quote);
        foreach (var rune in text.EnumerateRunes())
        {
            switch (rune.Value)
            {
                case '\\':
                    result.Append("\\\\");
                    break;
                case '\n':
                    result.Append("\\n");
                    break;
                case '\r':
                    result.Append("\\r");
                    break;
                case '\t':
                    result.Append("\\t");
                    break;
                case var c when c == quote:
                    result.Append('\\').Append(quote);
                    break;
                case var c when IsPrintable(rune):
                    result.Append(rune);
                    break;
                case < 0x100:
                    result.Append(CultureInfo.InvariantCulture, $"\\x{rune.Value:x2}");
                    break;
                case < 0x10000:
                    result.Append(CultureInfo.InvariantCulture, $"\\u{rune.Value:x4}");
                    break;
                default:
                    result.Append(CultureInfo.InvariantCulture, $"\\U{rune.Value:x8}");
                    break;
            }
        }

        return result.Append(quote).ToString();
    }

    /// <summary>An int.</summary>
    public static string Of(long value) => value.ToString(CultureInfo.InvariantCulture);

    /// <summary>A float: the shortest digits that read back the same, with an exponent below 1e-4 and from 1e16 on.</summary>
    public static string Of(double value)
    {
        if (double.IsNaN(value))
        {
            return "nan";
        }

        if (double.IsInfinity(value))
        {
            return value > 0 ? "inf" : "-inf";
        }

        // "E16" would not be shortest; "R" is, but puts its exponent elsewhere, so only its digits are kept.
        var shortest = value.ToString("R", CultureInfo.InvariantCulture);
        var sign = shortest.StartsWith('-') ? "-" : "";
        var parts = shortest.TrimStart('-').Split('E');
        var point = parts[0].IndexOf('.', StringComparison.Ordinal);
        var digits = parts[0].Replace(".", "", StringComparison.Ordinal);
        var scale = (point < 0 ? parts[0].Length : point) + (parts.Length > 1 ? int.Parse(parts[1], CultureInfo.InvariantCulture) : 0);
        var leading = digits.Length - digits.TrimStart('0').Length;
        digits = digits.Trim('0');
        if (digits.Length == 0)
        {
            return sign + "0.0";
        }

        scale -= leading;
        var exponent = scale - 1;
        if (exponent is < -4 or >= 16)
        {
            var fraction = digits.Length > 1 ? "." + digits[1..] : "";
            return string.Create(CultureInfo.InvariantCulture, $"{sign}{digits[0]}{fraction}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}");
        }

        if (scale <= 0)
        {
            return $"{sign}0.{new string('0', -scale)}{digits}";
        }

        return digits.Length <= scale
            ? $"{sign}{digits.PadRight(scale, '0')}.0"
            : $"{sign}{digits[..scale]}.{digits[scale..]}";
    }

    /// <summary>A bytes literal.</summary>
    public static string Of(ReadOnlySpan<byte> value)
    {
        var quote = value.Contains((byte)'\'') && !value.Contains((byte)'"') ? '"' : '\'';
        var result = new StringBuilder("b").Append(quote);
        foreach (var b in value)
        {
            switch ((char)b)
            {
                case '\\':
                    result.Append("\\\\");
                    break;
                case '\n':
                    result.Append("\\n");
                    break;
                case '\r':
                    result.Append("\\r");
                    break;
                case '\t':
                    result.Append("\\t");
                    break;
                case var c when c == quote:
                    result.Append('\\').Append(quote);
                    break;
                case >= ' ' and <= '~':
                    result.Append((char)b);
                    break;
                default:
                    result.Append(CultureInfo.InvariantCulture, $"\\x{b:x2}");
                    break;
            }
        }

        return result.Append(quote).ToString();
    }

    // str.isprintable: no control, format, surrogate, private, unassigned or separator characters, except the blank.
    private static bool IsPrintable(Rune rune) => rune.Value == ' ' || Rune.GetUnicodeCategory(rune) is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse
        or UnicodeCategory.OtherNotAssigned or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        or UnicodeCategory.SpaceSeparator);
}
