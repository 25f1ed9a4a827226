using System.Security.Claims;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Preferences;
using RroDashboard.Core.Statistics;
using RroDashboard.Data;
using RroDashboard.Web.Authentication;
using RroDashboard.Web.Components.Exploration;
using RroDashboard.Web.Configuration;
using RroDashboard.Web.Hosting;

namespace RroDashboard.Web.Api;

/// <summary>Versions of a run's pairs for scripts: made, undone, trained from, written and read as files. As on the pages, nothing is ever changed in place.</summary>
public static class PairSetsApi
{
    /// <summary>Decisions in one request.</summary>
    public const int MaxDecisions = 20_000;

    // A body is let through a little beyond the limit of files, so that a file that is too large gets the sentence that says so.
    private const int BodySlack = 64 << 10;

    /// <summary>Adds the routes.</summary>
    public static IEndpointRouteBuilder MapPairSetsApi(this IEndpointRouteBuilder routes)
    {
        var sets = routes.MapGroup("/api/v1/runs/{id}/pair-sets").RequireAuthorization();
        sets.MapGet("/", ListAsync).WithName("ListPairSets").WithSummary("Versions of the run's pairs, version 0 first, and the runs that learned from them.");
        sets.MapPost("/", AddAsync).RequireAuthorization(Policies.Reviewer).WithName("CreatePairSet").WithSummary("Makes a version out of another one by decisions on single pairs; the same decisions twice make no second version.");
        sets.MapGet("/{version:int}/decisions", DecisionsAsync).WithName("GetPairDecisions").WithSummary("What a version says of single pairs; the others are as the run made them.");
        sets.MapGet("/{version:int}/pairs.jsonl", FileAsync).WithName("GetPairSetFile").WithSummary("The pairs that a version trains on, for TRL; with ?tokens=true their exact token ids and weights too.");
        sets.MapGet("/{version:int}/summary", SummaryAsync).WithName("GetPairSetSummary").WithSummary("Count, size and SHA-256 of that file.");
        sets.MapPost("/{version:int}/import", ImportAsync).RequireAuthorization(Policies.Reviewer).WithName("ImportPairs").WithSummary("Adds the pairs of a TRL file (the request's body) to a version, which makes a new one.")
            .WithMetadata(new RequestSizeLimitAttribute(PairFiles.MaxBytes + BodySlack));
        sets.MapPost("/{version:int}/undo", UndoAsync).RequireAuthorization(Policies.Reviewer).WithName("UndoPairSet").WithSummary("Takes the last change of the current version back; the version is kept.");
        sets.MapPost("/{version:int}/current", ReturnAsync).RequireAuthorization(Policies.Reviewer).WithName("ReturnToPairSet").WithSummary("Goes back, or on, to a version: it is the current one from now on.");
        sets.MapPost("/{version:int}/train", TrainAsync).RequireAuthorization(Policies.Operator).WithName("TrainPairSet").WithSummary("Starts a run that learns from a version, from the SFT checkpoint; the same version is not trained twice.");
        sets.MapPost("/{version:int}/pairs/{pair:int}/try", TryAsync).RequireAuthorization(Policies.Reviewer).WithName("TryBetterAction").WithSummary("Executes an action that a person wrote at the step of a pair, values it, and where asked to adds the pair.");
        sets.MapGet("/{version:int}/queues/{queue}", PreviewAsync).WithName("PreviewQueueLabels").WithSummary("What the labels of a review queue would do to a version.");
        sets.MapPost("/{version:int}/queues/{queue}", ApplyAsync).RequireAuthorization(Policies.Reviewer).WithName("ApplyQueueLabels").WithSummary("Applies the labels of a review queue to a version, which makes a new one.");
        sets.MapGet("/{version:int}/effect", EffectAsync).WithName("GetPairSetEffect").WithSummary("Held-out reward of the runs that learned from a version against the same pairs without its decisions.");
        return routes;
    }

    private static async Task<Results<Ok<PairSetList>, NotFound>> ListAsync(string id, RunQueries queries, PairSetStore store, PairSetQueries sets, CancellationToken cancellationToken)
    {
        if (await queries.FindAsync(id, cancellationToken) is null)
        {
            return TypedResults.NotFound();
        }

        var versions = await store.ListAsync(id, cancellationToken);
        return TypedResults.Ok(new PairSetList(
            PairSetStore.Latest(versions), versions, [.. (await sets.TrainedAsync(id, cancellationToken)).Select(t => new TrainedRunResource(t.Run.Id, t.Version, t.Run.State.ToString()))]));
    }

    private static async Task<Results<Created<PairSetResource>, Ok<PairSetResource>, NotFound, ProblemHttpResult>> AddAsync(
        string id, NewPairSetRequest request, ClaimsPrincipal person, RunQueries queries, PairSetStore store, CancellationToken cancellationToken)
    {
        if (await queries.FindAsync(id, cancellationToken) is null)
        {
            return TypedResults.NotFound();
        }

        try
        {
            if (request.Decisions is not { Count: > 0 and <= MaxDecisions } decisions)
            {
                throw new PairSetException($"A request holds 1 to {MaxDecisions} decisions; this one holds {request.Decisions?.Count ?? 0}.");
            }

            // JSON may leave out or name null what the type says is there; an empty reason is refused with its length below.
            if (request.Why is null || decisions.Any(d => d is null))
            {
                throw new PairSetException("A request says why, in 'why', and none of its decisions is null.");
            }

            var (version, made) = await store.AddAsync(
                id, request.Parent, [.. decisions.Select(d => new PairEntry(d.Pair, d.Decision, d.Weight ?? 1, PairSource.Human, new PairProvenance("script", Short(request.Why), d.Answers)))],
                person.Author(), request.Why, cancellationToken);
            var resource = new PairSetResource(version, made);
            return made ? TypedResults.Created($"/api/v1/runs/{id}/pair-sets/{version.Number}/decisions", resource) : TypedResults.Ok(resource);
        }
        catch (PairSetException e)
        {
            return Refused(e);
        }
    }

    private static async Task<Results<Ok<IReadOnlyList<PairEntry>>, NotFound>> DecisionsAsync(string id, int version, PairSetStore store, CancellationToken cancellationToken) =>
        await store.EntriesAsync(id, version, cancellationToken) is { } entries ? TypedResults.Ok(entries) : TypedResults.NotFound();

    private static async Task<Results<PushStreamHttpResult, NotFound>> FileAsync(string id, int version, PairSetStore store, PairFiles files, CancellationToken cancellationToken, bool tokens = false) =>
        (await store.ListAsync(id, cancellationToken)).Any(v => v.Number == version)
            ? TypedResults.Stream(async stream => await files.WriteAsync(id, version, tokens, stream, cancellationToken), "application/jsonl; charset=utf-8", $"pairs-{id}-v{version}.jsonl")
            : TypedResults.NotFound();

    private static async Task<Results<Ok<PairExportSummary>, NotFound>> SummaryAsync(string id, int version, PairFiles files, CancellationToken cancellationToken, bool tokens = false) =>
        await files.WriteAsync(id, version, tokens, Stream.Null, cancellationToken) is { } summary ? TypedResults.Ok(summary) : TypedResults.NotFound();

    private static async Task<Results<Ok<PairImportResult>, NotFound, ProblemHttpResult>> ImportAsync(
        string id, int version, HttpRequest http, ClaimsPrincipal person, RunQueries queries, PairFiles files, CancellationToken cancellationToken, string name = "upload.jsonl")
    {
        if (await queries.FindAsync(id, cancellationToken) is null)
        {
            return TypedResults.NotFound();
        }

        try
        {
            return TypedResults.Ok(await files.ImportAsync(id, version, name, http.Body, person.Author(), cancellationToken));
        }
        catch (PairSetException e)
        {
            return Refused(e);
        }
    }

    private static async Task<Results<Ok<UndoneResource>, ProblemHttpResult>> UndoAsync(string id, int version, PairSetStore store, CancellationToken cancellationToken)
    {
        try
        {
            return TypedResults.Ok(new UndoneResource(await store.UndoAsync(id, version, cancellationToken)));
        }
        catch (PairSetException e)
        {
            return TypedResults.Problem(e.Message, statusCode: StatusCodes.Status409Conflict);
        }
    }

    private static async Task<Results<Ok<PairSetInfo>, NotFound, ProblemHttpResult>> ReturnAsync(
        string id, int version, ClaimsPrincipal person, RunQueries queries, PairSetStore store, CancellationToken cancellationToken)
    {
        if (await queries.FindAsync(id, cancellationToken) is null || (await store.ListAsync(id, cancellationToken)).All(v => v.Number != version))
        {
            return TypedResults.NotFound();
        }

        try
        {
            return TypedResults.Ok(await store.ReturnAsync(id, version, person.Author(), cancellationToken));
        }
        catch (PairSetException e)
        {
            return Refused(e);
        }
    }

    private static async Task<Results<Created<NewRunResource>, Ok<NewRunResource>, ProblemHttpResult>> TrainAsync(
        string id, int version, ClaimsPrincipal person, PairSetTrainer trainer, AuditLog audit, CancellationToken cancellationToken)
    {
        try
        {
            var (run, wasThere) = await trainer.TrainAsync(new PairsReference(id, version), person.Owner(), cancellationToken);
            if (!wasThere)
            {
                await audit.AddAsync(person, "run.started", run, $"by API, from version {version} of the pairs of {id}");
            }

            return wasThere ? TypedResults.Ok(new NewRunResource(run)) : TypedResults.Created($"/api/v1/runs/{run}", new NewRunResource(run));
        }
        catch (Exception e) when (e is PlanException or RefusalException)
        {
            return Refused(e);
        }
    }

    private static async Task<Results<Ok<WrittenResource>, ProblemHttpResult>> TryAsync(
        string id, int version, int pair, WrittenRequest request, ClaimsPrincipal person, WrittenActions actions, CancellationToken cancellationToken)
    {
        try
        {
            var written = await actions.TryAsync(id, version, pair, request.Action ?? "", cancellationToken);
            var added = request.Add ? await actions.AddAsync(id, version, pair, written, person.Author(), cancellationToken) : default;
            return TypedResults.Ok(new WrittenResource(written.Outcome.Observation, written.Outcome.Invalid, written.Outcome.Finished, written.Outcome.Value, written.NotValued, written.Same, added.Version));
        }
        catch (Exception e) when (e is PairSetException or PlanException)
        {
            return Refused(e);
        }
    }

    private static async Task<Results<Ok<QueuePreview>, ProblemHttpResult>> PreviewAsync(string id, int version, string queue, QueueLabels labels, CancellationToken cancellationToken)
    {
        try
        {
            return TypedResults.Ok(await labels.PreviewAsync(id, version, queue, cancellationToken));
        }
        catch (PairSetException e)
        {
            return Refused(e);
        }
    }

    private static async Task<Results<Ok<QueueApplied>, ProblemHttpResult>> ApplyAsync(string id, int version, string queue, ClaimsPrincipal person, QueueLabels labels, CancellationToken cancellationToken)
    {
        try
        {
            return TypedResults.Ok(await labels.ApplyAsync(id, version, queue, person.Author(), cancellationToken));
        }
        catch (PairSetException e)
        {
            return Refused(e);
        }
    }

    private static async Task<Results<Ok<IReadOnlyList<EffectResource>>, NotFound>> EffectAsync(string id, int version, RunQueries queries, VersionEffects effects, CancellationToken cancellationToken) =>
        await queries.FindAsync(id, cancellationToken) is { } run
            ? TypedResults.Ok<IReadOnlyList<EffectResource>>(
                [.. (await effects.ReadAsync(run, version, cancellationToken)).Effects.Select(e => new EffectResource(e.Run.Id, e.Baseline?.Id, e.Both?.Difference, e.Both?.Interval, e.Both?.Verdict.ToString(), e.Sentence))])
            : TypedResults.NotFound();

    /// <summary>Who asks, as versions name them.</summary>
    public static string Author(this ClaimsPrincipal person)
    {
        ArgumentNullException.ThrowIfNull(person);
        return person.Identity?.Name ?? "unknown";
    }

    private static string Short(string? text) => text is { Length: > 100 } ? text[..100] : text ?? "";

    private static ProblemHttpResult Refused(Exception e) => TypedResults.Problem(e.Message, statusCode: StatusCodes.Status400BadRequest);
}

/// <summary>Versions, the one that counts when none is named, and the runs that learned from them.</summary>
public sealed record PairSetList(int Latest, IReadOnlyList<PairSetInfo> Versions, IReadOnlyList<TrainedRunResource> Trained);

/// <summary>A run that learned from a version.</summary>
public sealed record TrainedRunResource(string Id, int Version, string State);

/// <summary>A decision on one pair.</summary>
public sealed record PairDecisionRequest(int Pair, PairDecision Decision, double? Weight, IReadOnlyList<string>? Answers);

/// <summary>Decisions on pairs, and why.</summary>
public sealed record NewPairSetRequest(int Parent, string Why, IReadOnlyList<PairDecisionRequest>? Decisions);

/// <summary>A version, and whether this request made it.</summary>
public sealed record PairSetResource(PairSetInfo Version, bool Made);

/// <summary>The version that counts after an undo.</summary>
public sealed record UndoneResource(int Latest);

/// <summary>An action that a person wrote, and whether its pair is to be added.</summary>
public sealed record WrittenRequest(string? Action, bool Add);

/// <summary>What came of it.</summary>
public sealed record WrittenResource(string Observation, bool Invalid, bool Finished, Core.Rewards.Estimate? Value, string? NotValued, bool SameEnvironment, PairSetInfo? Version);

/// <summary>Held-out reward of a run that learned from a version, minus that of the same pairs without its decisions: mean of greedy and T=1, paired by task.</summary>
public sealed record EffectResource(string Run, string? Baseline, double? Difference, Interval? Interval, string? Verdict, string Sentence);
