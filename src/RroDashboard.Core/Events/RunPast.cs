using RroDashboard.Core.Exploration;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Preferences;

namespace RroDashboard.Core.Events;

/// <summary>A run cannot go on where it ended. The message is one sentence for the person who asked.</summary>
public sealed class ResumeException(string message) : Exception(message);

/// <summary>
/// What a run that ended early had done, read from its facts: complete stages, finished walks with their pairs, and what began and was
/// broken off. Whoever goes on with the run does only the rest.
/// </summary>
public sealed class RunPast
{
    private readonly List<RunFact> _kept = [];

    /// <summary>Reads the facts of a run.</summary>
    /// <param name="facts">In order, without those that an earlier <see cref="RunResumed"/> set aside.</param>
    /// <param name="spent">The last budget that was reported; null before exploration began. Tokens of walks that were broken off are in it: they were spent.</param>
    /// <param name="brokenOffSeconds">What the stage that was broken off had taken by then.</param>
    public RunPast(IReadOnlyList<RunFact> facts, Budget? spent, double brokenOffSeconds = 0)
    {
        ArgumentNullException.ThrowIfNull(facts);
        (Spent, BrokenOffSeconds) = (spent ?? new Budget(), brokenOffSeconds);
        var finished = facts.OfType<TaskFinished>().Select(f => f.Task).ToHashSet();
        var began = facts.OfType<TaskOpened>().Select(t => t.Task)
            .Concat(facts.OfType<CandidateScored>().Select(c => c.Task)).ToHashSet();
        FinishedTasks = finished;
        RestartedTasks = [.. began.Where(t => !finished.Contains(t)).Order()];
        foreach (var fact in facts)
        {
            var task = fact switch
            {
                TaskOpened t => t.Task,
                CandidateScored c => c.Task,
                StepDecided s => s.Task,
                // One that was taken over belongs to no walk of this run.
                PairCreated { Origin: null } p => p.Pair.Task,
                TrajectoryKept k => k.Task,
                TaskFinished f => f.Task,
                _ => -1,
            };
            if (task < 0 || finished.Contains(task))
            {
                _kept.Add(fact);
            }
        }

        Stages = facts.OfType<StageFinished>().GroupBy(s => s.Stage).ToDictionary(g => g.Key, g => g.Last().Seconds);
        Next = Enum.GetValues<Stage>().Cast<Stage?>().FirstOrDefault(s => !Stages.ContainsKey(s!.Value));
        Pairs = [.. _kept.OfType<PairCreated>()];
        NextPair = facts.OfType<PairCreated>().Select(p => p.Index + 1).DefaultIfEmpty(0).Max();
    }

    /// <summary>Facts that still count, in order.</summary>
    public IReadOnlyList<RunFact> Facts => _kept;

    /// <summary>First fact of the run; null when it had not begun.</summary>
    public RunStarted? Started => _kept.OfType<RunStarted>().FirstOrDefault();

    /// <summary>Complete stages and the seconds they took.</summary>
    public IReadOnlyDictionary<Stage, double> Stages { get; }

    /// <summary>First stage that is not complete; null when all are.</summary>
    public Stage? Next { get; }

    /// <summary>Walks that need not be walked again.</summary>
    public IReadOnlySet<int> FinishedTasks { get; }

    /// <summary>Walks that had begun; they start again.</summary>
    public IReadOnlyList<int> RestartedTasks { get; }

    /// <summary>Pairs of finished walks, in the order they were made.</summary>
    public IReadOnlyList<PairCreated> Pairs { get; }

    /// <summary>An index above those of all pairs, also of those that no longer count: no index is given twice.</summary>
    public int NextPair { get; }

    /// <summary>The run was stopped by its own collapse guard and not by a person: whoever resumed it knows of the collapse.</summary>
    public bool WasPaused => _kept.OfType<RunEnded>().Any(e => e is { State: RunState.Stopped, Error: not null });

    /// <summary>The last budget that was reported.</summary>
    public Budget Spent { get; }

    /// <summary>Seconds of the stage that was broken off. Its finished walks are kept, and yet the stage is timed from its new start.</summary>
    public double BrokenOffSeconds { get; }

    /// <summary>The same of this and all earlier attempts.</summary>
    public double AllBrokenOffSeconds => BrokenOffSeconds + _kept.OfType<RunResumed>().Sum(r => r.BrokenOffSeconds);

    /// <summary>What the finished walks cost: counts from their facts; tokens, which belong to no walk alone, from the last report.</summary>
    public Budget Kept()
    {
        var steps = _kept.OfType<StepDecided>().ToList();
        var accounts = steps.ToDictionary(s => (s.Task, s.Step), s => s.Accounts);
        var looked = _kept.OfType<CandidateScored>()
            .Where(c => accounts.TryGetValue((c.Task, c.Step), out var of) && c.Attempt < of.Count && of[c.Attempt] != CandidateAccount.Unconsidered).ToList();
        // The rivals decide no steps; of them a walk says how many it took, with one action of the policy at each.
        var others = steps.Count == 0 ? _kept.OfType<TaskFinished>().Sum(f => f.Steps) : 0;
        // The expert's action that a walk goes on from is no contrast, but stands in the same account.
        var followedExperts = Started?.Settings.GetValueOrDefault("Explore.Continue") == nameof(Continue.AlongExpert) ? steps.Count(s => s.Accepted is not null) : 0;
        return Spent with
        {
            Tasks = FinishedTasks.Count,
            Steps = steps.Count + others,
            Candidates = steps.Sum(s => s.Tried) + others,
            SameState = looked.Count(c => c.SameStateAs is not null),
            Contrasts = steps.Sum(s => s.Accounts.Count(a => a == CandidateAccount.Contrast)) - followedExperts,
            FreeCandidates = looked.Count(c => c.Free),
            Unconsidered = steps.Sum(s => s.Accounts.Count(a => a == CandidateAccount.Unconsidered)),
            GateDraws = steps.Sum(s => s.GateDraws),
            Forced = steps.Count(s => s.Verdict == StepVerdict.Forced),
            Rollouts = _kept.OfType<TaskFinished>().Sum(f => f.Rollouts),
            Pairs = Pairs.Count,
            NoRise = steps.Count(s => s.Verdict.NothingRose()),
        };
    }

    /// <summary>The result of an evaluation that is complete.</summary>
    /// <exception cref="ResumeException">It is not there.</exception>
    public EvaluationFinished Evaluation(Stage stage, string decoding) =>
        _kept.OfType<EvaluationFinished>().LastOrDefault(e => e.Stage == stage && e.Decoding == decoding)
            ?? throw new ResumeException($"The journal says that stage {stage} is complete but holds no {decoding} evaluation of it: start a new run.");

    /// <summary>A checkpoint that was written.</summary>
    /// <exception cref="ResumeException">It is not there.</exception>
    public CheckpointSaved Checkpoint(Stage stage) =>
        _kept.OfType<CheckpointSaved>().LastOrDefault(c => c.Stage == stage)
            ?? throw new ResumeException($"The journal holds no checkpoint of stage {stage}: start a new run.");
}
