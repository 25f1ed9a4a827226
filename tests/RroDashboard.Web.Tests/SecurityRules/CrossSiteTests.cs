using System.Net;
using Microsoft.AspNetCore.Authorization;
using RroDashboard.Data;

namespace RroDashboard.Web.Tests.SecurityRules;

/// <summary>A page of another site, in the browser of someone who is signed in here, can neither change nor follow nor read anything.</summary>
public sealed class CrossSiteTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private const string Attacker = "attacker.example";

    [Fact]
    public async Task UnsafeVerbs_FromAPageOfAnotherSite_AreRefusedByEveryEndpoint()
    {
        using var client = await fixture.SignInAsAsync(UserRole.Admin);
        client.DefaultRequestHeaders.Remove("Origin");
        var asked = 0;
        foreach (var endpoint in EndpointTable.Of(fixture.Server))
        {
            foreach (var verb in EndpointTable.Unsafe)
            {
                using var answer = await SendAsync(client, verb, EndpointTable.Fill(endpoint, _ => "1"), "http://" + Attacker);
                Assert.True(answer.StatusCode == HttpStatusCode.Forbidden, $"{verb} {EndpointTable.PathOf(endpoint)} answers {(int)answer.StatusCode}");
                asked++;
            }
        }

        Assert.True(asked > 300, $"Only {asked} requests: is the table empty?");
    }

    [Fact]
    public async Task UnsafeVerbs_WithTheCookieAlone_ChangeNothingAtAnyEndpoint()
    {
        // Neither an origin, which a browser always names, nor the token of a form.
        using var client = await fixture.SignInAsAsync(UserRole.Admin);
        client.DefaultRequestHeaders.Remove("Origin");
        foreach (var endpoint in EndpointTable.Of(fixture.Server).Where(e => !EndpointTable.IsTransport(e) && !EndpointTable.PathOf(e).StartsWith("/health/", StringComparison.Ordinal)))
        {
            // Without a session there is none to ride on; such forms are checked below.
            var open = endpoint.Metadata.GetMetadata<IAllowAnonymous>() is not null && EndpointTable.PathOf(endpoint).StartsWith("/s/", StringComparison.Ordinal);
            foreach (var verb in EndpointTable.Unsafe.Where(_ => !open))
            {
                using var answer = await SendAsync(client, verb, EndpointTable.Fill(endpoint, _ => "1"), origin: null);
                Assert.True(
                    answer.StatusCode is HttpStatusCode.BadRequest or HttpStatusCode.Forbidden or HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed,
                    $"{verb} {EndpointTable.PathOf(endpoint)} answers {(int)answer.StatusCode}");
            }
        }

        using var still = await client.GetAsync("/api/v1/runs/");
        Assert.Equal(HttpStatusCode.OK, still.StatusCode);
    }

    [Fact]
    public async Task Forms_WithTheTokenOfSomeoneElse_AreRefused()
    {
        using var client = await fixture.SignInAsAsync(UserRole.Viewer);
        using var other = await fixture.SignInAsAsync(UserRole.Viewer);
        var token = ServerFixture.FormToken(await other.GetStringAsync("/account"));
        await client.GetStringAsync("/account");
        foreach (var path in new[] { "/account", "/account/sign-out-everywhere", "/sign-out" })
        {
            using var form = new FormUrlEncodedContent([new("__RequestVerificationToken", token), new("name", "x"), new("reason", "x")]);
            using var answer = await client.PostAsync(path, form);
            Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        }
    }

    [Theory]
    [InlineData("http://attacker.example")]
    [InlineData("https://SAMEHOST")]
    [InlineData("http://127.0.0.1")]
    [InlineData("null")]
    [InlineData("file://")]
    public async Task CircuitAndHubs_FromAPageOfAnotherSite_DoNotConnect(string origin)
    {
        using var client = await fixture.SignInAsAsync(UserRole.Admin);
        client.DefaultRequestHeaders.Remove("Origin");
        var transports = EndpointTable.Of(fixture.Server).Where(EndpointTable.IsTransport).ToList();
        Assert.Contains(transports, e => EndpointTable.PathOf(e) == "/_blazor/negotiate");
        Assert.Contains(transports, e => EndpointTable.PathOf(e) == "/hubs/runs");
        Assert.Contains(transports, e => EndpointTable.PathOf(e) == "/hubs/share");
        foreach (var endpoint in transports)
        {
            foreach (var verb in new[] { "GET", "POST" })
            {
                using var answer = await SendAsync(client, verb, EndpointTable.Fill(endpoint, _ => "1"), origin.Replace("SAMEHOST", fixture.Url.Authority, StringComparison.Ordinal));
                Assert.True(answer.StatusCode == HttpStatusCode.Forbidden, $"{verb} {EndpointTable.PathOf(endpoint)} answers {(int)answer.StatusCode}");
            }

            // The upgrade to a WebSocket is no ordinary request: browsers do not ask beforehand whether they may.
            using var upgrade = new HttpRequestMessage(HttpMethod.Get, EndpointTable.Fill(endpoint, _ => "1"));
            upgrade.Headers.Add("Origin", origin.Replace("SAMEHOST", fixture.Url.Authority, StringComparison.Ordinal));
            upgrade.Headers.Add("Connection", "Upgrade");
            upgrade.Headers.Add("Upgrade", "websocket");
            upgrade.Headers.Add("Sec-WebSocket-Version", "13");
            upgrade.Headers.Add("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA==");
            using var refused = await client.SendAsync(upgrade);
            Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        }
    }

    [Fact]
    public async Task HostOfAnotherName_AsAfterDnsRebinding_IsRefusedByEveryEndpoint()
    {
        // The browser believes that the page and we are one site: origin and host agree, and the cookie may come along.
        using var client = await fixture.SignInAsAsync(UserRole.Admin);
        client.DefaultRequestHeaders.Remove("Origin");
        foreach (var endpoint in EndpointTable.Of(fixture.Server))
        {
            foreach (var verb in new[] { "GET", "POST" })
            {
                using var request = new HttpRequestMessage(new HttpMethod(verb), EndpointTable.Fill(endpoint, _ => "1")) { Headers = { Host = $"{Attacker}:{fixture.Url.Port}" } };
                request.Headers.Add("Origin", $"http://{Attacker}:{fixture.Url.Port}");
                using var answer = await client.SendAsync(request);
                Assert.True(answer.StatusCode == HttpStatusCode.BadRequest, $"{verb} {EndpointTable.PathOf(endpoint)} answers {(int)answer.StatusCode}");
            }
        }

        using var script = new HttpRequestMessage(HttpMethod.Get, "/js/theme.js") { Headers = { Host = Attacker } };
        using var refused = await client.SendAsync(script);
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
    }

    [Fact]
    public async Task Answers_ToAnotherSite_GiveItNoLeaveToRead()
    {
        using var client = await fixture.SignInAsAsync(UserRole.Admin);
        client.DefaultRequestHeaders.Remove("Origin");
        foreach (var path in new[] { "/", "/api/v1/runs/", "/metrics", "/openapi/v1.json", "/js/theme.js" })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path);
            request.Headers.Add("Origin", "http://" + Attacker);
            using var answer = await client.SendAsync(request);
            Assert.False(answer.Headers.Contains("Access-Control-Allow-Origin"), path);
            Assert.Equal("same-origin", Assert.Single(answer.Headers.GetValues("Cross-Origin-Resource-Policy")));
        }
    }

    private static async Task<HttpResponseMessage> SendAsync(HttpClient client, string verb, string path, string? origin)
    {
        using var request = new HttpRequestMessage(new HttpMethod(verb), path);
        if (verb != "GET")
        {
            request.Content = path.StartsWith("/api", StringComparison.Ordinal) ? new StringContent("{}", System.Text.Encoding.UTF8, "application/json") : new FormUrlEncodedContent([new("name", "x")]);
        }

        if (origin is not null)
        {
            request.Headers.Add("Origin", origin);
        }

        return await client.SendAsync(request);
    }
}
