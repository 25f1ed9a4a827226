using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.Options;
using Radzen;
using RroDashboard.Core.Plans;
using RroDashboard.Data;
using RroDashboard.Web.Api;
using RroDashboard.Web.Authentication;
using RroDashboard.Web.Bundles;
using RroDashboard.Web.Components;
using RroDashboard.Web.Configuration;
using RroDashboard.Web.Hosting;
using RroDashboard.Web.Hubs;
using RroDashboard.Web.Logs;
using RroDashboard.Web.Navigation;
using RroDashboard.Web.Observability;
using RroDashboard.Web.Reports;
using RroDashboard.Web.Security;
using RroDashboard.Web.Sharing;
using RroDashboard.Web.Streaming;

namespace RroDashboard.Web;

/// <summary>
/// The server: everything that is registered and mapped, in one place. <see cref="CommandLine.ServeCommand"/> runs it; tests start the
/// same one on a free port with an empty data folder.
/// </summary>
public sealed class RroWebApplication : IAsyncDisposable
{
    private readonly DashboardOptions _options;

    /// <summary>Builds the server; nothing listens yet.</summary>
    /// <param name="options">Checked here.</param>
    /// <param name="configure">Changes to the services, for tests.</param>
    /// <exception cref="RefusalException">An option is wrong or the data folder cannot be written.</exception>
    public RroWebApplication(DashboardOptions options, Action<IServiceCollection>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        options.PrepareDataFolder();
        _options = options;

        var builder = WebApplication.CreateBuilder(new WebApplicationOptions
        {
            // By name, so that the static files are found when a test process hosts the server.
            ApplicationName = typeof(RroWebApplication).Assembly.GetName().Name,
            ContentRootPath = AppContext.BaseDirectory,
        });
        builder.WebHost.UseStaticWebAssets();
        builder.WebHost.UseUrls(options.Url);
        RefuseOtherAddresses(builder.Configuration);
        ProxyConnections.RefuseBlindTrust(builder.Configuration);
        var proxy = options.Proxy ?? ProxyOptions.Read(builder.Configuration);
        proxy.Validate();
        builder.Configuration["AllowedHosts"] = options.UnsafePlainHttp && proxy.Hosts.Count == 0 ? "*" : string.Join(';', ["localhost", "127.0.0.1", "[::1]", .. proxy.Hosts]);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.AddServerHeader = false);

        builder.Logging.ClearProviders().AddSimpleConsole(console => console.SingleLine = true);
        builder.Services.AddSingleton<IPostConfigureOptions<LoggerFilterOptions>, FrameworkLogs>();

        builder.Services.AddSingleton(proxy).AddSingleton(options.Telemetry ?? TelemetryOptions.Read(builder.Configuration));
        AddServices(builder.Services, options);
        configure?.Invoke(builder.Services);
        App = builder.Build();
        Map(App);
    }

    /// <summary>The ASP.NET application.</summary>
    public WebApplication App { get; }

    /// <summary>Address the server listens on; only after <see cref="StartAsync"/>.</summary>
    public string Url => App.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();

    /// <summary>Starts listening.</summary>
    /// <exception cref="RefusalException">The port is taken, or the address is not of this machine.</exception>
    public async Task StartAsync(CancellationToken cancellation = default)
    {
        try
        {
            await App.Services.MigrateRroDataAsync(cancellation);
            await App.StartAsync(cancellation);
        }
        catch (DataFolderInUseException e)
        {
            throw new RefusalException(e.Message);
        }
        catch (IOException e) when (e.InnerException is Microsoft.AspNetCore.Connections.AddressInUseException)
        {
            throw new RefusalException($"{_options.Url} is in use by another program, perhaps by another dashboard: choose another port with --url.");
        }
        catch (SocketException e)
        {
            throw new RefusalException($"{_options.Url} cannot be listened on ({e.Message.TrimEnd('.')}): choose another address with --url.");
        }

        await File.WriteAllTextAsync(UrlFile(_options.DataFolder), Url, cancellation);
        await StartDemoAsync(cancellation);
    }

    /// <summary>A new sign-in link of this server.</summary>
    public string CreateSignInLink() =>
        RroUrls.SignInLink(Url, App.Services.GetRequiredService<SignInLinks>().Create(_options.SignInLinkLifetime));

    /// <summary>File in which a server says where it listens, for the command <c>link</c>.</summary>
    public static string UrlFile(string dataFolder) => Path.Combine(dataFolder, "server-url");

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => App.DisposeAsync();

    // Someone who starts the program for the first time sees a page that moves.
    private async Task StartDemoAsync(CancellationToken cancellation)
    {
        if (_options.StartDemo && App.Services.GetService<IRunBoard>() is { WhyNoRun: null } board
            && (await board.ListAsync(0, 1, cancellation)).Total == 0)
        {
            await board.EnqueueAsync(Presets.Create("demo"), "first-demo", cancellation);
        }
    }

    private static void AddServices(IServiceCollection services, DashboardOptions options)
    {
        services.AddSingleton(options);
        services.AddSingleton(TimeProvider.System);

        // Keys of cookies and forms live with the data, in the folder that only the user can read.
        services.AddDataProtection().SetApplicationName("RroDashboard")
            .PersistKeysToFileSystem(new DirectoryInfo(Path.Combine(options.DataFolder, "keys")));
        services.AddSignIn(options);
        services.AddApiManners(options);
        services.AddOpenApi("v1");
        services.AddAntiforgery(antiforgery =>
        {
            antiforgery.Cookie.Name = "rro-form";
            antiforgery.Cookie.SameSite = SameSiteMode.Strict;
            antiforgery.Cookie.HttpOnly = true;
            antiforgery.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
        });
        services.AddScoped<Microsoft.AspNetCore.Components.Authorization.AuthenticationStateProvider, CircuitSession>();
        services.AddRazorComponents().AddInteractiveServerComponents(circuits =>
        {
            circuits.DisconnectedCircuitMaxRetained = OtherBuffers.KeptCircuits;
            circuits.DetailedErrors = false;
        });
        services.AddRadzenComponents();
        services.AddSingleton<EnvironmentShelf>();
        services.AddHealthChecks().AddCheck<DatabaseHealthCheck>("database");
        // Facts are committed by the data side, then told to the live feed, which the hub's viewers and the components follow.
        services.AddRroData(options.DataFolder);
        services.AddSingleton<HubRefusals>();
        services.AddSignalR(hubs =>
        {
            hubs.AddFilter<HubSessions>();
            hubs.AddFilter<HubRefusals>();
        }).AddJsonProtocol(json => RunJson.Configure(json.PayloadSerializerOptions));
        services.ConfigureHttpJsonOptions(json => RunJson.Configure(json.SerializerOptions));
        services.AddSingleton<LiveFeed>();
        services.AddSingleton<ICommittedEvents>(provider => provider.GetRequiredService<LiveFeed>());
        services.AddHostedService(provider => provider.GetRequiredService<LiveFeed>());
        services.AddSingleton<ExplorationFeed>();
        services.AddSingleton<Vocabularies>();
        services.AddSingleton<PairExport>();
        services.AddSingleton<ReplayRoom>();
        services.AddSingleton<ICommittedEvents>(provider => provider.GetRequiredService<ExplorationFeed>());
        services.AddSingleton<SnapshotReader>();
        services.AddSingleton<ITrainingRunner, TrainingRunner>();
        services.AddSingleton<PairSetTraining>().AddSingleton<PairSetTrainer>().AddSingleton<PairFiles>().AddSingleton<WrittenActions>().AddSingleton<QueueLabels>();
        services.AddSingleton<Components.Exploration.VersionEffects>();
        services.AddSingleton<DeviceTurn>();
        services.AddSingleton<TrainingHost>();
        services.AddHostedService(provider => provider.GetRequiredService<TrainingHost>());
        // After the training host, because hosted services stop in reverse: a re-roll lets go of the device before a run that waits for it is told to end.
        services.AddSingleton<RerollHost>();
        services.AddHostedService(provider => provider.GetRequiredService<RerollHost>());
        services.AddSingleton<RemoteRuns>().AddBuffers<RemoteRuns>();
        services.AddHostedService(provider => provider.GetRequiredService<RemoteRuns>());
        services.AddSingleton<IRunBoard, RunBoard>();
        services.AddBuffers<LiveFeed>().AddBuffers<ShareFeed>().AddBuffers<TrainingHost>().AddBuffers<RerollHost>().AddBuffers<SignInThrottle>();
        services.AddSingleton<IBoundedBuffers, OtherBuffers>();
        services.AddSingleton<OpenCircuits>().AddSingleton<ServerNumbers>();
        services.AddSingleton<Microsoft.AspNetCore.Components.Server.Circuits.CircuitHandler>(provider => provider.GetRequiredService<OpenCircuits>());
        services.AddHostedService<DeletedRunsSweeper>().AddHostedService<TelemetryExport>();
        services.AddSingleton<RunEstimator>().AddSingleton<TaskPreviews>();
        services.AddSingleton<RunLog>();
        services.AddSingleton<RunNotes>();
        services.AddSingleton<ReportRenderer>().AddSingleton<ReportFile>();
        services.AddSingleton<SharedPages>().AddSingleton<ShareDesk>().AddSingleton<ShareTickets>().AddSingleton<ShareLimiter>().AddSingleton<ShareFeed>();
        services.AddSingleton<ICommittedEvents>(provider => provider.GetRequiredService<ShareFeed>());
        services.AddHostedService(provider => provider.GetRequiredService<ShareFeed>());
        services.AddSingleton<Review.ReviewDesk>().AddSingleton<Review.ReviewLabelFile>();
        services.AddSingleton<BundleExport>().AddSingleton<BundleImport>();
        services.AddHostedService<SystemSampler>();
    }

    private static void Map(WebApplication app)
    {
        TelemetryExport.Use(app);
        app.UseProxyConnections();
        app.UseMiddleware<HostCookies>();
        app.UseMiddleware<BrowserSecurityMiddleware>();
        // A page that was just told that the server stops connects again at once; such a connection is not told any more, and the stop would wait for it.
        app.Use((context, next) =>
        {
            if (app.Lifetime.ApplicationStopping.IsCancellationRequested && RroUrls.IsForScripts(context.Request.Path))
            {
                context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
                return Task.CompletedTask;
            }

            return next(context);
        });
        app.UseExceptionHandler(RroUrls.Error, createScopeForErrors: true);
        app.UseStatusCodePagesWithReExecute(RroUrls.NotFound, createScopeForStatusCodePages: true);
        app.Use((context, next) =>
        {
            // The page is for people: a script that asks for data gets the bare status.
            if ((!HttpMethods.IsGet(context.Request.Method) || RroUrls.IsForScripts(context.Request.Path))
                && context.Features.Get<IStatusCodePagesFeature>() is { } pages)
            {
                pages.Enabled = false;
            }

            return next(context);
        });
        app.UseAuthentication();
        app.UseApiManners();
        app.UseAuthorization();
        app.UseAntiforgery();

        // Scripts and styles hold no secret, and the sign-in page needs them.
        app.MapStaticAssets().AllowAnonymous();
        app.MapSignIn();
        app.MapHealthChecks(RroUrls.HealthLive, new() { Predicate = _ => false }).AllowAnonymous();
        app.MapHealthChecks(RroUrls.HealthReady).AllowAnonymous();
        app.MapHub<RunHub>(RroUrls.RunHub, hub => hub.CloseOnAuthenticationExpiration = true);
        app.MapRunsApi();
        app.MapFollowApi();
        app.MapOpenApi("/openapi/{documentName}.json").RequireAuthorization(Policies.Viewer);
        ServerNumbers.Map(app);
        app.MapExplorationApi();
        app.MapPairSetsApi();
        app.MapRunActionsApi();
        app.MapRemoteApi();
        app.MapRunFiles();
        app.MapReviewApi();
        app.MapBundles();
        app.MapReports();
        app.MapLinksApi();
        app.MapSharing();
        app.MapHub<ShareHub>(RroUrls.ShareHub);
        // The policy header is ours (BrowserSecurityMiddleware); a second one would be merged with it.
        app.MapRazorComponents<Components.App>().AddInteractiveServerRenderMode(mode => mode.ContentSecurityFrameAncestorsPolicy = null);
    }

    // Configuration files and environment variables can add addresses of their own, past the check of --url.
    private static void RefuseOtherAddresses(ConfigurationManager configuration)
    {
        if (configuration.GetSection("Kestrel:Endpoints").GetChildren().Any())
        {
            throw new RefusalException("The configuration names Kestrel:Endpoints: remove it and say with --url where to listen.");
        }
    }
}
