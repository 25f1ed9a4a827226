using RroDashboard.Core.Events;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Preferences;
using RroDashboard.Data;
using RroDashboard.Environments;
using RroDashboard.Training;

namespace RroDashboard.Web.Hosting;

/// <summary>What came of an action that a person wrote.</summary>
/// <param name="Outcome">What the environment did, and the value where it was valued.</param>
/// <param name="Pair">The pair that it would make.</param>
/// <param name="Same">The rebuilt environment is the run's own.</param>
/// <param name="NotValued">Why it has no value, as one sentence; null where it has one.</param>
public sealed record TriedAction(ActionOutcome Outcome, PreferencePair Pair, bool Same, string? NotValued);

/// <summary>
/// A better action that a reviewer writes for the step of a pair: it is executed in the environment, rebuilt there by the walk's own actions, and
/// valued by rollouts of the policy that explored, if nothing else computes. Nothing of the run is touched.
/// </summary>
public sealed class WrittenActions(
    RunQueries queries, PairSetStore store, WalkQueries walks, EnvironmentShelf shelf, Vocabularies vocabularies, TrainingHost host, DeviceTurn device)
{
    /// <summary>Longest action, characters.</summary>
    public const int MaxAction = 2000;

    /// <summary>Executes and values.</summary>
    /// <param name="runId">Which run.</param>
    /// <param name="version">Version of its pairs.</param>
    /// <param name="index">Number of the pair whose step it is.</param>
    /// <param name="action">What the person wrote.</param>
    /// <param name="cancellationToken">Given up.</param>
    /// <exception cref="PairSetException">It cannot be tried there, or its words are unknown.</exception>
    /// <exception cref="PlanException">The environment's data are missing.</exception>
    public async Task<TriedAction> TryAsync(string runId, int version, int index, string action, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(action);
        if (string.IsNullOrWhiteSpace(action) || action.Length > MaxAction)
        {
            throw new PairSetException($"An action has 1 to {MaxAction} characters; this one has {action.Trim().Length}.");
        }

        var run = await queries.FindAsync(runId, cancellationToken) ?? throw new PairSetException($"There is no run '{runId}'.");
        var before = (await store.PairsAsync(runId, version, cancellationToken))?.Pairs.FirstOrDefault(p => p.Index == index)?.Pair
            ?? throw new PairSetException($"Version {version} of run '{runId}' trains on no pair {index}.");
        if (run.Plan.Dpo.PairsFrom.Length > 0)
        {
            throw new PairSetException($"This run walked nothing itself: write the better action with the pairs of run {PairsReference.Parse(run.Plan.Dpo.PairsFrom).Run}.");
        }

        if (before.Task < 0 || before.ChosenWritten is not null)
        {
            throw new PairSetException($"Pair {index} belongs to no step of a walk, so nothing can be tried there.");
        }

        if (Reroll.WhyNot(run.Plan) is { } reason)
        {
            throw new PairSetException(reason);
        }

        var (vocabulary, missing) = await vocabularies.OpenAsync(runId, cancellationToken);
        var encoder = new PairEncoder(Vocabularies.Words(vocabulary, missing), run.Plan.Model.Context);
        // As it will be trained: what is executed is what its tokens say.
        var words = encoder.Better(before, action.Trim(), null).Chosen;
        var step = await StepAsync(runId, before, words, cancellationToken);
        var (outcome, same) = await ExecuteAsync(run, step, cancellationToken);
        var notValued = outcome.Invalid ? "The environment cannot act on it here, so it was not valued." : null;
        if (!outcome.Invalid && outcome.Value is null)
        {
            (var value, notValued) = await ValueAsync(run, step, cancellationToken);
            outcome = outcome with { Value = value };
        }

        return new TriedAction(outcome, encoder.Better(before, words, outcome.Value), same, notValued);
    }

    /// <summary>Adds the pair of an action that was tried to a version, which makes a new one.</summary>
    /// <exception cref="PairSetException">The environment could not act on it, or the version cannot be changed.</exception>
    public Task<(PairSetInfo Version, bool Made)> AddAsync(string runId, int version, int index, TriedAction written, string author, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(written);
        return written.Outcome.Invalid
            ? throw new PairSetException("The environment cannot act on this action here, so nothing can be learned from it.")
            : store.AddAsync(
                runId, version, [new PairEntry(0, PairDecision.Added, 1, PairSource.Edited, new PairProvenance("written", $"pair {index}"), written.Pair)],
                author, $"A better action was written for pair {index}.", cancellationToken);
    }

    private async Task<StepAction> StepAsync(string runId, PreferencePair pair, string action, CancellationToken cancellationToken)
    {
        var walk = await walks.WalkAsync(runId, pair.Task, cancellationToken) ?? throw new PairSetException($"Walk {pair.Task} of run '{runId}' is not there.");
        try
        {
            return StepActions.At(pair.Task, pair.Step, action, [walk.Opened, .. walk.Steps]);
        }
        catch (InvalidDataException e)
        {
            throw new PairSetException(e.Message);
        }
    }

    private async Task<(ActionOutcome Outcome, bool Same)> ExecuteAsync(RunInfo run, StepAction step, CancellationToken cancellationToken)
    {
        if (run.Remote is not null)
        {
            throw new PairSetException($"The environment of run '{run.Id}' is with its trainer elsewhere, so no action can be tried here.");
        }

        var environment = await shelf.OpenAsync(run.Plan.Environment, cancellationToken);
        var started = (await queries.HeaderAsync(run.Id, cancellationToken)).OfType<RunStarted>().FirstOrDefault();
        var task = environment.Tasks(TaskSplit.Train).FirstOrDefault(t => t.Id == step.TaskId)
            ?? throw new PairSetException($"The environment has no training task '{step.TaskId}': its data are not those that the run had.");
        return await Task.Run(() =>
        {
            try
            {
                var episode = environment.Replay(task, [.. step.Prefix, step.Action]);
                return (new ActionOutcome(episode.Observation, episode.LastActionInvalid, episode.Finished, episode.Finished ? Core.Rewards.Estimate.Final(episode.Reward) : null), environment.ContentHash == started?.EnvironmentHash);
            }
            catch (InvalidOperationException)
            {
                throw new PairSetException($"The walk of task {step.Task} ends before step {step.Step} in the environment as it is now, so nothing can be tried there.");
            }
        }, cancellationToken);
    }

    private async Task<(Core.Rewards.Estimate? Value, string? NotValued)> ValueAsync(RunInfo run, StepAction step, CancellationToken cancellationToken)
    {
        var saved = (await queries.HeaderAsync(run.Id, cancellationToken)).Explorer();
        if (host.WhyNoRun is not null || saved is null)
        {
            return (null, "It was executed, not valued: there is no engine or no checkpoint to roll out with.");
        }

        using var turn = device.TryTake();
        if (turn is null)
        {
            return (null, "It was executed, not valued: something else computes now. Try it again later for a value.");
        }

        try
        {
            var outcomes = await TensorThread.RunAsync("written action", () => StepActions.Value(
                run.Plan, host.CheckpointFolder(run.Id, saved), saved.Sha256, run.Plan.Explore.Rollouts, Purpose.WrittenAction, [step], cancellationToken));
            return (outcomes[0].Value, null);
        }
        catch (InvalidDataException)
        {
            return (null, "It was executed, not valued: the checkpoint that explored is missing or damaged.");
        }
    }
}
