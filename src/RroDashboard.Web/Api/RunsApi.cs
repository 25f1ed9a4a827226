using Microsoft.AspNetCore.Http.HttpResults;
using RroDashboard.Data;
using RroDashboard.Web.Authentication;
using RroDashboard.Web.Components;
using RroDashboard.Web.Configuration;
using RroDashboard.Web.Streaming;

namespace RroDashboard.Web.Api;

/// <summary>Runs for scripts: the same numbers that the pages show. Everything needs a signed-in user.</summary>
public static class RunsApi
{
    /// <summary>Adds the routes.</summary>
    public static IEndpointRouteBuilder MapRunsApi(this IEndpointRouteBuilder routes)
    {
        var runs = routes.MapGroup("/api/v1/runs").RequireAuthorization().AddEndpointFilter<EntityTags>();
        runs.MapGet("/", ListAsync).WithName("ListRuns").WithSummary("Runs, newest first.");
        runs.MapGet("/{id}", FindAsync).WithName("GetRun").WithSummary("One run.");
        runs.MapGet("/{id}/snapshot", SnapshotAsync).WithName("GetSnapshot").WithSummary("Everything up to the last committed event.");
        runs.MapGet("/{id}/frames", Frames).WithName("GetFrames").WithSummary("What came after a number of an epoch, or the advice to take a new snapshot.");
        runs.MapGet("/{id}/metrics", MetricsAsync).WithName("GetMetrics").WithSummary("One series between two steps, thinned.");
        runs.MapPost("/{id}/resume", ResumeAsync).RequireAuthorization(Policies.Operator).WithName("ResumeRun").WithSummary("Puts a run that was stopped or interrupted back into the queue; it goes on from what is complete.");
        return routes;
    }

    private static async Task<Results<Ok<RunPage>, ProblemHttpResult>> ListAsync(
        RunQueries queries, ApiQueries pages, CancellationToken cancellationToken, int skip = 0, int take = 50, string? cursor = null)
    {
        if (cursor is not null)
        {
            // Runs that are added meanwhile do not shift the pages. The first page has the cursor "start".
            if (cursor != "start" && (!cursor.StartsWith('r') || !int.TryParse(cursor[1..], out _)))
            {
                return TypedResults.Problem("The cursor is none of this server's: begin with cursor=start.", statusCode: StatusCodes.Status400BadRequest);
            }

            var page = await pages.RunsAsync(cursor == "start" ? null : int.Parse(cursor[1..], System.Globalization.CultureInfo.InvariantCulture), take, cancellationToken);
            var (_, all) = await queries.ListAsync(0, 1, cancellationToken);
            return TypedResults.Ok(new RunPage(all, [.. page.Select(r => RunResource.Of(r.Run))], page.Count == Math.Clamp(take, 1, ApiQueries.MaxRows) ? $"r{page[^1].Key}" : null));
        }

        var (rows, total) = await queries.ListAsync(Math.Max(0, skip), Math.Clamp(take, 1, RunQueries.MaxRows), cancellationToken);
        return TypedResults.Ok(new RunPage(total, [.. rows.Select(RunResource.Of)]));
    }

    private static async Task<Results<Ok<RunResource>, NotFound>> FindAsync(string id, RunQueries queries, CancellationToken cancellationToken) =>
        await queries.FindAsync(id, cancellationToken) is { } run ? TypedResults.Ok(RunResource.Of(run)) : TypedResults.NotFound();

    private static async Task<Results<Accepted<RunResource>, NotFound, ProblemHttpResult>> ResumeAsync(
        string id, RunQueries queries, IRunBoard board, HttpContext http, AuditLog audit, CancellationToken cancellationToken)
    {
        if (await queries.FindAsync(id, cancellationToken) is null)
        {
            return TypedResults.NotFound();
        }

        try
        {
            await board.ResumeAsync(id, cancellationToken);
        }
        catch (RefusalException e)
        {
            return TypedResults.Problem(e.Message, statusCode: StatusCodes.Status409Conflict);
        }

        await audit.AddAsync(http.User, "run.resumed", id, "by API");
        return TypedResults.Accepted($"/api/v1/runs/{id}", RunResource.Of((await queries.FindAsync(id, cancellationToken))!));
    }

    private static async Task<Results<Ok<Snapshot>, NotFound>> SnapshotAsync(string id, SnapshotReader snapshots, CancellationToken cancellationToken) =>
        await snapshots.ReadAsync(id, cancellationToken) is { } snapshot ? TypedResults.Ok(snapshot) : TypedResults.NotFound();

    private static async Task<Results<Ok<Missed>, NotFound>> Frames(string id, string epoch, long since, RunQueries queries, LiveFeed feed, CancellationToken cancellationToken) =>
        await queries.FindAsync(id, cancellationToken) is null ? TypedResults.NotFound() : TypedResults.Ok(feed.Since(id, epoch, since));

    private static async Task<Results<Ok<SeriesResource>, NotFound>> MetricsAsync(
        string id, string series, RunQueries queries, CancellationToken cancellationToken, long from = long.MinValue, long to = long.MaxValue, int points = RunQueries.MaxPoints)
    {
        if (await queries.FindAsync(id, cancellationToken) is null)
        {
            return TypedResults.NotFound();
        }

        var line = await queries.SeriesAsync(id, series, from, to, points, cancellationToken);
        return TypedResults.Ok(new SeriesResource(series, [.. line.Select(p => p.Step)], [.. line.Select(p => p.Value)]));
    }
}

/// <summary>One page of runs; Next is the cursor of the page after it, null at the end and where none was asked for.</summary>
public sealed record RunPage(int Total, IReadOnlyList<RunResource> Runs, string? Next = null);

/// <summary>A series as two columns of equal length.</summary>
public sealed record SeriesResource(string Series, IReadOnlyList<long> Steps, IReadOnlyList<double> Values);

/// <summary>A run for scripts. <paramref name="Crashed"/>: interrupted because its process ended without a word. <paramref name="Remote"/>: what a trainer elsewhere said of it; its settings are then those that it shared.</summary>
public sealed record RunResource(
    string Id,
    string State,
    string Preset,
    IReadOnlyDictionary<string, string> Settings,
    DateTime CreatedUtc,
    DateTime? StartedUtc,
    DateTime? EndedUtc,
    string? Stage,
    long Done,
    long Total,
    double? Before,
    double? After,
    Core.Exploration.Budget? Budget,
    long LastSeq,
    long DroppedSamples,
    string? Error,
    bool Crashed,
    string Owner = "",
    RemoteRun? Remote = null)
{
    /// <summary>From what the database knows.</summary>
    public static RunResource Of(RunInfo run)
    {
        ArgumentNullException.ThrowIfNull(run);
        return new(
            run.Id, run.State.ToString(), run.Plan.Preset, Core.Plans.PlanSettings.All.Where(run.Knows).ToDictionary(s => s.Path, s => s.GetText(run.Plan), StringComparer.Ordinal), run.CreatedUtc, run.StartedUtc, run.EndedUtc, run.Stage?.ToString(),
            run.Done, run.Total, run.Before, run.After, run.Budget, run.LastSeq, run.DroppedSamples, run.Error, run.Crashed, run.Owner, run.Remote);
    }
}
