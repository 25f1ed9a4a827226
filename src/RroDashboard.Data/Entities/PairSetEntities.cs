using RroDashboard.Core.Preferences;

namespace RroDashboard.Data.Entities;

/// <summary>A version of a run's pairs. Never changed after it was made; which one counts is said by <see cref="PairSetTurnEntity"/>. Version 0, what the run made, has no row.</summary>
public sealed class PairSetEntity
{
    /// <summary>Small number for its decisions.</summary>
    public int Key { get; set; }

    /// <summary>Which run.</summary>
    public int RunKey { get; set; }

    /// <summary>1, 2, .. within the run.</summary>
    public int Number { get; set; }

    /// <summary>Version that it was made from; 0 for what the run made.</summary>
    public int Parent { get; set; }

    /// <summary>UTC ticks.</summary>
    public long CreatedTicks { get; set; }

    /// <summary>Who made it.</summary>
    public required string Author { get; set; }

    /// <summary>Why, one sentence.</summary>
    public required string Why { get; set; }

    /// <summary>Of its content, hex.</summary>
    public required string Sha256 { get; set; }

    /// <summary><see cref="PairSetCounts"/>, JSON.</summary>
    public required string CountsJson { get; set; }
}

/// <summary>
/// A version of a run's pairs began to count: it was made, or somebody went back to it. The last turn that was not undone says which version is the current
/// one; without any it is version 0.
/// </summary>
public sealed class PairSetTurnEntity
{
    /// <summary>Order.</summary>
    public int Key { get; set; }

    /// <summary>Which run.</summary>
    public int RunKey { get; set; }

    /// <summary>Which version; 0 for what the run made.</summary>
    public int Number { get; set; }

    /// <summary>UTC ticks.</summary>
    public long AtTicks { get; set; }

    /// <summary>Who made the version or went back to it.</summary>
    public required string Author { get; set; }

    /// <summary>UTC ticks; null unless somebody undid it. The version is kept, and training from it stays possible.</summary>
    public long? UndoneTicks { get; set; }
}

/// <summary>What a version says of one pair. Pairs without a row are as the run made them.</summary>
public sealed class PairDecisionEntity
{
    /// <summary>Which version.</summary>
    public int SetKey { get; set; }

    /// <summary>Number of the pair.</summary>
    public int PairIndex { get; set; }

    /// <summary>What people decided.</summary>
    public PairDecision Decision { get; set; }

    /// <summary>The whole <see cref="PairEntry"/>.</summary>
    public required string Json { get; set; }
}
