using RroDashboard.Data.Entities;

namespace RroDashboard.Web.Sharing;

/// <summary>What a link is about.</summary>
/// <param name="Scope">What it shows.</param>
/// <param name="RunId">Of which run; null for a report.</param>
/// <param name="ReportId">Which report; null for a run.</param>
/// <param name="Target">Key of the chart, or number of the walk; empty otherwise.</param>
/// <param name="Redacted">Instructions, actions and observations are left out before anything is rendered.</param>
public sealed record ShareTarget(ShareScope Scope, string? RunId, string? ReportId, string Target, bool Redacted);

/// <summary>A part of a shared page, which is replaced as a whole when it changes.</summary>
/// <param name="Id">Of its element.</param>
/// <param name="Html">Rendered by our own components: every text of a run is encoded in it.</param>
public sealed record SharedSection(string Id, string Html);

/// <summary>A shared page: already without what the link does not show. Frozen ones are kept as this.</summary>
/// <param name="Title">Of the page; never in a preview.</param>
/// <param name="AtUtc">When it was rendered.</param>
/// <param name="Sections">In their order.</param>
/// <param name="RunIds">Runs whose events change it.</param>
public sealed record SharedPage(string Title, DateTime AtUtc, IReadOnlyList<SharedSection> Sections, IReadOnlyList<string> RunIds);
