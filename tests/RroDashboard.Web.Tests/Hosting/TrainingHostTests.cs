using Microsoft.Data.Sqlite;
using RroDashboard.Core.Events;
using RroDashboard.Core.Plans;
using RroDashboard.Data;
using RroDashboard.Web.Configuration;

namespace RroDashboard.Web.Tests.Hosting;

public sealed class TrainingHostTests
{
    [Fact]
    public async Task Stop_RunThatWaits_EndsAtOnceWhileTheOtherGoesOn()
    {
        await using var server = await LiveServer.StartAsync(UntilStopped);
        var (works, waits) = (await server.EnqueueAsync(), await server.EnqueueAsync());
        await server.WaitForAsync(works, r => r.State == RunState.Running);
        Assert.Equal(works, server.Host.RunningId);

        server.Host.Stop(waits);

        Assert.Equal(RunState.Stopped, (await server.WaitForEndAsync(waits)).State);
        Assert.Equal(RunState.Running, (await server.Queries.FindAsync(works, default))!.State);
        Assert.Single(await server.Queries.AllAsync<RunEnded>(waits, default));
    }

    [Fact]
    public async Task Stop_RunThatWorks_IsStoppedAndTheNextBegins()
    {
        await using var server = await LiveServer.StartAsync(UntilStopped);
        var (first, second) = (await server.EnqueueAsync(), await server.EnqueueAsync());
        await server.WaitForAsync(first, r => r.State == RunState.Running);

        server.Host.Stop(first);

        Assert.Equal(RunState.Stopped, (await server.WaitForEndAsync(first)).State);
        await server.WaitForAsync(second, r => r.State == RunState.Running);
        server.Host.Stop(first);
        server.Host.Stop("bbbbbbbbbb");
        Assert.Single(await server.Queries.AllAsync<RunEnded>(first, default));
    }

    [Fact]
    public async Task Run_Throws_FailsWithItsTextAndTheNextIsFinished()
    {
        var runs = 0;
        await using var server = await LiveServer.StartAsync((journal, _) =>
        {
            journal.Record(new StageStarted(Stage.Sft));
            if (Interlocked.Increment(ref runs) == 1)
            {
                throw new PlanException("Model.Context = 32 is shorter than every demonstration.");
            }
        });
        var (first, second) = (await server.EnqueueAsync(), await server.EnqueueAsync());

        var failed = await server.WaitForEndAsync(first);
        var finished = await server.WaitForEndAsync(second);

        Assert.Equal((RunState.Failed, "Model.Context = 32 is shorter than every demonstration."), (failed.State, failed.Error));
        Assert.Equal(RunState.Finished, finished.State);
        Assert.Equal("smoke", Assert.Single(await server.Queries.AllAsync<RunEnded>(second, default)).Summary!.Preset);
        Assert.Null(server.Host.RunningId);
    }

    [Fact]
    public async Task Run_CancelsByItself_IsAFailureAndNotAStop()
    {
        await using var server = await LiveServer.StartAsync(static (_, _) => throw new OperationCanceledException("a timer of its own ran out"));

        var run = await server.WaitForEndAsync(await server.EnqueueAsync());

        Assert.Equal((RunState.Failed, "a timer of its own ran out"), (run.State, run.Error));
    }

    [Fact]
    public async Task StopAsync_RunsOpen_AreInterruptedBeforeTheServerEnds()
    {
        var folder = Directory.CreateTempSubdirectory("rro-host-").FullName;
        try
        {
            string works, waits;
            await using (var server = await LiveServer.StartAsync(folder, UntilStopped))
            {
                (works, waits) = (await server.EnqueueAsync(), await server.EnqueueAsync());
                await server.WaitForAsync(works, r => r.State == RunState.Running);
                await server.StopAsync();
            }

            Assert.Equal(["Interrupted", "Interrupted"], States(folder, works, waits));
            await using var next = await LiveServer.StartAsync(folder, UntilStopped);
            Assert.Single(await next.Queries.AllAsync<RunEnded>(works, default));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task Start_RunsOfADeadProcess_AreInterruptedAndNewOnesAreNot()
    {
        var folder = Directory.CreateTempSubdirectory("rro-host-").FullName;
        try
        {
            string dead;
            await using (var server = await LiveServer.StartAsync(folder, static (journal, _) => journal.Record(new StageStarted(Stage.Sft))))
            {
                dead = await server.EnqueueAsync();
                await server.WaitForEndAsync(dead);
            }

            // As a killed process leaves it.
            Execute(folder, $"UPDATE Runs SET State = 'Running', EndedTicks = NULL; DELETE FROM Events WHERE Kind = 'runEnded'; UPDATE Runs SET LastSeq = 1");
            await using var next = await LiveServer.StartAsync(folder, UntilStopped);
            var fresh = await next.EnqueueAsync();

            var run = await next.WaitForEndAsync(dead);
            Assert.Equal((RunState.Interrupted, 2L), (run.State, run.LastSeq));
            await next.WaitForAsync(fresh, r => r.State == RunState.Running);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task Start_SecondServerOnTheFolder_IsRefusedAndTheFirstGoesOn()
    {
        await using var server = await LiveServer.StartAsync(UntilStopped);
        var run = await server.EnqueueAsync();
        await server.WaitForAsync(run, r => r.State == RunState.Running);

        var refused = await Assert.ThrowsAsync<RefusalException>(() => LiveServer.StartAsync(server.Folder, UntilStopped));

        Assert.Contains("in use by another dashboard", refused.Message, StringComparison.Ordinal);
        Assert.Equal(RunState.Running, (await server.Queries.FindAsync(run, default))!.State);
    }

    [Fact]
    public async Task EnqueueAsync_SameKeyAndBadPlanAndFullQueue_AnswerAsTold()
    {
        await using var server = await LiveServer.StartAsync(UntilStopped);
        var bad = Presets.Create("smoke");
        bad.Explore.MaxCandidates = 0;
        var works = await server.EnqueueAsync();
        await server.WaitForAsync(works, r => r.State == RunState.Running);

        var same = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => server.Host.EnqueueAsync(Presets.Create("smoke"), "one click", default)));
        for (var i = 1; i < RroDashboard.Web.Hosting.TrainingHost.MaxQueued; i++)
        {
            await server.EnqueueAsync();
        }

        Assert.Single(same.Select(s => s.Id).Distinct());
        Assert.Single(same, s => s.Made);
        await Assert.ThrowsAsync<PlanException>(() => server.Host.EnqueueAsync(bad, "bad", default));
        var full = await Assert.ThrowsAsync<RefusalException>(server.EnqueueAsync);
        Assert.Contains("100 runs wait already", full.Message, StringComparison.Ordinal);
        server.Host.Stop(same[0].Id);
        await server.EnqueueAsync();
    }

    private static void UntilStopped(IRunJournal journal, CancellationToken stop)
    {
        journal.Record(new StageStarted(Stage.Sft));
        stop.WaitHandle.WaitOne(LiveServer.Patience);
        stop.ThrowIfCancellationRequested();
    }

    private static void Execute(string folder, string sql)
    {
        using var connection = Connect(folder);
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private static string[] States(string folder, params string[] runs)
    {
        using var connection = Connect(folder);
        return [.. runs.Select(run =>
        {
            using var command = connection.CreateCommand();
            command.CommandText = "SELECT State FROM Runs WHERE Id = $id";
            command.Parameters.AddWithValue("$id", run);
            return (string)command.ExecuteScalar()!;
        })];
    }

    private static SqliteConnection Connect(string folder)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = Path.Combine(folder, DataServices.FileName), Pooling = false }.ToString());
        connection.Open();
        return connection;
    }
}
