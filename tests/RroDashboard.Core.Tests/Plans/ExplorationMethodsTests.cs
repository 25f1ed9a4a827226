using RroDashboard.Core.Plans;
using RroDashboard.Core.Rewards;

namespace RroDashboard.Core.Tests.Plans;

public sealed class ExplorationMethodsTests
{
    [Fact]
    public void Apply_OneAfterAnother_LeavesNothingOfTheFirst()
    {
        var once = Presets.Create("demo");
        ExplorationMethods.Apply(once, "rro-strict");
        foreach (var other in ExplorationMethods.All)
        {
            var twice = Presets.Create("demo");
            ExplorationMethods.Apply(twice, other.Name);
            ExplorationMethods.Apply(twice, "RRO-strict");

            Assert.Equal(PlanSettings.ToDictionary(once), PlanSettings.ToDictionary(twice));
        }
    }

    [Fact]
    public void Apply_AnyMethod_KeepsTasksTemperaturesAndTheRestOfThePlan()
    {
        string[] kept = ["Explore.Tasks=77", "Explore.CandidateTemperature=0.9", "Explore.RolloutTemperature=0.9", "Dpo.Updates=13"];
        Assert.All(ExplorationMethods.All, method =>
        {
            var plan = Presets.Create("demo");
            PlanSettings.Apply(plan, kept);

            ExplorationMethods.Apply(plan, method.Name);
            PlanSettings.Validate(plan);

            Assert.Equal((77, 0.9, 0.9, 13), (plan.Explore.Tasks, plan.Explore.CandidateTemperature, plan.Explore.RolloutTemperature, plan.Dpo.Updates));
            Assert.EndsWith(".", method.Meaning, StringComparison.Ordinal);
            Assert.NotEmpty(method.Source);
        });
    }

    [Fact]
    public void Assignments_AnyMethod_GiveTheSamePlan() => Assert.All(ExplorationMethods.All, method =>
    {
        var applied = Presets.Create("demo");
        ExplorationMethods.Apply(applied, method.Name);
        var assigned = Presets.Create("demo");

        PlanSettings.Apply(assigned, ExplorationMethods.Assignments(assigned, method.Name));

        Assert.Equal(PlanSettings.ToDictionary(applied), PlanSettings.ToDictionary(assigned));
    });

    [Fact]
    public void Apply_Rro_IsThePapersRule()
    {
        var plan = Presets.Create("demo");

        ExplorationMethods.Apply(plan, "rro");

        Assert.Equal(
            (Selection.Rising, Rise.NonDecreasing, 1, false, Pairing.Considered, Rejected.EveryLower),
            (plan.Explore.Selection, plan.Explore.Rise, plan.Explore.MinLooks, plan.Explore.SharedRollouts, plan.Explore.Pairing, plan.Explore.Rejected));
    }

    [Fact]
    public void Find_UnknownMethod_NamesTheMethods()
    {
        var exception = Assert.Throws<PlanException>(() => ExplorationMethods.Find("tow-looks"));

        Assert.StartsWith("There is no exploration method 'tow-looks'. Methods are rro, rro-strict, ", exception.Message, StringComparison.Ordinal);
    }
}
