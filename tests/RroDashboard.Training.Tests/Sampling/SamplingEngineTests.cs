using RroDashboard.Core.Plans;
using RroDashboard.Core.Statistics;
using RroDashboard.Training.Model;
using RroDashboard.Training.Sampling;
using TorchSharp;
using static TorchSharp.torch;

namespace RroDashboard.Training.Tests.Sampling;

public sealed class SamplingEngineTests : IDisposable
{
    private const int Vocabulary = 30;
    private const int End = 7;
    private const int Longest = 5;

    private readonly CausalLm _model = new(new ModelOptions { Width = 32, Layers = 2, Heads = 4, Context = 120 }, Vocabulary, new SeededRandom(1));

    public void Dispose() => _model.Dispose();

    // The same three turns by the engine and by a plain loop that computes everything anew for every token.
    [Fact]
    public void SampleAsync_GreedyOverThreeTurns_WritesWhatAPlainLoopWrites()
    {
        using var engine = new SamplingEngine(_model, End, Longest, CancellationToken.None);
        var walks = Enumerable.Range(0, 9).Select(i => Turns(engine, i, temperature: 0)).ToArray();
        var written = new int[9][];
        engine.Run(walks.Select((walk, i) => (Func<Task>)(async () => written[i] = await walk().ConfigureAwait(false))));

        for (var i = 0; i < 9; i++)
        {
            Assert.Equal(PlainLoop(i), written[i]);
        }
    }

    [Fact]
    public void SampleAsync_SameSeeds_SameTokensWhateverElseRuns()
    {
        var alone = Play(count: 3, cacheRows: null);
        var among = Play(count: 40, cacheRows: null)[..3];

        Assert.Equal(alone, among);
    }

    [Fact]
    public void SampleAsync_CacheTooSmallForAllWalks_ComputesAgainAndWritesTheSame()
    {
        var roomy = Play(count: 40, cacheRows: null);
        var tight = Play(count: 40, cacheRows: 60);

        Assert.Equal(roomy, tight);
    }

    [Fact]
    public void SampleAsync_ManyDraws_FollowTheSoftmax()
    {
        using var scope = NewDisposeScope();
        using var engine = new SamplingEngine(_model, End, 1, CancellationToken.None);
        var history = SamplingEngine.Start([1, 2, 3]);
        var counts = new int[Vocabulary];
        engine.Run(Enumerable.Range(0, 20_000).Select(i => (Func<Task>)(async () =>
        {
            var sampled = await engine.SampleAsync(history, 1, new SeededRandom(9, i), last: false).ConfigureAwait(false);
            counts[sampled.Tokens[0]]++;
        })));

        using var noGrad = no_grad();
        var expected = _model.Logits(_model.forward(tensor(new long[] { 1, 2, 3 }, [1, 3])))[0][-1].softmax(-1).data<float>().ToArray();
        for (var token = 0; token < Vocabulary; token++)
        {
            Assert.InRange(counts[token] / 20_000.0, expected[token] - 0.015, expected[token] + 0.015);
        }
    }

    [Fact]
    public void SampleAsync_LogProb_IsThatOfTheWrittenTokens()
    {
        using var scope = NewDisposeScope();
        using var engine = new SamplingEngine(_model, End, Longest, CancellationToken.None);
        SampledAction? sampled = null;
        engine.Run([async () => sampled = await engine.SampleAsync(SamplingEngine.Start([1, 2]), 1, new SeededRandom(4), last: true).ConfigureAwait(false)]);

        using var noGrad = no_grad();
        long[] ids = [1, 2, .. sampled!.Tokens.Select(t => (long)t)];
        var logProbs = _model.Logits(_model.forward(tensor(ids, [1, ids.Length])))[0].log_softmax(-1);
        var expected = Enumerable.Range(0, sampled.Tokens.Length).Sum(j => logProbs[1 + j][sampled.Tokens[j]].ToDouble());
        Assert.Equal(expected, sampled.LogProb, 3);
    }

    [Fact]
    public void SampleAsync_OneHistoryTwice_IsPrefilledOnce()
    {
        using var engine = new SamplingEngine(_model, End, Longest, CancellationToken.None);
        var history = SamplingEngine.Start([1, 2, 3, 4]);
        engine.Run(Enumerable.Range(0, 8).Select(i => (Func<Task>)(async () =>
            await engine.SampleAsync(history, 1, new SeededRandom(i), last: false).ConfigureAwait(false))));

        Assert.Equal(4, engine.TokensPrefilled);
    }

    [Fact]
    public void SampleAsync_NoRoomForAnAction_SaysSo()
    {
        using var engine = new SamplingEngine(_model, End, Longest, CancellationToken.None);

        var exception = Assert.Throws<ArgumentException>(() => engine.SampleAsync(SamplingEngine.Start(new int[117]), 1, new SeededRandom(), last: true).AsTask().GetAwaiter().GetResult());

        Assert.StartsWith("A history of 117 tokens leaves no room", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_Cancelled_Throws()
    {
        using var cancelled = new CancellationTokenSource();
        using var engine = new SamplingEngine(_model, End, Longest, cancelled.Token);
        cancelled.Cancel();

        Assert.Throws<OperationCanceledException>(() => engine.Run([async () =>
            await engine.SampleAsync(SamplingEngine.Start([1]), 1, new SeededRandom(), last: true).ConfigureAwait(false)]));
    }

    [Fact]
    public void Run_AWalkFails_ItsExceptionComesOut()
    {
        using var engine = new SamplingEngine(_model, End, Longest, CancellationToken.None);

        Assert.Throws<InvalidDataException>(() => engine.Run([async () =>
        {
            await engine.SampleAsync(SamplingEngine.Start([1]), 1, new SeededRandom(), last: true).ConfigureAwait(false);
            throw new InvalidDataException();
        }]));
    }

    private int[][] Play(int count, int? cacheRows)
    {
        using var engine = new SamplingEngine(_model, End, Longest, CancellationToken.None, cacheRows, rowsPerPass: cacheRows / 2 ?? SamplingEngine.RowsPerPass);
        var written = new int[count][];
        engine.Run(Enumerable.Range(0, count).Select(i => (Func<Task>)(async () => written[i] = await Turns(engine, i, temperature: 1)().ConfigureAwait(false))));
        return written;
    }

    private static Func<Task<int[]>> Turns(SamplingEngine engine, int walk, double temperature) => async () =>
    {
        var random = new SeededRandom(3, walk);
        var history = SamplingEngine.Start([.. Enumerable.Range(1, 2 + (walk % 5))]);
        for (var turn = 0; turn < 3; turn++)
        {
            var sampled = await engine.SampleAsync(history, temperature, random, last: walk % 2 == 0).ConfigureAwait(false);
            history = engine.Append(sampled.After, Observation(walk, turn));
        }

        return history.ToArray();
    };

    private static int[] Observation(int walk, int turn) => [.. Enumerable.Range(8, 1 + ((walk + turn) % 4))];

    private int[] PlainLoop(int walk)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        List<long> tokens = [.. Enumerable.Range(1, 2 + (walk % 5))];
        for (var turn = 0; turn < 3; turn++)
        {
            for (var written = 0; written < Longest; written++)
            {
                var logits = _model.Logits(_model.forward(tensor(tokens.ToArray(), [1, tokens.Count])))[0][-1];
                tokens.Add(logits.argmax().ToInt64());
                if (tokens[^1] == End)
                {
                    break;
                }
            }

            tokens.AddRange(Observation(walk, turn).Select(t => (long)t));
        }

        return [.. tokens.Select(t => (int)t)];
    }
}
