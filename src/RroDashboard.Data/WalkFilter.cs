using RroDashboard.Core.Rewards;

namespace RroDashboard.Data;

/// <summary>How a walk came out.</summary>
public enum WalkOutcome
{
    /// <summary>The highest reward.</summary>
    Full,

    /// <summary>Some reward.</summary>
    Part,

    /// <summary>No reward, or less.</summary>
    None,

    /// <summary>Ended because nothing rose.</summary>
    Stopped,

    /// <summary>Still walking.</summary>
    Open,
}

/// <summary>Column by which walks are sorted.</summary>
public enum WalkSort
{
    /// <summary>Number of the walk.</summary>
    Task,

    /// <summary>Final reward; open walks last.</summary>
    Reward,

    /// <summary>Final reward minus the value of the start.</summary>
    Change,

    /// <summary>Steps decided.</summary>
    Steps,

    /// <summary>Steps at which nothing rose.</summary>
    Exhausted,

    /// <summary>Candidates sampled.</summary>
    Candidates,
}

/// <summary>Which walks, in which order.</summary>
/// <param name="Outcome">Only these; null for all.</param>
/// <param name="MinSteps">At least so many steps.</param>
/// <param name="MinChange">At least this change, reward units.</param>
/// <param name="MaxChange">At most this change, reward units.</param>
/// <param name="Exhausted">Only with a step at which nothing rose.</param>
/// <param name="Invalid">Only with an action that was not possible.</param>
/// <param name="Words">Only with these words in the instruction or in an action, whatever their case.</param>
/// <param name="Sort">By what.</param>
/// <param name="Descending">Largest first.</param>
public sealed record WalkFilter(
    WalkOutcome? Outcome = null,
    int? MinSteps = null,
    double? MinChange = null,
    double? MaxChange = null,
    bool Exhausted = false,
    bool Invalid = false,
    string Words = "",
    WalkSort Sort = WalkSort.Task,
    bool Descending = false)
{
    /// <summary>How a walk came out.</summary>
    public static WalkOutcome OutcomeOf(WalkFact walk, RewardRange range)
    {
        ArgumentNullException.ThrowIfNull(walk);
        return walk switch
        {
            { Reward: null } => WalkOutcome.Open,
            { Stopped: true } => WalkOutcome.Stopped,
            { Reward: var reward } when reward >= range.High - RisingRule.Tolerance => WalkOutcome.Full,
            { Reward: > RisingRule.Tolerance } => WalkOutcome.Part,
            _ => WalkOutcome.None,
        };
    }

    /// <summary>The numbers of a walk fit; words and invalid actions are looked up elsewhere.</summary>
    public bool Fits(WalkFact walk, RewardRange range)
    {
        ArgumentNullException.ThrowIfNull(walk);
        return (Outcome is null || OutcomeOf(walk, range) == Outcome)
            && (MinSteps is null || walk.Steps >= MinSteps)
            && (MinChange is null || walk.Change >= MinChange - RisingRule.Tolerance)
            && (MaxChange is null || walk.Change <= MaxChange + RisingRule.Tolerance)
            && (!Exhausted || walk.Exhausted > 0);
    }

    /// <summary>In the order that is asked for; equal ones by task.</summary>
    public IEnumerable<WalkFact> Order(IEnumerable<WalkFact> walks)
    {
        double Key(WalkFact walk) => Sort switch
        {
            WalkSort.Reward => walk.Reward ?? (Descending ? double.NegativeInfinity : double.PositiveInfinity),
            WalkSort.Change => walk.Change,
            WalkSort.Steps => walk.Steps,
            WalkSort.Exhausted => walk.Exhausted,
            WalkSort.Candidates => walk.Candidates,
            _ => walk.Task,
        };
        return (Descending ? walks.OrderByDescending(Key) : walks.OrderBy(Key)).ThenBy(w => w.Task);
    }
}
