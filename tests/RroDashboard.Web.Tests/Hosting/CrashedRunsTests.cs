using Microsoft.Data.Sqlite;
using RroDashboard.Core.Events;
using RroDashboard.Data;

namespace RroDashboard.Web.Tests.Hosting;

/// <summary>Which of stopped, interrupted, crashed and failed a run is that did not finish.</summary>
public sealed class CrashedRunsTests
{
    [Fact]
    public async Task Start_AfterAStopInOrder_TheRunIsInterrupted()
    {
        var folder = Directory.CreateTempSubdirectory("rro-crash-").FullName;
        var run = await BeginAsync(folder);

        await using var after = await LiveServer.StartAsync(folder, static (_, _) => { }, ownsFolder: true);

        Assert.Equal(1, (await after.Get<RunListQueries>().ListAsync("state:interrupted", RunSort.Default, 0, 9, default)).Total);
        Assert.False((await after.Queries.FindAsync(run, default))!.Crashed);
    }

    [Fact]
    public async Task Start_AfterAProcessThatDied_TheRunIsCrashedWithItsLastHeartbeat()
    {
        var folder = Directory.CreateTempSubdirectory("rro-crash-").FullName;
        var run = await BeginAsync(folder);
        // What a kill leaves: the run counts as working, and nothing says that it ended.
        Execute(folder, "UPDATE Runs SET State = 'Running', EndedTicks = NULL; DELETE FROM Events WHERE Kind = 'runEnded'");

        await using var after = await LiveServer.StartAsync(folder, static (_, _) => { }, ownsFolder: true);
        await after.FlushAsync();

        var info = (await after.Queries.FindAsync(run, default))!;
        Assert.Equal(RunState.Interrupted, info.State);
        Assert.True(info.Crashed);
        Assert.NotNull(info.HeartbeatUtc);
        Assert.Equal(1, (await after.Get<RunListQueries>().ListAsync("state:crashed", RunSort.Default, 0, 9, default)).Total);
        Assert.Equal(0, (await after.Get<RunListQueries>().ListAsync("state:interrupted,failed,stopped", RunSort.Default, 0, 9, default)).Total);
    }

    private static async Task<string> BeginAsync(string folder)
    {
        await using var server = await LiveServer.StartAsync(folder, static (journal, stop) =>
        {
            journal.Record(new StageStarted(Stage.Sft));
            stop.WaitHandle.WaitOne();
            stop.ThrowIfCancellationRequested();
        });
        var run = await server.EnqueueAsync();
        await server.WaitForAsync(run, r => r.Stage == Stage.Sft);
        return run;
    }

    private static void Execute(string folder, string sql)
    {
        using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = Path.Combine(folder, DataServices.FileName), Pooling = false }.ToString());
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
