using Microsoft.AspNetCore.SignalR;
using RroDashboard.Core.Events;
using RroDashboard.Data;
using RroDashboard.Web.Streaming;

namespace RroDashboard.Web.Hubs;

/// <summary>Changed rows of the list of runs.</summary>
/// <param name="Rows">As they are now.</param>
/// <param name="Removed">Ids that are gone.</param>
public sealed record RunsChanged(IReadOnlyList<RunListRow> Rows, IReadOnlyList<string> Removed);

/// <summary>
/// Sends frames to the hub's clients. A group is as slow as its slowest client; frames then wait in a bounded channel whose
/// oldest is dropped, and clients that see the hole ask for it.
/// </summary>
public sealed class RunBroadcaster(LiveFeed feed, IHubContext<RunHub> hub, RunQueries queries, TimeProvider time, ILogger<RunBroadcaster> logger) : BackgroundService
{
    /// <summary>Time between two messages about the list.</summary>
    public static readonly TimeSpan ListEvery = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly HashSet<string> _changed = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(SendFramesAsync(stoppingToken), SendListAsync(stoppingToken));

    private async Task SendFramesAsync(CancellationToken stoppingToken)
    {
        try
        {
            await foreach (var update in feed.Updates.ReadAllAsync(stoppingToken))
            {
                if (update.Frame is null || update.Frame.Progress is not null || update.Frame.State is not null || update.Events.Any(e => e is EvaluationFinished or BudgetReported))
                {
                    lock (_lock)
                    {
                        _changed.Add(update.RunId);
                    }
                }

                if (update.Frame is { } frame)
                {
                    try
                    {
                        await hub.Clients.Group(RunHub.GroupOf(frame.RunId)).SendAsync(RunHub.FrameMessage, frame, stoppingToken);
                    }
                    catch (Exception e) when (e is not OperationCanceledException)
                    {
                        logger.LogError(e, "A frame of run {RunId} could not be sent.", frame.RunId);
                    }
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Stopping.
        }
    }

    private async Task SendListAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(ListEvery, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                string[] changed;
                lock (_lock)
                {
                    changed = [.. _changed];
                    _changed.Clear();
                }

                if (changed.Length == 0)
                {
                    continue;
                }

                try
                {
                    var rows = await queries.FindAsync(changed, stoppingToken);
                    var removed = changed.Except(rows.Select(r => r.Id), StringComparer.Ordinal).ToArray();
                    await hub.Clients.Group(RunHub.ListGroup).SendAsync(RunHub.RunsMessage, new RunsChanged(rows, removed), stoppingToken);
                }
                catch (Exception e) when (e is not OperationCanceledException)
                {
                    logger.LogError(e, "Changes of the list of runs could not be sent.");
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Stopping.
        }
    }
}
