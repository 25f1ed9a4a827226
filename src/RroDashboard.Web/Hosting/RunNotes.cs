using RroDashboard.Core.Events;
using RroDashboard.Data;

namespace RroDashboard.Web.Hosting;

/// <summary>What people note on a run. A note is a fact of the run, with the time at which it was committed.</summary>
public sealed class RunNotes(JournalWriter journal, RunQueries queries, LogQueries log)
{
    /// <summary>Adds a note and waits until it is committed.</summary>
    /// <returns>Why it was refused, as one sentence; null when it was taken.</returns>
    public async Task<string?> AddAsync(string runId, string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        text = text.Trim();
        if (text.Length is 0 or > NoteAdded.MaxLength)
        {
            return $"A note has 1 to {NoteAdded.MaxLength} characters; this one has {text.Length}.";
        }

        if (await queries.FindAsync(runId, default) is not { } run)
        {
            return "The run was removed meanwhile.";
        }

        if (run.ImportedUtc is not null)
        {
            return ImportedRun.Refusal(runId);
        }

        try
        {
            journal.Open(runId).Record(new NoteAdded(text));
            await journal.FlushAsync(default);
            return null;
        }
        catch (IOException e)
        {
            return e.Message;
        }
    }

    /// <summary>Newest first.</summary>
    public Task<IReadOnlyList<CommittedEvent>> NewestAsync(string runId, int take) => log.NewestAsync<NoteAdded>(runId, take, default);
}
