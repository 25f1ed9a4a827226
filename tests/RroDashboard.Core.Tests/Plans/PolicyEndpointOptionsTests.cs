using RroDashboard.Core.Plans;

namespace RroDashboard.Core.Tests.Plans;

public sealed class PolicyEndpointOptionsTests
{
    [Theory]
    [InlineData("Endpoint.Url=ftp://host/v1", "Endpoint.Url = 'ftp://host/v1' is not allowed: write it as http://HOST:PORT/v1")]
    [InlineData("Endpoint.Url=host", "is not allowed: write it as http://HOST:PORT/v1")]
    [InlineData("Endpoint.Url=http://me:secret@host/v1", "put the key into RRO_ENDPOINT_KEY")]
    [InlineData("Endpoint.Url=http://host/v1?key=secret", "is not allowed")]
    [InlineData("Endpoint.Model=", "Endpoint.Model is empty")]
    [InlineData("Method=Eto", "Method = Eto needs a model that is trained here")]
    [InlineData("Environment.ActionMask=true", "set it to false")]
    [InlineData("Dpo.PairsFrom=abc@1", "leave one of them empty")]
    public void Validate_WhatDoesNotFitAnEndpoint_IsRefusedInASentence(string setting, string sentence)
    {
        var plan = Presets.Create("smoke");
        PlanSettings.Apply(plan, ["Endpoint.Url=http://host:8000/v1", "Endpoint.Model=tiny"]);
        PlanSettings.Validate(plan);
        PlanSettings.Apply(plan, [setting]);
        var refusal = Assert.Throws<PlanException>(() => PlanSettings.Validate(plan)).Message;
        Assert.Contains(sentence, refusal, StringComparison.Ordinal);
        Assert.DoesNotContain("me:secret", refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void Cost_Prices_ArePerMillion() => Assert.Equal(5.5, new PolicyEndpointOptions { InputPrice = 0.5, OutputPrice = 2.5 }.Cost(1_000_000, 2_000_000), 9);
}
