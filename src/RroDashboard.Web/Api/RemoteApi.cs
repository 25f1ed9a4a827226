using System.Net.Mime;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using RroDashboard.Core.Events;
using RroDashboard.Core.Plans;
using RroDashboard.Data;
using RroDashboard.Web.Authentication;
using RroDashboard.Web.Configuration;
using RroDashboard.Web.Hosting;

namespace RroDashboard.Web.Api;

/// <summary>
/// Runs of trainers elsewhere. A batch has a number and is taken once however often it comes: a trainer that got no answer sends it again. A
/// trainer can be written in any language; Api/client has one in Python.
/// </summary>
public static class RemoteApi
{
    /// <summary>Member of a refusal that names the number of the batch that is expected.</summary>
    public const string Expected = "expected";

    private const int MaxKey = 100;

    // Strict about what it reads: a member that is missing, unknown, double or of another kind is told, and not guessed.
    private static readonly JsonSerializerOptions s_json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Converters = { new JsonStringEnumConverter(namingPolicy: null, allowIntegerValues: false) },
        AllowDuplicateProperties = false,
        AllowOutOfOrderMetadataProperties = true,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        MaxDepth = RemoteLimits.ConfigDepth,
    };

    /// <summary>Adds the routes.</summary>
    public static IEndpointRouteBuilder MapRemoteApi(this IEndpointRouteBuilder routes)
    {
        var runs = routes.MapGroup("/api/v1/runs").RequireAuthorization(Policies.Operator).WithMetadata(new RequestSizeLimitAttribute(RemoteLimits.BodyBytes));
        runs.MapPost("/remote", BeginAsync).WithName("BeginRemoteRun").Accepts<NewRemoteRun>(MediaTypeNames.Application.Json)
            .WithSummary("Begins a run whose trainer is elsewhere; with an Idempotency-Key a repeated request gives the same run.");
        runs.MapPost("/{id}/batches", AppendAsync).WithName("AppendBatch").Accepts<RemoteBatch>(MediaTypeNames.Application.Json)
            .WithSummary("Takes a batch of events of a trainer elsewhere, once however often it comes. A missing number is refused with the one that is expected.");
        runs.MapPost("/{id}/heartbeat", HeardAsync).WithName("Heartbeat").WithSummary("Says that a trainer elsewhere lives. The answer says whether a person asked it to stop.");
        return routes;
    }

    private static async Task<Results<Created<RemoteRunResource>, ProblemHttpResult>> BeginAsync(
        HttpRequest http, RemoteRuns runs, AuditLog audit, CancellationToken cancellationToken)
    {
        try
        {
            var key = http.Headers[RunActionsApi.IdempotencyHeader].ToString();
            if (key.Length > MaxKey)
            {
                throw new RemoteException($"{RunActionsApi.IdempotencyHeader} has {key.Length} characters: at most {MaxKey} are allowed.");
            }

            var asked = await ReadAsync<NewRemoteRun>(http, cancellationToken);
            var (id, next, made) = await runs.BeginAsync(
                asked, key.Length > 0 ? $"remote-{http.HttpContext.User.Id()}-{key}" : Guid.NewGuid().ToString("N"), http.HttpContext.User.Owner(), cancellationToken);
            if (made)
            {
                await audit.AddAsync(http.HttpContext.User, "run.started", id, "by a trainer elsewhere");
            }

            return TypedResults.Created($"/api/v1/runs/{id}", new RemoteRunResource(id, next));
        }
        catch (Exception e) when (Refusal(http, e) is { } refusal)
        {
            return refusal;
        }
    }

    private static async Task<Results<Ok<RemoteAnswerResource>, NotFound, ProblemHttpResult>> AppendAsync(string id, HttpRequest http, RemoteRuns runs, CancellationToken cancellationToken)
    {
        try
        {
            var batch = await ReadAsync<RemoteBatch>(http, cancellationToken);
            if (batch.Number < 1)
            {
                throw new RemoteException($"Number {batch.Number} is not allowed: batches are numbered 1, 2, 3 and so on.");
            }

            if (batch.Events.Count is 0 or > RemoteLimits.BatchEvents)
            {
                throw new RemoteException($"The batch has {batch.Events.Count} events: 1 to {RemoteLimits.BatchEvents} are allowed. To say nothing but that the trainer lives, use the heartbeat.");
            }

            List<(string, RunEvent)> events = [.. batch.Events.Select(Event)];
            return await runs.AppendAsync(id, batch.Number, events, cancellationToken) is { } receipt ? Answer(batch.Number, receipt) : TypedResults.NotFound();
        }
        catch (Exception e) when (Refusal(http, e) is { } refusal)
        {
            return refusal;
        }
    }

    private static async Task<Results<Ok<RemoteAnswerResource>, NotFound, ProblemHttpResult>> HeardAsync(string id, HttpRequest http, RemoteRuns runs, CancellationToken cancellationToken)
    {
        try
        {
            return await runs.HeardAsync(id, cancellationToken) is { } receipt ? Answer(null, receipt) : TypedResults.NotFound();
        }
        catch (Exception e) when (Refusal(http, e) is { } refusal)
        {
            return refusal;
        }
    }

    private static Results<Ok<RemoteAnswerResource>, NotFound, ProblemHttpResult> Answer(long? number, RemoteReceipt receipt) => receipt.Answer switch
    {
        RemoteAnswer.Gone => TypedResults.NotFound(),
        RemoteAnswer.Gap => Conflict($"Batch {number} came where batch {receipt.Last + 1} is expected: nothing of it was taken. Send what is missing first, in order.", receipt),
        RemoteAnswer.Closed => Conflict($"The run is {receipt.State.ToString().ToLowerInvariant()}: nothing more is taken.", receipt),
        _ => TypedResults.Ok(new RemoteAnswerResource(receipt.Answer == RemoteAnswer.Taken, receipt.Last + 1, receipt.StopAsked, receipt.State)),
    };

    private static ProblemHttpResult Conflict(string sentence, RemoteReceipt receipt) => TypedResults.Problem(
        sentence, statusCode: StatusCodes.Status409Conflict,
        extensions: new Dictionary<string, object?> { [Expected] = receipt.Last + 1, ["state"] = receipt.State.ToString() });

    // Null for what is no refusal but a fault of ours.
    private static ProblemHttpResult? Refusal(HttpRequest http, Exception e)
    {
        switch (e)
        {
            case RemoteException or PlanException:
                return TypedResults.Problem(e.Message, statusCode: StatusCodes.Status400BadRequest);
            case RefusalException:
                return TypedResults.Problem(e.Message, statusCode: StatusCodes.Status409Conflict);
            case BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge }:
                return TypedResults.Problem($"The body is larger than {RemoteLimits.BodyBytes >> 20} MiB: send fewer events at a time.", statusCode: StatusCodes.Status413PayloadTooLarge);
            case IOException and not BadHttpRequestException:
                // The disk refuses, or the server stops: the same request can be sent again.
                http.HttpContext.Response.Headers.RetryAfter = "1";
                return TypedResults.Problem(e.Message, statusCode: StatusCodes.Status503ServiceUnavailable);
            default:
                return null;
        }
    }

    private static (string Kind, RunEvent Event) Event(JsonElement json, int index)
    {
        try
        {
            var happened = json.Deserialize<RunEvent>(s_json) ?? throw new JsonException("it is null");
            if (happened is RunFact fact && LedgerHash.Covers(fact))
            {
                // What cannot be written again could never be exported.
                LedgerHash.LineOf(fact);
            }

            return (EventKinds.Of(happened), happened);
        }
        catch (Exception e) when (e is JsonException or ArgumentException or NotSupportedException or InvalidOperationException)
        {
            throw new RemoteException($"Event {index + 1} of the batch is none that this program knows ({Told(e)}).");
        }
    }

    private static async Task<T> ReadAsync<T>(HttpRequest http, CancellationToken cancellationToken)
    {
        if (!http.HasJsonContentType())
        {
            throw new RemoteException("The body has to be application/json.");
        }

        try
        {
            return await JsonSerializer.DeserializeAsync<T>(http.Body, s_json, cancellationToken) ?? throw new RemoteException("The body is null: it has to be a JSON object.");
        }
        catch (Exception e) when (e is JsonException or ArgumentException or NotSupportedException or InvalidOperationException)
        {
            throw new RemoteException($"The body is not what is expected here ({Told(e)}).");
        }
    }

    private static string Told(Exception e) => Bundles.BundleReader.Shown(e.Message.TrimEnd('.').Replace("RroDashboard.Core.Events.", "", StringComparison.Ordinal), 300);
}

/// <summary>Events of a trainer elsewhere, taken whole or not at all. Numbers count from 1 without a gap.</summary>
public sealed record RemoteBatch(long Number, IReadOnlyList<JsonElement> Events);

/// <summary>The run that was begun, and the number of the batch that it expects.</summary>
public sealed record RemoteRunResource(string Id, long Next);

/// <summary>What became of a batch or heartbeat.</summary>
/// <param name="Taken">False for a batch that was taken before.</param>
/// <param name="Next">Number of the batch that is expected.</param>
/// <param name="Stop">A person asked the trainer to stop: it ends as it can, and says so with an end in state Stopped.</param>
/// <param name="State">Life of the run.</param>
public sealed record RemoteAnswerResource(bool Taken, long Next, bool Stop, RunState State);
