using System.Globalization;
using RroDashboard.Core.Review;
using RroDashboard.Core.Statistics;
using RroDashboard.Data.Entities;

namespace RroDashboard.Web.Components.Review;

/// <summary>An answer that a person can choose.</summary>
/// <param name="Value">As it is shown: 0 is A.</param>
/// <param name="Word">Its name.</param>
/// <param name="Key">Key that chooses it.</param>
/// <param name="Meaning">What it says.</param>
public sealed record ReviewOption(int Value, string Word, string Key, string Meaning);

/// <summary>What review pages say.</summary>
public static class ReviewText
{
    /// <summary>What a queue asks.</summary>
    public static string Kind(ReviewKind kind) => kind switch
    {
        ReviewKind.Pairwise => "Which action is better",
        ReviewKind.Score => "Scores from 1 to 5",
        _ => "Accept, flip or discard a pair",
    };

    /// <summary>Order of a queue.</summary>
    public static string Order(ReviewOrder order) => order switch
    {
        ReviewOrder.Useful => "most useful first",
        ReviewOrder.Random => "random",
        _ => "as sampled",
    };

    /// <summary>Answers of a kind.</summary>
    public static IReadOnlyList<ReviewOption> Options(ReviewKind kind) => kind switch
    {
        ReviewKind.Pairwise => [new(0, "A", "a", "A is better"), new(1, "B", "b", "B is better"), new(2, "Equal", "e", "Neither is better"), new(3, "Both bad", "x", "Neither is any good")],
        ReviewKind.Verdict => [new(0, "Accept", "a", "Chosen is better: train on it"), new(1, "Flip", "f", "Rejected is better: turn it round"), new(2, "Discard", "d", "Neither: leave it out")],
        _ => [.. Enumerable.Range(1, ReviewLimits.MaxScore).Select(s => new ReviewOption(s, s.ToString(CultureInfo.InvariantCulture), s.ToString(CultureInfo.InvariantCulture), s switch { 1 => "bad", 3 => "middling", ReviewLimits.MaxScore => "good", _ => "" }))],
    };

    /// <summary>State of an item for the person who looks: sign and word.</summary>
    public static (string Sign, string Word) State(ReviewAnswerState? mine, bool complete) => mine switch
    {
        ReviewAnswerState.Submitted => ("✓", "answered"),
        ReviewAnswerState.Skipped => ("↷", "skipped"),
        ReviewAnswerState.Draft => ("✎", "draft"),
        _ when complete => ("■", "complete"),
        _ => ("○", "open"),
    };

    /// <summary>A share.</summary>
    public static string Percent(double share) => (share * 100).ToString("0", CultureInfo.InvariantCulture) + " %";

    /// <summary>A figure with its interval.</summary>
    public static string Figure(AgreementFigure? figure, bool percent = false) => figure?.Value is not { } value
        ? "not defined"
        : Number(value, percent) + (figure.Interval is { } interval ? $" ({Number(interval.Low, percent)} to {Number(interval.High, percent)})" : " (no interval)");

    private static string Number(double value, bool percent) => percent ? Percent(value) : value.ToString("0.00;−0.00;0.00", CultureInfo.InvariantCulture);
}
