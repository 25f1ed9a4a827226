using System.Collections;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace RroDashboard.Training.Templates;

/// <summary>
/// Values of a template: null (none), <see cref="Missing"/>, bool, long, double, string, <see cref="List{T}"/> and <see cref="OrderedDictionary{TKey,TValue}"/> with
/// string keys. No other object is ever reachable from a template.
/// </summary>
internal static class TemplateValue
{
    /// <summary>What a name or member that does not exist is.</summary>
    public static readonly object Missing = new MissingValue();

    public static bool IsTrue(object? value) => value switch
    {
        null or MissingValue => false,
        bool flag => flag,
        long number => number != 0,
        double number => number != 0,
        string text => text.Length > 0,
        ICollection items => items.Count > 0,
        _ => true,
    };

    public static string Text(object? value) => value switch
    {
        null => "None",
        MissingValue => "",
        string text => text,
        bool flag => flag ? "True" : "False",
        long number => number.ToString(CultureInfo.InvariantCulture),
        double number => Number(number),
        List<object?> or OrderedDictionary<string, object?> => throw new TemplateException("The chat template writes a list or an object as text; it needs the filter tojson for that."),
        _ => throw new TemplateException("The chat template writes something that is no text."),
    };

    /// <summary>Equality as Python has it. Counted: a value can hold itself many times over.</summary>
    public static bool AreEqual(object? left, object? right, TemplateRun run, int depth = 0)
    {
        run.Step();
        if (depth > TemplateLimits.Depth)
        {
            throw new TemplateException($"The chat template compares values that are nested deeper than {TemplateLimits.Depth}.");
        }

        return (left, right) switch
        {
            (null, null) => true,
            (bool a, bool b) => a == b,
            (string a, string b) => string.Equals(a, b, StringComparison.Ordinal),
            (MissingValue, MissingValue) => true,
            (List<object?> a, List<object?> b) => a.Count == b.Count && a.Zip(b).All(p => AreEqual(p.First, p.Second, run, depth + 1)),
            (OrderedDictionary<string, object?> a, OrderedDictionary<string, object?> b) => a.Count == b.Count && a.All(m => b.TryGetValue(m.Key, out var other) && AreEqual(m.Value, other, run, depth + 1)),
            _ when IsNumber(left) && IsNumber(right) => Double(left) == Double(right),
            _ => false,
        };
    }

    /// <summary>Below zero when left comes first.</summary>
    public static int Compare(object? left, object? right) => (left, right) switch
    {
        (long a, long b) => a.CompareTo(b),
        (string a, string b) => string.CompareOrdinal(a, b),
        _ when IsNumber(left) && IsNumber(right) => Double(left).CompareTo(Double(right)),
        _ => throw new TemplateException($"The chat template compares {Name(left)} with {Name(right)}."),
    };

    public static bool IsNumber(object? value) => value is long or double or bool;

    public static double Double(object? value) => value switch
    {
        bool flag => flag ? 1 : 0,
        long number => number,
        double number => number,
        _ => throw new TemplateException($"The chat template takes {Name(value)} for a number."),
    };

    public static string Name(object? value) => value switch
    {
        null => "none",
        MissingValue => "something undefined",
        string => "a string",
        bool => "true or false",
        long or double => "a number",
        List<object?> => "a list",
        OrderedDictionary<string, object?> => "an object",
        _ => "a function",
    };

    /// <summary>As Python's json.dumps writes it, without escaping what is not ASCII.</summary>
    public static string Json(object? value, int indent)
    {
        var text = new StringBuilder();
        Write(value, 0);
        return text.ToString();

        void Write(object? part, int depth)
        {
            if (depth > TemplateLimits.Depth || text.Length > TemplateLimits.TextChars)
            {
                throw new TemplateException("The chat template writes JSON that is too deep or too long.");
            }

            switch (part)
            {
                case List<object?> list:
                    Block('[', ']', list.Count, i => Write(list[i], depth + 1), depth);
                    break;
                case OrderedDictionary<string, object?> map:
                    Block('{', '}', map.Count, i =>
                    {
                        Quote(map.GetAt(i).Key);
                        text.Append(": ");
                        Write(map.GetAt(i).Value, depth + 1);
                    }, depth);
                    break;
                case string s:
                    Quote(s);
                    break;
                case bool flag:
                    text.Append(flag ? "true" : "false");
                    break;
                case null:
                    text.Append("null");
                    break;
                case long or double:
                    text.Append(Text(part));
                    break;
                default:
                    throw new TemplateException($"The chat template writes {Name(part)} as JSON.");
            }
        }

        void Block(char open, char close, int count, Action<int> item, int depth)
        {
            text.Append(open);
            for (var i = 0; i < count; i++)
            {
                if (indent > 0)
                {
                    text.Append(i > 0 ? "," : "").Append('\n').Append(' ', indent * (depth + 1));
                }
                else if (i > 0)
                {
                    text.Append(", ");
                }

                item(i);
            }

            if (indent > 0 && count > 0)
            {
                text.Append('\n').Append(' ', indent * depth);
            }

            text.Append(close);
        }

        void Quote(string s)
        {
            text.Append('"');
            foreach (var c in s)
            {
                text.Append(c switch
                {
                    '"' => "\\\"",
                    '\\' => "\\\\",
                    '\n' => "\\n",
                    '\r' => "\\r",
                    '\t' => "\\t",
                    '\b' => "\\b",
                    '\f' => "\\f",
                    < ' ' => FormattableString.Invariant($"\\u{(int)c:x4}"),
                    _ => c.ToString(),
                });
            }

            text.Append('"');
        }
    }

    /// <summary>A JSON value as a template sees it.</summary>
    public static object? Of(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.String => element.GetString(),
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.Number => element.TryGetInt64(out var whole) ? (object)whole : element.GetDouble(),
        JsonValueKind.Array => element.EnumerateArray().Select(Of).ToList(),
        JsonValueKind.Object => new OrderedDictionary<string, object?>(element.EnumerateObject().Select(m => KeyValuePair.Create(m.Name, Of(m.Value))), StringComparer.Ordinal),
        _ => null,
    };

    private static string Number(double value)
    {
        var text = value.ToString("R", CultureInfo.InvariantCulture);
        return text.Contains('.', StringComparison.Ordinal) || text.Contains('E', StringComparison.Ordinal) ? text : text + ".0";
    }

    internal sealed class MissingValue;
}
