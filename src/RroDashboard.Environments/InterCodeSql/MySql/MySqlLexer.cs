using System.Text;

namespace RroDashboard.Environments.InterCodeSql.MySql;

internal enum TokenKind
{
    End,
    Word,
    QuotedName,
    Text,
    Integer,
    Decimal,
    Float,
    Hex,
    Variable,
    Symbol,

    /// <summary>Something that no statement can hold here, for example an unclosed text.</summary>
    Bad,
}

/// <summary>One token.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Value">Word or symbol as written, text without quotes and escapes.</param>
/// <param name="Start">Index of its first character in the statement.</param>
/// <param name="End">Index after its last character.</param>
/// <param name="IsName">A word that is a name whatever the list of reserved words says: it stands beside a dot.</param>
/// <param name="BeforeParenthesis">"(" follows without a blank.</param>
internal readonly record struct Token(TokenKind Kind, string Value, int Start, int End, bool IsName = false, bool BeforeParenthesis = false);

/// <summary>Tokens of MySQL 8: backslash escapes, "..." as text, `...` as name, three kinds of comment, names that start with digits.</summary>
internal static class MySqlLexer
{
    private static readonly string[] s_symbols =
        ["->>", "<=>", ":=", "->", "<=", ">=", "<>", "!=", "<<", ">>", "&&", "||"];

    /// <summary>All tokens up to the end or the first bad one; the last token is End or Bad.</summary>
    public static List<Token> Read(string sql)
    {
        var tokens = new List<Token>();
        var at = 0;
        var executable = false;
        while (true)
        {
            at = SkipBlanks(sql, at, ref executable, out var bad);
            if (bad)
            {
                tokens.Add(new(TokenKind.Bad, "", at, sql.Length));
                return tokens;
            }

            if (at >= sql.Length || sql[at] == '\0')
            {
                tokens.Add(new(TokenKind.End, "", sql.Length, sql.Length));
                return tokens;
            }

            var token = One(sql, at, tokens.Count > 0 ? tokens[^1] : default);
            tokens.Add(token);
            if (token.Kind == TokenKind.Bad)
            {
                return tokens;
            }

            at = token.End;
        }
    }

    public static bool IsNameCharacter(char c) => char.IsAsciiLetterOrDigit(c) || c is '_' or '$' || c >= '\u0080';

    private static Token One(string sql, int at, Token before)
    {
        var c = sql[at];
        var afterDot = before is { Kind: TokenKind.Symbol, Value: "." } && before.End == at;
        switch (c)
        {
            case '\'' or '"':
                return Quoted(sql, at, at);
            case '`':
                return QuotedName(sql, at);
            case '@':
                return Variable(sql, at);
            case 'x' or 'X' or 'b' or 'B' or 'n' or 'N' when !afterDot && Peek(sql, at + 1) == '\'':
                return c is 'n' or 'N' ? Quoted(sql, at, at + 1) : HexText(sql, at);
        }

        if (char.IsAsciiDigit(c) || (c == '.' && char.IsAsciiDigit(Peek(sql, at + 1)) && before.Kind is not (TokenKind.Word or TokenKind.QuotedName)))
        {
            if (!afterDot && Number(sql, at) is { } number)
            {
                return number;
            }
        }

        if (IsNameCharacter(c))
        {
            var end = at;
            while (IsNameCharacter(Peek(sql, end)))
            {
                end++;
            }

            // A word directly before ".name" is a qualifier even if it is reserved: show.id.
            var qualifier = Peek(sql, end) == '.' && (IsNameCharacter(Peek(sql, end + 1)) || Peek(sql, end + 1) == '`');
            return new(TokenKind.Word, sql[at..end], at, end, afterDot || qualifier, Peek(sql, end) == '(');
        }

        foreach (var symbol in s_symbols)
        {
            if (string.CompareOrdinal(sql, at, symbol, 0, symbol.Length) == 0)
            {
                return new(TokenKind.Symbol, symbol, at, at + symbol.Length);
            }
        }

        return "()+-*/%=<>!~^&|,.;{}?:".Contains(c, StringComparison.Ordinal)
            ? new(TokenKind.Symbol, c.ToString(), at, at + 1)
            : new(TokenKind.Bad, "", at, sql.Length);
    }

    // Digits first: an integer, a decimal, a float, or a name such as 2abc. Null when it is a name.
    private static Token? Number(string sql, int at)
    {
        if (sql[at] == '0' && Peek(sql, at + 1) is 'x' && char.IsAsciiHexDigit(Peek(sql, at + 2)))
        {
            var hex = at + 2;
            while (char.IsAsciiHexDigit(Peek(sql, hex)))
            {
                hex++;
            }

            return IsNameCharacter(Peek(sql, hex)) ? null : new(TokenKind.Hex, sql[(at + 2)..hex], at, hex);
        }

        var end = Digits(sql, at);
        if (Exponent(sql, end) is { } integerExponent)
        {
            return new(TokenKind.Float, sql[at..integerExponent], at, integerExponent);
        }

        if (IsNameCharacter(Peek(sql, end)))
        {
            return null;
        }

        if (Peek(sql, end) != '.')
        {
            return new(TokenKind.Integer, sql[at..end], at, end);
        }

        end = Digits(sql, end + 1);
        return Exponent(sql, end) is { } exponent
            ? new(TokenKind.Float, sql[at..exponent], at, exponent)
            : new(TokenKind.Decimal, sql[at..end], at, end);
    }

    private static int? Exponent(string sql, int at)
    {
        if (Peek(sql, at) is not ('e' or 'E'))
        {
            return null;
        }

        var digits = Peek(sql, at + 1) is '+' or '-' ? at + 2 : at + 1;
        return char.IsAsciiDigit(Peek(sql, digits)) ? Digits(sql, digits) : null;
    }

    private static int Digits(string sql, int at)
    {
        while (char.IsAsciiDigit(Peek(sql, at)))
        {
            at++;
        }

        return at;
    }

    private static Token Quoted(string sql, int start, int at)
    {
        var quote = sql[at];
        var text = new StringBuilder();
        for (at++; at < sql.Length; at++)
        {
            var c = sql[at];
            if (c == '\\' && at + 1 < sql.Length)
            {
                at++;
                _ = sql[at] switch
                {
                    'n' => text.Append('\n'),
                    't' => text.Append('\t'),
                    'r' => text.Append('\r'),
                    'b' => text.Append('\b'),
                    '0' => text.Append('\0'),
                    'Z' => text.Append('\x1a'),

                    // LIKE needs the backslash of these two.
                    '%' or '_' => text.Append('\\').Append(sql[at]),
                    var other => text.Append(other),
                };
            }
            else if (c != quote)
            {
                text.Append(c);
            }
            else if (Peek(sql, at + 1) == quote)
            {
                text.Append(quote);
                at++;
            }
            else
            {
                return new(TokenKind.Text, text.ToString(), start, at + 1);
            }
        }

        return new(TokenKind.Bad, "", start, sql.Length);
    }

    private static Token QuotedName(string sql, int start)
    {
        var name = new StringBuilder();
        for (var at = start + 1; at < sql.Length; at++)
        {
            if (sql[at] != '`')
            {
                name.Append(sql[at]);
            }
            else if (Peek(sql, at + 1) == '`')
            {
                name.Append('`');
                at++;
            }
            else
            {
                return name.Length > 0 ? new(TokenKind.QuotedName, name.ToString(), start, at + 1) : new(TokenKind.Bad, "", start, sql.Length);
            }
        }

        return new(TokenKind.Bad, "", start, sql.Length);
    }

    private static Token Variable(string sql, int start)
    {
        var at = Peek(sql, start + 1) == '@' ? start + 2 : start + 1;
        while (IsNameCharacter(Peek(sql, at)) || Peek(sql, at) == '.')
        {
            at++;
        }

        return new(TokenKind.Variable, sql[start..at], start, at);
    }

    private static Token HexText(string sql, int start)
    {
        var end = sql.IndexOf('\'', start + 2);
        if (end < 0)
        {
            return new(TokenKind.Bad, "", start, sql.Length);
        }

        var digits = sql[(start + 2)..end];
        var binary = sql[start] is 'b' or 'B';
        var valid = binary ? digits.All(d => d is '0' or '1') : digits.Length % 2 == 0 && digits.All(char.IsAsciiHexDigit);
        if (!valid)
        {
            return new(TokenKind.Bad, "", start, sql.Length);
        }

        if (binary && digits.Length is > 0 and <= 63)
        {
            digits = Convert.ToInt64(digits, 2).ToString("X", System.Globalization.CultureInfo.InvariantCulture);
        }

        return new(TokenKind.Hex, digits, start, end + 1);
    }

    private static int SkipBlanks(string sql, int at, ref bool executable, out bool bad)
    {
        bad = false;
        while (at < sql.Length)
        {
            var c = sql[at];
            if (c is ' ' or '\t' or '\n' or '\r' or '\f' or '\v')
            {
                at++;
            }
            else if (c == '#' || (c == '-' && Peek(sql, at + 1) == '-' && (at + 2 >= sql.Length || char.IsWhiteSpace(sql[at + 2]) || char.IsControl(sql[at + 2]))))
            {
                var line = sql.IndexOf('\n', at);
                at = line < 0 ? sql.Length : line + 1;
            }
            else if (executable && c == '*' && Peek(sql, at + 1) == '/')
            {
                executable = false;
                at += 2;
            }
            else if (c == '/' && Peek(sql, at + 1) == '*')
            {
                if (Peek(sql, at + 2) == '!')
                {
                    // /*!80000 ... */ holds statement text for servers of that version.
                    executable = true;
                    at += 3;
                    at = Digits(sql, at);
                    continue;
                }

                var close = sql.IndexOf("*/", at + 2, StringComparison.Ordinal);
                if (close < 0)
                {
                    bad = true;
                    return at;
                }

                at = close + 2;
            }
            else
            {
                break;
            }
        }

        return at;
    }

    private static char Peek(string sql, int at) => at < sql.Length ? sql[at] : '\0';
}
