using System.Globalization;
using System.Text;

namespace RroDashboard.Environments.InterCodeSql.MySql;

/// <summary>A query in SQLite's words.</summary>
/// <param name="Sql">One SELECT with columns _c0, _c1, ...</param>
/// <param name="Types">MySQL type of each column.</param>
internal sealed record Translation(string Sql, IReadOnlyList<SqlType> Types);

/// <summary>
/// Writes a bound query as SQLite SQL. Every name and value comes from the tree: names are generated or taken from the catalogue,
/// texts are quoted here, so nothing of the statement's own text reaches SQLite.
/// </summary>
/// <remarks>
/// GROUP BY keeps MySQL's order of first appearance: the joined rows get a number, the groups are sorted by their smallest.
/// </remarks>
internal sealed partial class SqliteWriter
{
    private const int MaxWritten = 200_000;

    private readonly string _database;
    private readonly Dictionary<SelectBlock, GroupPhase> _grouped = [];
    private int _groups;
    private int _randoms;

    private SqliteWriter(string database) => _database = database;

    public static Translation Write(QueryExpr query, string database)
    {
        var sql = new SqliteWriter(database).Query(query);
        return sql.Length <= MaxWritten
            ? new(sql, [.. query.Body.Output.Select(o => o.Expr.Type)])
            : throw new MySqlException("Thread stack overrun: the statement is too complex");
    }

    // Columns of a block as its grouped rows show them: the joined rows are an inner query then.
    private sealed class GroupPhase(string alias)
    {
        public string Alias { get; } = alias;

        public List<BoundColumn> Columns { get; } = [];

        public bool Active { get; set; } = true;
    }

    private string Query(QueryExpr query)
    {
        var text = new StringBuilder();
        if (query.With.Count > 0)
        {
            text.Append(query.With.Any(w => w.Recursive) ? "WITH RECURSIVE " : "WITH ");
            text.AppendJoin(", ", query.With.Select(Common)).Append(' ');
        }

        text.Append(query.Body switch
        {
            SelectBlock block => Select(block, query),
            SetOperation set => Set(set, query),
            _ => throw new InvalidOperationException("unknown query body"),
        });
        return text.ToString();
    }

    private string Common(CommonTable table)
    {
        var columns = string.Join(", ", table.Names.Select((_, i) => Output(i)));
        var body = table is { Recursive: true, Query.Body: SetOperation set }
            ? $"{Query(set.Left)} UNION{(set.All ? " ALL" : "")} {Query(set.Right)}"
            : Query(table.Query);
        return $"\"{table.Written}\"({columns}) AS ({body})";
    }

    private string Set(SetOperation set, QueryExpr query)
    {
        var left = Operand(set.Left, set);
        string text;
        var columns = string.Join(", ", set.Output.Select((_, i) => Output(i)));
        if (set.Op == "PASS")
        {
            text = $"SELECT {columns} FROM ({left})";
        }
        else
        {
            var right = Operand(set.Right, set);
            var distinct = string.Join(", ", set.Output.Select((o, i) => o.Expr.Type.IsText ? $"{Output(i)} COLLATE {GeneralCi.Name} AS {Output(i)}" : Output(i)));
            text = (set.Op, set.All) switch
            {
                ("UNION", true) => $"SELECT {columns} FROM ({left} UNION ALL {right})",
                ("UNION", false) => $"SELECT DISTINCT {distinct} FROM ({left} UNION ALL {right})",
                (_, true) => throw MySqlException.Unsupported(set.Op + " ALL"),
                var (op, _) => $"SELECT DISTINCT {distinct} FROM ({left}) WHERE my_key({columns}) {(op == "EXCEPT" ? "NOT " : "")}IN (SELECT my_key({columns}) FROM ({right}))",
            };
        }

        if (query.OrderBy.Count > 0)
        {
            text = $"SELECT {columns} FROM ({text}) ORDER BY {Order(query.OrderBy)}";
        }

        return text + Limit(query);
    }

    // One side of a set operation, with its columns in the common type.
    private string Operand(QueryExpr query, SetOperation set)
    {
        var own = query.Body.Output;
        var columns = own.Select((o, i) => Converted(Output(i), o.Expr.Type, set.Output[i].Expr.Type) + " AS " + Output(i));
        return $"SELECT {string.Join(", ", columns)} FROM ({Query(query)})";
    }

    private static string Limit(QueryExpr query) => query.Limit is { } limit
        ? string.Create(CultureInfo.InvariantCulture, $" LIMIT {limit}{(query.Offset is { } offset ? $" OFFSET {offset}" : "")}")
        : "";

    private string Select(SelectBlock block, QueryExpr query)
    {
        if (block.Rollup)
        {
            throw MySqlException.Unsupported("WITH ROLLUP");
        }

        return block.GroupBy.Count > 0 ? Grouped(block, query) : Plain(block, query);
    }

    private string Plain(SelectBlock block, QueryExpr query)
    {
        var text = new StringBuilder("SELECT ");
        if (block.Distinct)
        {
            text.Append("DISTINCT ");
        }

        text.AppendJoin(", ", block.Output.Select((o, i) => Item(o, i, block.Distinct)));
        if (block.From is not null)
        {
            text.Append(" FROM ").Append(From(block.From));
        }

        // HAVING without groups and aggregates filters like WHERE.
        var having = block.Having is null ? null : Truth(block.Having);
        var where = block.Where is null ? null : Truth(block.Where);
        var filter = block.IsGrouped || having is null ? where : where is null ? having : $"({where} AND {having})";
        if (filter is not null)
        {
            text.Append(" WHERE ").Append(filter);
        }

        if (block.IsGrouped && having is not null)
        {
            text.Append(" HAVING ").Append(having);
        }

        if (query.OrderBy.Count > 0 && !block.IsImplicitlyGrouped)
        {
            text.Append(" ORDER BY ").Append(Order(query.OrderBy));
        }

        return text.Append(Limit(query)).ToString();
    }

    private string Grouped(SelectBlock block, QueryExpr query)
    {
        var phase = new GroupPhase(string.Create(CultureInfo.InvariantCulture, $"g{_groups++}"));
        _grouped[block] = phase;
        var items = string.Join(", ", block.Output.Select((o, i) => Item(o, i, block.Distinct)));
        var having = block.Having is null ? "" : " HAVING " + Truth(block.Having);
        var order = query.OrderBy.Count > 0 ? Order(query.OrderBy) + ", " : "";

        phase.Active = false;
        var inner = new StringBuilder("SELECT ");
        var groups = new List<string>();
        foreach (var (group, i) in block.GroupBy.Select((g, i) => (g, i)))
        {
            var expr = group.Item?.Expr ?? group.Expr;
            inner.Append(CultureInfo.InvariantCulture, $"{Value(expr)} AS k{i}, ");
            groups.Add(string.Create(CultureInfo.InvariantCulture, $"{phase.Alias}.k{i}") + CollateClause(expr));
        }

        foreach (var (column, i) in phase.Columns.Select((c, i) => (c, i)))
        {
            inner.Append(CultureInfo.InvariantCulture, $"{Stored(column)} AS c{i}, ");
        }

        inner.Append("row_number() OVER () AS n");
        if (block.From is not null)
        {
            inner.Append(" FROM ").Append(From(block.From));
        }

        if (block.Where is not null)
        {
            inner.Append(" WHERE ").Append(Truth(block.Where));
        }

        // Aggregates over distinct values make MySQL sort the rows by group first; all others keep the order of appearance.
        var sorted = block.Aggregates.Any(a => a.Distinct || a.Name == "GROUP_CONCAT");
        var last = sorted ? string.Join(", ", groups) : $"min({phase.Alias}.n)";
        phase.Active = true;
        var distinct = block.Distinct ? "DISTINCT " : "";
        return $"SELECT {distinct}{items} FROM ({inner}) AS {phase.Alias} GROUP BY {string.Join(", ", groups)}{having} ORDER BY {order}{last}{Limit(query)}";
    }

    private string Item(SelectItem item, int i, bool distinct) =>
        Value(item.Expr) + (distinct ? CollateClause(item.Expr) : "") + " AS " + Output(i);

    private string Order(IReadOnlyList<OrderItem> order) => string.Join(", ", order.Select(o =>
    {
        var expr = o.Item is { Expr: ColumnRef { Column: null, Item: null } } set ? new ColumnRef(null, null, set.Output) { Item = o.Item, Type = o.Item.Expr.Type } : o.Item?.Expr ?? o.Expr;
        return Value(expr) + CollateClause(expr) + (o.Descending ? " DESC" : "");
    }));

    private string From(TableRef table)
    {
        switch (table)
        {
            case NamedTable { Bound: { } bound }:
                return bound.Common is { } common
                    ? $"\"{common.Written}\" AS {bound.SqlAlias}"
                    : $"{Name(bound.Stored!.ImageName)} AS {bound.SqlAlias}";
            case DerivedTable { Bound: { } bound } derived:
                return $"({Query(derived.Query)}) AS {bound.SqlAlias}";
            case Join join:
                var conditions = join.Pairs.Select(p => Compare("=", Column(p.Left), p.Left.Type, Column(p.Right), p.Right.Type, GeneralCi.Name)).ToList();
                if (join.On is not null)
                {
                    conditions.Add(Truth(join.On));
                }

                var right = join.Right is Join ? $"({From(join.Right)})" : From(join.Right);
                var on = conditions.Count > 0 ? " ON " + string.Join(" AND ", conditions) : join.Outer ? " ON 1" : "";
                return $"{From(join.Left)} {(join.Outer ? "LEFT JOIN" : "JOIN")} {right}{on}";
            default:
                throw new InvalidOperationException("unknown table reference");
        }
    }

    private static string Output(int i) => string.Create(CultureInfo.InvariantCulture, $"_c{i}");

    private static string Name(string name) => "\"" + name.Replace("\"", "\"\"", StringComparison.Ordinal) + "\"";

    private static string Stored(BoundColumn column) => $"{column.Table.SqlAlias}.{Name(column.SqlName)}";

    private string Column(BoundColumn column)
    {
        if (column.Table.Block is { } block && _grouped.TryGetValue(block, out var phase) && phase.Active)
        {
            var at = phase.Columns.IndexOf(column);
            if (at < 0)
            {
                at = phase.Columns.Count;
                phase.Columns.Add(column);
            }

            return string.Create(CultureInfo.InvariantCulture, $"{phase.Alias}.c{at}");
        }

        return Stored(column);
    }
}
