using System.Globalization;
using System.Text;
using RroDashboard.Core.Statistics;

namespace RroDashboard.Environments.WebShop;

/// <summary>Scores a purchase, 0 to 1.</summary>
/// <param name="product">What was bought.</param>
/// <param name="goal">What was to be bought.</param>
/// <param name="price">US dollars; null for a product without a price.</param>
/// <param name="options">What was clicked, in the order in which the option names were first clicked.</param>
public delegate double PurchaseScore(Product product, Goal goal, double? price, IReadOnlyList<ChosenOption> options);

/// <summary>What may differ between two sites with the same products.</summary>
/// <param name="ShowAttributes">Item pages have an "Attributes" button; the original's default is without.</param>
/// <param name="RandomSeed">Decides what the search words "&lt;r&gt;" find.</param>
public sealed record ShopSiteOptions(bool ShowAttributes = false, long RandomSeed = 0);

/// <summary>
/// The shop of WebShop (Yao et al., 2022; web_agent_site/envs/web_agent_text_env.py) as a page machine: a session and an
/// action give the next session (environments.md A1 to A5). Holds nothing that changes, so it may be used from several
/// threads if its search engine may. Departures: "&lt;r&gt;" finds products that follow from the seed and the words after it,
/// and where the original stops with an error the session stays usable.
/// </summary>
public sealed class ShopSite
{
    /// <summary>Address of the start page, without the session.</summary>
    public const string BaseUrl = "http://127.0.0.1:3000";

    /// <summary>Most results of an ordinary search, and of "&lt;r&gt;".</summary>
    public const int MaxHits = 50;

    private const string ResultsName = "search_results";
    private const string ItemName = "item_page";
    private const string SubPageName = "item_sub_page";
    private const string DoneName = "done";

    // Looked for in this order, anywhere in the address.
    private static readonly string[] s_pageNames = [ResultsName, ItemName, SubPageName, DoneName];

    private readonly List<Product> _products = [];
    private readonly Dictionary<string, Product> _byAsin = new(StringComparer.Ordinal);
    private readonly IReadOnlyDictionary<string, double> _prices;
    private readonly IProductSearch _search;
    private readonly PurchaseScore _score;
    private readonly ShopSiteOptions _options;

    /// <summary>A shop.</summary>
    /// <param name="products">In the order of the catalogue, which "&lt;c&gt;" and "&lt;q&gt;" keep.</param>
    /// <param name="prices">US dollars by asin; for a product with a price range, the price drawn from it.</param>
    /// <param name="search">What it finds and the shop does not have is left out.</param>
    /// <param name="score">Called once per purchase.</param>
    /// <param name="options">Null for the original's defaults.</param>
    /// <exception cref="ArgumentException">Two products have the same asin.</exception>
    public ShopSite(
        IEnumerable<Product> products, IReadOnlyDictionary<string, double> prices, IProductSearch search, PurchaseScore score,
        ShopSiteOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(products);
        ArgumentNullException.ThrowIfNull(prices);
        ArgumentNullException.ThrowIfNull(search);
        ArgumentNullException.ThrowIfNull(score);
        foreach (var product in products)
        {
            if (!_byAsin.TryAdd(product.Asin, product))
            {
                throw new ArgumentException($"two products have the asin '{product.Asin}'; each may be there once", nameof(products));
            }

            _products.Add(product);
        }

        _prices = prices;
        _search = search;
        _score = score;
        _options = options ?? new();
    }

    /// <summary>One action. What is not possible on the page changes nothing and is not an error.</summary>
    /// <exception cref="ShopException">The original stops here with an error.</exception>
    public ShopStep Step(ShopSession session, string action)
    {
        ArgumentNullException.ThrowIfNull(session);
        var (name, argument) = ShopAction.Parse(action);
        if (name == ShopAction.Search && argument is not null)
        {
            return Acted(Search(session, argument.Split(' ')));
        }

        if (name == ShopAction.Click && argument is not null && argument != ShopButton.Search.Click
            && session.Page.Find(argument) is { } target)
        {
            return Click(session, target);
        }

        return new(session, 0, Done: false, Acted: false);
    }

    private static ShopStep Acted(ShopSession session) => new(session, 0, Done: false, Acted: true);

    private static string PageName(string url) =>
        Array.Find(s_pageNames, name => url.Contains(name, StringComparison.Ordinal)) ?? "";

    private static string Join(IReadOnlyList<string> keywords) => string.Join('+', keywords);

    private static string Number(int? page) => page?.ToString(CultureInfo.InvariantCulture) ?? "None";

    // By text and in this order: an option value that reads like a button is taken for the button.
    private ShopStep Click(ShopSession session, Clickable target)
    {
        var text = target.Text;
        if (text == ShopButton.BuyNow.Click)
        {
            return Buy(session);
        }

        if (text == ShopButton.BackToSearch.Click)
        {
            return Acted(ShopSession.Open(session.Id, session.Goal));
        }

        var page = PageName(session.Url);
        if (page == ResultsName && text == ShopButton.Next.Click)
        {
            return Acted(Turn(session, session.PageNumber + 1));
        }

        if (text == ShopButton.Previous.Click)
        {
            switch (page)
            {
                case ResultsName:
                    return Acted(Turn(session, session.PageNumber - 1));
                case SubPageName:
                    return Acted(OpenItem(session, target));
                case ItemName:
                    return Acted(Turn(session, session.PageNumber));
                default:
                    break;
            }
        }

        foreach (var button in ShopButton.SubPages)
        {
            if (text == button.Click)
            {
                return Acted(OpenSubPage(session, button));
            }
        }

        return Acted(OpenItem(session, target));
    }

    private ShopSession Search(ShopSession session, string[] keywords) => ShowResults(session, keywords, Find(keywords), 1);

    // The original searches again; the same words find the same, so their results are kept instead.
    private static ShopSession Turn(ShopSession session, int? page) => ShowResults(
        session,
        session.Keywords ?? throw new ShopException("there was no search whose results could be shown", "AssertionError"),
        session.Hits,
        page ?? 1);

    private static ShopSession ShowResults(ShopSession session, IReadOnlyList<string> keywords, IReadOnlyList<Product> hits, int page) => session with
    {
        Keywords = keywords,
        PageNumber = page,
        Asin = null,
        Options = [],
        Hits = hits,
        View = ShopSession.ResultsView,
        Page = ShopPages.Results(session.Goal.InstructionText, hits, page),
        Url = $"{BaseUrl}/{ResultsName}/{session.Id}/{Join(keywords)}/{Number(page)}",
    };

    private ShopSession OpenItem(ShopSession session, Clickable target)
    {
        var (asin, visited, options) = (session.Asin, session.VisitedAsins, session.Options);
        if (target.Kind == PageNodeKind.ProductLink)
        {
            asin = target.Text.ToUpperInvariant();
            visited = visited.Add(asin);
        }
        else if (target.OptionName is { } name)
        {
            options = Choose(options, new(ShopText.Lower(name), target.Text));
        }

        var product = ProductOf(asin);
        return session with
        {
            Asin = asin,
            VisitedAsins = visited,
            Options = options,
            View = ShopSession.ItemView,
            Page = ShopPages.Item(session.Goal.InstructionText, product, _options.ShowAttributes),
            Url = $"{BaseUrl}/{ItemName}/{session.Id}/{asin}/{Join(session.Keywords ?? [])}/{Number(session.PageNumber)}/{ShopText.Json(options)}",
        };
    }

    private ShopSession OpenSubPage(ShopSession session, ShopButton which) => session with
    {
        View = which.Text,
        Page = ShopPages.SubPage(session.Goal.InstructionText, ProductOf(session.Asin), which),
        Url = $"{BaseUrl}/{SubPageName}/{session.Id}/{session.Asin}/{Join(session.Keywords ?? [])}/{Number(session.PageNumber)}/{which.Text}/{ShopText.Dictionary(session.Options)}",
    };

    private ShopStep Buy(ShopSession session)
    {
        var product = ProductOf(session.Asin);
        double? price = _prices.TryGetValue(product.Asin, out var known) ? known : null;
        var reward = _score(product, session.Goal, price, session.Options);
        var end = session with
        {
            View = ShopSession.DoneView,
            Page = ShopPages.End(product.Asin, session.Options, reward),
            Url = $"{BaseUrl}/{DoneName}/{session.Id}/{product.Asin}/{ShopText.Dictionary(session.Options)}",
        };
        return new(end, reward, Done: true, Acted: true);
    }

    // A dictionary of Python: a known name keeps its place.
    private static ChosenOption[] Choose(IReadOnlyList<ChosenOption> options, ChosenOption chosen) => options.Any(o => o.Name == chosen.Name)
        ? [.. options.Select(o => o.Name == chosen.Name ? chosen : o)]
        : [.. options, chosen];

    private Product ProductOf(string? asin) => asin is not null && _byAsin.TryGetValue(asin, out var product)
        ? product
        : throw new ShopException($"the shop has no product '{asin ?? "None"}'; an asin is looked up in capital letters", "KeyError");

    private IReadOnlyList<Product> Find(string[] keywords)
    {
        switch (keywords[0])
        {
            case "<r>":
                return RandomProducts(keywords);
            case "<a>":
                throw new ShopException("a search for '<a> ..' needs the attribute map, which the text environment does not have; search for words instead", "TypeError");
            case "<c>":
                var category = keywords.Length > 1
                    ? ShopText.Strip(keywords[1])
                    : throw new ShopException("a search for '<c>' needs a category after it, for example '<c> beauty'", "IndexError");
                return _products.FindAll(p => p.Category == category);
            case "<q>":
                var query = ShopText.Strip(string.Join(' ', keywords[1..]));
                return _products.FindAll(p => p.Query == query);
            default:
                var hits = new List<Product>(MaxHits);
                foreach (var hit in _search.Search(string.Join(' ', keywords), MaxHits))
                {
                    if (_byAsin.TryGetValue(hit.Asin, out var product))
                    {
                        hits.Add(product);
                    }
                }

                return hits;
        }
    }

    // The original draws anew each time, unseeded, even for the next page; an episode of ours has to replay.
    private Product[] RandomProducts(string[] keywords)
    {
        var bytes = Encoding.UTF8.GetBytes(string.Join(' ', keywords));
        var random = new SeededRandom([_options.RandomSeed, bytes.Length, .. bytes.Select(b => (long)b)]);
        Span<Product> shuffled = [.. _products];
        random.Shuffle(shuffled);
        return shuffled[..Math.Min(MaxHits, shuffled.Length)].ToArray();
    }
}
