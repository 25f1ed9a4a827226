using System.Net;
using RroDashboard.Data;
using RroDashboard.Web.Configuration;
using RroDashboard.Web.Sharing;
using RroDashboard.Web.Tests.Bundles;
using RroDashboard.Web.Tests.Hosting;

namespace RroDashboard.Web.Tests.SecurityRules;

/// <summary>Every cookie that the server sets, over http and over https.</summary>
public sealed class CookieTests
{
    private static readonly ProxyOptions s_proxy = new() { Trusted = ["127.0.0.1"] };

    [Fact]
    public async Task Cookies_OverHttp_AreHttpOnlyStrictAndPlain()
    {
        await using var server = await StartAsync(null);

        var cookies = await AllAsync(server, https: false);

        Assert.Equal(["rro-form", "rro-session", "rro-share"], cookies.Select(c => c.Split('=')[0]).Distinct().Order(StringComparer.Ordinal));
        Assert.All(cookies, c => Attributes(c, secure: false));
    }

    [Fact]
    public async Task Cookies_OverHttps_AreSecureAndOfThisHostAlone()
    {
        await using var server = await StartAsync(s_proxy);

        var cookies = await AllAsync(server, https: true);

        // The pass of a shared page is for one path, which the stricter prefix does not allow.
        Assert.Equal(["__Host-rro-form", "__Host-rro-session", "__Secure-rro-share"], cookies.Select(c => c.Split('=')[0]).Distinct().Order(StringComparer.Ordinal));
        Assert.All(cookies, c => Attributes(c, secure: true));
        Assert.All(cookies.Where(c => c.StartsWith("__Host-", StringComparison.Ordinal)), c =>
        {
            Assert.Contains("; path=/;", c + ";", StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain("domain=", c, StringComparison.OrdinalIgnoreCase);
        });
    }

    [Fact]
    public async Task PlainCookie_OverHttps_IsNotTaken()
    {
        // Whoever sits on the line, or has another name of the domain, can plant cookies of plain names only.
        await using var server = await StartAsync(s_proxy);
        var session = (await AllAsync(server, https: true)).First(c => c.StartsWith("__Host-rro-session=", StringComparison.Ordinal)).Split(';')[0];

        Assert.Equal(HttpStatusCode.OK, await AskAsync(server, session, "https"));
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(server, session["__Host-".Length..], "https"));
        // And the name of https is none over http.
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(server, session, "http"));
    }

    [Fact]
    public async Task Scheme_SaidBySomeoneWhoIsNoTrustedProxy_IsIgnored()
    {
        await using var server = await StartAsync(new ProxyOptions { Trusted = ["10.9.8.7"] });

        var cookies = await AllAsync(server, https: true);

        Assert.All(cookies, c => Assert.StartsWith("rro-", c, StringComparison.Ordinal));
    }

    private static void Attributes(string cookie, bool secure)
    {
        Assert.Contains("; httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("; samesite=strict", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(secure, cookie.Contains("; secure", StringComparison.OrdinalIgnoreCase));
    }

    private static async Task<LiveServer> StartAsync(ProxyOptions? proxy) => await LiveServer.StartAsync(BundledRun.Play, proxy);

    private static async Task<HttpStatusCode> AskAsync(LiveServer server, string cookie, string scheme)
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseCookies = false }) { BaseAddress = server.Url };
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/runs/");
        request.Headers.Add("Cookie", cookie);
        request.Headers.Add("X-Forwarded-Proto", scheme);
        using var answer = await client.SendAsync(request);
        return answer.StatusCode;
    }

    // Signs in, out, and opens a shared page with a password: all that sets cookies. Ends them again, too.
    private static async Task<IReadOnlyList<string>> AllAsync(LiveServer server, bool https)
    {
        var run = await BundledRun.MakeAsync(server);
        var (token, _) = await server.Get<ShareDesk>().CreateAsync(new ShareTarget(Data.Entities.ShareScope.Run, run, null, "", false), false, 1, false, "a password", null, "me", default);
        var cookies = new List<string>();
        var jar = new Dictionary<string, string>(StringComparer.Ordinal);
        using var client = new HttpClient(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false }) { BaseAddress = server.Url };
        if (https)
        {
            client.DefaultRequestHeaders.Add("X-Forwarded-Proto", "https");
        }

        var link = server.Get<Web.Authentication.SignInLinks>().Create(TimeSpan.FromMinutes(5));
        var page = await SendAsync(HttpMethod.Get, "/sign-in?token=" + link);
        await SendAsync(HttpMethod.Post, "/sign-in/redeem", ("token", link), ("__RequestVerificationToken", ServerFixture.FormToken(page)));
        await SendAsync(HttpMethod.Post, "/s/" + token, ("password", "a password"));
        page = await SendAsync(HttpMethod.Get, "/account");
        var kept = cookies.ToList();
        await SendAsync(HttpMethod.Post, "/sign-out", ("reason", "x"), ("__RequestVerificationToken", ServerFixture.FormToken(page)));
        Assert.Contains(cookies.Skip(kept.Count), c => c.Contains("rro-session=;", StringComparison.Ordinal));
        return kept;

        async Task<string> SendAsync(HttpMethod verb, string path, params (string Name, string Value)[] fields)
        {
            using var request = new HttpRequestMessage(verb, path);
            if (jar.Count > 0)
            {
                request.Headers.Add("Cookie", string.Join("; ", jar.Select(c => $"{c.Key}={c.Value}")));
            }

            if (fields.Length > 0)
            {
                request.Content = new FormUrlEncodedContent(fields.Select(f => new KeyValuePair<string, string>(f.Name, f.Value)));
            }

            using var answer = await client.SendAsync(request);
            Assert.True((int)answer.StatusCode < 400, $"{verb} {path} answers {(int)answer.StatusCode}");
            foreach (var cookie in answer.Headers.TryGetValues("Set-Cookie", out var set) ? set : [])
            {
                cookies.Add(cookie);
                var pair = cookie.Split(';')[0].Split('=', 2);
                jar[pair[0]] = pair[1];
            }

            return await answer.Content.ReadAsStringAsync();
        }
    }
}
