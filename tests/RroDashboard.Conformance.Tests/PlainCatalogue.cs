using System.Globalization;
using System.Text;
using System.Text.Json;
using RroDashboard.Environments.InterCodeSql;
using RroDashboard.Environments.WebShop;

namespace RroDashboard.Conformance.Tests;

/// <summary>
/// The 1000 products, read by the shortest way that follows environments.md A7, so that the page cases do not depend on the
/// loader under test elsewhere. Prices come from the golden file.
/// </summary>
internal static class PlainCatalogue
{
    private static readonly Lazy<IReadOnlyList<Product>> s_products = new(Load);

    public static IReadOnlyList<Product> Products => s_products.Value;

    private static List<Product> Load()
    {
        using var attributes = Open("items_ins_v2_1000.json");
        using var items = Open("items_shuffle_1000.json");
        var products = new List<Product>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var item in items.RootElement.EnumerateArray())
        {
            var asin = item.GetProperty("asin").GetString()!;
            if (asin != "nan" && asin.Length <= 10 && seen.Add(asin))
            {
                products.Add(Read(item, asin, attributes.RootElement));
            }
        }

        return products;
    }

    private static Product Read(JsonElement item, string asin, JsonElement attributes)
    {
        var pricing = Pricing(item.GetProperty("pricing").GetString());
        var bullets = item.GetProperty("small_description");
        return new()
        {
            Asin = asin,
            Title = item.GetProperty("name").GetString()!,
            Description = item.GetProperty("full_description").GetString() ?? "",
            Bullets = bullets.ValueKind == JsonValueKind.Array
                ? [.. bullets.EnumerateArray().Select(b => b.GetString()!)]
                : [bullets.GetString()!],
            Pricing = pricing,
            PriceText = pricing.Count > 1
                ? $"${PythonText.Of(pricing[0])} to ${PythonText.Of(pricing[1])}"
                : $"${PythonText.Of(pricing.Count == 1 ? pricing[0] : 100.0)}",
            Options = Options(item.GetProperty("customization_options")),
            Attributes = attributes.TryGetProperty(asin, out var known) && known.TryGetProperty("attributes", out var list)
                ? [.. list.EnumerateArray().Select(a => a.GetString()!)]
                : ["DUMMY_ATTR"],
            Category = item.GetProperty("category").GetString()!,
            Query = item.GetProperty("query").GetString()!.ToLowerInvariant().Trim(),
            ProductCategory = item.GetProperty("product_category").GetString()!,
        };
    }

    private static List<double> Pricing(string? text) => string.IsNullOrEmpty(text)
        ? []
        : [.. text.Split('$').Skip(1).Take(2).Select(piece => double.Parse(Digits(piece), CultureInfo.InvariantCulture))];

    private static string Digits(string piece) =>
        piece.Where(c => char.IsAsciiDigit(c) || c == '.').Aggregate(new StringBuilder(), (text, c) => text.Append(c)).ToString();

    private static List<ProductOption> Options(JsonElement options)
    {
        var result = new List<ProductOption>();
        if (options.ValueKind != JsonValueKind.Object)
        {
            return result;
        }

        foreach (var option in options.EnumerateObject().Where(o => o.Value.ValueKind == JsonValueKind.Array))
        {
            var read = new ProductOption(
                option.Name.ToLowerInvariant(),
                [.. option.Value.EnumerateArray().Select(v => v.GetProperty("value").GetString()!
                    .Trim().Replace("/", " | ", StringComparison.Ordinal).ToLowerInvariant())]);
            var same = result.FindIndex(o => o.Name == read.Name);
            if (same < 0)
            {
                result.Add(read);
            }
            else
            {
                result[same] = read;
            }
        }

        return result;
    }

    private static JsonDocument Open(string file)
    {
        using var stream = File.OpenRead(Golden.DataPath("webshop", file));
        return JsonDocument.Parse(stream);
    }
}
