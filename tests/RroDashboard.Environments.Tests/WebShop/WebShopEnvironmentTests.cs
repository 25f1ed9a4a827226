using System.Globalization;
using System.Text.Json;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Statistics;
using RroDashboard.Environments.WebShop;
using RroDashboard.Environments.WebShop.Search;
using RroDashboard.Environments.WebShop.Training;
using Xunit.Abstractions;

namespace RroDashboard.Environments.Tests.WebShop;

public sealed class WebShopEnvironmentTests(ITestOutputHelper output) : IDisposable
{
    private static readonly string[] s_things = ["chair", "table", "lamp", "shelf", "desk", "sofa"];

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("rro-webshop-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void Tasks_Splits_WantDifferentProducts()
    {
        using var shop = Small();
        var groups = Enum.GetValues<TaskSplit>().ToDictionary(s => s, s => shop.Tasks(s).Select(t => t.Group).ToHashSet(StringComparer.Ordinal));

        Assert.All(groups.Values, g => Assert.NotEmpty(g));
        Assert.Empty(groups[TaskSplit.Train].Intersect(groups[TaskSplit.Test]));
        Assert.Empty(groups[TaskSplit.Train].Intersect(groups[TaskSplit.Tuning]));
        Assert.Empty(groups[TaskSplit.Tuning].Intersect(groups[TaskSplit.Test]));
        using var again = Small();
        Assert.Equal(shop.ContentHash, again.ContentHash);
        Assert.Equal(shop.Tasks(TaskSplit.Train), again.Tasks(TaskSplit.Train));
    }

    [Fact]
    public void Step_ShoppingByHand_ShowsRowsOptionsAndPays()
    {
        using var shop = Small();
        var task = shop.Tasks(TaskSplit.Train)[0];
        var episode = (CompactEpisode)shop.Reset(task);
        var goal = episode.Wanted.Goal;

        episode.Step($"search[ {CompactText.WithoutCap(goal.InstructionText)} ]");
        Assert.StartsWith("<res> ", episode.Observation, StringComparison.Ordinal);
        var row = episode.Hits.ToList().FindIndex(h => h.Asin == goal.Asin);
        episode.Step($"click[ {CompactText.Row(row + 1)} ]");
        Assert.Equal("<item> color: red, blue,", episode.Observation);
        episode.Step("click[ green ]");
        Assert.True(episode.LastActionInvalid);
        episode.Step($"click[ {goal.Options[0].Value} ]");
        Assert.Equal("<ok>", episode.Observation);
        episode.Step("click[ <buy> ]");

        Assert.True(episode.Finished);
        Assert.Equal(1, episode.Reward);
        Assert.Equal(1, episode.InvalidActions);
        Assert.All(episode.Purchase!.Attributes, a => Assert.NotNull(a.MatchedBy));
    }

    [Theory]
    [InlineData("")]
    [InlineData("search[ ]")]
    [InlineData("search[ chair")]
    [InlineData("click[ <b1> ]")]
    [InlineData("click[ <buy> ]")]
    [InlineData("buy")]
    public void Step_NotPossible_IsCountedAndChangesNothing(string action)
    {
        using var shop = Small();
        var episode = shop.Reset(shop.Tasks(TaskSplit.Test)[0]);

        episode.Step(action);

        Assert.True(episode.LastActionInvalid);
        Assert.Equal("<inv>", episode.Observation);
        Assert.Empty(((CompactEpisode)episode).Hits);
    }

    // Whatever is allowed is acted on, in random walks through all of it; and a walk can be replayed.
    [Fact]
    public void Allowed_RandomWalks_AreNeverInvalidAndReplay()
    {
        using var shop = Small();
        for (var walk = 0; walk < 200; walk++)
        {
            var random = new SeededRandom(7, walk);
            var episode = shop.Reset(random.Pick(shop.Tasks(TaskSplit.Train)));
            while (!episode.Finished)
            {
                var allowed = episode.Allowed;
                episode.Step(allowed.Complete.Count > 0 && random.Chance(0.8) ? random.Pick(allowed.Complete) : $"{allowed.Openings[0]} {random.Pick(s_things)} ]");
            }

            Assert.Equal(0, episode.InvalidActions);
            var again = shop.Replay(episode.Task, episode.Actions);
            Assert.Equal((episode.StateKey, episode.Reward), (again.StateKey, again.Reward));
        }
    }

    [Fact]
    public void Demonstrations_ByTheShopper_AreValidAndImperfect()
    {
        using var shop = Small();
        var tasks = shop.DemonstrationTasks(64);
        Assert.Equal(64, tasks.Count);
        Assert.Contains(tasks, t => t.Id.StartsWith("webshop-madeup-", StringComparison.Ordinal));
        var rewards = tasks.Select((task, i) =>
        {
            var episode = shop.Reset(task);
            var random = new SeededRandom(1, i);
            while (!episode.Finished)
            {
                episode.Step(shop.ExpertAction(episode, random));
            }

            Assert.Equal(0, episode.InvalidActions);
            return episode.Reward;
        }).ToList();

        Assert.InRange(rewards.Average(), 0.4, 0.99);
    }

    // The compact episode is another view of the same shop: bought on the original's pages, the same things pay the same.
    [Fact]
    public void Reward_OfTheShopper_IsThatOfThePages()
    {
        using var shop = Small();
        var catalogue = shop.Catalogue;
        var site = new ShopSite(
            catalogue.Products, catalogue.Prices, SearchIndex.Build(catalogue.Products),
            (product, goal, price, options) => WebShopReward.Score(product, goal, price!.Value, options.Select(o => o.Value), new TitleNouns()).Reward);
        foreach (var (task, i) in shop.Tasks(TaskSplit.Train).Take(20).Select((t, i) => (t, i)))
        {
            var episode = (CompactEpisode)shop.Reset(task);
            var random = new SeededRandom(2, i);
            var session = ShopSession.Open("0", episode.Wanted.Goal);
            var reward = 0.0;
            while (!episode.Finished)
            {
                var action = shop.ExpertAction(episode, random);
                var step = site.Step(session, OnPages(action, episode));
                Assert.True(step.Acted, $"{action} on {session.Url}");
                (session, reward) = (step.Session, step.Reward);
                episode.Step(action);
            }

            Assert.Equal(episode.Reward, reward);
        }
    }

    [DataFact]
    public void RealCatalogue_SplitsAndRules_AreThoseMeasured()
    {
        using var shop = new WebShopEnvironment(new EnvironmentOptions
        {
            DataFolder = SharedData.Path("webshop"), ContentSeed = 4242, TrainTasks = 5000, TuningTasks = 300, TestTasks = 300,
        });
        Assert.Equal((1274, 71, 192), (shop.Tasks(TaskSplit.Train).Count, shop.Tasks(TaskSplit.Tuning).Count, shop.Tasks(TaskSplit.Test).Count));
        Assert.Equal((285, 30, 100), (Products(TaskSplit.Train), Products(TaskSplit.Tuning), Products(TaskSplit.Test)));

        foreach (var (name, mean) in ((string, double)[])[("first hit", 0.628), ("expert", 0.683), ("expert without slips", 0.866)])
        {
            var rule = shop.References.Single(r => r.Name == name);
            var rewards = shop.Tasks(TaskSplit.Test).Select((task, i) =>
            {
                var episode = shop.Reset(task);
                var random = new SeededRandom(3, i);
                while (!episode.Finished)
                {
                    episode.Step(rule.Act(episode, random));
                }

                return episode.Reward;
            }).Average();
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}: {rewards:0.000}, measured before {mean:0.000}"));
            Assert.InRange(rewards, mean - 0.03, mean + 0.03);
        }

        int Products(TaskSplit split) => shop.Tasks(split).Select(t => t.Group).Distinct(StringComparer.Ordinal).Count();
    }

    private static string OnPages(string action, CompactEpisode episode)
    {
        var inside = action[(action.IndexOf('[', StringComparison.Ordinal) + 1)..^1].Trim();
        return action.StartsWith("search[", StringComparison.Ordinal) ? $"search[{inside}]" : inside switch
        {
            "<prev>" => "click[< prev]",
            "<buy>" => "click[buy now]",
            ['<', 'b', ..] => $"click[{episode.Hits[int.Parse(inside[2..^1], CultureInfo.InvariantCulture) - 1].Asin.ToLowerInvariant()}]",
            _ => $"click[{inside}]",
        };
    }

    // 48 products, half of them with an instruction.
    private WebShopEnvironment Small()
    {
        var items = new List<object>();
        var attributes = new Dictionary<string, object>(StringComparer.Ordinal);
        for (var i = 0; i < 48; i++)
        {
            var (asin, thing) = (string.Create(CultureInfo.InvariantCulture, $"B{i:000000000}"), s_things[i % s_things.Length]);
            var mined = (string[])[$"style {i / 6}", i % 2 == 0 ? "easy clean" : "solid wood"];
            items.Add(new
            {
                asin, name = $"Maker{i} {thing} number {i}", full_description = "", pricing = string.Create(CultureInfo.InvariantCulture, $"${10 + i}.50"), images = new[] { "x" },
                product_category = "Home › Furniture", small_description = mined, category = "garden", query = thing,
                customization_options = new { Color = new[] { new { value = "red" }, new { value = "blue" } } },
            });
            attributes[asin] = i % 2 == 0
                ? new { attributes = mined, instruction = $"Find me {mined[1]} {thing} with {mined[0]}", instruction_attributes = mined }
                : new { attributes = mined };
        }

        File.WriteAllText(Path.Combine(_folder.FullName, "items_shuffle.json"), JsonSerializer.Serialize(items));
        File.WriteAllText(Path.Combine(_folder.FullName, "items_ins_v2.json"), JsonSerializer.Serialize(attributes));
        return new WebShopEnvironment(new EnvironmentOptions { DataFolder = _folder.FullName });
    }
}
