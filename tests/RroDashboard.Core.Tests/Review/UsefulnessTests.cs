using RroDashboard.Core.Review;

namespace RroDashboard.Core.Tests.Review;

public sealed class UsefulnessTests
{
    private static readonly ReviewFacts Plain = new(0.5, 0.4, false, 1.0);

    [Fact]
    public void Of_EachReason_MakesAnItemMoreUseful()
    {
        var plain = Usefulness.Of(Plain, 1);

        Assert.True(Usefulness.Of(Plain with { Gap = 0.1 }, 1) > plain);
        Assert.True(Usefulness.Of(Plain with { Width = 0.9 }, 1) > plain);
        Assert.True(Usefulness.Of(Plain with { NothingRose = true }, 1) > plain);
        Assert.True(Usefulness.Of(Plain with { Margin = -1.0 }, 1) > plain);
        Assert.True(Usefulness.Of(Plain with { Gap = 0 }, 1) - Usefulness.Of(Plain with { Gap = 0.001 }, 1) > 0.09);
        Assert.Equal(Usefulness.Of(Plain with { Margin = 0.0 }, 1), Usefulness.Of(Plain with { Margin = null }, 1));
    }

    [Fact]
    public void Of_TheFormula_IsWhatTheDocumentationSays()
    {
        var expected = (0.30 * (1 - 0.25)) + (0.20 * 0.2) + 0.15 + (0.25 / (1 + Math.Exp(0.7)));

        Assert.Equal(expected, Usefulness.Of(new ReviewFacts(-0.5, 0.8, true, 0.7), 2), 12);
        Assert.InRange(Usefulness.Of(new ReviewFacts(0, 9, true, -1000), 1), 0.999, 1);
        Assert.InRange(Usefulness.Of(new ReviewFacts(5, 0, false, 1000), 1), 0, 0.001);
    }

    [Theory]
    [InlineData(ReviewOrder.Useful)]
    [InlineData(ReviewOrder.Random)]
    [InlineData(ReviewOrder.Ledger)]
    public void Arrange_AnyOrder_HasEveryItemOnceAndIsRepeatable(ReviewOrder order)
    {
        var usefulness = Enumerable.Range(0, 237).Select(i => (i * 37 % 101) / 101.0).ToList();

        var placed = ReviewOrdering.Arrange(usefulness, order, 0.05, 3);

        Assert.Equal(Enumerable.Range(0, 237), placed.Select(p => p.Index).Order());
        Assert.Equal(placed, ReviewOrdering.Arrange(usefulness, order, 0.05, 3));
    }

    [Fact]
    public void Arrange_Useful_OrdersAllButAShareOfControls()
    {
        var usefulness = Enumerable.Range(0, 400).Select(i => i / 400.0).ToList();

        var placed = ReviewOrdering.Arrange(usefulness, ReviewOrder.Useful, 0.05, 11);

        Assert.Equal(20, placed.Count(p => p.Control));
        // However early people stop: one in each stretch of twenty.
        Assert.All(placed.Chunk(20), stretch => Assert.Single(stretch, p => p.Control));
        var ordered = placed.Where(p => !p.Control).Select(p => usefulness[p.Index]).ToList();
        Assert.Equal(ordered.OrderDescending(), ordered);
        // Chance picks from all, not from what is left over at the end.
        Assert.InRange(placed.Where(p => p.Control).Average(p => usefulness[p.Index]), 0.3, 0.7);
    }

    [Fact]
    public void ChosenIsB_ManyItemsAndPeople_IsEvenAndStays()
    {
        var sides = Enumerable.Range(0, 2000).Select(i => ReviewOrdering.ChosenIsB(5, i % 500, $"person-{i / 500}")).ToList();

        Assert.InRange(sides.Count(s => s), 900, 1100);
        Assert.Equal(sides, Enumerable.Range(0, 2000).Select(i => ReviewOrdering.ChosenIsB(5, i % 500, $"person-{i / 500}")));
        Assert.NotEqual(sides.Take(500), sides.Skip(500).Take(500));
    }

    [Fact]
    public void AgreementOf_TwoPeople_TellsFiguresSharesAndGaps()
    {
        // Items 0..39: both follow the process reward; 40..59: the second prefers the other side, and the gap is small.
        var labels = Enumerable.Range(0, 60).SelectMany(i => new[]
        {
            new ReviewLabel(i, "ann", [0], i % 20 == 0, i < 40 ? 0.4 : 0.05, true),
            new ReviewLabel(i, "bob", [i < 40 ? 0 : 1], i % 20 == 0, i < 40 ? 0.4 : 0.05, i < 40),
        }).ToList();

        var agreement = ReviewAgreement.Of(ReviewKind.Pairwise, ["Which action is better?"], labels, 1, 3);

        var question = Assert.Single(agreement.Questions);
        Assert.False(question.TooFew);
        Assert.Equal(40.0 / 60, question.Percent.Value!.Value, 12);
        // Ann always gives one label: chance agreement is all there is.
        Assert.Equal(0, question.Kappa!.Value!.Value, 12);
        Assert.Null(question.Interval);
        Assert.Equal([100, 20, 0, 0], question.Shares.Select(s => s.Count));
        Assert.Equal(0.5, agreement.ByGap[0].Share!.Value, 12);
        Assert.Equal(1, agreement.ByGap[2].Share!.Value, 12);
        Assert.Equal((120, 60), (agreement.WithReward.Answers, agreement.WithReward.Items));
        Assert.True(ReviewAgreement.Of(ReviewKind.Pairwise, ["?"], [.. labels.Take(40)], 1, 3).Questions[0].TooFew);
    }
}
