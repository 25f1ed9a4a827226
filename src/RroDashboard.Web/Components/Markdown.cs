using System.Text;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Components;

namespace RroDashboard.Web.Components;

/// <summary>
/// A small Markdown: headings, paragraphs, lists, quotes, code, tables, rules, emphasis, links. Every character of the text is encoded, there is no HTML
/// in it, links go to http, https or this site only, and pictures are not part of it. The work is bounded by the length of the text.
/// </summary>
public static class Markdown
{
    // How far the end of an emphasis or a link is looked for: a text of nothing but beginnings must not cost the square of its length.
    private const int MaxSpan = 2000;
    private const int MaxDepth = 6;
    private const int MaxColumns = 40;

    /// <summary>A part of a text: Markdown, or the inside of a line "{{ ... }}".</summary>
    /// <param name="Text">The part.</param>
    /// <param name="IsBlock">It stood in braces, alone on its line and not within code.</param>
    public readonly record struct Part(string Text, bool IsBlock);

    /// <summary>Cuts a text at the lines that ask for something else than text.</summary>
    public static IReadOnlyList<Part> Split(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var parts = new List<Part>();
        var kept = new StringBuilder();
        var fenced = false;
        foreach (var line in Lines(text))
        {
            var trimmed = line.Trim();
            fenced ^= trimmed.StartsWith("```", StringComparison.Ordinal);
            if (fenced || trimmed.Length < 4 || !trimmed.StartsWith("{{", StringComparison.Ordinal) || !trimmed.EndsWith("}}", StringComparison.Ordinal))
            {
                kept.Append(line).Append('\n');
                continue;
            }

            parts.Add(new Part(kept.ToString(), IsBlock: false));
            kept.Clear();
            parts.Add(new Part(trimmed[2..^2].Trim(), IsBlock: true));
        }

        parts.Add(new Part(kept.ToString(), IsBlock: false));
        return [.. parts.Where(p => p.IsBlock || !string.IsNullOrWhiteSpace(p.Text))];
    }

    /// <summary>Shows a text in a component. Its headings begin at level 3, because pages have the levels above.</summary>
    public static RenderFragment Show(string text) => builder => builder.AddMarkupContent(0, ToHtml(text, topHeading: 3));

    /// <summary>The text as HTML.</summary>
    /// <param name="text">May be anything.</param>
    /// <param name="topHeading">Level of the largest heading; 2 below a page's own title.</param>
    public static string ToHtml(string text, int topHeading = 2)
    {
        ArgumentNullException.ThrowIfNull(text);
        var html = new StringBuilder(text.Length + (text.Length / 4));
        var lines = Lines(PlainText.Of(text)).ToList();
        for (var i = 0; i < lines.Count;)
        {
            i = Block(lines, i, html, topHeading);
        }

        return html.ToString();
    }

    private static string[] Lines(string text) => text.ReplaceLineEndings("\n").Split('\n');

    private static int Block(List<string> lines, int i, StringBuilder html, int topHeading)
    {
        var line = lines[i].TrimEnd();
        var trimmed = line.TrimStart();
        if (trimmed.Length == 0)
        {
            return i + 1;
        }

        if (trimmed.StartsWith("```", StringComparison.Ordinal))
        {
            return Code(lines, i, html);
        }

        if (Heading(trimmed) is var level and > 0)
        {
            var tag = Math.Min(6, topHeading + level - 1);
            html.Append("<h").Append(tag).Append('>');
            Inline(trimmed[level..].Trim().TrimEnd('#').TrimEnd(), html, 0);
            html.Append("</h").Append(tag).Append(">\n");
            return i + 1;
        }

        if (trimmed.Length >= 3 && trimmed.All(c => c is '-' or ' ') && trimmed.Count(c => c == '-') >= 3)
        {
            html.Append("<hr />\n");
            return i + 1;
        }

        if (trimmed[0] == '>')
        {
            var quoted = new List<string>();
            for (; i < lines.Count && lines[i].TrimStart().StartsWith('>'); i++)
            {
                quoted.Add(lines[i].TrimStart()[1..].TrimStart());
            }

            html.Append("<blockquote><p>");
            Inline(string.Join('\n', quoted), html, 0);
            html.Append("</p></blockquote>\n");
            return i;
        }

        if (Marker(trimmed) > 0)
        {
            return List(lines, i, html);
        }

        if (trimmed.StartsWith('|') && i + 1 < lines.Count && IsRule(lines[i + 1]))
        {
            return Table(lines, i, html);
        }

        var paragraph = new List<string>();
        for (; i < lines.Count && IsText(lines[i], paragraph.Count == 0); i++)
        {
            paragraph.Add(lines[i].Trim());
        }

        html.Append("<p>");
        Inline(string.Join('\n', paragraph), html, 0);
        html.Append("</p>\n");
        return i;
    }

    // A paragraph ends where something else begins; its first line is one whatever it looks like.
    private static bool IsText(string line, bool first)
    {
        var trimmed = line.TrimStart();
        return trimmed.Length > 0 && (first || (Heading(trimmed) == 0 && trimmed[0] != '>' && Marker(trimmed) == 0 && !trimmed.StartsWith("```", StringComparison.Ordinal)));
    }

    private static int Heading(string line)
    {
        var level = line.TakeWhile(c => c == '#').Count();
        return level is >= 1 and <= 4 && line.Length > level && line[level] == ' ' ? level : 0;
    }

    // Length of "- ", "* " or "12. " at the beginning of a line; 0 where there is none.
    private static int Marker(string line)
    {
        if (line.Length > 2 && line[0] is '-' or '*' && line.Length > 1 && line[1] == ' ')
        {
            return 2;
        }

        var digits = line.TakeWhile(char.IsAsciiDigit).Count();
        return digits is > 0 and < 7 && line.Length > digits + 1 && line[digits] == '.' && line[digits + 1] == ' ' ? digits + 2 : 0;
    }

    private static int Code(List<string> lines, int i, StringBuilder html)
    {
        html.Append("<pre><code>");
        for (i++; i < lines.Count && !lines[i].TrimStart().StartsWith("```", StringComparison.Ordinal); i++)
        {
            Encode(lines[i], html);
            html.Append('\n');
        }

        html.Append("</code></pre>\n");
        return i + 1;
    }

    private static int List(List<string> lines, int i, StringBuilder html)
    {
        var ordered = char.IsAsciiDigit(lines[i].TrimStart()[0]);
        html.Append(ordered ? "<ol>\n" : "<ul>\n");
        for (; i < lines.Count && Marker(lines[i].TrimStart()) is var marker and > 0 && char.IsAsciiDigit(lines[i].TrimStart()[0]) == ordered; )
        {
            var item = new List<string> { lines[i].TrimStart()[marker..].Trim() };
            for (i++; i < lines.Count && lines[i].Length > 0 && char.IsWhiteSpace(lines[i][0]) && Marker(lines[i].TrimStart()) == 0 && lines[i].Trim().Length > 0; i++)
            {
                item.Add(lines[i].Trim());
            }

            html.Append("<li>");
            Inline(string.Join('\n', item), html, 0);
            html.Append("</li>\n");
        }

        html.Append(ordered ? "</ol>\n" : "</ul>\n");
        return i;
    }

    private static bool IsRule(string line)
    {
        var trimmed = line.Trim();
        return trimmed.StartsWith('|') && trimmed.Contains('-', StringComparison.Ordinal) && trimmed.All(c => c is '|' or '-' or ':' or ' ');
    }

    private static int Table(List<string> lines, int i, StringBuilder html)
    {
        html.Append("<div class=\"table-scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Table\"><table><thead><tr>");
        foreach (var cell in Cells(lines[i]))
        {
            html.Append("<th scope=\"col\">");
            Inline(cell, html, 0);
            html.Append("</th>");
        }

        html.Append("</tr></thead><tbody>");
        for (i += 2; i < lines.Count && lines[i].TrimStart().StartsWith('|'); i++)
        {
            html.Append("<tr>");
            foreach (var cell in Cells(lines[i]))
            {
                html.Append("<td>");
                Inline(cell, html, 0);
                html.Append("</td>");
            }

            html.Append("</tr>");
        }

        html.Append("</tbody></table></div>\n");
        return i;
    }

    private static IEnumerable<string> Cells(string line) => line.Trim().Trim('|').Split('|').Take(MaxColumns).Select(c => c.Trim());

    private static void Inline(string text, StringBuilder html, int depth)
    {
        for (var i = 0; i < text.Length;)
        {
            var length = depth < MaxDepth ? Special(text, i, html, depth) : 0;
            if (length > 0)
            {
                i += length;
                continue;
            }

            var plain = i + 1;
            while (plain < text.Length && !IsSpecial(text[plain]))
            {
                plain++;
            }

            Encode(text[i..plain], html);
            i = plain;
        }
    }

    private static bool IsSpecial(char c) => c is '\\' or '`' or '*' or '_' or '[' or 'h' or '\n';

    // How much of the text was taken as something else than text; 0 for nothing.
    private static int Special(string text, int i, StringBuilder html, int depth) => text[i] switch
    {
        '\\' when i + 1 < text.Length && char.IsAsciiLetterOrDigit(text[i + 1]) is false && text[i + 1] != '\n' => Escaped(text, i, html),
        '\n' => Break(text, i, html),
        '`' => Span(text, i, "`", "code", html, MaxDepth),
        '*' when Starts(text, i, "**") => Span(text, i, "**", "strong", html, depth + 1),
        '*' => Span(text, i, "*", "em", html, depth + 1),
        '_' when i == 0 || !char.IsLetterOrDigit(text[i - 1]) => Span(text, i, "_", "em", html, depth + 1),
        '[' => Link(text, i, html, depth),
        'h' when (i == 0 || !char.IsLetterOrDigit(text[i - 1])) && (Starts(text, i, "https://") || Starts(text, i, "http://")) => Bare(text, i, html),
        _ => 0,
    };

    private static bool Starts(string text, int i, string what) => string.CompareOrdinal(text, i, what, 0, what.Length) == 0;

    private static int Escaped(string text, int i, StringBuilder html)
    {
        Encode(text[(i + 1)..(i + 2)], html);
        return 2;
    }

    private static int Break(string text, int i, StringBuilder html)
    {
        html.Append(i > 0 && text[i - 1] == '\\' ? "<br />\n" : "\n");
        return 1;
    }

    private static int Span(string text, int i, string mark, string tag, StringBuilder html, int depth)
    {
        var start = i + mark.Length;
        // No mark begins before a blank, as in "2 * 3".
        if (start >= text.Length || (char.IsWhiteSpace(text[start]) && tag != "code"))
        {
            return 0;
        }

        var end = text.IndexOf(mark, start, Math.Min(MaxSpan, text.Length - start), StringComparison.Ordinal);
        if (end <= start)
        {
            return 0;
        }

        html.Append('<').Append(tag).Append('>');
        if (tag == "code")
        {
            Encode(text[start..end], html);
        }
        else
        {
            Inline(text[start..end], html, depth);
        }

        html.Append("</").Append(tag).Append('>');
        return end + mark.Length - i;
    }

    private static int Link(string text, int i, StringBuilder html, int depth)
    {
        var middle = text.IndexOf("](", i + 1, Math.Min(MaxSpan, text.Length - i - 1), StringComparison.Ordinal);
        var end = middle < 0 ? -1 : text.IndexOf(')', middle + 2, Math.Min(MaxSpan, text.Length - middle - 2));
        if (end < 0 || Address(text[(middle + 2)..end].Trim()) is not { } address)
        {
            return 0;
        }

        Open(address, html);
        // No link within a link.
        Inline(text[(i + 1)..middle].Replace('[', '(').Replace("http", "http\u200B", StringComparison.Ordinal), html, depth + 1);
        html.Append("</a>");
        return end + 1 - i;
    }

    private static int Bare(string text, int i, StringBuilder html)
    {
        var end = i;
        while (end < text.Length && end - i < MaxSpan && !char.IsWhiteSpace(text[end]) && text[end] is not ('<' or '>' or '"' or '`' or '|' or ')' or ']'))
        {
            end++;
        }

        var shown = text[i..end].TrimEnd('.', ',', ';', ':', '!', '?');
        if (Address(shown) is not { } address)
        {
            return 0;
        }

        Open(address, html);
        Encode(shown, html);
        html.Append("</a>");
        return shown.Length;
    }

    private static void Open(string address, StringBuilder html)
    {
        html.Append("<a href=\"");
        Encode(address, html);
        html.Append("\" rel=\"noopener noreferrer nofollow\">");
    }

    // http and https, or a page of this site; no script, no data, and no other site by "//" or "/\".
    private static string? Address(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri) && (uri.Scheme == Uri.UriSchemeHttp || uri.Scheme == Uri.UriSchemeHttps) && uri.Host.Length > 0
            ? uri.AbsoluteUri
            : text.Length > 1 && text[0] == '/' && text[1] is not ('/' or '\\') && !text.Any(char.IsWhiteSpace) && !text.Contains('\\', StringComparison.Ordinal) ? text : null;

    private static void Encode(string text, StringBuilder html) => html.Append(HtmlEncoder.Default.Encode(text));
}
