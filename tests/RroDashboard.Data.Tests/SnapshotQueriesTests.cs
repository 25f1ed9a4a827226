using RroDashboard.Core.Events;
using RroDashboard.Core.Exploration;
using RroDashboard.Core.Rewards;
using RroDashboard.Data;

namespace RroDashboard.Data.Tests;

public sealed class SnapshotQueriesTests
{
    [Fact]
    public async Task BandsAsync_ManyPoints_KeepsPeaksEndAndEdgesWithinTheLimit()
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
        var all = (await database.Snapshots.SnapshotAsync(run, default))!.Series.Single().Bands;
        var wide = (await database.Snapshots.BandsAsync(run, ["sft/"], 101, 45_001, 300, default)).Single().Bands;
        var narrow = (await database.Snapshots.BandsAsync(run, ["sft/loss"], 31_330, 31_340, 300, default)).Single().Bands;

        Assert.InRange(all.Count, 200, SnapshotQueries.MaxBands);
        Assert.Equal((99, -99, 49_999), (all.Max(b => b.High), all.Min(b => b.Low), all[^1].Step));
        Assert.InRange(wide.Count, 100, 300);
        Assert.Equal((99, -99, 45_001), (wide.Max(b => b.High), wide.Min(b => b.Low), wide[^1].Step));
        Assert.Equal(Math.Sin(45_001 / 500.0), wide[^1].Last);
        Assert.True(wide[0].Step >= 101);
        Assert.Equal(Enumerable.Range(31_330, 11).Select(i => (long)i), narrow.Select(b => b.Step));
        Assert.Empty(await database.Snapshots.BandsAsync(run, ["dpo/loss"], 0, 10, 300, default));
    }

    [Fact]
    public async Task SnapshotAsync_AgainAfterMoreSteps_SaysTheSameAsOneWhoComesLate()
    {
        await using var database = await TestDatabase.CreateAsync();
        var run = await database.NewRunAsync();
        var journal = database.Writer.Open(run);
        Decide(0, 100);
        await database.FlushAsync();
        await database.Snapshots.SnapshotAsync(run, default);
        Decide(100, 130);
        journal.Record(new NoteAdded("<b>first</b>"));
        await database.FlushAsync();

        var followed = (await database.Snapshots.SnapshotAsync(run, default))!;
        var late = (await new SnapshotQueries(database.Contexts).SnapshotAsync(run, default))!;

        Assert.Equal(130, followed.Decisions.Decided);
        Assert.Equivalent(late.Decisions, followed.Decisions, strict: true);
        Assert.Equal(Enumerable.Range(70, 60), followed.Newest.Select(s => s.Task));
        Assert.Equal(late.Newest.Select(s => s.Task), followed.Newest.Select(s => s.Task));
        Assert.Equal("<b>first</b>", Assert.IsType<NoteAdded>(Assert.Single(followed.Marks).Event).Text);

        void Decide(int from, int to)
        {
            for (var i = from; i < to; i++)
            {
                journal.Record(new StepDecided(i, i % 4, new([0.2, 0.4]), new([0.3, i / 200.0]), 0, "a", 1 + (i % 3), i % 5 == 0 ? StepVerdict.KeptBest : StepVerdict.Rose, []));
            }
        }
    }

    [Fact]
    public async Task LogQueries_Pages_GiveEveryLineOnceInOrder()
    {
        await using var database = await TestDatabase.CreateAsync();
        var run = await database.NewRunAsync();
        var journal = database.Writer.Open(run);
        for (var i = 0; i < 1200; i++)
        {
            journal.Sample(new LogLine("info", $"{i}"));
            journal.Sample(new MetricPoint("sft/loss", i, i));
        }

        await database.FlushAsync();
        var read = new List<string>();
        for (var before = long.MaxValue; ;)
        {
            var page = await database.Log.BeforeAsync(run, before, 0, LogQueries.MaxEvents, default);
            read.AddRange(page.Select(e => ((LogLine)e.Event).Text));
            if (page.Count < LogQueries.MaxEvents)
            {
                break;
            }

            before = page[^1].Seq;
        }

        Assert.Equal(Enumerable.Range(0, 1200).Reverse().Select(i => $"{i}"), read);
        Assert.Equal("3", ((LogLine)(await database.Log.AfterAsync(run, 0, 4, default))[3].Event).Text);
    }
}
