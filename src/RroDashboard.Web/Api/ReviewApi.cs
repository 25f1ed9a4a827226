using Microsoft.AspNetCore.Http.HttpResults;
using RroDashboard.Core.Review;
using RroDashboard.Data;
using RroDashboard.Data.Entities;
using RroDashboard.Web.Authentication;
using RroDashboard.Web.Review;

namespace RroDashboard.Web.Api;

/// <summary>
/// Review queues for scripts, by the same rules as the pages: an item is handed out before it is answered, answers name the version that they were made on,
/// a second answer to one item gets 409, and nobody reads others' answers to an item that is not complete.
/// </summary>
public static class ReviewApi
{
    /// <summary>Adds the routes.</summary>
    public static IEndpointRouteBuilder MapReviewApi(this IEndpointRouteBuilder routes)
    {
        var queues = routes.MapGroup("/api/v1/review/queues").RequireAuthorization().AddEndpointFilter(TellAsync);
        queues.MapGet("/", ListAsync).WithName("ListReviewQueues").WithSummary("Review queues, of one run or all, newest first.");
        queues.MapPost("/", CreateAsync).RequireAuthorization(Policies.Operator).WithName("CreateReviewQueue").WithSummary("Makes a queue of a run; with an Idempotency-Key a repeated request makes no second one.");
        var queue = queues.MapGroup("/{id}");
        queue.MapGet("/", FindAsync).WithName("GetReviewQueue").WithSummary("One queue with its progress.");
        queue.MapPost("/next", NextAsync).RequireAuthorization(Policies.Reviewer).WithName("NextReviewItem").WithSummary("Hands out an item and holds it for ten minutes; 204 when nothing is left for you.");
        queue.MapGet("/items/{item:long}", ItemAsync).WithName("GetReviewItem").WithSummary("An item as you may see it.");
        queue.MapPost("/items/{item:long}/hold", HoldAsync).RequireAuthorization(Policies.Reviewer).WithName("HoldReviewItem").WithSummary("Holds an item for ten more minutes; 409 when it is in other hands.");
        queue.MapPut("/items/{item:long}/draft", DraftAsync).RequireAuthorization(Policies.Reviewer).WithName("DraftReviewItem").WithSummary("Keeps what you have said so far.");
        queue.MapPost("/items/{item:long}/answer", AnswerAsync).RequireAuthorization(Policies.Reviewer).WithName("AnswerReviewItem").WithSummary("Gives your answer; 409 when it was given before or others were first.");
        queue.MapPost("/items/{item:long}/skip", SkipAsync).RequireAuthorization(Policies.Reviewer).WithName("SkipReviewItem").WithSummary("Leaves an item to others.");
        queue.MapPost("/items/{item:long}/adjudicate", AdjudicateAsync).RequireAuthorization(Policies.Operator).WithName("AdjudicateReviewItem").WithSummary("Decides a complete item on which answers disagree, in your name.");
        queue.MapPost("/undo", UndoAsync).RequireAuthorization(Policies.Reviewer).WithName("UndoReviewAnswer").WithSummary("Takes your own last answer of the queue back.");
        queue.MapGet("/conflicts", ConflictsAsync).WithName("ListReviewConflicts").WithSummary("Complete items on which answers disagree.");
        queue.MapGet("/agreement", AgreementAsync).WithName("GetReviewAgreement").WithSummary("Agreement of people with each other and with the process reward.");
        queue.MapGet("/decisions", DecisionsAsync).WithName("GetReviewDecisions").WithSummary("What the complete items say for training.");
        queue.MapGet("/labels.jsonl", LinesAsync).WithName("GetReviewLabels").WithSummary("Labels, one JSON object a line.");
        queue.MapGet("/labels.csv", CsvAsync).WithName("GetReviewLabelsCsv").WithSummary("Labels as a table.");
        queue.MapPost("/labels", ImportAsync).RequireAuthorization(Policies.Operator).WithName("ImportReviewLabels").WithSummary("Takes in labels in the form of the export, each by its key once.");
        return routes;
    }

    // What the data side refuses, as a status with its sentence.
    private static async ValueTask<object?> TellAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        try
        {
            return await next(context);
        }
        catch (ReviewConflictException e)
        {
            return TypedResults.Problem(e.Message, statusCode: StatusCodes.Status409Conflict);
        }
        catch (ReviewRefusedException e)
        {
            return TypedResults.Problem(e.Message, statusCode: e is ReviewMissingException ? StatusCodes.Status404NotFound : StatusCodes.Status400BadRequest);
        }
    }

    private static async Task<Ok<IReadOnlyList<ReviewQueue>>> ListAsync(ReviewQueries queries, CancellationToken cancellationToken, string? run = null) =>
        TypedResults.Ok(await queries.QueuesAsync(run, cancellationToken));

    private static async Task<Results<Created<NewQueueResource>, ProblemHttpResult>> CreateAsync(NewQueueRequest request, HttpContext http, ReviewDesk desk, CancellationToken cancellationToken)
    {
        var key = http.Request.Headers[RunActionsApi.IdempotencyHeader].ToString();
        if (key.Length > 100)
        {
            throw new ReviewRefusedException($"{RunActionsApi.IdempotencyHeader} has {key.Length} characters: at most 100 are allowed.");
        }

        var id = await desk.CreateAsync(
            new NewReviewQueue(
                request.RunId ?? "", request.Kind, request.Title ?? "", request.Guidelines ?? "", request.Questions, request.RequiredAnswers ?? 1, request.Order ?? ReviewOrder.Useful,
                request.ControlShare ?? ReviewLimits.ControlShare, request.Seed ?? 0, request.MaxItems ?? 200),
            CurrentReviewer.Of(http.User), key.Length > 0 ? $"api-{CurrentReviewer.Of(http.User).Id}-{key}" : Guid.NewGuid().ToString("N"), cancellationToken);
        return TypedResults.Created($"/api/v1/review/queues/{id}", new NewQueueResource(id));
    }

    private static async Task<Results<Ok<ReviewQueue>, NotFound>> FindAsync(string id, ReviewQueries queries, CancellationToken cancellationToken) =>
        await queries.QueueAsync(id, cancellationToken) is { } queue ? TypedResults.Ok(queue) : TypedResults.NotFound();

    private static async Task<Results<Ok<ItemResource>, NoContent, NotFound>> NextAsync(string id, HttpContext http, ReviewStore store, ReviewQueries queries, ReviewDesk desk, CancellationToken cancellationToken) =>
        await store.NextAsync(id, CurrentReviewer.Of(http.User), cancellationToken) is not { } next
            ? TypedResults.NoContent()
            : await ReadAsync(id, next, http, queries, desk, cancellationToken) is { } item ? TypedResults.Ok(item) : TypedResults.NotFound();

    private static async Task<Results<Ok<ItemResource>, NotFound>> ItemAsync(string id, long item, HttpContext http, ReviewQueries queries, ReviewDesk desk, CancellationToken cancellationToken) =>
        await ReadAsync(id, item, http, queries, desk, cancellationToken) is { } read ? TypedResults.Ok(read) : TypedResults.NotFound();

    private static async Task<Results<NoContent, ProblemHttpResult>> HoldAsync(string id, long item, HttpContext http, ReviewStore store, CancellationToken cancellationToken) =>
        await store.HoldAsync(id, item, CurrentReviewer.Of(http.User), cancellationToken)
            ? TypedResults.NoContent()
            : TypedResults.Problem("The item is in other hands, or complete, or you have answered it.", statusCode: StatusCodes.Status409Conflict);

    private static async Task<Ok<VersionResource>> DraftAsync(string id, long item, AnswerRequest answer, HttpContext http, ReviewStore store, ReviewQueries queries, CancellationToken cancellationToken) =>
        TypedResults.Ok(new VersionResource(await store.DraftAsync(
            id, item, CurrentReviewer.Of(http.User), await ContentAsync(id, item, answer, http, queries, cancellationToken), answer.Version, answer.Seconds ?? 0, "api", cancellationToken)));

    private static async Task<Ok<VersionResource>> AnswerAsync(string id, long item, AnswerRequest answer, HttpContext http, ReviewStore store, ReviewQueries queries, CancellationToken cancellationToken) =>
        TypedResults.Ok(new VersionResource(await store.SubmitAsync(
            id, item, CurrentReviewer.Of(http.User), await ContentAsync(id, item, answer, http, queries, cancellationToken), answer.Version, answer.Seconds ?? 0, "api", cancellationToken)));

    private static async Task<Ok<VersionResource>> SkipAsync(string id, long item, AnswerRequest answer, HttpContext http, ReviewStore store, ReviewQueries queries, CancellationToken cancellationToken) =>
        TypedResults.Ok(new VersionResource(await store.SkipAsync(
            id, item, CurrentReviewer.Of(http.User), await ContentAsync(id, item, answer, http, queries, cancellationToken), answer.Version, answer.Seconds ?? 0, "api", cancellationToken)));

    private static async Task<NoContent> AdjudicateAsync(string id, long item, AnswerRequest answer, HttpContext http, ReviewStore store, ReviewQueries queries, CancellationToken cancellationToken)
    {
        var content = await ContentAsync(id, item, answer, http, queries, cancellationToken);
        await store.AdjudicateAsync(id, item, CurrentReviewer.Of(http.User), [.. content.Values.Select(v => v ?? -1)], content.Note, cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<Results<Ok<ItemResource>, NoContent, NotFound>> UndoAsync(string id, HttpContext http, ReviewStore store, ReviewQueries queries, ReviewDesk desk, CancellationToken cancellationToken) =>
        await store.UndoAsync(id, CurrentReviewer.Of(http.User), cancellationToken) is not { } undone
            ? TypedResults.NoContent()
            : await ReadAsync(id, undone, http, queries, desk, cancellationToken) is { } item ? TypedResults.Ok(item) : TypedResults.NotFound();

    private static async Task<Ok<IEnumerable<ItemResource>>> ConflictsAsync(string id, HttpContext http, ReviewQueries queries, CancellationToken cancellationToken)
    {
        var queue = await QueueAsync(id, queries, cancellationToken);
        return TypedResults.Ok((await queries.ConflictsAsync(id, CurrentReviewer.Of(http.User), cancellationToken)).Select(i => ItemResource.Of(queue, i, null)));
    }

    private static async Task<Ok<AgreementResource>> AgreementAsync(string id, ReviewQueries queries, ReviewDesk desk, CancellationToken cancellationToken)
    {
        var (all, controls, ordered, labels) = await desk.AgreementAsync(await QueueAsync(id, queries, cancellationToken), cancellationToken);
        return TypedResults.Ok(new AgreementResource(labels, all, controls, ordered));
    }

    private static async Task<Ok<QueueDecisions>> DecisionsAsync(string id, ReviewDecisions decisions, CancellationToken cancellationToken) =>
        TypedResults.Ok(await decisions.OfQueueAsync(id, cancellationToken));

    private static async Task<ContentHttpResult> LinesAsync(string id, HttpContext http, ReviewQueries queries, ReviewLabelFile file, CancellationToken cancellationToken)
    {
        // The queue's own id: a request's value in a header could be anything.
        var queue = await QueueAsync(id, queries, cancellationToken);
        http.Response.Headers.ContentDisposition = $"attachment; filename=labels-{queue.Id}.jsonl";
        return TypedResults.Text(await file.JsonLinesAsync(queue, CurrentReviewer.Of(http.User), cancellationToken), "application/jsonl; charset=utf-8");
    }

    private static async Task<ContentHttpResult> CsvAsync(string id, HttpContext http, ReviewQueries queries, ReviewLabelFile file, CancellationToken cancellationToken)
    {
        // The queue's own id: a request's value in a header could be anything.
        var queue = await QueueAsync(id, queries, cancellationToken);
        http.Response.Headers.ContentDisposition = $"attachment; filename=labels-{queue.Id}.csv";
        return TypedResults.Text(await file.CsvAsync(queue, CurrentReviewer.Of(http.User), cancellationToken), "text/csv; charset=utf-8");
    }

    private static async Task<Ok<LabelImport>> ImportAsync(string id, HttpContext http, ReviewQueries queries, ReviewLabelFile file, CancellationToken cancellationToken)
    {
        var queue = await QueueAsync(id, queries, cancellationToken);
        if (http.Request.ContentLength is not { } length || length > ReviewLabelFile.MaxBytes)
        {
            throw new ReviewRefusedException($"An import names its length and has at most {ReviewLabelFile.MaxBytes} bytes.");
        }

        using var lines = new StreamReader(http.Request.Body);
        return TypedResults.Ok(await file.ImportAsync(queue, lines, cancellationToken));
    }

    private static async Task<ReviewQueue> QueueAsync(string id, ReviewQueries queries, CancellationToken cancellationToken) =>
        await queries.QueueAsync(id, cancellationToken) ?? throw new ReviewMissingException($"There is no review queue '{id}'.");

    private static async Task<ItemResource?> ReadAsync(string id, long item, HttpContext http, ReviewQueries queries, ReviewDesk desk, CancellationToken cancellationToken)
    {
        var queue = await QueueAsync(id, queries, cancellationToken);
        return await queries.ItemAsync(id, item, CurrentReviewer.Of(http.User), cancellationToken) is { } read ? ItemResource.Of(queue, read, await desk.SheetAsync(queue, read, cancellationToken)) : null;
    }

    // Letters are those that this person was shown.
    private static async Task<ReviewContent> ContentAsync(string id, long item, AnswerRequest answer, HttpContext http, ReviewQueries queries, CancellationToken cancellationToken)
    {
        var queue = await QueueAsync(id, queries, cancellationToken);
        var read = await queries.ItemAsync(id, item, CurrentReviewer.Of(http.User), cancellationToken) ?? throw new ReviewMissingException($"There is no item {item} in queue '{id}'.");
        if (queue.Kind == ReviewKind.Score)
        {
            return new ReviewContent(answer.Scores ?? [], answer.Note ?? "", answer.BetterAction ?? "");
        }

        int? value = string.IsNullOrEmpty(answer.Answer)
            ? null
            : ReviewLetters.Read(queue.Kind, answer.Answer, read.ChosenIsB) ?? throw new ReviewRefusedException($"Answer = '{answer.Answer}' is not allowed: {ReviewLetters.Allowed(queue.Kind)}.");
        return new ReviewContent([value], answer.Note ?? "", answer.BetterAction ?? "");
    }
}

/// <summary>A queue to be made.</summary>
public sealed record NewQueueRequest(
    string? RunId, ReviewKind Kind, string? Title, string? Guidelines = null, IReadOnlyList<string>? Questions = null, int? RequiredAnswers = null, ReviewOrder? Order = null,
    double? ControlShare = null, long? Seed = null, int? MaxItems = null);

/// <summary>The queue that was made.</summary>
public sealed record NewQueueResource(string Id);

/// <summary>An answer: A, B, equal or both bad; or accept, flip or discard; or one score per question; with the version of your answer that it was made on.</summary>
public sealed record AnswerRequest(int Version, string? Answer = null, IReadOnlyList<int?>? Scores = null, string? Note = null, string? BetterAction = null, double? Seconds = null);

/// <summary>Version of your answer now.</summary>
public sealed record VersionResource(int Version);

/// <summary>Agreement in the complete items of a queue.</summary>
public sealed record AgreementResource(int Labels, ReviewAgreement All, ReviewAgreement Controls, ReviewAgreement Ordered);

/// <summary>Somebody's answer.</summary>
public sealed record AnswerResource(long Id, string Reviewer, string State, string? Answer, IReadOnlyList<int?>? Scores, string Note, string BetterAction, double Seconds, DateTime? DoneUtc, string Source);

/// <summary>An item as one person may see it: which pair it is, and so what the model prefers, only after their answer.</summary>
public sealed record ItemResource(
    long Id, int Number, int? Pair, int Task, int Step, int Version, DateTime? HeldUntilUtc, bool Complete, string? Instruction, string? History, IReadOnlyList<ReviewSide>? Sides, AnswerResource? Own,
    IReadOnlyList<AnswerResource> Answers, string? DecidedBy)
{
    internal static ItemResource Of(ReviewQueue queue, ReviewItem item, ReviewSheet? sheet) => new(
        item.Id, item.Position + 1, item.MayBeTold || item.Complete || queue.Kind == ReviewKind.Verdict ? item.PairIndex : null, item.Task, item.Step, item.Version, item.HeldUntilUtc, item.Complete,
        sheet?.Instruction, sheet?.History, sheet?.Sides, item.Own is { } own ? Answer(queue, item, own) : null, [.. item.Answers.Select(a => Answer(queue, item, a))], item.Final?.By);

    private static AnswerResource Answer(ReviewQueue queue, ReviewItem item, ReviewAnswer answer) => new(
        answer.Id, answer.Reviewer.Name, answer.State.ToString(),
        queue.Kind != ReviewKind.Score && answer.Content.Values.Count > 0 && answer.Content.Values[0] is { } value ? ReviewLetters.Word(queue.Kind, value, item.ChosenIsB) : null,
        queue.Kind == ReviewKind.Score ? answer.Content.Values : null, answer.Content.Note, answer.Content.BetterAction, answer.Seconds, answer.DoneUtc, answer.Source);
}
