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
/// Stage 3: direct preference optimisation (Rafailov et al., 2023, equation 7; RRO section 3.3).
/// <code>
/// margin = beta * [ (log pi(chosen) - log pi_ref(chosen)) - (log pi(rejected) - log pi_ref(rejected)) ]
/// loss   = mean over pairs of -ln sigmoid(margin)
/// </code>
/// Log-probabilities are summed over the tokens that the policy wrote: of a step pair the two actions, given the history they share;
/// of a trajectory pair all actions of the two episodes, observations left out. The reference is the SFT model; its
/// log-probabilities are computed once, before the first update. The number of updates is a setting of its own, because it,
/// and not the number of pairs, decides between no gain and collapse (learning.md 10).
/// </summary>
/// <remarks>
/// The family (<see cref="DpoOptions"/>): plain; length-normalised (each side's log-ratio divided by its number of tokens, so that long
/// sides do not weigh more); DPO-Positive (Pal et al., 2024, equation 3: a penalty where the chosen side falls below the reference); an
/// NLL term on the chosen side (Pang et al., 2024); an SFT term on demonstrations (IPR's weight is 1).
/// A pair's own weight (<see cref="PreferencePair.Weight"/>) multiplies its term of the loss, the NLL term included; the mean stays one
/// over pairs, so that a weight of 2 is what the pair standing there twice would be, and weights of 1 change nothing. The loss that is
/// reported is without weights, so that runs compare.
/// </remarks>
public static class Dpo
{
    /// <summary>How far the loss of the first batch may be from ln 2, where policy and reference are still one model.</summary>
    public const double FirstLossTolerance = 1e-3;

    private const int WindowBatches = 8;
    private const double FinalLearningRateShare = 0.1;

    /// <summary>Trains the policy on pairs. Without pairs nothing happens, and an alert says so.</summary>
    /// <param name="context">The run.</param>
    /// <param name="pairs">Pairs with their sampled token ids.</param>
    /// <param name="demonstrations">For the optional SFT term.</param>
    /// <param name="indexes">Index of each pair in the journal; their place in the list when null.</param>
    /// <param name="wasPaused">The collapse guard paused this training before, and a person let it go on.</param>
    /// <returns>Means over the last quarter of the updates that the final policy went through: those after a roll-back's point do not count.</returns>
    /// <exception cref="OperationCanceledException">Stopped by a person.</exception>
    /// <exception cref="RunPausedException">The policy collapsed, and the plan says that a person is to look at it.</exception>
    public static DpoSummary Train(
        RunContext context, IReadOnlyList<PreferencePair> pairs, IReadOnlyList<Demonstration> demonstrations, IReadOnlyList<int>? indexes = null, bool wasPaused = false)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(pairs);
        var options = context.Plan.Dpo;
        var usable = Preflight.Check(context, pairs);
        (pairs, indexes) = ([.. usable.Select(i => pairs[i])], [.. usable.Select(i => indexes?[i] ?? i)]);
        if (pairs.Count == 0 || options.Updates == 0)
        {
            context.Journal.Record(new AlertRaised("warning", pairs.Count == 0
                ? "There is no preference pair, so there is nothing for DPO to learn; the final model is the SFT model."
                : "Dpo.Updates is 0; the final model is the SFT model."));
            return new DpoSummary(0, 0, 0, 0);
        }

        var reference = ReferenceLogProbs(context.Model, pairs);
        var sft = options.SftWeight > 0 ? Sft.Sequences(context, demonstrations) : [];
        var sftRandom = context.Random(Purpose.DpoSftOrder);

        using var guard = CollapseGuard.Watch(context, wasPaused);
        using var optimizer = new AdamW(context.Model, weightDecay: 0);
        var lengths = pairs.Select(Length).ToArray();
        var batches = Batches.Schedule(lengths, Math.Min(options.BatchSize, pairs.Count), options.Updates, WindowBatches, context.Random(Purpose.DpoOrder));
        var history = new List<(double Loss, double Accuracy, double Margin)>();
        var tokens = 0L;
        var measured = Enumerable.Range(0, pairs.Count).Where(i => i % (((pairs.Count - 1) / PairMargins.Limit) + 1) == 0).ToArray();
        var checks = Enumerable.Range(1, options.MarginChecks + 1).Select(i => (int)Math.Round((double)i * batches.Count / (options.MarginChecks + 1))).ToHashSet();
        Measure(0);
        for (var update = 0; update < batches.Count; update++)
        {
            context.CancellationToken.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var batch = batches[update];
            var learningRate = LearningRate(options, update);
            optimizer.ZeroGrad();
            var (value, accuracy, meanMargin, chosenShift, rejectedShift) = (0.0, 0.0, 0.0, 0.0, 0.0);
            foreach (var part in Batches.Parts(batch, i => 2 * lengths[i], context.Model))
            {
                using var partScope = NewDisposeScope();
                var share = (double)part.Length / batch.Length;
                PreferencePair[] rows = [.. part.Select(i => pairs[i])];
                var policy = LogProbs(context.Model, rows);                                                // (2, b)
                float[] known = [.. part.Select(i => reference[i][0]), .. part.Select(i => reference[i][1])];
                var before = tensor(known, [2, part.Length], device: context.Model.Device);                // (2, b)
                var (preference, total, margin) = Losses(policy, before, Counts(rows, context.Model.Device), options);   // (b) each
                context.Model.Backward(Weigh(total, rows).mean() * share);
                var shift = (policy - before).detach();
                // Read together: each reading waits for the device.
                var means = stack([preference.detach().mean(), margin.detach().gt(0).to(float32).mean(), margin.detach().mean(), shift[0].mean(), shift[1].mean()]).cpu().data<float>().ToArray();
                value += share * means[0];
                accuracy += share * means[1];
                meanMargin += share * means[2];
                chosenShift += share * means[3];
                rejectedShift += share * means[4];
            }

            if (options.SftWeight > 0)
            {
                var sample = Enumerable.Range(0, batch.Length).Select(_ => sftRandom.Pick(sft)).ToList();
                Sft.Backward(context.Model, sample, observationWeight: 0, options.SftWeight);
            }

            var norm = optimizer.ClipGradients(options.GradientClip);
            if (!double.IsFinite(value) || !double.IsFinite(norm))
            {
                throw new InvalidOperationException($"The DPO loss is {value} and its gradient {norm} at update {update}: lower Dpo.LearningRate ({options.LearningRate}).");
            }

            if (update == 0)
            {
                Preflight.CheckFirst(context, value, norm);
            }

            optimizer.Step(learningRate);
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
            var goesOn = guard.After(update + 1, chosenShift, rejectedShift);
            if (checks.Contains(update + 1) || !goesOn)
            {
                // After a roll-back the policy is that of an earlier update, and what is measured is its.
                Measure(guard.KeptUpdate ?? (update + 1));
            }

            if (!goesOn)
            {
                break;
            }
        }

        var kept = guard.KeptUpdate ?? history.Count;
        var times = batches.Take(kept).SelectMany(batch => batch).CountBy(pair => pair).ToDictionary();
        context.Journal.Record(new PairsDrawn(kept, indexes, [.. Enumerable.Range(0, pairs.Count).Select(pair => times.GetValueOrDefault(pair))]));
        if (kept == 0)
        {
            return new DpoSummary(0, 0, 0, 0);
        }

        var last = history.Take(kept).Skip(kept * 3 / 4).ToList();
        return new DpoSummary(kept, last.Average(h => h.Loss), last.Average(h => h.Accuracy), last.Average(h => h.Margin));

        void Measure(int done)
        {
            // Before the first update the policy is the reference: nothing to compute.
            var now = done == 0 ? [.. measured.Select(i => reference[i])] : ReferenceLogProbs(context.Model, [.. measured.Select(i => pairs[i])]);
            var margins = measured.Select((pair, at) =>
            {
                var (chosen, rejected) = options.Loss == PreferenceLoss.LengthNormalised ? (pairs[pair].ChosenWrittenCount, pairs[pair].RejectedWrittenCount) : (1, 1);
                return (float)(options.Beta * (((now[at][0] - reference[pair][0]) / chosen) - ((now[at][1] - reference[pair][1]) / rejected)));
            });
            context.Journal.Record(new PairMargins(done, [.. measured.Select(i => indexes[i])], [.. margins]));
        }
    }

    /// <summary>The losses of pairs from their log-probabilities.</summary>
    /// <param name="policy">(2, b): summed log-probability of chosen and rejected under the policy, with a gradient.</param>
    /// <param name="reference">(2, b): the same under the reference.</param>
    /// <param name="counts">(2, b): number of tokens each sum runs over.</param>
    /// <param name="options">Which member of the family.</param>
    /// <returns>(b) each: the preference loss alone, the loss with its NLL term, and the implicit reward margin.</returns>
    public static (Tensor Preference, Tensor Total, Tensor Margin) Losses(Tensor policy, Tensor reference, Tensor counts, DpoOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var shift = policy - reference;
        if (options.Loss == PreferenceLoss.LengthNormalised)
        {
            shift = shift / counts;
        }

        var margin = options.Beta * (shift[0] - shift[1]);
        var inner = options.Loss == PreferenceLoss.DpoPositive ? margin - (options.Beta * options.PositiveWeight * (-shift[0]).relu()) : margin;
        var preference = -nn.functional.logsigmoid(inner);
        var total = options.NllWeight > 0 ? preference - (options.NllWeight * policy[0] / counts[0]) : preference;
        return (preference, total, margin);
    }

    /// <summary>Multiplies each pair's loss by its weight. With weights of 1 it is the very same tensor.</summary>
    /// <param name="losses">(b).</param>
    /// <param name="pairs">In the same order.</param>
    public static Tensor Weigh(Tensor losses, IReadOnlyList<PreferencePair> pairs)
    {
        ArgumentNullException.ThrowIfNull(losses);
        ArgumentNullException.ThrowIfNull(pairs);
        return pairs.All(p => p.Weight is null or 1) ? losses : losses * tensor((float[])[.. pairs.Select(p => (float)(p.Weight ?? 1))], device: losses.device);
    }

    /// <summary>Summed log-probability of each pair's two sides under the current weights, without gradients.</summary>
    /// <returns>For each pair [chosen, rejected], nats.</returns>
    public static float[][] ReferenceLogProbs(LanguageModel model, IReadOnlyList<PreferencePair> pairs)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        var all = new float[pairs.Count][];
        using var noGrad = no_grad();
        // Pairs of like length together: padding is computed too.
        foreach (var part in Batches.Parts([.. Enumerable.Range(0, pairs.Count)], i => 2 * Length(pairs[i]), model))
        {
            using var scope = NewDisposeScope();
            var values = LogProbs(model, [.. part.Select(i => pairs[i])]).cpu().data<float>().ToArray();
            for (var b = 0; b < part.Length; b++)
            {
                all[part[b]] = [values[b], values[part.Length + b]];
            }
        }

        return all;
    }

    /// <summary>Summed log-probability of the tokens that the policy wrote on each side, given what stands before them.</summary>
    /// <returns>(2, B): chosen, then rejected.</returns>
    public static Tensor LogProbs(LanguageModel model, IReadOnlyList<PreferencePair> pairs)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(pairs);
        var rows = pairs.Select(p => (p.HistoryTokens, Side: p.ChosenTokens, Written: p.ChosenWritten))
            .Concat(pairs.Select(p => (p.HistoryTokens, Side: p.RejectedTokens, Written: p.RejectedWritten))).ToList();
        var length = rows.Max(r => r.HistoryTokens.Count + r.Side.Count) - 1;
        var inputs = new long[rows.Count * length];
        var positions = new List<long>();  // of the tokens before each written token
        var targets = new List<long>();
        var owners = new List<long>();
        for (var r = 0; r < rows.Count; r++)
        {
            var (history, side, written) = rows[r];
            for (var t = 0; t < history.Count + side.Count - 1; t++)
            {
                inputs[(r * length) + t] = t < history.Count ? history[t] : side[t - history.Count];
            }

            for (var t = 0; t < side.Count; t++)
            {
                if (written is null || written[t])
                {
                    positions.Add((r * length) + history.Count + t - 1);
                    targets.Add(side[t]);
                    owners.Add(r);
                }
            }
        }

        var device = model.Device;
        var hidden = model.forward(tensor(inputs, [rows.Count, length], device: device)).view(-1, model.Width);
        var logits = model.Logits(hidden.index_select(0, tensor(positions.ToArray(), device: device)));    // (written tokens, V)
        var logProbs = logits.log_softmax(-1).gather(1, tensor(targets.ToArray(), device: device).unsqueeze(1)).squeeze(1);
        return zeros(rows.Count, device: device).index_add(0, tensor(owners.ToArray(), device: device), logProbs, 1).view(2, pairs.Count);
    }

    /// <summary>Number of tokens that the sums of <see cref="LogProbs"/> run over.</summary>
    /// <param name="pairs">B pairs.</param>
    /// <param name="device">Where the sums are; the processor when null.</param>
    /// <returns>(2, B).</returns>
    public static Tensor Counts(IReadOnlyList<PreferencePair> pairs, Device? device = null)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        float[] counts = [.. pairs.Select(p => (float)p.ChosenWrittenCount), .. pairs.Select(p => (float)p.RejectedWrittenCount)];
        return tensor(counts, [2, pairs.Count], device: device);
    }

    /// <summary>Learning rate of an update: linear warm-up, then as the plan's schedule has it.</summary>
    public static double LearningRate(DpoOptions options, int update)
    {
        ArgumentNullException.ThrowIfNull(options);
        var warmup = options.WarmupUpdates == 0 ? 1 : Math.Min(1.0, (update + 1.0) / options.WarmupUpdates);
        var done = (double)update / options.Updates;
        var shape = options.Schedule switch
        {
            LearningRateSchedule.Linear => 1 - done,
            LearningRateSchedule.Cosine => (1 + Math.Cos(Math.PI * done)) / 2,
            _ => 1,
        };
        return options.LearningRate * warmup * (FinalLearningRateShare + ((1 - FinalLearningRateShare) * shape));
    }

    // Tokens of the longer of a pair's two sequences.
    private static int Length(PreferencePair pair) => pair.HistoryTokens.Count + Math.Max(pair.ChosenTokens.Count, pair.RejectedTokens.Count);
}
