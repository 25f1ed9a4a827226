using System.Net;
using Microsoft.Data.Sqlite;
using RroDashboard.Core.Events;
using RroDashboard.Core.Exploration;
using RroDashboard.Core.Plans;
using RroDashboard.Data;
using RroDashboard.Web.Configuration;
using RroDashboard.Web.Hosting;

namespace RroDashboard.Web.Tests.Hosting;

public sealed class ResumeTests
{
    // Two real runs beside whatever else the machine does.
    private static readonly TimeSpan LongPatience = TimeSpan.FromMinutes(10);

    // The real thing: a real run in a real database, its server stopped in the middle of exploration, gone on with by the next server.
    [Fact]
    public async Task ResumeAsync_ServerStoppedWithinExploration_NextServerEndsTheSameRun()
    {
        var folder = Directory.CreateTempSubdirectory("rro-resume-").FullName;
        try
        {
            string broken;
            await using (var server = await LiveServer.StartAsync(folder, new HeldRunner(static fact => fact is TaskFinished)))
            {
                broken = (await server.Host.EnqueueAsync(Plan(), "one", default)).Id;
                await WaitForAsync(async () => (await server.Queries.AllAsync<TaskFinished>(broken, default)).Count >= 1);
                await server.StopAsync();
            }

            await using var next = await LiveServer.StartAsync(folder, new TrainingRunner(TimeProvider.System));
            var interrupted = await next.WaitForEndAsync(broken);
            var kept = (await next.Queries.AllAsync<TaskFinished>(broken, default)).Select(f => f.Task).ToHashSet();
            using var client = await next.SignInAsync();
            using var accepted = await client.PostAsync(new Uri($"/api/v1/runs/{broken}/resume", UriKind.Relative), null);
            var resumed = await EndAsync(next, broken);
            var whole = await EndAsync(next, (await next.Host.EnqueueAsync(Plan(), "two", default)).Id);

            Assert.Equal((RunState.Interrupted, HttpStatusCode.Accepted), (interrupted.State, accepted.StatusCode));
            Assert.Equal((RunState.Finished, null), (resumed.State, resumed.Error));
            Assert.True(resumed.LastSeq > interrupted.LastSeq);
            Assert.Equal(whole.Before, resumed.Before);
            Assert.NotNull(resumed.After);
            // Where the server stopped depends on the clock, and a walk that is walked again among others may differ by a last digit that
            // tips a draw (the tests of training break off at fixed places and compare everything). What was kept is what an unbroken run does.
            Assert.NotEmpty(kept);
            Assert.Equal(await StepsAsync(next, whole.Id, kept), await StepsAsync(next, broken, kept));
            Assert.Equal(Enumerable.Range(0, 8), (await next.Queries.AllAsync<TaskFinished>(broken, default)).Select(f => f.Task).Order());
            Assert.Equal((await next.Queries.AllAsync<StepDecided>(broken, default)).Count, resumed.Budget!.Steps);
            Assert.Equal((await next.Queries.AllAsync<TaskFinished>(broken, default)).Sum(f => f.Rollouts), resumed.Budget.Rollouts);
            Assert.Equal(8, (await next.Queries.AllAsync<TaskOpened>(broken, default)).Count);
            Assert.Equal(5, (await next.Queries.AllAsync<StageStarted>(broken, default)).Count);
            // Broken off is not lost: what was set aside is still in the table.
            var restarted = Assert.Single(await next.Queries.AllAsync<RunResumed>(broken, default)).RestartedTasks;
            Assert.Equal(restarted.Count > 0, SetAside(folder) > 0);
        }
        finally
        {
            SqliteConnection.ClearAllPools();
            Directory.Delete(folder, recursive: true);
        }
    }

    // The collapse guard stops the run by itself; nothing is lost, and whoever goes on with it trains past the collapse.
    [Fact]
    public async Task ResumeAsync_PausedByTheCollapseGuard_GoesOnToTheEnd()
    {
        await using var server = await LiveServer.StartAsync(Directory.CreateTempSubdirectory("rro-pause-").FullName, new TrainingRunner(TimeProvider.System), ownsFolder: true);
        var plan = Plan();
        PlanSettings.Apply(plan, ["Sft.Updates=150", "Explore.Tasks=12", "Dpo.LearningRate=0.02", "Dpo.Updates=8", "Guard.Every=4", "Guard.Tasks=20", "Guard.OnCollapse=Pause"]);

        var run = (await server.Host.EnqueueAsync(plan, "one", default)).Id;
        var paused = await EndAsync(server, run);
        var walked = (await server.Queries.AllAsync<TaskFinished>(run, default)).Count;
        await server.Host.ResumeAsync(run, default);
        var ended = await EndAsync(server, run);

        Assert.Equal(RunState.Stopped, paused.State);
        Assert.StartsWith("The policy collapses, seen after 4 DPO updates: ", paused.Error, StringComparison.Ordinal);
        Assert.Equal((RunState.Finished, null), (ended.State, ended.Error));
        Assert.Equal((12, 12), (walked, (await server.Queries.AllAsync<TaskFinished>(run, default)).Count));
        Assert.Equal(8, Assert.Single(await server.Queries.AllAsync<PreferencesTrained>(run, default)).Result.Updates);
        Assert.Single(await server.Queries.AllAsync<AlertRaised>(run, default), a => a.Text.Contains("because a person let it", StringComparison.Ordinal));
    }

    [Fact]
    public async Task ResumeAsync_RunThatCannotGoOn_IsRefusedWithASentence()
    {
        await using var server = await LiveServer.StartAsync(static (journal, _) => journal.Record(new StageStarted(Stage.Sft)));
        var run = await server.EnqueueAsync();
        await server.WaitForEndAsync(run);

        var finished = await Assert.ThrowsAsync<RefusalException>(() => server.Host.ResumeAsync(run, default));
        var unknown = await Assert.ThrowsAsync<RefusalException>(() => server.Host.ResumeAsync("bbbbbbbbbb", default));

        Assert.Contains("is finished: only a run that was stopped or interrupted can be resumed", finished.Message, StringComparison.Ordinal);
        Assert.Contains("There is no run", unknown.Message, StringComparison.Ordinal);
        using var client = await server.SignInAsync();
        using var conflict = await client.PostAsync(new Uri($"/api/v1/runs/{run}/resume", UriKind.Relative), null);
        using var missing = await client.PostAsync(new Uri("/api/v1/runs/bbbbbbbbbb/resume", UriKind.Relative), null);
        using var stranger = server.CreateClient();
        using var other = new HttpRequestMessage(HttpMethod.Post, new Uri($"/api/v1/runs/{run}/resume", UriKind.Relative));
        other.Headers.Add("Origin", "https://elsewhere.example");
        using var crossSite = await client.SendAsync(other);
        Assert.Equal((HttpStatusCode.Conflict, HttpStatusCode.NotFound, HttpStatusCode.Forbidden), (conflict.StatusCode, missing.StatusCode, crossSite.StatusCode));
        Assert.Contains("only a run that was stopped", await conflict.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ResumeAsync_StoppedWhileItWaited_RunsFromTheBeginning()
    {
        var runs = 0;
        await using var server = await LiveServer.StartAsync((journal, stop) =>
        {
            journal.Record(new StageStarted(Stage.Sft));
            if (Interlocked.Increment(ref runs) == 1)
            {
                stop.WaitHandle.WaitOne(LiveServer.Patience);
                stop.ThrowIfCancellationRequested();
            }
        });
        var (works, waits) = (await server.EnqueueAsync(), await server.EnqueueAsync());
        await server.WaitForAsync(works, r => r.State == RunState.Running);
        server.Host.Stop(waits);
        await server.WaitForEndAsync(waits);

        await server.Host.ResumeAsync(waits, default);
        await Assert.ThrowsAsync<RefusalException>(() => server.Host.ResumeAsync(waits, default));
        server.Host.Stop(works);

        await server.WaitForAsync(waits, r => r.State == RunState.Finished);
        Assert.Equal(2, runs);
    }

    private static async Task<List<(int, int, string, int, StepVerdict)>> StepsAsync(LiveServer server, string run, HashSet<int> tasks) =>
        [.. (await server.Queries.AllAsync<StepDecided>(run, default)).Where(s => tasks.Contains(s.Task)).OrderBy(s => s.Task).ThenBy(s => s.Step).Select(s => (s.Task, s.Step, s.Action, s.Tried, s.Verdict))];

    // Real training on a machine that other tests keep busy.
    private static async Task<RunInfo> EndAsync(LiveServer server, string run)
    {
        await WaitForAsync(async () => (await server.Queries.FindAsync(run, default))!.State is not (RunState.Queued or RunState.Running));
        return (await server.Queries.FindAsync(run, default))!;
    }

    private static RunPlan Plan()
    {
        var plan = Presets.Create("smoke");
        PlanSettings.Apply(plan, ["Evaluate.Tasks=10", "Sft.Updates=60"]);
        return plan;
    }

    private static long SetAside(string folder)
    {
        using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = Path.Combine(folder, DataServices.FileName), Pooling = false }.ToString());
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT count(*) FROM Events WHERE Kind LIKE 'setAside.%' AND Task IS NOT NULL";
        return (long)command.ExecuteScalar()!;
    }

    private static async Task WaitForAsync(Func<Task<bool>> reached)
    {
        using var patience = new CancellationTokenSource(LongPatience);
        while (!await reached())
        {
            await Task.Delay(5, patience.Token);
        }
    }
}
