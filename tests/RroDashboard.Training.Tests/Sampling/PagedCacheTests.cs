using RroDashboard.Core.Plans;
using RroDashboard.Core.Statistics;
using RroDashboard.Training.Model;
using RroDashboard.Training.Sampling;
using RroDashboard.Training.Tests.Devices;
using TorchSharp;
using static TorchSharp.torch;

namespace RroDashboard.Training.Tests.Sampling;

/// <summary>Histories share the pages of their beginnings, never see each other's tokens, and lose nothing but time when their pages are taken away.</summary>
public sealed class PagedCacheTests
{
    private const int Longest = 6;
    private const int NoEnd = -1;

    // Log-probabilities of an action: sums over up to six tokens, computed in other batches and in another way.
    private const double Digits = 1e-3;

    /// <summary>Every kind of attention, and pages that are small, that divide nothing evenly, and that are the whole context.</summary>
    public static TheoryData<string, int?> Models
    {
        get
        {
            var data = new TheoryData<string, int?>();
            foreach (var model in (string[])["small", "llama3", "llama-linear", "qwen2", "qwen2.5-window", "qwen3", "gemma2"])
            {
                data.Add(model, 4);
            }

            data.Add("small", null);
            data.Add("small", 7);
            data.Add("gemma2", 7);
            data.Add("qwen2.5-window", 32);
            data.Add("gemma2", 96);
            data.Add("llama3", null);
            return data;
        }
    }

    [Fact]
    public void SampleAsync_FiveActionsAfterOneHistory_ShareItsFullPages()
    {
        using var model = Model("llama3", CPU);
        using var engine = new SamplingEngine(model, NoEnd, maxActionTokens: 4, CancellationToken.None, cacheRows: 16, rowsPerPass: 8, pageLength: 4);
        var history = SamplingEngine.Start([.. Enumerable.Range(1, 10)]);
        var after = Actions(engine, history, 5);

        // Ten positions lie in three pages. Three of the four tokens are fed: two full pages are shared, and positions 8 to 12 need two of an action's own.
        Assert.Equal(3 + (5 * 2), engine.PagesInUse);
        Assert.Equal(10, engine.TokensPrefilled);
        engine.Release(after[0]);
        Assert.Equal(3 + (4 * 2), engine.PagesInUse);
        engine.Release(history);
        // Its full pages are held by those that begin with them.
        Assert.Equal(2 + (4 * 2), engine.PagesInUse);
        after.ForEach(engine.Release);
        Assert.Equal(0, engine.PagesInUse);
    }

    [Fact]
    public void SampleAsync_OnePageAContext_SharesNothing()
    {
        using var model = Model("small", CPU);
        using var engine = new SamplingEngine(model, NoEnd, maxActionTokens: 4, CancellationToken.None, cacheRows: 16, rowsPerPass: 8);
        var after = Actions(engine, SamplingEngine.Start([.. Enumerable.Range(1, 10)]), 5);

        Assert.Equal(16, engine.Pages);
        Assert.Equal(6, engine.PagesInUse);
        engine.Forget();
        Assert.Equal(0, engine.PagesInUse);
        Assert.Equal(5, after.Count);
    }

    [Fact]
    public void Constructor_SameMemory_KeepsMoreHistoriesInPages()
    {
        using var model = Model("llama3", CPU);
        Assert.Equal((12, 12), Kept(pageLength: 96));
        // As many as there are pages at most: each history needs one.
        Assert.Equal((36, 36), Kept(pageLength: 32));
        Assert.Equal((48, 144), Kept(pageLength: 8));

        (int Rows, int Pages) Kept(int pageLength)
        {
            using var engine = new SamplingEngine(model, NoEnd, 4, CancellationToken.None, cacheRows: 12, rowsPerPass: 4, pageLength: pageLength);
            return (engine.Rows, engine.Pages);
        }
    }

    [Fact]
    public void Constructor_PassWithoutRoomForWhatItLeaves_SaysSo()
    {
        using var model = Model("small", CPU);
        var exception = Assert.Throws<ArgumentOutOfRangeException>(() => new SamplingEngine(model, NoEnd, 4, CancellationToken.None, cacheRows: 6, rowsPerPass: 4));
        Assert.StartsWith("A pass of 4 rows needs a cache of 8 rows at least, but there are 6.", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void SampleAsync_TwoContinuationsOfOneHistory_DoNotSeeEachOther(string name, int? pageLength)
    {
        using var model = Model(name, CPU);
        using var engine = new SamplingEngine(model, NoEnd, maxActionTokens: 4, CancellationToken.None, cacheRows: 16, rowsPerPass: 4, pageLength: pageLength);
        var start = SamplingEngine.Start([.. Enumerable.Range(3, 9)]);
        var said = new List<(History Before, SampledAction Action)>();
        engine.Run([async () =>
        {
            var first = await SayAsync(start, 1);
            var left = engine.Append(first.After, [11, 12, 13]);
            var right = engine.Append((await SayAsync(start, 2)).After, [21, 22, 23, 24, 25]);
            await SayAsync(left, 3);
            await SayAsync(right, 4);
            await SayAsync(left, 5);
            var again = await SayAsync(start, 1);
            // The original is what it was.
            Assert.Equal(first.Tokens, again.Tokens);
            Assert.Equal(first.LogProb, again.LogProb, 1e-5);
        }]);

        Assert.Equal(0, engine.TokensRecomputed);
        Assert.All(said, s => Assert.Equal(LogProb(model, s.Before, s.Action), s.Action.LogProb, Digits));

        async Task<SampledAction> SayAsync(History history, int seed)
        {
            var action = await engine.SampleAsync(history, 1, new SeededRandom(seed), last: false);
            said.Add((history, action));
            return action;
        }
    }

    // Eight bits of a number are kept of keys and values, so the sums agree only roughly with a pass over everything.
    [Fact]
    public void SampleAsync_RandomTreesInBFloat16_SayWhatEachHistorySaysAlone()
    {
        using var model = DeviceComparison.Model("llama3", Tuning.Full with { BFloat16 = true }, CPU);
        Assert.Equal(ScalarType.BFloat16, model.CacheType);
        Stress(model, 4, 0.15);
    }

    [Theory]
    [InlineData("small", 0)]
    [InlineData("small", 1)]
    [InlineData("qwen2.5-window", 0)]
    [InlineData("qwen2.5-window", 1)]
    [InlineData("gemma2", 1)]
    public void SampleAsync_TooFewPages_ComputesAgainAndWritesTheSame(string name, double temperature)
    {
        using var model = Model(name, CPU);
        var (roomy, recomputed, pages) = Grow(model, temperature, cacheRows: 64);
        Assert.Equal(0, recomputed);
        var (tight, lost, fewer) = Grow(model, temperature, cacheRows: 8);

        Assert.True(lost > 0 && fewer < pages, $"{lost} tokens were computed again with {fewer} pages; {pages} are needed.");
        Assert.Equal(roomy.Select(a => string.Join(' ', a.Tokens)), tight.Select(a => string.Join(' ', a.Tokens)));
        Assert.All(roomy.Zip(tight), p => Assert.Equal(p.First.LogProb, p.Second.LogProb, Digits));
        // And once more, digit by digit: who gives up what does not depend on chance.
        Assert.Equal(tight.Select(a => a.LogProb), Grow(model, temperature, cacheRows: 8).Actions.Select(a => a.LogProb));
    }

    [Fact]
    public void SampleAsync_SameMemoryInPages_ComputesLessAgain()
    {
        using var model = Model("llama3", CPU);
        var (pages, contexts) = (Grow(model, 1, cacheRows: 12), Grow(model, 1, cacheRows: 12, pageLength: model.Context));

        Assert.Equal(contexts.Actions.Select(a => string.Join(' ', a.Tokens)), pages.Actions.Select(a => string.Join(' ', a.Tokens)));
        Assert.True(contexts.Recomputed > 0 && 4 * pages.Recomputed < contexts.Recomputed, $"{pages.Recomputed} tokens computed again instead of {contexts.Recomputed}.");
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void SampleAsync_RandomTrees_SayWhatEachHistorySaysAlone(string name, int? pageLength)
    {
        using var model = Model(name, CPU);
        Stress(model, pageLength);
    }

    [SimulatedCardTheory]
    [InlineData("small", null)]
    [InlineData("small", 7)]
    [InlineData("qwen2.5-window", 4)]
    [InlineData("gemma2", 7)]
    public void SampleAsync_RandomTreesOnACard_SayWhatEachHistorySaysAlone(string name, int? pageLength)
    {
        using var model = Model(name, SimulatedCard.Device);
        Stress(model, pageLength);
    }

    // Six walks grow trees of histories at random, continue any of them, give some back, and use up others, in a cache that is too small for them.
    private static void Stress(LanguageModel model, int? pageLength, double digits = Digits)
    {
        using var engine = new SamplingEngine(model, actionEnd: 7, Longest, CancellationToken.None, cacheRows: 8, rowsPerPass: 4, pageLength: pageLength);
        var said = new List<(History Before, SampledAction Action)>();
        var kept = new List<History>();
        var most = 0;
        engine.Run(Enumerable.Range(0, 6).Select(walk => (Func<Task>)(async () =>
        {
            var random = new SeededRandom(41, walk);
            List<History> mine = [SamplingEngine.Start([.. Enumerable.Range(0, 3 + random.Next(20)).Select(_ => random.Next(40))])];
            for (var turn = 0; turn < 12; turn++)
            {
                var history = mine[random.Next(mine.Count)];
                if (history.Length + Longest > model.Context)
                {
                    continue;
                }

                var last = random.Next(4) == 0;
                var temperature = random.Next(3) == 0 ? 0 : 1;
                var action = await engine.SampleAsync(history, temperature, random, last);
                said.Add((history, action));
                mine.Add(engine.Append(action.After, [.. Enumerable.Range(0, 1 + random.Next(9)).Select(_ => random.Next(40))]));
                if (random.Next(5) == 0)
                {
                    engine.Release(mine[random.Next(mine.Count)]);
                }

                most = Math.Max(most, engine.PagesInUse);
            }

            kept.AddRange(mine);
        })));

        Assert.True(said.Count > 50 && engine.TokensRecomputed > 0, $"{said.Count} actions, {engine.TokensRecomputed} tokens computed again.");
        Assert.InRange(most, 1, engine.Pages);
        Assert.All(said, s => Assert.Equal(LogProb(model, s.Before, s.Action), s.Action.LogProb, digits));
        kept.ForEach(engine.Release);
        said.ForEach(s => engine.Release(s.Action.After));
        Assert.Equal(0, engine.PagesInUse);
    }

    // Four walks of three candidates with two rollouts each: more histories than a small cache can keep.
    private static (List<SampledAction> Actions, long Recomputed, int MostPages) Grow(LanguageModel model, double temperature, int cacheRows, int pageLength = 8)
    {
        using var engine = new SamplingEngine(model, actionEnd: 7, Longest, CancellationToken.None, cacheRows, rowsPerPass: 4, pageLength: model.IsLarge ? pageLength : null);
        var (walks, most) = (Enumerable.Range(0, 4).Select(_ => new List<SampledAction>()).ToArray(), 0);
        engine.Run(walks.Select((said, walk) => (Func<Task>)(async () =>
        {
            var history = SamplingEngine.Start([.. Enumerable.Range(1 + walk, 12)]);
            for (var step = 0; step < 2; step++)
            {
                var candidates = await Task.WhenAll(Enumerable.Range(0, 3).Select(c => SayAsync(history, (step * 100) + c)));
                var reached = candidates.Select((c, i) => engine.Append(c.After, [30 + i, 31, 32])).ToList();
                for (var look = 0; look < 2; look++)
                {
                    foreach (var (candidate, i) in reached.Select((r, i) => (r, i)))
                    {
                        await Task.WhenAll(Enumerable.Range(0, 2).Select(r => SayAsync(candidate, 1000 + (look * 100) + (i * 10) + r)));
                    }
                }

                history = reached[step];
            }

            async Task<SampledAction> SayAsync(History from, int seed)
            {
                var action = await engine.SampleAsync(from, temperature, new SeededRandom(5, walk, seed), last: false);
                said.Add(action);
                most = Math.Max(most, engine.PagesInUse);
                return action;
            }
        })));
        engine.Forget();
        Assert.Equal(0, engine.PagesInUse);
        return ([.. walks.SelectMany(w => w)], engine.TokensRecomputed, most);
    }

    private static List<History> Actions(SamplingEngine engine, History history, int count)
    {
        var after = new History[count];
        engine.Run(Enumerable.Range(0, count).Select(i => (Func<Task>)(async () =>
            after[i] = (await engine.SampleAsync(history, 1, new SeededRandom(i), last: false).ConfigureAwait(false)).After)));
        return [.. after];
    }

    // What the action's tokens are worth after that history, computed anew from all tokens.
    private static double LogProb(LanguageModel model, History before, SampledAction action)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        long[] ids = [.. before.ToArray().Concat(action.Tokens).Select(t => (long)t)];
        var logProbs = model.Logits(model.forward(tensor(ids, [1, ids.Length], device: model.Device)))[0].log_softmax(-1).cpu();
        return Enumerable.Range(0, action.Tokens.Length).Sum(j => logProbs[before.Length - 1 + j][action.Tokens[j]].ToDouble());
    }

    private static LanguageModel Model(string name, Device device) => name == "small"
        ? new CausalLm(new ModelOptions { Width = 32, Layers = 2, Heads = 4, Context = 96 }, 50, new SeededRandom(1), device)
        : DeviceComparison.Model(name, Tuning.Full, device);
}
