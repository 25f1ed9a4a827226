using RroDashboard.Core.Events;
using RroDashboard.Core.Rewards;

namespace RroDashboard.Core.Tests.Rewards;

public sealed class EpisodeFlawsTests
{
    private static readonly RewardPart s_kind = new("category", "mug", "mug", true);
    private static readonly RewardPart s_colour = new("color", "red", "blue", false);
    private static readonly RewardPart s_price = new("price", "at most $10", "$12", false);

    [Fact]
    public void Of_TheHighestReward_LacksNothing() => Assert.Empty(EpisodeFlaws.Of([s_kind], 1, RewardRange.Unit));

    [Fact]
    public void Of_PartsThatWereNotMet_NamesEachKindOnce() =>
        Assert.Equal(["color", "price"], EpisodeFlaws.Of([s_kind, s_colour, s_colour, s_price], 0.4, RewardRange.Unit));

    [Fact]
    public void Of_NoParts_IsNoAnswer() => Assert.Equal([EpisodeFlaws.NoAnswer], EpisodeFlaws.Of([], 0, RewardRange.Unit));

    [Fact]
    public void Of_AllPartsMetAndStillLess_IsOther() => Assert.Equal([EpisodeFlaws.Other], EpisodeFlaws.Of([s_kind], 0.9, RewardRange.Unit));

    [Fact]
    public void TurnOf_LongTexts_AreCutBetweenCharactersAndKnowTheirLength()
    {
        // The limit falls between the two halves of the face.
        var text = new string('x', EpisodePlayed.TextLimit - 1) + "😀" + new string('y', 10);

        var turn = EpisodeTurn.Of("click[b1]", text, invalid: true);

        Assert.Equal(("click[b1]", (int?)null, true), (turn.Action, turn.ActionLength, turn.Invalid));
        Assert.Equal(new string('x', EpisodePlayed.TextLimit - 1), turn.Observation);
        Assert.Equal(text.Length, turn.ObservationLength);
    }
}
