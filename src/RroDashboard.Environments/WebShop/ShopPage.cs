namespace RroDashboard.Environments.WebShop;

/// <summary>What a piece of visible text is.</summary>
public enum PageNodeKind
{
    /// <summary>Only to be read.</summary>
    Text,

    /// <summary>A button.</summary>
    Button,

    /// <summary>The label of an option value.</summary>
    Option,

    /// <summary>A product's id on a results page.</summary>
    ProductLink,
}

/// <summary>One piece of visible text, not stripped.</summary>
public readonly record struct PageNode(PageNodeKind Kind, string Text);

/// <summary>Something that can be clicked, named by its text.</summary>
/// <param name="Text">Lower-case; for an option value as the product has it.</param>
/// <param name="Kind">Button, option or product link.</param>
/// <param name="OptionName">Which option a value belongs to; null for anything else.</param>
public readonly record struct Clickable(string Text, PageNodeKind Kind, string? OptionName = null);

/// <summary>
/// What the agent sees: the texts of the original's HTML page from top to bottom, and what can be clicked
/// (environments.md A3, A5). Immutable, so that sessions share it.
/// </summary>
public sealed class ShopPage
{
    // Fewer are found faster one by one than by a dictionary.
    private const int IndexFrom = 24;

    private readonly Clickable[] _clickables;
    private readonly Dictionary<string, int>? _index;

    internal ShopPage(IReadOnlyList<PageNode> nodes, Clickable[] clickables, bool hasSearchBar)
    {
        Nodes = nodes;
        HasSearchBar = hasSearchBar;
        (_clickables, _index) = Merge(clickables);
    }

    /// <summary>Top to bottom; none is empty.</summary>
    public IReadOnlyList<PageNode> Nodes { get; }

    /// <summary>True on the start page only; a search is accepted on every page all the same.</summary>
    public bool HasSearchBar { get; }

    /// <summary>
    /// Buttons, then product links, then option values, each text once: a later one takes an earlier one's place.
    /// "search" is among them on the start page, but a click on it does nothing.
    /// </summary>
    public IReadOnlyList<Clickable> Clickables => _clickables;

    /// <summary>What has exactly this text; null if nothing has.</summary>
    public Clickable? Find(string text)
    {
        if (_index is not null)
        {
            return _index.TryGetValue(text, out var at) ? _clickables[at] : null;
        }

        foreach (var clickable in _clickables)
        {
            if (string.Equals(clickable.Text, text, StringComparison.Ordinal))
            {
                return clickable;
            }
        }

        return null;
    }

    private static (Clickable[] Merged, Dictionary<string, int>? Index) Merge(Clickable[] all)
    {
        var index = new Dictionary<string, int>(all.Length, StringComparer.Ordinal);
        var merged = new List<Clickable>(all.Length);
        foreach (var clickable in all)
        {
            if (index.TryAdd(clickable.Text, merged.Count))
            {
                merged.Add(clickable);
            }
            else
            {
                merged[index[clickable.Text]] = clickable;
            }
        }

        return ([.. merged], merged.Count >= IndexFrom ? index : null);
    }
}
