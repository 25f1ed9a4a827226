using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using RroDashboard.Core.Events;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Preferences;
using RroDashboard.Core.Rewards;
using RroDashboard.Data;
using RroDashboard.Web.Authentication;
using RroDashboard.Web.Hosting;
using RroDashboard.Web.Tests.Hosting;

namespace RroDashboard.Web.Tests.Api;

/// <summary>Versions of pairs through the API, on a small run that was really trained; it is trained once for all tests.</summary>
public sealed class PairSetsApiTests(PairSetsApiTests.Trained trained) : IClassFixture<PairSetsApiTests.Trained>
{
    [Fact]
    public async Task Create_SameDecisionsTwice_MakeOneVersion()
    {
        var body = new { parent = 0, why = "Two were wrong.", decisions = new[] { new { pair = 0, decision = "Flipped" }, new { pair = 1, decision = "Discarded" } } };

        using var first = await PostAsync("", body);
        using var second = await PostAsync("", body);

        Assert.Equal((HttpStatusCode.Created, HttpStatusCode.OK), (first.StatusCode, second.StatusCode));
        var (a, b) = (await JsonAsync(first), await JsonAsync(second));
        Assert.Equal((true, false), (a.GetProperty("made").GetBoolean(), b.GetProperty("made").GetBoolean()));
        Assert.Equal(a.GetProperty("version").GetProperty("sha256").GetString(), b.GetProperty("version").GetProperty("sha256").GetString());
        Assert.Equal("owner", a.GetProperty("version").GetProperty("author").GetString());
        var number = a.GetProperty("version").GetProperty("number").GetInt32();
        var decisions = await LiveServer.JsonAsync(trained.Client, $"{trained.Url}/{number}/decisions");
        Assert.Equal(["Flipped", "Discarded"], decisions.EnumerateArray().Select(d => d.GetProperty("decision").GetString()));
    }

    [Theory]
    [InlineData("""{"parent":0,"why":"x","decisions":[]}""", "A request holds 1 to 20000 decisions; this one holds 0.")]
    [InlineData("""{"parent":0,"why":"","decisions":[{"pair":0,"decision":"Flipped"}]}""", "A version needs a reason of 1 to 500 characters; this one has 0.")]
    [InlineData("""{"parent":0,"decisions":[{"pair":0,"decision":"Flipped"}]}""", "A request says why, in 'why', and none of its decisions is null.")]
    [InlineData("""{"parent":0,"why":"x","decisions":[null]}""", "A request says why, in 'why', and none of its decisions is null.")]
    [InlineData("""{"parent":99,"why":"x","decisions":[{"pair":0,"decision":"Flipped"}]}""", "has no version 99 of its pairs.")]
    [InlineData("""{"parent":0,"why":"x","decisions":[{"pair":9999,"decision":"Flipped"}]}""", "There is no pair 9999.")]
    [InlineData("""{"parent":0,"why":"x","decisions":[{"pair":0,"decision":"Kept","weight":0}]}""", "Weight 0 of pair 0 is not allowed")]
    public async Task Create_Wrong_SaysTheSentence(string body, string sentence)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");

        using var answer = await trained.Client.PostAsync(new Uri(trained.Url, UriKind.Relative), content);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains(sentence, (await JsonAsync(answer)).GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Current_AnEarlierVersion_CountsUntilThatIsUndone()
    {
        using var first = await PostAsync("", new { parent = 0, why = "Going back, one.", decisions = new[] { new { pair = 0, decision = "Discarded" } } });
        var one = (await JsonAsync(first)).GetProperty("version").GetProperty("number").GetInt32();
        using var second = await PostAsync("", new { parent = one, why = "Going back, two.", decisions = new[] { new { pair = 0, decision = "Flipped" }, new { pair = 1, decision = "Flipped" } } });
        var two = (await JsonAsync(second)).GetProperty("version").GetProperty("number").GetInt32();

        async Task<int> Latest() => (await LiveServer.JsonAsync(trained.Client, trained.Url)).GetProperty("latest").GetInt32();

        Assert.Equal(two, await Latest());
        using var back = await PostAsync($"/{one}/current", new { });
        Assert.Equal((HttpStatusCode.OK, true), (back.StatusCode, (await JsonAsync(back)).GetProperty("current").GetBoolean()));
        Assert.Equal(one, await Latest());
        using var undone = await PostAsync($"/{one}/undo", new { });
        Assert.Equal(two, (await JsonAsync(undone)).GetProperty("latest").GetInt32());
        using var unknown = await PostAsync("/9999/current", new { });
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
        // The request that made the first, once more: it was done, and nothing is dropped for it.
        using var again = await PostAsync("", new { parent = 0, why = "Going back, one.", decisions = new[] { new { pair = 0, decision = "Discarded" } } });
        Assert.Equal((HttpStatusCode.OK, two), (again.StatusCode, await Latest()));
    }

    // The loop: decisions, a version, a run that learned from it, and what it did to held-out reward.
    [Fact]
    public async Task Train_FromAVersion_LearnsFromItOnceAndSaysWhatItDid()
    {
        using var version = await PostAsync("", new { parent = 0, why = "All were wrong.", decisions = trained.Pairs.Select(p => new { pair = p.Index, decision = "Flipped", weight = 2 }) });
        var made = (await JsonAsync(version)).GetProperty("version");
        var number = made.GetProperty("number").GetInt32();

        using var first = await PostAsync($"/{number}/train", new { });
        using var second = await PostAsync($"/{number}/train", new { });
        var run = (await JsonAsync(first)).GetProperty("id").GetString()!;

        Assert.Equal((HttpStatusCode.Created, HttpStatusCode.OK), (first.StatusCode, second.StatusCode));
        Assert.Equal(run, (await JsonAsync(second)).GetProperty("id").GetString());
        var ended = await trained.Server.WaitForEndAsync(run);
        Assert.Equal((RunState.Finished, null), (ended.State, ended.Error));
        var taken = (await trained.Server.Get<PairSetQueries>().TakenAsync(run, default))!;
        Assert.Equal((trained.Run, number, made.GetProperty("sha256").GetString(), trained.Pairs.Count, trained.Pairs.Count), (taken.Run, taken.Version, taken.PairsSha256, taken.Flipped, taken.Weighted));
        // Same seed, same number of updates, and what was learned is the opposite.
        Assert.Equal(PlanSettings.ToDictionary(trained.Plan).Where(s => s.Key != "Dpo.PairsFrom"), PlanSettings.ToDictionary(ended.Plan).Where(s => s.Key != "Dpo.PairsFrom"));
        Assert.All(await trained.Server.Queries.AllAsync<PairCreated>(run, default), p => Assert.True(p.Pair.Gap < 0 && p.Pair.Weight == 2));
        var effect = Assert.Single((await LiveServer.JsonAsync(trained.Client, $"{trained.Url}/{number}/effect")).EnumerateArray());
        Assert.Equal((run, trained.Run), (effect.GetProperty("run").GetString(), effect.GetProperty("baseline").GetString()));
        var difference = effect.GetProperty("difference").GetDouble();
        Assert.InRange(difference, effect.GetProperty("interval").GetProperty("low").GetDouble(), effect.GetProperty("interval").GetProperty("high").GetDouble());
        Assert.Equal(await RewardAsync(run) - await RewardAsync(trained.Run), difference, 9);
    }

    [Fact]
    public async Task Train_VersionZero_EndsWithTheWeightsOfTheRun()
    {
        using var answer = await PostAsync("/0/train", new { });
        var run = (await JsonAsync(answer)).GetProperty("id").GetString()!;
        await trained.Server.WaitForEndAsync(run);

        async Task<string> FinalAsync(string id) => (await trained.Server.Queries.HeaderAsync(id, default)).OfType<CheckpointSaved>().Last(c => c.Stage == Stage.Dpo).Sha256;

        Assert.Equal(await FinalAsync(trained.Run), await FinalAsync(run));
    }

    [Theory]
    [InlineData("none@0", "there is no run 'none'")]
    [InlineData("RUN@99", "has no version 99 of its pairs")]
    public async Task CreateRun_PairsThatAreNotThere_IsRefusedBeforeItWaits(string reference, string sentence)
    {
        using var answer = await trained.Client.PostAsJsonAsync(
            new Uri("/api/v1/runs/", UriKind.Relative), new { preset = "smoke", settings = new Dictionary<string, string> { ["Dpo.PairsFrom"] = reference.Replace("RUN", trained.Run, StringComparison.Ordinal), ["Explore.Tasks"] = "12" } });

        Assert.Contains(sentence, (await JsonAsync(answer)).GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task CreateRun_OtherModelThanTheCheckpoint_IsRefused()
    {
        using var answer = await trained.Client.PostAsJsonAsync(
            new Uri("/api/v1/runs/", UriKind.Relative), new { preset = "smoke", settings = new Dictionary<string, string> { ["Dpo.PairsFrom"] = $"{trained.Run}@0", ["Model.Width"] = "64" } });

        Assert.Contains($"Model.Width is '64' here and '48' in run '{trained.Run}'", (await JsonAsync(answer)).GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task File_ExactTokens_ComesBackWithoutAddingAnything()
    {
        var plain = await trained.Client.GetByteArrayAsync(new Uri($"{trained.Url}/0/pairs.jsonl", UriKind.Relative));
        var exact = await trained.Client.GetByteArrayAsync(new Uri($"{trained.Url}/0/pairs.jsonl?tokens=true", UriKind.Relative));
        var summary = await LiveServer.JsonAsync(trained.Client, $"{trained.Url}/0/summary?tokens=true");

        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(exact)), summary.GetProperty("sha256").GetString());
        Assert.Equal(trained.Pairs.Count, Encoding.UTF8.GetString(plain).Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        // The file that there was before versions is version 0.
        Assert.Equal(plain, await trained.Client.GetByteArrayAsync(new Uri($"/api/v1/runs/{trained.Run}/pairs.jsonl", UriKind.Relative)));
        Assert.Equal(trained.Pairs[0].Pair.ChosenTokens, JsonDocument.Parse(Encoding.UTF8.GetString(exact).Split('\n')[0]).RootElement.GetProperty("chosen_ids").EnumerateArray().Select(i => i.GetInt32()));
        // Whatever a policy wrote, half a word included, comes back by its tokens.
        using var back = await ImportAsync(exact);
        var result = await JsonAsync(back);
        Assert.True(back.IsSuccessStatusCode, result.ToString());
        Assert.Equal((trained.Pairs.Count, 0, false), (result.GetProperty("lines").GetInt32(), result.GetProperty("added").GetInt32(), result.GetProperty("made").GetBoolean()));
    }

    [Fact]
    public async Task Import_ForeignPairs_AreEncodedAndAddedOnce()
    {
        var pair = trained.Pairs[0].Pair;
        var foreign = TrlLines.Of(pair with { Chosen = "search[ blue shirt ]", Rejected = "search[ shirt ]" }, Vocabularies.MarkersOf(pair.HistoryTokens)) + "\n\n";

        using var first = await ImportAsync(Encoding.UTF8.GetBytes(foreign));
        using var second = await ImportAsync(Encoding.UTF8.GetBytes(foreign));
        var (a, b) = (await JsonAsync(first), await JsonAsync(second));

        Assert.Equal((1, true, false), (a.GetProperty("added").GetInt32(), a.GetProperty("made").GetBoolean(), b.GetProperty("made").GetBoolean()));
        var version = a.GetProperty("version").GetProperty("number").GetInt32();
        Assert.Equal(version, b.GetProperty("version").GetProperty("number").GetInt32());
        var added = (await trained.Server.Get<PairSetStore>().PairsAsync(trained.Run, version, default))!.Value.Pairs[^1];
        Assert.Equal((PairSource.Imported, true, "search[ blue shirt ]"), (added.Origin!.Source, added.Pair.Unvalued, added.Pair.Chosen));
        Assert.Equal(pair.HistoryTokens, added.Pair.HistoryTokens);
        var entry = (await trained.Server.Get<PairSetStore>().EntriesAsync(trained.Run, version, default))!.Single();
        Assert.Equal((1, a.GetProperty("sha256").GetString()), (entry.Provenance!.Line, entry.Provenance.Sha256));
    }

    [Theory]
    [InlineData("{", "Line 2 of the file is not taken, and so none is: it is not JSON")]
    [InlineData("[]", "it is not a JSON object")]
    [InlineData("""{"prompt":[{"role":"user","content":"shirt"}],"chosen":[{"role":"assistant","content":"search[ shirt ]"}]}""", "'rejected' is missing")]
    [InlineData("""{"prompt":"shirt","chosen":"a","rejected":"b"}""", "'prompt' is missing or no list of turns")]
    [InlineData("""{"prompt":[{"role":"assistant","content":"x"}],"chosen":[{"role":"assistant","content":"a"}],"rejected":[{"role":"assistant","content":"b"}]}""", "do not alternate")]
    [InlineData("""{"prompt":[{"role":"user","content":"shirt"}],"chosen":[{"role":"assistant","content":"search[ zeppelin ]"}],"rejected":[{"role":"assistant","content":"search[ shirt ]"}]}""", "Line 2 of the file is not taken, and so none is: the word 'zeppelin' of the chosen is not in the run's vocabulary")]
    [InlineData("""{"prompt":[{"role":"user","content":"shirt"}],"chosen":[{"role":"assistant","content":"a"}],"rejected":[{"role":"assistant","content":"b"}],"prompt_ids":[1],"chosen_ids":[99999],"rejected_ids":[22]}""", "'chosen_ids' holds 99999, and the run's vocabulary ends at")]
    [InlineData("""{"prompt":[{"role":"user","content":"shirt"}],"chosen":[{"role":"assistant","content":"a"}],"rejected":[{"role":"assistant","content":"b"}],"weight":0}""", "'weight' is '0'")]
    public async Task Import_WrongLine_NamesItAndAddsNothing(string line, string sentence)
    {
        var good = TrlLines.Of(trained.Pairs[0].Pair with { Chosen = "search[ red shirt ]" }, Vocabularies.MarkersOf(trained.Pairs[0].Pair.HistoryTokens));

        using var answer = await ImportAsync(Encoding.UTF8.GetBytes($"{good}\n{line}\n"));

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains(sentence, (await JsonAsync(answer)).GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    // From people's answers to a version: what they decided, what they wrote, and what nobody agreed on.
    [Fact]
    public async Task Apply_LabelsOfAQueue_MakeAVersionWithTheAnswersAsProvenance()
    {
        var (store, ann) = (trained.Server.Get<ReviewStore>(), new Reviewer("ann", "Ann"));
        using var made = await trained.Client.PostAsJsonAsync(new Uri("/api/v1/review/queues/", UriKind.Relative), new { runId = trained.Run, kind = "Verdict", title = "Which?", maxItems = 6 });
        var queue = (await JsonAsync(made)).GetProperty("id").GetString()!;
        // 0 keep, 1 flip, 2 discard, and so on; the last one stays open.
        for (var i = 0; i < 5; i++)
        {
            var item = (await store.NextAsync(queue, ann, default))!.Value;
            await store.SubmitAsync(queue, item, ann, new ReviewContent([i % 3], "", i == 1 ? "search[ shirt ]" : i == 2 ? "search[ zeppelin ]" : ""), 0, 1, "page", default);
        }

        var preview = await LiveServer.JsonAsync(trained.Client, $"{trained.Url}/0/queues/{queue}");
        using var first = await PostAsync($"/0/queues/{queue}", new { });
        using var second = await PostAsync($"/0/queues/{queue}", new { });
        using var unknown = await PostAsync("/0/queues/none", new { });

        Assert.Equal((2, 2, 1, 2, 1), (Count("kept"), Count("flipped"), Count("discarded"), preview.GetProperty("better").GetArrayLength(), Count("incomplete")));
        var (a, b) = (await JsonAsync(first), await JsonAsync(second));
        Assert.Equal((HttpStatusCode.OK, true, false), (first.StatusCode, a.GetProperty("made").GetBoolean(), b.GetProperty("made").GetBoolean()));
        var version = a.GetProperty("version");
        Assert.Equal(version.GetProperty("number").GetInt32(), b.GetProperty("version").GetProperty("number").GetInt32());
        // The word that the policy does not know is told, and everything else is applied.
        Assert.Contains("the word 'zeppelin'", Assert.Single(a.GetProperty("refused").EnumerateArray()).GetString(), StringComparison.Ordinal);
        var entries = (await trained.Server.Get<PairSetStore>().EntriesAsync(trained.Run, version.GetProperty("number").GetInt32(), default))!;
        Assert.Equal(5 + a.GetProperty("added").GetInt32(), entries.Count);
        Assert.All(entries, e => Assert.Equal(("queue", "Which?", 1), (e.Provenance!.Kind, e.Provenance.Name, e.Provenance.Answers!.Count)));
        Assert.Equal((2, 1), (entries.Count(e => e.Decision == PairDecision.Flipped), entries.Count(e => e.Decision == PairDecision.Discarded)));
        Assert.Contains("has no review queue 'none'", (await JsonAsync(unknown)).GetProperty("detail").GetString(), StringComparison.Ordinal);

        int Count(string name) => preview.GetProperty(name).GetInt32();
    }

    // A reviewer writes what the agent should have done.
    [Fact]
    public async Task Try_BetterAction_IsExecutedValuedAndAdded()
    {
        var pair = trained.Pairs.First(p => p.Pair.Step == 0);
        using var tried = await PostAsync($"/0/pairs/{pair.Index}/try", new { action = "search[ shirt ]", add = true });
        using var impossible = await PostAsync($"/0/pairs/{pair.Index}/try", new { action = "click[ buy ]", add = true });
        using var unknown = await PostAsync($"/0/pairs/{pair.Index}/try", new { action = "search[ zeppelin ]", add = false });

        var result = await JsonAsync(tried);
        Assert.Equal((HttpStatusCode.OK, false, true), (tried.StatusCode, result.GetProperty("invalid").GetBoolean(), result.GetProperty("sameEnvironment").GetBoolean()));
        var value = result.GetProperty("value").Deserialize<Estimate>(RunJson.Options)!;
        Assert.Equal(trained.Plan.Explore.Rollouts, value.Outcomes.Count);
        var added = (await trained.Server.Get<PairSetStore>().PairsAsync(trained.Run, result.GetProperty("version").GetProperty("number").GetInt32(), default))!.Value.Pairs[^1];
        Assert.Equal(("search[ shirt ]", pair.Pair.Chosen, PairSource.Edited), (added.Pair.Chosen, added.Pair.Rejected, added.Origin!.Source));
        Assert.Equal((value, pair.Pair.Task, pair.Pair.Step), (added.Pair.ChosenValue, added.Pair.Task, added.Pair.Step));
        Assert.Contains("The environment cannot act on this action here", (await JsonAsync(impossible)).GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Contains("the word 'zeppelin' of the better action is not in the run's vocabulary", (await JsonAsync(unknown)).GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Try_WhileSomethingComputes_IsExecutedAndNotValued()
    {
        var pair = trained.Pairs.First(p => p.Pair.Step == 0);
        using var busy = await trained.Server.Get<DeviceTurn>().TakeAsync(default);

        using var tried = await PostAsync($"/0/pairs/{pair.Index}/try", new { action = "search[ shirt ]", add = false });

        var result = await JsonAsync(tried);
        Assert.Equal(JsonValueKind.Null, result.GetProperty("value").ValueKind);
        Assert.Contains("executed, not valued: something else computes now", result.GetProperty("notValued").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Any_WithoutSigningIn_IsRefused()
    {
        using var stranger = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = trained.Server.Url };

        foreach (var path in new[] { "", "/0/decisions", "/0/pairs.jsonl", "/0/summary", "/0/effect" })
        {
            Assert.Equal(HttpStatusCode.Unauthorized, (await stranger.GetAsync(new Uri(trained.Url + path, UriKind.Relative))).StatusCode);
        }
    }

    // Whoever may only look changes nothing and starts nothing.
    [Fact]
    public void Endpoints_ThatChangeSomething_NameTheirRole()
    {
        var changing = trained.Server.Get<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(e => e.RoutePattern.RawText!.Contains("/pair-sets", StringComparison.Ordinal) && e.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Contains("POST")).ToList();

        Assert.Equal(7, changing.Count);
        Assert.All(changing, e => Assert.Contains(
            e.Metadata.GetOrderedMetadata<IAuthorizeData>(),
            a => a.Policy == (e.RoutePattern.RawText!.EndsWith("/train", StringComparison.Ordinal) ? Policies.Operator : Policies.Reviewer)));
    }

    private Task<HttpResponseMessage> PostAsync(string path, object body) => trained.Client.PostAsJsonAsync(new Uri(trained.Url + path, UriKind.Relative), body);

    private async Task<HttpResponseMessage> ImportAsync(byte[] file)
    {
        using var content = new ByteArrayContent(file);
        return await trained.Client.PostAsync(new Uri($"{trained.Url}/0/import?name=foreign.jsonl", UriKind.Relative), content);
    }

    private async Task<double> RewardAsync(string run) =>
        (await trained.Server.Queries.AllAsync<EvaluationFinished>(run, default)).Where(e => e.Stage == Stage.Evaluate).SelectMany(e => e.Episodes).Average(e => e.Reward);

    private static async Task<JsonElement> JsonAsync(HttpResponseMessage answer) => await answer.Content.ReadFromJsonAsync<JsonElement>();

    /// <summary>The server with real training, and one run of it.</summary>
    public sealed class Trained : IAsyncLifetime
    {
        internal LiveServer Server { get; private set; } = null!;

        internal HttpClient Client { get; private set; } = null!;

        internal string Run { get; private set; } = "";

        internal RunPlan Plan { get; private set; } = null!;

        internal IReadOnlyList<PairCreated> Pairs { get; private set; } = [];

        internal string Url => $"/api/v1/runs/{Run}/pair-sets";

        public async Task InitializeAsync()
        {
            Server = await LiveServer.StartAsync(Directory.CreateTempSubdirectory("rro-pairsets-").FullName, new TrainingRunner(TimeProvider.System), ownsFolder: true);
            Client = await Server.SignInAsync();
            Plan = Presets.Create("smoke");
            PlanSettings.Apply(Plan, ["Explore.Tasks=12", "Guard.Every=0"]);
            Run = (await Server.Host.EnqueueAsync(Plan, "source", default)).Id;
            Assert.Equal(RunState.Finished, (await Server.WaitForEndAsync(Run)).State);
            Pairs = [.. (await Server.Queries.AllAsync<PairCreated>(Run, default)).OrderBy(p => p.Index)];
            Assert.Contains(Pairs, p => p.Pair.Step == 0);
        }

        public async Task DisposeAsync()
        {
            Client.Dispose();
            await Server.DisposeAsync();
        }
    }
}
