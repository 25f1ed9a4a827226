using System.Net;

namespace RroDashboard.Web.Tests.Authentication;

public sealed class SignInTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    [Fact]
    public async Task Redeem_OwnLink_SetsAStrictHttpOnlyCookieAndOpensTheRuns()
    {
        var (client, answer) = await fixture.SignInAsync();
        using var own = client;

        Assert.Equal(HttpStatusCode.Redirect, answer.StatusCode);
        Assert.Equal("/", answer.Headers.Location!.OriginalString);
        var cookie = Assert.Single(answer.Headers.GetValues("Set-Cookie"), c => c.StartsWith("rro-session=", StringComparison.Ordinal));
        Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("samesite=strict", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("expires=", cookie, StringComparison.OrdinalIgnoreCase);
        using var page = await client.GetAsync("/");
        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
    }

    [Fact]
    public async Task Redeem_UsedLink_IsRefused()
    {
        var link = fixture.Server.CreateSignInLink();
        var (first, _) = await fixture.SignInAsync(link);
        first.Dispose();

        var (client, answer) = await fixture.SignInAsync(link);
        using var own = client;

        Assert.Equal("/sign-in?refused=link", answer.Headers.Location!.OriginalString);
        Assert.False(answer.Headers.TryGetValues("Set-Cookie", out var cookies) && cookies.Any(c => c.StartsWith("rro-session=", StringComparison.Ordinal)));
        Assert.Contains("used before or has expired", await client.GetStringAsync("/sign-in?refused=link"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Redeem_WithoutFormToken_IsRefused()
    {
        using var client = fixture.CreateClient();
        var link = fixture.Server.CreateSignInLink();
        using var content = new FormUrlEncodedContent([new("token", link[(link.IndexOf('=', StringComparison.Ordinal) + 1)..])]);

        using var answer = await client.PostAsync("/sign-in/redeem", content);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
    }

    [Fact]
    public async Task SignOut_SignedIn_EndsTheSession()
    {
        var (client, _) = await fixture.SignInAsync();
        using var own = client;
        var page = await client.GetStringAsync("/");
        var token = ServerFixture.FormToken(page);
        using var content = new FormUrlEncodedContent([new("__RequestVerificationToken", token), new("reason", "asked")]);

        using var answer = await client.PostAsync("/sign-out", content);
        using var after = await client.GetAsync("/");

        Assert.Equal(HttpStatusCode.Redirect, answer.StatusCode);
        Assert.Equal("/sign-in", after.Headers.Location!.OriginalString);
    }
}
