using RroDashboard.Core.Rewards;

namespace RroDashboard.Environments.WebShop;

/// <summary>How a wanted attribute was found.</summary>
/// <param name="Wanted">The goal's attribute.</param>
/// <param name="MatchedBy">The product's attribute, or "title", "features", "description"; null when it was not found.</param>
/// <param name="Ratio">Likeness to the product's attribute, 0 to 100; null for a substring or none.</param>
public sealed record AttributeMatch(string Wanted, string? MatchedBy, int? Ratio);

/// <summary>How a wanted option was found.</summary>
/// <param name="Wanted">The goal's option.</param>
/// <param name="MatchedBy">The chosen value; null when none fits.</param>
/// <param name="Ratio">Likeness of the best chosen value tried, 0 to 100; null when nothing was chosen.</param>
public sealed record OptionMatch(GoalOption Wanted, string? MatchedBy, int? Ratio);

/// <summary>The reward of a purchase and how it came about (environments.md A9).</summary>
/// <param name="Reward">0 to 1, not rounded.</param>
/// <param name="Type">r_type: 1, 0.5, 0.1 or 0.</param>
/// <param name="QueryMatch">Both products were collected under the same search phrase.</param>
/// <param name="CategoryMatch">Their category paths share at least two levels.</param>
/// <param name="TitleScore">Share of the wanted product's nouns that the bought one's name has.</param>
/// <param name="Attributes">One entry per wanted attribute.</param>
/// <param name="Options">One entry per wanted option.</param>
/// <param name="Price">US dollars paid.</param>
/// <param name="PriceUpper">The goal's cap.</param>
public sealed record PurchaseReward(
    double Reward,
    double Type,
    bool QueryMatch,
    bool CategoryMatch,
    double TitleScore,
    IReadOnlyList<AttributeMatch> Attributes,
    IReadOnlyList<OptionMatch> Options,
    double Price,
    double PriceUpper)
{
    /// <summary>r_att: share of wanted attributes found.</summary>
    public double AttributeScore => (double)Attributes.Count(a => a.MatchedBy is not null) / Attributes.Count;

    /// <summary>r_option: share of wanted options found; null when none is wanted.</summary>
    public double? OptionScore => Options.Count == 0 ? null : (double)Options.Count(o => o.MatchedBy is not null) / Options.Count;

    /// <summary>r_price: within the cap.</summary>
    public bool PriceMatch => Price <= PriceUpper;

    /// <summary>w_att.</summary>
    public double AttributeWeight => (double)Attributes.Count / Parts;

    /// <summary>w_option; null when no option is wanted.</summary>
    public double? OptionWeight => Options.Count == 0 ? null : (double)Options.Count / Parts;

    /// <summary>w_price.</summary>
    public double PriceWeight => 1.0 / Parts;

    /// <summary>The same for people.</summary>
    public IReadOnlyList<RewardPart> Explain() =>
    [
        new("kind of product", "same search, category or name", Kind(), Type == 1),
        .. Attributes.Select(a => new RewardPart("attribute", a.Wanted, a.MatchedBy is null ? "" : a.Ratio is { } ratio ? FormattableString.Invariant($"{a.MatchedBy} ({ratio} % alike)") : $"in the {a.MatchedBy}", a.MatchedBy is not null)),
        .. Options.Select(o => new RewardPart("option", o.Wanted.Name is null ? o.Wanted.Value : $"{o.Wanted.Name}: {o.Wanted.Value}", o.MatchedBy ?? "", o.MatchedBy is not null)),
        new("price", PriceUpper >= GoalSet.NoCap ? "any" : FormattableString.Invariant($"at most ${PriceUpper:0.00}"), FormattableString.Invariant($"${Price:0.00}"), PriceMatch),
    ];

    private string Kind() => FormattableString.Invariant(
        $"search {(QueryMatch ? "the same" : "another")}, category {(CategoryMatch ? "shared" : "another")}, {TitleScore:P0} of the name's nouns: factor {Type:0.0}");

    private int Parts => Attributes.Count + Options.Count + 1;
}

/// <summary>
/// WebShop's reward (Yao et al., 2022, section 3.2; web_agent_site/engine/goal.py get_reward):
/// <code>r = r_type * (attributes found + options found + price within cap) / (attributes + options + 1)</code>
/// </summary>
public static class WebShopReward
{
    private const int MatchAbove = 85;
    private const double TitleOfNameless = 0.2;

    /// <summary>Scores a purchase.</summary>
    /// <param name="bought">The product bought.</param>
    /// <param name="goal">What was wanted.</param>
    /// <param name="price">US dollars.</param>
    /// <param name="chosen">Values clicked, one per option name.</param>
    /// <param name="nouns">Finds nouns of names for the title score.</param>
    /// <exception cref="ArgumentException">The cap is not positive, or no attribute is wanted; no goal that was built is like that.</exception>
    public static PurchaseReward Score(Product bought, Goal goal, double price, IEnumerable<string> chosen, INounExtractor nouns)
    {
        ArgumentNullException.ThrowIfNull(bought);
        ArgumentNullException.ThrowIfNull(goal);
        ArgumentNullException.ThrowIfNull(nouns);
        if (!(goal.PriceUpper > 0))
        {
            throw new ArgumentException($"The price cap of a goal has to be above 0, not {goal.PriceUpper}.", nameof(goal));
        }

        if (goal.Attributes.Count == 0)
        {
            throw new ArgumentException("A goal has to name at least one attribute.", nameof(goal));
        }

        var (type, queryMatch, categoryMatch, titleScore) = TypeOf(bought, goal, nouns);
        var attributes = goal.Attributes.Select(a => Find(a, bought)).ToArray();
        var values = chosen.ToArray();
        var options = goal.Options.Select(o => Find(o, values)).ToArray();
        var found = attributes.Count(a => a.MatchedBy is not null) + options.Count(o => o.MatchedBy is not null) + (price <= goal.PriceUpper ? 1 : 0);
        var reward = (double)found / (attributes.Length + options.Length + 1) * type;
        return new PurchaseReward(reward, type, queryMatch, categoryMatch, titleScore, attributes, options, price, goal.PriceUpper);
    }

    private static (double Type, bool Query, bool Category, double Title) TypeOf(Product bought, Goal goal, INounExtractor nouns)
    {
        var query = bought.Query == goal.Query;
        var category = Levels(bought.ProductCategory).Intersect(Levels(goal.ProductCategory), StringComparer.Ordinal).Count() >= 2;
        var wanted = nouns.Nouns(goal.Name);
        var title = wanted.Count == 0
            ? TitleOfNameless
            : (double)nouns.Nouns(bought.Name).Intersect(wanted, StringComparer.Ordinal).Count() / wanted.Count;

        // In this order: a title without a common noun undoes a match of query or category.
        var type = query || category || title > 0.2 ? 1.0 : 0.5;
        type = title < 0.1 ? 0.1 : type;
        type = title == 0 ? 0 : type;
        return (type, query, category, title);
    }

    private static IEnumerable<string> Levels(string category) => category.Split('›').Select(ShopText.Strip);

    private static AttributeMatch Find(string wanted, Product bought)
    {
        foreach (var attribute in bought.Attributes)
        {
            if (TokenSetRatio.Of(attribute, wanted) is > MatchAbove and var ratio)
            {
                return new(wanted, attribute, ratio);
            }
        }

        var place = ShopText.Lower(bought.Title).Contains(wanted, StringComparison.Ordinal) ? "title"
            : ShopText.Lower(string.Join(' ', bought.Bullets)).Contains(wanted, StringComparison.Ordinal) ? "features"
            : ShopText.Lower(bought.Description).Contains(wanted, StringComparison.Ordinal) ? "description" : null;
        return new(wanted, place, null);
    }

    private static OptionMatch Find(GoalOption wanted, string[] chosen)
    {
        var text = Colours.Normalise(wanted);
        int? best = null;
        foreach (var value in chosen)
        {
            var ratio = TokenSetRatio.Of(Colours.Normalise(value), text);
            if (ratio > MatchAbove)
            {
                return new(wanted, value, ratio);
            }

            best = Math.Max(best ?? 0, ratio);
        }

        return new(wanted, null, best);
    }
}
