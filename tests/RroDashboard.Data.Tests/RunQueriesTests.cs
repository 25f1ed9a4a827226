using System.Diagnostics;
using Microsoft.EntityFrameworkCore;
using RroDashboard.Core.Events;
using RroDashboard.Core.Exploration;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Preferences;
using RroDashboard.Core.Rewards;

namespace RroDashboard.Data.Tests;

public sealed class RunQueriesTests
{
    private static readonly Estimate s_value = new([0.2, 0.4, 0.6]);

    [Fact]
    public async Task SnapshotAsync_WriterInATransaction_DoesNotWaitForIt()
    {
        await using var database = await TestDatabase.CreateAsync();
        var run = await database.NewRunAsync();
        await using var other = database.Connect();
        await using var holds = await other.BeginTransactionAsync();

        var snapshot = await database.Snapshots.SnapshotAsync(run, default).WaitAsync(TimeSpan.FromSeconds(2));

        Assert.Equal(0, snapshot!.Seq);
    }

    [Fact]
    public async Task SnapshotAsync_WhileWriting_HoldsExactlyTheEventsUpToItsNumber()
    {
        await using var database = await TestDatabase.CreateAsync();
        var run = await database.NewRunAsync();
        using var stop = new CancellationTokenSource();
        var writing = Task.Run(() =>
        {
            // Every third event is a point, so a snapshot of n events has n - n / 3 decisions and n / 3 points.
            var journal = database.Writer.Open(run);
            for (var i = 1; !stop.IsCancellationRequested && i < 1500; i++)
            {
                journal.Record(new StepDecided(i, 0, s_value, s_value, 0, "a", 1, StepVerdict.Rose, [CandidateAccount.Accepted]));
                journal.Record(new StepDecided(i, 1, s_value, s_value, 0, "a", 1, StepVerdict.Rose, [CandidateAccount.Accepted]));
                journal.Sample(new MetricPoint("sft/loss", i, i));
                if (i % 10 == 0)
                {
                    Thread.Sleep(1);
                }
            }
        });

        var seen = 0L;
        for (var began = Stopwatch.StartNew(); began.Elapsed < TimeSpan.FromSeconds(2);)
        {
            var snapshot = (await database.Snapshots.SnapshotAsync(run, default))!;
            // Step i of the series is its i-th point, and the last one is always there.
            var points = snapshot.Series.SelectMany(s => s.Bands).Select(b => b.Step).LastOrDefault();
            Assert.Equal(snapshot.Seq, snapshot.Decisions.Decided + points);
            Assert.Equal(snapshot.Seq, snapshot.Run.LastSeq);
            Assert.Equal(snapshot.Seq / 3, points);
            Assert.InRange(snapshot.Newest.Count, Math.Min(snapshot.Decisions.Decided, SnapshotQueries.NewestSteps), SnapshotQueries.NewestSteps);
            seen = snapshot.Seq;
        }

        await stop.CancelAsync();
        await writing.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.True(seen > 100, $"Only {seen} events were written.");
    }

    [Fact]
    public async Task SeriesAsync_ManyPoints_KeepsPeaksEndAndEdgesWithinTheLimit()
    {
        await using var database = await TestDatabase.CreateAsync();
        var run = await database.NewRunAsync();
        var journal = database.Writer.Open(run);
        for (var i = 0; i < 50_000; i++)
        {
            journal.Sample(new MetricPoint("sft/loss", i, i switch { 31_337 => 99, 12_345 => -99, _ => Math.Sin(i / 500.0) }));
            if (i % 10_000 == 0)
            {
                await database.FlushAsync();
            }
        }

        await database.FlushAsync();
        var all = await database.Queries.SeriesAsync(run, "sft/loss", long.MinValue, long.MaxValue, 2000, default);
        var part = await database.Queries.SeriesAsync(run, "sft/loss", 100, 45_000, 1000, default);

        Assert.InRange(all.Count, 500, 2000);
        Assert.Contains((31_337L, 99.0), all);
        Assert.Contains((12_345L, -99.0), all);
        Assert.Equal(49_999, all[^1].Step);
        Assert.Equal(all.OrderBy(p => p.Step), all);
        Assert.All(part, p => Assert.InRange(p.Step, 100, 45_000));
        Assert.InRange(part[^1].Step, 44_900, 45_000);
        Assert.Empty(await database.Queries.SeriesAsync(run, "no/such", 0, 10, 100, default));
    }

    [Fact]
    public async Task Facts_OfEveryKind_ComeBackAsTheyWere()
    {
        await using var database = await TestDatabase.CreateAsync();
        var run = await database.NewRunAsync();
        var journal = database.Writer.Open(run);
        RunFact[] facts =
        [
            new RunStarted(new Dictionary<string, string> { ["Seed"] = "1" }, "MiniShop", "ab", "libtorch", 10, 20, RewardRange.Unit),
            new StageStarted(Stage.Baseline),
            new EvaluationFinished(Stage.Baseline, "greedy", 0.7, 0.6, 0.8, 0.1, 0.2, double.NaN, 4, [new EpisodeResult("t1", 0.7, 4, 0, 12)]),
            new EpisodePlayed(Stage.Baseline, "greedy", 3, "t3", "find <i>", [EpisodeTurn.Of("buy", new string('o', 3000), true)], true, 0.5, [new RewardPart("price", "10", "12", false)]),
            new StageFinished(Stage.Baseline, 1.5),
            new TaskOpened(0, "t0", "find a <b>red</b> shirt", s_value),
            new CandidateScored(0, 0, 0, "click[x]", "page", s_value, null, false, false, 3, double.NegativeInfinity),
            new StepDecided(0, 0, s_value, null, null, "", 5, StepVerdict.Stopped, [CandidateAccount.Lower]),
            new PairCreated(0, new PreferencePair(0, 0, "h", "c", "r", Estimate.Final(1), s_value, [1, 2], [3], [4, 70_000])),
            new TaskFinished(0, 1, 0),
            new CheckpointSaved(Stage.Dpo, "dpo", "ff", 123),
            new RunEnded(RunState.Failed, "it broke", null),
        ];
        foreach (var fact in facts)
        {
            journal.Record(fact);
        }

        await database.FlushAsync();

        await using var context = await database.Contexts.CreateDbContextAsync();
        var json = await context.Events.OrderBy(e => e.Seq).Select(e => e.Json).ToListAsync();
        Assert.Equal(
            facts.Select(f => System.Text.Json.JsonSerializer.Serialize<RunEvent>(f, RunJson.Options)),
            json.Select(j => System.Text.Json.JsonSerializer.Serialize(System.Text.Json.JsonSerializer.Deserialize<RunEvent>(j, RunJson.Options)!, RunJson.Options)));
        var header = await database.Queries.HeaderAsync(run, default);
        Assert.Equal([typeof(RunStarted), typeof(StageStarted), typeof(EvaluationFinished), typeof(StageFinished), typeof(CheckpointSaved), typeof(RunEnded)], header.Select(f => f.GetType()));
        var pair = Assert.Single(await database.Queries.AllAsync<PairCreated>(run, default)).Pair;
        Assert.Equal([4, 70_000], pair.RejectedTokens);
        Assert.Equal("click[x]", Assert.Single(await database.Queries.CandidatesAsync(run, 0, 0, default)).Action);
        var row = (await database.Queries.FindAsync(run, default))!;
        Assert.Equal((RunState.Failed, "it broke", 0.7), (row.State, row.Error, row.Before));
    }

    [Fact]
    public async Task OlderStepsAsync_FromAStep_GoesBackWithoutGap()
    {
        await using var database = await TestDatabase.CreateAsync();
        var run = await database.NewRunAsync();
        var journal = database.Writer.Open(run);
        for (var task = 0; task < 20; task++)
        {
            journal.Record(new StepDecided(task, 0, s_value, s_value, 0, "a", 1, StepVerdict.Rose, [CandidateAccount.Accepted]));
        }

        await database.FlushAsync();
        var first = await database.Queries.OlderStepsAsync(run, 15, 0, 10, default);
        var rest = await database.Queries.OlderStepsAsync(run, first[^1].Task, 0, 100, default);

        Assert.Equal(Enumerable.Range(0, 15).Reverse(), first.Concat(rest).Select(s => s.Task));
    }

    [Fact]
    public async Task CreateAsync_SameKeyTwentyTimesAtOnce_MakesOneRun()
    {
        await using var database = await TestDatabase.CreateAsync();

        var made = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Task.Run(() => database.Store.CreateAsync(Presets.Create("demo"), "one", default))));

        Assert.Single(made.Select(m => m.Id).Distinct());
        Assert.Single(made, m => m.Made);
        Assert.Matches("^[bcdfghjkmnpqrstvwxz7]{10}$", made[0].Id);
        Assert.Equal(1, (await database.Queries.ListAsync(0, 10, default)).Total);
    }
}
