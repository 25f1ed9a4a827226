using RroDashboard.Core.Events;
using RroDashboard.Core.Exploration;
using RroDashboard.Core.Metrics;
using RroDashboard.Core.Preferences;
using RroDashboard.Core.Rewards;
using RroDashboard.Environments;
using RroDashboard.Training.Sampling;

namespace RroDashboard.Training;

/// <summary>
/// What the rivals of reward rising sampling have in common: they work on the same tasks in the same order, sample through the same
/// engine, keep the same books, and can be gone on with task by task. What each of them does is in a file of its own:
/// <see cref="Rft"/>, <see cref="Eto"/>, <see cref="Ipr"/>.
/// </summary>
internal sealed class Rivals
{
    private readonly RunContext _context;
    private readonly Dictionary<string, Demonstration> _demonstrations = new(StringComparer.Ordinal);
    private readonly long _generatedBefore, _prefilledBefore, _forcedBefore, _recomputedBefore;
    private int _tasks, _steps, _rollouts, _pairs, _nextPair;
    private double _rewards;

    public Rivals(RunContext context, IReadOnlyList<Demonstration> demonstrations, RunPast? past)
    {
        _context = context;
        foreach (var demonstration in demonstrations)
        {
            _demonstrations.TryAdd(demonstration.Task.Id, demonstration);
        }

        var kept = past?.Kept() ?? new Budget();
        var opened = past?.Facts.OfType<TaskFinished>().ToList() ?? [];
        // These methods decide no steps, so their steps are those that their walks report.
        (_tasks, _steps, _rollouts, _pairs, _nextPair) = (kept.Tasks, opened.Sum(f => f.Steps), kept.Rollouts, kept.Pairs, past?.NextPair ?? 0);
        _rewards = opened.Sum(f => f.Reward);
        var engine = context.Sampler;
        (_generatedBefore, _prefilledBefore, _forcedBefore, _recomputedBefore) = (
            engine.TokensGenerated - kept.TokensGenerated, engine.TokensPrefilled - kept.TokensPrefilled,
            engine.TokensForced - kept.TokensForced, engine.TokensRecomputed - kept.TokensRecomputed);
    }

    /// <summary>The tasks that a run explores, whatever its method: one of each group in turn, so that few tasks still cover many products or queries.</summary>
    public static IReadOnlyList<(AgentTask Task, int Index)> Tasks(WalkContext context)
    {
        var tasks = context.Environment.Tasks(TaskSplit.Train).ToArray();
        context.Random(Purpose.ExploreTasks).Shuffle<AgentTask>(tasks);
        var spread = tasks.GroupBy(t => t.Group, StringComparer.Ordinal).SelectMany(g => g.Select((task, turn) => (task, turn))).OrderBy(t => t.turn).Select(t => t.task);
        return [.. spread.Take(context.Plan.Explore.Tasks).Select((task, index) => (task, index))];
    }

    /// <summary>Walks all tasks that are not finished yet.</summary>
    public static Budget Run(RunContext context, IReadOnlyList<Demonstration> demonstrations, RunPast? past, Func<Rivals, AgentTask, int, Task> walk)
    {
        context.Sampler.Forget();
        var rivals = new Rivals(context, demonstrations, past);
        var open = Tasks(context).Where(t => past is null || !past.FinishedTasks.Contains(t.Index));
        context.Sampler.Run(open.Select(t => (Func<Task>)(() => walk(rivals, t.Task, t.Index))));
        return rivals.Budget();
    }

    /// <summary>The expert's episode on a task: its demonstration where there is one, else played now.</summary>
    public Demonstration Expert(AgentTask task, int index)
    {
        if (_demonstrations.TryGetValue(task.Id, out var known))
        {
            return known;
        }

        var random = _context.Random(Purpose.Expert, index);
        var episode = _context.Environment.Reset(task);
        var turns = new List<(string, string)>();
        while (!episode.Finished)
        {
            var action = _context.Environment.ExpertAction(episode, random);
            episode.Step(action);
            turns.Add((action, episode.Observation));
        }

        return new Demonstration(task, turns, episode.Reward, Sft.ScriptedExpert);
    }

    /// <summary>Plays a task with the current policy at the rollouts' temperature, several times.</summary>
    /// <param name="task">What to do.</param>
    /// <param name="index">Its number.</param>
    /// <param name="episodes">How often.</param>
    /// <param name="start">The start of the task, where the caller goes on from it; it stays the caller's.</param>
    public async Task<PlayedEpisode[]> SampleAsync(AgentTask task, int index, int episodes, History? start = null)
    {
        _rollouts += episodes;
        // The task is read once for all its episodes.
        var from = start ?? SamplingEngine.Start(_context.Dialogue.Start(task.Instruction));
        var played = await Task.WhenAll(Enumerable.Range(0, episodes).Select(i =>
            PlayedEpisode.PlayAsync(_context, task, _context.Random(Purpose.Candidate, index, i), _context.Plan.Explore.RolloutTemperature, from))).ConfigureAwait(false);
        if (start is null)
        {
            _context.Sampler.Release(from);
        }

        return played;
    }

    /// <summary>Counts rollouts that a method plays by itself.</summary>
    public void CountRollouts(int rollouts) => _rollouts += rollouts;

    public void Open(int index, AgentTask task, Estimate start) => _context.Journal.Record(new TaskOpened(index, task.Id, task.Instruction, start));

    public void Pair(PreferencePair pair)
    {
        _context.Journal.Record(new PairCreated(_nextPair++, pair));
        _pairs++;
    }

    /// <summary>A pair of whole episodes on one task: their own actions count, observations do not.</summary>
    public void PairOfEpisodes(int index, PlayedEpisode chosen, PlayedEpisode rejected) => Pair(new PreferencePair(
        index, 0, _context.Dialogue.Text(chosen.Start), chosen.Text, rejected.Text, Estimate.Final(chosen.Reward), Estimate.Final(rejected.Reward), chosen.Start, chosen.Rest, rejected.Rest)
    {
        ChosenWritten = chosen.Written,
        RejectedWritten = rejected.Written,
    });

    public void Finish(int index, int steps, double reward, int rollouts)
    {
        (_tasks, _steps, _rewards) = (_tasks + 1, _steps + steps, _rewards + reward);
        _context.Journal.Record(new TaskFinished(index, steps, reward, rollouts));
        _context.Journal.Sample(new BudgetReported(Budget()));
        _context.Journal.Sample(new MetricPoint(SeriesNames.ExploreWalkReward, _tasks, _rewards / _tasks));
        _context.Journal.Sample(new ProgressReported(Stage.Explore, _tasks, _context.Plan.Explore.Tasks));
    }

    private Budget Budget() => new()
    {
        Tasks = _tasks,
        Steps = _steps,
        // One action of the policy is looked at at every step that counts as one.
        Candidates = _steps,
        Rollouts = _rollouts,
        TokensGenerated = _context.Sampler.TokensGenerated - _generatedBefore,
        TokensPrefilled = _context.Sampler.TokensPrefilled - _prefilledBefore,
        TokensForced = _context.Sampler.TokensForced - _forcedBefore,
        TokensRecomputed = _context.Sampler.TokensRecomputed - _recomputedBefore,
        Pairs = _pairs,
    };
}
