using System.Globalization;

namespace RroDashboard.Environments.InterCodeSql.MySql;

/// <summary>
/// Dates as the image stores them: "2018-03-20" and "2018-03-20 12:00:00" with six more digits only where there are
/// microseconds. Texts of this form compare in the order of time.
/// </summary>
internal static class MySqlTime
{
    /// <summary>What NOW() answers. An episode must replay, so the clock stands still: the year of the released logs.</summary>
    public static readonly DateTime Now = new(2023, 6, 15, 12, 0, 0, DateTimeKind.Unspecified);

    /// <summary>Reads what MySQL reads as a date or datetime: parts of any width with any separator, or digits alone.</summary>
    public static DateTime? Parse(string text)
    {
        var trimmed = text.AsSpan().Trim();
        var numbers = new List<(int Value, int Width)>();
        var fraction = 0;
        for (var at = 0; at < trimmed.Length;)
        {
            if (!char.IsAsciiDigit(trimmed[at]))
            {
                if (char.IsLetter(trimmed[at]) && trimmed[at] is not 'T')
                {
                    break;
                }

                at++;
                continue;
            }

            var start = at;
            while (at < trimmed.Length && char.IsAsciiDigit(trimmed[at]))
            {
                at++;
            }

            var digits = trimmed[start..at];
            if (numbers.Count == 6)
            {
                fraction = int.Parse(digits.ToString().PadRight(6, '0')[..6], CultureInfo.InvariantCulture);
                break;
            }

            if (digits.Length > 14)
            {
                return null;
            }

            if (numbers.Count == 0 && digits.Length is 8 or 14 or 6 or 12)
            {
                var year = digits.Length is 8 or 14 ? 4 : 2;
                numbers.Add((int.Parse(digits[..year], CultureInfo.InvariantCulture), year));
                for (var i = year; i < digits.Length; i += 2)
                {
                    numbers.Add((int.Parse(digits.Slice(i, 2), CultureInfo.InvariantCulture), 2));
                }

                continue;
            }

            if (digits.Length > 6)
            {
                return null;
            }

            numbers.Add((int.Parse(digits, CultureInfo.InvariantCulture), digits.Length));
        }

        if (numbers.Count < 3)
        {
            return null;
        }

        var y = numbers[0].Width <= 2 ? numbers[0].Value + (numbers[0].Value < 70 ? 2000 : 1900) : numbers[0].Value;
        int Part(int i) => i < numbers.Count ? numbers[i].Value : 0;
        if (y is < 1 or > 9999 || Part(1) is < 1 or > 12 || Part(2) < 1 || Part(2) > DateTime.DaysInMonth(y, Part(1)) || Part(3) > 23 || Part(4) > 59 || Part(5) > 59)
        {
            return null;
        }

        return new DateTime(y, Part(1), Part(2), Part(3), Part(4), Part(5), DateTimeKind.Unspecified).AddMicroseconds(fraction);
    }

    public static string Date(DateTime value) => value.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    public static string Full(DateTime value) =>
        value.ToString(value.Ticks % TimeSpan.TicksPerSecond == 0 ? "yyyy-MM-dd HH:mm:ss" : "yyyy-MM-dd HH:mm:ss.ffffff", CultureInfo.InvariantCulture);

    /// <summary>20180320 or 20180320120000: a date in arithmetic.</summary>
    public static object? Number(string text)
    {
        if (Parse(text) is not { } value)
        {
            return 0L;
        }

        var date = (value.Year * 10000L) + (value.Month * 100) + value.Day;
        return text.Length <= 10 ? date : (date * 1000000) + (value.Hour * 10000) + (value.Minute * 100) + value.Second;
    }

    /// <summary>datetime.date(...) or datetime.datetime(...), as Python's repr writes them.</summary>
    public static string Python(string text, TypeKind kind)
    {
        if (kind == TypeKind.Time)
        {
            return TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var time)
                ? time == TimeSpan.Zero ? "datetime.timedelta(0)" : $"datetime.timedelta(seconds={(long)time.TotalSeconds})"
                : PythonText.Of(text);
        }

        // A zero date has no Python value; the connector answers None.
        if (Parse(text) is not { } value)
        {
            return "None";
        }

        if (kind == TypeKind.Date)
        {
            return string.Create(CultureInfo.InvariantCulture, $"datetime.date({value.Year}, {value.Month}, {value.Day})");
        }

        var seconds = value.Second;
        var micro = (int)(value.Ticks % TimeSpan.TicksPerSecond / 10);
        var tail = micro > 0 ? $", {seconds}, {micro}" : seconds > 0 ? $", {seconds}" : "";
        return string.Create(CultureInfo.InvariantCulture, $"datetime.datetime({value.Year}, {value.Month}, {value.Day}, {value.Hour}, {value.Minute}{tail})");
    }

    /// <summary>DATE_ADD for one unit; null outside the calendar.</summary>
    public static DateTime? Add(DateTime from, double amount, string unit)
    {
        try
        {
            return unit switch
            {
                "MICROSECOND" => from.AddMicroseconds(amount),
                "SECOND" => from.AddSeconds(amount),
                "MINUTE" => from.AddMinutes(amount),
                "HOUR" => from.AddHours(amount),
                "DAY" => from.AddDays(Math.Round(amount)),
                "WEEK" => from.AddDays(7 * Math.Round(amount)),
                "MONTH" => from.AddMonths(checked((int)Math.Round(amount))),
                "QUARTER" => from.AddMonths(checked(3 * (int)Math.Round(amount))),
                "YEAR" => from.AddYears(checked((int)Math.Round(amount))),
                _ => null,
            };
        }
        catch (Exception e) when (e is ArgumentOutOfRangeException or OverflowException)
        {
            return null;
        }
    }

    /// <summary>TIMESTAMPDIFF: whole units from one to the other.</summary>
    public static long? Difference(DateTime from, DateTime to, string unit)
    {
        var span = to - from;
        switch (unit)
        {
            case "MICROSECOND":
                return span.Ticks / 10;
            case "SECOND":
                return span.Ticks / TimeSpan.TicksPerSecond;
            case "MINUTE":
                return span.Ticks / TimeSpan.TicksPerMinute;
            case "HOUR":
                return span.Ticks / TimeSpan.TicksPerHour;
            case "DAY":
                return span.Ticks / TimeSpan.TicksPerDay;
            case "WEEK":
                return span.Ticks / TimeSpan.TicksPerDay / 7;
            case "MONTH" or "QUARTER" or "YEAR":
                var (early, late, sign) = from <= to ? (from, to, 1) : (to, from, -1);
                var months = ((late.Year - early.Year) * 12) + late.Month - early.Month;
                if (late.Day < early.Day || (late.Day == early.Day && late.TimeOfDay < early.TimeOfDay))
                {
                    months--;
                }

                return sign * (unit == "MONTH" ? months : unit == "QUARTER" ? months / 3 : months / 12);
            default:
                return null;
        }
    }

    /// <summary>EXTRACT and YEAR(), MONTH() and so on.</summary>
    public static long? Part(DateTime value, string unit) => unit switch
    {
        "MICROSECOND" => value.Ticks % TimeSpan.TicksPerSecond / 10,
        "SECOND" => value.Second,
        "MINUTE" => value.Minute,
        "HOUR" => value.Hour,
        "DAY" => value.Day,
        "WEEK" => Week(value),
        "MONTH" => value.Month,
        "QUARTER" => (value.Month + 2) / 3,
        "YEAR" => value.Year,
        "YEAR_MONTH" => (value.Year * 100) + value.Month,
        "DAY_HOUR" => (value.Day * 100) + value.Hour,
        "HOUR_MINUTE" => (value.Hour * 100) + value.Minute,
        "MINUTE_SECOND" => (value.Minute * 100) + value.Second,
        _ => null,
    };

    /// <summary>WEEK() with mode 0: weeks start on Sunday, days before the first Sunday are week 0.</summary>
    public static int Week(DateTime value)
    {
        var first = (int)new DateTime(value.Year, 1, 1, 0, 0, 0, DateTimeKind.Unspecified).DayOfWeek;
        return (value.DayOfYear - 1 + (first == 0 ? 7 : first)) / 7;
    }

    /// <summary>DATE_FORMAT.</summary>
    public static string Format(DateTime value, string format)
    {
        var result = new System.Text.StringBuilder();
        for (var i = 0; i < format.Length; i++)
        {
            if (format[i] != '%' || i + 1 == format.Length)
            {
                result.Append(format[i]);
                continue;
            }

            i++;
            var culture = CultureInfo.InvariantCulture;
            result.Append(format[i] switch
            {
                'Y' => value.ToString("yyyy", culture),
                'y' => value.ToString("yy", culture),
                'm' => value.ToString("MM", culture),
                'c' => value.Month.ToString(culture),
                'M' => value.ToString("MMMM", culture),
                'b' => value.ToString("MMM", culture),
                'd' => value.ToString("dd", culture),
                'e' => value.Day.ToString(culture),
                'D' => value.Day + Suffix(value.Day),
                'H' => value.ToString("HH", culture),
                'k' => value.Hour.ToString(culture),
                'h' or 'I' => value.ToString("hh", culture),
                'l' => (((value.Hour + 11) % 12) + 1).ToString(culture),
                'i' => value.ToString("mm", culture),
                's' or 'S' => value.ToString("ss", culture),
                'f' => value.ToString("ffffff", culture),
                'p' => value.Hour < 12 ? "AM" : "PM",
                'r' => value.ToString("hh:mm:ss ", culture) + (value.Hour < 12 ? "AM" : "PM"),
                'T' => value.ToString("HH:mm:ss", culture),
                'W' => value.DayOfWeek.ToString(),
                'a' => value.DayOfWeek.ToString()[..3],
                'w' => ((int)value.DayOfWeek).ToString(culture),
                'j' => value.DayOfYear.ToString("000", culture),
                'U' => Week(value).ToString("00", culture),
                'u' or 'v' => ISOWeek.GetWeekOfYear(value).ToString("00", culture),
                'x' => ISOWeek.GetYear(value).ToString("0000", culture),
                var other => other.ToString(),
            });
        }

        return result.ToString();
    }

    private static string Suffix(int day) => day is >= 11 and <= 13 ? "th" : (day % 10) switch { 1 => "st", 2 => "nd", 3 => "rd", _ => "th" };
}
