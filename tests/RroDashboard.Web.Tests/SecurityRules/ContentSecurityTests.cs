using System.Net;
using Microsoft.EntityFrameworkCore;
using RroDashboard.Data;
using RroDashboard.Web.Tests.Hosting;

namespace RroDashboard.Web.Tests.SecurityRules;

/// <summary>No answer of any kind lets a browser run a script that is not a file of ours.</summary>
public sealed class ContentSecurityTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    [Theory]
    [InlineData("<p onclick='x()'>")]
    [InlineData("<p title=\"a\" onclick=x>")]
    [InlineData("<script>x()</script>")]
    [InlineData("<script src='a.js'>x()</script>")]
    [InlineData("<a href=\" javascript:x()\">")]
    public void Markup_ThatRuns_IsFound(string html) => Assert.NotEmpty(Markup.ThatRuns(html));

    [Fact]
    public void Markup_ThatOnlyLooksSo_IsNot() => Assert.Empty(Markup.ThatRuns("<p title=\"a onclick=b\">onclick=x &lt;script&gt;</p><script src=\"a.js\"></script>"));

    [Fact]
    public async Task Answers_OfEveryEndpoint_HaveThePolicyAndNothingThatRuns()
    {
        using var admin = await fixture.SignInAsAsync(UserRole.Admin);
        using var stranger = fixture.CreateClient();
        var (kinds, pages) = (new HashSet<int>(), 0);
        foreach (var endpoint in EndpointTable.Of(fixture.Server))
        {
            foreach (var client in new[] { admin, stranger })
            {
                foreach (var verb in EndpointTable.Unsafe.Prepend("GET").Prepend("HEAD").Prepend("OPTIONS"))
                {
                    using var request = new HttpRequestMessage(new HttpMethod(verb), EndpointTable.Fill(endpoint, _ => "1"));
                    // Signing out would end the session of the others.
                    if (verb == "POST" && EndpointTable.PathOf(endpoint).Contains("sign-out", StringComparison.Ordinal))
                    {
                        continue;
                    }

                    using var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
                    kinds.Add((int)answer.StatusCode);
                    Check(answer, $"{verb} {EndpointTable.PathOf(endpoint)}");
                    if (answer.Content.Headers.ContentType?.MediaType == "text/html" && verb != "HEAD")
                    {
                        pages++;
                        var html = await answer.Content.ReadAsStringAsync();
                        Assert.True(Markup.ThatRuns(html) is [], $"{verb} {EndpointTable.PathOf(endpoint)}: {string.Join('\n', Markup.ThatRuns(html))}");
                    }
                }
            }
        }

        Assert.True(pages > 20, $"Only {pages} pages were looked at.");
        Assert.Superset(new HashSet<int> { 200, 302, 400, 401, 404, 405 }, kinds);
    }

    [Fact]
    public async Task Answers_ThatAreRefusalsOrFiles_HaveThePolicy()
    {
        using var admin = await fixture.SignInAsAsync(UserRole.Admin);
        await CheckAsync(admin, HttpMethod.Get, "/css/app.css", 200);
        await CheckAsync(admin, HttpMethod.Get, "/favicon.svg", 200);
        await CheckAsync(admin, HttpMethod.Get, "/no/such/page", 404);
        await CheckAsync(admin, HttpMethod.Get, "/_framework/no-such.js", 404);
        await CheckAsync(admin, HttpMethod.Post, "/api/v1/runs/", 400, new StringContent("{", System.Text.Encoding.UTF8, "application/json"));
        await CheckAsync(admin, HttpMethod.Post, "/api/v1/runs/", 415, new StringContent("x", System.Text.Encoding.UTF8, "text/plain"));
        using var first = await admin.GetAsync("/api/v1/runs/");
        using var again = new HttpRequestMessage(HttpMethod.Get, "/api/v1/runs/") { Headers = { IfNoneMatch = { first.Headers.ETag! } } };
        using var unchanged = await admin.SendAsync(again);
        Assert.Equal(HttpStatusCode.NotModified, unchanged.StatusCode);
        Check(unchanged, "304");
    }

    [Fact]
    public async Task Answers_WhenTheServerFails_HaveThePolicyAndNoDetail()
    {
        await using var server = await LiveServer.StartAsync((_, _) => { });
        using var client = await server.SignInAsync();
        var database = await server.Get<IDbContextFactory<RroDbContext>>().CreateDbContextAsync();
        await using (database)
        {
            await database.Database.ExecuteSqlRawAsync("alter table Runs rename to Gone");
        }

        foreach (var path in new[] { "/", "/runs/anything", "/api/v1/runs/", "/metrics" })
        {
            using var answer = await client.GetAsync(path);
            Check(answer, path);
            var body = await answer.Content.ReadAsStringAsync();
            // A page may say so where its list would stand; a program has to be told by the status.
            Assert.True(answer.StatusCode == HttpStatusCode.InternalServerError || !Navigation.RroUrls.IsForScripts(path), path);
            Assert.DoesNotContain("SqliteException", body, StringComparison.Ordinal);
            Assert.DoesNotContain("   at ", body, StringComparison.Ordinal);
            Assert.Empty(Markup.ThatRuns(body));
        }
    }

    private static async Task CheckAsync(HttpClient client, HttpMethod verb, string path, int status, HttpContent? content = null)
    {
        using var request = new HttpRequestMessage(verb, path) { Content = content };
        using var answer = await client.SendAsync(request);
        Assert.Equal(status, (int)answer.StatusCode);
        Check(answer, path);
    }

    private static void Check(HttpResponseMessage answer, string what)
    {
        Assert.True(answer.Headers.TryGetValues("Content-Security-Policy", out var policies) && policies.Count() == 1, what);
        var rules = policies!.Single().Split(';', StringSplitOptions.TrimEntries).ToDictionary(r => r.Split(' ')[0], r => r, StringComparer.Ordinal);
        Assert.Equal("script-src 'self'", rules["script-src"]);
        Assert.Equal("object-src 'none'", rules["object-src"]);
        Assert.Equal("base-uri 'self'", rules["base-uri"]);
        Assert.Equal("form-action 'self'", rules["form-action"]);
        Assert.Equal("frame-ancestors 'none'", rules["frame-ancestors"]);
        Assert.Equal("nosniff", Assert.Single(answer.Headers.GetValues("X-Content-Type-Options")));
    }
}
