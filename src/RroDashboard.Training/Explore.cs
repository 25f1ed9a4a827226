using RroDashboard.Core.Events;
using RroDashboard.Core.Exploration;
using RroDashboard.Core.Metrics;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Preferences;
using RroDashboard.Core.Rewards;
using RroDashboard.Core.Statistics;
using RroDashboard.Environments;
using RroDashboard.Training.Checkpoints;
using RroDashboard.Training.Exploration;
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
/// <list type="bullet">
/// <item>the operator: >= by default; a value at the ceiling always passes;</item>
/// <item>the baseline of step 0: the Monte-Carlo value of the start state, from m0 rollouts;</item>
/// <item>m, the cap K, and what happens when nothing rises within it;</item>
/// <item>the rejected side, the smallest gap, and the contrast after an immediate rise;</item>
/// <item>candidates that lead to the same state are one result: counted as sampled, not rolled out again;</item>
/// <item>a step that ends the episode is worth its reward, without rollouts.</item>
/// </list>
/// Beyond the paper, off by default: rollouts shared along their whole path (rules.md; then the previous step is worth the mean of
/// all rollouts through its state, and their first actions are candidates that cost nothing), looks before the first test, pairs of
/// all siblings by shrunk advantage, no rollouts at forced moves, a sequential test, and all K with the best (fixed-size
/// exploration). <see cref="ExplorationMethods"/> names the combinations.
/// </summary>
public sealed class Explore
{
    private readonly WalkContext _context;
    private readonly IActionSampler _engine;
    private readonly ExploreOptions _options;
    private readonly StepRule _rule;
    private readonly PairRule _pairing;
    private readonly SequentialTest _sequential;
    private readonly List<PreferencePair> _pairs = [];
    private readonly long _generatedBefore, _prefilledBefore, _recomputedBefore, _forcedBefore;
    private int _walks, _steps, _candidates, _sameState, _contrasts, _free, _unconsidered, _gateDraws, _forced, _rollouts, _noRise, _nextPair;
    private double _walkRewards;

    private Explore(WalkContext context, RunPast? past)
    {
        (_context, _engine, _options) = (context, context.Sampler, context.Plan.Explore);
        var kept = past?.Kept() ?? new Budget();
        (_walks, _steps, _candidates, _sameState, _contrasts, _free) = (kept.Tasks, kept.Steps, kept.Candidates, kept.SameState, kept.Contrasts, kept.FreeCandidates);
        (_unconsidered, _gateDraws, _forced, _rollouts, _noRise) = (kept.Unconsidered, kept.GateDraws, kept.Forced, kept.Rollouts, kept.NoRise);
        (_generatedBefore, _prefilledBefore, _recomputedBefore, _forcedBefore) = (
            _engine.TokensGenerated - kept.TokensGenerated, _engine.TokensPrefilled - kept.TokensPrefilled,
            _engine.TokensRecomputed - kept.TokensRecomputed, _engine.TokensForced - kept.TokensForced);
        _nextPair = past?.NextPair ?? 0;
        _pairs.AddRange((past?.Pairs ?? []).Select(p => p.Pair));
        _walkRewards = past?.Facts.OfType<TaskFinished>().Sum(f => f.Reward) ?? 0;
        _rule = StepRule.Of(_options, context.Environment.RewardRange);
        _pairing = PairRule.Of(_options, context.Environment.RewardRange);
        _sequential = SequentialTest.Of(_options);
    }

    /// <summary>Walks the plan's tasks with the current policy.</summary>
    /// <param name="context">The run.</param>
    /// <param name="past">What was done before the run was broken off: its finished walks are not walked again.</param>
    /// <returns>The preference pairs and what they cost.</returns>
    /// <exception cref="OperationCanceledException">Stopped by a person.</exception>
    public static (IReadOnlyList<PreferencePair> Pairs, Budget Budget) Run(RunContext context, RunPast? past = null)
    {
        ArgumentNullException.ThrowIfNull(context);
        return Run(context, PolicyHash.Of(context.Model), past);
    }

    /// <summary>The same with any policy that can be sampled.</summary>
    /// <param name="context">What the walks work on.</param>
    /// <param name="policySha256">Of the policy's weights; empty where nobody here has them.</param>
    /// <param name="past">What was done before the run was broken off.</param>
    public static (IReadOnlyList<PreferencePair> Pairs, Budget Budget) Run(WalkContext context, string policySha256, RunPast? past = null)
    {
        ArgumentNullException.ThrowIfNull(context);
        context.Sampler.Forget();
        context.Journal.Record(new ExplorationStarted(policySha256));
        var explore = new Explore(context, past);
        var open = Rivals.Tasks(context).Where(t => past is null || !past.FinishedTasks.Contains(t.Index));
        context.Sampler.Run(open.Select(t => (Func<Task>)(() => explore.WalkAsync(t.Index, t.Task))), explore.WalksAtOnce());
        return (explore._pairs, explore.Budget());
    }

    // A history that a walk may come back to holds a row of the engine's cache; with more walks at once than there are rows for, those
    // that were taken away are computed again. Fixed size and shared rollouts have many under way, the paper's rule few.
    private int WalksAtOnce()
    {
        var shared = _options.SharedRollouts ? 2 : 1; // a shared rollout leaves the state after its first action behind
        var rollouts = Math.Max(_options.RootRollouts, _options.Selection == Selection.AllBest ? _options.MaxCandidates * _options.Rollouts : _options.Rollouts);
        return _options is { SharedRollouts: false, Selection: Selection.Rising }
            ? _engine.MostWalks
            : Math.Clamp(_engine.Rows / (1 + _options.MaxCandidates + (shared * rollouts)), 1, _engine.MostWalks);
    }

    // ---- the walk ----------------------------------------------------------------------------------------------------

    private async Task WalkAsync(int index, AgentTask task)
    {
        var walk = new Walk(index, _context.Random(Purpose.Expert, index));
        var history = SamplingEngine.Start(_context.Dialogue.Start(task.Instruction));
        var start = new StateNode(_context.Environment.Reset(task), history, _context.Fits(history.Length));
        if (_options.FirstStepBaseline == FirstStepBaseline.RootValue)
        {
            await RollOutAsync(walk, start, _options.RootRollouts > 0 ? _options.RootRollouts : _options.Rollouts, step: -1, attempt: 0).ConfigureAwait(false);
        }

        _context.Journal.Record(new TaskOpened(index, task.Id, task.Instruction, start.Worth));

        var state = start;
        var decided = new List<Decision>();
        while (!state.Ended)
        {
            var decision = await DecideAsync(walk, state, decided.Count).ConfigureAwait(false);
            decided.Add(decision);
            _steps++;
            if (!_options.SharedRollouts)
            {
                // Nothing becomes known of a step any more once it is decided, so people may see its pairs now.
                MakePairs(walk, decided.Count - 1, decision);
            }

            ReportBudget();
            // Nothing is sampled here again, nor from the siblings.
            _engine.Release(state.History);
            foreach (var child in state.Children.Where(c => c != decision.Next))
            {
                ReleaseFrom(child);
            }

            if (decision.Next is not { } next)
            {
                break;
            }

            state = next;
        }

        if (_options.SharedRollouts)
        {
            // The accepted child went on collecting returns while it was the current state.
            for (var step = 0; step < decided.Count; step++)
            {
                MakePairs(walk, step, decided[step]);
            }

        }

        ReleaseFrom(state);
        var reward = state.Episode.Finished ? state.Episode.Reward : 0;
        _walks++;
        _walkRewards += reward;
        _context.Journal.Record(new TaskFinished(index, decided.Count, reward, walk.Rollouts));
        _context.Journal.Sample(new MetricPoint(SeriesNames.ExploreWalkReward, _walks, _walkRewards / _walks));
        _context.Journal.Sample(new MetricPoint(SeriesNames.ExploreCandidatesPerStep, _walks, _steps == 0 ? 0 : (double)_candidates / _steps));
        var budget = Budget();
        _context.Journal.Sample(new BudgetReported(budget)); // With this walk: the last one said is that of the whole exploration.
        _context.Journal.Sample(new MetricPoint(SeriesNames.ExploreTokens, _walks, budget.TokensGenerated + budget.TokensPrefilled));
        _context.Journal.Sample(new MetricPoint(SeriesNames.ExploreRollouts, _walks, budget.Rollouts));
        _context.Journal.Sample(new ProgressReported(Stage.Explore, _walks, _options.Tasks));
    }

    /// <summary>What belongs to one walk alone.</summary>
    private sealed class Walk(int index, SeededRandom expert)
    {
        public int Index => index;

        public SeededRandom Expert => expert;

        /// <summary>Names the random stream of the next shared rollout.</summary>
        public int RolloutsPlayed { get; set; }

        /// <summary>Episodes played to their end for this walk.</summary>
        public int Rollouts { get; set; }
    }

    /// <summary>A decided step.</summary>
    /// <param name="State">Where.</param>
    /// <param name="Previous">What it was compared with.</param>
    /// <param name="Seen">Looks, then contrasts and the expert's action, then siblings that nobody looked at.</param>
    /// <param name="Unconsidered">How many of the last kind.</param>
    /// <param name="Accepted">Which one was followed; null when the walk stops.</param>
    /// <param name="Next">From where the walk goes on.</param>
    private sealed record Decision(StateNode State, Estimate Previous, List<Draw> Seen, int Unconsidered, int? Accepted, StateNode? Next);

    // ---- one step: sample candidates until one rises over the previous step --------------------------------------------

    private async Task<Decision> DecideAsync(Walk walk, StateNode state, int step)
    {
        var seen = new List<Draw>();
        int? accepted = null;
        StepVerdict verdict;
        if (await IsForcedAsync(walk, state, step, seen).ConfigureAwait(false))
        {
            (accepted, verdict) = (0, StepVerdict.Forced);
        }
        else
        {
            verdict = _options.Selection == Selection.AllBest ? StepVerdict.BestOfAll : StepVerdict.Rose;
            while (accepted is null && seen.Count < _options.MaxCandidates)
            {
                await LookAsync(walk, state, step, seen, _options.Selection == Selection.AllBest ? _options.MaxCandidates : 1).ConfigureAwait(false);
                accepted = _rule.Accepts(Looks(seen), state.Worth);
            }
        }

        var (tried, previous) = (seen.Count, state.Worth);
        _candidates += tried;
        if (accepted is null)
        {
            _noRise++;
            (accepted, verdict) = await NothingRoseAsync(walk, state, step, seen).ConfigureAwait(false);
        }
        else if (tried == 1 && verdict == StepVerdict.Rose)
        {
            await ContrastAsync(walk, state, step, seen).ConfigureAwait(false);
        }

        // Where the walk goes on: from the accepted candidate, or along the expert's trajectory as IPR does.
        var followed = accepted is { } a ? seen[a].Node : null;
        var next = followed;
        if (_options.Continue == Continue.AlongExpert && followed is not null)
        {
            next = await ExpertAsync(walk, state, step, seen).ConfigureAwait(false);
        }

        var considered = seen.Count;
        _sameState += considered - seen.DistinctBy(d => d.Node).Count();
        if (_options.SharedRollouts)
        {
            foreach (var draw in state.Draws.Where(d => !seen.Contains(d)).ToList())
            {
                Say(walk, state, step, seen, draw, free: true, spent: 0);
                _unconsidered++;
            }
        }

        var gateDraws = _options.SharedRollouts ? 0 : state.Draws.Count(d => !seen.Contains(d));
        _gateDraws += gateDraws;
        var fate = new StepFate(verdict, previous, followed?.Worth);
        var accounts = seen.Select((draw, i) => Accounts.Of(
            new CandidateFate(draw.Node.Worth, i == accepted, i < tried, i >= considered, seen.FindIndex(d => d.Node == draw.Node) < i, draw.Step.Truncated, draw.Step.After.LastActionInvalid),
            fate)).ToList();
        _context.Journal.Record(new StepDecided(
            walk.Index, step, previous, followed?.Worth, accepted, accepted is { } attempt ? seen[attempt].Step.Action : "", tried, verdict, accounts, gateDraws));
        return new Decision(state, previous, seen, seen.Count - considered, accepted, next);
    }

    // Looks at the next candidates of a state: draws what is not drawn yet, and values what is new.
    private async Task LookAsync(Walk walk, StateNode state, int step, List<Draw> seen, int count)
    {
        var had = state.Draws.Count;
        await DrawAsync(walk, state, step, seen.Count + count).ConfigureAwait(false);
        var looked = state.Draws.Skip(seen.Count).Take(count).ToList();
        var first = seen.Count;
        var isNew = looked.Select((draw, i) => !seen.Exists(d => d.Node == draw.Node) && looked.FindIndex(d => d.Node == draw.Node) == i).ToList();
        var values = looked.Select((draw, i) => isNew[i] ? ValueAsync(walk, state, draw.Node, step, first + i) : Task.FromResult(0));
        var spent = await Task.WhenAll(values).ConfigureAwait(false);
        for (var i = 0; i < looked.Count; i++)
        {
            var free = first + i < had && _options.SharedRollouts;
            _free += free ? 1 : 0;
            Say(walk, state, step, seen, looked[i], free, spent[i] + (free ? 0 : 1), tested: true);
        }
    }

    private void Say(Walk walk, StateNode state, int step, List<Draw> seen, Draw draw, bool free, int spent, bool tested = false)
    {
        var attempt = seen.Count;
        var same = seen.FindIndex(d => d.Node == draw.Node);
        seen.Add(draw);
        var (words, shared) = (draw.Step, _options.SharedRollouts);
        _context.Journal.Record(new CandidateScored(
            walk.Index, step, attempt, words.Action, words.After.Observation, draw.Node.Worth, same >= 0 ? same : null, words.After.LastActionInvalid, words.Truncated,
            _context.Dialogue.Count(words.Tokens), double.IsNaN(words.LogProb) ? null : words.LogProb, free, shared && tested ? state.Returns.Count : null, shared ? spent : null));
    }

    private static List<Look> Looks(List<Draw> seen) => [.. seen.Select(draw => new Look(seen.FindIndex(d => d.Node == draw.Node), draw.Node.Worth))];

    // ---- candidates and their process rewards ------------------------------------------------------------------------

    // Draws actions in a state until there are so many. With shared rollouts each is the first action of one: the candidate and
    // its first return come together, and the state itself becomes better known.
    private async Task DrawAsync(Walk walk, StateNode state, int step, int count)
    {
        var had = state.Draws.Count;
        if (had >= count)
        {
            return;
        }

        if (_options.SharedRollouts)
        {
            await RollOutAsync(walk, state, state.Returns.Count + count - had, step, attempt: 0).ConfigureAwait(false);
            return;
        }

        var sampled = await Task.WhenAll(Enumerable.Range(had, count - had).Select(attempt => _engine.SampleAsync(
            state.History, _options.CandidateTemperature, _context.Random(Purpose.Candidate, walk.Index, step, attempt), last: false, _context.Allowed(state.Episode)).AsTask())).ConfigureAwait(false);
        foreach (var action in sampled)
        {
            var tried = Try(state.Episode.Fork(), _context.Dialogue.ActionText(action.Tokens), action);
            state.Took(new Draw(Reach(state, tried), tried));
        }
    }

    // The state that an action leads to; equal results are pooled (method.md 1.4).
    private StateNode Reach(StateNode state, RolloutStep tried)
    {
        var node = state.Reach(StateNode.Key(_options.Pooling, tried.Action, tried.After), () => new StateNode(tried.After, tried.History, _context.Fits(tried.History.Length)));
        if (node.History != tried.History)
        {
            _engine.Release(tried.History);
        }

        return node;
    }

    private RolloutStep Try(IEpisode fork, string action, SampledAction sampled)
    {
        fork.Step(action);
        var answer = fork.Finished ? [] : _context.Dialogue.Answer(fork.Observation);
        return new RolloutStep(action, sampled.Tokens, sampled.LogProb, sampled.Truncated, fork, answer, fork.Finished ? sampled.After : _engine.Append(sampled.After, answer));
    }

    // The process reward r(s_t, a_t): the mean final reward of m rollouts after it, or the reward itself when it ended the episode.
    private async Task<int> ValueAsync(Walk walk, StateNode state, StateNode node, int step, int attempt)
    {
        var test = _options.SequentialZ > 0;
        var spent = await RollOutAsync(walk, node, test ? _options.SequentialMinRollouts : _options.Rollouts, step, attempt).ConfigureAwait(false);
        while (test && node.Returns.Count < _options.Rollouts && !_sequential.Stops(node.Worth, state.Worth))
        {
            spent += await RollOutAsync(walk, node, node.Returns.Count + 1, step, attempt).ConfigureAwait(false);
        }

        return spent;
    }

    // Plays from a state until it has so many returns. Every rollout has a random stream of its own, so that it does not matter
    // which ones are played together.
    private async Task<int> RollOutAsync(Walk walk, StateNode from, int returns, int step, int attempt)
    {
        var have = from.Returns.Count;
        var missing = from.Ended ? 0 : Math.Max(0, returns - have);
        var rollouts = await Task.WhenAll(Enumerable.Range(have, missing).Select(r => PlayAsync(from, _options.SharedRollouts
            ? _context.Random(Purpose.Rollout, walk.Index, walk.RolloutsPlayed++)
            : _context.Random(Purpose.Rollout, walk.Index, step, attempt, r)))).ConfigureAwait(false);
        foreach (var rollout in rollouts)
        {
            if (!_options.SharedRollouts)
            {
                from.Earned(rollout.Reward);
                continue;
            }

            from.Record(rollout, _options.Pooling, _context.Fits);
            if (from.Draws[^1].Node is var child && (child.Ended || child.History != rollout.Steps[0].History))
            {
                _engine.Release(rollout.Steps[0].History);
            }
        }

        _rollouts += missing;
        walk.Rollouts += missing;
        return missing;
    }

    private async Task<PlayedRollout> PlayAsync(StateNode from, SeededRandom random)
    {
        var (episode, history) = (from.Episode.Fork(), from.History);
        var steps = new List<RolloutStep>();
        var played = 0;
        // The first action forks the history that the rollout starts from, and, where the state it leads to may become a candidate,
        // the second one forks that; from then on the rollout is alone and uses up its own.
        var kept = _options.SharedRollouts ? 2 : 1;
        while (!episode.Finished && _context.Fits(history.Length))
        {
            var sampled = await _engine.SampleAsync(history, _options.RolloutTemperature, random, last: played >= kept, _context.Allowed(episode)).ConfigureAwait(false);
            var step = Try(_options.SharedRollouts ? episode.Fork() : episode, _context.Dialogue.ActionText(sampled.Tokens), sampled);
            (episode, history) = (step.After, step.History);
            if (_options.SharedRollouts)
            {
                steps.Add(step);
            }

            played++;
        }

        if (played >= kept)
        {
            _engine.Release(history);
        }

        return new PlayedRollout(steps, episode.Finished ? episode.Reward : 0);
    }

    private void ReleaseFrom(StateNode node)
    {
        _engine.Release(node.History);
        foreach (var child in node.Children)
        {
            ReleaseFrom(child);
        }
    }

    // ---- the points that the paper leaves open -----------------------------------------------------------------------

    private async Task<(int? Accepted, StepVerdict Verdict)> NothingRoseAsync(Walk walk, StateNode state, int step, List<Draw> seen)
    {
        switch (_options.OnNoRise)
        {
            case OnNoRise.KeepBest:
                return (StepRule.Best(Looks(seen)), StepVerdict.KeptBest);
            case OnNoRise.KeepExpert:
                await ExpertAsync(walk, state, step, seen).ConfigureAwait(false);
                return (seen.Count - 1, StepVerdict.KeptExpert);
            default:
                return (null, StepVerdict.Stopped);
        }
    }

    private async Task ContrastAsync(Walk walk, StateNode state, int step, List<Draw> seen)
    {
        switch (_options.OnImmediateRise)
        {
            case OnImmediateRise.DrawOneContrast when _options.SharedRollouts:
                // No rollout for the sake of a draw where some are there: the sibling that looks worst so far.
                if (state.Draws.Where(d => !seen.Exists(s => s.Node == d.Node)).MinBy(d => d.Node.Worth.Mean) is { } worst)
                {
                    var spent = await ValueAsync(walk, state, worst.Node, step, seen.Count).ConfigureAwait(false);
                    Say(walk, state, step, seen, worst, free: true, spent);
                    (_contrasts, _free) = (_contrasts + 1, _free + 1);
                }

                break;
            case OnImmediateRise.DrawOneContrast:
                await LookAsync(walk, state, step, seen, 1).ConfigureAwait(false);
                _contrasts++;
                break;
            case OnImmediateRise.ExpertAction:
                await ExpertAsync(walk, state, step, seen).ConfigureAwait(false);
                _contrasts++;
                break;
            default:
                break;
        }
    }

    // The expert's action has no sampled tokens; it is encoded once, here, and these ids are kept from then on.
    private async Task<StateNode> ExpertAsync(Walk walk, StateNode state, int step, List<Draw> seen)
    {
        var action = _context.Environment.ExpertAction(state.Episode, walk.Expert);
        var tokens = _context.Dialogue.Action(action);
        var tried = Try(state.Episode.Fork(), action, new SampledAction(new History(state.History, tokens), tokens, LogProb: 0, Truncated: false));
        var draw = new Draw(Reach(state, tried), tried);
        var isNew = !seen.Exists(d => d.Node == draw.Node);
        var spent = isNew ? await ValueAsync(walk, state, draw.Node, step, seen.Count).ConfigureAwait(false) : 0;
        Say(walk, state, step, seen, draw, free: false, spent);
        return draw.Node;
    }

    // A forced move has one possible result, so by the tower rule it is worth what its state is: no rollout can tell more. With
    // shared rollouts an agreement of draws needs no gate: the only child already has all returns of its parent.
    private async Task<bool> IsForcedAsync(Walk walk, StateNode state, int step, List<Draw> seen)
    {
        if (_options.Gating == Gating.None || state.Returns.Count == 0)
        {
            return false;
        }

        var only = _context.Plan.Environment.ActionMask && state.Episode.Allowed is { Complete.Count: 1, Openings.Count: 0 };
        if (_options.SharedRollouts && !only)
        {
            return false;
        }

        var draws = only ? 1 : _options.GateDraws;
        await DrawAsync(walk, state, step, draws).ConfigureAwait(false);
        var node = state.Draws[0].Node;
        if (state.Draws.Take(draws).Any(d => d.Node != node))
        {
            return false;
        }

        if (!node.Ended && !_options.SharedRollouts)
        {
            foreach (var reward in state.Returns)
            {
                node.Earned(reward);
            }
        }

        foreach (var draw in state.Draws.Take(draws).ToList())
        {
            Say(walk, state, step, seen, draw, _options.SharedRollouts, spent: 0);
        }

        _forced++;
        _free += _options.SharedRollouts ? draws : 0;
        return true;
    }

    // ---- preference pairs ----------------------------------------------------------------------------------------------

    private void MakePairs(Walk walk, int step, Decision decision)
    {
        if (decision.Accepted is not { } accepted)
        {
            return;
        }

        var draws = _options.Pairing == Pairing.Considered ? decision.Seen.SkipLast(decision.Unconsidered).ToList() : decision.Seen;
        var siblings = draws.DistinctBy(d => d.Node).ToList();
        var picked = _pairing.Pick(
            [.. siblings.Select(s => new Sibling(s.Node.Worth, decision.Seen.Count(d => d.Node == s.Node)))],
            siblings.FindIndex(s => s.Node == decision.Seen[accepted].Node), decision.Previous);
        if (picked.Count == 0)
        {
            return;
        }

        var historyTokens = decision.State.History.ToArray();
        var historyText = _context.Dialogue.Text(historyTokens);
        foreach (var (chosen, rejected, gap) in picked.Select(p => (siblings[p.Chosen], siblings[p.Rejected], p.Gap)))
        {
            var pair = _context.Dialogue.Recorded(
                new PreferencePair(
                    walk.Index, step, historyText, chosen.Step.Action, rejected.Step.Action, chosen.Node.Worth, rejected.Node.Worth,
                    historyTokens, chosen.Step.Tokens, rejected.Step.Tokens, _options.Shrinkage > 0 ? gap : null),
                decision.State.History);
            _context.Journal.Record(new PairCreated(_nextPair++, pair));
            _pairs.Add(pair);
        }
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
        FreeCandidates = _free,
        Unconsidered = _unconsidered,
        GateDraws = _gateDraws,
        Forced = _forced,
        Rollouts = _rollouts,
        TokensGenerated = _engine.TokensGenerated - _generatedBefore,
        TokensPrefilled = _engine.TokensPrefilled - _prefilledBefore,
        TokensRecomputed = _engine.TokensRecomputed - _recomputedBefore,
        TokensForced = _engine.TokensForced - _forcedBefore,
        Pairs = _pairs.Count,
        NoRise = _noRise,
    };
}
