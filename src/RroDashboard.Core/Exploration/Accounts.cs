namespace RroDashboard.Core.Exploration;

/// <summary>Where a sampled candidate ended: exactly one account each, and the sums match the number sampled.</summary>
public enum CandidateAccount
{
    /// <summary>Rose over the previous step and was followed.</summary>
    Accepted,

    /// <summary>Valued below the previous step.</summary>
    Lower,

    /// <summary>Valued equal to the previous step where the rule wants more.</summary>
    Tie,

    /// <summary>Led to a state already valued at this step; shares that estimate.</summary>
    SameState,

    /// <summary>The environment could not act on it.</summary>
    Invalid,

    /// <summary>Best of a step at which nothing rose: followed all the same (KeepBest).</summary>
    NoRise,

    /// <summary>Cut at the token limit or the end of the context.</summary>
    Truncated,

    /// <summary>Drawn after the acceptance, only to serve as the loser of a pair.</summary>
    Contrast,
}

/// <summary>How a step was decided.</summary>
public enum StepVerdict
{
    /// <summary>A candidate rose.</summary>
    Rose,

    /// <summary>Nothing rose within the cap; the best seen was kept.</summary>
    KeptBest,

    /// <summary>Nothing rose within the cap; the scripted expert's action was followed.</summary>
    KeptExpert,

    /// <summary>Nothing rose within the cap; the walk ended here.</summary>
    Stopped,
}
