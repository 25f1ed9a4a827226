using RroDashboard.Core.Rewards;

namespace RroDashboard.Core.Plans;

/// <summary>A named way to explore: the settings that define it, over those of any plan.</summary>
/// <param name="Name">What people type, for example "two-looks".</param>
/// <param name="Meaning">One sentence: what it does.</param>
/// <param name="Source">Where it comes from.</param>
/// <param name="Define">Sets what defines it, starting from <see cref="ExplorationMethods"/>' common ground.</param>
public sealed record ExplorationMethod(string Name, string Meaning, string Source, Action<ExploreOptions> Define);

/// <summary>
/// Reward rising sampling as the paper has it, its rivals of fixed size, and variants beyond the paper. A method decides every
/// setting of how candidates are drawn, valued, accepted and paired; the number of tasks and the temperatures stay the plan's,
/// so that methods can be compared on equal tasks. Rollouts and roots are those of the measurements that each one comes from.
/// </summary>
public static class ExplorationMethods
{
    private const string Paper = "Reward Rising Optimization, arXiv 2505.20737, section 3.2";
    private const string FixedSize = "Fixed-size exploration, the baseline of arXiv 2505.20737, table 1";
    private const string Here = "This project";

    /// <summary>All of them, the paper's first.</summary>
    public static IReadOnlyList<ExplorationMethod> All { get; } =
    [
        // The paper's theorem says "not lower"; its candidate counts (1.86 and 1.64 a step) fit that operator too.
        new("rro", "Tries candidates until one is not lower than the step before; the accepted one is preferred to every lower one tried.", Paper, e => e.Rollouts = 4),
        new("rro-strict", "The same, but a candidate has to be higher than the step before.", Paper + ": its abstract speaks of a positive difference", e => (e.Rollouts, e.Rise) = (4, Rise.Strict)),
        new("rro-margin", "The same, but a candidate has to be higher than the step before by at least 0.05.", Paper + ", with a threshold against noise", e => (e.Rollouts, e.Rise, e.RiseMargin) = (4, Rise.Margin, 0.05)),
        new("rro-contrast", "As rro, with one more candidate drawn where the first one rises at once, so that this step makes a pair too.", Paper + "; what such a step pairs with is left open there", e => (e.Rollouts, e.OnImmediateRise) = (3, OnImmediateRise.DrawOneContrast)),
        // One candidate has no loser: no pairs, so preference training changes nothing. It shows what walking alone gives.
        new("fixed-1", "Follows the first candidate; makes no pairs, so nothing is learned from it.", FixedSize, e => Fixed(e, 1, rollouts: 1)),
        new("fixed-3", "Values three candidates at every step, follows the best, pairs it with the worst.", FixedSize, e => Fixed(e, 3, rollouts: 4)),
        new("fixed-5", "Values five candidates at every step, follows the best, pairs it with the worst.", FixedSize, e => Fixed(e, 5, rollouts: 4)),
        // The row that must stand beside every shared rising rule: most of their saving is the sharing.
        new("fixed-shared", "As fixed-5 with two returns a candidate, and every rollout counts at each state it passes.", Here + "; reuse of rollouts as siblings: Tree-GRPO, arXiv 2509.21240", e =>
        {
            Fixed(e, 5, rollouts: 2);
            (e.SharedRollouts, e.RootRollouts, e.FirstStepBaseline) = (true, 5, FirstStepBaseline.RootValue);
        }),
        new("two-looks", "Every rollout counts at each state it passes; two candidates are looked at before the better one is tested; the best sibling is preferred to all clearly lower ones.", Here + "; shared prefixes: Tree-GRPO, arXiv 2509.21240", e =>
        {
            (e.SharedRollouts, e.MinLooks, e.Rollouts, e.RootRollouts) = (true, 2, 3, 4);
            (e.Pairing, e.Shrinkage, e.MinPairGap) = (Pairing.BestSibling, 1, 0.03);
        }),
        new("gated", "As rro, but no rollouts where the first three actions drawn agree.", Here + "; explore at critical steps only: CARL, arXiv 2512.04949", e => (e.Rollouts, e.Gating) = (4, Gating.SkipForced)),
        new("sequential", "As rro, but a candidate's rollouts stop as soon as its mean is one standard error away from the step before.", Here + "; sequential stopping: BEACON, arXiv 2510.15945", e => (e.Rollouts, e.SequentialZ) = (4, 1)),
    ];

    /// <summary>Finds a method.</summary>
    /// <exception cref="PlanException">No such method.</exception>
    public static ExplorationMethod Find(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return All.FirstOrDefault(m => m.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
            ?? throw new PlanException($"There is no exploration method '{name}'. Methods are {string.Join(", ", All.Select(m => m.Name))}.");
    }

    /// <summary>Sets every exploration setting of <paramref name="plan"/> that the method decides; the others stay.</summary>
    /// <exception cref="PlanException">No such method.</exception>
    public static void Apply(RunPlan plan, string name)
    {
        ArgumentNullException.ThrowIfNull(plan);
        var method = Find(name);
        // From common ground, so that nothing of a method applied before is left.
        plan.Explore = new ExploreOptions
        {
            Tasks = plan.Explore.Tasks,
            CandidateTemperature = plan.Explore.CandidateTemperature,
            RolloutTemperature = plan.Explore.RolloutTemperature,
            Rejected = Rejected.EveryLower,
            OnImmediateRise = OnImmediateRise.NoPair,
        };
        method.Define(plan.Explore);
    }

    /// <summary>The path=value assignments that turn <paramref name="plan"/> into the method, for a command line.</summary>
    /// <exception cref="PlanException">No such method.</exception>
    public static IReadOnlyList<string> Assignments(RunPlan plan, string name)
    {
        var changed = PlanSettings.Copy(plan);
        Apply(changed, name);
        return [.. PlanSettings.All.Where(s => s.GetText(plan) != s.GetText(changed)).Select(s => $"{s.Path}={s.GetText(changed)}")];
    }

    // All K are valued whatever came before, so the start state needs no value.
    private static void Fixed(ExploreOptions explore, int candidates, int rollouts)
    {
        (explore.Selection, explore.MaxCandidates, explore.Rollouts) = (Selection.AllBest, candidates, rollouts);
        (explore.Rejected, explore.FirstStepBaseline) = (Rejected.WorstSeen, FirstStepBaseline.Zero);
    }
}
