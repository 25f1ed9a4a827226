namespace RroDashboard.Environments.WebShop;

/// <summary>
/// Finds the nouns of a product name for the title score. The original uses a statistical tagger; what stands in for it is
/// named in every result.
/// </summary>
public interface INounExtractor
{
    /// <summary>Name and version for the result page.</summary>
    string Name { get; }

    /// <summary>Lower-case nouns in text order; duplicates are kept, because the title score divides by their number.</summary>
    IReadOnlyList<string> Nouns(string text);
}
