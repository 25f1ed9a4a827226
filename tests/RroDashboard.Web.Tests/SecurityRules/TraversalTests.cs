using System.Net;
using System.Net.Http.Headers;
using RroDashboard.Data;
using RroDashboard.Web.Tests.Bundles;
using RroDashboard.Web.Tests.Hosting;

namespace RroDashboard.Web.Tests.SecurityRules;

/// <summary>Nothing in a request becomes a part of a path: no route, whatever is put into its parameters, gives a file that is not one of its own.</summary>
public sealed class TraversalTests
{
    private const string Canary = "canary-of-a-file-that-nobody-asked-for";

    [Fact]
    public async Task Parameters_OfEveryRoute_LeadToNoOtherFile()
    {
        // Without a limit of requests: what is refused for being too much reaches nothing.
        await using var server = await LiveServer.StartAsync(Directory.CreateTempSubdirectory("rro-climb-").FullName, new ScriptedRunner(BundledRun.Play), ownsFolder: true, requestsPerMinute: int.MaxValue);
        var run = await BundledRun.MakeAsync(server);
        using var client = await ProgramAsync(server);
        // Beside, above and below everything that the server reads.
        var folder = server.Host.RunFolder(run);
        var names = new List<string>();
        foreach (var place in new[] { server.Folder, Path.Combine(server.Folder, "runs"), folder, Path.Combine(folder, "checkpoint-sft"), Path.Combine(server.Folder, "keys"), Path.GetDirectoryName(server.Folder)! })
        {
            var file = Path.Combine(place, $"canary-{Path.GetFileName(server.Folder)}.json");
            await File.WriteAllTextAsync(file, Canary);
            names.Add(file);
        }

        try
        {
            var name = Path.GetFileName(names[0]);
            string[] climbs =
            [
                "..", "../", "..%2f", "..%2F..%2F", "%2e%2e", "%2e%2e%2f", "%252e%252e%252f", "..%5c", "....//", "..;/", "%c0%ae%c0%ae%2f", "%2f", "%5c", "C:%5c",
                name, "..%2f" + name, "..%2f..%2f" + name, "..%2f..%2f..%2f" + name, "%2e%2e%2f%2e%2e%2f" + name, "..%5c" + name, Uri.EscapeDataString(names[0]), Uri.EscapeDataString("file://" + names[0]),
                "..%2f..%2f..%2f..%2f..%2f..%2fetc%2fpasswd", "%2fetc%2fpasswd", "%2fproc%2fself%2fenviron", name + "%00.json", "..%2frrodashboard.db", "rrodashboard.db", "keys", "%7e",
            ];
            var asked = 0;
            // It is let in, and gets what is its own: otherwise nothing below would mean anything.
            Assert.Contains("mug", await client.GetStringAsync($"/api/v1/runs/{run}/log.txt"), StringComparison.Ordinal);
            foreach (var endpoint in EndpointTable.Of(server.Server).Where(e => EndpointTable.Parameters(e).Count > 0 && !EndpointTable.IsTransport(e)))
            {
                foreach (var wanted in EndpointTable.Parameters(endpoint))
                {
                    foreach (var climb in climbs)
                    {
                        // The others are as they should be, so that the request comes as far as it can.
                        var path = EndpointTable.Fill(endpoint, n => n == wanted ? climb : n.ToUpperInvariant() switch { "ID" or "RUNID" => run, "SEQ" => "205", "PART" => "weights", _ => "0" });
                        foreach (var verb in EndpointTable.UnsafeVerbs(endpoint).Prepend("GET"))
                        {
                            await CheckAsync(client, server, verb, path);
                            asked++;
                        }
                    }
                }
            }

            // Files that are served as they lie.
            foreach (var root in new[] { "/", "/js/", "/lib/", "/_framework/", "/_content/", "/_content/Radzen.Blazor/", "/css/" })
            {
                foreach (var climb in climbs.Concat(["../appsettings.json", "..%2fappsettings.json", "..%2fRroDashboard.Web.dll", "..%2f..%2fRroDashboard.Web.deps.json"]))
                {
                    await CheckAsync(client, server, "GET", root + climb);
                    asked++;
                }
            }

            Assert.True(asked > 1500, $"Only {asked} requests: is the table empty?");
        }
        finally
        {
            names.ForEach(File.Delete);
        }
    }

    [Fact]
    public async Task Names_InQueriesAndBodies_NameNoFile()
    {
        await using var server = await LiveServer.StartAsync(BundledRun.Play);
        await BundledRun.MakeAsync(server);
        using var client = await ProgramAsync(server);
        var before = Directory.EnumerateFileSystemEntries(server.Folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).ToList();

        using var zip = new ByteArrayContent([0x50, 0x4b, 5, 6, 0, 0]);
        zip.Headers.ContentType = new MediaTypeHeaderValue("application/zip");
        using var import = await client.PostAsync("/api/v1/runs/import?name=" + Uri.EscapeDataString("../../evil.zip"), zip);
        using var plan = await client.PostAsync("/api/v1/runs/", new StringContent("""{"preset":"../../etc/passwd"}""", System.Text.Encoding.UTF8, "application/json"));
        using var data = await client.PostAsync("/api/v1/runs/", new StringContent("""{"preset":"smoke","settings":{"Environment.DataFolder":"/etc"}}""", System.Text.Encoding.UTF8, "application/json"));

        Assert.Equal(HttpStatusCode.BadRequest, import.StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, plan.StatusCode);
        Assert.Equal(before, Directory.EnumerateFileSystemEntries(server.Folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Where(f => before.Contains(f)).ToList());
        Assert.DoesNotContain(Directory.EnumerateFiles(Path.GetDirectoryName(server.Folder)!, "evil*"), _ => true);
        Assert.DoesNotContain("root:", await data.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    private static async Task CheckAsync(HttpClient client, LiveServer server, string verb, string path)
    {
        // Exactly as written: a client that tidies addresses up would hide the attack.
        using var request = new HttpRequestMessage(new HttpMethod(verb), new Uri(server.Url.GetLeftPart(UriPartial.Authority) + path, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }));
        using var answer = await client.SendAsync(request);
        var body = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.StatusCode is < HttpStatusCode.InternalServerError and not HttpStatusCode.TooManyRequests and not HttpStatusCode.Forbidden, $"{verb} {path} answers {(int)answer.StatusCode}: {body}");
        Assert.DoesNotContain(Canary, body, StringComparison.Ordinal);
        Assert.DoesNotContain("root:x:", body, StringComparison.Ordinal);
        Assert.DoesNotContain("SQLite format 3", body, StringComparison.Ordinal);
        Assert.DoesNotContain("\"runtimeTarget\"", body, StringComparison.Ordinal);
    }

    // With a token: an admin's program needs no origin, so that nothing but the path is in its way.
    private static async Task<HttpClient> ProgramAsync(LiveServer server)
    {
        var user = await server.Get<AccountStore>().CreateAsync("Climber", UserRole.Admin, null, default);
        var client = server.CreateClient();
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", await server.Get<TokenStore>().CreateAsync(user.Id, "climbs", UserRole.Admin, 1, default));
        return client;
    }
}
