using RroDashboard.Core.Plans;
using RroDashboard.Web.CommandLine;

namespace RroDashboard.Web.Tests.CommandLine;

public sealed class PlanArgumentsTests
{
    [Fact]
    public void Write_ChangedPlan_ReadsBackEqual()
    {
        var plan = PlanArguments.Read("demo", 7, ["Explore.MaxCandidates=3", "Explore.Rise=Strict", "Dpo.LearningRate=0.0001", "Model.TokenShift=false"], null);

        var line = PlanArguments.Write(plan);
        var words = line.Split(' ');
        var read = PlanArguments.Read(words[3], long.Parse(words[5], System.Globalization.CultureInfo.InvariantCulture), words.Where((_, i) => i > 0 && words[i - 1] == "--set"), null);

        Assert.StartsWith("src/run.sh train --preset demo --seed 7 ", line, StringComparison.Ordinal);
        Assert.Equal(PlanSettings.ToDictionary(plan), PlanSettings.ToDictionary(read));
    }

    [Fact]
    public void Write_FolderWithSpacesAndQuotes_IsOneShellWord()
    {
        var plan = Presets.Create("spider");
        plan.Environment.DataFolder = "/a folder/it's; rm";

        Assert.Contains(@"--data '/a folder/it'\''s; rm'", PlanArguments.Write(plan), StringComparison.Ordinal);
    }

    [Fact]
    public void Write_PresetUnchanged_NamesNoSetting() =>
        Assert.Equal("src/run.sh train --preset smoke --seed 0", PlanArguments.Write(Presets.Create("smoke")));
}
