namespace RroDashboard.Core.Events;

/// <summary>
/// The one way out of training. Facts wait for the writer and are never lost; samples never wait and may be dropped.
/// Implementations may be called from one training thread at a time and must not throw for a full buffer.
/// </summary>
public interface IRunJournal
{
    /// <summary>Hands over a fact; returns when it is safely queued, in order.</summary>
    void Record(RunFact fact);

    /// <summary>Hands over a sample, or drops and counts one.</summary>
    void Sample(RunSample sample);
}
