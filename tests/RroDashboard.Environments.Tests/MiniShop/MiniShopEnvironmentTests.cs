using RroDashboard.Core.Plans;
using RroDashboard.Core.Statistics;
using RroDashboard.Environments.MiniShop;

namespace RroDashboard.Environments.Tests.MiniShop;

public sealed class MiniShopEnvironmentTests : IDisposable
{
    private readonly MiniShopEnvironment _shop = new(new EnvironmentOptions { TrainTasks = 50, TuningTasks = 20, TestTasks = 20 });

    public void Dispose() => _shop.Dispose();

    private AgentTask Task => _shop.Tasks(TaskSplit.Train)[0];

    [Fact]
    public void ShopWords_AllCategories_ShareNoWord()
    {
        var words = ShopWords.Departments.SelectMany(d => d.OptionValues.Concat(d.Categories).Concat(d.Attributes).Append(d.OptionName))
            .Concat(ShopWords.Colours).Concat(ShopWords.Brands).Concat(ShopWords.FixedWords).ToList();

        Assert.Equal(words.Count, words.Distinct().Count());
        Assert.Equal(17, ShopWords.Departments.Sum(d => d.OptionValues.Count));
    }

    [Fact]
    public void Tasks_ThreeSplits_AskForDifferentThings()
    {
        var all = Enum.GetValues<TaskSplit>().SelectMany(s => _shop.Tasks(s)).ToList();

        Assert.Equal(90, all.Count);
        Assert.Equal(90, all.Select(t => _shop.Goal(t).Key).Distinct().Count());
        Assert.Equal(90, all.Select(t => t.Id).Distinct().Count());
    }

    [Fact]
    public void Constructor_SameSeed_SameContent()
    {
        using var again = new MiniShopEnvironment(new EnvironmentOptions { TrainTasks = 50, TuningTasks = 20, TestTasks = 20 });
        using var other = new MiniShopEnvironment(new EnvironmentOptions { TrainTasks = 50, TuningTasks = 20, TestTasks = 20, ContentSeed = 8 });

        Assert.Equal(_shop.ContentHash, again.ContentHash);
        Assert.NotEqual(_shop.ContentHash, other.ContentHash);
    }

    [Fact]
    public void Constructor_MoreTasksThanGoals_SaysHowManyThereAre()
    {
        var exception = Assert.Throws<PlanException>(() => new MiniShopEnvironment(new EnvironmentOptions { TrainTasks = 200_000 }));

        Assert.StartsWith("MiniShop cannot make 200600 different tasks", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Step_WholePurchase_PaysTheRewardOfWhatWasBought()
    {
        var episode = (ShopEpisode)_shop.Reset(Task);
        var goal = episode.Goal;

        episode.Step($"search[ {goal.Attributes[0]} {goal.Attributes[1]} {goal.Category} ]");
        Assert.Equal("results", episode.Observation.Split(' ')[0]);
        Assert.Equal(1 + (5 * 6), episode.Observation.Split(' ').Length);
        episode.Step("click[ b2 ]");
        var item = episode.Item!;
        Assert.Equal(item.Page, episode.Observation);
        episode.Step($"click[ {item.Colours[0]} ]");
        Assert.Equal("ok " + item.Colours[0], episode.Observation);
        episode.Step($"click[ {item.OptionValues[^1]} ]");
        episode.Step("click[ buy ]");

        Assert.True(episode.Finished);
        Assert.Equal("", episode.Observation);
        Assert.Equal(goal.Reward(item, item.Colours[0], item.OptionValues[^1]), episode.Reward);
        Assert.Throws<InvalidOperationException>(() => episode.Step("click[ buy ]"));
    }

    [Theory]
    [InlineData("click[ b1 ]")]
    [InlineData("click[ next ]")]
    [InlineData("click[ back ]")]
    [InlineData("click[ buy ]")]
    [InlineData("search[ ]")]
    [InlineData("search[ sofa")]
    [InlineData("search[ a ] b ]")]
    [InlineData("click[ b1 b2 ]")]
    [InlineData("")]
    [InlineData("buy")]
    public void Step_NotPossibleAtTheStart_IsCountedAndChangesNothing(string action)
    {
        var episode = _shop.Reset(Task);

        episode.Step(action);

        Assert.True(episode.LastActionInvalid);
        Assert.Equal(1, episode.InvalidActions);
        Assert.Equal("invalid", episode.Observation);
        Assert.False(episode.Finished);
    }

    [Fact]
    public void Step_OpenItem_RefusesSearchRowsAndOptionsItDoesNotOffer()
    {
        var episode = (ShopEpisode)_shop.Replay(Task, ["search[ sofa ]", "click[ b1 ]"]);
        var missing = ShopWords.Colours.First(c => !episode.Item!.Colours.Contains(c));
        foreach (var action in (string[])["search[ sofa ]", "click[ b1 ]", "click[ next ]", $"click[ {missing} ]"])
        {
            var fork = episode.Fork();
            fork.Step(action);
            Assert.True(fork.LastActionInvalid, action);
        }
    }

    [Fact]
    public void Step_NextTwice_ShowsFifteenProductsAndThenNoMore()
    {
        var episode = (ShopEpisode)_shop.Replay(Task, ["search[ sofa ]"]);
        var seen = episode.Rows.ToList();
        episode.Step("click[ next ]");
        seen.AddRange(episode.Rows);
        episode.Step("click[ next ]");
        seen.AddRange(episode.Rows);
        episode.Step("click[ next ]");

        Assert.True(episode.LastActionInvalid);
        Assert.Equal(15, seen.Distinct().Count());
    }

    [Fact]
    public void Step_BackAndOpenAgain_ForgetsTheSelectedOptions()
    {
        var episode = (ShopEpisode)_shop.Replay(Task, ["search[ sofa ]", "click[ b1 ]"]);
        episode.Step($"click[ {episode.Item!.Colours[0]} ]");
        Assert.NotNull(episode.Colour);
        episode.Step("click[ back ]");
        episode.Step("click[ b1 ]");

        Assert.Null(episode.Colour);
    }

    [Fact]
    public void Step_TenActionsWithoutBuying_EndsWithoutReward()
    {
        var episode = _shop.Replay(Task, Enumerable.Repeat("search[ sofa ]", 10));

        Assert.True(episode.Finished);
        Assert.Equal(0, episode.Reward);
    }

    [Fact]
    public void Search_SameWordsInAnotherOrder_IsTheSameState()
    {
        var a = _shop.Replay(Task, ["search[ rustic sofa ]"]);
        var b = _shop.Replay(Task, ["search[ sofa rustic sofa ]"]);
        var c = _shop.Replay(Task, ["search[ sturdy sofa ]"]);

        Assert.Equal(a.StateKey, b.StateKey);
        Assert.Equal(a.Observation, b.Observation);
        Assert.NotEqual(a.StateKey, c.StateKey);
    }

    [Fact]
    public void StateKey_InvalidActions_AreAllOneState() =>
        Assert.Equal(_shop.Replay(Task, ["nonsense"]).StateKey, _shop.Replay(Task, ["click[ buy ]"]).StateKey);

    [Fact]
    public void StateKey_FinishedWithAnotherReward_Differs()
    {
        var item = ((ShopEpisode)_shop.Replay(Task, [$"search[ {_shop.Goal(Task).Category} ]", "click[ b1 ]"])).Item!;
        var bought = _shop.Replay(Task, [$"search[ {_shop.Goal(Task).Category} ]", "click[ b1 ]", "click[ buy ]"]);
        var ranOut = _shop.Replay(Task, Enumerable.Repeat("nonsense", 10));

        Assert.True(bought.Reward > 0, item.Page);
        Assert.NotEqual(bought.StateKey, ranOut.StateKey);
    }

    [Fact]
    public void Fork_ThenBothGoOn_AreIndependent()
    {
        var episode = _shop.Replay(Task, ["search[ sofa ]"]);
        var fork = episode.Fork();
        fork.Step("click[ b1 ]");
        episode.Step("click[ b2 ]");

        Assert.Equal("click[ b1 ]", fork.Actions[^1]);
        Assert.NotEqual(fork.Observation, episode.Observation);
    }

    // Whatever a policy writes: no exception, the same state again on replay, the books in order.
    [Fact]
    public void Step_RandomWords_NeverThrowsAndReplays()
    {
        string[] words = ["search[", "click[", "]", "b1", "b5", "next", "back", "buy", "sofa", "red", "", "<b>", "\0", "ß", "b9"];
        var random = new SeededRandom(1);
        for (var i = 0; i < 2_000; i++)
        {
            var episode = _shop.Reset(_shop.Tasks(TaskSplit.Train)[random.Next(50)]);
            while (!episode.Finished)
            {
                episode.Step(random.Chance(0.5)
                    ? $"{random.Pick(words[..2])} {random.Pick(words[3..])} ]"
                    : string.Join(' ', Enumerable.Range(0, random.Next(6)).Select(_ => random.Pick(words))));
                Assert.InRange(episode.Reward, 0, 1);
            }

            var replay = _shop.Replay(episode.Task, episode.Actions);
            Assert.Equal(episode.StateKey, replay.StateKey);
            Assert.Equal(episode.InvalidActions, replay.InvalidActions);
        }
    }
}
