using System.Globalization;
using RroDashboard.Core.Events;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Preferences;
using RroDashboard.Core.Rewards;

namespace RroDashboard.Core.Exploration;

/// <summary>
/// Decides every step of a run again, from its facts alone, and adds up the books: does the rule give the verdict that was
/// recorded, does each candidate end in the account it belongs to, do the pairs follow, do the sums match what was spent?
/// </summary>
public sealed class LedgerCheck
{
    /// <summary>Most mismatches kept as sentences; the others are counted.</summary>
    public const int KeptMismatches = 100;

    private readonly ExploreOptions _options;
    private readonly StepRule _rule;
    private readonly PairRule _pairing;
    private readonly SequentialTest _sequential;
    private readonly List<string> _mismatches = [];
    private readonly Dictionary<CandidateAccount, int> _accounts = [];

    private LedgerCheck(RunStarted started)
    {
        _options = PlanSettings.FromDictionary("", started.Settings).Explore;
        _rule = StepRule.Of(_options, started.RewardRange);
        _pairing = PairRule.Of(_options, started.RewardRange);
        _sequential = SequentialTest.Of(_options);
    }

    /// <summary>What is wrong, one sentence each, in the order of tasks and steps; empty when nothing is.</summary>
    public IReadOnlyList<string> Mismatches => _mismatches;

    /// <summary>Mismatches found, those that were not kept included.</summary>
    public int MismatchCount { get; private set; }

    /// <summary>Candidates by account.</summary>
    public IReadOnlyDictionary<CandidateAccount, int> AccountSums => _accounts;

    /// <summary>Steps decided again.</summary>
    public int Steps { get; private set; }

    /// <summary>Candidates looked at for a decision.</summary>
    public int Candidates { get; private set; }

    /// <summary>Pairs made again.</summary>
    public int Pairs { get; private set; }

    /// <summary>Rollouts that the facts add up to.</summary>
    public int Rollouts { get; private set; }

    /// <summary>Checks the facts of one run.</summary>
    /// <param name="facts">In their order; facts of other stages are passed over.</param>
    /// <param name="budget">What the run says that it spent; null to check the decisions only.</param>
    /// <exception cref="InvalidDataException">There is no first fact that says what the settings were.</exception>
    public static LedgerCheck Of(IEnumerable<RunFact> facts, Budget? budget = null)
    {
        ArgumentNullException.ThrowIfNull(facts);
        var all = facts.ToList();
        var check = new LedgerCheck(all.OfType<RunStarted>().FirstOrDefault()
            ?? throw new InvalidDataException("The ledger cannot be checked: the facts lack the one that says with which settings the run started."));
        var candidates = all.OfType<CandidateScored>().ToLookup(c => (c.Task, c.Step));
        var steps = all.OfType<StepDecided>().ToLookup(s => s.Task);
        var pairs = all.OfType<PairCreated>().Select(p => p.Pair).ToLookup(p => (p.Task, p.Step));
        var finished = all.OfType<TaskFinished>().ToLookup(f => f.Task);
        foreach (var task in all.OfType<TaskOpened>())
        {
            check.Walk(task, [.. steps[task.Task].OrderBy(s => s.Step)], candidates, pairs, finished[task.Task].FirstOrDefault());
        }

        if (budget is not null)
        {
            check.Sums(budget, all.OfType<CandidateScored>().ToList(), all.OfType<StepDecided>().ToList(), all.OfType<TaskFinished>().Count(), all.OfType<PairCreated>().Count());
        }

        return check;
    }

    // ---- one walk ----------------------------------------------------------------------------------------------------

    private void Walk(
        TaskOpened task, List<StepDecided> steps, ILookup<(int, int), CandidateScored> candidates, ILookup<(int, int), PreferencePair> pairs, TaskFinished? finished)
    {
        Rollouts += task.Baseline.Rollouts;
        var start = _options.RootRollouts > 0 ? _options.RootRollouts : _options.Rollouts;
        Expect(task.Baseline.Exact || task.Baseline.Rollouts == start, string.Create(CultureInfo.InvariantCulture, $"Task {task.Task}"), $"its start is valued by {task.Baseline.Rollouts} rollouts, not by {start}");
        var previous = task.Baseline;
        for (var i = 0; i < steps.Count; i++)
        {
            var step = steps[i];
            var tried = candidates[(step.Task, step.Step)].OrderBy(c => c.Attempt).ToList();
            var where = string.Create(CultureInfo.InvariantCulture, $"Task {step.Task}, step {step.Step}");
            if (!tried.Select(c => c.Attempt).SequenceEqual(Enumerable.Range(0, step.Accounts.Count)) || step.Tried < 1 || step.Tried > tried.Count
                || step.AcceptedAttempt is { } accepted && (accepted < 0 || accepted >= tried.Count)
                || tried.Exists(c => c.SameStateAs is { } same && (same < 0 || same >= c.Attempt || tried[same].SameStateAs is not null)))
            {
                Wrong($"{where}: {tried.Count} candidates are recorded for {step.Accounts.Count} accounts and {step.Tried} looks.");
                previous = step.Accepted ?? previous;
                continue;
            }

            Expect(step.Step == i, where, "it is not the next one of its walk");
            Expect(Continues(previous, step.Previous), where, "what it is compared with is not what the step before was worth");
            Values(where, step, tried);
            Decision(where, step, tried);
            AccountsOf(where, step, tried);
            PairsOf(where, step, tried, [.. pairs[(step.Task, step.Step)]], i + 1 < steps.Count ? steps[i + 1].Previous : null);
            previous = _options.Continue == Continue.AlongExpert && step.Accepted is not null ? Current(tried, ExpertOf(step, tried)) : step.Accepted ?? previous;
            Steps++;
            Candidates += step.Tried;
        }

        if (finished is not null)
        {
            Expect(finished.Steps == steps.Count, string.Create(CultureInfo.InvariantCulture, $"Task {task.Task}"), "its steps are not as many as it finished with");
        }
    }

    // The walk goes on from the expert's action, the last one before the siblings that nobody looked at.
    private static int ExpertOf(StepDecided step, List<CandidateScored> tried) =>
        tried.FindLast(c => step.Accounts[c.Attempt] != CandidateAccount.Unconsidered) is { } expert ? expert.SameStateAs ?? expert.Attempt : 0;

    // With shared rollouts more becomes known of a state while it is the current one; what was known stays.
    private bool Continues(Estimate before, Estimate now) => _options.SharedRollouts ? IsBeginning(before, now) : before.Equals(now);

    private static bool IsBeginning(Estimate before, Estimate now) =>
        before.Exact == now.Exact && before.Outcomes.Count <= now.Outcomes.Count && before.Outcomes.SequenceEqual(now.Outcomes.Take(before.Outcomes.Count));

    private void Values(string where, StepDecided step, List<CandidateScored> tried)
    {
        foreach (var candidate in tried)
        {
            Rollouts += candidate.RolloutsSpent ?? (candidate.SameStateAs is null && (step.Verdict != StepVerdict.Forced || candidate.Attempt >= step.Tried) ? candidate.Value.Rollouts : 0);
            var which = string.Create(CultureInfo.InvariantCulture, $"{where}, candidate {candidate.Attempt + 1}");
            if (candidate.SameStateAs is { } same)
            {
                Expect(Continues(tried[same].Value, candidate.Value), which, $"it does not share the value of candidate {same + 1}");
            }

            if (candidate.Value.Exact || (step.Verdict == StepVerdict.Forced && candidate.Attempt < step.Tried) || step.Accounts[candidate.Attempt] == CandidateAccount.Unconsidered)
            {
                continue;
            }

            var enough = candidate.Value.Rollouts >= _options.Rollouts || _sequential.Stops(candidate.Value, Known(step.Previous, candidate));
            Expect(enough, which, $"its value rests on {candidate.Value.Rollouts} rollouts, not on {_options.Rollouts}");
            Expect(_options.SharedRollouts || candidate.Value.Rollouts <= _options.Rollouts, which, $"its value rests on {candidate.Value.Rollouts} rollouts, more than {_options.Rollouts}");
        }
    }

    // ---- the decision, again -----------------------------------------------------------------------------------------

    private void Decision(string where, StepDecided step, List<CandidateScored> tried)
    {
        if (step.AcceptedAttempt is { } accepted)
        {
            Expect(accepted >= 0 && accepted < tried.Count && step.Accepted is not null, where, "there is no such candidate as the one that was followed");
            if (accepted < 0 || accepted >= tried.Count || step.Accepted is null)
            {
                return;
            }

            Expect(tried[accepted].Action == step.Action, where, "the action that was followed is not that of the accepted candidate");
            Expect(step.Accepted.Equals(Current(tried, tried[accepted].SameStateAs ?? accepted)), where, "the accepted value is not that of the accepted candidate");
        }
        else
        {
            Expect(step.Verdict == StepVerdict.Stopped && step.Accepted is null, where, "nothing was followed, but the walk did not stop");
        }

        if (step.Verdict == StepVerdict.Forced)
        {
            Expect(
                _options.Gating == Gating.SkipForced && tried.Take(step.Tried).All(c => c.Attempt == 0 || c.SameStateAs == 0)
                && step.Accepted is { } value && (value.Exact || _options.SharedRollouts || value.Equals(step.Previous)),
                where, "it was not a forced move");
            return;
        }

        // Look by look, with what was known at each.
        int? decided = null;
        var looks = 0;
        while (decided is null && looks < step.Tried)
        {
            looks++;
            var known = tried.Take(looks).ToList();
            decided = _rule.Accepts([.. known.Select(c => new Look(c.SameStateAs ?? c.Attempt, Current(known, c.SameStateAs ?? c.Attempt)))], Known(step.Previous, tried[looks - 1]));
        }

        Expect(looks == step.Tried, where, $"the rule accepts after {looks} looks, not after {step.Tried}");
        var (verdict, follows) = (decided, _rule.Selection) switch
        {
            ({ } best, Selection.AllBest) => (StepVerdict.BestOfAll, best),
            ({ } rose, _) => (StepVerdict.Rose, rose),
            _ => _options.OnNoRise switch
            {
                OnNoRise.KeepBest => (StepVerdict.KeptBest, StepRule.Best([.. tried.Take(looks).Select(c => new Look(c.SameStateAs ?? c.Attempt, Current(tried, c.SameStateAs ?? c.Attempt)))])),
                OnNoRise.KeepExpert => (StepVerdict.KeptExpert, step.AcceptedAttempt),
                _ => (StepVerdict.Stopped, default(int?)),
            },
        };
        Expect(decided is not null || step.Tried == _options.MaxCandidates, where, $"it was given up after {step.Tried} looks, not after {_options.MaxCandidates}");
        Expect(verdict == step.Verdict, where, $"the verdict is {step.Verdict}, the rule gives {verdict}");
        Expect(follows == step.AcceptedAttempt, where, $"candidate {step.AcceptedAttempt + 1} was followed, the rule gives {follows + 1}");
    }

    // What was known of the step before when a candidate was tested.
    private static Estimate Known(Estimate previous, CandidateScored candidate) =>
        candidate.PreviousOutcomes is { } known && known < previous.Outcomes.Count ? new Estimate([.. previous.Outcomes.Take(known)]) : previous;

    // The last that was said about a result, under whichever of its attempts.
    private static Estimate Current(List<CandidateScored> known, int first) => known.FindLast(c => (c.SameStateAs ?? c.Attempt) == first)!.Value;

    private void AccountsOf(string where, StepDecided step, List<CandidateScored> tried)
    {
        var fate = new StepFate(step.Verdict, step.Previous, step.Accepted);
        foreach (var candidate in tried)
        {
            var recorded = step.Accounts[candidate.Attempt];
            _accounts[recorded] = _accounts.GetValueOrDefault(recorded) + 1;
            var account = Exploration.Accounts.Of(
                new CandidateFate(
                    Current(tried, candidate.SameStateAs ?? candidate.Attempt), candidate.Attempt == step.AcceptedAttempt, candidate.Attempt < step.Tried,
                    recorded == CandidateAccount.Unconsidered && _options.SharedRollouts, candidate.SameStateAs is not null, candidate.Truncated, candidate.Invalid),
                fate);
            Expect(account == recorded, where, $"candidate {candidate.Attempt + 1} is accounted as {recorded}, it belongs to {account}");
        }
    }

    // ---- the pairs, again --------------------------------------------------------------------------------------------

    private void PairsOf(string where, StepDecided step, List<CandidateScored> tried, List<PreferencePair> made, Estimate? next)
    {
        Pairs += made.Count;
        if (step.AcceptedAttempt is not { } accepted)
        {
            Expect(made.Count == 0, where, "it has pairs, but nothing was followed");
            return;
        }

        var followed = tried[accepted].SameStateAs ?? accepted;
        var siblings = tried.Where(c => c.SameStateAs is null && (_pairing.Pairing != Pairing.Considered || step.Accounts[c.Attempt] != CandidateAccount.Unconsidered)).ToList();
        // The one that the walk goes on from collects further returns while the walk stands on it.
        var current = _options.Continue == Continue.AlongExpert ? ExpertOf(step, tried) : followed;
        Estimate Final(CandidateScored c) => _options.SharedRollouts && c.Attempt == current && next is not null ? next : Current(tried, c.Attempt);
        var picked = _pairing.Pick(
            [.. siblings.Select(c => new Sibling(Final(c), tried.Count(t => (t.SameStateAs ?? t.Attempt) == c.Attempt)))],
            siblings.FindIndex(c => c.Attempt == followed), step.Previous);
        Expect(picked.Count == made.Count, where, $"it has {made.Count} pairs, the rule gives {picked.Count}");
        foreach (var (pair, pick) in made.Zip(picked))
        {
            var (chosen, rejected) = (siblings[pick.Chosen], siblings[pick.Rejected]);
            Expect(
                pair.Chosen == chosen.Action && pair.Rejected == rejected.Action && pair.ChosenValue.Equals(Final(chosen)) && pair.RejectedValue.Equals(Final(rejected)),
                where, $"its pair of '{pair.Chosen}' over '{pair.Rejected}' is not the one that the rule gives");
        }
    }

    // ---- the sums ----------------------------------------------------------------------------------------------------

    private void Sums(Budget budget, List<CandidateScored> candidates, List<StepDecided> steps, int finished, int pairs)
    {
        Same("tasks", finished, budget.Tasks);
        Same("steps", steps.Count, budget.Steps);
        Same("candidates", Candidates, budget.Candidates);
        Same("candidates in all accounts", _accounts.Values.Sum(), candidates.Count);
        Same("candidates in a state seen before", candidates.Count(c => c.SameStateAs is not null) - UnconsideredRepeats(candidates, steps), budget.SameState);
        Same("contrasts", _accounts.GetValueOrDefault(CandidateAccount.Contrast) - AlongExpert(steps), budget.Contrasts);
        Same("unconsidered siblings", _accounts.GetValueOrDefault(CandidateAccount.Unconsidered), budget.Unconsidered);
        Same("free candidates", candidates.Count(c => c.Free) - budget.Unconsidered, budget.FreeCandidates);
        Same("gate draws", steps.Sum(s => s.GateDraws), budget.GateDraws);
        Same("forced moves", steps.Count(s => s.Verdict == StepVerdict.Forced), budget.Forced);
        Same("steps at which nothing rose", steps.Count(s => s.Verdict.NothingRose()), budget.NoRise);
        Same("rollouts", Rollouts, budget.Rollouts);
        Same("pairs", pairs, budget.Pairs);

        void Same(string what, int facts, int spent)
        {
            if (facts != spent)
            {
                Wrong(string.Create(CultureInfo.InvariantCulture, $"The facts add up to {facts} {what}, the budget says {spent}."));
            }
        }
    }

    // The expert's action that the walk goes on from is no contrast, but stands in the same account.
    private int AlongExpert(List<StepDecided> steps) => _options.Continue == Continue.AlongExpert ? steps.Count(s => s.Accepted is not null) : 0;

    private static int UnconsideredRepeats(List<CandidateScored> candidates, List<StepDecided> steps)
    {
        var decided = steps.ToDictionary(s => (s.Task, s.Step));
        return candidates.Count(c => c.SameStateAs is not null && decided.TryGetValue((c.Task, c.Step), out var step)
            && c.Attempt < step.Accounts.Count && step.Accounts[c.Attempt] == CandidateAccount.Unconsidered);
    }

    private void Expect(bool holds, string where, string otherwise)
    {
        if (!holds)
        {
            Wrong($"{where}: {otherwise}.");
        }
    }

    private void Wrong(string sentence)
    {
        MismatchCount++;
        if (_mismatches.Count < KeptMismatches)
        {
            _mismatches.Add(sentence);
        }
    }
}
