using RroDashboard.Core.Plans;

namespace RroDashboard.Core.Tests.Plans;

public sealed class PlanSettingsTests
{
    public static TheoryData<string> PresetNames => [.. Presets.All.Select(p => p.Name)];

    [Fact]
    public void All_EverySetting_HasASentence() => Assert.All(PlanSettings.All, s =>
    {
        Assert.EndsWith(".", s.Meaning, StringComparison.Ordinal);
        Assert.True(s.Type == typeof(string) || s.Type == typeof(bool) || s.Choices.Count > 0 || (double.IsFinite(s.Min) && double.IsFinite(s.Max)), s.Path);
    });

    [Fact]
    public void All_EveryPropertyOfEveryGroup_IsASetting()
    {
        var properties = typeof(RunPlan).GetProperties().Where(p => p.PropertyType.IsClass && p.PropertyType != typeof(string))
            .SelectMany(g => g.PropertyType.GetProperties().Select(p => $"{g.Name}.{p.Name}"));

        Assert.Equal(properties, PlanSettings.All.Where(s => s.Group.Length > 0).Select(s => s.Path));
    }

    [Theory]
    [MemberData(nameof(PresetNames))]
    public void Create_EveryPreset_IsValid(string name)
    {
        var plan = Presets.Create(name);
        plan.Environment.DataFolder = "data";

        PlanSettings.Validate(plan);

        Assert.Equal(name, plan.Preset);
    }

    [Theory]
    [InlineData("Explore.MaxCandidates=0", "Explore.MaxCandidates = '0' is not allowed: it must be a whole number from 1 to 1000.")]
    [InlineData("Explore.MaxCandidates=two", "Explore.MaxCandidates = 'two' is not allowed: it must be a whole number from 1 to 1000.")]
    [InlineData("Dpo.Beta=NaN", "Dpo.Beta = 'NaN' is not allowed: it must be a number from 0.0001 to 100.")]
    [InlineData("Explore.Rise=1", "Explore.Rise = '1' is not allowed: it must be one of NonDecreasing, Strict, Margin.")]
    [InlineData("Model.TokenShift=maybe", "Model.TokenShift = 'maybe' is not allowed: it must be true or false.")]
    [InlineData("Explore.MaxCandidate=3", "There is no setting 'Explore.MaxCandidate'. Did you mean Explore.MaxCandidates, ")]
    [InlineData("Seed", "'Seed' is not a setting: write it as Path=Value, for example Explore.MaxCandidates=5.")]
    public void Apply_BadAssignment_SaysWhatIsAllowed(string assignment, string message)
    {
        var exception = Assert.Throws<PlanException>(() => PlanSettings.Apply(new RunPlan(), [assignment]));

        Assert.StartsWith(message, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Apply_OtherCase_IsFound()
    {
        var plan = new RunPlan();

        PlanSettings.Apply(plan, ["explore.rise=strict", "SEED = 7"]);

        Assert.Equal(Core.Rewards.Rise.Strict, plan.Explore.Rise);
        Assert.Equal(7, plan.Seed);
    }

    [Fact]
    public void FromDictionary_ToDictionary_IsTheSamePlan()
    {
        var plan = Presets.Create("demo");
        PlanSettings.Apply(plan, ["Seed=3", "Dpo.LearningRate=0.00025", "Explore.OnNoRise=KeepExpert"]);

        var copy = PlanSettings.Copy(plan);

        Assert.Equal(PlanSettings.ToDictionary(plan), PlanSettings.ToDictionary(copy));
        Assert.Equal("demo", copy.Preset);
    }

    [Fact]
    public void Create_UnknownPreset_NamesThePresets()
    {
        var exception = Assert.Throws<PlanException>(() => Presets.Create("dmeo"));

        Assert.StartsWith("There is no preset 'dmeo'. Presets are demo, ", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Model.Width=100", "Model.Width")]
    [InlineData("Evaluate.Tasks=301", "Evaluate.Tasks")]
    [InlineData("Explore.Tasks=1001", "Explore.Tasks")]
    [InlineData("Environment.Name=InterCodeSql", "Environment.DataFolder")]
    [InlineData("Explore.SharedRollouts=true Explore.RolloutTemperature=0.9", "Explore.SharedRollouts needs candidates and rollouts drawn alike")]
    [InlineData("Explore.SharedRollouts=true Explore.FirstStepBaseline=Zero", "Explore.SharedRollouts values every state by the rollouts through it")]
    [InlineData("Explore.SharedRollouts=true Explore.Continue=AlongExpert", "Explore.SharedRollouts goes on with the rollouts of the state that was followed")]
    [InlineData("Explore.Shrinkage=1 Explore.FirstStepBaseline=Zero", "Explore.Shrinkage = 1 draws values towards that of the step before")]
    [InlineData("Explore.SharedRollouts=true Explore.Gating=SkipForced", "Explore.Gating = SkipForced with Explore.SharedRollouts skips only where")]
    [InlineData("Explore.MinLooks=6", "Explore.MinLooks = 6 is more than Explore.MaxCandidates = 5")]
    [InlineData("Explore.MinLooks=2 Explore.Selection=AllBest", "Explore.MinLooks = 2 has no meaning with Explore.Selection = AllBest")]
    [InlineData("Explore.SequentialZ=1 Explore.Selection=AllBest", "Explore.SequentialZ has no meaning")]
    [InlineData("Explore.SequentialZ=1 Explore.SequentialMinRollouts=4", "Explore.SequentialMinRollouts = 4 is more than Explore.Rollouts = 3")]
    [InlineData("Explore.Gating=SkipForced Explore.Selection=AllBest", "Explore.Gating = SkipForced has no meaning")]
    [InlineData("Explore.Gating=SkipForced Explore.GateDraws=6", "Explore.GateDraws = 6 is more than Explore.MaxCandidates = 5")]
    [InlineData("Explore.Pairing=BestSibling Explore.Rejected=LastNonRising", "Explore.Rejected = LastNonRising")]
    public void Validate_SettingsThatDoNotFit_NamesTheField(string assignments, string field)
    {
        var plan = Presets.Create("demo");
        PlanSettings.Apply(plan, assignments.Split(' '));

        Assert.StartsWith(field, Assert.Throws<PlanException>(() => PlanSettings.Validate(plan)).Message, StringComparison.Ordinal);
    }
}
