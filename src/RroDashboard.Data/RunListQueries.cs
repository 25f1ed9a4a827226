using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using RroDashboard.Core.Events;
using RroDashboard.Core.Metrics;
using RroDashboard.Core.Plans;

namespace RroDashboard.Data;

/// <summary>How many runs there are of each kind, for the chips beside the filter.</summary>
/// <param name="States">Shown state in lower case, and number.</param>
/// <param name="Environments">Name and number.</param>
/// <param name="Tags">The most used tags and their numbers.</param>
/// <param name="All">Runs that are neither archived nor deleted.</param>
/// <param name="Archived">Archived ones.</param>
public sealed record RunFacets(
    IReadOnlyList<(string Name, int Count)> States,
    IReadOnlyList<(string Name, int Count)> Environments,
    IReadOnlyList<(string Name, int Count)> Tags,
    int All,
    int Archived);

/// <summary>What the list draws of a run beside its row.</summary>
/// <param name="LastSeq">Event up to which it holds.</param>
/// <param name="Reward">Mean reward of finished walks, at most <see cref="RunListQueries.SparkPoints"/> points.</param>
/// <param name="PerfectShare">Share of held-out tasks at the highest reward, greedily, of the last evaluation.</param>
public sealed record RunExtras(long LastSeq, IReadOnlyList<(long Step, double Value)> Reward, double? PerfectShare);

/// <summary>Reads for the list of runs: one page, sorted and filtered by the database.</summary>
public sealed class RunListQueries(IDbContextFactory<RroDbContext> contexts, TimeProvider time)
{
    /// <summary>Points of a sparkline: one for every other pixel.</summary>
    public const int SparkPoints = 48;

    /// <summary>Tags shown as chips.</summary>
    public const int MaxTagChips = 12;

    /// <summary>Runs whose curves are remembered between two looks at the list; a curve changes only when its run says something.</summary>
    public const int MaxKept = 2000;

    /// <summary>Newest runs that chips are counted over.</summary>
    public const int MaxCounted = 10_000;

    private readonly ConcurrentDictionary<string, RunExtras> _kept = new(StringComparer.Ordinal);

    /// <summary>One page of runs, and how many there are in all.</summary>
    /// <exception cref="RunFilterException">The filter is wrong.</exception>
    public async Task<(IReadOnlyList<RunInfo> Rows, int Total)> ListAsync(string? filter, RunSort sort, int skip, int take, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(sort);
        var parsed = RunFilter.Parse(filter, time.GetUtcNow());
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            var runs = parsed.Apply(context.Runs.AsNoTracking());
            var total = await runs.CountAsync(cancellationToken).ConfigureAwait(false);
            var rows = await sort.Apply(runs).Skip(Math.Max(0, skip)).Take(Math.Clamp(take, 1, RunQueries.MaxRows)).ToListAsync(cancellationToken).ConfigureAwait(false);
            return ([.. rows.Select(RunQueries.Info)], total);
        }
    }

    /// <summary>Certain runs, in the order asked for; those that are gone are left out.</summary>
    public async Task<IReadOnlyList<RunInfo>> ByIdsAsync(IReadOnlyList<string> runIds, CancellationToken cancellationToken)
    {
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            var rows = await context.Runs.AsNoTracking().Where(r => runIds.Contains(r.Id)).ToListAsync(cancellationToken).ConfigureAwait(false);
            return [.. runIds.Select(id => rows.FirstOrDefault(r => r.Id == id)).OfType<Entities.RunEntity>().Select(RunQueries.Info)];
        }
    }

    /// <summary>The run that was added last; null when there is none.</summary>
    public async Task<string?> LatestAsync(CancellationToken cancellationToken)
    {
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            return await context.Runs.OrderByDescending(r => r.Key).Select(r => r.Id).FirstOrDefaultAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Counts for the chips.</summary>
    public async Task<RunFacets> FacetsAsync(CancellationToken cancellationToken)
    {
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            var runs = await context.Runs.AsNoTracking().OrderByDescending(r => r.Key).Take(MaxCounted)
                .Select(r => new { r.State, r.Crashed, r.Tags, Archived = r.ArchivedTicks != null, Environment = RroDbContext.JsonText(r.SettingsJson, "$.\"Environment.Name\"") })
                .ToListAsync(cancellationToken).ConfigureAwait(false);
            var open = runs.Where(r => !r.Archived).ToArray();
            return new RunFacets(
                [.. open.CountBy(r => r.State == RunState.Interrupted && r.Crashed ? "crashed" : r.State.ToString().ToLowerInvariant()).OrderByDescending(c => c.Value).ThenBy(c => c.Key, StringComparer.Ordinal).Select(c => (c.Key, c.Value))],
                [.. open.CountBy(r => r.Environment ?? nameof(EnvironmentKind.MiniShop)).OrderByDescending(c => c.Value).ThenBy(c => c.Key, StringComparer.Ordinal).Select(c => (c.Key, c.Value))],
                [.. open.SelectMany(r => RunTags.Split(r.Tags)).CountBy(t => t).OrderByDescending(c => c.Value).ThenBy(c => c.Key, StringComparer.Ordinal).Take(MaxTagChips).Select(c => (c.Key, c.Value))],
                open.Length,
                runs.Count - open.Length);
        }
    }

    /// <summary>Sparklines and success shares of the runs of a page: few rows are read, however long the series are.</summary>
    public async Task<IReadOnlyDictionary<string, RunExtras>> ExtrasAsync(IReadOnlyList<RunInfo> runs, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(runs);
        var all = new Dictionary<string, RunExtras>(StringComparer.Ordinal);
        var news = new List<RunInfo>();
        foreach (var run in runs)
        {
            if (_kept.TryGetValue(run.Id, out var kept) && kept.LastSeq == run.LastSeq)
            {
                all[run.Id] = kept;
            }
            else
            {
                news.Add(run);
            }
        }

        foreach (var (id, extras) in await ReadExtrasAsync(news, cancellationToken).ConfigureAwait(false))
        {
            all[id] = extras;
            if (_kept.Count >= MaxKept)
            {
                _kept.Clear();
            }

            _kept[id] = extras;
        }

        return all;
    }

    private async Task<Dictionary<string, RunExtras>> ReadExtrasAsync(List<RunInfo> runs, CancellationToken cancellationToken)
    {
        var ids = runs.Select(r => r.Id).ToArray();
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            var series = await context.Series.Where(s => s.Name == SeriesNames.ExploreWalkReward).Select(s => s.Id).FirstOrDefaultAsync(cancellationToken).ConfigureAwait(false);
            var kind = EventKinds.Of<EvaluationFinished>();
            var keys = await context.Runs.AsNoTracking().Where(r => ids.Contains(r.Id)).Select(r => new
            {
                r.Key,
                r.Id,
                Last = context.Points.Where(p => p.RunKey == r.Key && p.SeriesId == series).Max(p => (long?)p.Step) ?? -1,
                Perfect = context.Events.Where(e => e.RunKey == r.Key && e.Kind == kind && RroDbContext.JsonText(e.Json, "$.decoding") == "greedy")
                    .OrderByDescending(e => e.Seq).Select(e => RroDbContext.JsonNumber(e.Json, "$.perfectShare")).FirstOrDefault(),
            }).ToListAsync(cancellationToken).ConfigureAwait(false);

            var lines = new Dictionary<int, List<(long, double)>>();
            foreach (var group in keys.Where(k => k.Last >= 0).GroupBy(k => k.Last < 64 * SparkPoints / 2 ? 1 : k.Last < 1024 * SparkPoints ? 64 : 1024))
            {
                var some = group.Select(k => k.Key).ToArray();
                var points = group.Key == 1
                    ? await context.Points.AsNoTracking().Where(p => some.Contains(p.RunKey) && p.SeriesId == series)
                        .Select(p => new { p.RunKey, p.Step, p.Value }).ToListAsync(cancellationToken).ConfigureAwait(false)
                    : await context.Rollups.AsNoTracking().Where(p => some.Contains(p.RunKey) && p.SeriesId == series && p.Width == group.Key)
                        .Select(p => new { p.RunKey, Step = p.LastStep, Value = p.Last }).ToListAsync(cancellationToken).ConfigureAwait(false);
                foreach (var line in points.GroupBy(p => p.RunKey))
                {
                    lines[line.Key] = [.. MinMaxBuckets.Thin([.. line.OrderBy(p => p.Step).Select(p => (p.Step, p.Value))], SparkPoints)];
                }
            }

            var seqs = runs.ToDictionary(r => r.Id, r => r.LastSeq, StringComparer.Ordinal);
            return keys.ToDictionary(k => k.Id, k => new RunExtras(seqs[k.Id], lines.GetValueOrDefault(k.Key) ?? [], k.Perfect), StringComparer.Ordinal);
        }
    }
}
