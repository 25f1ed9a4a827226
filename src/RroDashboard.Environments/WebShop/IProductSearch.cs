namespace RroDashboard.Environments.WebShop;

/// <summary>One product found, with its BM25 score.</summary>
public readonly record struct SearchHit(string Asin, float Score);

/// <summary>The shop's search engine; the page machine and tests put their own behind this.</summary>
public interface IProductSearch
{
    /// <summary>Best first: score descending, then id ascending in byte order; at most <paramref name="count"/>.</summary>
    IReadOnlyList<SearchHit> Search(string query, int count);
}
