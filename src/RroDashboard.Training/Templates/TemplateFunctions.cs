using System.Globalization;

namespace RroDashboard.Training.Templates;

/// <summary>Operators, members, methods, filters, tests and functions, with Python's meaning. Every one of them is bounded.</summary>
internal static class TemplateFunctions
{
    private static readonly string[] s_functions = ["range", "namespace", "dict", "raise_exception"];
    private static readonly string[] s_methods = ["strip", "lstrip", "rstrip", "split", "startswith", "endswith", "upper", "lower", "title", "capitalize", "replace", "items", "keys", "values", "get"];
    private static readonly string[] s_filters = ["trim", "upper", "lower", "title", "capitalize", "length", "count", "tojson", "join", "default", "d", "first", "last", "string", "int", "float", "list", "reverse", "replace", "items", "abs", "safe", "e", "escape", "indent", "map", "selectattr", "rejectattr"];
    private static readonly string[] s_tests = ["defined", "undefined", "none", "string", "mapping", "iterable", "sequence", "number", "integer", "boolean", "true", "false", "equalto", "eq", "odd", "even", "in"];

    public static void CheckFunction(string name, int line) => Check("function", name, s_functions, line);

    public static void CheckMethod(string name, int line) => Check("method", name, s_methods, line);

    public static void CheckFilter(string name, int line) => Check("filter", name, s_filters, line);

    public static void CheckTest(string name, int line) => Check("test", name, s_tests, line);

    public static List<object?> Iterate(object? value, TemplateRun run) => value switch
    {
        List<object?> list => list,
        OrderedDictionary<string, object?> map => run.Items(map.Keys),
        string text => run.Items(Characters(text)),
        TemplateValue.MissingValue => [],
        _ => throw new TemplateException($"The chat template goes through {TemplateValue.Name(value)} as through a list."),
    };

    public static bool Contains(object? whole, object? part, TemplateRun run)
    {
        switch (whole)
        {
            case string text:
                run.Step(text.Length);
                return part is string wanted ? text.Contains(wanted, StringComparison.Ordinal) : throw new TemplateException($"The chat template looks for {TemplateValue.Name(part)} in a string.");
            case List<object?> list:
                run.Step(list.Count);
                return list.Exists(item => TemplateValue.AreEqual(item, part, run));
            case OrderedDictionary<string, object?> map:
                return part is string key && map.ContainsKey(key);
            case TemplateValue.MissingValue:
                return false;
            default:
                throw new TemplateException($"The chat template looks for something in {TemplateValue.Name(whole)}.");
        }
    }

    public static object? Calculate(string sign, object? left, object? right, TemplateRun run)
    {
        run.Step();
        switch (sign, left, right)
        {
            case ("~", _, _):
                return run.Text(TemplateValue.Text(left) + TemplateValue.Text(right));
            case ("+", string a, string b):
                return run.Text(a + b);
            case ("+", List<object?> a, List<object?> b):
                return run.Items(a.Concat(b));
            case (not "/", long a, long b):
                try
                {
                    return sign switch
                    {
                        "+" => checked(a + b),
                        "-" => checked(a - b),
                        "*" => checked(a * b),
                        _ when b == 0 => throw new TemplateException("The chat template divides by zero."),
                        "//" => (long)Math.Floor((double)a / b),
                        _ => b == -1 ? 0L : ((a % b) + b) % b,
                    };
                }
                catch (OverflowException)
                {
                    throw new TemplateException("The chat template computes a number that is too large.");
                }

            case (_, _, _) when TemplateValue.IsNumber(left) && TemplateValue.IsNumber(right):
                var (x, y) = (TemplateValue.Double(left), TemplateValue.Double(right));
                return sign switch
                {
                    "+" => x + y,
                    "-" => x - y,
                    "*" => x * y,
                    _ when y == 0 => throw new TemplateException("The chat template divides by zero."),
                    "/" => x / y,
                    "//" => Math.Floor(x / y),
                    _ => x - (y * Math.Floor(x / y)),
                };
            default:
                throw new TemplateException($"The chat template computes {TemplateValue.Name(left)} {sign} {TemplateValue.Name(right)}.");
        }
    }

    public static object? Member(object? subject, object? name)
    {
        switch (subject, name)
        {
            case (OrderedDictionary<string, object?> map, string key):
                return map.TryGetValue(key, out var value) ? value : TemplateValue.Missing;
            case (Namespace space, string key):
                return space.Members.TryGetValue(key, out var member) ? member : TemplateValue.Missing;
            case (List<object?> list, long index):
                return index >= -list.Count && index < list.Count ? list[(int)(index < 0 ? index + list.Count : index)] : TemplateValue.Missing;
            case (string text, long index):
                var characters = Characters(text);
                return index >= -characters.Count && index < characters.Count ? characters[(int)(index < 0 ? index + characters.Count : index)] : TemplateValue.Missing;
            case (TemplateValue.MissingValue or null, _):
                throw new TemplateException($"The chat template asks {TemplateValue.Name(subject)} for its member '{(name is string s ? s : "[...]")}'.");
            default:
                return TemplateValue.Missing;
        }
    }

    public static object? Slice(object? subject, object? from, object? to, object? step, TemplateRun run)
    {
        var by = step is null ? 1 : step is long given && given != 0 ? given : throw new TemplateException("The chat template takes a slice with a step that is no whole number or zero.");
        return subject switch
        {
            List<object?> list => Cut(list),
            string text => string.Concat(Cut(Characters(text)).Select(c => (string)c!)),
            _ => throw new TemplateException($"The chat template takes a slice of {TemplateValue.Name(subject)}."),
        };

        List<object?> Cut(List<object?> items)
        {
            var count = items.Count;
            var (start, end) = by > 0 ? (Place(from, 0), Place(to, count)) : (Math.Min(Place(from, count - 1), count - 1), to is null ? -1 : Place(to, 0));
            var result = new List<object?>();
            for (var i = start; by > 0 ? i < end : i > end; i += by)
            {
                run.Step();
                result.Add(items[(int)i]);
            }

            return result;

            long Place(object? bound, long otherwise) => bound switch
            {
                null => otherwise,
                long at => Math.Clamp(at < 0 ? at + count : at, 0, count),
                _ => throw new TemplateException("The chat template takes a slice with a bound that is no whole number."),
            };
        }
    }

    public static object? Call(string name, object?[] positional, Dictionary<string, object?> named, TemplateRun run)
    {
        switch (name)
        {
            case "raise_exception":
                throw new TemplateException("The chat template refuses these messages: " + (positional is [string sentence] ? sentence : "it does not say why") + ".");
            case "range" when positional.Length is 1 or 2 or 3 && positional.All(p => p is long):
                var numbers = positional.Cast<long>().ToArray();
                var (from, to, by) = numbers.Length == 1 ? (0L, numbers[0], 1L) : (numbers[0], numbers[1], numbers.Length == 3 ? numbers[2] : 1L);
                return by == 0 ? throw new TemplateException("The chat template makes a range with step 0.") : run.Items(Range(from, to, by));
            case "namespace":
                return new Namespace { Members = named };
            case "dict":
                return new OrderedDictionary<string, object?>(named, StringComparer.Ordinal);
            default:
                throw new TemplateException($"The chat template calls {name} with arguments that it does not take.");
        }

        static IEnumerable<object?> Range(long from, long to, long by)
        {
            for (var i = from; by > 0 ? i < to : i > to; i += by)
            {
                yield return i;
            }
        }
    }

    public static object? Method(string name, object? subject, object?[] arguments, TemplateRun run)
    {
        switch (subject, name, arguments)
        {
            case (OrderedDictionary<string, object?> map, "items", []):
                return Pairs(map, run);
            case (OrderedDictionary<string, object?> map, "keys", []):
                return run.Items(map.Keys);
            case (OrderedDictionary<string, object?> map, "values", []):
                return run.Items(map.Values);
            case (OrderedDictionary<string, object?> map, "get", [string key, ..]):
                return map.TryGetValue(key, out var value) ? value : arguments.Length > 1 ? arguments[1] : null;
            case (string text, _, _):
                run.Step(text.Length);
                return OfText(name, text, arguments, run);
            default:
                throw new TemplateException($"The chat template calls {name} of {TemplateValue.Name(subject)}.");
        }
    }

    public static object? Filter(string name, object? subject, object?[] arguments, Dictionary<string, object?> named, TemplateRun run)
    {
        run.Step();
        switch (name, subject)
        {
            case ("default" or "d", _):
                var falls = arguments.Length > 1 ? TemplateValue.IsTrue(arguments[1]) : named.TryGetValue("boolean", out var flag) && TemplateValue.IsTrue(flag);
                return subject is TemplateValue.MissingValue || (falls && !TemplateValue.IsTrue(subject)) ? arguments.ElementAtOrDefault(0) ?? "" : subject;
            case ("tojson", _):
                return run.Text(TemplateValue.Json(subject, Indent(arguments.ElementAtOrDefault(0) ?? named.GetValueOrDefault("indent"))));
            case ("string", _):
                return run.Text(TemplateValue.Text(subject));
            case ("safe", _):
                return subject;
            case ("length" or "count", string text):
                return (long)Characters(text).Count;
            case ("length" or "count", List<object?> list):
                return (long)list.Count;
            case ("length" or "count", OrderedDictionary<string, object?> map):
                return (long)map.Count;
            case ("first", _):
                return Iterate(subject, run) is [var first, ..] ? first : TemplateValue.Missing;
            case ("last", _):
                return Iterate(subject, run) is [.., var last] ? last : TemplateValue.Missing;
            case ("list", _):
                return run.Items(Iterate(subject, run));
            case ("reverse", List<object?> list):
                return run.Items(Enumerable.Reverse(list));
            case ("reverse", string text):
                return string.Concat(Enumerable.Reverse(Characters(text)).Select(c => (string)c!));
            case ("items", OrderedDictionary<string, object?> map):
                return Pairs(map, run);
            case ("join", _):
                return Join(Iterate(subject, run), arguments.ElementAtOrDefault(0) as string ?? "", run);
            case ("abs", long number):
                return number == long.MinValue ? throw new TemplateException("The chat template computes a number that is too large.") : Math.Abs(number);
            case ("abs", double number):
                return Math.Abs(number);
            case ("int", _):
                return subject is string digits ? long.TryParse(digits.Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole) ? whole : 0L
                    : TemplateValue.Double(subject) is > -9e18 and < 9e18 and var real ? (long)real : throw new TemplateException("The chat template computes a number that is too large.");
            case ("float", _):
                return subject is string figure ? double.TryParse(figure, NumberStyles.Float, CultureInfo.InvariantCulture, out var parsed) ? parsed : 0.0 : TemplateValue.Double(subject);
            case ("map", _) when named.TryGetValue("attribute", out var attribute):
                return run.Items(Iterate(subject, run).Select(item => Member(item, attribute)));
            case ("selectattr" or "rejectattr", _) when arguments is [string attribute, ..]:
                return run.Items(Iterate(subject, run).Where(item => Passes(Member(item, attribute), arguments, run) == (name == "selectattr")));
            case ("trim", string text):
                return text.Trim();
            case ("upper" or "lower" or "title" or "capitalize" or "replace", string text):
                run.Step(text.Length);
                return OfText(name, text, arguments, run);
            case ("e" or "escape", string text):
                return run.Text(text.Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal).Replace(">", "&gt;", StringComparison.Ordinal)
                    .Replace("'", "&#39;", StringComparison.Ordinal).Replace("\"", "&#34;", StringComparison.Ordinal));
            case ("indent", string text):
                var blanks = new string(' ', arguments.ElementAtOrDefault(0) is null ? 4 : Indent(arguments[0]));
                return run.Text(string.Join('\n', text.Split('\n').Select((l, i) => i == 0 || l.Length == 0 ? l : blanks + l)));
            default:
                throw new TemplateException($"The chat template applies the filter {name} to {TemplateValue.Name(subject)}{(arguments.Length > 0 ? " with these arguments" : "")}.");
        }

        static bool Passes(object? value, object?[] arguments, TemplateRun run)
        {
            if (arguments.Length < 2)
            {
                return TemplateValue.IsTrue(value);
            }

            var test = arguments[1] as string ?? "";
            CheckTest(test, 0);
            return Test(test, value, arguments[2..], run);
        }
    }

    public static bool Test(string name, object? value, object?[] arguments, TemplateRun run) => name switch
    {
        "defined" => value is not TemplateValue.MissingValue,
        "undefined" => value is TemplateValue.MissingValue,
        "none" => value is null,
        "string" => value is string,
        "mapping" => value is OrderedDictionary<string, object?>,
        "iterable" or "sequence" => value is string or List<object?> or OrderedDictionary<string, object?>,
        "number" => value is long or double,
        "integer" => value is long,
        "boolean" => value is bool,
        "true" => value is true,
        "false" => value is false,
        "odd" => value is long odd && odd % 2 != 0,
        "even" => value is long even && even % 2 == 0,
        "equalto" or "eq" => arguments.Length == 1 && TemplateValue.AreEqual(value, arguments[0], run),
        _ => arguments is [List<object?> list] && list.Exists(item => TemplateValue.AreEqual(item, value, run)),
    };

    private static object? OfText(string name, string text, object?[] arguments, TemplateRun run)
    {
        switch (name, arguments)
        {
            case ("strip", []):
                return text.Trim();
            case ("strip", [string characters]):
                return text.Trim(characters.ToCharArray());
            case ("lstrip", []):
                return text.TrimStart();
            case ("lstrip", [string characters]):
                return text.TrimStart(characters.ToCharArray());
            case ("rstrip", []):
                return text.TrimEnd();
            case ("rstrip", [string characters]):
                return text.TrimEnd(characters.ToCharArray());
            case ("split", []):
                return run.Items(text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
            case ("split", [string { Length: > 0 } separator]):
                return run.Items(text.Split(separator));
            case ("split", [string { Length: > 0 } separator, long most]) when most is >= 0 and < int.MaxValue:
                return run.Items(text.Split(separator, (int)most + 1));
            case ("startswith", [string start]):
                return text.StartsWith(start, StringComparison.Ordinal);
            case ("endswith", [string end]):
                return text.EndsWith(end, StringComparison.Ordinal);
            case ("upper", []):
                return text.ToUpperInvariant();
            case ("lower", []):
                return text.ToLowerInvariant();
            case ("title", []):
                return CultureInfo.InvariantCulture.TextInfo.ToTitleCase(text.ToLowerInvariant());
            case ("capitalize", []):
                return text.Length == 0 ? text : char.ToUpperInvariant(text[0]) + text[1..].ToLowerInvariant();
            case ("replace", [string { Length: > 0 } old, string now]):
                // Counted first: a long string with many short matches could grow beyond any memory.
                run.Step((int)Math.Min(int.MaxValue, (long)text.Length / old.Length * Math.Max(1, now.Length)));
                return run.Text(text.Replace(old, now, StringComparison.Ordinal));
            default:
                throw new TemplateException($"The chat template calls {name} of a string with arguments that it does not take.");
        }
    }

    // Whole characters, as Python counts them.
    private static List<object?> Characters(string text) => [.. text.EnumerateRunes().Select(r => r.ToString())];

    private static List<object?> Pairs(OrderedDictionary<string, object?> map, TemplateRun run) =>
        run.Items(map.Select(m => (object?)new List<object?> { m.Key, m.Value }));

    private static string Join(List<object?> items, string separator, TemplateRun run)
    {
        var length = 0L;
        foreach (var item in items)
        {
            length += TemplateValue.Text(item).Length + separator.Length;
            if (length > TemplateLimits.TextChars)
            {
                throw new TemplateException($"The chat template makes a string of more than {TemplateLimits.TextChars} characters.");
            }
        }

        return run.Text(string.Join(separator, items.Select(TemplateValue.Text)));
    }

    private static int Indent(object? value) => value switch
    {
        null or TemplateValue.MissingValue => 0,
        long blanks when blanks is >= 0 and <= 64 => (int)blanks,
        _ => throw new TemplateException("The chat template indents by something else than 0 to 64 blanks."),
    };

    private static void Check(string kind, string name, string[] known, int line)
    {
        if (!known.Contains(name, StringComparer.Ordinal))
        {
            throw TemplateLexer.Wrong(line, $"the {kind} '{name}' is not supported; these are: {string.Join(", ", known)}");
        }
    }
}
