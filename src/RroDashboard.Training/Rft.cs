using RroDashboard.Core;
using RroDashboard.Core.Events;
using RroDashboard.Core.Exploration;
using RroDashboard.Core.Metrics;
using RroDashboard.Core.Rewards;
using RroDashboard.Environments;
using RroDashboard.Training.Model;
using static TorchSharp.torch;

namespace RroDashboard.Training;

/// <summary>
/// RFT, rejection-sampling fine-tuning (Yuan et al., 2023, arXiv 2308.01825): no preferences, only more of what worked.
/// <code>
/// for each task: play own episodes, keep those with the full reward
/// then SFT on what was kept and as many demonstrations, from the SFT model
/// </code>
/// Departures: updates and batch size are those of preference training (<c>Dpo.Updates</c>, <c>Dpo.BatchSize</c>), so that methods
/// can be compared at equal updates; one iteration; episodes of a task that are alike word for word are all kept, where the paper keeps
/// different ones only, so that an answer the policy is sure of weighs more.
/// </summary>
public static class Rft
{
    private const int WindowBatches = 16;
    private const double FinalLearningRateShare = 0.05;

    /// <summary>Collects the episodes; what is kept goes to the journal.</summary>
    /// <param name="context">The run.</param>
    /// <param name="demonstrations">The expert's episodes.</param>
    /// <param name="past">What was done before the run was broken off: its finished tasks are not played again.</param>
    /// <returns>What it cost.</returns>
    /// <exception cref="OperationCanceledException">Stopped by a person.</exception>
    public static Budget Run(RunContext context, IReadOnlyList<Demonstration> demonstrations, RunPast? past = null) =>
        Rivals.Run(context, demonstrations, past, (rivals, task, index) => PlayAsync(context, rivals, task, index));

    private static async Task PlayAsync(RunContext context, Rivals rivals, AgentTask task, int index)
    {
        var own = await rivals.SampleAsync(task, index, context.Plan.Rivals.Episodes).ConfigureAwait(false);
        rivals.Open(index, task, new Estimate([.. own.Select(e => e.Reward)]));
        var range = context.Environment.RewardRange;
        var least = range.Low + (context.Plan.Rivals.KeepShare * (range.High - range.Low));
        foreach (var episode in own.Where(e => e.Reward >= least && e.Length <= context.Model.Context))
        {
            context.Journal.Record(new TrajectoryKept(index, episode.Reward, [.. episode.Start, .. episode.Rest], [.. episode.Sequence().Written]));
        }

        rivals.Finish(index, steps: 0, own.Max(e => e.Reward), own.Length);
    }

    /// <summary>Fine-tunes on what was kept and as many demonstrations.</summary>
    /// <returns>Number of updates and the mean loss over the last quarter of them; accuracy and margin have no meaning here and are 0.</returns>
    /// <exception cref="OperationCanceledException">Stopped by a person.</exception>
    public static DpoSummary Train(RunContext context, IReadOnlyList<TrajectoryKept> kept, IReadOnlyList<Demonstration> demonstrations)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(kept);
        var (options, updates) = (context.Plan.Rivals, context.Plan.Dpo.Updates);
        if (kept.Count == 0 || updates == 0)
        {
            context.Journal.Record(new AlertRaised("warning", kept.Count == 0
                ? "No episode of the policy earned enough to be kept, so there is nothing for RFT to learn; the final model is the SFT model."
                : "Dpo.Updates is 0; the final model is the SFT model."));
            return new DpoSummary(0, 0, 0, 0);
        }

        var experts = Sft.Sequences(context, demonstrations);
        var random = context.Random(Purpose.DpoSftOrder);
        List<(int[] Tokens, bool[] Written)> data =
        [
            .. kept.OrderBy(k => k.Task).Select(k => ((int[])[.. k.Tokens], (bool[])[.. k.Written])),
            .. Enumerable.Range(0, kept.Count).Select(_ => random.Pick(experts)),
        ];
        context.Journal.Sample(new LogLine("info", FormattableString.Invariant($"{kept.Count} episodes were kept; as many demonstrations are added.")));
        using var optimizer = new AdamW(context.Model, context.Plan.Sft.WeightDecay);
        var batches = Batches.Schedule([.. data.Select(d => d.Tokens.Length)], Math.Min(context.Plan.Dpo.BatchSize, data.Count), updates, WindowBatches, context.Random(Purpose.DpoOrder));
        var losses = new List<double>();
        for (var update = 0; update < batches.Count; update++)
        {
            context.CancellationToken.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var warmup = Math.Min(1.0, (update + 1.0) / Math.Max(1, context.Plan.Dpo.WarmupUpdates));
            var cosine = (1 + Math.Cos(Math.PI * update / updates)) / 2;
            var learningRate = options.RftLearningRate * warmup * (FinalLearningRateShare + ((1 - FinalLearningRateShare) * cosine));
            optimizer.ZeroGrad();
            var value = Sft.Backward(context.Model, [.. batches[update].Select(i => data[i])], context.Plan.Sft.ObservationWeight);
            var norm = optimizer.ClipGradients(context.Plan.Sft.GradientClip);
            if (!double.IsFinite(value))
            {
                throw new InvalidOperationException($"The RFT loss is {value} at update {update}: lower Rivals.RftLearningRate ({options.RftLearningRate}).");
            }

            optimizer.Step(learningRate);
            losses.Add(value);
            context.Journal.Sample(new MetricPoint(SeriesNames.RftLoss, update, value));
            context.Journal.Sample(new MetricPoint(SeriesNames.DpoGradientNorm, update, norm));
            context.Journal.Sample(new MetricPoint(SeriesNames.DpoLearningRate, update, learningRate));
            context.Journal.Sample(new ProgressReported(Stage.Dpo, update + 1, batches.Count));
        }

        return new DpoSummary(losses.Count, losses.Skip(losses.Count * 3 / 4).Average(), 0, 0);
    }
}
