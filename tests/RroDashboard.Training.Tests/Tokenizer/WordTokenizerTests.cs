using System.Text;
using RroDashboard.Core.Statistics;
using RroDashboard.Training.Tokenizer;

namespace RroDashboard.Training.Tests.Tokenizer;

public sealed class WordTokenizerTests
{
    private static readonly WordTokenizer s_shop = WordTokenizer.Build([" search[ rustic sofa ]", " click[ b1 ]", " sofa , at most $35"], 100, 0);

    [Fact]
    public void Encode_KnownWords_OneTokenEach()
    {
        var ids = s_shop.Encode(" search[ sofa ]");

        Assert.Equal(3, ids.Length);
        Assert.Equal([" search[", " sofa", " ]"], ids.Select(s_shop.Show));
    }

    [Fact]
    public void Encode_Price_IsOneToken() => Assert.Single(s_shop.Encode(" $35"));

    [Theory]
    [InlineData("")]
    [InlineData(" sofa  sofa")]
    [InlineData("SELECT count(*) FROM \"t\" WHERE a = 'Zoë ]'")]
    [InlineData("日本語 🛋️ \n\t end")]
    [InlineData("<bos> <act> <pad>")]
    public void Decode_EncodedText_IsTheText(string text) => Assert.Equal(text, s_shop.Decode(s_shop.Encode(text)));

    [Fact]
    public void Decode_AnyText_IsTheText()
    {
        var random = new SeededRandom(1);
        for (var i = 0; i < 2_000; i++)
        {
            var text = new StringBuilder();
            for (var j = random.Next(12); j >= 0; j--)
            {
                text.Append(random.Next(4) switch
                {
                    0 => " sofa",
                    1 => ((char)random.Next(128)).ToString(),
                    2 => char.ConvertFromUtf32(0x1F300 + random.Next(200)),
                    _ => " ",
                });
            }

            var withPieces = WordTokenizer.Build([text.ToString(), " sofa"], 3, 20);
            Assert.Equal(text.ToString(), s_shop.Decode(s_shop.Encode(text.ToString())));
            Assert.Equal(text.ToString(), withPieces.Decode(withPieces.Encode(text.ToString())));
        }
    }

    [Fact]
    public void Encode_ControlSpelling_IsNotAControlToken() => Assert.DoesNotContain(WordTokenizer.Eos, s_shop.Encode("<eos>"));

    [Fact]
    public void Decode_HalfAByte_IsShownAndDoesNotThrow() => Assert.Equal("\uFFFD sofa", s_shop.Decode([5, .. s_shop.Encode(" sofa")]));

    [Fact]
    public void Build_MaxWords_KeepsTheFrequent()
    {
        var tokenizer = WordTokenizer.Build([" a a a b b c"], 2, 0);

        Assert.Single(tokenizer.Encode(" a"));
        Assert.Single(tokenizer.Encode(" b"));
        Assert.True(tokenizer.Encode(" c").Length > 1);
    }

    [Fact]
    public void Build_Pieces_SpellUnknownWordsInFewTokens()
    {
        string[] text = [.. Enumerable.Repeat(" the", 50), " cleaning", " cleaner", " cleaned", " running", " runner"];
        var bytes = WordTokenizer.Build(text, 1, 0);
        var pieces = WordTokenizer.Build(text, 1, 40);

        Assert.True(pieces.Encode(" cleanrunning").Length * 3 < bytes.Encode(" cleanrunning").Length);
    }

    [Fact]
    public void Restore_WordsAndPieces_GivesTheSameIds()
    {
        var tokenizer = WordTokenizer.Build([" the cleaning of a room , slowly"], 3, 10);
        var restored = WordTokenizer.Restore(tokenizer.Words, tokenizer.Pieces);

        Assert.Equal(tokenizer.Size, restored.Size);
        Assert.Equal(tokenizer.Encode(" the cleaning of rooms"), restored.Encode(" the cleaning of rooms"));
    }
}
