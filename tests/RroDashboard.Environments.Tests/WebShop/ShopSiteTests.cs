using RroDashboard.Environments.WebShop;

namespace RroDashboard.Environments.Tests.WebShop;

public sealed class ShopSiteTests
{
    private const string Base = "http://127.0.0.1:3000";

    [Fact]
    public void Open_NewSession_StartPage()
    {
        var session = SmallShop.Open();

        Assert.Equal($"{Base}/7", session.Url);
        Assert.True(session.Page.HasSearchBar);
        Assert.Equal([new("search", PageNodeKind.Button)], session.Page.Clickables);
        Assert.Equal("WebShop [SEP] Instruction: [SEP] i want a red shoe [SEP] Search", PageObservation.Of(session, ObservationMode.Text));
        Assert.Equal("Instruction: i want a red shoe", PageObservation.InstructionText(session));
    }

    [Theory]
    [InlineData("click[search]")]
    [InlineData("click[buy now]")]
    [InlineData("search[]")]
    [InlineData("Search[shoe]")]
    [InlineData("nonsense")]
    [InlineData("")]
    public void Step_NotPossibleHere_SameSession(string action)
    {
        var session = SmallShop.Open();

        var step = SmallShop.Site(SmallShop.Shoe).Step(session, action);

        Assert.Same(session, step.Session);
        Assert.False(step.Acted);
        Assert.False(step.Done);
        Assert.Equal(0, step.Reward);
    }

    [Fact]
    public void Step_WholeEpisode_AddressesAndReward()
    {
        var site = SmallShop.Site(SmallShop.Shoe);

        var item = site.Do(SmallShop.Open(), "search[Shoe cheap]", "click[B000000001]", "click[blue]", "click[é]", "click[7]");
        var end = site.Step(item, "click[Buy Now]");

        Assert.Equal($$"""{{Base}}/item_page/7/B000000001/shoe+cheap/1/{"color": "\u00e9", "size": "7"}""", item.Url);
        Assert.Equal(new("color", "é"), item.Options[0]);
        Assert.Equal((0.5, true), (end.Reward, end.Done));
        Assert.Equal($$"""{{Base}}/done/7/B000000001/{'color': 'é', 'size': '7'}""", end.Session.Url);
        Assert.Empty(end.Session.Page.Clickables);
        Assert.Contains("""options [SEP] {"color": "\u00e9", "size": "7"} [SEP] attrs""", PageObservation.Of(end.Session, ObservationMode.Text), StringComparison.Ordinal);
        Assert.Contains("max 1.0) [SEP] 0.5 [SEP] Reward Details [SEP] None", PageObservation.Of(end.Session, ObservationMode.Text), StringComparison.Ordinal);
        Assert.Equal($"{Base}/search_results/7/red/1", site.Do(end.Session, "search[red]").Url);
    }

    [Fact]
    public void Step_ValueInTwoOptions_BelongsToTheLaterOneAtTheEarlierPlace()
    {
        var site = SmallShop.Site(SmallShop.Shoe);

        var item = site.Do(SmallShop.Open(), "search[shoe]", "click[B000000001]", "click[red]");

        Assert.Equal(
            ["back to search", "< prev", "description", "features", "reviews", "buy now", "red", "blue", "é", "7"],
            item.Page.Clickables.Select(c => c.Text));
        Assert.Equal([new("size", "red")], item.Options);
    }

    [Fact]
    public void Step_OptionThatReadsLikeAButton_IsTakenForTheButton()
    {
        var site = SmallShop.Site(SmallShop.Product("B000000002", "Tool", [new("kind", ["attributes", "next >", "search"])]));
        var item = site.Do(SmallShop.Open(), "search[tool]", "click[b000000002]");

        Assert.StartsWith($"{Base}/item_sub_page/7/B000000002/tool/1/Attributes/", site.Do(item, "click[attributes]").Url, StringComparison.Ordinal);
        Assert.Equal([new("kind", "next >")], site.Do(item, "click[next >]").Options);
        Assert.False(site.Step(item, "click[search]").Acted);
    }

    [Fact]
    public void Step_PreviousFromSubPageAndItem_KeepsOptionsThenForgetsThem()
    {
        var site = SmallShop.Site(SmallShop.Shoe);

        var item = site.Do(SmallShop.Open(), "search[shoe]", "click[b000000001]", "click[blue]", "click[features]", "click[< prev]");
        var results = site.Do(item, "click[< prev]");

        Assert.Equal([new("color", "blue")], item.Options);
        Assert.Empty(results.Options);
        Assert.Null(results.Asin);
        Assert.Contains("B000000001", results.VisitedAsins);
        Assert.Empty(site.Do(results, "click[back to search]").VisitedAsins);
    }

    [Fact]
    public void Step_PagesWithoutEnd_GoOnEmptyAndBack()
    {
        Product[] products = [.. Enumerable.Range(0, 12).Select(i => SmallShop.Product($"B0000000{i:00}", $"shoe {i}"))];
        var site = SmallShop.Site(products);

        var third = site.Do(SmallShop.Open(), "search[shoe]", "click[next >]", "click[next >]");
        var second = site.Do(third, "click[< prev]");

        Assert.Equal(["back to search", "< prev", "next >"], third.Page.Clickables.Select(c => c.Text));
        Assert.Equal(["back to search", "< prev", "next >", "b000000010", "b000000011"], second.Page.Clickables.Select(c => c.Text));
        Assert.Contains("Page 2 (Total results: 12)", PageObservation.Of(second, ObservationMode.Text), StringComparison.Ordinal);
    }

    // The page is told from words anywhere in the address, and the address holds the keywords.
    [Fact]
    public void Step_PageNamesAsKeywords_ConfusePrevious()
    {
        var site = SmallShop.Site(SmallShop.Shoe);

        var zero = site.Do(SmallShop.Open(), "search[shoe search_results]", "click[b000000001]", "click[< prev]");
        var results = site.Do(SmallShop.Open(), "search[shoe item_page]", "click[b000000001]", "click[reviews]", "click[< prev]");

        Assert.Equal(0, zero.PageNumber);
        Assert.Equal(["back to search", "next >"], zero.Page.Clickables.Select(c => c.Text));
        Assert.Equal($"{Base}/search_results/7/shoe+item_page/1", results.Url);
    }

    [Fact]
    public void Step_SpecialFirstWords_CategoryAndQueryInCatalogueOrder()
    {
        var other = SmallShop.Product("B000000002", "Lamp") with { Category = "garden", Query = "lamps" };
        var site = SmallShop.Site(SmallShop.Shoe, other);

        Assert.Equal(["back to search", "next >", "b000000002"], site.Do(SmallShop.Open(), "search[<C> garden of eden]").Page.Clickables.Select(c => c.Text));
        Assert.Equal(["back to search", "next >", "b000000002"], site.Do(SmallShop.Open(), "search[<q>  lamps ]").Page.Clickables.Select(c => c.Text));
        Assert.Equal(["back to search", "next >"], site.Do(SmallShop.Open(), "search[ ]", "search[<q> lamps and more]").Page.Clickables.Select(c => c.Text));
    }

    [Fact]
    public void Step_RandomProducts_FollowFromSeedAndWords()
    {
        Product[] products = [.. Enumerable.Range(0, 80).Select(i => SmallShop.Product($"B0000000{i:00}", $"shoe {i}"))];

        string Found(long seed, string search)
        {
            var session = SmallShop.Site(new ShopSiteOptions(RandomSeed: seed), products).Do(SmallShop.Open(), search);
            return string.Join(' ', session.Page.Nodes.Skip(3).Select(n => n.Text));
        }

        Assert.StartsWith("Page 1 (Total results: 50)", Found(1, "search[<r>]"), StringComparison.Ordinal);
        Assert.Equal(Found(1, "search[<r>]"), Found(1, "search[<r>]"));
        Assert.NotEqual(Found(1, "search[<r>]"), Found(2, "search[<r>]"));
        Assert.NotEqual(Found(1, "search[<r>]"), Found(1, "search[<r> again]"));
    }

    [Theory]
    [InlineData("search[<a> soft]", "TypeError")]
    [InlineData("search[<c>]", "IndexError")]
    public void Step_WhereTheOriginalStops_SaysWhyAndGoesOn(string action, string error)
    {
        var site = SmallShop.Site(SmallShop.Shoe);
        var session = SmallShop.Open();

        var thrown = Assert.Throws<ShopException>(() => site.Step(session, action));

        Assert.Equal(error, thrown.OriginalError);
        Assert.Null(session.Keywords);
        Assert.True(site.Step(session, "search[shoe]").Acted);
    }

    [Fact]
    public void Step_AttributesShown_ButtonAndPage()
    {
        var site = SmallShop.Site(new ShopSiteOptions(ShowAttributes: true), SmallShop.Shoe);

        var page = site.Do(SmallShop.Open(), "search[shoe]", "click[b000000001]", "click[attributes]");

        Assert.Equal(
            "Instruction: [SEP] i want a red shoe [SEP] Back to Search [SEP] < Prev [SEP] soft [SEP] fashion [SEP] shoes [SEP] A › B",
            PageObservation.Of(page, ObservationMode.Text));
    }

    [Fact]
    public void Constructor_SameAsinTwice_Refused() =>
        Assert.Contains("B000000001", Assert.Throws<ArgumentException>(() => new ShopSite([SmallShop.Shoe, SmallShop.Shoe], new Dictionary<string, double>(StringComparer.Ordinal), new NoSearch(), (_, _, _, _) => 0)).Message, StringComparison.Ordinal);

    private sealed class NoSearch : IProductSearch
    {
        public IReadOnlyList<SearchHit> Search(string query, int count) => [];
    }
}
