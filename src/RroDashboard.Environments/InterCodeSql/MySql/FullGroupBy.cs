namespace RroDashboard.Environments.InterCodeSql.MySql;

/// <summary>
/// ONLY_FULL_GROUP_BY as MySQL 8 applies it: a column beside aggregates must follow from the grouped columns, through keys
/// and through equalities of WHERE and of joins. Errors 1055, 1140 and, for DISTINCT, 3065.
/// </summary>
internal static class FullGroupBy
{
    private const string Mode = "this is incompatible with sql_mode=only_full_group_by";

    public static void Check(SelectBlock block, QueryExpr query)
    {
        if (block.IsGrouped)
        {
            CheckGrouped(block, query);
        }
        else if (block.Distinct)
        {
            CheckDistinct(block, query);
        }
    }

    private static void CheckGrouped(SelectBlock block, QueryExpr query)
    {
        var known = Known(block);
        for (var i = 0; i < block.Output.Count; i++)
        {
            Check(block.Output[i].Expr, i, "SELECT list");
        }

        // One row needs no order, so MySQL drops the clause unread.
        if (block.GroupBy.Count == 0)
        {
            return;
        }

        for (var i = 0; i < query.OrderBy.Count; i++)
        {
            if (query.OrderBy[i].Item is null)
            {
                Check(query.OrderBy[i].Expr, i, "ORDER BY clause");
            }
        }

        void Check(Expr expr, int at, string clause)
        {
            if (FirstFree(expr, block, known) is { } column)
            {
                var name = FullName(column);
                throw new MySqlException(block.GroupBy.Count == 0
                    ? $"In aggregated query without GROUP BY, expression #{at + 1} of {clause} contains nonaggregated column '{name}'; {Mode}"
                    : $"Expression #{at + 1} of {clause} is not in GROUP BY clause and contains nonaggregated column '{name}' which is not functionally dependent on columns in GROUP BY clause; {Mode}");
            }
        }
    }

    private static void CheckDistinct(SelectBlock block, QueryExpr query)
    {
        for (var i = 0; i < query.OrderBy.Count; i++)
        {
            var order = query.OrderBy[i];
            if (order.Item is null && FirstUnselected(order.Expr, block) is { } column)
            {
                throw new MySqlException($"Expression #{i + 1} of ORDER BY clause is not in SELECT list, references column '{FullName(column)}' which is not in SELECT list; this is incompatible with DISTINCT");
            }
        }
    }

    private static BoundColumn? FirstUnselected(Expr expr, SelectBlock block)
    {
        if (block.Output.Exists(o => Same(o.Expr, expr)))
        {
            return null;
        }

        return expr is ColumnRef { Column: { } column } && column.Table.Block == block
            ? column
            : expr.Children.Select(c => FirstUnselected(c, block)).FirstOrDefault(c => c is not null);
    }

    private static string FullName(BoundColumn column) =>
        column.Table.Database.Length > 0 ? $"{column.Table.Database}.{column.Table.Alias}.{column.Name}" : $"{column.Table.Alias}.{column.Name}";

    private static BoundColumn? FirstFree(Expr expr, SelectBlock block, HashSet<BoundColumn> known)
    {
        if (expr is Aggregate { Owner: { } owner } && owner == block || block.GroupBy.Any(g => Same(g.Item?.Expr ?? g.Expr, expr)))
        {
            return null;
        }

        switch (expr)
        {
            case ColumnRef { Item: { } item }:
                return FirstFree(item.Expr, block, known);
            case ColumnRef { Column: { } column }:
                return column.Table.Block == block && !known.Contains(column) ? column : null;
            case Call { Name: "ANY_VALUE" }:
                return null;
        }

        if (MySqlBinder.QueryOf(expr) is { } query)
        {
            var outer = query.OuterColumns.Select(c => FirstFree(c, block, known)).FirstOrDefault(c => c is not null);
            if (outer is not null)
            {
                return outer;
            }
        }

        return expr.Children.Select(c => FirstFree(c, block, known)).FirstOrDefault(c => c is not null);
    }

    // All columns that the grouped ones determine.
    private static HashSet<BoundColumn> Known(SelectBlock block)
    {
        var known = new HashSet<BoundColumn>();
        foreach (var group in block.GroupBy)
        {
            if (ColumnOf(group.Item?.Expr ?? group.Expr) is { } column)
            {
                known.Add(column);
            }
        }

        var equalities = new List<(BoundColumn From, BoundColumn To)>();
        AddEqualities(block.Where, null);
        AddJoin(block.From);

        int before;
        do
        {
            before = known.Count;
            foreach (var (from, to) in equalities)
            {
                if (known.Contains(from))
                {
                    known.Add(to);
                }
            }

            foreach (var table in block.Tables)
            {
                if (table.Keys.Exists(key => key.TrueForAll(known.Contains)))
                {
                    known.UnionWith(table.Columns);
                }
            }
        }
        while (known.Count > before);
        return known;

        void AddJoin(TableRef? from)
        {
            if (from is not Join join)
            {
                return;
            }

            AddJoin(join.Left);
            AddJoin(join.Right);
            var inner = join.Outer ? Tables(join.Right).ToHashSet() : null;
            foreach (var (left, right) in join.Pairs)
            {
                AddPair(left, right, inner);
            }

            AddEqualities(join.On, inner);
        }

        // With an outer join only the optional side follows from the other.
        void AddEqualities(Expr? condition, HashSet<BoundTable>? optional)
        {
            if (condition is not Binary binary)
            {
                return;
            }

            if (binary.Op == "AND")
            {
                AddEqualities(binary.Left, optional);
                AddEqualities(binary.Right, optional);
            }
            else if (binary.Op == "=")
            {
                var (left, right) = (ColumnOf(binary.Left), ColumnOf(binary.Right));
                if (left is not null && right is not null)
                {
                    AddPair(left, right, optional);
                }
                else if ((left ?? right) is { } column && optional is null && IsFixed(left is null ? binary.Left : binary.Right, block) && column.Table.Block == block)
                {
                    known.Add(column);
                }
            }
        }

        void AddPair(BoundColumn left, BoundColumn right, HashSet<BoundTable>? optional)
        {
            if (left.Table.Block != block || right.Table.Block != block)
            {
                // A column of an outer query is a constant here.
                if (optional is null)
                {
                    known.Add(left.Table.Block == block ? left : right);
                }

                return;
            }

            if (optional is null || optional.Contains(right.Table))
            {
                equalities.Add((left, right));
            }

            if (optional is null || optional.Contains(left.Table))
            {
                equalities.Add((right, left));
            }
        }
    }

    private static IEnumerable<BoundTable> Tables(TableRef table) => table switch
    {
        NamedTable named => [named.Bound!],
        DerivedTable derived => [derived.Bound!],
        Join join => Tables(join.Left).Concat(Tables(join.Right)),
        _ => [],
    };

    private static bool IsFixed(Expr expr, SelectBlock block) => expr switch
    {
        Literal => true,
        ColumnRef { Column: { } column } => column.Table.Block != block,
        ScalarQuery scalar => scalar.Query.OuterColumns.TrueForAll(c => c.Column?.Table.Block != block),
        Aggregate or Window or InQuery or Exists or Quantified or ColumnRef => false,
        _ => expr.Children.All(c => IsFixed(c, block)),
    };

    private static BoundColumn? ColumnOf(Expr expr) => expr switch
    {
        ColumnRef { Column: { } column } => column,
        ColumnRef { Item: { } item } => ColumnOf(item.Expr),
        _ => null,
    };

    /// <summary>True when two bound expressions say the same.</summary>
    public static bool Same(Expr a, Expr b)
    {
        if (a is ColumnRef { Column: null, Item: { } itemA })
        {
            a = itemA.Expr;
        }

        if (b is ColumnRef { Column: null, Item: { } itemB })
        {
            b = itemB.Expr;
        }

        if (ReferenceEquals(a, b))
        {
            return true;
        }

        if (a.GetType() != b.GetType() || MySqlBinder.QueryOf(a) is not null)
        {
            return false;
        }

        var alike = (a, b) switch
        {
            (ColumnRef x, ColumnRef y) => x.Column is not null && x.Column == y.Column,
            (Literal x, Literal y) => x.Kind == y.Kind && x.Value == y.Value,
            (Unary x, Unary y) => x.Op == y.Op,
            (Binary x, Binary y) => x.Op == y.Op,
            (Between x, Between y) => x.Not == y.Not,
            (InList x, InList y) => x.Not == y.Not,
            (Like x, Like y) => x.Not == y.Not,
            (Regexp x, Regexp y) => x.Not == y.Not,
            (Is x, Is y) => x.What == y.What && x.Not == y.Not,
            (Call x, Call y) => x.Name == y.Name,
            (Cast x, Cast y) => x.Target == y.Target,
            (Aggregate x, Aggregate y) => x.Name == y.Name && x.Distinct == y.Distinct && x.Separator == y.Separator,
            (Case x, Case y) => x.Arms.Count == y.Arms.Count && x.Value is null == y.Value is null,
            (Row, Row) => true,
            _ => false,
        };
        if (!alike)
        {
            return false;
        }

        var (left, right) = (a.Children.ToList(), b.Children.ToList());
        return left.Count == right.Count && left.Zip(right).All(p => Same(p.First, p.Second));
    }
}
