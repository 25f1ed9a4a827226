using RroDashboard.Core.Events;

namespace RroDashboard.Data;

/// <summary>An event that is safely in the database.</summary>
/// <param name="RunId">Which run.</param>
/// <param name="Seq">1, 2, .. within the run.</param>
/// <param name="AtUtc">When the writer took it.</param>
/// <param name="Event">What happened.</param>
public sealed record CommittedEvent(string RunId, long Seq, DateTime AtUtc, RunEvent Event);

/// <summary>Told of events after their commit, never before.</summary>
public interface ICommittedEvents
{
    /// <summary>Called by the writer, in order, never twice at once; has to return quickly and must not throw.</summary>
    void OnCommitted(IReadOnlyList<CommittedEvent> events);
}
