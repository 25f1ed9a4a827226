using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using RroDashboard.Environments.WebShop;
using Xunit.Abstractions;

namespace RroDashboard.Conformance.Tests;

/// <summary>WebShop's reward and what it is made of (environments.md A9).</summary>
public sealed class WebShopRewardTests(ITestOutputHelper output)
{
    private static readonly ToyNouns s_nouns = new();

    [GoldenFact("webshop_fuzz.json")]
    public void Fuzz() => Golden.Count(output, "webshop_fuzz", Golden.Read("webshop_fuzz.json").EnumerateArray(), item =>
    {
        var actual = TokenSetRatio.Of(item.GetProperty("a").GetString()!, Text(item.GetProperty("b")));
        var expected = item.GetProperty("thefuzz_0_20_rapidfuzz").GetInt32();
        return actual == expected ? null : $"{item}: got {actual}";
    });

    [GoldenFact("webshop_normalize_color.json")]
    public void Colour() => Golden.Count(output, "webshop_normalize_color", Golden.Read("webshop_normalize_color.json").EnumerateArray(), item =>
        Colours.Normalise(item[0].GetString()!) == item[1].GetString() ? null : $"{item}: got {Colours.Normalise(item[0].GetString()!)}");

    [GoldenFact("webshop_reward.json")]
    public void Reward() => Golden.Count(output, "webshop_reward", Golden.Read("webshop_reward.json").EnumerateArray(), item =>
    {
        var expected = item.GetProperty("expected");
        PurchaseReward actual;
        try
        {
            var price = item.GetProperty("price");
            actual = WebShopReward.Score(
                ProductOf(item.GetProperty("product")), WebShopPageTests.GoalOf(item.GetProperty("goal")),
                price.ValueKind == JsonValueKind.Null ? double.NaN : price.GetDouble(),
                item.GetProperty("options").EnumerateObject().Select(o => o.Value.GetString()!), s_nouns);
        }
        catch (ArgumentException e)
        {
            return expected.TryGetProperty("error", out _) ? null : $"{item.GetProperty("id")}: {e.Message}";
        }

        if (!expected.TryGetProperty("info", out var info))
        {
            return $"{item.GetProperty("id")} {item.GetProperty("tag")}: expected {expected}, got {actual.Reward}";
        }

        (string Name, object? Value)[] fields =
        [
            ("r_type", actual.Type), ("r_att", actual.AttributeScore), ("w_att", actual.AttributeWeight), ("query_match", actual.QueryMatch), ("category_match", actual.CategoryMatch),
            ("title_score", actual.TitleScore), ("r_option", actual.OptionScore), ("w_option", actual.OptionWeight), ("r_price", actual.PriceMatch), ("w_price", actual.PriceWeight),
        ];
        var wrong = fields.Where(f => !Same(info, f.Name, f.Value)).Select(f => $"{f.Name} {f.Value}").ToList();
        if (!actual.Reward.Equals(expected.GetProperty("reward").GetDouble()))
        {
            wrong.Add(string.Create(CultureInfo.InvariantCulture, $"reward {actual.Reward:R}"));
        }

        return wrong.Count == 0 ? null : $"{item.GetProperty("id")} {item.GetProperty("tag")}: expected {expected}, got {string.Join(", ", wrong)}";
    });

    // Recorded purchases: the titles bought are not in the logs, so the parts that are have to give the reward that is.
    [GoldenFact("webshop_real_reward_logs.json")]
    public void RecordedRewards() => Golden.Count(output, "webshop_real_reward_logs", Golden.Read("webshop_real_reward_logs.json").EnumerateArray(), item =>
    {
        var (info, goal) = (item.GetProperty("reward_info"), item.GetProperty("goal"));
        double Number(string name) => info.TryGetProperty(name, out var value) ? value.ValueKind switch
        {
            JsonValueKind.True => 1,
            JsonValueKind.Number => value.GetDouble(),
            _ => 0,
        } : 0;
        var (attributes, options) = (goal.GetProperty("attributes").GetArrayLength(), WebShopPageTests.GoalOf(goal).Options.Count);
        var reward = Number("r_type") * ((Number("r_att") * attributes) + (Number("r_option") * options) + Number("r_price")) / (attributes + options + 1);
        return Math.Abs(reward - item.GetProperty("reward").GetDouble()) < 1e-9 ? null : $"{info}: {reward} against {item.GetProperty("reward")}";
    });

    internal static Product ProductOf(JsonElement p) => new()
    {
        Asin = p.TryGetProperty("asin", out var asin) ? asin.GetString()! : "",
        Title = p.GetProperty("Title").GetString()!,
        Name = p.GetProperty("name").GetString()!,
        Description = p.GetProperty("Description").GetString()!,
        // One of WebShop's own unit tests gives a text: Python then joins its characters.
        Bullets = p.GetProperty("BulletPoints") is { ValueKind: JsonValueKind.Array } bullets
            ? [.. bullets.EnumerateArray().Select(b => b.GetString()!)]
            : [.. p.GetProperty("BulletPoints").GetString()!.Select(c => c.ToString())],
        Pricing = [],
        PriceText = "",
        Options = [],
        Attributes = [.. p.GetProperty("Attributes").EnumerateArray().Select(b => b.GetString()!)],
        Category = "",
        Query = p.GetProperty("query").GetString()!,
        ProductCategory = p.GetProperty("product_category").GetString()!,
    };

    private static string Text(JsonElement value) => value.ValueKind == JsonValueKind.Array
        ? Environments.InterCodeSql.PythonText.Row([.. value.EnumerateArray().Select(v => Environments.InterCodeSql.PythonText.Of(v.GetString()))])
        : value.GetString()!;

    private static bool Same(JsonElement info, string name, object? value) => (info.TryGetProperty(name, out var expected) ? expected.ValueKind : JsonValueKind.Null) switch
    {
        JsonValueKind.Number => value is double number && number.Equals(expected.GetDouble()),
        JsonValueKind.True => value is true,
        JsonValueKind.False => value is false,
        _ => value is null,
    };
}

/// <summary>The toy rule T0 with which the golden rewards were made.</summary>
internal sealed partial class ToyNouns : INounExtractor
{
    private static readonly HashSet<string> s_not =
        new("a an and the of for with in on to by or from is are at as up off new best".Split(' '), StringComparer.Ordinal);

    public string Name => "T0";

    public IReadOnlyList<string> Nouns(string text) =>
        [.. Letters().Matches(text).Select(m => m.Value.ToLowerInvariant()).Where(w => w.Length > 2 && !s_not.Contains(w))];

    [GeneratedRegex("[A-Za-z]+")]
    private static partial Regex Letters();
}
