using System.Globalization;
using System.Text.RegularExpressions;
using RroDashboard.Environments.WebShop.Search;

namespace RroDashboard.Environments.WebShop.Training;

/// <summary>
/// The shop in few words, for a policy that learns language from nothing (learning.md 16.3): what a page shows that matters for the next action,
/// everything else left out. Marks in angle brackets are words of the environment, never of a product.
/// </summary>
public sealed partial class CompactText
{
    /// <summary>Result rows shown.</summary>
    public const int Rows = 10;

    private const int TitleWords = 4;
    private const int VocabularyWords = 1452;
    private const int CountedValues = 60;
    private const int ShownValues = 8;
    private const int ShownValueWords = 6;

    private static readonly int[] s_buckets = [10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 120, 150, 200, 300, 500, 1000, 9999];

    // Title words that are worth showing: the frequent words of the catalogue. A rare word would cost several tokens.
    private readonly HashSet<string> _frequent;

    /// <summary>Counts the words of a catalogue.</summary>
    public CompactText(IEnumerable<Product> products)
    {
        ArgumentNullException.ThrowIfNull(products);
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var product in products)
        {
            var values = product.Options.SelectMany(o => o.Values.Take(CountedValues).Prepend(o.Name));
            foreach (var word in ((string[])[product.Title, product.Query, .. product.Attributes, .. values]).SelectMany(Words).Where(w => w.Length > 1))
            {
                counts[word] = counts.GetValueOrDefault(word) + 1;
            }
        }

        _frequent = [.. counts.OrderByDescending(c => c.Value).ThenBy(c => c.Key, StringComparer.Ordinal).Take(VocabularyWords).Select(c => c.Key)];
    }

    /// <summary>The marks: they cannot be part of a query.</summary>
    public static IReadOnlyList<string> Marks { get; } =
    [
        "search[", "click[", "]", "<res>", "<item>", "<ok>", "<back>", "<inv>", "<none>", "<prev>", "<buy>",
        .. Enumerable.Range(1, Rows).Select(Row), .. s_buckets.Select(b => Bucket(b)), Bucket(double.PositiveInfinity),
    ];

    /// <summary>Words of a text: numbers, runs of letters and digits, and every other character by itself.</summary>
    public static IEnumerable<string> Words(string text) => Word().Matches(ShopText.Lower(text)).Select(m => m.Value);

    /// <summary>The instruction without what every instruction has, and the price cap as a bucket.</summary>
    public static string Instruction(Goal goal)
    {
        ArgumentNullException.ThrowIfNull(goal);
        return $"{ShopText.Lower(WithoutCap(goal.InstructionText))} {Bucket(goal.PriceUpper >= GoalSet.NoCap ? double.PositiveInfinity : goal.PriceUpper)}";
    }

    /// <summary>Without "Find me " and without ", and price lower than ...".</summary>
    public static string WithoutCap(string instruction)
    {
        const string Opening = "Find me ";
        ArgumentNullException.ThrowIfNull(instruction);
        var at = instruction.LastIndexOf(", and price lower than ", StringComparison.Ordinal);
        var text = at < 0 ? instruction : instruction[..at];
        return text.StartsWith(Opening, StringComparison.Ordinal) ? text[Opening.Length..] : text;
    }

    /// <summary>The mark of a result row, counted from 1.</summary>
    public static string Row(int number) => string.Create(CultureInfo.InvariantCulture, $"<b{number}>");

    /// <summary>The first ten hits: some title words, the price, the mark to click.</summary>
    public string Results(IReadOnlyList<Product> hits)
    {
        ArgumentNullException.ThrowIfNull(hits);
        return hits.Count == 0 ? "<res> <none>" : "<res> " + string.Join(' ', hits.Take(Rows).Select((p, i) => $"{Title(p)} {Bucket(p.Pricing[0])} {Row(i + 1)}"));
    }

    /// <summary>The options of an item. Of many values those are shown that share most words with what is wanted.</summary>
    public static string Item(Product product, Goal goal)
    {
        ArgumentNullException.ThrowIfNull(product);
        ArgumentNullException.ThrowIfNull(goal);
        if (product.Options.Count == 0)
        {
            return "<item> <none>";
        }

        var wanted = Words(goal.InstructionText).ToHashSet(StringComparer.Ordinal);
        return "<item> " + string.Join(' ', product.Options.Select(o => $"{o.Name}: {string.Join(", ", Shown(o.Values, wanted).Select(Cut))},"));
    }

    private string Title(Product product)
    {
        var words = Words(product.Title).Where(w => (w.Length > 1 || char.IsAsciiDigit(w[0])) && !EnglishAnalyser.IsStopWord(w)).ToList();
        var known = words.Where(_frequent.Contains).Take(TitleWords).ToList();
        return string.Join(' ', known.Count > 0 ? known : words.Take(TitleWords));
    }

    private static IEnumerable<string> Shown(IReadOnlyList<string> values, HashSet<string> wanted)
    {
        if (values.Count <= ShownValues)
        {
            return values;
        }

        double Share(string value) => Words(value).ToList() is { Count: > 0 } words ? words.Count(wanted.Contains) / (double)words.Count : 0;
        return values.Select((value, at) => (value, at)).OrderByDescending(v => Share(v.value)).ThenBy(v => v.at).Take(ShownValues).OrderBy(v => v.at).Select(v => v.value);
    }

    private static string Cut(string value) => Word().Matches(value) is { Count: > ShownValueWords } words
        ? value[..(words[ShownValueWords - 1].Index + words[ShownValueWords - 1].Length)] : value;

    private static string Bucket(double price) => double.IsPositiveInfinity(price)
        ? "<pnone>"
        : string.Create(CultureInfo.InvariantCulture, $"<p{s_buckets.FirstOrDefault(b => b >= price, s_buckets[^1])}>");

    [GeneratedRegex(@"[0-9]+\.[0-9]+|[a-z0-9]+(?:'[a-z]+)?|[^\sa-z0-9]", RegexOptions.CultureInvariant)]
    private static partial Regex Word();
}
