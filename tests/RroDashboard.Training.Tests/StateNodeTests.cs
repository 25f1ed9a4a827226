using RroDashboard.Core.Plans;
using RroDashboard.Core.Statistics;
using RroDashboard.Environments;
using RroDashboard.Training.Exploration;
using RroDashboard.Training.Sampling;

namespace RroDashboard.Training.Tests;

/// <summary>The trie, filled with rollouts of a random shopper in the real shop.</summary>
public sealed class StateNodeTests
{
    private static readonly IAgentEnvironment s_shop = EnvironmentFactory.Create(Presets.Create("smoke").Environment);

    [Theory]
    [InlineData(Pooling.State)]
    [InlineData(Pooling.Text)]
    public void Record_AnyRollouts_KeepsEveryReturnWhereItPassedAndNowhereElse(Pooling pooling)
    {
        var pooled = 0;
        for (var seed = 0; seed < 40; seed++)
        {
            var random = new SeededRandom(seed);
            var root = Root(seed);
            // What has to be there, kept beside it: per node the rewards of all rollouts that started there or passed.
            var expected = new Dictionary<StateNode, List<double>> { [root] = [] };
            for (var r = 0; r < 30; r++)
            {
                // From the start, or from a state that was reached before, as a candidate is topped up.
                var from = random.Chance(0.5) ? root : random.Pick([.. expected.Keys.Where(n => !n.Ended)]);
                var before = Ancestors(root, from).ToDictionary(n => n, n => (n.Returns.Count, n.Draws.Count));
                var rollout = Play(from, random);

                from.Record(rollout, pooling, length => length < 1000);

                // Nothing above the start knows of it.
                Assert.All(before, b => Assert.Equal(b.Value, (b.Key.Returns.Count, b.Key.Draws.Count)));
                var at = from;
                expected[at].Add(rollout.Reward);
                foreach (var step in rollout.Steps)
                {
                    at = at.Draws[^1].Node;
                    expected.TryAdd(at, []);
                    expected[at].Add(rollout.Reward);
                    Assert.Equal(StateNode.Key(Pooling.State, step.Action, step.After), at.Episode.StateKey);
                }

                Assert.True(at.Ended);
            }

            foreach (var (node, rewards) in expected)
            {
                Assert.Equal(rewards, node.Returns);
                Assert.Equal(node.Ended ? 0 : node.Returns.Count, node.Draws.Count);
                Assert.Equal(node.Children, node.Draws.Select(d => d.Node).Distinct());
                Assert.Equal(node.Ended ? node.Episode.Reward : rewards.Average(), node.Worth.Mean, 12);
                var keys = node.Children.Select(c => pooling == Pooling.State ? c.Episode.StateKey : c.Episode.Actions[^1]).ToList();
                Assert.Equal(keys.Distinct(), keys);
                pooled += node.Draws.Count(d => d.Step.Action != d.Node.Episode.Actions[^1]);
            }

            Assert.Equal(expected.Count, Count(root));
        }

        // Different words for one state: pooled by state, never by text.
        Assert.Equal(pooling == Pooling.State, pooled > 0);
    }

    // rules.md 2: the words that reached a state first stand for it, also in what follows.
    [Fact]
    public void Record_OtherWordsForTheSameState_ContinuesTheHistoryOfTheFirst()
    {
        var root = Root(0);
        root.Record(Rollout(root, ["search[ red sofa ]", "click[ b1 ]", "click[ buy ]"]), Pooling.State, _ => true);
        root.Record(Rollout(root, ["search[ sofa red ]", "click[ b2 ]", "click[ buy ]"]), Pooling.State, _ => true);

        var page = Assert.Single(root.Children);
        Assert.Equal(2, page.Returns.Count);
        Assert.Equal(2, page.Children.Count);
        Assert.All(page.Children, c => Assert.Equal(page.History.ToArray(), c.History.ToArray()[..page.History.Length]));
        Assert.Equal(page.History.Length + 5 + 7, page.Children[1].History.Length);
    }

    // On the last action that is allowed, a purchase and anything else both end the episode: they earn differently.
    [Fact]
    public void Record_LastStepWithAndWithoutPurchase_AreTwoResults()
    {
        var root = Root(0);
        var wait = Enumerable.Repeat("nonsense", s_shop.MaxSteps - 3).ToList();
        string[] begin = ["search[ sofa ]", "click[ b1 ]", .. wait];
        root.Record(Rollout(root, [.. begin, "click[ buy ]"]), Pooling.State, _ => true);
        root.Record(Rollout(root, [.. begin, "nonsense"]), Pooling.State, _ => true);
        var last = root;
        while (last.Children is [var only] && !only.Ended)
        {
            last = only;
        }

        var (bought, waited) = (last.Children[0], last.Children[1]);
        Assert.True(bought.Worth.Exact && waited.Worth.Exact);
        Assert.Equal(0, waited.Worth.Mean);
        Assert.Equal(bought.Episode.Reward, bought.Worth.Mean);
        Assert.NotEqual(0, bought.Worth.Mean);
    }

    private static StateNode Root(int task) => new(s_shop.Reset(s_shop.Tasks(TaskSplit.Train)[task]), new History(null, [1, 2, 3]), fits: true);

    // Tokens are made up; texts, states and rewards are the shop's.
    private static RolloutStep Step(StateNode from, History history, IEpisode episode, string action)
    {
        var after = episode.Fork();
        after.Step(action);
        int[] tokens = [.. Enumerable.Range(0, 5).Select(i => action.Length + i)];
        int[] answer = after.Finished ? [] : [7, 7, 7, 7, 7, 7, 7];
        return new RolloutStep(action, tokens, -1, false, after, answer, new History(history, [.. tokens, .. answer]));
    }

    private static PlayedRollout Rollout(StateNode from, IEnumerable<string> actions)
    {
        var steps = new List<RolloutStep>();
        foreach (var action in actions)
        {
            steps.Add(Step(from, steps.Count == 0 ? from.History : steps[^1].History, steps.Count == 0 ? from.Episode : steps[^1].After, action));
        }

        return new PlayedRollout(steps, steps[^1].After.Reward);
    }

    private static PlayedRollout Play(StateNode from, SeededRandom random)
    {
        var steps = new List<RolloutStep>();
        var (episode, history) = (from.Episode, from.History);
        while (!episode.Finished)
        {
            var complete = episode.Allowed.Complete;
            // Few words in any order: the same page is often reached in other words. Nonsense is an action too.
            string[] words = ["red", "sofa"];
            random.Shuffle<string>(words);
            var action = random.Chance(0.1) ? $"nonsense {random.Next(3)}" : complete.Count > 0 && random.Chance(0.8) ? random.Pick(complete) : $"search[ {string.Join(' ', words)} ]";
            steps.Add(Step(from, history, episode, action));
            (episode, history) = (steps[^1].After, steps[^1].History);
        }

        return new PlayedRollout(steps, episode.Reward);
    }

    private static IEnumerable<StateNode> Ancestors(StateNode root, StateNode node) =>
        root == node ? [] : root.Children.SelectMany(c => Contains(c, node) ? Ancestors(c, node).Prepend(root) : []);

    private static bool Contains(StateNode root, StateNode node) => root == node || root.Children.Any(c => Contains(c, node));

    private static int Count(StateNode node) => 1 + node.Children.Sum(Count);
}
