using RroDashboard.Environments.WebShop;

namespace RroDashboard.Environments.Tests.WebShop;

public sealed class ShopActionTests
{
    [Theory]
    [InlineData("search[shoes]", "search", "shoes")]
    [InlineData("search[Red SHOES]", "search", "red shoes")]
    [InlineData("search[shoes] and more", "search", "shoes")]
    [InlineData("search[ ]", "search", " ")]
    [InlineData("click[< Prev]  ", "click", "< prev")]
    [InlineData("click[ next >]", "click", " next >")]
    [InlineData("Search[x]", "Search", "x")]
    [InlineData(" search[x]", " search", "x")]
    [InlineData("search[x]\nclick[y]", "search", "x")]
    [InlineData("search[a] [b]", "search[a] ", "b")]
    [InlineData("search[a][b]", "search[a]", "b")]
    [InlineData("search[a]]", "search", "a]")]
    [InlineData("search[[a]", "search[", "a")]
    [InlineData("search[x[]", "search", "x[")]
    [InlineData("search[]]", "search", "]")]
    [InlineData("[[a]", "[", "a")]
    public void Parse_BracketsOnTheFirstLine_LastPairThatHoldsSomething(string action, string name, string argument) =>
        Assert.Equal(new(name, argument), ShopAction.Parse(action));

    [Theory]
    [InlineData("")]
    [InlineData("search")]
    [InlineData("search[]")]
    [InlineData("search[x")]
    [InlineData("search x]")]
    [InlineData("[x]")]
    [InlineData("]x[")]
    [InlineData("\nsearch[x]")]
    [InlineData("search[two\nlines]")]
    [InlineData("search\n[x]")]
    public void Parse_NoBrackets_WholeTextAndNoArgument(string action) => Assert.Equal(new(action, null), ShopAction.Parse(action));
}
