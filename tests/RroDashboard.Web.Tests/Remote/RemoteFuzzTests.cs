using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using RroDashboard.Core.Statistics;
using RroDashboard.Web.Tests.Hosting;

namespace RroDashboard.Web.Tests.Remote;

/// <summary>
/// Batches that are almost right, from a seed: each is taken or refused, never a failure of the server, and whatever was taken can be shown on every page of
/// the run, exported, and read by another dashboard. Short here; RRO_FUZZ=1000 says how many, at most as many as a program may send in a minute.
/// </summary>
public sealed class RemoteFuzzTests
{
    private static readonly string[] s_values =
    [
        "null", "true", "-1", "0", "1", "2147483647", "2147483648", "1e308", "-1e-308", "\"NaN\"", "\"-Infinity\"", "\"\"", "\"x\"", "[]", "{}", "[null]", "\"\\ud800\"", "\"\\u0000\\u202e\"", "\"Dpo\"", "\"Stopped\"", "\"../../x\"",
    ];

    private static readonly string[] s_more =
    [
        """{"type":"stageStarted","stage":"Explore"}""",
        """{"type":"progressReported","stage":"Explore","done":1,"total":2}""",
        """{"type":"evaluationFinished","stage":"Baseline","decoding":"greedy","mean":0.5,"low":0.25,"high":0.75,"perfectShare":0.5,"zeroShare":0.5,"invalidRate":0,"meanSteps":2,"episodes":[{"taskId":"a","reward":1,"steps":2,"invalidActions":0,"actionTokens":4,"group":"g","flaws":["x"]},{"taskId":"b","reward":0,"steps":2,"invalidActions":1,"actionTokens":4}]}""",
        """{"type":"episodePlayed","stage":"Baseline","decoding":"greedy","task":0,"taskId":"a","instruction":"find","turns":[{"action":"go","observation":"there"}],"finished":true,"reward":1,"parts":[{"what":"row","wanted":"a","found":"","met":false}]}""",
        """{"type":"referenceEvaluated","name":"expert","mean":0.9,"low":0.8,"high":1,"perfectShare":0.8}""",
        """{"type":"alertRaised","severity":"info","text":"look"}""",
        """{"type":"budgetReported","budget":{"tasks":1,"steps":1,"candidates":2,"rollouts":6,"pairs":1}}""",
        """{"type":"stageFinished","stage":"Explore","seconds":1.5}""",
    ];

    private static int Count => int.TryParse(Environment.GetEnvironmentVariable("RRO_FUZZ"), CultureInfo.InvariantCulture, out var count) ? Math.Min(count, 1000) : 120;

    [Fact]
    public async Task Batches_AlmostRight_AreTakenOrRefusedAndWhatIsTakenCanBeShown()
    {
        await using var server = await LiveServer.StartAsync(static (_, _) => { });
        await using var other = await LiveServer.StartAsync(static (_, _) => { });
        using var trainer = await RemoteProgram.StartAsync(server);
        using var person = await server.SignInAsync();
        using var elsewhere = await other.SignInAsync();
        var random = new SeededRandom(5);
        var (run, next, task, taken) = ("", 1L, 0, 0);
        for (var i = 0; i < Count; i++)
        {
            if (i % 20 == 0)
            {
                await ShowAsync(run, next);
                (run, next, task) = (await trainer.BeginAsync(), 1, 0);
            }

            string[] events = [.. random.Next(3) == 0 ? s_more : [], .. RemoteProgram.Walk(task, task), RemoteProgram.Point(i)];
            var changes = random.Next(3);
            for (var change = 0; change < changes; change++)
            {
                var at = random.Next(events.Length);
                events[at] = Changed(events[at], random);
            }

            var (status, answer) = await trainer.SendAsync(run, next, events);

            Assert.True(status is HttpStatusCode.OK or HttpStatusCode.BadRequest or HttpStatusCode.Conflict, $"{i}: {status} {answer} for {string.Join(',', events)}");
            if (status == HttpStatusCode.OK)
            {
                (next, task, taken) = (next + 1, task + 1, taken + 1);
            }
        }

        await ShowAsync(run, next);
        Assert.InRange(taken, Count / 5, Count - (Count / 5));

        async Task ShowAsync(string shown, long number)
        {
            if (shown.Length == 0)
            {
                return;
            }

            await trainer.SendAsync(shown, number, RemoteProgram.End());
            foreach (var page in new[] { "", "/explore", "/tasks/0", "/tasks/0?view=play", "/pairs", "/pairs?pair=0", "/evaluation", "/evaluation/tasks/0", "/logs", "/settings", "/system" })
            {
                using var answer = await person.GetAsync(new Uri($"/runs/{shown}{page}", UriKind.Relative));
                Assert.True(answer.StatusCode == HttpStatusCode.OK, $"{page} answers {answer.StatusCode} for run {shown}");
            }

            await LiveServer.JsonAsync(person, $"/api/v1/runs/{shown}/snapshot");
            using var content = new ByteArrayContent(await person.GetByteArrayAsync(new Uri($"/api/v1/runs/{shown}/bundle.zip", UriKind.Relative)));
            content.Headers.ContentType = new("application/zip");
            using var imported = await elsewhere.PostAsync(new Uri("/api/v1/runs/import?name=a.zip", UriKind.Relative), content);
            Assert.True(imported.StatusCode == HttpStatusCode.Created, await imported.Content.ReadAsStringAsync());
        }
    }

    // One member somewhere in the event becomes something else, or goes.
    private static string Changed(string text, SeededRandom random)
    {
        var root = JsonNode.Parse(text)!;
        var at = root;
        while (true)
        {
            if (at is JsonObject { Count: > 0 } members)
            {
                var name = members.ElementAt(random.Next(members.Count)).Key;
                if (members[name] is JsonObject or JsonArray { Count: > 0 } && random.Next(3) > 0)
                {
                    at = members[name]!;
                    continue;
                }

                if (random.Next(4) == 0)
                {
                    members.Remove(name);
                }
                else
                {
                    members[name] = Value(random);
                }
            }
            else if (at is JsonArray { Count: > 0 } list)
            {
                var index = random.Next(list.Count);
                if (list[index] is JsonObject inner && random.Next(3) > 0)
                {
                    at = inner;
                    continue;
                }

                list[index] = Value(random);
            }

            // As it was written: an odd character stays odd.
            return root.ToJsonString().Replace("\"HALF\"", "\"\\ud800\"", StringComparison.Ordinal);
        }
    }

    private static JsonNode? Value(SeededRandom random) => s_values[random.Next(s_values.Length)] is var value && value == "\"\\ud800\"" ? JsonValue.Create("HALF") : JsonNode.Parse(value);
}
