using RroDashboard.Core.Events;
using RroDashboard.Core.Exploration;
using RroDashboard.Core.Preferences;
using RroDashboard.Core.Rewards;

namespace RroDashboard.Data.Tests;

public sealed class ExplorationQueriesTests
{
    private static readonly RewardRange s_range = RewardRange.Unit;

    [Fact]
    public async Task Read_GrowingRun_HasWhatCameSince()
    {
        await using var database = await TestDatabase.CreateAsync();
        var run = await database.NewRunAsync();
        var index = new ExplorationIndex(database.Contexts);
        var journal = database.Writer.Open(run);
        Walk(journal, 0, "a mug", ["search[ mug ]", "click[ b1 ]"], reward: 1);
        await database.FlushAsync();
        var before = await index.ReadAsync(run, default);

        Walk(journal, 1, "a sofa", ["search[ sofa ]"], reward: null);
        await database.FlushAsync();
        var after = await index.ReadAsync(run, default);

        Assert.Equal([0], before.Walks.Select(w => w.Task));
        Assert.Equal([0, 1], after.Walks.Select(w => w.Task));
        Assert.Equal((2, 4, 1.0, 0.5), (after.Walks[0].Steps, after.Walks[0].Candidates, after.Walks[0].Reward!.Value, after.Walks[0].Change));
        Assert.Null(after.Walks[1].Reward);
        Assert.Equal(3, after.Steps.Count);
        Assert.Equal(after.Steps, (await new ExplorationIndex(database.Contexts).ReadAsync(run, default)).Steps);
    }

    [Theory]
    [InlineData("MUG", false, new[] { 0 })]
    [InlineData("b9", false, new[] { 1 })]
    [InlineData("100%_'\"", false, new int[0])]
    [InlineData("", true, new[] { 2 })]
    [InlineData("sofa", true, new[] { 2 })]
    public async Task List_WordsAndInvalid_FindInstructionsAndActions(string words, bool invalid, int[] expected)
    {
        await using var database = await TestDatabase.CreateAsync();
        var run = await database.NewRunAsync();
        var journal = database.Writer.Open(run);
        Walk(journal, 0, "a mug", ["search[ cup ]"], reward: 1);
        Walk(journal, 1, "a bed", ["click[ b9 ]"], reward: 0.5);
        Walk(journal, 2, "a sofa", ["jump"], reward: 0, invalid: true);
        await database.FlushAsync();

        var (rows, total) = await Queries(database).ListAsync(run, new WalkFilter(Words: words, Invalid: invalid), s_range, 0, 10, default);

        Assert.Equal(expected, rows.Select(r => r.Task));
        Assert.Equal(expected.Length, total);
    }

    [Fact]
    public async Task List_OutcomeSortAndPage_AreTakenTogether()
    {
        await using var database = await TestDatabase.CreateAsync();
        var run = await database.NewRunAsync();
        var journal = database.Writer.Open(run);
        double?[] rewards = [1, 0.2, 0.9, 0, 1, null];
        for (var task = 0; task < rewards.Length; task++)
        {
            Walk(journal, task, "x", ["a"], rewards[task]);
        }

        await database.FlushAsync();
        var queries = Queries(database);

        var part = await queries.ListAsync(run, new WalkFilter(WalkOutcome.Part, Sort: WalkSort.Reward, Descending: true), s_range, 0, 10, default);
        var open = await queries.ListAsync(run, new WalkFilter(WalkOutcome.Open), s_range, 0, 10, default);
        var second = await queries.ListAsync(run, new WalkFilter(Sort: WalkSort.Reward), s_range, 2, 2, default);

        Assert.Equal([2, 1], part.Rows.Select(r => r.Task));
        Assert.Equal([5], open.Rows.Select(r => r.Task));
        Assert.Equal([2, 0], second.Rows.Select(r => r.Task));
        Assert.Equal(6, second.Total);
    }

    [Fact]
    public async Task Candidates_LongTexts_ComeAsBeginningsWithTheirLengths()
    {
        await using var database = await TestDatabase.CreateAsync();
        var run = await database.NewRunAsync();
        Walk(database.Writer.Open(run), 0, "x", [new string('a', 1_000_000)], reward: 1);
        await database.FlushAsync();
        var queries = Queries(database);

        var outline = (await queries.CandidatesAsync(run, 0, 0, 1, 120, 0, default))[0];
        var whole = await queries.CandidateAsync(run, 0, 0, 0, default);

        Assert.Equal((120, 999_880, ""), (outline.Action.Start.Length, outline.Action.Hidden, outline.Observation.Start));
        Assert.Equal([0.25, 0.75], outline.Value.Outcomes);
        Assert.Equal(1_000_000, whole!.Action.Length);
        Assert.Null(await queries.CandidateAsync(run, 0, 0, 2, default));
    }

    [Fact]
    public async Task Walk_OneOfThree_HasItsOwnFactsOnly()
    {
        await using var database = await TestDatabase.CreateAsync();
        var run = await database.NewRunAsync();
        var journal = database.Writer.Open(run);
        for (var task = 0; task < 3; task++)
        {
            Walk(journal, task, $"task {task}", ["a", "b"], task == 2 ? null : 1);
        }

        journal.Record(Pair(0, 1, "h", "good", "bad", 1, 0, chosenTokens: 1));
        await database.FlushAsync();
        var queries = Queries(database);

        var first = (await queries.WalkAsync(run, 0, default))!;
        var last = (await queries.WalkAsync(run, 2, default))!;

        Assert.Equal(("task 0", 2, 1, true), (first.Opened.Instruction, first.Steps.Count, first.Pairs, first.HasNext));
        Assert.Equal((0, false), (last.Pairs, last.HasNext));
        Assert.Null(last.Finished);
        Assert.Null(await queries.WalkAsync(run, 3, default));
        Assert.Equal(["b"], (await queries.TrajectoryAsync(run, 0, [null, 0], 10, 10, default)).Select(t => t.Action.Start));
    }

    [Fact]
    public async Task Pairs_FiltersAndFlags_ComeFromLedgerAndTexts()
    {
        await using var database = await TestDatabase.CreateAsync();
        var run = await database.NewRunAsync();
        var journal = database.Writer.Open(run);
        Walk(journal, 0, "x", ["a", "b"], reward: 1, verdict: StepVerdict.KeptBest);
        journal.Record(Pair(0, 0, "h", "good", "bad", 1, 0.2, chosenTokens: 3));
        journal.Record(Pair(1, 1, "h", "good", "bad", 1, 0.2, chosenTokens: 3));
        journal.Record(Pair(2, 1, "h", "same", "same", 0.6, 0.5, chosenTokens: 1));
        await database.FlushAsync();
        var index = new ExplorationIndex(database.Contexts);
        var queries = new PairQueries(database.Contexts, index);
        async Task<IEnumerable<int>> Fitting(PairFilter filter) =>
            (await queries.ListAsync(run, filter, p => p.Index == 1 ? -0.5 : 0.5, 0, 10, default)).Rows.Select(r => r.Fact.Index);

        Assert.Equal([0, 1, 2], await Fitting(new PairFilter()));
        Assert.Equal([1], await Fitting(new PairFilter(Duplicates: true)));
        Assert.Equal([2], await Fitting(new PairFilter(SameText: true)));
        Assert.Equal([0, 1], await Fitting(new PairFilter(ChosenLonger: true)));
        Assert.Equal([2], await Fitting(new PairFilter(MaxGap: 0.1)));
        Assert.Equal([0, 1, 2], await Fitting(new PairFilter(Exhausted: true)));
        Assert.Equal([1], await Fitting(new PairFilter(Refused: true)));
        Assert.Equal([2, 0, 1], await Fitting(new PairFilter(Sort: PairSort.Gap)));
        Assert.True((await index.ReadAsync(run, default)).Pairs[1].SharedPrompt);
        Assert.Equal("same", (await queries.FindAsync(run, 2, default))!.Pair.Chosen);
        Assert.Null(await queries.FindAsync(run, 3, default));
    }

    [Fact]
    public async Task Leaked_TaskInTrainingAndEvaluation_IsNamed()
    {
        await using var database = await TestDatabase.CreateAsync();
        var run = await database.NewRunAsync();
        var journal = database.Writer.Open(run);
        Walk(journal, 0, "x", ["a"], reward: 1);
        Walk(journal, 1, "y", ["a"], reward: 1);
        journal.Record(new EvaluationFinished(Stage.Baseline, "greedy", 1, 1, 1, 1, 0, 0, 1, [new EpisodeResult("task-1", 1, 1, 0, 1), new EpisodeResult("other", 1, 1, 0, 1)]));
        await database.FlushAsync();

        var index = new ExplorationIndex(database.Contexts);
        var evaluated = await new PairQueries(database.Contexts, index).EvaluatedTasksAsync(run, default);
        Assert.Equal(["task-1"], PairQueries.Leaked(await index.ReadAsync(run, default), evaluated));
    }

    private static WalkQueries Queries(TestDatabase database) => new(database.Contexts, new ExplorationIndex(database.Contexts));

    // Each step: two candidates, the first is followed.
    private static void Walk(IRunJournal journal, int task, string asked, string[] actions, double? reward, bool invalid = false, StepVerdict verdict = StepVerdict.Rose)
    {
        var value = new Estimate([0.25, 0.75]);
        journal.Record(new TaskOpened(task, $"task-{task}", asked, value));
        for (var step = 0; step < actions.Length; step++)
        {
            journal.Record(new CandidateScored(task, step, 0, actions[step], "seen", value, null, invalid, false, 3, -1.5));
            journal.Record(new CandidateScored(task, step, 1, "other", "", value, 0, false, false, 3, -1.5));
            journal.Record(new StepDecided(task, step, value, value, 0, actions[step], 2, verdict, [CandidateAccount.Accepted, CandidateAccount.SameState]));
        }

        if (reward is { } end)
        {
            journal.Record(new TaskFinished(task, actions.Length, end));
        }
    }

    private static PairCreated Pair(int number, int step, string history, string chosen, string rejected, double better, double worse, int chosenTokens) =>
        new(number, new PreferencePair(0, step, history, chosen, rejected, new Estimate([better]), new Estimate([worse]), [1, 2], [.. Enumerable.Repeat(7, chosenTokens)], [8]));
}
