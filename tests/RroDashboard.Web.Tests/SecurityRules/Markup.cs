using System.Text.RegularExpressions;

namespace RroDashboard.Web.Tests.SecurityRules;

/// <summary>What is in a page that could run.</summary>
internal static partial class Markup
{
    /// <summary>Scripts written into the page, handlers in attributes, and addresses that are scripts.</summary>
    public static IReadOnlyList<string> ThatRuns(string html)
    {
        var found = new List<string>();
        found.AddRange(Script().Matches(html).Where(m => m.Groups["body"].Value.Trim().Length > 0 || !m.Groups["tag"].Value.Contains("src=", StringComparison.OrdinalIgnoreCase)).Select(m => m.Value));
        foreach (var tag in Tag().Matches(html).Select(m => m.Value))
        {
            // Without the values of attributes: a text such as title="x onerror=y" is one.
            found.AddRange(Handler().Matches(Value().Replace(tag, "\"\"")).Select(_ => tag));
            found.AddRange(ScriptAddress().Matches(tag).Select(_ => tag));
        }

        return found;
    }

    [GeneratedRegex(@"(?<tag><script\b[^>]*>)(?<body>.*?)</script", RegexOptions.IgnoreCase | RegexOptions.Singleline | RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex Script();

    [GeneratedRegex("<[a-z][^>]*>", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex Tag();

    [GeneratedRegex("\"[^\"]*\"|'[^']*'", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex Value();

    [GeneratedRegex(@"\bon[a-z]+\s*=", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex Handler();

    [GeneratedRegex(@"=\s*[""']?\s*(javascript|vbscript|data:text/html)", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex ScriptAddress();
}
