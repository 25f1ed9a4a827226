namespace RroDashboard.Data;

/// <summary>A name, tag or note was refused. The message is one sentence for the person who wrote it.</summary>
public sealed class RunTextException(string message) : Exception(message);

/// <summary>Tags of a run: few, short, without blanks, in lower case, so that two spellings are one tag.</summary>
public static class RunTags
{
    /// <summary>More would not fit a row of the list.</summary>
    public const int MaxTags = 12;

    /// <summary>Characters of one tag.</summary>
    public const int MaxLength = 40;

    /// <summary>From what a person typed: blanks and commas part them.</summary>
    /// <exception cref="RunTextException">Too many, or one too long.</exception>
    public static IReadOnlyList<string> Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var tags = text.Split([' ', ',', '\t', '\n', '\r', '\u00a0'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(t => t.ToLowerInvariant()).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToArray();
        if (tags.Length > MaxTags)
        {
            throw new RunTextException($"{tags.Length} tags are too many: at most {MaxTags} are allowed.");
        }

        if (tags.FirstOrDefault(t => t.Length > MaxLength) is { } tooLong)
        {
            throw new RunTextException($"The tag '{tooLong[..20]}...' has {tooLong.Length} characters: at most {MaxLength} are allowed.");
        }

        if (tags.FirstOrDefault(t => t.Any(char.IsControl)) is not null)
        {
            throw new RunTextException("A tag has a control character: letters, digits and signs are allowed.");
        }

        return tags;
    }

    /// <summary>As the database keeps them.</summary>
    public static string Join(IReadOnlyList<string> tags)
    {
        ArgumentNullException.ThrowIfNull(tags);
        return tags.Count == 0 ? "" : $" {string.Join(' ', tags)} ";
    }

    /// <summary>From what the database keeps.</summary>
    public static IReadOnlyList<string> Split(string kept)
    {
        ArgumentNullException.ThrowIfNull(kept);
        return kept.Split(' ', StringSplitOptions.RemoveEmptyEntries);
    }
}
