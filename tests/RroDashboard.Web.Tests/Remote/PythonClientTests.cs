using RroDashboard.Core.Events;
using RroDashboard.Web.Tests.Hosting;

namespace RroDashboard.Web.Tests.Remote;

/// <summary>The client of the documentation against the real server, over connections that break where it hurts.</summary>
public sealed class PythonClientTests
{
    private const string Walk = """
        def estimate(*outcomes): return {"outcomes": list(outcomes)}
        def walk(run, task):
            run.event("taskOpened", task=task, taskId=f"t{task}", instruction="find a lamp", baseline=estimate(0.5, 0.25))
            for attempt, value in enumerate([estimate(0.25, 0.0), estimate(0.75, 1.0)]):
                run.event("candidateScored", task=task, step=0, attempt=attempt, action=f"click[{attempt}]", observation="page", value=value, sameStateAs=None, invalid=False, truncated=False, tokens=3, logProb=-1.0)
            run.event("stepDecided", task=task, step=0, previous=estimate(0.5, 0.25), accepted=estimate(0.75, 1.0), acceptedAttempt=1, action="click[1]", tried=2, verdict="Rose", accounts=["Lower", "Accepted"])
            run.event("pairCreated", index=task, pair=dict(task=task, step=0, history="find a lamp", chosen="click[1]", rejected="click[0]", chosenValue=estimate(0.75, 1.0), rejectedValue=estimate(0.25, 0.0), historyTokens=[], chosenTokens=[], rejectedTokens=[]))
            run.event("taskFinished", task=task, steps=1, reward=1.0)

        """;

    [Fact]
    public async Task Client_EveryAnswerIsCutOffOnce_EverythingIsTakenExactlyOnce()
    {
        await using var server = await LiveServer.StartAsync(static (_, _) => { });
        using var proxy = new CuttingProxy { Target = server.Url, Cuts = static (_, before) => !before };
        using var trainer = new PythonTrainer(
            Walk + """
            with Run(U, T, name="cut", method="GRPO", environment="ALFWorld", config={"lr": 1e-6}, state=S, heartbeat=60) as run:
                for part in range(4):
                    for step in range(part * 50, part * 50 + 50):
                        run.metric("train/loss", step, 1 / (step + 1))
                        run.log(f"step {step}")
                    walk(run, part)
                    run.flush()
                run.metric("train/loss", 200, float("nan"))
            """,
            proxy.Url, await RemoteProgram.TokenAsync(server), Path.Combine(server.Folder, "cut.json"));

        await trainer.EndAsync();

        // The beginning, four flushes and the end at least, each cut once.
        Assert.True(proxy.Cut >= 6, $"{proxy.Cut} answers were cut: {trainer.Said}");
        var (runs, total) = await server.Queries.ListAsync(0, 9, default);
        Assert.Equal((1, RunState.Finished), (total, runs[0].State));
        Assert.Equal(Enumerable.Range(0, 200).Select(i => (long)i), (await server.Queries.SeriesAsync(runs[0].Id, "train/loss", 0, 1000, 1000, default)).Select(p => p.Step));
        await AssertLinesAsync(server, runs[0].Id, Enumerable.Range(0, 200).Select(i => $"step {i}"));
        Assert.Equal([0, 1, 2, 3], (await server.Queries.AllAsync<PairCreated>(runs[0].Id, default)).Select(p => p.Index));
        Assert.Equal(8, (await server.Queries.AllAsync<CandidateScored>(runs[0].Id, default)).Count);
        Assert.Single(await server.Queries.AllAsync<RunEnded>(runs[0].Id, default));
        Assert.Single(await server.Queries.AllAsync<AlertRaised>(runs[0].Id, default));
        Assert.False(File.Exists(Path.Combine(server.Folder, "cut.json")));
    }

    [Fact]
    public async Task Client_ServerRestartsInTheMiddle_NothingIsLostAndNothingDoubled()
    {
        var folder = Directory.CreateTempSubdirectory("rro-python-").FullName;
        using var proxy = new CuttingProxy();
        var before = await LiveServer.StartAsync(folder, static (_, _) => { });
        proxy.Target = before.Url;
        using var trainer = new PythonTrainer(
            """
            with Run(U, T, name="restart", method="GRPO", environment="ALFWorld", state=S, heartbeat=1) as run:
                for step in range(300):
                    run.metric("train/loss", step, step)
                    run.log(f"step {step}")
                    if step % 50 == 49: print("said", step + 1)
                    time.sleep(0.01)
            """,
            proxy.Url, await RemoteProgram.TokenAsync(before), Path.Combine(folder, "restart.json"));

        await trainer.WaitForAsync("said 100");
        proxy.Target = null;
        await before.StopAsync();
        await trainer.WaitForAsync("rro-client:");
        await trainer.WaitForAsync("said 200");
        await using var after = await LiveServer.StartAsync(folder, static (_, _) => { }, ownsFolder: true);
        proxy.Target = after.Url;
        await trainer.EndAsync();

        var run = Assert.Single((await after.Queries.ListAsync(0, 9, default)).Rows);
        Assert.Equal((RunState.Finished, false), (run.State, run.Crashed));
        await AssertLinesAsync(after, run.Id, Enumerable.Range(0, 300).Select(i => $"step {i}"));
        Assert.Equal(300, (await after.Queries.SeriesAsync(run.Id, "train/loss", 0, 1000, 1000, default)).Count);
    }

    [Fact]
    public async Task Client_IsKilledWithABatchInFlight_GoesOnWithTheSameRunAndDoublesNothing()
    {
        await using var server = await LiveServer.StartAsync(static (_, _) => { });
        var (token, state) = (await RemoteProgram.TokenAsync(server), Path.Combine(server.Folder, "killed.json"));
        // The server takes the batch and its answer never comes.
        using var proxy = new CuttingProxy { Target = server.Url, Cuts = static (request, _) => request.Contains("/batches ", StringComparison.Ordinal) };
        const string Begin = """run = Run(U, T, name="killed", method="GRPO", environment="ALFWorld", state=S, heartbeat=60)""";
        using (var first = new PythonTrainer(Begin + "\nfor i in range(20): run.log(f'first {i}')\nrun.flush()\n", proxy.Url, token, state))
        {
            await first.WaitForAsync("rro-client:");
            await first.KillAsync();
        }

        proxy.Cuts = static (_, _) => false;
        using var second = new PythonTrainer(Begin + "\nrun.log('second')\nprint('stop' if run.stop_asked else 'go on')\nrun.finish('Stopped')\n", proxy.Url, token, state);
        await second.EndAsync();

        var known = Assert.Single((await server.Queries.ListAsync(0, 9, default)).Rows);
        Assert.Equal(RunState.Stopped, known.State);
        var lines = (await server.Queries.AllAsync<LogLine>(known.Id, default)).Select(l => l.Text).ToList();
        // What was in the batch is there once; what was still in the queue of the process went with it.
        Assert.Equal("second", lines[^1]);
        Assert.Equal(Enumerable.Range(0, lines.Count - 1).Select(i => $"first {i}"), lines[..^1]);
        Assert.NotEqual(1, lines.Count);
    }

    [Fact]
    public async Task Client_ThatSaysWhatCannotBeTaken_IsToldWhy()
    {
        await using var server = await LiveServer.StartAsync(static (_, _) => { });
        using var trainer = new PythonTrainer(
            """
            try:
                with Run(U, T, name="wrong", method="GRPO", environment="ALFWorld", state=S) as run:
                    run.event("taskFinished", task=0, steps=0, reward=0.0)
                    run.flush()
            except Refused as refused:
                print("told", refused)
            try:
                Run(U, "rro_none", name="wrong", method="GRPO", environment="ALFWorld", state=S + "2")
            except Refused as refused:
                print("closed", refused)
            """,
            server.Url, await RemoteProgram.TokenAsync(server), Path.Combine(server.Folder, "wrong.json"));

        await trainer.EndAsync();

        Assert.Contains("told 400: ", trainer.Said, StringComparison.Ordinal);
        Assert.Contains("Event 1 of the batch (taskFinished): walk 0 has not begun: taskOpened comes first.", trainer.Said, StringComparison.Ordinal);
        Assert.Contains("closed 401: ", trainer.Said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Client_WithTheStateFileOfAnother_IsToldInsteadOfLosingItsWords()
    {
        await using var server = await LiveServer.StartAsync(static (_, _) => { });
        using var trainer = new PythonTrainer(
            """
            runs = [Run(U, T, name="twice", method="GRPO", environment="ALFWorld", state=S) for _ in range(2)]
            for run in runs:
                run.log("one of two")
                try:
                    print("all told", run.flush())
                except Refused as refused:
                    print("told", refused)
            """,
            server.Url, await RemoteProgram.TokenAsync(server), Path.Combine(server.Folder, "twice.json"));

        await trainer.EndAsync();

        Assert.Contains("all told True", trainer.Said, StringComparison.Ordinal);
        Assert.Contains("told another process logs to run", trainer.Said, StringComparison.Ordinal);
    }

    private static async Task AssertLinesAsync(LiveServer server, string run, IEnumerable<string> expected) =>
        Assert.Equal(expected, (await server.Queries.AllAsync<LogLine>(run, default)).Select(l => l.Text));
}
