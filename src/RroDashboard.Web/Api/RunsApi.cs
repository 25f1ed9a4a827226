using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using RroDashboard.Core.Events;
using RroDashboard.Data;
using RroDashboard.Web.Streaming;

namespace RroDashboard.Web.Api;

/// <summary>What programs read over HTTP: the same shapes as the hub's (Streaming/README.md).</summary>
public static class RunsApi
{
    /// <summary>Rows of a list when the caller does not say how many.</summary>
    public const int DefaultTake = 50;

    /// <summary>Maps everything below /api/v1/runs.</summary>
    public static RouteGroupBuilder MapRunsApi(this IEndpointRouteBuilder endpoints)
    {
        var runs = endpoints.MapGroup("/api/v1/runs").WithTags("Runs");
        runs.MapGet("/", List).WithName("ListRuns").WithSummary("Runs, newest first.");
        runs.MapGet("/{id}", Find).WithName("GetRun").WithSummary("One run.");
        runs.MapGet("/{id}/snapshot", Snapshot).WithName("GetRunSnapshot").WithSummary("Everything a page needs to begin, as of one event.");
        runs.MapGet("/{id}/frames", Frames).WithName("GetRunFrames").WithSummary("What happened after an event, or that a snapshot is needed.");
        runs.MapGet("/{id}/metrics", Metrics).WithName("GetRunMetrics").WithSummary("A series thinned out; without a name the names of all.");
        runs.MapGet("/{id}/feed", Feed).WithName("GetRunFeed").WithSummary("Decided steps before an event, newest first.");
        runs.MapGet("/{id}/candidates", Candidates).WithName("GetRunCandidates").WithSummary("The candidates of one step in full.");
        runs.MapGet("/{id}/pairs", Pairs).WithName("GetRunPairs").WithSummary("Preference pairs in their order.");
        runs.MapGet("/{id}/log", Log).WithName("GetRunLog").WithSummary("Log lines before an event, newest first.");
        return runs;
    }

    /// <summary>Maps /health/live (the process answers) and /health/ready (the database answers), for an application that does not map them itself.</summary>
    public static IEndpointRouteBuilder MapRunHealth(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapHealthChecks("/health/live", new() { Predicate = _ => false }).AllowAnonymous();
        endpoints.MapHealthChecks("/health/ready").AllowAnonymous();
        return endpoints;
    }

    private static async Task<Ok<RunListPage>> List(RunQueries queries, CancellationToken cancellationToken, int skip = 0, int take = DefaultTake) =>
        TypedResults.Ok(await queries.ListAsync(skip, take, cancellationToken));

    private static async Task<Results<Ok<RunListRow>, ProblemHttpResult>> Find(string id, RunQueries queries, CancellationToken cancellationToken) =>
        await queries.FindAsync(id, cancellationToken) is { } run ? TypedResults.Ok(run) : Missing(id);

    private static async Task<Results<Ok<RunSnapshot>, ProblemHttpResult>> Snapshot(string id, RunQueries queries, LiveFeed feed, CancellationToken cancellationToken)
    {
        if (await queries.SnapshotAsync(id, cancellationToken) is not { } snapshot)
        {
            return Missing(id);
        }

        feed.TryCutAt(id, snapshot.Seq);
        return TypedResults.Ok(snapshot with { Epoch = feed.Epoch });
    }

    private static async Task<Results<Ok<FramesSince>, ProblemHttpResult>> Frames(
        string id, RunQueries queries, LiveFeed feed, CancellationToken cancellationToken, string? epoch = null, long since = 0) =>
        await queries.FindAsync(id, cancellationToken) is null ? Missing(id) : TypedResults.Ok(feed.Since(id, epoch, since));

    private static async Task<Results<Ok<SeriesData>, Ok<IReadOnlyList<string>>, ProblemHttpResult>> Metrics(
        string id, RunQueries queries, CancellationToken cancellationToken, string? series = null, long? from = null, long? to = null, int points = RunQueries.SnapshotPoints)
    {
        if (await queries.FindAsync(id, cancellationToken) is null)
        {
            return Missing(id);
        }

        if (series is null)
        {
            return TypedResults.Ok(await queries.SeriesNamesAsync(id, cancellationToken));
        }

        return await queries.SeriesAsync(id, series, from, to, points, cancellationToken) is { } data
            ? TypedResults.Ok(data)
            : Problem($"Run '{id}' has no series '{series}'; without the parameter series you get the names of all.");
    }

    private static async Task<Results<Ok<IReadOnlyList<FeedEntry>>, ProblemHttpResult>> Feed(
        string id, RunQueries queries, CancellationToken cancellationToken, long? before = null, int take = DefaultTake) =>
        await queries.FindAsync(id, cancellationToken) is null ? Missing(id) : TypedResults.Ok(await queries.FeedAsync(id, before, take, cancellationToken));

    private static async Task<Results<Ok<IReadOnlyList<CandidateScored>>, ProblemHttpResult>> Candidates(
        string id, int task, int step, RunQueries queries, CancellationToken cancellationToken) =>
        await queries.FindAsync(id, cancellationToken) is null ? Missing(id) : TypedResults.Ok(await queries.CandidatesAsync(id, task, step, cancellationToken));

    private static async Task<Results<Ok<PairPage>, ProblemHttpResult>> Pairs(
        string id, RunQueries queries, CancellationToken cancellationToken, int skip = 0, int take = DefaultTake) =>
        await queries.FindAsync(id, cancellationToken) is null ? Missing(id) : TypedResults.Ok(await queries.PairsAsync(id, skip, take, cancellationToken));

    private static async Task<Results<Ok<IReadOnlyList<LogRow>>, ProblemHttpResult>> Log(
        string id, RunQueries queries, CancellationToken cancellationToken, long? before = null, int take = DefaultTake) =>
        await queries.FindAsync(id, cancellationToken) is null ? Missing(id) : TypedResults.Ok(await queries.LogAsync(id, before, take, cancellationToken));

    private static ProblemHttpResult Missing(string id) => Problem($"There is no run '{id}'.");

    private static ProblemHttpResult Problem(string detail) => TypedResults.Problem(detail, statusCode: StatusCodes.Status404NotFound);
}

/// <summary>Ready means that the database answers.</summary>
public sealed class DatabaseHealthCheck(RunQueries queries) : IHealthCheck
{
    /// <inheritdoc/>
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        await queries.CanReadAsync(cancellationToken) ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy("The database does not answer.");
}
