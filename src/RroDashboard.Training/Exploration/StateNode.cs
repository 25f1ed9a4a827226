using RroDashboard.Core.Plans;
using RroDashboard.Core.Rewards;
using RroDashboard.Environments;
using RroDashboard.Training.Sampling;

namespace RroDashboard.Training.Exploration;

/// <summary>
/// A state of one task, in the trie of all states that its walk and its rollouts reached. Actions that lead to the same state are
/// one edge. Every return is kept at the states that its rollout passed, from its start on; nothing is handed up above the start:
/// a rollout that was asked for from here says nothing about how good the policy is one state earlier.
/// </summary>
internal sealed class StateNode
{
    private readonly Dictionary<string, StateNode> _byKey = new(StringComparer.Ordinal);
    private readonly List<StateNode> _children = [];
    private readonly List<double> _returns = [];
    private readonly List<Draw> _draws = [];

    /// <summary>A state.</summary>
    /// <param name="episode">The environment there, never stepped again: rollouts play in forks.</param>
    /// <param name="history">Token ids up to the next action, by the words that reached it first.</param>
    /// <param name="fits">Whether there is room for one more action.</param>
    public StateNode(IEpisode episode, History history, bool fits) => (Episode, History, Ended) = (episode, history, episode.Finished || !fits);

    public IEpisode Episode { get; }

    public History History { get; }

    /// <summary>Nothing follows: its worth is exact, without rollouts.</summary>
    public bool Ended { get; }

    /// <summary>Final rewards of the rollouts that started here or passed through, in the order in which they were recorded.</summary>
    public IReadOnlyList<double> Returns => _returns;

    /// <summary>States one action further, in the order in which they were first reached.</summary>
    public IReadOnlyList<StateNode> Children => _children;

    /// <summary>Actions that the policy took here, in sampling order, with repetition: the candidates of this step.</summary>
    public IReadOnlyList<Draw> Draws => _draws;

    /// <summary>V(s): the mean of all returns, or the final reward. A state without returns is worth the 0 that the plan assumes.</summary>
    public Estimate Worth => Ended ? Estimate.Final(Episode.Finished ? Episode.Reward : 0)
        : _returns.Count == 0 ? Estimate.Final(0)
        : new Estimate([.. _returns]);

    /// <summary>What makes two results of one step the same.</summary>
    public static string Key(Pooling pooling, string action, IEpisode after) => pooling == Pooling.State ? after.StateKey : action;

    /// <summary>The state that an action leads to.</summary>
    /// <param name="key">See <see cref="Key"/>.</param>
    /// <param name="make">Makes it when it was not reached before.</param>
    public StateNode Reach(string key, Func<StateNode> make)
    {
        if (!_byKey.TryGetValue(key, out var child))
        {
            _byKey.Add(key, child = make());
            _children.Add(child);
        }

        return child;
    }

    /// <summary>An action that the policy took here.</summary>
    public void Took(Draw draw) => _draws.Add(draw);

    /// <summary>The final reward of a rollout that started here or passed through.</summary>
    public void Earned(double reward) => _returns.Add(reward);

    /// <summary>Records a rollout that started here, at every state that it passed.</summary>
    /// <param name="rollout">Its actions and what they earned.</param>
    /// <param name="pooling">Which results are the same.</param>
    /// <param name="fits">Whether a history leaves room for one more action.</param>
    public void Record(PlayedRollout rollout, Pooling pooling, Func<int, bool> fits)
    {
        ArgumentNullException.ThrowIfNull(rollout);
        Earned(rollout.Reward);
        var at = this;
        // The words that reached a state first stand for all: what follows is continued from them.
        var own = true;
        foreach (var step in rollout.Steps)
        {
            var isNew = false;
            var from = at;
            var child = at.Reach(Key(pooling, step.Action, step.After), () =>
            {
                isNew = true;
                var history = own ? step.History : new History(from.History, [.. step.Tokens, .. step.Answer]) { Computed = from.History.Length + step.Tokens.Length + step.Answer.Length };
                return new StateNode(step.After, history, fits(history.Length));
            });
            own &= isNew;
            at.Took(new Draw(child, step));
            child.Earned(rollout.Reward);
            at = child;
        }
    }
}

/// <summary>One action of the policy, and the state it led to.</summary>
internal sealed class Draw(StateNode node, RolloutStep step)
{
    public StateNode Node => node;

    public RolloutStep Step => step;
}

/// <summary>One action, tried in an environment.</summary>
/// <param name="Action">Its text.</param>
/// <param name="Tokens">Its sampled token ids.</param>
/// <param name="LogProb">Their log-probability, nats.</param>
/// <param name="Truncated">Cut at the token limit.</param>
/// <param name="After">A fork of the environment after it.</param>
/// <param name="Answer">Token ids of the observation; none when the episode ended.</param>
/// <param name="History">The history with both at its end.</param>
internal sealed record RolloutStep(string Action, int[] Tokens, double LogProb, bool Truncated, IEpisode After, int[] Answer, History History);

/// <summary>An episode played to its end by the policy.</summary>
/// <param name="Steps">Its actions; empty where nobody asked to keep them.</param>
/// <param name="Reward">Final reward; 0 when the context ended first.</param>
internal sealed record PlayedRollout(IReadOnlyList<RolloutStep> Steps, double Reward);
