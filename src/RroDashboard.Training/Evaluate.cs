using RroDashboard.Core;
using RroDashboard.Core.Events;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Rewards;
using RroDashboard.Core.Statistics;
using RroDashboard.Environments;
using RroDashboard.Training.Sampling;

namespace RroDashboard.Training;

/// <summary>
/// Held-out evaluation: one greedy and one T=1 episode per held-out task, because greedy decoding of a half-trained policy loops while
/// sampling does not, and the two can move in opposite directions (learning.md 4). Intervals are bootstrapped over groups of tasks; they say
/// nothing about training seeds.
/// </summary>
public static class Evaluate
{
    private const double Confidence = 0.95;
    private const double PerfectTolerance = 1e-3;

    /// <summary>Plays the plan's held-out tasks with the current policy.</summary>
    /// <param name="context">The run.</param>
    /// <param name="stage"><see cref="Stage.Baseline"/> or <see cref="Stage.Evaluate"/>.</param>
    /// <exception cref="OperationCanceledException">Stopped by a person.</exception>
    public static HeldOut Run(RunContext context, Stage stage)
    {
        ArgumentNullException.ThrowIfNull(context);
        var greedy = Play(context, stage, "greedy", temperature: 0);
        var sampled = Play(context, stage, "sampled", temperature: 1);
        return new HeldOut(greedy.Mean, sampled.Mean, [greedy.Low, greedy.High], [sampled.Low, sampled.High]);
    }

    /// <summary>Plays the environment's scripted rules on the same tasks; they do not depend on the policy.</summary>
    public static IReadOnlyList<ReferenceSummary> References(RunContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var tasks = Tasks(context);
        var results = new List<ReferenceSummary>();
        foreach (var (index, reference) in context.Environment.References.Index())
        {
            context.CancellationToken.ThrowIfCancellationRequested();
            var rewards = tasks.Select((task, i) =>
            {
                var random = context.Random(Purpose.Reference, index, i);
                var episode = context.Environment.Reset(task);
                while (!episode.Finished)
                {
                    episode.Step(reference.Act(episode, random));
                }

                return episode.Reward;
            }).ToArray();
            var interval = Interval(context, tasks, rewards, context.Random(Purpose.Bootstrap, -1, index));
            var perfect = rewards.Count(r => r >= context.Environment.RewardRange.High - PerfectTolerance) / (double)rewards.Length;
            context.Journal.Record(new ReferenceEvaluated(reference.Name, rewards.Average(), interval.Low, interval.High, perfect));
            results.Add(new ReferenceSummary(reference.Name, rewards.Average(), [interval.Low, interval.High]));
        }

        return results;
    }

    private static AgentTask[] Tasks(RunContext context)
    {
        var split = context.Plan.Evaluate.Split == EvaluationSplit.Tuning ? TaskSplit.Tuning : TaskSplit.Test;
        return [.. context.Environment.Tasks(split).Take(context.Plan.Evaluate.Tasks)];
    }

    private static Interval Interval(RunContext context, AgentTask[] tasks, double[] rewards, SeededRandom random) =>
        Bootstrap.Mean(rewards, [.. tasks.Select(t => t.Group)], Confidence, context.Plan.Evaluate.BootstrapResamples, random);

    private static EvaluationFinished Play(RunContext context, Stage stage, string decoding, double temperature)
    {
        var tasks = Tasks(context);
        var episodes = new EpisodeResult[tasks.Length];
        var played = new EpisodePlayed[tasks.Length];
        var done = 0;
        var engine = context.Sampler;
        engine.Forget();
        engine.Run(tasks.Select((task, index) => (Func<Task>)(() => PlayOneAsync(task, index))));

        var rewards = episodes.Select(e => e.Reward).ToArray();
        var interval = Interval(context, tasks, rewards, context.Random(Purpose.Bootstrap, (long)stage, temperature > 0 ? 1 : 0));
        var range = context.Environment.RewardRange;
        // Every episode counts; as many as fit can also be read.
        var room = (long)EpisodePlayed.CharacterLimit;
        foreach (var episode in played.TakeWhile(e => (room -= e.Characters) >= 0))
        {
            context.Journal.Record(episode);
        }

        var actions = episodes.Sum(e => e.Steps);
        var result = new EvaluationFinished(
            stage,
            decoding,
            rewards.Average(),
            interval.Low,
            interval.High,
            PerfectShare: rewards.Count(r => r >= range.High - PerfectTolerance) / (double)rewards.Length,
            ZeroShare: rewards.Count(r => r == 0) / (double)rewards.Length,
            InvalidRate: actions == 0 ? 0 : episodes.Sum(e => e.InvalidActions) / (double)actions,
            MeanSteps: actions / (double)episodes.Length,
            episodes);
        context.Journal.Record(result);
        return result;

        async Task PlayOneAsync(AgentTask task, int index)
        {
            var random = context.Random(Purpose.Evaluation, (long)stage, index);
            var episode = context.Environment.Reset(task);
            var history = SamplingEngine.Start(context.Dialogue.Start(task.Instruction));
            var written = 0;
            var turns = new List<EpisodeTurn>();
            while (!episode.Finished && context.Fits(history.Length))
            {
                var action = await engine.SampleAsync(history, temperature, random, last: true, context.Allowed(episode)).ConfigureAwait(false);
                written += action.Tokens.Length;
                var text = context.Dialogue.ActionText(action.Tokens);
                episode.Step(text);
                turns.Add(EpisodeTurn.Of(text, episode.Observation, episode.LastActionInvalid));
                history = episode.Finished ? action.After : engine.Append(action.After, context.Dialogue.Answer(episode.Observation));
            }

            engine.Release(history);
            var reward = episode.Finished ? episode.Reward : 0;
            var flaws = EpisodeFlaws.Of(episode.Explanation, reward, context.Environment.RewardRange);
            episodes[index] = new EpisodeResult(task.Id, reward, episode.Actions.Count, episode.InvalidActions, written, task.Group, flaws);
            played[index] = new EpisodePlayed(stage, decoding, index, task.Id, task.Instruction, turns, episode.Finished, reward, [.. episode.Explanation.Take(EpisodePlayed.PartLimit)]);
            done++;
            context.Journal.Sample(new ProgressReported(stage, done + (temperature > 0 ? tasks.Length : 0), 2L * tasks.Length));
        }
    }
}
