namespace RroDashboard.Web.Observability;

/// <summary>Something in which things wait, and that has a bound.</summary>
/// <param name="Name">As a label of a metric: lower case and underscores.</param>
/// <param name="Holds">What waits in it, in words.</param>
/// <param name="Bound">Most that may wait; null where the rule in <paramref name="WhenFull"/> bounds it.</param>
/// <param name="WhenFull">What happens then, in words.</param>
/// <param name="Now">How many wait; null where only the framework knows.</param>
/// <param name="Lost">Dropped or refused since the start, as <paramref name="WhenFull"/> says; null where nothing can be.</param>
public sealed record BufferState(string Name, string Holds, long? Bound, string WhenFull, long? Now, long? Lost);

/// <summary>Whoever lets things wait says so here; the page of the server and the monitors ask all that are registered.</summary>
public interface IBoundedBuffers
{
    /// <summary>Its buffers as they are now.</summary>
    ValueTask<IReadOnlyList<BufferState>> BuffersAsync(CancellationToken cancellationToken);
}

/// <summary>Registers those who let things wait.</summary>
public static class BoundedBuffers
{
    /// <summary>Asks a service that is registered already.</summary>
    public static IServiceCollection AddBuffers<T>(this IServiceCollection services)
        where T : class, IBoundedBuffers => services.AddSingleton<IBoundedBuffers>(provider => provider.GetRequiredService<T>());
}
