using System.Threading.RateLimiting;

namespace RroDashboard.Web.Sharing;

/// <summary>How often one address may ask for shared pages: a token cannot be guessed anyway, and nobody is to keep the server busy trying.</summary>
public sealed class ShareLimiter : IDisposable
{
    /// <summary>Requests of one address in <see cref="Time"/>.</summary>
    public const int MaxRequests = 120;

    private readonly PartitionedRateLimiter<HttpContext> _limiter = PartitionedRateLimiter.Create<HttpContext, string>(context => RateLimitPartition.GetFixedWindowLimiter(
        context.Connection.RemoteIpAddress?.ToString() ?? "",
        _ => new FixedWindowRateLimiterOptions { PermitLimit = MaxRequests, Window = Time, QueueLimit = 0 }));

    /// <summary>Time within which requests are counted.</summary>
    public static TimeSpan Time { get; } = TimeSpan.FromMinutes(1);

    /// <summary>Asks for one request; the lease says whether it may go on.</summary>
    public RateLimitLease Take(HttpContext context) => _limiter.AttemptAcquire(context);

    /// <inheritdoc/>
    public void Dispose() => _limiter.Dispose();
}
