using System.Net;
using System.Net.Http.Json;
using Microsoft.Extensions.Configuration;
using RroDashboard.Data;
using RroDashboard.Web.Authentication;
using RroDashboard.Web.Configuration;
using RroDashboard.Web.Tests.Hosting;
using RroDashboard.Web.Tests.Hubs;

namespace RroDashboard.Web.Tests.Authentication;

/// <summary>A web server in front of the dashboard that signs people in by a header.</summary>
public sealed class ProxySignInTests
{
    private const string Header = "X-Forwarded-User";

    // The tests come from 127.0.0.1; 127.5.5.5 is another address of the same machine.
    private const string Elsewhere = "127.5.5.5";

    private static ProxyOptions Proxy(UserRole role = UserRole.Viewer) => new() { Trusted = ["127.0.0.1", "10.1.0.0/16"], SignInHeader = Header, NewAccounts = role, Hosts = ["rro.example.org"] };

    [Fact]
    public async Task Header_FromTheProxy_SignsInWithAnAccountThatIsAudited()
    {
        await using var server = await StartAsync(Proxy(UserRole.Reviewer));
        using var client = Client(server, "Ada@Example.org");

        var page = await client.GetStringAsync("/");
        using var api = await client.GetAsync("/api/v1/runs/");
        using var forbidden = await client.GetAsync("/admin/users");
        var account = await client.GetStringAsync("/account");

        Assert.Contains("Ada@Example.org", page, StringComparison.Ordinal);
        Assert.DoesNotContain("choose a password", page, StringComparison.Ordinal);
        Assert.DoesNotContain(">Sign out<", page, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, api.StatusCode);
        Assert.Equal("/denied", forbidden.Headers.Location!.OriginalString);
        Assert.Contains("passwords and signing out are its business", account, StringComparison.Ordinal);
        Assert.False(api.Headers.Contains("Set-Cookie"));
        var user = Assert.Single(await server.Get<AccountStore>().ListAsync(default), u => u.Name == "Ada@Example.org");
        Assert.Equal((UserRole.Reviewer, false, ProxyPeople.IdOf("Ada@Example.org")), (user.Role, user.HasPassword, user.Id));
        Assert.NotNull(user.SignedInUtc);
        var lines = (await server.Get<AuditLog>().ListAsync(null, "", 50, default)).Where(l => l.Subject == user.Id).Select(l => l.Action).ToList();
        Assert.Equal(["account.from-proxy", "sign-in"], lines.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Header_FromElsewhere_IsAsIfItWereNotThere()
    {
        await using var server = await StartAsync(Proxy(UserRole.Admin));
        using var stranger = Client(server, "mallory", Elsewhere);
        // The proxy is on a list; who only says that it comes from there is not.
        stranger.DefaultRequestHeaders.Add("X-Forwarded-For", "127.0.0.1");

        using var page = await stranger.GetAsync("/");
        using var api = await stranger.GetAsync("/api/v1/runs/");
        using var signIn = await stranger.GetAsync("/sign-in");

        Assert.Equal("/sign-in", page.Headers.Location!.OriginalString);
        Assert.Equal(HttpStatusCode.Unauthorized, api.StatusCode);
        Assert.Equal(HttpStatusCode.OK, signIn.StatusCode);
        Assert.Empty(await server.Get<AccountStore>().ListAsync(default));
    }

    [Fact]
    public async Task Header_WhenItIsOff_IsNothing()
    {
        await using var server = await StartAsync(new ProxyOptions { Trusted = ["127.0.0.1"] });
        using var client = Client(server, "ada");

        using var api = await client.GetAsync("/api/v1/runs/");

        Assert.Equal(HttpStatusCode.Unauthorized, api.StatusCode);
        Assert.Empty(await server.Get<AccountStore>().ListAsync(default));
    }

    [Fact]
    public async Task Header_Twice_IsRefused()
    {
        // A proxy that adds its header to the browser's own, in place of replacing it.
        await using var server = await StartAsync(Proxy());

        var status = await RawAsync(server, $"GET /api/v1/runs/ HTTP/1.1\r\nHost: 127.0.0.1\r\n{Header}: mallory\r\n{Header}: ada\r\nConnection: close\r\n\r\n");

        using var joined = Client(server, "mallory, ada");
        using var answer = await joined.GetAsync("/api/v1/runs/");

        Assert.StartsWith("HTTP/1.1 401", status, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        Assert.Empty(await server.Get<AccountStore>().ListAsync(default));
    }

    [Fact]
    public async Task Account_ThatIsShutOut_StaysOut()
    {
        await using var server = await StartAsync(Proxy(UserRole.Operator));
        using var client = Client(server, "ada");
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/api/v1/runs/")).StatusCode);
        await using var hub = await HubAsync(server, "ada");

        await server.Get<AccountStore>().SetDisabledAsync(ProxyPeople.IdOf("ada"), true, default);

        Assert.Equal(HttpStatusCode.Unauthorized, (await client.GetAsync("/api/v1/runs/")).StatusCode);
        using var page = await client.GetAsync("/");
        Assert.Equal("/sign-in?refused=proxy", page.Headers.Location!.OriginalString);
        Assert.Contains("you are not let in", await client.GetStringAsync("/sign-in?refused=proxy"), StringComparison.Ordinal);
        // What was open is closed, too.
        Assert.False(await hub.Events.WaitToReadAsync().AsTask().WaitAsync(LiveServer.Patience));
        Assert.Single(await server.Get<AccountStore>().ListAsync(default));
    }

    [Fact]
    public async Task Name_OfSomeoneElse_GivesNobodyTheirAccount()
    {
        await using var server = await StartAsync(Proxy());
        var local = await server.Get<AccountStore>().CreateAsync("Ada", UserRole.Admin, new Passwords().Hash("a long enough sentence"), default);
        using var ada = Client(server, "ada");
        using var eve = Client(server, "eve");

        Assert.Equal(HttpStatusCode.OK, (await ada.GetAsync("/api/v1/runs/")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await eve.GetAsync("/api/v1/runs/")).StatusCode);
        // Eve takes a name before its owner comes for the first time.
        await server.Get<AccountStore>().DescribeAsync(ProxyPeople.IdOf("eve"), "bob", null, default);
        using var bob = Client(server, "bob");
        Assert.Equal(HttpStatusCode.OK, (await bob.GetAsync("/api/v1/runs/")).StatusCode);

        var users = (await server.Get<AccountStore>().ListAsync(default)).ToDictionary(u => u.Id, StringComparer.Ordinal);
        Assert.Equal(4, users.Count);
        Assert.Equal(("Ada", UserRole.Admin), (users[local.Id].Name, users[local.Id].Role));
        Assert.Equal(("ada (2)", UserRole.Viewer), (users[ProxyPeople.IdOf("ada")].Name, users[ProxyPeople.IdOf("ada")].Role));
        Assert.Equal("bob", users[ProxyPeople.IdOf("eve")].Name);
        Assert.Equal("bob (2)", users[ProxyPeople.IdOf("bob")].Name);
        Assert.Equal(HttpStatusCode.Redirect, (await ada.GetAsync("/admin/users")).StatusCode);
    }

    [Fact]
    public async Task Circuit_HubAndForms_WorkAndAskForTheirOrigin()
    {
        await using var server = await StartAsync(Proxy(UserRole.Operator));
        using var client = Client(server, "ada");
        var page = await client.GetStringAsync("/account");

        // The circuit's first step, the hub, a form, and the API.
        client.DefaultRequestHeaders.Add("Origin", server.Url.GetLeftPart(UriPartial.Authority));
        using var circuit = await client.PostAsync("/_blazor/negotiate?negotiateVersion=1", null);
        await using var hub = await HubAsync(server, "ada");
        var missed = await hub.InvokeAsync("Since", "bbbbbbbbbb", "00000000", 1);
        using var form = new FormUrlEncodedContent([new("__RequestVerificationToken", ServerFixture.FormToken(page)), new("name", "Ada herself")]);
        using var renamed = await client.PostAsync("/account", form);
        using var made = await client.PostAsJsonAsync("/api/v1/runs/", new { preset = "smoke" });

        Assert.Equal(HttpStatusCode.OK, circuit.StatusCode);
        Assert.True(missed.GetProperty("reset").GetBoolean());
        Assert.Equal("/account?saved=1", renamed.Headers.Location!.OriginalString);
        // No session of ours: it would outlive the proxy's word.
        Assert.False(renamed.Headers.TryGetValues("Set-Cookie", out var cookies) && cookies.Any(c => c.Contains("rro-session", StringComparison.Ordinal)));
        Assert.Equal(HttpStatusCode.Created, made.StatusCode);

        client.DefaultRequestHeaders.Remove("Origin");
        using var bare = await client.PostAsJsonAsync("/api/v1/runs/", new { preset = "smoke" });
        Assert.Equal(HttpStatusCode.Forbidden, bare.StatusCode);
        client.DefaultRequestHeaders.Add("Origin", "http://attacker.example");
        using var foreign = await client.PostAsync("/_blazor/negotiate?negotiateVersion=1", null);
        Assert.Equal(HttpStatusCode.Forbidden, foreign.StatusCode);
    }

    [Fact]
    public async Task Password_OfSomeoneWhomTheProxySignsIn_CannotBeSet()
    {
        await using var server = await StartAsync(Proxy());
        using var client = Client(server, "ada");
        var page = await client.GetStringAsync("/account");
        client.DefaultRequestHeaders.Add("Origin", server.Url.GetLeftPart(UriPartial.Authority));
        using var form = new FormUrlEncodedContent([new("__RequestVerificationToken", ServerFixture.FormToken(page)), new("name", "ada"), new("password", "a long enough sentence")]);

        using var answer = await client.PostAsync("/account", form);

        Assert.Contains("passwords are its business", await client.GetStringAsync(answer.Headers.Location!), StringComparison.Ordinal);
        Assert.False(Assert.Single(await server.Get<AccountStore>().ListAsync(default)).HasPassword);
    }

    [Fact]
    public async Task Host_OfTheProxy_IsAnsweredAndOthersAreNot()
    {
        await using var server = await StartAsync(Proxy());
        using var client = Client(server, "ada");
        foreach (var (host, status) in new[] { ("rro.example.org", HttpStatusCode.OK), ("attacker.example", HttpStatusCode.BadRequest) })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/runs/") { Headers = { Host = host } };
            request.Headers.Add("X-Forwarded-Proto", "https");
            request.Headers.Add("Origin", "https://" + host);
            using var answer = await client.SendAsync(request);
            Assert.Equal(status, answer.StatusCode);
        }
    }

    [Theory]
    [InlineData("", "X-User", "", "", "Proxy:Trusted names no address")]
    [InlineData("0.0.0.0/0", "X-User", "", "", "is every address there is")]
    [InlineData("::/0", "X-User", "", "", "is every address there is")]
    [InlineData("my-proxy", "X-User", "", "", "is no address and no range")]
    [InlineData("10.0.0.0/33", "X-User", "", "", "is no address and no range")]
    [InlineData("127.0.0.1", "Authorization", "", "", "'Authorization' is not allowed")]
    [InlineData("127.0.0.1", "X User", "", "", "'X User' is not allowed")]
    [InlineData("127.0.0.1", "X-User", "boss", "", "'boss' is no role: it is one of Viewer, Reviewer, Operator, Admin.")]
    [InlineData("127.0.0.1", "X-User", "3", "", "'3' is no role")]
    [InlineData("127.0.0.1", "X-User", "", "*", "'*' is no name of a host")]
    [InlineData("127.0.0.1", "X-User", "", "https://rro.example.org", "is no name of a host")]
    public void Configuration_Wrong_RefusesToStartInOneSentence(string trusted, string header, string role, string hosts, string sentence)
    {
        var refused = Assert.Throws<RefusalException>(() => ProxyOptions.Read(Configuration(trusted, header, role, hosts)).Validate());

        Assert.Contains(sentence, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refused.Message);
    }

    [Fact]
    public void Configuration_InEnvironmentVariables_IsRead()
    {
        var read = ProxyOptions.Read(Configuration("10.1.0.0/24, 127.0.0.1;::1", "X-User", "operator", "rro.example.org *.example.net"));
        read.Validate();

        Assert.Equal(("X-User", UserRole.Operator), (read.SignInHeader, read.NewAccounts));
        Assert.Equal(["rro.example.org", "*.example.net"], read.Hosts);
        Assert.All(["10.1.0.77", "127.0.0.1", "::1", "::ffff:10.1.0.3"], a => Assert.True(read.IsTrusted(IPAddress.Parse(a))));
        Assert.All(["10.1.1.1", "127.0.0.2", "::2", "fe80::1"], a => Assert.False(read.IsTrusted(IPAddress.Parse(a))));
        Assert.False(read.IsTrusted(null));
        Assert.Null(ProxyOptions.Read(Configuration("", "", "", "")).SignInHeader);
    }

    [Fact]
    public async Task Start_WithTheHeaderAndNoTrustedProxy_IsRefused()
    {
        var refused = await Assert.ThrowsAsync<RefusalException>(() => StartAsync(new ProxyOptions { SignInHeader = Header }));

        Assert.Contains("without one everyone could write that header and be anyone", refused.Message, StringComparison.Ordinal);
    }

    private static IConfiguration Configuration(string trusted, string header, string role, string hosts) => new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>(StringComparer.Ordinal)
    {
        ["Proxy:Trusted"] = trusted,
        ["Proxy:SignInHeader"] = header,
        ["Proxy:NewAccounts"] = role,
        ["Proxy:Hosts"] = hosts,
    }).Build();

    private static Task<LiveServer> StartAsync(ProxyOptions proxy) => LiveServer.StartAsync(static (_, _) => { }, proxy);

    private static Task<HubClient> HubAsync(LiveServer server, string person) => HubClient.ConnectAsync(server.Url, null, header: (Header, person));

    private static HttpClient Client(LiveServer server, string person, string from = "127.0.0.1")
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            ConnectCallback = async (context, cancellation) =>
            {
                var socket = new System.Net.Sockets.Socket(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);
                socket.Bind(new IPEndPoint(IPAddress.Parse(from), 0));
                await socket.ConnectAsync(context.DnsEndPoint.Host, context.DnsEndPoint.Port, cancellation);
                return new System.Net.Sockets.NetworkStream(socket, ownsSocket: true);
            },
        };
        var client = new HttpClient(handler, disposeHandler: true) { BaseAddress = server.Url, Timeout = LiveServer.Patience };
        client.DefaultRequestHeaders.Add(Header, person);
        return client;
    }

    // HttpClient joins equal headers to one; a proxy need not.
    private static async Task<string> RawAsync(LiveServer server, string request)
    {
        using var socket = new System.Net.Sockets.TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, server.Url.Port);
        await using var stream = socket.GetStream();
        await stream.WriteAsync(System.Text.Encoding.ASCII.GetBytes(request));
        using var reader = new StreamReader(stream);
        return await reader.ReadToEndAsync().WaitAsync(LiveServer.Patience);
    }
}
