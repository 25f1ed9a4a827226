using RroDashboard.Core.Plans;
using RroDashboard.Core.Statistics;
using RroDashboard.Training.Model;
using RroDashboard.Training.Sampling;
using RroDashboard.Training.Tests.Model;
using static TorchSharp.torch;

namespace RroDashboard.Training.Tests.Sampling;

/// <summary>Histories of different lengths are computed together: the padding of one must not reach another, nor its own last token.</summary>
public sealed class PaddingTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void SampleAsync_LongHistoryBesideANewOne_SaysWhatItSaysAlone(bool checkpoint)
    {
        using var model = Model(checkpoint);
        int[] start = [.. Enumerable.Range(0, 20).Select(i => 1 + (i * 7 % 40))], observation = [3, 9, 4], other = [.. Enumerable.Range(0, 12).Select(i => 2 + (i * 5 % 40))];
        Assert.Equal(LogProb(model, start, observation, null), LogProb(model, start, observation, other), 1e-4);
    }

    // Padding that stands so far behind the last position that a sliding window over it sees no key at all: softmax of nothing is no number, and would
    // reach every later token of the row, and of other rows that come to lie in it.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void SampleAsync_PaddingBehindASlidingWindow_SaysWhatItSaysAlone(bool bfloat16)
    {
        using var model = DecoderTests.Load(DecoderTests.Golden("gemma2"), tuning: new Tuning(1, 1, [], 0) { BFloat16 = bfloat16 });
        int[] start = [.. Enumerable.Range(0, 40).Select(i => 1 + (i * 7 % 40))], observation = [3, 9, 4], other = [.. Enumerable.Range(0, 76).Select(i => 2 + (i * 5 % 40))];
        var alone = LogProb(model, start, observation, null);
        Assert.Equal(alone, LogProb(model, start, observation, other), bfloat16 ? 0.05 : 1e-4);

        // And what is laid into the same rows afterwards.
        using var engine = new SamplingEngine(model, actionEnd: -1, maxActionTokens: 4, CancellationToken.None, cacheRows: 16, rowsPerPass: 4);
        var written = new List<double>();
        engine.Run([.. new[] { start, other, [1, 2, 3, 4, 5], other, start, [1, 2, 3, 4, 5] }.Select(tokens => (Func<Task>)(async () =>
        {
            var first = await engine.SampleAsync(SamplingEngine.Start(tokens), 0, new SeededRandom(1), last: true);
            written.Add(first.LogProb);
            written.Add((await engine.SampleAsync(engine.Append(first.After, observation), 0, new SeededRandom(1), last: true)).LogProb);
        }))]);
        Assert.All(written, logProb => Assert.True(double.IsFinite(logProb), string.Join(" ", written)));
    }

    // Log-probability of a greedy action after an observation, alone or while a new history of another length is computed in the same pass.
    private static double LogProb(LanguageModel model, int[] start, int[] observation, int[]? other)
    {
        using var engine = new SamplingEngine(model, actionEnd: -1, maxActionTokens: 4, CancellationToken.None, cacheRows: 16, rowsPerPass: 8);
        var logProb = 0.0;
        List<Func<Task>> walks = [First];
        if (other is not null)
        {
            walks.Add(Second);
        }

        engine.Run(walks);
        return logProb;

        async Task First()
        {
            var action = await engine.SampleAsync(SamplingEngine.Start(start), 0, new SeededRandom(1), last: true);
            logProb = (await engine.SampleAsync(engine.Append(action.After, observation), 0, new SeededRandom(1), last: true)).LogProb;
        }

        async Task Second()
        {
            await engine.SampleAsync(SamplingEngine.Start([5, 6]), 0, new SeededRandom(2), last: true);
            await engine.SampleAsync(SamplingEngine.Start(other!), 0, new SeededRandom(2), last: true);
        }
    }

    private static LanguageModel Model(bool checkpoint) => checkpoint
        ? DecoderTests.Load(DecoderTests.Golden("llama3"))
        : new CausalLm(new ModelOptions { Width = 32, Heads = 2, Layers = 2, Context = 96 }, 64, new SeededRandom(3));
}
