using Microsoft.AspNetCore.SignalR;
using RroDashboard.Core.Events;
using RroDashboard.Data;
using RroDashboard.Web.Streaming;

namespace RroDashboard.Web.Hubs;

/// <summary>
/// For the scripts of pages and for other programs, as JSON. Messages to clients: "frame" with a <see cref="RunFrame"/> of a
/// watched run, and "runs" with the <see cref="RunListRow"/>s that changed and the ids that are gone, at most one a second.
/// </summary>
public sealed class RunHub(LiveFeed feed, RunQueries queries) : Hub
{
    /// <summary>Message with a frame.</summary>
    public const string FrameMessage = "frame";

    /// <summary>Message with changed rows of the list.</summary>
    public const string RunsMessage = "runs";

    // A frame may be made between the reading of a snapshot and its cut; that this happens so often in a row is not to be expected.
    private const int SnapshotAttempts = 5;

    /// <summary>Begins to follow a run. Frames with a number up to the snapshot's are already in it: drop them.</summary>
    /// <exception cref="HubException">There is no such run.</exception>
    public async Task<RunSnapshot> Watch(string runId)
    {
        // First the group, then the snapshot: a frame that falls in between is in both, and its number says so.
        await Groups.AddToGroupAsync(Context.ConnectionId, GroupOf(runId), Context.ConnectionAborted);
        for (var attempt = 1; ; attempt++)
        {
            if (await queries.SnapshotAsync(runId, Context.ConnectionAborted) is not { } snapshot)
            {
                await Groups.RemoveFromGroupAsync(Context.ConnectionId, GroupOf(runId), Context.ConnectionAborted);
                throw new HubException($"There is no run '{runId}'.");
            }

            if (feed.TryCutAt(runId, snapshot.Seq) || attempt == SnapshotAttempts)
            {
                return snapshot with { Epoch = feed.Epoch };
            }
        }
    }

    /// <summary>Frames after a number, for a client that sees a hole; or the word that it has to watch anew.</summary>
    public FramesSince Since(string runId, string epoch, long seq) => feed.Since(runId, epoch, seq);

    /// <summary>Stops following a run.</summary>
    public Task Unwatch(string runId) => Groups.RemoveFromGroupAsync(Context.ConnectionId, GroupOf(runId), Context.ConnectionAborted);

    /// <summary>Begins to follow the list of runs; gives its newest rows.</summary>
    public async Task<RunListPage> WatchRuns(int take)
    {
        await Groups.AddToGroupAsync(Context.ConnectionId, ListGroup, Context.ConnectionAborted);
        return await queries.ListAsync(0, take, Context.ConnectionAborted);
    }

    /// <summary>Stops following the list.</summary>
    public Task UnwatchRuns() => Groups.RemoveFromGroupAsync(Context.ConnectionId, ListGroup, Context.ConnectionAborted);

    /// <summary>Feed entries before a number, newest first.</summary>
    public Task<IReadOnlyList<FeedEntry>> Feed(string runId, long? beforeSeq, int take) => queries.FeedAsync(runId, beforeSeq, take, Context.ConnectionAborted);

    /// <summary>The candidates of a step with observations and all outcomes.</summary>
    public Task<IReadOnlyList<CandidateScored>> Candidates(string runId, int task, int step) =>
        queries.CandidatesAsync(runId, task, step, Context.ConnectionAborted);

    internal const string ListGroup = "runs";

    internal static string GroupOf(string runId) => $"run:{runId}";
}
