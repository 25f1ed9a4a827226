using RroDashboard.Core.Plans;
using RroDashboard.Core.Preferences;
using RroDashboard.Core.Rewards;
using RroDashboard.Core.Statistics;
using RroDashboard.Training.Model;
using RroDashboard.Training.Sampling;
using RroDashboard.Training.Tests.Model;
using TorchSharp;
using static TorchSharp.torch;

namespace RroDashboard.Training.Tests.Devices;

/// <summary>The same things computed on a device, to be compared with what the processor says.</summary>
internal static class DeviceComparison
{
    /// <summary>Adapters on every kind of matrix.</summary>
    public static Tuning Lora { get; } = new(4, 8, Tuning.AllTargets, 0.25);

    private static readonly PreferencePair[] s_pairs = [Pair([1, 5, 9, 7], [11, 3], [4, 8, 6]), Pair([2, 6], [7, 7, 7, 1], [9])];

    /// <summary>A family's tiny checkpoint.</summary>
    public static Decoder Model(string family, Tuning tuning, Device device)
    {
        var model = Decoder.Load(ReferenceCheckpoint.Write(DecoderTests.Golden(family).GetProperty("config")), tuning, 96, new SeededRandom(1), device);
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var random = new SeededRandom(9);
        foreach (var (_, value) in model.Adapters())
        {
            value.copy_(tensor([.. Enumerable.Range(0, (int)value.numel()).Select(_ => (float)(0.3 * random.NextGaussian()))], value.shape));
        }

        return model;
    }

    /// <summary>Logits of a batch with padding, (2, 7, V) as a list.</summary>
    public static float[] Logits(LanguageModel model)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        return model.Logits(model.forward(tensor([1L, 5, 7, 30, 2, 11, 40, 3, 3, 8, 21, 0, 0, 0], [2, 7], device: model.Device))).cpu().data<float>().ToArray();
    }

    /// <summary>The loss of two pairs, its gradients, and the weights after one update of AdamW; dropout on where there are adapters.</summary>
    public static (double Loss, float[] Gradients, float[] Weights) Step(LanguageModel model)
    {
        using var scope = NewDisposeScope();
        if (model is Decoder decoder)
        {
            decoder.DropoutStream = new SeededRandom(5);
        }

        int[] tokens = [1, 4, 9, 16, 25, 36, 49, 3], others = [2, 7, 1, 8, 2];
        using var optimizer = new AdamW(model, 0.01);
        optimizer.ZeroGrad();
        var loss = Sft.Backward(model, [(tokens, [.. tokens.Select((_, i) => i % 3 != 0)]), (others, [.. others.Select(_ => true)])], 0.1)
            + Sft.Backward(model, [(others, [.. others.Select(_ => true)])], 0);
        var reference = tensor([-9f, -3, -11, -2], [2, 2], device: model.Device);
        var (_, total, _) = Dpo.Losses(Dpo.LogProbs(model, s_pairs), reference, Dpo.Counts(s_pairs, model.Device), new DpoOptions { NllWeight = 0.3, Loss = PreferenceLoss.LengthNormalised });
        model.Backward(Dpo.Weigh(total, [.. s_pairs.Select((p, i) => p with { Weight = 1 + i })]).mean());
        loss += total.mean().ToDouble();
        float[] gradients = [.. model.Trainable.SelectMany(t => t.grad!.cpu().data<float>().ToArray())];
        loss += optimizer.ClipGradients(0.5);
        optimizer.Step(0.01);
        return (loss, gradients, [.. model.Trainable.SelectMany(t => t.detach().cpu().data<float>().ToArray())]);
    }

    /// <summary>Actions of three turns by five walks, some greedy, over shared and forked histories, with a cache too small for all.</summary>
    public static int[][] Sample(LanguageModel model, double temperature, bool? drawsOnDevice = null)
    {
        using var plain = new SamplingEngine(model, actionEnd: 7, maxActionTokens: 6, CancellationToken.None, cacheRows: 8, rowsPerPass: 4);
        using var forced = new SamplingEngine(model, actionEnd: 7, maxActionTokens: 6, CancellationToken.None, cacheRows: 8, rowsPerPass: 4) { DrawsOnDevice = drawsOnDevice ?? false };
        var engine = drawsOnDevice is null ? plain : forced;
        var written = new int[5][];
        engine.Run(Enumerable.Range(0, written.Length).Select(walk => (Func<Task>)(async () =>
        {
            var (random, all) = (new SeededRandom(3, walk), new List<int>());
            var history = SamplingEngine.Start([.. Enumerable.Range(1, 2 + walk)]);
            for (var turn = 0; turn < 3; turn++)
            {
                var sampled = await engine.SampleAsync(history, walk == 0 ? 0 : temperature, random, last: walk % 2 == 0);
                all.AddRange(sampled.Tokens);
                history = engine.Append(sampled.After, [10 + turn, 20]);
            }

            written[walk] = [.. all];
        })));
        return written;
    }

    /// <summary>Largest difference, as a share of the largest number.</summary>
    public static double Difference(float[] expected, float[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        var largest = expected.Max(Math.Abs);
        Assert.True(largest > 1e-3, "Numbers that are all zero compare well with anything.");
        return expected.Zip(actual).Max(p => Math.Abs(p.First - p.Second)) / largest;
    }

    /// <summary>
    /// Largest difference of the weights after an update, as a share of the largest weight, but for those whose gradient is next to nothing: AdamW divides
    /// a gradient by its own size, so a last digit of it decides where such a weight goes.
    /// </summary>
    public static double UpdateDifference((double Loss, float[] Gradients, float[] Weights) expected, (double Loss, float[] Gradients, float[] Weights) actual)
    {
        var least = 1e-2 * expected.Gradients.Max(Math.Abs);
        var clear = Enumerable.Range(0, expected.Gradients.Length).Where(i => Math.Abs(expected.Gradients[i]) > least).ToArray();
        return Difference([.. clear.Select(i => expected.Weights[i])], [.. clear.Select(i => actual.Weights[i])]);
    }

    private static PreferencePair Pair(int[] history, int[] chosen, int[] rejected) =>
        new(0, 0, "", "", "", Estimate.Final(1), Estimate.Final(0), history, chosen, rejected);
}
