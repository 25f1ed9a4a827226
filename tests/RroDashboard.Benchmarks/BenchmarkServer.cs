using System.Net;
using System.Text.RegularExpressions;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using RroDashboard.Core;
using RroDashboard.Core.Events;
using RroDashboard.Core.Plans;
using RroDashboard.Web;
using RroDashboard.Web.Configuration;
using RroDashboard.Web.Hosting;

namespace RroDashboard.Benchmarks;

/// <summary>A run that a benchmark plays; without one, real training.</summary>
internal sealed class PlayedRunner(Func<RunPlan, string, IRunJournal, CancellationToken, RunSummary> play) : ITrainingRunner
{
    public string? WhyNot => null;

    public RunSummary Run(RunPlan plan, string runFolder, IRunJournal journal, CancellationToken cancellationToken, RunPast? past = null) => play(plan, runFolder, journal, cancellationToken);
}

/// <summary>The real server on a free port with an empty folder.</summary>
internal sealed partial class BenchmarkServer : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("rro-bench-").FullName;
    private readonly RroWebApplication _server;

    private BenchmarkServer(Action<IServiceCollection> configure) =>
        _server = new RroWebApplication(new DashboardOptions { Url = "http://127.0.0.1:0", DataFolder = _folder, StartDemo = false }, configure);

    public string Url => _server.Url;

    public static async Task<BenchmarkServer> StartAsync(ITrainingRunner runner, CancellationToken cancellationToken)
    {
        var server = new BenchmarkServer(services => services.AddSingleton(runner));
        await server._server.StartAsync(cancellationToken);
        return server;
    }

    public T Get<T>()
        where T : notnull => _server.App.Services.GetRequiredService<T>();

    public string CreateSignInLink() => _server.CreateSignInLink();

    /// <summary>Cookies of a signed-in browser, as one header.</summary>
    public async Task<string> SignInAsync(CancellationToken cancellationToken)
    {
        var cookies = new CookieContainer();
        using var client = new HttpClient(new SocketsHttpHandler { CookieContainer = cookies, AllowAutoRedirect = false });
        var link = new Uri(CreateSignInLink());
        var page = await client.GetStringAsync(link, cancellationToken);
        using var form = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["token"] = link.Query[(link.Query.IndexOf('=', StringComparison.Ordinal) + 1)..],
            ["__RequestVerificationToken"] = FormToken().Match(page).Groups["token"].Value,
        });
        using var answer = await client.PostAsync(new Uri(link, "/sign-in/redeem"), form, cancellationToken);
        return cookies.GetCookieHeader(link);
    }

    public async ValueTask DisposeAsync()
    {
        await _server.App.StopAsync();
        await _server.DisposeAsync();
        SqliteConnection.ClearAllPools();
        Directory.Delete(_folder, recursive: true);
    }

    [GeneratedRegex("name=\"__RequestVerificationToken\" value=\"(?<token>[^\"]+)\"", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex FormToken();
}
