using RroDashboard.Core.Events;
using RroDashboard.Core.Metrics;
using RroDashboard.Core.Plans;
using TorchSharp;
using static TorchSharp.torch;

namespace RroDashboard.Training.Tests;

public sealed class CollapseGuardTests
{
    // The rows of learning.md 10, measured on the policy's own T=1 episodes, with d logp chosen and rejected of the last fifth.
    private static readonly PolicyProbe s_sft = new(0, 0.62, 0.09, 17.1, 0, 0.39);

    [Fact]
    public void Signatures_HealthyRun_ShowsNone() =>
        Assert.Empty(CollapseGuard.Signatures(s_sft, new PolicyProbe(40, 0.769, 0.12, 18.7, 0.18, 0.30), -0.31, -2.6));

    [Fact]
    public void Signatures_OvertrainedRun_ShowsAllButTheFallOfTheChosenSide()
    {
        var names = CollapseGuard.Signatures(s_sft, new PolicyProbe(120, 0.495, 0.47, 31.9, 1.04, 0.73), -0.72, -7.5).Select(s => s.Name);

        Assert.Equal(["invalid", "length", "kl", "entropy", "reward"], names);
    }

    [Fact]
    public void Signatures_TooHighALearningRate_ShowsAll()
    {
        var signatures = CollapseGuard.Signatures(s_sft, new PolicyProbe(40, 0.404, 0.42, 35.7, 1.36, 0.73), -1.4, -6.8);

        Assert.Equal(["invalid", "length", "kl", "entropy", "logp", "reward"], signatures.Select(s => s.Name));
        Assert.Contains("invalid actions 0.09 -> 0.42", signatures[0].Text, StringComparison.Ordinal);
    }

    [Fact]
    public void DpoTrain_FarTooHighALearningRate_IsCaughtWhileItTrains()
    {
        using var scope = NewDisposeScope();
        using var test = Trained("Dpo.LearningRate=0.02", "Guard.OnCollapse=Warn");
        var (pairs, _) = Explore.Run(test.Run);

        var summary = Dpo.Train(test.Run, pairs, test.Demonstrations);

        var alert = Assert.Single(test.Journal.Facts.OfType<AlertRaised>(), a => a.Severity == "error");
        Assert.Contains("collapses, seen after", alert.Text, StringComparison.Ordinal);
        Assert.Equal(24, summary.Updates);
        // Before the run's end, and with it before any evaluation.
        Assert.Contains("after 4 DPO updates", alert.Text, StringComparison.Ordinal);
        Assert.Equal([0, 4], test.Journal.Samples.OfType<MetricPoint>().Where(p => p.Series == SeriesNames.GuardKl).Select(p => p.Step));
    }

    // The rate that collapses the demo too (experiments/collapse.json), in a whole run: the guard says so long before the evaluation does.
    [Fact]
    public void Run_LearningRateOf1e3_IsCaughtBeforeTheEvaluationSaysSo()
    {
        var plan = Presets.Create("smoke");
        PlanSettings.Apply(plan,
        [
            "Environment.TuningTasks=60", "Environment.TestTasks=60", "Evaluate.Tasks=60", "Sft.Updates=200", "Explore.Tasks=40", "Guard.Tasks=40", "Guard.Every=5",
            "Dpo.LearningRate=1e-3", "Dpo.Updates=40", "Dpo.BatchSize=16", "Dpo.WarmupUpdates=5", "Dpo.MarginChecks=0",
        ]);
        var journal = new TestJournal();
        var folder = Directory.CreateTempSubdirectory("rro-collapse-").FullName;

        var summary = new TrainingRun(plan, folder, journal, TimeProvider.System, CancellationToken.None).Run();

        Directory.Delete(folder, recursive: true);
        var told = journal.Facts.FindIndex(f => f is AlertRaised { Severity: "error" });
        var evaluated = journal.Facts.FindIndex(f => f is EvaluationFinished { Stage: Stage.Evaluate });
        Assert.InRange(told, 0, evaluated - 1);
        Assert.Matches("The policy collapses, seen after (5|10|15|20) DPO updates: ", ((AlertRaised)journal.Facts[told]).Text);
        Assert.True(summary.Final.Sampled < summary.Sft.Sampled, $"T=1 reward {summary.Sft.Sampled} -> {summary.Final.Sampled}");
    }

    [Fact]
    public void DpoTrain_StopEarly_EndsWhereItCollapsed()
    {
        using var scope = NewDisposeScope();
        using var test = Trained("Dpo.LearningRate=0.02", "Guard.OnCollapse=StopEarly");
        var (pairs, _) = Explore.Run(test.Run);

        Assert.Equal(4, Dpo.Train(test.Run, pairs, test.Demonstrations).Updates);
        var drawn = Assert.Single(test.Journal.Facts.OfType<PairsDrawn>());
        Assert.Equal((4, 4 * Math.Min(test.Plan.Dpo.BatchSize, pairs.Count)), (drawn.Updates, drawn.Times.Sum()));
        Assert.Equal(4, test.Journal.Facts.OfType<PairMargins>().Last().Update);
    }

    [Fact]
    public void DpoTrain_Pause_StopsTheRunOnceAndGoesOnWhenAPersonLetIt()
    {
        using var scope = NewDisposeScope();
        using var test = Trained("Dpo.LearningRate=0.02", "Guard.OnCollapse=Pause", "Dpo.Updates=8");
        var (pairs, _) = Explore.Run(test.Run);
        var before = test.Model.parameters().Select(p => p.detach().clone()).ToArray();

        var paused = Assert.Throws<RunPausedException>(() => Dpo.Train(test.Run, pairs, test.Demonstrations));

        Assert.StartsWith("The policy collapses, seen after 4 DPO updates: ", paused.Message, StringComparison.Ordinal);
        Assert.Equal(paused.Message, Assert.Single(test.Journal.Facts.OfType<AlertRaised>(), a => a.Severity == "error").Text);
        Assert.Empty(test.Journal.Facts.OfType<PairsDrawn>());
        // As a run is gone on with: from the weights before DPO.
        using (no_grad())
        {
            foreach (var (parameter, value) in test.Model.parameters().Zip(before))
            {
                parameter.copy_(value);
            }
        }

        Assert.Equal(8, Dpo.Train(test.Run, pairs, test.Demonstrations, wasPaused: true).Updates);
        Assert.Contains("because a person let it", test.Journal.Facts.OfType<AlertRaised>().Last(a => a.Severity == "error").Text, StringComparison.Ordinal);
    }

    [Fact]
    public void DpoTrain_RollBack_GoesBackToTheLastGoodPolicy()
    {
        using var scope = NewDisposeScope();
        using var test = Trained("Dpo.LearningRate=0.02", "Guard.OnCollapse=RollBack");
        var (pairs, _) = Explore.Run(test.Run);
        var before = test.Model.parameters().Select(p => p.detach().clone()).ToArray();

        var summary = Dpo.Train(test.Run, pairs, test.Demonstrations);

        // Summary and last margins are those of the policy that is left, not of the one that collapsed.
        Assert.Equal(0, summary.Updates);
        var margins = test.Journal.Facts.OfType<PairMargins>().Last();
        Assert.Equal(0, margins.Update);
        Assert.Equal(0, Assert.Single(test.Journal.Facts.OfType<PairsDrawn>()).Times.Sum());
        Assert.All(margins.Margins, m => Assert.Equal(0, m));
        Assert.Contains("rolled back to what it was after 0 updates", Assert.Single(test.Journal.Facts.OfType<AlertRaised>(), a => a.Severity == "error").Text, StringComparison.Ordinal);
        Assert.All(test.Model.parameters().Zip(before), p => Assert.Equal(0, (p.First - p.Second).abs().max().ToDouble()));
    }

    [Fact]
    public void DpoTrain_RolledBackToALaterUpdate_SummaryAndMarginsAreThoseUpToIt()
    {
        using var scope = NewDisposeScope();
        using var test = Trained("Dpo.LearningRate=0.005", "Guard.OnCollapse=RollBack", "Guard.Every=1");
        var (pairs, _) = Explore.Run(test.Run);

        var summary = Dpo.Train(test.Run, pairs, test.Demonstrations);

        Assert.InRange(summary.Updates, 1, 23);
        Assert.Contains($"after {summary.Updates} updates, and DPO ended there", Assert.Single(test.Journal.Facts.OfType<AlertRaised>(), a => a.Severity == "error").Text, StringComparison.Ordinal);
        Assert.Equal(summary.Updates, test.Journal.Facts.OfType<PairMargins>().Last().Update);
        var losses = test.Journal.Series(SeriesNames.DpoLoss)[..summary.Updates];
        Assert.Equal(losses[(summary.Updates * 3 / 4)..].Average(), summary.Loss, 6);
    }

    // A mask decides what is sampled; the divergence is that of the policy itself all the same.
    [Fact]
    public void DpoTrain_ActionMask_DivergenceIsNeverNegativeAndGrows()
    {
        using var scope = NewDisposeScope();
        using var test = Trained("Dpo.LearningRate=0.0003", "Environment.ActionMask=true");
        var (pairs, _) = Explore.Run(test.Run);

        Dpo.Train(test.Run, pairs, test.Demonstrations);

        var kl = test.Journal.Series(SeriesNames.GuardKl);
        Assert.Equal(0, kl[0], 6);
        Assert.All(kl[1..], k => Assert.True(k > 0, $"a divergence of {k}"));
    }

    [Fact]
    public void DpoTrain_UsualLearningRate_IsNotCalledACollapse()
    {
        using var scope = NewDisposeScope();
        using var test = Trained("Dpo.LearningRate=0.0003");
        var (pairs, _) = Explore.Run(test.Run);

        Dpo.Train(test.Run, pairs, test.Demonstrations);

        // One sign alone may be noise of a probe of 20 tasks: told as a warning, and no more.
        Assert.DoesNotContain(test.Journal.Facts.OfType<AlertRaised>(), a => a.Severity == "error");
        var kl = test.Journal.Series(SeriesNames.GuardKl);
        Assert.Equal(7, kl.Length);
        Assert.Equal(0, kl[0], 6);
        Assert.InRange(kl[^1], 0, 0.3);
    }

    private static TestContext Trained(params string[] settings) =>
        new TestContext(["Explore.Tasks=12", "Dpo.Updates=24", "Guard.Every=4", "Guard.Tasks=20", .. settings]).Taught();
}
