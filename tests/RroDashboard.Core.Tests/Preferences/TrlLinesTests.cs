using System.Text.Json;
using RroDashboard.Core.Preferences;
using RroDashboard.Core.Rewards;

namespace RroDashboard.Core.Tests.Preferences;

public sealed class TrlLinesTests
{
    private static readonly string[] s_markers = ["<bos>", "<act>", "<obs>", "<act>"];

    [Fact]
    public void Of_Dialogue_HasTheTurnsOfBothSides()
    {
        var line = TrlLines.Of(Pair("<bos> a mug<act> search[ mug ]<obs> results b1<act>"), s_markers);

        Assert.DoesNotContain('\n', line);
        Assert.Equal(
            """{"prompt":[{"role":"user","content":"a mug"},{"role":"assistant","content":"search[ mug ]"},{"role":"user","content":"results b1"}],"chosen":[{"role":"assistant","content":"good"}],"rejected":[{"role":"assistant","content":"bad\n\"x\""}]}""",
            line);
        Assert.Equal(JsonSerializer.Serialize(JsonDocument.Parse(line)), JsonSerializer.Serialize(JsonDocument.Parse(TrlLines.Pretty(Pair("<bos> a mug<act> search[ mug ]<obs> results b1<act>"), s_markers))));
    }

    [Theory]
    [InlineData("<bos> a <act> trap<act> search[ mug ]<obs> results<act>")]
    [InlineData("<bos> a mug<act> search<obs> see <obs> there<act>")]
    [InlineData("no markers at all")]
    [InlineData("")]
    public void Turns_MarkersAreNotCertain_IsOneTurnWithTheWholeText(string history)
    {
        var turns = TrlLines.Turns(history, s_markers);

        Assert.Equal([new TrlTurn("user", history)], turns);
    }

    // JSON allows half of a surrogate pair as an escape; it is no text.
    [Fact]
    public void Parse_HalfASurrogatePair_IsRefusedInASentence()
    {
        var refusal = Assert.Throws<PairSetException>(() => TrlPair.Parse("""{"prompt": [{"role": "user", "content": "\ud800"}], "chosen": "a", "rejected": "b"}"""));

        Assert.Equal("a text of it is not valid Unicode.", refusal.Message);
    }

    private static PreferencePair Pair(string history) =>
        new(0, 0, history, "good", "bad\n\"x\"", Estimate.Final(1), Estimate.Final(0), [1, 5, 3, 6, 2, 7, 3], [8], [9]);
}
