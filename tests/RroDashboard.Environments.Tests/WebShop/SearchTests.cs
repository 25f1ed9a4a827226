using RroDashboard.Environments.WebShop.Search;

namespace RroDashboard.Environments.Tests.WebShop;

public sealed class SearchTests
{
    [Theory]
    [InlineData("The women's shoes are 3.5\" — O'Neil’s x-large", "women shoe 3.5 o'neil x larg")]
    [InlineData("1,000 a.b a:b _ _x_ under_score", "1,000 a.b a:b _x_ under_scor")]
    [InlineData("東京 タワー ひら ไทย", "東 京 タワー ひ ら ไทย")]
    [InlineData("★best™ 👍🏽 👨‍👩‍👧 🇩🇪", "★ best ™ 👍🏽 👨‍👩‍👧 🇩🇪")]
    [InlineData("is it of the", "")]
    [InlineData("", "")]
    public void Terms_HandWorked_AreLucenes(string text, string expected) => Assert.Equal(expected, string.Join(' ', EnglishAnalyser.Terms(text)));

    [Fact]
    public void Words_LongRun_IsCutIntoPieces() =>
        Assert.Equal([255, 255, 90], StandardTokenizer.Words(new string('x', 600)).Select(w => w.Length));

    // Examples of Porter's paper.
    [Theory]
    [InlineData("caresses", "caress")]
    [InlineData("ponies", "poni")]
    [InlineData("feed", "feed")]
    [InlineData("agreed", "agre")]
    [InlineData("hopping", "hop")]
    [InlineData("falling", "fall")]
    [InlineData("filing", "file")]
    [InlineData("happy", "happi")]
    [InlineData("sky", "sky")]
    [InlineData("relational", "relat")]
    [InlineData("vietnamization", "vietnam")]
    [InlineData("electriciti", "electr")]
    [InlineData("adoption", "adopt")]
    [InlineData("probate", "probat")]
    [InlineData("cease", "ceas")]
    [InlineData("controll", "control")]
    [InlineData("is", "is")]
    public void Stem_PapersExamples_AreHit(string word, string stem) => Assert.Equal(stem, PorterStemmer.Stem(word));

    [Fact]
    public void Search_EqualScores_AreOrderedById()
    {
        var index = SearchIndex.Build([("B2", "red chair"), ("B10", "red chair"), ("B1", "blue table"), ("A", "red chair")]);

        Assert.Equal(["A", "B10", "B2"], index.Search("chairs", 50).Select(h => h.Asin));
        Assert.Equal(["A", "B10"], index.Search("chairs", 2).Select(h => h.Asin));
        Assert.Empty(index.Search("the", 50));
        Assert.Empty(index.Search("sofa", 50));
    }
}
