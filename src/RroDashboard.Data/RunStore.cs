using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using RroDashboard.Core.Events;
using RroDashboard.Core.Plans;
using RroDashboard.Data.Entities;

namespace RroDashboard.Data;

/// <summary>Who starts a run.</summary>
/// <param name="Id">Of the account.</param>
/// <param name="Name">As others see it.</param>
public sealed record RunOwner(string Id, string Name);

/// <summary>Adds and removes runs. What happens within a run is the journal's business.</summary>
public sealed class RunStore(IDbContextFactory<RroDbContext> contexts, TimeProvider time)
{
    /// <summary>Adds a queued run; the same request key gives the run that it made before.</summary>
    /// <param name="plan">Checked before.</param>
    /// <param name="requestKey">Named by whoever asks, for example once per form.</param>
    /// <param name="cancellationToken">Given up.</param>
    /// <param name="owner">Who starts it; null for the program itself.</param>
    /// <param name="remote">What a trainer elsewhere says of it, with its name; null for a run that this program trains.</param>
    /// <returns>The run's id, and whether it was made by this call.</returns>
    public async Task<(string Id, bool Made)> CreateAsync(
        RunPlan plan, string requestKey, CancellationToken cancellationToken, RunOwner? owner = null, (RemoteRun Run, string Name, IReadOnlyDictionary<string, string> Settings)? remote = null)
    {
        ArgumentNullException.ThrowIfNull(plan);
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            if (await FindByKeyAsync(context, requestKey, cancellationToken).ConfigureAwait(false) is { } before)
            {
                return (before, false);
            }

            var run = new RunEntity
            {
                Id = RandomText.NewId(),
                RequestKey = requestKey,
                Preset = plan.Preset,
                SettingsJson = JsonSerializer.Serialize(remote?.Settings ?? PlanSettings.ToDictionary(plan)),
                State = RunState.Queued,
                CreatedTicks = time.GetUtcNow().UtcTicks,
                OwnerId = owner?.Id,
                Owner = owner?.Name ?? "",
                RemoteJson = remote?.Run.ToJson(),
                RemoteBatch = remote is null ? 0 : -1,
                Name = remote?.Name ?? "",
            };
            context.Runs.Add(run);
            try
            {
                await context.SaveChangesAsync(cancellationToken).ConfigureAwait(false);
                return (run.Id, true);
            }
            catch (DbUpdateException)
            {
                // Two requests with one key at once: the unique index let one of them win.
                context.Entry(run).State = EntityState.Detached;
                if (await FindByKeyAsync(context, requestKey, cancellationToken).ConfigureAwait(false) is { } winner)
                {
                    return (winner, false);
                }

                throw;
            }
        }
    }

    /// <summary>Asks the trainer of a run elsewhere to stop: it reads so in the answer to its next word.</summary>
    /// <returns>False when no trainer elsewhere works on such a run.</returns>
    public async Task<bool> AskToStopAsync(string runId, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow().UtcTicks;
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            return await context.Runs.Where(r => r.Id == runId && r.RemoteJson != null && (r.State == RunState.Queued || r.State == RunState.Running))
                .ExecuteUpdateAsync(set => set.SetProperty(r => r.StopAskedTicks, r => r.StopAskedTicks ?? now), cancellationToken).ConfigureAwait(false) > 0;
        }
    }

    /// <summary>Ids of runs that a process left behind: no process works on them any more. A trainer elsewhere lives on without this one.</summary>
    public async Task<IReadOnlyList<string>> LeftBehindAsync(CancellationToken cancellationToken)
    {
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            return await context.Runs.Where(r => r.RemoteJson == null && (r.State == RunState.Running || r.State == RunState.Queued)).Select(r => r.Id).ToListAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Notes of runs that a process left behind at work that their hearts stopped: nothing said that they would end.</summary>
    public async Task MarkCrashedAsync(CancellationToken cancellationToken)
    {
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            await context.Runs.Where(r => r.RemoteJson == null && r.State == RunState.Running).ExecuteUpdateAsync(set => set.SetProperty(r => r.Crashed, true), cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Puts a run that was stopped or interrupted back into the queue.</summary>
    /// <returns>False when there is no such run, or it did not end in one of these ways.</returns>
    public async Task<bool> ReopenAsync(string runId, CancellationToken cancellationToken)
    {
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            return await context.Runs.Where(r => r.Id == runId && (r.State == RunState.Stopped || r.State == RunState.Interrupted))
                .ExecuteUpdateAsync(r => r.SetProperty(x => x.State, RunState.Queued).SetProperty(x => x.Crashed, false), cancellationToken).ConfigureAwait(false) > 0;
        }
    }

    private static Task<string?> FindByKeyAsync(RroDbContext context, string requestKey, CancellationToken cancellationToken) =>
        context.Runs.IgnoreQueryFilters().AsNoTracking().Where(r => r.RequestKey == requestKey).Select(r => r.Id).FirstOrDefaultAsync(cancellationToken);
}
