namespace RroDashboard.Environments.InterCodeSql.MySql;

internal enum TypeKind
{
    Null,
    Int,
    Decimal,
    Float,
    Double,
    Date,
    Time,
    DateTime,
    Text,
}

/// <summary>Type of a column or expression, as far as its Python text or its comparisons depend on it.</summary>
/// <param name="Kind">Family.</param>
/// <param name="Precision">Digits of a decimal.</param>
/// <param name="Scale">Digits after the point of a decimal, or of a float(M,D) or ROUND result; <see cref="Free"/> when not fixed.</param>
internal readonly record struct SqlType(TypeKind Kind, int Precision, int Scale)
{
    /// <summary>MySQL's NOT_FIXED_DEC: a float with as many digits as it needs.</summary>
    public const int Free = 31;

    private const int MaxPrecision = 65, MaxScale = 30, IntDigits = 20;

    public static SqlType Null => new(TypeKind.Null, 0, 0);

    public static SqlType Int => new(TypeKind.Int, IntDigits, 0);

    public static SqlType Double => new(TypeKind.Double, 0, Free);

    public static SqlType Text => new(TypeKind.Text, 0, Free);

    public static SqlType Date => new(TypeKind.Date, 0, 0);

    public static SqlType Time => new(TypeKind.Time, 0, 0);

    public static SqlType DateTime => new(TypeKind.DateTime, 0, 0);

    public bool IsText => Kind == TypeKind.Text;

    public bool IsTemporal => Kind is TypeKind.Date or TypeKind.DateTime or TypeKind.Time;

    public bool IsExact => Kind is TypeKind.Int or TypeKind.Decimal;

    public bool IsReal => Kind is TypeKind.Float or TypeKind.Double;

    public static SqlType DecimalOf(int precision, int scale) =>
        new(TypeKind.Decimal, Math.Clamp(precision, 1, MaxPrecision), Math.Clamp(scale, 0, MaxScale));

    public static SqlType DoubleOf(int scale) => new(TypeKind.Double, 0, Math.Min(scale, Free));

    /// <summary>Type of a column from its DESC text, for example "decimal(19,4)".</summary>
    public static SqlType Parse(string text)
    {
        var open = text.IndexOf('(', StringComparison.Ordinal);
        var name = open < 0 ? text : text[..open];
        int[] numbers = open < 0
            ? []
            : [.. text[(open + 1)..text.IndexOf(')', open)].Split(',').Select(n => int.TryParse(n, out var v) ? v : 0)];
        return name.Split(' ')[0] switch
        {
            "int" or "tinyint" or "smallint" or "mediumint" or "bigint" or "year" or "bit" => Int,
            "decimal" => DecimalOf(numbers.Length > 0 ? numbers[0] : 10, numbers.Length > 1 ? numbers[1] : 0),
            "float" => new(TypeKind.Float, 0, numbers.Length > 1 ? numbers[1] : Free),
            "double" => DoubleOf(numbers.Length > 1 ? numbers[1] : Free),
            "date" => Date,
            "time" => Time,
            "datetime" or "timestamp" => DateTime,
            _ => Text,
        };
    }

    /// <summary>Common type of the branches of CASE, IF, COALESCE, UNION.</summary>
    public static SqlType Union(SqlType a, SqlType b)
    {
        if (a.Kind == TypeKind.Null || a == b)
        {
            return b;
        }

        if (b.Kind == TypeKind.Null)
        {
            return a;
        }

        if (a.IsTemporal || b.IsTemporal)
        {
            return a.IsTemporal && b.IsTemporal ? DateTime : Text;
        }

        if (a.IsText || b.IsText)
        {
            return Text;
        }

        if (a.IsReal || b.IsReal)
        {
            return DoubleOf(Math.Max(a.Scale, b.Scale));
        }

        if (a.Kind == TypeKind.Decimal || b.Kind == TypeKind.Decimal)
        {
            var scale = Math.Max(a.Scale, b.Scale);
            return DecimalOf(Math.Max(a.Precision - a.Scale, b.Precision - b.Scale) + scale, scale);
        }

        return Int;
    }

    /// <summary>Type of a + b, a - b.</summary>
    public static SqlType Sum(SqlType a, SqlType b) => Arithmetic(a, b, Math.Max(a.Scale, b.Scale), keepsInt: true);

    /// <summary>Type of a * b.</summary>
    public static SqlType Product(SqlType a, SqlType b) => Arithmetic(a, b, Math.Min(a.Scale + b.Scale, MaxScale), keepsInt: true);

    /// <summary>Type of a / b: div_precision_increment is 4.</summary>
    public static SqlType Quotient(SqlType a, SqlType b) => Arithmetic(a, b, Math.Min(a.Scale + 4, MaxScale), keepsInt: false);

    private static SqlType Arithmetic(SqlType a, SqlType b, int scale, bool keepsInt)
    {
        (a, b) = (Numeric(a), Numeric(b));
        if (a.IsReal || b.IsReal)
        {
            return a.Scale == Free || b.Scale == Free ? Double : DoubleOf(scale);
        }

        return a.Kind == TypeKind.Int && b.Kind == TypeKind.Int && keepsInt
            ? Int
            : DecimalOf(Math.Max(a.Precision, b.Precision) + 4, scale);
    }

    /// <summary>Type of the value in arithmetic.</summary>
    public static SqlType Numeric(SqlType type) => type.Kind switch
    {
        TypeKind.Text => Double,
        TypeKind.Date or TypeKind.DateTime or TypeKind.Time or TypeKind.Null => Int,
        _ => type,
    };
}
