using RroDashboard.Core.Events;
using RroDashboard.Core.Exploration;
using RroDashboard.Core.Plans;

namespace RroDashboard.Core.Tests.Plans;

public sealed class RunEstimateTests
{
    [Fact]
    public void Of_Demo_IsNearWhatADemoRunMeasured()
    {
        var estimate = RunEstimate.Of(Presets.Create("demo"), []);

        // Measured on two cores: 2,787 + 1,006 candidates, 7,047 rollouts, 365,316 tokens, 3.5 MB without checkpoints; 57 seconds, and 13 more since
        // DPO is watched while it trains.
        Assert.Equal(3793, estimate.Candidates, 3793 * 0.1);
        Assert.Equal(7047, estimate.Rollouts, 7047 * 0.1);
        Assert.Equal(365_316, estimate.Tokens, 365_316 * 0.1);
        Assert.Equal(70, estimate.TotalSeconds, 70 * 0.2);
        Assert.InRange(estimate.DiskBytes, 3e6, 15e6);
    }

    [Fact]
    public void Of_FixedSize_IsStepsTimesK()
    {
        var plan = Presets.Create("demo");
        ExplorationMethods.Apply(plan, "fixed-5");

        Assert.Equal(plan.Explore.Tasks * 5 * 5, RunEstimate.Of(plan, []).Candidates, 1e-6);
    }

    [Fact]
    public void Of_EarlierRunTwiceAsSlow_IsTwiceAsLong()
    {
        var plan = Presets.Create("demo");
        var formula = RunEstimate.Of(plan, []);
        var slow = new MeasuredRun(
            plan,
            new Budget { Steps = 1500, Candidates = (int)formula.Candidates, Rollouts = (int)formula.Rollouts, TokensGenerated = (long)formula.Tokens },
            formula.Seconds.ToDictionary(s => s.Key, s => s.Value * 2));
        var larger = PlanSettings.Copy(plan);
        larger.Explore.Tasks *= 2;

        Assert.Equal(formula.TotalSeconds * 2, RunEstimate.Of(plan, [slow]).TotalSeconds, 1.0);
        Assert.Equal(formula.Seconds[Stage.Explore] * 4, RunEstimate.Of(larger, [slow]).Seconds[Stage.Explore], 1.0);
        Assert.Equal(formula.Rollouts * 2, RunEstimate.Of(larger, [slow]).Rollouts, 20.0);
        Assert.Equal(1, RunEstimate.Of(plan, [slow]).MeasuredRuns);
    }

    [Fact]
    public void Of_NothingToExplore_IsFinite()
    {
        var plan = Presets.Create("demo");
        (plan.Explore.Tasks, plan.Dpo.Updates) = (0, 0);

        var estimate = RunEstimate.Of(plan, [new MeasuredRun(plan, new Budget { Steps = 1 }, new Dictionary<Stage, double> { [Stage.Sft] = 1 })]);

        Assert.True(double.IsFinite(estimate.TotalSeconds) && double.IsFinite(estimate.Rollouts) && double.IsFinite(estimate.DiskBytes));
    }

    // Measured with the demo's plan: counts, which no other load changes.
    [Theory]
    [InlineData("sft", 0, 0, 0)]
    [InlineData("rft", 0, 1200, 139_680)]
    [InlineData("eto", 0, 1200, 139_680)]
    [InlineData("ipr", 1485, 4752, 373_532)]
    public void Of_Rival_IsNearWhatItsRunMeasured(string method, double candidates, double rollouts, double tokens)
    {
        var plan = Presets.Create("demo");
        Methods.Apply(plan, method);

        var estimate = RunEstimate.Of(plan, []);

        Assert.Equal(candidates, estimate.Candidates, (candidates * 0.15) + 1);
        Assert.Equal(rollouts, estimate.Rollouts, (rollouts * 0.15) + 1);
        Assert.Equal(tokens, estimate.Tokens, (tokens * 0.15) + 1);
        Assert.Equal(method == "sft", estimate.Seconds[Stage.Explore] + estimate.Seconds[Stage.Dpo] == 0);
    }

    [Fact]
    public void Of_EarlierRunOfAnotherMethod_TellsOfFineTuningAndNotOfExploration()
    {
        var plan = Presets.Create("demo");
        var eto = PlanSettings.Copy(plan);
        Methods.Apply(eto, "eto");
        var formula = RunEstimate.Of(eto, []);
        var slow = new MeasuredRun(eto, new Budget { Rollouts = (int)formula.Rollouts, TokensGenerated = (long)formula.Tokens }, formula.Seconds.ToDictionary(s => s.Key, s => s.Value * 3));

        var other = RunEstimate.Of(plan, [slow]);
        var same = RunEstimate.Of(eto, [slow]);

        Assert.Equal(RunEstimate.Of(plan, []).Seconds[Stage.Sft] * 3, other.Seconds[Stage.Sft], 1e-6);
        Assert.Equal(RunEstimate.Of(plan, []).Seconds[Stage.Explore], other.Seconds[Stage.Explore], 1e-6);
        Assert.Equal(formula.Seconds[Stage.Explore] * 3, same.Seconds[Stage.Explore], formula.Seconds[Stage.Explore] * 0.01);
        Assert.Equal(formula.Seconds[Stage.Dpo] * 3, same.Seconds[Stage.Dpo], 1e-6);
    }

    [Fact]
    public void Of_Checkpoint_CountsItsOwnNumbersAndTokens()
    {
        var plan = Presets.Create("demo");
        plan.Model.Checkpoint = "somewhere";
        var small = new PolicySize(135e6, 2e6, 3e9);
        var estimate = RunEstimate.Of(plan, [], small);
        Assert.Equal(3e9, estimate.MemoryBytes);
        Assert.Equal(RunEstimate.Of(Presets.Create("demo"), []).Tokens * RunEstimate.ReActTokens, estimate.Tokens, 1e-3);
        Assert.Equal(2 * estimate.TotalSeconds, RunEstimate.Of(plan, [], small with { Parameters = 270e6 }).TotalSeconds, 1e-3);
        // A run that was measured with another checkpoint tells of this one in proportion.
        var slow = new MeasuredRun(plan, new Budget { Rollouts = 10, Candidates = 5 }, RunEstimate.Of(plan, [], small).Seconds.ToDictionary(s => s.Key, s => 3 * s.Value), small);
        Assert.Equal(3 * estimate.Seconds[Stage.Sft] * 2, RunEstimate.Of(plan, [slow], small with { Parameters = 270e6 }).Seconds[Stage.Sft], 1e-3);
    }

    [Fact]
    public void Of_PairsOfAFile_ExploresNothing()
    {
        var plan = Presets.Create("demo");
        plan.Dpo.PairsFile = "pairs.jsonl";
        var estimate = RunEstimate.Of(plan, []);
        Assert.Equal((0, 0, 0), (estimate.Candidates, estimate.Rollouts, estimate.Seconds[Stage.Explore]));
        Assert.Equal(RunEstimate.Of(Presets.Create("demo"), []).Seconds[Stage.Sft], estimate.Seconds[Stage.Sft], 1e-9);
    }
}
