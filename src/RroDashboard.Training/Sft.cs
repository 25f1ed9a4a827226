using RroDashboard.Core.Events;
using RroDashboard.Core.Metrics;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Statistics;
using RroDashboard.Environments;
using RroDashboard.Training.Model;
using TorchSharp;
using static TorchSharp.torch;

namespace RroDashboard.Training;

/// <summary>One expert episode.</summary>
/// <param name="Task">What was asked.</param>
/// <param name="Turns">Each action with its observation.</param>
/// <param name="Reward">What it got: the scripted expert is imperfect on purpose.</param>
/// <param name="Source">Who played it: <see cref="Sft.ScriptedExpert"/>, or file and place of a recording.</param>
public sealed record Demonstration(AgentTask Task, IReadOnlyList<(string Action, string Observation)> Turns, double Reward, string Source)
{
    /// <summary>What was thought before each action; empty where nobody thought aloud, as the scripted expert, or where the plan leaves thoughts out.</summary>
    public IReadOnlyList<string> Thoughts { get; init; } = [];
}

/// <summary>
/// Stage 1: supervised fine-tuning, behaviour cloning on expert trajectories (RRO section 3.1; learning.md 4).
/// <code>L_SFT = - E over demonstrations [ sum over t of log pi(a_t | e_1:t-1) ]</code>
/// Departures from the paper: the policy is a small model trained from scratch instead of Gemma-2 2B, so tokens that it does not
/// write get a small weight as well (it has to learn the language of the observations too), and the demonstrations come from a
/// scripted, deliberately imperfect expert.
/// </summary>
public static class Sft
{
    private const int WindowBatches = 16;
    private const double FinalLearningRateShare = 0.05;

    /// <summary>Source of a demonstration that the environment's own expert played.</summary>
    public const string ScriptedExpert = "scripted expert";

    private const double FullRewardTolerance = 1e-9;

    /// <summary>Plays demonstrations, and replays recordings that earn the full reward; the same for every run of one environment.</summary>
    public static IReadOnlyList<Demonstration> Demonstrate(IAgentEnvironment environment, RunPlan plan)
    {
        ArgumentNullException.ThrowIfNull(environment);
        ArgumentNullException.ThrowIfNull(plan);
        var tasks = environment.DemonstrationTasks(plan.Sft.Demonstrations);
        var demonstrations = new List<Demonstration>(plan.Sft.Demonstrations);
        for (var i = 0; i < plan.Sft.Demonstrations; i++)
        {
            var random = new SeededRandom(plan.Environment.ContentSeed, i);
            var task = tasks[i];
            var episode = environment.Reset(task);
            var turns = new List<(string, string)>();
            while (!episode.Finished)
            {
                var action = environment.ExpertAction(episode, random);
                episode.Step(action);
                turns.Add((action, episode.Observation));
            }

            demonstrations.Add(new Demonstration(task, turns, episode.Reward, ScriptedExpert));
        }

        demonstrations.AddRange(environment.Recordings.Select(r => Replay(environment, r.Task, r.Recorded, plan.Sft.Thoughts)).OfType<Demonstration>());
        return demonstrations;
    }

    private static Demonstration? Replay(IAgentEnvironment environment, AgentTask task, RecordedEpisode recorded, bool thoughts)
    {
        var episode = environment.Reset(task);
        var turns = new List<(string, string)>();
        foreach (var action in recorded.Actions)
        {
            if (episode.Finished)
            {
                break;
            }

            episode.Step(action);
            turns.Add((action, episode.Observation));
        }

        return episode.Finished && episode.Reward >= environment.RewardRange.High - FullRewardTolerance ? new Demonstration(task, turns, episode.Reward, recorded.Source) { Thoughts = thoughts ? [.. recorded.Thoughts.Take(turns.Count)] : [] } : null;
    }

    /// <summary>What the demonstrations are, for the journal.</summary>
    public static DemonstrationsMade Describe(IAgentEnvironment environment, IReadOnlyList<Demonstration> demonstrations)
    {
        ArgumentNullException.ThrowIfNull(environment);
        var recorded = demonstrations.Count(d => d.Source != ScriptedExpert);
        var sources = demonstrations.CountBy(d => d.Source.Split(',')[0], StringComparer.Ordinal).OrderBy(s => s.Key, StringComparer.Ordinal).ToDictionary(s => s.Key, s => s.Value, StringComparer.Ordinal);
        return new DemonstrationsMade(sources, environment.Recordings.Count - recorded, demonstrations.Average(d => d.Reward));
    }

    /// <summary>All text the policy will read or write in training, for the vocabulary.</summary>
    public static IEnumerable<string> Texts(IEnumerable<Demonstration> demonstrations)
    {
        ArgumentNullException.ThrowIfNull(demonstrations);
        foreach (var demonstration in demonstrations)
        {
            yield return " " + demonstration.Task.Instruction;
            foreach (var (action, observation) in demonstration.Turns)
            {
                yield return " " + action;
                yield return " " + observation;
            }
        }
    }

    /// <summary>Trains the policy on demonstrations. Those longer than the context are left out, with a warning.</summary>
    /// <exception cref="OperationCanceledException">Stopped by a person.</exception>
    public static void Train(RunContext context, IReadOnlyList<Demonstration> demonstrations)
    {
        ArgumentNullException.ThrowIfNull(context);
        var options = context.Plan.Sft;
        if (options.Updates == 0)
        {
            return;
        }

        var data = Sequences(context, demonstrations);

        using var optimizer = new AdamW(context.Model, options.WeightDecay);
        var decoder = context.Model as Decoder;
        if (decoder is not null)
        {
            decoder.DropoutStream = context.Random(Purpose.Dropout);
        }

        var permutation = context.Random(Purpose.SftPermutation);
        var batches = Batches.Schedule([.. data.Select(d => d.Tokens.Length)], options.BatchSize, options.Updates, WindowBatches, context.Random(Purpose.SftOrder));
        var tokens = 0L;
        for (var update = 0; update < batches.Count; update++)
        {
            context.CancellationToken.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var learningRate = LearningRate(options, update);
            optimizer.ZeroGrad();
            var value = Backward(context.Model, [.. batches[update].Select(i => (Exchange(context, data[i].Tokens, permutation), data[i].Written))], options.ObservationWeight);
            var norm = optimizer.ClipGradients(options.GradientClip);
            optimizer.Step(learningRate);

            if (!double.IsFinite(value))
            {
                throw new InvalidOperationException($"The SFT loss is {value} at update {update}: lower Sft.LearningRate ({options.LearningRate}).");
            }

            context.Journal.Sample(new MetricPoint(SeriesNames.SftLoss, update, value));
            context.Journal.Sample(new MetricPoint(SeriesNames.SftLearningRate, update, learningRate));
            context.Journal.Sample(new MetricPoint(SeriesNames.SftGradientNorm, update, norm));
            context.Journal.Sample(new MetricPoint(SeriesNames.SftTokens, update, tokens += batches[update].Sum(i => (long)data[i].Tokens.Length)));
            context.Journal.Sample(new ProgressReported(Stage.Sft, update + 1, batches.Count));
        }

        if (decoder is not null)
        {
            decoder.DropoutStream = null;
        }
    }

    /// <summary>Demonstrations as token sequences that fit the context.</summary>
    /// <exception cref="InvalidOperationException">None fits.</exception>
    public static IReadOnlyList<(int[] Tokens, bool[] Written)> Sequences(RunContext context, IReadOnlyList<Demonstration> demonstrations)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(demonstrations);
        var all = demonstrations.Select(d => context.Dialogue.Episode(d.Task.Instruction, d.Turns, d.Thoughts)).ToList();
        var fitting = all.Where(d => d.Tokens.Length <= context.Model.Context).ToList();
        if (fitting.Count == 0)
        {
            throw new InvalidOperationException($"No demonstration fits Model.Context = {context.Model.Context}; the shortest has {all.Min(d => d.Tokens.Length)} tokens.");
        }

        if (fitting.Count < all.Count)
        {
            context.Journal.Record(new AlertRaised("warning", $"{all.Count - fitting.Count} of {all.Count} demonstrations are longer than Model.Context = {context.Model.Context} and were left out."));
        }

        return fitting;
    }

    /// <summary>Adds the gradient of <paramref name="scale"/> × the loss of a batch, in parts that fit into memory.</summary>
    /// <returns>The loss, unscaled.</returns>
    public static double Backward(LanguageModel model, IReadOnlyList<(int[] Tokens, bool[] Written)> batch, double observationWeight, double scale = 1)
    {
        ArgumentNullException.ThrowIfNull(batch);
        var whole = batch.Sum(b => TotalWeight(b.Written, observationWeight));
        var value = 0.0;
        foreach (var part in Batches.Parts([.. Enumerable.Range(0, batch.Count)], i => batch[i].Tokens.Length - 1, model))
        {
            using var scope = NewDisposeScope();
            var rows = part.Select(i => batch[i]).ToList();
            var share = rows.Sum(b => TotalWeight(b.Written, observationWeight)) / whole;
            var loss = Loss(model, rows, observationWeight);
            model.Backward(loss * (share * scale));
            value += share * loss.ToDouble();
        }

        return value;
    }

    /// <summary>
    /// Cross-entropy of the next token: weight 1 on tokens that the policy writes, <paramref name="observationWeight"/> on the
    /// others, 0 on padding; divided by the sum of the weights.
    /// </summary>
    /// <returns>A scalar with a gradient.</returns>
    public static Tensor Loss(LanguageModel model, IReadOnlyList<(int[] Tokens, bool[] Written)> batch, double observationWeight)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(batch);
        var length = batch.Max(b => b.Tokens.Length) - 1;
        var inputs = new long[batch.Count * length];
        var targets = new long[batch.Count * length];
        var weights = new float[batch.Count * length];
        for (var b = 0; b < batch.Count; b++)
        {
            var (tokens, written) = batch[b];
            for (var t = 0; t < tokens.Length - 1; t++)
            {
                var at = (b * length) + t;
                (inputs[at], targets[at]) = (tokens[t], tokens[t + 1]);
                weights[at] = written[t + 1] ? 1f : (float)observationWeight;
            }
        }

        var hidden = model.forward(tensor(inputs, [batch.Count, length], device: model.Device)).view(-1, model.Width);   // (B T, d)
        if (observationWeight == 0)
        {
            // Most positions then have no loss: their logits, a vocabulary each, need not be computed.
            var written = Enumerable.Range(0, weights.Length).Where(i => weights[i] > 0).ToArray();
            hidden = hidden.index_select(0, tensor(written.Select(i => (long)i).ToArray(), device: model.Device));  // (N, d)
            (targets, weights) = ([.. written.Select(i => targets[i])], [.. written.Select(i => weights[i])]);
        }

        var logProbs = model.Logits(hidden).log_softmax(-1);                                                   // (B T or N, V)
        var chosen = logProbs.gather(1, tensor(targets, device: model.Device).unsqueeze(1)).squeeze(1);
        return -(chosen * tensor(weights, device: model.Device)).sum() / weights.Sum();
    }

    // With the plan's chance, every word becomes another one throughout the demonstration (learning.md 16.6).
    private static int[] Exchange(RunContext context, int[] tokens, SeededRandom random)
    {
        if (!random.Chance(context.Plan.Sft.VocabularyPermutation))
        {
            return tokens;
        }

        var map = Enumerable.Range(0, context.Model.Vocabulary).ToArray();
        foreach (var words in context.Dialogue.ExchangeableWords)
        {
            var others = words.ToArray();
            random.Shuffle<int>(others);
            for (var i = 0; i < words.Count; i++)
            {
                map[words[i]] = others[i];
            }
        }

        return [.. tokens.Select(t => map[t])];
    }

    // The first token is never predicted.
    private static double TotalWeight(bool[] written, double observationWeight) =>
        written.Skip(1).Sum(w => w ? 1.0 : observationWeight);

    // Linear warm-up, then a cosine down to 5 % of the peak.
    private static double LearningRate(SftOptions options, int update)
    {
        var warmup = options.WarmupUpdates == 0 ? 1 : Math.Min(1.0, (update + 1.0) / options.WarmupUpdates);
        var cosine = (1 + Math.Cos(Math.PI * update / options.Updates)) / 2;
        return options.LearningRate * warmup * (FinalLearningRateShare + ((1 - FinalLearningRateShare) * cosine));
    }
}
