using RroDashboard.Core.Events;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Rewards;
using RroDashboard.Core.Statistics;
using RroDashboard.Environments;
using RroDashboard.Training.Checkpoints;
using RroDashboard.Training.Sampling;
using TorchSharp;
using static TorchSharp.torch;

namespace RroDashboard.Training;

/// <summary>A point of a walk that was gone to again: the environment's state, and the tokens that the policy reads there.</summary>
/// <param name="Episode">At this point.</param>
/// <param name="Tokens">Everything before the next action, or before the end where the episode is finished.</param>
internal sealed record ReplayedPlace(IEpisode Episode, IReadOnlyList<int> Tokens);

/// <summary>
/// Values places of a finished run's walks again: its environment, a checkpoint of its policy, and a sampling engine. Tokens of accepted
/// steps are not kept, so a prefix is encoded from its text, as the expert's actions are. Belongs to the thread that made it.
/// </summary>
internal sealed class ValuationRoom : IDisposable
{
    private readonly RunPlan _plan;
    private readonly DisposeScope _scope;
    private readonly Policy _policy;
    private readonly RunContext _context;
    private readonly ILookup<string, AgentTask> _tasks;

    /// <summary>Loads everything.</summary>
    /// <exception cref="InvalidDataException">The checkpoint is missing, damaged or another one.</exception>
    public ValuationRoom(RunPlan plan, string checkpointFolder, string sha256, CancellationToken cancellationToken)
    {
        var hash = Checkpoint.HashOf(checkpointFolder);
        if (hash != sha256)
        {
            throw new InvalidDataException($"The weights in '{Path.GetFileName(checkpointFolder)}' are not those that explored: their SHA-256 is {hash}, recorded was {sha256}.");
        }

        _plan = plan;
        ComputeDevice.Of(plan);
        _scope = NewDisposeScope();
        set_num_threads(plan.Model.Threads);
        Environment = EnvironmentFactory.Create(plan.Environment);
        _policy = Policy.Open(plan, checkpointFolder, Environment);
        Sampler = _policy.Sampler(cancellationToken);
        _context = new RunContext(plan, Environment, Dialogue, _policy.Model, Sampler, new Silence(), cancellationToken);
        _tasks = Environment.Tasks(TaskSplit.Train).ToLookup(t => t.Id, StringComparer.Ordinal);
    }

    public IAgentEnvironment Environment { get; }

    public Dialogue Dialogue => _policy.Dialogue;

    public SamplingEngine Sampler { get; }

    /// <summary>Episodes played to their end so far.</summary>
    public int Rollouts { get; private set; }

    /// <summary>A random stream of the run's seed.</summary>
    public SeededRandom Random(Purpose purpose, params ReadOnlySpan<long> names) => _context.Random(purpose, names);

    /// <summary>Goes to the place before a step; null when the task is gone or the prefix ends the episode, which then is not the walk that the ledger tells of.</summary>
    public ReplayedPlace? Go(string taskId, IEnumerable<string> prefix)
    {
        var task = _tasks[taskId].FirstOrDefault();
        if (task is null)
        {
            return null;
        }

        var place = new ReplayedPlace(Environment.Reset(task), Dialogue.Start(task.Instruction));
        foreach (var action in prefix)
        {
            place = Act(place, action);
            if (place.Episode.Finished)
            {
                return null;
            }
        }

        return place;
    }

    /// <summary>Acts in a fork of a place that is not finished.</summary>
    public ReplayedPlace Act(ReplayedPlace place, string action)
    {
        var episode = place.Episode.Fork();
        episode.Step(action);
        int[] answer = episode.Finished ? [] : Dialogue.Answer(episode.Observation);
        return new ReplayedPlace(episode, [.. place.Tokens, .. Dialogue.Action(action), .. answer]);
    }

    /// <summary>What a place is worth to the policy: its reward where it is finished, else the mean of rollouts, as exploration does it. Call it within <see cref="SamplingEngine.Run"/>.</summary>
    /// <param name="place">Where.</param>
    /// <param name="count">Rollouts, at least 1.</param>
    /// <param name="stream">Random stream of each rollout.</param>
    public async Task<Estimate> ValueAsync(ReplayedPlace place, int count, Func<int, SeededRandom> stream)
    {
        if (place.Episode.Finished)
        {
            return Estimate.Final(place.Episode.Reward);
        }

        var history = SamplingEngine.Start([.. place.Tokens]);
        if (!_context.Fits(history.Length))
        {
            return Estimate.Final(0);
        }

        Rollouts += count;
        var outcomes = Enumerable.Range(0, count).Select(r => RolloutAsync(place.Episode.Fork(), history, stream(r)));
        var estimate = new Estimate(await Task.WhenAll(outcomes).ConfigureAwait(false));
        Sampler.Release(history);
        return estimate;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Sampler.Dispose();
        _policy.Dispose();
        Environment.Dispose();
        _scope.Dispose();
    }

    private async Task<double> RolloutAsync(IEpisode episode, History history, SeededRandom random)
    {
        var first = true;
        while (!episode.Finished && _context.Fits(history.Length))
        {
            // The first action forks the step's history; from then on the rollout is alone and uses up its own.
            var sampled = await Sampler.SampleAsync(history, _plan.Explore.RolloutTemperature, random, last: !first, _context.Allowed(episode)).ConfigureAwait(false);
            first = false;
            episode.Step(Dialogue.ActionText(sampled.Tokens));
            history = episode.Finished ? sampled.After : Sampler.Append(sampled.After, Dialogue.Answer(episode.Observation));
        }

        if (!first)
        {
            Sampler.Release(history);
        }

        return episode.Finished ? episode.Reward : 0;
    }

    /// <summary>Whoever values says only the result.</summary>
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
