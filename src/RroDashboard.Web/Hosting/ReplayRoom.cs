using RroDashboard.Core.Plans;
using RroDashboard.Data;
using RroDashboard.Environments;

namespace RroDashboard.Web.Hosting;

/// <summary>A walk's environment, rebuilt at one of its steps.</summary>
/// <param name="Episode">Nothing that is done to it touches the run.</param>
/// <param name="Same">The rebuilt environment is the run's own, by the hash of everything that decides its behaviour.</param>
/// <param name="Environment">It.</param>
public sealed record Replayed(IEpisode Episode, bool Same, IAgentEnvironment Environment);

/// <summary>Rebuilds environments where a walk was: reset and the same actions again.</summary>
public sealed class ReplayRoom(EnvironmentShelf shelf, WalkQueries walks)
{
    /// <summary>Most actions that are played again: beyond that a page would wait too long.</summary>
    public const int MaxActions = 1000;

    /// <summary>The episode of a walk after some of the actions that were followed.</summary>
    /// <param name="run">Which run.</param>
    /// <param name="environmentHash">What the run said of its environment.</param>
    /// <param name="task">Which walk.</param>
    /// <param name="taskId">Its task.</param>
    /// <param name="attempts">The candidates that were followed, from step 0 up to the step where the walk is to stand.</param>
    /// <param name="cancellationToken">Given up.</param>
    /// <exception cref="PlanException">The environment cannot be loaded, has no such task, or the walk is too long.</exception>
    public async Task<Replayed> OpenAsync(RunInfo run, string environmentHash, int task, string taskId, IReadOnlyList<int> attempts, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(attempts);
        if (run.Remote is not null)
        {
            throw new PlanException($"The environment of run '{run.Id}' is with its trainer elsewhere, so nothing of it can be played again here.");
        }

        if (attempts.Count > MaxActions)
        {
            throw new PlanException($"Step {attempts.Count} is too deep to be replayed here: at most {MaxActions} actions are played again.");
        }

        var environment = await shelf.OpenAsync(run.Plan.Environment, cancellationToken);
        var wanted = environment.Tasks(TaskSplit.Train).FirstOrDefault(t => t.Id == taskId)
            ?? throw new PlanException($"The environment has no training task '{taskId}': its data are not those that the run had.");
        var actions = new List<string>();
        for (var step = 0; step < attempts.Count; step++)
        {
            var candidate = await walks.CandidateAsync(run.Id, task, step, attempts[step], cancellationToken)
                ?? throw new PlanException($"Step {step} of the walk has no candidate {attempts[step] + 1}.");
            actions.Add(candidate.Action);
        }

        return new Replayed(environment.Replay(wanted, actions), environment.ContentHash == environmentHash, environment);
    }
}
