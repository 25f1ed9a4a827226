using System.Text.Json;
using RroDashboard.Core;
using RroDashboard.Core.Events;
using RroDashboard.Core.Exploration;
using RroDashboard.Core.Metrics;
using RroDashboard.Core.Plans;

namespace RroDashboard.Training.Tests;

public sealed class ResumeTests : IDisposable
{
    private static readonly Lazy<(RunSummary Summary, List<RunFact> Facts)> s_unbroken = new(RunUnbroken);

    private readonly string _folder = Directory.CreateTempSubdirectory("rro-resume-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    public static TheoryData<string, Stage?> Breaks => new()
    {
        { "in SFT", Stage.Sft },
        { "between the two baseline evaluations", Stage.Baseline },
        { "in the first walks", Stage.Explore },
        { "after some walks", Stage.Explore },
        { "after the last walk", Stage.Explore },
        { "in DPO", Stage.Dpo },
        { "before the last checkpoint is told", Stage.Dpo },
        { "between the two final evaluations", Stage.Evaluate },
        { "at the very end", null },
    };

    [Theory]
    [MemberData(nameof(Breaks))]
    public void Run_BrokenOffAnywhere_EndsAsTheUnbrokenOne(string where, Stage? next)
    {
        var (expected, allFacts) = s_unbroken.Value;
        var first = new BreakingJournal(where switch
        {
            "in SFT" => (happened, _) => happened is MetricPoint { Series: SeriesNames.SftLoss, Step: 60 },
            "between the two baseline evaluations" => (happened, _) => happened is EvaluationFinished { Stage: Stage.Baseline, Decoding: "sampled" },
            "in the first walks" => (happened, _) => happened is StepDecided { Step: 1 },
            "after some walks" => (happened, facts) => happened is StepDecided && facts.OfType<TaskFinished>().Count() >= 3,
            "after the last walk" => (happened, _) => happened is StageFinished { Stage: Stage.Explore },
            "in DPO" => (happened, _) => happened is MetricPoint { Series: SeriesNames.DpoLoss, Step: 3 },
            "before the last checkpoint is told" => (happened, _) => happened is CheckpointSaved { Stage: Stage.Dpo },
            "between the two final evaluations" => (happened, _) => happened is EvaluationFinished { Stage: Stage.Evaluate, Decoding: "sampled" },
            _ => (_, facts) => facts.Exists(f => f is StageFinished { Stage: Stage.Evaluate }),
        });
        if (next is not null)
        {
            Assert.Throws<BrokenOffException>(() => Run(first));
        }
        else
        {
            Run(first);
        }

        var past = new RunPast(first.Facts, first.Budget, brokenOffSeconds: 1000);
        var second = new BreakingJournal((_, _) => false);
        var summary = new TrainingRun(Plan(), _folder, second, TimeProvider.System, CancellationToken.None).Run(past);

        Assert.Equal(next, past.Next);
        var resumed = Assert.Single(second.Facts.OfType<RunResumed>());
        Assert.Equal((next, 1000), (resumed.Stage, resumed.BrokenOffSeconds));
        // What was broken off is in the total and in no stage.
        Assert.Equal(1000, summary.Seconds.BrokenOff);
        Assert.True(summary.Seconds.Total >= 1000 && summary.Seconds.Sft + summary.Seconds.Explore + summary.Seconds.Dpo + summary.Seconds.Evaluate < 900);
        Assert.Equal((expected.Final.Greedy, expected.Final.Sampled), (summary.Final.Greedy, summary.Final.Sampled));
        Assert.Equal((expected.Sft.Greedy, expected.Sft.Sampled), (summary.Sft.Greedy, summary.Sft.Sampled));
        Assert.Equal(expected.Dpo, summary.Dpo);
        Assert.Equal(expected.Explore.Candidates, summary.Explore.Candidates);
        Assert.Equal(expected.Explore.Steps, summary.Explore.Steps);
        Assert.Equal(expected.Explore.Rollouts, summary.Explore.Rollouts);
        Assert.Equal(expected.Explore.Pairs, summary.Explore.Pairs);
        Assert.True(summary.Explore.TokensGenerated >= expected.Explore.TokensGenerated);
        Assert.Equal(Ledger(allFacts), Ledger([.. past.Facts, .. second.Facts]));
        // Nothing that was complete is done again.
        Assert.DoesNotContain(second.Facts.OfType<StageStarted>(), s => past.Stages.ContainsKey(s.Stage));
        Assert.DoesNotContain(second.Facts.OfType<TaskOpened>(), t => past.FinishedTasks.Contains(t.Task));
    }

    [Fact]
    public void Run_BrokenOffTwice_StillEndsAsTheUnbrokenOne()
    {
        var (expected, allFacts) = s_unbroken.Value;
        var first = new BreakingJournal((happened, facts) => happened is StepDecided && facts.OfType<TaskFinished>().Count() >= 2);
        Assert.Throws<BrokenOffException>(() => Run(first));
        var past = new RunPast(first.Facts, first.Budget);
        var second = new BreakingJournal((happened, facts) => happened is StepDecided && facts.OfType<TaskFinished>().Count() >= 2);
        Assert.Throws<BrokenOffException>(() => new TrainingRun(Plan(), _folder, second, TimeProvider.System, CancellationToken.None).Run(past));
        var later = new RunPast([.. past.Facts, .. second.Facts], second.Budget);

        var third = new BreakingJournal((_, _) => false);
        var summary = new TrainingRun(Plan(), _folder, third, TimeProvider.System, CancellationToken.None).Run(later);

        Assert.True(later.FinishedTasks.Count >= 4);
        Assert.Equal(expected.Final.Greedy, summary.Final.Greedy);
        Assert.Equal(Ledger(allFacts), Ledger([.. later.Facts, .. third.Facts]));
        var indexes = later.Pairs.Select(p => p.Index).Concat(third.Facts.OfType<PairCreated>().Select(p => p.Index)).ToList();
        Assert.Equal(indexes.Count, indexes.Distinct().Count());
    }

    [Fact]
    public void WhyNotResume_WhatDoesNotFitAnyMore_IsSaidInOneSentence()
    {
        var first = new BreakingJournal((happened, _) => happened is StepDecided);
        Assert.Throws<BrokenOffException>(() => Run(first));
        var past = new RunPast(first.Facts, first.Budget);
        var started = past.Started!;

        Assert.Null(TrainingRun.WhyNotResume(Plan(), _folder, past));
        Assert.Null(TrainingRun.WhyNotResume(Plan(), _folder, new RunPast([], null)));

        var other = Plan();
        other.Explore.Rollouts = 7;
        Assert.Contains("began with Explore.Rollouts = '2', but its plan now says '7'", TrainingRun.WhyNotResume(other, _folder, past), StringComparison.Ordinal);
        var changed = new RunPast([started with { EnvironmentHash = new string('0', 64) }, .. first.Facts.Skip(1)], null);
        Assert.Contains("data of MiniShop have changed", TrainingRun.WhyNotResume(Plan(), _folder, changed), StringComparison.Ordinal);
        Assert.Contains("checkpoint after supervised fine-tuning is gone", TrainingRun.WhyNotResume(Plan(), Path.Combine(_folder, "elsewhere"), past), StringComparison.Ordinal);
    }

    [Fact]
    public void Run_CheckpointOfAnotherRun_IsRefused()
    {
        var first = new BreakingJournal((happened, _) => happened is StepDecided);
        Assert.Throws<BrokenOffException>(() => Run(first));
        var facts = first.Facts.ConvertAll(f => f is CheckpointSaved saved ? saved with { Sha256 = new string('0', 64) } : f);

        var refused = Assert.Throws<InvalidDataException>(() =>
            new TrainingRun(Plan(), _folder, new TestJournal(), TimeProvider.System, CancellationToken.None).Run(new RunPast(facts, null)));

        Assert.Contains("is not the one that the run wrote", refused.Message, StringComparison.Ordinal);
    }

    private static (RunSummary, List<RunFact>) RunUnbroken()
    {
        var folder = Directory.CreateTempSubdirectory("rro-unbroken-").FullName;
        try
        {
            var journal = new TestJournal();
            return (new TrainingRun(Plan(), folder, journal, TimeProvider.System, CancellationToken.None).Run(), journal.Facts);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private void Run(BreakingJournal journal) => new TrainingRun(Plan(), _folder, journal, TimeProvider.System, CancellationToken.None).Run();

    private static RunPlan Plan()
    {
        var plan = Presets.Create("smoke");
        PlanSettings.Apply(plan, ["Explore.Tasks=10", "Evaluate.Tasks=10", "Sft.Updates=70"]);
        return plan;
    }

    // Walk by walk, without the numbers of pairs: the order in which walks end may differ.
    private static List<string> Ledger(IEnumerable<RunFact> facts)
    {
        var lines = new List<(int Task, string Text)>();
        foreach (var fact in facts)
        {
            RunFact plain = fact switch
            {
                PairCreated made => made with { Index = 0 },
                // Other walks in a batch change the last digits of a sum of floats.
                CandidateScored scored => scored with { LogProb = Math.Round(scored.LogProb!.Value, 2) },
                _ => fact,
            };
            int? task = fact switch
            {
                TaskOpened t => t.Task,
                CandidateScored c => c.Task,
                StepDecided s => s.Task,
                PairCreated p => p.Pair.Task,
                TaskFinished f => f.Task,
                _ => null,
            };
            if (task is { } number)
            {
                lines.Add((number, JsonSerializer.Serialize<RunEvent>(plain)));
            }
        }

        return [.. lines.OrderBy(l => l.Task).Select(l => l.Text)];
    }

    private sealed class BrokenOffException : Exception;

    /// <summary>Keeps everything until the run is to be broken off, as a killed process would: what happens then is not kept.</summary>
    private sealed class BreakingJournal(Func<RunEvent, List<RunFact>, bool> breakAt) : IRunJournal
    {
        public List<RunFact> Facts { get; } = [];

        public Budget? Budget { get; private set; }

        public void Record(RunFact fact)
        {
            Break(fact);
            Facts.Add(fact);
        }

        public void Sample(RunSample sample)
        {
            Break(sample);
            Budget = sample is BudgetReported budget ? budget.Budget : Budget;
        }

        private void Break(RunEvent happened)
        {
            if (breakAt(happened, Facts))
            {
                throw new BrokenOffException();
            }
        }
    }
}
