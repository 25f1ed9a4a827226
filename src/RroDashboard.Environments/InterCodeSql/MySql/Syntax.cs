namespace RroDashboard.Environments.InterCodeSql.MySql;

/// <summary>An expression as parsed. The binder fills <see cref="Type"/> and the links of the derived classes.</summary>
internal abstract class Expr
{
    public SqlType Type { get; set; } = SqlType.Null;

    /// <summary>Operands, in the order in which MySQL resolves them; subqueries are not among them.</summary>
    public virtual IEnumerable<Expr> Children => [];
}

internal enum LiteralKind
{
    Null,
    Integer,
    Decimal,
    Float,
    Text,
    Hex,
    Date,
    DateTime,
}

internal sealed class Literal(LiteralKind kind, string value) : Expr
{
    public LiteralKind Kind { get; } = kind;

    public string Value { get; } = value;
}

/// <summary>A name of a column, or of a select item where MySQL looks there.</summary>
internal sealed class ColumnRef(string? database, string? table, string name) : Expr
{
    public string? Database { get; } = database;

    public string? Table { get; } = table;

    public string Name { get; } = name;

    public string FullName => Database is not null ? $"{SqlName.Lower(Database)}.{Table}.{Name}" : Table is not null ? $"{Table}.{Name}" : Name;

    /// <summary>Column of a table; null when <see cref="Item"/> is set.</summary>
    public BoundColumn? Column { get; set; }

    /// <summary>Select item that the name stands for.</summary>
    public SelectItem? Item { get; set; }
}

/// <summary>"*" or "t.*" in a select list.</summary>
internal sealed class Star(string? database, string? table) : Expr
{
    public string? Database { get; } = database;

    public string? Table { get; } = table;
}

/// <summary>Unary operator: "-", "~", "NOT".</summary>
internal sealed class Unary(string op, Expr operand) : Expr
{
    public string Op { get; } = op;

    public Expr Operand { get; } = operand;

    public override IEnumerable<Expr> Children => [Operand];
}

/// <summary>Binary operator: arithmetic, comparison, AND, OR, XOR, bits.</summary>
internal sealed class Binary(string op, Expr left, Expr right) : Expr
{
    public string Op { get; } = op;

    public Expr Left { get; } = left;

    public Expr Right { get; } = right;

    public override IEnumerable<Expr> Children => [Left, Right];
}

internal sealed class Between(Expr value, Expr low, Expr high, bool not) : Expr
{
    public Expr Value { get; } = value;

    public Expr Low { get; } = low;

    public Expr High { get; } = high;

    public bool Not { get; } = not;

    public override IEnumerable<Expr> Children => [Value, Low, High];
}

internal sealed class InList(Expr value, IReadOnlyList<Expr> list, bool not) : Expr
{
    public Expr Value { get; } = value;

    public IReadOnlyList<Expr> List { get; } = list;

    public bool Not { get; } = not;

    public override IEnumerable<Expr> Children => [Value, .. List];
}

internal sealed class InQuery(Expr value, QueryExpr query, bool not) : Expr
{
    public Expr Value { get; } = value;

    public QueryExpr Query { get; } = query;

    public bool Not { get; } = not;

    public override IEnumerable<Expr> Children => [Value];
}

/// <summary>value op ANY|ALL (query).</summary>
internal sealed class Quantified(Expr value, string op, bool all, QueryExpr query) : Expr
{
    public Expr Value { get; } = value;

    public string Op { get; } = op;

    public bool All { get; } = all;

    public QueryExpr Query { get; } = query;

    public override IEnumerable<Expr> Children => [Value];
}

internal sealed class Exists(QueryExpr query) : Expr
{
    public QueryExpr Query { get; } = query;
}

internal sealed class ScalarQuery(QueryExpr query) : Expr
{
    public QueryExpr Query { get; } = query;
}

internal sealed class Like(Expr value, Expr pattern, Expr? escape, bool not) : Expr
{
    public Expr Value { get; } = value;

    public Expr Pattern { get; } = pattern;

    public Expr? Escape { get; } = escape;

    public bool Not { get; } = not;

    public override IEnumerable<Expr> Children => Escape is null ? [Value, Pattern] : [Value, Pattern, Escape];
}

internal sealed class Regexp(Expr value, Expr pattern, bool not) : Expr
{
    public Expr Value { get; } = value;

    public Expr Pattern { get; } = pattern;

    public bool Not { get; } = not;

    public override IEnumerable<Expr> Children => [Value, Pattern];
}

/// <summary>value IS [NOT] NULL|TRUE|FALSE; UNKNOWN is NULL.</summary>
internal sealed class Is(Expr value, string what, bool not) : Expr
{
    public Expr Value { get; } = value;

    public string What { get; } = what;

    public bool Not { get; } = not;

    public override IEnumerable<Expr> Children => [Value];
}

internal sealed class Case(Expr? value, IReadOnlyList<(Expr When, Expr Then)> arms, Expr? otherwise) : Expr
{
    public Expr? Value { get; } = value;

    public IReadOnlyList<(Expr When, Expr Then)> Arms { get; } = arms;

    public Expr? Otherwise { get; } = otherwise;

    public override IEnumerable<Expr> Children
    {
        get
        {
            if (Value is not null)
            {
                yield return Value;
            }

            foreach (var (when, then) in Arms)
            {
                yield return when;
                yield return then;
            }

            if (Otherwise is not null)
            {
                yield return Otherwise;
            }
        }
    }
}

/// <summary>A function that is no aggregate. Units, trim sides and the like are literals in fixed places.</summary>
internal sealed class Call(string name, IReadOnlyList<Expr> arguments) : Expr
{
    /// <summary>Upper case.</summary>
    public string Name { get; } = name;

    public IReadOnlyList<Expr> Arguments { get; } = arguments;

    public string? Database { get; init; }

    /// <summary>As the user wrote it, for the error text.</summary>
    public string? Written { get; init; }

    public override IEnumerable<Expr> Children => Arguments;
}

internal sealed class Cast(Expr operand, SqlType target) : Expr
{
    public Expr Operand { get; } = operand;

    public SqlType Target { get; } = target;

    public override IEnumerable<Expr> Children => [Operand];
}

internal sealed class Row(IReadOnlyList<Expr> items) : Expr
{
    public IReadOnlyList<Expr> Items { get; } = items;

    public override IEnumerable<Expr> Children => Items;
}

/// <summary>COUNT, SUM, AVG, MIN, MAX and the rest; no argument means "*".</summary>
internal sealed class Aggregate(string name, bool distinct, IReadOnlyList<Expr> arguments) : Expr
{
    public string Name { get; } = name;

    public bool Distinct { get; } = distinct;

    public IReadOnlyList<Expr> Arguments { get; } = arguments;

    public IReadOnlyList<OrderItem> OrderBy { get; init; } = [];

    public string Separator { get; init; } = ",";

    /// <summary>Block that groups for it: usually the one it stands in, an outer one when only outer columns are used.</summary>
    public SelectBlock? Owner { get; set; }

    public override IEnumerable<Expr> Children => [.. Arguments, .. OrderBy.Select(o => o.Expr)];
}

/// <summary>f(...) OVER (...). The function is a Call (RANK and its kin) or an Aggregate.</summary>
internal sealed class Window(Expr function, IReadOnlyList<Expr> partitionBy, IReadOnlyList<OrderItem> orderBy, string? frame) : Expr
{
    public Expr Function { get; } = function;

    public IReadOnlyList<Expr> PartitionBy { get; } = partitionBy;

    public IReadOnlyList<OrderItem> OrderBy { get; } = orderBy;

    /// <summary>Frame clause put together from known words only.</summary>
    public string? Frame { get; } = frame;

    public override IEnumerable<Expr> Children => [Function, .. PartitionBy, .. OrderBy.Select(o => o.Expr)];
}

internal sealed class OrderItem(Expr expr, bool descending)
{
    public Expr Expr { get; set; } = expr;

    public bool Descending { get; } = descending;

    /// <summary>Set when the item is a position or a name in the select list.</summary>
    public SelectItem? Item { get; set; }
}

/// <summary>One item of a select list.</summary>
internal sealed class SelectItem(Expr expr, string? alias, string text)
{
    public Expr Expr { get; } = expr;

    public string? Alias { get; } = alias;

    /// <summary>Name that other clauses and outer queries see: the alias, the column, or the text of the expression.</summary>
    public string Name { get; } = alias ?? (expr as ColumnRef)?.Name ?? text;

    /// <summary>Name in the SQL that is written: c0, c1, ...</summary>
    public string Output { get; set; } = "";
}

internal abstract class TableRef;

internal sealed class NamedTable(string? database, string name, string? alias) : TableRef
{
    public string? Database { get; } = database;

    public string Name { get; } = name;

    public string Alias { get; } = alias ?? name;

    public BoundTable? Bound { get; set; }
}

internal sealed class DerivedTable(QueryExpr query, string alias, IReadOnlyList<string> columns) : TableRef
{
    public QueryExpr Query { get; } = query;

    public string Alias { get; } = alias;

    public IReadOnlyList<string> Columns { get; } = columns;

    public BoundTable? Bound { get; set; }
}

internal sealed class Join(TableRef left, TableRef right, bool outer) : TableRef
{
    public TableRef Left { get; set; } = left;

    public TableRef Right { get; set; } = right;

    /// <summary>LEFT JOIN; RIGHT JOIN is stored with exchanged sides and <see cref="Exchanged"/>.</summary>
    public bool Outer { get; } = outer;

    public bool Exchanged { get; init; }

    public bool Natural { get; init; }

    public Expr? On { get; set; }

    public IReadOnlyList<string>? Using { get; set; }

    /// <summary>Pairs that USING or NATURAL equate.</summary>
    public List<(BoundColumn Left, BoundColumn Right)> Pairs { get; } = [];
}

/// <summary>SELECT block or set operation.</summary>
internal abstract class QueryBody
{
    /// <summary>Columns after binding.</summary>
    public List<SelectItem> Output { get; } = [];
}

internal sealed class SelectBlock : QueryBody
{
    public bool Distinct { get; init; }

    public required IReadOnlyList<SelectItem> Items { get; init; }

    public TableRef? From { get; init; }

    public Expr? Where { get; init; }

    public IReadOnlyList<OrderItem> GroupBy { get; init; } = [];

    public bool Rollup { get; init; }

    public Expr? Having { get; init; }

    /// <summary>Tables of FROM in order of appearance.</summary>
    public List<BoundTable> Tables { get; } = [];

    public SelectBlock? Outer { get; set; }

    public List<Aggregate> Aggregates { get; } = [];

    public bool HasWindows { get; set; }

    public bool IsGrouped => GroupBy.Count > 0 || Aggregates.Count > 0;

    /// <summary>True when a column of this block is used in a subquery of it.</summary>
    public bool IsImplicitlyGrouped => GroupBy.Count == 0 && Aggregates.Count > 0;
}

/// <summary>VALUES ROW(...), ...</summary>
internal sealed class SetOperation(QueryExpr left, string op, bool all, QueryExpr right) : QueryBody
{
    public QueryExpr Left { get; } = left;

    /// <summary>UNION, EXCEPT or INTERSECT.</summary>
    public string Op { get; } = op;

    public bool All { get; } = all;

    public QueryExpr Right { get; } = right;
}

internal sealed class CommonTable(string name, IReadOnlyList<string> columns, QueryExpr query)
{
    public string Name { get; } = name;

    public IReadOnlyList<string> Columns { get; } = columns;

    public QueryExpr Query { get; } = query;

    public bool Recursive { get; set; }

    /// <summary>Set once bound; a recursive table has its columns from the first part.</summary>
    public List<SqlType>? Types { get; set; }

    public List<string> Names { get; } = [];

    public string Written { get; set; } = "";
}

internal sealed class QueryExpr(QueryBody body)
{
    public IReadOnlyList<CommonTable> With { get; set; } = [];

    public QueryBody Body { get; } = body;

    public List<OrderItem> OrderBy { get; } = [];

    public long? Limit { get; set; }

    public long? Offset { get; set; }

    public bool Parenthesised { get; set; }

    /// <summary>Names in this query that belong to a query around it.</summary>
    public List<ColumnRef> OuterColumns { get; } = [];
}

internal abstract record Statement;

internal sealed record QueryStatement(QueryExpr Query) : Statement;

internal sealed record ShowTables(string? Database, string? Like, bool Full) : Statement;

internal sealed record ShowDatabases(string? Like) : Statement;

internal sealed record DescribeTable(string? Database, string Table, string? Like, bool Full) : Statement;

internal sealed record UseDatabase(string Database) : Statement;

/// <summary>A known statement that is refused with this message.</summary>
internal sealed record RefusedStatement(string Message) : Statement;

/// <summary>Names as MySQL prints them with lower_case_table_names=1.</summary>
internal static class SqlName
{
#pragma warning disable CA1308 // MySQL folds these names down
    public static string Lower(string name) => name.ToLowerInvariant();
#pragma warning restore CA1308

    public static bool Same(string? left, string? right) => string.Equals(left, right, StringComparison.OrdinalIgnoreCase);
}
