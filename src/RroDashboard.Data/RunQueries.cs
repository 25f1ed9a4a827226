using Microsoft.EntityFrameworkCore;

namespace RroDashboard.Data;

/// <summary>Everything pages and scripts read.</summary>
public sealed partial class RunQueries(IDbContextFactory<RroDbContext> contexts)
{
    /// <summary>Number of runs.</summary>
    public async Task<int> CountAsync(CancellationToken cancellationToken = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return await context.Runs.CountAsync(cancellationToken);
    }
}
