using RroDashboard.Core.Events;

namespace RroDashboard.Data;

/// <summary>An event that is in the database.</summary>
/// <param name="RunId">Run.</param>
/// <param name="Seq">Number within the run: from 1, in commit order, without holes.</param>
/// <param name="AtUtc">When it was written.</param>
/// <param name="Event">What happened.</param>
public sealed record CommittedEvent(string RunId, long Seq, DateTime AtUtc, RunEvent Event);

/// <summary>Hears of events after their commit, never before. Called by the writer between two batches: be quick.</summary>
public interface ICommittedEvents
{
    /// <summary>One batch; may hold events of several runs, those of one run in order.</summary>
    void OnCommitted(IReadOnlyList<CommittedEvent> events);
}
