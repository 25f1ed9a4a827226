using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using RroDashboard.Core.Events;
using RroDashboard.Data;
using RroDashboard.Web.Authentication;
using RroDashboard.Web.Streaming;

namespace RroDashboard.Web.Api;

/// <summary>A run for scripts that follow it: facts after a number, points after a cursor, and both as they happen. Every page says where the next one begins.</summary>
public static class FollowApi
{
    /// <summary>Longest silence of a stream: proxies cut what is silent for longer.</summary>
    public static TimeSpan PingEvery { get; } = TimeSpan.FromSeconds(10);

    /// <summary>Longest cursor: a number for each of some three hundred series. The server takes no request line of more than 8 KiB.</summary>
    public const int MaxCursor = 6_000;

    /// <summary>Adds the routes.</summary>
    public static IEndpointRouteBuilder MapFollowApi(this IEndpointRouteBuilder routes)
    {
        var run = routes.MapGroup("/api/v1/runs/{id}").RequireAuthorization().AddEndpointFilter<EntityTags>();
        run.MapGet("/events", EventsAsync).WithName("GetEvents").WithSummary("Facts and log lines after a number, in order; kind= (several) chooses some.");
        run.MapGet("/events/stream", StreamAsync).WithName("StreamEvents").WithSummary("The same as server-sent events, as they are committed; Last-Event-ID continues.");
        run.MapGet("/ledger", (string id, ApiQueries queries, RunQueries runs, CancellationToken cancellationToken, long after = 0, int limit = 100) =>
            PageAsync(id, [Kind<StepDecided>()], after, limit, queries, runs, cancellationToken)).WithName("GetLedger").WithSummary("Decided steps after a number: what was accepted, and why.");
        run.MapGet("/candidates", (string id, ApiQueries queries, RunQueries runs, CancellationToken cancellationToken, long after = 0, int limit = 100) =>
            PageAsync(id, [Kind<CandidateScored>()], after, limit, queries, runs, cancellationToken)).WithName("GetCandidates").WithSummary("Candidates after a number, with their rollouts.");
        run.MapGet("/trajectories", (string id, ApiQueries queries, RunQueries runs, CancellationToken cancellationToken, long after = 0, int limit = 100) =>
            PageAsync(id, [Kind<TaskOpened>(), Kind<TaskFinished>(), Kind<TrajectoryKept>()], after, limit, queries, runs, cancellationToken))
            .WithName("GetTrajectories").WithSummary("Walks after a number: opened, finished, kept.");
        run.MapGet("/pairs", (string id, ApiQueries queries, RunQueries runs, CancellationToken cancellationToken, long after = 0, int limit = 100) =>
            PageAsync(id, [Kind<PairCreated>()], after, limit, queries, runs, cancellationToken)).WithName("GetPairs").WithSummary("Preference pairs after a number.");
        run.MapGet("/points", PointsAsync).WithName("GetPoints").WithSummary("Metric points of all series since a cursor: take 'next' of the answer for the next question.");
        return routes;
    }

    private static string Kind<T>()
        where T : RunEvent => EventKinds.Of<T>();

    private static Task<Results<Ok<EventPage>, NotFound>> EventsAsync(
        string id, ApiQueries queries, RunQueries runs, CancellationToken cancellationToken, [FromQuery] string[]? kind = null, long after = 0, int limit = 100) =>
        PageAsync(id, [.. (kind ?? []).Take(50)], after, limit, queries, runs, cancellationToken);

    private static async Task<Results<Ok<EventPage>, NotFound>> PageAsync(
        string id, IReadOnlyList<string> kinds, long after, int limit, ApiQueries queries, RunQueries runs, CancellationToken cancellationToken)
    {
        if (await runs.FindAsync(id, cancellationToken) is null)
        {
            return TypedResults.NotFound();
        }

        var events = await queries.EventsAsync(id, kinds, after, limit, cancellationToken);
        return TypedResults.Ok(new EventPage([.. events.Select(e => new EventResource(e.Seq, e.AtUtc, e.Event))], events.Count > 0 ? events[^1].Seq : after));
    }

    private static async Task<Results<Ok<PointPage>, NotFound, ProblemHttpResult>> PointsAsync(
        string id, ApiQueries queries, RunQueries runs, CancellationToken cancellationToken, string? cursor = null, int limit = 1000)
    {
        if (await runs.FindAsync(id, cancellationToken) is null)
        {
            return TypedResults.NotFound();
        }

        if (Cursor(cursor) is not { } known)
        {
            return TypedResults.Problem("The cursor is none of this server's: leave it out to begin at the beginning.", statusCode: StatusCodes.Status400BadRequest);
        }

        var points = await queries.PointsAsync(id, known, limit, cancellationToken);
        foreach (var point in points)
        {
            known[point.SeriesId] = point.Step;
        }

        return TypedResults.Ok(new PointPage([.. points.Select(p => new PointResource(p.Series, p.Step, p.Value))], CursorOf(known)));
    }

    private static async Task<Results<ServerSentEventsResult<RunEvent>, NotFound>> StreamAsync(
        string id, HttpContext http, ApiQueries queries, RunQueries runs, LiveFeed feed, Sessions sessions, IHostApplicationLifetime lifetime, CancellationToken cancellationToken, long after = 0)
    {
        if (await runs.FindAsync(id, cancellationToken) is null)
        {
            return TypedResults.NotFound();
        }

        if (long.TryParse(http.Request.Headers["Last-Event-ID"], out var last))
        {
            after = Math.Max(after, last);
        }

        return TypedResults.ServerSentEvents(FollowAsync(id, after, http, queries, runs, feed, sessions, lifetime));
    }

    private static async IAsyncEnumerable<SseItem<RunEvent>> FollowAsync(
        string id, long after, HttpContext http, ApiQueries queries, RunQueries runs, LiveFeed feed, Sessions sessions, IHostApplicationLifetime lifetime,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, http.RequestAborted, lifetime.ApplicationStopping);
        // Only that something happened is remembered; what, is read from the database, where nothing is missing.
        var news = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
        using var subscription = feed.Subscribe((run, _) =>
        {
            if (run == id)
            {
                news.Writer.TryWrite(true);
            }
        });

        while (await sessions.FindAsync(http.User, ends.Token) is not null)
        {
            var open = await runs.FindAsync(id, ends.Token) is { State: RunState.Queued or RunState.Running };
            var page = await queries.EventsAsync(id, [], after, ApiQueries.MaxRows, ends.Token);
            foreach (var happened in page)
            {
                after = happened.Seq;
                yield return new SseItem<RunEvent>(happened.Event, EventKinds.Of(happened.Event)) { EventId = after.ToString(System.Globalization.CultureInfo.InvariantCulture) };
            }

            if (page.Count < ApiQueries.MaxRows && !open)
            {
                // Nothing follows an end but notes; whoever wants them asks again. It was looked up before the page was read, so the end is in it.
                yield break;
            }

            if (page.Count < ApiQueries.MaxRows && !await WaitAsync(news.Reader, ends.Token))
            {
                yield return new SseItem<RunEvent>(new LogLine("debug", ""), "ping");
            }
        }
    }

    private static async Task<bool> WaitAsync(ChannelReader<bool> news, CancellationToken cancellationToken)
    {
        using var silence = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        silence.CancelAfter(PingEvery);
        try
        {
            return await news.ReadAsync(silence.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    // Known steps by series, as JSON in base64url: opaque for others, checked when it comes back.
    private static string CursorOf(Dictionary<int, long> known) => Convert.ToBase64String(JsonSerializer.SerializeToUtf8Bytes(known)).TrimEnd('=').Replace('+', '-').Replace('/', '_');

    private static Dictionary<int, long>? Cursor(string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return [];
        }

        if (text.Length > MaxCursor)
        {
            return null;
        }

        try
        {
            var base64 = text.Replace('-', '+').Replace('_', '/');
            return JsonSerializer.Deserialize<Dictionary<int, long>>(Encoding.UTF8.GetString(Convert.FromBase64String(base64.PadRight(base64.Length + ((4 - (base64.Length % 4)) % 4), '='))));
        }
        catch (Exception e) when (e is FormatException or JsonException)
        {
            return null;
        }
    }
}

/// <summary>Facts and log lines, and the number to ask after next.</summary>
public sealed record EventPage(IReadOnlyList<EventResource> Events, long Next);

/// <summary>One of them.</summary>
public sealed record EventResource(long Seq, DateTime AtUtc, RunEvent Event);

/// <summary>Metric points, and the cursor to ask with next.</summary>
public sealed record PointPage(IReadOnlyList<PointResource> Points, string Next);

/// <summary>One of them.</summary>
public sealed record PointResource(string Series, long Step, double Value);
