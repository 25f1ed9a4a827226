using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace RroDashboard.Environments.InterCodeSql.MySql;

/// <summary>The native functions of MySQL 8 that queries over these databases use, on long, double, string and null.</summary>
internal static partial class MySqlFunctions
{
    // A value longer than this is refused by MySQL with NULL (max_allowed_packet); here the limit is that of a SQLite value.
    private const int MaxText = 60_000;
    private const int Any = 32;

    private static readonly TimeSpan s_patternTime = TimeSpan.FromMilliseconds(100);

    public static Dictionary<string, FunctionSpec> All()
    {
        var all = new Dictionary<string, FunctionSpec>(StringComparer.OrdinalIgnoreCase);
        AddTexts(all);
        AddNumbers(all);
        AddDates(all);
        AddFlow(all);
        return all;
    }

    /// <summary>Helpers of the writer that no statement can name.</summary>
    public static IEnumerable<(string Name, Func<object?[], object?> Run)> Internals()
    {
        yield return ("my_key", a => string.Concat(a.Select(KeyPart)));
        yield return ("my_tuple", a => a.Any(v => v is null) ? null : string.Concat(a.Select(KeyPart)));
        yield return ("my_like", a => a[0] is null || a[1] is null ? null : LikePattern(Text(a[1]), Text(a[0]), a[2] as string ?? "\\") ? 1L : 0L);
        yield return ("my_regexp", a => a[0] is null || a[1] is null ? null : Matches(Text(a[0]), Text(a[1])) ? 1L : 0L);
        yield return ("my_decimal_text", a => a[0] switch { null => null, long n => MySqlNumber.Decimal(n, (int)Long(a[1])), var v => MySqlNumber.Decimal(Number(v), (int)Long(a[1])) });
        yield return ("my_double_text", a => a[0] is null ? null : MySqlNumber.Double(Number(a[0]), (int)Long(a[1])));
        yield return ("my_float_text", a => a[0] is null ? null : MySqlNumber.Double(MySqlNumber.Float(Number(a[0]), (int)Long(a[1])), SqlType.Free));
        yield return ("my_date_number", a => a[0] is null ? null : MySqlTime.Number(Text(a[0])));
        yield return ("my_date", a => a[0] is not null && MySqlTime.Parse(Text(a[0])) is { } d ? MySqlTime.Date(d) : null);
        yield return ("my_datetime", a => a[0] is not null && MySqlTime.Parse(Text(a[0])) is { } d ? MySqlTime.Full(d) : null);
        yield return ("my_number", a => a[0] is null ? null : Number(a[0]));
        yield return ("my_round_decimal", a => a[0] is null ? null : RoundTo(a[0], (int)Long(a[1])));
        yield return ("my_int", a => a[0] switch { null => null, long n => n, double d => ToLong(Math.Round(d, MidpointRounding.AwayFromZero)), var v => ToLong(Math.Truncate(Number(v))) });
        yield return ("my_cut", a => a[0] is null ? null : Text(a[0]) is var t && t.Length > Long(a[1]) ? t[..(int)Long(a[1])] : t);
        yield return ("my_xor", a => a[0] is null || a[1] is null ? null : (Number(a[0]) != 0) != (Number(a[1]) != 0) ? 1L : 0L);
    }

    private static string KeyPart(object? value) => value switch
    {
        null => "n;",
        long n => "d" + ((double)n).ToString("R", CultureInfo.InvariantCulture) + ";",
        double d => "d" + d.ToString("R", CultureInfo.InvariantCulture) + ";",
        _ => GeneralCi.Key(Text(value)) is var key ? $"t{key.Length}:{key};" : "",
    };

    public static string Text(object? value) => value switch
    {
        string s => s,
        long n => n.ToString(CultureInfo.InvariantCulture),
        double d => MySqlNumber.Double(d, SqlType.Free),
        _ => "",
    };

    public static double Number(object? value) => value switch
    {
        long n => n,
        double d => d,
        string s => MySqlNumber.Prefix(s),
        _ => 0,
    };

    private static long Long(object? value) => value is long n ? n : ToLong(Math.Round(Number(value)));

    private static long ToLong(double value) => value switch
    {
        >= long.MaxValue => long.MaxValue,
        <= long.MinValue => long.MinValue,
        double.NaN => 0,
        _ => (long)value,
    };

    private static object? Limited(string text) => text.Length <= MaxText ? text : null;

    private static SqlType ConstantText(IReadOnlyList<Expr> _) => SqlType.Text;

    private static SqlType ConstantInt(IReadOnlyList<Expr> _) => SqlType.Int;

    private static SqlType ConstantDouble(IReadOnlyList<Expr> _) => SqlType.Double;

    private static SqlType Common(IReadOnlyList<Expr> arguments) => arguments.Select(a => a.Type).Aggregate(SqlType.Union);

    private static void AddTexts(Dictionary<string, FunctionSpec> all)
    {
        void Add(string name, int min, int max, string reads, Func<IReadOnlyList<Expr>, SqlType> type, Func<object?[], object?> run, bool takesNull = false)
        {
            foreach (var one in name.Split(' '))
            {
                all[one] = new(min, max, reads, type, run, takesNull);
            }
        }

        Add("UPPER UCASE", 1, 1, "t", ConstantText, a => Text(a[0]).ToUpperInvariant());
#pragma warning disable CA1308 // LOWER is asked for
        Add("LOWER LCASE", 1, 1, "t", ConstantText, a => Text(a[0]).ToLowerInvariant());
#pragma warning restore CA1308
        Add("LENGTH OCTET_LENGTH", 1, 1, "t", ConstantInt, a => (long)Encoding.UTF8.GetByteCount(Text(a[0])));
        Add("BIT_LENGTH", 1, 1, "t", ConstantInt, a => 8L * Encoding.UTF8.GetByteCount(Text(a[0])));
        Add("CHAR_LENGTH CHARACTER_LENGTH", 1, 1, "t", ConstantInt, a => (long)Text(a[0]).EnumerateRunes().Count());
        Add("CONCAT", 1, Any, "t", ConstantText, a => Limited(string.Concat(a.Select(Text))));
        Add("CONCAT_WS", 2, Any, "t", ConstantText, a => a[0] is null ? null : Limited(string.Join(Text(a[0]), a.Skip(1).Where(v => v is not null).Select(Text))), takesNull: true);
        Add("LEFT", 2, 2, "tn", ConstantText, a => Cut(Text(a[0]), 0, Long(a[1])));
        Add("RIGHT", 2, 2, "tn", ConstantText, a => Text(a[0]) is var t && Long(a[1]) >= t.Length ? t : Cut(t, t.Length - Math.Max(Long(a[1]), 0), Long(a[1])));
        Add("SUBSTRING SUBSTR MID", 2, 3, "tn", ConstantText, Substring);
        Add("REPLACE", 3, 3, "t", ConstantText, a => Text(a[1]).Length == 0 ? a[0] : Limited(Text(a[0]).Replace(Text(a[1]), Text(a[2]), StringComparison.Ordinal)));
        Add("REVERSE", 1, 1, "t", ConstantText, a => new string([.. Text(a[0]).Reverse()]));
        Add("REPEAT", 2, 2, "tn", ConstantText, a => Long(a[1]) * Text(a[0]).Length is var n && n > MaxText ? null : n <= 0 ? "" : string.Concat(Enumerable.Repeat(Text(a[0]), (int)Long(a[1]))));
        Add("SPACE", 1, 1, "n", ConstantText, a => Long(a[0]) > MaxText ? null : new string(' ', (int)Math.Max(Long(a[0]), 0)));
        Add("LPAD", 3, 3, "tnt", ConstantText, a => Pad(a, left: true));
        Add("RPAD", 3, 3, "tnt", ConstantText, a => Pad(a, left: false));
        Add("LTRIM", 1, 1, "t", ConstantText, a => Text(a[0]).TrimStart(' '));
        Add("RTRIM", 1, 1, "t", ConstantText, a => Text(a[0]).TrimEnd(' '));
        Add("TRIM", 1, 3, "t", ConstantText, Trim);
        Add("INSTR", 2, 2, "t", ConstantInt, a => Find(Text(a[0]), Text(a[1]), 1));
        Add("LOCATE", 2, 3, "ttn", ConstantInt, a => Find(Text(a[1]), Text(a[0]), a.Length > 2 ? Long(a[2]) : 1));
        Add("FIELD", 2, Any, "v", ConstantInt, a => 1L + Array.FindIndex(a, 1, v => v is not null && a[0] is not null && KeyPart(v) == KeyPart(a[0])) is var at and > 0 ? at - 1 : 0L, takesNull: true);
        Add("ELT", 2, Any, "nt", ConstantText, a => a[0] is not null && Long(a[0]) is var at && at >= 1 && at < a.Length ? a[at] : null, takesNull: true);
        Add("FIND_IN_SET", 2, 2, "t", ConstantInt, a => Text(a[1]).Length == 0 ? 0L : 1L + Array.FindIndex(Text(a[1]).Split(','), p => GeneralCi.Key(p) == GeneralCi.Key(Text(a[0]))));
        Add("STRCMP", 2, 2, "t", ConstantInt, a => (long)Math.Sign(GeneralCi.Compare(Encoding.UTF8.GetBytes(Text(a[0])), Encoding.UTF8.GetBytes(Text(a[1])))));
        Add("ASCII ORD", 1, 1, "t", ConstantInt, a => Text(a[0]).Length == 0 ? 0L : Encoding.UTF8.GetBytes(Text(a[0]))[0]);
        Add("CHAR", 1, Any, "n", ConstantText, a => new string([.. a.OfType<object>().Select(v => (char)(Long(v) & 0x7F))]), takesNull: true);
        Add("HEX", 1, 1, "v", ConstantText, a => a[0] is string s ? Convert.ToHexString(Encoding.UTF8.GetBytes(s)) : Long(a[0]).ToString("X", CultureInfo.InvariantCulture));
        Add("BIN", 1, 1, "n", ConstantText, a => Convert.ToString(Long(a[0]), 2));
        Add("SUBSTRING_INDEX", 3, 3, "ttn", ConstantText, SubstringIndex);
        Add("FORMAT", 2, 3, "nnt", ConstantText, Format);
        Add("INSERT", 4, 4, "tnnt", ConstantText, Insert);
        Add("SOUNDEX", 1, 1, "t", ConstantText, a => Soundex(Text(a[0])));
#pragma warning disable CA5350, CA5351 // The digests that were asked for; nothing is protected by them.
        Add("MD5", 1, 1, "t", ConstantText, a => Hex(MD5.HashData(Encoding.UTF8.GetBytes(Text(a[0])))));
        Add("SHA SHA1", 1, 1, "t", ConstantText, a => Hex(SHA1.HashData(Encoding.UTF8.GetBytes(Text(a[0])))));
#pragma warning restore CA5350, CA5351
        Add("REGEXP_LIKE", 2, 2, "t", ConstantInt, a => Matches(Text(a[0]), Text(a[1])) ? 1L : 0L);
        Add("QUOTE", 1, 1, "t", ConstantText, a => "'" + Text(a[0]).Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "\\'", StringComparison.Ordinal) + "'");
    }

    private static void AddNumbers(Dictionary<string, FunctionSpec> all)
    {
        void Add(string name, int min, int max, string reads, Func<IReadOnlyList<Expr>, SqlType> type, Func<object?[], object?> run)
        {
            foreach (var one in name.Split(' '))
            {
                all[one] = new(min, max, reads, type, run);
            }
        }

        SqlType Same(IReadOnlyList<Expr> a) => SqlType.Numeric(a[0].Type) is var t && t.Kind == TypeKind.Float ? SqlType.DoubleOf(t.Scale) : t;
        SqlType Whole(IReadOnlyList<Expr> a) => SqlType.Numeric(a[0].Type).IsReal ? SqlType.Double : SqlType.Int;
        void Real(string name, Func<double, double?> f) => Add(name, 1, 1, "n", ConstantDouble, a => f(Number(a[0])));

        Add("ABS", 1, 1, "n", Same, a => a[0] is long n ? n == long.MinValue ? (double)long.MaxValue : Math.Abs(n) : Math.Abs(Number(a[0])));
        Add("SIGN", 1, 1, "n", ConstantInt, a => (long)Math.Sign(Number(a[0])));
        Add("CEIL CEILING", 1, 1, "n", Whole, a => Whole1(a[0], Math.Ceiling));
        Add("FLOOR", 1, 1, "n", Whole, a => Whole1(a[0], Math.Floor));
        Add("ROUND", 1, 2, "n", RoundType, Round);
        Add("TRUNCATE", 2, 2, "n", RoundType, Truncate);
        Add("MOD", 2, 2, "n", a => SqlType.Sum(a[0].Type, a[1].Type), a => Number(a[1]) == 0 ? null : a[0] is long x && a[1] is long y ? x % y : Number(a[0]) % Number(a[1]));
        Add("POW POWER", 2, 2, "n", ConstantDouble, a => Math.Pow(Number(a[0]), Number(a[1])) is var p && double.IsFinite(p) ? p : null);
        Real("SQRT", x => x < 0 ? null : Math.Sqrt(x));
        Real("EXP", x => Math.Exp(x) is var e && double.IsFinite(e) ? e : null);
        Real("LN", x => x <= 0 ? null : Math.Log(x));
        Real("LOG2", x => x <= 0 ? null : Math.Log2(x));
        Real("LOG10", x => x <= 0 ? null : Math.Log10(x));
        Real("SIN", x => Math.Sin(x));
        Real("COS", x => Math.Cos(x));
        Real("TAN", x => Math.Tan(x));
        Real("ASIN", x => Math.Abs(x) > 1 ? null : Math.Asin(x));
        Real("ACOS", x => Math.Abs(x) > 1 ? null : Math.Acos(x));
        Real("RADIANS", x => x * Math.PI / 180);
        Real("DEGREES", x => x * 180 / Math.PI);
        Add("LOG", 1, 2, "n", ConstantDouble, a => a.Length == 1
            ? Number(a[0]) <= 0 ? null : Math.Log(Number(a[0]))
            : Number(a[0]) <= 0 || Number(a[0]) == 1 || Number(a[1]) <= 0 ? null : Math.Log(Number(a[1])) / Math.Log(Number(a[0])));
        Add("ATAN ATAN2", 1, 2, "n", ConstantDouble, a => a.Length == 1 ? Math.Atan(Number(a[0])) : Math.Atan2(Number(a[0]), Number(a[1])));
        Add("PI", 0, 0, "", _ => SqlType.DoubleOf(6), _ => Math.PI);
        Add("CRC32", 1, 1, "t", ConstantInt, a => Crc32(Encoding.UTF8.GetBytes(Text(a[0]))));
        Add("BIT_COUNT", 1, 1, "n", ConstantInt, a => (long)System.Numerics.BitOperations.PopCount((ulong)Long(a[0])));
    }

    private static void AddDates(Dictionary<string, FunctionSpec> all)
    {
        void Add(string name, int min, int max, string reads, Func<IReadOnlyList<Expr>, SqlType> type, Func<object?[], object?> run)
        {
            foreach (var one in name.Split(' '))
            {
                all[one] = new(min, max, reads, type, run);
            }
        }

        void Part(string name, Func<DateTime, long?> f) => Add(name, 1, 1, "d", ConstantInt, a => When(a[0]) is { } d ? f(d) : null);
        void Clock(string name, TypeKind kind, string value) => Add(name, 0, 1, "n", _ => new(kind, 0, 0), _ => value);
        SqlType DateType(IReadOnlyList<Expr> _) => SqlType.Date;
        SqlType DateTimeType(IReadOnlyList<Expr> _) => SqlType.DateTime;

        Part("YEAR", d => d.Year);
        Part("MONTH", d => d.Month);
        Part("DAY DAYOFMONTH", d => d.Day);
        Part("DAYOFWEEK", d => (long)d.DayOfWeek + 1);
        Part("WEEKDAY", d => ((long)d.DayOfWeek + 6) % 7);
        Part("DAYOFYEAR", d => d.DayOfYear);
        Part("QUARTER", d => (d.Month + 2) / 3);
        Part("WEEKOFYEAR", d => ISOWeek.GetWeekOfYear(d));
        Part("TO_DAYS", d => (long)(d.Date - DateTime.MinValue).TotalDays + 366);
        Part("YEARWEEK", d => (d.Year * 100L) + MySqlTime.Week(d));
        Add("HOUR", 1, 1, "d", ConstantInt, a => Clocked(a[0]) is { } t ? (long)t.Hours : null);
        Add("MINUTE", 1, 1, "d", ConstantInt, a => Clocked(a[0]) is { } t ? (long)t.Minutes : null);
        Add("SECOND", 1, 1, "d", ConstantInt, a => Clocked(a[0]) is { } t ? (long)t.Seconds : null);
        Add("MICROSECOND", 1, 1, "d", ConstantInt, a => When(a[0]) is { } d ? d.Ticks % TimeSpan.TicksPerSecond / 10 : null);
        Add("WEEK", 1, 2, "dn", ConstantInt, a => When(a[0]) is { } d ? a.Length > 1 && (Long(a[1]) & 1) == 1 ? ISOWeek.GetWeekOfYear(d) : (long)MySqlTime.Week(d) : null);
        Add("DAYNAME", 1, 1, "d", ConstantText, a => When(a[0]) is { } d ? d.DayOfWeek.ToString() : null);
        Add("MONTHNAME", 1, 1, "d", ConstantText, a => When(a[0]) is { } d ? d.ToString("MMMM", CultureInfo.InvariantCulture) : null);
        Add("DATE", 1, 1, "d", DateType, a => When(a[0]) is { } d ? MySqlTime.Date(d) : null);
        Add("TIME", 1, 1, "d", _ => SqlType.Time, a => Clocked(a[0]) is { } t ? t.ToString(@"hh\:mm\:ss", CultureInfo.InvariantCulture) : null);
        Add("TIMESTAMP", 1, 1, "d", DateTimeType, a => When(a[0]) is { } d ? MySqlTime.Full(d) : null);
        Add("LAST_DAY", 1, 1, "d", DateType, a => When(a[0]) is { } d ? MySqlTime.Date(new(d.Year, d.Month, DateTime.DaysInMonth(d.Year, d.Month), 0, 0, 0, DateTimeKind.Unspecified)) : null);
        Add("DATEDIFF", 2, 2, "d", ConstantInt, a => When(a[0]) is { } x && When(a[1]) is { } y ? (long)(x.Date - y.Date).TotalDays : null);
        Add("TIMESTAMPDIFF", 3, 3, "ddt", ConstantInt, a => When(a[0]) is { } x && When(a[1]) is { } y ? MySqlTime.Difference(x, y, Text(a[2])) : null);
        Add("DATE_ADD", 3, 3, "dnt", AddType, a => Shift(a, 1));
        Add("DATE_SUB", 3, 3, "dnt", AddType, a => Shift(a, -1));
        Add("EXTRACT", 2, 2, "dt", ConstantInt, a => When(a[0]) is { } d ? MySqlTime.Part(d, Text(a[1])) : null);
        Add("DATE_FORMAT TIME_FORMAT", 2, 2, "dt", ConstantText, a => When(a[0]) is { } d ? MySqlTime.Format(d, Text(a[1])) : null);
        Add("STR_TO_DATE", 2, 2, "t", a => a[1] is Literal { Value: var f } && !f.Contains("%H", StringComparison.Ordinal) && !f.Contains("%i", StringComparison.Ordinal) && !f.Contains("%T", StringComparison.Ordinal) ? SqlType.Date : SqlType.DateTime, StrToDate);
        Add("FROM_DAYS", 1, 1, "n", DateType, a => Long(a[0]) is >= 366 and < 3652425 and var n ? MySqlTime.Date(DateTime.MinValue.AddDays(n - 366)) : null);
        Add("MAKEDATE", 2, 2, "n", DateType, a => Long(a[0]) is >= 1 and < 9999 and var y && Long(a[1]) is >= 1 and < 100000 and var n ? MySqlTime.Date(new DateTime((int)y, 1, 1, 0, 0, 0, DateTimeKind.Unspecified).AddDays(n - 1)) : null);
        Add("UNIX_TIMESTAMP", 0, 1, "d", ConstantInt, a => a.Length == 0 ? Unix(MySqlTime.Now) : When(a[0]) is { } d ? Unix(d) : null);
        Add("FROM_UNIXTIME", 1, 1, "n", DateTimeType, a => Long(a[0]) is >= 0 and < 32536771200 and var s ? MySqlTime.Full(DateTime.UnixEpoch.AddSeconds(s)) : null);
        Add("SEC_TO_TIME", 1, 1, "n", _ => SqlType.Time, a => Long(a[0]) is >= 0 and < 86400 and var s ? TimeSpan.FromSeconds(s).ToString(@"hh\:mm\:ss", CultureInfo.InvariantCulture) : null);
        Add("TIME_TO_SEC", 1, 1, "d", ConstantInt, a => Clocked(a[0]) is { } t ? (long)t.TotalSeconds : null);
        foreach (var name in new[] { "NOW", "SYSDATE", "CURRENT_TIMESTAMP", "LOCALTIME", "LOCALTIMESTAMP", "UTC_TIMESTAMP" })
        {
            Clock(name, TypeKind.DateTime, MySqlTime.Full(MySqlTime.Now));
        }

        foreach (var name in new[] { "CURDATE", "CURRENT_DATE", "UTC_DATE" })
        {
            Clock(name, TypeKind.Date, MySqlTime.Date(MySqlTime.Now));
        }

        foreach (var name in new[] { "CURTIME", "CURRENT_TIME", "UTC_TIME" })
        {
            Clock(name, TypeKind.Time, MySqlTime.Now.ToString("HH:mm:ss", CultureInfo.InvariantCulture));
        }
    }

    // These the writer turns into SQL of their own.
    private static void AddFlow(Dictionary<string, FunctionSpec> all)
    {
        SqlType Branches(IReadOnlyList<Expr> a) => SqlType.Union(a[1].Type, a[2].Type);
        all["IF"] = new(3, 3, "v", Branches, null);
        all["IFNULL"] = new(2, 2, "v", Common, null);
        all["COALESCE"] = new(1, Any, "v", Common, null);
        all["NULLIF"] = new(2, 2, "v", a => a[0].Type, null);
        all["ISNULL"] = new(1, 1, "v", ConstantInt, null);
        all["GREATEST"] = new(2, Any, "v", Common, null);
        all["LEAST"] = new(2, Any, "v", Common, null);
        all["ANY_VALUE"] = new(1, 1, "v", a => a[0].Type, null);
        all["COLLATE"] = new(2, 2, "v", ConstantText, null);
        all["DATABASE"] = new(0, 0, "", ConstantText, null);
        all["SCHEMA"] = all["DATABASE"];
        all["RAND"] = new(0, 1, "n", ConstantDouble, null);
        all["VERSION"] = new(0, 0, "", ConstantText, _ => "8.0.32");
        all["USER"] = new(0, 0, "", ConstantText, _ => "admin@localhost");
        foreach (var name in new[] { "CURRENT_USER", "SESSION_USER", "SYSTEM_USER" })
        {
            all[name] = all["USER"];
        }

        all["CONNECTION_ID"] = new(0, 0, "", ConstantInt, _ => 8L);
        all["FOUND_ROWS"] = new(0, 0, "", ConstantInt, _ => 0L);
    }

    private static string Cut(string text, long start, long count) =>
        start >= text.Length || count <= 0 ? "" : text.Substring((int)start, (int)Math.Min(count, text.Length - start));

    private static string Substring(object?[] a)
    {
        var text = Text(a[0]);
        var start = Long(a[1]);
        var length = a.Length > 2 ? Long(a[2]) : long.MaxValue;
        start = start < 0 ? text.Length + start : start - 1;
        return start < 0 ? "" : Cut(text, start, length);
    }

    private static object? Pad(object?[] a, bool left)
    {
        var (text, length, fill) = (Text(a[0]), Long(a[1]), Text(a[2]));
        if (length is < 0 or > MaxText)
        {
            return null;
        }

        if (text.Length >= length)
        {
            return text[..(int)length];
        }

        if (fill.Length == 0)
        {
            return null;
        }

        var missing = (int)length - text.Length;
        var padding = string.Concat(Enumerable.Repeat(fill, (missing / fill.Length) + 1))[..missing];
        return left ? padding + text : text + padding;
    }

    private static string Trim(object?[] a)
    {
        var text = Text(a[0]);
        var what = a.Length > 1 ? Text(a[1]) : " ";
        var side = a.Length > 2 ? Text(a[2]) : "BOTH";
        if (what.Length == 0)
        {
            return text;
        }

        while (side != "TRAILING" && text.StartsWith(what, StringComparison.Ordinal))
        {
            text = text[what.Length..];
        }

        while (side != "LEADING" && text.EndsWith(what, StringComparison.Ordinal))
        {
            text = text[..^what.Length];
        }

        return text;
    }

    private static long Find(string text, string what, long from)
    {
        if (from < 1 || from > text.Length + 1)
        {
            return 0;
        }

        // Weights are one per character, so positions stay true.
        return 1 + Weights(text).IndexOf(Weights(what), (int)from - 1, StringComparison.Ordinal);
    }

    private static string Weights(string text) => string.Create(text.Length, text, (span, t) =>
    {
        for (var i = 0; i < span.Length; i++)
        {
            span[i] = GeneralCi.Weight(t[i]);
        }
    });

    private static string SubstringIndex(object?[] a)
    {
        var (text, separator, count) = (Text(a[0]), Text(a[1]), Long(a[2]));
        if (separator.Length == 0 || count == 0)
        {
            return "";
        }

        var parts = text.Split(separator);
        if (Math.Abs(count) >= parts.Length)
        {
            return text;
        }

        return count > 0 ? string.Join(separator, parts[..(int)count]) : string.Join(separator, parts[^(int)-count..]);
    }

    private static string Format(object?[] a)
    {
        var digits = (int)Math.Clamp(Long(a[1]), 0, 30);
        var plain = MySqlNumber.Decimal(Number(a[0]), digits);
        var sign = plain.StartsWith('-') ? "-" : "";
        var parts = plain.TrimStart('-').Split('.');
        var grouped = Thousands().Replace(parts[0], ",");
        return sign + grouped + (parts.Length > 1 ? "." + parts[1] : "");
    }

    [GeneratedRegex(@"(?<=\d)(?=(\d{3})+$)", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Thousands();

    private static object? Insert(object?[] a)
    {
        var (text, position, length, added) = (Text(a[0]), Long(a[1]), Long(a[2]), Text(a[3]));
        if (position < 1 || position > text.Length)
        {
            return text;
        }

        var start = (int)position - 1;
        var rest = length < 0 || start + length > text.Length ? "" : text[(start + (int)length)..];
        return Limited(text[..start] + added + rest);
    }

    private static string Soundex(string text)
    {
        const string Codes = "01230120022455012623010202";
        var result = new StringBuilder();
        var last = '\0';
        foreach (var c in text.ToUpperInvariant())
        {
            if (!char.IsAsciiLetter(c))
            {
                continue;
            }

            var code = Codes[c - 'A'];
            if (result.Length == 0)
            {
                result.Append(c);
            }
            else if (code != '0' && code != last)
            {
                result.Append(code);
            }

            if (code != '0' || result.Length == 1)
            {
                last = code;
            }
        }

        return result.Length is 0 or >= 4 ? result.ToString() : result.ToString().PadRight(4, '0');
    }

#pragma warning disable CA1308 // MySQL prints digests in lower case
    private static string Hex(byte[] bytes) => Convert.ToHexString(bytes).ToLowerInvariant();
#pragma warning restore CA1308

    private static long Crc32(byte[] bytes)
    {
        var crc = uint.MaxValue;
        foreach (var b in bytes)
        {
            crc ^= b;
            for (var i = 0; i < 8; i++)
            {
                crc = (crc & 1) == 1 ? (crc >> 1) ^ 0xEDB88320 : crc >> 1;
            }
        }

        return ~crc;
    }

    private static object? Whole1(object? value, Func<double, double> f) => value is long ? value : f(Number(value)) is var d && Math.Abs(d) < 9e18 ? (long)d : f(Number(value));

    private static SqlType RoundType(IReadOnlyList<Expr> a)
    {
        var type = SqlType.Numeric(a[0].Type);
        int? digits = a.Count > 1 ? TypeRules.ConstantOf(a[1]) : 0;
        if (type.Kind == TypeKind.Int)
        {
            return type;
        }

        if (type.IsReal)
        {
            return digits is >= 0 and <= 30 ? SqlType.DoubleOf(digits.Value) : SqlType.Double;
        }

        var scale = digits is { } d ? Math.Clamp(d, 0, type.Scale) : type.Scale;
        return SqlType.DecimalOf(type.Precision - type.Scale + scale + 1, scale);
    }

    private static object? Round(object?[] a) => RoundTo(a[0], a.Length > 1 ? (int)Math.Clamp(Long(a[1]), -30, 30) : 0);

    // Exact numbers go half away from zero. A double goes through its decimal text, where MySQL rounds the binary value to even.
    private static object? RoundTo(object? value, int digits)
    {
        if (value is long n)
        {
            if (digits >= 0)
            {
                return n;
            }

            var unit = Math.Pow(10, -digits);
            return unit > 1e18 ? 0L : (long)(Math.Round(n / (decimal)unit, MidpointRounding.AwayFromZero) * (decimal)unit);
        }

        var number = Number(value);
        if (Math.Abs(number) >= 1e15 || digits > 15)
        {
            return number;
        }

        if (digits >= 0)
        {
            return (double)Math.Round((decimal)number, digits, MidpointRounding.AwayFromZero);
        }

        var scale = Math.Pow(10, -digits);
        return Math.Round(number / scale, MidpointRounding.AwayFromZero) * scale;
    }

    private static object? Truncate(object?[] a)
    {
        var digits = (int)Math.Clamp(Long(a[1]), -18, 15);
        if (a[0] is long n)
        {
            var unit = digits >= 0 ? 1L : (long)Math.Pow(10, -digits);
            return n / unit * unit;
        }

        var number = Number(a[0]);
        if (Math.Abs(number) >= 1e12)
        {
            return number;
        }

        var factor = (decimal)Math.Pow(10, Math.Abs(digits));
        return (double)(digits >= 0 ? Math.Truncate((decimal)number * factor) / factor : Math.Truncate((decimal)number / factor) * factor);
    }

    private static DateTime? When(object? value) => MySqlTime.Parse(Text(value));

    private static TimeSpan? Clocked(object? value)
    {
        var text = Text(value);
        if (MySqlTime.Parse(text) is { } when)
        {
            return when.TimeOfDay;
        }

        return TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var time) && text.Contains(':', StringComparison.Ordinal) ? time : null;
    }

    private static SqlType AddType(IReadOnlyList<Expr> a)
    {
        var unit = a[2] is Literal { Value: var u } ? u : "DAY";
        return a[0].Type.Kind switch
        {
            TypeKind.Date => unit is "DAY" or "WEEK" or "MONTH" or "QUARTER" or "YEAR" ? SqlType.Date : SqlType.DateTime,
            TypeKind.DateTime => SqlType.DateTime,
            _ => SqlType.Text,
        };
    }

    private static string? Shift(object?[] a, int sign)
    {
        var text = Text(a[0]);
        var unit = Text(a[2]);
        if (MySqlTime.Parse(text) is not { } from || MySqlTime.Add(from, sign * Number(a[1]), unit) is not { } to)
        {
            return null;
        }

        var keepsDate = text.Trim().Length <= 10 && unit is "DAY" or "WEEK" or "MONTH" or "QUARTER" or "YEAR";
        return keepsDate && text.Trim().Length <= 10 ? MySqlTime.Date(to) : MySqlTime.Full(to);
    }

    private static long Unix(DateTime value) => (long)(value - DateTime.UnixEpoch).TotalSeconds;

    private static string? StrToDate(object?[] a)
    {
        var (text, format) = (Text(a[0]), Text(a[1]));
        int year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0, at = 0;
        var hasTime = false;
        string[] months = CultureInfo.InvariantCulture.DateTimeFormat.MonthNames;
        for (var i = 0; i < format.Length; i++)
        {
            if (format[i] != '%' || i + 1 == format.Length)
            {
                if (at >= text.Length || char.ToUpperInvariant(text[at]) != char.ToUpperInvariant(format[i]))
                {
                    return null;
                }

                at++;
                continue;
            }

            i++;
            int? number = null;
            switch (format[i])
            {
                case 'Y':
                    number = year = Take(4);
                    break;
                case 'y':
                    year = Take(2);
                    number = year;
                    year += year < 70 ? 2000 : 1900;
                    break;
                case 'm' or 'c':
                    number = month = Take(2);
                    break;
                case 'd' or 'e':
                    number = day = Take(2);
                    break;
                case 'H' or 'h' or 'k' or 'l' or 'I':
                    number = hour = Take(2);
                    hasTime = true;
                    break;
                case 'i':
                    number = minute = Take(2);
                    hasTime = true;
                    break;
                case 's' or 'S':
                    number = second = Take(2);
                    hasTime = true;
                    break;
                case 'M' or 'b':
                    var named = Array.FindIndex(months, m => m.Length > 0 && at < text.Length
                        && text.AsSpan(at).StartsWith(format[i] == 'M' ? m : m[..3], StringComparison.OrdinalIgnoreCase));
                    if (named >= 0)
                    {
                        month = named + 1;
                        number = month;
                        at += format[i] == 'M' ? months[named].Length : 3;
                    }

                    break;
                default:
                    return null;
            }

            if (number is null or < 0)
            {
                return null;
            }
        }

        if (year is < 1 or > 9999 || month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth(year, month) || hour > 23 || minute > 59 || second > 59)
        {
            return null;
        }

        var value = new DateTime(year, month, day, hour, minute, second, DateTimeKind.Unspecified);
        return hasTime ? MySqlTime.Full(value) : MySqlTime.Date(value);

        int Take(int width)
        {
            var start = at;
            while (at < text.Length && at - start < width && char.IsAsciiDigit(text[at]))
            {
                at++;
            }

            return at > start ? int.Parse(text.AsSpan(start, at - start), CultureInfo.InvariantCulture) : -1;
        }
    }

    // LIKE with one weight per character; two pointers and one place to go back to, so no pattern can run away.
    /// <summary>text LIKE pattern, with the backslash as escape.</summary>
    public static bool Like(string pattern, string text) => LikePattern(pattern, text, "\\");

    private static bool LikePattern(string pattern, string text, string escape)
    {
        var escaped = escape.Length > 0 ? escape[0] : '\0';
        int p = 0, t = 0, star = -1, mark = 0;
        while (t < text.Length)
        {
            var literal = p < pattern.Length && escaped != '\0' && pattern[p] == escaped && p + 1 < pattern.Length;
            if (p < pattern.Length && !literal && pattern[p] == '%')
            {
                star = p++;
                mark = t;
            }
            else if (p < pattern.Length && ((!literal && pattern[p] == '_') || GeneralCi.Weight(pattern[literal ? p + 1 : p]) == GeneralCi.Weight(text[t])))
            {
                p += literal ? 2 : 1;
                t++;
            }
            else if (star >= 0)
            {
                p = star + 1;
                t = ++mark;
            }
            else
            {
                return false;
            }
        }

        while (p < pattern.Length && pattern[p] == '%')
        {
            p++;
        }

        return p == pattern.Length;
    }

    private static bool Matches(string text, string pattern)
    {
        if (pattern.Length == 0)
        {
            throw new MySqlException("Illegal argument to a regular expression.");
        }

        try
        {
            return Regex.IsMatch(text, pattern.Replace("[[:<:]]", @"\b", StringComparison.Ordinal).Replace("[[:>:]]", @"\b", StringComparison.Ordinal)
                .Replace("[:alpha:]", @"\p{L}", StringComparison.Ordinal).Replace("[:digit:]", @"\d", StringComparison.Ordinal)
                .Replace("[:alnum:]", @"\p{L}\d", StringComparison.Ordinal).Replace("[:space:]", @"\s", StringComparison.Ordinal)
                .Replace("[:upper:]", "A-Z", StringComparison.Ordinal).Replace("[:lower:]", "a-z", StringComparison.Ordinal)
                .Replace("[:punct:]", @"\p{P}", StringComparison.Ordinal), RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, s_patternTime);
        }
        catch (RegexMatchTimeoutException)
        {
            throw new MySqlException("Timeout exceeded in regular expression match.");
        }
        catch (ArgumentException)
        {
            throw new MySqlException("The regular expression contains a syntax error.");
        }
    }
}
