using System.Text.RegularExpressions;
using RroDashboard.Core.Statistics;
using RroDashboard.Web.Components;

namespace RroDashboard.Web.Tests.Components;

public sealed partial class MarkdownTests
{
    [Theory]
    [InlineData("# One\n## Two ##", "<h2>One</h2>\n<h3>Two</h3>\n")]
    [InlineData("a *b* **c** `d*e*` _f_ g_h_i", "<p>a <em>b</em> <strong>c</strong> <code>d*e*</code> <em>f</em> g_h_i</p>\n")]
    [InlineData("2 * 3 * 4", "<p>2 * 3 * 4</p>\n")]
    [InlineData("\\*no\\*", "<p>*no*</p>\n")]
    [InlineData("- a\n- b\n  more\n\n1. c", "<ul>\n<li>a</li>\n<li>b\nmore</li>\n</ul>\n<ol>\n<li>c</li>\n</ol>\n")]
    [InlineData("> q\n> r", "<blockquote><p>q\nr</p></blockquote>\n")]
    [InlineData("```\n<b> *x*\n```", "<pre><code>&lt;b&gt; *x*\n</code></pre>\n")]
    [InlineData("---", "<hr />\n")]
    [InlineData("[a](https://x.example/?a=1&b=2)", "<p><a href=\"https://x.example/?a=1&amp;b=2\" rel=\"noopener noreferrer nofollow\">a</a></p>\n")]
    [InlineData("see https://x.example/a.", "<p>see <a href=\"https://x.example/a\" rel=\"noopener noreferrer nofollow\">https://x.example/a</a>.</p>\n")]
    [InlineData("[run](/runs/abc)", "<p><a href=\"/runs/abc\" rel=\"noopener noreferrer nofollow\">run</a></p>\n")]
    public void ToHtml_WhatItKnows_IsRendered(string text, string html) => Assert.Equal(html, Markdown.ToHtml(text));

    [Fact]
    public void ToHtml_Table_HasHeadsWithScope() => Assert.Contains(
        "<thead><tr><th scope=\"col\">a</th><th scope=\"col\">b</th></tr></thead><tbody><tr><td>1</td><td><strong>2</strong></td></tr></tbody>",
        Markdown.ToHtml("| a | b |\n|---|---|\n| 1 | **2** |"), StringComparison.Ordinal);

    [Theory]
    [InlineData("<script>alert(1)</script>")]
    [InlineData("<img src=x onerror=alert(1)>")]
    [InlineData("[a](javascript:alert(1))")]
    [InlineData("[a](JaVaScRiPt:alert(1))")]
    [InlineData("[a](data:text/html,<script>alert(1)</script>)")]
    [InlineData("[a](//evil.example)")]
    [InlineData("[a](/\\evil.example)")]
    [InlineData("[a](https://x\" onclick=\"alert(1))")]
    [InlineData("![a](https://evil.example/pixel.png)")]
    [InlineData("`<b>`\n# <b>\n- <b>\n> <b>\n| <b> |\n|---|\n| <b> |")]
    [InlineData("**<b>** *<b>* _<b>_ [<b>](https://x.example)")]
    [InlineData("https://x.example/<script>alert(1)</script>")]
    [InlineData("[[a](https://x.example)](https://y.example)")]
    public void ToHtml_Hostile_IsTextAndOpensNothing(string text) => AssertSafe(Markdown.ToHtml(text));

    [Fact]
    public void ToHtml_RandomText_IsSafeAndItsTagsAreClosed()
    {
        string[] pieces = ["*", "**", "_", "`", "```\n", "[", "](", ")", "\n", "\n\n", "# ", "- ", "1. ", "> ", "|", "|---|\n", "\\", "<b>", "\"", "'", "&", "javascript:", "https://x.example", "/a", " ", "word", "{{", "}}", "\u202E", "\0", "http"];
        var random = new SeededRandom(7, 1);
        for (var i = 0; i < 3000; i++)
        {
            var text = string.Concat(Enumerable.Range(0, 1 + random.Next(30)).Select(_ => pieces[random.Next(pieces.Length)]));
            AssertSafe(Markdown.ToHtml(text));
            Assert.NotNull(Markdown.Split(text));
        }
    }

    [Theory]
    [InlineData("[")]
    [InlineData("*a ")]
    [InlineData("`")]
    [InlineData("**")]
    [InlineData("> - # ")]
    [InlineData("[a](")]
    [InlineData("|")]
    public void ToHtml_LongestText_IsDoneInASecond(string piece)
    {
        var text = string.Concat(Enumerable.Repeat(piece, RroDashboard.Data.ReportStore.MaxMarkdown / piece.Length));
        var watch = System.Diagnostics.Stopwatch.StartNew();

        AssertSafe(Markdown.ToHtml(text));

        // Tens of milliseconds alone; the square of the length would be minutes.
        Assert.InRange(watch.Elapsed.TotalSeconds, 0, 10);
    }

    [Fact]
    public void Split_Blocks_AloneOnTheirLinesAndNotInCode()
    {
        var parts = Markdown.Split("a\n  {{run x}}  \nb {{run y}}\n```\n{{run z}}\n```\n{{chart run=x}}");

        Assert.Equal(["a\n", "run x", "b {{run y}}\n```\n{{run z}}\n```\n", "chart run=x"], parts.Select(p => p.Text));
        Assert.Equal([false, true, false, true], parts.Select(p => p.IsBlock));
    }

    // Every tag is one of ours and is closed in order; every attribute is one of ours; every address is http, https or of this site.
    private static void AssertSafe(string html)
    {
        var open = new Stack<string>();
        var rest = Tag().Replace(html, match =>
        {
            var (closing, name, attributes) = (match.Groups[1].Value, match.Groups[2].Value, match.Groups[3].Value);
            if (closing.Length > 0)
            {
                Assert.True(open.Count > 0 && open.Pop() == name, html);
            }
            else if (name is not ("hr" or "br"))
            {
                open.Push(name);
            }

            Assert.True(attributes.Length == 0 || attributes is " scope=\"col\"" or " /" || attributes.StartsWith(" class=\"table-scroll\"", StringComparison.Ordinal) || Anchor().IsMatch(attributes), html);
            return "";
        });
        Assert.True(open.Count == 0, html);
        Assert.DoesNotContain('<', rest);
        Assert.DoesNotContain('>', rest);
    }

    [GeneratedRegex(@"<(/?)(h[1-6]|p|ul|ol|li|blockquote|pre|code|strong|em|a|hr|br|div|table|thead|tbody|tr|th|td)((?: [^<>]*)?)>")]
    private static partial Regex Tag();

    [GeneratedRegex(@"\A href=""(https?://[^""<>]+|/[^/\\""<>][^""<>\\]*)"" rel=""noopener noreferrer nofollow""\z")]
    private static partial Regex Anchor();
}
