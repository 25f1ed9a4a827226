using System.Diagnostics;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Statistics;
using RroDashboard.Training.Model;
using RroDashboard.Training.Sampling;
using TorchSharp;
using static TorchSharp.torch;

namespace RroDashboard.Benchmarks;

/// <summary>
/// Episodes of five turns by a model of the demo's size with random weights: histories of about 100 tokens. Then a decoder with the shape of a published one and
/// random weights: actions of very different lengths, decoded continuously and in turns; and histories that share their beginning, kept in pages and in whole contexts.
/// </summary>
internal static class SamplingBenchmark
{
    private const int Vocabulary = 174;
    private const int NoEnd = -1; // no token ends an action: every one is four tokens long, in both ways of sampling
    private const int ActionTokens = 4;
    private const int Turns = 5;
    private const int ObservationTokens = 16;

    // The decoder: one of its tokens ends an action, so that lengths are spread from a few tokens to the limit.
    private const int LargeVocabulary = 40;
    private const int LargeEnd = 7;
    private const int LargeLongest = 200;
    private const int LargeContext = 512;
    private const int LargeRows = 8;

    public static Task<object> RunAsync(CancellationToken cancellationToken)
    {
        var results = new List<BenchmarkResult>();
        using var scope = NewDisposeScope();
        set_num_threads(1);
        using var model = new CausalLm(new ModelOptions(), Vocabulary, new SeededRandom(1));
        Engine(model, 16, cancellationToken);
        foreach (var walks in (int[])[1, 64, 256])
        {
            var ours = Engine(model, walks, cancellationToken);
            var peer = Recompute(model, Math.Min(walks, 64), cancellationToken);
            results.Add(BenchmarkResult.Against($"sampled tokens, {walks} walks at once", "tokens/s", ours, peer));
        }

        using var decoder = Large();
        LongAndShort(decoder, walks: 2, continuous: true, cancellationToken);
        var turns = LongAndShort(decoder, walks: 24, continuous: false, cancellationToken);
        var free = LongAndShort(decoder, walks: 24, continuous: true, cancellationToken);
        results.Add(BenchmarkResult.Against("sampled tokens, 24 walks, actions of 1 to 200 tokens, continuous batching against turns", "tokens/s", free.PerSecond, turns.PerSecond));
        results.Add(BenchmarkResult.Against("tokens written", "tokens", free.Tokens, turns.Tokens));
        results.Add(BenchmarkResult.Against("passes that decode", "passes", free.Passes, turns.Passes));
        results.Add(BenchmarkResult.Against("of the rows of a pass, those that give a token", "%", free.Useful, turns.Useful));
        results.Add(BenchmarkResult.Against($"of the {LargeRows} rows that a pass can take, filled with such", "%", free.Filled, turns.Filled));
        var pages = Candidates(decoder, SamplingEngine.PagePositions, cancellationToken);
        var contexts = Candidates(decoder, LargeContext, cancellationToken);
        results.Add(BenchmarkResult.Against("tokens computed again, six candidates with three rollouts in four walks, memory for 16 contexts: pages against whole contexts", "tokens", pages.Recomputed, contexts.Recomputed));
        results.Add(BenchmarkResult.Against("sampled tokens of the same", "tokens/s", pages.PerSecond, contexts.PerSecond));
        return Task.FromResult<object>(new BenchmarkReport("sampling", results));
    }

    // Walks of three actions each, eight at once. Rows that give a token: of those that were computed, and of all that would have had room.
    private static (double PerSecond, long Tokens, long Passes, double Useful, double Filled) LongAndShort(LanguageModel model, int walks, bool continuous, CancellationToken cancellationToken)
    {
        using var engine = new SamplingEngine(model, LargeEnd, LargeLongest, cancellationToken, cacheRows: 4 * LargeRows, LargeRows, walksAtOnce: LargeRows, continuous: continuous);
        var (began, actions) = (Stopwatch.GetTimestamp(), 0);
        engine.Run(Enumerable.Range(0, walks).Select(walk => (Func<Task>)(async () =>
        {
            for (var turn = 0; turn < 3; turn++)
            {
                var action = await engine.SampleAsync(SamplingEngine.Start([.. Observation(walk).Select(t => t % LargeVocabulary)]), 1, new SeededRandom(4, walk, turn), last: true).ConfigureAwait(false);
                engine.Release(action.After);
                actions++;
            }
        })));
        // The first token of an action comes from the pass that read its history.
        var decoded = 100.0 * (engine.TokensGenerated - actions);
        return (engine.TokensGenerated / Stopwatch.GetElapsedTime(began).TotalSeconds, engine.TokensGenerated, engine.DecodePasses, decoded / engine.DecodedRows, decoded / (engine.DecodePasses * LargeRows));
    }

    // What exploration does: a long beginning, candidates after it, rollouts of two actions after each, once for every two looks at it.
    private static (double PerSecond, long Recomputed) Candidates(LanguageModel model, int pageLength, CancellationToken cancellationToken)
    {
        using var engine = new SamplingEngine(model, NoEnd, 8, cancellationToken, cacheRows: 2 * LargeRows, LargeRows, walksAtOnce: LargeRows, pageLength: pageLength);
        var began = Stopwatch.GetTimestamp();
        engine.Run(Enumerable.Range(0, 4).Select(walk => (Func<Task>)(async () =>
        {
            var start = SamplingEngine.Start([.. Enumerable.Range(0, 240).Select(i => (walk + (i * 7)) % LargeVocabulary)]);
            var candidates = await Task.WhenAll(Enumerable.Range(0, 6).Select(c => SayAsync(start, c, 0, last: false))).ConfigureAwait(false);
            for (var rollout = 1; rollout <= 3; rollout++)
            {
                await Task.WhenAll(candidates.Select(async (candidate, c) =>
                {
                    var next = await SayAsync(candidate, c, rollout, last: false).ConfigureAwait(false);
                    engine.Release(await SayAsync(next, c, 10 + rollout, last: true).ConfigureAwait(false));
                })).ConfigureAwait(false);
            }

            async Task<History> SayAsync(History history, int candidate, int number, bool last)
            {
                var action = await engine.SampleAsync(history, 1, new SeededRandom(5, walk, candidate, number), last).ConfigureAwait(false);
                return engine.Append(action.After, [.. Observation(number).Select(t => t % LargeVocabulary)]);
            }
        })));
        return (engine.TokensGenerated / Stopwatch.GetElapsedTime(began).TotalSeconds, engine.TokensRecomputed);
    }

    private static Decoder Large()
    {
        var config = new DecoderConfig
        {
            Family = DecoderFamily.Llama,
            Width = 384,
            FeedForward = 1024,
            Layers = 8,
            Heads = 6,
            KeyValueHeads = 3,
            HeadWidth = 64,
            Vocabulary = LargeVocabulary,
            MaxPositions = LargeContext,
            NormEpsilon = 1e-5,
            RopeBase = 10_000,
            TiedEmbeddings = true,
            AttentionScale = 0.125,
            Windows = [0, 0, 0, 0, 0, 0, 0, 0],
            EndTokens = [LargeEnd],
        };
        var random = new SeededRandom(3);
        return Decoder.Of(config, Tuning.Full, LargeContext, random, CPU, [], (_, shape) =>
            tensor([.. Enumerable.Range(0, (int)shape.Aggregate(1L, (a, b) => a * b)).Select(_ => (float)(0.02 * random.NextGaussian()))], shape));
    }

    private static double Engine(CausalLm model, int walks, CancellationToken cancellationToken)
    {
        using var engine = new SamplingEngine(model, NoEnd, ActionTokens, cancellationToken);
        var began = Stopwatch.GetTimestamp();
        engine.Run(Enumerable.Range(0, walks).Select(i => (Func<Task>)(async () =>
        {
            var random = new SeededRandom(2, i);
            var history = SamplingEngine.Start(Observation(i));
            for (var turn = 0; turn < Turns; turn++)
            {
                var sampled = await engine.SampleAsync(history, 1, random, last: true).ConfigureAwait(false);
                history = engine.Append(sampled.After, Observation(turn));
            }
        })));
        return engine.TokensGenerated / Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    // What a script without a cache does: the whole history through the model for every token, in one batch.
    private static double Recompute(CausalLm model, int walks, CancellationToken cancellationToken)
    {
        using var noGrad = no_grad();
        var histories = Enumerable.Range(0, walks).Select(i => Observation(i).Select(t => (long)t).ToList()).ToArray();
        var began = Stopwatch.GetTimestamp();
        for (var turn = 0; turn < Turns; turn++)
        {
            for (var token = 0; token < ActionTokens; token++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                using var scope = NewDisposeScope();
                var length = histories[0].Count;
                var hidden = model.forward(tensor(histories.SelectMany(h => h).ToArray(), [walks, length]));
                var next = model.Logits(hidden.select(1, length - 1)).argmax(-1).data<long>().ToArray();
                for (var i = 0; i < walks; i++)
                {
                    histories[i].Add(next[i]);
                }
            }

            foreach (var history in histories)
            {
                history.AddRange(Observation(turn).Select(t => (long)t));
            }
        }

        return walks * Turns * ActionTokens / Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    private static int[] Observation(int seed) => [.. Enumerable.Range(0, ObservationTokens).Select(i => 25 + ((seed + i) % 100))];
}
