using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using RroDashboard.Core;
using RroDashboard.Core.Events;
using RroDashboard.Core.Plans;
using RroDashboard.Data;
using RroDashboard.Web.Configuration;
using RroDashboard.Web.Hosting;
using RroDashboard.Web.Streaming;

namespace RroDashboard.Web.Tests.Hosting;

/// <summary>A run that does what a test wants.</summary>
internal sealed class ScriptedRunner(Action<IRunJournal, CancellationToken> play) : ITrainingRunner
{
    public string? WhyNot => null;

    public RunSummary Run(RunPlan plan, string runFolder, IRunJournal journal, CancellationToken cancellationToken, RunPast? past = null)
    {
        play(journal, cancellationToken);
        return ScriptedSummary.Of(plan);
    }
}

/// <summary>The system's clock, ahead by as much as a test says.</summary>
internal sealed class ShiftedClock : TimeProvider
{
    public TimeSpan Shift { get; set; }

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Shift;
}

/// <summary>The real server on a free port, with a scripted run in place of training.</summary>
internal sealed class LiveServer : IAsyncDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly RroWebApplication _server;
    private readonly bool _ownsFolder;
    private bool _stopped;

    private LiveServer(RroWebApplication server, ShiftedClock clock, string folder, bool ownsFolder) => (_server, Clock, Folder, _ownsFolder) = (server, clock, folder, ownsFolder);

    /// <summary>The server's clock: nobody waits two minutes.</summary>
    public ShiftedClock Clock { get; }

    public RroWebApplication Server => _server;

    public string Folder { get; }

    public Uri Url => new(_server.Url);

    public TrainingHost Host => Get<TrainingHost>();

    public RunQueries Queries => Get<RunQueries>();

    public LiveFeed Feed => Get<LiveFeed>();

    public static Task<LiveServer> StartAsync(Action<IRunJournal, CancellationToken> play) =>
        StartAsync(Directory.CreateTempSubdirectory("rro-live-").FullName, play, ownsFolder: true);

    public static Task<LiveServer> StartAsync(string folder, Action<IRunJournal, CancellationToken> play, bool ownsFolder = false) =>
        StartAsync(folder, new ScriptedRunner(play), ownsFolder);

    /// <summary>Behind a proxy.</summary>
    public static Task<LiveServer> StartAsync(Action<IRunJournal, CancellationToken> play, ProxyOptions? proxy) =>
        StartAsync(Directory.CreateTempSubdirectory("rro-live-").FullName, new ScriptedRunner(play), ownsFolder: true, proxy);

    /// <summary>With more than a server has, for example an ear for its log.</summary>
    public static Task<LiveServer> StartAsync(Action<IRunJournal, CancellationToken> play, Action<IServiceCollection> configure) =>
        StartAsync(Directory.CreateTempSubdirectory("rro-live-").FullName, new ScriptedRunner(play), ownsFolder: true, configure: configure);

    public static async Task<LiveServer> StartAsync(string folder, ITrainingRunner runner, bool ownsFolder = false, ProxyOptions? proxy = null, int requestsPerMinute = 1200, Action<IServiceCollection>? configure = null)
    {
        var clock = new ShiftedClock();
        var server = new RroWebApplication(
            new DashboardOptions { Url = "http://127.0.0.1:0", DataFolder = folder, StartDemo = false, Proxy = proxy, ApiRequestsPerMinute = requestsPerMinute },
            services =>
            {
                services.AddSingleton<TimeProvider>(clock).AddSingleton(runner).AddHttpContextAccessor().AddTransient<Microsoft.AspNetCore.Authentication.IClaimsTransformation, TestPeople>();
                configure?.Invoke(services);
            });
        try
        {
            await server.StartAsync().WaitAsync(Patience);
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }

        return new LiveServer(server, clock, folder, ownsFolder);
    }

    public T Get<T>()
        where T : notnull => _server.App.Services.GetRequiredService<T>();

    public async Task<string> EnqueueAsync() => (await Host.EnqueueAsync(Presets.Create("smoke"), Guid.NewGuid().ToString("N"), default)).Id;

    public Task FlushAsync() => Get<JournalWriter>().FlushAsync(default).WaitAsync(Patience);

    public async Task<RunInfo> WaitForAsync(string run, Func<RunInfo, bool> reached)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            if (await Queries.FindAsync(run, patience.Token) is { } info && reached(info))
            {
                return info;
            }

            await Task.Delay(20, patience.Token);
        }
    }

    public Task<RunInfo> WaitForEndAsync(string run) => WaitForAsync(run, r => r.State is not (RunState.Queued or RunState.Running));

    /// <summary>Goes through the sign-in page as a browser does.</summary>
    public Task<HttpClient> SignInAsync() => SignInAsync(CreateClient());

    /// <summary>The same as a person of another name, in a session of their own.</summary>
    public Task<HttpClient> SignInAsAsync(string name)
    {
        var cookies = new System.Net.CookieContainer();
        cookies.Add(Url, new System.Net.Cookie(TestPeople.CookieName, name));
        return SignInAsync(new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, CookieContainer = cookies }, disposeHandler: true) { BaseAddress = Url, Timeout = Patience });
    }

    private async Task<HttpClient> SignInAsync(HttpClient client)
    {
        // As every browser names it with an unsafe verb.
        client.DefaultRequestHeaders.Add("Origin", Url.GetLeftPart(UriPartial.Authority));
        var link = new Uri(_server.CreateSignInLink());
        var page = await client.GetStringAsync(link);
        using var form = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["token"] = link.Query[(link.Query.IndexOf('=', StringComparison.Ordinal) + 1)..],
            ["__RequestVerificationToken"] = ServerFixture.FormToken(page),
        });
        using var answer = await client.PostAsync(new Uri(Url, "/sign-in/redeem"), form);
        return client;
    }

    public HttpClient CreateClient() => new(new SocketsHttpHandler { AllowAutoRedirect = false, CookieContainer = Cookies }, disposeHandler: true) { BaseAddress = Url, Timeout = Patience };

    public System.Net.CookieContainer Cookies { get; } = new();

    public static async Task<JsonElement> JsonAsync(HttpClient client, string path) => await client.GetFromJsonAsync<JsonElement>(new Uri(path, UriKind.Relative));

    public async Task StopAsync()
    {
        if (!_stopped)
        {
            _stopped = true;
            await _server.App.StopAsync().WaitAsync(Patience);
            await _server.DisposeAsync();
            SqliteConnection.ClearAllPools();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        if (_ownsFolder)
        {
            Directory.Delete(Folder, recursive: true);
        }
    }
}
