using System.Globalization;
using RroDashboard.Core.Events;
using RroDashboard.Data;
using RroDashboard.Web.Components;
using RroDashboard.Web.Streaming;

namespace RroDashboard.Web.Logs;

/// <summary>One line as the log page shows it.</summary>
/// <param name="Seq">Number of its event.</param>
/// <param name="AtUtc">When it was committed.</param>
/// <param name="Level">"info", "warning" or "error".</param>
/// <param name="Text">Without control characters, at most <see cref="LongText.MaxLength"/> characters and a word on what was cut.</param>
public sealed record LogRow(long Seq, DateTime AtUtc, string Level, string Text);

/// <summary>Some lines, oldest first.</summary>
/// <param name="Rows">Those that fit the filter.</param>
/// <param name="OlderThan">Where to go on for older ones; null when there are none.</param>
/// <param name="Searched">Events looked at.</param>
/// <param name="Newest">Number of the newest event looked at, whether it fits or not; the bound asked for when there was none.</param>
public sealed record LogPage(IReadOnlyList<LogRow> Rows, long? OlderThan, int Searched, long Newest);

/// <summary>
/// The log of a run: its own lines, and its facts in words between them, so that it tells the whole story. Filtered here and not in SQL: the words
/// of a fact are made here.
/// </summary>
public sealed class RunLog(LogQueries queries)
{
    /// <summary>Lines of one page.</summary>
    public const int PageRows = 200;

    /// <summary>Events that one search looks at before it asks whether to go on.</summary>
    public const int MaxSearched = 20_000;

    /// <summary>Lines before a number that fit.</summary>
    /// <param name="runId">Which run.</param>
    /// <param name="level">Lowest level: "info", "warning" or "error".</param>
    /// <param name="search">Part of the text, without regard to case; empty for all.</param>
    /// <param name="before">As in <see cref="LogQueries.BeforeAsync"/>.</param>
    /// <param name="after">As in <see cref="LogQueries.BeforeAsync"/>.</param>
    /// <param name="cancellationToken">Given up.</param>
    public async Task<LogPage> ReadAsync(string runId, string level, string search, long before, long after, CancellationToken cancellationToken)
    {
        var rows = new List<LogRow>();
        var searched = 0;
        long? newest = null;
        while (true)
        {
            var events = await queries.BeforeAsync(runId, before, after, LogQueries.MaxEvents, cancellationToken);
            newest ??= events.Count > 0 ? events[0].Seq : after;
            searched += events.Count;
            foreach (var committed in events)
            {
                before = committed.Seq;
                if (Row(committed) is { } row && Fits(row, level, search))
                {
                    rows.Add(row);
                    if (rows.Count == PageRows)
                    {
                        break;
                    }
                }
            }

            var isEnd = events.Count < LogQueries.MaxEvents && (events.Count == 0 || events[^1].Seq == before);
            if (isEnd || rows.Count == PageRows || searched >= MaxSearched)
            {
                rows.Reverse();
                return new LogPage(rows, isEnd ? null : before, searched, newest.Value);
            }
        }
    }

    /// <summary>An event in words; null when it does not belong to the log.</summary>
    public static LogRow? Row(CommittedEvent committed)
    {
        ArgumentNullException.ThrowIfNull(committed);
        return Words(committed.Event) is var (level, text) && text.Length > 0 ? new LogRow(committed.Seq, committed.AtUtc, level, PlainText.Of(LongText.Cut(text))) : null;
    }

    /// <summary>Whether a line passes the filter.</summary>
    public static bool Fits(LogRow row, string level, string search)
    {
        ArgumentNullException.ThrowIfNull(row);
        return Rank(row.Level) >= Rank(level) && (string.IsNullOrEmpty(search) || row.Text.Contains(search, StringComparison.OrdinalIgnoreCase));
    }

    private static int Rank(string level) => level switch { "error" => 2, "warning" => 1, _ => 0 };

    private static (string Level, string Text) Words(RunEvent happened) => happened switch
    {
        LogLine line => (line.Level, line.Text),
        AlertRaised alert => (alert.Severity, alert.Text),
        RunStarted started => ("info", In($"The run begins: {started.Environment}, {Components.Words.Count(started.Parameters)} parameters, {started.Engine}.")),
        StageStarted stage => ("info", $"{Components.Words.Of(stage.Stage)} begins."),
        StageFinished stage => ("info", $"{Components.Words.Of(stage.Stage)} is done after {Components.Words.Duration(stage.Seconds)}."),
        DemonstrationsMade made => ("info", In($"Demonstrations: {string.Join(", ", made.Sources.Select(s => $"{s.Value} from {s.Key}"))}; mean reward {made.MeanReward:0.000}.")),
        EvaluationFinished e => ("info", In($"{Components.Words.Of(e.Stage)}, {e.Decoding}: mean reward {e.Mean:0.000} [{e.Low:0.000}, {e.High:0.000}] on {e.Episodes.Count} tasks.")),
        ReferenceEvaluated r => ("info", In($"Scripted rule '{r.Name}': mean reward {r.Mean:0.000} [{r.Low:0.000}, {r.High:0.000}].")),
        CheckpointSaved c => ("info", $"Checkpoint after {Components.Words.Of(c.Stage)}: {Components.Words.Bytes(c.Bytes)}, SHA-256 {c.Sha256}."),
        RunResumed on => ("info", In($"The run goes on{(on.Stage is { } stage ? $" with {Components.Words.Of(stage)}" : "")}. Walks kept: {on.KeptTasks}; begun again: {on.RestartedTasks.Count}.{(on.BrokenOffSeconds > 0 ? $" The broken stage had taken {Components.Words.Duration(on.BrokenOffSeconds)}." : "")}")),
        NoteAdded note => ("info", $"Note: {note.Text}"),
        RerollRequested asked => ("info", In($"Re-roll {asked.Round} of {asked.Steps} accepted steps was asked for.")),
        RerollFinished done => ("info", In($"Re-roll {done.Round}: {done.Steps.Count(s => s.Rises)} of {done.Steps.Count} accepted steps rise again.")),
        RerollFailed failed => ("warning", In($"Re-roll {failed.Round} came to nothing: {failed.Reason}")),
        RunEnded ended => (ended.State == RunState.Failed ? "error" : ended.State == RunState.Finished ? "info" : "warning", $"The run ended: {ended.State}.{(ended.Error is null ? "" : " " + ended.Error)}"),
        _ => ("info", ""),
    };

    private static string In(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
