using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Rendering;

namespace RroDashboard.Web.Components;

/// <summary>
/// A small part of Markdown, safe by construction: elements are ours, every text is encoded by the renderer, and a link leads to http, https or this site only. Headings,
/// paragraphs, lists, quotes, fenced code; in a line bold, emphasis, code and links. Everything else stays text as it was written.
/// </summary>
public static partial class Markdown
{
    /// <summary>Shows it. Its headings begin at level 3, because pages have the levels above.</summary>
    public static RenderFragment Show(string text) => builder =>
    {
        ArgumentNullException.ThrowIfNull(text);
        var lines = PlainText.Of(text).ReplaceLineEndings("\n").Split('\n');
        var at = 0;
        while (at < lines.Length)
        {
            at = Block(builder, lines, at);
        }
    };

    private static int Block(RenderTreeBuilder builder, string[] lines, int at)
    {
        var line = lines[at];
        if (string.IsNullOrWhiteSpace(line))
        {
            return at + 1;
        }

        if (line.StartsWith("```", StringComparison.Ordinal))
        {
            var end = at + 1;
            while (end < lines.Length && !lines[end].StartsWith("```", StringComparison.Ordinal))
            {
                end++;
            }

            Element(builder, "pre", b => b.AddContent(1, string.Join('\n', lines[(at + 1)..end])));
            return Math.Min(end + 1, lines.Length);
        }

        if (Heading().Match(line) is { Success: true } heading)
        {
            Element(builder, $"h{Math.Min(6, 2 + heading.Groups["marks"].Length)}", b => Line(b, heading.Groups["text"].Value));
            return at + 1;
        }

        foreach (var (pattern, outer, inner) in new[] { (Bullet(), "ul", "li"), (Numbered(), "ol", "li"), (Quote(), "blockquote", "p") })
        {
            if (pattern.IsMatch(line))
            {
                var end = at;
                Element(builder, outer, b =>
                {
                    for (; end < lines.Length && pattern.Match(lines[end]) is { Success: true } item; end++)
                    {
                        Element(b, inner, x => Line(x, item.Groups["text"].Value));
                    }
                });
                return end;
            }
        }

        var last = at + 1;
        while (last < lines.Length && !string.IsNullOrWhiteSpace(lines[last]) && !Starts().IsMatch(lines[last]))
        {
            last++;
        }

        Element(builder, "p", b => Line(b, string.Join(' ', lines[at..last])));
        return last;
    }

    private static void Line(RenderTreeBuilder builder, string text)
    {
        var at = 0;
        foreach (Match part in Inline().Matches(text))
        {
            builder.AddContent(1, text[at..part.Index]);
            at = part.Index + part.Length;
            if (part.Groups["code"].Success)
            {
                Element(builder, "code", b => b.AddContent(1, part.Groups["code"].Value));
            }
            else if (part.Groups["bold"].Success)
            {
                Element(builder, "strong", b => b.AddContent(1, part.Groups["bold"].Value));
            }
            else if (part.Groups["soft"].Success)
            {
                Element(builder, "em", b => b.AddContent(1, part.Groups["soft"].Value));
            }
            else
            {
                builder.OpenElement(2, "a");
                builder.AddAttribute(3, "href", part.Groups["to"].Value);
                builder.AddAttribute(4, "rel", "noopener noreferrer nofollow");
                builder.AddContent(5, part.Groups["words"].Value);
                builder.CloseElement();
            }
        }

        builder.AddContent(1, text[at..]);
    }

    private static void Element(RenderTreeBuilder builder, string name, Action<RenderTreeBuilder> content)
    {
        builder.OpenElement(0, name);
        content(builder);
        builder.CloseElement();
    }

    [GeneratedRegex(@"^(?<marks>#{1,4}) +(?<text>.+)$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 500)]
    private static partial Regex Heading();

    [GeneratedRegex(@"^ {0,3}[-*] +(?<text>.*)$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 500)]
    private static partial Regex Bullet();

    [GeneratedRegex(@"^ {0,3}\d{1,4}[.)] +(?<text>.*)$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 500)]
    private static partial Regex Numbered();

    [GeneratedRegex(@"^> ?(?<text>.*)$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 500)]
    private static partial Regex Quote();

    [GeneratedRegex(@"^(```|#{1,4} | {0,3}[-*] | {0,3}\d{1,4}[.)] |> ?)", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 500)]
    private static partial Regex Starts();

    // A path of this site begins with one slash: two would name another host.
    [GeneratedRegex(@"`(?<code>[^`]+)`|\*\*(?<bold>[^*]+)\*\*|\*(?<soft>[^*\s][^*]*)\*|\[(?<words>[^\]]+)\]\((?<to>https?://[^\s()]+|/(?![/\\])[^\s()]*)\)", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 500)]
    private static partial Regex Inline();
}
