using System.Collections.Concurrent;
using System.Net;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using RroDashboard.Data;
using RroDashboard.Web;
using RroDashboard.Web.Configuration;
using RroDashboard.Web.Hosting;

namespace RroDashboard.Fuzzing;

/// <summary>What came of many random requests or frames.</summary>
/// <param name="Counts">How many by what they were answered with.</param>
/// <param name="Failures">The first that the server failed at, or that told what they must not; each with what was asked.</param>
internal sealed record FuzzResult(IReadOnlyDictionary<string, long> Counts, IReadOnlyList<string> Failures);

/// <summary>
/// The real server with something of somebody else in every table, which no answer may hold. Tests and <c>bench fuzz</c> throw the same things at it; this file is
/// part of both programs.
/// </summary>
internal sealed class FuzzedServer : IAsyncDisposable
{
    /// <summary>Only its owner knows it.</summary>
    public const string Secret = "only-its-owner-knows";

    private const int KeptFailures = 20;

    private readonly string _folder = Directory.CreateTempSubdirectory("rro-fuzz-").FullName;
    private readonly ConcurrentDictionary<string, long> _counts = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<string> _failures = new();
    private readonly RroWebApplication _server;

    private FuzzedServer(ITrainingRunner runner) => _server = new RroWebApplication(
        new DashboardOptions { Url = "http://127.0.0.1:0", DataFolder = _folder, StartDemo = false, ApiRequestsPerMinute = int.MaxValue },
        services => services.AddSingleton(runner).AddLogging(logging => logging.SetMinimumLevel(LogLevel.Error).AddFilter("Microsoft.AspNetCore.SignalR", LogLevel.Critical)));

    public RroWebApplication Server => _server;

    /// <summary>A run that is there.</summary>
    public string Run { get; private set; } = "";

    /// <summary>Tokens of people of each role, none of whom is the secret's owner.</summary>
    public IReadOnlyList<string> Tokens { get; private set; } = [];

    public FuzzResult Result => new(_counts.OrderBy(c => c.Key, StringComparer.Ordinal).ToDictionary(StringComparer.Ordinal), [.. _failures]);

    public static async Task<FuzzedServer> StartAsync(ITrainingRunner runner)
    {
        var fuzzed = new FuzzedServer(runner);
        await fuzzed._server.StartAsync();
        T Get<T>()
            where T : notnull => fuzzed._server.App.Services.GetRequiredService<T>();
        var other = await Get<AccountStore>().CreateAsync("Other", UserRole.Admin, null, default);
        await Get<TokenStore>().CreateAsync(other.Id, Secret, UserRole.Admin, 1, default);
        await Get<InvitationStore>().CreateAsync(UserRole.Admin, Secret, 1, other.Id, default);
        await Get<AuditLog>().AddAsync(other.Id, other.Name, "test", Secret, Secret);
        var tokens = new List<string>();
        foreach (var role in new[] { UserRole.Viewer, UserRole.Reviewer, UserRole.Operator })
        {
            var user = await Get<AccountStore>().CreateAsync(role.ToString(), role, null, default);
            tokens.Add(await Get<TokenStore>().CreateAsync(user.Id, "fuzz", UserRole.Admin, 1, default));
        }

        fuzzed.Tokens = tokens;
        fuzzed.Run = (await Get<TrainingHost>().EnqueueAsync(RroDashboard.Core.Plans.Presets.Create("smoke"), "fuzz", default)).Id;
        return fuzzed;
    }

    /// <summary>Counts one answer, and looks at it.</summary>
    /// <param name="kind">By what it is counted.</param>
    /// <param name="failed">The server failed, as its status says.</param>
    /// <param name="asked">What was asked, for whoever has to find out.</param>
    /// <param name="answer">What it says.</param>
    public void Count(string kind, bool failed, string asked, string answer)
    {
        _counts.AddOrUpdate(kind, 1, (_, count) => count + 1);
        var why = failed ? "failed" : answer.Contains(Secret, StringComparison.Ordinal) ? "leaked" : answer.Contains("   at ", StringComparison.Ordinal) ? "showed a stack" : null;
        if (why is not null && _failures.Count < KeptFailures)
        {
            _failures.Enqueue($"{asked} {why} ({kind}): {answer[..Math.Min(answer.Length, 500)]}");
        }
    }

    /// <summary>Whether it still answers.</summary>
    public async Task<bool> AnswersAsync()
    {
        using var client = Client(Tokens[0]);
        using var runs = await client.GetAsync(new Uri("/api/v1/runs/", UriKind.Relative));
        using var ready = await client.GetAsync(new Uri("/health/ready", UriKind.Relative));
        return runs.StatusCode == HttpStatusCode.OK && ready.StatusCode == HttpStatusCode.OK;
    }

    public HttpClient Client(string token)
    {
        var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = new Uri(_server.Url), Timeout = TimeSpan.FromSeconds(60) };
        client.DefaultRequestHeaders.Authorization = new("Bearer", token);
        return client;
    }

    public async ValueTask DisposeAsync()
    {
        await _server.App.StopAsync();
        await _server.DisposeAsync();
        SqliteConnection.ClearAllPools();
        Directory.Delete(_folder, recursive: true);
    }
}
