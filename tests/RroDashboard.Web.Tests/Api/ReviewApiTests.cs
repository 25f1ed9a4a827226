using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using RroDashboard.Core.Events;
using RroDashboard.Core.Exploration;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Preferences;
using RroDashboard.Core.Rewards;
using RroDashboard.Data;
using RroDashboard.Web.Tests.Hosting;

namespace RroDashboard.Web.Tests.Api;

public sealed class ReviewApiTests
{
    [Fact]
    public async Task Answer_TwoRequestsAtOnce_OneWinsAndTheOtherGets409()
    {
        await using var server = await LiveServer.StartAsync(static (_, _) => { });
        using var ann = await server.SignInAsAsync("ann");
        var queue = await QueueAsync(server, ann, pairs: 5);
        for (var round = 0; round < 5; round++)
        {
            var item = (await NextAsync(ann, queue))!.Value.GetProperty("id").GetInt64();

            var answers = await Task.WhenAll(new[] { "A", "B" }.Select(a => PostAsync(ann, $"{queue}/items/{item}/answer", new { version = 0, answer = a })));

            Assert.Equal([HttpStatusCode.OK, HttpStatusCode.Conflict], answers.Select(a => a.Status).Order());
            Assert.Contains("That one counts", answers.Single(a => a.Status == HttpStatusCode.Conflict).Body.GetProperty("detail").GetString(), StringComparison.Ordinal);
        }

        Assert.Equal(5, (await LiveServer.JsonAsync(ann, queue)).GetProperty("answers").GetInt32());
        Assert.Null(await NextAsync(ann, queue));
    }

    [Fact]
    public async Task Answer_ThroughTheApiAfterThePage_IsTold()
    {
        await using var server = await LiveServer.StartAsync(static (_, _) => { });
        using var ann = await server.SignInAsAsync("ann");
        var queue = await QueueAsync(server, ann, pairs: 2);
        var item = (await NextAsync(ann, queue))!.Value.GetProperty("id").GetInt64();
        // What the page does.
        await server.Get<ReviewStore>().SubmitAsync(queue.Split('/')[^1], item, await TestPeople.FindAsync(server.Get<AccountStore>(), "ann"), new ReviewContent([3], "from the page"), 0, 4, "page", default);

        var late = await PostAsync(ann, $"{queue}/items/{item}/answer", new { version = 0, answer = "A" });

        Assert.Equal(HttpStatusCode.Conflict, late.Status);
        Assert.Contains("on the page", late.Body.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Equal("both bad", (await LiveServer.JsonAsync(ann, $"{queue}/items/{item}")).GetProperty("own").GetProperty("answer").GetString());
    }

    [Fact]
    public async Task Items_OfAnOpenItem_TellNobodyWhatOthersSaidNorWhatTheModelPrefers()
    {
        await using var server = await LiveServer.StartAsync(static (_, _) => { });
        using var ann = await server.SignInAsAsync("ann");
        using var bob = await server.SignInAsAsync("bob");
        var queue = await QueueAsync(server, ann, pairs: 1, required: 2);
        var item = (await NextAsync(ann, queue))!.Value;
        Assert.Equal(JsonValueKind.Null, item.GetProperty("pair").ValueKind);
        Assert.Equal(["click[ b1 ]", "click[ b2 ]"], item.GetProperty("sides").EnumerateArray().Select(s => s.GetProperty("action").GetString()).Order(StringComparer.Ordinal));
        var path = $"{queue}/items/{item.GetProperty("id").GetInt64()}";
        await PostAsync(ann, path + "/answer", new { version = 0, answer = "A", note = "secret", seconds = 3 });

        var seen = (await NextAsync(bob, queue))!.Value;
        Assert.Empty(seen.GetProperty("answers").EnumerateArray());
        Assert.DoesNotContain("secret", await bob.GetStringAsync(new Uri($"{queue}/labels.jsonl", UriKind.Relative)) + await bob.GetStringAsync(new Uri($"{queue}/labels.csv", UriKind.Relative)), StringComparison.Ordinal);
        Assert.Contains("secret", await ann.GetStringAsync(new Uri($"{queue}/labels.jsonl", UriKind.Relative)), StringComparison.Ordinal);
        await PostAsync(bob, path + "/answer", new { version = 0, answer = "equal" });

        Assert.Equal(2, (await LiveServer.JsonAsync(bob, path)).GetProperty("answers").GetArrayLength());
        Assert.Equal(0, (await LiveServer.JsonAsync(ann, path)).GetProperty("pair").GetInt32());
        Assert.Single((await LiveServer.JsonAsync(ann, $"{queue}/conflicts")).EnumerateArray());
        Assert.Equal(2, (await LiveServer.JsonAsync(ann, $"{queue}/agreement")).GetProperty("labels").GetInt32());
    }

    [Fact]
    public async Task Labels_ExportedAndImported_AddOnce()
    {
        await using var server = await LiveServer.StartAsync(static (_, _) => { });
        using var ann = await server.SignInAsAsync("ann");
        var queue = await QueueAsync(server, ann, pairs: 3);
        for (var i = 0; i < 3; i++)
        {
            var item = (await NextAsync(ann, queue))!.Value.GetProperty("id").GetInt64();
            await PostAsync(ann, $"{queue}/items/{item}/answer", new { version = 0, answer = "A", note = "=SUM(1) \"q\"", seconds = 2.5 });
        }

        var lines = await ann.GetStringAsync(new Uri($"{queue}/labels.jsonl", UriKind.Relative));
        var csv = await ann.GetStringAsync(new Uri($"{queue}/labels.csv", UriKind.Relative));
        Assert.Contains("\"'=SUM(1) \"\"q\"\"\"", csv, StringComparison.Ordinal);
        Assert.Contains($",ann,{(await TestPeople.FindAsync(server.Get<AccountStore>(), "ann")).Id},", csv, StringComparison.Ordinal);
        var run = (await LiveServer.JsonAsync(ann, queue)).GetProperty("runId").GetString()!;
        var other = await NewQueueAsync(ann, run, 2);

        var first = await ImportAsync(ann, other, lines + "{\"key\":\"x\",\"pair\":99,\"reviewer\":\"r\",\"answer\":\"chosen\"}\nno json\n");
        var again = await ImportAsync(ann, other, lines);

        Assert.Equal((3, 0, 2), (first.GetProperty("added").GetInt32(), first.GetProperty("known").GetInt32(), first.GetProperty("refused").GetInt32()));
        Assert.StartsWith("Line 4: names no item", first.GetProperty("reasons")[0].GetString(), StringComparison.Ordinal);
        Assert.Equal((0, 3), (again.GetProperty("added").GetInt32(), again.GetProperty("known").GetInt32()));
        Assert.Equal(3, (await LiveServer.JsonAsync(ann, other)).GetProperty("answers").GetInt32());
    }

    [Fact]
    public async Task Undo_OwnAnswer_GivesItBackAndDecisionsFollow()
    {
        await using var server = await LiveServer.StartAsync(static (_, _) => { });
        using var ann = await server.SignInAsAsync("ann");
        var queue = await QueueAsync(server, ann, pairs: 1, kind: "Verdict");
        var item = (await NextAsync(ann, queue))!.Value.GetProperty("id").GetInt64();
        await PostAsync(ann, $"{queue}/items/{item}/answer", new { version = 0, answer = "accept" });

        var undone = await PostAsync(ann, $"{queue}/undo", new { });
        var again = await PostAsync(ann, $"{queue}/items/{item}/answer", new { version = undone.Body.GetProperty("version").GetInt32(), answer = "flip", betterAction = "click[ b3 ]" });

        Assert.Equal(HttpStatusCode.OK, again.Status);
        var decision = (await LiveServer.JsonAsync(ann, $"{queue}/decisions")).GetProperty("decided")[0];
        Assert.Equal("Flip", decision.GetProperty("decision").GetString());
        Assert.Equal("click[ b3 ]", decision.GetProperty("betterActions")[0].GetProperty("text").GetString());
    }

    [Fact]
    public async Task Undo_AnswerOrSkip_LeavesTheItemAsBlindAsBefore()
    {
        await using var server = await LiveServer.StartAsync(static (_, _) => { });
        using var ann = await server.SignInAsAsync("ann");
        var queue = await QueueAsync(server, ann, pairs: 1);
        var before = (await NextAsync(ann, queue))!.Value;
        var path = $"{queue}/items/{before.GetProperty("id").GetInt64()}";

        // Who skips may take that back and answer, so nothing is told.
        await PostAsync(ann, path + "/skip", new { version = 0, answer = "A" });
        Assert.Equal(JsonValueKind.Null, (await LiveServer.JsonAsync(ann, path)).GetProperty("pair").ValueKind);
        var unskipped = (await PostAsync(ann, $"{queue}/undo", new { })).Body;
        Assert.Equal((JsonValueKind.Null, "A"), (unskipped.GetProperty("pair").ValueKind, unskipped.GetProperty("own").GetProperty("answer").GetString()));

        // Never told, so this one counts where people are held against the process reward.
        await PostAsync(ann, path + "/answer", new { version = unskipped.GetProperty("version").GetInt32(), answer = "A", note = "mine" });
        Assert.Equal(0, (await LiveServer.JsonAsync(ann, path)).GetProperty("pair").GetInt32());
        Assert.Equal(1, await AgainstRewardAsync());

        var undone = (await PostAsync(ann, $"{queue}/undo", new { })).Body;
        Assert.Equal(JsonValueKind.Null, undone.GetProperty("pair").ValueKind);
        Assert.Equal((JsonValueKind.Null, "mine"), (undone.GetProperty("own").GetProperty("answer").ValueKind, undone.GetProperty("own").GetProperty("note").GetString()));
        Assert.Equal(before.GetProperty("sides").GetRawText(), undone.GetProperty("sides").GetRawText());
        Assert.Empty(undone.GetProperty("answers").EnumerateArray());
        Assert.Equal("", await ann.GetStringAsync(new Uri($"{queue}/labels.jsonl", UriKind.Relative)));

        // Given again it is a label, marked as one that replaces another, and no evidence of how people judge without being told.
        var again = await PostAsync(ann, path + "/answer", new { version = undone.GetProperty("version").GetInt32(), answer = "B" });
        Assert.Equal(HttpStatusCode.OK, again.Status);
        Assert.Contains("\"replaces\":", await ann.GetStringAsync(new Uri($"{queue}/labels.jsonl", UriKind.Relative)), StringComparison.Ordinal);
        Assert.Equal(0, await AgainstRewardAsync());

        async Task<int> AgainstRewardAsync() => (await LiveServer.JsonAsync(ann, $"{queue}/agreement")).GetProperty("all").GetProperty("withReward").GetProperty("answers").GetInt32();
    }

    [Fact]
    public async Task Requests_OfEachRole_DoWhatItMay()
    {
        await using var server = await LiveServer.StartAsync(static (_, _) => { });
        using var ann = await server.SignInAsAsync("ann");
        using var viewer = await server.SignInAsAsync("viewer");
        using var reviewer = await server.SignInAsAsync("reviewer");
        var queue = await QueueAsync(server, ann, pairs: 2);

        Assert.Equal(HttpStatusCode.OK, (await viewer.GetAsync(new Uri(queue, UriKind.Relative))).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await viewer.PostAsync(new Uri($"{queue}/next", UriKind.Relative), null)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await reviewer.PostAsync(new Uri($"{queue}/next", UriKind.Relative), null)).StatusCode);
        using var made = await reviewer.PostAsJsonAsync(new Uri("/api/v1/review/queues/", UriKind.Relative), new { runId = "none", kind = "Pairwise", title = "t" });
        Assert.Equal(HttpStatusCode.Forbidden, made.StatusCode);
    }

    [Fact]
    public async Task Requests_Wrong_SayWhatIsAllowed()
    {
        await using var server = await LiveServer.StartAsync(static (_, _) => { });
        using var ann = await server.SignInAsAsync("ann");
        var queue = await QueueAsync(server, ann, pairs: 1);
        var item = (await NextAsync(ann, queue))!.Value.GetProperty("id").GetInt64();

        Assert.Equal((HttpStatusCode.BadRequest, "Answer = 'C' is not allowed: A, B, equal, both bad."), Told(await PostAsync(ann, $"{queue}/items/{item}/answer", new { version = 0, answer = "C" })));
        Assert.Equal((HttpStatusCode.BadRequest, "Choose an answer first."), Told(await PostAsync(ann, $"{queue}/items/{item}/answer", new { version = 0 })));
        Assert.Equal(HttpStatusCode.NotFound, (await PostAsync(ann, "/api/v1/review/queues/nosuchqueue/next", new { })).Status);
        Assert.Equal((HttpStatusCode.NotFound, "There is no run 'none'."), Told(await PostAsync(ann, "/api/v1/review/queues/", new { runId = "none", kind = "Pairwise", title = "t" })));
        using var stranger = server.CreateClient();
        Assert.Equal(HttpStatusCode.Unauthorized, (await stranger.GetAsync(new Uri("/api/v1/review/queues/", UriKind.Relative))).StatusCode);
    }

    private static (HttpStatusCode Status, string? Detail) Told((HttpStatusCode Status, JsonElement Body) answer) => (answer.Status, answer.Body.GetProperty("detail").GetString());

    private static async Task<string> QueueAsync(LiveServer server, HttpClient client, int pairs, int required = 1, string kind = "Pairwise")
    {
        var (run, _) = await server.Get<RunStore>().CreateAsync(Presets.Create("demo"), Guid.NewGuid().ToString("N"), default);
        var journal = server.Get<JournalWriter>().Open(run);
        for (var i = 0; i < pairs; i++)
        {
            var (better, worse) = (new Estimate([1, 0.5]), new Estimate([0.5, 0]));
            journal.Record(new TaskOpened(i, $"train-{i}", "Buy a mug", worse));
            journal.Record(new CandidateScored(i, 0, 0, "click[ b1 ]", "item : red mug", worse, null, false, false, 3, -1));
            journal.Record(new CandidateScored(i, 0, 1, "click[ b2 ]", "item : blue mug", better, null, false, false, 3, -1));
            journal.Record(new StepDecided(i, 0, worse, better, 1, "click[ b2 ]", 2, StepVerdict.Rose, [CandidateAccount.Lower, CandidateAccount.Accepted]));
            journal.Record(new PairCreated(i, new PreferencePair(i, 0, "Buy a mug", "click[ b2 ]", "click[ b1 ]", better, worse, [1, i], [2], [3])));
        }

        await server.FlushAsync();
        return await NewQueueAsync(client, run, required, kind);
    }

    private static async Task<string> NewQueueAsync(HttpClient client, string run, int required, string kind = "Pairwise")
    {
        var made = await PostAsync(client, "/api/v1/review/queues/", new { runId = run, kind, title = "Which?", requiredAnswers = required });
        Assert.Equal(HttpStatusCode.Created, made.Status);
        return "/api/v1/review/queues/" + made.Body.GetProperty("id").GetString();
    }

    private static async Task<JsonElement?> NextAsync(HttpClient client, string queue)
    {
        using var answer = await client.PostAsync(new Uri($"{queue}/next", UriKind.Relative), null);
        return answer.StatusCode == HttpStatusCode.NoContent ? null : await answer.Content.ReadFromJsonAsync<JsonElement>();
    }

    private static async Task<(HttpStatusCode Status, JsonElement Body)> PostAsync(HttpClient client, string path, object body)
    {
        using var answer = await client.PostAsJsonAsync(new Uri(path, UriKind.Relative), body);
        return (answer.StatusCode, answer.Content.Headers.ContentLength > 0 || answer.Content.Headers.ContentType is not null ? await answer.Content.ReadFromJsonAsync<JsonElement>() : default);
    }

    private static async Task<JsonElement> ImportAsync(HttpClient client, string queue, string lines)
    {
        using var content = new StringContent(lines, Encoding.UTF8, "application/jsonl");
        using var answer = await client.PostAsync(new Uri($"{queue}/labels", UriKind.Relative), content);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return await answer.Content.ReadFromJsonAsync<JsonElement>();
    }
}
