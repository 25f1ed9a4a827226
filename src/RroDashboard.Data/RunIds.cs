using System.Security.Cryptography;

namespace RroDashboard.Data;

/// <summary>Ids of runs: short enough to say aloud, without vowels so that no word appears.</summary>
public static class RunIds
{
    /// <summary>What an id is made of.</summary>
    public const string Alphabet = "bcdfghjklmnpqrstvwxz0123456789";

    /// <summary>Characters of an id: 30^10 of them, so two of ten thousand runs agree with a chance of one in ten million.</summary>
    public const int Length = 10;

    /// <summary>A new one. Not part of a run's randomness: the same plan gets another id each time.</summary>
    public static string Create() => RandomNumberGenerator.GetString(Alphabet, Length);

    /// <summary>Whether a text could be an id; anything else names no run and no folder.</summary>
    public static bool IsWellFormed(string? id) => id is { Length: Length } && id.All(c => Alphabet.Contains(c, StringComparison.Ordinal));
}
