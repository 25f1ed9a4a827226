using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using RroDashboard.Core.Events;
using RroDashboard.Core.Exploration;
using RroDashboard.Core.Rewards;
using RroDashboard.Data;
using RroDashboard.Web.Tests.Hosting;

namespace RroDashboard.Web.Tests.Api;

public sealed class LinksApiTests
{
    [Fact]
    public async Task Create_Run_TellsTheAddressOnceAndTheLinkShowsIt()
    {
        await using var server = await LiveServer.StartAsync(Play);
        using var client = await server.SignInAsync();
        var run = await EndedAsync(server);

        using var made = await client.PostAsJsonAsync(Address($"/api/v1/runs/{run}/links"), new { });
        var link = await made.Content.ReadFromJsonAsync<JsonElement>();
        var (id, url) = (link.GetProperty("id").GetInt32(), link.GetProperty("url").GetString()!);

        Assert.Equal((HttpStatusCode.Created, $"/api/v1/links/{id}"), (made.StatusCode, made.Headers.Location?.ToString()));
        Assert.True(made.Headers.CacheControl!.NoStore);
        Assert.Matches($"^{server.Url.GetLeftPart(UriPartial.Authority)}/s/[0-9a-f]{{32}}$", url);
        using var stranger = new HttpClient();
        Assert.Contains("click[ b1 ]", await stranger.GetStringAsync(new Uri(url)), StringComparison.Ordinal);

        // It is told in no list, kept in no table, and named in no log of who did what.
        var token = url.Split('/')[^1];
        foreach (var path in new[] { "/api/v1/links", $"/api/v1/runs/{run}/links" })
        {
            var listed = Assert.Single((await LiveServer.JsonAsync(client, path)).EnumerateArray());
            Assert.Equal((id, run, "Run", 1), (listed.GetProperty("id").GetInt32(), listed.GetProperty("runId").GetString(), listed.GetProperty("scope").GetString(), listed.GetProperty("views").GetInt32()));
            Assert.DoesNotContain(token, listed.GetRawText(), StringComparison.Ordinal);
        }

        await using var context = await server.Get<IDbContextFactory<RroDbContext>>().CreateDbContextAsync();
        Assert.NotEqual(token, (await context.ShareLinks.SingleAsync()).TokenHash);
        var line = Assert.Single(await server.Get<AuditLog>().ListAsync(null, "link.made", 10, default));
        Assert.Equal(("owner", run, "Run, by API"), (line.UserName, line.Subject, line.Detail));
    }

    [Fact]
    public async Task Revoke_Link_EndsItOnce()
    {
        await using var server = await LiveServer.StartAsync(Play);
        using var client = await server.SignInAsync();
        var run = await EndedAsync(server);
        using var made = await client.PostAsJsonAsync(Address($"/api/v1/runs/{run}/links"), new { scope = "Trajectory", target = "0", frozen = true, days = 3 });
        var link = await made.Content.ReadFromJsonAsync<JsonElement>();
        var id = link.GetProperty("id").GetInt32();
        using var stranger = new HttpClient();
        Assert.Contains("click[ b1 ]", await stranger.GetStringAsync(new Uri(link.GetProperty("url").GetString()!)), StringComparison.Ordinal);

        using var revoked = await client.DeleteAsync(Address($"/api/v1/links/{id}"));
        using var again = await client.DeleteAsync(Address($"/api/v1/links/{id}"));
        using var unknown = await client.DeleteAsync(Address("/api/v1/links/99"));
        using var opened = await stranger.GetAsync(new Uri(link.GetProperty("url").GetString()!));

        Assert.Equal((HttpStatusCode.NoContent, HttpStatusCode.NoContent, HttpStatusCode.NotFound), (revoked.StatusCode, again.StatusCode, unknown.StatusCode));
        Assert.Equal(HttpStatusCode.NotFound, opened.StatusCode);
        Assert.Equal("Trajectory 0, by API", Assert.Single(await server.Get<AuditLog>().ListAsync(null, "link.revoked", 10, default)).Detail);
        Assert.NotEqual(JsonValueKind.Null, Assert.Single((await LiveServer.JsonAsync(client, "/api/v1/links")).EnumerateArray()).GetProperty("revokedUtc").ValueKind);
    }

    [Theory]
    [InlineData("""{"scope":"Report"}""", "A link of a run shows Run, Chart or Trajectory")]
    [InlineData("""{"scope":"Chart","target":"none"}""", "There is no chart with this name; allowed are sft-loss, step-reward,")]
    [InlineData("""{"target":"sft-loss"}""", "The whole run has no target")]
    [InlineData("""{"scope":"Trajectory","target":"7"}""", "There is nothing to share here yet, or it was removed meanwhile.")]
    [InlineData("""{"days":0}""", "A share link works for 1 to 365 days, and 0 were asked for.")]
    [InlineData("""{"password":"short"}""", "The password of a share link has 6 to 200 characters, and this one has 5.")]
    [InlineData("""{"maxViews":0}""", "A share link can be opened 1 to 100000 times")]
    [InlineData("""{"embeddable":true,"maxViews":3}""", "an embeddable link has no password and no limit of views")]
    [InlineData("""{"scope":"Everything"}""", "The request cannot be read")]
    public async Task Create_Wrong_SaysTheSentenceAndMakesNone(string body, string sentence)
    {
        await using var server = await LiveServer.StartAsync(Play);
        using var client = await server.SignInAsync();
        var run = await EndedAsync(server);
        using var content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");

        using var answer = await client.PostAsync(Address($"/api/v1/runs/{run}/links"), content);
        using var nowhere = await client.PostAsJsonAsync(Address("/api/v1/runs/bbbbbbbbbb/links"), new { });

        Assert.Equal((HttpStatusCode.BadRequest, "application/problem+json"), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
        Assert.Contains(sentence, (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, nowhere.StatusCode);
        Assert.Equal(0, (await LiveServer.JsonAsync(client, "/api/v1/links")).GetArrayLength());
    }

    [Fact]
    public async Task Requests_OfEachRoleAndToken_DoWhatTheyMay()
    {
        await using var server = await LiveServer.StartAsync(Play);
        using var owner = await server.SignInAsync();
        using var reviewer = await server.SignInAsAsync("reviewer");
        var run = await EndedAsync(server);
        var admin = await server.Get<AccountStore>().FirstAdminAsync(default);
        using var strong = await ProgramAsync(UserRole.Operator);
        using var weak = await ProgramAsync(UserRole.Reviewer);
        using var nobody = new HttpClient { BaseAddress = server.Url };

        async Task<HttpStatusCode> Post(HttpClient client) => (await client.PostAsJsonAsync(Address($"/api/v1/runs/{run}/links"), new { maxViews = 2 })).StatusCode;

        Assert.Equal(
            [HttpStatusCode.Created, HttpStatusCode.Created, HttpStatusCode.Forbidden, HttpStatusCode.Forbidden, HttpStatusCode.Unauthorized],
            [await Post(owner), await Post(strong), await Post(reviewer), await Post(weak), await Post(nobody)]);
        Assert.Equal(HttpStatusCode.Forbidden, (await reviewer.GetAsync(Address("/api/v1/links"))).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await weak.DeleteAsync(Address("/api/v1/links/1"))).StatusCode);
        Assert.Equal(2, (await LiveServer.JsonAsync(strong, "/api/v1/links")).GetArrayLength());

        var paths = (await LiveServer.JsonAsync(owner, "/openapi/v1.json")).GetProperty("paths");
        Assert.Equal("ShareRun", paths.GetProperty("/api/v1/runs/{id}/links").GetProperty("post").GetProperty("operationId").GetString());
        Assert.Equal("RevokeLink", paths.GetProperty("/api/v1/links/{id}").GetProperty("delete").GetProperty("operationId").GetString());

        async Task<HttpClient> ProgramAsync(UserRole scope)
        {
            var client = new HttpClient { BaseAddress = server.Url };
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", await server.Get<TokenStore>().CreateAsync(admin.Id, $"{scope}", scope, 1, default));
            return client;
        }
    }

    [Fact]
    public async Task Create_Report_ShowsTheReport()
    {
        await using var server = await LiveServer.StartAsync(Play);
        using var client = await server.SignInAsync();
        var report = await server.Get<ReportStore>().CreateAsync("What we found", "It *rises*.", "owner", default);

        using var made = await client.PostAsJsonAsync(Address($"/api/v1/reports/{report}/links"), new { });
        using var wrong = await client.PostAsJsonAsync(Address($"/api/v1/reports/{report}/links"), new { scope = "Run" });
        using var unknown = await client.PostAsJsonAsync(Address("/api/v1/reports/bbbbbbbbbb/links"), new { });
        using var stranger = new HttpClient();

        Assert.Equal((HttpStatusCode.Created, HttpStatusCode.BadRequest, HttpStatusCode.NotFound), (made.StatusCode, wrong.StatusCode, unknown.StatusCode));
        Assert.Contains("<em>rises</em>", await stranger.GetStringAsync(new Uri((await made.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("url").GetString()!)), StringComparison.Ordinal);
        Assert.Single((await LiveServer.JsonAsync(client, $"/api/v1/reports/{report}/links")).EnumerateArray());
    }

    private static Uri Address(string path) => new(path, UriKind.Relative);

    private static void Play(IRunJournal journal, CancellationToken cancellation)
    {
        journal.Record(new StageStarted(Stage.Explore));
        journal.Record(new TaskOpened(0, "train-0", "Buy a mug", new Estimate([0.5])));
        journal.Record(new CandidateScored(0, 0, 0, "click[ b1 ]", "item", new Estimate([0.75]), null, false, false, 3, -1));
        journal.Record(new StepDecided(0, 0, new Estimate([0.5]), new Estimate([0.75]), 0, "click[ b1 ]", 1, StepVerdict.Rose, [CandidateAccount.Accepted]));
    }

    private static async Task<string> EndedAsync(LiveServer server)
    {
        var run = await server.EnqueueAsync();
        await server.WaitForEndAsync(run);
        await server.FlushAsync();
        return run;
    }
}
