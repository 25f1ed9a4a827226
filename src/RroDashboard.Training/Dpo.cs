using RroDashboard.Core;
using RroDashboard.Core.Events;
using RroDashboard.Core.Metrics;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Preferences;
using RroDashboard.Training.Model;
using TorchSharp;
using static TorchSharp.torch;

namespace RroDashboard.Training;

/// <summary>
/// Stage 3: direct preference optimisation on step pairs (Rafailov et al., 2023, equation 7; RRO section 3.3).
/// <code>
/// margin = beta * [ (log pi(chosen) - log pi_ref(chosen)) - (log pi(rejected) - log pi_ref(rejected)) ]
/// loss   = mean over pairs of -ln sigmoid(margin)
/// </code>
/// Log-probabilities are summed over the tokens of the two actions, given the history they share. The reference is the SFT model;
/// its log-probabilities are computed once, before the first update. The number of updates is a setting of its own, because it,
/// and not the number of pairs, decides between no gain and collapse (learning.md 10).
/// </summary>
public static class Dpo
{
    private const int WindowBatches = 8;
    private const double FinalLearningRateShare = 0.1;

    /// <summary>Trains the policy on pairs. Without pairs nothing happens, and an alert says so.</summary>
    /// <param name="context">The run.</param>
    /// <param name="pairs">Step pairs with their sampled token ids.</param>
    /// <param name="demonstrations">For the optional SFT term.</param>
    /// <returns>Means over the last quarter of the updates.</returns>
    /// <exception cref="OperationCanceledException">Stopped by a person.</exception>
    public static DpoSummary Train(RunContext context, IReadOnlyList<PreferencePair> pairs, IReadOnlyList<Demonstration> demonstrations)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(pairs);
        var options = context.Plan.Dpo;
        if (pairs.Count == 0 || options.Updates == 0)
        {
            context.Journal.Record(new AlertRaised("warning", pairs.Count == 0
                ? "Exploration made no preference pair, so there is nothing for DPO to learn; the final model is the SFT model."
                : "Dpo.Updates is 0; the final model is the SFT model."));
            return new DpoSummary(0, 0, 0, 0);
        }

        var reference = ReferenceLogProbs(context.Model, pairs);
        var sft = options.SftWeight > 0 ? Sft.Sequences(context, demonstrations) : [];
        var sftRandom = context.Random(Purpose.DpoSftOrder);

        using var optimizer = new AdamW(context.Model, weightDecay: 0);
        var lengths = pairs.Select(Length).ToArray();
        var batches = Batches.Schedule(lengths, Math.Min(options.BatchSize, pairs.Count), options.Updates, WindowBatches, context.Random(Purpose.DpoOrder));
        var history = new List<(double Loss, double Accuracy, double Margin)>();
        var tokens = 0L;
        for (var update = 0; update < batches.Count; update++)
        {
            context.CancellationToken.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var batch = batches[update];
            var learningRate = LearningRate(options, update);
            optimizer.ZeroGrad();
            var (value, accuracy, meanMargin, chosenShift, rejectedShift) = (0.0, 0.0, 0.0, 0.0, 0.0);
            foreach (var part in Batches.Parts(batch, i => 2 * lengths[i]))
            {
                using var partScope = NewDisposeScope();
                var share = (double)part.Length / batch.Length;
                var policy = LogProbs(context.Model, [.. part.Select(i => pairs[i])]);                     // (2, b)
                var shift = policy - stack([.. part.Select(i => tensor(reference[i]))], 1);                // (2, b)
                var margin = options.Beta * (shift[0] - shift[1]);                                         // (b)
                var loss = -nn.functional.logsigmoid(margin).mean();
                (loss * share).backward();
                value += share * loss.ToDouble();
                accuracy += share * margin.gt(0).to(float32).mean().ToDouble();
                meanMargin += share * margin.mean().ToDouble();
                chosenShift += share * shift[0].mean().ToDouble();
                rejectedShift += share * shift[1].mean().ToDouble();
            }

            if (options.SftWeight > 0)
            {
                var sample = Enumerable.Range(0, batch.Length).Select(_ => sftRandom.Pick(sft)).ToList();
                Sft.Backward(context.Model, sample, observationWeight: 0, options.SftWeight);
            }

            var norm = optimizer.ClipGradients(options.GradientClip);
            optimizer.Step(learningRate);
            if (!double.IsFinite(value))
            {
                throw new InvalidOperationException($"The DPO loss is {value} at update {update}: lower Dpo.LearningRate ({options.LearningRate}).");
            }

            history.Add((value, accuracy, meanMargin));
            context.Journal.Sample(new MetricPoint(SeriesNames.DpoLoss, update, value));
            context.Journal.Sample(new MetricPoint(SeriesNames.DpoMargin, update, meanMargin));
            context.Journal.Sample(new MetricPoint(SeriesNames.DpoAccuracy, update, accuracy));
            context.Journal.Sample(new MetricPoint(SeriesNames.DpoChosenShift, update, chosenShift));
            context.Journal.Sample(new MetricPoint(SeriesNames.DpoRejectedShift, update, rejectedShift));
            context.Journal.Sample(new MetricPoint(SeriesNames.DpoGradientNorm, update, norm));
            context.Journal.Sample(new MetricPoint(SeriesNames.DpoLearningRate, update, learningRate));
            context.Journal.Sample(new MetricPoint(SeriesNames.DpoTokens, update, tokens += batch.Sum(i => 2L * lengths[i])));
            context.Journal.Sample(new ProgressReported(Stage.Dpo, update + 1, batches.Count));
        }

        var last = history.Skip(history.Count * 3 / 4).ToList();
        return new DpoSummary(history.Count, last.Average(h => h.Loss), last.Average(h => h.Accuracy), last.Average(h => h.Margin));
    }

    /// <summary>Summed log-probability of each pair's two actions under the current weights, without gradients.</summary>
    /// <returns>For each pair [chosen, rejected], nats.</returns>
    public static float[][] ReferenceLogProbs(CausalLm model, IReadOnlyList<PreferencePair> pairs)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        var all = new float[pairs.Count][];
        using var noGrad = no_grad();
        // Pairs of like length together: padding is computed too.
        foreach (var part in Batches.Parts([.. Enumerable.Range(0, pairs.Count)], i => 2 * Length(pairs[i])))
        {
            using var scope = NewDisposeScope();
            var values = LogProbs(model, [.. part.Select(i => pairs[i])]).data<float>().ToArray();
            for (var b = 0; b < part.Length; b++)
            {
                all[part[b]] = [values[b], values[part.Length + b]];
            }
        }

        return all;
    }

    /// <summary>Summed log-probability of the tokens of each action given its history.</summary>
    /// <returns>(2, B): chosen, then rejected.</returns>
    public static Tensor LogProbs(CausalLm model, IReadOnlyList<PreferencePair> pairs)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(pairs);
        var rows = pairs.Select(p => (p.HistoryTokens, Action: p.ChosenTokens)).Concat(pairs.Select(p => (p.HistoryTokens, Action: p.RejectedTokens))).ToList();
        var length = rows.Max(r => r.HistoryTokens.Count + r.Action.Count) - 1;
        var inputs = new long[rows.Count * length];
        var positions = new List<long>();  // of the tokens before each action token
        var targets = new List<long>();
        var owners = new List<long>();
        for (var r = 0; r < rows.Count; r++)
        {
            var (history, action) = rows[r];
            for (var t = 0; t < history.Count + action.Count - 1; t++)
            {
                inputs[(r * length) + t] = t < history.Count ? history[t] : action[t - history.Count];
            }

            for (var t = 0; t < action.Count; t++)
            {
                positions.Add((r * length) + history.Count + t - 1);
                targets.Add(action[t]);
                owners.Add(r);
            }
        }

        var hidden = model.forward(tensor(inputs, [rows.Count, length])).view(-1, model.Width);
        var logits = model.Logits(hidden.index_select(0, tensor(positions.ToArray())));                    // (action tokens, V)
        var logProbs = logits.log_softmax(-1).gather(1, tensor(targets.ToArray()).unsqueeze(1)).squeeze(1);
        return zeros(rows.Count).index_add(0, tensor(owners.ToArray()), logProbs, 1).view(2, pairs.Count);
    }

    // Tokens of the longer of a pair's two sequences.
    private static int Length(PreferencePair pair) => pair.HistoryTokens.Count + Math.Max(pair.ChosenTokens.Count, pair.RejectedTokens.Count);

    // Linear warm-up, then linear down to 10 % of the peak.
    private static double LearningRate(DpoOptions options, int update)
    {
        var warmup = options.WarmupUpdates == 0 ? 1 : Math.Min(1.0, (update + 1.0) / options.WarmupUpdates);
        var left = 1.0 - ((double)update / options.Updates);
        return options.LearningRate * warmup * (FinalLearningRateShare + ((1 - FinalLearningRateShare) * left));
    }
}
