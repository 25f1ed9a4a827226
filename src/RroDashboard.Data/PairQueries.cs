using System.Runtime.CompilerServices;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using RroDashboard.Core.Events;
using RroDashboard.Core.Rewards;

namespace RroDashboard.Data;

/// <summary>A pair as a table shows it.</summary>
/// <param name="Fact">Its numbers.</param>
/// <param name="Chosen">Beginning of the better action.</param>
/// <param name="Rejected">Beginning of the worse action.</param>
/// <param name="ChosenValue">Its process reward.</param>
/// <param name="RejectedValue">Its process reward.</param>
/// <param name="Margin">Implicit reward margin when it was last measured, nats times beta; null before.</param>
public sealed record PairRow(PairFact Fact, TextStart Chosen, TextStart Rejected, Estimate ChosenValue, Estimate RejectedValue, double? Margin);

/// <summary>Reads preference pairs: lists in numbers with the beginnings of their texts, one pair whole, all of them one by one.</summary>
public sealed class PairQueries(IDbContextFactory<RroDbContext> contexts, ExplorationIndex index)
{
    /// <summary>Most rows of one page.</summary>
    public const int MaxRows = 200;

    /// <summary>Characters of an action in a list.</summary>
    public const int ActionLength = 160;

    /// <summary>Pairs read at a time by <see cref="AllAsync"/>.</summary>
    private const int Batch = 64;

    /// <summary>Pairs that fit, in order, and how many there are in all.</summary>
    /// <param name="runId">Which run.</param>
    /// <param name="filter">Which pairs.</param>
    /// <param name="margin">Last measured margin of a pair; null when it was never measured.</param>
    /// <param name="skip">Rows left out.</param>
    /// <param name="take">Rows read.</param>
    /// <param name="cancellationToken">Given up.</param>
    public async Task<(IReadOnlyList<PairRow> Rows, int Total)> ListAsync(
        string runId, PairFilter filter, Func<PairFact, double?> margin, int skip, int take, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(filter);
        ArgumentNullException.ThrowIfNull(margin);
        var facts = await index.ReadAsync(runId, cancellationToken).ConfigureAwait(false);
        var all = filter.Order(facts.Pairs.Where(p => filter.Fits(p, margin(p))), margin).ToList();
        return (await RowsAsync(runId, [.. all.Skip(skip).Take(Math.Clamp(take, 1, MaxRows))], margin, cancellationToken).ConfigureAwait(false), all.Count);
    }

    /// <summary>Texts and values of some pairs, in their order.</summary>
    internal async Task<IReadOnlyList<PairRow>> RowsAsync(string runId, IReadOnlyList<PairFact> rows, Func<PairFact, double?> margin, CancellationToken cancellationToken)
    {
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            var key = await WalkQueries.KeyAsync(context, runId, cancellationToken).ConfigureAwait(false);
            var numbers = JsonSerializer.Serialize(rows.Select(r => r.Seq));
            var texts = await context.Database.SqlQueryRaw<TextRow>(
                """
                SELECT Seq, substr(json_extract(Json, '$.pair.chosen'), 1, {1}) AS Chosen, length(json_extract(Json, '$.pair.chosen')) AS ChosenLength,
                    substr(json_extract(Json, '$.pair.rejected'), 1, {1}) AS Rejected, length(json_extract(Json, '$.pair.rejected')) AS RejectedLength,
                    json_extract(Json, '$.pair.chosenValue') AS ChosenValue, json_extract(Json, '$.pair.rejectedValue') AS RejectedValue
                FROM Events WHERE RunKey = {0} AND Seq IN (SELECT value FROM json_each({2}))
                """, key, ActionLength, numbers).ToDictionaryAsync(t => t.Seq, cancellationToken).ConfigureAwait(false);
            return [.. rows.Where(r => texts.ContainsKey(r.Seq)).Select(r => texts[r.Seq].ToRow(r, margin(r)))];
        }
    }

    /// <summary>A whole pair; null when the run has none of this number.</summary>
    public async Task<PairCreated?> FindAsync(string runId, int number, CancellationToken cancellationToken)
    {
        var facts = await index.ReadAsync(runId, cancellationToken).ConfigureAwait(false);
        // They are numbered in the order of the ledger.
        var fact = number >= 0 && number < facts.Pairs.Count && facts.Pairs[number].Index == number ? facts.Pairs[number] : facts.Pairs.FirstOrDefault(p => p.Index == number);
        if (fact is null)
        {
            return null;
        }

        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            var key = await WalkQueries.KeyAsync(context, runId, cancellationToken).ConfigureAwait(false);
            var json = await context.Events.AsNoTracking().Where(e => e.RunKey == key && e.Seq == fact.Seq).Select(e => e.Json).FirstAsync(cancellationToken).ConfigureAwait(false);
            return (PairCreated)JsonSerializer.Deserialize<RunEvent>(json, RunJson.Options)!;
        }
    }

    /// <summary>Every pair of a run up to now, in order, a few at a time: for exports.</summary>
    public async IAsyncEnumerable<PairCreated> AllAsync(string runId, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var facts = await index.ReadAsync(runId, cancellationToken).ConfigureAwait(false);
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            var key = await WalkQueries.KeyAsync(context, runId, cancellationToken).ConfigureAwait(false);
            foreach (var part in facts.Pairs.Chunk(Batch))
            {
                var numbers = part.Select(p => p.Seq).ToArray();
                var json = await context.Events.AsNoTracking().Where(e => e.RunKey == key && numbers.Contains(e.Seq)).OrderBy(e => e.Seq)
                    .Select(e => e.Json).ToListAsync(cancellationToken).ConfigureAwait(false);
                foreach (var one in json)
                {
                    yield return (PairCreated)JsonSerializer.Deserialize<RunEvent>(one, RunJson.Options)!;
                }
            }
        }
    }

    /// <summary>Explored tasks that the run is also evaluated on, by id: what was learned from them is no evidence.</summary>
    /// <param name="facts">What was explored.</param>
    /// <param name="held">From <see cref="EvaluatedTasksAsync"/>.</param>
    public static IReadOnlyList<string> Leaked(ExplorationFacts facts, IReadOnlySet<string> held)
    {
        ArgumentNullException.ThrowIfNull(facts);
        return [.. facts.Walks.Select(w => w.TaskId).Where(held.Contains).Distinct(StringComparer.Ordinal)];
    }

    /// <summary>Ids of the tasks that the run was evaluated on so far. Evaluations are long: ask again only when there is a new one.</summary>
    public async Task<IReadOnlySet<string>> EvaluatedTasksAsync(string runId, CancellationToken cancellationToken)
    {
        var kind = EventKinds.Of<EvaluationFinished>();
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            var key = await WalkQueries.KeyAsync(context, runId, cancellationToken).ConfigureAwait(false);
            var json = await context.Events.AsNoTracking().Where(e => e.RunKey == key && e.Kind == kind).Select(e => e.Json).ToListAsync(cancellationToken).ConfigureAwait(false);
            return json.SelectMany(j => ((EvaluationFinished)JsonSerializer.Deserialize<RunEvent>(j, RunJson.Options)!).Episodes).Select(e => e.TaskId).ToHashSet(StringComparer.Ordinal);
        }
    }

    // What SQLite gives; EF fills it.
    private sealed class TextRow
    {
        public long Seq { get; set; }

        public string Chosen { get; set; } = "";

        public int ChosenLength { get; set; }

        public string Rejected { get; set; } = "";

        public int RejectedLength { get; set; }

        public string ChosenValue { get; set; } = "";

        public string RejectedValue { get; set; } = "";

        public PairRow ToRow(PairFact fact, double? margin) => new(
            fact, new TextStart(Chosen, ChosenLength), new TextStart(Rejected, RejectedLength),
            JsonSerializer.Deserialize<Estimate>(ChosenValue, RunJson.Options)!, JsonSerializer.Deserialize<Estimate>(RejectedValue, RunJson.Options)!, margin);
    }
}
