using RroDashboard.Environments.WebShop;

namespace RroDashboard.Environments.Tests.WebShop;

public sealed class PageObservationTests
{
    private const string Head = "Instruction: [SEP] i want a red shoe [SEP] Back to Search [SEP] < Prev";

    [Fact]
    public void Of_BlankBullets_AreEmptyPiecesAndThoseWithANewlineAreDropped()
    {
        var site = SmallShop.Site(SmallShop.Product("B000000001", "shoe", bullets: ["one ", "", " \n ", "\u00a0", "two"]));

        var page = site.Do(SmallShop.Open(), "search[shoe]", "click[b000000001]", "click[features]");

        Assert.Equal(Head + " [SEP] one [SEP]  [SEP]  [SEP] two", PageObservation.Of(page, ObservationMode.Text));
        Assert.EndsWith("\n[button] < Prev [button_]\n one \n \n \u00a0\n two\n", PageObservation.Of(page, ObservationMode.TextRich), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("  ", " [SEP] ")]
    [InlineData("\n", "")]
    [InlineData("a\nb ", " [SEP] a\nb")]
    public void Of_Description_EmptyIsNoPieceAndBlanksAreOne(string description, string expected)
    {
        var site = SmallShop.Site(SmallShop.Product("B000000001", "shoe", description: description));

        var page = site.Do(SmallShop.Open(), "search[shoe]", "click[b000000001]", "click[description]");

        Assert.Equal(Head + expected, PageObservation.Of(page, ObservationMode.Text));
    }

    [Fact]
    public void Of_RichItemPage_MarksWhatTheAddressQuotes()
    {
        var site = SmallShop.Site(SmallShop.Shoe);

        var page = site.Do(SmallShop.Open(), "search[shoe \"blue\"]", "click[b000000001]", "click[é]", "click[7]");

        Assert.Equal(
            """
            You have clicked 7.
            You have clicked blue.
            Instruction:
            i want a red shoe
            [button] Back to Search [button_]
            [button] < Prev [button_]
            Color
              [button] red [button_]
              [clicked button] blue [clicked button_]
              [button] é [button_]
            size
              [clicked button] 7 [clicked button_]
              [button] red [button_]
            Red Shoe
            Price: $12.5
            Rating: N.A.
            [button] Description [button_]
            [button] Features [button_]
            [button] Reviews [button_]
            [button] Buy Now [button_]

            """,
            PageObservation.Of(page, ObservationMode.TextRich));
    }

    [Fact]
    public void Of_RichResults_MarksVisitedProducts()
    {
        var site = SmallShop.Site(SmallShop.Shoe, SmallShop.Product("B000000002", "Shoe too"));

        var page = site.Do(SmallShop.Open(), "search[shoe]", "click[b000000001]", "click[< prev]");

        Assert.EndsWith(
            "\n\n[clicked button] B000000001 [clicked button_]\nRed Shoe\n$12.5\n\n[button] B000000002 [button_]\nShoe too\n$12.5\n",
            PageObservation.Of(page, ObservationMode.TextRich), StringComparison.Ordinal);
    }
}
