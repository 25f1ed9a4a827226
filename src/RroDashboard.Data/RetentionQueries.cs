using Microsoft.EntityFrameworkCore;
using RroDashboard.Core.Events;

namespace RroDashboard.Data;

/// <summary>A run that a rule would delete.</summary>
/// <param name="Id">Of the run.</param>
/// <param name="Title">What the list calls it.</param>
/// <param name="EndedUtc">When it ended.</param>
/// <param name="Events">Facts and log lines that would go with it.</param>
public sealed record OldRun(string Id, string Title, DateTime EndedUtc, int Events);

/// <summary>Which runs are old. Nothing is deleted here: people look first.</summary>
public sealed class RetentionQueries(IDbContextFactory<RroDbContext> contexts, TimeProvider time)
{
    /// <summary>Runs of one look.</summary>
    public const int MaxRuns = 200;

    /// <summary>Runs that ended more than so many days ago and were not archived, oldest first.</summary>
    public async Task<IReadOnlyList<OldRun>> OlderThanAsync(int days, CancellationToken cancellationToken)
    {
        var before = time.GetUtcNow().AddDays(-Math.Clamp(days, 1, 36_500)).UtcTicks;
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            var rows = await context.Runs.AsNoTracking()
                .Where(r => r.ArchivedTicks == null && r.EndedTicks < before && r.State != RunState.Queued && r.State != RunState.Running)
                .OrderBy(r => r.EndedTicks).Take(MaxRuns)
                .Select(r => new { r.Id, r.Name, r.Preset, r.EndedTicks, Events = context.Events.Count(e => e.RunKey == r.Key) })
                .ToListAsync(cancellationToken).ConfigureAwait(false);
            return [.. rows.Select(r => new OldRun(r.Id, r.Name.Length > 0 ? r.Name : $"{r.Preset} · {r.Id}", new DateTime(r.EndedTicks!.Value, DateTimeKind.Utc), r.Events))];
        }
    }
}
