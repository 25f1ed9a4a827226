using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using RroDashboard.Core.Events;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Preferences;
using RroDashboard.Core.Rewards;

namespace RroDashboard.Data.Tests;

public sealed class PairSetStoreTests
{
    private static readonly PairProvenance s_queue = new("queue", "7", ["a1"]);

    [Fact]
    public async Task Add_Decisions_MakeAnImmutableVersionThatSurvivesAnotherProcess()
    {
        await using var database = await TestDatabase.CreateAsync();
        var run = await RunAsync(database);
        using var store = Store(database);

        var (first, made) = await store.AddAsync(run, 0, [Entry(0, PairDecision.Flipped), Entry(1, PairDecision.Discarded), Entry(2, PairDecision.Kept, 0.5)], "ada", "Labels of queue 7.", default);
        var (second, _) = await store.AddAsync(run, 1, [PairEntry.Plain(1)], "bob", "The second one was right.", default);

        Assert.True(made);
        Assert.Equal((1, 0, "ada", "Labels of queue 7.", false), (first.Number, first.Parent, first.Author, first.Why, first.Undone));
        Assert.Equal(new PairSetCounts(Kept: 2, Flipped: 1, Discarded: 1, Added: 0, Weighted: 1, Reviewed: 3), first.Counts);
        Assert.Equal((2, 1, 0), (second.Number, second.Parent, second.Counts.Discarded));
        // Read by a store that remembers nothing.
        using var other = Store(database);
        var versions = await other.ListAsync(run, default);
        Assert.Equal([0, 1, 2], versions.Select(v => v.Number));
        Assert.Equal(first with { Current = false }, versions[1]);
        Assert.Equal((true, second), (first.Current, versions[2]));
        var (_, pairs) = (await other.PairsAsync(run, 1, default))!.Value;
        Assert.Equal([0, 2, 3], pairs.Select(p => p.Index));
        Assert.Equal((PairDecision.Flipped, "worse0", -1.0), (pairs[0].Origin!.Decision, pairs[0].Pair.Chosen, pairs[0].Pair.Gap));
        Assert.Equal((0.5, null), (pairs[1].Pair.Weight, pairs[2].Pair.Weight));
        Assert.Equal(s_queue.Answers, (await other.EntriesAsync(run, 1, default))![0].Provenance!.Answers);
    }

    [Fact]
    public async Task Add_SameDecisionsAgain_MakeNoSecondVersion()
    {
        await using var database = await TestDatabase.CreateAsync();
        var run = await RunAsync(database);
        using var store = Store(database);
        PairEntry[] changes = [Entry(0, PairDecision.Flipped), Entry(1, PairDecision.Discarded)];

        var (first, _) = await store.AddAsync(run, 0, changes, "ada", "Labels.", default);
        var again = await store.AddAsync(run, 0, [.. changes.Reverse()], "bob", "The same.", default);
        var onTop = await store.AddAsync(run, 1, changes, "bob", "The same.", default);
        var nothing = await store.AddAsync(run, 0, [PairEntry.Plain(3)], "bob", "Nothing.", default);
        var parallel = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => store.AddAsync(run, 0, [Entry(3, PairDecision.Flipped)], "x", "At once.", default)));

        Assert.Equal((first, false), again);
        Assert.Equal((first, false), onTop);
        Assert.Equal((0, false), (nothing.Version.Number, nothing.Made));
        Assert.Equal(1, parallel.Count(p => p.Made));
        Assert.Equal([0, 1, 2], (await store.ListAsync(run, default)).Select(v => v.Number));
    }

    [Fact]
    public async Task Undo_LastVersion_ParentCountsAgainAndItIsKept()
    {
        await using var database = await TestDatabase.CreateAsync();
        var run = await RunAsync(database);
        using var store = Store(database);
        await store.AddAsync(run, 0, [Entry(0, PairDecision.Discarded)], "ada", "One.", default);
        await store.AddAsync(run, 1, [Entry(1, PairDecision.Discarded)], "ada", "Two.", default);

        Assert.Contains("is not the last change", (await Assert.ThrowsAsync<PairSetException>(() => store.UndoAsync(run, 1, default))).Message, StringComparison.Ordinal);
        Assert.Equal(1, await store.UndoAsync(run, 2, default));
        Assert.Equal(0, await store.UndoAsync(run, 1, default));
        await Assert.ThrowsAsync<PairSetException>(() => store.UndoAsync(run, 0, default));
        var versions = await store.ListAsync(run, default);
        Assert.Equal([false, true, true], versions.Select(v => v.Undone));
        Assert.Equal(0, PairSetStore.Latest(versions));
        // Done again it is the same version, and counts.
        var (again, made) = await store.AddAsync(run, 0, [Entry(0, PairDecision.Discarded)], "ada", "One.", default);
        Assert.Equal((1, false, false), (again.Number, made, again.Undone));
        Assert.Equal(1, PairSetStore.Latest(await store.ListAsync(run, default)));
    }

    [Fact]
    public async Task Add_ContentOfAnEarlierVersion_GoesBackToIt()
    {
        await using var database = await TestDatabase.CreateAsync();
        var run = await RunAsync(database);
        using var store = Store(database);
        PairEntry[] labels = [Entry(0, PairDecision.Flipped)];

        async Task<int> Current() => PairSetStore.Latest(await store.ListAsync(run, default));

        await store.AddAsync(run, 0, labels, "ada", "Labels.", default);
        await store.AddAsync(run, 1, [Entry(1, PairDecision.Discarded)], "ada", "One less.", default);
        Assert.Equal(2, await Current());

        // Back by hand: the content of version 1, and whoever trains without naming a version learns from it.
        var (back, made) = await store.AddAsync(run, 2, [PairEntry.Plain(1)], "ada", "Not after all.", default);
        Assert.Equal((1, false, true), (back.Number, made, back.Current));
        Assert.Equal(1, await Current());

        // The same labels again, on whichever version they were applied to before: nothing changes.
        await store.AddAsync(run, 0, labels, "bob", "Labels.", default);
        await store.AddAsync(run, 1, labels, "bob", "Labels.", default);
        Assert.Equal(1, await Current());
        Assert.Equal([false, false, false], (await store.ListAsync(run, default)).Select(v => v.Undone));

        // And on to version 2 again.
        var (on, _) = await store.AddAsync(run, 1, [Entry(1, PairDecision.Discarded)], "ada", "It was right.", default);
        Assert.Equal((2, true), (on.Number, on.Current));
        // A request that comes once more, of before that, drops nobody's decision.
        await store.AddAsync(run, 0, labels, "bob", "Labels.", default);
        Assert.Equal(2, await Current());

        // Undo goes the same way back, step by step: on, back, version 2, version 1.
        Assert.Equal(1, await store.UndoAsync(run, 2, default));
        Assert.Equal(2, await store.UndoAsync(run, 1, default));
        Assert.Equal(1, await store.UndoAsync(run, 2, default));
        Assert.Equal(0, await store.UndoAsync(run, 1, default));
        Assert.Equal([false, true, true], (await store.ListAsync(run, default)).Select(v => v.Undone));
    }

    [Fact]
    public async Task Return_ToAnyVersion_MakesItCurrentAndCanBeUndone()
    {
        await using var database = await TestDatabase.CreateAsync();
        var run = await RunAsync(database);
        using var store = Store(database);
        await store.AddAsync(run, 0, [Entry(0, PairDecision.Flipped)], "ada", "One.", default);
        await store.AddAsync(run, 1, [Entry(1, PairDecision.Discarded)], "ada", "Two.", default);

        Assert.True((await store.ReturnAsync(run, 0, "ada", default)).Current);
        await store.ReturnAsync(run, 0, "ada", default);
        // Read by a store that remembers nothing.
        using var other = Store(database);
        Assert.Equal([true, false, false], (await other.ListAsync(run, default)).Select(v => v.Current));
        Assert.Equal(2, await other.UndoAsync(run, 0, default));
        await other.UndoAsync(run, 2, default);
        var again = await other.ReturnAsync(run, 2, "ada", default);
        Assert.Equal((2, false, true), (again.Number, again.Undone, again.Current));
        Assert.Equal(2, PairSetStore.Latest(await other.ListAsync(run, default)));
        Assert.Contains("has no version 3", (await Assert.ThrowsAsync<PairSetException>(() => other.ReturnAsync(run, 3, "ada", default))).Message, StringComparison.Ordinal);
        // Back to the run's own pairs by hand.
        await other.AddAsync(run, 2, [PairEntry.Plain(0), PairEntry.Plain(1)], "ada", "All as it was.", default);
        Assert.Equal(0, PairSetStore.Latest(await other.ListAsync(run, default)));
    }

    [Fact]
    public async Task Migration_VersionsFromBeforeThereWereTurns_CountAsTheyDid()
    {
        await using var database = await TestDatabase.CreateAsync();
        var run = await RunAsync(database);
        using var store = Store(database);
        await store.AddAsync(run, 0, [Entry(0, PairDecision.Flipped)], "ada", "One.", default);
        await store.AddAsync(run, 1, [Entry(1, PairDecision.Discarded)], "ada", "Two.", default);
        await store.AddAsync(run, 2, [Entry(2, PairDecision.Discarded)], "ada", "Three.", default);
        await store.UndoAsync(run, 3, default);
        await using var context = await database.Contexts.CreateDbContextAsync();
        var migrator = context.GetService<IMigrator>();

        await migrator.MigrateAsync("20261126030000_RemoteRuns");
        Assert.Equal(1, database.Number("SELECT count(*) FROM PairSets WHERE UndoneTicks IS NOT NULL AND Number = 3"));
        await migrator.MigrateAsync();

        using var after = Store(database);
        var versions = await after.ListAsync(run, default);
        Assert.Equal([false, false, false, true], versions.Select(v => v.Undone));
        Assert.Equal(2, PairSetStore.Latest(versions));
        Assert.Equal(2, (await after.EntriesAsync(run, 2, default))!.Count);
        Assert.Equal(1, await after.UndoAsync(run, 2, default));
    }

    [Fact]
    public async Task Add_PairsThatPeopleWrote_AreNumberedAfterTheRunsAndOnlyOnce()
    {
        await using var database = await TestDatabase.CreateAsync();
        var run = await RunAsync(database);
        using var store = Store(database);
        var written = new PairEntry(0, PairDecision.Added, 1, PairSource.Edited, new PairProvenance("written", "pair 2"), Pair(2) with { Chosen = "best", ChosenTokens = [9] });

        var (first, _) = await store.AddAsync(run, 0, [written], "ada", "Better.", default);
        var (again, made) = await store.AddAsync(run, 1, [written], "bob", "Better.", default);
        var (without, _) = await store.AddAsync(run, 1, [new PairEntry(4, PairDecision.Discarded, 1, PairSource.Edited, null)], "ada", "Not after all.", default);
        var (back, _) = await store.AddAsync(run, without.Number, [written], "ada", "Yet.", default);

        Assert.Equal((1, 5, first, false), (first.Counts.Added, first.Counts.Trained, again, made));
        Assert.Equal((0, 4), (without.Counts.Added, without.Counts.Trained));
        Assert.Equal(first.Number, back.Number);
        var (_, pairs) = (await store.PairsAsync(run, 1, default))!.Value;
        Assert.Equal((4, "best", PairSource.Edited), (pairs[^1].Index, pairs[^1].Pair.Chosen, pairs[^1].Origin!.Source));
    }

    [Fact]
    public async Task Add_WhereItIsNotAllowed_IsRefused()
    {
        await using var database = await TestDatabase.CreateAsync();
        var run = await RunAsync(database);
        var open = await RunAsync(database, finished: false);
        using var store = Store(database);

        async Task<string> Refused(string id, int parent, PairEntry change, string why) =>
            (await Assert.ThrowsAsync<PairSetException>(() => store.AddAsync(id, parent, [change], "ada", why, default))).Message;

        Assert.Contains("its exploration is not over", await Refused(open, 0, Entry(0, PairDecision.Flipped), "Why."), StringComparison.Ordinal);
        Assert.Contains("there is no such run", await Refused("none", 0, Entry(0, PairDecision.Flipped), "Why."), StringComparison.Ordinal);
        Assert.Contains("has no version 3", await Refused(run, 3, Entry(0, PairDecision.Flipped), "Why."), StringComparison.Ordinal);
        Assert.Contains("There is no pair 99.", await Refused(run, 0, Entry(99, PairDecision.Flipped), "Why."), StringComparison.Ordinal);
        Assert.Contains("needs a reason", await Refused(run, 0, Entry(0, PairDecision.Flipped), " "), StringComparison.Ordinal);
        Assert.Contains("needs a reason", await Refused(run, 0, Entry(0, PairDecision.Flipped), new string('x', 501)), StringComparison.Ordinal);
        Assert.Empty(await store.ListAsync(open, default));
        Assert.Null(await store.PairsAsync(run, 1, default));
    }

    [Fact]
    public async Task List_DecisionsSourcesAndChanges_AreFiltered()
    {
        await using var database = await TestDatabase.CreateAsync();
        var run = await RunAsync(database);
        using var store = Store(database);
        await store.AddAsync(run, 0, [Entry(0, PairDecision.Flipped), Entry(1, PairDecision.Discarded)], "ada", "One.", default);
        await store.AddAsync(
            run, 1, [Entry(2, PairDecision.Kept), new PairEntry(0, PairDecision.Added, 1, PairSource.Imported, new PairProvenance("file", "x.jsonl", Sha256: "ab", Line: 3), Pair(3) with { ChosenTokens = [8] })], "ada", "Two.", default);
        var (parent, entries) = ((await store.EntriesAsync(run, 1, default))!, (await store.EntriesAsync(run, 2, default))!);
        var queries = Queries(database);

        async Task<IReadOnlyList<int>> Find(VersionFilter version, PairFilter? filter = null) => await queries.IndexesAsync(run, filter ?? new PairFilter(), version, entries, parent, _ => 0.5, default);

        Assert.Equal((int[])[0, 1, 2, 3, 4], await Find(new VersionFilter()));
        Assert.Equal((int[])[0], await Find(new VersionFilter(PairDecision.Flipped)));
        Assert.Equal((int[])[2, 3], await Find(new VersionFilter(PairDecision.Kept)));
        Assert.Equal((int[])[4], await Find(new VersionFilter(Source: PairSource.Imported)));
        Assert.Equal((int[])[2, 4], await Find(new VersionFilter(Changed: true)));
        // The gap of a flipped pair is that of its exchanged sides, and so is its margin.
        Assert.Equal((int[])[0], await Find(new VersionFilter(), new PairFilter(MaxGap: 0)));
        Assert.Equal((int[])[0], await Find(new VersionFilter(), new PairFilter(Refused: true)));
        var (rows, total) = await queries.ListAsync(run, new PairFilter(), new VersionFilter(), entries, parent, _ => 0.5, 0, 10, default);
        Assert.Equal((5, "worse0", "better0", -0.5), (total, rows[0].Row.Chosen.Start, rows[0].Row.Rejected.Start, rows[0].Row.Margin!.Value));
        Assert.Equal([PairSource.Human, PairSource.Human, PairSource.Human, PairSource.Model, PairSource.Imported], rows.Select(r => r.Source));
        Assert.Equal([false, false, true, false, true], rows.Select(r => r.Changed));
    }

    [Fact]
    public async Task Trained_RunsThatNameAVersion_AreFound()
    {
        await using var database = await TestDatabase.CreateAsync();
        var run = await RunAsync(database);
        var plan = Presets.Create("demo");
        plan.Dpo.PairsFrom = $"{run}@2";
        var (trained, _) = await database.Store.CreateAsync(plan, "trained", default);
        plan.Dpo.PairsFrom = $"x{run}@2";
        await database.Store.CreateAsync(plan, "other", default);
        var taken = new PairsTaken(run, 2, "aa", "bb", 3, 1, 0, 0, 0);
        database.Writer.Open(trained).Record(taken);
        database.Writer.Open(trained).Record(new PairCreated(7, Pair(0), new PairOrigin(PairDecision.Flipped, PairSource.Human)));
        await database.FlushAsync();

        var found = Assert.Single(await Queries(database).TrainedAsync(run, default));

        Assert.Equal((trained, 2), (found.Run.Id, found.Version));
        Assert.Equal(taken, await Queries(database).TakenAsync(trained, default));
        Assert.Null(await Queries(database).TakenAsync(run, default));
        var (rows, _) = await Queries(database).ListAsync(trained, new PairFilter(), new VersionFilter(), [], [], _ => null, 0, 10, default);
        Assert.Equal(new PairOrigin(PairDecision.Flipped, PairSource.Human), Assert.Single(rows).Origin);
    }

    [Fact]
    public async Task Remove_DeletedRun_TakesItsVersionsAlong()
    {
        await using var database = await TestDatabase.CreateAsync();
        var run = await RunAsync(database);
        using var store = Store(database);
        await store.AddAsync(run, 0, [Entry(0, PairDecision.Flipped)], "ada", "One.", default);
        database.Writer.Open(run).Record(new RunEnded(RunState.Finished, null, null));
        await database.FlushAsync();
        var keeper = new RunKeeper(database.Contexts, TimeProvider.System);

        await keeper.DeleteAsync([run], default);
        await keeper.RemoveAsync(run, default);

        Assert.Equal(0, database.Number("SELECT (SELECT count(*) FROM PairSets) + (SELECT count(*) FROM PairSetTurns) + (SELECT count(*) FROM PairDecisions)"));
    }

    private static PairSetStore Store(TestDatabase database) => new(database.Contexts, new PairQueries(database.Contexts, new ExplorationIndex(database.Contexts)), TimeProvider.System);

    private static PairSetQueries Queries(TestDatabase database)
    {
        var index = new ExplorationIndex(database.Contexts);
        return new PairSetQueries(database.Contexts, new PairQueries(database.Contexts, index), index);
    }

    private static async Task<string> RunAsync(TestDatabase database, bool finished = true)
    {
        var run = await database.NewRunAsync();
        var journal = database.Writer.Open(run);
        journal.Record(new StageStarted(Stage.Explore));
        for (var i = 0; i < 4; i++)
        {
            journal.Record(new PairCreated(i, Pair(i)));
        }

        if (finished)
        {
            journal.Record(new StageFinished(Stage.Explore, 1));
        }

        await database.FlushAsync();
        return run;
    }

    private static PairEntry Entry(int index, PairDecision decision, double weight = 1) => new(index, decision, weight, PairSource.Human, s_queue);

    private static PreferencePair Pair(int i) => new(i, 0, $"h{i}", $"better{i}", $"worse{i}", Estimate.Final(1), Estimate.Final(0), [1, 2, i], [3], [4, 5]);
}
