using RroDashboard.Training.Tokenizer.Bpe;

namespace RroDashboard.Training.Tests.Tokenizer.Bpe;

/// <summary>By examples of Unicode Standard Annex 15; the reference tests of the tokenizer in Qwen's shape cover many more.</summary>
public sealed class NfcTests
{
    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("e\u0301", "\u00e9")]
    [InlineData("\u212b", "\u00c5")]
    [InlineData("\u0344", "\u0308\u0301")]                        // excluded from composition
    [InlineData("a\u0302\u0323", "\u1ead")]                       // marks are ordered, then composed
    [InlineData("\u1100\u1161\u11a8", "\uac01")]
    [InlineData("\uac00\u11a8", "\uac01")]
    [InlineData("q\u0307\u0323", "q\u0323\u0307")]
    [InlineData("\u0958", "\u0915\u093c")]
    [InlineData("\u0301a", "\u0301a")]
    [InlineData("a\u0315\u0300\u05ae\u0300b", "\u00e0\u05ae\u0300\u0315b")]
    [InlineData("\U0001d15e", "\U0001d157\U0001d165")]
    public void Normalize_Text_IsInFormC(string text, string expected)
    {
        Assert.Equal(expected, Nfc.Normalize(text));
        Assert.Equal(expected, Nfc.Normalize(expected));
    }

    [Fact]
    public void Normalize_MillionMarks_IsQuick() => Assert.Equal(1_000_001, Nfc.Normalize("x" + new string('\u0323', 500_000) + new string('\u0301', 500_000)).Length);
}
