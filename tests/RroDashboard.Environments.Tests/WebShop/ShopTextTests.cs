using RroDashboard.Environments.WebShop;

namespace RroDashboard.Environments.Tests.WebShop;

public sealed class ShopTextTests
{
    private static readonly ChosenOption[] s_options = [new("size", "8\" <b>"), new("color", "Größe's\t\\\u007f😀")];

    // Expected texts are those of CPython 3: json.dumps, flask's tojson, str.
    [Fact]
    public void Json_OddCharacters_AsPython() =>
        Assert.Equal("""{"size": "8\" <b>", "color": "Gr\u00f6\u00dfe's\t\\\u007f\ud83d\ude00"}""", ShopText.Json(s_options));

    [Fact]
    public void HtmlJson_OddCharacters_SortedAndSafe() =>
        Assert.Equal("""{"color": "Gr\u00f6\u00dfe\u0027s\t\\\u007f\ud83d\ude00", "size": "8\" \u003cb\u003e"}""", ShopText.HtmlJson(s_options));

    [Fact]
    public void Dictionary_OddCharacters_AsPython() =>
        Assert.Equal("""{'size': '8" <b>', 'color': "Größe's\t\\\x7f😀"}""", ShopText.Dictionary(s_options));

    [Theory]
    [InlineData(" \u00a0\u2003a b\t\r\n", "a b")]
    [InlineData("\u001c\u001fa\u0085", "a")]
    [InlineData(" ", "")]
    [InlineData("\u200ba", "\u200ba")]
    public void Strip_Blanks_AsPython(string text, string expected) => Assert.Equal(expected, ShopText.Strip(text));

    [Theory]
    [InlineData("ÀÉ Straße", "àé straße")]
    [InlineData("İI", "i\u0307i")]
    [InlineData("ΣΑΣ ΣΑΣ. Σ", "σας σας. σ")]
    public void Lower_SpecialLetters_AsPython(string text, string expected) => Assert.Equal(expected, ShopText.Lower(text));
}
