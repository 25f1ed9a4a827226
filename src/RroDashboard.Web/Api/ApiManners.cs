using System.Globalization;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.RateLimiting;
using RroDashboard.Web.Authentication;
using RroDashboard.Web.Configuration;

namespace RroDashboard.Web.Api;

/// <summary>What holds for every path below /api: refusals are problem details (RFC 9457), requests are counted, and a cookie alone changes nothing.</summary>
public static class ApiManners
{
    /// <summary>Header with the number of requests that a person may make in a minute.</summary>
    public const string LimitHeader = "RateLimit-Limit";

    private const string ProblemType = "application/problem+json";

    /// <summary>Registers what <see cref="UseApiManners"/> needs.</summary>
    public static void AddApiManners(this IServiceCollection services, DashboardOptions options)
    {
        services.AddProblemDetails();
        services.AddRateLimiter(limiter =>
        {
            limiter.RejectionStatusCode = StatusCodes.Status429TooManyRequests;
            limiter.OnRejected = async (context, cancellationToken) =>
            {
                if (context.Lease.TryGetMetadata(MetadataName.RetryAfter, out var after))
                {
                    context.HttpContext.Response.Headers.RetryAfter = Math.Max(1, (int)Math.Ceiling(after.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
                }

                await WriteAsync(context.HttpContext, StatusCodes.Status429TooManyRequests, $"More than {options.ApiRequestsPerMinute} requests in a minute: wait as Retry-After says.", cancellationToken);
            };
            limiter.GlobalLimiter = PartitionedRateLimiter.Create<HttpContext, string>(context => IsApi(context)
                ? RateLimitPartition.GetFixedWindowLimiter(
                    context.User.Id() is { Length: > 0 } id ? id : "from " + context.Connection.RemoteIpAddress,
                    _ => new FixedWindowRateLimiterOptions { PermitLimit = options.ApiRequestsPerMinute, Window = TimeSpan.FromMinutes(1), QueueLimit = 0 })
                : RateLimitPartition.GetNoLimiter("pages"));
        });
    }

    /// <summary>Between authentication and authorization.</summary>
    public static void UseApiManners(this IApplicationBuilder app)
    {
        var options = app.ApplicationServices.GetRequiredService<DashboardOptions>();
        var logger = app.ApplicationServices.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(ApiManners));
        app.Use(async (context, next) =>
        {
            if (!IsApi(context))
            {
                await next(context);
                return;
            }

            context.Response.Headers[LimitHeader] = options.ApiRequestsPerMinute.ToString(CultureInfo.InvariantCulture);
            // A browser names the page's origin with every unsafe verb, and a wrong one was refused before. Who brings a cookie and names none is no
            // browser of ours; a program has a token.
            if (NeedsOrigin(context))
            {
                await WriteAsync(context, StatusCodes.Status403Forbidden, "A request with the session cookie, or one that the proxy signs in, has to name its origin; a program uses an API token.", context.RequestAborted);
                return;
            }

            try
            {
                await next(context);
            }
            catch (Exception e) when (!context.Response.HasStarted && e is not (OperationCanceledException or BadHttpRequestException))
            {
                logger.LogError(e, "{Method} {Path} failed", context.Request.Method, context.Request.Path);
                (context.Response.ContentType, context.Response.ContentLength) = (null, null);
                context.Response.StatusCode = StatusCodes.Status500InternalServerError;
            }

            if (context.Response is { HasStarted: false, StatusCode: >= 400, ContentLength: null, ContentType: null })
            {
                await WriteAsync(context, context.Response.StatusCode, Sentence(context.Response.StatusCode), context.RequestAborted);
            }
        });
        app.UseRateLimiter();
    }

    /// <summary>Whether manners apply.</summary>
    public static bool IsApi(HttpContext context) => context.Request.Path.StartsWithSegments("/api", StringComparison.OrdinalIgnoreCase);

    /// <summary>Writes a refusal.</summary>
    public static Task WriteAsync(HttpContext context, int status, string detail, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        context.Response.StatusCode = status;
        return context.Response.WriteAsJsonAsync(
            new ProblemDetails { Status = status, Title = Microsoft.AspNetCore.WebUtilities.ReasonPhrases.GetReasonPhrase(status), Detail = detail, Instance = context.Request.Path },
            options: null, contentType: ProblemType, cancellationToken);
    }

    private static bool NeedsOrigin(HttpContext context) =>
        !(HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method) || HttpMethods.IsOptions(context.Request.Method))
        && context.User.Identity is { IsAuthenticated: true, AuthenticationType: CookieAuthenticationDefaults.AuthenticationScheme or ProxySignIn.SchemeName }
        && context.Request.Headers.Origin.Count == 0;

    private static string Sentence(int status) => status switch
    {
        StatusCodes.Status400BadRequest => "The request cannot be read: look at its parameters and its body.",
        StatusCodes.Status401Unauthorized => "Sign in, or send an API token that works: Authorization: Bearer rro_...",
        StatusCodes.Status403Forbidden => "The role, or the scope of the token, does not allow this.",
        StatusCodes.Status404NotFound => "There is no such thing here.",
        StatusCodes.Status405MethodNotAllowed => "This address does not know this verb.",
        StatusCodes.Status413PayloadTooLarge => "The body is too large.",
        StatusCodes.Status415UnsupportedMediaType => "The body has to be application/json.",
        >= 500 => "The server failed; its log has the details.",
        _ => "The request was refused.",
    };
}
