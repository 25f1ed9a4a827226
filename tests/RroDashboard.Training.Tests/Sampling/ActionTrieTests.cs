using RroDashboard.Core.Events;
using RroDashboard.Core.Statistics;
using RroDashboard.Environments;
using RroDashboard.Training.Sampling;
using TorchSharp;
using static TorchSharp.torch;

namespace RroDashboard.Training.Tests.Sampling;

public sealed class ActionTrieTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly TestContext _test = new("Environment.ActionMask=true");

    public void Dispose()
    {
        _test.Dispose();
        _scope.Dispose();
    }

    private Dialogue Dialogue => _test.Run.Dialogue;

    [Fact]
    public void Left_CompleteActions_FollowsTheirTokensAndEndsThere()
    {
        var trie = ActionTrie.Build(new(["click[ buy ]", "click[ back ]"], []), Dialogue, 12);
        var (buy, back) = (Dialogue.Action("click[ buy ]"), Dialogue.Action("click[ back ]"));

        var cursor = trie.Start();
        Assert.Equal([buy[0]], cursor.Left());
        cursor.Take(buy[0]);
        Assert.Equal(new[] { buy[1], back[1] }.Order(), cursor.Left());
        cursor.Take(back[1]);
        Assert.Equal([Dialogue.ActionEnd], cursor.Left());
    }

    [Fact]
    public void Left_FreeWords_TakesTextUntilTheLastTokenMustEnd()
    {
        const int Limit = 4;
        var trie = ActionTrie.Build(new([], ["search["]), Dialogue, Limit);
        var action = Dialogue.Action("search[ red ]");
        var cursor = trie.Start();
        cursor.Take(action[0]);

        Assert.Contains(action[1], cursor.Left());
        Assert.DoesNotContain(Dialogue.ActionEnd, cursor.Left());
        Assert.DoesNotContain(action[0], cursor.Left());
        Assert.All(cursor.Left(), t => Assert.True(_test.Tokenizer.IsText(t)));
        cursor.Take(action[1]);
        Assert.Contains(Dialogue.ActionEnd, cursor.Left());
        cursor.Take(action[1]);
        Assert.Equal([Dialogue.ActionEnd], cursor.Left());
    }

    [Fact]
    public void Build_NothingFits_SaysSo() =>
        Assert.Contains("no action that fits", Assert.Throws<InvalidOperationException>(() =>
            ActionTrie.Build(new(["click[ buy ]"], []), Dialogue, maxActionTokens: 2)).Message, StringComparison.Ordinal);

    // An untrained policy writes nonsense; under the mask not one action is invalid, and forced tokens are counted apart.
    [Fact]
    public void Evaluate_UntrainedPolicyUnderTheMask_NeverActsInvalidly()
    {
        Evaluate.Run(_test.Run, Stage.Baseline);

        var results = _test.Journal.Facts.OfType<EvaluationFinished>().ToList();
        Assert.Equal(2, results.Count);
        Assert.All(results, r => Assert.Equal(0, r.InvalidRate));
        Assert.True(_test.Run.Sampler.TokensForced > 0);
        Assert.Equal(results.Sum(r => r.Episodes.Sum(e => e.ActionTokens)), _test.Run.Sampler.TokensGenerated + _test.Run.Sampler.TokensForced);
    }

    [Fact]
    public void SampleAsync_UnderTheMask_LogProbIsThatOfTheTokensLeft()
    {
        var engine = _test.Run.Sampler;
        var trie = ActionTrie.Build(new(["click[ buy ]", "click[ back ]", "click[ next ]"], []), Dialogue, 12);
        var history = SamplingEngine.Start(Dialogue.Start("red"));
        var sampled = new List<SampledAction>();

        engine.Run([async () =>
        {
            for (var i = 0; i < 60; i++)
            {
                sampled.Add(await engine.SampleAsync(history, 1, new SeededRandom(i), last: false, trie).ConfigureAwait(false));
            }
        }]);

        var shares = sampled.GroupBy(s => Dialogue.ActionText(s.Tokens)).ToDictionary(g => g.Key, g => Math.Exp(g.First().LogProb));
        Assert.Equal(["click[ back ]", "click[ buy ]", "click[ next ]"], shares.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(1, shares.Values.Sum(), 4);
    }
}
