using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using RroDashboard.Data;

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

    private HttpClient Program(string token)
    {
        var client = fixture.CreateClient();
        client.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", "Bearer " + token);
        return client;
    }
}
