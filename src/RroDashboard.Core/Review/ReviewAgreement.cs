using RroDashboard.Core.Statistics;

namespace RroDashboard.Core.Review;

/// <summary>A submitted answer, as statistics see it.</summary>
/// <param name="Item">Which item.</param>
/// <param name="Reviewer">Who.</param>
/// <param name="Values">One number per question: a choice or verdict by its number, or a score.</param>
/// <param name="Control">The item stood in the queue by chance.</param>
/// <param name="Gap">Size of the difference in process reward that the item is about, reward units.</param>
/// <param name="AgreesWithReward">The person prefers what the process reward prefers; null where neither is preferred, or nothing is.</param>
public sealed record ReviewLabel(long Item, string Reviewer, IReadOnlyList<double> Values, bool Control, double Gap, bool? AgreesWithReward);

/// <summary>How often a label was given.</summary>
public sealed record LabelShare(string Label, int Count);

/// <summary>Agreement of people on one question.</summary>
/// <param name="Question">Its words.</param>
/// <param name="Labels">Answers in all.</param>
/// <param name="Raters">People who answered.</param>
/// <param name="Percent">Share of pairs of answers on one item that are equal.</param>
/// <param name="Kappa">Cohen's kappa; null unless exactly two people answered.</param>
/// <param name="Nominal">Krippendorff's alpha, labels without an order.</param>
/// <param name="Ordinal">The same by rank; null where labels have no order.</param>
/// <param name="Interval">The same by squared difference; null where labels are no numbers.</param>
/// <param name="Shares">How often each label was given, over all answers.</param>
public sealed record QuestionAgreement(
    string Question, int Labels, int Raters, AgreementFigure Percent, AgreementFigure? Kappa, AgreementFigure Nominal, AgreementFigure? Ordinal, AgreementFigure? Interval, IReadOnlyList<LabelShare> Shares)
{
    /// <summary>Too few items were answered twice for the figures to mean much.</summary>
    public bool TooFew => Percent.Items < Agreement.FewItems;
}

/// <summary>Agreement of people with the process reward, where the process reward was so far apart.</summary>
/// <param name="Low">Smallest gap, reward units.</param>
/// <param name="High">Gap that no longer belongs here.</param>
/// <param name="Answers">Answers that prefer one side.</param>
/// <param name="Items">Items with such answers.</param>
/// <param name="Share">Of these, those that prefer the side that the process reward prefers; null without one.</param>
/// <param name="Interval">Bootstrap over items; null without one.</param>
public sealed record RewardAgreement(double Low, double High, int Answers, int Items, double? Share, Interval? Interval);

/// <summary>Everything that answers of one queue say about agreement.</summary>
/// <param name="Questions">One for each question.</param>
/// <param name="WithReward">All gaps together.</param>
/// <param name="ByGap">By size of the gap.</param>
public sealed record ReviewAgreement(IReadOnlyList<QuestionAgreement> Questions, RewardAgreement WithReward, IReadOnlyList<RewardAgreement> ByGap)
{
    /// <summary>Of all intervals.</summary>
    public const double Confidence = 0.95;

    /// <summary>Of all intervals.</summary>
    public const int Resamples = 1000;

    /// <summary>Ends of the ranges of gaps, as shares of the width of the rewards.</summary>
    private static readonly double[] GapEnds = [0, 0.1, 0.25, 0.5, double.PositiveInfinity];

    /// <summary>Computes it. The same answers give the same intervals.</summary>
    /// <param name="kind">What was asked.</param>
    /// <param name="questions">Words of each question.</param>
    /// <param name="labels">Submitted answers.</param>
    /// <param name="range">Width of the run's rewards.</param>
    /// <param name="seed">Of the queue.</param>
    public static ReviewAgreement Of(ReviewKind kind, IReadOnlyList<string> questions, IReadOnlyList<ReviewLabel> labels, double range, long seed)
    {
        ArgumentNullException.ThrowIfNull(questions);
        ArgumentNullException.ThrowIfNull(labels);
        // One order whatever the database gave.
        var sorted = labels.OrderBy(l => l.Item).ThenBy(l => l.Reviewer, StringComparer.Ordinal).ToList();
        return new ReviewAgreement(
            [.. questions.Select((q, i) => QuestionOf(kind, q, i, sorted, seed))],
            WithRewardOf(sorted, 0, double.PositiveInfinity, new SeededRandom(seed, 20)),
            [.. GapEnds.Zip(GapEnds.Skip(1)).Select((ends, i) => WithRewardOf(sorted, ends.First * range, ends.Second * range, new SeededRandom(seed, 21, i)))]);
    }

    /// <summary>Name of a label's number.</summary>
    public static string LabelName(ReviewKind kind, double value) => kind switch
    {
        ReviewKind.Pairwise => (PairChoice)(int)value switch
        {
            PairChoice.Chosen => "as the process reward",
            PairChoice.Rejected => "against the process reward",
            PairChoice.Equal => "equal",
            _ => "both bad",
        },
        ReviewKind.Verdict => (PairVerdict)(int)value switch
        {
            PairVerdict.Keep => "accept",
            PairVerdict.Flip => "flip",
            _ => "discard",
        },
        _ => value.ToString(System.Globalization.CultureInfo.InvariantCulture),
    };

    private static QuestionAgreement QuestionOf(ReviewKind kind, string question, int number, List<ReviewLabel> labels, long seed)
    {
        var answered = labels.Where(l => number < l.Values.Count).ToList();
        var raters = answered.Select(l => l.Reviewer).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        // By name within an item, so that with two people the first number is always the same person's.
        var items = answered.GroupBy(l => l.Item).Select(g => (IReadOnlyList<double>)[.. g.Select(l => l.Values[number])]).ToList();
        AgreementFigure Figure(int stream, Func<IReadOnlyList<IReadOnlyList<double>>, double?> figure) =>
            Agreement.WithInterval(items, figure, Confidence, Resamples, new SeededRandom(seed, number, stream));

        var scores = kind == ReviewKind.Score;
        var shares = scores ? Enumerable.Range(1, ReviewLimits.MaxScore) : Enumerable.Range(0, kind == ReviewKind.Pairwise ? 4 : 3);
        return new QuestionAgreement(
            question,
            answered.Count,
            raters.Count,
            Figure(10, Agreement.Percent),
            raters.Count == 2 ? Figure(11, Agreement.CohenKappa) : null,
            Figure(12, i => Agreement.KrippendorffAlpha(i, LabelDistance.Nominal)),
            scores ? Figure(13, i => Agreement.KrippendorffAlpha(i, LabelDistance.Ordinal)) : null,
            scores ? Figure(14, i => Agreement.KrippendorffAlpha(i, LabelDistance.Interval)) : null,
            [.. shares.Select(v => new LabelShare(LabelName(kind, v), answered.Count(l => l.Values[number].Equals((double)v))))]);
    }

    private static RewardAgreement WithRewardOf(List<ReviewLabel> labels, double low, double high, SeededRandom random)
    {
        var here = labels.Where(l => l.AgreesWithReward is not null && Math.Abs(l.Gap) >= low && Math.Abs(l.Gap) < high).ToList();
        var values = here.Select(l => l.AgreesWithReward == true ? 1.0 : 0.0).ToList();
        var items = here.Select(l => l.Item.ToString(System.Globalization.CultureInfo.InvariantCulture)).ToList();
        return values.Count == 0
            ? new RewardAgreement(low, high, 0, 0, null, null)
            : new RewardAgreement(low, high, values.Count, items.Distinct(StringComparer.Ordinal).Count(), values.Average(), Bootstrap.Mean(values, items, Confidence, Resamples, random));
    }
}
