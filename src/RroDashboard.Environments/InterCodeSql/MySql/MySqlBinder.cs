namespace RroDashboard.Environments.InterCodeSql.MySql;

/// <summary>
/// Finds what every name stands for, in the order in which MySQL 8 does, so that of several faults the same one is reported:
/// all tables of the statement first, then per block the select list, WHERE, ON, GROUP BY, HAVING, ORDER BY, then
/// ONLY_FULL_GROUP_BY. Gives every expression its type.
/// </summary>
internal sealed partial class MySqlBinder
{
    public const string FieldList = "field list";
    private const string WhereClause = "where clause", OnClause = "on clause", GroupStatement = "group statement",
        HavingClause = "having clause", OrderClause = "order clause", InSubquery = "IN/ALL/ANY subquery";

    private const int MaxTables = 61;

    private readonly MySqlCatalog _catalog;
    private readonly string _database;
    private readonly List<CommonTable> _common = [];
    private int _tables;
    private int _commons;

    private MySqlBinder(MySqlCatalog catalog, string database)
    {
        _catalog = catalog;
        _database = database;
    }

    /// <exception cref="MySqlException">MySQL would refuse the query.</exception>
    public static void Bind(QueryExpr query, MySqlCatalog catalog, string database)
    {
        var binder = new MySqlBinder(catalog, database);
        binder.CheckAliases(query);
        binder.OpenTables(query, []);
        binder.BindQuery(query, null);
    }

    // A block while its clauses are being bound.
    private sealed class Scope(SelectBlock block, Scope? outer, QueryExpr query)
    {
        public SelectBlock Block { get; } = block;

        public Scope? Outer { get; } = outer;

        public QueryExpr Query { get; } = query;

        /// <summary>Clause name for messages.</summary>
        public string Clause { get; set; } = FieldList;

        /// <summary>Tables that names may refer to; an ON clause sees only its own operands.</summary>
        public IReadOnlyList<BoundTable> Visible { get; set; } = [];

        /// <summary>Names may stand for select items: GROUP BY, HAVING, ORDER BY.</summary>
        public bool SeesItems { get; set; }

        public bool AllowsAggregates { get; set; }

        /// <summary>Inside the argument of an aggregate.</summary>
        public bool InAggregate { get; set; }

        public bool ItemsAreBound { get; set; }

        /// <summary>Columns that USING or NATURAL hides behind another.</summary>
        public Dictionary<BoundColumn, BoundColumn> Merged { get; } = [];
    }

    private void BindQuery(QueryExpr query, Scope? outer)
    {
        var mark = _common.Count;
        foreach (var common in query.With)
        {
            BindCommon(common, outer);
        }

        switch (query.Body)
        {
            case SelectBlock block:
                BindSelect(block, query, outer);
                break;
            case SetOperation set:
                BindSet(set, query, outer);
                break;
            default:
                throw new InvalidOperationException("unknown query body");
        }

        _common.RemoveRange(mark, _common.Count - mark);
    }

    private void BindCommon(CommonTable common, Scope? outer)
    {
        common.Written = $"w{_commons++}";
        if (common.Recursive && common.Query.Body is SetOperation set && Mentions(set.Right, common.Name))
        {
            BindQuery(set.Left, outer);
            Publish(common, set.Left.Body.Output);
            _common.Add(common);
            BindSet(set, common.Query, outer, leftIsBound: true);
            return;
        }

        common.Recursive = false;
        BindQuery(common.Query, outer);
        Publish(common, common.Query.Body.Output);
        _common.Add(common);
    }

    private static void Publish(CommonTable common, List<SelectItem> output)
    {
        if (common.Columns.Count > 0 && common.Columns.Count != output.Count)
        {
            throw new MySqlException("In definition of view, derived table or common table expression, SELECT list and column names list have different column counts");
        }

        common.Types = [.. output.Select(o => o.Expr.Type)];
        common.Names.AddRange(common.Columns.Count > 0 ? common.Columns : output.Select(o => o.Name));
    }

    private static bool Mentions(QueryExpr query, string name) => query.Body switch
    {
        SelectBlock block => block.From is { } from && Named(from).Any(t => t.Database is null && SqlName.Same(t.Name, name)),
        SetOperation set => Mentions(set.Left, name) || Mentions(set.Right, name),
        _ => false,
    };

    private static IEnumerable<NamedTable> Named(TableRef table) => table switch
    {
        NamedTable named => [named],
        Join join => Named(join.Left).Concat(Named(join.Right)),
        _ => [],
    };

    private void BindSet(SetOperation set, QueryExpr query, Scope? outer, bool leftIsBound = false)
    {
        if (!leftIsBound)
        {
            BindQuery(set.Left, outer);
        }

        if (set.Op == "PASS")
        {
            CopyOutput(set, [.. set.Left.Body.Output.Select(o => o.Expr.Type)]);
        }
        else
        {
            BindQuery(set.Right, outer);
            if (set.Left.Body.Output.Count != set.Right.Body.Output.Count)
            {
                throw new MySqlException("The used SELECT statements have a different number of columns");
            }

            CopyOutput(set, [.. set.Left.Body.Output.Zip(set.Right.Body.Output, (l, r) => SqlType.Union(l.Expr.Type, r.Expr.Type))]);
        }

        foreach (var order in query.OrderBy)
        {
            BindSetOrder(order, set);
        }
    }

    private static void CopyOutput(SetOperation set, List<SqlType> types)
    {
        foreach (var (item, i) in set.Left.Body.Output.Select((o, i) => (o, i)))
        {
            set.Output.Add(new(new ColumnRef(null, null, item.Name) { Type = types[i] }, item.Name, item.Name) { Output = Column(i) });
        }
    }

    private static string Column(int i) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"_c{i}");

    // A global ORDER BY sees only the names of the first SELECT.
    private static void BindSetOrder(OrderItem order, SetOperation set)
    {
        if (order.Expr is Literal { Kind: LiteralKind.Integer } position)
        {
            order.Item = ItemAt(position, set.Output, OrderClause);
            return;
        }

        if (order.Expr is Aggregate)
        {
            throw new MySqlException("Expression #1 of ORDER BY contains aggregate function and applies to a UNION, EXCEPT or INTERSECT");
        }

        foreach (var column in Columns(order.Expr))
        {
            if (column.Table is not null)
            {
                throw new MySqlException($"Table '{column.Table}' from one of the SELECTs cannot be used in global ORDER clause");
            }

            column.Item = set.Output.Find(o => SqlName.Same(o.Name, column.Name))
                ?? throw UnknownColumn(column, OrderClause);
            column.Type = column.Item.Expr.Type;
        }

        TypeRules.Assign(order.Expr);
        if (order.Expr is ColumnRef { Item: { } item })
        {
            order.Item = item;
        }
    }

    private static IEnumerable<ColumnRef> Columns(Expr expr) =>
        expr is ColumnRef column ? [column] : expr.Children.SelectMany(Columns);

    private static SelectItem ItemAt(Literal position, List<SelectItem> items, string clause) =>
        int.TryParse(position.Value, out var at) && at >= 1 && at <= items.Count
            ? items[at - 1]
            : throw new MySqlException($"Unknown column '{position.Value}' in '{clause}'");

    private void BindSelect(SelectBlock block, QueryExpr query, Scope? outer)
    {
        block.Outer = outer?.Block;
        var scope = new Scope(block, outer, query);
        if (block.From is { } from)
        {
            BindFrom(from, scope, optional: false);
            if (block.Tables.Count > MaxTables)
            {
                throw new MySqlException($"Too many tables; MySQL can only use {MaxTables} tables in a join");
            }
        }

        scope.Visible = block.Tables;
        MergeUsing(block.From, scope);
        ExpandStars(block, scope);

        scope.Clause = FieldList;
        scope.AllowsAggregates = true;
        foreach (var item in block.Output)
        {
            BindExpr(item.Expr, scope);
            OneColumn(item.Expr);
        }

        scope.ItemsAreBound = true;
        scope.AllowsAggregates = false;
        if (block.Where is { } where)
        {
            scope.Clause = WhereClause;
            BindExpr(where, scope);
            OneColumn(where);
        }

        BindConditions(block.From, scope);
        scope.Visible = block.Tables;

        scope.SeesItems = true;
        scope.Clause = GroupStatement;
        foreach (var group in block.GroupBy)
        {
            BindGroup(group, scope);
        }

        scope.AllowsAggregates = true;
        if (block.Having is { } having)
        {
            scope.Clause = HavingClause;
            BindHaving(having, scope);
        }

        var aggregatedBefore = block.IsGrouped;
        scope.Clause = OrderClause;
        foreach (var (order, i) in query.OrderBy.Select((o, i) => (o, i)))
        {
            var known = block.Aggregates.Count;
            BindOrder(order, scope);
            if (!aggregatedBefore && block.Aggregates.Count > known)
            {
                throw new MySqlException($"Expression #{i + 1} of ORDER BY contains aggregate function and applies to the result of a non-aggregated query");
            }
        }

        FullGroupBy.Check(block, query);
    }

    private static void OneColumn(Expr expr)
    {
        if (expr is Row)
        {
            throw new MySqlException("Operand should contain 1 column(s)");
        }
    }

    private void BindFrom(TableRef from, Scope scope, bool optional)
    {
        switch (from)
        {
            case Join join:
                // Tables count in the order in which they were written.
                if (join.Exchanged)
                {
                    BindFrom(join.Right, scope, optional || join.Outer);
                    BindFrom(join.Left, scope, optional);
                }
                else
                {
                    BindFrom(join.Left, scope, optional);
                    BindFrom(join.Right, scope, optional || join.Outer);
                }

                break;
            case NamedTable named:
                named.Bound = BindNamed(named, scope);
                Add(named.Bound, scope, optional);
                break;
            case DerivedTable derived:
                // A derived table sees no table beside it, only outer queries.
                BindQuery(derived.Query, scope.Outer);
                var bound = new BoundTable("", derived.Alias, NewAlias()) { Query = derived.Query };
                var output = derived.Query.Body.Output;
                if (derived.Columns.Count > 0 && derived.Columns.Count != output.Count)
                {
                    throw new MySqlException("In definition of view, derived table or common table expression, SELECT list and column names list have different column counts");
                }

                AddColumns(bound, derived.Columns.Count > 0 ? derived.Columns : [.. output.Select(o => o.Name)], [.. output.Select(o => o.Expr.Type)]);
                DerivedKeys(bound, derived.Query);
                derived.Bound = bound;
                Add(bound, scope, optional);
                break;
        }
    }

    private static void Add(BoundTable table, Scope scope, bool optional)
    {
        table.Optional = optional;
        table.Block = scope.Block;
        scope.Block.Tables.Add(table);
    }

    private BoundTable BindNamed(NamedTable named, Scope scope)
    {
        if (named.Database is null && _common.FindLast(c => SqlName.Same(c.Name, named.Name)) is { } common)
        {
            var table = new BoundTable("", named.Alias, NewAlias()) { Common = common };
            AddColumns(table, common.Names, common.Types!);
            DerivedKeys(table, common.Query);
            return table;
        }

        var database = SqlName.Lower(named.Database ?? _database);
        var stored = _catalog.Find(database, named.Name) ?? throw Missing(database, named.Name);
        var bound = new BoundTable(database, named.Alias, NewAlias()) { Stored = stored, Block = scope.Block };
        foreach (var column in stored.Columns)
        {
            bound.Columns.Add(new(bound, column.Name, column.Type, column.NotNull, column.Name));
        }

        foreach (var key in stored.Keys.Where(k => k.Unique))
        {
            var columns = key.Columns.Select(n => bound.Columns.Find(c => SqlName.Same(c.Name, n))!).ToList();
            if (columns.TrueForAll(c => c.NotNull))
            {
                bound.Keys.Add(columns);
            }
        }

        return bound;
    }

    private static void AddColumns(BoundTable table, IReadOnlyList<string> names, IReadOnlyList<SqlType> types)
    {
        for (var i = 0; i < names.Count; i++)
        {
            var name = names[i];
            if (names.Take(i).Any(n => SqlName.Same(n, name)))
            {
                throw new MySqlException($"Duplicate column name '{name}'");
            }

            table.Columns.Add(new(table, name, types[i], notNull: false, Column(i)));
        }
    }

    // What a grouped or distinct query puts out at most once is a key of it.
    private static void DerivedKeys(BoundTable table, QueryExpr query)
    {
        if (query.Body is not SelectBlock block)
        {
            return;
        }

        if (block.IsImplicitlyGrouped)
        {
            table.Keys.Add([]);
        }
        else if (block.GroupBy.Count > 0 && !block.Rollup)
        {
            var key = block.GroupBy.Select(g => block.Output.FindIndex(o => g.Item == o || FullGroupBy.Same(o.Expr, g.Expr))).ToList();
            if (key.TrueForAll(k => k >= 0))
            {
                table.Keys.Add([.. key.Select(k => table.Columns[k])]);
            }
        }
        else if (block.Distinct)
        {
            table.Keys.Add([.. table.Columns]);
        }
    }

    private string NewAlias() => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"t{_tables++}");

    private static MySqlException Missing(string database, string table) =>
        new($"Table '{database}.{SqlName.Lower(table)}' doesn't exist");

    private static MySqlException UnknownColumn(ColumnRef column, string clause) => new($"Unknown column '{column.FullName}' in '{clause}'");

    private static MySqlException Ambiguous(ColumnRef column, string clause) => new($"Column '{column.FullName}' in {clause} is ambiguous");

    private static IEnumerable<BoundTable> TablesOf(TableRef table) => table switch
    {
        NamedTable named => [named.Bound!],
        DerivedTable derived => [derived.Bound!],
        Join { Exchanged: true } join => TablesOf(join.Right).Concat(TablesOf(join.Left)),
        Join join => TablesOf(join.Left).Concat(TablesOf(join.Right)),
        _ => [],
    };

    private static void MergeUsing(TableRef? from, Scope scope)
    {
        if (from is not Join join)
        {
            return;
        }

        MergeUsing(join.Left, scope);
        MergeUsing(join.Right, scope);
        if (!join.Natural && join.Using is null)
        {
            return;
        }

        List<BoundColumn> left = [.. TablesOf(join.Left).SelectMany(t => t.Columns).Where(c => !scope.Merged.ContainsKey(c))];
        List<BoundColumn> right = [.. TablesOf(join.Right).SelectMany(t => t.Columns).Where(c => !scope.Merged.ContainsKey(c))];
        var names = join.Using ?? [.. left.Select(c => c.Name).Where(n => right.Exists(r => SqlName.Same(r.Name, n))).Distinct(StringComparer.OrdinalIgnoreCase)];
        foreach (var name in names)
        {
            var pair = (One(left, name), One(right, name));
            join.Pairs.Add(pair);
            scope.Merged[pair.Item2] = pair.Item1;
        }

        static BoundColumn One(List<BoundColumn> columns, string name)
        {
            var found = columns.FindAll(c => SqlName.Same(c.Name, name));
            return found.Count switch
            {
                1 => found[0],
                0 => throw new MySqlException($"Unknown column '{name}' in 'from clause'"),
                _ => throw new MySqlException($"Column '{name}' in from clause is ambiguous"),
            };
        }
    }

    private static void ExpandStars(SelectBlock block, Scope scope)
    {
        foreach (var item in block.Items)
        {
            if (item.Expr is not Star star)
            {
                block.Output.Add(item);
                continue;
            }

            if (star.Table is null)
            {
                if (block.Tables.Count == 0)
                {
                    throw new MySqlException("No tables used");
                }

                // Columns that USING or NATURAL merged come first, and once.
                var shared = scope.Merged.Values.Distinct().Where(c => !scope.Merged.ContainsKey(c)).ToList();
                foreach (var column in shared.Concat(block.Tables.SelectMany(t => t.Columns).Where(c => !scope.Merged.ContainsKey(c) && !shared.Contains(c))))
                {
                    block.Output.Add(ItemOf(column));
                }

                continue;
            }

            var tables = block.Tables.FindAll(t => SqlName.Same(t.Alias, star.Table) && (star.Database is null || SqlName.Same(t.Database, star.Database)));
            if (tables.Count == 0)
            {
                throw new MySqlException($"Unknown table '{star.Table}'");
            }

            foreach (var column in tables.SelectMany(t => t.Columns))
            {
                block.Output.Add(ItemOf(column));
            }
        }

        for (var i = 0; i < block.Output.Count; i++)
        {
            block.Output[i].Output = Column(i);
        }

        static SelectItem ItemOf(BoundColumn column) =>
            new(new ColumnRef(null, column.Table.Alias, column.Name) { Column = column, Type = column.Type }, column.Name, column.Name);
    }

    private void BindConditions(TableRef? from, Scope scope)
    {
        if (from is not Join join)
        {
            return;
        }

        BindConditions(join.Exchanged ? join.Right : join.Left, scope);
        BindConditions(join.Exchanged ? join.Left : join.Right, scope);
        if (join.On is { } on)
        {
            scope.Clause = OnClause;
            scope.Visible = [.. TablesOf(join)];
            BindExpr(on, scope);
            OneColumn(on);
        }
    }

    private void BindGroup(OrderItem group, Scope scope)
    {
        var block = scope.Block;
        if (group.Expr is Literal { Kind: LiteralKind.Integer } position)
        {
            group.Item = ItemAt(position, block.Output, GroupStatement);
            RefuseAggregate(group.Item);
            return;
        }

        if (group.Expr is ColumnRef name && FindItem(name, block.Output, GroupStatement) is { } item)
        {
            // A column of the tables goes before an alias of another expression.
            var own = Lookup(name, scope.Visible, scope, GroupStatement);
            if (own is null || (item.Expr is ColumnRef { Column: { } same } && same == own))
            {
                RefuseAggregate(item);
                group.Item = item;
                name.Item = item;
                name.Type = item.Expr.Type;
                return;
            }

            name.Column = own;
            name.Type = own.Type;
            return;
        }

        BindExpr(group.Expr, scope);

        static void RefuseAggregate(SelectItem item)
        {
            if (HasAggregate(item.Expr))
            {
                throw new MySqlException($"Can't group on '{item.Name}'");
            }
        }
    }

    private void BindOrder(OrderItem order, Scope scope)
    {
        var block = scope.Block;
        if (order.Expr is Literal { Kind: LiteralKind.Integer } position)
        {
            order.Item = ItemAt(position, block.Output, OrderClause);
            return;
        }

        if (order.Expr is ColumnRef name && FindItem(name, block.Output, OrderClause) is { } item)
        {
            order.Item = item;
            name.Item = item;
            name.Type = item.Expr.Type;
            return;
        }

        // ORDER BY COUNT(*) means the item that says the same.
        BindExpr(order.Expr, scope);
        OneColumn(order.Expr);
        order.Item = block.Output.Find(o => FullGroupBy.Same(o.Expr, order.Expr));
    }

    // Without a table's name an item matches by its alias or, failing that, by the column behind the alias.
    private static SelectItem? FindItem(ColumnRef name, List<SelectItem> items, string clause)
    {
        SelectItem? found = null, behind = null;
        foreach (var item in items)
        {
            var column = item.Expr as ColumnRef;
            if (name.Table is not null)
            {
                if (column?.Column is { } bound && SqlName.Same(bound.Name, name.Name) && SqlName.Same(bound.Table.Alias, name.Table))
                {
                    return item;
                }
            }
            else if (SqlName.Same(item.Name, name.Name) && (column is not null || item.Alias is not null))
            {
                if (found is not null && !FullGroupBy.Same(found.Expr, item.Expr))
                {
                    throw Ambiguous(name, clause);
                }

                found ??= item;
            }
            else if (column?.Column is { } bound && SqlName.Same(bound.Name, name.Name))
            {
                behind ??= item;
            }
        }

        return found ?? behind;
    }

    private void BindHaving(Expr having, Scope scope)
    {
        BindExpr(having, scope);
        OneColumn(having);
    }

    private static BoundColumn? Lookup(ColumnRef name, IReadOnlyList<BoundTable> tables, Scope scope, string clause)
    {
        BoundColumn? found = null;
        foreach (var table in tables)
        {
            if (name.Table is not null && !SqlName.Same(table.Alias, name.Table))
            {
                continue;
            }

            if (name.Database is not null && !SqlName.Same(table.Database, name.Database))
            {
                continue;
            }

            if (table.Columns.Find(c => SqlName.Same(c.Name, name.Name)) is not { } column)
            {
                continue;
            }

            // A merged column is the left one, unless the query names the table.
            if (name.Table is null && scope.Merged.ContainsKey(column))
            {
                continue;
            }

            if (found is not null)
            {
                throw Ambiguous(name, clause);
            }

            found = column;
        }

        return found;
    }

    private static void BindColumn(ColumnRef name, Scope scope)
    {
        if (name.Column is not null || name.Item is not null)
        {
            return;
        }

        var block = scope.Block;
        if (scope.Clause == HavingClause && !scope.InAggregate)
        {
            if (FindHaving(name, scope) is { } item)
            {
                Use(name, item);
                return;
            }

            if (name.Column is not null)
            {
                return;
            }
        }
        else if (Lookup(name, scope.Visible, scope, scope.Clause) is { } own)
        {
            name.Column = own;
            name.Type = own.Type;
            return;
        }
        else if (scope.SeesItems && FindItem(name, block.Output, scope.Clause) is { } item)
        {
            Use(name, item);
            if (scope.InAggregate && HasAggregate(item.Expr))
            {
                throw new MySqlException("Invalid use of group function");
            }

            return;
        }

        List<QueryExpr> crossed = [scope.Query];
        for (var outer = scope.Outer; outer is not null; outer = outer.Outer)
        {
            if (Lookup(name, outer.Visible.Count > 0 ? outer.Visible : outer.Block.Tables, outer, scope.Clause) is { } column)
            {
                name.Column = column;
                name.Type = column.Type;
                crossed.ForEach(q => q.OuterColumns.Add(name));
                return;
            }

            if (FindItem(name, outer.Block.Output, scope.Clause) is { } item)
            {
                if (!outer.ItemsAreBound)
                {
                    throw new MySqlException($"Reference '{name.FullName}' not supported (forward reference in item list)");
                }

                Use(name, item);
                crossed.ForEach(q => q.OuterColumns.Add(name));
                return;
            }

            crossed.Add(outer.Query);
        }

        throw UnknownColumn(name, scope.Clause);

        static void Use(ColumnRef name, SelectItem item)
        {
            name.Item = item;
            name.Type = item.Expr.Type;
        }
    }

    // HAVING knows select items and grouped columns, not the other columns of the tables.
    private static SelectItem? FindHaving(ColumnRef name, Scope scope)
    {
        var block = scope.Block;
        foreach (var group in block.GroupBy)
        {
            if (group.Expr is ColumnRef grouped && SqlName.Same(grouped.Name, name.Name)
                && (name.Table is null || grouped.Table is null || SqlName.Same(grouped.Table, name.Table)))
            {
                var column = grouped.Column ?? (grouped.Item?.Expr as ColumnRef)?.Column;
                if (column is not null && (name.Table is null || SqlName.Same(column.Table.Alias, name.Table)))
                {
                    name.Column = column;
                    name.Type = column.Type;
                    return null;
                }
            }
        }

        return FindItem(name, block.Output, HavingClause);
    }

    public static bool HasAggregate(Expr expr) => expr is Aggregate || (expr is not Window && expr.Children.Any(HasAggregate)) || expr is ColumnRef { Item: { } item } && HasAggregate(item.Expr);
}
