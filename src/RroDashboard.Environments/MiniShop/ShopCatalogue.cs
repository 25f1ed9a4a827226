using RroDashboard.Core.Statistics;

namespace RroDashboard.Environments.MiniShop;

/// <summary>One product.</summary>
/// <param name="Number">0-based position in the catalogue.</param>
/// <param name="Department">Its department.</param>
/// <param name="Category">One of the department's four.</param>
/// <param name="Attributes">3 or 4; the first two are in the title, the others only on the item page.</param>
/// <param name="Brand">Only in the title.</param>
/// <param name="Price">Dollars, 10 to 100 in steps of 5.</param>
/// <param name="Colours">2 to 4 offered colours.</param>
/// <param name="OptionValues">2 or 3 offered values of the department's option, in canonical order.</param>
public sealed record ShopProduct(
    int Number,
    Department Department,
    string Category,
    IReadOnlyList<string> Attributes,
    string Brand,
    int Price,
    IReadOnlyList<string> Colours,
    IReadOnlyList<string> OptionValues)
{
    /// <summary>What the result page shows of it, without the row id.</summary>
    public string Title { get; } = $"{Brand} {Attributes[0]} {Attributes[1]} {Category} ${Price}";

    /// <summary>What the item page shows; the brand is not repeated.</summary>
    public string Page { get; } =
        $"item : {string.Join(' ', Attributes)} {Category} ${Price} ; color {string.Join(' ', Colours)} ; {Department.OptionName} {string.Join(' ', OptionValues)}";
}

/// <summary>The 320 products and the search over them (learning.md 2.2 and 2.5). Immutable; shared by all episodes.</summary>
public sealed class ShopCatalogue
{
    /// <summary>Every one of the 16 categories has 20.</summary>
    public const int Size = 320;

    /// <summary>Results kept of a search.</summary>
    public const int Hits = 15;

    private const double OptionWeight = 0.4;
    private const double Noise = 0.8;

    // Weight of every word of every product, and how many products carry it.
    private readonly Dictionary<string, Dictionary<int, double>> _carriers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _wordNumbers = new(StringComparer.Ordinal);
    private readonly long _seed;

    /// <summary>Generates the catalogue from a seed.</summary>
    public ShopCatalogue(long seed)
    {
        _seed = seed;
        var random = new SeededRandom(seed, 1);
        var categories = ShopWords.Departments.SelectMany(d => d.Categories.Select(c => (Department: d, Category: c))).ToArray();
        Products = [.. Enumerable.Range(0, Size).Select(i => Draw(random, i, categories[i % categories.Length].Department, categories[i % categories.Length].Category))];
        foreach (var product in Products)
        {
            Carry(product.Category, product, 1);
            Carry(product.Brand, product, 1);
            foreach (var attribute in product.Attributes)
            {
                Carry(attribute, product, 1);
            }

            foreach (var option in product.Colours.Concat(product.OptionValues))
            {
                Carry(option, product, OptionWeight);
            }
        }

        foreach (var word in _carriers.Keys.Order(StringComparer.Ordinal))
        {
            _wordNumbers[word] = _wordNumbers.Count;
        }
    }

    /// <summary>All products, by number.</summary>
    public IReadOnlyList<ShopProduct> Products { get; }

    /// <summary>
    /// The best 15 products for a set of words, hidden attributes included. Deterministic and imperfect: a pseudo-random number per
    /// product, seeded by the set, is added to the score, so that the best product is not always first and the order of the
    /// words does not matter.
    /// </summary>
    public IReadOnlyList<ShopProduct> Search(IEnumerable<string> words)
    {
        var query = words.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToArray();
        // Words that no product carries still decide the noise: another query is another list.
        var noise = new SeededRandom([_seed, 2, .. query.Select(w => _wordNumbers.TryGetValue(w, out var number) ? number : Hash(w))]);
        var scores = new double[Size];
        foreach (var word in query)
        {
            if (_carriers.TryGetValue(word, out var carriers))
            {
                var idf = Math.Log(1 + ((double)Size / carriers.Count));
                foreach (var (product, weight) in carriers)
                {
                    scores[product] += weight * idf;
                }
            }
        }

        for (var product = 0; product < Size; product++)
        {
            scores[product] += Noise * noise.NextDouble();
        }

        return [.. Products.OrderByDescending(p => scores[p.Number]).Take(Hits)];
    }

    private static ShopProduct Draw(SeededRandom random, int number, Department department, string category)
    {
        var attributes = Some(random, department.Attributes, random.Chance(1.0 / 3) ? 4 : 3);
        var brand = random.Pick(ShopWords.Brands);
        var price = 10 + (5 * random.Next(19));
        var colours = Some(random, ShopWords.Colours, 2 + random.Next(3));
        var values = Some(random, department.OptionValues, 2 + random.Next(2));
        return new ShopProduct(number, department, category, attributes, brand, price, colours, [.. department.OptionValues.Where(values.Contains)]);
    }

    private static string[] Some(SeededRandom random, IReadOnlyList<string> words, int count)
    {
        var all = words.ToArray();
        random.Shuffle<string>(all);
        return all[..count];
    }

    private void Carry(string word, ShopProduct product, double weight)
    {
        if (!_carriers.TryGetValue(word, out var carriers))
        {
            _carriers[word] = carriers = [];
        }

        carriers[product.Number] = weight;
    }

    // FNV-1a: string.GetHashCode differs from process to process.
    private static long Hash(string word)
    {
        var hash = 14695981039346656037UL;
        foreach (var c in word)
        {
            hash = unchecked((hash ^ c) * 1099511628211UL);
        }

        return unchecked((long)hash);
    }
}
