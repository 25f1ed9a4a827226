using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using RroDashboard.Core.Statistics;

namespace RroDashboard.Fuzzing;

/// <summary>Requests of the API, made of its own routes and of what programs, mistakes and attackers put into them; the same ones for the same seed.</summary>
internal static class FuzzedRequests
{
    private static readonly string[] s_values =
    [
        "", "0", "-1", "1", "99999999999999999999", "NaN", "null", "true", "start", "r1", "%00", "%2e%2e%2f%2e%2e%2fetc%2fpasswd", "..%5c..%5c", "'%20OR%201=1--", "%3Cscript%3E", "%F0%9F%92%A9",
        "${7*7}", "owner:x", "state:running", "Users.PasswordHash:x", "eyIxIjo1fQ", "e30", "%ff%fe", "a%0d%0aSet-Cookie:x=1", "2147483647", "-9223372036854775808", "1e308", "0x10", "%ed%a0%80",
    ];

    private static readonly string[] s_bodies =
    [
        "", "{", "[]", "null", "0", "\"x\"", "{}", "{\"preset\":null}", "{\"preset\":\"smoke\",\"settings\":{\"Seed\":\"x\"}}", "{\"preset\":\"smoke\",\"settings\":null}", "{\"name\":null,\"tags\":5}",
        "{\"name\":\"\\u0000\",\"tags\":\"\\ud800\"}", "{\"decisions\":[{}]}", "{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}", "{\"text\":\"<img src=x onerror=alert(1)>\"}", "{\"choice\":99,\"seconds\":-1}",
        "{\"title\":\"t\",\"markdown\":\"{{run x}}\",\"basedOn\":1}", "{\"runId\":\"RUN\",\"kind\":\"Pairwise\",\"title\":\"t\"}", "{\"version\":0,\"answer\":\"A\"}", "{\"name\":\"n\",\"tags\":\"a b\",\"notes\":\"x\"}",
    ];

    private static readonly string[] s_parameters = ["cursor", "after", "limit", "kind", "q", "sort", "skip", "take", "series", "from", "to", "points", "name", "version", "tokens", "epoch", "seq"];

    /// <summary>Asks so often, one after another.</summary>
    public static async Task RunAsync(FuzzedServer server, int count, uint seed, CancellationToken cancellationToken)
    {
        var routes = Routes(server);
        var random = new SeededRandom(seed);
        var clients = server.Tokens.Select(server.Client).ToList();
        for (var i = 0; i < count; i++)
        {
            var (verb, route) = routes[random.Next(routes.Count)];
            using var request = Request(server, random, verb, route);
            var asked = $"seed {seed}, number {i}: {request.Method} {request.RequestUri}";
            try
            {
                using var answer = await clients[random.Next(clients.Count)].SendAsync(request, cancellationToken);
                server.Count(((int)answer.StatusCode).ToString(CultureInfo.InvariantCulture), (int)answer.StatusCode >= 500, asked, await answer.Content.ReadAsStringAsync(cancellationToken));
            }
            catch (HttpRequestException e)
            {
                server.Count("no answer", true, asked, e.Message);
            }
        }

        clients.ForEach(c => c.Dispose());
    }

    /// <summary>Verbs and routes of the API. Streams do not end and are left out.</summary>
    public static IReadOnlyList<(string Verb, string Route)> Routes(FuzzedServer server) =>
        [.. ((IEndpointRouteBuilder)server.Server.App).DataSources.SelectMany(s => s.Endpoints).OfType<RouteEndpoint>()
            .Where(e => e.RoutePattern.RawText!.StartsWith("/api", StringComparison.Ordinal) && !e.RoutePattern.RawText.EndsWith("/stream", StringComparison.Ordinal))
            .SelectMany(e => (e.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? ["GET"]).Select(m => (m, e.RoutePattern.RawText!)))];

    private static HttpRequestMessage Request(FuzzedServer server, SeededRandom random, string verb, string route)
    {
        var path = string.Join('/', route.Split('/').Select(p => !p.StartsWith('{') ? p : p.StartsWith("{id", StringComparison.Ordinal) && random.Next(2) == 0 ? server.Run : s_values[random.Next(s_values.Length)]));
        var query = string.Join('&', s_parameters.Where(_ => random.Next(4) == 0).Select(n => $"{n}={s_values[random.Next(s_values.Length)]}"));
        var request = new HttpRequestMessage(new HttpMethod(random.Next(8) == 0 ? "PATCH" : verb), path + "?" + query);
        if (verb is not "GET")
        {
            var body = s_bodies[random.Next(s_bodies.Length)].Replace("RUN", server.Run, StringComparison.Ordinal);
            if (body.Length > 0 && random.Next(4) == 0)
            {
                // As a broken line would leave it.
                var at = random.Next(body.Length);
                body = body.Remove(at, Math.Min(1 + random.Next(4), body.Length - at));
            }

            request.Content = new StringContent(body, Encoding.UTF8, random.Next(6) == 0 ? "text/plain" : "application/json");
        }

        return request;
    }
}
