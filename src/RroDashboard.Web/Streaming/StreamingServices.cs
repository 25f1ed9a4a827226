using Microsoft.Extensions.DependencyInjection.Extensions;
using RroDashboard.Data;
using RroDashboard.Web.Api;
using RroDashboard.Web.Hosting;
using RroDashboard.Web.Hubs;

namespace RroDashboard.Web.Streaming;

/// <summary>Puts the live side and the queue into the web application.</summary>
public static class StreamingServices
{
    /// <summary>Path of <see cref="RunHub"/>.</summary>
    public const string HubPath = "/hubs/runs";

    /// <summary>Live feed, hub, and the health check of the database. Call it after <see cref="DataServices.AddRroData"/>.</summary>
    public static IServiceCollection AddRroStreaming(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<LiveFeed>();
        services.AddSingleton<ICommittedEvents>(provider => provider.GetRequiredService<LiveFeed>());
        services.AddHostedService(provider => provider.GetRequiredService<LiveFeed>());
        services.AddHostedService<RunBroadcaster>();
        services.AddSignalR(hub => hub.MaximumReceiveMessageSize = 16 * 1024)
            .AddJsonProtocol(json => RunEventJson.Apply(json.PayloadSerializerOptions));
        services.ConfigureHttpJsonOptions(json => RunEventJson.Apply(json.SerializerOptions));
        services.AddHealthChecks().AddCheck<DatabaseHealthCheck>("database");
        return services;
    }

    /// <summary>The queue of runs, last of all: it stops first, while its last facts can still be written. Needs an <see cref="ITrainingRunner"/>.</summary>
    public static IServiceCollection AddTrainingHost(this IServiceCollection services)
    {
        services.AddSingleton<TrainingHost>();
        services.AddHostedService(provider => provider.GetRequiredService<TrainingHost>());
        return services;
    }

    /// <summary>The hub.</summary>
    public static HubEndpointConventionBuilder MapRunHub(this IEndpointRouteBuilder endpoints) =>
        endpoints.MapHub<RunHub>(HubPath, connection => connection.CloseOnAuthenticationExpiration = true);
}
