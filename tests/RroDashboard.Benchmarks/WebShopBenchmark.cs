using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using RroDashboard.Core.Statistics;
using RroDashboard.Environments.WebShop;
using RroDashboard.Environments.WebShop.Search;

namespace RroDashboard.Benchmarks;

/// <summary>WebShop on 1,000 and on 100,000 generated products: loading, indexing, searches, page steps, memory.</summary>
internal static class WebShopBenchmark
{
    private const int Searches = 2_000;
    private const int Episodes = 2_000;
    private const int Words = 20_000;
    private const int QueryWords = 8;

    private static readonly int[] s_sizes = [1_000, 100_000];

    public static Task<object> RunAsync(CancellationToken cancellationToken)
    {
        var results = new List<BenchmarkResult>();
        foreach (var size in s_sizes)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Measure(size, results);
        }

        return Task.FromResult<object>(new BenchmarkReport("webshop", [.. results]));
    }

    private static void Measure(int size, List<BenchmarkResult> results)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"{size:N0} products");
        var folder = Directory.CreateTempSubdirectory("rro-bench-");
        try
        {
            Write(folder.FullName, size);
            var before = GC.GetTotalMemory(forceFullCollection: true);
            var began = Stopwatch.GetTimestamp();
            var catalogue = Catalogue.Load(folder.FullName, seed: 1);
            results.Add(BenchmarkResult.Alone($"{name}, loading", "products/s", size / Stopwatch.GetElapsedTime(began).TotalSeconds));
            var loaded = GC.GetTotalMemory(forceFullCollection: true);
            results.Add(BenchmarkResult.Alone($"{name}, products and goals in memory", "MiB", (loaded - before) / 1048576.0));

            began = Stopwatch.GetTimestamp();
            var index = SearchIndex.Build(catalogue.Products);
            results.Add(BenchmarkResult.Alone($"{name}, indexing", "products/s", size / Stopwatch.GetElapsedTime(began).TotalSeconds));
            results.Add(BenchmarkResult.Alone($"{name}, search index in memory", "MiB", (GC.GetTotalMemory(forceFullCollection: true) - loaded) / 1048576.0));

            var random = new SeededRandom(2);
            var queries = Enumerable.Range(0, Searches).Select(_ => string.Join(' ', Enumerable.Range(0, QueryWords).Select(_ => Word(random)))).ToArray();
            index.Search(queries[0], ShopSite.MaxHits);
            began = Stopwatch.GetTimestamp();
            var hits = queries.Sum(q => index.Search(q, ShopSite.MaxHits).Count);
            results.Add(BenchmarkResult.Alone($"{name}, searches of {QueryWords} words, {hits / Searches} hits each", "searches/s", Searches / Stopwatch.GetElapsedTime(began).TotalSeconds));

            results.Add(BenchmarkResult.Alone($"{name}, page steps of whole episodes", "steps/s", Steps(catalogue, index, queries)));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    // Search, open, choose, read the features, go back, buy: a purchase with its reward, in text mode.
    private static double Steps(Catalogue catalogue, SearchIndex index, string[] queries)
    {
        var nouns = new TitleNouns();
        var site = new ShopSite(
            catalogue.Products, catalogue.Prices, index,
            (product, goal, price, options) => WebShopReward.Score(product, goal, price!.Value, options.Select(o => o.Value), nouns).Reward);
        var (steps, length) = (0, 0L);
        var began = Stopwatch.GetTimestamp();
        for (var episode = 0; episode < Episodes; episode++)
        {
            var goal = catalogue.Goals.Goals[episode % catalogue.Goals.Goals.Count];
            var session = ShopSession.Open("0", goal);
            Go($"search[{queries[episode % queries.Length]}]");
            var row = session.Page.Clickables.First(c => c.Kind == PageNodeKind.ProductLink);
            Go($"click[{row.Text}]");
            var option = catalogue[session.Asin!].Options[0].Values[0];
            Go($"click[{option}]");
            Go("click[features]");
            Go("click[< prev]");
            Go("click[buy now]");

            void Go(string action)
            {
                var step = site.Step(session, action);
                session = step.Acted ? step.Session : throw new InvalidOperationException($"{action} was not possible on {session.Url}");
                length += PageObservation.Of(session, ObservationMode.Text).Length;
                steps++;
            }
        }

        return length == 0 ? throw new InvalidOperationException("no page had text") : steps / Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    private static void Write(string folder, int size)
    {
        var random = new SeededRandom(1);
        using (var items = new Utf8JsonWriter(File.Create(Path.Combine(folder, "items_shuffle.json"))))
        {
            items.WriteStartArray();
            for (var i = 0; i < size; i++)
            {
                JsonSerializer.Serialize(items, new
                {
                    asin = Asin(i), name = Text(random, 12), full_description = Text(random, 60), pricing = string.Create(CultureInfo.InvariantCulture, $"${5 + random.Next(200)}.99"),
                    images = new[] { "x" }, product_category = $"{Word(random)} › {Word(random)}", small_description = new[] { Text(random, 15), Text(random, 15) },
                    customization_options = new { Color = Enumerable.Range(0, 4).Select(_ => new { value = Word(random) }) }, category = "garden", query = Text(random, 2),
                });
            }

            items.WriteEndArray();
        }

        using var attributes = new Utf8JsonWriter(File.Create(Path.Combine(folder, "items_ins_v2.json")));
        attributes.WriteStartObject();
        for (var i = 0; i < size; i++)
        {
            string[] mined = [Text(random, 2), Text(random, 2)];
            attributes.WritePropertyName(Asin(i));
            JsonSerializer.Serialize(attributes, new { attributes = mined, instruction = $"Find me {Text(random, 6)}", instruction_attributes = mined });
        }

        attributes.WriteEndObject();
    }

    private static string Asin(int i) => string.Create(CultureInfo.InvariantCulture, $"B{i:000000000}");

    private static string Text(SeededRandom random, int words) => string.Join(' ', Enumerable.Range(0, words).Select(_ => Word(random)));

    // Few frequent words and many rare ones, as in real text.
    private static string Word(SeededRandom random) => string.Create(CultureInfo.InvariantCulture, $"w{(int)Math.Pow(Words, random.NextDouble())}");
}
