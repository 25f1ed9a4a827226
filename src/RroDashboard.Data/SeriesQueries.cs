using Microsoft.EntityFrameworkCore;

namespace RroDashboard.Data;

/// <summary>A series that a run has numbers of.</summary>
/// <param name="Id">The same for every run.</param>
/// <param name="Name">As whoever told it calls it; may be anything.</param>
public sealed record SeriesName(int Id, string Name);

/// <summary>Says which series runs have, without reading their points.</summary>
public sealed class SeriesQueries(IDbContextFactory<RroDbContext> contexts)
{
    /// <summary>Series that at least one of some runs has, in the order in which they were first told by any run.</summary>
    public async Task<IReadOnlyList<SeriesName>> OfAsync(IReadOnlyCollection<string> runIds, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(runIds);
        if (runIds.Count == 0)
        {
            return [];
        }

        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            var keys = await context.Runs.AsNoTracking().Where(r => runIds.Contains(r.Id)).Select(r => r.Key).ToListAsync(cancellationToken).ConfigureAwait(false);
            // Every series with a point has a bucket of the widest kind, and there are few of those.
            var used = context.Rollups.AsNoTracking().Where(r => keys.Contains(r.RunKey) && r.Width == 1024).Select(r => r.SeriesId);
            return await context.Series.AsNoTracking().Where(s => used.Contains(s.Id)).OrderBy(s => s.Id).Select(s => new SeriesName(s.Id, s.Name)).ToListAsync(cancellationToken).ConfigureAwait(false);
        }
    }
}
