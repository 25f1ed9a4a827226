using FsCheck;
using FsCheck.Fluent;
using RroDashboard.Core.Events;
using RroDashboard.Core.Exploration;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Preferences;
using RroDashboard.Core.Rewards;

namespace RroDashboard.Core.Tests.Exploration;

public sealed class LedgerCheckTests
{
    private static readonly Estimate s_low = new([0.2, 0.4]);
    private static readonly Estimate s_high = new([0.6, 0.8]);

    // One task in two steps, m = 2: the first candidate is lower, the second rises; then a purchase ends it.
    private static List<RunFact> Facts(params string[] settings)
    {
        var plan = Presets.Create("demo");
        ExplorationMethods.Apply(plan, "rro");
        PlanSettings.Apply(plan, ["Explore.Rollouts=2", .. settings]);
        return
        [
            new RunStarted(PlanSettings.ToDictionary(plan), "MiniShop", "", "", 1, 1, RewardRange.Unit),
            new ExplorationStarted(new string('a', 64)),
            new TaskOpened(0, "t", "buy", new Estimate([0.4, 0.6])),
            new CandidateScored(0, 0, 0, "search[ a ]", "", s_low, null, false, false, 2, -1),
            new CandidateScored(0, 0, 1, "search[ b ]", "", s_high, null, false, false, 2, -1),
            new StepDecided(0, 0, new Estimate([0.4, 0.6]), s_high, 1, "search[ b ]", 2, StepVerdict.Rose, [CandidateAccount.Lower, CandidateAccount.Accepted]),
            new PairCreated(0, new PreferencePair(0, 0, "", "search[ b ]", "search[ a ]", s_high, s_low, [], [], [])),
            new CandidateScored(0, 1, 0, "click[ buy ]", "", Estimate.Final(1), null, false, false, 2, -1),
            new StepDecided(0, 1, s_high, Estimate.Final(1), 0, "click[ buy ]", 1, StepVerdict.Rose, [CandidateAccount.Accepted]),
            new TaskFinished(0, 2, 1),
        ];
    }

    private static readonly Budget s_budget = new() { Tasks = 1, Steps = 2, Candidates = 3, Rollouts = 6, Pairs = 1 };

    [Fact]
    public void Of_HonestLedger_HasNoMismatchAndItsSums()
    {
        var check = LedgerCheck.Of(Facts(), s_budget);

        Assert.Empty(check.Mismatches);
        Assert.Equal((2, 3, 1, 6), (check.Steps, check.Candidates, check.Pairs, check.Rollouts));
        Assert.Equal(2, check.AccountSums[CandidateAccount.Accepted]);
    }

    // Whatever is drawn: every candidate is in exactly one account, the sums are those counted by hand, and one moved candidate is told.
    [Fact]
    public void Of_AnyStep_AccountsAddUpAndNoneCanBeMoved() => Prop.ForAll(
        Arb.From(Gen.Choose(0, 9).ListOf(4)), Arb.From(Gen.Choose(0, 4)), Arb.From(Gen.Choose(0, 100)),
        (draws, before, moved) =>
        {
            var plan = Presets.Create("demo");
            ExplorationMethods.Apply(plan, "rro");
            PlanSettings.Apply(plan, ["Explore.Rollouts=1", "Explore.MaxCandidates=4"]);
            var (rule, previous) = (StepRule.Of(plan.Explore, RewardRange.Unit), new Estimate([before / 5.0]));
            // State i is worth i mod 5 fifths; states from 5 on were reached by an invalid action.
            var states = draws.ToList();
            var looks = states.ConvertAll(s => new Look(states.IndexOf(s), new Estimate([s % 5 / 5.0])));
            var tried = Enumerable.Range(1, 4).FirstOrDefault(k => rule.Accepts(looks[..k], previous) is not null, 4);
            var rose = rule.Accepts(looks[..tried], previous);
            var followed = rose ?? StepRule.Best(looks[..tried]);
            var fate = new StepFate(rose is null ? StepVerdict.KeptBest : StepVerdict.Rose, previous, looks[followed].Value);
            var accounts = Enumerable.Range(0, tried).Select(i => Accounts.Of(
                new CandidateFate(looks[i].Value, i == followed, true, false, looks[i].First < i, false, states[i] >= 5), fate)).ToList();
            var pairs = PairRule.Of(plan.Explore, RewardRange.Unit).Pick(
                [.. Distinct().Select(i => new Sibling(looks[i].Value, looks[..tried].Count(l => l.First == i)))], Distinct().ToList().IndexOf(followed), previous);
            List<RunFact> facts =
            [
                new RunStarted(PlanSettings.ToDictionary(plan), "MiniShop", "", "", 1, 1, RewardRange.Unit),
                new TaskOpened(0, "t", "buy", previous),
                .. Enumerable.Range(0, tried).Select(i => new CandidateScored(0, 0, i, $"a{states[i]}", "", looks[i].Value, looks[i].First < i ? looks[i].First : null, states[i] >= 5, false, 2, -1)),
                new StepDecided(0, 0, previous, looks[followed].Value, followed, $"a{states[followed]}", tried, fate.Verdict, accounts),
                .. pairs.Select((p, i) => new PairCreated(i, new PreferencePair(0, 0, "", Action(p.Chosen), Action(p.Rejected), Value(p.Chosen), Value(p.Rejected), [], [], []))),
                new TaskFinished(0, 1, 0),
            ];
            var distinct = Distinct().Count();
            var budget = new Budget { Tasks = 1, Steps = 1, Candidates = tried, SameState = tried - distinct, Rollouts = 1 + distinct, Pairs = pairs.Count, NoRise = rose is null ? 1 : 0 };

            var check = LedgerCheck.Of(facts, budget);

            Assert.Empty(check.Mismatches);
            Assert.Equal(tried, check.AccountSums.Values.Sum());
            Assert.Equal(1, check.AccountSums.GetValueOrDefault(rose is null ? CandidateAccount.NoRise : CandidateAccount.Accepted));
            Assert.Equal(tried - distinct, check.AccountSums.GetValueOrDefault(CandidateAccount.SameState));
            Assert.Equal(
                Distinct().Count(i => i != followed && states[i] >= 5), check.AccountSums.GetValueOrDefault(CandidateAccount.Invalid));
            // Nothing that was not followed and not repeated was worth more than the step before where nothing rose over it.
            Assert.All(Distinct().Where(i => i != followed), i => Assert.True(states[i] % 5 < before));

            var at = moved % tried;
            var other = accounts[at] == CandidateAccount.Lower ? CandidateAccount.Tie : CandidateAccount.Lower;
            var told = facts.ConvertAll(f => f is StepDecided s ? s with { Accounts = [.. accounts.Select((a, i) => i == at ? other : a)] } : f);
            Assert.Equal($"Task 0, step 0: candidate {at + 1} is accounted as {other}, it belongs to {accounts[at]}.", Assert.Single(LedgerCheck.Of(told, budget).Mismatches));

            IEnumerable<int> Distinct() => Enumerable.Range(0, tried).Where(i => looks[i].First == i);
            string Action(int sibling) => $"a{states[Distinct().ElementAt(sibling)]}";
            Estimate Value(int sibling) => looks[Distinct().ElementAt(sibling)].Value;
        }).QuickCheckThrowOnFailure();

    public static TheoryData<string, Func<RunFact, RunFact>> Tampered => new()
    {
        { "what it is compared with is not what the step before was worth", f => f is StepDecided { Step: 1 } s ? s with { Previous = s_low } : f },
        { "the accepted value is not that of the accepted candidate", f => f is StepDecided { Step: 0 } s ? s with { Accepted = new Estimate([0.9, 0.9]) } : f },
        { "the verdict is KeptBest, the rule gives Rose", f => f is StepDecided { Step: 0 } s ? s with { Verdict = StepVerdict.KeptBest } : f },
        { "candidate 1 was followed, the rule gives 2", f => f is StepDecided { Step: 0 } s ? s with { AcceptedAttempt = 0, Action = "search[ a ]", Accepted = s_low } : f },
        { "the rule accepts after 1 looks, not after 2", f => f is CandidateScored { Step: 0, Attempt: 0 } c ? c with { Value = s_high } : f },
        { "candidate 1 is accounted as Tie, it belongs to Lower", f => f is StepDecided { Step: 0 } s ? s with { Accounts = [CandidateAccount.Tie, CandidateAccount.Accepted] } : f },
        { "is not the one that the rule gives", f => f is PairCreated p ? p with { Pair = p.Pair with { RejectedValue = s_high } } : f },
        { "its value rests on 1 rollouts, not on 2", f => f is CandidateScored { Step: 0, Attempt: 0 } c ? c with { Value = new Estimate([0.2]) } : f },
        { "3 candidates in all accounts", f => f is StepDecided { Step: 0 } s ? s with { Accounts = [CandidateAccount.Lower, CandidateAccount.Accepted], GateDraws = 0, Tried = 3 } : f },
        { "2 candidates are recorded for 2 accounts and 2 looks", f => f is StepDecided { Step: 0 } s ? s with { AcceptedAttempt = 7 } : f },
        { "2 candidates are recorded for 2 accounts", f => f is CandidateScored { Step: 0, Attempt: 1 } c ? c with { SameStateAs = -1 } : f },
        { "its steps are not as many as it finished with", f => f is TaskFinished t ? t with { Steps = 3 } : f },
    };

    [Theory]
    [MemberData(nameof(Tampered))]
    public void Of_OneFactChanged_SaysWhatDoesNotFit(string sentence, Func<RunFact, RunFact> change)
    {
        var check = LedgerCheck.Of(Facts().Select(change), s_budget);

        if (sentence == "3 candidates in all accounts")
        {
            Assert.Contains(check.Mismatches, m => m.StartsWith("Task 0, step 0: 2 candidates are recorded for 2 accounts and 3 looks", StringComparison.Ordinal));
            return;
        }

        Assert.Contains(check.Mismatches, m => m.Contains(sentence, StringComparison.Ordinal));
    }

    [Fact]
    public void Of_OtherRuleThanTheOneRecorded_DoesNotGiveTheSameVerdicts() =>
        Assert.Contains(LedgerCheck.Of(Facts("Explore.Rise=Margin", "Explore.RiseMargin=0.3")).Mismatches, m => m.StartsWith("Task 0, step 0: ", StringComparison.Ordinal));

    [Theory]
    [InlineData(7, "The facts add up to 6 rollouts, the budget says 7.")]
    public void Of_BudgetThatSpentMore_NamesTheSum(int rollouts, string sentence) =>
        Assert.Equal(sentence, Assert.Single(LedgerCheck.Of(Facts(), s_budget with { Rollouts = rollouts }).Mismatches));

    [Fact]
    public void Of_FactsWithoutSettings_IsRefused() => Assert.Throws<InvalidDataException>(() => LedgerCheck.Of(Facts().Skip(1)));

    // rules.md 3.2, shared: what is known of the state grows while candidates are looked at; each test is done with what was known then.
    [Fact]
    public void Of_SharedRollouts_DecidesWithWhatWasKnownAtEachLook()
    {
        var plan = Presets.Create("demo");
        ExplorationMethods.Apply(plan, "two-looks");
        PlanSettings.Apply(plan, ["Explore.Rollouts=1", "Explore.RootRollouts=2", "Explore.MinPairGap=0.3", "Explore.Shrinkage=0"]);
        List<RunFact> facts =
        [
            new RunStarted(PlanSettings.ToDictionary(plan), "MiniShop", "", "", 1, 1, RewardRange.Unit),
            new TaskOpened(0, "t", "buy", new Estimate([0.8, 0.8])),
            new CandidateScored(0, 0, 0, "a", "", new Estimate([0.8, 0.4]), null, false, false, 1, -1, Free: true, PreviousOutcomes: 2, RolloutsSpent: 0),
            new CandidateScored(0, 0, 1, "b", "", new Estimate([0.8, 0.2]), null, false, false, 1, -1, Free: true, PreviousOutcomes: 2, RolloutsSpent: 0),
            // .6 after 2 looks against .8: no. A third, fresh one pays 0: V falls to .533, but .0 does not reach it; the best seen, .6, does.
            new CandidateScored(0, 0, 2, "c", "", new Estimate([0]), null, false, false, 1, -1, PreviousOutcomes: 3, RolloutsSpent: 1),
            new StepDecided(0, 0, new Estimate([0.8, 0.8, 0]), new Estimate([0.8, 0.4]), 0, "a", 3, StepVerdict.Rose, [CandidateAccount.Accepted, CandidateAccount.Lower, CandidateAccount.Lower]),
            new PairCreated(0, new PreferencePair(0, 0, "", "a", "c", new Estimate([0.8, 0.4]), new Estimate([0]), [], [], [])),
            new TaskFinished(0, 1, 0),
        ];

        Assert.Empty(LedgerCheck.Of(facts, new Budget { Tasks = 1, Steps = 1, Candidates = 3, FreeCandidates = 2, Rollouts = 3, Pairs = 1 }).Mismatches);
        Assert.NotEmpty(LedgerCheck.Of(facts.Select(f => f is CandidateScored { Attempt: 1 } c ? c with { PreviousOutcomes = 3 } : f)).Mismatches);
    }
}
