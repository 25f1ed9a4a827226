namespace RroDashboard.Web.Security;

/// <summary>
/// What a browser is told about every answer, and the check that a request that can change or stream something comes from our
/// own pages: browsers name the page's origin in it, and cannot be made to lie.
/// </summary>
public sealed class BrowserSecurityMiddleware(RequestDelegate next)
{
    /// <summary>
    /// No inline script and no script of others. Inline style is allowed: Plotly and Radzen set style attributes, and style
    /// cannot read data. The circuit and the hub are WebSockets of our own origin.
    /// </summary>
    public const string ContentSecurityPolicy =
        "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; " +
        "connect-src 'self'; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'";

    /// <summary>Adds the headers and checks the origin.</summary>
    public Task InvokeAsync(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        AddTo(context.Response.Headers);
        // Whoever answers for a request that failed empties the headers first.
        context.Response.OnStarting(() =>
        {
            if (context.Response.Headers.ContentSecurityPolicy.Count == 0)
            {
                AddTo(context.Response.Headers);
            }

            return Task.CompletedTask;
        });

        if (NeedsOwnOrigin(context.Request) && !IsOwnOrigin(context.Request))
        {
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
            return context.Response.WriteAsync("This request comes from a page of another site.", context.RequestAborted);
        }

        return next(context);
    }

    private static void AddTo(IHeaderDictionary headers)
    {
        headers.ContentSecurityPolicy = ContentSecurityPolicy;
        headers.XContentTypeOptions = "nosniff";
        // Not no-referrer: browsers then send "Origin: null" with our own forms.
        headers["Referrer-Policy"] = "same-origin";
        headers.XFrameOptions = "DENY";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=()";
    }

    private static bool NeedsOwnOrigin(HttpRequest request) =>
        !(HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method))
        || request.Path.StartsWithSegments("/hubs", StringComparison.OrdinalIgnoreCase)
        || request.Path.StartsWithSegments("/_blazor", StringComparison.OrdinalIgnoreCase);

    // A program that is no browser sends no origin; it has no one else's cookie either.
    private static bool IsOwnOrigin(HttpRequest request)
    {
        var origin = request.Headers.Origin.ToString();
        return origin.Length == 0
            || (Uri.TryCreate(origin, UriKind.Absolute, out var uri)
                && uri.Scheme == request.Scheme
                && uri.Authority.Equals(request.Host.Value, StringComparison.OrdinalIgnoreCase));
    }
}
