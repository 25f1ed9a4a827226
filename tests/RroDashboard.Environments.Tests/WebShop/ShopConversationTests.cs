using RroDashboard.Environments.WebShop;

namespace RroDashboard.Environments.Tests.WebShop;

public sealed class ShopConversationTests
{
    [Theory]
    [InlineData("Action: click[x]", "click[x]")]
    [InlineData(" Thought: a\nAction: click[x] \n", "click[x]")]
    [InlineData("Action: Action: click[x]\nmore", "Action: click[x]\nmore")]
    [InlineData("Action:click[x]", null)]
    [InlineData("Action: ", null)]
    [InlineData("", null)]
    public void ParseAction_Answer_RestAfterTheFirstMark(string answer, string? expected) =>
        Assert.Equal(expected, ShopConversation.ParseAction(answer));

    [Fact]
    public void Step_Purchase_EndsWithItsScore()
    {
        var conversation = Start(ConversationStyle.Eto);

        conversation.Step("Action: search[shoe]");
        conversation.Step("Thought: this one\nAction: click[b000000001]");
        conversation.Step("Action: click[blue]");
        Assert.Null(conversation.Reward);
        var reply = conversation.Step("Action: click[Buy Now]");

        Assert.StartsWith("Observation:\nThank you for shopping with us!", reply, StringComparison.Ordinal);
        Assert.Equal((4, 0.25, true, true, "success"), (conversation.Steps, conversation.Reward, conversation.Finished, conversation.Success, conversation.TerminateReason));
        Assert.Contains("success", Assert.Throws<InvalidOperationException>(() => conversation.Step("Action: search[x]")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Step_InvalidThenValid_KeepsTheZeroOfTheInvalidOne()
    {
        var conversation = Start(ConversationStyle.Eto);

        Assert.Equal(ShopConversation.InvalidFormat, conversation.Step("hm"));
        conversation.Step("Action: search[shoe]");

        Assert.Equal(0, conversation.Reward);
        Assert.False(conversation.Finished);
    }

    [Fact]
    public void Step_OriginalStops_NothingIsCounted()
    {
        var conversation = Start(ConversationStyle.Eto);

        Assert.Throws<ShopException>(() => conversation.Step("Action: search[<a> x]"));

        Assert.Equal(0, conversation.Steps);
        Assert.Equal(3, conversation.History.Count);
    }

    [Fact]
    public void Fork_AtAStep_GoesItsOwnWay()
    {
        var conversation = Start(ConversationStyle.Ipr, maxSteps: 3);
        conversation.Step("Action: search[shoe]");

        var fork = conversation.Fork();
        fork.Step("Action: click[b000000001]");
        fork.Step("Action: click[next >]");

        Assert.Equal((true, false, "max_steps"), (fork.Finished, fork.Success, fork.TerminateReason));
        Assert.Equal(5, conversation.History.Count);
        Assert.Contains("Page 2", conversation.Step("Action: click[next >]"), StringComparison.Ordinal);
    }

    [Fact]
    public void AverageReward_SomeUnset_CountAsZero()
    {
        var bought = Start(ConversationStyle.Eto);
        foreach (var action in (string[])["search[shoe]", "click[b000000001]", "click[7]", "click[blue]", "click[buy now]"])
        {
            bought.Step("Action: " + action);
        }

        Assert.Equal(0.25, ShopConversation.AverageReward([bought, Start(ConversationStyle.Eto)]));
        Assert.Equal(0, ShopConversation.AverageReward([]));
    }

    private static ShopConversation Start(ConversationStyle style, int maxSteps = ShopConversation.DefaultMaxSteps) =>
        new(new ShopBrowser(SmallShop.Site(SmallShop.Shoe), "7", SmallShop.Goal), style, maxSteps: maxSteps);
}
