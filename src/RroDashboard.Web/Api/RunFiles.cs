using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Net.Http.Headers;
using RroDashboard.Core.Events;
using RroDashboard.Data;
using RroDashboard.Web.Hosting;
using RroDashboard.Web.Logs;

namespace RroDashboard.Web.Api;

/// <summary>Files of a checkpoint.</summary>
public enum CheckpointPart
{
    /// <summary>model.safetensors.</summary>
    Weights,

    /// <summary>config.json: sizes.</summary>
    Config,

    /// <summary>tokenizer.json: vocabulary.</summary>
    Tokenizer,
}

/// <summary>Downloads. Nothing of a request becomes part of a path: a number names a row, a word one of three files.</summary>
public static class RunFiles
{
    /// <summary>Adds the routes.</summary>
    public static IEndpointRouteBuilder MapRunFiles(this IEndpointRouteBuilder routes)
    {
        var runs = routes.MapGroup("/api/v1/runs").RequireAuthorization();
        runs.MapGet("/{id}/log.txt", LogAsync).WithName("GetLog").WithSummary("The whole log as text, oldest line first.");
        runs.MapGet("/{id}/checkpoints/{seq:long}/{part}", CheckpointAsync).WithName("GetCheckpointFile").WithSummary("A file of a checkpoint: weights, config or tokenizer.");
        return routes;
    }

    /// <summary>Name of a part's file.</summary>
    public static string FileName(CheckpointPart part) => part switch
    {
        CheckpointPart.Weights => "model.safetensors",
        CheckpointPart.Config => "config.json",
        _ => "tokenizer.json",
    };

    private static async Task<Results<PhysicalFileHttpResult, NotFound, ProblemHttpResult>> CheckpointAsync(
        string id, long seq, string part, RunQueries queries, LogQueries log, TrainingHost host, CancellationToken cancellationToken)
    {
        if (!Enum.TryParse<CheckpointPart>(part, ignoreCase: true, out var wanted) || !Enum.IsDefined(wanted)
            || await queries.FindAsync(id, cancellationToken) is not { } run || await log.FindAsync(run.Id, seq, cancellationToken) is not CheckpointSaved saved)
        {
            return TypedResults.NotFound();
        }

        var folder = host.CheckpointFolder(run.Id, saved);
        var file = Path.Combine(folder, FileName(wanted));
        return File.Exists(file)
            ? TypedResults.PhysicalFile(
                file,
                "application/octet-stream",
                $"{run.Id}-{Path.GetFileName(saved.Folder)}-{FileName(wanted)}",
                entityTag: wanted == CheckpointPart.Weights ? new EntityTagHeaderValue($"\"{saved.Sha256}\"") : null,
                enableRangeProcessing: true)
            : TypedResults.Problem($"The checkpoint's folder '{saved.Folder}' holds no {FileName(wanted)} any more: it was removed or replaced on disk.", statusCode: StatusCodes.Status410Gone);
    }

    private static async Task<Results<PushStreamHttpResult, NotFound>> LogAsync(string id, RunQueries queries, LogQueries log, CancellationToken cancellationToken)
    {
        if (await queries.FindAsync(id, cancellationToken) is not { } run)
        {
            return TypedResults.NotFound();
        }

        return TypedResults.Stream(
            async stream =>
            {
                await using var writer = new StreamWriter(stream, leaveOpen: true);
                // In pages from the beginning: a log can be larger than memory.
                for (var after = 0L; ;)
                {
                    var events = await log.AfterAsync(run.Id, after, LogQueries.MaxEvents, cancellationToken);
                    foreach (var row in events.Select(RunLog.Row).OfType<LogRow>())
                    {
                        await writer.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{row.AtUtc:O} {row.Level,-7} {row.Text}").AsMemory(), cancellationToken);
                    }

                    if (events.Count < LogQueries.MaxEvents)
                    {
                        return;
                    }

                    after = events[^1].Seq;
                }
            },
            "text/plain; charset=utf-8",
            $"{run.Id}.log");
    }
}
