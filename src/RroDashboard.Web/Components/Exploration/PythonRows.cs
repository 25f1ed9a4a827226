using System.Text;

namespace RroDashboard.Web.Components.Exploration;

/// <summary>Rows as InterCode shows them, written by Python: <c>[(1, 'a'), (2, None)]</c>, perhaps cut in the middle.</summary>
/// <param name="Rows">Complete rows, each value as it is written there, strings without their quotes.</param>
/// <param name="Cut">The text ends before the list does.</param>
public sealed record PythonRows(IReadOnlyList<IReadOnlyList<string>> Rows, bool Cut)
{
    /// <summary>Reads a list of rows; null when it is something else.</summary>
    public static PythonRows? Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length == 0 || text[0] != '[')
        {
            return null;
        }

        var rows = new List<IReadOnlyList<string>>();
        var at = 1;
        while (at < text.Length)
        {
            if (text[at] == ']')
            {
                return at == text.Length - 1 ? new PythonRows(rows, Cut: false) : null;
            }

            if (rows.Count > 0 && text.AsSpan(at).StartsWith(", "))
            {
                at += 2;
            }

            if (at >= text.Length || text[at] != '(')
            {
                break;
            }

            if (Row(text, ref at) is not { } row)
            {
                break;
            }

            rows.Add(row);
        }

        // The environment marks its cut; anything else is no list.
        return text.EndsWith("...", StringComparison.Ordinal) ? new PythonRows(rows, Cut: true) : null;
    }

    // From "(" to behind ")"; null when it does not end.
    private static List<string>? Row(string text, ref int at)
    {
        var values = new List<string>();
        var value = new StringBuilder();
        var depth = 0;
        for (var i = at; i < text.Length; i++)
        {
            var c = text[i];
            switch (c)
            {
                case '\'' or '"':
                    if (!Quoted(text, ref i, value))
                    {
                        return null;
                    }

                    break;
                case '(':
                    if (depth++ > 0)
                    {
                        value.Append(c);
                    }

                    break;
                case ')' when --depth == 0:
                    if (value.Length > 0)
                    {
                        values.Add(value.ToString());
                    }

                    at = i + 1;
                    return values;
                case ',' when depth == 1:
                    values.Add(value.ToString());
                    value.Clear();
                    if (i + 1 < text.Length && text[i + 1] == ' ')
                    {
                        i++;
                    }

                    break;
                default:
                    value.Append(c);
                    break;
            }
        }

        return null;
    }

    // From an opening quote to its closing one.
    private static bool Quoted(string text, ref int at, StringBuilder value)
    {
        var quote = text[at];
        for (at++; at < text.Length; at++)
        {
            if (text[at] == '\\' && at + 1 < text.Length)
            {
                value.Append(text[++at] switch { 'n' => '\n', 't' => '\t', 'r' => '\r', var other => other });
            }
            else if (text[at] == quote)
            {
                return true;
            }
            else
            {
                value.Append(text[at]);
            }
        }

        return false;
    }
}
