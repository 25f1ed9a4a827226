using RroDashboard.Core.Events;
using RroDashboard.Core.Exploration;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Preferences;
using RroDashboard.Training.Checkpoints;
using static TorchSharp.torch;

namespace RroDashboard.Training.Tests;

public sealed class ExplorationTests
{
    public static TheoryData<string> MethodNames => [.. ExplorationMethods.All.Select(m => m.Name)];

    // Every decision of a real exploration can be made again from what was recorded, and the books add up to what was spent.
    [Theory]
    [MemberData(nameof(MethodNames))]
    public void Run_EveryMethod_CanBeDecidedAgainFromItsLedger(string method)
    {
        using var scope = NewDisposeScope();
        using var test = Trained(method);

        var (pairs, budget) = Explore.Run(test.Run);

        var check = Check(test, budget);
        Assert.Empty(check.Mismatches);
        Assert.Equal(budget.Steps, check.Steps);
        Assert.Equal(pairs.Count, check.Pairs);
        Assert.Equal(test.Plan.Explore.Tasks, budget.Tasks);
        Assert.Equal(method == "fixed-1", pairs.Count == 0);
        // Every walk gave back what it held.
        Assert.Equal(0, test.Engine.PagesInUse);
    }

    public static TheoryData<string> SharedSettings =>
    [
        "Explore.OnImmediateRise=DrawOneContrast", "Explore.OnImmediateRise=ExpertAction", "Explore.OnNoRise=KeepExpert", "Explore.OnNoRise=StopTrajectory",
        "Explore.Pooling=Text", "Explore.SequentialZ=1", "Explore.Rise=Strict", "Explore.Gating=SkipForced", "Explore.Pairing=AcceptedSibling",
    ];

    [Theory]
    [MemberData(nameof(SharedSettings))]
    public void Run_SharedWithEveryOpenPoint_CanBeDecidedAgainFromItsLedger(string setting)
    {
        using var scope = NewDisposeScope();
        using var test = Trained("two-looks", "Explore.MinLooks=1", "Environment.ActionMask=true", setting);
        PlanSettings.Validate(test.Plan);

        var (_, budget) = Explore.Run(test.Run);

        Assert.Empty(Check(test, budget).Mismatches);
    }

    [Theory]
    [InlineData("two-looks")]
    [InlineData("fixed-shared")]
    [InlineData("sequential")]
    [InlineData("gated")]
    public void Run_SameSeedTwice_SameLedgerByteForByte(string method)
    {
        Assert.Equal(Hash(method, seed: 3), Hash(method, seed: 3));
        Assert.NotEqual(Hash(method, seed: 3), Hash(method, seed: 4));
    }

    // The schedule of rollouts must not matter for what a walk draws: one walk alone is the same walk among eight.
    [Fact]
    public void Run_SharedRolloutsOfOneTask_AreThoseAmongManyTasks()
    {
        using var scope = NewDisposeScope();
        using var one = Trained("two-looks", "Explore.Tasks=1");
        using var many = Trained("two-looks", "Explore.Tasks=8");
        Explore.Run(one.Run);
        Explore.Run(many.Run);

        Assert.Equal(
            one.Journal.Facts.OfType<CandidateScored>().Select(c => (c.Step, c.Attempt, c.Action, c.Value.Mean)),
            many.Journal.Facts.OfType<CandidateScored>().Where(c => c.Task == 0).Select(c => (c.Step, c.Attempt, c.Action, c.Value.Mean)));
    }

    [Fact]
    public void Run_TwoLooks_PaysForNoCandidateThatARolloutPassed()
    {
        using var scope = NewDisposeScope();
        using var test = Trained("two-looks", "Explore.Tasks=20");

        var (_, budget) = Explore.Run(test.Run);

        // rules.md 3.2: with m >= 2 the first two looks are always free.
        var candidates = test.Journal.Facts.OfType<CandidateScored>().ToList();
        Assert.All(candidates.Where(c => c.Attempt < 2), c => Assert.True(c.Free));
        Assert.True(budget.FreeCandidates >= 2 * budget.Steps);
        // Of every state, what the policy did there is as much as what is known of it: each rollout took one action.
        var drawn = candidates.ToLookup(c => (c.Task, c.Step));
        Assert.All(test.Journal.Facts.OfType<StepDecided>(), s => Assert.Equal(s.Previous.Outcomes.Count, drawn[(s.Task, s.Step)].Count()));
    }

    // The order of rules.md 6.4, which a small policy and few tasks keep: sharing pays for most of fixed size, and more so with a rule.
    [Fact]
    public void Run_SameTasks_SharingAndTheRuleBothSaveRollouts()
    {
        using var scope = NewDisposeScope();
        var spent = new Dictionary<string, Budget>();
        foreach (var method in new[] { "rro", "fixed-5", "fixed-shared", "two-looks" })
        {
            using var test = Trained(method, "Explore.Tasks=30", "Explore.MaxCandidates=5");
            spent[method] = Explore.Run(test.Run).Budget;
        }

        Assert.True(spent["rro"].Candidates < 0.6 * spent["fixed-5"].Candidates);
        Assert.True(spent["rro"].Rollouts < spent["fixed-5"].Rollouts);
        Assert.True(spent["fixed-shared"].Rollouts < 0.6 * spent["fixed-5"].Rollouts);
        Assert.True(spent["two-looks"].Rollouts < 0.6 * spent["rro"].Rollouts);
        Assert.True(spent["two-looks"].TokensFresh < spent["rro"].TokensFresh);
        Assert.All(spent.Values, b => Assert.InRange(b.TokensRecomputed, 0, 0.1 * b.TokensFresh));
    }

    [Fact]
    public void Run_FixedSizeWithoutSharing_RollsNothingOutFromTheStart()
    {
        using var scope = NewDisposeScope();
        using var test = Trained("fixed-3");

        var (_, budget) = Explore.Run(test.Run);

        Assert.All(test.Journal.Facts.OfType<TaskOpened>(), t => Assert.True(t.Baseline.Exact));
        Assert.All(test.Journal.Facts.OfType<StepDecided>(), s => Assert.Equal((3, StepVerdict.BestOfAll), (s.Tried, s.Verdict)));
        Assert.Equal(3 * budget.Steps, budget.Candidates);
    }

    [Fact]
    public void Run_Gated_SpendsNoRolloutsWhereDrawsAgree()
    {
        using var scope = NewDisposeScope();
        using var test = Trained("gated", "Explore.Tasks=20", "Explore.CandidateTemperature=0.3");

        var (_, budget) = Explore.Run(test.Run);

        var forced = test.Journal.Facts.OfType<StepDecided>().Where(s => s.Verdict == StepVerdict.Forced).ToList();
        Assert.NotEmpty(forced);
        Assert.Equal(forced.Count, budget.Forced);
        Assert.All(forced, s => Assert.True(s.Accepted!.Exact || s.Accepted.Equals(s.Previous)));
        Assert.Empty(Check(test, budget).Mismatches);
    }

    [Fact]
    public void Run_Sequential_StopsRolloutsOfClearCandidatesEarly()
    {
        using var scope = NewDisposeScope();
        using var test = Trained("sequential", "Explore.Tasks=20");

        var (_, budget) = Explore.Run(test.Run);

        var rollouts = test.Journal.Facts.OfType<CandidateScored>().Where(c => !c.Value.Exact).Select(c => c.Value.Rollouts).ToList();
        Assert.All(rollouts, r => Assert.InRange(r, 2, 4));
        Assert.Contains(2, rollouts);
        Assert.Contains(4, rollouts);
        Assert.Empty(Check(test, budget).Mismatches);
    }

    [Fact]
    public void Run_AnyMethod_NamesThePolicyByItsCheckpoint()
    {
        using var scope = NewDisposeScope();
        using var test = Trained("rro");
        var folder = Directory.CreateTempSubdirectory("rro-hash-").FullName;
        var saved = Checkpoint.Save(folder, Stage.Sft, test.Model, test.Plan.Model, test.Tokenizer);
        Directory.Delete(folder, recursive: true);

        Explore.Run(test.Run);

        Assert.Equal(saved.Sha256, Assert.Single(test.Journal.Facts.OfType<ExplorationStarted>()).PolicySha256);
    }

    // Every step has room for several candidates.
    private static TestContext Trained(string method, params string[] settings)
    {
        string[] cap = method.StartsWith("fixed", StringComparison.Ordinal) ? [] : ["Explore.MaxCandidates=4"];
        var test = new TestContext([.. ExplorationMethods.Assignments(Presets.Create("smoke"), method), .. cap, .. settings]);
        PlanSettings.Validate(test.Plan);
        return test.Taught();
    }

    private static LedgerCheck Check(TestContext test, Budget budget) => LedgerCheck.Of(
        [new RunStarted(PlanSettings.ToDictionary(test.Plan), "MiniShop", "", "", 1, 1, test.Environment.RewardRange), .. test.Journal.Facts], budget);

    private static string Hash(string method, long seed)
    {
        using var scope = NewDisposeScope();
        using var test = Trained(method);
        test.Plan.Seed = seed;
        Explore.Run(test.Run);
        using var hash = new LedgerHash();
        foreach (var fact in test.Journal.Facts)
        {
            hash.Add(fact);
        }

        return hash.Current;
    }
}
