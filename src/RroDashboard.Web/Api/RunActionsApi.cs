using Microsoft.AspNetCore.Http.HttpResults;
using RroDashboard.Core.Plans;
using RroDashboard.Data;
using RroDashboard.Web.Authentication;
using RroDashboard.Web.CommandLine;
using RroDashboard.Web.Components;
using RroDashboard.Web.Configuration;
using RroDashboard.Web.Streaming;

namespace RroDashboard.Web.Api;

/// <summary>What scripts can do to runs, as the pages do. Requests from other sites' pages are refused before they come here.</summary>
public static class RunActionsApi
{
    /// <summary>Name of the header that makes a repeated request give the run of the first one.</summary>
    public const string IdempotencyHeader = "Idempotency-Key";

    private const int MaxKey = 100;

    /// <summary>Adds the routes.</summary>
    public static IEndpointRouteBuilder MapRunActionsApi(this IEndpointRouteBuilder routes)
    {
        var runs = routes.MapGroup("/api/v1/runs").RequireAuthorization();
        runs.MapGet("/find", FindAsync).WithName("FindRuns").WithSummary("Runs by filter and order, as the list of runs has them.");
        runs.MapPost("/", CreateAsync).RequireAuthorization(Policies.Operator).WithName("CreateRun").WithSummary("Adds a run; with an Idempotency-Key a repeated request makes no second one.");
        runs.MapPut("/{id}/description", DescribeAsync).RequireAuthorization(Policies.Reviewer).WithName("DescribeRun").WithSummary("Sets name, tags and notes.");
        runs.MapPost("/{id}/stop", StopAsync).RequireAuthorization(Policies.Operator).WithName("StopRun").WithSummary("Asks a run to stop.");
        runs.MapDelete("/{id}", DeleteAsync).RequireAuthorization(Policies.Operator).WithName("DeleteRun").WithSummary("Deletes a run that has ended; it can be restored for ten seconds.");
        runs.MapPost("/{id}/restore", RestoreAsync).RequireAuthorization(Policies.Operator).WithName("RestoreRun").WithSummary("Brings a deleted run back while that is possible.");
        return routes;
    }

    private static async Task<Results<Ok<RunPage>, ProblemHttpResult>> FindAsync(
        RunListQueries queries, CancellationToken cancellationToken, string? q = null, string? sort = null, int skip = 0, int take = 50)
    {
        try
        {
            var (rows, total) = await queries.ListAsync(q, RunSort.Parse(sort), skip, take, cancellationToken);
            return TypedResults.Ok(new RunPage(total, [.. rows.Select(RunResource.Of)]));
        }
        catch (RunFilterException e)
        {
            return Refused(e);
        }
    }

    private static async Task<Results<Created<NewRunResource>, ProblemHttpResult>> CreateAsync(
        NewRunRequest request, HttpRequest http, IRunBoard board, AuditLog audit, CancellationToken cancellationToken)
    {
        try
        {
            var key = http.Headers[IdempotencyHeader].ToString();
            if (key.Length > MaxKey)
            {
                throw new RefusalException($"{IdempotencyHeader} has {key.Length} characters: at most {MaxKey} are allowed.");
            }

            var plan = Presets.Create(request.Preset);
            PlanSettings.Apply(plan, (request.Settings ?? new Dictionary<string, string>()).Select(s => $"{s.Key}={s.Value}"));
            PlanArguments.Check(plan);
            var (id, made) = await board.EnqueueAsync(plan, key.Length > 0 ? $"api-{http.HttpContext.User.Id()}-{key}" : Guid.NewGuid().ToString("N"), cancellationToken, http.HttpContext.User.Owner());
            if (made)
            {
                await audit.AddAsync(http.HttpContext.User, "run.started", id, "by API");
            }

            return TypedResults.Created($"/api/v1/runs/{id}", new NewRunResource(id));
        }
        catch (Exception e) when (e is PlanException or RefusalException)
        {
            return Refused(e);
        }
    }

    private static async Task<Results<NoContent, NotFound, ProblemHttpResult>> DescribeAsync(
        string id, RunDescription description, RunKeeper keeper, HttpContext http, AuditLog audit, CancellationToken cancellationToken)
    {
        try
        {
            if (!await keeper.DescribeAsync(id, description.Name ?? "", description.Tags ?? "", description.Notes ?? "", cancellationToken))
            {
                return TypedResults.NotFound();
            }

            await audit.AddAsync(http.User, "run.described", id, "by API");
            return TypedResults.NoContent();
        }
        catch (RunTextException e)
        {
            return Refused(e);
        }
    }

    private static async Task<Results<Accepted, NotFound>> StopAsync(string id, IRunBoard board, HttpContext http, AuditLog audit, CancellationToken cancellationToken)
    {
        if (await board.FindAsync(id, cancellationToken) is null)
        {
            return TypedResults.NotFound();
        }

        await board.StopAsync(id, cancellationToken);
        await audit.AddAsync(http.User, "run.stopped", id, "by API");
        return TypedResults.Accepted((string?)null);
    }

    private static async Task<Results<NoContent, NotFound, ProblemHttpResult>> DeleteAsync(string id, RunKeeper keeper, RunQueries queries, LiveFeed feed, HttpContext http, AuditLog audit, CancellationToken cancellationToken)
    {
        if (await queries.FindAsync(id, cancellationToken) is null)
        {
            return TypedResults.NotFound();
        }

        if ((await keeper.DeleteAsync([id], cancellationToken)).Count == 0)
        {
            return TypedResults.Problem($"Run {id} is open: stop it before it is deleted.", statusCode: StatusCodes.Status409Conflict);
        }

        feed.RunListChanged(id);
        await audit.AddAsync(http.User, "run.deleted", id, "by API");
        return TypedResults.NoContent();
    }

    private static async Task<Results<NoContent, NotFound>> RestoreAsync(string id, RunKeeper keeper, LiveFeed feed, HttpContext http, AuditLog audit, CancellationToken cancellationToken)
    {
        if (await keeper.UndoDeleteAsync([id], cancellationToken) == 0)
        {
            return TypedResults.NotFound();
        }

        feed.RunListChanged(id);
        await audit.AddAsync(http.User, "run.restored", id, "by API");
        return TypedResults.NoContent();
    }

    private static ProblemHttpResult Refused(Exception e) => TypedResults.Problem(e.Message, statusCode: StatusCodes.Status400BadRequest);
}

/// <summary>A run to be added: a preset and what differs from it.</summary>
public sealed record NewRunRequest(string Preset, IReadOnlyDictionary<string, string>? Settings);

/// <summary>The run that was added.</summary>
public sealed record NewRunResource(string Id);

/// <summary>What people say of a run; tags are parted by blanks.</summary>
public sealed record RunDescription(string? Name, string? Tags, string? Notes);
