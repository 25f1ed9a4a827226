using RroDashboard.Core.Plans;
using RroDashboard.Core.Statistics;
using RroDashboard.Environments.MiniShop;

namespace RroDashboard.Environments.Tests.MiniShop;

/// <summary>The reference statistics of learning.md 2.8: our words and random numbers differ from the prototype's, these must not.</summary>
public sealed class ReferenceStatisticsTests : IDisposable
{
    private readonly MiniShopEnvironment _shop = new(new EnvironmentOptions());

    public void Dispose() => _shop.Dispose();

    [Fact]
    public void Expert_AThousandDemonstrations_IsAsImperfectAsTheReference()
    {
        var episodes = Demonstrations();
        var rewards = episodes.Select(e => e.Reward).ToArray();

        Assert.InRange(rewards.Average(), 0.80, 0.85);                                         // .824
        Assert.InRange(rewards.Count(r => r > 0.99) / 1000.0, 0.42, 0.52);                    // .46
        Assert.InRange(episodes.Average(e => e.Actions.Count), 4.85, 5.2);                     // 5.02
        Assert.All(episodes, e => Assert.InRange(e.Actions.Count, 3, 7));
        Assert.InRange(episodes.Count(e => e.Actions.Count == 5) / 1000.0, 0.40, 0.56);       // .481
        Assert.All(episodes, e => Assert.Equal(0, e.InvalidActions));
    }

    [Fact]
    public void Demonstration_AsTokens_IsAsLongAsTheReference()
    {
        var lengths = Demonstrations().Select(Words).ToArray();

        Assert.InRange(lengths.Average(), 103, 114);                                           // 108.5
        Assert.InRange(lengths.Max(), 140, 200);                                               // 158
        Assert.InRange(_shop.Tasks(TaskSplit.Train).Average(t => t.Instruction.Split(' ').Length), 13.2, 15.2); // 14.2

        // <bos> instruction <act> ACTION <obs> OBSERVATION <act> ... <eos>
        int Words(ShopEpisode episode)
        {
            var replay = _shop.Reset(episode.Task);
            var count = 2 + episode.Task.Instruction.Split(' ').Length;
            foreach (var action in episode.Actions)
            {
                replay.Step(action);
                count += action.Split(' ').Length + (replay.Finished ? 1 : 2 + replay.Observation.Split(' ').Length);
            }

            return count;
        }
    }

    [Fact]
    public void Search_FullQuery_HasTheBestProductAmongTheFirstFive()
    {
        var best = _shop.Tasks(TaskSplit.Train).Average(task =>
        {
            var goal = _shop.Goal(task);
            return _shop.Catalogue.Search([.. goal.Attributes, goal.Category, goal.Colour, goal.OptionValue]).Take(5).Max(p => Offered(goal, p));
        });

        Assert.InRange(best, 0.985, 1);                                                        // .996
    }

    [Fact]
    public void Reward_RandomRowAndHalfTheWishes_IsAsLowAsTheReference()
    {
        var random = new SeededRandom(1);
        var mean = _shop.Tasks(TaskSplit.Train).Average(task =>
        {
            var goal = _shop.Goal(task);
            string[] words = [.. goal.Attributes.Where(_ => random.Chance(0.5)), goal.Category];
            var product = random.Pick(_shop.Catalogue.Search(words).Take(5).ToList());
            return goal.Reward(
                product,
                product.Colours.Contains(goal.Colour) && random.Chance(0.5) ? goal.Colour : null,
                product.OptionValues.Contains(goal.OptionValue) && random.Chance(0.5) ? goal.OptionValue : null);
        });

        Assert.InRange(mean, 0.47, 0.56);                                                      // .516
    }

    // A fifth of the training instructions are drawn from the same 320 products many times over: nearly all of them occur.
    [Fact]
    public void Tasks_ThousandTraining_ComeFromNearlyAllProducts()
    {
        var fits = _shop.Catalogue.Products.Count(p => _shop.Tasks(TaskSplit.Train).Any(t => Offered(_shop.Goal(t), p) > 0.99));

        Assert.InRange(fits, 290, 320);
    }

    private static double Offered(ShopGoal goal, ShopProduct product) => goal.Reward(
        product,
        product.Colours.Contains(goal.Colour) ? goal.Colour : null,
        product.OptionValues.Contains(goal.OptionValue) ? goal.OptionValue : null);

    private ShopEpisode[] Demonstrations() => [.. _shop.Tasks(TaskSplit.Train).Select((task, i) =>
    {
        var random = new SeededRandom(5, i);
        var episode = (ShopEpisode)_shop.Reset(task);
        while (!episode.Finished)
        {
            episode.Step(_shop.ExpertAction(episode, random));
        }

        return episode;
    })];
}
