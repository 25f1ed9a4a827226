using RroDashboard.Core.Events;
using RroDashboard.Core.Exploration;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Rewards;
using RroDashboard.Core.Statistics;
using RroDashboard.Data;
using RroDashboard.Web.Components;
using RroDashboard.Web.Components.Controls;

namespace RroDashboard.Web.Tests.Components;

public sealed class CompareViewTests
{
    [Fact]
    public void Groups_RunsThatDifferInTheirSeedOnly_AreOneMethod()
    {
        var view = new CompareView([Run("a", 0, 5, 0), Run("b", 1, 5, 0), Run("c", 0, 3, 0)], "c");

        Assert.Equal(2, view.Groups.Count);
        Assert.Equal(["a", "b"], view.Groups[0].Runs.Select(r => r.Run.Id));
        Assert.Equal("c", view.Baseline!.Runs[0].Run.Id);
        Assert.Equal(["Seed", "Explore.MaxCandidates"], view.Differences.Select(d => d.Path));
        Assert.Equal("demo: MaxCandidates 3", view.Groups[1].Name);
    }

    [Fact]
    public void Groups_RunsOfTrainersElsewhere_AreSeedsOfOneMethodOnlyWhereTheirOwnSettingsSaySo()
    {
        static ComparedRun Elsewhere(string id, string method, string environment, string config) => Run(id, 0, 5, 0, "") with
        {
            Run = Run(id, 0, 5, 0).Run with { Remote = new RemoteRun(method, environment, "", System.Text.Json.JsonSerializer.Deserialize<System.Text.Json.JsonElement>(config), 60, RewardRange.Unit), Shared = ["Explore.MaxCandidates"] },
        };

        var view = new CompareView(
            [
                Elsewhere("a", "GRPO", "ALFWorld", """{"lr":1,"seed":0}"""), Elsewhere("b", "GRPO", "ALFWorld", """{"seed":1,"lr":1}"""), Elsewhere("c", "RLOO", "ALFWorld", """{"lr":1}"""),
                Elsewhere("d", "GRPO", "ALFWorld", """{"lr":2}"""), Elsewhere("e", "GRPO", "ScienceWorld", """{"lr":1}"""), Run("f", 0, 5, 0),
            ],
            "a");

        Assert.Equal(["ab", "c", "d", "e", "f"], view.Groups.Select(g => string.Concat(g.Runs.Select(r => r.Run.Id))));
        Assert.Equal("GRPO on ALFWorld", view.Groups[0].Name);
        // Equal names of tasks in another environment are not the same tasks.
        Assert.All(view.Paired.Where(p => p.Group.Runs[0].Run.Id is "e" or "f"), p => Assert.StartsWith("Not compared", p.Sentence, StringComparison.Ordinal));
        Assert.Equal("-", view.Runs[0].Run.Setting(PlanSettings.Find("Model.Width")));
        Assert.Contains("Model.Width", view.Differences.Select(d => d.Path));
    }

    [Fact]
    public void Best_IntervalsOverlap_NobodyIsNamed()
    {
        var view = new CompareView([Run("a", 0, 5, 0.001), Run("b", 0, 3, 0)], "b");

        Assert.Null(view.Best);
        Assert.StartsWith("No winner is named", view.BestSentence, StringComparison.Ordinal);
        Assert.Equal(PairedVerdict.NoWinner, view.Paired[0].Result!.Verdict);
        Assert.StartsWith("No winner: the 95 % interval", view.Paired[0].Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void Best_ClearDifferenceOnTheSameTasks_IsNamed()
    {
        var view = new CompareView([Run("a", 0, 5, 0.3), Run("b", 0, 3, 0), Run("c", 0, 4, 0.02)], "b");

        Assert.Equal("a", view.Best!.Runs[0].Run.Id);
        Assert.Equal(PairedVerdict.FirstIsBetter, view.Paired.Single(p => p.Group.Runs[0].Run.Id == "a").Result!.Verdict);
    }

    [Fact]
    public void Paired_TwoSeedsOfFiveTasks_CountsWonLostAndTiedByHand()
    {
        static ComparedRun With(ComparedRun run, params double[] rewards) => run with
        {
            Evaluations = [Evaluation(Stage.Evaluate, [.. rewards.Select((r, t) => new EpisodeResult($"t{t}", r, 4, 0, 9))])],
        };

        var view = new CompareView(
            [
                With(Run("a", 0, 5, 0), 1, 0.5, 0.5, 0, 1), With(Run("a2", 1, 5, 0), 1, 1, 0, 0, 0.2),
                With(Run("b", 0, 3, 0), 0, 0.5, 0.6, 0, 0.9), With(Run("b2", 1, 3, 0), 0, 1, 0, 0, 0.1),
            ],
            "b");

        var result = Assert.Single(view.Paired).Result!;
        // Seed 0: +1, 0, -.1, 0, +.1; seed 1: +1, 0, 0, 0, +.1.
        Assert.Equal((2, 4, 1, 5), (result.Seeds, result.Won, result.Lost, result.Tied));
        Assert.Equal(0.21, result.Difference, 9);
        Assert.Equal(PairedVerdict.NoWinner, result.Verdict);
    }

    [Fact]
    public void FrontierOf_FivePoints_LeavesOutWhatAnotherOneBeats()
    {
        FrontierPlot.Point Of(int run, double cost, double reward) => new(run, $"r{run}", cost, reward, reward - 0.1, reward + 0.1);

        // 1 is dearer and worse than 0, 3 as dear as 2 and worse; 4 costs most and earns most.
        var frontier = FrontierPlot.FrontierOf([Of(4, 900, 0.9), Of(0, 100, 0.6), Of(1, 200, 0.5), Of(2, 300, 0.8), Of(3, 300, 0.7)]);

        Assert.Equal([0, 2, 4], frontier.Select(p => p.Run));
    }

    [Fact]
    public void Paired_OtherTasks_IsRefused()
    {
        var view = new CompareView([Run("a", 0, 5, 0.3), Run("b", 0, 3, 0, hash: "other")], "b");

        Assert.Null(view.Best);
        Assert.Null(view.Paired[0].Result);
        Assert.StartsWith("Not compared: the environments' data", view.Paired[0].Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void Paired_SeedsDiffer_SaysSoOrRefuses()
    {
        var one = new CompareView([Run("a", 0, 5, 0.3), Run("b", 1, 3, 0)], "b");
        var many = new CompareView([Run("a", 0, 5, 0.3), Run("a2", 2, 5, 0.3), Run("b", 1, 3, 0)], "b");

        Assert.EndsWith("Their seeds differ.", one.Paired[0].Sentence, StringComparison.Ordinal);
        Assert.Equal("Not compared: the two have no seed in common.", many.Paired[0].Sentence);
    }

    [Fact]
    public void Paired_NotEvaluatedYet_SaysWhich()
    {
        var view = new CompareView([Run("a", 0, 5, 0) with { Evaluations = [] }, Run("b", 0, 3, 0)], "b");

        Assert.Equal("demo: MaxCandidates 5 has no final evaluation yet.", view.Paired[0].Sentence);
    }

    [Fact]
    public void Changes_BeforeAndAfter_AreCountedByHand()
    {
        EpisodeResult[] before = [new("a", 1, 4, 0, 9), new("b", 0.5, 4, 0, 9), new("c", 0.5, 4, 0, 9), new("d", 1, 4, 0, 9), new("gone", 1, 4, 0, 9)];
        EpisodeResult[] after = [new("a", 0.8, 4, 0, 9), new("b", 0.7, 4, 0, 9), new("c", 0.5, 4, 0, 9), new("d", 1, 4, 0, 9)];
        var view = new EvaluationView([Evaluation(Stage.Baseline, before), Evaluation(Stage.Evaluate, after)], [], 1);

        var changes = view.Changes("greedy");

        Assert.Equal(4, changes.Count);
        Assert.Equal(["b"], changes.Where(c => c.Won).Select(c => c.TaskId));
        Assert.Equal(["a"], changes.Where(c => c.Lost).Select(c => c.TaskId));
        Assert.Equal(["a"], changes.Where(c => c.Regressed).Select(c => c.TaskId));
        var paired = EvaluationView.Paired(changes, 0)!;
        Assert.Equal((1, 1, 2), (paired.Won, paired.Lost, paired.Tied));
        Assert.Equal(0, paired.Difference, 1e-9);
        Assert.Empty(view.Changes("sampled"));
        Assert.InRange(view.Lines[0].Perfect.Low, 0, 0.6);
        Assert.InRange(view.Lines[0].Perfect.High, 0.6, 1);
    }

    // Forty tasks in ten groups of four that win or lose together carry the information of ten.
    [Fact]
    public void Paired_TasksOfOneGroup_WidenTheInterval()
    {
        static TaskChange[] Changes(Func<int, string?> group) =>
        [
            .. Enumerable.Range(0, 40).Select(t => new EpisodeResult($"t{t:00}", 0.5, 4, 0, 9, group(t)))
                .Select((e, t) => new TaskChange(e.TaskId, e, e with { Reward = t / 4 % 2 }, 1, t)),
        ];

        var alone = EvaluationView.Paired(Changes(_ => null), 0)!;
        var grouped = EvaluationView.Paired(Changes(t => $"product {t / 4}"), 0)!;

        Assert.InRange(grouped.Interval.Width / alone.Interval.Width, 1.7, 2.3);
    }

    [Fact]
    public void Compare_TasksOfOneGroup_WidenTheInterval()
    {
        static ComparedRun Of(ComparedRun run, Func<int, double> reward, Func<int, string?> group) => run with
        {
            Evaluations = [Evaluation(Stage.Evaluate, [.. Enumerable.Range(0, 40).Select(t => new EpisodeResult($"t{t:00}", reward(t), 4, 0, 9, group(t)))])],
        };

        double Width(Func<int, string?> group) => new CompareView([Of(Run("a", 0, 5, 0), t => t / 4 % 2, group), Of(Run("b", 0, 3, 0), _ => 0.5, group)], "b").Paired[0].Result!.Interval.Width;

        Assert.InRange(Width(t => $"product {t / 4}") / Width(_ => null), 1.7, 2.3);
    }

    private static EvaluationFinished Evaluation(Stage stage, EpisodeResult[] episodes) => new(
        stage, "greedy", episodes.Average(e => e.Reward), 0, 1, episodes.Count(e => e.Reward >= 1) / (double)episodes.Length, 0, 0, 4, episodes);

    // Every task gets a base reward that is the same for all runs; the run's own part is added with a little noise.
    private static ComparedRun Run(string id, long seed, int candidates, double more, string hash = "tasks")
    {
        var plan = Presets.Create("demo");
        (plan.Seed, plan.Explore.MaxCandidates) = (seed, candidates);
        var random = new SeededRandom(candidates, seed);
        var episodes = Enumerable.Range(0, 80).Select(t => new EpisodeResult($"t{t}", (t % 5 / 10.0) + more + (0.05 * random.NextDouble()), 4, 0, 9)).ToArray();
        var info = new RunInfo(
            id, RunState.Finished, plan, DateTime.UnixEpoch, null, null, null, 0, 0, null, 0.5, 0.6, new Budget { Steps = 10, Candidates = 20, Rollouts = 60 }, 1, 0, null);
        return new ComparedRun(
            info, new RunStarted(PlanSettings.ToDictionary(plan), "MiniShop", hash, "engine", 1, 1, RewardRange.Unit), [Evaluation(Stage.Evaluate, episodes)], new Dictionary<Stage, double>(), [], false);
    }
}
