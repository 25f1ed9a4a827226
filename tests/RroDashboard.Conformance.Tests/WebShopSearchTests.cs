using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using RroDashboard.Environments.WebShop;
using RroDashboard.Environments.WebShop.Search;
using Xunit.Abstractions;

namespace RroDashboard.Conformance.Tests;

/// <summary>What is indexed and what a search finds (environments.md A6).</summary>
public sealed class WebShopSearchTests(ITestOutputHelper output)
{
    private static readonly Lazy<IReadOnlyList<Product>> s_products = new(() => ProductLoader.Load(
        Golden.DataPath("webshop", "items_shuffle_1000.json"), Golden.DataPath("webshop", "items_ins_v2_1000.json")).Products);

    private static readonly Lazy<SearchIndex> s_index = new(() => SearchIndex.Build(s_products.Value));

    internal static IReadOnlyList<Product> Products => s_products.Value;

    internal static SearchIndex Index => s_index.Value;

    [GoldenFact("webshop_index_documents.json")]
    public void Documents()
    {
        var texts = s_products.Value.ToDictionary(p => p.Asin, IndexText.Of, StringComparer.Ordinal);
        Golden.Count(output, "webshop_index_documents", Golden.Read("webshop_index_documents.json").EnumerateObject(), item =>
            Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(texts[item.Name]))) == item.Value.GetProperty("sha256").GetString() ? null : $"{item.Name}: {texts[item.Name]}");
    }

    [GoldenFact("webshop_index_documents_first15.json")]
    public void FirstDocuments()
    {
        var texts = s_products.Value.ToDictionary(p => p.Asin, IndexText.Of, StringComparer.Ordinal);
        Golden.Count(output, "webshop_index_documents_first15", Golden.Read("webshop_index_documents_first15.json").EnumerateArray(), item =>
            texts[item.GetProperty("id").GetString()!] == item.GetProperty("contents").GetString() ? null : $"{item.GetProperty("id")}: {texts[item.GetProperty("id").GetString()!]}");
    }

    [GoldenFact("webshop_search.json")]
    public void Norms()
    {
        var golden = Golden.Read("webshop_search.json");
        var at = s_products.Value.Select((p, i) => (p.Asin, i)).ToDictionary(p => p.Asin, p => p.i, StringComparer.Ordinal);
        Golden.Count(output, "webshop_search, lengths", golden.GetProperty("doc_ids_in_index_order").EnumerateArray().Zip(golden.GetProperty("norms").EnumerateArray()), item =>
            s_index.Value.Norms[at[item.First.GetString()!]] == item.Second.GetInt32()
                ? null : $"{item.First}: expected {item.Second}, got {s_index.Value.Norms[at[item.First.GetString()!]]}");
        Assert.Equal(golden.GetProperty("docCount").GetInt32(), s_index.Value.Count);
        Assert.Equal(golden.GetProperty("sumTotalTermFreq").GetInt64(), s_index.Value.TotalTerms);
    }

    [GoldenFact("webshop_search.json")]
    public void Tokens() => Golden.Count(output, "webshop_search, tokens", Golden.Read("webshop_search.json").GetProperty("queries").EnumerateArray(), item =>
    {
        var actual = EnglishAnalyser.Terms(item.GetProperty("query").GetString()!).ToList();
        return actual.SequenceEqual(item.GetProperty("tokens").EnumerateArray().Select(t => t.GetString()!), StringComparer.Ordinal)
            ? null : $"{item.GetProperty("query")}: expected {item.GetProperty("tokens")}, got {string.Join(' ', actual)}";
    });

    [GoldenFact("webshop_search.json")]
    public void Hits() => Golden.Count(output, "webshop_search", Golden.Read("webshop_search.json").GetProperty("queries").EnumerateArray(), item =>
    {
        var actual = s_index.Value.Search(item.GetProperty("query").GetString()!, 50);
        var expected = item.GetProperty("hits").EnumerateArray().Select(h => (Asin: h[0].GetString()!, Score: h[1].GetSingle())).ToList();
        if (!actual.Select(h => h.Asin).SequenceEqual(expected.Select(h => h.Asin), StringComparer.Ordinal))
        {
            return $"{item.GetProperty("query")}: expected {string.Join(' ', expected.Take(10))}, got {string.Join(' ', actual.Take(10))}";
        }

        var wrong = actual.Zip(expected).FirstOrDefault(h => Math.Abs(h.First.Score - h.Second.Score) > 1e-4 * h.Second.Score);
        return wrong == default ? null : $"{item.GetProperty("query")}: {wrong}";
    });
}
