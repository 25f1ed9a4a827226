using RroDashboard.Core.Rewards;

namespace RroDashboard.Data;

/// <summary>Column by which pairs are sorted.</summary>
public enum PairSort
{
    /// <summary>Number of the pair.</summary>
    Index,

    /// <summary>Chosen minus rejected value.</summary>
    Gap,

    /// <summary>Chosen minus rejected length, tokens.</summary>
    Length,

    /// <summary>Tokens before the action.</summary>
    History,

    /// <summary>Implicit reward margin when it was last measured; pairs never measured last.</summary>
    Margin,
}

/// <summary>Which pairs, in which order.</summary>
/// <param name="Task">Only of this walk; null for all.</param>
/// <param name="MinGap">At least this gap, reward units.</param>
/// <param name="MaxGap">At most this gap, reward units.</param>
/// <param name="SameText">Only pairs of one text.</param>
/// <param name="ChosenLonger">Only where the chosen action has more tokens.</param>
/// <param name="Exhausted">Only of steps at which nothing rose.</param>
/// <param name="Duplicates">Only repetitions of an earlier pair.</param>
/// <param name="Refused">Only pairs whose rejected action is still the better one by the model's last measured margin.</param>
/// <param name="Sort">By what.</param>
/// <param name="Descending">Largest first.</param>
public sealed record PairFilter(
    int? Task = null,
    double? MinGap = null,
    double? MaxGap = null,
    bool SameText = false,
    bool ChosenLonger = false,
    bool Exhausted = false,
    bool Duplicates = false,
    bool Refused = false,
    PairSort Sort = PairSort.Index,
    bool Descending = false)
{
    /// <summary>The pair fits.</summary>
    /// <param name="pair">Which.</param>
    /// <param name="margin">Its last margin; null when it was never measured.</param>
    public bool Fits(PairFact pair, double? margin)
    {
        ArgumentNullException.ThrowIfNull(pair);
        return (Task is null || pair.Task == Task)
            && (MinGap is null || pair.Gap >= MinGap - RisingRule.Tolerance)
            && (MaxGap is null || pair.Gap <= MaxGap + RisingRule.Tolerance)
            && (!SameText || pair.SameText)
            && (!ChosenLonger || pair.LengthDifference > 0)
            && (!Exhausted || pair.Exhausted)
            && (!Duplicates || pair.Duplicate)
            && (!Refused || margin <= 0);
    }

    /// <summary>In the order that is asked for; equal ones by number.</summary>
    public IEnumerable<PairFact> Order(IEnumerable<PairFact> pairs, Func<PairFact, double?> margin)
    {
        double Key(PairFact pair) => Sort switch
        {
            PairSort.Gap => pair.Gap,
            PairSort.Length => pair.LengthDifference,
            PairSort.History => pair.HistoryTokens,
            PairSort.Margin => margin(pair) ?? (Descending ? double.NegativeInfinity : double.PositiveInfinity),
            _ => pair.Index,
        };
        return (Descending ? pairs.OrderByDescending(Key) : pairs.OrderBy(Key)).ThenBy(p => p.Index);
    }
}
