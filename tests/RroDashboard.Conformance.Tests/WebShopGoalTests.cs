using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using RroDashboard.Core.Plans;
using RroDashboard.Environments.InterCodeSql;
using RroDashboard.Environments.WebShop;
using Xunit.Abstractions;

namespace RroDashboard.Conformance.Tests;

/// <summary>Loading, prices and goals of WebShop (environments.md A7 and A8).</summary>
public sealed class WebShopGoalTests(ITestOutputHelper output)
{
    [GoldenFact("webshop_load.json")]
    public void Load() => Golden.Count(output, "webshop_load", Golden.Read("webshop_load.json").EnumerateArray(), item =>
    {
        var expected = item.GetProperty("expected");
        var wanted = expected.TryGetProperty("error", out var error) ? error.GetString() : null;
        try
        {
            var (products, _) = ProductLoader.Clean(item.GetProperty("items").EnumerateArray(), item.GetProperty("attributes"), null, "items");
            var prices = ProductLoader.Prices(products, new PythonRandom(1));
            if (wanted is not null)
            {
                return $"{item.GetProperty("tag")}: loaded, expected {wanted}";
            }

            var actual = JsonSerializer.Serialize(products.Select(Fields));
            var want = JsonSerializer.Serialize(expected.GetProperty("products").EnumerateArray().Select(Fields));
            var money = expected.GetProperty("product_prices_seed1").EnumerateObject().All(p => prices[p.Name].Equals(p.Value.GetDouble()));
            return actual == want && money ? null : $"{item.GetProperty("tag")}: expected {want}, got {actual}; prices {money}";
        }
        catch (PlanException e)
        {
            return wanted is null ? $"{item.GetProperty("tag")}: {e.Message}" : null;
        }
    });

    [GoldenFact("webshop_goals.json")]
    public void Goals() => Golden.Count(output, "webshop_goals", GoalCases(Golden.Read("webshop_goals.json")), c => c.Expected == c.Actual ? null : $"{c.Name}: expected {c.Expected}, got {c.Actual}");

    private static IEnumerable<(string Name, string Expected, string Actual)> GoalCases(JsonElement golden)
    {
        foreach (var kind in (string[])["synthetic", "human"])
        {
            var expected = golden.GetProperty(kind);
            var (set, prices) = Build(kind == "human", expected.GetProperty("seed_before_loading").GetInt64(), null, null);
            yield return ($"{kind} count", expected.GetProperty("count").GetRawText(), Text(set.Goals.Count));
            foreach (var (goal, i) in expected.GetProperty("first40").EnumerateArray().Select((g, i) => (g, i)))
            {
                yield return ($"{kind} goal {i}", Line(goal), Line(set.Goals[i]));
            }

            yield return ($"{kind} texts", expected.GetProperty("sha256_of_instruction_texts_joined_by_newline").GetString()!,
                Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', set.Goals.Select(g => g.InstructionText))))));
            yield return ($"{kind} weights", Text(expected.GetProperty("cum_weights_last").GetDouble()), Text(set.TotalWeight));
            foreach (var price in expected.GetProperty("two_price_products").EnumerateObject())
            {
                yield return ($"{kind} price {price.Name}", Text(price.Value.GetDouble()), Text(prices[price.Name]));
            }

            foreach (var index in expected.GetProperty("next_random_idx").EnumerateArray())
            {
                yield return ($"{kind} random_idx", index.GetRawText(), Text(set.RandomIndex()));
            }
        }

        var limited = golden.EnumerateObject().First(p => p.Name.StartsWith("synthetic_limit_goals", StringComparison.Ordinal));
        var few = Build(false, 4242, null, int.Parse(limited.Name.Split('_')[^1], CultureInfo.InvariantCulture)).Set;
        yield return (limited.Name, string.Join('\n', limited.Value.EnumerateArray().Select(t => t.GetString())), string.Join('\n', few.Goals.Select(g => g.InstructionText)));

        var small = golden.EnumerateObject().First(p => p.Name.StartsWith("synthetic_num_products", StringComparison.Ordinal));
        var part = Build(false, 4242, int.Parse(small.Name.Split('_')[^1], CultureInfo.InvariantCulture), null).Set;
        yield return (small.Name, small.Value.GetProperty("count").GetRawText(), Text(part.Goals.Count));
        yield return (small.Name, string.Join('\n', small.Value.GetProperty("first5").EnumerateArray().Select(t => t.GetString())), string.Join('\n', part.Goals.Take(5).Select(g => g.InstructionText)));
    }

    // The first observations that AgentGym published: the same goals in the same order; the caps of two-price products differ.
    [GoldenFact("webshop_real_agentgym_initial_observations.json")]
    public void AgentGymOrder()
    {
        var goals = Build(human: false, 4242, null, null).Set.Goals;
        Golden.Count(output, "webshop_real_agentgym_initial_observations", Recorded(Golden.Read("webshop_real_agentgym_initial_observations.json")), c =>
            c.Observation.Contains(WithoutCap(goals[c.Index].InstructionText), StringComparison.Ordinal) ? null : $"{c.Index}: {c.Observation} against {goals[c.Index].InstructionText}");
    }

    private static IEnumerable<(int Index, string Observation)> Recorded(JsonElement golden) => golden.ValueKind == JsonValueKind.Object
        ? golden.EnumerateObject().Where(p => int.TryParse(p.Name, CultureInfo.InvariantCulture, out _)).Select(p => (int.Parse(p.Name, CultureInfo.InvariantCulture), p.Value.GetString()!))
        : golden.EnumerateArray().Select(e => (e[0].GetInt32(), e[1].GetString()!));

    private static string WithoutCap(string instruction) => instruction.Split(", and price lower than")[0];

    internal static (GoalSet Set, IReadOnlyDictionary<string, double> Prices) Build(bool human, long seed, int? products, int? goals)
    {
        var (loaded, _) = ProductLoader.Load(
            Golden.DataPath("webshop", "items_shuffle_1000.json"), Golden.DataPath("webshop", "items_ins_v2_1000.json"),
            human ? Golden.DataPath("webshop", "items_human_ins_13.json") : null, products);
        var random = new PythonRandom(seed);
        var prices = ProductLoader.Prices(loaded, random);
        return (GoalSet.Build(loaded, prices, human, random, goals), prices);
    }

    private static object Fields(Product p) => new
    {
        p.Asin, p.Title, p.Description, p.Bullets, p.Pricing, p.PriceText, p.Attributes, p.MainImage, p.Query, p.Category, p.ProductCategory,
        Options = p.Options.Select(o => new { o.Name, o.Values }), Images = p.OptionToImage.OrderBy(i => i.Key, StringComparer.Ordinal),
    };

    private static object Fields(JsonElement p) => Fields(new Product
    {
        Asin = p.GetProperty("asin").GetString()!,
        Title = p.GetProperty("Title").GetString()!,
        Description = p.GetProperty("Description").GetString()!,
        Bullets = Texts(p.GetProperty("BulletPoints")),
        Pricing = [.. p.GetProperty("pricing").EnumerateArray().Take(2).Select(x => x.GetDouble())],
        PriceText = p.GetProperty("Price").GetString()!,
        Attributes = Texts(p.GetProperty("Attributes")),
        MainImage = p.GetProperty("MainImage").GetString()!,
        Query = p.GetProperty("query").GetString()!,
        Category = p.GetProperty("category").GetString()!,
        ProductCategory = p.GetProperty("product_category").GetString()!,
        Options = [.. p.GetProperty("options").EnumerateObject().Select(o => new ProductOption(o.Name, Texts(o.Value)))],
        OptionToImage = p.GetProperty("option_to_image").EnumerateObject().ToDictionary(i => i.Name, i => i.Value.GetString() ?? "", StringComparer.Ordinal),
    });

    private static string Line(Goal g) => string.Join(
        '|', g.Asin, g.Category, g.Query, g.Name, g.ProductCategory, g.InstructionText, string.Join(',', g.Attributes), Text(g.PriceUpper),
        string.Join(',', g.Options.Select(o => $"{o.Name}={o.Value}")), Text(g.Weight));

    private static string Line(JsonElement g) => string.Join(
        '|', g.GetProperty("asin").GetString(), g.GetProperty("category").GetString(), g.GetProperty("query").GetString(), g.GetProperty("name").GetString(),
        g.GetProperty("product_category").GetString(), g.GetProperty("instruction_text").GetString(), string.Join(',', Texts(g.GetProperty("attributes"))),
        Text(g.GetProperty("price_upper").GetDouble()),
        string.Join(',', g.GetProperty("goal_options") is { ValueKind: JsonValueKind.Object } named
            ? named.EnumerateObject().Select(o => $"{o.Name}={o.Value.GetString()}")
            : g.GetProperty("goal_options").EnumerateArray().Select(o => $"={o.GetString()}")),
        Text(g.GetProperty("weight").GetDouble()));

    private static string[] Texts(JsonElement array) => [.. array.EnumerateArray().Select(e => e.GetString()!)];

    private static string Text(IFormattable value) => value is double number ? PythonText.Of(number) : value.ToString(null, CultureInfo.InvariantCulture);
}
