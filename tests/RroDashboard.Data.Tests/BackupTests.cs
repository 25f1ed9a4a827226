using Microsoft.Data.Sqlite;

namespace RroDashboard.Data.Tests;

public sealed class BackupTests
{
    [Fact]
    public async Task WriteAsync_WhileTheJournalIsWritten_IsWholeAndHasWhatWasCommitted()
    {
        await using var database = await TestDatabase.CreateAsync();
        var run = await database.NewRunAsync();
        var target = Path.Combine(database.Folder, "copy.db");
        using var stop = new CancellationTokenSource();
        var writing = Task.Run(async () =>
        {
            for (var i = 0; !stop.IsCancellationRequested; i++)
            {
                database.Writer.Open(run).Record(new Core.Events.NoteAdded($"note {i}"));
                await Task.Delay(1, CancellationToken.None);
            }
        });
        database.Writer.Open(run).Record(new Core.Events.NoteAdded("before"));
        await database.FlushAsync();

        await DatabaseBackup.WriteAsync(Path.Combine(database.Folder, DataServices.FileName), target, default);
        await stop.CancelAsync();
        await writing;

        Assert.Null(await DatabaseCheck.RunAsync(target, default));
        await using var copy = new SqliteConnection($"Data Source={target};Pooling=False");
        await copy.OpenAsync();
        await using var command = copy.CreateCommand();
        command.CommandText = "SELECT count(*) FROM Events WHERE Json LIKE '%before%'";
        Assert.Equal(1L, await command.ExecuteScalarAsync());
        Assert.False(File.Exists(target + ".part"));
        Assert.Contains("exists already", (await Assert.ThrowsAsync<BackupException>(() => DatabaseBackup.WriteAsync(Path.Combine(database.Folder, DataServices.FileName), target, default))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RestoreAsync_Backup_BringsBackWhatWasThereAndKeepsTheOther()
    {
        var folder = Directory.CreateTempSubdirectory("rro-restore-").FullName;
        try
        {
            var (file, copy, kept) = (Path.Combine(folder, DataServices.FileName), Path.Combine(folder, "copy.db"), Path.Combine(folder, "kept.db"));
            string run;
            await using (var before = await TestDatabase.OpenAsync(folder))
            {
                run = await before.NewRunAsync();
                await DatabaseBackup.WriteAsync(file, copy, default);
                await before.NewRunAsync();
            }

            await DatabaseBackup.RestoreAsync(copy, file, kept, default);

            Assert.True(File.Exists(kept));
            await using var after = await TestDatabase.OpenAsync(folder);
            Assert.Equal(1, after.Number("SELECT count(*) FROM Runs"));
            Assert.NotNull(await after.Queries.FindAsync(run, default));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task RestoreAsync_BrokenFile_ChangesNothing()
    {
        var folder = Directory.CreateTempSubdirectory("rro-restore-").FullName;
        try
        {
            var (file, broken, kept) = (Path.Combine(folder, DataServices.FileName), Path.Combine(folder, "broken.db"), Path.Combine(folder, "kept.db"));
            // Closed again, as it is for everyone who restores: an open one moves its log into the file when it likes.
            await using (var before = await TestDatabase.OpenAsync(folder))
            {
                await before.NewRunAsync();
            }

            await File.WriteAllTextAsync(broken, "not a database, but long enough to look like one to whoever does not look");
            var (names, bytes) = (FileNames(folder), await File.ReadAllBytesAsync(file));

            var refused = await Assert.ThrowsAsync<BackupException>(() => DatabaseBackup.RestoreAsync(broken, file, kept, default));

            Assert.Contains("nothing was changed", refused.Message, StringComparison.Ordinal);
            Assert.Equal(bytes, await File.ReadAllBytesAsync(file));
            Assert.Equal(names, FileNames(folder));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task OlderThanAsync_EndedRuns_LeavesOutArchivedOpenAndYoung()
    {
        await using var database = await TestDatabase.CreateAsync();
        var (old, archived, open, young) = (await database.NewRunAsync(), await database.NewRunAsync(), await database.NewRunAsync(), await database.NewRunAsync());
        database.Execute($"UPDATE Runs SET State = 'Finished', EndedTicks = 1 WHERE Id IN ('{old}', '{archived}')");
        database.Execute($"UPDATE Runs SET ArchivedTicks = 1 WHERE Id = '{archived}'");
        database.Execute($"UPDATE Runs SET State = 'Running' WHERE Id = '{open}'");
        database.Execute($"UPDATE Runs SET State = 'Finished', EndedTicks = {DateTime.UtcNow.Ticks} WHERE Id = '{young}'");

        Assert.Equal([old], (await new RetentionQueries(database.Contexts, TimeProvider.System).OlderThanAsync(30, default)).Select(r => r.Id));
    }

    private static string[] FileNames(string folder) => [.. Directory.GetFiles(folder).Order(StringComparer.Ordinal)];
}
