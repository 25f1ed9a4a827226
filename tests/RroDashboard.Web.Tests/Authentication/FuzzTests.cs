using System.Globalization;
using System.Net;
using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Routing;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using RroDashboard.Core.Statistics;
using RroDashboard.Data;
using RroDashboard.Web.Authentication;
using RroDashboard.Web.Configuration;
using RroDashboard.Web.Hosting;
using RroDashboard.Web.Tests.Hosting;

namespace RroDashboard.Web.Tests.Authentication;

/// <summary>
/// Random and mutated requests and hub frames, from a seed: the server never fails, never tells a person what is another's alone, and still answers. Short
/// here; RRO_FUZZ=100000 says how many.
/// </summary>
public sealed class FuzzTests : IAsyncLifetime
{
    private const string Secret = "only-its-owner-knows";

    private static readonly string[] s_values =
    [
        "", "0", "-1", "1", "99999999999999999999", "NaN", "null", "true", "start", "r1", "%00", "%2e%2e%2f%2e%2e%2fetc%2fpasswd", "..%5c..%5c", "'%20OR%201=1--", "%3Cscript%3E", "%F0%9F%92%A9",
        "${7*7}", "owner:x", "state:running", "Users.PasswordHash:x", "eyIxIjo1fQ", "e30", "%ff%fe", "a%0d%0aSet-Cookie:x=1",
    ];

    private static readonly string[] s_bodies =
    [
        "", "{", "[]", "null", "0", "\"x\"", "{}", "{\"preset\":null}", "{\"preset\":\"smoke\",\"settings\":{\"Seed\":\"x\"}}", "{\"preset\":\"smoke\",\"settings\":null}", "{\"name\":null,\"tags\":5}",
        "{\"name\":\"\\u0000\",\"tags\":\"\\ud800\"}", "{\"decisions\":[{}]}", "{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}", "{\"text\":\"<img src=x onerror=alert(1)>\"}", "{\"choice\":99,\"seconds\":-1}",
    ];

    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"rro-fuzz-{Guid.NewGuid():N}");
    private RroWebApplication Server { get; set; } = null!;

    private static int Count => int.TryParse(Environment.GetEnvironmentVariable("RRO_FUZZ"), CultureInfo.InvariantCulture, out var count) ? count : 600;

    public async Task InitializeAsync()
    {
        Server = new RroWebApplication(
            new DashboardOptions { Url = "http://127.0.0.1:0", DataFolder = _folder, StartDemo = false, ApiRequestsPerMinute = int.MaxValue },
            services => services.AddSingleton<ITrainingRunner>(new ScriptedRunner((_, _) => { })));
        await Server.StartAsync();
    }

    public async Task DisposeAsync()
    {
        await Server.App.StopAsync();
        await Server.DisposeAsync();
        SqliteConnection.ClearAllPools();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Requests_RandomAndMutated_NeverFailTheServerNorLeak()
    {
        var (accounts, tokens) = (Server.App.Services.GetRequiredService<AccountStore>(), Server.App.Services.GetRequiredService<TokenStore>());
        var other = await accounts.CreateAsync("Other", UserRole.Admin, null, default);
        await tokens.CreateAsync(other.Id, Secret, UserRole.Admin, 1, default);
        await Server.App.Services.GetRequiredService<InvitationStore>().CreateAsync(UserRole.Admin, Secret, 1, other.Id, default);
        await Server.App.Services.GetRequiredService<AuditLog>().AddAsync(other.Id, other.Name, "test", Secret, Secret);
        var clients = new List<HttpClient>();
        foreach (var role in new[] { UserRole.Viewer, UserRole.Operator })
        {
            var user = await accounts.CreateAsync(role.ToString(), role, null, default);
            var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = new Uri(Server.Url), Timeout = TimeSpan.FromSeconds(30) };
            client.DefaultRequestHeaders.Authorization = new("Bearer", await tokens.CreateAsync(user.Id, "fuzz", UserRole.Admin, 1, default));
            clients.Add(client);
        }

        var run = await Server.App.Services.GetRequiredService<TrainingHost>().EnqueueAsync(Core.Plans.Presets.Create("smoke"), "fuzz", default);
        var routes = ((IEndpointRouteBuilder)Server.App).DataSources.SelectMany(s => s.Endpoints).OfType<RouteEndpoint>()
            .Where(e => e.RoutePattern.RawText!.StartsWith("/api", StringComparison.Ordinal) && !e.RoutePattern.RawText.EndsWith("/stream", StringComparison.Ordinal))
            .SelectMany(e => (e.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? ["GET"]).Select(m => (m, e.RoutePattern.RawText!))).ToList();
        var random = new SeededRandom(7);
        Assert.True(routes.Count > 20);

        for (var i = 0; i < Count; i++)
        {
            var (verb, route) = routes[random.Next(routes.Count)];
            var path = string.Join('/', route.Split('/').Select(p => !p.StartsWith('{') ? p : p.StartsWith("{id", StringComparison.Ordinal) && random.Next(2) == 0 ? run : s_values[random.Next(s_values.Length)]));
            var query = string.Join('&', new[] { "cursor", "after", "limit", "kind", "q", "sort", "skip", "take", "series", "from", "to", "points", "name" }.Where(_ => random.Next(4) == 0).Select(n => $"{n}={s_values[random.Next(s_values.Length)]}"));
            using var request = new HttpRequestMessage(new HttpMethod(random.Next(8) == 0 ? "PATCH" : verb), path + "?" + query);
            if (verb is not "GET")
            {
                request.Content = new StringContent(s_bodies[random.Next(s_bodies.Length)], Encoding.UTF8, random.Next(6) == 0 ? "text/plain" : "application/json");
            }

            using var answer = await clients[random.Next(clients.Count)].SendAsync(request);
            var body = await answer.Content.ReadAsStringAsync();

            Assert.True((int)answer.StatusCode < 500, $"{i}: {request.Method} {request.RequestUri} answers {(int)answer.StatusCode}: {body}");
            Assert.DoesNotContain(Secret, body, StringComparison.Ordinal);
            Assert.DoesNotContain("   at ", body, StringComparison.Ordinal);
        }

        Assert.Equal(HttpStatusCode.OK, (await clients[0].GetAsync("/api/v1/runs/")).StatusCode);
        clients.ForEach(c => c.Dispose());
    }

    [Fact]
    public async Task HubFrames_RandomAndMutated_LeaveTheServerAnswering()
    {
        var user = await Server.App.Services.GetRequiredService<AccountStore>().CreateAsync("Framer", UserRole.Viewer, null, default);
        var token = await Server.App.Services.GetRequiredService<TokenStore>().CreateAsync(user.Id, "frames", UserRole.Viewer, 1, default);
        var random = new SeededRandom(11);
        string[] targets = ["Watch", "Unwatch", "Since", "Bands", "Older", "Candidates", "Nothing", "", "ToString", "Dispose"];
        string[] arguments = ["\"x\"", "null", "1e400", "-1", "[]", "{}", "[[[[]]]]", "\"\\u0000\"", "9999999999999999999999"];
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(Count > 1000 ? 60 : 2));
        ClientWebSocket? socket = null;
        for (var i = 0; i < Count; i++)
        {
            if (socket is not { State: WebSocketState.Open })
            {
                socket?.Dispose();
                socket = new ClientWebSocket();
                socket.Options.SetRequestHeader("Authorization", "Bearer " + token);
                await socket.ConnectAsync(new Uri(Server.Url.Replace("http", "ws", StringComparison.Ordinal) + "/hubs/runs"), patience.Token);
                await socket.SendAsync(Encoding.UTF8.GetBytes("{\"protocol\":\"json\",\"version\":1}\u001e"), WebSocketMessageType.Text, true, patience.Token);
            }

            var frame = $"{{\"type\":{random.Next(9)},\"invocationId\":\"{i}\",\"target\":\"{targets[random.Next(targets.Length)]}\",\"arguments\":[{string.Join(',', Enumerable.Range(0, random.Next(6)).Select(_ => arguments[random.Next(arguments.Length)]))}]}}\u001e";
            if (random.Next(4) == 0)
            {
                var at = random.Next(frame.Length);
                frame = frame.Remove(at, Math.Min(1 + random.Next(5), frame.Length - at)) + (random.Next(2) == 0 ? "\u001e" : "");
            }

            try
            {
                await socket.SendAsync(Encoding.UTF8.GetBytes(frame), WebSocketMessageType.Text, true, patience.Token);
            }
            catch (WebSocketException)
            {
                // It hung up on us, as it should on such a frame; the next one goes over a new connection.
            }
        }

        socket?.Dispose();
        using var client = new HttpClient { BaseAddress = new Uri(Server.Url) };
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/health/ready")).StatusCode);
    }
}
