using RroDashboard.Core.Events;
using RroDashboard.Core.Exploration;
using RroDashboard.Core.Metrics;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Preferences;
using RroDashboard.Core.Rewards;
using RroDashboard.Core.Statistics;
using RroDashboard.Environments;
using RroDashboard.Training.Sampling;

namespace RroDashboard.Training;

/// <summary>
/// Stage 2: reward rising sampling (RRO section 3.2).
/// <code>
/// for each task, step by step:
///     repeat: sample a next action, try it in a fork of the environment,
///             value it by the mean outcome of m rollouts (its process reward)
///     until   its process reward rises over the previous step's, or K were tried
///     go on from the accepted action; it and the lower ones are preference pairs
/// </code>
/// Departures from the paper, and points it leaves open (each a setting of <see cref="ExploreOptions"/>, method.md 1.4):
/// the operator (>= by default; a value at the ceiling always passes), the baseline of step 0 (Monte-Carlo value of the start state),
/// the cap K and what happens at it, the rejected side, the contrast after an immediate rise, and m. Candidates that lead to the
/// same environment state are one result: counted as sampled, not rolled out again. A step that ends the episode is worth its
/// reward, without rollouts.
/// </summary>
public sealed class Explore
{
    private readonly RunContext _context;
    private readonly SamplingEngine _engine;
    private readonly ExploreOptions _options;
    private readonly RisingRule _rule;
    private readonly List<PreferencePair> _pairs = [];
    private int _walks, _steps, _candidates, _sameState, _contrasts, _rollouts, _noRise;
    private readonly long _generatedBefore, _prefilledBefore, _forcedBefore;
    private double _walkRewards;

    private Explore(RunContext context)
    {
        (_context, _engine, _options) = (context, context.Sampler, context.Plan.Explore);
        (_generatedBefore, _prefilledBefore, _forcedBefore) = (_engine.TokensGenerated, _engine.TokensPrefilled, _engine.TokensForced);
        _rule = new RisingRule(_options.Rise, _options.RiseMargin, context.Environment.RewardRange);
    }

    /// <summary>Walks the plan's tasks with the current policy.</summary>
    /// <returns>The preference pairs and what they cost.</returns>
    /// <exception cref="OperationCanceledException">Stopped by a person.</exception>
    public static (IReadOnlyList<PreferencePair> Pairs, Budget Budget) Run(RunContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        context.Sampler.Forget();
        var explore = new Explore(context);
        var tasks = context.Environment.Tasks(TaskSplit.Train).ToArray();
        context.Random(Purpose.ExploreTasks).Shuffle<AgentTask>(tasks);
        // One task of each group in turn: few tasks then still cover many products or queries.
        var spread = tasks.GroupBy(t => t.Group, StringComparer.Ordinal).SelectMany(g => g.Select((task, turn) => (task, turn))).OrderBy(t => t.turn).Select(t => t.task);
        context.Sampler.Run(spread.Take(context.Plan.Explore.Tasks).Select((task, index) => (Func<Task>)(() => explore.WalkAsync(index, task))));
        return (explore._pairs, explore.Budget());
    }

    // ---- the walk ----------------------------------------------------------------------------------------------------

    private async Task WalkAsync(int taskIndex, AgentTask task)
    {
        var episode = _context.Environment.Reset(task);
        var history = SamplingEngine.Start(_context.Dialogue.Start(task.Instruction));
        var expertRandom = _context.Random(Purpose.Expert, taskIndex);

        var previous = _options.FirstStepBaseline == FirstStepBaseline.RootValue && _context.Fits(history.Length)
            ? await ValueAsync(episode, history, taskIndex, step: -1, attempt: 0).ConfigureAwait(false)
            : Estimate.Final(0);
        _context.Journal.Record(new TaskOpened(taskIndex, task.Id, task.Instruction, previous));

        var step = 0;
        while (!episode.Finished && _context.Fits(history.Length))
        {
            // Sample candidates until one rises over the previous step.
            var seen = new List<Candidate>();
            Candidate? accepted = null;
            while (accepted is null && seen.Count < _options.MaxCandidates)
            {
                var candidate = await SampleCandidateAsync(episode, history, taskIndex, step, seen).ConfigureAwait(false);
                seen.Add(candidate);
                accepted = _rule.Rises(previous, candidate.Value) ? candidate : null;
            }

            _candidates += seen.Count;
            var tried = seen.Count;
            var verdict = StepVerdict.Rose;
            if (accepted is null)
            {
                _noRise++;
                (accepted, verdict) = await NothingRoseAsync(episode, history, taskIndex, step, seen, expertRandom).ConfigureAwait(false);
            }
            else if (tried == 1)
            {
                await ContrastAsync(episode, history, taskIndex, step, seen, expertRandom).ConfigureAwait(false);
            }

            // Where the walk goes on: from the accepted candidate, or along the expert's trajectory as IPR does.
            var next = accepted;
            if (_options.Continue == Continue.AlongExpert && accepted is not null)
            {
                next = await ExpertCandidateAsync(episode, history, taskIndex, step, seen, expertRandom).ConfigureAwait(false);
            }

            var accounts = seen.Select((c, i) => Account(c, accepted, verdict, previous, isContrast: i >= tried)).ToList();
            var attempt = accepted is null ? -1 : seen.IndexOf(accepted);
            _context.Journal.Record(new StepDecided(
                taskIndex, step, previous, accepted?.Value, attempt < 0 ? null : attempt, accepted?.Action ?? "", tried, verdict, accounts));
            _steps++;
            MakePairs(taskIndex, step, history, seen, accepted, previous);
            ReportBudget();

            foreach (var candidate in seen.Where(c => c != next))
            {
                _engine.Release(candidate.After);
            }

            _engine.Release(history);
            step++;
            if (next is null)
            {
                break;
            }

            (episode, history, previous) = (next.Episode, next.After, next.Value);
        }

        _engine.Release(history);
        var reward = episode.Finished ? episode.Reward : 0;
        _walks++;
        _walkRewards += reward;
        _context.Journal.Record(new TaskFinished(taskIndex, step, reward));
        _context.Journal.Sample(new MetricPoint(SeriesNames.ExploreWalkReward, _walks, _walkRewards / _walks));
        _context.Journal.Sample(new MetricPoint(SeriesNames.ExploreCandidatesPerStep, _walks, _steps == 0 ? 0 : (double)_candidates / _steps));
        var budget = Budget();
        _context.Journal.Sample(new MetricPoint(SeriesNames.ExploreTokens, _walks, budget.TokensGenerated + budget.TokensPrefilled));
        _context.Journal.Sample(new MetricPoint(SeriesNames.ExploreRollouts, _walks, budget.Rollouts));
        _context.Journal.Sample(new ProgressReported(Stage.Explore, _walks, _options.Tasks));
    }

    // ---- candidates and their process rewards ------------------------------------------------------------------------

    /// <summary>A next action, the state it led to, and its worth.</summary>
    private sealed record Candidate(string Action, int[] Tokens, double LogProb, bool Truncated, IEpisode Episode, History After, Estimate Value, int? SameStateAs);

    private async Task<Candidate> SampleCandidateAsync(IEpisode episode, History history, int task, int step, List<Candidate> seen)
    {
        var attempt = seen.Count;
        var random = _context.Random(Purpose.Candidate, task, step, attempt);
        var sampled = await _engine.SampleAsync(history, _options.CandidateTemperature, random, last: false, _context.Allowed(episode)).ConfigureAwait(false);
        var action = _context.Dialogue.ActionText(sampled.Tokens);
        return await TryAsync(episode, action, sampled.Tokens, sampled.LogProb, sampled.Truncated, sampled.After, task, step, seen).ConfigureAwait(false);
    }

    // The expert's action has no sampled tokens; it is encoded once, here, and these ids are kept from then on.
    private async Task<Candidate> ExpertCandidateAsync(IEpisode episode, History history, int task, int step, List<Candidate> seen, SeededRandom random)
    {
        var action = _context.Environment.ExpertAction(episode, random);
        var tokens = _context.Dialogue.Action(action);
        var after = SamplingEngine.Start([.. history.ToArray(), .. tokens]);
        var candidate = await TryAsync(episode, action, tokens, logProb: 0, truncated: false, after, task, step, seen).ConfigureAwait(false);
        seen.Add(candidate);
        return candidate;
    }

    private async Task<Candidate> TryAsync(
        IEpisode episode, string action, int[] tokens, double logProb, bool truncated, History after, int task, int step, List<Candidate> seen)
    {
        var attempt = seen.Count;
        var fork = episode.Fork();
        fork.Step(action);
        if (!fork.Finished)
        {
            after = _engine.Append(after, _context.Dialogue.Answer(fork.Observation));
        }

        // Equal results are pooled by the state they lead to, not by their text (method.md 1.4).
        var sameAs = seen.FindIndex(c => c.Episode.StateKey == fork.StateKey && c.SameStateAs is null);
        Estimate value;
        if (sameAs >= 0)
        {
            value = seen[sameAs].Value;
            _sameState++;
        }
        else
        {
            value = await ValueAsync(fork, after, task, step, attempt).ConfigureAwait(false);
        }

        _context.Journal.Record(new CandidateScored(
            task, step, attempt, action, fork.Observation, value, sameAs >= 0 ? sameAs : null, fork.LastActionInvalid, truncated, tokens.Length, logProb));
        return new Candidate(action, tokens, logProb, truncated, fork, after, value, sameAs >= 0 ? sameAs : null);
    }

    // The process reward r(s_t, a_t): the mean final reward of m rollouts after it, or the reward itself when it ended the episode.
    private async Task<Estimate> ValueAsync(IEpisode episode, History history, int task, int step, int attempt)
    {
        if (episode.Finished)
        {
            return Estimate.Final(episode.Reward);
        }

        if (!_context.Fits(history.Length))
        {
            return Estimate.Final(0);
        }

        var rollouts = Enumerable.Range(0, _options.Rollouts).Select(r =>
            RolloutAsync(episode.Fork(), history, _context.Random(Purpose.Rollout, task, step, attempt, r)));
        _rollouts += _options.Rollouts;
        return new Estimate(await Task.WhenAll(rollouts).ConfigureAwait(false));
    }

    private async Task<double> RolloutAsync(IEpisode episode, History history, SeededRandom random)
    {
        var first = true;
        while (!episode.Finished && _context.Fits(history.Length))
        {
            // The first action forks the candidate's history; from then on the rollout is alone and uses up its own.
            var sampled = await _engine.SampleAsync(history, _options.RolloutTemperature, random, last: !first, _context.Allowed(episode)).ConfigureAwait(false);
            first = false;
            episode.Step(_context.Dialogue.ActionText(sampled.Tokens));
            history = episode.Finished ? sampled.After : _engine.Append(sampled.After, _context.Dialogue.Answer(episode.Observation));
        }

        if (!first)
        {
            _engine.Release(history);
        }

        return episode.Finished ? episode.Reward : 0;
    }

    // ---- the points that the paper leaves open -----------------------------------------------------------------------

    private async Task<(Candidate? Accepted, StepVerdict Verdict)> NothingRoseAsync(
        IEpisode episode, History history, int task, int step, List<Candidate> seen, SeededRandom expertRandom) => _options.OnNoRise switch
        {
            OnNoRise.KeepBest => (seen.MaxBy(c => c.Value.Mean), StepVerdict.KeptBest),
            OnNoRise.KeepExpert => (await ExpertCandidateAsync(episode, history, task, step, seen, expertRandom).ConfigureAwait(false), StepVerdict.KeptExpert),
            _ => (null, StepVerdict.Stopped),
        };

    private async Task ContrastAsync(IEpisode episode, History history, int task, int step, List<Candidate> seen, SeededRandom expertRandom)
    {
        switch (_options.OnImmediateRise)
        {
            case OnImmediateRise.DrawOneContrast:
                seen.Add(await SampleCandidateAsync(episode, history, task, step, seen).ConfigureAwait(false));
                _contrasts++;
                break;
            case OnImmediateRise.ExpertAction:
                await ExpertCandidateAsync(episode, history, task, step, seen, expertRandom).ConfigureAwait(false);
                _contrasts++;
                break;
            default:
                break;
        }
    }

    private static CandidateAccount Account(Candidate candidate, Candidate? accepted, StepVerdict verdict, Estimate previous, bool isContrast) => candidate switch
    {
        _ when candidate == accepted => verdict == StepVerdict.Rose ? CandidateAccount.Accepted : CandidateAccount.NoRise,
        _ when isContrast => CandidateAccount.Contrast,
        { SameStateAs: not null } => CandidateAccount.SameState,
        { Truncated: true } => CandidateAccount.Truncated,
        { Episode.LastActionInvalid: true } => CandidateAccount.Invalid,
        _ => RisingRule.Tie(candidate.Value, previous) ? CandidateAccount.Tie : CandidateAccount.Lower,
    };

    private void MakePairs(int task, int step, History history, List<Candidate> seen, Candidate? accepted, Estimate previous)
    {
        if (accepted is null)
        {
            return;
        }

        // After an immediate rise the contrast may turn out better than the accepted one: then it is the chosen side.
        var chosen = seen.Where(c => c.SameStateAs is null).MaxBy(c => c.Value.Mean)!;
        chosen = RisingRule.Tie(chosen.Value, accepted.Value) ? accepted : chosen;
        var lower = seen.Where(c => c.SameStateAs is null && chosen.Value.Mean - c.Value.Mean > Math.Max(RisingRule.Tolerance, _options.MinPairGap)).ToList();
        if (lower.Count == 0)
        {
            return;
        }

        IEnumerable<Candidate> rejected = _options.Rejected switch
        {
            Rejected.EveryLower => lower,
            Rejected.WorstSeen => [lower.MinBy(c => c.Value.Mean)!],
            Rejected.LastNonRising => [lower.FindLast(c => !_rule.Rises(previous, c.Value)) ?? lower[^1]],
            Rejected.MeanMinus2Sigma => FarBelow(seen, lower),
            _ => throw new InvalidOperationException($"Unknown choice {_options.Rejected}."),
        };
        var historyTokens = history.ToArray();
        var historyText = _context.Dialogue.Text(historyTokens);
        foreach (var loser in rejected)
        {
            var pair = new PreferencePair(task, step, historyText, chosen.Action, loser.Action, chosen.Value, loser.Value, historyTokens, chosen.Tokens, loser.Tokens);
            _context.Journal.Record(new PairCreated(_pairs.Count, pair));
            _pairs.Add(pair);
        }
    }

    private static List<Candidate> FarBelow(List<Candidate> seen, List<Candidate> lower)
    {
        var values = seen.Select(c => c.Value.Mean).ToArray();
        var mean = values.Average();
        var sigma = Math.Sqrt(values.Average(v => (v - mean) * (v - mean)));
        var far = lower.Where(c => c.Value.Mean < mean - (2 * sigma)).ToList();
        return far.Count > 0 ? far : [lower.MinBy(c => c.Value.Mean)!];
    }

    // ---- what it costs -----------------------------------------------------------------------------------------------

    private void ReportBudget() => _context.Journal.Sample(new BudgetReported(Budget()));

    private Budget Budget() => new()
    {
        Tasks = _walks,
        Steps = _steps,
        Candidates = _candidates,
        SameState = _sameState,
        Contrasts = _contrasts,
        Rollouts = _rollouts,
        TokensGenerated = _engine.TokensGenerated - _generatedBefore,
        TokensPrefilled = _engine.TokensPrefilled - _prefilledBefore,
        TokensForced = _engine.TokensForced - _forcedBefore,
        Pairs = _pairs.Count,
        NoRise = _noRise,
    };
}
