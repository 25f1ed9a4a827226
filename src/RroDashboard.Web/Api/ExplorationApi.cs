using Microsoft.AspNetCore.Http.HttpResults;
using RroDashboard.Core.Events;
using RroDashboard.Data;
using RroDashboard.Web.Hosting;

namespace RroDashboard.Web.Api;

/// <summary>Exploration for scripts: whole candidates, and the pairs as a file. Everything needs a signed-in user.</summary>
public static class ExplorationApi
{
    /// <summary>Adds the routes.</summary>
    public static IEndpointRouteBuilder MapExplorationApi(this IEndpointRouteBuilder routes)
    {
        var run = routes.MapGroup("/api/v1/runs/{id}").RequireAuthorization();
        run.MapGet("/pairs.jsonl", PairsAsync).WithName("GetPairsFile").WithSummary("Preference pairs for TRL: conversational, explicit prompt, one JSON object a line.");
        run.MapGet("/tasks/{task:int}/steps/{step:int}/candidates/{attempt:int}", CandidateAsync).WithName("GetCandidate").WithSummary("One candidate, whole.");
        return routes;
    }

    private static async Task<Results<PushStreamHttpResult, NotFound>> PairsAsync(string id, RunQueries queries, PairExport export, CancellationToken cancellationToken) =>
        await queries.FindAsync(id, cancellationToken) is { } run
            ? TypedResults.Stream(
                async stream => await export.WriteAsync(run.Id, stream, cancellationToken), "application/jsonl; charset=utf-8", $"pairs-{run.Id}.jsonl")
            : TypedResults.NotFound();

    private static async Task<Results<Ok<CandidateScored>, NotFound>> CandidateAsync(
        string id, int task, int step, int attempt, WalkQueries walks, CancellationToken cancellationToken) =>
        attempt >= 0 && await walks.CandidateAsync(id, task, step, attempt, cancellationToken) is { } candidate ? TypedResults.Ok(candidate) : TypedResults.NotFound();
}
