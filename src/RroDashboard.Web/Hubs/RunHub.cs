using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.SignalR;
using RroDashboard.Core.Events;
using RroDashboard.Data;
using RroDashboard.Web.Streaming;

namespace RroDashboard.Web.Hubs;

/// <summary>
/// The live side for browsers and scripts. Who watches a run is in its group; frames come from <see cref="LiveFeed"/>. Register, then
/// snapshot, then follow: <see cref="Watch"/> joins the group before it reads, so that nothing falls between the two.
/// </summary>
[Authorize]
public sealed class RunHub(SnapshotReader snapshots, LiveFeed feed, RunQueries queries) : Hub
{
    /// <summary>Names that one question for bands may give: more than a page has.</summary>
    public const int MaxSeries = 32;

    /// <summary>Group of a run's viewers; publisher and hub cannot disagree about it.</summary>
    public static string GroupOf(string runId) => "run:" + runId;

    /// <summary>Joins a run's viewers and gives everything up to now; frames with a higher number follow as "events".</summary>
    /// <exception cref="HubException">There is no such run.</exception>
    public async Task<Snapshot> Watch(string runId)
    {
        await Groups.AddToGroupAsync(Context.ConnectionId, GroupOf(runId), Context.ConnectionAborted);
        return await snapshots.ReadAsync(runId, Context.ConnectionAborted) ?? throw new HubException("There is no such run.");
    }

    /// <summary>Leaves a run's viewers.</summary>
    public Task Unwatch(string runId) => Groups.RemoveFromGroupAsync(Context.ConnectionId, GroupOf(runId), Context.ConnectionAborted);

    /// <summary>What came after a number of an epoch, or the advice to take a new snapshot.</summary>
    public Missed Since(string runId, string epoch, long seq) => feed.Since(runId, epoch, seq);

    /// <summary>Series between two steps, at most so many bands of each: what a zoomed chart asks for. A name that ends with a slash means all that begin so.</summary>
    public Task<IReadOnlyList<SeriesColumns>> Bands(string runId, IReadOnlyList<string> names, long? from, long? to, int limit) =>
        snapshots.BandsAsync(runId, [.. (names ?? []).Take(MaxSeries)], from, to, limit, Context.ConnectionAborted);

    /// <summary>Steps decided before a given one, newest first.</summary>
    public async Task<IReadOnlyList<StepDecided>> Older(string runId, int task, int step, int count) =>
        [.. (await queries.OlderStepsAsync(runId, task, step, count, Context.ConnectionAborted)).Select(LongText.Cut)];

    /// <summary>Candidates of one step, in the order of sampling.</summary>
    public async Task<IReadOnlyList<CandidateScored>> Candidates(string runId, int task, int step) =>
        [.. (await queries.CandidatesAsync(runId, task, step, Context.ConnectionAborted)).Select(LongText.Cut)];
}
