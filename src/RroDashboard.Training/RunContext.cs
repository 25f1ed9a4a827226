using System.Runtime.CompilerServices;
using RroDashboard.Core.Events;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Statistics;
using RroDashboard.Environments;
using RroDashboard.Training.Model;
using RroDashboard.Training.Sampling;

namespace RroDashboard.Training;

/// <summary>What walks of tasks work on, whatever the policy is.</summary>
/// <param name="Plan">All settings.</param>
/// <param name="Environment">Where the agent acts.</param>
/// <param name="Dialogue">How episodes are written as tokens.</param>
/// <param name="Sampler">Samples from the policy.</param>
/// <param name="LongestHistory">Most tokens of a history with its next action.</param>
/// <param name="Journal">The one way out.</param>
/// <param name="CancellationToken">A person may stop the run between two updates or batches.</param>
public record WalkContext(
    RunPlan Plan,
    IAgentEnvironment Environment,
    Dialogue Dialogue,
    IActionSampler Sampler,
    int LongestHistory,
    IRunJournal Journal,
    CancellationToken CancellationToken)
{
    /// <summary>A random stream of its own for every purpose, so that one stage's draws never shift another's.</summary>
    public SeededRandom Random(Purpose purpose, params ReadOnlySpan<long> names) => new([Plan.Seed, (long)purpose, .. names]);

    /// <summary>
    /// Whether a history leaves room for one more action. If not, the episode ends without a reward: a longer one could not be
    /// trained on.
    /// </summary>
    public bool Fits(int historyLength) =>
        historyLength + Dialogue.MaxActionTokens <= LongestHistory;

    /// <summary>What may be sampled in an episode now; null when the plan leaves the policy free.</summary>
    public ActionTrie? Allowed(IEpisode episode)
    {
        ArgumentNullException.ThrowIfNull(episode);
        return Plan.Environment.ActionMask
            ? _tries.GetValue(episode.Allowed, allowed => ActionTrie.Build(allowed, Dialogue, Dialogue.MaxActionTokens))
            : null;
    }

    // An environment hands out the same list again where it can; then its trie is there already.
    private readonly ConditionalWeakTable<AllowedActions, ActionTrie> _tries = [];
}

/// <summary>What every stage of a run works on.</summary>
/// <param name="Plan">All settings.</param>
/// <param name="Environment">Where the agent acts.</param>
/// <param name="Dialogue">How episodes are written as tokens.</param>
/// <param name="Model">The policy; stages change its weights.</param>
/// <param name="Sampler">Samples from the model; told to forget when a stage has changed the weights.</param>
/// <param name="Journal">The one way out.</param>
/// <param name="CancellationToken">A person may stop the run between two updates or batches.</param>
public sealed record RunContext(
    RunPlan Plan,
    IAgentEnvironment Environment,
    Dialogue Dialogue,
    LanguageModel Model,
    IActionSampler Sampler,
    IRunJournal Journal,
    CancellationToken CancellationToken)
    : WalkContext(Plan, Environment, Dialogue, Sampler, (Model ?? throw new ArgumentNullException(nameof(Model))).Context, Journal, CancellationToken);

/// <summary>What a random stream is for.</summary>
public enum Purpose
{
    /// <summary>Initial weights.</summary>
    Initialisation = 1,

    /// <summary>Order of demonstrations.</summary>
    SftOrder,

    /// <summary>Which training tasks are explored.</summary>
    ExploreTasks,

    /// <summary>Candidates.</summary>
    Candidate,

    /// <summary>Rollouts.</summary>
    Rollout,

    /// <summary>The expert's slips during exploration.</summary>
    Expert,

    /// <summary>Order of pairs.</summary>
    DpoOrder,

    /// <summary>Order of demonstrations in DPO's SFT term.</summary>
    DpoSftOrder,

    /// <summary>Sampled held-out episodes.</summary>
    Evaluation,

    /// <summary>Bootstrap resamples.</summary>
    Bootstrap,

    /// <summary>Which words are exchanged in a demonstration.</summary>
    SftPermutation,

    /// <summary>Scripted rules on held-out tasks.</summary>
    Reference,

    /// <summary>Accepted steps that are valued again: which, and their rollouts.</summary>
    Reroll,

    /// <summary>Episodes of the collapse guard.</summary>
    Guard,

    /// <summary>Labels of an experiment: which pairs are labelled, and the rollouts that say what is right.</summary>
    Label,

    /// <summary>Rollouts after an action that a person wrote.</summary>
    WrittenAction,

    /// <summary>Inputs of adapters that are dropped.</summary>
    Dropout,
}
