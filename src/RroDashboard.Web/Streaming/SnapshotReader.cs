using RroDashboard.Core.Events;
using RroDashboard.Data;

namespace RroDashboard.Web.Streaming;

/// <summary>Reads the snapshot that frames continue.</summary>
public sealed class SnapshotReader(SnapshotQueries queries, LiveFeed feed, TimeProvider time)
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
        return new Snapshot(
            runId,
            feed.Epoch,
            snapshot.Seq,
            ended,
            run.StartedUtc is { } started ? Ms(started) : null,
            Ms(run.EndedUtc ?? time.GetUtcNow().UtcDateTime),
            run.DroppedSamples,
            snapshot.Decisions,
            [.. snapshot.Newest.Select(LongText.Cut)],
            snapshot.Events,
            snapshot.Marks,
            [.. snapshot.Series.Select(SeriesColumns.Of)]);
    }

    /// <summary>Series between two steps, in bands.</summary>
    public async Task<IReadOnlyList<SeriesColumns>> BandsAsync(string runId, IReadOnlyList<string> names, long? from, long? to, int limit, CancellationToken cancellationToken)
    {
        var series = await queries.BandsAsync(runId, names, from ?? long.MinValue, to ?? long.MaxValue, limit, cancellationToken);
        return [.. series.Select(SeriesColumns.Of)];
    }

    private static long Ms(DateTime utc) => new DateTimeOffset(utc).ToUnixTimeMilliseconds();
}
