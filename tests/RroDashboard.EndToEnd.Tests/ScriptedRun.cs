using RroDashboard.Core;
using RroDashboard.Core.Events;
using RroDashboard.Core.Exploration;
using RroDashboard.Core.Metrics;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Preferences;
using RroDashboard.Core.Rewards;
using RroDashboard.Core.Statistics;

namespace RroDashboard.EndToEnd.Tests;

/// <summary>
/// A run without a model: it says what a real one would say, through the real journal, at a pace that a browser test can follow.
/// What it says depends on the plan and its seed only. Some of its action texts are hostile.
/// </summary>
internal sealed class ScriptedRun(RunPlan plan, IRunJournal journal, TimeSpan pause, CancellationToken cancellation)
{
    /// <summary>Action texts that a page must show as text.</summary>
    public static IReadOnlyList<string> Hostile { get; } =
    [
        "search[<b>bold</b> mug]",
        "<img src=x onerror=\"document.title='owned'\">",
        "click[</script><script>document.title='owned'</script>]",
    ];

    /// <summary>Plans with this seed make the run say everything that is hard to show: see <see cref="HostileLines"/>; one action is a megabyte.</summary>
    public const int HostileSeed = 666;

    /// <summary>Length of the longest action and log line of such a run.</summary>
    public const int Megabyte = 1_000_000;

    /// <summary>Log lines, actions and observations: markup, text that turns, characters that show nothing.</summary>
    public static IReadOnlyList<string> HostileLines { get; } = [.. Hostile, "before \u202Eturned\u202C after", "bell \u0007 and escape \u001B[31m red", "\u0645\u0631\u062D\u0628\u0627 <script>document.title='owned'</script>"];

    private static readonly string[] Actions = ["search[red mug]", "click[item 12]", "click[size: large]", "click[color: blue]", "click[Buy Now]"];

    private readonly SeededRandom _random = new(plan.Seed, 99);

    public RunSummary Play()
    {
        journal.Record(new RunStarted(PlanSettings.ToDictionary(plan), "MiniShop", new string('a', 64), "scripted engine", 200_000, 164, RewardRange.Unit));

        if (plan.Seed == HostileSeed)
        {
            foreach (var line in HostileLines)
            {
                journal.Sample(new LogLine("warning", line));
                journal.Record(new AlertRaised("warning", line));
            }

            journal.Sample(new LogLine("error", new string('m', Megabyte)));
        }

        Stage(Core.Events.Stage.Sft, 60, update =>
        {
            journal.Sample(new MetricPoint(SeriesNames.SftLoss, update, 2.2 * Math.Exp(-update / 15.0) + 0.4 + (0.05 * _random.NextGaussian())));
            journal.Sample(new MetricPoint(SeriesNames.SftLearningRate, update, 0.003));
        });
        journal.Record(new CheckpointSaved(Core.Events.Stage.Sft, "sft", new string('b', 64), 812_345));
        Evaluate(Core.Events.Stage.Baseline, 0.71);

        var budget = new Budget();
        Stage(Core.Events.Stage.Explore, plan.Explore.Tasks, task => budget = Walk(task, budget));

        Stage(Core.Events.Stage.Dpo, 24, update =>
        {
            journal.Sample(new MetricPoint(SeriesNames.DpoLoss, update, 0.693 - (0.008 * update)));
            journal.Sample(new MetricPoint(SeriesNames.DpoMargin, update, 0.03 * update));
            journal.Sample(new MetricPoint(SeriesNames.DpoChosenShift, update, -0.01 * update));
            journal.Sample(new MetricPoint(SeriesNames.DpoRejectedShift, update, -0.3 * update));
            journal.Sample(new MetricPoint(SeriesNames.DpoAccuracy, update, 0.5 + (0.015 * update)));
        });
        Evaluate(Core.Events.Stage.Evaluate, 0.83);
        return new RunSummary
        {
            Preset = plan.Preset,
            Seed = plan.Seed,
            Settings = PlanSettings.ToDictionary(plan),
            Sft = new HeldOut(0.71, 0.69, [0.67, 0.75], [0.65, 0.73]),
            Final = new HeldOut(0.83, 0.81, [0.79, 0.87], [0.77, 0.85]),
            Explore = new ExploreSummary(budget.Tasks, budget.Steps, budget.Candidates, budget.CandidatesPerStep, budget.Rollouts, budget.TokensGenerated, budget.TokensPrefilled, budget.Pairs, budget.TokensForced),
            Dpo = new DpoSummary(24, 0.52, 0.83, 0.6),
            Seconds = new SecondsSummary(1, 2, 1, 1, 5),
            PeakMemoryMiB = 100,
            LedgerSha256 = new string('c', 64),
        };
    }

    private void Stage(Stage stage, int total, Action<int> step)
    {
        journal.Record(new StageStarted(stage));
        for (var i = 0; i < total; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            step(i);
            journal.Sample(new ProgressReported(stage, i + 1, total));
            cancellation.WaitHandle.WaitOne(pause);
        }

        journal.Record(new StageFinished(stage, total * pause.TotalSeconds));
    }

    private Budget Walk(int task, Budget budget)
    {
        var k = plan.Explore.MaxCandidates;
        var previous = Outcomes(0.5);
        journal.Record(new TaskOpened(task, $"train-{task}", "I want a large blue mug under 20 dollars", previous));
        for (var step = 0; step < 4; step++)
        {
            // Every fifth step finds nothing that rises.
            var exhausted = (task + step) % 5 == 4;
            var tried = exhausted ? k : 1 + _random.Next(Math.Min(3, k));
            var accounts = new List<CandidateAccount>();
            Estimate? accepted = null;
            for (var attempt = 0; attempt < tried; attempt++)
            {
                var last = attempt == tried - 1;
                var value = last && !exhausted ? Outcomes(0.6 + (0.1 * step)) : Outcomes(0.2);
                if (last)
                {
                    accepted = value;
                }

                accounts.Add(last ? exhausted ? CandidateAccount.NoRise : CandidateAccount.Accepted : CandidateAccount.Lower);
                journal.Record(new CandidateScored(task, step, attempt, Action(task, step, attempt), plan.Seed == HostileSeed ? Action(task, step, attempt) : "You see a list of products.", value, null, false, false, 6, -2.5));
            }

            journal.Record(new StepDecided(task, step, previous, accepted, tried - 1, Action(task, step, tried - 1), tried, exhausted ? StepVerdict.KeptBest : StepVerdict.Rose, accounts));
            previous = accepted!;
            budget = budget with
            {
                Steps = budget.Steps + 1,
                Candidates = budget.Candidates + tried,
                Rollouts = budget.Rollouts + (tried * plan.Explore.Rollouts),
                TokensGenerated = budget.TokensGenerated + (tried * 40),
                TokensPrefilled = budget.TokensPrefilled + (tried * 60),
                NoRise = budget.NoRise + (exhausted ? 1 : 0),
            };
            if (tried > 1)
            {
                journal.Record(new PairCreated(budget.Pairs, new PreferencePair(task, step, "history", "chosen", "rejected", Estimate.Final(1), Estimate.Final(0), [1, 2], [3], [4])));
                budget = budget with { Pairs = budget.Pairs + 1 };
            }
        }

        journal.Record(new TaskFinished(task, 4, 0.9));
        budget = budget with { Tasks = budget.Tasks + 1 };
        journal.Sample(new BudgetReported(budget));
        journal.Sample(new MetricPoint(SeriesNames.ExploreWalkReward, budget.Tasks, 0.9 - (0.4 / budget.Tasks)));
        journal.Sample(new MetricPoint(SeriesNames.ExploreCandidatesPerStep, budget.Tasks, budget.CandidatesPerStep));
        journal.Sample(new MetricPoint(SeriesNames.ExploreTokens, budget.Tasks, budget.TokensGenerated + budget.TokensPrefilled));
        journal.Sample(new MetricPoint(SeriesNames.ExploreRollouts, budget.Tasks, budget.Rollouts));
        return budget;
    }

    /// <summary>Held-out tasks whose episodes are kept; of the others only the reward is.</summary>
    public const int KeptEpisodes = 50;

    private void Evaluate(Stage stage, double mean) => Stage(stage, 2, decoding =>
    {
        foreach (var task in Enumerable.Range(0, KeptEpisodes))
        {
            journal.Record(Episode(stage, decoding == 0 ? "greedy" : "sampled", task));
        }

        journal.Record(new EvaluationFinished(
            stage, decoding == 0 ? "greedy" : "sampled", mean - (0.02 * decoding), mean - 0.04 - (0.02 * decoding), mean + 0.04 - (0.02 * decoding), 0.6, 0.1, 0.02, 4.1,
            [.. Enumerable.Range(0, 60).Select(t => new EpisodeResult($"test-{t}", Reward(stage, t), 4 + (t % 3), t % 7 == 0 ? 1 : 0, 30, Flaws: Reward(stage, t) < 1 ? ["color"] : []))]));
    });

    private EpisodePlayed Episode(Stage stage, string decoding, int task) => new(
        stage, decoding, task, $"test-{task}", plan.Seed == HostileSeed ? HostileLines[task % HostileLines.Count] : $"find a red mug, task {task}",
        [.. Enumerable.Range(0, 4).Select(step => EpisodeTurn.Of(Action(task, step, stage == Core.Events.Stage.Baseline ? 0 : 1), step == 0 ? "results red mug $12 b1" : "ok red", step == 3))],
        Finished: true, Reward(stage, task), [new RewardPart("category", "mug", "mug", true), new RewardPart("color", "red", "blue", Reward(stage, task) >= 1)]);

    // Of ten tasks five are solved before, one of these is lost again, and two others are won.
    private static double Reward(Stage stage, int task) => (task % 10) switch
    {
        < 4 => 1,
        4 => stage == Core.Events.Stage.Baseline ? 1 : 0.5,
        < 7 => stage == Core.Events.Stage.Baseline ? 0.5 : 1,
        _ => 0.25,
    };

    private string Action(int task, int step, int attempt) =>
        plan.Seed == HostileSeed ? (task, step) == (0, 0) ? new string('m', Megabyte) : HostileLines[(task + step + attempt) % HostileLines.Count] : step == 1 ? Hostile[(task + attempt) % Hostile.Count] : Actions[(task + step + attempt) % Actions.Length];

    private Estimate Outcomes(double probability) =>
        new([.. Enumerable.Range(0, plan.Explore.Rollouts).Select(_ => _random.Chance(probability) ? 1.0 : 0.5 * _random.Next(2))]);
}
