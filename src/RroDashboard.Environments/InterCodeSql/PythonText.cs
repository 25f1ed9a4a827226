using System.Globalization;
using System.Text;

namespace RroDashboard.Environments.InterCodeSql;

/// <summary>
/// Values as Python prints them: InterCode's observations are the text of a list of row tuples, and its reward compares rows by that
/// text (environments.md B2 and B3).
/// </summary>
public static class PythonText
{
    /// <summary>NULL.</summary>
    public const string None = "None";

    /// <summary>A row: "(1, 'a')", and "(1,)" with a single column.</summary>
    public static string Tuple(IReadOnlyList<string> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        return values.Count == 1 ? $"({values[0]},)" : $"({string.Join(", ", values)})";
    }

    /// <summary>A list of rows.</summary>
    public static string List(IEnumerable<string> rows) => $"[{string.Join(", ", rows)}]";

    /// <summary>repr of a float: the shortest digits that read back the same, scientific from 1e16 on and below 1e-4.</summary>
    public static string Number(double value)
    {
        if (!double.IsFinite(value))
        {
            return double.IsNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
        }

        if (value == 0)
        {
            return double.IsNegative(value) ? "-0.0" : "0.0";
        }

        // "d.ddde+xx" with the shortest digits; placed by hand, because .NET and Python switch notation at different sizes.
        var scientific = value.ToString("E16", CultureInfo.InvariantCulture);
        var shortest = value.ToString("R", CultureInfo.InvariantCulture);
        var exponent = int.Parse(scientific.AsSpan(scientific.IndexOf('E', StringComparison.Ordinal) + 1), CultureInfo.InvariantCulture);
        var mantissa = shortest.Split('E')[0];
        var digits = mantissa.Replace("-", "", StringComparison.Ordinal).Replace(".", "", StringComparison.Ordinal).TrimStart('0').TrimEnd('0');
        digits = digits.Length == 0 ? "0" : digits;
        var sign = value < 0 ? "-" : "";
        if (exponent is < -4 or >= 16)
        {
            var fraction = digits.Length > 1 ? "." + digits[1..] : "";
            return string.Create(CultureInfo.InvariantCulture, $"{sign}{digits[0]}{fraction}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}");
        }

        if (exponent < 0)
        {
            return $"{sign}0.{new string('0', -exponent - 1)}{digits}";
        }

        return digits.Length <= exponent + 1
            ? $"{sign}{digits.PadRight(exponent + 1, '0')}.0"
            : $"{sign}{digits[..(exponent + 1)]}.{digits[(exponent + 1)..]}";
    }

    /// <summary>repr of a str: single quotes, unless it contains one and no double quote.</summary>
    public static string Text(string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        var quote = value.Contains('\'', StringComparison.Ordinal) && !value.Contains('"', StringComparison.Ordinal) ? '"' : '\'';
        var text = new StringBuilder(value.Length + 2).Append(quote);
        foreach (var rune in value.EnumerateRunes())
        {
            switch (rune.Value)
            {
                case '\\':
                    text.Append(@"\\");
                    break;
                case '\n':
                    text.Append(@"\n");
                    break;
                case '\r':
                    text.Append(@"\r");
                    break;
                case '\t':
                    text.Append(@"\t");
                    break;
                case var c when c == quote:
                    text.Append('\\').Append(quote);
                    break;
                case var c when IsPrintable(rune):
                    text.Append(rune.ToString());
                    break;
                case < 0x100:
                    text.Append(CultureInfo.InvariantCulture, $@"\x{rune.Value:x2}");
                    break;
                case < 0x10000:
                    text.Append(CultureInfo.InvariantCulture, $@"\u{rune.Value:x4}");
                    break;
                default:
                    text.Append(CultureInfo.InvariantCulture, $@"\U{rune.Value:x8}");
                    break;
            }
        }

        return text.Append(quote).ToString();
    }

    /// <summary>repr of bytes.</summary>
    public static string Bytes(ReadOnlySpan<byte> value)
    {
        var text = new StringBuilder("b'");
        foreach (var b in value)
        {
            text.Append(b switch
            {
                (byte)'\\' => @"\\",
                (byte)'\'' => @"\'",
                (byte)'\n' => @"\n",
                (byte)'\r' => @"\r",
                (byte)'\t' => @"\t",
                >= 32 and < 127 => ((char)b).ToString(),
                _ => FormattableString.Invariant($@"\x{b:x2}"),
            });
        }

        return text.Append('\'').ToString();
    }

    // str.isprintable: everything but other (Cc, Cf, Cs, Co, Cn) and separators (Zl, Zp, Zs) except the blank.
    private static bool IsPrintable(Rune rune) => rune.Value == ' ' || Rune.GetUnicodeCategory(rune) is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned
        or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.SpaceSeparator);
}
