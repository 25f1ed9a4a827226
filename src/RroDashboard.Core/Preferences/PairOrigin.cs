namespace RroDashboard.Core.Preferences;

/// <summary>What people decided about a pair.</summary>
public enum PairDecision
{
    /// <summary>It is trained on as it was made.</summary>
    Kept,

    /// <summary>It is trained on with its sides exchanged.</summary>
    Flipped,

    /// <summary>It is not trained on.</summary>
    Discarded,

    /// <summary>It was not made by the run: a person wrote an action, or a file brought it.</summary>
    Added,
}

/// <summary>Where the two sides of a pair come from.</summary>
public enum PairSource
{
    /// <summary>The policy sampled both, and process rewards decided.</summary>
    Model,

    /// <summary>The policy sampled both, and a person decided.</summary>
    Human,

    /// <summary>A person wrote the better action.</summary>
    Edited,

    /// <summary>It came from a file.</summary>
    Imported,
}

/// <summary>What became of a pair in the version it was taken from.</summary>
/// <param name="Decision">What people decided; <see cref="PairDecision.Discarded"/> pairs are never taken over.</param>
/// <param name="Source">Where its sides come from.</param>
public sealed record PairOrigin(PairDecision Decision, PairSource Source);
