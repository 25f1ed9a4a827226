using Microsoft.Data.Sqlite;
using RroDashboard.Core.Events;
using RroDashboard.Data;

namespace RroDashboard.Web.Tests.Hosting;

public sealed class RerollHostTests
{
    // A full disk at the start: the server serves what there is, and says what came of the re-roll when it can.
    [Fact]
    public async Task Start_RerollLeftBehindAndADiskThatRefuses_TheServerStartsAndTheRoundIsClosedLater()
    {
        var folder = Directory.CreateTempSubdirectory("rro-reroll-").FullName;
        string run;
        await using (var before = await LiveServer.StartAsync(folder, static (_, _) => { }))
        {
            run = await before.EnqueueAsync();
            await before.WaitForEndAsync(run);
            before.Get<JournalWriter>().Open(run).Record(new RerollRequested(1, 20));
            await before.FlushAsync();
        }

        // A process that died with a run at work, and a database into which nothing can be written.
        Execute(folder, "UPDATE Runs SET State = 'Running', EndedTicks = NULL; CREATE TRIGGER Refuses BEFORE INSERT ON Events BEGIN INSERT INTO Nowhere VALUES (1); END");
        await using var after = await LiveServer.StartAsync(folder, static (_, _) => { }, ownsFolder: true);
        Assert.NotNull(await after.Queries.FindAsync(run, default));
        Assert.Empty(await after.Queries.AllAsync<RerollFailed>(run, default));

        Execute(folder, "DROP TRIGGER Refuses");

        using var patience = new CancellationTokenSource(LiveServer.Patience);
        while ((await after.Queries.WithOpenRerollsAsync(patience.Token)).Count > 0)
        {
            await Task.Delay(50, patience.Token);
        }

        var failed = Assert.Single(await after.Queries.AllAsync<RerollFailed>(run, default));
        Assert.Equal((1, "The server ended before it was done; ask again."), (failed.Round, failed.Reason));
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
