using Microsoft.EntityFrameworkCore;
using RroDashboard.Core.Events;
using RroDashboard.Core.Plans;

namespace RroDashboard.Data.Tests;

public sealed class RunKeeperTests
{
    [Fact]
    public async Task DescribeAsync_NameTagsNotes_AreKeptAndFound()
    {
        await using var database = await TestDatabase.CreateAsync();
        var run = await database.NewRunAsync();
        var keeper = new RunKeeper(database.Contexts, TimeProvider.System);

        Assert.True(await keeper.DescribeAsync(run, " <b>bold</b>\u0001 ", "Baseline, seed-3  baseline", "first\nsecond", default));

        var info = (await database.Queries.FindAsync(run, default))!;
        Assert.Equal("<b>bold</b>", info.Name);
        Assert.Equal(["baseline", "seed-3"], info.Tags);
        Assert.Equal("first\nsecond", info.Notes);
        Assert.Equal(1, (await new RunListQueries(database.Contexts, TimeProvider.System).ListAsync("tag:seed-3 name:<b>", RunSort.Default, 0, 9, default)).Total);
        Assert.False(await keeper.DescribeAsync("nosuchrun1", "", "", "", default));
    }

    [Fact]
    public async Task DescribeAsync_TooLong_SaysWhatIsAllowed()
    {
        await using var database = await TestDatabase.CreateAsync();
        var run = await database.NewRunAsync();
        var keeper = new RunKeeper(database.Contexts, TimeProvider.System);

        Assert.Equal("The name has 121 characters: at most 120 are allowed.", (await Assert.ThrowsAsync<RunTextException>(() => keeper.DescribeAsync(run, new string('n', 121), "", "", default))).Message);
        Assert.StartsWith("13 tags are too many", (await Assert.ThrowsAsync<RunTextException>(() => keeper.DescribeAsync(run, "", "a b c d e f g h i j k l m", "", default))).Message, StringComparison.Ordinal);
        Assert.StartsWith("The tag 'tttt", (await Assert.ThrowsAsync<RunTextException>(() => keeper.DescribeAsync(run, "", new string('t', 41), "", default))).Message, StringComparison.Ordinal);
        Assert.StartsWith("The notes have 8001", (await Assert.ThrowsAsync<RunTextException>(() => keeper.DescribeAsync(run, "", "", new string('x', 8001), default))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task DeleteAsync_OpenRun_IsLeftAloneAndAJournalOfARemovedOneSaysNothing()
    {
        await using var database = await TestDatabase.CreateAsync();
        var run = await database.NewRunAsync();
        var keeper = new RunKeeper(database.Contexts, TimeProvider.System);
        var journal = database.Writer.Open(run);
        journal.Record(new StageStarted(Stage.Sft));
        await database.FlushAsync();
        Assert.Empty(await keeper.DeleteAsync([run], default));

        journal.Record(new RunEnded(RunState.Stopped, null, null));
        await database.FlushAsync();
        Assert.Equal([run], await keeper.DeleteAsync([run], default));
        await keeper.RemoveAsync(run, default);
        journal.Record(new AlertRaised("info", "nobody listens"));
        await database.FlushAsync();

        Assert.Equal(0, database.Number("SELECT (SELECT count(*) FROM Runs) + (SELECT count(*) FROM Events)"));
    }

    [Fact]
    public async Task DeleteAsync_ThenUndo_BringsEverythingBack()
    {
        var (database, keeper, time, run) = await EndedAsync();
        await using var _ = database;

        Assert.Equal([run], await keeper.DeleteAsync([run, run, "nosuchrun1"], default));
        Assert.Null(await database.Queries.FindAsync(run, default));
        Assert.Empty(await database.Queries.HeaderAsync(run, default));
        Assert.Equal(0, (await database.Queries.ListAsync(0, 9, default)).Total);
        Assert.Equal(1, await keeper.UndoDeleteAsync([run], default));

        Assert.NotNull(await database.Queries.FindAsync(run, default));
        Assert.NotEmpty(await database.Queries.HeaderAsync(run, default));
        time.Now += RunKeeper.UndoTime * 2;
        Assert.Empty(await keeper.OverdueAsync(default));
    }

    [Fact]
    public async Task RemoveAsync_AfterTheTimeToUndo_LeavesNothing()
    {
        var (database, keeper, time, run) = await EndedAsync();
        await using var _ = database;
        await keeper.DeleteAsync([run], default);
        Assert.Empty(await keeper.OverdueAsync(default));

        time.Now += RunKeeper.UndoTime + TimeSpan.FromSeconds(1);
        Assert.Equal(0, await keeper.UndoDeleteAsync([run], default));
        Assert.Equal([run], await keeper.OverdueAsync(default));
        await keeper.RemoveAsync(run, default);

        Assert.Equal(0, database.Number("SELECT (SELECT count(*) FROM Runs) + (SELECT count(*) FROM Events) + (SELECT count(*) FROM MetricPoints) + (SELECT count(*) FROM MetricRollups)"));
    }

    [Fact]
    public async Task RemoveAsync_RunThatWasNotDeleted_TouchesNothing()
    {
        var (database, keeper, _, run) = await EndedAsync();
        await using var _2 = database;

        await keeper.RemoveAsync(run, default);

        Assert.NotEmpty(await database.Queries.HeaderAsync(run, default));
    }

    [Fact]
    public async Task DeleteAsync_OpenRun_IsNeverDeleted()
    {
        await using var database = await TestDatabase.CreateAsync();
        var keeper = new RunKeeper(database.Contexts, TimeProvider.System);
        var queued = await database.NewRunAsync();
        var running = await database.NewRunAsync();
        database.Writer.Open(running).Record(new StageStarted(Stage.Sft));
        await database.FlushAsync();

        Assert.Empty(await keeper.DeleteAsync([queued, running], default));

        Assert.Equal(2, (await database.Queries.ListAsync(0, 9, default)).Total);
    }

    [Fact]
    public async Task RemoveAsync_MoreRowsThanOneTransactionTakes_RemovesAll()
    {
        await using var database = await TestDatabase.CreateAsync();
        var time = new Clock();
        var keeper = new RunKeeper(database.Contexts, time);
        await using (var context = await database.Contexts.CreateDbContextAsync())
        {
            await SeededRuns.AddAsync(context, 1, points: (RunKeeper.RowsAtOnce * 2) + 5);
        }

        await keeper.DeleteAsync(["seeded0000"], default);
        await keeper.RemoveAsync("seeded0000", default);

        Assert.Equal(0, database.Number("SELECT (SELECT count(*) FROM Runs) + (SELECT count(*) FROM MetricPoints)"));
    }

    [Fact]
    public async Task ArchiveAsync_Run_IsLeftOutUntilAskedFor()
    {
        var (database, keeper, _, run) = await EndedAsync();
        await using var _2 = database;
        var lists = new RunListQueries(database.Contexts, TimeProvider.System);

        await keeper.ArchiveAsync([run], true, default);
        Assert.Equal(0, (await lists.ListAsync("", RunSort.Default, 0, 9, default)).Total);
        Assert.Equal(1, (await lists.ListAsync("is:archived", RunSort.Default, 0, 9, default)).Total);
        Assert.Equal(1, (await lists.FacetsAsync(default)).Archived);
        await keeper.ArchiveAsync([run], false, default);

        Assert.Equal(1, (await lists.ListAsync("", RunSort.Default, 0, 9, default)).Total);
    }

    [Fact]
    public async Task MarkCrashedAsync_RunLeftAtWork_IsCrashedUntilItGoesOn()
    {
        await using var database = await TestDatabase.CreateAsync();
        var lists = new RunListQueries(database.Contexts, TimeProvider.System);
        var run = await database.NewRunAsync();
        var journal = database.Writer.Open(run);
        journal.Record(new StageStarted(Stage.Sft));
        await database.FlushAsync();
        var heard = (await database.Queries.FindAsync(run, default))!.HeartbeatUtc;
        Assert.NotNull(heard);

        await database.Store.MarkCrashedAsync(default);
        journal.Record(new RunEnded(RunState.Interrupted, "The server ended while the run was open.", null));
        await database.FlushAsync();

        Assert.Equal(1, (await lists.ListAsync("state:crashed", RunSort.Default, 0, 9, default)).Total);
        Assert.Equal(0, (await lists.ListAsync("state:interrupted", RunSort.Default, 0, 9, default)).Total);
        Assert.Contains(("crashed", 1), (await lists.FacetsAsync(default)).States);
        // That the next process says that it ended is no beat of its heart.
        Assert.Equal(heard, (await database.Queries.FindAsync(run, default))!.HeartbeatUtc);
        Assert.True(await database.Store.ReopenAsync(run, default));
        journal.Record(new RunResumed(Stage.Sft, 0, []));
        await database.FlushAsync();
        Assert.True((await database.Queries.FindAsync(run, default))!.HeartbeatUtc > heard);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ReadAsync_BrokenOffWithinAStage_CountsItsSecondsUntilItWasLastHeard(bool crashed)
    {
        await using var database = await TestDatabase.CreateAsync();
        var resume = new ResumeQueries(database.Contexts, database.Queries);
        var run = await database.NewRunAsync();
        var journal = database.Writer.Open(run);
        journal.Record(new StageStarted(Stage.Sft));
        journal.Record(new StageFinished(Stage.Sft, 7));
        journal.Record(new StageStarted(Stage.Baseline));
        await database.FlushAsync();
        await Task.Delay(300);
        journal.Sample(new ProgressReported(Stage.Baseline, 1, 2));
        await database.FlushAsync();
        if (crashed)
        {
            await database.Store.MarkCrashedAsync(default);
            await Task.Delay(300);
        }

        journal.Record(new RunEnded(crashed ? RunState.Interrupted : RunState.Stopped, null, null));
        await database.FlushAsync();
        var heard = (await database.Queries.FindAsync(run, default))!.HeartbeatUtc!.Value;
        var began = new DateTime(database.Number("SELECT AtTicks FROM Events WHERE Kind = 'stageStarted' ORDER BY Seq DESC LIMIT 1"), DateTimeKind.Utc);

        var first = (await resume.ReadAsync(run, default))!.Value.Past.BrokenOffSeconds;
        Assert.True(first >= 0.3, $"{first} s");
        Assert.Equal((heard - began).TotalSeconds, first, 1e-3);
        // A word after the end is none of the stage's, and what an earlier attempt lost stays counted.
        journal.Record(new NoteAdded("later"));
        journal.Record(new RunResumed(Stage.Baseline, 0, [], first));
        await database.FlushAsync();
        Assert.Equal(first, (await resume.ReadAsync(run, default))!.Value.Past.AllBrokenOffSeconds, 1e-6);
    }

    private static async Task<(TestDatabase Database, RunKeeper Keeper, Clock Time, string Run)> EndedAsync()
    {
        var database = await TestDatabase.CreateAsync();
        var time = new Clock();
        var run = await database.NewRunAsync();
        var journal = database.Writer.Open(run);
        journal.Record(new StageStarted(Stage.Sft));
        journal.Sample(new MetricPoint("sft/loss", 1, 2));
        journal.Record(new RunEnded(RunState.Stopped, null, null));
        await database.FlushAsync();
        return (database, new RunKeeper(database.Contexts, time), time, run);
    }

    private sealed class Clock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = DateTimeOffset.UtcNow;

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
