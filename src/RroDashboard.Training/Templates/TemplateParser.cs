using System.Globalization;

namespace RroDashboard.Training.Templates;

internal delegate object? Expression(TemplateRun run);

internal delegate void Statement(TemplateRun run);

/// <summary>
/// The part of Jinja that chat templates of the supported families use: if, for, set, break, continue; literals, operators, member access, slices,
/// calls, filters, tests. Not: macros, includes, inheritance, imports. A template can reach the values it is given and nothing else.
/// </summary>
internal sealed class TemplateParser
{
    private readonly List<TemplateToken> _tokens;
    private int _at;
    private int _depth;
    private int _loops;
    private int _links;

    private TemplateParser(List<TemplateToken> tokens) => _tokens = tokens;

    public static Statement Parse(string source)
    {
        var parser = new TemplateParser(TemplateLexer.Read(source));
        var body = parser.Body();
        return parser.Now.Kind == TokenKind.End ? body : throw parser.Wrong($"'{parser.BlockName()}' closes nothing");
    }

    private TemplateToken Now => _tokens[_at];

    private TemplateException Wrong(string what) => TemplateLexer.Wrong(Now.Line, what);

    private TemplateException Unexpected() => Wrong($"'{Now.Text}' is not expected");

    private string BlockName() => Now.Kind == TokenKind.OpenBlock && _tokens[_at + 1] is { Kind: TokenKind.Name } name ? name.Text : "";

    // ---- statements --------------------------------------------------------------------------------------------------

    // Up to the end or a block that closes or goes on with what this body is in.
    private Statement Body()
    {
        using var _ = Deeper();
        var statements = new List<Statement>();
        while (Now.Kind != TokenKind.End && BlockName() is not ("elif" or "else" or "endif" or "endfor" or "endset"))
        {
            statements.Add(One());
        }

        Statement[] all = [.. statements];
        return run =>
        {
            foreach (var statement in all)
            {
                run.Step();
                statement(run);
                if (run.Broken || run.Continued)
                {
                    return;
                }
            }
        };
    }

    private Statement One()
    {
        var token = Now;
        _at++;
        _links = 0;
        switch (token.Kind)
        {
            case TokenKind.Text:
                return run => run.Write(token.Text);
            case TokenKind.OpenOutput:
                var value = Whole();
                Take(TokenKind.CloseOutput);
                return run => run.Write(TemplateValue.Text(value(run)));
            case TokenKind.OpenBlock:
                return Block();
            default:
                _at--;
                throw Unexpected();
        }
    }

    private Statement Block()
    {
        var name = Take(TokenKind.Name).Text;
        switch (name)
        {
            case "if":
                return If();
            case "for":
                return For();
            case "set":
                return Set();
            case "break" or "continue":
                if (_loops == 0)
                {
                    throw Wrong($"'{name}' is in no loop");
                }

                Take(TokenKind.CloseBlock);
                return name == "break" ? run => run.Broken = true : run => run.Continued = true;
            case "generation" or "endgeneration":
                // Marks of a training library around what the assistant says; they write nothing.
                Take(TokenKind.CloseBlock);
                return _ => { };
            default:
                throw Wrong($"the block '{name}' is not supported; if, for, set, break and continue are");
        }
    }

    private Statement If()
    {
        var branches = new List<(Expression? Condition, Statement Body)>();
        Expression? condition = Whole();
        while (true)
        {
            Take(TokenKind.CloseBlock);
            branches.Add((condition, Body()));
            Take(TokenKind.OpenBlock);
            var next = Take(TokenKind.Name).Text;
            if (next == "endif")
            {
                Take(TokenKind.CloseBlock);
                break;
            }

            if (condition is null || next is not ("elif" or "else"))
            {
                throw Wrong($"'{next}' is not expected in an if");
            }

            condition = next == "elif" ? Whole() : null;
        }

        return run =>
        {
            foreach (var (test, body) in branches)
            {
                if (test is null || TemplateValue.IsTrue(test(run)))
                {
                    body(run);
                    return;
                }
            }
        };
    }

    private Statement For()
    {
        var names = new List<string> { Take(TokenKind.Name).Text };
        while (TakeSign(","))
        {
            names.Add(Take(TokenKind.Name).Text);
        }

        TakeWord("in");
        var items = Or();
        Expression? filter = null;
        if (IsWord("if"))
        {
            _at++;
            filter = Whole();
        }

        Take(TokenKind.CloseBlock);
        _loops++;
        var body = Body();
        _loops--;
        Statement? otherwise = null;
        Take(TokenKind.OpenBlock);
        if (IsWord("else"))
        {
            _at++;
            Take(TokenKind.CloseBlock);
            otherwise = Body();
            Take(TokenKind.OpenBlock);
        }

        TakeWord("endfor");
        Take(TokenKind.CloseBlock);
        return run =>
        {
            var list = TemplateFunctions.Iterate(items(run), run);
            if (filter is not null)
            {
                list = run.Items(list.Where(item =>
                {
                    run.Enter();
                    Bind(run, names, item);
                    var kept = TemplateValue.IsTrue(filter(run));
                    run.Leave();
                    return kept;
                }));
            }

            for (var i = 0; i < list.Count && !run.Broken; i++)
            {
                run.Step();
                run.Enter();
                Bind(run, names, list[i]);
                run.Set("loop", new OrderedDictionary<string, object?>(StringComparer.Ordinal)
                {
                    ["index"] = i + 1L,
                    ["index0"] = (long)i,
                    ["revindex"] = (long)(list.Count - i),
                    ["revindex0"] = list.Count - i - 1L,
                    ["first"] = i == 0,
                    ["last"] = i == list.Count - 1,
                    ["length"] = (long)list.Count,
                    ["previtem"] = i > 0 ? list[i - 1] : TemplateValue.Missing,
                    ["nextitem"] = i + 1 < list.Count ? list[i + 1] : TemplateValue.Missing,
                });
                body(run);
                run.Continued = false;
                run.Leave();
            }

            run.Broken = false;
            if (list.Count == 0)
            {
                otherwise?.Invoke(run);
            }
        };
    }

    private static void Bind(TemplateRun run, List<string> names, object? item)
    {
        if (names.Count == 1)
        {
            run.Set(names[0], item);
            return;
        }

        if (item is not List<object?> parts || parts.Count != names.Count)
        {
            throw new TemplateException($"The chat template takes {TemplateValue.Name(item)} apart into {names.Count} names.");
        }

        for (var i = 0; i < names.Count; i++)
        {
            run.Set(names[i], parts[i]);
        }
    }

    private Statement Set()
    {
        var name = Take(TokenKind.Name).Text;
        if (TakeSign("."))
        {
            var member = Take(TokenKind.Name).Text;
            TakeSignOrFail("=");
            var changed = Whole();
            Take(TokenKind.CloseBlock);
            return run =>
            {
                if (run.Get(name) is not Namespace space)
                {
                    throw new TemplateException($"The chat template changes '{name}.{member}', but only a namespace can be changed.");
                }

                space.Members[member] = changed(run);
                if (space.Members.Count > TemplateLimits.Items)
                {
                    throw new TemplateException("The chat template fills a namespace without end.");
                }
            };
        }

        TakeSignOrFail("=");
        var value = Whole();
        Take(TokenKind.CloseBlock);
        return run => run.Set(name, value(run));
    }

    // ---- expressions, the loosest first ----------------------------------------------------------------------------------

    private Expression Whole()
    {
        using var _ = Deeper();
        var value = Or();
        if (!IsWord("if"))
        {
            return value;
        }

        _at++;
        var condition = Or();
        Expression otherwise = static _ => TemplateValue.Missing;
        if (IsWord("else"))
        {
            _at++;
            otherwise = Whole();
        }

        return run => TemplateValue.IsTrue(condition(run)) ? value(run) : otherwise(run);
    }

    private Expression Or()
    {
        var left = And();
        while (IsWord("or"))
        {
            Link();
            _at++;
            var (first, second) = (left, And());
            left = run => first(run) is var value && TemplateValue.IsTrue(value) ? value : second(run);
        }

        return left;
    }

    private Expression And()
    {
        var left = Not();
        while (IsWord("and"))
        {
            Link();
            _at++;
            var (first, second) = (left, Not());
            left = run => first(run) is var value && !TemplateValue.IsTrue(value) ? value : second(run);
        }

        return left;
    }

    private Expression Not()
    {
        if (!IsWord("not"))
        {
            return Comparison();
        }

        _at++;
        using var _ = Deeper();
        var value = Not();
        return run => !TemplateValue.IsTrue(value(run));
    }

    private Expression Comparison()
    {
        var left = Sum();
        while (true)
        {
            var negated = IsWord("not") && _tokens[_at + 1] is { Kind: TokenKind.Name, Text: "in" };
            string? sign = Now.Kind == TokenKind.Sign && Now.Text is "==" or "!=" or "<" or ">" or "<=" or ">=" ? Now.Text : IsWord("in") || negated ? "in" : null;
            if (sign is null)
            {
                return left;
            }

            Link();
            _at += negated ? 2 : 1;
            var (first, second) = (left, Sum());
            left = sign switch
            {
                "==" => run => TemplateValue.AreEqual(first(run), second(run), run),
                "!=" => run => !TemplateValue.AreEqual(first(run), second(run), run),
                "<" => run => TemplateValue.Compare(first(run), second(run)) < 0,
                ">" => run => TemplateValue.Compare(first(run), second(run)) > 0,
                "<=" => run => TemplateValue.Compare(first(run), second(run)) <= 0,
                ">=" => run => TemplateValue.Compare(first(run), second(run)) >= 0,
                _ => run => TemplateFunctions.Contains(second(run), first(run), run) != negated,
            };
        }
    }

    private Expression Sum()
    {
        var left = Product();
        while (Now.Kind == TokenKind.Sign && Now.Text is "+" or "-" or "~")
        {
            Link();
            var sign = _tokens[_at++].Text;
            var (first, second) = (left, Product());
            left = run => TemplateFunctions.Calculate(sign, first(run), second(run), run);
        }

        return left;
    }

    private Expression Product()
    {
        var left = Unary();
        while (Now.Kind == TokenKind.Sign && Now.Text is "*" or "/" or "//" or "%")
        {
            Link();
            var sign = _tokens[_at++].Text;
            var (first, second) = (left, Unary());
            left = run => TemplateFunctions.Calculate(sign, first(run), second(run), run);
        }

        return left;
    }

    private Expression Unary() => Filters(Signed());

    private Expression Signed()
    {
        if (Now.Kind != TokenKind.Sign || Now.Text is not ("-" or "+"))
        {
            return Members();
        }

        var minus = _tokens[_at++].Text == "-";
        using var _ = Deeper();
        var value = Signed();
        return minus ? run => TemplateFunctions.Calculate("-", 0L, value(run), run) : value;
    }

    // Filters and tests bind tighter than arithmetic but for a sign, members tighter still.
    private Expression Filters(Expression value)
    {
        while (true)
        {
            var subject = value;
            if (TakeSign("|"))
            {
                Link();
                var name = Take(TokenKind.Name).Text;
                TemplateFunctions.CheckFilter(name, Now.Line);
                var arguments = Now is { Kind: TokenKind.Sign, Text: "(" } ? Arguments() : new Arguments([], []);
                value = run => TemplateFunctions.Filter(name, subject(run), arguments.Positional(run), arguments.Named(run), run);
            }
            else if (IsWord("is"))
            {
                _at++;
                Link();
                var negated = IsWord("not");
                _at += negated ? 1 : 0;
                var name = Take(TokenKind.Name).Text;
                TemplateFunctions.CheckTest(name, Now.Line);
                // "is in names": one argument needs no brackets.
                var bare = Now.Kind is TokenKind.String or TokenKind.Number || (Now.Kind == TokenKind.Name && Now.Text is not ("and" or "or" or "else" or "if" or "in" or "is" or "not"));
                var arguments = Now is { Kind: TokenKind.Sign, Text: "(" } ? Arguments() : new Arguments(bare ? [Members()] : [], []);
                value = run => TemplateFunctions.Test(name, subject(run), arguments.Positional(run), run) != negated;
            }
            else
            {
                return value;
            }
        }
    }

    private Expression Members()
    {
        var value = Primary();
        while (Now is { Kind: TokenKind.Sign, Text: "." or "[" or "(" })
        {
            Link();
            var subject = value;
            switch (Now.Text)
            {
                case ".":
                    _at++;
                    var member = Now.Kind == TokenKind.Number ? Take(TokenKind.Number).Text : Take(TokenKind.Name).Text;
                    if (Now is { Kind: TokenKind.Sign, Text: "(" })
                    {
                        TemplateFunctions.CheckMethod(member, Now.Line);
                        var arguments = Arguments();
                        value = run => TemplateFunctions.Method(member, subject(run), arguments.Positional(run), run);
                    }
                    else
                    {
                        value = run => TemplateFunctions.Member(subject(run), member);
                    }

                    break;
                case "[":
                    value = Index(subject);
                    break;
                default:
                    var name = _tokens[_at - 1] is { Kind: TokenKind.Name } function ? function.Text : throw Wrong("only functions can be called");
                    TemplateFunctions.CheckFunction(name, Now.Line);
                    var given = Arguments();
                    value = run => TemplateFunctions.Call(name, given.Positional(run), given.Named(run), run);
                    break;
            }
        }

        return value;
    }

    private Expression Index(Expression subject)
    {
        TakeSignOrFail("[");
        var parts = new Expression?[3];
        var (part, slice) = (0, false);
        while (true)
        {
            if (Now is { Kind: TokenKind.Sign, Text: ":" or "]" })
            {
                if (TakeSign("]"))
                {
                    break;
                }

                _at++;
                (slice, part) = (true, part + 1);
                if (part > 2)
                {
                    throw Unexpected();
                }
            }
            else
            {
                parts[part] = parts[part] is null ? Whole() : throw Unexpected();
            }
        }

        if (slice)
        {
            return run => TemplateFunctions.Slice(subject(run), parts[0]?.Invoke(run), parts[1]?.Invoke(run), parts[2]?.Invoke(run), run);
        }

        var index = parts[0] ?? throw Wrong("an index is missing");
        return run => TemplateFunctions.Member(subject(run), index(run));
    }

    private Expression Primary()
    {
        using var _ = Deeper();
        var token = Now;
        _at++;
        switch (token.Kind)
        {
            case TokenKind.String or TokenKind.Number:
                return run => token.Value;
            case TokenKind.Name:
                return token.Text switch
                {
                    "true" or "True" => static run => true,
                    "false" or "False" => static run => false,
                    "none" or "None" => static run => null,
                    _ => run => run.Get(token.Text),
                };
            case TokenKind.Sign when token.Text == "(":
                var inner = Whole();
                if (!TakeSign(","))
                {
                    TakeSignOrFail(")");
                    return inner;
                }

                return List([inner], ")");
            case TokenKind.Sign when token.Text == "[":
                return List([], "]");
            case TokenKind.Sign when token.Text == "{":
                return Map();
            default:
                _at--;
                throw Unexpected();
        }
    }

    private Expression List(List<Expression> items, string close)
    {
        while (!TakeSign(close))
        {
            items.Add(Whole());
            if (!TakeSign(",") && Now is not { Kind: TokenKind.Sign } | Now.Text != close)
            {
                throw Unexpected();
            }
        }

        return run => run.Items(items.Select(i => i(run)));
    }

    private Expression Map()
    {
        var members = new List<(Expression Key, Expression Value)>();
        while (!TakeSign("}"))
        {
            var key = Whole();
            TakeSignOrFail(":");
            members.Add((key, Whole()));
            if (!TakeSign(",") && Now is not { Kind: TokenKind.Sign, Text: "}" })
            {
                throw Unexpected();
            }
        }

        return run =>
        {
            var map = new OrderedDictionary<string, object?>(StringComparer.Ordinal);
            foreach (var (key, value) in members)
            {
                run.Step();
                map[key(run) as string ?? throw new TemplateException("The chat template has an object whose key is no string.")] = value(run);
            }

            return map;
        };
    }

    private Arguments Arguments()
    {
        TakeSignOrFail("(");
        var (positional, named) = (new List<Expression>(), new List<(string, Expression)>());
        while (!TakeSign(")"))
        {
            if (Now.Kind == TokenKind.Name && _tokens[_at + 1] is { Kind: TokenKind.Sign, Text: "=" })
            {
                var name = Take(TokenKind.Name).Text;
                _at++;
                named.Add((name, Whole()));
            }
            else
            {
                positional.Add(Whole());
            }

            if (!TakeSign(",") && Now is not { Kind: TokenKind.Sign, Text: ")" })
            {
                throw Unexpected();
            }
        }

        return new Arguments(positional, named);
    }

    // ---- tokens ------------------------------------------------------------------------------------------------------

    private bool IsWord(string word) => Now.Kind == TokenKind.Name && Now.Text == word;

    private void TakeWord(string word)
    {
        if (!IsWord(word))
        {
            throw Wrong($"'{word}' is expected before '{Now.Text}'");
        }

        _at++;
    }

    private bool TakeSign(string sign)
    {
        var there = Now.Kind == TokenKind.Sign && Now.Text == sign;
        _at += there ? 1 : 0;
        return there;
    }

    private void TakeSignOrFail(string sign)
    {
        if (!TakeSign(sign))
        {
            throw Wrong($"'{sign}' is expected before '{Now.Text}'");
        }
    }

    private TemplateToken Take(TokenKind kind) => Now.Kind == kind ? _tokens[_at++] : throw Unexpected();

    // A chain is evaluated from its end, each part within the next.
    private void Link()
    {
        if (++_links > TemplateLimits.Chain)
        {
            throw Wrong(string.Create(CultureInfo.InvariantCulture, $"one tag has more than {TemplateLimits.Chain} operations"));
        }
    }

    // Deep nesting would overflow the stack, which nothing can catch.
    private Nesting Deeper()
    {
        if (++_depth > TemplateLimits.Depth)
        {
            throw Wrong(string.Create(CultureInfo.InvariantCulture, $"it is nested deeper than {TemplateLimits.Depth}"));
        }

        return new Nesting(this);
    }

    private readonly struct Nesting(TemplateParser parser) : IDisposable
    {
        public void Dispose() => parser._depth--;
    }
}

internal sealed record Arguments(IReadOnlyList<Expression> PositionalExpressions, IReadOnlyList<(string Name, Expression Value)> NamedExpressions)
{
    public object?[] Positional(TemplateRun run) => [.. PositionalExpressions.Select(e => e(run))];

    public Dictionary<string, object?> Named(TemplateRun run) => NamedExpressions.ToDictionary(e => e.Name, e => e.Value(run), StringComparer.Ordinal);
}

/// <summary>What <c>namespace()</c> makes: the one thing that a template can change from within a loop.</summary>
internal sealed class Namespace
{
    public Dictionary<string, object?> Members { get; init; } = new(StringComparer.Ordinal);
}
