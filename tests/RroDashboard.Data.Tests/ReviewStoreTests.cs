using System.Collections.Concurrent;
using RroDashboard.Core.Events;
using RroDashboard.Core.Preferences;
using RroDashboard.Core.Review;
using RroDashboard.Core.Rewards;
using RroDashboard.Data.Entities;

namespace RroDashboard.Data.Tests;

public sealed class ReviewStoreTests
{
    private static readonly Reviewer Ann = new("id-ann", "Ann");
    private static readonly Reviewer Bob = new("id-bob", "Bob");
    private static readonly Reviewer Cleo = new("id-cleo", "Cleo");

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task NextAsync_ThreePeopleAtOnce_NoItemIsGivenToMoreThanItNeeds(int required)
    {
        await using var desk = await Desk.OpenAsync(items: 12, required);
        var given = new ConcurrentBag<(long Item, string Person)>();

        await Task.WhenAll(new[] { Ann, Bob, Cleo }.Select(person => Task.Run(async () =>
        {
            while (await desk.Store.NextAsync(desk.Queue, person, default) is { } item)
            {
                given.Add((item, person.Id));
                await desk.Store.SubmitAsync(desk.Queue, item, person, new ReviewContent([0]), 0, 1, "page", default);
            }
        })));

        Assert.Equal(12 * required, given.Count);
        Assert.All(given.GroupBy(g => g.Item), g => Assert.Equal(required, g.Select(p => p.Person).Distinct().Count()));
        var queue = (await desk.Queries.QueueAsync(desk.Queue, default))!;
        Assert.Equal((12, 12 * required, 0), (queue.Complete, queue.Answers, queue.Missing));
        Assert.Empty(queue.People);
    }

    [Fact]
    public async Task NextAsync_HeldItem_ComesBackAfterTenMinutesUnlessItIsHeldOn()
    {
        await using var desk = await Desk.OpenAsync(items: 1);
        var item = (await desk.Store.NextAsync(desk.Queue, Ann, default))!.Value;
        Assert.Null(await desk.Store.NextAsync(desk.Queue, Bob, default));
        Assert.Equal(["Ann"], (await desk.Queries.QueueAsync(desk.Queue, default))!.People);

        desk.Time.Now += TimeSpan.FromMinutes(9);
        Assert.True(await desk.Store.HoldAsync(desk.Queue, item, Ann, default));
        desk.Time.Now += TimeSpan.FromMinutes(9);
        Assert.Null(await desk.Store.NextAsync(desk.Queue, Bob, default));
        desk.Time.Now += TimeSpan.FromMinutes(2);

        Assert.Equal(item, await desk.Store.NextAsync(desk.Queue, Bob, default));
        Assert.False(await desk.Store.HoldAsync(desk.Queue, item, Ann, default));
        // What Ann wrote is kept, and she is told.
        var late = await Assert.ThrowsAsync<ReviewConflictException>(() => desk.Store.SubmitAsync(desk.Queue, item, Ann, new ReviewContent([1], "late"), 0, 1, "page", default));
        Assert.Contains("in other hands", late.Message, StringComparison.Ordinal);
        await desk.Store.SubmitAsync(desk.Queue, item, Bob, new ReviewContent([0]), 0, 1, "page", default);
        Assert.Contains("someone else was first", (await Assert.ThrowsAsync<ReviewConflictException>(() => desk.Store.SubmitAsync(desk.Queue, item, Ann, new ReviewContent([1]), 0, 1, "api", default))).Message, StringComparison.Ordinal);
        Assert.Equal(1, desk.Database.Number("SELECT count(*) FROM ReviewAnswers WHERE State = 'Submitted'"));
    }

    [Fact]
    public async Task SubmitAsync_TwiceAtOnceByOnePerson_OneWinsAndTheOtherIsTold()
    {
        await using var desk = await Desk.OpenAsync(items: 20);
        for (var round = 0; round < 20; round++)
        {
            var item = (await desk.Store.NextAsync(desk.Queue, Ann, default))!.Value;
            using var go = new ManualResetEventSlim();
            var ways = new[] { ("page", 0), ("api", 1) }.Select(way => Task.Run(async () =>
            {
                go.Wait();
                try
                {
                    await desk.Store.SubmitAsync(desk.Queue, item, Ann, new ReviewContent([way.Item2]), 0, 1, way.Item1, default);
                    return null;
                }
                catch (ReviewConflictException e)
                {
                    return e.Message;
                }
            })).ToArray();
            go.Set();
            var told = await Task.WhenAll(ways);

            Assert.Single(told, t => t is null);
            Assert.Contains("answered item", Assert.Single(told, t => t is not null), StringComparison.Ordinal);
            var kept = (await desk.Queries.ItemAsync(desk.Queue, item, Ann, default))!;
            Assert.Equal(told[0] is null ? "page" : "api", kept.Own!.Source);
            Assert.Equal(told[0] is null ? 0 : 1, kept.Own.Content.Values[0]);
        }
    }

    [Fact]
    public async Task DraftAsync_OnAnOldVersion_IsRefusedAndNothingIsOverwritten()
    {
        await using var desk = await Desk.OpenAsync(items: 3);
        var item = (await desk.Store.NextAsync(desk.Queue, Ann, default))!.Value;
        var first = await desk.Store.DraftAsync(desk.Queue, item, Ann, new ReviewContent([null], "one"), 0, 2, "page", default);
        await desk.Store.DraftAsync(desk.Queue, item, Ann, new ReviewContent([2], "two"), first, 3, "page", default);

        await Assert.ThrowsAsync<ReviewConflictException>(() => desk.Store.DraftAsync(desk.Queue, item, Ann, new ReviewContent([1], "old"), first, 1, "api", default));

        var own = (await desk.Queries.ItemAsync(desk.Queue, item, Ann, default))!.Own!;
        Assert.Equal(("two", 2, 5.0, ReviewAnswerState.Draft), (own.Content.Note, own.Content.Values[0], own.Seconds, own.State));
        // Left for an hour: it goes to someone else, and the draft waits in vain or for its turn.
        desk.Time.Now += TimeSpan.FromHours(1);
        Assert.Equal(item, await desk.Store.NextAsync(desk.Queue, Bob, default));
        Assert.NotEqual(item, await desk.Store.NextAsync(desk.Queue, Ann, default));
        await desk.Store.SkipAsync(desk.Queue, item, Bob, new ReviewContent([]), 0, 1, "page", default);
        await desk.Store.SkipAsync(desk.Queue, (await desk.Store.NextAsync(desk.Queue, Ann, default))!.Value, Ann, new ReviewContent([]), 0, 1, "page", default);
        Assert.Equal(item, await desk.Store.NextAsync(desk.Queue, Ann, default));
    }

    [Fact]
    public async Task UndoAsync_TheOwnLast_ComesBackAsADraftAndTheOldOneIsKept()
    {
        await using var desk = await Desk.OpenAsync(items: 2, required: 1);
        var first = await desk.AnswerAsync(Ann, 0, "because");
        var second = await desk.AnswerAsync(Ann, 1);
        Assert.Null(await desk.Store.UndoAsync(desk.Queue, Bob, default));

        Assert.Equal(second, await desk.Store.UndoAsync(desk.Queue, Ann, default));
        Assert.Equal(first, await desk.Store.UndoAsync(desk.Queue, Ann, default));

        var draft = (await desk.Queries.ItemAsync(desk.Queue, first, Ann, default))!;
        Assert.Equal(("because", ReviewAnswerState.Draft, false), (draft.Own!.Content.Note, draft.Own.State, draft.Complete));
        // As blind as before: nothing is chosen, and nothing may be told.
        Assert.Empty(draft.Own.Content.Values);
        Assert.False(draft.MayBeTold);
        await desk.Store.SubmitAsync(desk.Queue, first, Ann, new ReviewContent([2], "better so"), draft.Version, 1, "page", default);
        var again = (await desk.Queries.ItemAsync(desk.Queue, first, Ann, default))!.Own!;
        Assert.NotNull(again.Replaces);
        Assert.Equal(2, desk.Database.Number("SELECT count(*) FROM ReviewAnswers WHERE State = 'Undone'"));
        Assert.Equal(1, (await desk.Queries.QueueAsync(desk.Queue, default))!.Answers);
    }

    [Fact]
    public async Task SkipAsync_AnItem_GoesToOthersAndNeverBack()
    {
        await using var desk = await Desk.OpenAsync(items: 1);
        var item = (await desk.Store.NextAsync(desk.Queue, Ann, default))!.Value;

        await desk.Store.SkipAsync(desk.Queue, item, Ann, new ReviewContent([null]), 0, 1, "page", default);

        Assert.Null(await desk.Store.NextAsync(desk.Queue, Ann, default));
        Assert.Equal(item, await desk.Store.NextAsync(desk.Queue, Bob, default));
    }

    [Fact]
    public async Task ItemAsync_NotComplete_HidesWhatOthersSaid()
    {
        await using var desk = await Desk.OpenAsync(items: 1, required: 2);
        var item = await desk.AnswerAsync(Ann, 0, "secret of Ann");

        Assert.Empty((await desk.Queries.ItemAsync(desk.Queue, item, Bob, default))!.Answers);
        Assert.Empty((await desk.Queries.ItemAsync(desk.Queue, item, Ann, default))!.Answers);
        Assert.Empty(await desk.Queries.LabelsAsync(desk.Queue, Bob, default));
        Assert.Single(await desk.Queries.LabelsAsync(desk.Queue, Ann, default));
        Assert.Equal(0, (await desk.Queries.ItemsAsync(desk.Queue, Bob, 0, 10, default))[0].Answers);
        await desk.AnswerAsync(Bob, 1);

        Assert.Equal(2, (await desk.Queries.ItemAsync(desk.Queue, item, Ann, default))!.Answers.Count);
        Assert.Equal(2, (await desk.Queries.LabelsAsync(desk.Queue, Bob, default)).Count);
    }

    [Fact]
    public async Task AdjudicateAsync_AConflict_IsDecidedOnceByName()
    {
        await using var desk = await Desk.OpenAsync(items: 2, required: 2);
        var item = await desk.AnswerAsync(Ann, (int)PairChoice.Chosen);
        await Assert.ThrowsAsync<ReviewConflictException>(() => desk.Store.AdjudicateAsync(desk.Queue, item, Cleo, [1], "", default));
        await desk.AnswerAsync(Bob, (int)PairChoice.Rejected, better: "click[ b9 ]");
        Assert.Equal(1, (await desk.Decisions.OfQueueAsync(desk.Queue, default)).Undecided);
        Assert.Equal(item, Assert.Single(await desk.Queries.ConflictsAsync(desk.Queue, Cleo, default)).Id);

        await desk.Store.AdjudicateAsync(desk.Queue, item, Cleo, [(int)PairChoice.Rejected], "Bob is right", default);

        Assert.Contains("Cleo", (await Assert.ThrowsAsync<ReviewConflictException>(() => desk.Store.AdjudicateAsync(desk.Queue, item, Ann, [0], "", default))).Message, StringComparison.Ordinal);
        Assert.Contains("Cleo", (await Assert.ThrowsAsync<ReviewConflictException>(() => desk.Store.UndoAsync(desk.Queue, Ann, default))).Message, StringComparison.Ordinal);
        var decisions = await desk.Decisions.OfQueueAsync(desk.Queue, default);
        var decision = Assert.Single(decisions.Decided);
        Assert.Equal((PairVerdict.Flip, 1.0, "Cleo", 2), (decision.Decision, decision.Weight, decision.AdjudicatedBy, decision.AnswerIds.Count));
        Assert.Equal("click[ b9 ]", Assert.Single(decision.BetterActions).Text);
        Assert.Equal((0, 1), (decisions.Undecided, decisions.Incomplete));
    }

    [Fact]
    public async Task OfQueueAsync_TwoOfThree_WeighsByTheirShare()
    {
        await using var desk = await Desk.OpenAsync(items: 1, required: 3);
        await desk.AnswerAsync(Ann, (int)PairChoice.BothBad);
        await desk.AnswerAsync(Bob, (int)PairChoice.Equal);
        await desk.AnswerAsync(Cleo, (int)PairChoice.Chosen);

        var decision = Assert.Single((await desk.Decisions.OfQueueAsync(desk.Queue, default)).Decided);

        Assert.Equal(PairVerdict.Discard, decision.Decision);
        Assert.Equal(2.0 / 3, decision.Weight, 12);
    }

    [Fact]
    public async Task ImportAsync_SameKeyTwice_ChangesNothing()
    {
        await using var desk = await Desk.OpenAsync(items: 1, required: 2);
        var item = (await desk.Queries.ItemsAsync(desk.Queue, Ann, 0, 1, default))[0].Id;

        Assert.True(await desk.Store.ImportAsync(desk.Queue, item, Ann, new ReviewContent([0]), 4, "file-1", default));
        Assert.False(await desk.Store.ImportAsync(desk.Queue, item, Ann, new ReviewContent([0]), 4, "file-1", default));

        await Assert.ThrowsAsync<ReviewConflictException>(() => desk.Store.ImportAsync(desk.Queue, item, Ann, new ReviewContent([1]), 4, "file-2", default));
        Assert.Equal(1, (await desk.Queries.QueueAsync(desk.Queue, default))!.Answers);
    }

    [Fact]
    public async Task CreateAsync_SameKey_MakesOneQueueAndWrongValuesAreNamed()
    {
        await using var desk = await Desk.OpenAsync(items: 2);
        var wanted = new NewReviewQueue(desk.Run, ReviewKind.Pairwise, "again");
        async Task<string> MakeAsync(NewReviewQueue queue) => await desk.Store.CreateAsync(queue, await desk.SourcesAsync(), 1, Ann, "one", default);

        Assert.Equal(await MakeAsync(wanted), await MakeAsync(wanted));
        Assert.Equal("Answers per item = 9 is not allowed: 1 to 5.", (await Assert.ThrowsAsync<ReviewRefusedException>(() => MakeAsync(wanted with { RequiredAnswers = 9 }))).Message);
        Assert.StartsWith("Title has 0", (await Assert.ThrowsAsync<ReviewRefusedException>(() => MakeAsync(wanted with { Title = " " }))).Message, StringComparison.Ordinal);
        Assert.StartsWith("The note has 16385 bytes", (await Assert.ThrowsAsync<ReviewRefusedException>(() => desk.AnswerAsync(Ann, 0, new string('n', 16385)))).Message, StringComparison.Ordinal);
        Assert.Equal("A value of 4 is not allowed here: 0 to 3.", (await Assert.ThrowsAsync<ReviewRefusedException>(() => desk.AnswerAsync(Ann, 4))).Message);
    }

    [Fact]
    public async Task CreateAsync_Scores_AskTheRubricOfDecidedSteps()
    {
        await using var desk = await Desk.OpenAsync(items: 3);
        var sources = await desk.Queries.SourcesAsync(desk.Run, ReviewKind.Score, RewardRange.Unit, _ => null, default);
        var queue = await desk.Store.CreateAsync(new NewReviewQueue(desk.Run, ReviewKind.Score, "steps", Questions: ["Useful?", "Safe?"]), sources, 1, Ann, "scores", default);
        var item = (await desk.Store.NextAsync(queue, Ann, default))!.Value;

        Assert.StartsWith("Answer every question first; open: Safe?", (await Assert.ThrowsAsync<ReviewRefusedException>(() => desk.Store.SubmitAsync(queue, item, Ann, new ReviewContent([5]), 0, 1, "page", default))).Message, StringComparison.Ordinal);
        await desk.Store.SubmitAsync(queue, item, Ann, new ReviewContent([5, 1]), 0, 1, "page", default);

        Assert.Equal([5, 1], (await desk.Queries.ItemAsync(queue, item, Ann, default))!.Answers[0].Content.Values);
        await Assert.ThrowsAsync<ReviewRefusedException>(() => desk.Decisions.OfQueueAsync(queue, default));
    }

    [Fact]
    public async Task QueuesAsync_OfADeletedRun_AreGone()
    {
        await using var desk = await Desk.OpenAsync(items: 2);
        desk.Database.Writer.Open(desk.Run).Record(new RunEnded(RunState.Stopped, null, null));
        await desk.Database.FlushAsync();
        var keeper = new RunKeeper(desk.Database.Contexts, TimeProvider.System);
        await keeper.DeleteAsync([desk.Run], default);
        Assert.Empty(await desk.Queries.QueuesAsync(null, default));
        await Assert.ThrowsAsync<ReviewMissingException>(() => desk.Store.NextAsync(desk.Queue, Ann, default));

        await keeper.RemoveAsync(desk.Run, default);

        Assert.Equal(0, desk.Database.Number("SELECT (SELECT count(*) FROM ReviewQueues) + (SELECT count(*) FROM ReviewItems)"));
    }

    private sealed class Desk(TestDatabase database, Clock time, string run, string queue) : IAsyncDisposable
    {
        public TestDatabase Database => database;

        public Clock Time => time;

        public string Run => run;

        public string Queue => queue;

        public ReviewStore Store { get; } = new(database.Contexts, time);

        public ReviewQueries Queries { get; } = new(database.Contexts, new ExplorationIndex(database.Contexts), time);

        public ReviewDecisions Decisions => new(Queries);

        public static async Task<Desk> OpenAsync(int items, int required = 1)
        {
            var database = await TestDatabase.CreateAsync();
            var run = await database.NewRunAsync();
            var journal = database.Writer.Open(run);
            for (var i = 0; i < items; i++)
            {
                var (better, worse) = (new Estimate([1, 0.5]), new Estimate([0.5, 0.1 * (i % 5)]));
                journal.Record(new TaskOpened(i, $"train-{i}", "Buy a mug", worse));
                journal.Record(new StepDecided(i, 0, worse, better, 1, "click[ b2 ]", 2, Core.Exploration.StepVerdict.Rose, [Core.Exploration.CandidateAccount.Lower, Core.Exploration.CandidateAccount.Accepted]));
                journal.Record(new PairCreated(i, new PreferencePair(i, 0, "Buy a mug", "click[ b2 ]", "click[ b1 ]", better, worse, [1, i], [2], [3])));
            }

            await database.FlushAsync();
            var time = new Clock();
            var desk = new Desk(database, time, run, "");
            var queue = await desk.Store.CreateAsync(new NewReviewQueue(run, ReviewKind.Pairwise, "Which?", RequiredAnswers: required), await desk.SourcesAsync(), 1, Ann, "first", default);
            return new Desk(database, time, run, queue);
        }

        public Task<IReadOnlyList<ReviewSource>> SourcesAsync() => Queries.SourcesAsync(run, ReviewKind.Pairwise, RewardRange.Unit, _ => null, default);

        public async Task<long> AnswerAsync(Reviewer person, int value, string note = "", string better = "")
        {
            var item = (await Store.NextAsync(Queue, person, default))!.Value;
            time.Now += TimeSpan.FromSeconds(1);
            await Store.SubmitAsync(Queue, item, person, new ReviewContent([value], note, better), 0, 1, "page", default);
            return item;
        }

        public ValueTask DisposeAsync() => database.DisposeAsync();
    }

    private sealed class Clock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
