using RroDashboard.Core.Events;
using RroDashboard.Data;

namespace RroDashboard.Web.Streaming;

/// <summary>Reads the snapshot that frames continue.</summary>
public sealed class SnapshotReader(RunQueries queries, LiveFeed feed, TimeProvider time)
{
    /// <summary>Everything up to the last committed event; null when there is no such run.</summary>
    public async Task<Snapshot?> ReadAsync(string runId, CancellationToken cancellationToken)
    {
        if (await queries.SnapshotAsync(runId, cancellationToken) is not { } snapshot)
        {
            return null;
        }

        var run = snapshot.Run;
        var ended = run.State is not (RunState.Queued or RunState.Running);
        var last = new DateTimeOffset(run.EndedUtc ?? time.GetUtcNow().UtcDateTime);
        return new Snapshot(runId, feed.Epoch, snapshot.Seq, ended, last.ToUnixTimeMilliseconds(), run.DroppedSamples, snapshot.Events);
    }
}
