using System.Globalization;

namespace RroDashboard.Environments.InterCodeSql.MySql;

internal sealed partial class MySqlParser
{
    private static readonly string[] s_aggregates =
    [
        "COUNT", "SUM", "AVG", "MIN", "MAX", "GROUP_CONCAT", "STD", "STDDEV", "STDDEV_POP", "STDDEV_SAMP", "VARIANCE", "VAR_POP", "VAR_SAMP",
        "BIT_AND", "BIT_OR", "BIT_XOR", "ANY_VALUE",
    ];

    private static readonly string[] s_windowFunctions =
    [
        "RANK", "DENSE_RANK", "ROW_NUMBER", "PERCENT_RANK", "CUME_DIST", "NTILE", "LAG", "LEAD", "FIRST_VALUE", "LAST_VALUE", "NTH_VALUE",
    ];

    // Reserved words that are functions when "(" follows, and nothing else.
    private static readonly string[] s_reservedFunctions =
    [
        "LEFT", "RIGHT", "IF", "REPLACE", "MOD", "REPEAT", "INSERT", "DATABASE", "SCHEMA", "INTERVAL", "CHAR",
    ];

    private static readonly string[] s_moments =
        ["CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP", "LOCALTIME", "LOCALTIMESTAMP", "UTC_DATE", "UTC_TIME", "UTC_TIMESTAMP", "CURRENT_USER"];

    private static readonly string[] s_units =
    [
        "MICROSECOND", "SECOND", "MINUTE", "HOUR", "DAY", "WEEK", "MONTH", "QUARTER", "YEAR", "YEAR_MONTH", "DAY_HOUR", "DAY_MINUTE",
        "DAY_SECOND", "HOUR_MINUTE", "HOUR_SECOND", "MINUTE_SECOND", "DAY_MICROSECOND", "HOUR_MICROSECOND", "MINUTE_MICROSECOND", "SECOND_MICROSECOND",
    ];

    private Expr ParseExpr()
    {
        Enter();
        var left = ParseXor();
        while (IsWord("OR") || IsSymbol("||"))
        {
            _at++;
            left = new Binary("OR", left, ParseXor());
        }

        _depth--;
        return left;
    }

    private Expr ParseXor()
    {
        var left = ParseAnd();
        while (TakeWord("XOR"))
        {
            left = new Binary("XOR", left, ParseAnd());
        }

        return left;
    }

    private Expr ParseAnd()
    {
        var left = ParseNot();
        while (IsWord("AND") || IsSymbol("&&"))
        {
            _at++;
            left = new Binary("AND", left, ParseNot());
        }

        return left;
    }

    private Expr ParseNot()
    {
        if (TakeWord("NOT"))
        {
            Enter();
            var operand = ParseNot();
            _depth--;
            return new Unary("NOT", operand);
        }

        var left = ParseComparison();
        while (TakeWord("IS"))
        {
            var not = TakeWord("NOT");
            string[] words = ["NULL", "TRUE", "FALSE", "UNKNOWN"];
            var what = words.FirstOrDefault(TakeWord) ?? throw Error();
            left = new Is(left, what == "UNKNOWN" ? "NULL" : what, not);
        }

        return left;
    }

    private Expr ParseComparison()
    {
        var left = ParsePredicate();
        while (true)
        {
            // "IS NULL" binds like a comparison: a = b IS NULL is (a = b) IS NULL.
            if (IsWord("IS") && (SqlName.Same(Next.Value, "NULL") || (SqlName.Same(Next.Value, "NOT") && SqlName.Same(_tokens[Math.Min(_at + 2, _tokens.Count - 1)].Value, "NULL"))))
            {
                _at++;
                var not = TakeWord("NOT");
                ExpectWord("NULL");
                left = new Is(left, "NULL", not);
                continue;
            }

            if (Now.Kind != TokenKind.Symbol || Now.Value is not ("=" or "<" or ">" or "<=" or ">=" or "<>" or "!=" or "<=>"))
            {
                return left;
            }

            var op = Now.Value == "!=" ? "<>" : Now.Value;
            _at++;
            if ((IsWord("ALL") || IsWord("ANY") || IsWord("SOME")) && Next is { Kind: TokenKind.Symbol, Value: "(" })
            {
                var all = IsWord("ALL");
                _at++;
                left = new Quantified(left, op, all, ParseSubquery());
                continue;
            }

            left = new Binary(op, left, ParsePredicate());
        }
    }

    private Expr ParsePredicate()
    {
        var left = ParseBits();
        var not = IsWord("NOT") && Next.Kind == TokenKind.Word && new[] { "IN", "BETWEEN", "LIKE", "REGEXP", "RLIKE" }.Contains(Next.Value, StringComparer.OrdinalIgnoreCase);
        if (not)
        {
            _at++;
        }

        if (TakeWord("IN"))
        {
            if (!IsSymbol("("))
            {
                throw Error();
            }

            if (StartsQuery(_at))
            {
                return new InQuery(left, ParseSubquery(), not);
            }

            _at++;
            var list = ParseList();
            ExpectSymbol(")");
            return new InList(left, list, not);
        }

        if (TakeWord("BETWEEN"))
        {
            var low = ParseBits();
            ExpectWord("AND");
            return new Between(left, low, ParsePredicate(), not);
        }

        if (TakeWord("LIKE"))
        {
            var pattern = ParseSimple();
            return new Like(left, pattern, TakeWord("ESCAPE") ? ParseSimple() : null, not);
        }

        if (TakeWord("REGEXP") || TakeWord("RLIKE"))
        {
            return new Regexp(left, ParseBits(), not);
        }

        if (IsWord("SOUNDS") && SqlName.Same(Next.Value, "LIKE"))
        {
            _at += 2;
            return new Binary("=", new Call("SOUNDEX", [left]), new Call("SOUNDEX", [ParseBits()]));
        }

        return left;
    }

    // True when the parenthesis at the index opens a subquery: SELECT or WITH after any number of "(".
    private bool StartsQuery(int at)
    {
        while (_tokens[at] is { Kind: TokenKind.Symbol, Value: "(" })
        {
            at++;
        }

        return _tokens[at] is { Kind: TokenKind.Word, IsName: false } word
            && (SqlName.Same(word.Value, "SELECT") || SqlName.Same(word.Value, "WITH") || SqlName.Same(word.Value, "TABLE") || SqlName.Same(word.Value, "VALUES"));
    }

    private List<Expr> ParseList()
    {
        var list = new List<Expr>();
        do
        {
            list.Add(ParseExpr());
        }
        while (TakeSymbol(","));
        return list;
    }

    // The levels of bit_expr, weakest first: | & shifts, sums, products, ^.
    private static readonly string[][] s_levels =
        [["|"], ["&"], ["<<", ">>"], ["+", "-"], ["*", "/", "%", "DIV", "MOD"], ["^"]];

    private Expr ParseBits() => ParseLevel(0);

    private Expr ParseLevel(int level)
    {
        if (level == s_levels.Length)
        {
            return ParseSimple();
        }

        var left = ParseLevel(level + 1);
        while (TakeOperator(s_levels[level]) is { } op)
        {
            if (op is "+" or "-" && IsWord("INTERVAL") && TakeIntervalWord())
            {
                left = Interval(op == "+" ? "DATE_ADD" : "DATE_SUB", left);
                continue;
            }

            left = new Binary(op == "MOD" ? "%" : op, left, ParseLevel(level + 1));
        }

        return left;
    }

    private string? TakeOperator(string[] operators)
    {
        foreach (var op in operators)
        {
            if (char.IsLetter(op[0]) ? TakeWord(op) : TakeSymbol(op))
            {
                return op;
            }
        }

        return null;
    }

    private bool TakeIntervalWord() => TakeWord("INTERVAL");

    // After the word INTERVAL: value and unit.
    private Call Interval(string function, Expr date)
    {
        var value = ParseExpr();
        return new Call(function, [date, value, new Literal(LiteralKind.Text, TakeUnit())]);
    }

    private string TakeUnit()
    {
        var unit = s_units.FirstOrDefault(u => Now.Kind == TokenKind.Word && SqlName.Same(Now.Value, u)) ?? throw Error();
        _at++;
        return unit;
    }

    private Expr ParseSimple()
    {
        var operand = ParseUnary();
        while (TakeWord("COLLATE"))
        {
            var name = Now.Kind == TokenKind.Text ? Now.Value : IsNameToken(Now) || IsWord("BINARY") ? Now.Value : throw Error();
            _at++;
            operand = new Call("COLLATE", [operand, new Literal(LiteralKind.Text, SqlName.Lower(name))]);
        }

        return operand;
    }

    private Expr ParseUnary()
    {
        if (TakeSymbol("+"))
        {
            return Nested();
        }

        if (TakeSymbol("-"))
        {
            return new Unary("-", Nested());
        }

        if (TakeSymbol("~"))
        {
            return new Unary("~", Nested());
        }

        if (TakeSymbol("!"))
        {
            return new Unary("NOT", Nested());
        }

        if (TakeWord("BINARY"))
        {
            return new Call("COLLATE", [Nested(), new Literal(LiteralKind.Text, "utf8mb4_bin")]);
        }

        return ParsePrimary();

        Expr Nested()
        {
            Enter();
            var operand = ParseUnary();
            _depth--;
            return operand;
        }
    }

    private Expr ParsePrimary()
    {
        var token = Now;
        switch (token.Kind)
        {
            case TokenKind.Text:
                _at++;
                var text = token.Value;
                while (Now.Kind == TokenKind.Text)
                {
                    // 'a' 'b' is one text.
                    text += Now.Value;
                    _at++;
                }

                return new Literal(LiteralKind.Text, text);
            case TokenKind.Integer:
                _at++;
                var digits = token.Value.TrimStart('0');
                return digits.Length > 18 && !long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out _)
                    ? new Literal(LiteralKind.Decimal, digits)
                    : new Literal(LiteralKind.Integer, digits.Length == 0 ? "0" : digits);
            case TokenKind.Decimal:
                _at++;
                return new Literal(LiteralKind.Decimal, token.Value);
            case TokenKind.Float:
                _at++;
                return new Literal(LiteralKind.Float, token.Value);
            case TokenKind.Hex:
                _at++;
                return new Literal(LiteralKind.Hex, token.Value);
            case TokenKind.Variable:
                throw MySqlException.Unsupported("variable " + token.Value);
            case TokenKind.Symbol when token.Value == "(":
                return ParseParenthesis();
            case TokenKind.QuotedName:
                return ParseColumn();
            case TokenKind.Word:
                return token.IsName ? ParseColumn() : ParseWord(token);
            default:
                throw Error();
        }
    }

    private Expr ParseParenthesis()
    {
        if (StartsQuery(_at))
        {
            // ((SELECT 1) + 2) starts like a query and is none: try the query, else the expression.
            var mark = (_at, _depth);
            if (_tokens[_at + 1] is { Kind: TokenKind.Symbol, Value: "(" })
            {
                try
                {
                    return new ScalarQuery(ParseSubquery());
                }
                catch (MySqlException)
                {
                    (_at, _depth) = mark;
                }
            }
            else
            {
                return new ScalarQuery(ParseSubquery());
            }
        }

        ExpectSymbol("(");
        var list = ParseList();
        ExpectSymbol(")");
        return list.Count == 1 ? list[0] : new Row(list);
    }

    private Expr ParseColumn()
    {
        var first = Name();
        if (!TakeSymbol("."))
        {
            return IsSymbol("(") ? ParseGenericCall(first, null) : new ColumnRef(null, null, first);
        }

        var second = Name();
        if (IsSymbol("("))
        {
            return ParseGenericCall(second, first);
        }

        return TakeSymbol(".") ? new ColumnRef(first, second, Name()) : new ColumnRef(null, first, second);
    }

    private Expr ParseWord(Token token)
    {
        var word = token.Value.ToUpperInvariant();
        switch (word)
        {
            case "NULL":
                _at++;
                return new Literal(LiteralKind.Null, "");
            case "TRUE" or "FALSE":
                _at++;
                return new Literal(LiteralKind.Integer, word == "TRUE" ? "1" : "0");
            case "EXISTS":
                _at++;
                return new Exists(ParseSubquery());
            case "CASE":
                return ParseCase();
            case "ROW":
                _at++;
                ExpectSymbol("(");
                var items = ParseList();
                ExpectSymbol(")");
                return items.Count > 1 ? new Row(items) : throw Error();
            case "CONVERT":
                return ParseConvert();
            case "INTERVAL" when Next is not { Kind: TokenKind.Symbol, Value: "(" }:
                _at++;
                var value = ParseExpr();
                var unit = TakeUnit();
                if (!TakeSymbol("+"))
                {
                    throw Error();
                }

                return new Call("DATE_ADD", [ParseLevel(3), value, new Literal(LiteralKind.Text, unit)]);
            case "DATE" or "TIMESTAMP" or "TIME" when Next.Kind == TokenKind.Text:
                _at += 2;
                return new Call(word == "TIMESTAMP" ? "TIMESTAMP" : word, [new Literal(LiteralKind.Text, _tokens[_at - 1].Value)]);
        }

        if (word[0] == '_' && Next.Kind == TokenKind.Text && word is "_UTF8MB4" or "_UTF8" or "_LATIN1" or "_BINARY")
        {
            _at++;
            return ParsePrimary();
        }

        if (s_moments.Contains(word))
        {
            _at++;
            if (TakeSymbol("("))
            {
                if (Now.Kind == TokenKind.Integer)
                {
                    _at++;
                }

                ExpectSymbol(")");
            }

            return new Call(word, []);
        }

        var parenthesis = Next is { Kind: TokenKind.Symbol, Value: "(" };
        if (s_windowFunctions.Contains(word))
        {
            _at++;
            return ParseWindowFunction(word);
        }

        if (s_reservedFunctions.Contains(word))
        {
            _at++;
            if (!IsSymbol("("))
            {
                throw Error();
            }

            return ParseArguments(word, token.Value, null);
        }

        if (parenthesis && (token.BeforeParenthesis || !ReservedWords.NeedsParenthesis(word)))
        {
            if (s_aggregates.Contains(word) && word != "ANY_VALUE")
            {
                _at++;
                return ParseAggregate(word);
            }

            if (SpecialCall(word) is { } special)
            {
                return special;
            }
        }

        if (ReservedWords.IsReserved(word))
        {
            throw Error();
        }

        return token.BeforeParenthesis && ReservedWords.NeedsParenthesis(word) ? throw Error() : ParseColumn();
    }

    private Expr ParseCase()
    {
        _at++;
        var value = IsWord("WHEN") ? null : ParseExpr();
        var arms = new List<(Expr, Expr)>();
        while (TakeWord("WHEN"))
        {
            var when = ParseExpr();
            ExpectWord("THEN");
            arms.Add((when, ParseExpr()));
        }

        if (arms.Count == 0)
        {
            throw Error();
        }

        var otherwise = TakeWord("ELSE") ? ParseExpr() : null;
        ExpectWord("END");
        return new Case(value, arms, otherwise);
    }

    private Expr ParseConvert()
    {
        _at++;
        ExpectSymbol("(");
        var value = ParseExpr();
        if (TakeWord("USING"))
        {
            _at += IsNameToken(Now) || IsWord("BINARY") ? 1 : throw Error();
            ExpectSymbol(")");
            return new Cast(value, SqlType.Text);
        }

        ExpectSymbol(",");
        var target = ParseCastType();
        ExpectSymbol(")");
        return new Cast(value, target);
    }

    // Functions with words inside their parentheses. Null for all others.
    private Expr? SpecialCall(string word)
    {
        switch (word)
        {
            case "CAST":
                _at += 2;
                var operand = ParseExpr();
                ExpectWord("AS");
                var target = ParseCastType();
                ExpectSymbol(")");
                return new Cast(operand, target);
            case "EXTRACT":
                _at += 2;
                var unit = TakeUnit();
                ExpectWord("FROM");
                var date = ParseExpr();
                ExpectSymbol(")");
                return new Call("EXTRACT", [date, new Literal(LiteralKind.Text, unit)]);
            case "TRIM":
                return ParseTrim();
            case "SUBSTRING" or "SUBSTR" or "MID":
                _at += 2;
                var text = ParseExpr();
                var byWord = TakeWord("FROM");
                if (!byWord)
                {
                    ExpectSymbol(",");
                }

                var parts = new List<Expr> { text, ParseExpr() };
                if (byWord ? TakeWord("FOR") : TakeSymbol(","))
                {
                    parts.Add(ParseExpr());
                }

                ExpectSymbol(")");
                return new Call("SUBSTRING", parts);
            case "POSITION":
                _at += 2;
                var needle = ParseBits();
                ExpectWord("IN");
                var hay = ParseExpr();
                ExpectSymbol(")");
                return new Call("LOCATE", [needle, hay]);
            case "DATE_ADD" or "DATE_SUB" or "ADDDATE" or "SUBDATE":
                _at += 2;
                var start = ParseExpr();
                ExpectSymbol(",");
                var function = word is "DATE_ADD" or "ADDDATE" ? "DATE_ADD" : "DATE_SUB";
                Expr call;
                if (TakeIntervalWord())
                {
                    call = Interval(function, start);
                }
                else
                {
                    call = word[^1] == 'E' ? new Call(function, [start, ParseExpr(), new Literal(LiteralKind.Text, "DAY")]) : throw Error();
                }

                ExpectSymbol(")");
                return call;
            case "TIMESTAMPDIFF" or "TIMESTAMPADD":
                _at += 2;
                var difference = new Literal(LiteralKind.Text, TakeUnit());
                ExpectSymbol(",");
                var from = ParseExpr();
                ExpectSymbol(",");
                var to = ParseExpr();
                ExpectSymbol(")");
                return word == "TIMESTAMPADD" ? new Call("DATE_ADD", [to, from, difference]) : new Call(word, [from, to, difference]);
            default:
                return null;
        }
    }

    private Call ParseTrim()
    {
        _at += 2;
        string[] sides = ["LEADING", "TRAILING", "BOTH"];
        var side = sides.FirstOrDefault(TakeWord);
        Expr? what = null;
        Expr text;
        if (side is not null && TakeWord("FROM"))
        {
            text = ParseExpr();
        }
        else
        {
            text = ParseExpr();
            if (TakeWord("FROM"))
            {
                what = text;
                text = ParseExpr();
            }
            else if (side is not null)
            {
                throw Error();
            }
        }

        ExpectSymbol(")");
        return new("TRIM", [text, what ?? new Literal(LiteralKind.Text, " "), new Literal(LiteralKind.Text, side ?? "BOTH")]);
    }

    private SqlType ParseCastType()
    {
        if (TakeWord("SIGNED") || TakeWord("UNSIGNED"))
        {
            if (!TakeWord("INTEGER"))
            {
                TakeWord("INT");
            }

            return SqlType.Int;
        }

        if (TakeWord("CHAR") || TakeWord("NCHAR") || TakeWord("BINARY"))
        {
            var (length, _) = Sizes();
            if (TakeWord("CHARACTER"))
            {
                ExpectWord("SET");
                Name();
            }

            return length is { } n ? SqlType.Text with { Precision = n } : SqlType.Text;
        }

        if (TakeWord("DECIMAL") || TakeWord("DEC") || TakeWord("NUMERIC"))
        {
            var (precision, scale) = Sizes();
            return SqlType.DecimalOf(precision ?? 10, scale ?? 0);
        }

        if (TakeWord("DATE"))
        {
            return SqlType.Date;
        }

        if (TakeWord("DATETIME"))
        {
            Sizes();
            return SqlType.DateTime;
        }

        if (TakeWord("TIME"))
        {
            Sizes();
            return SqlType.Time;
        }

        if (TakeWord("YEAR"))
        {
            return SqlType.Int;
        }

        if (TakeWord("DOUBLE"))
        {
            TakeWord("PRECISION");
            return SqlType.Double;
        }

        return TakeWord("FLOAT") || TakeWord("REAL") ? SqlType.Double : throw Error();
    }

    private (int? First, int? Second) Sizes()
    {
        if (!TakeSymbol("("))
        {
            return (null, null);
        }

        var first = (int)Math.Min(LimitNumber(), 1000);
        int? second = TakeSymbol(",") ? (int)Math.Min(LimitNumber(), 1000) : null;
        ExpectSymbol(")");
        return (first, second);
    }

    private Expr ParseAggregate(string name)
    {
        ExpectSymbol("(");
        if (name == "COUNT" && TakeSymbol("*"))
        {
            ExpectSymbol(")");
            return Over(new Aggregate(name, distinct: false, []));
        }

        var distinct = name is "COUNT" or "SUM" or "AVG" or "MIN" or "MAX" or "GROUP_CONCAT" && TakeWord("DISTINCT");
        if (!distinct && name != "GROUP_CONCAT")
        {
            TakeWord("ALL");
        }

        var arguments = new List<Expr> { ParseExpr() };
        if ((name == "COUNT" && distinct) || name == "GROUP_CONCAT")
        {
            while (TakeSymbol(","))
            {
                arguments.Add(ParseExpr());
            }
        }

        var order = new List<OrderItem>();
        var separator = ",";
        if (name == "GROUP_CONCAT")
        {
            if (TakeWord("ORDER"))
            {
                ExpectWord("BY");
                order = ParseOrderList();
            }

            if (TakeWord("SEPARATOR"))
            {
                separator = Now.Kind == TokenKind.Text ? Now.Value : throw Error();
                _at++;
            }
        }

        ExpectSymbol(")");
        return Over(new Aggregate(name, distinct, arguments) { OrderBy = order, Separator = separator });
    }

    private Window ParseWindowFunction(string name)
    {
        ExpectSymbol("(");
        var arguments = IsSymbol(")") ? [] : ParseList();
        ExpectSymbol(")");
        if (!IsWord("OVER"))
        {
            throw Error();
        }

        return (Window)Over(new Call(name, arguments));
    }

    private Expr Over(Expr function)
    {
        if (!TakeWord("OVER"))
        {
            return function;
        }

        if (!IsSymbol("("))
        {
            throw IsNameToken(Now) ? new MySqlException($"Window name '{Now.Value}' is not defined.") : Error();
        }

        _at++;
        var partition = new List<Expr>();
        if (TakeWord("PARTITION"))
        {
            ExpectWord("BY");
            partition = ParseList();
        }

        var order = new List<OrderItem>();
        if (TakeWord("ORDER"))
        {
            ExpectWord("BY");
            order = ParseOrderList();
        }

        string? frame = null;
        if (IsWord("ROWS") || IsWord("RANGE"))
        {
            frame = Now.Value.ToUpperInvariant();
            _at++;
            if (TakeWord("BETWEEN"))
            {
                frame += " BETWEEN " + Bound();
                ExpectWord("AND");
                frame += " AND " + Bound();
            }
            else
            {
                frame += " " + Bound();
            }
        }

        ExpectSymbol(")");
        return new Window(function, partition, order, frame);

        string Bound()
        {
            if (TakeWord("CURRENT"))
            {
                ExpectWord("ROW");
                return "CURRENT ROW";
            }

            var count = TakeWord("UNBOUNDED") ? "UNBOUNDED" : LimitNumber().ToString(CultureInfo.InvariantCulture);
            return TakeWord("PRECEDING") ? count + " PRECEDING" : TakeWord("FOLLOWING") ? count + " FOLLOWING" : throw Error();
        }
    }

    private Expr ParseGenericCall(string name, string? database)
    {
        var upper = name.ToUpperInvariant();
        if (database is null && upper == "ANY_VALUE")
        {
            return ParseArguments("ANY_VALUE", name, null);
        }

        return ParseArguments(upper, name, database);
    }

    private Call ParseArguments(string name, string written, string? database)
    {
        ExpectSymbol("(");
        var arguments = IsSymbol(")") ? [] : ParseList();
        ExpectSymbol(")");
        return new(name, arguments) { Written = written, Database = database };
    }
}
