namespace RroDashboard.Web.Reports;

/// <summary>A block that cannot be shown. The message is one sentence: what is wrong, what is allowed.</summary>
public sealed class ReportBlockException(string message) : Exception(message);

/// <summary>A line in braces, read: {{chart run=abc series=sft/loss title="Loss"}}.</summary>
/// <param name="Name">"run", "chart", "table" or "trajectory".</param>
/// <param name="Values">What was said, by name.</param>
public sealed record ReportBlock(string Name, IReadOnlyDictionary<string, string> Values)
{
    /// <summary>Characters of a block.</summary>
    public const int MaxLength = 1000;

    /// <summary>Runs of one block.</summary>
    public const int MaxRuns = 10;

    /// <summary>Names that each kind of block knows.</summary>
    public static IReadOnlyDictionary<string, IReadOnlyList<string>> Known { get; } = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal)
    {
        ["run"] = ["run"], ["chart"] = ["run", "chart", "series", "title"], ["table"] = ["runs", "title"], ["trajectory"] = ["run", "task"],
    };

    /// <summary>Reads the inside of the braces.</summary>
    /// <exception cref="ReportBlockException">It is no block.</exception>
    public static ReportBlock Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length > MaxLength)
        {
            throw new ReportBlockException($"A block has at most {MaxLength} characters, and this one has {text.Length}.");
        }

        var words = Words(text);
        var name = words.Count > 0 ? words[0] : "";
        if (!Known.TryGetValue(name, out var allowed))
        {
            throw new ReportBlockException($"There is no block '{name}': {string.Join(", ", Known.Keys)} are.");
        }

        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var word in words.Skip(1))
        {
            var equals = word.IndexOf('=', StringComparison.Ordinal);
            // The first thing that has no name is what the block is about.
            var (key, value) = equals > 0 ? (word[..equals], word[(equals + 1)..]) : (allowed[0], word);
            if (!allowed.Contains(key))
            {
                throw new ReportBlockException($"The block '{name}' knows no '{key}': {string.Join(", ", allowed)} are.");
            }

            if (!values.TryAdd(key, value))
            {
                throw new ReportBlockException($"The block '{name}' says '{key}' twice.");
            }
        }

        return new ReportBlock(name, values);
    }

    /// <summary>Runs that it is about.</summary>
    /// <exception cref="ReportBlockException">None, or too many.</exception>
    public IReadOnlyList<string> Runs()
    {
        var runs = (Values.GetValueOrDefault("runs") ?? Values.GetValueOrDefault("run") ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Distinct(StringComparer.Ordinal).ToList();
        return runs.Count is > 0 and <= MaxRuns ? runs : throw new ReportBlockException($"The block '{Name}' names {runs.Count} runs: 1 to {MaxRuns} are allowed, parted by commas, for example run=dfdztcmhdb.");
    }

    // Parted by blanks; a value in quotes may hold some.
    private static List<string> Words(string text)
    {
        var words = new List<string>();
        var word = new System.Text.StringBuilder();
        var quoted = false;
        foreach (var c in text)
        {
            if (c == '"')
            {
                quoted = !quoted;
            }
            else if (char.IsWhiteSpace(c) && !quoted)
            {
                if (word.Length > 0)
                {
                    words.Add(word.ToString());
                    word.Clear();
                }
            }
            else
            {
                word.Append(c);
            }
        }

        if (word.Length > 0)
        {
            words.Add(word.ToString());
        }

        return words;
    }
}
