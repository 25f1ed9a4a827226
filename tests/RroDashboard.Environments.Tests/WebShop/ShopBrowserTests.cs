using RroDashboard.Environments.WebShop;

namespace RroDashboard.Environments.Tests.WebShop;

public sealed class ShopBrowserTests
{
    private const string Start = "WebShop [SEP] Instruction: [SEP] i want a red shoe [SEP] Search";

    [Theory]
    [InlineData(0, 0, "")]
    [InlineData(0, 1, "bad [SEP] ")]
    [InlineData(1, 0, Start + " [SEP] ")]
    [InlineData(2, 1, Start + " [SEP] " + Start + " [SEP] bad [SEP] ")]
    [InlineData(1, 2, "worse [SEP] " + Start + " [SEP] bad [SEP] ")]
    [InlineData(9, 9, Start + " [SEP] worse [SEP] " + Start + " [SEP] bad [SEP] ")]
    public void Step_History_OldestFirstAndOnlyWhatThereIs(int observations, int actions, string before)
    {
        var browser = Browser(new(PreviousObservations: observations, PreviousActions: actions));

        browser.Step("worse");
        var answer = browser.Step("bad");

        Assert.Equal(before + Start, answer.Observation);
        Assert.False(browser.LastActed);
    }

    [Fact]
    public void Fork_TwoWays_DoNotMeet()
    {
        var browser = Browser(new(PreviousActions: 3));
        browser.Step("search[shoe]");

        var fork = browser.Fork();
        var bought = fork.Step("click[b000000001]").Done | fork.Step("click[buy now]").Done;
        var answer = browser.Step("click[next >]");

        Assert.True(bought);
        Assert.StartsWith("search[shoe] [SEP] click[next >] [SEP] Instruction:", answer.Observation, StringComparison.Ordinal);
        Assert.Equal(2, browser.Session.PageNumber);
    }

    [Theory]
    [InlineData("click[blue];click[7]", "click[7];click[blue]", true)]
    [InlineData("click[blue]", "click[blue];bad", true)]
    [InlineData("click[blue]", "click[features];click[< prev];click[blue]", true)]
    [InlineData("click[blue]", "click[7]", false)]
    [InlineData("click[features]", "click[reviews]", false)]
    [InlineData("click[< prev];search[shoe]", "search[shoe here]", false)]
    [InlineData("search[red shoe]", "search[red+shoe]", false)]
    [InlineData("click[buy now]", "search[red];click[b000000001];click[buy now]", true)]
    [InlineData("click[buy now]", "click[7];click[buy now]", false)]
    [InlineData("click[< prev];click[next >]", "click[< prev]", false)]
    public void StateKey_TwoWays_EqualWhenNothingDiffers(string one, string other, bool equal)
    {
        string Key(string actions)
        {
            var browser = Browser(new());
            foreach (var action in (string[])["search[shoe]", "click[b000000001]", .. actions.Split(';')])
            {
                browser.Step(action);
            }

            return browser.StateKey;
        }

        Assert.Equal(equal, Key(one) == Key(other));
    }

    [Fact]
    public void StateKey_RichObservation_KnowsWhatWasVisited()
    {
        var (seen, unseen) = (Browser(new(ObservationMode.TextRich)), Browser(new(ObservationMode.TextRich)));
        foreach (var action in (string[])["search[shoe]", "click[b000000001]", "click[< prev]"])
        {
            seen.Step(action);
        }

        unseen.Step("search[shoe]");

        Assert.NotEqual(seen.StateKey, unseen.StateKey);
        Assert.Equal(seen.Session.StateKey, unseen.Session.StateKey);
    }

    [Theory]
    [InlineData(-1, 0)]
    [InlineData(0, ShopBrowserOptions.MaxHistory + 1)]
    public void Constructor_HistoryOutOfRange_Refused(int observations, int actions) =>
        Assert.Contains("0 to 1000", Assert.Throws<ArgumentException>(() => Browser(new(PreviousObservations: observations, PreviousActions: actions))).Message, StringComparison.Ordinal);

    private static ShopBrowser Browser(ShopBrowserOptions options) => new(SmallShop.Site(SmallShop.Shoe), "7", SmallShop.Goal, options);
}
