using System.Globalization;
using System.Text;

namespace RroDashboard.Environments.InterCodeSql.MySql;

internal sealed partial class SqliteWriter
{
    private const string Zero = " 00:00:00";

    private string Value(Expr expr)
    {
        switch (expr)
        {
            case Literal literal:
                return LiteralText(literal);
            case ColumnRef { Column: { } column }:
                return Column(column);
            case ColumnRef { Item: { Expr: ColumnRef { Column: null, Item: null } } item }:
                return item.Output;
            case ColumnRef { Item: { } item }:
                return Value(item.Expr);
            case Unary { Op: "-" } minus:
                return $"(- {NumberOf(minus.Operand)})";
            case Unary { Op: "~" } inverted:
                return $"(~ {NumberOf(inverted.Operand)})";
            case Unary not:
                return $"(NOT {Truth(not.Operand)})";
            case Binary binary:
                return BinaryText(binary);
            case Between between:
                return Negated(between.Not, $"({Compare(">=", between.Value, between.Low)} AND {Compare("<=", between.Value, between.High)})");
            case InList list:
                return Negated(list.Not, InListText(list));
            case InQuery inQuery:
                return Negated(inQuery.Not, InQueryText(inQuery.Value, inQuery.Query));
            case Quantified quantified:
                return QuantifiedText(quantified);
            case Exists exists:
                return $"EXISTS ({Query(exists.Query)})";
            case ScalarQuery scalar:
                return ScalarText(scalar.Query);
            case Like like:
                return Negated(like.Not, $"my_like({TextOf(like.Value)}, {TextOf(like.Pattern)}, {(like.Escape is null ? "'\\'" : TextOf(like.Escape))})");
            case Regexp regexp:
                return Negated(regexp.Not, $"my_regexp({TextOf(regexp.Value)}, {TextOf(regexp.Pattern)})");
            case Is { What: "NULL" } isNull:
                return $"({Value(isNull.Value)} IS {(isNull.Not ? "NOT " : "")}NULL)";
            case Is isTruth:
                return $"({Truth(isTruth.Value)} IS {(isTruth.Not ? "NOT " : "")}{isTruth.What})";
            case Case c:
                return CaseText(c);
            case Cast cast:
                return CastText(cast.Operand, cast.Target);
            case Call call:
                return CallText(call);
            case Aggregate aggregate:
                return AggregateText(aggregate, inWindow: false);
            case Window window:
                return WindowText(window);
            default:
                throw new MySqlException("Operand should contain 1 column(s)");
        }
    }

    private static string Negated(bool not, string text) => not ? $"(NOT {text})" : text;

    private static string LiteralText(Literal literal) => literal.Kind switch
    {
        LiteralKind.Null => "NULL",
        LiteralKind.Integer => literal.Value,
        LiteralKind.Decimal => (literal.Value.StartsWith('.') ? "0" + literal.Value : literal.Value) + (literal.Value.Contains('.', StringComparison.Ordinal) ? literal.Value.EndsWith('.') ? "0" : "" : ".0"),
        LiteralKind.Float => double.Parse(literal.Value, CultureInfo.InvariantCulture) is var d && double.IsFinite(d)
            ? d.ToString("E17", CultureInfo.InvariantCulture)
            : throw new MySqlException($"Illegal double '{literal.Value}' value found during parsing"),
        LiteralKind.Hex => $"CAST(X'{(literal.Value.Length % 2 == 1 ? "0" : "")}{literal.Value}' AS TEXT)",
        _ => Quote(literal.Value),
    };

    private static string Quote(string text) => text.Contains('\0', StringComparison.Ordinal)
        ? $"CAST(X'{Convert.ToHexString(Encoding.UTF8.GetBytes(text))}' AS TEXT)"
        : "'" + text.Replace("'", "''", StringComparison.Ordinal) + "'";

    // A condition: texts and dates count as numbers there.
    private string Truth(Expr expr) => expr.Type.IsText || expr.Type.IsTemporal ? $"({NumberOf(expr)} <> 0)" : Value(expr);

    private string NumberOf(Expr expr) => Number(Value(expr), expr.Type);

    private static string Number(string value, SqlType type) => type.Kind switch
    {
        TypeKind.Text => $"CAST({value} AS REAL)",
        TypeKind.Date or TypeKind.DateTime or TypeKind.Time => $"my_date_number({value})",
        _ => value,
    };

    private string TextOf(Expr expr) => AsText(Value(expr), expr.Type);

    private static string AsText(string value, SqlType type) => type.Kind switch
    {
        TypeKind.Int => $"CAST({value} AS TEXT)",
        TypeKind.Decimal => string.Create(CultureInfo.InvariantCulture, $"my_decimal_text({value}, {type.Scale})"),
        TypeKind.Float => string.Create(CultureInfo.InvariantCulture, $"my_float_text({value}, {type.Scale})"),
        TypeKind.Double => string.Create(CultureInfo.InvariantCulture, $"my_double_text({value}, {type.Scale})"),
        _ => value,
    };

    private static string Converted(string value, SqlType from, SqlType to) => to.Kind switch
    {
        TypeKind.Text when !from.IsText => AsText(value, from),
        TypeKind.DateTime when from.Kind == TypeKind.Date => $"({value} || '{Zero}')",
        _ => value,
    };

    private static string CollateClause(Expr expr) => CollationOf(expr) is { } name ? " COLLATE " + name : "";

    // Null where SQLite compares as MySQL does: numbers and dates.
    private static string? CollationOf(Expr expr) => expr switch
    {
        { Type.IsText: false } => null,
        Call { Name: "COLLATE" } call => call.Arguments[1] is Literal { Value: var name } && (name.EndsWith("_bin", StringComparison.Ordinal) || name == "binary") ? "BINARY" : GeneralCi.Name,
        _ => GeneralCi.Name,
    };

    private string BinaryText(Binary binary)
    {
        var (left, right) = (binary.Left, binary.Right);
        switch (binary.Op)
        {
            case "AND" or "OR":
                var operands = new List<string>();
                Flatten(binary, binary.Op, operands);
                return Balanced(operands, 0, operands.Count, binary.Op);
            case "XOR":
                return $"my_xor({Truth(left)}, {Truth(right)})";
            case "=" or "<>" or "<" or ">" or "<=" or ">=" or "<=>":
                return Compare(binary.Op, left, right);
            case "/":
                return $"(CAST({NumberOf(left)} AS REAL) / {NumberOf(right)})";
            case "DIV":
                return left.Type.Kind == TypeKind.Int && right.Type.Kind == TypeKind.Int
                    ? $"({Value(left)} / {Value(right)})"
                    : $"CAST(CAST({NumberOf(left)} AS REAL) / {NumberOf(right)} AS INTEGER)";
            case "%":
                return $"\"my_MOD\"({NumberOf(left)}, {NumberOf(right)})";
            case "^":
                var (a, b) = (NumberOf(left), NumberOf(right));
                return $"(({a} | {b}) - ({a} & {b}))";
            default:
                return $"({NumberOf(left)} {binary.Op} {NumberOf(right)})";
        }
    }

    private void Flatten(Expr expr, string op, List<string> operands)
    {
        var stack = new Stack<Expr>([expr]);
        while (stack.TryPop(out var at))
        {
            if (at is Binary binary && binary.Op == op)
            {
                stack.Push(binary.Right);
                stack.Push(binary.Left);
            }
            else
            {
                operands.Add(Truth(at));
            }
        }
    }

    // A long chain as a balanced tree: SQLite limits the depth of an expression.
    private static string Balanced(List<string> operands, int from, int to, string op)
    {
        if (to - from == 1)
        {
            return operands[from];
        }

        var middle = (from + to) / 2;
        return $"({Balanced(operands, from, middle, op)} {op} {Balanced(operands, middle, to, op)})";
    }

    private string Compare(string op, Expr left, Expr right)
    {
        if (left is Row a && right is Row b)
        {
            return CompareRows(op, a.Items, b.Items);
        }

        if (right.Type.IsTemporal && !left.Type.IsTemporal)
        {
            return Compare(Mirrored(op), right, left);
        }

        if (left.Type.Kind is TypeKind.Date or TypeKind.DateTime && right is Literal { Kind: LiteralKind.Text } text)
        {
            // A constant is read once, as MySQL does, and refused when it is no date.
            var when = MySqlTime.Parse(text.Value)
                ?? throw new MySqlException($"Incorrect {(left.Type.Kind == TypeKind.Date ? "DATE" : "DATETIME")} value: '{text.Value}'");
            return left.Type.Kind == TypeKind.Date && when.TimeOfDay == TimeSpan.Zero
                ? Plain(op, Value(left), $"'{MySqlTime.Date(when)}'", null)
                : Plain(op, Converted(Value(left), left.Type, SqlType.DateTime), $"'{MySqlTime.Full(when)}'", null);
        }

        var collation = left is Call { Name: "COLLATE" } ? CollationOf(left) : CollationOf(right) is "BINARY" ? "BINARY" : CollationOf(left) ?? CollationOf(right);
        return Compare(op, Value(left), left.Type, Value(right), right.Type, collation);
    }

    private string CompareRows(string op, IReadOnlyList<Expr> left, IReadOnlyList<Expr> right)
    {
        var pairs = left.Zip(right).Select(p => Compare(op == "<>" ? "=" : op, p.First, p.Second)).ToList();
        return op switch
        {
            "=" or "<=>" => $"({string.Join(" AND ", pairs)})",
            "<>" => $"(NOT ({string.Join(" AND ", pairs)}))",
            _ => $"(({string.Join(", ", left.Select(Value))}) {op} ({string.Join(", ", right.Select(Value))}))",
        };
    }

    private static string Compare(string op, string left, SqlType leftType, string right, SqlType rightType, string? collation)
    {
        if (leftType.IsText && rightType.Kind is TypeKind.Text or TypeKind.Null || (leftType.Kind == TypeKind.Null && rightType.IsText))
        {
            return Plain(op, left, right, collation ?? GeneralCi.Name);
        }

        if (leftType.IsTemporal || rightType.IsTemporal)
        {
            if (leftType.Kind == rightType.Kind)
            {
                return Plain(op, left, right, null);
            }

            if (leftType.IsTemporal && rightType.IsTemporal)
            {
                return Plain(op, Converted(left, leftType, SqlType.DateTime), Converted(right, rightType, SqlType.DateTime), null);
            }

            return leftType.IsText || rightType.IsText
                ? Plain(op, $"my_datetime({left})", $"my_datetime({right})", null)
                : Plain(op, Number(left, leftType), Number(right, rightType), null);
        }

        return Plain(op, Number(left, leftType), Number(right, rightType), null);
    }

    private static string Plain(string op, string left, string right, string? collation) =>
        $"({left}{(collation is null ? "" : " COLLATE " + collation)} {(op == "<=>" ? "IS" : op)} {right})";

    private static string Mirrored(string op) => op switch
    {
        "<" => ">",
        ">" => "<",
        "<=" => ">=",
        ">=" => "<=",
        _ => op,
    };

    private string InListText(InList list)
    {
        var value = list.Value.Type;
        if (list.Value is not Row && value.IsText && list.List.All(i => i.Type.Kind is TypeKind.Text or TypeKind.Null))
        {
            return $"({Value(list.Value)} COLLATE {CollationOf(list.Value)} IN ({string.Join(", ", list.List.Select(Value))}))";
        }

        if (list.Value is not Row && (value.IsExact || value.IsReal) && list.List.All(i => i.Type.IsExact || i.Type.IsReal || i.Type.Kind == TypeKind.Null))
        {
            return $"({Value(list.Value)} IN ({string.Join(", ", list.List.Select(Value))}))";
        }

        var parts = list.List.Select(i => Compare("=", list.Value, i)).ToList();
        return Balanced(parts, 0, parts.Count, "OR");
    }

    private string InQueryText(Expr value, QueryExpr query)
    {
        IReadOnlyList<Expr> left = value is Row row ? row.Items : [value];
        var right = query.Body.Output;
        var leftTexts = new List<string>();
        var rightTexts = new List<string>();
        var converted = false;
        for (var i = 0; i < left.Count; i++)
        {
            var (a, b) = (left[i].Type, right[i].Expr.Type);
            if (a.IsText && b.Kind is TypeKind.Text or TypeKind.Null)
            {
                leftTexts.Add($"{Value(left[i])} COLLATE {CollationOf(left[i])}");
                rightTexts.Add(Output(i));
            }
            else if (a.IsTemporal || b.IsTemporal)
            {
                converted |= a != b;
                leftTexts.Add(a == b ? Value(left[i]) : $"my_datetime({Value(left[i])})");
                rightTexts.Add(a == b ? Output(i) : $"my_datetime({Output(i)})");
            }
            else
            {
                converted |= b.IsText;
                leftTexts.Add(NumberOf(left[i]));
                rightTexts.Add(Number(Output(i), b));
            }
        }

        var inner = converted ? $"SELECT {string.Join(", ", rightTexts)} FROM ({Query(query)})" : Query(query);
        return $"({(leftTexts.Count == 1 ? leftTexts[0] : $"({string.Join(", ", leftTexts)})")} IN ({inner}))";
    }

    private string QuantifiedText(Quantified quantified)
    {
        if (quantified is { Op: "=", All: false })
        {
            return InQueryText(quantified.Value, quantified.Query);
        }

        if (quantified is { Op: "<>", All: true })
        {
            return $"(NOT {InQueryText(quantified.Value, quantified.Query)})";
        }

        var comparison = Compare(quantified.Op, Value(quantified.Value), quantified.Value.Type, Output(0), quantified.Query.Body.Output[0].Expr.Type, CollationOf(quantified.Value));
        var (none, worst, pick) = quantified.All ? (1, 0, "min") : (0, 1, "max");
        return string.Create(CultureInfo.InvariantCulture, $"(SELECT CASE WHEN count(*) = 0 THEN {none} WHEN {pick}({comparison}) = {worst} THEN {worst} WHEN count({comparison}) < count(*) THEN NULL ELSE {none} END FROM ({Query(quantified.Query)}))");
    }

    // More than one row is an error in MySQL; SQLite would take the first.
    private string ScalarText(QueryExpr query) =>
        query.Limit is <= 1 || query.Body is SelectBlock { IsImplicitlyGrouped: true } or SelectBlock { From: null }
            ? $"({Query(query)})"
            : $"(SELECT my_one({Output(0)}) FROM ({Query(query)}))";

    private string CaseText(Case c)
    {
        var text = new StringBuilder("CASE");
        foreach (var (when, then) in c.Arms)
        {
            text.Append(" WHEN ").Append(c.Value is null ? Truth(when) : Compare("=", c.Value, when))
                .Append(" THEN ").Append(Converted(Value(then), then.Type, c.Type));
        }

        if (c.Otherwise is not null)
        {
            text.Append(" ELSE ").Append(Converted(Value(c.Otherwise), c.Otherwise.Type, c.Type));
        }

        return text.Append(" END").ToString();
    }

    private string CastText(Expr operand, SqlType target) => target.Kind switch
    {
        TypeKind.Int => $"my_int({NumberFromDate(operand)})",
        TypeKind.Decimal => string.Create(CultureInfo.InvariantCulture, $"my_round_decimal({NumberOf(operand)}, {target.Scale})"),
        TypeKind.Double => $"my_number({NumberOf(operand)})",
        TypeKind.Date => $"my_date({TextOf(operand)})",
        TypeKind.DateTime => $"my_datetime({TextOf(operand)})",
        TypeKind.Time => $"\"my_TIME\"({TextOf(operand)})",
        TypeKind.Text when target.Precision > 0 => string.Create(CultureInfo.InvariantCulture, $"my_cut({TextOf(operand)}, {target.Precision})"),
        _ => TextOf(operand),
    };

    // Texts go in as they are: '12.7' is cut to 12, while 12.7 is rounded to 13.
    private string NumberFromDate(Expr operand) => operand.Type.IsTemporal ? NumberOf(operand) : Value(operand);

    private string CallText(Call call)
    {
        var a = call.Arguments;
        string Branch(Expr e) => Converted(Value(e), e.Type, call.Type);
        switch (call.Name)
        {
            case "IF":
                return $"CASE WHEN {Truth(a[0])} THEN {Branch(a[1])} ELSE {Branch(a[2])} END";
            case "IFNULL" or "COALESCE":
                return a.Count == 1 ? Value(a[0]) : $"coalesce({string.Join(", ", a.Select(Branch))})";
            case "NULLIF":
                return $"CASE WHEN {Compare("=", a[0], a[1])} THEN NULL ELSE {Value(a[0])} END";
            case "ISNULL":
                return $"({Value(a[0])} IS NULL)";
            case "GREATEST" or "LEAST":
                var collate = call.Type.IsText ? " COLLATE " + GeneralCi.Name : "";
                return $"{(call.Name == "LEAST" ? "min" : "max")}({string.Join(", ", a.Select(e => Branch(e) + collate))})";
            case "ANY_VALUE":
                return Value(a[0]);
            case "COLLATE":
                return TextOf(a[0]);
            case "DATABASE" or "SCHEMA":
                return Quote(_database);
            case "RAND":
                return string.Create(CultureInfo.InvariantCulture, $"my_rand({_randoms++}{(a.Count > 0 ? ", " + NumberOf(a[0]) : "")})");
        }

        var reads = FunctionCatalog.Find(call.Name).Reads;
        var arguments = a.Select((e, i) => reads[Math.Min(i, reads.Length - 1)] switch
        {
            'n' => NumberOf(e),
            'v' => Value(e),
            _ => TextOf(e),
        });
        return $"\"my_{call.Name}\"({string.Join(", ", arguments)})";
    }

    private string AggregateText(Aggregate aggregate, bool inWindow)
    {
        var distinct = aggregate.Distinct ? "DISTINCT " : "";
        if (aggregate.Arguments.Count == 0)
        {
            return "count(*)";
        }

        var first = aggregate.Arguments[0];
        switch (aggregate.Name)
        {
            case "COUNT":
                return aggregate.Arguments.Count == 1
                    ? $"count({distinct}{Value(first)}{(aggregate.Distinct ? CollateClause(first) : "")})"
                    : $"count(DISTINCT my_tuple({string.Join(", ", aggregate.Arguments.Select(Value))}))";
            case "SUM" or "AVG":
                // Doubles are added in row order without compensation, as MySQL does.
                var native = inWindow || !aggregate.Type.IsReal ? "" : "my_";
                return $"{native}{SqlName.Lower(aggregate.Name)}({distinct}{NumberOf(first)})";
            case "MIN" or "MAX":
                return $"{SqlName.Lower(aggregate.Name)}({Value(first)}{CollateClause(first)})";
            case "GROUP_CONCAT":
                var value = aggregate.Arguments.Count == 1 ? TextOf(first) : $"\"my_CONCAT\"({string.Join(", ", aggregate.Arguments.Select(TextOf))})";
                var order = aggregate.OrderBy.Count > 0 ? " ORDER BY " + Order(aggregate.OrderBy) : "";
                return $"my_group_concat({value}, {Quote(aggregate.Separator)}, {(aggregate.Distinct ? 1 : 0)}{order})";
            default:
                return $"my_{SqlName.Lower(aggregate.Name)}({NumberOf(first)})";
        }
    }

    private string WindowText(Window window)
    {
        var function = window.Function switch
        {
            Aggregate aggregate => AggregateText(aggregate, inWindow: true),
            Call call => $"{SqlName.Lower(call.Name)}({string.Join(", ", call.Arguments.Select(Value))})",
            _ => throw new InvalidOperationException("unknown window function"),
        };
        var over = new List<string>();
        if (window.PartitionBy.Count > 0)
        {
            over.Add("PARTITION BY " + string.Join(", ", window.PartitionBy.Select(p => Value(p) + CollateClause(p))));
        }

        if (window.OrderBy.Count > 0)
        {
            over.Add("ORDER BY " + Order(window.OrderBy));
        }

        if (window.Frame is not null)
        {
            over.Add(window.Frame);
        }

        return $"{function} OVER ({string.Join(" ", over)})";
    }
}
