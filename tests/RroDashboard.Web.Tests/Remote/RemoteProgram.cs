using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using RroDashboard.Core.Events;
using RroDashboard.Data;
using RroDashboard.Web.Tests.Hosting;

namespace RroDashboard.Web.Tests.Remote;

/// <summary>A program with an API token that logs to a real server, request by request.</summary>
internal sealed class RemoteProgram(HttpClient client) : IDisposable
{
    /// <summary>A batch of one point.</summary>
    public static string Point(int step, string value = "0.5", string series = "train/loss") => $$"""{"type":"metricPoint","series":"{{series}}","step":{{step}},"value":{{value}}}""";

    /// <summary>A walk of one step, whole: opened, two candidates, decided, a pair, finished.</summary>
    public static string[] Walk(int task, int pair, string text = "click[buy]") =>
    [
        $$"""{"type":"taskOpened","task":{{task}},"taskId":"t{{task}}","instruction":"find a lamp","baseline":{"outcomes":[0.25,0.5],"exact":false} }""",
        $$"""{"type":"candidateScored","task":{{task}},"step":0,"attempt":0,"action":"{{text}}","observation":"no","value":{"outcomes":[0.0,0.25]},"sameStateAs":null,"invalid":false,"truncated":false,"tokens":3,"logProb":-1.5}""",
        $$"""{"type":"candidateScored","task":{{task}},"step":0,"attempt":1,"action":"click[lamp]","observation":"yes","value":{"outcomes":[1.0],"exact":true},"sameStateAs":null,"invalid":false,"truncated":false,"tokens":3,"logProb":-2}""",
        $$"""{"type":"stepDecided","task":{{task}},"step":0,"previous":{"outcomes":[0.25,0.5]},"accepted":{"outcomes":[1.0],"exact":true},"acceptedAttempt":1,"action":"click[lamp]","tried":2,"verdict":"Rose","accounts":["Lower","Accepted"]}""",
        $$"""{"type":"pairCreated","index":{{pair}},"pair":{"task":{{task}},"step":0,"history":"find a lamp","chosen":"click[lamp]","rejected":"{{text}}","chosenValue":{"outcomes":[1.0],"exact":true},"rejectedValue":{"outcomes":[0.0,0.25]},"historyTokens":[],"chosenTokens":[],"rejectedTokens":[]} }""",
        $$"""{"type":"taskFinished","task":{{task}},"steps":1,"reward":1.0}""",
    ];

    public static string End(string state = "Finished", string? error = null) => $$"""{"type":"runEnded","state":"{{state}}","error":{{JsonSerializer.Serialize(error)}},"summary":null}""";

    /// <summary>Someone's token with the scope that a trainer needs.</summary>
    public static async Task<string> TokenAsync(LiveServer server, UserRole scope = UserRole.Operator)
    {
        var user = await server.Get<AccountStore>().CreateAsync($"Trainer {Guid.NewGuid():N}"[..24], UserRole.Operator, null, default);
        return await server.Get<TokenStore>().CreateAsync(user.Id, "trainer", scope, 1, default);
    }

    public static async Task<RemoteProgram> StartAsync(LiveServer server, string? token = null)
    {
        var client = new HttpClient { BaseAddress = server.Url, Timeout = LiveServer.Patience };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token ?? await TokenAsync(server));
        return new RemoteProgram(client);
    }

    public async Task<string> BeginAsync(int silentAfter = 120)
    {
        var (status, answer) = await PostAsync("remote", $$"""{"name":"grpo 1","method":"GRPO","environment":"ALFWorld","config":{"lr":1e-6,"model":{"name":"tiny"} },"settings":{"Explore.MaxCandidates":"4"},"silentAfterSeconds":{{silentAfter}} }""");
        Assert.Equal(HttpStatusCode.Created, status);
        Assert.Equal(1, answer.GetProperty("next").GetInt64());
        return answer.GetProperty("id").GetString()!;
    }

    public Task<(HttpStatusCode Status, JsonElement Answer)> SendAsync(string run, long number, params string[] events) =>
        PostAsync($"{run}/batches", $$"""{"number":{{number}},"events":[{{string.Join(',', events)}}]}""");

    public Task<(HttpStatusCode Status, JsonElement Answer)> BeatAsync(string run) => PostAsync($"{run}/heartbeat", "{}");

    public async Task<(HttpStatusCode Status, JsonElement Answer)> PostAsync(string path, string body, string? key = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri("/api/v1/runs/" + path, UriKind.Relative)) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        // What is too large is refused before it is sent.
        request.Headers.ExpectContinue = body.Length > RemoteLimits.BodyBytes;
        if (key is not null)
        {
            request.Headers.Add("Idempotency-Key", key);
        }

        using var answer = await client.SendAsync(request);
        return (answer.StatusCode, await answer.Content.ReadFromJsonAsync<JsonElement>());
    }

    public async Task<JsonElement> GetAsync(string path) => await client.GetFromJsonAsync<JsonElement>(new Uri("/api/v1/runs/" + path, UriKind.Relative));

    public void Dispose() => client.Dispose();
}
