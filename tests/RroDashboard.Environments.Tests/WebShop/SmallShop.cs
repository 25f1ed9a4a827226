using RroDashboard.Environments.WebShop;

namespace RroDashboard.Environments.Tests.WebShop;

/// <summary>A shop of a few products for cases worked out by hand. A search finds the products with its first word in their title.</summary>
internal static class SmallShop
{
    public const string Instruction = "i want a red shoe";

    public static Goal Goal { get; } = new()
    {
        Asin = "B000000001", Category = "fashion", Query = "shoes", Name = "Red Shoe", ProductCategory = "A › B", InstructionText = Instruction,
        Attributes = ["soft"], PriceUpper = 50, Options = [new(null, "red")], Weight = 1,
    };

    public static Product Shoe { get; } = Product("B000000001", "Red Shoe", [new("Color", ["red", "blue", "é"]), new("size", ["7", "red"])]);

    public static ShopSite Site(params Product[] products) => Site(new ShopSiteOptions(), products);

    public static ShopSite Site(ShopSiteOptions options, params Product[] products) => new(
        products, products.ToDictionary(p => p.Asin, _ => 12.5, StringComparer.Ordinal), new TitleSearch(products),
        (_, _, price, chosen) => price == 12.5 ? chosen.Count / 4.0 : -1, options);

    public static ShopSession Open() => ShopSession.Open("7", Goal);

    public static Product Product(string asin, string title, IReadOnlyList<ProductOption>? options = null, IReadOnlyList<string>? bullets = null, string description = "") => new()
    {
        Asin = asin, Title = title, Description = description, Bullets = bullets ?? [], Pricing = [12.5], PriceText = "$12.5", Options = options ?? [],
        Attributes = ["soft"], Category = "fashion", Query = "shoes", ProductCategory = "A › B",
    };

    public static ShopSession Do(this ShopSite site, ShopSession session, params string[] actions)
    {
        foreach (var action in actions)
        {
            var step = site.Step(session, action);
            Assert.True(step.Acted, $"'{action}' did nothing at {session.Url}");
            session = step.Session;
        }

        return session;
    }

    private sealed class TitleSearch(Product[] products) : IProductSearch
    {
        public IReadOnlyList<SearchHit> Search(string query, int count) =>
            [.. products.Where(p => p.Title.Contains(query.Split(' ')[0], StringComparison.OrdinalIgnoreCase)).Take(count).Select(p => new SearchHit(p.Asin, 1))];
    }
}
