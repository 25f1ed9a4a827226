using RroDashboard.Core.Plans;

namespace RroDashboard.Core.Tests.Plans;

public sealed class MethodsTests
{
    [Theory]
    [InlineData("rro")]
    [InlineData("fixed-3")]
    [InlineData("eto")]
    [InlineData("rft")]
    [InlineData("sft")]
    public void Apply_AfterIpr_TakesIprsWeightBack(string other)
    {
        var plan = Presets.Create("demo");
        var before = plan.Dpo.SftWeight;
        Methods.Apply(plan, "ipr");
        Assert.NotEqual(before, plan.Dpo.SftWeight);

        Methods.Apply(plan, other);

        Assert.Equal(before, plan.Dpo.SftWeight);
    }

    [Fact]
    public void Apply_AfterIprWithAWeightOfOnesOwn_KeepsIt()
    {
        var plan = Presets.Create("demo");
        Methods.Apply(plan, "ipr");
        plan.Dpo.SftWeight = 0.2;

        Methods.Apply(plan, "rro");

        Assert.Equal(0.2, plan.Dpo.SftWeight);
    }
}
