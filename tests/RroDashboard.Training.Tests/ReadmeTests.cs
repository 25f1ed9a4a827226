using RroDashboard.Core.Plans;
using RroDashboard.Training.Tests.Experiments;

namespace RroDashboard.Training.Tests;

public sealed class ReadmeTests
{
    // Whoever opens the project reads first where it departs from the paper, and by which setting.
    [Fact]
    public void Departures_OpenTheReadmeAndNameASettingForEveryOpenPoint()
    {
        var sections = File.ReadAllText(Path.Combine(ExperimentTests.Root, "src", "RroDashboard.Training", "README.md")).Split("\n## ");
        string[] open =
        [
            "Explore.Rollouts", "Explore.RolloutTemperature", "Explore.CandidateTemperature", "Explore.MaxCandidates", "Explore.Rise", "Explore.FirstStepBaseline", "Explore.OnNoRise",
            "Explore.Rejected", "Explore.OnImmediateRise", "Explore.MinPairGap", "Explore.Continue", "Explore.Pooling", "Dpo.Loss", "Dpo.Beta", "Dpo.SftWeight",
        ];

        Assert.StartsWith("Departures from the paper\n", sections[1], StringComparison.Ordinal);
        Assert.All(open, path => Assert.True(sections[1].Contains($"`{path}`", StringComparison.Ordinal) && PlanSettings.Find(path).Meaning.Length > 20, $"{path} is missing, or has no sentence of its own"));
        // Beyond the paper: every setting of exploration that a method sets stands here too.
        Assert.All(
            ExplorationMethods.All.SelectMany(m => ExplorationMethods.Assignments(new RunPlan(), m.Name)).Select(a => a[..a.IndexOf('=', StringComparison.Ordinal)]).Distinct(),
            path => Assert.True(sections[1].Contains($"`{path}`", StringComparison.Ordinal), $"{path} is missing"));
    }
}
