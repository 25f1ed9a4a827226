using System.Net;
using RroDashboard.Core.Events;
using RroDashboard.Data;
using RroDashboard.Web.Tests.Hosting;
using static RroDashboard.Web.Tests.Remote.RemoteProgram;

namespace RroDashboard.Web.Tests.Remote;

/// <summary>A server for tests that leave nothing behind.</summary>
public sealed class SharedLiveServer : IAsyncLifetime
{
    internal LiveServer Server { get; private set; } = null!;

    public async Task InitializeAsync() => Server = await LiveServer.StartAsync(static (_, _) => { });

    public async Task DisposeAsync() => await Server.DisposeAsync();
}

public sealed class RemoteApiTests(SharedLiveServer shared) : IClassFixture<SharedLiveServer>
{
    [Fact]
    public async Task Begin_SameKeyTwice_IsOneRunThatIsTheTrainersOwn()
    {
        await using var server = await LiveServer.StartAsync(static (_, _) => { });
        using var trainer = await RemoteProgram.StartAsync(server);
        const string Body = """{"name":"grpo 1","method":"GRPO","environment":"ALFWorld","config":{"lr":1}}""";

        var (_, first) = await trainer.PostAsync("remote", Body, "one");
        var run = first.GetProperty("id").GetString()!;
        await trainer.SendAsync(run, 1, Point(0));
        var (status, second) = await trainer.PostAsync("remote", Body, "one");

        Assert.Equal(HttpStatusCode.Created, status);
        Assert.Equal((run, 2), (second.GetProperty("id").GetString()!, second.GetProperty("next").GetInt64()));
        var info = (await server.Queries.FindAsync(run, default))!;
        Assert.Equal((RunState.Running, "grpo 1", "ALFWorld", "GRPO"), (info.State, info.Name, info.EnvironmentName, info.Remote!.Method));
        Assert.StartsWith("Trainer ", info.Owner, StringComparison.Ordinal);
        Assert.Single(await server.Queries.AllAsync<RunStarted>(run, default));
        Assert.Equal(1, (await server.Queries.ListAsync(0, 9, default)).Total);
    }

    [Fact]
    public async Task Batch_Twice_IsTakenOnce()
    {
        await using var server = await LiveServer.StartAsync(static (_, _) => { });
        using var trainer = await RemoteProgram.StartAsync(server);
        var run = await trainer.BeginAsync();
        string[] events = [.. Walk(0, 0), Point(0, "0.5"), """{"type":"logLine","level":"info","text":"hello"}""", """{"type":"budgetReported","budget":{"steps":1,"candidates":2,"pairs":1}}"""];

        var first = await trainer.SendAsync(run, 1, events);
        var again = await trainer.SendAsync(run, 1, events);

        Assert.Equal(HttpStatusCode.OK, first.Status);
        Assert.Equal((true, 2L, false), (first.Answer.GetProperty("taken").GetBoolean(), first.Answer.GetProperty("next").GetInt64(), first.Answer.GetProperty("stop").GetBoolean()));
        Assert.Equal(HttpStatusCode.OK, again.Status);
        Assert.Equal((false, 2L), (again.Answer.GetProperty("taken").GetBoolean(), again.Answer.GetProperty("next").GetInt64()));
        // As a run of this program would be read: events, points, walk, pair, budget, the hash of the ledger.
        Assert.Equal(["runStarted", "taskOpened", "candidateScored", "candidateScored", "stepDecided", "pairCreated", "taskFinished", "logLine"], await KindsAsync(trainer, run));
        Assert.Equal([(0L, 0.5)], await server.Queries.SeriesAsync(run, "train/loss", 0, 9, 9, default));
        Assert.Single(await server.Queries.SeriesAsync(run, "time/train", 0, 9, 9, default));
        Assert.Equal("click[lamp]", (await server.Get<WalkQueries>().CandidateAsync(run, 0, 0, 1, default))!.Action);
        Assert.Equal(2, (await server.Queries.FindAsync(run, default))!.Budget!.Candidates);
        Assert.Equal(0.875, Assert.Single(await server.Queries.AllAsync<PairCreated>(run, default)).Pair.Gap);
    }

    [Fact]
    public async Task Batch_EightAtOnceWithOneNumber_IsTakenOnce()
    {
        await using var server = await LiveServer.StartAsync(static (_, _) => { });
        using var trainer = await RemoteProgram.StartAsync(server);
        var run = await trainer.BeginAsync();

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => trainer.SendAsync(run, 1, Walk(0, 0, $"from {i}"))));

        Assert.All(answers, a => Assert.Equal(HttpStatusCode.OK, a.Status));
        Assert.Equal(1, answers.Count(a => a.Answer.GetProperty("taken").GetBoolean()));
        Assert.Equal(7, (await KindsAsync(trainer, run)).Count);
    }

    [Fact]
    public async Task Batch_AfterAGap_IsRefusedWithTheNumberThatIsExpected()
    {
        await using var server = await LiveServer.StartAsync(static (_, _) => { });
        using var trainer = await RemoteProgram.StartAsync(server);
        var run = await trainer.BeginAsync();
        await trainer.SendAsync(run, 1, Point(0));

        var (status, answer) = await trainer.SendAsync(run, 3, Point(2));

        Assert.Equal(HttpStatusCode.Conflict, status);
        Assert.Equal("Batch 3 came where batch 2 is expected: nothing of it was taken. Send what is missing first, in order.", answer.GetProperty("detail").GetString());
        Assert.Equal(2, answer.GetProperty("expected").GetInt64());
        Assert.Single(await server.Queries.SeriesAsync(run, "train/loss", 0, 9, 9, default));
    }

    public static TheoryData<string[], string> Wrong { get; } = new()
    {
        { ["""{"type":"nothing"}"""], "Event 1 of the batch is none that this program knows (" },
        { [Point(0), """{"type":"logLine","level":"info"}"""], "Event 2 of the batch is none that this program knows (JSON deserialization for type 'LogLine' was missing required properties including: 'text'" },
        { ["""{"type":"logLine","level":"info","text":"a","more":1}"""], "Event 1 of the batch is none that this program knows (The JSON property 'more' could not be mapped" },
        { ["""{"type":"logLine","level":"loud","text":"a"}"""], "Event 1 of the batch (logLine): level 'loud' is none: info, warning and error are." },
        { [Point(-1)], "Event 1 of the batch (metricPoint): step -1 is not allowed" },
        { [Point(0, series: "<b>")], "Event 1 of the batch (metricPoint): series '<b>' is no name" },
        { [Point(0, series: "system/cpu_percent")], "Event 1 of the batch (metricPoint): series 'system/cpu_percent' begins with time/ or system/" },
        { [.. Enumerable.Range(0, 101).Select(i => Point(0, series: "s" + i))], "Event 101 of the batch (metricPoint): series 's100' is one more than the 100" },
        { ["""{"type":"runResumed","stage":null,"keptTasks":0,"restartedTasks":[]}"""], "Event 1 of the batch (runResumed): is written by the dashboard" },
        { ["""{"type":"checkpointSaved","stage":"Sft","folder":"../../etc","sha256":"","bytes":1}"""], "Event 1 of the batch (checkpointSaved): is written by the dashboard" },
        { ["""{"type":"stageStarted","stage":7}"""], "Event 1 of the batch is none that this program knows (" },
        { ["""{"type":"stageStarted","stage":"Dpo"}""", """{"type":"stageStarted","stage":"Explore"}"""], "Event 2 of the batch (stageStarted): stage Explore begins while Dpo is open" },
        { ["""{"type":"stageFinished","stage":"Dpo","seconds":1}"""], "Event 1 of the batch (stageFinished): stage Dpo is not open." },
        { [Walk(0, 0)[1]], "Event 1 of the batch (candidateScored): walk 0 has not begun: taskOpened comes first." },
        { [Walk(0, 0)[0], Walk(0, 0)[2]], "Event 2 of the batch (candidateScored): attempt 1 is not the next of step 0: 0 is." },
        { [.. Walk(0, 0)[..2], Walk(0, 0)[3]], "Event 3 of the batch (stepDecided): accounts has 2 entries and the step 1 candidates" },
        { [.. Walk(0, 0)[..4], Walk(0, 1)[4]], "Event 5 of the batch (pairCreated): index 1 is not the next: 0 is." },
        { [.. Walk(0, 0), Walk(0, 0)[0]], "Event 7 of the batch (taskOpened): walk 0 began before" },
        { [Walk(0, 0)[0].Replace("0.25,0.5", "0.25,1.5", StringComparison.Ordinal)], "Event 1 of the batch (taskOpened): baseline 1.5 is not allowed: a number from" },
        { [Walk(0, 0)[0].Replace("0.25,0.5", "", StringComparison.Ordinal)], "Event 1 of the batch is none that this program knows (An estimate needs at least one outcome" },
        { [Walk(0, 0)[0].Replace("find a lamp", new string('x', 32_769), StringComparison.Ordinal)], "Event 1 of the batch (taskOpened): instruction has 32769 characters" },
        { [End(), Point(0)], "Event 2 of the batch (metricPoint): comes after the end of the run" },
        { [End("Interrupted")], "Event 1 of the batch (runEnded): state Interrupted is no end" },
        { [], "The batch has 0 events: 1 to 1000 are allowed." },
        { [.. Enumerable.Repeat(Point(0), 1001)], "The batch has 1001 events: 1 to 1000 are allowed." },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public async Task Batch_Wrong_SaysWhereAndWhatIsAllowedAndTakesNothing(string[] events, string sentence)
    {
        using var trainer = await RemoteProgram.StartAsync(shared.Server);
        var run = await trainer.BeginAsync();

        var (status, answer) = await trainer.SendAsync(run, 1, events);

        Assert.StartsWith(sentence, answer.GetProperty("detail").GetString()!, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Equal(["runStarted"], await KindsAsync(trainer, run));
        Assert.Equal(1, (await trainer.BeatAsync(run)).Answer.GetProperty("next").GetInt64());
    }

    [Theory]
    [InlineData("""{"method":"GRPO","environment":"ALFWorld"}""", "The body is not what is expected here (JSON deserialization for type")]
    [InlineData("""{"name":"","method":"GRPO","environment":"ALFWorld"}""", "Name has 0 characters")]
    [InlineData("""{"name":"a","method":"GRPO","environment":"ALFWorld","config":[1]}""", "Config is Array: it has to be a JSON object.")]
    [InlineData("""{"name":"a","method":"GRPO","environment":"ALFWorld","settings":{"Model.Width":"8"}}""", "Setting Model.Width is only of runs that this dashboard trains")]
    [InlineData("""{"name":"a","method":"GRPO","environment":"ALFWorld","settings":{"Explore.MaxCandidates":"0"}}""", "Explore.MaxCandidates = '0' is not allowed")]
    [InlineData("""{"name":"a","method":"GRPO","environment":"ALFWorld","silentAfterSeconds":1}""", "SilentAfterSeconds 1 is not allowed: 5 to 86400 are.")]
    [InlineData("""{"name":"a","method":"GRPO","environment":"ALFWorld","rewardRange":{"low":1,"high":0}}""", "RewardRange has to have a low below its high.")]
    public async Task Begin_Wrong_SaysTheSentence(string body, string sentence)
    {
        using var trainer = await RemoteProgram.StartAsync(shared.Server);

        var (status, answer) = await trainer.PostAsync("remote", body);

        Assert.StartsWith(sentence, answer.GetProperty("detail").GetString()!, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.BadRequest, status);
    }

    [Fact]
    public async Task Batch_ForWhomItIsNot_IsRefused()
    {
        await using var server = await LiveServer.StartAsync(static (_, _) => { });
        using var trainer = await RemoteProgram.StartAsync(server);
        using var reader = await RemoteProgram.StartAsync(server, await TokenAsync(server, UserRole.Viewer));
        var run = await trainer.BeginAsync();
        var own = await server.EnqueueAsync();
        await server.WaitForEndAsync(own);

        Assert.Equal(HttpStatusCode.Forbidden, (await reader.SendAsync(run, 1, Point(0))).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await trainer.SendAsync("none", 1, Point(0))).Status);
        var (status, answer) = await trainer.SendAsync(own, 1, Point(0));
        Assert.Equal((HttpStatusCode.Conflict, $"Run '{own}' is trained by this dashboard: nobody else logs to it."), (status, answer.GetProperty("detail").GetString()));
        Assert.Equal(HttpStatusCode.Conflict, (await trainer.BeatAsync(own)).Status);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await trainer.PostAsync($"{run}/batches", new string(' ', RemoteLimits.BodyBytes + 1))).Status);
    }

    [Fact]
    public async Task Numbers_ThatAreNone_AreHolesWithOneAlert()
    {
        await using var server = await LiveServer.StartAsync(static (_, _) => { });
        using var trainer = await RemoteProgram.StartAsync(server);
        var run = await trainer.BeginAsync();

        await trainer.SendAsync(run, 1, Point(0, "1"), Point(1, "\"NaN\""), Point(2, "\"Infinity\""));
        await trainer.SendAsync(run, 2, Point(3, "\"NaN\""), Point(4, "2"));

        Assert.Equal([(0L, 1.0), (4L, 2.0)], await server.Queries.SeriesAsync(run, "train/loss", 0, 9, 9, default));
        Assert.Equal(
            "Series 'train/loss' holds what is no number from step 1 on (NaN): such points are holes in its curve.", Assert.Single(await server.Queries.AllAsync<AlertRaised>(run, default)).Text);
    }

    [Fact]
    public async Task End_ThenMore_IsRefusedAndTheRunStaysAsItEnded()
    {
        await using var server = await LiveServer.StartAsync(static (_, _) => { });
        using var trainer = await RemoteProgram.StartAsync(server);
        var run = await trainer.BeginAsync();
        await trainer.SendAsync(run, 1, Point(0), End("Failed", "out of memory"));

        var (again, late, beat) = (await trainer.SendAsync(run, 1, Point(0), End("Failed", "out of memory")), await trainer.SendAsync(run, 2, Point(1)), await trainer.BeatAsync(run));

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.Conflict, HttpStatusCode.Conflict), (again.Status, late.Status, beat.Status));
        Assert.Equal("The run is failed: nothing more is taken.", late.Answer.GetProperty("detail").GetString());
        var info = (await server.Queries.FindAsync(run, default))!;
        Assert.Equal((RunState.Failed, "out of memory"), (info.State, info.Error));
    }

    [Fact]
    public async Task Stop_IsReadInTheNextAnswers()
    {
        await using var server = await LiveServer.StartAsync(static (_, _) => { });
        using var trainer = await RemoteProgram.StartAsync(server);
        var run = await trainer.BeginAsync();
        Assert.False((await trainer.BeatAsync(run)).Answer.GetProperty("stop").GetBoolean());

        using var person = await server.SignInAsync();
        Assert.Equal(HttpStatusCode.Accepted, (await person.PostAsync(new Uri($"/api/v1/runs/{run}/stop", UriKind.Relative), null)).StatusCode);

        Assert.True((await trainer.BeatAsync(run)).Answer.GetProperty("stop").GetBoolean());
        Assert.True((await trainer.SendAsync(run, 1, Point(0))).Answer.GetProperty("stop").GetBoolean());
        Assert.Equal(RunState.Running, (await server.Queries.FindAsync(run, default))!.State);
        await trainer.SendAsync(run, 2, End("Stopped"));
        Assert.Equal(RunState.Stopped, (await server.Queries.FindAsync(run, default))!.State);
        // A run that is trained elsewhere is resumed and rolled out there, not here.
        using var resume = await person.PostAsync(new Uri($"/api/v1/runs/{run}/resume", UriKind.Relative), null);
        Assert.Equal(HttpStatusCode.Conflict, resume.StatusCode);
        Assert.Contains("is of a trainer elsewhere", await resume.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Contains("is of a trainer elsewhere", await server.Get<Web.Hosting.RerollHost>().RequestAsync(run, default), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Silence_IsACrashUntilTheTrainerSpeaksAgain()
    {
        await using var server = await LiveServer.StartAsync(static (_, _) => { });
        using var trainer = await RemoteProgram.StartAsync(server);
        var run = await trainer.BeginAsync(silentAfter: 120);
        string[] first = ["""{"type":"stageStarted","stage":"Explore"}""", .. Walk(0, 0), Walk(1, 1)[0]];
        await trainer.SendAsync(run, 1, first);

        server.Clock.Shift = TimeSpan.FromSeconds(121);
        var silent = await server.WaitForEndAsync(run);

        Assert.Equal((RunState.Interrupted, true, "Nothing was heard of the trainer for 120 seconds; when it speaks again, the run goes on."), (silent.State, silent.Crashed, silent.Error));
        // The answer that was missed is asked for again, and the walk that was open goes on: nothing is set aside.
        Assert.False((await trainer.SendAsync(run, 1, first)).Answer.GetProperty("taken").GetBoolean());
        Assert.True((await trainer.SendAsync(run, 2, [.. Walk(1, 1)[1..], Point(0)])).Answer.GetProperty("taken").GetBoolean());
        var info = (await server.Queries.FindAsync(run, default))!;
        Assert.Equal((RunState.Running, false, Stage.Explore, null), (info.State, info.Crashed, info.Stage!.Value, info.Error));
        Assert.Equal(1, Assert.Single(await server.Queries.AllAsync<RunResumed>(run, default)).KeptTasks);
        Assert.Equal([0, 1], (await server.Queries.AllAsync<TaskFinished>(run, default)).Select(t => t.Task));
    }

    [Fact]
    public async Task Restart_OfTheServer_KeepsTheRunAndItsNumber()
    {
        var folder = Directory.CreateTempSubdirectory("rro-remote-").FullName;
        string run, token;
        await using (var before = await LiveServer.StartAsync(folder, static (_, _) => { }))
        {
            token = await TokenAsync(before);
            using var trainer = await RemoteProgram.StartAsync(before, token);
            run = await trainer.BeginAsync();
            await trainer.SendAsync(run, 1, [.. Walk(0, 0), Walk(1, 1)[0]]);
        }

        await using var after = await LiveServer.StartAsync(folder, static (_, _) => { }, ownsFolder: true);
        using var again = await RemoteProgram.StartAsync(after, token);

        Assert.Equal(RunState.Running, (await after.Queries.FindAsync(run, default))!.State);
        Assert.False((await again.SendAsync(run, 1, [.. Walk(0, 0), Walk(1, 1)[0]])).Answer.GetProperty("taken").GetBoolean());
        Assert.Equal("Event 1 of the batch (taskOpened): walk 1 began before: each begins once.", (await again.SendAsync(run, 2, Walk(1, 1))).Answer.GetProperty("detail").GetString());
        Assert.True((await again.SendAsync(run, 2, [.. Walk(1, 1)[1..], End()])).Answer.GetProperty("taken").GetBoolean());
        await after.FlushAsync();
        Assert.Equal(RunState.Finished, (await after.Queries.FindAsync(run, default))!.State);
        Assert.Equal(14, (await KindsAsync(again, run)).Count);
        Assert.Empty((await after.Queries.AllAsync<AlertRaised>(run, default)));
    }

    [Fact]
    public async Task Bundle_OfARemoteRun_KeepsWhatItsTrainerSaid()
    {
        await using var here = await LiveServer.StartAsync(static (_, _) => { });
        await using var there = await LiveServer.StartAsync(static (_, _) => { });
        using var trainer = await RemoteProgram.StartAsync(here);
        var run = await trainer.BeginAsync();
        await trainer.SendAsync(run, 1, [.. Walk(0, 0), Point(0), End()]);
        using var from = await here.SignInAsync();
        using var to = await there.SignInAsync();
        var bundle = await from.GetByteArrayAsync(new Uri($"/api/v1/runs/{run}/bundle.zip", UriKind.Relative));
        using var content = new ByteArrayContent(bundle);
        content.Headers.ContentType = new("application/zip");

        using var made = await to.PostAsync(new Uri("/api/v1/runs/import?name=a.zip", UriKind.Relative), content);

        Assert.Equal(HttpStatusCode.Created, made.StatusCode);
        var (was, now) = ((await here.Queries.FindAsync(run, default))!.Remote!, (await there.Queries.FindAsync(run, default))!);
        Assert.Equal((was.Method, was.Environment, was.Config.GetRawText()), (now.Remote!.Method, now.Remote.Environment, now.Remote.Config.GetRawText()));
        Assert.Equal(bundle, await to.GetByteArrayAsync(new Uri($"/api/v1/runs/{run}/bundle.zip", UriKind.Relative)));
        using var other = await RemoteProgram.StartAsync(there);
        Assert.Contains("was imported from another dashboard", (await other.SendAsync(run, 2, Point(9))).Answer.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task OpenApi_ListsWhatATrainerNeeds()
    {
        await using var server = await LiveServer.StartAsync(static (_, _) => { });
        using var person = await server.SignInAsync();

        var document = await LiveServer.JsonAsync(person, "/openapi/v1.json");

        foreach (var (path, named) in new[] { ("/api/v1/runs/remote", true), ("/api/v1/runs/{id}/batches", true), ("/api/v1/runs/{id}/heartbeat", false) })
        {
            var operation = document.GetProperty("paths").GetProperty(path).GetProperty("post");
            Assert.Equal(named, operation.TryGetProperty("requestBody", out _));
            Assert.NotEmpty(operation.GetProperty("summary").GetString()!);
        }
    }

    private static async Task<List<string>> KindsAsync(RemoteProgram trainer, string run) =>
        [.. (await trainer.GetAsync($"{run}/events?limit=500")).GetProperty("events").EnumerateArray().Select(e => e.GetProperty("event").GetProperty("type").GetString()!)];
}
