using RroDashboard.Web.Components.Exploration;

namespace RroDashboard.Web.Tests.Components;

public sealed class StepScreenTests
{
    [Fact]
    public void After_MiniShopEpisode_IsTheShopStepByStep()
    {
        var results = ShopScreen.Start.After("search[ red mug ]", "results iris scented gentle soap $60 b1 acme soap $45 b2")!;
        var item = results.After("click[ b1 ]", "item : scented gentle soap $60 ; color brown blue ; volume mini regular")!;
        var chosen = item.After("click[ blue ]", "ok blue")!;
        var refused = chosen.After("click[ b9 ]", "invalid")!;

        Assert.Equal("red mug", results.Query);
        Assert.Equal([new ShopRow("iris scented gentle soap", "$60", "b1"), new ShopRow("acme soap", "$45", "b2")], results.Rows);
        Assert.Equal(("scented gentle soap $60", "color", "volume"), (item.Item, item.Options[0].Name, item.Options[1].Name));
        Assert.Equal(["mini", "regular"], item.Options[1].Values);
        Assert.Equal(["blue"], chosen.Chosen);
        Assert.Contains("not possible", refused.Note, StringComparison.Ordinal);
        Assert.Null(chosen.After("click[ back ]", "results acme soap $45 b2")!.Item);
    }

    [Fact]
    public void After_WebShopEpisode_IsTheShopStepByStep()
    {
        var results = ShopScreen.Start.After("search[ shoes ]", "<res> women running shoes <p30> <b1> boots <pnone> <b2>")!;
        var item = results.After("click[ <b1> ]", "<item> size: 6, 7 wide, color: red, blue,")!;
        var back = item.After("click[ 7 wide ]", "<ok>")!.After("click[ <prev> ]", "<back>")!;

        Assert.Equal([new ShopRow("women running shoes", "up to $30", "<b1>"), new ShopRow("boots", "any price", "<b2>")], results.Rows);
        Assert.Equal(["6", "7 wide"], item.Options[0].Values);
        Assert.Equal("color", item.Options[1].Name);
        Assert.Null(back.Item);
        Assert.Equal(2, back.Rows!.Count);
        Assert.Empty(results.After("search[ x ]", "<res> <none>")!.Rows!);
    }

    [Fact]
    public void After_AnswerThatIsNoPage_IsNull() => Assert.Null(ShopScreen.Start.After("click[ b1 ]", "<b>bold</b> once upon a time"));

    [Fact]
    public void Parse_RowsOfPython_AreValues()
    {
        var rows = PythonRows.Parse("""[(1, 'it''s', None), (2, "a, (b) 'c'", datetime.date(2020, 1, 2)), (3,)]""");

        Assert.Equal([["1", "its", "None"], ["2", "a, (b) 'c'", "datetime.date(2020, 1, 2)"], ["3"]], rows!.Rows);
        Assert.False(rows.Cut);
    }

    [Theory]
    [InlineData("[]", 0, false)]
    [InlineData("[(1,), (2,), (3...", 2, true)]
    [InlineData("[(1, 'unfinished ...", 0, true)]
    public void Parse_EmptyOrCut_SaysSo(string text, int count, bool cut)
    {
        var rows = PythonRows.Parse(text)!;

        Assert.Equal((count, cut), (rows.Rows.Count, rows.Cut));
    }

    [Theory]
    [InlineData("None")]
    [InlineData("")]
    [InlineData("[(1,), oops]")]
    [InlineData("Error executing query: x")]
    public void Parse_SomethingElse_IsNull(string text) => Assert.Null(PythonRows.Parse(text));

    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("a\0b\u001B[31m\u007F", "a␀b␛[31m␡")]
    [InlineData("tab\tline\n", "tab\tline\n")]
    public void Of_ControlCharacters_AreSeen(string text, string expected) => Assert.Equal(expected, Visible.Of(text));

    [Fact]
    public void Of_HalfASurrogatePair_IsReplaced() => Assert.Equal("a\uFFFDb", Visible.Of("a\uD800b"));
}
