using System.Net;
using System.Net.WebSockets;

namespace RroDashboard.Web.Tests.Authentication;

public sealed class SecurityTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    [Theory]
    [InlineData("/", HttpStatusCode.Redirect)]
    [InlineData("/runs/new", HttpStatusCode.Redirect)]
    [InlineData("/runs/anything", HttpStatusCode.Redirect)]
    [InlineData("/no/such/page", HttpStatusCode.Redirect)]
    [InlineData("/_blazor", HttpStatusCode.Unauthorized)]
    [InlineData("/hubs/runs", HttpStatusCode.Unauthorized)]
    [InlineData("/api/runs", HttpStatusCode.Unauthorized)]
    [InlineData("/sign-in", HttpStatusCode.OK)]
    [InlineData("/health/live", HttpStatusCode.OK)]
    [InlineData("/health/ready", HttpStatusCode.OK)]
    public async Task Get_SignedOut_IsClosedUnlessListed(string path, HttpStatusCode expected)
    {
        using var client = fixture.CreateClient();

        using var answer = await client.GetAsync(path);

        Assert.Equal(expected, answer.StatusCode);
        if (expected == HttpStatusCode.Redirect)
        {
            Assert.Equal(path == "/" ? "/sign-in" : "/sign-in?back=" + Uri.EscapeDataString(path), answer.Headers.Location!.OriginalString);
        }
    }

    [Theory]
    [InlineData("/sign-in")]
    [InlineData("/")]
    [InlineData("/css/app.css")]
    [InlineData("/health/live")]
    public async Task Get_Anything_HasTheSecurityHeaders(string path)
    {
        using var client = fixture.CreateClient();

        using var answer = await client.GetAsync(path);

        var policy = Assert.Single(answer.Headers.GetValues("Content-Security-Policy"));
        Assert.Contains("script-src 'self';", policy, StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
        Assert.Equal("nosniff", Assert.Single(answer.Headers.GetValues("X-Content-Type-Options")));
        Assert.Equal("same-origin", Assert.Single(answer.Headers.GetValues("Referrer-Policy")));
        Assert.False(answer.Headers.Contains("Server"));
    }

    [Fact]
    public async Task Get_HostOfAnotherName_IsRefused()
    {
        using var client = fixture.CreateClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/sign-in") { Headers = { Host = "attacker.example" } };

        using var answer = await client.SendAsync(request);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
    }

    [Theory]
    [InlineData("http://attacker.example")]
    [InlineData("http://127.0.0.1:1")]
    [InlineData("null")]
    public async Task Post_OriginOfAnotherSite_IsRefused(string origin)
    {
        using var client = fixture.CreateClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/sign-in/redeem") { Content = new FormUrlEncodedContent([new("token", "x")]) };
        request.Headers.Add("Origin", origin);

        using var answer = await client.SendAsync(request);

        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
    }

    [Theory]
    [InlineData("/_blazor")]
    [InlineData("/hubs/runs")]
    public async Task WebSocket_OriginOfAnotherSite_IsRefused(string path)
    {
        using var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader("Origin", "http://attacker.example");
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(20));

        var refused = await Assert.ThrowsAsync<WebSocketException>(() => socket.ConnectAsync(new Uri($"ws://{fixture.Url.Authority}{path}"), timeout.Token));

        Assert.Contains("403", refused.Message, StringComparison.Ordinal);
    }
}
