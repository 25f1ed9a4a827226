using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using RroDashboard.Core.Events;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Preferences;

namespace RroDashboard.Data;

/// <summary>Which pairs of a version.</summary>
/// <param name="Decision">Only with this decision; null for any.</param>
/// <param name="Source">Only from here; null for any.</param>
/// <param name="Changed">Only those of which the parent version says something else.</param>
public sealed record VersionFilter(PairDecision? Decision = null, PairSource? Source = null, bool Changed = false);

/// <summary>A pair of a version as a table shows it.</summary>
/// <param name="Row">As the version trains on it: with its sides exchanged where people flipped it.</param>
/// <param name="Entry">What the version says of it; null for nothing.</param>
/// <param name="Origin">What an earlier version of another run had said of it, where this run took it over.</param>
/// <param name="Changed">The parent says something else.</param>
public sealed record VersionRow(PairRow Row, PairEntry? Entry, PairOrigin? Origin, bool Changed)
{
    /// <summary>What people decided in this version.</summary>
    public PairDecision Decision => Entry?.Decision ?? PairDecision.Kept;

    /// <summary>Where its sides come from.</summary>
    public PairSource Source => Entry is { Source: not PairSource.Model } ? Entry.Source : Origin?.Source ?? Entry?.Source ?? PairSource.Model;
}

/// <summary>A run that learned from a version of another run's pairs.</summary>
/// <param name="Run">The run.</param>
/// <param name="Version">Which version.</param>
public sealed record TrainedVersion(RunInfo Run, int Version);

/// <summary>Reads pairs of versions: the same lists as <see cref="PairQueries"/>, with what people decided.</summary>
public sealed class PairSetQueries(IDbContextFactory<RroDbContext> contexts, PairQueries pairs, ExplorationIndex index)
{
    /// <summary>Most runs that are looked up as trained from a run's versions.</summary>
    public const int MaxTrained = 200;

    /// <summary>Numbers of the pairs that fit, in order: what a change of all of them changes.</summary>
    public async Task<IReadOnlyList<int>> IndexesAsync(
        string runId, PairFilter filter, VersionFilter version, IReadOnlyList<PairEntry> entries, IReadOnlyList<PairEntry> parent, Func<PairFact, double?> margin, CancellationToken cancellationToken) =>
        [.. (await FitAsync(runId, filter, version, entries, parent, margin, cancellationToken).ConfigureAwait(false)).Select(f => f.Index)];

    /// <summary>Pairs that fit, in order, and how many there are in all.</summary>
    /// <param name="runId">Which run.</param>
    /// <param name="filter">Which pairs, by their numbers; those of a flipped pair are of its exchanged sides.</param>
    /// <param name="version">Which pairs, by what was decided.</param>
    /// <param name="entries">Of the version.</param>
    /// <param name="parent">Of its parent.</param>
    /// <param name="margin">Last measured margin of a pair; null when it was never measured.</param>
    /// <param name="skip">Rows left out.</param>
    /// <param name="take">Rows read.</param>
    /// <param name="cancellationToken">Given up.</param>
    public async Task<(IReadOnlyList<VersionRow> Rows, int Total)> ListAsync(
        string runId, PairFilter filter, VersionFilter version, IReadOnlyList<PairEntry> entries, IReadOnlyList<PairEntry> parent, Func<PairFact, double?> margin, int skip, int take,
        CancellationToken cancellationToken)
    {
        var all = await FitAsync(runId, filter, version, entries, parent, margin, cancellationToken).ConfigureAwait(false);
        var shown = all.Skip(skip).Take(Math.Clamp(take, 1, PairQueries.MaxRows)).ToList();
        var said = entries.ToDictionary(e => e.Index);
        var changed = PairSet.Difference(parent, entries).Select(d => d.Index).ToHashSet();
        var texts = (await pairs.RowsAsync(runId, [.. shown.Where(f => f.Seq > 0)], margin, cancellationToken).ConfigureAwait(false)).ToDictionary(r => r.Fact.Index);
        var origins = await OriginsAsync(runId, [.. shown.Where(f => f.Seq > 0).Select(f => f.Seq)], cancellationToken).ConfigureAwait(false);
        var rows = new List<VersionRow>(shown.Count);
        foreach (var fact in shown)
        {
            var entry = said.GetValueOrDefault(fact.Index);
            if (entry?.Added is { } added)
            {
                rows.Add(new VersionRow(
                    new PairRow(fact, Start(added.Chosen), Start(added.Rejected), added.ChosenValue, added.RejectedValue, null), entry, null, changed.Contains(fact.Index)));
            }
            else if (texts.TryGetValue(fact.Index, out var row))
            {
                var turned = entry?.Decision == PairDecision.Flipped
                    ? row with { Fact = fact, Chosen = row.Rejected, Rejected = row.Chosen, ChosenValue = row.RejectedValue, RejectedValue = row.ChosenValue, Margin = -row.Margin }
                    : row with { Fact = fact };
                rows.Add(new VersionRow(turned, entry, origins.GetValueOrDefault(fact.Seq), changed.Contains(fact.Index)));
            }
        }

        return (rows, all.Count);
    }

    /// <summary>Runs that learned from versions of this run's pairs, oldest first.</summary>
    public async Task<IReadOnlyList<TrainedVersion>> TrainedAsync(string runId, CancellationToken cancellationToken)
    {
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            var prefix = runId + "@";
            var rows = await context.Runs.AsNoTracking().Where(r => RroDbContext.JsonText(r.SettingsJson, "$.\"Dpo.PairsFrom\"")!.StartsWith(prefix))
                .OrderBy(r => r.CreatedTicks).Take(MaxTrained).ToListAsync(cancellationToken).ConfigureAwait(false);
            return [.. rows.Select(RunQueries.Info).Select(r => new TrainedVersion(r, PairsReference.Parse(r.Plan.Dpo.PairsFrom).Version))];
        }
    }

    /// <summary>What the run took over from another one; null for a run that explored itself.</summary>
    public async Task<PairsTaken?> TakenAsync(string runId, CancellationToken cancellationToken)
    {
        var kind = EventKinds.Of<PairsTaken>();
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            var key = await WalkQueries.KeyAsync(context, runId, cancellationToken).ConfigureAwait(false);
            var json = await context.Events.AsNoTracking().Where(e => e.RunKey == key && e.Kind == kind).Select(e => e.Json).FirstOrDefaultAsync(cancellationToken).ConfigureAwait(false);
            return json is null ? null : (PairsTaken)JsonSerializer.Deserialize<RunEvent>(json, RunJson.Options)!;
        }
    }

    private async Task<IReadOnlyList<PairFact>> FitAsync(
        string runId, PairFilter filter, VersionFilter version, IReadOnlyList<PairEntry> entries, IReadOnlyList<PairEntry> parent, Func<PairFact, double?> margin, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(filter);
        ArgumentNullException.ThrowIfNull(version);
        ArgumentNullException.ThrowIfNull(margin);
        var facts = await index.ReadAsync(runId, cancellationToken).ConfigureAwait(false);
        var said = entries.ToDictionary(e => e.Index);
        var changed = version.Changed ? PairSet.Difference(parent, entries).Select(d => d.Index).ToHashSet() : null;
        double? Margin(PairFact f) => f.Seq == 0 ? null : said.GetValueOrDefault(f.Index)?.Decision == PairDecision.Flipped ? -margin(f) : margin(f);
        var all = facts.Pairs.Select(f => said.GetValueOrDefault(f.Index)?.Decision == PairDecision.Flipped ? Turned(f) : f)
            .Concat(entries.Where(e => e.Added is not null).Select(e => Fact(e.Index, e.Added!)))
            .Where(f => (version.Decision is null || (said.GetValueOrDefault(f.Index)?.Decision ?? PairDecision.Kept) == version.Decision)
                && (version.Source is null || (said.GetValueOrDefault(f.Index)?.Source ?? PairSource.Model) == version.Source)
                && changed?.Contains(f.Index) != false
                && filter.Fits(f, Margin(f)));
        return [.. filter.Order(all, Margin)];
    }

    private async Task<Dictionary<long, PairOrigin>> OriginsAsync(string runId, long[] seqs, CancellationToken cancellationToken)
    {
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            var key = await WalkQueries.KeyAsync(context, runId, cancellationToken).ConfigureAwait(false);
            var rows = await context.Events.AsNoTracking().Where(e => e.RunKey == key && seqs.Contains(e.Seq))
                .Select(e => new { e.Seq, Origin = RroDbContext.JsonText(e.Json, "$.origin") }).ToListAsync(cancellationToken).ConfigureAwait(false);
            return rows.Where(r => r.Origin is not null).ToDictionary(r => r.Seq, r => JsonSerializer.Deserialize<PairOrigin>(r.Origin!, RunJson.Options)!);
        }
    }

    private static PairFact Turned(PairFact f) => f with { Gap = -f.Gap, ChosenTokens = f.RejectedTokens, RejectedTokens = f.ChosenTokens };

    private static PairFact Fact(int number, PreferencePair pair) => new(
        0, number, pair.Task, pair.Step, pair.Gap, pair.HistoryTokens.Count, pair.ChosenTokens.Count, pair.RejectedTokens.Count,
        pair.Chosen == pair.Rejected, Exhausted: false, Expert: false, Duplicate: false, SharedPrompt: false);

    private static TextStart Start(string text) => new(text.Length > PairQueries.ActionLength ? text[..PairQueries.ActionLength] : text, text.Length);
}
