using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using RroDashboard.Core.Events;

namespace RroDashboard.Data;

/// <summary>Reads held-out episodes: what a policy did on one task.</summary>
public sealed class EpisodeQueries(IDbContextFactory<RroDbContext> contexts)
{
    /// <summary>Episodes read of one task: two models, two ways of decoding, and those of a stage that was done again.</summary>
    public const int MaxEpisodes = 32;

    /// <summary>Every kept episode of a held-out task, the last one of each stage and way of decoding; empty when none was kept.</summary>
    /// <param name="runId">Which run.</param>
    /// <param name="task">Place among the held-out tasks, from 0.</param>
    /// <param name="cancellationToken">Given up.</param>
    public async Task<IReadOnlyList<EpisodePlayed>> OfTaskAsync(string runId, int task, CancellationToken cancellationToken)
    {
        var kind = EventKinds.Of<EpisodePlayed>();
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            var key = await WalkQueries.KeyAsync(context, runId, cancellationToken).ConfigureAwait(false);
            var json = await context.Events.AsNoTracking().Where(e => e.RunKey == key && e.Kind == kind && e.Task == task)
                .OrderByDescending(e => e.Seq).Take(MaxEpisodes).Select(e => e.Json).ToListAsync(cancellationToken).ConfigureAwait(false);
            return [.. json.Select(j => (EpisodePlayed)JsonSerializer.Deserialize<RunEvent>(j, RunJson.Options)!)
                .DistinctBy(e => (e.Stage, e.Decoding)).OrderBy(e => e.Decoding == "greedy" ? 0 : 1).ThenBy(e => e.Stage)];
        }
    }
}
