using RroDashboard.Data;

namespace RroDashboard.Web.Observability;

/// <summary>Buffers of rooms that know nothing of this one: the journal, the database, the framework.</summary>
public sealed class OtherBuffers(JournalWriter journal, ApiQueries queries, OpenCircuits circuits, TimeProvider time) : IBoundedBuffers
{
    /// <summary>Pages whose connection broke and that may come back; the framework's default is made for web farms, and a training machine keeps its memory for training.</summary>
    public const int KeptCircuits = 20;

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<BufferState>> BuffersAsync(CancellationToken cancellationToken) =>
    [
        new("journal_facts", "Facts of runs on their way to the database", JournalLimits.WaitingFacts, "the run waits", journal.WaitingFacts, null),
        new("journal_samples", "Metric points, progress and log lines on their way to the database", JournalLimits.WaitingSamples, "the oldest is dropped", journal.WaitingSamples, journal.DroppedSamples),
        new("review_reservations", "Review items that someone has in hand", null, "one for each person and queue, for ten minutes; others get another item", await queries.HeldReviewItemsAsync(time.GetUtcNow(), cancellationToken), null),
        new("broken_circuits", "Pages whose connection broke and that may come back", KeptCircuits, "the oldest is forgotten and loads anew when it comes back", circuits.Broken, null),
    ];
}
