namespace RroDashboard.Environments.WebShop;

/// <summary>Collects the nodes and clickables of one page, with the node rules of the original's HTML parser (environments.md A5).</summary>
internal sealed class PageBuilder
{
    private readonly List<PageNode> _nodes = [];
    private readonly List<Clickable> _buttons = [];
    private readonly List<Clickable> _links = [];
    private readonly List<Clickable> _options = [];

    public PageBuilder Text(string text) => Node(PageNodeKind.Text, text);

    /// <summary>Text inside a "pre" element: kept as it is.</summary>
    public PageBuilder Preformatted(string text)
    {
        if (text.Length > 0 && text != "\n")
        {
            _nodes.Add(new(PageNodeKind.Text, text));
        }

        return this;
    }

    public PageBuilder Button(ShopButton button)
    {
        _nodes.Add(new(PageNodeKind.Button, button.Text));
        _buttons.Add(new(button.Click, PageNodeKind.Button));
        return this;
    }

    public PageBuilder ProductLink(string asin)
    {
        _links.Add(new(ShopText.Lower(asin), PageNodeKind.ProductLink));
        return Node(PageNodeKind.ProductLink, asin);
    }

    public PageBuilder Option(string name, string value)
    {
        _options.Add(new(value, PageNodeKind.Option, name));
        return Node(PageNodeKind.Option, value);
    }

    public ShopPage Build(bool hasSearchBar = false) => new([.. _nodes], [.. _buttons, .. _links, .. _options], hasSearchBar);

    // BeautifulSoup makes one newline or one blank of a text of blanks; the observation leaves the newline out.
    private PageBuilder Node(PageNodeKind kind, string text)
    {
        if (text.AsSpan().ContainsAnyExcept(" \n\t\f\r"))
        {
            _nodes.Add(new(kind, text));
        }
        else if (text.Length > 0 && !text.Contains('\n', StringComparison.Ordinal))
        {
            _nodes.Add(new(kind, " "));
        }

        return this;
    }
}

/// <summary>A button's text, and what a click names it by.</summary>
internal sealed record ShopButton(string Text)
{
    public static readonly ShopButton Search = new("Search");
    public static readonly ShopButton BackToSearch = new("Back to Search");
    public static readonly ShopButton Next = new("Next >");
    public static readonly ShopButton Previous = new("< Prev");
    public static readonly ShopButton Description = new("Description");
    public static readonly ShopButton Features = new("Features");
    public static readonly ShopButton Reviews = new("Reviews");
    public static readonly ShopButton Attributes = new("Attributes");
    public static readonly ShopButton BuyNow = new("Buy Now");

    /// <summary>Those that lead to a page of their own.</summary>
    public static readonly IReadOnlyList<ShopButton> SubPages = [Description, Features, Reviews, Attributes];

    public string Click { get; } = ShopText.Lower(Text);
}
