using System.Globalization;

namespace RroDashboard.Environments.InterCodeSql.MySql;

/// <summary>
/// Recursive descent over the reading part of MySQL 8's grammar. A syntax error names the first token that no rule can take,
/// as the server's own parser does.
/// </summary>
internal sealed partial class MySqlParser
{
    // Deeper nesting is refused before it can exhaust the stack; the deepest gold query has four levels.
    private const int MaxDepth = 120;
    private const int MaxNameLength = 64;

    private static readonly string[] s_betweenVerbAndTable =
        ["INTO", "TABLE", "FROM", "IGNORE", "TEMPORARY", "IF", "NOT", "EXISTS", "VIEW", "DATABASE", "INDEX", "ONLY"];

    private readonly string _sql;
    private readonly List<Token> _tokens;
    private int _at;
    private int _depth;

    private MySqlParser(string sql)
    {
        _sql = sql;
        _tokens = MySqlLexer.Read(sql);
    }

    private Token Now => _tokens[_at];

    private Token Next => _tokens[Math.Min(_at + 1, _tokens.Count - 1)];

    /// <exception cref="MySqlException">The statement is refused.</exception>
    public static Statement Parse(string sql)
    {
        var parser = new MySqlParser(sql);
        if (parser.Now.Kind == TokenKind.End || (parser.IsSymbol(";") && parser.Next.Kind == TokenKind.End))
        {
            throw new MySqlException("Query was empty");
        }

        var statement = parser.ParseStatement();
        if (parser.TakeSymbol(";") && parser.Now.Kind != TokenKind.End)
        {
            while (parser.TakeSymbol(";"))
            {
            }

            return parser.Now.Kind == TokenKind.End ? statement : throw new MySqlException("Use multi=True when executing multiple statements");
        }

        return parser.Now.Kind == TokenKind.End ? statement : throw parser.Error();
    }

    private Statement ParseStatement()
    {
        if (IsWord("SELECT") || IsWord("WITH") || IsWord("VALUES") || IsWord("TABLE") || IsSymbol("("))
        {
            return new QueryStatement(ParseQuery());
        }

        if (TakeWord("SHOW"))
        {
            return ParseShow();
        }

        if (TakeWord("DESC") || TakeWord("DESCRIBE") || TakeWord("EXPLAIN"))
        {
            return ParseDescribe();
        }

        if (TakeWord("USE"))
        {
            return new UseDatabase(Name());
        }

        return Now.Kind == TokenKind.Word && !Now.IsName && ReservedWords.StartsChange(Now.Value) ? ParseRefused() : throw Error();
    }

    private Statement ParseShow()
    {
        var full = TakeWord("FULL");
        TakeWord("EXTENDED");
        if (TakeWord("TABLES"))
        {
            var database = TakeWord("FROM") || TakeWord("IN") ? Name() : null;
            return new ShowTables(database, TakeLike(), full);
        }

        if (TakeWord("DATABASES") || TakeWord("SCHEMAS"))
        {
            return new ShowDatabases(TakeLike());
        }

        if (TakeWord("COLUMNS") || TakeWord("FIELDS"))
        {
            if (!TakeWord("FROM") && !TakeWord("IN"))
            {
                throw Error();
            }

            var (database, table) = TableName();
            if (TakeWord("FROM") || TakeWord("IN"))
            {
                database = Name();
            }

            return new DescribeTable(database, table, TakeLike(), full);
        }

        // SHOW has some forty forms. These are known words of it, which this engine does not answer.
        string[] others = ["CREATE", "INDEX", "INDEXES", "KEYS", "STATUS", "VARIABLES", "GLOBAL", "SESSION", "TABLE", "PROCESSLIST", "ENGINES",
            "GRANTS", "WARNINGS", "ERRORS", "COLLATION", "CHARACTER", "CHARSET", "TRIGGERS", "FUNCTION", "PROCEDURE", "EVENTS", "PLUGINS", "PRIVILEGES"];
        if (!others.Any(IsWord))
        {
            throw Error();
        }

        var what = Now.Value.ToUpperInvariant();
        while (Now.Kind != TokenKind.End && Now.Kind != TokenKind.Bad && !IsSymbol(";"))
        {
            _at++;
        }

        return new RefusedStatement(MySqlException.Unsupported("SHOW " + what).Message);
    }

    private Statement ParseDescribe()
    {
        if (IsWord("SELECT") || IsWord("WITH") || IsSymbol("(") || IsWord("FORMAT") || IsWord("ANALYZE"))
        {
            while (Now.Kind != TokenKind.End && Now.Kind != TokenKind.Bad && !IsSymbol(";"))
            {
                _at++;
            }

            return new RefusedStatement(MySqlException.Unsupported("EXPLAIN of a query").Message);
        }

        var (database, table) = TableName();
        string? like = null;
        if (Now.Kind == TokenKind.Text || IsNameToken(Now))
        {
            like = Now.Value;
            _at++;
        }

        return new DescribeTable(database, table, like, Full: false);
    }

    // The verb and, where there is one, the table, so that the refusal reads as MySQL's.
    private RefusedStatement ParseRefused()
    {
        var verb = Now.Value.ToUpperInvariant();
        _at++;
        while (s_betweenVerbAndTable.Any(TakeWord))
        {
        }

        var table = IsNameToken(Now) ? TableName().Table : "";
        while (Now.Kind is not (TokenKind.End or TokenKind.Bad) && !IsSymbol(";"))
        {
            _at++;
        }

        return verb is "SET" or "START" or "BEGIN" or "COMMIT" or "ROLLBACK" or "LOCK" or "CALL" or "LOAD" or "GRANT" or "REVOKE"
            ? new("Access denied; you need (at least one of) the SUPER privilege(s) for this operation")
            : new($"{verb} command denied to user 'admin'@'localhost' for table '{SqlName.Lower(table)}'");
    }

    private string? TakeLike()
    {
        if (!TakeWord("LIKE"))
        {
            return null;
        }

        var text = Now.Kind == TokenKind.Text ? Now.Value : throw Error();
        _at++;
        return text;
    }

    private QueryExpr ParseQuery()
    {
        if (++_depth > MaxDepth)
        {
            throw new MySqlException("Too high level of nesting for select");
        }

        var with = TakeWord("WITH") ? ParseWith() : [];
        var query = ParseUnion();
        if (with.Count > 0)
        {
            query.With = [.. with, .. query.With];
        }

        _depth--;
        return query;
    }

    private List<CommonTable> ParseWith()
    {
        var recursive = TakeWord("RECURSIVE");
        var tables = new List<CommonTable>();
        do
        {
            var name = Name();
            var columns = IsSymbol("(") ? NameList() : [];
            ExpectWord("AS");
            tables.Add(new(name, columns, ParseSubquery()) { Recursive = recursive });
        }
        while (TakeSymbol(","));
        return tables;
    }

    // (query)
    private QueryExpr ParseSubquery()
    {
        ExpectSymbol("(");
        var query = ParseQuery();
        ExpectSymbol(")");
        query.Parenthesised = true;
        return query;
    }

    private QueryExpr ParseUnion()
    {
        var query = ParseIntersect();
        while (!HasTail(query) && (IsWord("UNION") || IsWord("EXCEPT")))
        {
            var op = Now.Value.ToUpperInvariant();
            _at++;
            var all = TakeSetQuantifier();
            query = new(new SetOperation(query, op, all, ParseIntersect()));
        }

        return Tail(query);
    }

    private QueryExpr ParseIntersect()
    {
        var query = ParsePrimaryQuery();
        while (!HasTail(query) && TakeWord("INTERSECT"))
        {
            var all = TakeSetQuantifier();
            query = new(new SetOperation(query, "INTERSECT", all, ParsePrimaryQuery()));
        }

        return query;
    }

    // A query with ORDER BY or LIMIT takes part in a set operation only inside parentheses.
    private static bool HasTail(QueryExpr query) => !query.Parenthesised && (query.OrderBy.Count > 0 || query.Limit is not null);

    private bool TakeSetQuantifier()
    {
        if (TakeWord("ALL"))
        {
            return true;
        }

        TakeWord("DISTINCT");
        return false;
    }

    private QueryExpr Tail(QueryExpr query)
    {
        var order = new List<OrderItem>();
        if (TakeWord("ORDER"))
        {
            ExpectWord("BY");
            order = ParseOrderList();
        }

        var (limit, offset) = ParseLimit();
        if (order.Count > 0 || limit is not null)
        {
            if (query.Parenthesised && (query.OrderBy.Count > 0 || query.Limit is not null))
            {
                // (SELECT ... LIMIT 3) ORDER BY ...: the outer clauses apply to the result of the inner query.
                query = new(new SetOperation(query, "PASS", all: true, query));
            }

            query.OrderBy.AddRange(order);
            query.Limit = limit;
            query.Offset = offset;
            query.Parenthesised = false;
        }

        if (TakeWord("FOR"))
        {
            if (!TakeWord("UPDATE") && !TakeWord("SHARE"))
            {
                throw Error();
            }
        }
        else if (TakeWord("LOCK"))
        {
            ExpectWord("IN");
            ExpectWord("SHARE");
            ExpectWord("MODE");
        }

        return query;
    }

    private List<OrderItem> ParseOrderList()
    {
        var items = new List<OrderItem>();
        do
        {
            var expr = ParseExpr();
            var descending = TakeWord("DESC");
            if (!descending)
            {
                TakeWord("ASC");
            }

            items.Add(new(expr, descending));
        }
        while (TakeSymbol(","));
        return items;
    }

    private (long? Limit, long? Offset) ParseLimit()
    {
        if (!TakeWord("LIMIT"))
        {
            return (null, null);
        }

        var first = LimitNumber();
        if (TakeSymbol(","))
        {
            return (LimitNumber(), first);
        }

        return (first, TakeWord("OFFSET") ? LimitNumber() : null);
    }

    private long LimitNumber()
    {
        if (Now.Kind != TokenKind.Integer)
        {
            throw Error();
        }

        var number = long.TryParse(Now.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : long.MaxValue;
        _at++;
        return number;
    }

    private QueryExpr ParsePrimaryQuery()
    {
        if (IsSymbol("("))
        {
            return ParseSubquery();
        }

        if (TakeWord("TABLE"))
        {
            var (database, table) = TableName();
            return new(new SelectBlock { Items = [new(new Star(null, null), null, "*")], From = new NamedTable(database, table, null) });
        }

        if (IsWord("VALUES"))
        {
            throw MySqlException.Unsupported("VALUES statement");
        }

        ExpectWord("SELECT");
        return new(ParseSelect());
    }

    private SelectBlock ParseSelect()
    {
        var distinct = false;
        while (true)
        {
            if (TakeWord("DISTINCT") || TakeWord("DISTINCTROW"))
            {
                distinct = true;
            }
            else if (!TakeWord("ALL") && !TakeWord("STRAIGHT_JOIN") && !TakeWord("HIGH_PRIORITY") && !TakeWord("SQL_CALC_FOUND_ROWS")
                && !TakeWord("SQL_SMALL_RESULT") && !TakeWord("SQL_BIG_RESULT") && !(IsWord("SQL_NO_CACHE") && TakeWord("SQL_NO_CACHE")))
            {
                break;
            }
        }

        var items = new List<SelectItem>();
        do
        {
            items.Add(ParseItem(first: items.Count == 0));
        }
        while (TakeSymbol(","));

        if (IsWord("INTO"))
        {
            throw new MySqlException("Access denied; you need (at least one of) the FILE privilege(s) for this operation");
        }

        TableRef? from = null;
        if (TakeWord("FROM") && !TakeWord("DUAL"))
        {
            from = ParseFrom();
        }

        var where = TakeWord("WHERE") ? ParseExpr() : null;
        var group = new List<OrderItem>();
        var rollup = false;
        if (TakeWord("GROUP"))
        {
            ExpectWord("BY");
            do
            {
                group.Add(new(ParseExpr(), descending: false));
            }
            while (TakeSymbol(","));
            if (IsWord("WITH") && SqlName.Same(Next.Value, "ROLLUP"))
            {
                _at += 2;
                rollup = true;
            }
        }

        var having = TakeWord("HAVING") ? ParseExpr() : null;
        if (IsWord("WINDOW"))
        {
            throw MySqlException.Unsupported("WINDOW clause");
        }

        return new() { Distinct = distinct, Items = items, From = from, Where = where, GroupBy = group, Rollup = rollup, Having = having };
    }

    private SelectItem ParseItem(bool first)
    {
        var start = Now.Start;
        if (IsSymbol("*") && first)
        {
            _at++;
            return new(new Star(null, null), null, "*");
        }

        if (IsNameToken(Now) && Next is { Kind: TokenKind.Symbol, Value: "." })
        {
            var mark = _at;
            var one = Name();
            _at++;
            if (TakeSymbol("*"))
            {
                return new(new Star(null, one), null, one + ".*");
            }

            if (IsNameToken(Now) && Next is { Kind: TokenKind.Symbol, Value: "." })
            {
                var two = Name();
                _at++;
                if (TakeSymbol("*"))
                {
                    return new(new Star(one, two), null, two + ".*");
                }
            }

            _at = mark;
        }

        var expr = ParseExpr();
        var text = _sql[start.._tokens[_at - 1].End];
        string? alias = null;
        if (TakeWord("AS"))
        {
            alias = Now.Kind == TokenKind.Text ? Now.Value : IsNameToken(Now) ? Now.Value : throw Error();
            CheckLength(alias);
            _at++;
        }
        else if (Now.Kind == TokenKind.Text || IsNameToken(Now))
        {
            alias = Now.Value;
            CheckLength(alias);
            _at++;
        }

        return new(expr, alias, text);
    }

    private TableRef ParseFrom()
    {
        var left = ParseTableReference();
        while (TakeSymbol(","))
        {
            left = new Join(left, ParseTableReference(), outer: false);
        }

        return left;
    }

    private TableRef ParseTableReference()
    {
        var left = ParseTableFactor();
        while (true)
        {
            if (TakeWord("NATURAL"))
            {
                var right = TakeWord("RIGHT");
                var outer = right || TakeWord("LEFT");
                if (outer)
                {
                    TakeWord("OUTER");
                }
                else
                {
                    TakeWord("INNER");
                }

                ExpectWord("JOIN");
                var factor = ParseTableFactor();
                left = right
                    ? new Join(factor, left, outer: true) { Natural = true, Exchanged = true }
                    : new Join(left, factor, outer) { Natural = true };
                continue;
            }

            if (IsWord("LEFT") || IsWord("RIGHT"))
            {
                var exchanged = IsWord("RIGHT");
                _at++;
                TakeWord("OUTER");
                ExpectWord("JOIN");
                var right = ParseTableReference();
                var join = exchanged ? new Join(right, left, outer: true) { Exchanged = true } : new Join(left, right, outer: true);
                if (!ParseCondition(join))
                {
                    throw Error();
                }

                left = join;
                continue;
            }

            if (IsWord("INNER") || IsWord("CROSS"))
            {
                _at++;
                ExpectWord("JOIN");
            }
            else if (!TakeWord("JOIN") && !TakeWord("STRAIGHT_JOIN"))
            {
                return left;
            }

            var inner = ParseTableReference();
            var made = new Join(left, inner, outer: false);
            left = ParseCondition(made) ? made : WithoutCondition(left, inner);
        }
    }

    // a JOIN b JOIN c ON x means (a JOIN b) JOIN c ON x: the join without a condition goes to the leftmost table.
    private static Join WithoutCondition(TableRef left, TableRef right)
    {
        if (right is not Join { Exchanged: false } top)
        {
            return new(left, right, outer: false);
        }

        var at = top;
        while (at.Left is Join { Exchanged: false } lower)
        {
            at = lower;
        }

        at.Left = new Join(left, at.Left, outer: false);
        return top;
    }

    private bool ParseCondition(Join join)
    {
        if (TakeWord("ON"))
        {
            join.On = ParseExpr();
            return true;
        }

        if (TakeWord("USING"))
        {
            join.Using = NameList();
            return true;
        }

        return false;
    }

    private TableRef ParseTableFactor()
    {
        if (TakeWord("LATERAL"))
        {
            throw MySqlException.Unsupported("LATERAL");
        }

        if (IsSymbol("("))
        {
            // "(" starts a derived table or a join in parentheses; only what follows all of them tells.
            var look = _at;
            while (_tokens[look] is { Kind: TokenKind.Symbol, Value: "(" })
            {
                look++;
            }

            var derived = _tokens[look] is { Kind: TokenKind.Word, IsName: false } word
                && (SqlName.Same(word.Value, "SELECT") || SqlName.Same(word.Value, "WITH") || SqlName.Same(word.Value, "VALUES"));
            if (!derived || (look - _at > 1 && !ClosesBeforeAlias(look)))
            {
                Enter();
                ExpectSymbol("(");
                var inner = ParseFrom();
                ExpectSymbol(")");
                _depth--;
                return inner;
            }

            var query = ParseSubquery();
            TakeWord("AS");
            if (!IsNameToken(Now))
            {
                throw new MySqlException("Every derived table must have its own alias");
            }

            var alias = Name();
            return new DerivedTable(query, alias, IsSymbol("(") ? NameList() : []);
        }

        var (database, table) = TableName();
        string? tableAlias = null;
        if (TakeWord("AS") || IsNameToken(Now))
        {
            tableAlias = Name();
        }

        while (IsWord("USE") || IsWord("FORCE") || IsWord("IGNORE"))
        {
            _at++;
            if (!TakeWord("INDEX") && !TakeWord("KEY"))
            {
                throw Error();
            }

            NameList();
        }

        return new NamedTable(database, table, tableAlias);
    }

    // ((SELECT ...) AS a JOIN ...) is a join; ((SELECT ...) UNION (SELECT ...)) is a query.
    private bool ClosesBeforeAlias(int select)
    {
        var open = 0;
        for (var at = select; at < _tokens.Count; at++)
        {
            if (_tokens[at] is { Kind: TokenKind.Symbol, Value: "(" })
            {
                open++;
            }
            else if (_tokens[at] is { Kind: TokenKind.Symbol, Value: ")" } && open-- == 0)
            {
                var after = _tokens[Math.Min(at + 1, _tokens.Count - 1)];
                return after is { Kind: TokenKind.Symbol, Value: ")" }
                    || (after.Kind == TokenKind.Word && new[] { "UNION", "EXCEPT", "INTERSECT", "ORDER", "LIMIT" }.Contains(after.Value, StringComparer.OrdinalIgnoreCase));
            }
        }

        return true;
    }

    private (string? Database, string Table) TableName()
    {
        var first = Name();
        return TakeSymbol(".") ? (first, Name()) : (null, first);
    }

    private List<string> NameList()
    {
        ExpectSymbol("(");
        var names = new List<string>();
        do
        {
            names.Add(Name());
        }
        while (TakeSymbol(","));
        ExpectSymbol(")");
        return names;
    }

    private string Name()
    {
        if (!IsNameToken(Now))
        {
            throw Error();
        }

        var name = Now.Value;
        CheckLength(name);
        _at++;
        return name;
    }

    private static void CheckLength(string name)
    {
        if (name.Length > MaxNameLength)
        {
            throw new MySqlException($"Identifier name '{name}' is too long");
        }
    }

    private static bool IsNameToken(Token token) => token.Kind == TokenKind.QuotedName
        || (token.Kind == TokenKind.Word
            && (token.IsName || (!ReservedWords.IsReserved(token.Value) && !(token.BeforeParenthesis && ReservedWords.NeedsParenthesis(token.Value)))));

    private bool IsWord(string word) => Now is { Kind: TokenKind.Word, IsName: false } && SqlName.Same(Now.Value, word);

    private bool TakeWord(string word)
    {
        if (!IsWord(word))
        {
            return false;
        }

        _at++;
        return true;
    }

    private void ExpectWord(string word)
    {
        if (!TakeWord(word))
        {
            throw Error();
        }
    }

    private bool IsSymbol(string symbol) => Now.Kind == TokenKind.Symbol && Now.Value == symbol;

    private bool TakeSymbol(string symbol)
    {
        if (!IsSymbol(symbol))
        {
            return false;
        }

        _at++;
        return true;
    }

    private void ExpectSymbol(string symbol)
    {
        if (!TakeSymbol(symbol))
        {
            throw Error();
        }
    }

    private void Enter()
    {
        if (++_depth > MaxDepth)
        {
            throw new MySqlException("Too high level of nesting for select");
        }
    }

    private MySqlException Error() => MySqlException.Syntax(_sql, Now.Start);
}
