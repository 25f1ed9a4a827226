using System.Text;
using System.Text.Json;
using RroDashboard.Core.Review;
using RroDashboard.Data.Entities;

namespace RroDashboard.Data;

/// <summary>What is allowed in queues and answers; a refusal names the value and the limit.</summary>
public static class ReviewChecks
{
    private const int MaxImportKey = 200;

    /// <summary>Questions of a score without a rubric of its own.</summary>
    public static IReadOnlyList<string> DefaultRubric { get; } = ["How good is this step?"];

    /// <summary>Checks a queue.</summary>
    /// <returns>Its questions.</returns>
    /// <exception cref="ReviewRefusedException">A value is not allowed.</exception>
    public static IReadOnlyList<string> Queue(NewReviewQueue queue)
    {
        ArgumentNullException.ThrowIfNull(queue);
        Refuse(string.IsNullOrWhiteSpace(queue.Title) || queue.Title.Trim().Length > ReviewLimits.MaxTitle, $"Title has {queue.Title.Trim().Length} characters: 1 to {ReviewLimits.MaxTitle} are allowed.");
        Refuse(queue.Guidelines.Length > ReviewLimits.MaxGuidelines, $"Guidelines have {queue.Guidelines.Length} characters: at most {ReviewLimits.MaxGuidelines} are allowed.");
        Refuse(queue.RequiredAnswers is < 1 or > ReviewLimits.MaxAnswers, $"Answers per item = {queue.RequiredAnswers} is not allowed: 1 to {ReviewLimits.MaxAnswers}.");
        Refuse(queue.MaxItems is < 1 or > ReviewLimits.MaxItems, $"Items = {queue.MaxItems} is not allowed: 1 to {ReviewLimits.MaxItems}.");
        Refuse(queue.ControlShare is not (>= 0 and <= 0.5), FormattableString.Invariant($"Control share = {queue.ControlShare} is not allowed: 0 to 0.5."));
        Refuse(!Enum.IsDefined(queue.Kind) || !Enum.IsDefined(queue.Order), "Kind or order is not one of those that there are.");
        if (queue.Kind != ReviewKind.Score)
        {
            return [queue.Kind == ReviewKind.Pairwise ? "Which action is better?" : "Is this pair right?"];
        }

        IReadOnlyList<string> questions = [.. (queue.Questions ?? []).Select(q => q.Trim()).Where(q => q.Length > 0)];
        Refuse(questions.Count > ReviewLimits.MaxQuestions, $"The rubric has {questions.Count} questions: at most {ReviewLimits.MaxQuestions} are allowed.");
        Refuse(questions.Any(q => q.Length > ReviewLimits.MaxQuestion), $"A question of the rubric has {questions.Select(q => q.Length).DefaultIfEmpty().Max()} characters: at most {ReviewLimits.MaxQuestion} are allowed.");
        Refuse(questions.Distinct(StringComparer.Ordinal).Count() < questions.Count, "The rubric asks one question twice.");
        return questions.Count > 0 ? questions : DefaultRubric;
    }

    /// <summary>Checks a key of an imported label.</summary>
    public static void ImportKey(string key) => Refuse(string.IsNullOrWhiteSpace(key) || key.Length > MaxImportKey, $"A label's key has {key?.Length ?? 0} characters: 1 to {MaxImportKey} are allowed.");

    internal static void Content(ReviewQueueEntity queue, ReviewContent content, bool whole)
    {
        ArgumentNullException.ThrowIfNull(content);
        var bytes = Encoding.UTF8.GetByteCount(content.Note);
        Refuse(bytes > ReviewLimits.MaxNoteBytes, $"The note has {bytes} bytes: at most {ReviewLimits.MaxNoteBytes} are allowed. It was not saved; shorten it.");
        Refuse(content.BetterAction.Length > ReviewLimits.MaxBetterAction, $"The better action has {content.BetterAction.Length} characters: at most {ReviewLimits.MaxBetterAction} are allowed.");
        Refuse(queue.Kind == ReviewKind.Score && content.BetterAction.Length > 0, "A better action belongs to a pair; this queue scores steps.");
        var questions = JsonSerializer.Deserialize<string[]>(queue.QuestionsJson)!;
        Refuse(content.Values.Count > questions.Length, $"There are {content.Values.Count} values for {questions.Length} question{(questions.Length == 1 ? "" : "s")}.");
        var (low, high) = queue.Kind switch { ReviewKind.Pairwise => (0, 3), ReviewKind.Verdict => (0, 2), _ => (1, ReviewLimits.MaxScore) };
        foreach (var value in content.Values)
        {
            Refuse(value < low || value > high, $"A value of {value} is not allowed here: {low} to {high}.");
        }

        var open = questions.Where((_, i) => i >= content.Values.Count || content.Values[i] is null).ToList();
        Refuse(whole && open.Count > 0, questions.Length == 1 ? "Choose an answer first." : $"Answer every question first; open: {string.Join("; ", open)}");
    }

    private static void Refuse(bool wrong, string sentence)
    {
        if (wrong)
        {
            throw new ReviewRefusedException(sentence);
        }
    }
}
