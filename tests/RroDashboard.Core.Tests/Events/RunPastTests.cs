using System.Text.Json;
using RroDashboard.Core.Events;
using RroDashboard.Core.Exploration;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Rewards;

namespace RroDashboard.Core.Tests.Events;

public sealed class RunPastTests
{
    // Two steps whose walk went on from the expert's action; at the first one a contrast was drawn as well.
    [Theory]
    [InlineData("AlongExpert", 1)]
    [InlineData("FromAccepted", 3)]
    public void Kept_WalkAlongTheExpert_CountsItsActionsNotAsContrasts(string goesOn, int contrasts)
    {
        var plan = Presets.Create("demo");
        PlanSettings.Apply(plan, [$"Explore.Continue={goesOn}"]);
        var worth = new Estimate([0.5]);
        var past = new RunPast(
            [
                new RunStarted(PlanSettings.ToDictionary(plan), "MiniShop", "", "", 1, 1, RewardRange.Unit),
                new TaskOpened(0, "t", "buy", worth),
                new StepDecided(0, 0, worth, worth, 0, "a", 1, StepVerdict.Rose, [CandidateAccount.Accepted, CandidateAccount.Contrast, CandidateAccount.Contrast]),
                new StepDecided(0, 1, worth, worth, 0, "a", 1, StepVerdict.Rose, [CandidateAccount.Accepted, CandidateAccount.Contrast]),
                new TaskFinished(0, 2, 1),
            ],
            null);

        Assert.Equal(contrasts, past.Kept().Contrasts);
    }

    [Fact]
    public void EpisodeResult_WithoutGroup_IsWrittenAndReadAsBeforeThereWereGroups()
    {
        const string old = """{"TaskId":"t","Reward":1,"Steps":2,"InvalidActions":0,"ActionTokens":9}""";

        var read = JsonSerializer.Deserialize<EpisodeResult>(old)!;

        Assert.Null(read.Group);
        Assert.Equal(old, JsonSerializer.Serialize(read));
        var grouped = read with { Group = "product" };
        Assert.Equal(grouped, JsonSerializer.Deserialize<EpisodeResult>(JsonSerializer.Serialize(grouped)));
    }
}
