using RroDashboard.Core.Events;
using RroDashboard.Core.Exploration;
using RroDashboard.Core.Metrics;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Rewards;
using RroDashboard.Core.Statistics;
using TorchSharp;
using static TorchSharp.torch;

namespace RroDashboard.Training.Tests;

public sealed class StageTests
{
    [Fact]
    public void SftTrain_AFewUpdates_LowersTheLossAndMovesEveryWeight()
    {
        using var scope = NewDisposeScope();
        using var test = new TestContext("Sft.LearningRate=0.003");
        var before = test.Model.parameters().Select(p => p.detach().clone()).ToArray();

        Sft.Train(test.Run, test.Demonstrations);

        var loss = test.Journal.Series(SeriesNames.SftLoss);
        Assert.Equal(test.Plan.Sft.Updates, loss.Length);
        Assert.InRange(loss[0], 0.5 * Math.Log(test.Tokenizer.Size), 1.5 * Math.Log(test.Tokenizer.Size));
        Assert.True(loss[^1] < 0.75 * loss[0], $"{loss[0]} -> {loss[^1]}");
        Assert.All(test.Model.parameters().Zip(before), p => Assert.True((p.First - p.Second).abs().max().ToDouble() > 0));
    }

    [Fact]
    public void SftLoss_ObservationWeightZero_ReadsOnlyWrittenTokens()
    {
        using var scope = NewDisposeScope();
        using var test = new TestContext();
        int[] tokens = [1, 30, 31, 32, 33];
        int[] otherAnswer = [1, 30, 31, 32, 40];
        bool[] written = [false, false, true, true, false];

        var a = Sft.Loss(test.Model, [(tokens, written)], 0).ToDouble();
        var b = Sft.Loss(test.Model, [(otherAnswer, written)], 0).ToDouble();

        Assert.Equal(a, b, 6);
        Assert.NotEqual(a, Sft.Loss(test.Model, [(tokens, written)], 0.1).ToDouble(), 6);
    }

    [Fact]
    public void SftBackward_BatchInParts_HasTheGradientOfTheWhole()
    {
        using var scope = NewDisposeScope();
        using var test = new TestContext();
        var random = new SeededRandom(3);
        var batch = Enumerable.Range(0, 90).Select(i => (
            Tokens: Enumerable.Range(0, 30 + (i % 40)).Select(_ => random.Next(test.Model.Vocabulary)).ToArray(),
            Written: Enumerable.Range(0, 30 + (i % 40)).Select(t => t % 3 == 1).ToArray())).ToList();
        Assert.True(Batches.Parts([.. Enumerable.Range(0, 90)], i => batch[i].Tokens.Length).Count > 1);

        var loss = Sft.Loss(test.Model, batch, 0.1);
        loss.backward();
        var whole = test.Model.parameters().Select(p => p.grad!.clone()).ToList();
        foreach (var parameter in test.Model.parameters())
        {
            parameter.grad!.zero_();
        }

        var value = Sft.Backward(test.Model, batch, 0.1);

        Assert.Equal(loss.ToDouble(), value, 5);
        Assert.All(test.Model.parameters().Zip(whole), p => Assert.True((p.First.grad! - p.Second).abs().max().ToDouble() < 1e-5));
    }

    [Fact]
    public void ExchangeableWords_MiniShop_LeavesTheActionFrameAlone()
    {
        using var scope = NewDisposeScope();
        using var test = new TestContext();
        var words = test.Run.Dialogue.ExchangeableWords.SelectMany(w => w).Select(id => test.Tokenizer.Show(id)).ToList();

        Assert.Contains(" results", words);
        Assert.DoesNotContain(words, w => w.Contains('[', StringComparison.Ordinal) || w.Contains(']', StringComparison.Ordinal));
    }

    [Fact]
    public void SftTrain_VocabularyPermutation_TrainsOnOtherWordsButTheSameFrame()
    {
        using var scope = NewDisposeScope();
        using var plain = new TestContext("Sft.Updates=3");
        using var permuted = new TestContext("Sft.Updates=3", "Sft.VocabularyPermutation=1");

        Sft.Train(plain.Run, plain.Demonstrations);
        Sft.Train(permuted.Run, permuted.Demonstrations);

        var (a, b) = (plain.Journal.Series("sft/loss"), permuted.Journal.Series("sft/loss"));
        Assert.Equal(3, b.Length);
        Assert.NotEqual(a, b);
    }

    [Fact]
    public void References_MiniShop_PlaysTheExpertOnTheTestTasks()
    {
        using var scope = NewDisposeScope();
        using var test = new TestContext();

        var expert = Assert.Single(Evaluate.References(test.Run));

        Assert.Equal("expert", expert.Name);
        Assert.InRange(expert.Mean, 0.4, 0.95);
        Assert.InRange(expert.Mean, expert.Interval[0], expert.Interval[1]);
        Assert.Equal(expert.Mean, Assert.Single(test.Journal.Facts.OfType<ReferenceEvaluated>()).Mean);
    }

    [Fact]
    public void SftTrain_DemonstrationsLongerThanTheContext_AreLeftOutWithAnAlert()
    {
        using var scope = NewDisposeScope();
        using var test = new TestContext("Model.Context=100", "Sft.Updates=2");

        Sft.Train(test.Run, test.Demonstrations);

        Assert.Contains("demonstrations are longer than Model.Context = 100", Assert.Single(test.Journal.Facts.OfType<AlertRaised>()).Text, StringComparison.Ordinal);
    }

    public static TheoryData<string> OpenPoints => [.. PlanSettings.All.Where(s => s.Group == "Explore" && s.Type.IsEnum).SelectMany(s => s.Choices.Select(c => $"{s.Path}={c}"))];

    // Every reading of the paper that can be chosen has to keep the books: accounts match what was sampled, pairs point downwards.
    [Theory]
    [MemberData(nameof(OpenPoints))]
    public void ExploreRun_EveryOpenPoint_KeepsTheBooks(string setting)
    {
        using var scope = NewDisposeScope();
        using var test = new TestContext("Explore.RiseMargin=0.1", setting).Taught();

        var (pairs, budget) = Explore.Run(test.Run);

        var candidates = test.Journal.Facts.OfType<CandidateScored>().ToList();
        var steps = test.Journal.Facts.OfType<StepDecided>().ToList();
        var rule = new RisingRule(test.Plan.Explore.Rise, test.Plan.Explore.RiseMargin, test.Environment.RewardRange);
        Assert.Equal(test.Plan.Explore.Tasks, test.Journal.Facts.OfType<TaskFinished>().Count());
        Assert.Equal(candidates.Count, steps.Sum(s => s.Accounts.Count));
        Assert.Equal(budget.Candidates, steps.Sum(s => s.Tried));
        Assert.Equal(budget.Steps, steps.Count);
        Assert.Equal(budget.SameState, candidates.Count(c => c.SameStateAs is not null));
        Assert.All(steps, s => Assert.InRange(s.Tried, 1, test.Plan.Explore.MaxCandidates));
        Assert.All(steps.Where(s => s.Verdict == StepVerdict.Rose), s =>
        {
            Assert.True(rule.Rises(s.Previous, s.Accepted!));
            Assert.Equal(CandidateAccount.Accepted, s.Accounts[s.AcceptedAttempt!.Value]);
            Assert.Equal(s.Tried - 1, s.AcceptedAttempt);
        });
        Assert.All(steps.Where(s => s.Verdict is StepVerdict.KeptBest or StepVerdict.KeptExpert or StepVerdict.Stopped), s =>
        {
            Assert.Equal(test.Plan.Explore.MaxCandidates, s.Tried);
            Assert.DoesNotContain(CandidateAccount.Accepted, s.Accounts);
        });
        Assert.All(pairs, p => Assert.True(p.Gap > 0 && p.ChosenTokens.Count > 0 && p.RejectedTokens.Count > 0));
        Assert.Equal(pairs.Count, test.Journal.Facts.OfType<PairCreated>().Count());
        RunStarted started = new(PlanSettings.ToDictionary(test.Plan), "MiniShop", "", "", 1, 1, test.Environment.RewardRange);
        Assert.Empty(LedgerCheck.Of([started, .. test.Journal.Facts], budget).Mismatches);
        Assert.All(candidates.Where(c => c.Value.Exact && !c.Truncated), c => Assert.Single(c.Value.Outcomes));
    }

    [Fact]
    public void ExploreRun_DrawOneContrast_CountsItApart()
    {
        using var scope = NewDisposeScope();
        using var test = new TestContext("Explore.OnImmediateRise=DrawOneContrast");

        var (_, budget) = Explore.Run(test.Run);

        var steps = test.Journal.Facts.OfType<StepDecided>().ToList();
        Assert.Equal(steps.Count(s => s.Tried == 1 && s.Verdict == StepVerdict.Rose), budget.Contrasts);
        Assert.Equal(budget.Contrasts, steps.Sum(s => s.Accounts.Count(a => a == CandidateAccount.Contrast)));
    }

    [Fact]
    public void ExploreRun_FirstStepBaselineZero_AcceptsTheFirstCandidateOfEveryTask()
    {
        using var scope = NewDisposeScope();
        using var test = new TestContext("Explore.FirstStepBaseline=Zero");

        Explore.Run(test.Run);

        Assert.All(test.Journal.Facts.OfType<StepDecided>().Where(s => s.Step == 0), s => Assert.Equal(1, s.Tried));
    }

    [Fact]
    public void DpoTrain_FirstUpdate_HasLossLnTwoAndThenTheMarginGrows()
    {
        using var scope = NewDisposeScope();
        using var test = new TestContext("Explore.Tasks=12", "Dpo.Updates=20", "Dpo.LearningRate=0.001").Taught();
        var (pairs, _) = Explore.Run(test.Run);

        var summary = Dpo.Train(test.Run, pairs, test.Demonstrations);

        Assert.NotEmpty(pairs);
        Assert.Equal(20, summary.Updates);
        Assert.Equal(Math.Log(2), test.Journal.Series(SeriesNames.DpoLoss)[0], 5);
        Assert.Equal(0, test.Journal.Series(SeriesNames.DpoMargin)[0], 5);
        Assert.True(summary.Margin > 0.01, $"margin {summary.Margin}");
        Assert.True(summary.Accuracy > 0.6, $"accuracy {summary.Accuracy}");
        Assert.True(summary.Loss < Math.Log(2));
    }

    // By hand from the definition, one token at a time.
    [Fact]
    public void DpoLogProbs_TwoPairs_AreSumsOverTheActionTokens()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var test = new TestContext();
        var value = new Estimate([1.0]);
        var first = new Core.Preferences.PreferencePair(0, 0, "", "", "", value, value, [1, 22, 23], [24, 25], [26]);
        var second = new Core.Preferences.PreferencePair(0, 0, "", "", "", value, value, [1, 27], [28], [29, 30, 31]);

        var logProbs = Dpo.LogProbs(test.Model, [first, second]);

        Assert.Equal(ByHand(first.HistoryTokens, first.ChosenTokens), logProbs[0][0].ToDouble(), 3);
        Assert.Equal(ByHand(second.HistoryTokens, second.ChosenTokens), logProbs[0][1].ToDouble(), 3);
        Assert.Equal(ByHand(first.HistoryTokens, first.RejectedTokens), logProbs[1][0].ToDouble(), 3);
        Assert.Equal(ByHand(second.HistoryTokens, second.RejectedTokens), logProbs[1][1].ToDouble(), 3);

        double ByHand(IReadOnlyList<int> history, IReadOnlyList<int> action)
        {
            long[] ids = [.. history.Concat(action).Select(t => (long)t)];
            var all = test.Model.Logits(test.Model.forward(tensor(ids, [1, ids.Length])))[0].log_softmax(-1);
            return Enumerable.Range(0, action.Count).Sum(j => all[history.Count + j - 1][action[j]].ToDouble());
        }
    }

    [Fact]
    public void DpoTrain_NoPairs_SaysSoAndChangesNothing()
    {
        using var scope = NewDisposeScope();
        using var test = new TestContext();

        var summary = Dpo.Train(test.Run, [], test.Demonstrations);

        Assert.Equal(0, summary.Updates);
        Assert.Contains("no preference pair", Assert.Single(test.Journal.Facts.OfType<AlertRaised>()).Text, StringComparison.Ordinal);
    }
}
