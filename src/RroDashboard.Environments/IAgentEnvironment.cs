using RroDashboard.Core.Rewards;
using RroDashboard.Core.Statistics;

namespace RroDashboard.Environments;

/// <summary>Which part of an environment's tasks: no task, and no paraphrase of one, is in two of them.</summary>
public enum TaskSplit
{
    /// <summary>For demonstrations and exploration.</summary>
    Train,

    /// <summary>For choosing settings.</summary>
    Tuning,

    /// <summary>For reported results only.</summary>
    Test,
}

/// <summary>One thing to do.</summary>
/// <param name="Split">Where it belongs.</param>
/// <param name="Index">0-based position within its split.</param>
/// <param name="Id">Stable id, without blanks or slashes, for example "shop-train-12" or "spider-831".</param>
/// <param name="Instruction">What the agent is asked, as text.</param>
public sealed record AgentTask(TaskSplit Split, int Index, string Id, string Instruction)
{
    /// <summary>
    /// Tasks of one group are alike (one product wanted, one gold query asked for): exploration spreads over groups, and
    /// intervals resample groups. A task is its own group unless the environment says otherwise.
    /// </summary>
    public string Group { get; init; } = Id;
}

/// <summary>An episode that somebody else played, to be replayed as a demonstration.</summary>
/// <param name="TaskId">Which task.</param>
/// <param name="Actions">Well-formed actions.</param>
/// <param name="Source">Where it comes from: file and place.</param>
public sealed record RecordedEpisode(string TaskId, IReadOnlyList<string> Actions, string Source)
{
    /// <summary>What was thought before each action, one line each; empty where the recording has no thoughts.</summary>
    public IReadOnlyList<string> Thoughts { get; init; } = [];
}

/// <summary>A scripted rule that results are compared with.</summary>
/// <param name="Name">For the result page, for example "first hit".</param>
/// <param name="Act">The next action in an episode that is not finished.</param>
public sealed record ReferencePolicy(string Name, Func<IEpisode, SeededRandom, string> Act);

/// <summary>
/// A deterministic environment: the same actions after the same task give the same state, observation and reward.
/// The reward is paid at the end. Implementations are safe to use from several threads; an episode is not.
/// </summary>
public interface IAgentEnvironment : IDisposable
{
    /// <summary>Name for people, for example "MiniShop".</summary>
    string Name { get; }

    /// <summary>SHA-256, lower-case hex, over everything that decides behaviour: data files, seeds, limits.</summary>
    string ContentHash { get; }

    /// <summary>Lowest and highest final reward.</summary>
    RewardRange RewardRange { get; }

    /// <summary>Actions after which an episode ends by itself.</summary>
    int MaxSteps { get; }

    /// <summary>Word that ends every well-formed action, for example "]"; sampling stops after it.</summary>
    string ActionEnd { get; }

    /// <summary>Longest action, in words or punctuation marks; sampling is cut there, and the action is then invalid.</summary>
    int MaxActionTokens { get; }

    /// <summary>
    /// Words of the environment's own that are no text: the parts of its action frame, row ids, marks. Free words of a constrained
    /// action are never one of these, and vocabulary permutation leaves them alone.
    /// </summary>
    IReadOnlyCollection<string> ControlWords { get; }

    /// <summary>
    /// Words that hold the instruction's sentence together, such as "with": vocabulary permutation leaves them alone, so that the
    /// policy can still read which part is which.
    /// </summary>
    IReadOnlyCollection<string> TemplateWords => [];

    /// <summary>Tasks of a split, in a fixed order.</summary>
    IReadOnlyList<AgentTask> Tasks(TaskSplit split);

    /// <summary>The task of each demonstration: the training tasks in turn, unless the environment has more to learn from.</summary>
    IReadOnlyList<AgentTask> DemonstrationTasks(int count)
    {
        var tasks = Tasks(TaskSplit.Train);
        return [.. Enumerable.Range(0, count).Select(i => tasks[i % tasks.Count])];
    }

    /// <summary>A new episode at the start of a task.</summary>
    IEpisode Reset(AgentTask task);

    /// <summary>
    /// What the scripted, deliberately imperfect expert would do next in this episode, given what was done so far;
    /// a well-formed action. Demonstrations are episodes played by it.
    /// </summary>
    /// <param name="episode">Not finished, made by this environment.</param>
    /// <param name="random">The expert's slips.</param>
    string ExpertAction(IEpisode episode, SeededRandom random);

    /// <summary>Episodes recorded elsewhere on training tasks; those that earn the full reward here become demonstrations too.</summary>
    IReadOnlyList<(AgentTask Task, RecordedEpisode Recorded)> Recordings => [];

    /// <summary>Scripted rules that are played on the test tasks and shown beside the policy; the expert is always one.</summary>
    IReadOnlyList<ReferencePolicy> References => [new("expert", ExpertAction)];
}

/// <summary>One episode: a value that can be forked at any step.</summary>
public interface IEpisode
{
    /// <summary>What is to be done.</summary>
    AgentTask Task { get; }

    /// <summary>Actions taken, as written.</summary>
    IReadOnlyList<string> Actions { get; }

    /// <summary>Answer to the last action; the instruction before the first.</summary>
    string Observation { get; }

    /// <summary>Nothing more can be done.</summary>
    bool Finished { get; }

    /// <summary>Final reward within the environment's range; 0 until finished.</summary>
    double Reward { get; }

    /// <summary>Actions so far that the environment could not act on.</summary>
    int InvalidActions { get; }

    /// <summary>The last action could not be acted on.</summary>
    bool LastActionInvalid { get; }

    /// <summary>How the final reward came about, part by part, for people; empty until the episode has a reward of its own.</summary>
    IReadOnlyList<RewardPart> Explanation => [];

    /// <summary>
    /// What <see cref="Step"/> would act on now. For constrained sampling: the environment's own list, nothing that it does not
    /// tell every agent.
    /// </summary>
    AllowedActions Allowed { get; }

    /// <summary>
    /// Equal for two episodes of one task with equally many actions exactly when nothing that can still happen differs:
    /// what was shown last, everything that later observations and the reward depend on, and the final reward if finished.
    /// </summary>
    string StateKey { get; }

    /// <summary>
    /// Acts. An action that does not parse or is not possible here is an invalid step: it is counted, it is answered, and
    /// nothing else changes.
    /// </summary>
    /// <exception cref="InvalidOperationException">The episode is finished.</exception>
    void Step(string action);

    /// <summary>An independent copy at this step.</summary>
    IEpisode Fork();
}

/// <summary>What follows from the interface alone.</summary>
public static class EpisodeExtensions
{
    /// <summary>Reset and the same actions again: must reach the same state.</summary>
    public static IEpisode Replay(this IAgentEnvironment environment, AgentTask task, IEnumerable<string> actions)
    {
        ArgumentNullException.ThrowIfNull(environment);
        ArgumentNullException.ThrowIfNull(actions);
        var episode = environment.Reset(task);
        foreach (var action in actions)
        {
            episode.Step(action);
        }

        return episode;
    }
}
