using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using RroDashboard.Core.Plans;

namespace RroDashboard.Environments.WebShop;

/// <summary>The files of a WebShop data folder, loaded: products, prices, goals.</summary>
public sealed class Catalogue
{
    private readonly Dictionary<string, Product> _byAsin;

    private Catalogue(IReadOnlyList<Product> products, LoadSkips skips, IReadOnlyDictionary<string, double> prices, GoalSet goals, string hash)
    {
        (Products, Skips, Prices, Goals, ContentHash) = (products, skips, prices, goals, hash);
        _byAsin = products.ToDictionary(p => p.Asin, StringComparer.Ordinal);
    }

    /// <summary>Products in file order.</summary>
    public IReadOnlyList<Product> Products { get; }

    /// <summary>Records left out.</summary>
    public LoadSkips Skips { get; }

    /// <summary>US dollars, for caps and rewards.</summary>
    public IReadOnlyDictionary<string, double> Prices { get; }

    /// <summary>Goals in the original's order.</summary>
    public GoalSet Goals { get; }

    /// <summary>SHA-256 of the files and the seed, hex.</summary>
    public string ContentHash { get; }

    /// <summary>A product by its id.</summary>
    public Product this[string asin] => _byAsin[asin];

    /// <summary>Loads a folder: items_shuffle*.json, items_ins_v2*.json and, for human goals, items_human_ins*.json.</summary>
    /// <param name="folder">Where the files are.</param>
    /// <param name="seed">Of prices and price caps, which the original draws unseeded.</param>
    /// <param name="human">Goals that people wrote instead of synthetic ones.</param>
    /// <param name="limit">Most products read; null for all.</param>
    /// <exception cref="PlanException">A file is missing, there are several to choose from, or its content is not as expected.</exception>
    public static Catalogue Load(string folder, long seed, bool human = false, int? limit = null)
    {
        if (string.IsNullOrWhiteSpace(folder) || !Directory.Exists(folder))
        {
            throw new PlanException($"WebShop needs its data folder (Environment.DataFolder, --data): '{folder}' does not exist. It holds items_shuffle*.json and items_ins_v2*.json.");
        }

        string[] files = [Find(folder, "items_shuffle"), Find(folder, "items_ins_v2"), .. human ? [Find(folder, "items_human_ins")] : Array.Empty<string>()];
        var (products, skips) = ProductLoader.Load(files[0], files[1], human ? files[2] : null, limit);
        var random = new PythonRandom(seed);
        var prices = ProductLoader.Prices(products, random);
        var goals = GoalSet.Build(products, prices, human, random);
        if (goals.Goals.Count == 0)
        {
            throw new PlanException($"{folder}: no product of {Path.GetFileName(files[0])} has an instruction in {Path.GetFileName(files[^1])}, so there is no goal.");
        }

        return new Catalogue(products, skips, prices, goals, Hash(files, seed, limit));
    }

    // The plain name wins ("items_shuffle.json", the full set); otherwise there has to be exactly one.
    private static string Find(string folder, string stem)
    {
        var plain = Path.Combine(folder, stem + ".json");
        if (File.Exists(plain))
        {
            return plain;
        }

        var found = Directory.GetFiles(folder, stem + "*.json").Order(StringComparer.Ordinal).ToArray();
        return found switch
        {
            [var only] => only,
            [] => throw new PlanException($"{folder} has no {stem}*.json."),
            _ => throw new PlanException($"{folder} has several {stem}*.json: {string.Join(", ", found.Select(Path.GetFileName))}. Keep one of them, or name the one to use {stem}.json."),
        };
    }

    private static string Hash(string[] files, long seed, int? limit)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"WebShop 1 {seed} {limit}\n")));
        foreach (var file in files)
        {
            using var stream = File.OpenRead(file);
            hash.AppendData(SHA256.HashData(stream));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
