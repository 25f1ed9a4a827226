using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using RroDashboard.Core.Events;

namespace RroDashboard.Core.Preferences;

/// <summary>A change of a pair set was refused. The message is one sentence: which pair, what was wrong, what is allowed.</summary>
public sealed class PairSetException(string message) : Exception(message);

/// <summary>Why a pair is as it is in a version: what can be looked up.</summary>
/// <param name="Kind">"queue", "filter", "file", "written" or "undo".</param>
/// <param name="Name">Name or id of the queue, words of the filter, name of the file.</param>
/// <param name="Answers">Ids of the answers that decided; empty where there were none.</param>
/// <param name="Sha256">Of the file, hex; null otherwise.</param>
/// <param name="Line">Line of the file, from 1; null otherwise.</param>
public sealed record PairProvenance(
    string Kind,
    string Name,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<string>? Answers = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Sha256 = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? Line = null)
{
    /// <summary>Says the same: answers are compared one by one.</summary>
    public bool Same(PairProvenance? other) =>
        other is not null && Kind == other.Kind && Name == other.Name && Sha256 == other.Sha256 && Line == other.Line
        && (Answers ?? []).SequenceEqual(other.Answers ?? [], StringComparer.Ordinal);
}

/// <summary>A pair in a version, where something is to be said about it. A pair without an entry is kept as the run made it, with weight 1.</summary>
/// <param name="Index">Number of the pair; those that people add come after those of the run.</param>
/// <param name="Decision">What people decided.</param>
/// <param name="Weight">In the loss, above 0 and at most <see cref="PreferencePair.MaxWeight"/>.</param>
/// <param name="Source">Where its sides come from.</param>
/// <param name="Provenance">Why.</param>
/// <param name="Added">The pair itself, where the run did not make it: also when it is discarded again.</param>
public sealed record PairEntry(
    int Index,
    PairDecision Decision,
    double Weight,
    PairSource Source,
    PairProvenance? Provenance,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] PreferencePair? Added = null)
{
    /// <summary>Nothing is left to say.</summary>
    [JsonIgnore]
    public bool IsPlain => Decision == PairDecision.Kept && Weight == 1 && Provenance is null && Added is null;

    /// <summary>Says the same of the same pair.</summary>
    public bool Same(PairEntry other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return SameDecision(other) && Source == other.Source && (Provenance is null ? other.Provenance is null : Provenance.Same(other.Provenance));
    }

    /// <summary>Trains the same, whatever the reason.</summary>
    public bool SameDecision(PairEntry other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return Index == other.Index && Decision == other.Decision && Weight == other.Weight && (Added is null) == (other.Added is null);
    }

    /// <summary>The entry of a pair that nobody has said anything about.</summary>
    public static PairEntry Plain(int index) => new(index, PairDecision.Kept, 1, PairSource.Model, null);
}

/// <summary>How many pairs of a version are what.</summary>
/// <param name="Kept">As they were made.</param>
/// <param name="Flipped">With their sides exchanged.</param>
/// <param name="Discarded">Left out of training.</param>
/// <param name="Added">Written or imported by people.</param>
/// <param name="Weighted">Trained with a weight other than 1.</param>
/// <param name="Reviewed">Of those that the run made: with something said about them.</param>
public sealed record PairSetCounts(int Kept, int Flipped, int Discarded, int Added, int Weighted, int Reviewed)
{
    /// <summary>Pairs that are trained on.</summary>
    public int Trained => Kept + Flipped + Added;
}

/// <summary>
/// Versions of a run's pairs, as values. Version 0 is what the run made; every other one is its parent with some entries changed, and is never
/// changed itself. Two versions with equal content have equal hashes.
/// </summary>
public static class PairSet
{
    /// <summary>What makes two pairs the same one: the tokens of history and both sides.</summary>
    public static string Identity(PreferencePair pair)
    {
        ArgumentNullException.ThrowIfNull(pair);
        return pair is { Words: { } words, ChosenTokens.Count: 0 }
            ? JsonSerializer.Serialize(words)
            : $"{string.Join(' ', pair.HistoryTokens)}|{string.Join(' ', pair.ChosenTokens)}|{string.Join(' ', pair.RejectedTokens)}";
    }

    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web) { Converters = { new JsonStringEnumConverter() } };

    /// <summary>Hash of version 0: over the pairs as the run made them, in the order of their numbers.</summary>
    public static string BaseHash(IEnumerable<PairCreated> pairs)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var pair in pairs.OrderBy(p => p.Index))
        {
            hash.AppendData(JsonSerializer.SerializeToUtf8Bytes(pair, s_json));
            hash.AppendData("\n"u8);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Hash of a version: over version 0 and everything that is said of its pairs. Who, when and why stay out.</summary>
    /// <param name="baseHash">From <see cref="BaseHash"/>.</param>
    /// <param name="entries">Of the version, in any order.</param>
    public static string Hash(string baseHash, IEnumerable<PairEntry> entries)
    {
        ArgumentNullException.ThrowIfNull(entries);
        var said = entries.Where(e => !e.IsPlain).OrderBy(e => e.Index).ToList();
        if (said.Count == 0)
        {
            return baseHash;
        }

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(baseHash + "\n"));
        foreach (var entry in said)
        {
            hash.AppendData(JsonSerializer.SerializeToUtf8Bytes(entry, s_json));
            hash.AppendData("\n"u8);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>A parent's entries with some changed.</summary>
    /// <param name="parent">Entries of the parent; pairs without one are as the run made them.</param>
    /// <param name="changes">At most one for each pair.</param>
    /// <param name="made">Numbers of the pairs that the run made.</param>
    /// <returns>Entries of the new version, in the order of their numbers, without those that say nothing.</returns>
    /// <exception cref="PairSetException">A change is not allowed.</exception>
    public static IReadOnlyList<PairEntry> Apply(IReadOnlyList<PairEntry> parent, IReadOnlyList<PairEntry> changes, IReadOnlySet<int> made)
    {
        ArgumentNullException.ThrowIfNull(parent);
        ArgumentNullException.ThrowIfNull(changes);
        ArgumentNullException.ThrowIfNull(made);
        var entries = new SortedDictionary<int, PairEntry>(parent.ToDictionary(e => e.Index));
        if (changes.GroupBy(c => c.Index).FirstOrDefault(g => g.Count() > 1) is { } twice)
        {
            throw new PairSetException($"Pair {twice.Key} is decided twice in one change: say one thing of it.");
        }

        foreach (var change in changes)
        {
            var before = entries.GetValueOrDefault(change.Index);
            if (!made.Contains(change.Index) && change.Added is null && before?.Added is null)
            {
                throw new PairSetException($"There is no pair {change.Index}.");
            }

            if (change.Weight is not (> 0 and <= PreferencePair.MaxWeight))
            {
                throw new PairSetException(string.Create(CultureInfo.InvariantCulture, $"Weight {change.Weight} of pair {change.Index} is not allowed: above 0 and at most {PreferencePair.MaxWeight}."));
            }

            if (made.Contains(change.Index) && (change.Added is not null || change.Decision == PairDecision.Added))
            {
                throw new PairSetException($"Pair {change.Index} cannot be added: the run made it.");
            }

            if (!made.Contains(change.Index) && change.Decision is not (PairDecision.Added or PairDecision.Discarded))
            {
                throw new PairSetException($"Pair {change.Index} was added by people, so it is there or discarded: to turn it round, discard it and add the other way round.");
            }

            var entry = change with { Added = change.Added ?? before?.Added };
            if (entry.IsPlain)
            {
                entries.Remove(entry.Index);
            }
            else
            {
                entries[entry.Index] = entry;
            }
        }

        return [.. entries.Values];
    }

    /// <summary>The pair as the version trains on it; null where it is discarded.</summary>
    /// <param name="made">As the run made it; null for an added one.</param>
    /// <param name="entry">What is said of it; null for nothing.</param>
    public static PairCreated? Effective(PairCreated? made, PairEntry? entry)
    {
        if (entry is null)
        {
            // What it was in the run's own journal it stays: a run that learned from a version has pairs with an origin.
            return made is null ? null : made with { Origin = made.Origin ?? new PairOrigin(PairDecision.Kept, PairSource.Model) };
        }

        var pair = entry.Added ?? made?.Pair ?? throw new ArgumentException($"Pair {entry.Index} is neither made nor added.", nameof(made));
        if (entry.Decision == PairDecision.Discarded)
        {
            return null;
        }

        // A weight that the run itself had stays until people give another.
        var weighted = entry.Weight == 1 ? pair : pair with { Weight = entry.Weight };
        return new PairCreated(entry.Index, entry.Decision == PairDecision.Flipped ? weighted.Flipped() : weighted, new PairOrigin(entry.Decision, entry.Source));
    }

    /// <summary>Counts a version.</summary>
    /// <param name="made">Pairs that the run made.</param>
    /// <param name="entries">Of the version.</param>
    public static PairSetCounts Count(int made, IReadOnlyList<PairEntry> entries)
    {
        ArgumentNullException.ThrowIfNull(entries);
        var own = entries.Where(e => e.Added is null).ToList();
        var (flipped, discarded) = (own.Count(e => e.Decision == PairDecision.Flipped), own.Count(e => e.Decision == PairDecision.Discarded));
        return new PairSetCounts(
            made - flipped - discarded, flipped, discarded + entries.Count(e => e is { Added: not null, Decision: PairDecision.Discarded }),
            entries.Count(e => e is { Added: not null, Decision: PairDecision.Added }),
            entries.Count(e => e.Weight != 1 && e.Decision != PairDecision.Discarded), own.Count);
    }

    /// <summary>Pairs of which the two versions say different things, in the order of their numbers.</summary>
    public static IReadOnlyList<(int Index, PairEntry? Before, PairEntry? After)> Difference(IReadOnlyList<PairEntry> before, IReadOnlyList<PairEntry> after)
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(after);
        var (old, now) = (before.ToDictionary(e => e.Index), after.ToDictionary(e => e.Index));
        return [.. old.Keys.Union(now.Keys).Order()
            .Select(i => (i, old.GetValueOrDefault(i), now.GetValueOrDefault(i)))
            .Where(d => d.Item2 is null || d.Item3 is null || !d.Item2.Same(d.Item3))];
    }
}
