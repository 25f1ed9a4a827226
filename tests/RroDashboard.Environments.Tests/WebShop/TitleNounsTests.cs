using RroDashboard.Environments.WebShop;

namespace RroDashboard.Environments.Tests.WebShop;

public sealed class TitleNounsTests
{
    private readonly TitleNouns _nouns = new();

    // Names and title scores of WebShop's own unit tests, where spaCy finds the nouns. A rule cannot hit them all: the bound says how far off.
    [Theory]
    [InlineData("Name 1", "Name 1", 1, 0)]
    [InlineData(
        "Mens D.O.N. Issue 2 Gca Basketball Sneakers Shoes Casual - Off White",
        "PEAK High Top Mens Basketball Shoes Lou Williams Streetball Master Breathable Non Slip Outdoor Sneakers", 0.333, 0.05)]
    [InlineData(
        "Saireed UL Listed 2 Prong Power Cord for JBL Bar 3.1 Bar 2.1 Channel 4K Ultra HD Soundbar Home Theater System Subwoofer",
        "BRST AC Power Cord Outlet Socket Cable Plug Lead for Panasonic SC-HT830V DVD/VCR Combo Home Theater System", 0.3, 0.01)]
    [InlineData(
        "Saireed UL Listed 2 Prong Power Cord for JBL Bar 3.1 Bar 2.1 Channel 4K Ultra HD Soundbar",
        "BRST AC Power Cord Outlet Socket Cable Plug Lead for Panasonic SC-HT830V DVD/VCR Combo Home Theater System", 0.15, 0.01)]
    [InlineData(
        "Rusticware 921ORB Kitchen and Bath Cabinet Knob",
        "Minkissy 2pcs Stainless Steel Eyebrow Tweezers Blackhead Acne Remover Portable Makeup Tweezers (Silver)", 0, 0.05)]
    public void TitleScore_ReferencePairs_IsNearTheTaggers(string wanted, string bought, double score, double bound)
    {
        var (goal, product) = (_nouns.Nouns(wanted), _nouns.Nouns(bought));

        var actual = (double)product.Intersect(goal, StringComparer.Ordinal).Count() / goal.Count;

        Assert.InRange(actual, score - bound, score + bound);
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("12 3.5 - / 100%", "")]
    [InlineData("Women's Breathable Running Shoes for the Gym, 2 Pairs", "running shoes gym pairs")]
    [InlineData("Bed Seed Listed Quickly", "bed seed")]
    [InlineData("Tea tea TEA", "tea tea tea")]
    public void Nouns_HandWorked_KeepsOrderAndRepetitions(string text, string expected) =>
        Assert.Equal(expected, string.Join(' ', _nouns.Nouns(text)));
}
