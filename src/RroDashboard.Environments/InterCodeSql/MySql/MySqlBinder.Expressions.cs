namespace RroDashboard.Environments.InterCodeSql.MySql;

internal sealed partial class MySqlBinder
{
    private void BindExpr(Expr expr, Scope scope)
    {
        switch (expr)
        {
            case ColumnRef column:
                BindColumn(column, scope);
                return;
            case Star:
                throw new MySqlException("Invalid use of '*'");
            case Aggregate aggregate:
                BindAggregate(aggregate, scope, inWindow: false);
                return;
            case Window window:
                BindWindow(window, scope);
                return;
            case ScalarQuery scalar:
                BindNested(scalar.Query, scope, Width: 1);
                scalar.Type = scalar.Query.Body.Output[0].Expr.Type;
                return;
            case Exists exists:
                BindNested(exists.Query, scope, Width: null);
                exists.Type = SqlType.Int;
                return;
            case InQuery { Value: var value } inQuery:
                BindQuantified(value, inQuery.Query, scope);
                inQuery.Type = SqlType.Int;
                return;
            case Quantified { Value: var value } quantified:
                BindQuantified(value, quantified.Query, scope);
                quantified.Type = SqlType.Int;
                return;
            case Call { Database: { } database } call:
                throw _catalog.HasDatabase(database) && !FunctionCatalog.IsKnown(call.Name)
                    ? new MySqlException($"FUNCTION {SqlName.Lower(database)}.{call.Written} does not exist")
                    : new MySqlException($"FUNCTION {SqlName.Lower(database)}.{call.Written} does not exist. Check the 'Function Name Parsing and Resolution' section in the Reference Manual");
            case Call call:
                FunctionCatalog.CheckCall(call, _database);
                break;
        }

        foreach (var child in expr.Children)
        {
            BindExpr(child, scope);
        }

        CheckWidths(expr);
        TypeRules.Assign(expr);
    }

    // Rows are only compared with rows of the same width.
    private static void CheckWidths(Expr expr)
    {
        switch (expr)
        {
            case Binary { Op: "=" or "<" or ">" or "<=" or ">=" or "<>" or "<=>" } comparison:
                SameWidth(comparison.Left, comparison.Right);
                break;
            case InList list:
                foreach (var item in list.List)
                {
                    SameWidth(list.Value, item);
                }

                break;
            case Row:
                break;
            default:
                foreach (var child in expr.Children)
                {
                    OneColumn(child);
                }

                break;
        }

        static void SameWidth(Expr left, Expr right)
        {
            if (Width(left) != Width(right))
            {
                throw new MySqlException($"Operand should contain {Width(left)} column(s)");
            }
        }
    }

    private static int Width(Expr expr) => expr is Row row ? row.Items.Count : 1;

    private void BindNested(QueryExpr query, Scope scope, int? Width)
    {
        var (clause, visible) = (scope.Clause, scope.Visible);
        BindQuery(query, scope);
        (scope.Clause, scope.Visible) = (clause, visible);
        if (Width is { } width && query.Body.Output.Count != width)
        {
            throw new MySqlException($"Operand should contain {width} column(s)");
        }
    }

    // The query comes first, then the left operand under a clause name of its own.
    private void BindQuantified(Expr value, QueryExpr query, Scope scope)
    {
        if (query.Limit is not null)
        {
            throw MySqlException.Unsupported("LIMIT & IN/ALL/ANY/SOME subquery");
        }

        BindNested(query, scope, Width: null);
        var clause = scope.Clause;
        if (clause != HavingClause)
        {
            scope.Clause = InSubquery;
        }

        BindExpr(value, scope);
        scope.Clause = clause;
        if (query.Body.Output.Count != Width(value))
        {
            throw new MySqlException($"Operand should contain {Width(value)} column(s)");
        }
    }

    private void BindAggregate(Aggregate aggregate, Scope scope, bool inWindow)
    {
        if (scope.InAggregate)
        {
            throw new MySqlException("Invalid use of group function");
        }

        scope.InAggregate = true;
        foreach (var child in aggregate.Children)
        {
            BindExpr(child, scope);
            OneColumn(child);
        }

        scope.InAggregate = false;
        TypeRules.Assign(aggregate);
        if (inWindow)
        {
            return;
        }

        // An aggregate over columns of an outer query alone belongs to that query.
        var owner = Owner(aggregate, scope);
        if (!owner.AllowsAggregates || (owner != scope && owner.InAggregate))
        {
            throw new MySqlException("Invalid use of group function");
        }

        aggregate.Owner = owner.Block;
        owner.Block.Aggregates.Add(aggregate);
    }

    private static Scope Owner(Aggregate aggregate, Scope scope)
    {
        var blocks = aggregate.Children.SelectMany(Columns)
            .Select(c => (c.Column ?? (c.Item?.Expr as ColumnRef)?.Column)?.Table.Block).OfType<SelectBlock>().ToHashSet();
        if (blocks.Count == 0 || aggregate.Children.Any(HasSubquery))
        {
            return scope;
        }

        for (var at = scope; at is not null; at = at.Outer)
        {
            if (blocks.Contains(at.Block))
            {
                return at;
            }
        }

        return scope;
    }

    private static bool HasSubquery(Expr expr) => expr is ScalarQuery or Exists or InQuery or Quantified || expr.Children.Any(HasSubquery);

    private void BindWindow(Window window, Scope scope)
    {
        if (!scope.AllowsAggregates || scope.Clause is not (FieldList or OrderClause))
        {
            var name = (window.Function as Aggregate)?.Name ?? ((Call)window.Function).Name;
            throw new MySqlException($"You cannot use the window function '{SqlName.Lower(name)}' in this context.'");
        }

        if (window.Function is Aggregate aggregate)
        {
            foreach (var child in aggregate.Children)
            {
                BindExpr(child, scope);
            }

            TypeRules.Assign(aggregate);
        }
        else
        {
            foreach (var child in window.Function.Children)
            {
                BindExpr(child, scope);
            }

            TypeRules.AssignWindow((Call)window.Function);
        }

        foreach (var part in window.PartitionBy.Concat(window.OrderBy.Select(o => o.Expr)))
        {
            BindExpr(part, scope);
        }

        window.Type = window.Function.Type;
        scope.Block.HasWindows = true;
    }

    // Two tables of one FROM must not share a name: found while the statement is read, before any table is opened.
    private void CheckAliases(QueryExpr query) => Walk(query, block =>
    {
        if (block.From is null)
        {
            return;
        }

        var seen = new List<(string Database, string Alias)>();
        foreach (var leaf in Leaves(block.From))
        {
            var (database, alias) = leaf switch
            {
                NamedTable named => (SqlName.Lower(named.Database ?? _database), named.Alias),
                DerivedTable derived => ("", derived.Alias),
                _ => ("", ""),
            };
            if (seen.Exists(s => SqlName.Same(s.Alias, alias) && (s.Database == database || s.Database.Length == 0 || database.Length == 0)))
            {
                throw new MySqlException($"Not unique table/alias: '{alias}'");
            }

            seen.Add((database, alias));
        }
    });

    // Every table of the statement is opened before any column is looked at.
    private void OpenTables(QueryExpr query, IReadOnlyList<string> common)
    {
        IReadOnlyList<string> names = common;
        foreach (var table in query.With)
        {
            OpenTables(table.Query, table.Recursive ? [.. names, table.Name] : names);
            names = [.. names, table.Name];
        }

        if (query.Body is SetOperation set)
        {
            OpenTables(set.Left, names);
            if (set.Op != "PASS")
            {
                OpenTables(set.Right, names);
            }
        }
        else if (query.Body is SelectBlock block)
        {
            foreach (var item in block.Items)
            {
                OpenExpr(item.Expr, names);
            }

            if (block.From is not null)
            {
                OpenFrom(block.From, names);
            }

            foreach (var expr in new[] { block.Where }.Concat(block.GroupBy.Select(g => g.Expr)).Append(block.Having).OfType<Expr>())
            {
                OpenExpr(expr, names);
            }
        }

        foreach (var order in query.OrderBy)
        {
            OpenExpr(order.Expr, names);
        }
    }

    private void OpenFrom(TableRef from, IReadOnlyList<string> common)
    {
        switch (from)
        {
            case Join join:
                OpenFrom(join.Exchanged ? join.Right : join.Left, common);
                OpenFrom(join.Exchanged ? join.Left : join.Right, common);
                if (join.On is not null)
                {
                    OpenExpr(join.On, common);
                }

                break;
            case DerivedTable derived:
                OpenTables(derived.Query, common);
                break;
            case NamedTable named when named.Database is not null || !common.Contains(named.Name, StringComparer.OrdinalIgnoreCase):
                var database = SqlName.Lower(named.Database ?? _database);
                if (database is "information_schema" or "mysql" or "performance_schema" or "sys")
                {
                    throw new MySqlException($"SELECT command denied to user 'admin'@'localhost' for table '{SqlName.Lower(named.Name)}'");
                }

                if (!_catalog.HasDatabase(database))
                {
                    throw new MySqlException($"Unknown database '{database}'");
                }

                if (_catalog.Find(database, named.Name) is null)
                {
                    throw Missing(database, named.Name);
                }

                break;
        }
    }

    private void OpenExpr(Expr expr, IReadOnlyList<string> common)
    {
        foreach (var child in expr.Children)
        {
            OpenExpr(child, common);
        }

        if (QueryOf(expr) is { } query)
        {
            OpenTables(query, common);
        }
    }

    public static QueryExpr? QueryOf(Expr expr) => expr switch
    {
        ScalarQuery scalar => scalar.Query,
        Exists exists => exists.Query,
        InQuery inQuery => inQuery.Query,
        Quantified quantified => quantified.Query,
        _ => null,
    };

    private static IEnumerable<TableRef> Leaves(TableRef from) => from switch
    {
        Join { Exchanged: true } join => Leaves(join.Right).Concat(Leaves(join.Left)),
        Join join => Leaves(join.Left).Concat(Leaves(join.Right)),
        _ => [from],
    };

    private static void Walk(QueryExpr query, Action<SelectBlock> visit)
    {
        foreach (var common in query.With)
        {
            Walk(common.Query, visit);
        }

        if (query.Body is SetOperation set)
        {
            Walk(set.Left, visit);
            Walk(set.Right, visit);
        }
        else if (query.Body is SelectBlock block)
        {
            foreach (var expr in block.Items.Select(i => i.Expr))
            {
                WalkExpr(expr, visit);
            }

            visit(block);
            if (block.From is not null)
            {
                foreach (var derived in Leaves(block.From).OfType<DerivedTable>())
                {
                    Walk(derived.Query, visit);
                }
            }

            foreach (var expr in new[] { block.Where, block.Having }.OfType<Expr>().Concat(block.GroupBy.Select(g => g.Expr)))
            {
                WalkExpr(expr, visit);
            }
        }
    }

    private static void WalkExpr(Expr expr, Action<SelectBlock> visit)
    {
        if (QueryOf(expr) is { } query)
        {
            Walk(query, visit);
        }

        foreach (var child in expr.Children)
        {
            WalkExpr(child, visit);
        }
    }
}
