using System.Collections.Concurrent;
using Microsoft.AspNetCore.SignalR;
using RroDashboard.Data;

namespace RroDashboard.Web.Authentication;

/// <summary>Ends the hub connections of sessions that are over. Someone who was never signed in has none to lose; what they may follow is their hub's business.</summary>
public sealed class HubSessions(Sessions sessions, AccountStore accounts, ILogger<HubSessions> logger) : BackgroundService, IHubFilter
{
    private readonly ConcurrentDictionary<string, HubCallerContext> _open = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _changed = new(0);

    /// <summary>How many are open.</summary>
    public int Count => _open.Count;

    /// <inheritdoc/>
    public async Task OnConnectedAsync(HubLifetimeContext context, Func<HubLifetimeContext, Task> next)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(next);
        // Circuits are hub connections too; they look after themselves, and tell their page.
        if (context.Context.User?.Identity?.IsAuthenticated == true && context.Hub.GetType().Assembly == typeof(HubSessions).Assembly)
        {
            _open[context.Context.ConnectionId] = context.Context;
        }

        await next(context);
    }

    /// <inheritdoc/>
    public Task OnDisconnectedAsync(HubLifetimeContext context, Exception? exception, Func<HubLifetimeContext, Exception?, Task> next)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(next);
        _open.TryRemove(context.Context.ConnectionId, out _);
        return next(context, exception);
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _changed.Dispose();
        base.Dispose();
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var subscription = accounts.Subscribe(_ => _changed.Release());
        try
        {
            while (true)
            {
                // At once when this process changed an account, and now and then in any case.
                await _changed.WaitAsync(Sessions.Late, stoppingToken);
                try
                {
                    foreach (var connection in _open.Values)
                    {
                        if (await sessions.FindAsync(connection.User!, stoppingToken) is null)
                        {
                            connection.Abort();
                        }
                    }
                }
                catch (Exception e) when (e is not OperationCanceledException)
                {
                    // A busy or full disk must not end the server and the run in it; the next look tries again.
                    logger.LogError(e, "Whether open connections may stay could not be looked up");
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The server stops, and its connections with it.
        }
    }
}
