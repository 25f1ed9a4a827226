using System.Security.Claims;
using Microsoft.AspNetCore.Http.HttpResults;
using RroDashboard.Data;
using RroDashboard.Data.Entities;
using RroDashboard.Web.Authentication;
using RroDashboard.Web.Components.Charts;
using RroDashboard.Web.Navigation;
using RroDashboard.Web.Sharing;

namespace RroDashboard.Web.Api;

/// <summary>Share links for scripts, as the Share dialog makes and revokes them. The address of a link is its key: it is told once, when the link is made, and kept nowhere.</summary>
public static class LinksApi
{
    /// <summary>Adds the routes.</summary>
    public static IEndpointRouteBuilder MapLinksApi(this IEndpointRouteBuilder routes)
    {
        var api = routes.MapGroup("/api/v1").RequireAuthorization(Policies.Operator);
        api.MapGet("/links", AllAsync).WithName("ListLinks").WithSummary("All share links, newest first, without their addresses.");
        api.MapDelete("/links/{id:int}", RevokeAsync).RequireAuthorization(Policies.Operator).WithName("RevokeLink").WithSummary("Revokes a share link for good; open pages close within five seconds. A link that was revoked before stays so.");
        api.MapGet("/runs/{id}/links", OfRunAsync).WithName("ListRunLinks").WithSummary("Share links of a run, newest first, without their addresses.");
        api.MapPost("/runs/{id}/links", ShareRunAsync).RequireAuthorization(Policies.Operator).WithName("ShareRun").WithSummary("Makes a share link of a run, one of its charts or one of its walks; its address is told here and never again.");
        api.MapGet("/reports/{id}/links", OfReportAsync).WithName("ListReportLinks").WithSummary("Share links of a report, newest first, without their addresses.");
        api.MapPost("/reports/{id}/links", ShareReportAsync).RequireAuthorization(Policies.Operator).WithName("ShareReport").WithSummary("Makes a share link of a report; its address is told here and never again.");
        return routes;
    }

    private static async Task<Ok<IReadOnlyList<ShareLinkInfo>>> AllAsync(ShareLinks links, CancellationToken cancellationToken) => TypedResults.Ok(await links.AllAsync(cancellationToken));

    private static async Task<Results<Ok<IReadOnlyList<ShareLinkInfo>>, NotFound>> OfRunAsync(string id, RunQueries runs, ShareLinks links, CancellationToken cancellationToken) =>
        await runs.FindAsync(id, cancellationToken) is null ? TypedResults.NotFound() : TypedResults.Ok(await links.OfRunAsync(id, cancellationToken));

    private static async Task<Results<Ok<IReadOnlyList<ShareLinkInfo>>, NotFound>> OfReportAsync(string id, ReportStore reports, ShareLinks links, CancellationToken cancellationToken) =>
        await reports.FindAsync(id, null, cancellationToken) is null ? TypedResults.NotFound() : TypedResults.Ok(await links.OfReportAsync(id, cancellationToken));

    private static async Task<Results<NoContent, NotFound>> RevokeAsync(int id, ClaimsPrincipal person, ShareLinks links, AuditLog audit, CancellationToken cancellationToken)
    {
        if (await links.FindAsync(id, cancellationToken) is not { } link)
        {
            return TypedResults.NotFound();
        }

        if (await links.RevokeAsync([id], cancellationToken) > 0)
        {
            await audit.AddAsync(person, "link.revoked", link.RunId ?? link.ReportId ?? "", $"{link.Scope} {link.Target}".Trim() + ", by API");
        }

        return TypedResults.NoContent();
    }

    private static async Task<Results<Created<NewLinkResource>, NotFound, ProblemHttpResult>> ShareRunAsync(
        string id, NewLinkRequest request, HttpContext http, RunQueries runs, ShareDesk desk, AuditLog audit, CancellationToken cancellationToken)
    {
        if (await runs.FindAsync(id, cancellationToken) is null)
        {
            return TypedResults.NotFound();
        }

        var (scope, target) = (request.Scope ?? ShareScope.Run, request.Target ?? "");
        return scope switch
        {
            ShareScope.Report => Refused("A link of a run shows Run, Chart or Trajectory; a report has links of its own, at /api/v1/reports/{id}/links."),
            ShareScope.Run when target.Length > 0 => Refused("The whole run has no target: leave it out, or set scope to Chart or Trajectory."),
            ShareScope.Chart when RunCharts.All.All(c => c.Key != target) => Refused($"There is no chart with this name; allowed are {string.Join(", ", RunCharts.All.Select(c => c.Key))}."),
            _ => await ShareAsync(new ShareTarget(scope, id, null, target, request.Redacted), request, http, desk, audit, cancellationToken),
        };
    }

    private static async Task<Results<Created<NewLinkResource>, NotFound, ProblemHttpResult>> ShareReportAsync(
        string id, NewLinkRequest request, HttpContext http, ReportStore reports, ShareDesk desk, AuditLog audit, CancellationToken cancellationToken)
    {
        if (await reports.FindAsync(id, null, cancellationToken) is null)
        {
            return TypedResults.NotFound();
        }

        return request is { Scope: null or ShareScope.Report, Target: null or "" }
            ? await ShareAsync(new ShareTarget(ShareScope.Report, null, id, "", request.Redacted), request, http, desk, audit, cancellationToken)
            : Refused("A link of a report shows the report: leave out scope and target.");
    }

    private static async Task<Results<Created<NewLinkResource>, NotFound, ProblemHttpResult>> ShareAsync(
        ShareTarget target, NewLinkRequest request, HttpContext http, ShareDesk desk, AuditLog audit, CancellationToken cancellationToken)
    {
        try
        {
            var (token, link) = await desk.CreateAsync(
                target, request.Frozen, request.Days ?? ShareLinks.UsualDays, request.Embeddable, request.Password ?? "", request.MaxViews, http.User.DisplayName(), cancellationToken);
            await audit.AddAsync(http.User, "link.made", target.RunId ?? target.ReportId ?? "", $"{target.Scope} {target.Target}".Trim() + ", by API");
            // What may hold a key is kept by nobody on its way.
            http.Response.Headers.CacheControl = "no-store";
            return TypedResults.Created($"/api/v1/links/{link}", new NewLinkResource(link, $"{http.Request.Scheme}://{http.Request.Host}{RroUrls.Share(token)}"));
        }
        catch (ShareLinkException e)
        {
            return Refused(e.Message);
        }
    }

    private static ProblemHttpResult Refused(string sentence) => TypedResults.Problem(sentence, statusCode: StatusCodes.Status400BadRequest);
}

/// <summary>A share link to be made; what is left out is as the Share dialog has it.</summary>
/// <param name="Scope">What of a run it shows: Run (the default), Chart or Trajectory. Left out for a report.</param>
/// <param name="Target">Name of the chart, or number of the walk; empty otherwise.</param>
/// <param name="Frozen">It keeps showing what is there now.</param>
/// <param name="Days">How long it works; 30 unless said otherwise, 365 at most.</param>
/// <param name="Redacted">Instructions, actions and observations are left out.</param>
/// <param name="Embeddable">Other sites may show it in a frame; then it has no password and no limit of views.</param>
/// <param name="Password">Asked of whoever opens it; empty for none.</param>
/// <param name="MaxViews">How often it can be opened; null for any number.</param>
public sealed record NewLinkRequest(
    ShareScope? Scope = null, string? Target = null, bool Frozen = false, int? Days = null, bool Redacted = false, bool Embeddable = false, string? Password = null, int? MaxViews = null);

/// <summary>The link that was made, and its address, which is told this once.</summary>
public sealed record NewLinkResource(int Id, string Url);
