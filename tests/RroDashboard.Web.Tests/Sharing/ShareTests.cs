using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.EntityFrameworkCore;
using RroDashboard.Core.Events;
using RroDashboard.Core.Exploration;
using RroDashboard.Core.Rewards;
using RroDashboard.Data;
using RroDashboard.Data.Entities;
using RroDashboard.Web.Sharing;
using RroDashboard.Web.Tests.Hosting;
using RroDashboard.Web.Tests.Hubs;

namespace RroDashboard.Web.Tests.Sharing;

public sealed partial class ShareTests
{
    /// <summary>Stands in everything that a redacted link must not send: instruction, task, action, observation, settings, log, alert, error, note.</summary>
    private const string Secret = "zebra-secret-4711";

    private const string Hostile = "<img src=x onerror=alert(1)>";

    private static void Play(IRunJournal journal, CancellationToken cancellation) => Say(journal, Secret);

    private static void Say(IRunJournal journal, string secret)
    {
        journal.Record(new RunStarted(
            new Dictionary<string, string>(StringComparer.Ordinal) { ["Environment.DataFolder"] = "/home/" + secret }, "MiniShop", new string('a', 64), "scripted", 10, 20, RewardRange.Unit));
        journal.Record(new StageStarted(Stage.Explore));
        journal.Sample(new LogLine("info", secret));
        journal.Record(new AlertRaised("warning", secret));
        Walk(journal, 0, secret);
        journal.Sample(new MetricPoint("sft/loss", 0, 2));
        journal.Sample(new MetricPoint("sft/loss", 1, 1));
        journal.Record(new EvaluationFinished(Stage.Evaluate, "greedy", 0.75, 0.6, 0.9, 0.5, 0.1, 0.02, 4.2, [new EpisodeResult(secret, 0.75, 4, 0, 20)]));
    }

    private static void Walk(IRunJournal journal, int task, string secret)
    {
        journal.Record(new TaskOpened(task, secret + " task", secret + " instruction", new Estimate([0.5])));
        journal.Record(new CandidateScored(task, 0, 0, secret + " action " + Hostile, secret + " observation", new Estimate([0.75]), null, false, false, 3, -1));
        journal.Record(new StepDecided(task, 0, new Estimate([0.5]), new Estimate([0.75]), 0, secret + " action " + Hostile, 1, StepVerdict.Rose, [CandidateAccount.Accepted]));
    }

    [Theory]
    [InlineData(ShareScope.Run, "", false)]
    [InlineData(ShareScope.Run, "", true)]
    [InlineData(ShareScope.Chart, "sft-loss", false)]
    [InlineData(ShareScope.Trajectory, "0", false)]
    [InlineData(ShareScope.Trajectory, "0", true)]
    public async Task Redacted_PageAndEverythingThatFollows_NeverHoldTheSecret(ShareScope scope, string target, bool frozen)
    {
        await using var server = await LiveServer.StartAsync(Play);
        var run = await EndedAsync(server);
        var token = await ShareAsync(server, new ShareTarget(scope, run, null, target, true), frozen);
        using var stranger = Stranger(server);

        using var answer = await stranger.GetAsync($"/s/{token}");
        var page = await answer.Content.ReadAsStringAsync();
        await using var hub = await HubClient.ConnectAsync(server.Url, null, "/hubs/share");
        await hub.InvokeAsync("Follow", Ticket(page));
        var sent = new StringBuilder(page).Append(answer.Headers);
        if (!frozen)
        {
            server.Get<JournalWriter>().Open(run).Record(new StepDecided(0, 1, new Estimate([0.5]), new Estimate([0.987]), 0, Secret, 1, StepVerdict.Rose, [CandidateAccount.Accepted]));
            server.Get<JournalWriter>().Open(run).Record(new NoteAdded(Secret));
            server.Get<JournalWriter>().Open(run).Sample(new MetricPoint("sft/loss", 2, 0.987));
            while (!sent.ToString().Contains("0.987", StringComparison.Ordinal))
            {
                sent.Append((await NextAsync(hub, m => m.Target == "sections")).Argument);
            }
        }

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.DoesNotContain("zebra", sent.ToString(), StringComparison.OrdinalIgnoreCase);
        var stored = await DatabaseAsync(server, c => c.ShareLinks.Select(l => l.FrozenJson).SingleAsync());
        Assert.Equal(frozen, stored is not null);
        Assert.DoesNotContain("zebra", stored ?? "", StringComparison.OrdinalIgnoreCase);
        if (scope != ShareScope.Chart)
        {
            Assert.Contains("left out by whoever shared this", page, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Unredacted_Page_ShowsTextsEncodedAndNothingPrivateBesides()
    {
        await using var server = await LiveServer.StartAsync(Play);
        var run = await EndedAsync(server);
        await server.Get<RunKeeper>().DescribeAsync(run, "A " + Hostile, "", "private notes", default);
        using var stranger = Stranger(server);

        var overview = await stranger.GetStringAsync($"/s/{await ShareAsync(server, new ShareTarget(ShareScope.Run, run, null, "", false))}");
        var walk = await stranger.GetStringAsync($"/s/{await ShareAsync(server, new ShareTarget(ShareScope.Trajectory, run, null, "0", false))}");

        foreach (var page in (string[])[overview, walk])
        {
            Assert.Contains($"{Secret} action &lt;img src=x onerror=alert(1)&gt;", page, StringComparison.Ordinal);
            Assert.DoesNotContain("<img", page, StringComparison.Ordinal);
            Assert.DoesNotContain("private notes", page, StringComparison.Ordinal);
            Assert.DoesNotContain("/home/", page, StringComparison.Ordinal);
            // A preview reads the head: nothing of the run is in it.
            var head = page[..page.IndexOf("</head>", StringComparison.Ordinal)];
            Assert.DoesNotContain("zebra", head, StringComparison.Ordinal);
            Assert.DoesNotContain("A &lt;img", head, StringComparison.Ordinal);
            Assert.Contains("noindex", head, StringComparison.Ordinal);
            // No circuit, no form, no inline script.
            Assert.DoesNotContain("blazor", page, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain("<form", page, StringComparison.Ordinal);
            Assert.DoesNotMatch("<script(?![^>]*src=)", page);
        }

        Assert.Contains($"{Secret} observation", walk, StringComparison.Ordinal);
        Assert.Contains("<svg", overview, StringComparison.Ordinal);
        // Alerts, logs, errors and single episodes are on no shared page.
        Assert.DoesNotContain(Secret + "</", overview.Replace($"{Secret} action", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Page_Headers_KeepTheAddressSecretAndOthersOut()
    {
        await using var server = await LiveServer.StartAsync(Play);
        var run = await EndedAsync(server);
        var plain = await ShareAsync(server, new ShareTarget(ShareScope.Run, run, null, "", false));
        var forOthers = await ShareAsync(server, new ShareTarget(ShareScope.Chart, run, null, "sft-loss", false), embeddable: true);
        using var stranger = Stranger(server);

        using var page = await stranger.GetAsync($"/s/{plain}");
        using var refused = await stranger.GetAsync($"/s/{plain}?embed=1");
        using var notAsked = await stranger.GetAsync($"/s/{forOthers}");
        using var embedded = await stranger.GetAsync($"/s/{forOthers}?embed=1&theme=dark");

        Assert.Equal(("no-referrer", "noindex, nofollow"), (Header(page, "Referrer-Policy"), Header(page, "X-Robots-Tag")));
        Assert.True(page.Headers.CacheControl!.NoStore);
        Assert.False(page.Headers.Contains("Set-Cookie"));
        foreach (var closed in (HttpResponseMessage[])[page, refused, notAsked])
        {
            Assert.Contains("frame-ancestors 'none'", Header(closed, "Content-Security-Policy"), StringComparison.Ordinal);
            Assert.Equal("DENY", Header(closed, "X-Frame-Options"));
        }

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.Forbidden, HttpStatusCode.OK), (page.StatusCode, refused.StatusCode, embedded.StatusCode));
        Assert.Contains("frame-ancestors *", Header(embedded, "Content-Security-Policy"), StringComparison.Ordinal);
        Assert.Contains("script-src 'self'", Header(embedded, "Content-Security-Policy"), StringComparison.Ordinal);
        Assert.False(embedded.Headers.Contains("X-Frame-Options"));
        Assert.Contains("data-theme=\"dark\"", await embedded.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Token_WrongRevokedOrOfADeletedRun_AnswerAlike()
    {
        await using var server = await LiveServer.StartAsync(Play);
        var (run, other) = (await EndedAsync(server), await EndedAsync(server));
        var (revoked, deleted) = (await ShareAsync(server, new ShareTarget(ShareScope.Run, run, null, "", false)), await ShareAsync(server, new ShareTarget(ShareScope.Run, other, null, "", false)));
        using var stranger = Stranger(server);
        await server.Get<ShareLinks>().RevokeAsync([(await server.Get<ShareLinks>().FindAsync(revoked, default))!.Id], default);
        await server.Get<RunKeeper>().DeleteAsync([other], default);

        var pages = new List<(HttpStatusCode, string)>();
        foreach (var token in (string[])[revoked, deleted, new string('a', 32), "short", new string('é', 32)])
        {
            using var answer = await stranger.GetAsync($"/s/{Uri.EscapeDataString(token)}");
            pages.Add((answer.StatusCode, await answer.Content.ReadAsStringAsync()));
        }

        Assert.Equal(HttpStatusCode.NotFound, pages[0].Item1);
        Assert.Contains("This link does not work", pages[0].Item2, StringComparison.Ordinal);
        Assert.All(pages, page => Assert.Equal(pages[0], page));
    }

    [Fact]
    public async Task Link_ExpiredOrUsedUp_ExplainsItself()
    {
        await using var server = await LiveServer.StartAsync(Play);
        var run = await EndedAsync(server);
        var target = new ShareTarget(ShareScope.Run, run, null, "", false);
        var (expired, counted) = (await ShareAsync(server, target), await ShareAsync(server, target, maxViews: 1));
        await DatabaseAsync(server, c => c.ShareLinks.Where(l => l.MaxViews == null).ExecuteUpdateAsync(set => set.SetProperty(l => l.ExpiresTicks, DateTime.UtcNow.Ticks - 1)));
        using var first = Stranger(server);
        using var second = Stranger(server);

        using var gone = await first.GetAsync($"/s/{expired}");
        Assert.Equal(HttpStatusCode.Gone, gone.StatusCode);
        Assert.Contains("This link has expired", await gone.Content.ReadAsStringAsync(), StringComparison.Ordinal);

        // Looking at a counted page, as a chat's preview does, uses nothing up; opening it does, once for this browser.
        Assert.Contains("Opening it counts once", await first.GetStringAsync($"/s/{counted}"), StringComparison.Ordinal);
        Assert.Contains("Opening it counts once", await second.GetStringAsync($"/s/{counted}"), StringComparison.Ordinal);
        Assert.Contains("Decided steps", await EnterAsync(first, counted, ""), StringComparison.Ordinal);
        Assert.Contains("Decided steps", await first.GetStringAsync($"/s/{counted}"), StringComparison.Ordinal);
        Assert.Contains("opened often enough", await EnterAsync(second, counted, ""), StringComparison.Ordinal);
        Assert.Equal(1, (await server.Get<ShareLinks>().FindAsync(counted, default))!.Views);
    }

    [Fact]
    public async Task Views_OfAPlainLink_AreCounted()
    {
        await using var server = await LiveServer.StartAsync(Play);
        var token = await ShareAsync(server, new ShareTarget(ShareScope.Run, await EndedAsync(server), null, "", false));
        using var stranger = Stranger(server);

        await stranger.GetStringAsync($"/s/{token}");
        await stranger.GetStringAsync($"/s/{token}");
        using var ahead = new HttpRequestMessage(HttpMethod.Get, $"/s/{token}");
        ahead.Headers.Add("Sec-Purpose", "prefetch");
        using var _ = await stranger.SendAsync(ahead);

        Assert.Equal(2, (await server.Get<ShareLinks>().FindAsync(token, default))!.Views);
    }

    [Fact]
    public async Task Password_Wrong_IsCountedAndLocks()
    {
        await using var server = await LiveServer.StartAsync(Play);
        var token = await ShareAsync(server, new ShareTarget(ShareScope.Run, await EndedAsync(server), null, "", false), password: "correct horse");
        using var stranger = Stranger(server);
        using var guesser = Stranger(server);

        var gate = await stranger.GetStringAsync($"/s/{token}");
        var opened = await EnterAsync(stranger, token, "correct horse");
        for (var i = 1; i < ShareLinks.MaxWrongPasswords; i++)
        {
            Assert.Contains("That password is wrong.", await EnterAsync(guesser, token, $"guess {i}"), StringComparison.Ordinal);
        }

        var locked = await EnterAsync(guesser, token, "guess 5");
        var right = await EnterAsync(guesser, token, "correct horse");

        Assert.Contains("type=\"password\"", gate, StringComparison.Ordinal);
        Assert.DoesNotContain("zebra", gate, StringComparison.Ordinal);
        Assert.Contains("Decided steps", opened, StringComparison.Ordinal);
        Assert.Contains("Too many wrong passwords", locked, StringComparison.Ordinal);
        Assert.Contains("Too many wrong passwords", right, StringComparison.Ordinal);
        // Whoever was let in before stays so, and the database knows neither password nor token.
        Assert.Contains("Decided steps", await stranger.GetStringAsync($"/s/{token}"), StringComparison.Ordinal);
        var row = JsonSerializer.Serialize(await DatabaseAsync(server, c => c.ShareLinks.SingleAsync()));
        Assert.DoesNotContain("correct", row, StringComparison.Ordinal);
        Assert.DoesNotContain(token, row, StringComparison.Ordinal);
        Assert.NotNull(await DatabaseAsync(server, c => c.ShareLinks.Select(l => l.PasswordHash).SingleAsync()));
    }

    [Fact]
    public async Task Hub_Stranger_FollowsItsPageAndReachesNothingElse()
    {
        await using var server = await LiveServer.StartAsync(Play);
        var (run, other) = (await EndedAsync(server), await EndedAsync(server));
        var token = await ShareAsync(server, new ShareTarget(ShareScope.Chart, run, null, "sft-loss", false));
        using var stranger = Stranger(server);
        var ticket = Ticket(await stranger.GetStringAsync($"/s/{token}"));
        await using var hub = await HubClient.ConnectAsync(server.Url, null, "/hubs/share");

        // Nothing but a ticket is taken: no token, no run, none of the other hub's methods.
        foreach (var (method, arguments) in new (string, object[])[]
        {
            ("Follow", [token]), ("Follow", [run]), ("Follow", [ticket[..^3] + "abc"]), ("Watch", [other]), ("Since", [other, "x", 0]), ("Candidates", [other, 0, 0]), ("Older", [other, 0, 0, 10]),
            ("Bands", [other, new[] { "sft/loss" }, 0, 9, 9]),
        })
        {
            await Assert.ThrowsAsync<InvalidOperationException>(() => hub.InvokeAsync(method, arguments));
        }

        await hub.InvokeAsync("Follow", ticket);
        await Assert.ThrowsAsync<InvalidOperationException>(() => hub.InvokeAsync("Follow", ticket));
        await NextAsync(hub, m => m.Target == "sections");

        // What the other run says does not come here; what this one says comes as the parts of the chart and nothing else.
        var journal = server.Get<JournalWriter>();
        journal.Open(other).Record(new NoteAdded("of the other run"));
        journal.Open(other).Sample(new MetricPoint("sft/loss", 2, 0.123));
        journal.Open(run).Sample(new MetricPoint("sft/loss", 2, 0.5));
        var (_, sections) = await NextAsync(hub, m => m.Target == "sections");

        Assert.Equal(["chart-sft-loss"], sections.EnumerateArray().Select(s => s.GetProperty("id").GetString()));
        Assert.Contains("0.5", sections.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("0.123", sections.ToString(), StringComparison.Ordinal);
        Assert.False(hub.Events.TryRead(out _));

        // And the signed-in hub takes no ticket.
        await Assert.ThrowsAsync<System.Net.WebSockets.WebSocketException>(() => HubClient.ConnectAsync(server.Url, null));
    }

    [Fact]
    public async Task Revoke_OpenPage_IsClosedWithinFiveSeconds()
    {
        await using var server = await LiveServer.StartAsync(Play);
        var run = await EndedAsync(server);
        var (live, frozen) = (await ShareAsync(server, new ShareTarget(ShareScope.Run, run, null, "", false)), await ShareAsync(server, new ShareTarget(ShareScope.Run, run, null, "", false), frozen: true));
        using var stranger = Stranger(server);
        await using var first = await HubClient.ConnectAsync(server.Url, null, "/hubs/share");
        await using var second = await HubClient.ConnectAsync(server.Url, null, "/hubs/share");
        var ticket = Ticket(await stranger.GetStringAsync($"/s/{live}"));
        await first.InvokeAsync("Follow", ticket);
        await second.InvokeAsync("Follow", Ticket(await stranger.GetStringAsync($"/s/{frozen}")));
        Assert.Equal(2, server.Get<ShareFeed>().ViewerCount);
        var links = server.Get<ShareLinks>();

        var watch = System.Diagnostics.Stopwatch.StartNew();
        await links.RevokeAsync([.. (await links.OfRunAsync(run, default)).Select(l => l.Id)], default);
        await NextAsync(first, m => m.Target == "closed");
        await NextAsync(second, m => m.Target == "closed");

        Assert.InRange(watch.Elapsed.TotalSeconds, 0, 5);
        await using var again = await HubClient.ConnectAsync(server.Url, null, "/hubs/share");
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => again.InvokeAsync("Follow", ticket));
        Assert.EndsWith("closed", refused.Message, StringComparison.Ordinal);
        Assert.Equal(0, await DatabaseAsync(server, c => c.ShareLinks.CountAsync(l => l.FrozenJson != null)));
    }

    [Theory]
    [InlineData(0, null, "", false, "A share link works for 1 to 365 days, and 0 were asked for.")]
    [InlineData(30, 0, "", false, "A share link can be opened 1 to 100000 times")]
    [InlineData(30, null, "short", false, "The password of a share link has 6 to 200 characters, and this one has 5.")]
    [InlineData(30, null, "long enough", true, "an embeddable link has no password")]
    public async Task Create_WrongWish_IsRefusedInOneSentence(int days, int? views, string password, bool embeddable, string expected)
    {
        await using var server = await LiveServer.StartAsync(Play);
        var run = await EndedAsync(server);

        var refused = await Assert.ThrowsAsync<ShareLinkException>(() => server.Get<ShareDesk>().CreateAsync(
            new ShareTarget(ShareScope.Run, run, null, "", false), false, days, embeddable, password, views, "me", default));

        Assert.Contains(expected, refused.Message, StringComparison.Ordinal);
        Assert.Empty(await server.Get<ShareLinks>().AllAsync(default));
    }

    [Fact]
    public async Task Create_NothingToShow_IsRefused()
    {
        await using var server = await LiveServer.StartAsync(Play);
        var run = await EndedAsync(server);
        foreach (var target in (ShareTarget[])[new(ShareScope.Trajectory, run, null, "99", false), new(ShareScope.Trajectory, run, null, "../x", false), new(ShareScope.Chart, run, null, "nothing", false), new(ShareScope.Run, "bbbbbbbbbb", null, "", false)])
        {
            var refused = await Assert.ThrowsAsync<ShareLinkException>(() => ShareAsync(server, target));
            Assert.Contains("There is nothing to share here yet", refused.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Requests_TooMany_AreRefusedForAWhile()
    {
        await using var server = await LiveServer.StartAsync(Play);
        // An address of its own: the limit is per address, and other tests ask from the usual one.
        using var handler = new SocketsHttpHandler
        {
            ConnectCallback = async (context, cancellation) =>
            {
                var socket = new System.Net.Sockets.Socket(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);
                socket.Bind(new IPEndPoint(IPAddress.Parse("127.9.9.9"), 0));
                await socket.ConnectAsync(context.DnsEndPoint.Host, context.DnsEndPoint.Port, cancellation);
                return new System.Net.Sockets.NetworkStream(socket, ownsSocket: true);
            },
        };
        using var client = new HttpClient(handler) { BaseAddress = server.Url };
        var codes = new List<HttpStatusCode>();
        for (var i = 0; i <= ShareLimiter.MaxRequests; i++)
        {
            using var answer = await client.GetAsync($"/s/{i:x32}");
            codes.Add(answer.StatusCode);
        }

        Assert.All(codes.SkipLast(1), code => Assert.Equal(HttpStatusCode.NotFound, code));
        Assert.Equal(HttpStatusCode.TooManyRequests, codes[^1]);
        using var others = Stranger(server);
        using var still = await others.GetAsync($"/s/{new string('a', 32)}");
        Assert.Equal(HttpStatusCode.NotFound, still.StatusCode);
    }

    private static async Task<string> EndedAsync(LiveServer server)
    {
        var run = await server.EnqueueAsync();
        await server.WaitForEndAsync(run);
        await server.FlushAsync();
        return run;
    }

    private static async Task<string> ShareAsync(LiveServer server, ShareTarget target, bool frozen = false, bool embeddable = false, string password = "", int? maxViews = null) =>
        (await server.Get<ShareDesk>().CreateAsync(target, frozen, 30, embeddable, password, maxViews, "me", default)).Token;

    private static HttpClient Stranger(LiveServer server) =>
        new(new SocketsHttpHandler { CookieContainer = new CookieContainer() }, disposeHandler: true) { BaseAddress = server.Url, Timeout = LiveServer.Patience };

    private static async Task<string> EnterAsync(HttpClient client, string token, string password)
    {
        using var form = new FormUrlEncodedContent([new("password", password)]);
        using var answer = await client.PostAsync($"/s/{token}", form);
        return await answer.Content.ReadAsStringAsync();
    }

    private static string Header(HttpResponseMessage answer, string name) => Assert.Single(answer.Headers.GetValues(name));

    private static string Ticket(string page) => WebUtility.HtmlDecode(TicketPattern().Match(page).Groups[1].Value);

    private static async Task<T> DatabaseAsync<T>(LiveServer server, Func<RroDbContext, Task<T>> ask)
    {
        await using var context = await server.Get<IDbContextFactory<RroDbContext>>().CreateDbContextAsync();
        return await ask(context);
    }

    private static async Task<(string Target, JsonElement Argument)> NextAsync(HubClient hub, Func<(string Target, JsonElement), bool> wanted)
    {
        using var patience = new CancellationTokenSource(LiveServer.Patience);
        while (true)
        {
            var message = await hub.Others.ReadAsync(patience.Token);
            if (wanted(message))
            {
                return message;
            }
        }
    }

    [GeneratedRegex("data-ticket=\"([^\"]+)\"")]
    private static partial Regex TicketPattern();
}
