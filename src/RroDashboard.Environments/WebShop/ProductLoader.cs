using System.Globalization;
using System.Text;
using System.Text.Json;
using RroDashboard.Core.Plans;
using RroDashboard.Environments.InterCodeSql;

namespace RroDashboard.Environments.WebShop;

/// <summary>What was left out while loading.</summary>
/// <param name="NoAsin">Records whose asin is "nan".</param>
/// <param name="LongAsin">Records whose asin has more than 10 characters.</param>
/// <param name="Repeated">Records whose asin was there before; the first one counts.</param>
public sealed record LoadSkips(int NoAsin, int LongAsin, int Repeated);

/// <summary>
/// Reads and cleans the WebShop files (environments.md A7; load_products in web_agent_site/engine/engine.py). Products are read one at a
/// time, so the size of the file does not matter beyond what is kept.
/// </summary>
public static class ProductLoader
{
    /// <summary>Longest asin that the original accepts.</summary>
    public const int LongestAsin = 10;

    /// <summary>The single attribute of a product that the attribute file does not know.</summary>
    public const string NoAttribute = "DUMMY_ATTR";

    private const double PriceOfUnpriced = 100.0;

    private static readonly JsonSerializerOptions s_json = new() { MaxDepth = 64 };

    /// <summary>Loads products in file order.</summary>
    /// <param name="itemsFile">items_shuffle*.json: an array of records.</param>
    /// <param name="attributesFile">items_ins_v2*.json: asin to attributes and synthetic instruction.</param>
    /// <param name="humanFile">items_human_ins*.json: asin to human instructions; null for synthetic instructions.</param>
    /// <param name="limit">Most records read, as the original's num_products; null for all.</param>
    /// <exception cref="PlanException">A file is missing or not as expected; the message says where.</exception>
    public static (IReadOnlyList<Product> Products, LoadSkips Skips) Load(string itemsFile, string attributesFile, string? humanFile = null, int? limit = null)
    {
        using var attributes = Parse(attributesFile);
        using var human = humanFile is null ? null : Parse(humanFile);
        using var stream = Open(itemsFile);
        return Clean(Records(stream, itemsFile), attributes.RootElement, human?.RootElement, itemsFile, limit);
    }

    /// <summary>Cleans records that were read already.</summary>
    /// <param name="records">Raw records.</param>
    /// <param name="attributes">Content of the attribute file.</param>
    /// <param name="human">Content of the human instruction file, or null.</param>
    /// <param name="file">Name for messages.</param>
    /// <param name="limit">Most records read.</param>
    /// <exception cref="PlanException">A record is not as expected.</exception>
    public static (IReadOnlyList<Product> Products, LoadSkips Skips) Clean(
        IEnumerable<JsonElement> records, JsonElement attributes, JsonElement? human, string file, int? limit = null)
    {
        ArgumentNullException.ThrowIfNull(records);
        // By name: looking one up in the document itself would read all that come before it.
        var mined = Entries(attributes);
        var written = human is { } instructions ? Entries(instructions) : null;
        var (noAsin, longAsin, repeated, number) = (0, 0, 0, 0);
        var products = new List<Product>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var record in records.Take(limit ?? int.MaxValue))
        {
            var place = $"{file}, product {++number}";
            var asin = Text(record, "asin", place);
            if (asin == "nan")
            {
                noAsin++;
            }
            else if (asin.EnumerateRunes().Count() > LongestAsin)
            {
                longAsin++;
            }
            else if (!seen.Add(asin))
            {
                repeated++;
            }
            else
            {
                products.Add(Clean(record, asin, mined, written, $"{place} ({asin})"));
            }
        }

        return (products, new LoadSkips(noAsin, longAsin, repeated));
    }

    /// <summary>
    /// The price that goals and the reward use: the only one, or a draw between the first two. The original draws unseeded; here the
    /// caller's generator decides.
    /// </summary>
    public static IReadOnlyDictionary<string, double> Prices(IEnumerable<Product> products, PythonRandom random)
    {
        ArgumentNullException.ThrowIfNull(products);
        ArgumentNullException.ThrowIfNull(random);
        return products.ToDictionary(
            p => p.Asin, p => p.Pricing.Count == 1 ? p.Pricing[0] : random.Uniform(p.Pricing[0], p.Pricing[1]), StringComparer.Ordinal);
    }

    private static Dictionary<string, JsonElement> Entries(JsonElement file)
    {
        var entries = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var entry in file.EnumerateObject())
        {
            entries[entry.Name] = entry.Value;
        }

        return entries;
    }

    private static Product Clean(JsonElement record, string asin, Dictionary<string, JsonElement> attributes, Dictionary<string, JsonElement>? human, string place)
    {
        var (pricing, priceText) = Pricing(record, place);
        var (options, images) = Options(record, place);
        var known = attributes.TryGetValue(asin, out var mined) ? mined : (JsonElement?)null;
        if (human is null && known is null)
        {
            throw new PlanException($"{place}: the attribute file has no entry for it, and without human instructions every product needs one.");
        }

        return new Product
        {
            Asin = asin,
            Title = Text(record, "name", place),
            Description = Text(record, "full_description", place),
            Bullets = Property(record, "small_description", place) is { ValueKind: JsonValueKind.Array } bullets
                ? Texts(bullets, "small_description", place)
                : [Text(record, "small_description", place)],
            Pricing = pricing,
            PriceText = priceText,
            Options = options,
            OptionToImage = images,
            Attributes = known?.TryGetProperty("attributes", out var list) == true ? Texts(list, "attributes", place) : [NoAttribute],
            Category = Text(record, "category", place),
            Query = ShopText.Strip(ShopText.Lower(Text(record, "query", place))),
            ProductCategory = Text(record, "product_category", place),
            MainImage = Property(record, "images", place) is { ValueKind: JsonValueKind.Array } pictures
                ? Texts(pictures, "images", place) is [var first, ..] ? first : throw new PlanException($"{place}: 'images' is empty; expected at least one.")
                : throw Wrong(place, "images", "an array of texts"),
            InstructionText = human is null && known is { } entry && entry.TryGetProperty("instruction", out var instruction) && instruction.ValueKind == JsonValueKind.String
                ? instruction.GetString() : null,
            InstructionAttributes = human is null && known is { } also && also.TryGetProperty("instruction_attributes", out var wanted) && wanted.ValueKind == JsonValueKind.Array
                ? Texts(wanted, "instruction_attributes", place) : null,
            HumanInstructions = human?.TryGetValue(asin, out var instructions) == true
                ? [.. instructions.EnumerateArray().Select(i => new HumanInstruction(
                    Text(i, "instruction", place), Texts(Property(i, "instruction_attributes", place), "instruction_attributes", place),
                    Texts(Property(i, "instruction_options", place), "instruction_options", place)))]
                : [],
        };
    }

    private static (IReadOnlyList<double> Prices, string Text) Pricing(JsonElement record, string place)
    {
        var text = record.TryGetProperty("pricing", out var pricing) && pricing.ValueKind != JsonValueKind.Null ? Text(record, "pricing", place) : "";
        if (text.Length == 0)
        {
            return ([PriceOfUnpriced], "$" + PythonText.Of(PriceOfUnpriced));
        }

        var pieces = text.Split('$')[1..];
        if (pieces.Length == 0)
        {
            throw new PlanException($"{place}: the pricing '{text}' has no dollar sign; expected for example \"$10.99\" or \"$10.99 - $18.99\".");
        }

        var prices = pieces.Select(piece =>
        {
            var digits = new string([.. piece.Where(c => char.IsDigit(c) || c == '.')]);
            return double.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var price)
                ? price
                : throw new PlanException($"{place}: the pricing '{text}' has a part that is no number; expected for example \"$10.99\" or \"$10.99 - $18.99\".");
        }).ToList();
        return prices.Count == 1
            ? (prices, "$" + PythonText.Of(prices[0]))
            : (prices[..2], $"${PythonText.Of(prices[0])} to ${PythonText.Of(prices[1])}");
    }

    private static (IReadOnlyList<ProductOption> Options, IReadOnlyDictionary<string, string> Images) Options(JsonElement record, string place)
    {
        var options = new List<ProductOption>();
        var images = new Dictionary<string, string>(StringComparer.Ordinal);
        var raw = Property(record, "customization_options", place);
        if (raw.ValueKind is JsonValueKind.Null or JsonValueKind.String or JsonValueKind.Array or JsonValueKind.False)
        {
            // "" and null stand for none; a filled text or list would fail in the original too.
            return raw.ValueKind == JsonValueKind.String && raw.GetString()!.Length > 0 ? throw Wrong(place, "customization_options", "an object, \"\" or null") : (options, images);
        }

        foreach (var option in raw.ValueKind == JsonValueKind.Object ? raw.EnumerateObject() : throw Wrong(place, "customization_options", "an object, \"\" or null"))
        {
            if (option.Value.ValueKind == JsonValueKind.Null)
            {
                continue;
            }

            var values = new List<string>();
            foreach (var content in option.Value.ValueKind == JsonValueKind.Array ? option.Value.EnumerateArray() : throw Wrong(place, $"customization_options.{option.Name}", "an array"))
            {
                var value = ShopText.Lower(ShopText.Strip(Text(content, "value", place)).Replace("/", " | ", StringComparison.Ordinal));
                values.Add(value);
                images[value] = content.TryGetProperty("image", out var image) && image.ValueKind == JsonValueKind.String ? image.GetString()! : "";
            }

            // A name that comes again replaces the values but keeps its place.
            var cleaned = new ProductOption(ShopText.Lower(option.Name), values);
            var at = options.FindIndex(o => o.Name == cleaned.Name);
            if (at < 0)
            {
                options.Add(cleaned);
            }
            else
            {
                options[at] = cleaned;
            }
        }

        return (options, images);
    }

    // ---- reading, with one clear sentence for what is wrong ---------------------------------------------------------------------

    private static IEnumerable<JsonElement> Records(FileStream stream, string file)
    {
        using var records = JsonSerializer.DeserializeAsyncEnumerable<JsonElement>(stream, s_json).ToBlockingEnumerable().GetEnumerator();
        for (var read = 0; ; read++)
        {
            try
            {
                if (!records.MoveNext())
                {
                    yield break;
                }
            }
            catch (JsonException e)
            {
                throw new PlanException(string.Create(
                    CultureInfo.InvariantCulture, $"{file}: broken JSON after product {read} (line {e.LineNumber + 1}, byte {e.BytePositionInLine} of it); expected an array of product records."));
            }

            yield return records.Current;
        }
    }

    private static JsonDocument Parse(string path)
    {
        using var stream = Open(path);
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(stream);
        }
        catch (JsonException e)
        {
            throw new PlanException(string.Create(CultureInfo.InvariantCulture, $"{path}: broken JSON at line {e.LineNumber + 1}, byte {e.BytePositionInLine} of it; expected an object with an entry per asin."));
        }

        if (document.RootElement.ValueKind != JsonValueKind.Object)
        {
            document.Dispose();
            throw new PlanException($"{path}: expected an object with an entry per asin.");
        }

        return document;
    }

    private static FileStream Open(string path)
    {
        try
        {
            return File.OpenRead(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new PlanException($"{path} cannot be read: {e.Message}");
        }
    }

    private static JsonElement Property(JsonElement record, string name, string place) =>
        record.ValueKind == JsonValueKind.Object && record.TryGetProperty(name, out var value)
            ? value
            : throw new PlanException($"{place}: the key '{name}' is missing.");

    private static string Text(JsonElement record, string name, string place) =>
        Property(record, name, place) is { ValueKind: JsonValueKind.String } value ? value.GetString()! : throw Wrong(place, name, "a text");

    private static string[] Texts(JsonElement array, string name, string place) =>
        array.ValueKind == JsonValueKind.Array && array.EnumerateArray().All(e => e.ValueKind == JsonValueKind.String)
            ? [.. array.EnumerateArray().Select(e => e.GetString()!)]
            : throw Wrong(place, name, "an array of texts");

    private static PlanException Wrong(string place, string name, string expected) => new($"{place}: '{name}' has the wrong type; expected {expected}.");
}
