using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using RroDashboard.Data;
using RroDashboard.Data.Entities;
using RroDashboard.Web.Configuration;
using RroDashboard.Web.Hosting;
using RroDashboard.Web.Observability;
using RroDashboard.Web.Sharing;
using RroDashboard.Web.Tests.Bundles;
using RroDashboard.Web.Tests.Hosting;

namespace RroDashboard.Web.Tests.Observability;

public sealed class TelemetryTests
{
    private const string AgentText = "zebra-text-of-an-agent";

    [Fact]
    public async Task Export_ToACollector_SendsNumbersAndTracesWithoutTextsOrKeys()
    {
        await using var collector = await Collector.StartAsync();
        await using var server = await Server.StartAsync(new TelemetryOptions { Endpoint = collector.Url, Every = TimeSpan.FromMilliseconds(200) });
        var run = (await server.Get<TrainingHost>().EnqueueAsync(Core.Plans.Presets.Create("smoke"), "telemetry", default)).Id;
        while (await server.Get<RunQueries>().FindAsync(run, default) is not { State: Core.Events.RunState.Finished })
        {
            await Task.Delay(20);
        }

        var user = await server.Get<AccountStore>().CreateAsync("Traced Person", UserRole.Admin, null, default);
        var token = await server.Get<TokenStore>().CreateAsync(user.Id, "traced", UserRole.Admin, 1, default);
        var (share, _) = await server.Get<ShareDesk>().CreateAsync(new ShareTarget(ShareScope.Run, run, null, "", false), false, 1, false, "", null, user.Id, default);
        using var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = new Uri(server.Url) };
        client.DefaultRequestHeaders.Add("Authorization", "Bearer " + token);
        client.DefaultRequestHeaders.Add("User-Agent", "zebra-agent");
        client.DefaultRequestHeaders.Add("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
        await client.GetStringAsync($"/api/v1/runs/{run}/candidates?zebra-query=1");
        await client.GetStringAsync($"/s/{share}");
        using var link = await client.GetAsync("/sign-in?token=zebra-sign-in");
        using var missing = await client.GetAsync("/zebra-path/none");
        await collector.WaitForAsync("/v1/metrics", "rro_buffer_bound");
        await server.StopAsync();

        var metrics = collector.Text("/v1/metrics");
        // Each name that monitors read at /metrics, with its labels.
        Assert.All(["rro_runs", "rro_circuits", "rro_dropped_samples_total", "rro_buffer_waiting", "rro_buffer_lost_total", "rro_database_bytes", "process_uptime_seconds", "live_frames", "finished"], n => Assert.Contains(n, metrics, StringComparison.Ordinal));
        var traces = collector.Text("/v1/traces");
        Assert.Contains("GET /api/v1/runs/{id}/candidates", traces, StringComparison.Ordinal);
        Assert.Contains("GET /s/{token}", traces, StringComparison.Ordinal);
        Assert.Contains("http.response.status_code", traces, StringComparison.Ordinal);
        // It belongs to the trace of whoever asked.
        Assert.Contains(Encoding.Latin1.GetString(Convert.FromHexString("0af7651916cd43dd8448eb211c80319c")), traces, StringComparison.Ordinal);
        foreach (var text in new[] { metrics, traces })
        {
            Assert.Contains("RroDashboard", text, StringComparison.Ordinal);
            foreach (var secret in new[] { token, share, run, "zebra", "Traced Person", user.Id, "127.0.0.1" })
            {
                Assert.DoesNotContain(secret, text, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public async Task Export_ToACollectorThatIsGone_IsSaidAndHurtsNobody()
    {
        // Its port is free again: nobody listens.
        Uri url;
        await using (var collector = await Collector.StartAsync())
        {
            url = collector.Url;
        }

        await using var server = await Server.StartAsync(new TelemetryOptions { Endpoint = url, Every = TimeSpan.FromMilliseconds(100) });
        using var client = new HttpClient { BaseAddress = new Uri(server.Url) };

        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/health/ready")).StatusCode);
        await server.StopAsync();
    }

    [Fact]
    public void Endpoint_NotNamed_SendsNothing()
    {
        Assert.Null(Read().Endpoint);
        Assert.Null(Read(("Telemetry:Endpoint", " ")).Endpoint);
        Assert.Equal(new Uri("http://c:4318"), Read(("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318")).Endpoint);
        Assert.Equal(new Uri("https://d/otlp"), Read(("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318"), ("Telemetry:Endpoint", "https://d/otlp")).Endpoint);
        Assert.True(Read(("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4317"), ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")).Grpc);
    }

    [Theory]
    [InlineData("collector", "http/protobuf", "OTEL_EXPORTER_OTLP_ENDPOINT 'collector' is no address")]
    [InlineData("ftp://c", "http/protobuf", "is no address")]
    [InlineData("http://c:4318", "http/json", "OTEL_EXPORTER_OTLP_PROTOCOL 'http/json' is not known: it is http/protobuf or grpc.")]
    public void Configuration_Wrong_IsRefusedInOneSentence(string endpoint, string protocol, string sentence)
    {
        var refused = Assert.Throws<RefusalException>(() => Read(("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint), ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)));
        Assert.Contains(sentence, refused.Message, StringComparison.Ordinal);
    }

    private static TelemetryOptions Read(params (string Name, string? Value)[] settings) =>
        TelemetryOptions.Read(new ConfigurationBuilder().AddInMemoryCollection(settings.Select(s => new KeyValuePair<string, string?>(s.Name, s.Value))).Build());

    private sealed class Server : IAsyncDisposable
    {
        private readonly string _folder = Directory.CreateTempSubdirectory("rro-telemetry-").FullName;
        private RroWebApplication _server = null!;
        private bool _stopped;

        public string Url => _server.Url;

        public static async Task<Server> StartAsync(TelemetryOptions telemetry)
        {
            var server = new Server();
            server._server = new RroWebApplication(
                new DashboardOptions { Url = "http://127.0.0.1:0", DataFolder = server._folder, StartDemo = false, Telemetry = telemetry },
                services => services.AddSingleton<ITrainingRunner>(new ScriptedRunner(static (journal, _) => BundledRun.Say(journal, AgentText))));
            await server._server.StartAsync().WaitAsync(LiveServer.Patience);
            return server;
        }

        public T Get<T>()
            where T : notnull => _server.App.Services.GetRequiredService<T>();

        public async Task StopAsync()
        {
            _stopped = true;
            await _server.App.StopAsync().WaitAsync(LiveServer.Patience);
        }

        public async ValueTask DisposeAsync()
        {
            if (!_stopped)
            {
                await StopAsync();
            }

            await _server.DisposeAsync();
            SqliteConnection.ClearAllPools();
            Directory.Delete(_folder, recursive: true);
        }
    }

    /// <summary>Takes what is sent by OTLP over HTTP; protobuf keeps texts as they are.</summary>
    private sealed class Collector : IAsyncDisposable
    {
        private readonly ConcurrentQueue<(string Path, string Body)> _received = new();
        private readonly WebApplication _app;

        private Collector()
        {
            var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
            builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
            builder.Logging.ClearProviders();
            _app = builder.Build();
            _app.Run(async context =>
            {
                using var body = new MemoryStream();
                await context.Request.Body.CopyToAsync(body);
                _received.Enqueue((context.Request.Path.Value!, Encoding.Latin1.GetString(body.ToArray())));
                context.Response.ContentType = "application/x-protobuf";
            });
        }

        public Uri Url => new(_app.Urls.First());

        public static async Task<Collector> StartAsync()
        {
            var collector = new Collector();
            await collector._app.StartAsync();
            return collector;
        }

        public string Text(string path) => string.Concat(_received.Where(r => r.Path == path).Select(r => r.Body));

        public async Task WaitForAsync(string path, string text)
        {
            using var patience = new CancellationTokenSource(LiveServer.Patience);
            while (!Text(path).Contains(text, StringComparison.Ordinal))
            {
                await Task.Delay(50, patience.Token);
            }
        }

        public async ValueTask DisposeAsync() => await _app.DisposeAsync();
    }
}
