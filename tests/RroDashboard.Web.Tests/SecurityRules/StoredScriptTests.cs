using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using RroDashboard.Data;
using RroDashboard.Data.Entities;
using RroDashboard.Web.Sharing;
using RroDashboard.Web.Tests.Bundles;
using RroDashboard.Web.Tests.Hosting;

namespace RroDashboard.Web.Tests.SecurityRules;

/// <summary>
/// Markup in every text that people, agents and data can write, and every page that shows one: it comes out as text. What is drawn in the browser (charts, the
/// feed) is tested there, with a real one.
/// </summary>
public sealed class StoredScriptTests
{
    private const string Hostile = "\"'><img src=x onerror=alert(1)></script></title></textarea><script>alert(2)</script>{{7*7}}[x](javascript:alert(3))";

    private const string Encoded = "&lt;img src=x onerror=alert(1)&gt;";

    [Fact]
    public async Task Pages_All_ShowHostileTextsAsText()
    {
        await using var server = await LiveServer.StartAsync(static (journal, _) => BundledRun.Say(journal, Hostile));
        var (values, shares) = await FillAsync(server);
        using var client = await server.SignInAsync();
        using var stranger = new HttpClient { BaseAddress = server.Url };
        var shown = new List<string>();
        var routes = EndpointTable.Of(server.Server).Where(EndpointTable.IsPage).ToList();
        Assert.True(routes.Count > 25);
        foreach (var route in routes)
        {
            var path = EndpointTable.Fill(route, n => values.TryGetValue(n, out var value) ? value : throw new InvalidOperationException($"What stands for {n}? A new page needs a value here."));
            var query = EndpointTable.PathOf(route) switch
            {
                "/compare" => "?runs=" + values["RunId"],
                "/runs/new" => "?from=" + values["RunId"],
                "/" or "/runs" => "?q=" + Uri.EscapeDataString("\"" + Hostile.Replace("\"", "", StringComparison.Ordinal) + "\""),
                "/review" => "?new=" + values["RunId"],
                _ => "?back=" + Uri.EscapeDataString("/" + Hostile) + "&wrong=" + Uri.EscapeDataString(Hostile) + "&q=" + Uri.EscapeDataString(Hostile),
            };
            foreach (var address in new[] { path, path + query })
            {
                using var answer = await client.GetAsync(address);
                if (await CheckAsync(answer, address))
                {
                    shown.Add(EndpointTable.PathOf(route));
                }
            }
        }

        foreach (var share in shares)
        {
            using var answer = await stranger.GetAsync(share);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            await CheckAsync(answer, share);
            var page = await answer.Content.ReadAsStringAsync();
            Assert.All(System.Text.RegularExpressions.Regex.Matches(page, "<(meta|title)[^>]*>([^<]*</title>)?").Select(m => m.Value), m => Assert.DoesNotContain("onerror", m, StringComparison.Ordinal));
        }

        // Where it was seen as text: so the pages had it at all.
        Assert.Superset(new HashSet<string> { "/", "/runs/{RunId}", "/runs/{RunId}/tasks/{TaskNumber:int}", "/runs/{RunId}/pairs", "/reports", "/reports/{ReportId}", "/review", "/links", "/compare", "/admin/users", "/admin/tokens", "/admin/audit" }, shown.ToHashSet());
    }

    [Fact]
    public async Task Files_ThatOpenInABrowser_ShowHostileTextsAsText()
    {
        await using var server = await LiveServer.StartAsync(static (journal, _) => BundledRun.Say(journal, Hostile));
        var (values, _) = await FillAsync(server);
        using var client = await server.SignInAsync();

        using var file = await client.GetAsync($"/api/v1/reports/{values["ReportId"]}/report.html?version=1");
        var html = await file.Content.ReadAsStringAsync();
        using var preview = await client.PostAsJsonAsync("/api/v1/reports/preview", new { markdown = $"# {Hostile}\n\n{Hostile}\n\n{{{{run {values["RunId"]}}}}}" });
        var part = (await preview.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("html").GetString()!;

        foreach (var text in new[] { html, part })
        {
            Assert.Contains(Encoded, text, StringComparison.Ordinal);
            Assert.Empty(Markup.ThatRuns(text));
            Assert.DoesNotContain("<img src=x", text, StringComparison.Ordinal);
        }

        // Everything else is never a page: a browser saves it, or shows it as text.
        foreach (var path in new[] { "log.txt", "pairs.jsonl", "events", "ledger", "candidates", "trajectories" })
        {
            using var answer = await client.GetAsync($"/api/v1/runs/{values["RunId"]}/{path}");
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.DoesNotContain("html", answer.Content.Headers.ContentType!.MediaType!, StringComparison.Ordinal);
            Assert.Equal("nosniff", Assert.Single(answer.Headers.GetValues("X-Content-Type-Options")));
        }
    }

    private static string Cut(int length) => Hostile[..Math.Min(Hostile.Length, length)];

    private static async Task<bool> CheckAsync(HttpResponseMessage answer, string address)
    {
        Assert.True((int)answer.StatusCode < 500, $"{address} answers {(int)answer.StatusCode}");
        var page = await answer.Content.ReadAsStringAsync();
        Assert.False(page.Contains("<img src=x", StringComparison.OrdinalIgnoreCase), address);
        Assert.False(page.Contains("<script>alert", StringComparison.OrdinalIgnoreCase), address);
        Assert.True(Markup.ThatRuns(page) is [], $"{address}: {string.Join('\n', Markup.ThatRuns(page))}");
        return page.Contains("onerror=alert(1)", StringComparison.Ordinal);
    }

    // Everything that has a text, with it; gives what stands for the parameters of pages, and the shared pages.
    private static async Task<(IReadOnlyDictionary<string, string> Values, IReadOnlyList<string> Shares)> FillAsync(LiveServer server)
    {
        var run = await BundledRun.MakeAsync(server);
        await server.Get<RunKeeper>().DescribeAsync(run, Cut(RunKeeper.MaxName), "<img/src=x>", Hostile, default);
        var name = Cut(AccountStore.MaxName);
        var admin = await server.Get<AccountStore>().FirstAdminAsync(default);
        var user = await server.Get<AccountStore>().CreateAsync(name, UserRole.Operator, null, default);
        await server.Get<TokenStore>().CreateAsync(user.Id, name, UserRole.Viewer, 1, default);
        await server.Get<TokenStore>().CreateAsync(admin.Id, name, UserRole.Viewer, 1, default);
        await server.Get<InvitationStore>().CreateAsync(UserRole.Viewer, name, 1, user.Id, default);
        await server.Get<AuditLog>().AddAsync(user.Id, user.Name, "test", Hostile, Hostile);
        var report = await server.Get<ReportStore>().CreateAsync(
            Cut(ReportStore.MaxTitle), $"{Hostile}\n\n# {Hostile}\n\n{{{{run {run}}}}}\n\n{{{{chart run={run} series=sft/loss title=\"<img src=x onerror=alert(1)>\"}}}}\n\n{{{{trajectory run={run} task=0}}}}", Hostile, default);
        using var client = await server.SignInAsync();
        using var made = await client.PostAsJsonAsync("/api/v1/review/queues/", new { runId = run, kind = "Pairwise", title = "<img src=x onerror=alert(1)>", guidelines = Hostile });
        Assert.Equal(HttpStatusCode.Created, made.StatusCode);
        var queue = (await made.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetString()!;
        var shares = new List<string>();
        foreach (var (target, embeddable) in new[]
        {
            (new ShareTarget(ShareScope.Run, run, null, "", false), true), (new ShareTarget(ShareScope.Run, run, null, "", true), false), (new ShareTarget(ShareScope.Chart, run, null, "sft-loss", false), true),
            (new ShareTarget(ShareScope.Trajectory, run, null, "0", false), false), (new ShareTarget(ShareScope.Report, null, report, "", false), true),
        })
        {
            foreach (var frozen in new[] { false, true })
            {
                var (token, _) = await server.Get<ShareDesk>().CreateAsync(target, frozen, 1, embeddable, "", null, Hostile, default);
                shares.Add("/s/" + token);
                if (embeddable)
                {
                    shares.Add($"/s/{token}?embed=1&theme={Uri.EscapeDataString(Hostile)}");
                }
            }
        }

        return (new Dictionary<string, string>(StringComparer.Ordinal) { ["RunId"] = run, ["TaskNumber"] = "0", ["ReportId"] = report, ["QueueId"] = queue }, shares);
    }
}
