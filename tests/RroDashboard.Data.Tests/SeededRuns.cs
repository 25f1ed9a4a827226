using System.Globalization;
using System.Text.Json;
using RroDashboard.Core.Events;
using RroDashboard.Core.Exploration;
using RroDashboard.Core.Metrics;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Statistics;
using RroDashboard.Data.Entities;

namespace RroDashboard.Data.Tests;

/// <summary>Finished runs written straight into a database: for lists of many. Linked into other test projects.</summary>
internal static class SeededRuns
{
    /// <summary>Adds runs of all states, environments and tags, with a curve of 300 points and an evaluation each.</summary>
    public static async Task AddAsync(RroDbContext context, int count, int points = 300)
    {
        var random = new SeededRandom(count, 5);
        var states = Enum.GetValues<RunState>();
        var series = context.Series.FirstOrDefault(s => s.Name == SeriesNames.ExploreWalkReward) ?? context.Series.Add(new SeriesEntity { Name = SeriesNames.ExploreWalkReward }).Entity;
        await context.SaveChangesAsync();
        foreach (var part in Enumerable.Range(0, count).Chunk(100))
        {
            var runs = part.Select(i => Run(i, points, random, states)).ToArray();
            context.Runs.AddRange(runs);
            await context.SaveChangesAsync();
            foreach (var run in runs)
            {
                context.Points.AddRange(Enumerable.Range(1, points).Select(s => new PointEntity { RunKey = run.Key, SeriesId = series.Id, Step = s, Value = 0.5 + (0.001 * random.Next(300)) }));
                var evaluation = new EvaluationFinished(
                    Stage.Evaluate, "greedy", run.After!.Value, 0.6, 0.9, 0.5, 0.1, 0.02, 4.2, [.. Enumerable.Range(0, 300).Select(t => new EpisodeResult($"shop-test-{t}", random.NextDouble(), 4, 0, 20))]);
                context.Events.Add(new EventEntity { RunKey = run.Key, Seq = points + 1, Kind = EventKinds.Of(evaluation), AtTicks = run.EndedTicks!.Value, Json = JsonSerializer.Serialize<RunEvent>(evaluation, RunJson.Options) });
            }

            await context.SaveChangesAsync();
            context.ChangeTracker.Clear();
        }
    }

    private static RunEntity Run(int i, int points, SeededRandom random, RunState[] states)
    {
        var plan = Presets.Create(i % 3 == 0 ? "smoke" : "demo");
        plan.Seed = i;
        plan.Environment.Name = (EnvironmentKind)(i % 3);
        var ended = states[i % states.Length] is not (RunState.Queued or RunState.Running);
        return new RunEntity
        {
            Id = string.Create(CultureInfo.InvariantCulture, $"seeded{i:0000}"),
            RequestKey = string.Create(CultureInfo.InvariantCulture, $"seeded-{i}"),
            Preset = plan.Preset,
            SettingsJson = JsonSerializer.Serialize(PlanSettings.ToDictionary(plan)),
            State = ended ? states[i % states.Length] : RunState.Finished,
            CreatedTicks = new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc).AddMinutes(i).Ticks,
            StartedTicks = new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc).AddMinutes(i).Ticks,
            EndedTicks = new DateTime(2026, 1, 1, 0, 1, 0, DateTimeKind.Utc).AddMinutes(i).AddSeconds(random.Next(60)).Ticks,
            Before = 0.6 + (0.001 * random.Next(100)),
            After = 0.7 + (0.001 * random.Next(100)),
            BudgetJson = JsonSerializer.Serialize(new Budget { Tasks = 300, Steps = 1200, Candidates = 1200 + random.Next(3000), Rollouts = 9000, Pairs = random.Next(900) }, RunJson.Options),
            Name = i % 10 == 0 ? $"Study {i}" : "",
            Tags = i % 7 == 0 ? " baseline " : i % 7 == 1 ? " baseline old " : "",
            LastSeq = points + 1,
        };
    }
}
