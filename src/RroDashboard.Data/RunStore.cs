using Microsoft.EntityFrameworkCore;
using RroDashboard.Core.Events;
using RroDashboard.Core.Plans;
using RroDashboard.Data.Entities;

namespace RroDashboard.Data;

/// <summary>Adds and removes runs. Everything else about a run is written by <see cref="JournalWriter"/>.</summary>
public sealed class RunStore(IDbContextFactory<RroDbContext> contexts, WriteGate gate, TimeProvider time, DataFolder folder)
{
    /// <summary>Longest name of a run; longer ones are cut.</summary>
    public const int MaxName = 200;

    /// <summary>Adds a run that waits.</summary>
    /// <param name="plan">Checked here.</param>
    /// <param name="name">What a person calls it; blank takes the preset's name.</param>
    /// <param name="key">The same key gives the same run, however often it is asked; null always makes one.</param>
    /// <returns>Its id, and whether it is new.</returns>
    /// <exception cref="PlanException">The plan is not allowed.</exception>
    public async Task<(string Id, bool Created)> CreateAsync(RunPlan plan, string name, string? key, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(plan);
        PlanSettings.Validate(plan);
        var shown = string.IsNullOrWhiteSpace(name) ? plan.Preset : name.Trim();
        using var turn = await gate.EnterAsync(cancellationToken);
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        if (key is not null && await context.Runs.AsNoTracking().Where(r => r.Key == key).Select(r => r.Id).FirstOrDefaultAsync(cancellationToken) is { } known)
        {
            return (known, false);
        }

        var run = new RunEntity
        {
            Id = RunIds.Create(),
            Name = shown.Length > MaxName ? shown[..MaxName] : shown,
            Key = key,
            State = RunState.Queued,
            Preset = plan.Preset,
            SettingsJson = RunEventJson.Write(PlanSettings.ToDictionary(plan)),
            CreatedTicks = time.GetUtcNow().UtcTicks,
        };
        context.Runs.Add(run);
        await context.SaveChangesAsync(cancellationToken);
        return (run.Id, true);
    }

    /// <summary>Adds a run that waits.</summary>
    /// <returns>Its id.</returns>
    /// <exception cref="PlanException">The plan is not allowed.</exception>
    public async Task<string> CreateAsync(RunPlan plan, string name, CancellationToken cancellationToken = default) =>
        (await CreateAsync(plan, name, key: null, cancellationToken)).Id;

    /// <summary>Removes a run, everything it said, and its folder.</summary>
    /// <returns>False when there is no such run.</returns>
    /// <exception cref="InvalidOperationException">It is still open: stop it first.</exception>
    public async Task<bool> DeleteAsync(string runId, CancellationToken cancellationToken = default)
    {
        using (await gate.EnterAsync(cancellationToken))
        {
            await using var context = await contexts.CreateDbContextAsync(cancellationToken);
            var state = await context.Runs.Where(r => r.Id == runId).Select(r => (RunState?)r.State).FirstOrDefaultAsync(cancellationToken);
            if (state is null)
            {
                return false;
            }

            if (state is RunState.Running or RunState.Queued)
            {
                throw new InvalidOperationException($"Run '{runId}' is still open: stop it before it is deleted.");
            }

            await context.Runs.Where(r => r.Id == runId).ExecuteDeleteAsync(cancellationToken);
        }

        var files = folder.RunFolder(runId);
        if (Directory.Exists(files))
        {
            Directory.Delete(files, recursive: true);
        }

        return true;
    }
}
