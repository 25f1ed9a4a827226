using RroDashboard.Core.Events;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Preferences;
using RroDashboard.Core.Rewards;
using TorchSharp;
using static TorchSharp.torch;

namespace RroDashboard.Training.Tests;

public sealed class DpoFamilyTests
{
    // Policy -3 and -8 against reference -4 and -6, three and two tokens: shifts +1 and -2.
    private static readonly float[] s_policy = [-3, -8];
    private static readonly float[] s_reference = [-4, -6];
    private static readonly float[] s_counts = [3, 2];

    [Fact]
    public void Losses_Plain_IsTheFormulaByHand()
    {
        using var scope = NewDisposeScope();
        var (preference, total, margin) = One(new DpoOptions { Beta = 0.5 });

        Assert.Equal(0.5 * 3, margin, 5);
        Assert.Equal(Math.Log(1 + Math.Exp(-1.5)), preference, 5);
        Assert.Equal(preference, total, 6);
    }

    [Fact]
    public void Losses_LengthNormalised_DividesEachSideByItsTokens()
    {
        using var scope = NewDisposeScope();
        var (preference, _, margin) = One(new DpoOptions { Beta = 0.5, Loss = PreferenceLoss.LengthNormalised });

        Assert.Equal(0.5 * ((1.0 / 3) + (2.0 / 2)), margin, 5);
        Assert.Equal(Math.Log(1 + Math.Exp(-margin)), preference, 5);
    }

    [Fact]
    public void Losses_NllTerm_AddsThePerTokenLossOfTheChosenSide()
    {
        using var scope = NewDisposeScope();
        var (preference, total, _) = One(new DpoOptions { Beta = 0.5, NllWeight = 0.2 });

        Assert.Equal(Math.Log(1 + Math.Exp(-1.5)), preference, 5);
        Assert.Equal(preference + (0.2 * 3.0 / 3), total, 5);
    }

    [Fact]
    public void Losses_DpoPositive_PunishesOnlyAFallOfTheChosenSide()
    {
        using var scope = NewDisposeScope();
        var options = new DpoOptions { Beta = 0.5, Loss = PreferenceLoss.DpoPositive, PositiveWeight = 5 };

        var (above, _, _) = One(options);
        // Chosen fell by 1: inner = .5 * (-1 + 2) - .5 * 5 * 1 = -2.
        var (below, _, margin) = One(options, [-5, -8]);

        Assert.Equal(Math.Log(1 + Math.Exp(-1.5)), above, 5);
        Assert.Equal(0.5, margin, 5);
        Assert.Equal(Math.Log(1 + Math.Exp(2)), below, 5);
    }

    public static TheoryData<PreferenceLoss, double> Family => new()
    {
        { PreferenceLoss.Dpo, 0 },
        { PreferenceLoss.Dpo, 0.3 },
        { PreferenceLoss.LengthNormalised, 0 },
        { PreferenceLoss.DpoPositive, 0 },
        { PreferenceLoss.DpoPositive, 0.3 },
    };

    // Through the whole model: the gradient of a weight is what moving that weight does to the loss.
    [Theory]
    [MemberData(nameof(Family))]
    public void Losses_GradientOfTheModel_IsThatOfFiniteDifferences(PreferenceLoss loss, double nll)
    {
        using var scope = NewDisposeScope();
        using var test = new TestContext();
        var options = new DpoOptions { Beta = 0.5, Loss = loss, NllWeight = nll, PositiveWeight = 2 };
        var value = new Estimate([1.0]);
        PreferencePair[] pairs =
        [
            new(0, 0, "", "", "", value, value, [1, 22, 23], [24, 25, 26], [27]),
            new(0, 0, "", "", "", value, value, [1, 27], [28, 30, 31, 22], [29, 30, 25]) { ChosenWritten = [true, false, true, true], RejectedWritten = [true, false, true] },
        ];
        // A reference above the policy on one side and below on the other, so that no term is at its kink.
        var reference = tensor((float[])[-10, -40, -12, -3], [2, 2]);
        var parameter = test.Model.parameters().MaxBy(p => p.shape.Length > 1 ? p.numel() : 0)!;

        Total().backward();
        var gradient = parameter.grad!.flatten().data<float>().ToArray();
        var checkedOnes = Enumerable.Range(0, gradient.Length).OrderByDescending(i => Math.Abs(gradient[i])).Take(5).ToArray();

        Assert.All(checkedOnes, i =>
        {
            const float Step = 3e-3f;
            var numeric = (Moved(i, Step) - Moved(i, -Step)) / (2 * Step);
            Assert.Equal(numeric, gradient[i], 0.02 * Math.Max(0.05, Math.Abs(gradient[i])));
        });

        Tensor Total() => Dpo.Losses(Dpo.LogProbs(test.Model, pairs), reference, Dpo.Counts(pairs), options).Total.mean();

        double Moved(int at, float by)
        {
            using var noGrad = no_grad();
            var flat = parameter.view(-1);
            flat[at] += by;
            var moved = Total().ToDouble();
            flat[at] -= by;
            return moved;
        }
    }

    [Fact]
    public void LogProbs_WrittenMask_LeavesObservationsOut()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var test = new TestContext();
        var value = new Estimate([1.0]);
        var whole = new PreferencePair(0, 0, "", "", "", value, value, [1, 22], [23, 24, 25], [26]);
        var masked = whole with { ChosenWritten = [true, false, true] };
        var middle = new PreferencePair(0, 0, "", "", "", value, value, [1, 22, 23], [24], [26]);

        var sums = Dpo.LogProbs(test.Model, [whole, masked, middle]);

        Assert.Equal(sums[0][0].ToDouble() - sums[0][2].ToDouble(), sums[0][1].ToDouble(), 3);
        Assert.Equal(2, masked.ChosenWrittenCount);
    }

    [Theory]
    [InlineData(LearningRateSchedule.Linear, 0, 1e-4)]
    [InlineData(LearningRateSchedule.Linear, 50, 1e-3 * 0.55)]
    [InlineData(LearningRateSchedule.Cosine, 50, 1e-3 * 0.55)]
    [InlineData(LearningRateSchedule.Cosine, 25, 1e-3 * (0.1 + (0.9 * 0.853553)))]
    [InlineData(LearningRateSchedule.Constant, 99, 1e-3)]
    public void LearningRate_EverySchedule_IsThatByHand(LearningRateSchedule schedule, int update, double expected)
    {
        var options = new DpoOptions { LearningRate = 1e-3, Updates = 100, WarmupUpdates = 10, Schedule = schedule };

        Assert.Equal(expected, Dpo.LearningRate(options, update), 7);
    }

    [Fact]
    public void DpoTrain_PairsThatCannotBeTrainedOn_AreLeftOutAndCounted()
    {
        using var scope = NewDisposeScope();
        using var test = new TestContext("Dpo.Updates=1", "Guard.Every=0");
        var value = new Estimate([1.0]);
        var good = new PreferencePair(0, 0, "", "", "", value, value, [1, 22], [23, 24], [25]);
        var empty = good with { RejectedWritten = [false] };
        var tooLong = good with { HistoryTokens = [.. Enumerable.Repeat(22, test.Model.Context)] };

        var summary = Dpo.Train(test.Run, [empty, good, tooLong], test.Demonstrations, [7, 8, 9]);

        var alerts = test.Journal.Facts.OfType<AlertRaised>().Select(a => a.Text).ToList();
        Assert.Equal(1, summary.Updates);
        Assert.Contains(alerts, a => a.StartsWith("1 of 3 pairs have a side without a token", StringComparison.Ordinal));
        Assert.Contains(alerts, a => a.StartsWith("1 of 3 pairs are longer than Model.Context", StringComparison.Ordinal));
        Assert.All(test.Journal.Facts.OfType<PairMargins>(), m => Assert.Equal([8], m.Pairs));
        var drawn = Assert.Single(test.Journal.Facts.OfType<PairsDrawn>());
        Assert.Equal((1, 8, 1), (drawn.Updates, Assert.Single(drawn.Pairs), Assert.Single(drawn.Times)));
    }

    // Shuffled passes: after n draws every pair was drawn floor(n / pairs) or one more times.
    [Fact]
    public void DpoTrain_PairsDrawn_CountsEveryBatchOfTheSchedule()
    {
        using var scope = NewDisposeScope();
        using var test = new TestContext("Dpo.Updates=3", "Dpo.BatchSize=2", "Guard.Every=0");
        var value = new Estimate([1.0]);
        PreferencePair[] pairs = [.. Enumerable.Range(0, 4).Select(i => new PreferencePair(0, i, "", "", "", value, value, [1, 22], [23, 24 + i], [25]))];

        Dpo.Train(test.Run, pairs, test.Demonstrations, [4, 5, 6, 7]);

        var drawn = Assert.Single(test.Journal.Facts.OfType<PairsDrawn>());
        Assert.Equal([4, 5, 6, 7], drawn.Pairs);
        Assert.Equal(6, drawn.Times.Sum());
        Assert.All(drawn.Times, t => Assert.InRange(t, 1, 2));
    }

    // At the beginning 0 by definition, at the end what the losses' margins are, by the index of each pair.
    [Fact]
    public void DpoTrain_PairMargins_AreMeasuredFromTheBeginningToTheEnd()
    {
        using var scope = NewDisposeScope();
        using var test = new TestContext("Dpo.Updates=9", "Dpo.LearningRate=0.001", "Guard.Every=0").Taught();
        var (pairs, _) = Explore.Run(test.Run);
        var before = Dpo.ReferenceLogProbs(test.Model, pairs);

        Dpo.Train(test.Run, pairs, test.Demonstrations);

        var margins = test.Journal.Facts.OfType<PairMargins>().ToList();
        var after = Dpo.ReferenceLogProbs(test.Model, pairs);
        Assert.Equal([0, 3, 6, 9], margins.Select(m => m.Update));
        Assert.All(margins, m => Assert.Equal(Enumerable.Range(0, pairs.Count), m.Pairs));
        Assert.All(margins[0].Margins, m => Assert.Equal(0, m));
        Assert.All(margins[^1].Margins.Index(), m =>
            Assert.Equal(0.1 * (after[m.Index][0] - before[m.Index][0] - after[m.Index][1] + before[m.Index][1]), m.Item, 3));
        Assert.True(margins[^1].Margins.Average() > margins[1].Margins.Average());
    }

    [Fact]
    public void CheckFirst_LossIsNotLnTwo_Throws()
    {
        using var scope = NewDisposeScope();
        using var test = new TestContext();

        Preflight.CheckFirst(test.Run, Math.Log(2), 1);
        Assert.Contains("instead of ln 2", Assert.Throws<InvalidOperationException>(() => Preflight.CheckFirst(test.Run, 0.75, 1)).Message, StringComparison.Ordinal);
        Preflight.CheckFirst(test.Run, Math.Log(2), 0);
        Assert.Contains("nothing will be learned", Assert.Single(test.Journal.Facts.OfType<AlertRaised>()).Text, StringComparison.Ordinal);
    }

    private static (double Preference, double Total, double Margin) One(DpoOptions options, float[]? policy = null)
    {
        var (preference, total, margin) = Dpo.Losses(tensor(policy ?? s_policy, [2, 1]), tensor(s_reference, [2, 1]), tensor(s_counts, [2, 1]), options);
        return (preference.ToDouble(), total.ToDouble(), margin.ToDouble());
    }
}
