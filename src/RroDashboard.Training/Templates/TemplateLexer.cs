using System.Globalization;
using System.Text;

namespace RroDashboard.Training.Templates;

internal enum TokenKind
{
    Text,
    OpenBlock,
    CloseBlock,
    OpenOutput,
    CloseOutput,
    Name,
    String,
    Number,
    Sign,
    End,
}

internal readonly record struct TemplateToken(TokenKind Kind, string Text, object? Value, int Line);

/// <summary>
/// Cuts a template into text and tags. White space around tags goes as Jinja has it with <c>trim_blocks</c> and <c>lstrip_blocks</c>, which is how
/// chat templates are meant: blanks before a block at the beginning of its line and one line break after a block are not text.
/// </summary>
internal static class TemplateLexer
{
    private static readonly string[] s_signs = ["==", "!=", "<=", ">=", "//", "**", "+", "-", "*", "/", "%", "~", "<", ">", "=", "(", ")", "[", "]", "{", "}", ",", ":", ".", "|"];

    public static List<TemplateToken> Read(string source)
    {
        if (source.Length > TemplateLimits.SourceChars)
        {
            throw new TemplateException($"The chat template has {source.Length} characters; at most {TemplateLimits.SourceChars} are allowed.");
        }

        source = source.Replace("\r\n", "\n", StringComparison.Ordinal);
        // One line break at the very end is not text.
        source = source.EndsWith('\n') ? source[..^1] : source;
        var tokens = new List<TemplateToken>();
        var (at, line, trimStart) = (0, 1, false);
        while (at < source.Length)
        {
            var open = NextTag(source, at);
            var text = source[at..open];
            var lines = text.Count(c => c == '\n');
            if (trimStart)
            {
                text = text.TrimStart();
            }

            if (open == source.Length)
            {
                Add(TokenKind.Text, text, line);
                break;
            }

            var kind = source[open + 1];
            var after = open + 2;
            var sign = after < source.Length ? source[after] : ' ';
            if (sign == '-')
            {
                text = text.TrimEnd();
                after++;
            }
            else if (kind != '{' && sign != '+')
            {
                text = StripIndent(text, source, open);
            }

            after += sign == '+' ? 1 : 0;
            Add(TokenKind.Text, text, line);
            line += lines;
            (at, trimStart) = kind switch
            {
                '#' => Comment(after),
                _ => Tag(kind == '%', after),
            };
        }

        tokens.Add(new TemplateToken(TokenKind.End, "the end", null, line));
        return tokens;

        void Add(TokenKind token, string text, int where, object? value = null)
        {
            if (token != TokenKind.Text || text.Length > 0)
            {
                tokens.Add(new TemplateToken(token, text, value, where));
            }
        }

        (int At, bool Trim) Comment(int from)
        {
            var end = source.IndexOf("#}", from, StringComparison.Ordinal);
            if (end < 0)
            {
                throw Wrong(line, "a comment is not closed");
            }

            var trim = end > from && source[end - 1] == '-';
            line += source.AsSpan(from, end - from).Count('\n');
            return (SkipBreak(end + 2, trim), trim);
        }

        (int At, bool Trim) Tag(bool block, int from)
        {
            Add(block ? TokenKind.OpenBlock : TokenKind.OpenOutput, block ? "{%" : "{{", line);
            var (close, i, depth) = (block ? "%}" : "}}", from, 0);
            while (true)
            {
                while (i < source.Length && char.IsWhiteSpace(source[i]))
                {
                    line += source[i++] == '\n' ? 1 : 0;
                }

                if (i >= source.Length)
                {
                    throw Wrong(line, "a tag is not closed");
                }

                var rest = source.AsSpan(i);
                // A dictionary's brace may stand right before the end of an output.
                var trim = rest.StartsWith("-" + close, StringComparison.Ordinal) || (block && rest.StartsWith("+" + close, StringComparison.Ordinal));
                if (depth == 0 && (trim || rest.StartsWith(close, StringComparison.Ordinal)))
                {
                    Add(block ? TokenKind.CloseBlock : TokenKind.CloseOutput, close, line);
                    var minus = rest[0] == '-';
                    var end = i + close.Length + (trim ? 1 : 0);
                    return (block && rest[0] != '+' ? SkipBreak(end, minus) : end, minus);
                }

                i = Word(source, i, line, out var token);
                depth += token.Text switch { "{" or "[" or "(" when token.Kind == TokenKind.Sign => 1, "}" or "]" or ")" when token.Kind == TokenKind.Sign => -1, _ => 0 };
                line += token.Kind == TokenKind.String ? source.AsSpan(i - token.Text.Length, token.Text.Length).Count('\n') : 0;
                tokens.Add(token);
            }
        }

        // The line break after a block is not text; with a minus everything blank goes anyway.
        int SkipBreak(int end, bool trim)
        {
            if (!trim && end < source.Length && source[end] == '\n')
            {
                line++;
                return end + 1;
            }

            return end;
        }
    }

    public static TemplateException Wrong(int line, string what) => new($"The chat template cannot be read: {what} in line {line.ToString(CultureInfo.InvariantCulture)}.");

    private static int NextTag(string source, int from)
    {
        for (var at = source.IndexOf('{', from); at >= 0 && at + 1 < source.Length; at = source.IndexOf('{', at + 1))
        {
            if (source[at + 1] is '{' or '%' or '#')
            {
                return at;
            }
        }

        return source.Length;
    }

    // Blanks between the beginning of the line and the tag.
    private static string StripIndent(string text, string source, int open)
    {
        var start = open;
        while (start > 0 && source[start - 1] is ' ' or '\t')
        {
            start--;
        }

        var atLineStart = start == 0 || source[start - 1] == '\n';
        return atLineStart ? text.TrimEnd(' ', '\t') : text;
    }

    private static int Word(string source, int at, int line, out TemplateToken token)
    {
        var c = source[at];
        if (c is '\'' or '"')
        {
            var text = new StringBuilder();
            var i = at + 1;
            for (; i < source.Length && source[i] != c; i++)
            {
                if (source[i] != '\\')
                {
                    text.Append(source[i]);
                    continue;
                }

                i++;
                text.Append(i >= source.Length ? throw Wrong(line, "a string is not closed") : source[i] switch
                {
                    'n' => '\n',
                    't' => '\t',
                    'r' => '\r',
                    'b' => '\b',
                    'f' => '\f',
                    'v' => '\v',
                    '0' => '\0',
                    var other => other,
                });
            }

            if (i >= source.Length)
            {
                throw Wrong(line, "a string is not closed");
            }

            token = new TemplateToken(TokenKind.String, source[at..(i + 1)], text.ToString(), line);
            return i + 1;
        }

        if (char.IsAsciiDigit(c))
        {
            var i = at;
            while (i < source.Length && (char.IsAsciiDigit(source[i]) || (source[i] == '.' && i + 1 < source.Length && char.IsAsciiDigit(source[i + 1]))))
            {
                i++;
            }

            var number = source[at..i];
            object? value = long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var whole) ? (object)whole
                : double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var real) && double.IsFinite(real) ? real
                : throw Wrong(line, $"'{number}' is no number");
            token = new TemplateToken(TokenKind.Number, number, value, line);
            return i;
        }

        if (char.IsAsciiLetter(c) || c == '_')
        {
            var i = at;
            while (i < source.Length && (char.IsAsciiLetterOrDigit(source[i]) || source[i] == '_'))
            {
                i++;
            }

            token = new TemplateToken(TokenKind.Name, source[at..i], null, line);
            return i;
        }

        foreach (var sign in s_signs)
        {
            if (source.AsSpan(at).StartsWith(sign, StringComparison.Ordinal))
            {
                token = new TemplateToken(TokenKind.Sign, sign, null, line);
                return at + sign.Length;
            }
        }

        throw Wrong(line, $"'{c}' has no meaning");
    }
}
