using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using RroDashboard.Data;
using RroDashboard.Web.Components.Sharing;
using RroDashboard.Web.Navigation;
using RroDashboard.Web.Security;

namespace RroDashboard.Web.Sharing;

/// <summary>
/// The pages behind share links: for people without an account, without a circuit, and without anything that acts. A token that nobody was given and one
/// that was taken back answer alike.
/// </summary>
public static class ShareEndpoints
{
    private const string PassCookie = "rro-share";

    /// <summary>Adds the routes.</summary>
    public static void MapSharing(this IEndpointRouteBuilder routes)
    {
        routes.MapGet(RroUrls.ShareRoute, OpenAsync).AllowAnonymous().AddEndpointFilter(LimitAsync);
        routes.MapPost(RroUrls.ShareRoute, EnterAsync).AllowAnonymous().DisableAntiforgery().AddEndpointFilter(LimitAsync);
    }

    private static async ValueTask<object?> LimitAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        PrepareHeaders(context.HttpContext, embedded: false);
        using var lease = context.HttpContext.RequestServices.GetRequiredService<ShareLimiter>().Take(context.HttpContext);
        if (lease.IsAcquired)
        {
            return await next(context);
        }

        context.HttpContext.Response.Headers.RetryAfter = "60";
        return Message(StatusCodes.Status429TooManyRequests, "Too many requests", $"More than {ShareLimiter.MaxRequests} requests came from your address within a minute. Try again in a minute.");
    }

    private static async Task<IResult> OpenAsync(
        string token, HttpContext context, ShareLinks links, SharedPages pages, ShareTickets tickets, TimeProvider time, CancellationToken cancellationToken, string? embed = null, string? theme = null)
    {
        if (await FindAsync(token, links, time, cancellationToken) is not ({ } link, var refusal))
        {
            return NotHere();
        }

        if (refusal is not null)
        {
            return refusal;
        }

        var embedded = embed == "1";
        if (embedded && !link.Embeddable)
        {
            return Message(StatusCodes.Status403Forbidden, "Not for other sites", "Whoever made this link did not allow it within a page of another site.");
        }

        var asks = link.HasPassword || link.MaxViews is not null;
        if (asks && !tickets.IsPass(context.Request.Cookies[PassCookie], link.Id))
        {
            return link.IsUsedUp ? UsedUp() : Gate(context, link, null);
        }

        if (!asks && IsOpening(context.Request) && !await links.CountViewAsync(link.Id, cancellationToken))
        {
            return UsedUp();
        }

        var page = link.Frozen
            ? JsonSerializer.Deserialize<SharedPage>(await links.FrozenAsync(link.Id, cancellationToken) ?? "null", RunJson.Options)
            : await pages.RenderAsync(new ShareTarget(link.Scope, link.RunId, link.ReportId, link.Target, link.Redacted), cancellationToken);
        if (page is null)
        {
            return NotHere();
        }

        PrepareHeaders(context, embedded);
        return new RazorComponentResult<SharePage>(new Dictionary<string, object?>
        {
            [nameof(SharePage.Page)] = page,
            [nameof(SharePage.Scope)] = link.Scope.ToString().ToLowerInvariant(),
            [nameof(SharePage.Ticket)] = tickets.TicketFor(link.Id),
            [nameof(SharePage.Frozen)] = link.Frozen,
            [nameof(SharePage.Redacted)] = link.Redacted,
            [nameof(SharePage.Embedded)] = embedded,
            [nameof(SharePage.Theme)] = theme is "dark" or "light" ? theme : null,
            [nameof(SharePage.Expires)] = link.ExpiresUtc,
        });
    }

    // The form of a page that asks for a password, or that counts who opens it: a chat's preview must not use a view up.
    private static async Task<IResult> EnterAsync(
        string token, [FromForm] string? password, HttpContext context, ShareLinks links, ShareTickets tickets, TimeProvider time, CancellationToken cancellationToken)
    {
        if (await FindAsync(token, links, time, cancellationToken) is not ({ } link, var refusal))
        {
            return NotHere();
        }

        if (refusal is not null)
        {
            return refusal;
        }

        if (link.HasPassword)
        {
            var answer = await links.TryPasswordAsync(link.Id, password ?? "", cancellationToken);
            if (answer != PasswordAnswer.Right)
            {
                return Gate(context, link, answer == PasswordAnswer.Wrong
                    ? "That password is wrong."
                    : $"Too many wrong passwords: none is taken for {ShareLinks.LockTime.TotalMinutes:0} minutes.");
            }
        }

        if (!await links.CountViewAsync(link.Id, cancellationToken))
        {
            return UsedUp();
        }

        context.Response.Cookies.Append(PassCookie, tickets.PassFor(link.Id), new CookieOptions
        {
            HttpOnly = true,
            SameSite = SameSiteMode.Strict,
            Secure = context.Request.IsHttps,
            Path = RroUrls.Share(token),
            MaxAge = ShareTickets.PassLifetime,
            IsEssential = true,
        });
        return TypedResults.LocalRedirect(RroUrls.Share(token) + context.Request.QueryString);
    }

    // The link, and why it does not work; null for one that was never given out or was taken back.
    private static async Task<(ShareLinkInfo Link, IResult? Refusal)?> FindAsync(string token, ShareLinks links, TimeProvider time, CancellationToken cancellationToken)
    {
        var link = await links.FindAsync(token, cancellationToken);
        return link is null || link.RevokedUtc is not null
            ? null
            : (link, link.WorksAt(time.GetUtcNow().UtcDateTime)
                ? null
                : Message(StatusCodes.Status410Gone, "This link has expired", $"It worked until {link.ExpiresUtc:yyyy-MM-dd HH:mm} UTC. Ask whoever sent it for a new one."));
    }

    // A look ahead by the browser is no opening.
    private static bool IsOpening(HttpRequest request) => HttpMethods.IsGet(request.Method) && !request.Headers["Sec-Purpose"].ToString().Contains("prefetch", StringComparison.Ordinal);

    private static RazorComponentResult<ShareMessage> NotHere() => Message(
        StatusCodes.Status404NotFound, "This link does not work", "It was mistyped, or whoever made it has taken it back, or what it showed was deleted. Ask whoever sent it for a new one.");

    private static RazorComponentResult<ShareMessage> UsedUp() => Message(
        StatusCodes.Status410Gone, "This link was opened often enough", "Whoever made it limited how often it can be opened, and that is used up. Ask for a new one.");

    private static RazorComponentResult<ShareMessage> Gate(HttpContext context, ShareLinkInfo link, string? wrong)
    {
        // Not no-referrer: browsers then send "Origin: null" with the form, and that is refused.
        context.Response.Headers["Referrer-Policy"] = "same-origin";
        return new RazorComponentResult<ShareMessage>(new Dictionary<string, object?>
        {
            [nameof(ShareMessage.Title)] = "A shared page",
            [nameof(ShareMessage.Text)] = link.HasPassword
                ? "Whoever shared this page set a password. It is shown in this browser only."
                : "Whoever shared this page limited how often it can be opened. Opening it counts once for this browser, for twelve hours.",
            [nameof(ShareMessage.Open)] = context.Request.Path.Value + context.Request.QueryString,
            [nameof(ShareMessage.AsksPassword)] = link.HasPassword,
            [nameof(ShareMessage.Wrong)] = wrong,
        })
        {
            StatusCode = wrong is null ? StatusCodes.Status200OK : StatusCodes.Status403Forbidden,
        };
    }

    private static RazorComponentResult<ShareMessage> Message(int status, string title, string text) => new(new Dictionary<string, object?>
    {
        [nameof(ShareMessage.Title)] = title,
        [nameof(ShareMessage.Text)] = text,
    })
    {
        StatusCode = status,
    };

    private static void PrepareHeaders(HttpContext context, bool embedded)
    {
        var headers = context.Response.Headers;
        headers.CacheControl = "no-store";
        headers["X-Robots-Tag"] = "noindex, nofollow";
        // The address is the key: no other site learns of it.
        headers["Referrer-Policy"] = "no-referrer";
        if (embedded)
        {
            headers.ContentSecurityPolicy = BrowserSecurityMiddleware.ContentSecurityPolicy.Replace("frame-ancestors 'none'", "frame-ancestors *", StringComparison.Ordinal);
            headers.Remove("X-Frame-Options");
            headers["Cross-Origin-Resource-Policy"] = "cross-origin";
        }
    }
}
