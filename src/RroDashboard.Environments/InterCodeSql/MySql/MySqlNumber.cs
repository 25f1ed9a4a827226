using System.Globalization;

namespace RroDashboard.Environments.InterCodeSql.MySql;

/// <summary>Numbers as MySQL writes them.</summary>
internal static class MySqlNumber
{
    // Beyond this System.Decimal cannot hold the value.
    private const double MaxDecimal = 7.9e28;
    private const int FloatDigits = 6, DoubleDigits = 17, MaxDecimalScale = 28;

    /// <summary>A decimal with its scale, halves away from zero: 640.0000.</summary>
    public static string Decimal(double value, int scale)
    {
        if (Math.Abs(value) >= MaxDecimal)
        {
            return value.ToString("F" + scale.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        }

        var rounded = Math.Round((decimal)value, Math.Min(scale, MaxDecimalScale), MidpointRounding.AwayFromZero);
        return rounded.ToString("F" + scale.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
    }

    public static string Decimal(long value, int scale) =>
        ((decimal)value).ToString("F" + scale.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);

    /// <summary>A double as text: shortest digits, no point for whole numbers.</summary>
    public static string Double(double value, int scale)
    {
        if (scale < SqlType.Free)
        {
            return value.ToString("F" + scale.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        }

        var magnitude = Math.Abs(value);
        return magnitude is > 0 and (>= 1e15 or < 1e-5)
            ? value.ToString("R", CultureInfo.InvariantCulture).Replace("E+", "e", StringComparison.Ordinal).Replace("E-0", "e-", StringComparison.Ordinal).Replace('E', 'e')
            : value.ToString("R", CultureInfo.InvariantCulture);
    }

    /// <summary>A single precision column: six digits.</summary>
    public static double Float(double value, int scale) => scale < SqlType.Free
        ? Fixed(value, scale)
        : double.Parse(value.ToString("G" + FloatDigits.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);

    /// <summary>Value that a client reads when the server writes so many digits after the point.</summary>
    public static double Fixed(double value, int scale) => Math.Abs(value) < MaxDecimal && scale <= DoubleDigits
        ? double.Parse(value.ToString("F" + scale.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture), CultureInfo.InvariantCulture)
        : value;

    /// <summary>The number at the start of a text, 0 when there is none.</summary>
    public static double Prefix(string text)
    {
        var span = text.AsSpan().TrimStart();
        var end = 0;
        var seenDigit = false;
        var seenPoint = false;
        for (; end < span.Length; end++)
        {
            var c = span[end];
            if (char.IsAsciiDigit(c))
            {
                seenDigit = true;
            }
            else if (c == '.' && !seenPoint)
            {
                seenPoint = true;
            }
            else if (!(c is '+' or '-' && end == 0))
            {
                break;
            }
        }

        if (!seenDigit)
        {
            return 0;
        }

        if (end < span.Length && span[end] is 'e' or 'E')
        {
            var exponent = end + 1;
            if (exponent < span.Length && span[exponent] is '+' or '-')
            {
                exponent++;
            }

            if (exponent < span.Length && char.IsAsciiDigit(span[exponent]))
            {
                while (exponent < span.Length && char.IsAsciiDigit(span[exponent]))
                {
                    exponent++;
                }

                end = exponent;
            }
        }

        return double.TryParse(span[..end], NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? value : 0;
    }
}
