using RroDashboard.Core.Events;
using RroDashboard.Core.Exploration;
using RroDashboard.Core.Rewards;
using RroDashboard.Data;

namespace RroDashboard.Web.Components.Exploration;

/// <summary>A candidate with what became of it.</summary>
/// <param name="Outline">Itself.</param>
/// <param name="Account">What became of it; null while its step is not decided.</param>
/// <param name="Verdict">How its step was decided; null before.</param>
/// <param name="Followed">The walk went on from it.</param>
public sealed record CandidateView(CandidateOutline Outline, CandidateAccount? Account, StepVerdict? Verdict, bool Followed)
{
    /// <summary>In words.</summary>
    public CandidateWords Words => ExplorationWords.Of(Account, Outline.SameStateAs, Verdict);

    /// <summary>It ended the episode.</summary>
    public bool Ends => Outline.Value.Exact;
}

/// <summary>A step with its candidates.</summary>
/// <param name="Step">0-based.</param>
/// <param name="Decided">Its ledger entry; null while it is not decided.</param>
/// <param name="Previous">What its candidates are compared with.</param>
/// <param name="Candidates">In the order tried.</param>
public sealed record StepView(int Step, StepDecided? Decided, Estimate Previous, IReadOnlyList<CandidateView> Candidates);

/// <summary>One walk as its page shows it: every step in numbers, and the candidates of as many steps as are drawn.</summary>
public sealed class WalkView
{
    /// <summary>Most candidates that are drawn at a time; the steps before and after are folded, with their counts.</summary>
    public const int MaxNodes = 200;

    /// <summary>Characters of an action in a node.</summary>
    public const int NodeText = 120;

    private readonly bool _alongExpert;

    /// <summary>From the facts of a walk.</summary>
    public WalkView(TaskOpened opened, IReadOnlyList<StepDecided> decided, TaskFinished? finished, RewardRange range, bool alongExpert)
    {
        (Opened, Decided, Finished, Range, _alongExpert) = (opened, decided, finished, range, alongExpert);
    }

    /// <summary>First fact.</summary>
    public TaskOpened Opened { get; }

    /// <summary>Decided steps, in order.</summary>
    public IReadOnlyList<StepDecided> Decided { get; }

    /// <summary>Last fact; null while it goes on.</summary>
    public TaskFinished? Finished { get; }

    /// <summary>Of the run's rewards.</summary>
    public RewardRange Range { get; }

    /// <summary>First step that is drawn.</summary>
    public int From { get; private set; }

    /// <summary>Step after the last that is drawn.</summary>
    public int To { get; private set; }

    /// <summary>The steps that are drawn.</summary>
    public IReadOnlyList<StepView> Steps { get; private set; } = [];

    /// <summary>Most candidates of a step that is drawn.</summary>
    public int Widest => Steps.Count == 0 ? 1 : Math.Max(1, Steps.Max(s => s.Candidates.Count));

    /// <summary>Candidates of the steps before <see cref="From"/>.</summary>
    public int FoldedBefore => Decided.Take(From).Sum(s => s.Accounts.Count);

    /// <summary>Candidates of the decided steps from <see cref="To"/> on.</summary>
    public int FoldedAfter => Decided.Skip(To).Sum(s => s.Accounts.Count);

    /// <summary>Steps whose value is below that of the step before.</summary>
    public int? FirstDrop => Decided.FirstOrDefault(s => s.Accepted is { } a && a.Mean < s.Previous.Mean - RisingRule.Tolerance)?.Step;

    /// <summary>Which candidate a step went on from.</summary>
    public int? Followed(StepDecided step) => WalkQueries.FollowedAttempt(step, _alongExpert);

    /// <summary>First step of a window that holds a step and at most <see cref="MaxNodes"/> candidates, and the step after its last.</summary>
    public (int From, int To) Window(int from)
    {
        // A step that is being explored comes after the decided ones.
        var open = Finished is null ? 1 : 0;
        from = Math.Clamp(from, 0, Math.Max(0, Decided.Count + open - 1));
        var (to, nodes) = (from, 0);
        while (to < Decided.Count && (to == from || nodes + Decided[to].Accounts.Count <= MaxNodes))
        {
            nodes += Decided[to].Accounts.Count;
            to++;
        }

        return (from, to == Decided.Count ? to + open : to);
    }

    /// <summary>Start of the window before the one that begins at <see cref="From"/>.</summary>
    public int WindowBefore()
    {
        var (from, nodes) = (From, 0);
        while (from > 0 && (from == From || nodes + Decided[from - 1].Accounts.Count <= MaxNodes))
        {
            nodes += Decided[from - 1].Accounts.Count;
            from--;
        }

        return from;
    }

    /// <summary>Takes in the candidates of a window.</summary>
    public void Draw(int from, int to, IReadOnlyList<CandidateOutline> candidates)
    {
        (From, To) = (from, to);
        var byStep = candidates.ToLookup(c => c.Step);
        Steps = [.. Enumerable.Range(from, Math.Max(0, to - from)).Select(step => StepOf(step, [.. byStep[step].Take(MaxNodes)])).Where(s => s.Decided is not null || s.Candidates.Count > 0)];
    }

    private StepView StepOf(int step, IReadOnlyList<CandidateOutline> candidates)
    {
        var decided = step < Decided.Count ? Decided[step] : null;
        var followed = decided is null ? null : Followed(decided);
        var previous = decided?.Previous ?? (step > 0 ? Decided[step - 1].Accepted : null) ?? Opened.Baseline;
        return new StepView(step, decided, previous, [.. candidates.Select(c => new CandidateView(
            c, decided is not null && c.Attempt < decided.Accounts.Count ? decided.Accounts[c.Attempt] : null, decided?.Verdict, c.Attempt == followed))]);
    }
}
