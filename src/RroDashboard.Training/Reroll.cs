using RroDashboard.Core.Events;
using RroDashboard.Core.Exploration;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Rewards;
using RroDashboard.Core.Statistics;
using RroDashboard.Environments;
using RroDashboard.Training.Checkpoints;
using RroDashboard.Training.Sampling;
using static TorchSharp.torch;

namespace RroDashboard.Training;

/// <summary>An accepted step and how the walk came there.</summary>
/// <param name="Task">Index within the run's explored tasks.</param>
/// <param name="TaskId">Stable id given by the environment.</param>
/// <param name="Step">0-based step of the walk.</param>
/// <param name="Prefix">Actions before it.</param>
/// <param name="Action">The accepted one.</param>
public sealed record AcceptedStep(int Task, string TaskId, int Step, IReadOnlyList<string> Prefix, string Action);

/// <summary>
/// How much of the acceptances was luck: chosen accepted steps are valued again, they and the steps before them, by the policy that sampled them and
/// with rollouts of their own seeds, and compared by the same rule. A true rise rises again; one that three lucky rollouts made does so as often as
/// not. Tokens of accepted steps are not kept, so a prefix is encoded from its text, as the expert's actions are.
/// </summary>
public static class Reroll
{
    /// <summary>Steps that a round chooses at most.</summary>
    public const int Steps = 20;

    /// <summary>Why the steps of a plan cannot be replayed, as one sentence; null when they can.</summary>
    public static string? WhyNot(RunPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        return plan.Explore.Continue == Continue.AlongExpert
            ? "The walks of this run follow the expert and not the accepted steps (Explore.Continue = AlongExpert), so accepted steps are no prefix that could be replayed."
            : null;
    }

    /// <summary>Which accepted steps a round values again: a sample without preference, another one each round.</summary>
    public static IReadOnlyList<AcceptedStep> Choose(RunPlan plan, int round, IReadOnlyList<TaskOpened> opened, IReadOnlyList<StepDecided> decided)
    {
        ArgumentNullException.ThrowIfNull(plan);
        var ids = opened.GroupBy(o => o.Task).ToDictionary(g => g.Key, g => g.Last().TaskId);
        var steps = new List<AcceptedStep>();
        foreach (var walk in decided.GroupBy(d => d.Task).OrderBy(g => g.Key))
        {
            var actions = new List<string>();
            foreach (var step in walk.OrderBy(s => s.Step))
            {
                // A hole would make another walk of it.
                if (step.Step != actions.Count || !ids.TryGetValue(step.Task, out var id))
                {
                    break;
                }

                if (step.Verdict == StepVerdict.Rose)
                {
                    steps.Add(new AcceptedStep(step.Task, id, step.Step, [.. actions], step.Action));
                }

                actions.Add(step.Action);
            }
        }

        var shuffled = steps.ToArray();
        new SeededRandom(plan.Seed, (long)Purpose.Reroll, round).Shuffle<AcceptedStep>(shuffled);
        return [.. shuffled.Take(Steps).OrderBy(s => s.Task).ThenBy(s => s.Step)];
    }

    /// <summary>Values the chosen steps again. Computes for seconds: call it on a thread of its own.</summary>
    /// <param name="plan">Of the run.</param>
    /// <param name="runFolder">Where its checkpoints are.</param>
    /// <param name="sampledBy">The checkpoint that explored.</param>
    /// <param name="round">Names the random streams.</param>
    /// <param name="steps">From <see cref="Choose"/>.</param>
    /// <param name="cancellationToken">Ends it between two batches.</param>
    /// <exception cref="InvalidDataException">The checkpoint is missing, damaged or another one.</exception>
    /// <exception cref="OperationCanceledException">The server stops.</exception>
    public static RerollFinished Run(RunPlan plan, string runFolder, CheckpointSaved sampledBy, int round, IReadOnlyList<AcceptedStep> steps, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(sampledBy);
        ArgumentNullException.ThrowIfNull(steps);
        var folder = Path.Combine(runFolder, sampledBy.Folder);
        Verify(folder, sampledBy.Sha256);
        using var scope = NewDisposeScope();
        set_num_threads(plan.Model.Threads);
        using var environment = EnvironmentFactory.Create(plan.Environment);
        var (model, _, tokenizer) = Checkpoint.Load(folder);
        using var owned = model;
        var dialogue = new Dialogue(tokenizer, environment);
        using var sampler = new SamplingEngine(model, dialogue.ActionEnd, environment.MaxActionTokens, cancellationToken);
        var context = new RunContext(plan, environment, dialogue, model, sampler, new Silence(), cancellationToken);
        var tasks = environment.Tasks(TaskSplit.Train).ToLookup(t => t.Id, StringComparer.Ordinal);
        var rule = new RisingRule(plan.Explore.Rise, plan.Explore.RiseMargin, environment.RewardRange);
        var results = new RerolledStep?[steps.Count];
        var rollouts = 0;
        sampler.Run(steps.Select((step, index) => (Func<Task>)(() => ValueAsync(step, index))));
        var done = results.OfType<RerolledStep>().ToList();
        return new RerollFinished(round, sampledBy.Sha256, done, rollouts, steps.Count - done.Count);

        async Task ValueAsync(AcceptedStep step, int index)
        {
            var task = tasks[step.TaskId].FirstOrDefault();
            if (task is null)
            {
                return;
            }

            var episode = environment.Reset(task);
            var tokens = new List<int>(dialogue.Start(task.Instruction));
            foreach (var action in step.Prefix)
            {
                episode.Step(action);
                if (episode.Finished)
                {
                    // Not the walk that the ledger tells of.
                    return;
                }

                tokens.AddRange(dialogue.Action(action));
                tokens.AddRange(dialogue.Answer(episode.Observation));
            }

            var previous = step.Step == 0 && plan.Explore.FirstStepBaseline != FirstStepBaseline.RootValue
                ? Estimate.Final(0)
                : await EstimateAsync(episode, [.. tokens], step, place: 0).ConfigureAwait(false);
            episode.Step(step.Action);
            tokens.AddRange(dialogue.Action(step.Action));
            if (!episode.Finished)
            {
                tokens.AddRange(dialogue.Answer(episode.Observation));
            }

            var accepted = await EstimateAsync(episode, [.. tokens], step, place: 1).ConfigureAwait(false);
            results[index] = new RerolledStep(step.Task, step.Step, previous, accepted, rule.Rises(previous, accepted));
        }

        // As Explore does it, with streams of this round.
        async Task<Estimate> EstimateAsync(IEpisode episode, int[] tokens, AcceptedStep step, int place)
        {
            if (episode.Finished)
            {
                return Estimate.Final(episode.Reward);
            }

            var history = SamplingEngine.Start(tokens);
            if (!context.Fits(history.Length))
            {
                return Estimate.Final(0);
            }

            var outcomes = Enumerable.Range(0, plan.Explore.Rollouts).Select(r =>
                RolloutAsync(episode.Fork(), history, context.Random(Purpose.Reroll, round, step.Task, step.Step, place, r)));
            rollouts += plan.Explore.Rollouts;
            var estimate = new Estimate(await Task.WhenAll(outcomes).ConfigureAwait(false));
            sampler.Release(history);
            return estimate;
        }

        async Task<double> RolloutAsync(IEpisode episode, History history, SeededRandom random)
        {
            var first = true;
            while (!episode.Finished && context.Fits(history.Length))
            {
                // The first action forks the step's history; from then on the rollout is alone and uses up its own.
                var sampled = await sampler.SampleAsync(history, plan.Explore.RolloutTemperature, random, last: !first, context.Allowed(episode)).ConfigureAwait(false);
                first = false;
                episode.Step(dialogue.ActionText(sampled.Tokens));
                history = episode.Finished ? sampled.After : sampler.Append(sampled.After, dialogue.Answer(episode.Observation));
            }

            if (!first)
            {
                sampler.Release(history);
            }

            return episode.Finished ? episode.Reward : 0;
        }
    }

    private static void Verify(string folder, string sha256)
    {
        var hash = Checkpoint.HashOf(folder);
        if (hash != sha256)
        {
            throw new InvalidDataException($"The weights in '{Path.GetFileName(folder)}' are not those that explored: their SHA-256 is {hash}, recorded was {sha256}.");
        }
    }

    /// <summary>A re-roll says only its result.</summary>
    private sealed class Silence : IRunJournal
    {
        public void Record(RunFact fact)
        {
        }

        public void Sample(RunSample sample)
        {
        }
    }
}
