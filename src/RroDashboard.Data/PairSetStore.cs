using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using RroDashboard.Core.Events;
using RroDashboard.Core.Preferences;
using RroDashboard.Data.Entities;

namespace RroDashboard.Data;

/// <summary>A version of a run's pairs as lists show it.</summary>
/// <param name="Number">0 is what the run made.</param>
/// <param name="Parent">Version that it was made from; null for version 0.</param>
/// <param name="CreatedUtc">When; null for version 0.</param>
/// <param name="Author">Who; empty for version 0.</param>
/// <param name="Why">One sentence.</param>
/// <param name="Sha256">Of its content, hex.</param>
/// <param name="Counts">How many pairs are what.</param>
/// <param name="Undone">Somebody undid it: it is kept, and nobody has gone back to it since.</param>
/// <param name="Current">It counts where no version is named: it is the one that was made or gone back to last.</param>
public sealed record PairSetInfo(int Number, int? Parent, DateTime? CreatedUtc, string Author, string Why, string Sha256, PairSetCounts Counts, bool Undone, bool Current);

/// <summary>
/// Makes and reads versions of a run's pairs. A version never changes; making one whose content is there already gives that one, so repeated
/// requests make no second. Which one is current is a matter of turns: making a version is one, going back to one is another, and undoing takes the last
/// turn away. Versions are made one at a time: the data folder belongs to this process.
/// </summary>
public sealed class PairSetStore(IDbContextFactory<RroDbContext> contexts, PairQueries pairs, TimeProvider time) : IDisposable
{
    /// <summary>Characters of the sentence that says why.</summary>
    public const int MaxWhy = 500;

    /// <summary>Versions of one run.</summary>
    public const int MaxVersions = 1000;

    /// <summary>Pairs that people added, in one version.</summary>
    public const int MaxAdded = 20_000;

    /// <summary>Times that a run's current version can change, undone ones included.</summary>
    public const int MaxTurns = 10_000;

    private const int MaxAuthor = 200;

    private static readonly string s_stageFinished = EventKinds.Of<StageFinished>();

    private readonly SemaphoreSlim _one = new(1, 1);

    // Version 0 of a run whose exploration is over never changes: its numbers and hash are kept of the last runs.
    private readonly Lock _lock = new();
    private readonly Dictionary<string, (HashSet<int> Made, string Sha256)> _bases = new(StringComparer.Ordinal);
    private const int MaxBases = 16;

    /// <inheritdoc/>
    public void Dispose() => _one.Dispose();

    /// <summary>All versions, version 0 first; empty when there is no such run or its exploration is not over.</summary>
    public async Task<IReadOnlyList<PairSetInfo>> ListAsync(string runId, CancellationToken cancellationToken)
    {
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            if (await OpenAsync(context, runId, cancellationToken).ConfigureAwait(false) is not { } run)
            {
                return [];
            }

            var sets = await context.PairSets.AsNoTracking().Where(s => s.RunKey == run.Key).OrderBy(s => s.Number).ToListAsync(cancellationToken).ConfigureAwait(false);
            var turns = await TurnsAsync(context, run.Key, cancellationToken).ConfigureAwait(false);
            return [Base(run, turns), .. sets.Select(s => Info(s, turns))];
        }
    }

    /// <summary>The version that counts when none is named: the one that was made or gone back to last, unless that was undone.</summary>
    public static int Latest(IReadOnlyList<PairSetInfo> versions)
    {
        ArgumentNullException.ThrowIfNull(versions);
        return versions.FirstOrDefault(v => v.Current)?.Number ?? 0;
    }

    /// <summary>What a version says of single pairs, in the order of their numbers; null when there is no such version.</summary>
    public async Task<IReadOnlyList<PairEntry>?> EntriesAsync(string runId, int version, CancellationToken cancellationToken)
    {
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            var run = await context.Runs.AsNoTracking().Where(r => r.Id == runId).Select(r => (int?)r.Key).FirstOrDefaultAsync(cancellationToken).ConfigureAwait(false);
            return run is { } key ? await EntriesAsync(context, key, version, cancellationToken).ConfigureAwait(false) : null;
        }
    }

    /// <summary>
    /// Makes a version out of another one, which becomes the current one. Where the content is there already, that version is given: a change of the current
    /// version goes back to it, and where it had been undone it counts again; the same change of an older version is one that was made before, and moves nothing.
    /// </summary>
    /// <param name="runId">Which run.</param>
    /// <param name="parent">Version that is changed.</param>
    /// <param name="changes">At most one for each pair; the number of an added pair is given here, whatever it says.</param>
    /// <param name="author">Who.</param>
    /// <param name="why">One sentence, at most <see cref="MaxWhy"/> characters.</param>
    /// <param name="cancellationToken">Given up.</param>
    /// <returns>The version, and whether it was made by this call. The parent itself where nothing changes.</returns>
    /// <exception cref="PairSetException">A change is not allowed, or there is no such run or version.</exception>
    public async Task<(PairSetInfo Version, bool Made)> AddAsync(
        string runId, int parent, IReadOnlyList<PairEntry> changes, string author, string why, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(changes);
        ArgumentNullException.ThrowIfNull(author);
        ArgumentNullException.ThrowIfNull(why);
        if (string.IsNullOrWhiteSpace(why) || why.Length > MaxWhy)
        {
            throw new PairSetException($"A version needs a reason of 1 to {MaxWhy} characters; this one has {why.Trim().Length}.");
        }

        await _one.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
            await using (context.ConfigureAwait(false))
            {
                var run = await OpenAsync(context, runId, cancellationToken).ConfigureAwait(false)
                    ?? throw new PairSetException($"Run '{runId}' has no pairs that could be changed: there is no such run, or its exploration is not over.");
                var before = await EntriesAsync(context, run.Key, parent, cancellationToken).ConfigureAwait(false)
                    ?? throw new PairSetException($"Run '{runId}' has no version {parent} of its pairs.");
                var entries = PairSet.Apply(before, Numbered(changes, before, run.Made), run.Made);
                if (entries.Count(e => e.Added is not null) is var added and > MaxAdded)
                {
                    throw new PairSetException($"The version would hold {added} added pairs: at most {MaxAdded} are allowed.");
                }

                var sha = PairSet.Hash(run.Sha256, entries);
                var turns = await TurnsAsync(context, run.Key, cancellationToken).ConfigureAwait(false);
                var known = await context.PairSets.AsNoTracking().FirstOrDefaultAsync(s => s.RunKey == run.Key && s.Sha256 == sha, cancellationToken).ConfigureAwait(false);
                if (known is not null || sha == run.Sha256)
                {
                    var number = known?.Number ?? 0;
                    if (number != turns.Current && (parent == turns.Current || turns.IsUndone(number)))
                    {
                        await TurnAsync(context, run.Key, number, author, cancellationToken).ConfigureAwait(false);
                        turns = await TurnsAsync(context, run.Key, cancellationToken).ConfigureAwait(false);
                    }

                    return (known is null ? Base(run, turns) : Info(known, turns), false);
                }

                var last = await context.PairSets.Where(s => s.RunKey == run.Key).Select(s => (int?)s.Number).MaxAsync(cancellationToken).ConfigureAwait(false) ?? 0;
                if (last >= MaxVersions)
                {
                    throw new PairSetException($"Run '{runId}' has {MaxVersions} versions of its pairs already, and more are not kept.");
                }

                var made = new PairSetEntity
                {
                    RunKey = run.Key,
                    Number = last + 1,
                    Parent = parent,
                    CreatedTicks = time.GetUtcNow().UtcTicks,
                    Author = Cut(author),
                    Why = why.Trim(),
                    Sha256 = sha,
                    CountsJson = JsonSerializer.Serialize(PairSet.Count(run.Made.Count, entries), RunJson.Options),
                };
                // One transaction: nobody sees a version without its decisions.
                var transaction = await context.Database.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
                await using (transaction.ConfigureAwait(false))
                {
                    context.PairSets.Add(made);
                    await context.SaveChangesAsync(cancellationToken).ConfigureAwait(false);
                    context.PairDecisions.AddRange(entries.Select(e => new PairDecisionEntity { SetKey = made.Key, PairIndex = e.Index, Decision = e.Decision, Json = JsonSerializer.Serialize(e, RunJson.Options) }));
                    await TurnAsync(context, run.Key, made.Number, author, cancellationToken).ConfigureAwait(false);
                    await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
                }

                return (Info(made, await TurnsAsync(context, run.Key, cancellationToken).ConfigureAwait(false)), true);
            }
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Goes back, or on, to a version: it counts from now on. Nothing happens where it does already.</summary>
    /// <param name="runId">Which run.</param>
    /// <param name="version">Which version; 0 for what the run made.</param>
    /// <param name="author">Who.</param>
    /// <param name="cancellationToken">Given up.</param>
    /// <exception cref="PairSetException">There is no such run or version.</exception>
    public async Task<PairSetInfo> ReturnAsync(string runId, int version, string author, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(author);
        await _one.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if ((await ListAsync(runId, cancellationToken).ConfigureAwait(false)).FirstOrDefault(v => v.Number == version) is not { } wanted)
            {
                throw new PairSetException($"Run '{runId}' has no version {version} of its pairs.");
            }

            if (!wanted.Current)
            {
                var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
                await using (context.ConfigureAwait(false))
                {
                    var run = await context.Runs.Where(r => r.Id == runId).Select(r => r.Key).FirstAsync(cancellationToken).ConfigureAwait(false);
                    await TurnAsync(context, run, version, author, cancellationToken).ConfigureAwait(false);
                }
            }

            return wanted with { Current = true, Undone = false };
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Takes the last change of the current version back: the version is kept, but the one that counted before counts again.</summary>
    /// <returns>The version that counts now.</returns>
    /// <exception cref="PairSetException">It is not the one that counts, or never was anything else.</exception>
    public async Task<int> UndoAsync(string runId, int version, CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
            await using (context.ConfigureAwait(false))
            {
                var last = await context.PairSetTurns.Where(t => t.UndoneTicks == null && context.Runs.Any(r => r.Key == t.RunKey && r.Id == runId))
                    .OrderByDescending(t => t.Key).FirstOrDefaultAsync(cancellationToken).ConfigureAwait(false);
                if (last is null || last.Number != version)
                {
                    throw new PairSetException($"Version {version} is not the last change of these pairs, so it cannot be undone: choose an earlier version instead.");
                }

                last.UndoneTicks = time.GetUtcNow().UtcTicks;
                await context.SaveChangesAsync(cancellationToken).ConfigureAwait(false);
                return (await TurnsAsync(context, last.RunKey, cancellationToken).ConfigureAwait(false)).Current;
            }
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Every pair that a version trains on, in the order of their numbers, with its origin; null when there is no such version.</summary>
    public async Task<(PairSetInfo Version, IReadOnlyList<PairCreated> Pairs)?> PairsAsync(string runId, int version, CancellationToken cancellationToken)
    {
        if ((await ListAsync(runId, cancellationToken).ConfigureAwait(false)).FirstOrDefault(v => v.Number == version) is not { } info
            || await EntriesAsync(runId, version, cancellationToken).ConfigureAwait(false) is not { } entries)
        {
            return null;
        }

        var said = entries.ToDictionary(e => e.Index);
        var effective = new List<PairCreated>();
        await foreach (var made in pairs.AllAsync(runId, cancellationToken).ConfigureAwait(false))
        {
            if (PairSet.Effective(made, said.GetValueOrDefault(made.Index)) is { } pair)
            {
                effective.Add(pair);
            }
        }

        effective.AddRange(entries.Where(e => e.Added is not null).Select(e => PairSet.Effective(null, e)).OfType<PairCreated>());
        return (info, [.. effective.OrderBy(p => p.Index)]);
    }

    private sealed record OpenRun(int Key, HashSet<int> Made, string Sha256);

    /// <summary>Which version counts, and which have a turn that was not undone.</summary>
    private sealed record Turns(int Current, HashSet<int> Living)
    {
        // What the run made cannot be undone.
        public bool IsUndone(int number) => number > 0 && !Living.Contains(number);
    }

    private static async Task<Turns> TurnsAsync(RroDbContext context, int runKey, CancellationToken cancellationToken)
    {
        var living = await context.PairSetTurns.AsNoTracking().Where(t => t.RunKey == runKey && t.UndoneTicks == null)
            .GroupBy(t => t.Number).Select(g => new { Number = g.Key, Last = g.Max(t => t.Key) }).ToListAsync(cancellationToken).ConfigureAwait(false);
        return new Turns(living.MaxBy(t => t.Last)?.Number ?? 0, [.. living.Select(t => t.Number)]);
    }

    private async Task TurnAsync(RroDbContext context, int runKey, int number, string author, CancellationToken cancellationToken)
    {
        if (await context.PairSetTurns.CountAsync(t => t.RunKey == runKey, cancellationToken).ConfigureAwait(false) >= MaxTurns)
        {
            throw new PairSetException($"The current version of these pairs changed {MaxTurns} times already, and it changes no more: train from a version by its number.");
        }

        context.PairSetTurns.Add(new PairSetTurnEntity { RunKey = runKey, Number = number, AtTicks = time.GetUtcNow().UtcTicks, Author = Cut(author) });
        await context.SaveChangesAsync(cancellationToken).ConfigureAwait(false);
    }

    private static string Cut(string author) => author.Length > MaxAuthor ? author[..MaxAuthor] : author;

    // The run with version 0 of its pairs; null while that still grows.
    private async Task<OpenRun?> OpenAsync(RroDbContext context, string runId, CancellationToken cancellationToken)
    {
        if (await context.Runs.AsNoTracking().Where(r => r.Id == runId).Select(r => (int?)r.Key).FirstOrDefaultAsync(cancellationToken).ConfigureAwait(false) is not { } key)
        {
            return null;
        }

        lock (_lock)
        {
            if (_bases.TryGetValue(runId, out var kept))
            {
                return new OpenRun(key, kept.Made, kept.Sha256);
            }
        }

        var stages = await context.Events.AsNoTracking().Where(e => e.RunKey == key && e.Kind == s_stageFinished).Select(e => e.Json).ToListAsync(cancellationToken).ConfigureAwait(false);
        if (!stages.Select(j => JsonSerializer.Deserialize<RunEvent>(j, RunJson.Options)).OfType<StageFinished>().Any(s => s.Stage == Stage.Explore))
        {
            return null;
        }

        var all = new List<PairCreated>();
        await foreach (var pair in pairs.AllAsync(runId, cancellationToken).ConfigureAwait(false))
        {
            all.Add(pair);
        }

        var (made, sha) = (all.Select(p => p.Index).ToHashSet(), PairSet.BaseHash(all));
        lock (_lock)
        {
            if (_bases.Count >= MaxBases)
            {
                _bases.Clear();
            }

            _bases[runId] = (made, sha);
        }

        return new OpenRun(key, made, sha);
    }

    private static async Task<IReadOnlyList<PairEntry>?> EntriesAsync(RroDbContext context, int runKey, int version, CancellationToken cancellationToken)
    {
        if (version == 0)
        {
            return [];
        }

        if (await context.PairSets.AsNoTracking().Where(s => s.RunKey == runKey && s.Number == version).Select(s => (int?)s.Key).FirstOrDefaultAsync(cancellationToken).ConfigureAwait(false) is not { } set)
        {
            return null;
        }

        var json = await context.PairDecisions.AsNoTracking().Where(d => d.SetKey == set).OrderBy(d => d.PairIndex).Select(d => d.Json).ToListAsync(cancellationToken).ConfigureAwait(false);
        return [.. json.Select(j => JsonSerializer.Deserialize<PairEntry>(j, RunJson.Options)!)];
    }

    // New pairs are numbered after all that are there. One that is there already, word by word, keeps its number: added twice it is one.
    private static List<PairEntry> Numbered(IReadOnlyList<PairEntry> changes, IReadOnlyList<PairEntry> before, HashSet<int> made)
    {
        var there = before.Where(e => e.Added is not null).GroupBy(e => PairSet.Identity(e.Added!)).ToDictionary(g => g.Key, g => g.First().Index);
        var next = Math.Max(made.DefaultIfEmpty(-1).Max(), before.Select(e => e.Index).DefaultIfEmpty(-1).Max()) + 1;
        var numbered = new List<PairEntry>(changes.Count);
        foreach (var change in changes)
        {
            if (change.Added is null)
            {
                numbered.Add(change);
                continue;
            }

            var identity = PairSet.Identity(change.Added);
            if (there.TryAdd(identity, next))
            {
                numbered.Add(change with { Index = next++ });
            }
            else if (before.FirstOrDefault(e => e.Index == there[identity]) is { Decision: PairDecision.Discarded } discarded)
            {
                numbered.Add(change with { Index = discarded.Index });
            }
        }

        return numbered;
    }

    private static PairSetInfo Base(OpenRun run, Turns turns) =>
        new(0, null, null, "", "The pairs as the run made them.", run.Sha256, PairSet.Count(run.Made.Count, []), false, turns.Current == 0);

    private static PairSetInfo Info(PairSetEntity set, Turns turns) => new(
        set.Number, set.Parent, new DateTime(set.CreatedTicks, DateTimeKind.Utc), set.Author, set.Why, set.Sha256,
        JsonSerializer.Deserialize<PairSetCounts>(set.CountsJson, RunJson.Options)!, turns.IsUndone(set.Number), turns.Current == set.Number);
}
