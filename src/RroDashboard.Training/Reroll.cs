using RroDashboard.Core.Events;
using RroDashboard.Core.Exploration;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Rewards;
using RroDashboard.Core.Statistics;

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
        using var room = new ValuationRoom(plan, Path.Combine(runFolder, sampledBy.Folder), sampledBy.Sha256, cancellationToken);
        var rule = new RisingRule(plan.Explore.Rise, plan.Explore.RiseMargin, room.Environment.RewardRange);
        var results = new RerolledStep?[steps.Count];
        room.Sampler.Run(steps.Select((step, index) => (Func<Task>)(() => ValueAsync(step, index))));
        var done = results.OfType<RerolledStep>().ToList();
        return new RerollFinished(round, sampledBy.Sha256, done, room.Rollouts, steps.Count - done.Count);

        async Task ValueAsync(AcceptedStep step, int index)
        {
            if (room.Go(step.TaskId, step.Prefix) is not { } before)
            {
                return;
            }

            var previous = step.Step == 0 && plan.Explore.FirstStepBaseline != FirstStepBaseline.RootValue
                ? Estimate.Final(0)
                : await EstimateAsync(before, step, side: 0).ConfigureAwait(false);
            var accepted = await EstimateAsync(room.Act(before, step.Action), step, side: 1).ConfigureAwait(false);
            results[index] = new RerolledStep(step.Task, step.Step, previous, accepted, rule.Rises(previous, accepted));
        }

        // As Explore does it, with streams of this round.
        Task<Estimate> EstimateAsync(ReplayedPlace place, AcceptedStep step, int side) =>
            room.ValueAsync(place, plan.Explore.Rollouts, r => room.Random(Purpose.Reroll, round, step.Task, step.Step, side, r));
    }
}
