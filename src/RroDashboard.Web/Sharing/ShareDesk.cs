using System.Text.Json;
using RroDashboard.Data;

namespace RroDashboard.Web.Sharing;

/// <summary>Makes share links for signed-in people.</summary>
public sealed class ShareDesk(ShareLinks links, SharedPages pages)
{
    /// <summary>Makes a link; a frozen one keeps what it shows now.</summary>
    /// <param name="target">What it shows.</param>
    /// <param name="frozen">It keeps showing what is there now.</param>
    /// <param name="days">How long it works.</param>
    /// <param name="embeddable">Other sites may show it in a frame.</param>
    /// <param name="password">Asked of whoever opens it; empty for none.</param>
    /// <param name="maxViews">How often it can be opened; null for any number.</param>
    /// <param name="by">Who makes it, for people.</param>
    /// <param name="cancellationToken">Given up.</param>
    /// <returns>The token, which is kept nowhere, and the number of the link.</returns>
    /// <exception cref="ShareLinkException">Something of it is not allowed, or there is nothing to show.</exception>
    public async Task<(string Token, int Id)> CreateAsync(
        ShareTarget target, bool frozen, int days, bool embeddable, string password, int? maxViews, string by, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(target);
        // Rendered for a live link too: one that shows nothing is refused now, not when someone opens it.
        var page = await pages.RenderAsync(target, cancellationToken) ?? throw new ShareLinkException("There is nothing to share here yet, or it was removed meanwhile.");
        return await links.CreateAsync(
            new ShareRequest(
                target.Scope, target.RunId, target.ReportId, target.Target, days, target.Redacted, embeddable, password, maxViews,
                frozen ? JsonSerializer.Serialize(page, RunJson.Options) : null, by),
            cancellationToken);
    }
}
