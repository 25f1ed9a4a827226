using System.Text.RegularExpressions;

namespace RroDashboard.Environments.InterCodeSql;

/// <summary>How InterCode's own experiments find the action in what a model wrote (environments.md B6), slips included.</summary>
public static partial class InterCodeParsers
{
    // In this order of trial: "DESCRIBE" is found before its beginning is.
    private static readonly string[] s_words = ["SHOW", "SELECT", "DESCRIBE", "DESC"];

    /// <summary>The "Try Again" parser.</summary>
    /// <returns>The statement, and whether it is one; if not, the text that is shown back.</returns>
    public static (string Action, bool IsCode) TryAgain(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        text = text.Replace("\\_", "_", StringComparison.Ordinal);
        if (text.Contains("```", StringComparison.Ordinal))
        {
            var block = SqlFence().Match(text) is { Success: true } sql ? sql : AnyFence().Match(text);
            if (!block.Success)
            {
                return (text, false);
            }

            var code = UpToSemicolon(string.Join(' ', block.Groups["code"].Value.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))).TrimEnd();
            return (code, s_words.Contains(code.Split(' ')[0].ToUpperInvariant(), StringComparer.Ordinal));
        }

        if (text.StartsWith("SQL: ", StringComparison.Ordinal) && text.Length > 5)
        {
            // The original takes the first element of a text where it meant that of a list.
            return (text[5..6], true);
        }

        foreach (var word in s_words)
        {
            if (text.IndexOf(word, StringComparison.Ordinal) is >= 0 and var at)
            {
                return (UpToSemicolon(text[at..]), true);
            }
        }

        return (text, false);
    }

    /// <summary>The ReAct parser: "submit", or what stands between the first "execute[" and the last "]".</summary>
    /// <returns>The action, and whether it is one.</returns>
    public static (string Action, bool IsCode) ReAct(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text == InterCodeLoop.Submit ? (text, true)
            : Execute().Match(text) is { Success: true } execute ? (UpToSemicolon(execute.Groups["code"].Value), true)
            : (text, false);
    }

    /// <summary>The schema as the "handicap" prompt gives it.</summary>
    public static string Handicap(IEnumerable<(string Table, IReadOnlyList<string> Columns)> tables)
    {
        ArgumentNullException.ThrowIfNull(tables);
        return "MySQL tables, with their properties\n" + string.Concat(tables.Select(t => $"- {t.Table}: {PythonText.List(t.Columns.Select(c => PythonText.Of(c)))}\n"));
    }

    private static string UpToSemicolon(string text) => text.Split(';')[0];

    [GeneratedRegex("```(?:sql|SQL)(?<code>.+?)```", RegexOptions.Singleline)]
    private static partial Regex SqlFence();

    [GeneratedRegex("```(?<code>.+?)```", RegexOptions.Singleline)]
    private static partial Regex AnyFence();

    [GeneratedRegex(@"execute\[(?<code>.*)\]", RegexOptions.Singleline)]
    private static partial Regex Execute();
}
