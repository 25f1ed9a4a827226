using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http.HttpResults;
using RroDashboard.Data;
using RroDashboard.Web.Authentication;
using RroDashboard.Web.Reports;
using RroDashboard.Web.Sharing;

namespace RroDashboard.Web.Api;

/// <summary>Reports for scripts and for the editor: its text is longer than a circuit takes.</summary>
public static class ReportsApi
{
    /// <summary>Adds the routes.</summary>
    public static IEndpointRouteBuilder MapReports(this IEndpointRouteBuilder routes)
    {
        var reports = routes.MapGroup("/api/v1/reports").RequireAuthorization();
        reports.MapGet("/", ListAsync).WithName("ListReports").WithSummary("Reports, changed last first.");
        reports.MapPost("/", CreateAsync).RequireAuthorization(Policies.Reviewer).WithName("CreateReport").WithSummary("Makes a report.");
        reports.MapPost("/preview", PreviewAsync).RequireAuthorization(Policies.Reviewer).WithName("PreviewReport").WithSummary("A text as HTML, its blocks included; nothing is kept.");
        reports.MapGet("/{id}", FindAsync).WithName("GetReport").WithSummary("A report with the text of its newest version, or of ?version=.");
        reports.MapPut("/{id}", SaveAsync).RequireAuthorization(Policies.Reviewer).WithName("SaveReport").WithSummary("Adds a version that is based on the one that is named; 409 when there is a newer one.");
        reports.MapDelete("/{id}", DeleteAsync).RequireAuthorization(Policies.Operator).WithName("DeleteReport").WithSummary("Removes a report with its versions and links.");
        reports.MapGet("/{id}/report.html", FileAsync).WithName("GetReportFile").WithSummary("One HTML file that opens offline with its charts.");
        return routes;
    }

    private static async Task<Ok<IReadOnlyList<ReportInfo>>> ListAsync(ReportStore reports, CancellationToken cancellationToken) => TypedResults.Ok(await reports.ListAsync(cancellationToken));

    private static async Task<Results<Created<ReportResource>, ProblemHttpResult>> CreateAsync(ReportText text, HttpContext http, ReportStore reports, CancellationToken cancellationToken)
    {
        try
        {
            var id = await reports.CreateAsync(text.Title ?? "", text.Markdown ?? "", By(http), cancellationToken);
            return TypedResults.Created($"/api/v1/reports/{id}", new ReportResource(id, text.Title ?? "", text.Markdown ?? "", 1));
        }
        catch (ReportException e)
        {
            return Refused(e);
        }
    }

    private static async Task<Results<Ok<ReportPreview>, ProblemHttpResult>> PreviewAsync(ReportText text, ReportRenderer renderer, CancellationToken cancellationToken)
    {
        var markdown = text.Markdown ?? "";
        return markdown.Length > ReportStore.MaxMarkdown
            ? Refused(new ReportException($"The text has {markdown.Length} characters: at most {ReportStore.MaxMarkdown} are allowed."))
            : TypedResults.Ok(new ReportPreview((await renderer.RenderAsync(markdown, redacted: false, cancellationToken)).Html));
    }

    private static async Task<Results<Ok<ReportResource>, NotFound>> FindAsync(string id, ReportStore reports, CancellationToken cancellationToken, int? version = null) =>
        await reports.FindAsync(id, version, cancellationToken) is ({ } report, { } found)
            ? TypedResults.Ok(new ReportResource(report.Id, found.Title, found.Markdown, found.Number))
            : TypedResults.NotFound();

    private static async Task<Results<Ok<ReportResource>, NotFound, ProblemHttpResult>> SaveAsync(
        string id, ReportText text, HttpContext http, ReportStore reports, ShareFeed feed, CancellationToken cancellationToken)
    {
        try
        {
            if (await reports.SaveAsync(id, text.Title ?? "", text.Markdown ?? "", text.BasedOn, By(http), cancellationToken) is not { } version)
            {
                return TypedResults.NotFound();
            }

            feed.ReportChanged(id);
            return TypedResults.Ok(new ReportResource(id, text.Title ?? "", text.Markdown ?? "", version));
        }
        catch (ReportException e)
        {
            return Refused(e);
        }
    }

    private static async Task<Results<NoContent, NotFound>> DeleteAsync(string id, HttpContext http, ReportStore reports, AuditLog audit, CancellationToken cancellationToken)
    {
        if (!await reports.DeleteAsync(id, cancellationToken))
        {
            return TypedResults.NotFound();
        }

        await audit.AddAsync(http.User, "report.deleted", id, "by API");
        return TypedResults.NoContent();
    }

    private static async Task<Results<FileContentHttpResult, NotFound>> FileAsync(
        string id, ReportStore reports, ReportRenderer renderer, ReportFile file, TimeProvider time, CancellationToken cancellationToken, int? version = null)
    {
        if (await reports.FindAsync(id, version, cancellationToken) is not ({ } report, { } found))
        {
            return TypedResults.NotFound();
        }

        var rendered = await renderer.RenderAsync(found.Markdown, redacted: false, cancellationToken);
        var note = string.Create(CultureInfo.InvariantCulture, $"Version {found.Number} of report {report.Id}, written {found.AtUtc:yyyy-MM-dd HH:mm} UTC; runs as of {time.GetUtcNow():yyyy-MM-dd HH:mm} UTC. Made by RroDashboard.");
        // To be saved and not opened: a page of this address would have this site's cookies.
        return TypedResults.File(Encoding.UTF8.GetBytes(await file.WriteAsync(found.Title, rendered.Html, note)), "text/html; charset=utf-8", $"report-{report.Id}-v{found.Number}.html");
    }

    private static string By(HttpContext http) => http.User.Identity?.Name ?? "";

    private static ProblemHttpResult Refused(ReportException e) =>
        TypedResults.Problem(e.Message, statusCode: e is ReportConflictException ? StatusCodes.Status409Conflict : StatusCodes.Status400BadRequest);
}

/// <summary>What someone wrote.</summary>
public sealed record ReportText(string? Title, string? Markdown, int BasedOn = 0);

/// <summary>A report with one of its versions.</summary>
public sealed record ReportResource(string Id, string Title, string Markdown, int Version);

/// <summary>A text as HTML.</summary>
public sealed record ReportPreview(string Html);
