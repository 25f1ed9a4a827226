using System.Globalization;
using RroDashboard.Environments.InterCodeSql;

namespace RroDashboard.Environments.WebShop;

/// <summary>The pages, node by node (environments.md A5).</summary>
internal static class ShopPages
{
    public const int ProductsPerPage = 10;

    // The original names a file of reviews and never reads it, so every product shows this.
    private const string NoRating = "N.A.";
    private const string None = "None";

    public static ShopPage Start(string instruction) => new PageBuilder()
        .Text("WebShop")
        .Text("Instruction: ")
        .Text(instruction)
        .Button(ShopButton.Search)
        .Build(hasSearchBar: true);

    public static ShopPage Results(string instruction, IReadOnlyList<Product> hits, int page)
    {
        var builder = Head(instruction).Text(string.Create(CultureInfo.InvariantCulture, $"Page {page} (Total results: {hits.Count})"));
        if (page > 1)
        {
            builder.Button(ShopButton.Previous);
        }

        builder.Button(ShopButton.Next);
        var end = SliceIndex((long)page * ProductsPerPage, hits.Count);
        for (var i = SliceIndex(((long)page - 1) * ProductsPerPage, hits.Count); i < end; i++)
        {
            builder.ProductLink(hits[i].Asin).Text(hits[i].Title).Text(hits[i].PriceText);
        }

        return builder.Build();
    }

    public static ShopPage Item(string instruction, Product product, bool showAttributes)
    {
        var builder = Head(instruction).Button(ShopButton.Previous);
        foreach (var option in product.Options)
        {
            builder.Text(option.Name);
            foreach (var value in option.Values)
            {
                builder.Option(option.Name, value);
            }
        }

        builder.Text(product.Title)
            .Text("Price: " + product.PriceText)
            .Text("Rating: " + NoRating)
            .Button(ShopButton.Description)
            .Button(ShopButton.Features)
            .Button(ShopButton.Reviews);
        if (showAttributes)
        {
            builder.Button(ShopButton.Attributes);
        }

        return builder.Button(ShopButton.BuyNow).Build();
    }

    public static ShopPage SubPage(string instruction, Product product, ShopButton which)
    {
        var builder = Head(instruction).Button(ShopButton.Previous);
        if (which == ShopButton.Description)
        {
            builder.Text(product.Description);
        }
        else if (which == ShopButton.Features)
        {
            AddList(builder, product.Bullets);
        }
        else if (which == ShopButton.Attributes)
        {
            AddList(builder, product.Attributes);
            builder.Text(product.Category).Text(product.Query).Text(product.ProductCategory);
        }

        return builder.Build();
    }

    // What was wanted is left blank on this page of the original, so only what was bought and the score say anything.
    public static ShopPage End(string asin, IReadOnlyList<ChosenOption> options, double reward) => new PageBuilder()
        .Text("Thank you for shopping with us!")
        .Text("Your code: ").Preformatted(None).Text(" (Paste it in your MTurk interface.)")
        .Text("Purchased")
        .Text("asin").Preformatted(asin)
        .Text("options").Preformatted(ShopText.HtmlJson(options))
        .Text("attrs").Preformatted(None)
        .Text("category").Preformatted(None)
        .Text("query").Preformatted(None)
        .Text("product category").Preformatted(None)
        .Text("Target")
        .Text("asin").Text("options").Text("attrs").Text("price upper").Text("instuction text")
        .Text("category").Text("product category").Text("query")
        .Text("Goal ").Preformatted(None)
        .Text("Reward")
        .Text("Your score (min 0.0, max 1.0)").Preformatted(PythonText.Of(reward))
        .Text("Reward Details ").Preformatted(None)
        .Build();

    private static PageBuilder Head(string instruction) => new PageBuilder()
        .Text("Instruction:")
        .Text(instruction)
        .Button(ShopButton.BackToSearch);

    private static void AddList(PageBuilder builder, IReadOnlyList<string> items)
    {
        foreach (var item in items)
        {
            builder.Text(" " + item);
        }
    }

    // Python's list[start:stop]; page 0, which can be reached, counts from the end.
    private static int SliceIndex(long index, int count) =>
        (int)(index < 0 ? Math.Max(index + count, 0) : Math.Min(index, count));
}
