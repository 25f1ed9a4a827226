using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using RroDashboard.Core.Events;
using RroDashboard.Core.Metrics;

namespace RroDashboard.Data;

/// <summary>A run whose trainer elsewhere is waited for.</summary>
/// <param name="Id">Which.</param>
/// <param name="HeardUtc">When it was last heard.</param>
/// <param name="SilentAfter">How long it may be silent.</param>
public sealed record OpenRemoteRun(string Id, DateTime HeardUtc, TimeSpan SilentAfter);

/// <summary>Reads what a batch of a trainer elsewhere has to fit. Never tracks, never waits for the writer.</summary>
public sealed class RemoteQueries(IDbContextFactory<RroDbContext> contexts)
{
    private static readonly string s_opened = EventKinds.Of<TaskOpened>();
    private static readonly string s_scored = EventKinds.Of<CandidateScored>();
    private static readonly string s_decided = EventKinds.Of<StepDecided>();
    private static readonly string s_finished = EventKinds.Of<TaskFinished>();
    private static readonly string[] s_ofWalks = [s_opened, s_scored, s_decided, s_finished];

    /// <summary>The run and the number of its last batch; null when there is none of this id.</summary>
    public async Task<(RunInfo Run, long Last)?> FindAsync(string runId, CancellationToken cancellationToken)
    {
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            return await context.Runs.AsNoTracking().FirstOrDefaultAsync(r => r.Id == runId, cancellationToken).ConfigureAwait(false) is { } run ? (RunQueries.Info(run), run.RemoteBatch) : null;
        }
    }

    /// <summary>What was said before a batch, as far as the batch has to fit it.</summary>
    /// <param name="run">Whose.</param>
    /// <param name="events">The batch.</param>
    /// <param name="cancellationToken">Given up.</param>
    public async Task<RemotePast> PastAsync(RunInfo run, IReadOnlyList<RunEvent> events, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(events);
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            var key = await context.Runs.Where(r => r.Id == run.Id).Select(r => r.Key).FirstOrDefaultAsync(cancellationToken).ConfigureAwait(false);
            var past = new RemotePast { Range = run.Remote!.Range, LastSeq = run.LastSeq };
            var of = context.Events.AsNoTracking().Where(e => e.RunKey == key);
            var tasks = RemotePast.TasksOf(events);
            if (tasks.Count > 0)
            {
                var counts = await of.Where(e => s_ofWalks.Contains(e.Kind) && tasks.Contains(e.Task!.Value))
                    .GroupBy(e => new { e.Task, e.Kind, e.Step }).Select(g => new { g.Key.Task, g.Key.Kind, g.Key.Step, Count = g.Count() }).ToListAsync(cancellationToken).ConfigureAwait(false);
                foreach (var walk in counts.GroupBy(c => c.Task!.Value))
                {
                    var decided = walk.Where(c => c.Kind == s_decided).Sum(c => c.Count);
                    past.Walks[walk.Key] = new RemoteWalk
                    {
                        Opened = walk.Any(c => c.Kind == s_opened),
                        Finished = walk.Any(c => c.Kind == s_finished),
                        Decided = decided,
                        Candidates = walk.Where(c => c.Kind == s_scored && c.Step == decided).Sum(c => c.Count),
                    };
                }
            }

            if (events.Any(e => e is PairCreated))
            {
                var pair = EventKinds.Of<PairCreated>();
                past.Pairs = await of.CountAsync(e => e.Kind == pair, cancellationToken).ConfigureAwait(false);
            }

            if (events.Any(e => e is StageStarted or StageFinished))
            {
                await AddStagesAsync(of, past, cancellationToken).ConfigureAwait(false);
            }

            if (events.Any(e => e is MetricPoint))
            {
                // Every series with a point has a bucket of the widest kind; one that had nothing but holes has none, and is counted when it has.
                var names = from bucket in context.Rollups where bucket.RunKey == key && bucket.Width == 1024 join series in context.Series on bucket.SeriesId equals series.Id select series.Name;
                past.Series.UnionWith((await names.Distinct().ToListAsync(cancellationToken).ConfigureAwait(false)).Where(n => !n.StartsWith(SeriesNames.TimePrefix, StringComparison.Ordinal)));
            }

            if (events.OfType<MetricPoint>().Where(p => !double.IsFinite(p.Value)).Select(p => p.Series).ToHashSet(StringComparer.Ordinal) is { Count: > 0 } holes)
            {
                var kind = EventKinds.Of<AlertRaised>();
                var told = await of.Where(e => e.Kind == kind).Select(e => e.Json).ToListAsync(cancellationToken).ConfigureAwait(false);
                var texts = told.Select(json => ((AlertRaised)JsonSerializer.Deserialize<RunEvent>(json, RunJson.Options)!).Text).ToList();
                past.ToldHoles.UnionWith(holes.Where(series => texts.Any(t => t.StartsWith(RemoteRules.HoleText(series), StringComparison.Ordinal))));
            }

            return past;
        }
    }

    /// <summary>Highest step of series of a run; those without a point are not there.</summary>
    public async Task<IReadOnlyDictionary<string, long>> HighestStepsAsync(string runId, IReadOnlyList<string> series, CancellationToken cancellationToken)
    {
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            var key = await context.Runs.Where(r => r.Id == runId).Select(r => r.Key).FirstOrDefaultAsync(cancellationToken).ConfigureAwait(false);
            var ids = await context.Series.AsNoTracking().Where(s => series.Contains(s.Name)).ToListAsync(cancellationToken).ConfigureAwait(false);
            var highest = new Dictionary<string, long>(StringComparer.Ordinal);
            foreach (var one in ids)
            {
                if (await context.Points.Where(p => p.RunKey == key && p.SeriesId == one.Id).MaxAsync(p => (long?)p.Step, cancellationToken).ConfigureAwait(false) is { } step)
                {
                    highest[one.Name] = step;
                }
            }

            return highest;
        }
    }

    /// <summary>Runs whose trainers elsewhere are waited for.</summary>
    public async Task<IReadOnlyList<OpenRemoteRun>> OpenAsync(CancellationToken cancellationToken)
    {
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            var rows = await context.Runs.AsNoTracking().Where(r => r.RemoteJson != null && r.ImportedTicks == null && (r.State == RunState.Running || r.State == RunState.Queued))
                .Select(r => new { r.Id, r.HeartbeatTicks, r.CreatedTicks, r.RemoteJson }).ToListAsync(cancellationToken).ConfigureAwait(false);
            return [.. rows.Select(r => new OpenRemoteRun(
                r.Id, new DateTime(r.HeartbeatTicks ?? r.CreatedTicks, DateTimeKind.Utc), TimeSpan.FromSeconds(RemoteRun.Read(r.RemoteJson)!.SilentAfterSeconds)))];
        }
    }

    private static async Task AddStagesAsync(IQueryable<Entities.EventEntity> of, RemotePast past, CancellationToken cancellationToken)
    {
        string[] kinds = [EventKinds.Of<StageStarted>(), EventKinds.Of<StageFinished>()];
        foreach (var json in await of.Where(e => kinds.Contains(e.Kind)).OrderBy(e => e.Seq).Select(e => e.Json).ToListAsync(cancellationToken).ConfigureAwait(false))
        {
            if (JsonSerializer.Deserialize<RunEvent>(json, RunJson.Options) is StageStarted started)
            {
                past.Begun.Add(started.Stage);
                past.Open = started.Stage;
            }
            else
            {
                past.Open = null;
            }
        }
    }
}
