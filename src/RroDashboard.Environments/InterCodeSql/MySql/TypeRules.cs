using System.Globalization;

namespace RroDashboard.Environments.InterCodeSql.MySql;

/// <summary>Result types of operators and aggregates (MySQL 8 manual, chapter 12; environments.md B3).</summary>
internal static class TypeRules
{
    private const int AverageDigits = 4;

    /// <summary>Sets the type of an expression from the types of its operands.</summary>
    public static void Assign(Expr expr) => expr.Type = expr switch
    {
        Literal literal => OfLiteral(literal),
        Unary { Op: "-" } minus => SqlType.Numeric(minus.Operand.Type),
        Unary => SqlType.Int,
        Binary binary => OfBinary(binary),
        Case c => c.Arms.Select(a => a.Then.Type).Append(c.Otherwise?.Type ?? SqlType.Null).Aggregate(SqlType.Union),
        Call call => FunctionCatalog.TypeOf(call),
        Cast cast => cast.Target,
        Aggregate aggregate => OfAggregate(aggregate),
        Between or InList or Like or Regexp or Is or InQuery or Exists or Quantified => SqlType.Int,
        _ => expr.Type,
    };

    /// <summary>RANK and its kin.</summary>
    public static void AssignWindow(Call call) => call.Type = call.Name switch
    {
        "PERCENT_RANK" or "CUME_DIST" => SqlType.Double,
        "LAG" or "LEAD" or "FIRST_VALUE" or "LAST_VALUE" or "NTH_VALUE" when call.Arguments.Count > 0 => call.Arguments[0].Type,
        _ => SqlType.Int,
    };

    private static SqlType OfLiteral(Literal literal) => literal.Kind switch
    {
        LiteralKind.Integer => new(TypeKind.Int, literal.Value.Length, 0),
        LiteralKind.Decimal => OfDecimal(literal.Value),
        LiteralKind.Float => SqlType.Double,
        LiteralKind.Null => SqlType.Null,
        LiteralKind.Date => SqlType.Date,
        LiteralKind.DateTime => SqlType.DateTime,
        _ => SqlType.Text,
    };

    private static SqlType OfDecimal(string digits)
    {
        var point = digits.IndexOf('.', StringComparison.Ordinal);
        var scale = point < 0 ? 0 : digits.Length - point - 1;
        return SqlType.DecimalOf(digits.TrimStart('0').Replace(".", "", StringComparison.Ordinal).Length, scale);
    }

    private static SqlType OfBinary(Binary binary)
    {
        var (left, right) = (binary.Left.Type, binary.Right.Type);
        return binary.Op switch
        {
            "+" or "-" => SqlType.Sum(left, right),
            "*" => SqlType.Product(left, right),
            "/" => SqlType.Quotient(left, right),
            "%" => SqlType.Sum(left, right),
            _ => SqlType.Int,
        };
    }

    private static SqlType OfAggregate(Aggregate aggregate)
    {
        var argument = aggregate.Arguments.Count > 0 ? aggregate.Arguments[0].Type : SqlType.Int;
        switch (aggregate.Name)
        {
            case "COUNT" or "BIT_AND" or "BIT_OR" or "BIT_XOR":
                return SqlType.Int;
            case "MIN" or "MAX":
                return argument;
            case "GROUP_CONCAT":
                return SqlType.Text;
            case "SUM":
                var summed = SqlType.Numeric(argument);
                return summed.IsReal ? SqlType.DoubleOf(summed.Scale) : SqlType.DecimalOf(summed.Precision + 22, summed.Scale);
            case "AVG":
                var averaged = SqlType.Numeric(argument);
                return averaged.IsReal
                    ? SqlType.DoubleOf(averaged.Scale == SqlType.Free ? SqlType.Free : averaged.Scale + AverageDigits)
                    : SqlType.DecimalOf(averaged.Precision + AverageDigits, averaged.Scale + AverageDigits);
            default:
                return SqlType.Double;
        }
    }

    /// <summary>Value of a literal integer, also behind a minus sign; null for anything else.</summary>
    public static int? ConstantOf(Expr expr) => expr switch
    {
        Literal { Kind: LiteralKind.Integer } literal when int.TryParse(literal.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var n) => n,
        Unary { Op: "-", Operand: var operand } when ConstantOf(operand) is { } n => -n,
        _ => null,
    };
}
