using RroDashboard.Core.Events;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Rewards;
using RroDashboard.Training.Sampling;

namespace RroDashboard.Training;

/// <summary>An action at a step of a finished walk: one that was sampled there, or one that a person wrote.</summary>
/// <param name="Task">Index within the run's explored tasks.</param>
/// <param name="TaskId">Stable id given by the environment.</param>
/// <param name="Step">0-based step of the walk.</param>
/// <param name="Prefix">Accepted actions before it.</param>
/// <param name="Action">The action, as text.</param>
public sealed record StepAction(int Task, string TaskId, int Step, IReadOnlyList<string> Prefix, string Action);

/// <summary>What came of an action.</summary>
/// <param name="Observation">What the environment answered.</param>
/// <param name="Invalid">The environment could not act on it.</param>
/// <param name="Finished">It ended the episode, and its value is the reward.</param>
/// <param name="Value">What it is worth; null where it was not valued, or where the walk could not be gone again.</param>
public sealed record ActionOutcome(string Observation, bool Invalid, bool Finished, Estimate? Value);

/// <summary>Goes to steps of finished walks again, takes actions there, and values them by rollouts of a checkpoint.</summary>
public static class StepActions
{
    /// <summary>An action at a step, from the facts of its run: the accepted actions before it are its prefix.</summary>
    /// <exception cref="InvalidDataException">The facts do not tell of the walk up to there.</exception>
    public static StepAction At(int task, int step, string action, IEnumerable<RunFact> facts)
    {
        ArgumentNullException.ThrowIfNull(facts);
        string? id = null;
        var prefix = new SortedDictionary<int, string>();
        foreach (var fact in facts)
        {
            if (fact is TaskOpened opened && opened.Task == task)
            {
                id = opened.TaskId;
            }
            else if (fact is StepDecided decided && decided.Task == task && decided.Step < step)
            {
                prefix[decided.Step] = decided.Action;
            }
        }

        return id is not null && prefix.Count == step
            ? new StepAction(task, id, step, [.. prefix.Values], action)
            : throw new InvalidDataException($"The walk of task {task} is not known up to step {step}, so nothing can be tried there.");
    }

    /// <summary>Takes every action and values it. Computes for as long as the rollouts take: call it on a thread of its own.</summary>
    /// <param name="plan">Of the run.</param>
    /// <param name="checkpointFolder">Folder of the checkpoint whose policy goes on.</param>
    /// <param name="sha256">What its weights have to hash to, hex.</param>
    /// <param name="rollouts">For each action, at least 1.</param>
    /// <param name="purpose">Names the random streams.</param>
    /// <param name="actions">Which; equal ones are valued once.</param>
    /// <param name="cancellationToken">Ends it between two batches.</param>
    /// <returns>For each action, in order.</returns>
    /// <exception cref="InvalidDataException">The checkpoint is missing, damaged or another one, or a walk cannot be gone again.</exception>
    public static IReadOnlyList<ActionOutcome> Value(
        RunPlan plan, string checkpointFolder, string sha256, int rollouts, Purpose purpose, IReadOnlyList<StepAction> actions, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(actions);
        ArgumentOutOfRangeException.ThrowIfLessThan(rollouts, 1);
        using var room = new ValuationRoom(plan, checkpointFolder, sha256, cancellationToken);
        var distinct = actions.DistinctBy(a => (a.Task, a.Step, a.Action)).ToList();
        var outcomes = new Dictionary<(int, int, string), ActionOutcome>();
        // A history that rollouts start from holds a row of the cache; so do they.
        room.Sampler.Run(distinct.Select((action, index) => (Func<Task>)(() => ValueAsync(action, index))), Math.Clamp(room.Sampler.Rows / (1 + rollouts), 1, room.Sampler.MostWalks));
        return [.. actions.Select(a => outcomes[(a.Task, a.Step, a.Action)])];

        async Task ValueAsync(StepAction action, int index)
        {
            var before = room.Go(action.TaskId, action.Prefix)
                ?? throw new InvalidDataException($"The walk of task {action.Task} cannot be gone again up to step {action.Step}: its task is not there, or it ends before.");
            var after = room.Act(before, action.Action);
            var value = await room.ValueAsync(after, rollouts, r => room.Random(purpose, action.Task, action.Step, index, r)).ConfigureAwait(false);
            outcomes[(action.Task, action.Step, action.Action)] = new ActionOutcome(after.Episode.Observation, after.Episode.LastActionInvalid, after.Episode.Finished, value);
        }
    }
}
