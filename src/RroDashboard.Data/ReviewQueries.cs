using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using RroDashboard.Core.Events;
using RroDashboard.Core.Exploration;
using RroDashboard.Core.Preferences;
using RroDashboard.Core.Review;
using RroDashboard.Core.Rewards;
using RroDashboard.Data.Entities;

namespace RroDashboard.Data;

/// <summary>A label with everything that is known of it.</summary>
/// <param name="Item">The item, without anybody's answers.</param>
/// <param name="Answer">The answer.</param>
/// <param name="Control">The item stood in the queue by chance.</param>
/// <param name="Order">Of the queue when it was answered.</param>
/// <param name="ControlShare">Of the queue when it was answered.</param>
/// <param name="Gap">Difference in process reward that the item is about.</param>
public sealed record ReviewRecord(ReviewItem Item, ReviewAnswer Answer, bool Control, ReviewOrder Order, double ControlShare, double Gap);

/// <summary>
/// Reads review queues, always for one person: of an item that is not complete nobody sees what others said, by whatever way they ask.
/// </summary>
public sealed class ReviewQueries(IDbContextFactory<RroDbContext> contexts, ExplorationIndex index, TimeProvider time)
{
    /// <summary>Queues in a list at most.</summary>
    public const int MaxQueues = 200;

    /// <summary>Items in a list at most.</summary>
    public const int MaxRows = 200;

    /// <summary>Queues, newest first.</summary>
    public async Task<IReadOnlyList<ReviewQueue>> QueuesAsync(string? runId, CancellationToken cancellationToken)
    {
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            return await ReadAsync(context, context.Set<ReviewQueueEntity>().Where(q => runId == null || context.Runs.Any(r => r.Key == q.RunKey && r.Id == runId)), cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>One queue; null when there is none of this id.</summary>
    public async Task<ReviewQueue?> QueueAsync(string queueId, CancellationToken cancellationToken)
    {
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            return await ReadAsync(context, context.Set<ReviewQueueEntity>().Where(q => q.Id == queueId), cancellationToken).ConfigureAwait(false) is [var one, ..] ? one : null;
        }
    }

    /// <summary>An item as a person may see it; null when the queue has none of this number.</summary>
    public async Task<ReviewItem?> ItemAsync(string queueId, long itemId, Reviewer viewer, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(viewer);
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            var queue = await ReviewStore.QueueAsync(context, queueId, cancellationToken).ConfigureAwait(false);
            var item = await context.Set<ReviewItemEntity>().AsNoTracking().FirstOrDefaultAsync(i => i.QueueKey == queue.Key && i.Key == itemId, cancellationToken).ConfigureAwait(false);
            if (item is null)
            {
                return null;
            }

            var answers = await context.Set<ReviewAnswerEntity>().AsNoTracking()
                .Where(a => a.ItemKey == itemId && a.State != ReviewAnswerState.Undone && (a.ReviewerId == viewer.Id || a.State == ReviewAnswerState.Submitted)).ToListAsync(cancellationToken).ConfigureAwait(false);
            var now = time.GetUtcNow().UtcTicks;
            var held = await context.Set<ReviewReservationEntity>().AsNoTracking().Where(r => r.ItemKey == itemId && r.ReviewerId == viewer.Id && r.ExpiresTicks > now)
                .Select(r => (long?)r.ExpiresTicks).FirstOrDefaultAsync(cancellationToken).ConfigureAwait(false);
            return Item(queue, item, viewer, answers, held);
        }
    }

    /// <summary>Items of a queue in order, as a person may see them.</summary>
    public async Task<IReadOnlyList<ReviewItemRow>> ItemsAsync(string queueId, Reviewer viewer, int skip, int take, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(viewer);
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            var queue = await ReviewStore.QueueAsync(context, queueId, cancellationToken).ConfigureAwait(false);
            var rows = await context.Set<ReviewItemEntity>().AsNoTracking().Where(i => i.QueueKey == queue.Key).OrderBy(i => i.Position).Skip(Math.Max(0, skip)).Take(Math.Clamp(take, 1, MaxRows))
                .Select(i => new
                {
                    i.Key,
                    i.Position,
                    i.Complete,
                    i.Answers,
                    Mine = context.Set<ReviewAnswerEntity>().Where(a => a.ItemKey == i.Key && a.ReviewerId == viewer.Id && a.State != ReviewAnswerState.Undone).Select(a => (ReviewAnswerState?)a.State).FirstOrDefault(),
                }).ToListAsync(cancellationToken).ConfigureAwait(false);
            return [.. rows.Select(r => new ReviewItemRow(r.Key, r.Position, r.Mine, r.Complete ? r.Answers : 0, r.Complete))];
        }
    }

    /// <summary>Items of a queue that a person has answered.</summary>
    public async Task<int> DoneAsync(string queueId, Reviewer viewer, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(viewer);
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            var queue = await ReviewStore.QueueAsync(context, queueId, cancellationToken).ConfigureAwait(false);
            return await context.Set<ReviewAnswerEntity>().CountAsync(
                a => a.ReviewerId == viewer.Id && a.State == ReviewAnswerState.Submitted && context.Set<ReviewItemEntity>().Any(i => i.Key == a.ItemKey && i.QueueKey == queue.Key), cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>What every item of a queue is about, in order; nobody's answers.</summary>
    public async Task<IReadOnlyList<ReviewItem>> PlacesAsync(string queueId, CancellationToken cancellationToken)
    {
        var nobody = new Reviewer("", "");
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            var queue = await ReviewStore.QueueAsync(context, queueId, cancellationToken).ConfigureAwait(false);
            return [.. (await context.Set<ReviewItemEntity>().AsNoTracking().Where(i => i.QueueKey == queue.Key).OrderBy(i => i.Position).ToListAsync(cancellationToken).ConfigureAwait(false))
                .Select(i => Item(queue, i, nobody, [], null))];
        }
    }

    /// <summary>Submitted labels that a person may see: their own, and everybody's of complete items. In order of items and then of time.</summary>
    public async Task<IReadOnlyList<ReviewRecord>> LabelsAsync(string queueId, Reviewer viewer, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(viewer);
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            var queue = await ReviewStore.QueueAsync(context, queueId, cancellationToken).ConfigureAwait(false);
            var rows = await (
                from answer in context.Set<ReviewAnswerEntity>().AsNoTracking()
                join item in context.Set<ReviewItemEntity>().AsNoTracking() on answer.ItemKey equals item.Key
                where item.QueueKey == queue.Key && answer.State == ReviewAnswerState.Submitted && (item.Complete || answer.ReviewerId == viewer.Id)
                orderby item.Position, answer.DoneTicks, answer.Key
                select new { answer, item }).ToListAsync(cancellationToken).ConfigureAwait(false);
            return [.. rows.Select(r => new ReviewRecord(Item(queue, r.item, viewer, [], null) with { ChosenIsB = r.answer.ChosenIsB }, Answer(r.answer), r.answer.Control, r.answer.Order, r.answer.ControlShare, r.item.Gap))];
        }
    }

    /// <summary>Complete items on which answers disagree, in order, those that nobody decided first.</summary>
    public async Task<IReadOnlyList<ReviewItem>> ConflictsAsync(string queueId, Reviewer viewer, CancellationToken cancellationToken)
    {
        var kind = (await QueueAsync(queueId, cancellationToken).ConfigureAwait(false))?.Kind ?? throw new ReviewMissingException($"There is no review queue '{queueId}'.");
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            var queue = await ReviewStore.QueueAsync(context, queueId, cancellationToken).ConfigureAwait(false);
            var items = await context.Set<ReviewItemEntity>().AsNoTracking().Where(i => i.QueueKey == queue.Key && i.Complete && i.Answers > 1).OrderBy(i => i.Position).ToListAsync(cancellationToken).ConfigureAwait(false);
            var answers = (await (
                from answer in context.Set<ReviewAnswerEntity>().AsNoTracking()
                join item in context.Set<ReviewItemEntity>().AsNoTracking() on answer.ItemKey equals item.Key
                where item.QueueKey == queue.Key && item.Complete && answer.State == ReviewAnswerState.Submitted
                select answer).ToListAsync(cancellationToken).ConfigureAwait(false)).ToLookup(a => a.ItemKey);
            return [.. items.Select(i => Item(queue, i, viewer, [.. answers[i.Key]], null)).Where(i => Disagree(kind, i.Answers)).OrderBy(i => i.Final is not null).ThenBy(i => i.Position)];
        }
    }

    /// <summary>What can be asked about in a run, in the order of its ledger.</summary>
    /// <param name="runId">Run.</param>
    /// <param name="kind">Pairs, or steps for <see cref="ReviewKind.Score"/>.</param>
    /// <param name="range">Of its rewards.</param>
    /// <param name="margin">Last measured margin of a pair; null when it was never measured.</param>
    /// <param name="cancellationToken">Given up.</param>
    public async Task<IReadOnlyList<ReviewSource>> SourcesAsync(string runId, ReviewKind kind, RewardRange range, Func<int, double?> margin, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(margin);
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            var key = await WalkQueries.KeyAsync(context, runId, cancellationToken).ConfigureAwait(false);
            if (kind == ReviewKind.Score)
            {
                var decided = EventKinds.Of<StepDecided>();
                var steps = await context.Events.AsNoTracking().Where(e => e.RunKey == key && e.Kind == decided).OrderBy(e => e.Seq).Select(e => e.Json).ToListAsync(cancellationToken).ConfigureAwait(false);
                return [.. steps.Select(j => (StepDecided)JsonSerializer.Deserialize<RunEvent>(j, RunJson.Options)!).Where(s => s is { AcceptedAttempt: not null, Accepted: not null }).Select(s => new ReviewSource(
                    null, s.Task, s.Step, s.AcceptedAttempt, Facts(s.Accepted!, s.Previous, range, s.Verdict is StepVerdict.KeptBest or StepVerdict.KeptExpert, null)))];
            }

            var facts = (await index.ReadAsync(runId, cancellationToken).ConfigureAwait(false)).Pairs.ToDictionary(p => p.Seq);
            var pairs = await context.Database.SqlQueryRaw<PairValues>(
                "SELECT Seq, json_extract(Json, '$.pair.chosenValue') AS Chosen, json_extract(Json, '$.pair.rejectedValue') AS Rejected FROM Events WHERE RunKey = {0} AND Kind = {1}",
                key, EventKinds.Of<PairCreated>()).OrderBy(p => p.Seq).ToListAsync(cancellationToken).ConfigureAwait(false);
            return [.. pairs.Where(p => facts.ContainsKey(p.Seq)).Select(p => (Fact: facts[p.Seq], p.Chosen, p.Rejected)).Select(p => new ReviewSource(
                p.Fact.Index, p.Fact.Task, p.Fact.Step, null,
                Facts(Read(p.Chosen), Read(p.Rejected), range, p.Fact.Exhausted, margin(p.Fact.Index))))];
        }

        static Estimate Read(string json) => JsonSerializer.Deserialize<Estimate>(json, RunJson.Options)!;
    }

    internal static bool Disagree(ReviewKind kind, IReadOnlyList<ReviewAnswer> answers) => answers.Count > 1
        && Enumerable.Range(0, answers.Max(a => a.Content.Values.Count)).Any(q =>
        {
            var values = answers.Where(a => q < a.Content.Values.Count && a.Content.Values[q] is not null).Select(a => a.Content.Values[q]!.Value).ToList();
            return values.Count > 1 && values.Max() - values.Min() >= (kind == ReviewKind.Score ? ReviewLimits.ConflictingScores : 1);
        });

    private static ReviewFacts Facts(Estimate better, Estimate worse, RewardRange range, bool nothingRose, double? margin) =>
        new(better.Mean - worse.Mean, PairGap.IntervalOf(better, worse, range).Width, nothingRose, margin);

    private static ReviewItem Item(ReviewQueueEntity queue, ReviewItemEntity item, Reviewer viewer, IReadOnlyList<ReviewAnswerEntity> answers, long? held)
    {
        var own = answers.FirstOrDefault(a => a.ReviewerId == viewer.Id);
        return new ReviewItem(
            item.Key, queue.Id, item.Position, item.PairIndex, item.Task, item.Step, item.Attempt, own?.ChosenIsB ?? ReviewOrdering.ChosenIsB(queue.Seed, item.Position, viewer.Id),
            own is null ? null : Answer(own),
            held is { } until ? new DateTime(until, DateTimeKind.Utc) : null,
            item.Complete,
            item.Complete ? [.. answers.Where(a => a.State == ReviewAnswerState.Submitted).OrderBy(a => a.DoneTicks).Select(Answer)] : [],
            item is { FinalJson: { } final, FinalTicks: { } at } ? new ReviewFinal(JsonSerializer.Deserialize<int[]>(final)!, item.FinalNote ?? "", item.FinalByName ?? "", new DateTime(at, DateTimeKind.Utc)) : null);
    }

    private static ReviewAnswer Answer(ReviewAnswerEntity a) => new(
        a.Key, new Reviewer(a.ReviewerId, a.ReviewerName), a.State, new ReviewContent(JsonSerializer.Deserialize<int?[]>(a.ValuesJson)!, a.Note, a.BetterAction), a.Seconds,
        a.DoneTicks is { } done ? new DateTime(done, DateTimeKind.Utc) : null, a.Source, a.Replaces, a.Version);

    private async Task<IReadOnlyList<ReviewQueue>> ReadAsync(RroDbContext context, IQueryable<ReviewQueueEntity> queues, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow().UtcTicks;
        var items = context.Set<ReviewItemEntity>();
        var rows = await (
            from queue in queues.AsNoTracking()
            join run in context.Runs on queue.RunKey equals run.Key
            orderby queue.CreatedTicks descending, queue.Key descending
            select new
            {
                queue,
                run.Id,
                run.Name,
                run.Preset,
                Items = items.Count(i => i.QueueKey == queue.Key),
                Complete = items.Count(i => i.QueueKey == queue.Key && i.Complete),
                Answers = items.Where(i => i.QueueKey == queue.Key).Sum(i => i.Answers),
            }).Take(MaxQueues).ToListAsync(cancellationToken).ConfigureAwait(false);
        var people = (await (
            from held in context.Set<ReviewReservationEntity>().AsNoTracking()
            join item in items on held.ItemKey equals item.Key
            where held.ExpiresTicks > now
            select new { item.QueueKey, held.ReviewerName }).Distinct().ToListAsync(cancellationToken).ConfigureAwait(false)).ToLookup(p => p.QueueKey, p => p.ReviewerName);
        return [.. rows.Select(r => new ReviewQueue(
            r.queue.Id, r.Id, r.Name.Length > 0 ? r.Name : $"{r.Preset} · {r.Id}", r.queue.Kind, r.queue.Title, r.queue.Guidelines, JsonSerializer.Deserialize<string[]>(r.queue.QuestionsJson)!,
            r.queue.RequiredAnswers, r.queue.Order, r.queue.ControlShare, r.queue.Seed, r.queue.RewardWidth, new DateTime(r.queue.CreatedTicks, DateTimeKind.Utc), r.queue.CreatedByName,
            r.Items, r.Complete, r.Answers, [.. people[r.queue.Key].Order(StringComparer.Ordinal)]))];
    }

    // What SQLite gives; EF fills it.
    private sealed class PairValues
    {
        public long Seq { get; set; }

        public string Chosen { get; set; } = "";

        public string Rejected { get; set; } = "";
    }
}
