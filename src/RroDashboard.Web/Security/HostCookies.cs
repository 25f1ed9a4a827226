using Microsoft.Extensions.Primitives;

namespace RroDashboard.Web.Security;

/// <summary>
/// Over https every cookie of ours is called <c>__Host-...</c> (<c>__Secure-...</c> for those of one path), and one with the plain name is not taken: a browser
/// stores such a name only from https and only for this host, so that neither a page of another name of the domain nor someone on the line can plant one.
/// Over http, which is loopback's, browsers refuse these names, and the plain ones stay. In one place, because the session, the form token and the pass
/// of a shared page come from three parts of the framework.
/// </summary>
public sealed class HostCookies(RequestDelegate next)
{
    /// <summary>Cookies of ours begin so.</summary>
    public const string Ours = "rro-";

    private const string Host = "__Host-";
    private const string Secure = "__Secure-";

    /// <summary>Takes the prefix off what comes in, and puts it on what goes out.</summary>
    public Task InvokeAsync(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (!context.Request.IsHttps)
        {
            return next(context);
        }

        context.Request.Headers.Cookie = new StringValues([.. context.Request.Headers.Cookie.Select(Incoming)]);
        context.Response.OnStarting(() =>
        {
            context.Response.Headers.SetCookie = new StringValues([.. context.Response.Headers.SetCookie.Select(Outgoing)]);
            return Task.CompletedTask;
        });
        return next(context);
    }

    private static string Incoming(string? header) => string.Join("; ", (header ?? "").Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
        .Where(c => !c.StartsWith(Ours, StringComparison.Ordinal))
        .Select(c => Without(Host, c) ?? Without(Secure, c) ?? c));

    private static string? Without(string prefix, string cookie) =>
        cookie.StartsWith(prefix + Ours, StringComparison.Ordinal) ? cookie[prefix.Length..] : null;

    private static string? Outgoing(string? cookie)
    {
        if (cookie is null || !cookie.StartsWith(Ours, StringComparison.Ordinal))
        {
            return cookie;
        }

        var attributes = cookie.Split(';', StringSplitOptions.TrimEntries);
        var secured = attributes.Contains("secure", StringComparer.OrdinalIgnoreCase) ? cookie : cookie + "; secure";
        return (attributes.Contains("path=/", StringComparer.OrdinalIgnoreCase) ? Host : Secure) + secured;
    }
}
