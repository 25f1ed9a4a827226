using RroDashboard.Core.Plans;
using RroDashboard.Web.Components;

namespace RroDashboard.Web.Tests.Components;

public sealed class RunFormTests
{
    private static PlanSetting K => PlanSettings.Find("Explore.MaxCandidates");

    [Fact]
    public void Change_ThenReset_IsMarkedAndTakenBack()
    {
        var form = new RunForm("demo");

        form.Change(K, "3");
        Assert.Equal(["Explore.MaxCandidates=3"], form.Changes);
        Assert.Contains("--set Explore.MaxCandidates=3", form.CommandLine, StringComparison.Ordinal);
        form.Reset(K);

        Assert.Empty(form.Changes);
        Assert.Equal("5", form.ValueOf(K));
    }

    [Fact]
    public void Change_Wrong_SaysTheSentenceAtItsFieldAndKeepsTheLastGoodValue()
    {
        var form = new RunForm("demo");

        form.Change(K, "many");

        Assert.Equal("Explore.MaxCandidates = 'many' is not allowed: it must be a whole number from 1 to 1000.", form.WrongOf(K));
        Assert.Equal(form.WrongOf(K), form.Check());
        Assert.Equal(5, form.Plan.Explore.MaxCandidates);
    }

    [Fact]
    public void Check_Contradiction_StandsAtItsFieldUntilItFits()
    {
        var form = new RunForm("demo");
        var (tasks, test) = (PlanSettings.Find("Evaluate.Tasks"), PlanSettings.Find("Environment.TestTasks"));

        form.Change(tasks, "5000");
        Assert.StartsWith("Evaluate.Tasks = 5000 is more than", form.Check(), StringComparison.Ordinal);
        Assert.Equal(form.Check(), form.WrongOf(tasks));
        form.Change(test, "5000");

        Assert.Equal("", form.Check());
        Assert.Equal("", form.WrongOf(tasks));
    }

    [Fact]
    public void StartFrom_PlanOfAnEndpoint_LeavesTheEndpointOut()
    {
        var plan = Presets.Create("smoke");
        (plan.Endpoint.Url, plan.Endpoint.Model, plan.Explore.Tasks) = ("http://127.0.0.1:1/v1", "m", 3);
        var form = new RunForm("demo");
        form.StartFrom(plan, "Run x");
        Assert.Equal(("", "", 3), (form.Check(), form.Plan.Endpoint.Url, form.Plan.Explore.Tasks));
        Assert.Empty(form.Changes);
    }

    [Fact]
    public void Json_WrittenAndRead_IsTheSamePlan()
    {
        var form = new RunForm("smoke");
        form.Change(K, "7");
        var other = new RunForm("demo");

        other.FromJson(form.ToJson());

        Assert.Equal(PlanSettings.ToDictionary(form.Plan), PlanSettings.ToDictionary(other.Plan));
        Assert.Equal(["Explore.MaxCandidates=7"], other.Changes);
    }

    [Theory]
    [InlineData("{", "This is no JSON")]
    [InlineData("[]", "The JSON is no object")]
    [InlineData("""{"preset":"none"}""", "There is no preset 'none'")]
    [InlineData("""{"settings":[]}""", "\"settings\" is no object")]
    [InlineData("""{"settings":{"Explore.Maxcandidate":3}}""", "There is no setting 'Explore.Maxcandidate'. Did you mean Explore.MaxCandidates")]
    [InlineData("""{"settings":{"Explore.MaxCandidates":0}}""", "Explore.MaxCandidates = '0' is not allowed")]
    public void FromJson_Wrong_SaysWhatAndChangesNothing(string json, string sentence)
    {
        var form = new RunForm("demo");

        var refused = Assert.Throws<PlanException>(() => form.FromJson(json));

        Assert.StartsWith(sentence, refused.Message, StringComparison.Ordinal);
        Assert.Empty(form.Changes);
    }

    [Fact]
    public void UseMethod_FixedSize_SetsWhatDefinesIt()
    {
        var form = new RunForm("demo");

        form.UseMethod("fixed-3");

        Assert.Contains("Explore.MaxCandidates=3", form.Changes);
        Assert.Contains("Explore.Selection=AllBest", form.Changes);
    }
}
