using Microsoft.AspNetCore.SignalR;

namespace RroDashboard.Web.Hubs;

/// <summary>
/// Says in the log what comes of hub calls that come to nothing, in place of the framework, which writes an error with its stack for each: a hub is open to
/// strangers, and whoever calls wrongly all day must not fill the log. A refusal is one line, at most once in <see cref="Every"/> for each hub; a failure of
/// ours is an error with its stack, at most once in it for each method and kind of exception, so that none hides another. Both say how many were left out.
/// </summary>
public sealed class HubRefusals(TimeProvider time, ILogger<HubRefusals> logger) : IHubFilter
{
    private readonly Lock _lock = new();

    // One entry for each hub, and for each of its methods and the exceptions in it: those of the program, no caller can add any.
    private readonly Dictionary<(Type Hub, string Method, Type? Failure), (DateTimeOffset Next, long LeftOut)> _said = [];

    /// <summary>Shortest time between two lines of a kind.</summary>
    public static TimeSpan Every { get; } = TimeSpan.FromMinutes(1);

    /// <inheritdoc/>
    public async ValueTask<object?> InvokeMethodAsync(HubInvocationContext invocationContext, Func<HubInvocationContext, ValueTask<object?>> next)
    {
        ArgumentNullException.ThrowIfNull(invocationContext);
        ArgumentNullException.ThrowIfNull(next);
        try
        {
            return await next(invocationContext);
        }
        catch (HubException e)
        {
            // The words are ours; what the caller sent is not in them.
            if (Take((invocationContext.Hub.GetType(), "", null)) is { } leftOut)
            {
                logger.LogWarning("{Hub}.{Method} was refused: {Reason}. {LeftOut} more refusals since the last line like this", Name(invocationContext), invocationContext.HubMethodName, e.Message.TrimEnd('.'), leftOut);
            }

            throw;
        }
        catch (OperationCanceledException) when (invocationContext.Context.ConnectionAborted.IsCancellationRequested)
        {
            // Whoever asked is gone.
            throw;
        }
        catch (Exception e)
        {
            if (Take((invocationContext.Hub.GetType(), invocationContext.HubMethodName, e.GetType())) is { } leftOut)
            {
                logger.LogError(e, "{Hub}.{Method} failed. {LeftOut} more failures since the last line like this", Name(invocationContext), invocationContext.HubMethodName, leftOut);
            }

            throw;
        }
    }

    private static string Name(HubInvocationContext context) => context.Hub.GetType().Name;

    // How many were left out before this one; null when this one is.
    private long? Take((Type Hub, string Method, Type? Failure) key)
    {
        var now = time.GetUtcNow();
        lock (_lock)
        {
            var (next, leftOut) = _said.GetValueOrDefault(key);
            _said[key] = now < next ? (next, leftOut + 1) : (now + Every, 0);
            return now < next ? null : leftOut;
        }
    }
}
