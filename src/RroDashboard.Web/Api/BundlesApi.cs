using System.Net.Mime;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using RroDashboard.Data;
using RroDashboard.Data.Bundles;
using RroDashboard.Web.Authentication;
using RroDashboard.Web.Bundles;
using RroDashboard.Web.Configuration;
using RroDashboard.Web.Streaming;

namespace RroDashboard.Web.Api;

/// <summary>Whole runs as files: out as they are, and in as runs that can be read and not changed.</summary>
public static class BundlesApi
{
    /// <summary>Imports at a time: each reads and writes as fast as the disk can.</summary>
    private static readonly SemaphoreSlim s_importing = new(1, 1);

    /// <summary>Adds the routes.</summary>
    public static IEndpointRouteBuilder MapBundles(this IEndpointRouteBuilder routes)
    {
        var runs = routes.MapGroup("/api/v1/runs").RequireAuthorization();
        runs.MapGet("/{id}/bundle.zip", ExportAsync).WithName("ExportRun").WithSummary("Everything of a run that has ended, as one zip file with a manifest.");
        runs.MapPost("/import", ImportAsync).RequireAuthorization(Policies.Operator).WithName("ImportRun").WithSummary("Imports a bundle (the body is the zip file) as a run that can be read and not changed; ?name= is the file's name.")
            .WithMetadata(new RequestSizeLimitAttribute(BundleFormat.MaxFileBytes)).Accepts<Stream>(MediaTypeNames.Application.Zip, MediaTypeNames.Application.Octet);
        return routes;
    }

    private static async Task<Results<PushStreamHttpResult, NotFound, ProblemHttpResult>> ExportAsync(string id, HttpContext http, RunQueries queries, BundleExport export, CancellationToken cancellationToken)
    {
        if (await queries.FindAsync(id, cancellationToken) is not { } run)
        {
            return TypedResults.NotFound();
        }

        return BundleExport.WhyNot(run.State, run.Id) is { } reason
            ? TypedResults.Problem(reason, statusCode: StatusCodes.Status409Conflict)
            : TypedResults.Stream(
                async stream =>
                {
                    try
                    {
                        await export.WriteAsync(run.Id, stream, cancellationToken);
                    }
                    catch (BundleException e) when (!http.Response.HasStarted)
                    {
                        // Deleted, or resumed, since it was looked at.
                        http.Response.Headers.ContentDisposition = default;
                        await ApiManners.WriteAsync(http, StatusCodes.Status409Conflict, e.Message, cancellationToken);
                    }
                },
                MediaTypeNames.Application.Zip,
                BundleExport.FileName(run.Id));
    }

    private static async Task<Results<Created<NewRunResource>, ProblemHttpResult>> ImportAsync(
        HttpRequest request, BundleImport import, LiveFeed feed, AuditLog audit, CancellationToken cancellationToken, string? name = null)
    {
        if (!await s_importing.WaitAsync(TimeSpan.Zero, cancellationToken))
        {
            return TypedResults.Problem("Another run is being imported: try again when it is done.", statusCode: StatusCodes.Status429TooManyRequests);
        }

        try
        {
            var id = await import.UploadAsync(request.Body, name ?? "", cancellationToken);
            feed.RunListChanged(id);
            await audit.AddAsync(request.HttpContext.User, "run.imported", id, "by API");
            return TypedResults.Created($"/api/v1/runs/{id}", new NewRunResource(id));
        }
        catch (Exception e) when (e is RunImportException or RefusalException)
        {
            return TypedResults.Problem(e.Message, statusCode: StatusCodes.Status400BadRequest);
        }
        finally
        {
            s_importing.Release();
        }
    }
}
