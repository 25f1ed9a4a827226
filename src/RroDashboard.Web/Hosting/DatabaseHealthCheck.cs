using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using RroDashboard.Data;

namespace RroDashboard.Web.Hosting;

/// <summary>Ready means that a page could be filled: the runs can be read from the database.</summary>
public sealed class DatabaseHealthCheck(IDbContextFactory<RroDbContext> contexts) : IHealthCheck
{
    /// <inheritdoc />
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var database = await contexts.CreateDbContextAsync(cancellationToken);
        await using (database)
        {
            // An exception is what the health check service reports as unhealthy.
            await database.Runs.AnyAsync(cancellationToken);
            return HealthCheckResult.Healthy();
        }
    }
}
