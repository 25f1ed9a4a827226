namespace RroDashboard.Web.Configuration;

/// <summary>
/// Where numbers and traces of the server are sent by OpenTelemetry's protocol (OTLP). Off unless <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> or <c>Telemetry__Endpoint</c> names
/// an address. Headers, compression and time-outs are OpenTelemetry's own environment variables (<c>OTEL_EXPORTER_OTLP_HEADERS</c> and others).
/// </summary>
public sealed class TelemetryOptions
{
    /// <summary>Address of the collector, without /v1/...; null sends nothing.</summary>
    public Uri? Endpoint { get; init; }

    /// <summary>gRPC in place of HTTP with protobuf bodies.</summary>
    public bool Grpc { get; init; }

    /// <summary>Time between two readings of the numbers: OpenTelemetry's default is a minute.</summary>
    public TimeSpan Every { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Reads the configuration.</summary>
    /// <exception cref="RefusalException">The first thing that is wrong.</exception>
    public static TelemetryOptions Read(IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        var name = string.IsNullOrWhiteSpace(configuration["Telemetry:Endpoint"]) ? "OTEL_EXPORTER_OTLP_ENDPOINT" : "Telemetry:Endpoint";
        var text = configuration[name];
        if (string.IsNullOrWhiteSpace(text))
        {
            return new TelemetryOptions();
        }

        if (!Uri.TryCreate(text.Trim(), UriKind.Absolute, out var endpoint) || (endpoint.Scheme != Uri.UriSchemeHttp && endpoint.Scheme != Uri.UriSchemeHttps))
        {
            throw new RefusalException($"{name} '{text}' is no address: write for example http://localhost:4318.");
        }

        const string Protocol = "OTEL_EXPORTER_OTLP_PROTOCOL";
        var protocol = configuration[Protocol];
        return new TelemetryOptions
        {
            Endpoint = endpoint,
            Grpc = string.IsNullOrWhiteSpace(protocol) || protocol == "http/protobuf" ? false
                : protocol == "grpc" ? true
                : throw new RefusalException($"{Protocol} '{protocol}' is not known: it is http/protobuf or grpc."),
        };
    }
}
