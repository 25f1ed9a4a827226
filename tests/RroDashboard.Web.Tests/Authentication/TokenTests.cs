using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using RroDashboard.Data;
using RroDashboard.Web.Configuration;

namespace RroDashboard.Web.Tests.Authentication;

public sealed class TokenTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private T Get<T>()
        where T : notnull => fixture.Server.App.Services.GetRequiredService<T>();

    [Fact]
    public async Task Token_WithScope_MayThatAndNoMore()
    {
        var user = await Get<AccountStore>().CreateAsync("Scoped", UserRole.Operator, null, default);
        using var read = Program(await Get<TokenStore>().CreateAsync(user.Id, "reads", UserRole.Viewer, 1, default));
        using var run = Program(await Get<TokenStore>().CreateAsync(user.Id, "runs", UserRole.Operator, 1, default));
        using var tooMuch = Program(await Get<TokenStore>().CreateAsync(user.Id, "wants all", UserRole.Admin, 1, default));

        foreach (var client in new[] { read, run, tooMuch })
        {
            Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/api/v1/runs/")).StatusCode);
            Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/metrics")).StatusCode);
            // A token opens no pages, whatever it may.
            Assert.Equal(HttpStatusCode.Unauthorized, (await client.GetAsync("/")).StatusCode);
            Assert.Equal(HttpStatusCode.Unauthorized, (await client.GetAsync("/admin/users")).StatusCode);
        }

        // No origin and no form token: a program needs none.
        Assert.Equal(HttpStatusCode.Forbidden, (await read.PostAsync("/api/v1/runs/none/stop", null)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await run.PostAsync("/api/v1/runs/none/stop", null)).StatusCode);
        // Its person became less: so did the token.
        await Get<AccountStore>().SetRoleAsync(user.Id, UserRole.Viewer, default);
        Assert.Equal(HttpStatusCode.Forbidden, (await run.PostAsync("/api/v1/runs/none/stop", null)).StatusCode);
        await Get<AccountStore>().SetDisabledAsync(user.Id, true, default);
        Assert.Equal(HttpStatusCode.Unauthorized, (await read.GetAsync("/api/v1/runs/")).StatusCode);
    }

    [Fact]
    public async Task Token_RevokedExpiredOrNone_OpensNothing()
    {
        var user = await Get<AccountStore>().CreateAsync("Revoker", UserRole.Admin, null, default);
        var token = await Get<TokenStore>().CreateAsync(user.Id, "goes", UserRole.Admin, 1, default);
        using var client = Program(token);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/api/v1/runs/")).StatusCode);
        var known = Assert.Single(await Get<TokenStore>().ListAsync(user.Id, default));
        Assert.NotNull(known.UsedUtc);

        Assert.False(await Get<TokenStore>().RevokeAsync(known.Key, "someone else", default));
        Assert.True(await Get<TokenStore>().RevokeAsync(known.Key, user.Id, default));

        Assert.Equal(HttpStatusCode.Unauthorized, (await client.GetAsync("/api/v1/runs/")).StatusCode);
        foreach (var wrong in new[] { "rro_", "rro_" + new string('0', 40), "x", token[..^1], token.ToUpperInvariant(), "rro_" + new string('z', 40) })
        {
            using var other = Program(wrong);
            using var answer = await other.GetAsync("/api/v1/runs/");
            Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
            Assert.Equal("application/problem+json", answer.Content.Headers.ContentType!.MediaType);
        }
    }

    [Fact]
    public async Task CookieRequest_ThatChangesWithoutItsOrigin_IsRefusedOnEachVerb()
    {
        var (client, _) = await fixture.SignInAsync();
        using var own = client;
        client.DefaultRequestHeaders.Remove("Origin");

        foreach (var verb in new[] { HttpMethod.Post, HttpMethod.Put, HttpMethod.Delete, HttpMethod.Patch, new HttpMethod("QUERY") })
        {
            using var request = new HttpRequestMessage(verb, "/api/v1/runs/none");
            using var answer = await client.SendAsync(request);
            Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
            using var foreign = new HttpRequestMessage(verb, "/api/v1/runs/none");
            foreign.Headers.Add("Origin", "http://attacker.example");
            using var refused = await client.SendAsync(foreign);
            Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        }
    }

    [Fact]
    public async Task Secrets_InTheLogs_AreNeverThere()
    {
        var folder = Path.Combine(Path.GetTempPath(), $"rro-logs-{Guid.NewGuid():N}");
        var lines = new Lines();
        // With everything that ASP.NET would ever say, which is much more than the server does.
        var server = new RroWebApplication(
            new DashboardOptions { Url = "http://127.0.0.1:0", DataFolder = folder, StartDemo = false },
            services => services.AddSingleton<ILoggerProvider>(lines));
        try
        {
            await server.StartAsync();
            var link = server.CreateSignInLink();
            var user = await server.App.Services.GetRequiredService<AccountStore>().CreateAsync("Logged", UserRole.Admin, new Web.Authentication.Passwords().Hash("a secret of ten letters"), default);
            var token = await server.App.Services.GetRequiredService<TokenStore>().CreateAsync(user.Id, "logged", UserRole.Admin, 1, default);
            var invitation = await server.App.Services.GetRequiredService<InvitationStore>().CreateAsync(UserRole.Viewer, "", 1, user.Id, default);
            using var client = new HttpClient { BaseAddress = new Uri(server.Url) };
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
            await client.GetAsync("/api/v1/runs/");
            await client.GetAsync("/api/v1/runs/none");
            client.DefaultRequestHeaders.Authorization = null;
            var page = await client.GetStringAsync(new Uri(link));
            await client.GetStringAsync("/invitation?token=" + invitation);
            using var form = new FormUrlEncodedContent([new("name", "Logged"), new("password", "a secret of ten letters"), new("__RequestVerificationToken", ServerFixture.FormToken(page))]);
            await client.PostAsync("/sign-in/password", form);

            foreach (var secret in new[] { token, link[(link.IndexOf('=', StringComparison.Ordinal) + 1)..], invitation, "a secret of ten letters" })
            {
                Assert.DoesNotContain(lines.All, l => l.Contains(secret, StringComparison.Ordinal));
                Assert.DoesNotContain(Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Where(f => !f.EndsWith("lock", StringComparison.Ordinal)), f => Reads(f).Contains(secret, StringComparison.Ordinal));
            }
        }
        finally
        {
            await server.App.StopAsync();
            await server.DisposeAsync();
            Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task Api_Refusals_AreProblemDetails()
    {
        var (client, _) = await fixture.SignInAsync();
        using var own = client;
        foreach (var (path, status) in new[] { ("/api/v1/runs/none", 404), ("/api/v1/no/such/thing", 404), ("/api/v1/runs/?take=x", 400), ("/api/v1/runs/?cursor=x", 400), ("/api/v1/runs/none/points?cursor=x", 404) })
        {
            using var answer = await client.GetAsync(path);
            Assert.Equal(status, (int)answer.StatusCode);
            Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
            Assert.Equal(status, (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("status").GetInt32());
        }

        using var broken = await client.PostAsync("/api/v1/runs/", new StringContent("{", System.Text.Encoding.UTF8, "application/json"));
        Assert.Equal(HttpStatusCode.BadRequest, broken.StatusCode);
        Assert.Equal("application/problem+json", broken.Content.Headers.ContentType?.MediaType);
    }

    [Fact]
    public async Task OpenApi_Document_NamesTheRoutes()
    {
        var (client, _) = await fixture.SignInAsync();
        using var own = client;

        var paths = (await client.GetFromJsonAsync<JsonElement>("/openapi/v1.json")).GetProperty("paths").EnumerateObject().Select(p => p.Name).ToList();

        Assert.Contains("/api/v1/runs/{id}/points", paths);
        Assert.Contains("/api/v1/runs/{id}/events/stream", paths);
        Assert.DoesNotContain(paths, p => p.Contains("sign-in", StringComparison.Ordinal) && p.Contains("admin", StringComparison.Ordinal));
    }

    private static string Reads(string file)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var reader = new StreamReader(stream, System.Text.Encoding.Latin1);
        return reader.ReadToEnd();
    }

    private HttpClient Program(string token)
    {
        var client = fixture.CreateClient();
        client.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", "Bearer " + token);
        return client;
    }

    private sealed class Lines : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<string> All { get; } = new();

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => All.Enqueue(formatter(state, exception) + exception);

        public void Dispose()
        {
        }
    }
}
