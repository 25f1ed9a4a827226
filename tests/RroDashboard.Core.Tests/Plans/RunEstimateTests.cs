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

        // Measured on two cores: 2,787 + 1,006 candidates, 7,047 rollouts, 365,316 tokens, 57 seconds, 3.5 MB without checkpoints.
        Assert.Equal(3793, estimate.Candidates, 3793 * 0.1);
        Assert.Equal(7047, estimate.Rollouts, 7047 * 0.1);
        Assert.Equal(365_316, estimate.Tokens, 365_316 * 0.1);
        Assert.Equal(57, estimate.TotalSeconds, 57 * 0.2);
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
}
