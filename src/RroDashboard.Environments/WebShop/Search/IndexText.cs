namespace RroDashboard.Environments.WebShop.Search;

/// <summary>What is indexed of a product (WebShop, search_engine/convert_product_file_format.py; environments.md A6).</summary>
public static class IndexText
{
    /// <summary>Title, description, first feature line and options, in lower case.</summary>
    public static string Of(Product product)
    {
        ArgumentNullException.ThrowIfNull(product);
        var options = string.Join(", and ", product.Options.Select(o => $"{o.Name}: {string.Join(", ", o.Values)}"));
        return ShopText.Lower(string.Join(' ', product.Title, product.Description, product.Bullets is [var first, ..] ? first : "", options));
    }
}
