using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Reflection;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using RroDashboard.Web.Configuration;

namespace RroDashboard.Web.Observability;

/// <summary>
/// Sends what <c>/metrics</c> shows, and a trace of each request, to a collector. What is said of a request is a fixed list and its route, never its address: an address can
/// be the key of a shared page. Texts of agents and of people are nowhere in it. Nothing runs, and no meter exists, while no collector is named.
/// </summary>
public sealed class TelemetryExport(TelemetryOptions options, ServerNumbers numbers, TimeProvider time, ILogger<TelemetryExport> logger) : BackgroundService
{
    /// <summary>Name of our meter, and of the service.</summary>
    public const string Name = "RroDashboard";

    private const string Requests = "Microsoft.AspNetCore";

    /// <summary>What may be said of a request.</summary>
    private static readonly string[] s_allowed = ["http.request.method", "http.route", "http.response.status_code", "error.type"];

    private readonly HashSet<string> _known = new(StringComparer.Ordinal);
    private ILookup<string, ServerNumber> _last = Array.Empty<ServerNumber>().ToLookup(n => n.Name, StringComparer.Ordinal);

    /// <summary>Names the route of a request for its trace.</summary>
    public static void Use(WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        if (app.Services.GetRequiredService<TelemetryOptions>().Endpoint is null)
        {
            return;
        }

        app.Use(async (context, next) =>
        {
            var activity = Activity.Current;
            try
            {
                await next(context);
            }
            finally
            {
                if (activity is not null)
                {
                    // A route that a page of "not found" was shown for is none.
                    var route = (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText;
                    activity.DisplayName = route is null ? context.Request.Method : $"{context.Request.Method} {route}";
                    activity.SetTag("http.request.method", context.Request.Method);
                    activity.SetTag("http.route", route);
                    activity.SetTag("http.response.status_code", context.Response.StatusCode);
                }
            }
        });
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (options.Endpoint is not { } endpoint)
        {
            return;
        }

        var version = typeof(TelemetryExport).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0];
        void Describe(ResourceBuilder resource) => resource.AddService(Name, serviceVersion: version);
        using var meter = new Meter(Name, version);
        using var traces = Sdk.CreateTracerProviderBuilder().ConfigureResource(Describe).AddSource(Requests).AddProcessor(new OnlyAllowed())
            .AddOtlpExporter(exporter => Aim(exporter, endpoint, "v1/traces")).Build();
        using var metrics = Sdk.CreateMeterProviderBuilder().ConfigureResource(Describe).AddMeter(Name).AddOtlpExporter((exporter, reader) =>
        {
            Aim(exporter, endpoint, "v1/metrics");
            // Sent below, after each reading: the database is asked once for all numbers, and not by each of them.
            reader.PeriodicExportingMetricReaderOptions.ExportIntervalMilliseconds = int.MaxValue;
        }).Build();
        using var timer = new PeriodicTimer(options.Every, time);
        try
        {
            do
            {
                try
                {
                    Publish(meter, await numbers.ReadAsync(stoppingToken));
                    // It waits for the network.
                    if (!await Task.Run(() => metrics.ForceFlush(), stoppingToken))
                    {
                        logger.LogWarning("The collector at {Endpoint} did not take the numbers", endpoint.GetLeftPart(UriPartial.Authority));
                    }
                }
                catch (Exception e) when (e is not OperationCanceledException)
                {
                    // A busy database, say; the next reading tries again, and the server goes on.
                    logger.LogWarning(e, "The numbers of the server could not be read");
                }
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException)
        {
            // The server stops; what is left of the traces goes out with the provider.
        }
    }

    private void Aim(OtlpExporterOptions exporter, Uri endpoint, string path)
    {
        exporter.Protocol = options.Grpc ? OtlpExportProtocol.Grpc : OtlpExportProtocol.HttpProtobuf;
        exporter.Endpoint = options.Grpc ? endpoint : new Uri(endpoint.AbsoluteUri.TrimEnd('/') + "/" + path);
    }

    private void Publish(Meter meter, IReadOnlyList<ServerNumber> now)
    {
        Volatile.Write(ref _last, now.ToLookup(n => n.Name, StringComparer.Ordinal));
        foreach (var number in now.Where(n => _known.Add(n.Name)))
        {
            var name = number.Name;
            IEnumerable<Measurement<double>> Observe() => Volatile.Read(ref _last)[name].Select(n =>
                n.Label is { } label ? new Measurement<double>(n.Value, new KeyValuePair<string, object?>(label.Name, label.Value)) : new Measurement<double>(n.Value));
            if (name.EndsWith("_total", StringComparison.Ordinal))
            {
                meter.CreateObservableCounter(name, Observe, description: number.Meaning);
            }
            else
            {
                meter.CreateObservableGauge(name, Observe, description: number.Meaning);
            }
        }
    }

    /// <summary>Takes everything out of a trace that is not on the list, whoever put it there.</summary>
    private sealed class OnlyAllowed : BaseProcessor<Activity>
    {
        public override void OnEnd(Activity data)
        {
            foreach (var (key, _) in data.TagObjects.ToList())
            {
                if (!s_allowed.Contains(key))
                {
                    data.SetTag(key, null);
                }
            }
        }
    }
}
