using System.Globalization;
using System.Text;
using System.Text.Json;
using RroDashboard.Core.Review;
using RroDashboard.Data;

namespace RroDashboard.Web.Review;

/// <summary>What an import did.</summary>
/// <param name="Added">Labels that are new.</param>
/// <param name="Known">Labels whose key was there before.</param>
/// <param name="Refused">Labels that were not taken.</param>
/// <param name="Reasons">Why, by line; the first of them.</param>
public sealed record LabelImport(int Added, int Known, int Refused, IReadOnlyList<string> Reasons);

/// <summary>Labels of a queue as files: who said what, when, and how long it took. What is written as JSONL can be imported.</summary>
public sealed class ReviewLabelFile(ReviewQueries queries, ReviewStore store)
{
    /// <summary>Lines of an import at most.</summary>
    public const int MaxLines = 50_000;

    /// <summary>Bytes of an import at most.</summary>
    public const long MaxBytes = 16_000_000;

    /// <summary>Reasons told of one import.</summary>
    public const int MaxReasons = 20;

    private static readonly string[] Columns =
        ["key", "item", "pair", "task", "step", "attempt", "reviewer", "reviewerId", "answeredAtUtc", "seconds", "answer", "chosenShownAs", "order", "controlShare", "control", "source", "replaces", "note", "betterAction"];

    /// <summary>One JSON object a line.</summary>
    public async Task<string> JsonLinesAsync(ReviewQueue queue, Reviewer viewer, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(queue);
        var text = new StringBuilder();
        foreach (var r in await queries.LabelsAsync(queue.Id, viewer, cancellationToken))
        {
            text.Append(JsonSerializer.Serialize(LineOf(queue, r), RunJson.Options)).Append('\n');
        }

        return text.ToString();
    }

    /// <summary>The same as CSV (RFC 4180). What a spreadsheet would take for a formula begins with an apostrophe.</summary>
    public async Task<string> CsvAsync(ReviewQueue queue, Reviewer viewer, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(queue);
        var text = new StringBuilder().AppendJoin(',', Columns).Append("\r\n");
        foreach (var r in await queries.LabelsAsync(queue.Id, viewer, cancellationToken))
        {
            var line = LineOf(queue, r);
            object?[] cells =
            [
                line.Key, line.Item, line.Pair, line.Task, line.Step, line.Attempt, line.Reviewer, line.ReviewerId, line.AnsweredAtUtc?.ToString("O", CultureInfo.InvariantCulture), line.Seconds,
                line.Answer ?? string.Join(' ', line.Scores ?? []), line.ChosenShownAs, line.Order, line.ControlShare, line.Control, line.Source, line.Replaces, line.Note, line.BetterAction,
            ];
            text.AppendJoin(',', cells.Select(Cell)).Append("\r\n");
        }

        return text.ToString();
    }

    /// <summary>Takes in labels, each by its key once. Their people are others than those who sign in here, whatever they are called.</summary>
    /// <exception cref="ReviewRefusedException">There are too many.</exception>
    public async Task<LabelImport> ImportAsync(ReviewQueue queue, TextReader lines, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(queue);
        ArgumentNullException.ThrowIfNull(lines);
        var items = await queries.PlacesAsync(queue.Id, cancellationToken);
        var (added, known, refused, number) = (0, 0, 0, 0);
        var reasons = new List<string>();
        while (await lines.ReadLineAsync(cancellationToken) is { } text)
        {
            if (++number > MaxLines)
            {
                throw new ReviewRefusedException($"The file has more than {MaxLines} lines: {MaxLines} are allowed. The first {MaxLines} were read.");
            }

            if (text.Length == 0)
            {
                continue;
            }

            try
            {
                var line = JsonSerializer.Deserialize<LabelLine>(text, RunJson.Options) ?? throw new ReviewRefusedException("is empty");
                var item = items.FirstOrDefault(i => line.Pair is { } pair ? i.PairIndex == pair : i.PairIndex is null && (i.Task, i.Step, i.Attempt) == (line.Task ?? -1, line.Step ?? -1, line.Attempt))
                    ?? throw new ReviewRefusedException("names no item of this queue (by pair, or by task, step and attempt)");
                if (string.IsNullOrWhiteSpace(line.Reviewer) || line.Reviewer.Length > ReviewLimits.MaxTitle)
                {
                    throw new ReviewRefusedException($"has no reviewer with a name of 1 to {ReviewLimits.MaxTitle} characters");
                }

                // The answer in a file is said of the pair as it is: A is the chosen side.
                IReadOnlyList<int?> values = queue.Kind == ReviewKind.Score
                    ? [.. (line.Scores ?? []).Select(s => (int?)s)]
                    : [Said(queue.Kind, line.Answer) ?? throw new ReviewRefusedException($"has the answer '{line.Answer}'; allowed are {(queue.Kind == ReviewKind.Pairwise ? "chosen, rejected, equal, both bad" : ReviewLetters.Allowed(queue.Kind))}")];
                var reviewer = new Reviewer("import:" + line.Reviewer, line.Reviewer);
                var isNew = await store.ImportAsync(queue.Id, item.Id, reviewer, new ReviewContent(values, line.Note ?? "", line.BetterAction ?? ""), line.Seconds ?? 0, line.Key ?? "", cancellationToken);
                (added, known) = isNew ? (added + 1, known) : (added, known + 1);
            }
            catch (Exception e) when (e is JsonException or ReviewRefusedException or ReviewConflictException)
            {
                refused++;
                if (reasons.Count < MaxReasons)
                {
                    reasons.Add($"Line {number}: {(e is JsonException ? "is no JSON object of the kind that the export writes" : e.Message)}");
                }
            }
        }

        return new LabelImport(added, known, refused, reasons);
    }

    private static LabelLine LineOf(ReviewQueue queue, ReviewRecord r) => new()
    {
        Key = string.Create(CultureInfo.InvariantCulture, $"{queue.Id}-{r.Answer.Id}"),
        Item = r.Item.Position + 1,
        Pair = r.Item.PairIndex,
        Task = r.Item.Task,
        Step = r.Item.Step,
        Attempt = r.Item.Attempt,
        Reviewer = r.Answer.Reviewer.Name,
        ReviewerId = r.Answer.Reviewer.Id,
        AnsweredAtUtc = r.Answer.DoneUtc,
        Seconds = Math.Round(r.Answer.Seconds, 1),
        Answer = queue.Kind switch
        {
            ReviewKind.Score => null,
            ReviewKind.Verdict => ReviewLetters.Word(queue.Kind, r.Answer.Content.Values[0]!.Value, false),
            _ => Name((PairChoice)r.Answer.Content.Values[0]!.Value),
        },
        Scores = queue.Kind == ReviewKind.Score ? [.. r.Answer.Content.Values.Select(v => v ?? 0)] : null,
        ChosenShownAs = queue.Kind == ReviewKind.Pairwise ? r.Item.ChosenIsB ? "B" : "A" : null,
        Order = r.Order.ToString(),
        ControlShare = r.ControlShare,
        Control = r.Control,
        Source = r.Answer.Source,
        Replaces = r.Answer.Replaces,
        Note = r.Answer.Content.Note,
        BetterAction = r.Answer.Content.BetterAction,
    };

    private static string Name(PairChoice choice) => choice == PairChoice.BothBad ? "both bad" : choice.ToString().ToLowerInvariant();

    private static int? Said(ReviewKind kind, string? answer) => kind == ReviewKind.Verdict
        ? ReviewLetters.Read(kind, answer ?? "", false)
        : Enum.GetValues<PairChoice>().Where(c => Name(c).Equals(answer, StringComparison.OrdinalIgnoreCase)).Select(c => (int?)c).FirstOrDefault();

    private static string Cell(object? value)
    {
        var text = value is string word
            ? (word.Length > 0 && word[0] is '=' or '+' or '-' or '@' or '\t' or '\r' ? "'" : "") + word
            : Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
        return text.AsSpan().IndexOfAny(",\"\r\n") < 0 ? text : $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }

    // A line of the file; null where it does not apply.
    private sealed class LabelLine
    {
        public string? Key { get; set; }

        public int? Item { get; set; }

        public int? Pair { get; set; }

        public int? Task { get; set; }

        public int? Step { get; set; }

        public int? Attempt { get; set; }

        public string? Reviewer { get; set; }

        public string? ReviewerId { get; set; }

        public DateTime? AnsweredAtUtc { get; set; }

        public double? Seconds { get; set; }

        public string? Answer { get; set; }

        public int[]? Scores { get; set; }

        public string? ChosenShownAs { get; set; }

        public string? Order { get; set; }

        public double? ControlShare { get; set; }

        public bool? Control { get; set; }

        public string? Source { get; set; }

        public long? Replaces { get; set; }

        public string? Note { get; set; }

        public string? BetterAction { get; set; }
    }
}
