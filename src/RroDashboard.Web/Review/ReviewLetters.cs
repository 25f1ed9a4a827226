using RroDashboard.Core.Review;

namespace RroDashboard.Web.Review;

/// <summary>Answers as people give them: by the letters that they saw. What is kept is said of the pair, so that letters can be shuffled for each person.</summary>
public static class ReviewLetters
{
    private static readonly string[] Choices = ["A", "B", "equal", "both bad"];
    private static readonly string[] Verdicts = ["accept", "flip", "discard"];

    /// <summary>A side's number for the letter that it is shown by, and back: 0 is A or the chosen side, 1 is B or the rejected one.</summary>
    public static int? Turn(ReviewKind kind, int? value, bool chosenIsB) => kind == ReviewKind.Pairwise && chosenIsB && value is 0 or 1 ? 1 - value : value;

    /// <summary>A value in letters or words.</summary>
    public static string Word(ReviewKind kind, int value, bool chosenIsB) => kind switch
    {
        ReviewKind.Pairwise => Choices[Turn(kind, value, chosenIsB)!.Value],
        ReviewKind.Verdict => Verdicts[value],
        _ => value.ToString(System.Globalization.CultureInfo.InvariantCulture),
    };

    /// <summary>Reads such a word; null when it is none.</summary>
    public static int? Read(ReviewKind kind, string word, bool chosenIsB)
    {
        var words = kind == ReviewKind.Pairwise ? Choices : kind == ReviewKind.Verdict ? Verdicts : [];
        var at = Array.FindIndex(words, w => w.Equals(word, StringComparison.OrdinalIgnoreCase));
        return at < 0 ? null : Turn(kind, at, chosenIsB);
    }

    /// <summary>The words of a kind, for a refusal.</summary>
    public static string Allowed(ReviewKind kind) => string.Join(", ", kind == ReviewKind.Pairwise ? Choices : Verdicts);
}
