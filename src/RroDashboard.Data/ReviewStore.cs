using System.Globalization;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using RroDashboard.Core.Review;
using RroDashboard.Data.Entities;

namespace RroDashboard.Data;

/// <summary>
/// Everything that changes review queues. Each change is one transaction that takes SQLite's write lock at its beginning, so that what it checked
/// still holds when it writes; and each names the version that it was made on, so that of two changes made on one state the second is refused with
/// <see cref="ReviewConflictException"/> and nobody's answer vanishes.
/// </summary>
public sealed class ReviewStore(IDbContextFactory<RroDbContext> contexts, TimeProvider time, ReviewBell? bell = null)
{
    /// <summary>Makes a queue; the same request key gives the one that it made before.</summary>
    /// <param name="queue">Checked here.</param>
    /// <param name="sources">What of the run can be asked about, in the order of the ledger.</param>
    /// <param name="rewardWidth">Width of the run's rewards.</param>
    /// <param name="by">Who.</param>
    /// <param name="requestKey">Named by whoever asks.</param>
    /// <param name="cancellationToken">Given up.</param>
    /// <exception cref="ReviewRefusedException">A value is not allowed, or there is nothing to ask about.</exception>
    public async Task<string> CreateAsync(NewReviewQueue queue, IReadOnlyList<ReviewSource> sources, double rewardWidth, Reviewer by, string requestKey, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(queue);
        ArgumentNullException.ThrowIfNull(sources);
        ArgumentNullException.ThrowIfNull(by);
        var questions = ReviewChecks.Queue(queue);
        if (sources.Count == 0)
        {
            throw new ReviewRefusedException(queue.Kind == ReviewKind.Score ? "The run has no decided step yet, so there is nothing to score." : "The run has no preference pair yet, so there is nothing to judge.");
        }

        return await ChangeAsync(
            async context =>
            {
                if (await context.Set<ReviewQueueEntity>().Where(q => q.RequestKey == requestKey).Select(q => q.Id).FirstOrDefaultAsync(cancellationToken).ConfigureAwait(false) is { } before)
                {
                    return before;
                }

                var run = await context.Runs.Where(r => r.Id == queue.RunId).Select(r => (int?)r.Key).FirstOrDefaultAsync(cancellationToken).ConfigureAwait(false)
                    ?? throw new ReviewMissingException($"There is no run '{queue.RunId}'.");
                var made = new ReviewQueueEntity
                {
                    Id = RandomText.NewId(),
                    RunKey = run,
                    RequestKey = requestKey,
                    Kind = queue.Kind,
                    Title = queue.Title.Trim(),
                    Guidelines = queue.Guidelines,
                    QuestionsJson = JsonSerializer.Serialize(questions),
                    RequiredAnswers = queue.RequiredAnswers,
                    Order = queue.Order,
                    ControlShare = queue.Order == ReviewOrder.Useful ? queue.ControlShare : queue.Order == ReviewOrder.Random ? 1 : 0,
                    Seed = queue.Seed,
                    RewardWidth = rewardWidth,
                    CreatedTicks = Now,
                    CreatedById = by.Id,
                    CreatedByName = by.Name,
                };
                context.Add(made);
                await context.SaveChangesAsync(cancellationToken).ConfigureAwait(false);
                var usefulness = sources.Select(s => Usefulness.Of(s.Facts, rewardWidth)).ToList();
                var placed = ReviewOrdering.Arrange(usefulness, queue.Order, queue.ControlShare, queue.Seed);
                context.AddRange(placed.Take(queue.MaxItems).Select((p, position) => new ReviewItemEntity
                {
                    QueueKey = made.Key,
                    Position = position,
                    Control = p.Control,
                    Usefulness = usefulness[p.Index],
                    PairIndex = sources[p.Index].PairIndex,
                    Task = sources[p.Index].Task,
                    Step = sources[p.Index].Step,
                    Attempt = sources[p.Index].Attempt,
                    Gap = sources[p.Index].Facts.Gap,
                }));
                await context.SaveChangesAsync(cancellationToken).ConfigureAwait(false);
                return made.Id;
            },
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Hands out an item: the one that the person has in hand, else one that they left with a draft, else the first of the order that still needs a person
    /// and that they have not had. It is held for them for <see cref="ReviewLimits.Hold"/>. An item is never in more hands than it needs answers.
    /// </summary>
    /// <returns>The item's number; null when nothing is left for this person.</returns>
    /// <exception cref="ReviewRefusedException">There is no such queue.</exception>
    public Task<long?> NextAsync(string queueId, Reviewer reviewer, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(reviewer);
        return ChangeAsync(
            async context =>
            {
                var queue = await QueueAsync(context, queueId, cancellationToken).ConfigureAwait(false);
                await ForgetExpiredAsync(context, queue.Key, cancellationToken).ConfigureAwait(false);
                var (items, held, answers) = (context.Set<ReviewItemEntity>(), context.Set<ReviewReservationEntity>(), context.Set<ReviewAnswerEntity>());
                var mine = await items.Where(i => i.QueueKey == queue.Key && held.Any(r => r.ItemKey == i.Key && r.ReviewerId == reviewer.Id))
                    .OrderBy(i => i.Position).Select(i => (long?)i.Key).FirstOrDefaultAsync(cancellationToken).ConfigureAwait(false);
                var needed = queue.RequiredAnswers;
                var free = items.Where(i => i.QueueKey == queue.Key && !i.Complete && i.Answers + held.Count(r => r.ItemKey == i.Key && r.ReviewerId != reviewer.Id) < needed);
                mine ??= await free.Where(i => answers.Any(a => a.ItemKey == i.Key && a.ReviewerId == reviewer.Id && a.State == ReviewAnswerState.Draft))
                    .OrderBy(i => i.Position).Select(i => (long?)i.Key).FirstOrDefaultAsync(cancellationToken).ConfigureAwait(false);
                mine ??= await free.Where(i => !answers.Any(a => a.ItemKey == i.Key && a.ReviewerId == reviewer.Id && a.State != ReviewAnswerState.Undone))
                    .OrderBy(i => i.Position).Select(i => (long?)i.Key).FirstOrDefaultAsync(cancellationToken).ConfigureAwait(false);
                if (mine is { } key)
                {
                    await HoldAsync(context, key, reviewer, cancellationToken).ConfigureAwait(false);
                }

                return mine;
            },
            cancellationToken);
    }

    /// <summary>Holds an item for a person, or goes on holding it. What else of the queue the person had in hand goes back.</summary>
    /// <returns>False when it is in other hands, or complete, or answered by this person.</returns>
    public Task<bool> HoldAsync(string queueId, long itemId, Reviewer reviewer, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(reviewer);
        return ChangeAsync(
            async context =>
            {
                var queue = await QueueAsync(context, queueId, cancellationToken).ConfigureAwait(false);
                await ForgetExpiredAsync(context, queue.Key, cancellationToken).ConfigureAwait(false);
                var item = await ItemAsync(context, queue, itemId, cancellationToken).ConfigureAwait(false);
                var answer = await LivingAsync(context, itemId, reviewer, cancellationToken).ConfigureAwait(false);
                if (answer is { State: not ReviewAnswerState.Draft } || await WhyFullAsync(context, queue, item, reviewer, cancellationToken).ConfigureAwait(false) is not null)
                {
                    return false;
                }

                await HoldAsync(context, itemId, reviewer, cancellationToken).ConfigureAwait(false);
                return true;
            },
            cancellationToken);
    }

    /// <summary>Keeps what a person has said so far, and goes on holding the item for them where it is free.</summary>
    /// <param name="queueId">Queue.</param>
    /// <param name="itemId">Item.</param>
    /// <param name="reviewer">Who.</param>
    /// <param name="content">All of it.</param>
    /// <param name="version">Of the own answer that it was made on; 0 for the first change.</param>
    /// <param name="seconds">That the item was before the person since the last change.</param>
    /// <param name="source">"page", "api" or "import".</param>
    /// <param name="cancellationToken">Given up.</param>
    /// <returns>The version now.</returns>
    /// <exception cref="ReviewConflictException">It was changed or given elsewhere meanwhile.</exception>
    public Task<int> DraftAsync(string queueId, long itemId, Reviewer reviewer, ReviewContent content, int version, double seconds, string source, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(reviewer);
        return ChangeAsync(
            async context =>
            {
                var queue = await QueueAsync(context, queueId, cancellationToken).ConfigureAwait(false);
                var item = await ItemAsync(context, queue, itemId, cancellationToken).ConfigureAwait(false);
                ReviewChecks.Content(queue, content, whole: false);
                var answer = await WriteAsync(context, queue, item, reviewer, content, version, seconds, source, cancellationToken).ConfigureAwait(false);
                await ForgetExpiredAsync(context, queue.Key, cancellationToken).ConfigureAwait(false);
                if (await WhyFullAsync(context, queue, item, reviewer, cancellationToken).ConfigureAwait(false) is null)
                {
                    await HoldAsync(context, itemId, reviewer, cancellationToken).ConfigureAwait(false);
                }

                await context.SaveChangesAsync(cancellationToken).ConfigureAwait(false);
                return answer.Version;
            },
            cancellationToken);
    }

    /// <summary>Gives an answer.</summary>
    /// <inheritdoc cref="DraftAsync"/>
    /// <exception cref="ReviewConflictException">It was given elsewhere, or others were first, or it was changed meanwhile.</exception>
    /// <exception cref="ReviewRefusedException">It is not complete or not allowed.</exception>
    public Task<int> SubmitAsync(string queueId, long itemId, Reviewer reviewer, ReviewContent content, int version, double seconds, string source, CancellationToken cancellationToken) =>
        FinishAsync(queueId, itemId, reviewer, content, version, seconds, source, ReviewAnswerState.Submitted, null, cancellationToken);

    /// <summary>Lets an item go unanswered; it goes to others, and never to this person again unless they take that back.</summary>
    /// <inheritdoc cref="DraftAsync"/>
    public Task<int> SkipAsync(string queueId, long itemId, Reviewer reviewer, ReviewContent content, int version, double seconds, string source, CancellationToken cancellationToken) =>
        FinishAsync(queueId, itemId, reviewer, content, version, seconds, source, ReviewAnswerState.Skipped, null, cancellationToken);

    /// <summary>Takes in a label from elsewhere. The same key again changes nothing.</summary>
    /// <returns>False when it was there before.</returns>
    /// <exception cref="ReviewConflictException">The person answered the item here, or it needs no further answer.</exception>
    public async Task<bool> ImportAsync(string queueId, long itemId, Reviewer reviewer, ReviewContent content, double seconds, string key, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(reviewer);
        ReviewChecks.ImportKey(key);
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            if (await ImportedAsync(context, queueId, key, cancellationToken).ConfigureAwait(false))
            {
                return false;
            }
        }

        var version = await FinishAsync(queueId, itemId, reviewer, content, 0, seconds, "import", ReviewAnswerState.Submitted, key, cancellationToken).ConfigureAwait(false);
        return version > 0;
    }

    /// <summary>
    /// Takes the person's own last answer or skip of a queue back, and the one that was given is kept for the record. The item becomes a draft that is as blind as
    /// before: what was written stays, and what was chosen, after which the process reward was shown, is chosen anew.
    /// </summary>
    /// <returns>The item; null when there is nothing to take back.</returns>
    /// <exception cref="ReviewConflictException">The item was adjudicated.</exception>
    public Task<long?> UndoAsync(string queueId, Reviewer reviewer, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(reviewer);
        return ChangeAsync(
            async context =>
            {
                var queue = await QueueAsync(context, queueId, cancellationToken).ConfigureAwait(false);
                var items = context.Set<ReviewItemEntity>();
                var answer = await context.Set<ReviewAnswerEntity>()
                    .Where(a => a.ReviewerId == reviewer.Id && (a.State == ReviewAnswerState.Submitted || a.State == ReviewAnswerState.Skipped) && items.Any(i => i.Key == a.ItemKey && i.QueueKey == queue.Key))
                    .OrderByDescending(a => a.DoneTicks).ThenByDescending(a => a.Key).FirstOrDefaultAsync(cancellationToken).ConfigureAwait(false);
                if (answer is null)
                {
                    return (long?)null;
                }

                var item = await ItemAsync(context, queue, answer.ItemKey, cancellationToken).ConfigureAwait(false);
                if (item.FinalJson is not null)
                {
                    throw new ReviewConflictException($"{item.FinalByName} decided item {item.Position + 1} meanwhile, so its answers stay.");
                }

                var given = answer.State == ReviewAnswerState.Submitted;
                if (given)
                {
                    (item.Answers, item.Complete, item.Version) = (item.Answers - 1, false, item.Version + 1);
                }

                answer.State = ReviewAnswerState.Undone;
                answer.Version++;
                // First the old one: the index allows one living answer at a time.
                await context.SaveChangesAsync(cancellationToken).ConfigureAwait(false);
                context.Add(new ReviewAnswerEntity
                {
                    ItemKey = answer.ItemKey,
                    ReviewerId = reviewer.Id,
                    ReviewerName = reviewer.Name,
                    State = ReviewAnswerState.Draft,
                    ValuesJson = given ? "[]" : answer.ValuesJson,
                    Note = answer.Note,
                    BetterAction = answer.BetterAction,
                    ChosenIsB = answer.ChosenIsB,
                    Seconds = answer.Seconds,
                    StartedTicks = answer.StartedTicks,
                    ChangedTicks = Now,
                    Order = queue.Order,
                    ControlShare = queue.ControlShare,
                    Control = item.Control,
                    Source = answer.Source,
                    Replaces = given ? answer.Key : answer.Replaces,
                    Version = answer.Version + 1,
                });
                await ForgetExpiredAsync(context, queue.Key, cancellationToken).ConfigureAwait(false);
                if (await WhyFullAsync(context, queue, item, reviewer, cancellationToken).ConfigureAwait(false) is null)
                {
                    await HoldAsync(context, item.Key, reviewer, cancellationToken).ConfigureAwait(false);
                }

                await context.SaveChangesAsync(cancellationToken).ConfigureAwait(false);
                return item.Key;
            },
            cancellationToken);
    }

    /// <summary>Decides an item on which answers disagree. Once: the decision stays, and so do the answers.</summary>
    /// <param name="queueId">Queue.</param>
    /// <param name="itemId">Item; complete.</param>
    /// <param name="by">Who decides.</param>
    /// <param name="values">One per question.</param>
    /// <param name="note">Why.</param>
    /// <param name="cancellationToken">Given up.</param>
    /// <exception cref="ReviewConflictException">Someone else decided it before, or its answers are not all there.</exception>
    public Task AdjudicateAsync(string queueId, long itemId, Reviewer by, IReadOnlyList<int> values, string note, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(by);
        ArgumentNullException.ThrowIfNull(values);
        return ChangeAsync(
            async context =>
            {
                var queue = await QueueAsync(context, queueId, cancellationToken).ConfigureAwait(false);
                var item = await ItemAsync(context, queue, itemId, cancellationToken).ConfigureAwait(false);
                ReviewChecks.Content(queue, new ReviewContent([.. values.Select(v => (int?)v)], note), whole: true);
                if (!item.Complete)
                {
                    throw new ReviewConflictException($"Item {item.Position + 1} still needs answers: it is decided when they are all there.");
                }

                if (item.FinalJson is not null)
                {
                    throw new ReviewConflictException($"{item.FinalByName} has decided item {item.Position + 1} already.");
                }

                (item.FinalJson, item.FinalNote, item.FinalById, item.FinalByName, item.FinalTicks) = (JsonSerializer.Serialize(values), note, by.Id, by.Name, Now);
                item.Version++;
                await context.SaveChangesAsync(cancellationToken).ConfigureAwait(false);
                return true;
            },
            cancellationToken);
    }

    internal static async Task<ReviewQueueEntity> QueueAsync(RroDbContext context, string queueId, CancellationToken cancellationToken) =>
        // The run's own filter hides queues of deleted runs.
        await context.Set<ReviewQueueEntity>().Where(q => q.Id == queueId && context.Runs.Any(r => r.Key == q.RunKey)).FirstOrDefaultAsync(cancellationToken).ConfigureAwait(false)
            ?? throw new ReviewMissingException($"There is no review queue '{queueId}'.");

    private long Now => time.GetUtcNow().UtcTicks;

    private static async Task<ReviewItemEntity> ItemAsync(RroDbContext context, ReviewQueueEntity queue, long itemId, CancellationToken cancellationToken) =>
        await context.Set<ReviewItemEntity>().FirstOrDefaultAsync(i => i.Key == itemId && i.QueueKey == queue.Key, cancellationToken).ConfigureAwait(false)
            ?? throw new ReviewMissingException($"Queue '{queue.Id}' has no item {itemId}.");

    private static Task<ReviewAnswerEntity?> LivingAsync(RroDbContext context, long itemId, Reviewer reviewer, CancellationToken cancellationToken) =>
        context.Set<ReviewAnswerEntity>().FirstOrDefaultAsync(a => a.ItemKey == itemId && a.ReviewerId == reviewer.Id && a.State != ReviewAnswerState.Undone, cancellationToken);

    private static Task<bool> ImportedAsync(RroDbContext context, string queueId, string key, CancellationToken cancellationToken) => context.Set<ReviewAnswerEntity>().AnyAsync(
        a => a.ImportKey == key && context.Set<ReviewItemEntity>().Any(i => i.Key == a.ItemKey && context.Set<ReviewQueueEntity>().Any(q => q.Key == i.QueueKey && q.Id == queueId)), cancellationToken);

    private Task<int> FinishAsync(
        string queueId, long itemId, Reviewer reviewer, ReviewContent content, int version, double seconds, string source, ReviewAnswerState state, string? importKey, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(reviewer);
        return ChangeAsync(
            async context =>
            {
                var queue = await QueueAsync(context, queueId, cancellationToken).ConfigureAwait(false);
                var item = await ItemAsync(context, queue, itemId, cancellationToken).ConfigureAwait(false);
                if (importKey is not null && await ImportedAsync(context, queueId, importKey, cancellationToken).ConfigureAwait(false))
                {
                    return 0;
                }

                ReviewChecks.Content(queue, content, whole: state == ReviewAnswerState.Submitted);
                await ForgetExpiredAsync(context, queue.Key, cancellationToken).ConfigureAwait(false);
                var answer = await WriteAsync(context, queue, item, reviewer, content, version, seconds, source, cancellationToken).ConfigureAwait(false);
                if (state == ReviewAnswerState.Submitted)
                {
                    if (await WhyFullAsync(context, queue, item, reviewer, cancellationToken).ConfigureAwait(false) is { } why)
                    {
                        throw new ReviewConflictException(why);
                    }

                    item.Answers++;
                    item.Complete = item.Answers >= queue.RequiredAnswers;
                    item.Version++;
                }

                (answer.State, answer.DoneTicks, answer.ImportKey) = (state, Now, importKey);
                await context.Set<ReviewReservationEntity>().Where(r => r.ItemKey == itemId && r.ReviewerId == reviewer.Id).ExecuteDeleteAsync(cancellationToken).ConfigureAwait(false);
                await context.SaveChangesAsync(cancellationToken).ConfigureAwait(false);
                return answer.Version;
            },
            cancellationToken);
    }

    // The person's draft with this content, not saved yet.
    private async Task<ReviewAnswerEntity> WriteAsync(
        RroDbContext context, ReviewQueueEntity queue, ReviewItemEntity item, Reviewer reviewer, ReviewContent content, int version, double seconds, string source, CancellationToken cancellationToken)
    {
        var answer = await LivingAsync(context, item.Key, reviewer, cancellationToken).ConfigureAwait(false);
        if (answer is { State: not ReviewAnswerState.Draft })
        {
            throw new ReviewConflictException(string.Create(
                CultureInfo.InvariantCulture,
                $"You have {(answer.State == ReviewAnswerState.Skipped ? "skipped" : "answered")} item {item.Position + 1} already, {(answer.Source == "page" ? "on the page" : answer.Source == "api" ? "through the API" : "by an import")}, at {new DateTime(answer.DoneTicks!.Value):HH:mm:ss} UTC. That one counts; undo it to answer again."));
        }

        if ((answer?.Version ?? 0) != version)
        {
            throw new ReviewConflictException($"Your answer to item {item.Position + 1} was changed elsewhere meanwhile (version {answer?.Version ?? 0}, this change was made on version {version}). Nothing was overwritten.");
        }

        if (answer is null)
        {
            answer = new ReviewAnswerEntity
            {
                ItemKey = item.Key,
                ReviewerId = reviewer.Id,
                ReviewerName = reviewer.Name,
                ValuesJson = "[]",
                ChosenIsB = ReviewOrdering.ChosenIsB(queue.Seed, item.Position, reviewer.Id),
                StartedTicks = Now,
                Control = item.Control,
                Source = source,
            };
            context.Add(answer);
        }

        answer.ValuesJson = JsonSerializer.Serialize(content.Values);
        (answer.Note, answer.BetterAction, answer.Source, answer.ChangedTicks) = (content.Note, content.BetterAction, source, Now);
        (answer.Order, answer.ControlShare) = (queue.Order, queue.ControlShare);
        // A page that stood open overnight was not read all night.
        answer.Seconds += Math.Clamp(double.IsFinite(seconds) ? seconds : 0, 0, ReviewLimits.Hold.TotalSeconds);
        answer.Version++;
        return answer;
    }

    // Why an item cannot be taken by a person, or null.
    private async Task<string?> WhyFullAsync(RroDbContext context, ReviewQueueEntity queue, ReviewItemEntity item, Reviewer reviewer, CancellationToken cancellationToken)
    {
        if (item.Complete)
        {
            return $"Item {item.Position + 1} has the {queue.RequiredAnswers} answer{(queue.RequiredAnswers == 1 ? "" : "s")} that it needs: someone else was first.";
        }

        var now = Now;
        var others = await context.Set<ReviewReservationEntity>().CountAsync(r => r.ItemKey == item.Key && r.ReviewerId != reviewer.Id && r.ExpiresTicks > now, cancellationToken).ConfigureAwait(false);
        return item.Answers + others < queue.RequiredAnswers ? null : $"Item {item.Position + 1} is in other hands, because your ten minutes for it were over or you never took it.";
    }

    private async Task HoldAsync(RroDbContext context, long itemId, Reviewer reviewer, CancellationToken cancellationToken)
    {
        var held = context.Set<ReviewReservationEntity>();
        var items = context.Set<ReviewItemEntity>();
        var queue = items.Where(i => i.Key == itemId).Select(i => i.QueueKey);
        await held.Where(r => r.ReviewerId == reviewer.Id && items.Any(i => i.Key == r.ItemKey && queue.Contains(i.QueueKey))).ExecuteDeleteAsync(cancellationToken).ConfigureAwait(false);
        context.Add(new ReviewReservationEntity { ItemKey = itemId, ReviewerId = reviewer.Id, ReviewerName = reviewer.Name, ExpiresTicks = Now + ReviewLimits.Hold.Ticks });
        await context.SaveChangesAsync(cancellationToken).ConfigureAwait(false);
    }

    private Task<int> ForgetExpiredAsync(RroDbContext context, int queueKey, CancellationToken cancellationToken)
    {
        var now = Now;
        return context.Set<ReviewReservationEntity>().Where(r => r.ExpiresTicks <= now && context.Set<ReviewItemEntity>().Any(i => i.Key == r.ItemKey && i.QueueKey == queueKey)).ExecuteDeleteAsync(cancellationToken);
    }

    private async Task<T> ChangeAsync<T>(Func<RroDbContext, Task<T>> change, CancellationToken cancellationToken)
    {
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            // Not deferred: SQLite takes the write lock now, and what is read below cannot change before it is written.
            var transaction = await context.Database.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
            await using (transaction.ConfigureAwait(false))
            {
                try
                {
                    var result = await change(context).ConfigureAwait(false);
                    await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
                    bell?.Ring();
                    return result;
                }
                catch (DbUpdateConcurrencyException)
                {
                    throw new ReviewConflictException("This item was changed by someone else at the same moment. Nothing was overwritten; read it again.");
                }
            }
        }
    }
}
