using Microsoft.EntityFrameworkCore;
using RroDashboard.Core.Events;
using RroDashboard.Data.Entities;

namespace RroDashboard.Data;

/// <summary>
/// What people do to runs besides running them: name, tag, note, put away, delete. A deleted run is invisible at once, can be brought back for
/// <see cref="UndoTime"/>, and is then removed with everything it said. A run that waits or works is never deleted.
/// </summary>
public sealed class RunKeeper(IDbContextFactory<RroDbContext> contexts, TimeProvider time)
{
    /// <summary>Characters of a name.</summary>
    public const int MaxName = 120;

    /// <summary>Characters of a note; a circuit takes messages of 32 kB.</summary>
    public const int MaxNotes = 8000;

    /// <summary>Rows removed in one transaction: the writer gets its turn between two of them.</summary>
    public const int RowsAtOnce = 20_000;

    /// <summary>How long a deleted run can be brought back.</summary>
    public static TimeSpan UndoTime { get; } = TimeSpan.FromSeconds(10);

    /// <summary>Sets name, tags and notes.</summary>
    /// <returns>False when there is no such run.</returns>
    /// <exception cref="RunTextException">One of them is too long.</exception>
    public async Task<bool> DescribeAsync(string runId, string name, string tags, string notes, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(notes);
        var kept = new string([.. name.Trim().Where(c => !char.IsControl(c))]);
        if (kept.Length > MaxName)
        {
            throw new RunTextException($"The name has {kept.Length} characters: at most {MaxName} are allowed.");
        }

        if (notes.Length > MaxNotes)
        {
            throw new RunTextException($"The notes have {notes.Length} characters: at most {MaxNotes} are allowed.");
        }

        var joined = RunTags.Join(RunTags.Parse(tags));
        return await UpdateAsync(r => r.Id == runId, set => set.SetProperty(r => r.Name, kept).SetProperty(r => r.Tags, joined).SetProperty(r => r.Notes, notes), cancellationToken)
            .ConfigureAwait(false) > 0;
    }

    /// <summary>Puts runs away, or takes them out again. An archived run is kept whole; the list shows it only when asked to.</summary>
    /// <returns>How many.</returns>
    public Task<int> ArchiveAsync(IReadOnlyList<string> runIds, bool archived, CancellationToken cancellationToken)
    {
        long? at = archived ? time.GetUtcNow().UtcTicks : null;
        return UpdateAsync(r => runIds.Contains(r.Id), set => set.SetProperty(r => r.ArchivedTicks, at), cancellationToken);
    }

    /// <summary>Deletes runs that have ended. They can be brought back for a while.</summary>
    /// <returns>Those that were deleted: a run that waits or works is not among them.</returns>
    public async Task<IReadOnlyList<string>> DeleteAsync(IReadOnlyList<string> runIds, CancellationToken cancellationToken)
    {
        var at = time.GetUtcNow().UtcTicks;
        var deleted = new List<string>();
        foreach (var runId in runIds.Distinct(StringComparer.Ordinal))
        {
            // The state is asked in the same statement: a run cannot begin in between.
            if (await UpdateAsync(r => r.Id == runId && r.State != RunState.Queued && r.State != RunState.Running, set => set.SetProperty(r => r.DeletedTicks, at), cancellationToken)
                .ConfigureAwait(false) > 0)
            {
                deleted.Add(runId);
            }
        }

        return deleted;
    }

    /// <summary>Brings deleted runs back.</summary>
    /// <returns>How many were still there.</returns>
    public async Task<int> UndoDeleteAsync(IReadOnlyList<string> runIds, CancellationToken cancellationToken)
    {
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            var now = time.GetUtcNow().UtcTicks;
            var oldest = now - UndoTime.Ticks;
            // Not one that is still being imported: that is hidden by a time which never comes.
            return await context.Runs.IgnoreQueryFilters().Where(r => runIds.Contains(r.Id) && r.DeletedTicks >= oldest && r.DeletedTicks <= now)
                .ExecuteUpdateAsync(set => set.SetProperty(r => r.DeletedTicks, (long?)null), cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Deleted runs whose time to be brought back is over.</summary>
    public async Task<IReadOnlyList<string>> OverdueAsync(CancellationToken cancellationToken)
    {
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            var before = time.GetUtcNow().UtcTicks - UndoTime.Ticks;
            return await context.Runs.IgnoreQueryFilters().Where(r => r.DeletedTicks < before).Select(r => r.Id).ToListAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Removes a deleted run with everything it said, a part at a time. Killed in between, it goes on at the next start.</summary>
    public async Task RemoveAsync(string runId, CancellationToken cancellationToken)
    {
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            var key = await context.Runs.IgnoreQueryFilters().Where(r => r.Id == runId && r.DeletedTicks != null).Select(r => (int?)r.Key).FirstOrDefaultAsync(cancellationToken).ConfigureAwait(false);
            if (key is not { } run)
            {
                return;
            }

            var events = context.Events.Where(e => e.RunKey == run);
            while (await events.OrderBy(e => e.Seq).Skip(RowsAtOnce).Select(e => (long?)e.Seq).FirstOrDefaultAsync(cancellationToken).ConfigureAwait(false) is { } seq)
            {
                await events.Where(e => e.Seq < seq).ExecuteDeleteAsync(cancellationToken).ConfigureAwait(false);
            }

            foreach (var series in await context.Series.Select(s => s.Id).ToListAsync(cancellationToken).ConfigureAwait(false))
            {
                var points = context.Points.Where(p => p.RunKey == run && p.SeriesId == series);
                while (await points.OrderBy(p => p.Step).Skip(RowsAtOnce).Select(p => (long?)p.Step).FirstOrDefaultAsync(cancellationToken).ConfigureAwait(false) is { } step)
                {
                    await points.Where(p => p.Step < step).ExecuteDeleteAsync(cancellationToken).ConfigureAwait(false);
                }
            }

            // What is left of its rows goes with it.
            await context.Runs.IgnoreQueryFilters().Where(r => r.Key == run).ExecuteDeleteAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<int> UpdateAsync(
        System.Linq.Expressions.Expression<Func<RunEntity, bool>> which, Action<Microsoft.EntityFrameworkCore.Query.UpdateSettersBuilder<RunEntity>> set, CancellationToken cancellationToken)
    {
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            return await context.Runs.Where(which).ExecuteUpdateAsync(set, cancellationToken).ConfigureAwait(false);
        }
    }
}
