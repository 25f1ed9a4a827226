using RroDashboard.Core.Events;
using RroDashboard.Core.Exploration;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Rewards;

namespace RroDashboard.Training.Tests;

public sealed class RerollTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("rro-reroll-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Run_AcceptedStepsOfASmokeRun_ReachTheSameStatesWithNewRollouts()
    {
        var plan = Presets.Create("smoke");
        var journal = new TestJournal();
        new TrainingRun(plan, _folder, journal, TimeProvider.System, CancellationToken.None).Run();
        var decided = journal.Facts.OfType<StepDecided>().ToList();
        var sampledBy = journal.Facts.OfType<CheckpointSaved>().First(c => c.Stage == Stage.Sft);
        var steps = Reroll.Choose(plan, 1, [.. journal.Facts.OfType<TaskOpened>()], decided);

        var first = Reroll.Run(plan, _folder, sampledBy, 1, steps, CancellationToken.None);
        var again = Reroll.Run(plan, _folder, sampledBy, 1, steps, CancellationToken.None);
        var other = Reroll.Run(plan, _folder, sampledBy, 2, steps, CancellationToken.None);

        Assert.InRange(steps.Count, 1, Reroll.Steps);
        Assert.Equal(0, first.LeftOut);
        Assert.Equal(steps.Select(s => (s.Task, s.Step)), first.Steps.Select(s => (s.Task, s.Step)));
        Assert.Equal(first.Steps, again.Steps);
        Assert.NotEqual(first.Steps.SelectMany(s => s.Previous.Outcomes), other.Steps.SelectMany(s => s.Previous.Outcomes));
        Assert.NotEqual(decided.SelectMany(d => d.Previous.Outcomes), first.Steps.SelectMany(s => s.Previous.Outcomes));
        var ledger = decided.ToDictionary(d => (d.Task, d.Step));
        foreach (var step in first.Steps)
        {
            // Where the episode ended, the value is the reward itself: a replay that reached another state would show here.
            var recorded = ledger[(step.Task, step.Step)].Accepted!;
            Assert.Equal(recorded.Exact, step.Accepted.Exact);
            Assert.True(!recorded.Exact || recorded.Mean == step.Accepted.Mean);
        }

        Assert.Contains(first.Steps, s => s.Accepted.Exact);
        Assert.Equal(first.Steps.Sum(s => s.Previous.Rollouts + s.Accepted.Rollouts), first.Rollouts);
    }

    [Fact]
    public void Run_OtherWeightsThanRecorded_AreRefused()
    {
        var plan = Presets.Create("smoke");
        plan.Explore.Tasks = 1;
        var journal = new TestJournal();
        new TrainingRun(plan, _folder, journal, TimeProvider.System, CancellationToken.None).Run();
        var saved = journal.Facts.OfType<CheckpointSaved>().First() with { Sha256 = new string('0', 64) };

        var refused = Assert.Throws<InvalidDataException>(() => Reroll.Run(plan, _folder, saved, 1, [], CancellationToken.None));

        Assert.Contains("are not those that explored", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Choose_WalksWithFallsAndHoles_TakesOnlyRisesWithTheirWholePrefix()
    {
        var value = new Estimate([0.5]);
        StepDecided Step(int task, int step, StepVerdict verdict) => new(task, step, value, value, 0, $"{task}.{step}", 1, verdict, []);
        TaskOpened[] opened = [new(0, "a", "", value), new(1, "b", "", value)];
        StepDecided[] decided = [Step(0, 0, StepVerdict.Rose), Step(0, 1, StepVerdict.KeptBest), Step(0, 2, StepVerdict.Rose), Step(1, 1, StepVerdict.Rose)];

        var steps = Reroll.Choose(Presets.Create("smoke"), 1, opened, decided);

        Assert.Equal(["0.0", "0.2"], steps.Select(s => s.Action));
        Assert.Equal(["0.0", "0.1"], steps[1].Prefix);
        Assert.NotNull(Reroll.WhyNot(AlongExpert()));
        Assert.Null(Reroll.WhyNot(Presets.Create("smoke")));

        static RunPlan AlongExpert()
        {
            var plan = Presets.Create("smoke");
            plan.Explore.Continue = Continue.AlongExpert;
            return plan;
        }
    }
}
