using RroDashboard.Core.Statistics;

namespace RroDashboard.Core.Tests.Statistics;

public sealed class AgreementTests
{
    // Krippendorff (2011), "Computing Krippendorff's Alpha-Reliability", section A: two observers, binary.
    private static readonly string[] Binary = ["0100000010", "1110010000"];

    // Section B: two observers, nominal, twelve units.
    private static readonly string[] Nominal = ["aabbdcccedda", "babbbccceddd"];

    // Section C: four observers, five values, missing data.
    private static readonly string[] Missing = ["123321412...", "1233224125.3", ".333234225 1.".Replace(" ", "", StringComparison.Ordinal), "123324412 51.".Replace(" ", "", StringComparison.Ordinal)];

    [Fact]
    public void KrippendorffAlpha_PublishedExamples_AreMet()
    {
        Assert.Equal(0.095, Agreement.KrippendorffAlpha(Items(Binary), LabelDistance.Nominal)!.Value, 3);
        Assert.Equal(0.692, Agreement.KrippendorffAlpha(Items(Nominal), LabelDistance.Nominal)!.Value, 3);
        Assert.Equal(0.743, Agreement.KrippendorffAlpha(Items(Missing), LabelDistance.Nominal)!.Value, 3);
        Assert.Equal(0.815, Agreement.KrippendorffAlpha(Items(Missing), LabelDistance.Ordinal)!.Value, 3);
        Assert.Equal(0.849, Agreement.KrippendorffAlpha(Items(Missing), LabelDistance.Interval)!.Value, 3);
    }

    [Fact]
    public void KrippendorffAlpha_ByHand_IsMet()
    {
        // Labels 1 1 | 1 2 | 2 2: n = 6, three of each. Observed 2, expected 18 / 5: alpha = 1 - 5 * 2 / 18.
        Assert.Equal(1 - (10.0 / 18), Agreement.KrippendorffAlpha([[1, 1], [1, 2], [2, 2]], LabelDistance.Nominal)!.Value, 12);
        Assert.Equal(1, Agreement.KrippendorffAlpha([[1, 1], [5, 5]], LabelDistance.Interval));
        Assert.Null(Agreement.KrippendorffAlpha([[1, 1], [1, 1]], LabelDistance.Nominal));
        Assert.Null(Agreement.KrippendorffAlpha([[1], [2]], LabelDistance.Nominal));
    }

    [Theory]
    // The table of 200 subjects in Cohen (1960): observed 140 / 200, chance .30 + .09 + .02.
    [InlineData(new[] { 88, 10, 2, 14, 40, 6, 18, 10, 12 }, (0.70 - 0.41) / (1 - 0.41))]
    // By hand: 35 of 50 agree, chance .5 * .6 + .5 * .4.
    [InlineData(new[] { 20, 5, 10, 15 }, (0.70 - 0.50) / (1 - 0.50))]
    [InlineData(new[] { 5, 5, 5, 5 }, 0.0)]
    public void CohenKappa_KnownTables_AreMet(int[] table, double kappa)
    {
        var size = (int)Math.Sqrt(table.Length);
        var items = table.SelectMany((count, cell) => Enumerable.Repeat((IReadOnlyList<double>)[cell / size, cell % size], count)).ToList();

        Assert.Equal(kappa, Agreement.CohenKappa(items)!.Value, 12);
    }

    [Fact]
    public void CohenKappa_OneLabelOnly_IsUndefined() => Assert.Null(Agreement.CohenKappa([[1, 1], [1, 1]]));

    [Fact]
    public void Percent_ThreePeople_CountsPairsWithinItems() =>
        // 1 of 3 pairs, then 1 of 1; one label alone says nothing.
        Assert.Equal(((1.0 / 3) + 1) / 2, Agreement.Percent([[1, 1, 2], [4, 4], [3]])!.Value, 12);

    [Fact]
    public void WithInterval_SameSeed_IsTheSameAndHoldsTheValue()
    {
        var items = Items(Missing);
        AgreementFigure Figure() => Agreement.WithInterval(items, i => Agreement.KrippendorffAlpha(i, LabelDistance.Nominal), 0.95, 1000, new SeededRandom(7));

        var figure = Figure();

        Assert.Equal(figure, Figure());
        Assert.Equal(11, figure.Items);
        Assert.True(figure.Interval!.Value.Low < figure.Value && figure.Value <= figure.Interval.Value.High);
        Assert.True(figure.Interval.Value.Width > 0.1);
    }

    [Fact]
    public void WithInterval_NothingThatDiffers_TellsNoInterval()
    {
        var figure = Agreement.WithInterval([[1, 1], [1, 1]], Agreement.CohenKappa, 0.95, 100, new SeededRandom(7));

        Assert.Equal(new AgreementFigure(null, null, 2), figure);
    }

    private static List<IReadOnlyList<double>> Items(string[] people) =>
        [.. Enumerable.Range(0, people[0].Length).Select(i => (IReadOnlyList<double>)[.. people.Where(p => p[i] != '.').Select(p => (double)p[i])])];
}
