using RroDashboard.Core.Statistics;
using RroDashboard.Training.Model;
using RroDashboard.Training.Sampling;
using RroDashboard.Training.Tests.Devices;
using TorchSharp;
using static TorchSharp.torch;

namespace RroDashboard.Training.Tests.Sampling;

/// <summary>A large model's actions join and leave what is being decoded as they begin and end. What is written does not depend on it, only how long it takes.</summary>
public sealed class ContinuousBatchingTests
{
    private const int End = 7;
    private const int Longest = 24;
    private const int RowsPerPass = 4;

    // A sum of up to 24 log-probabilities, computed in other batches.
    private const double Digits = 1e-3;

    public static TheoryData<string, double> Cases => new()
    {
        { "llama3", 0 }, { "llama3", 1 }, { "qwen2.5-window", 0 }, { "qwen2.5-window", 1 }, { "gemma2", 0 }, { "gemma2", 0.7 },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Run_Continuously_WritesWhatTurnsWrite(string family, double temperature) => Compare(DeviceComparison.Model(family, Tuning.Full, CPU), temperature);

    [SimulatedCardTheory]
    [MemberData(nameof(Cases))]
    public void Run_ContinuouslyOnACard_WritesWhatTurnsWrite(string family, double temperature) => Compare(DeviceComparison.Model(family, Tuning.Full, SimulatedCard.Device), temperature);

    // Of twenty tokens one ends an action, so that lengths are spread from a few tokens to the limit.
    [Fact]
    public void Run_LongAndShortActions_NobodyWaitsForTheLongest()
    {
        using var shape = DeviceComparison.Model("llama3", Tuning.Full, CPU);
        var random = new SeededRandom(6);
        using var model = Decoder.Of(shape.Config with { Vocabulary = 20 }, Tuning.Full, 96, random, CPU, [], (_, size) =>
            tensor([.. Enumerable.Range(0, (int)size.Aggregate((a, b) => a * b)).Select(_ => (float)(0.1 * random.NextGaussian()))], size));
        var (turns, continuous) = (Play(continuous: false), Play(continuous: true));

        Assert.Equal(turns.Lengths, continuous.Lengths);
        Assert.True(turns.Lengths.Min() < 10 && turns.Lengths.Max() > 40);
        // In turns a walk has had as many actions as any other that is under way. Continuously one has two behind it while another writes its first.
        Assert.False(Overtakes(turns.Order));
        Assert.True(Overtakes(continuous.Order), string.Join(' ', continuous.Order));
        Assert.True(4 * continuous.Passes < 3 * turns.Passes, $"{continuous.Passes} passes instead of {turns.Passes}.");
        // No row is carried along: each gives one token, but for the first of an action, which needs no pass of its own; and passes are nearly full.
        Assert.Equal(continuous.Lengths.Sum() - continuous.Order.Count, continuous.Rows);
        Assert.InRange((double)continuous.Rows / continuous.Passes, 0.8 * RowsPerPass, RowsPerPass);

        static bool Overtakes(List<int> order)
        {
            var actions = new int[12];
            return order.Exists(walk => ++actions[walk] >= 2 && actions.Take(RowsPerPass).Contains(0));
        }

        (int[] Lengths, List<int> Order, long Passes, long Rows) Play(bool continuous)
        {
            const int turnCount = 4, limit = 60;
            using var engine = new SamplingEngine(model, End, limit, CancellationToken.None, cacheRows: 16, RowsPerPass, walksAtOnce: RowsPerPass, pageLength: 8, continuous: continuous);
            var (lengths, order) = (new int[12 * turnCount], new List<int>());
            engine.Run(Enumerable.Range(0, 12).Select(walk => (Func<Task>)(async () =>
            {
                for (var turn = 0; turn < turnCount; turn++)
                {
                    var action = await engine.SampleAsync(SamplingEngine.Start([1 + walk, 14 + turn, 3]), 1, new SeededRandom(3, walk, turn), last: true);
                    lengths[(walk * turnCount) + turn] = action.Tokens.Length;
                    order.Add(walk);
                    engine.Release(action.After);
                }
            })));
            Assert.Equal(0, engine.PagesInUse);
            return (lengths, order, engine.DecodePasses, engine.DecodedRows);
        }
    }

    [Fact]
    public void Run_Twice_SameToTheLastDigitInTheSameOrder()
    {
        using var model = DeviceComparison.Model("gemma2", Tuning.Full, CPU);
        var (first, second) = (Play(model, 1, continuous: true), Play(model, 1, continuous: true));
        Assert.Equal(first.Order, second.Order);
        Assert.Equal(first.LogProbs, second.LogProbs);
    }

    // The walk that fails leaves others in the middle of their actions: their pages come back, and the engine goes on.
    [Fact]
    public void Run_AWalkFails_TheOthersPagesComeBack()
    {
        using var model = DeviceComparison.Model("qwen3", Tuning.Full, CPU);
        using var engine = new SamplingEngine(model, End, Longest, CancellationToken.None, cacheRows: 16, RowsPerPass, pageLength: 4);
        Assert.Throws<InvalidDataException>(() => engine.Run(Enumerable.Range(0, 6).Select(walk => (Func<Task>)(async () =>
        {
            for (var turn = 0; turn < 3; turn++)
            {
                await engine.SampleAsync(SamplingEngine.Start([.. Enumerable.Range(1, 9 + walk)]), 1, new SeededRandom(walk, turn), last: true);
                if (turn == 1)
                {
                    throw new InvalidDataException();
                }
            }
        }))));

        engine.Forget();
        Assert.Equal(0, engine.PagesInUse);
        SampledAction? after = null;
        engine.Run([async () => after = await engine.SampleAsync(SamplingEngine.Start([1, 2, 3]), 0, new SeededRandom(1), last: true)]);
        Assert.NotEmpty(after!.Tokens);
    }

    [Fact]
    public void Run_Cancelled_PagesComeBack()
    {
        using var model = DeviceComparison.Model("qwen3", Tuning.Full, CPU);
        using var cancel = new CancellationTokenSource();
        using var engine = new SamplingEngine(model, End, Longest, cancel.Token, cacheRows: 16, RowsPerPass, pageLength: 4);
        var answered = 0;
        Assert.Throws<OperationCanceledException>(() => engine.Run(Enumerable.Range(0, 6).Select(walk => (Func<Task>)(async () =>
        {
            await engine.SampleAsync(SamplingEngine.Start([.. Enumerable.Range(1, 9 + walk)]), 1, new SeededRandom(walk), last: false);
            answered++;
            cancel.Cancel();
        }))));

        Assert.InRange(answered, 1, 5);
        engine.Forget();
        Assert.Equal(0, engine.PagesInUse);
    }

    private static void Compare(Decoder decoder, double temperature)
    {
        using var model = decoder;
        var (turns, continuous) = (Play(model, temperature, continuous: false), Play(model, temperature, continuous: true));
        Assert.Equal(turns.Actions, continuous.Actions);
        Assert.All(turns.LogProbs.Zip(continuous.LogProbs), p => Assert.Equal(p.First, p.Second, Digits));
        Assert.Equal(turns.Tokens, continuous.Tokens);
    }

    // Ten walks of three turns each; the second turn asks for two actions at once. Order has the number of a walk whenever it gets an action.
    private static (List<string> Actions, List<double> LogProbs, List<int> Order, long Tokens) Play(LanguageModel model, double temperature, bool continuous)
    {
        using var engine = new SamplingEngine(model, End, Longest, CancellationToken.None, cacheRows: 64, RowsPerPass, walksAtOnce: RowsPerPass, pageLength: 8, continuous: continuous);
        var (written, order) = (Enumerable.Range(0, 10).Select(_ => new List<SampledAction>()).ToArray(), new List<int>());
        engine.Run(written.Select((mine, walk) => (Func<Task>)(async () =>
        {
            var history = SamplingEngine.Start([.. Enumerable.Range(1, 4 + walk)]);
            for (var turn = 0; turn < 2; turn++)
            {
                var action = await SayAsync(history, turn, last: walk % 2 == 0);
                history = engine.Append(action.After, [20 + turn, 21]);
            }

            await Task.WhenAll(SayAsync(history, 2, last: false), SayAsync(history, 3, last: false));

            async Task<SampledAction> SayAsync(History from, int number, bool last)
            {
                var action = await engine.SampleAsync(from, temperature, new SeededRandom(3, walk, number), last);
                mine.Add(action);
                order.Add(walk);
                return action;
            }
        })));
        engine.Forget();
        Assert.Equal(0, engine.PagesInUse);
        // Two actions that a walk asks for at once come back in the order of their ends.
        var all = written.SelectMany(w => w.OrderBy(a => a.After.Length).ThenBy(a => string.Join(' ', a.Tokens), StringComparer.Ordinal)).ToList();
        return ([.. all.Select(a => string.Join(' ', a.Tokens))], [.. all.Select(a => a.LogProb)], order, engine.TokensGenerated);
    }
}
