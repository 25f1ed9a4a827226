using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;

namespace RroDashboard.Data.Tests;

public sealed class DatabaseTests
{
    [Fact]
    public async Task Connections_OfTheFactory_HaveThePragmas()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var context = await database.Contexts.CreateDbContextAsync();
        await context.Database.OpenConnectionAsync();
        var connection = (SqliteConnection)context.Database.GetDbConnection();

        Assert.Equal("wal", Ask(connection, "journal_mode"));
        Assert.Equal("1", Ask(connection, "synchronous"));
        Assert.Equal("1", Ask(connection, "foreign_keys"));
        Assert.Equal("5000", Ask(connection, "busy_timeout"));
        Assert.Equal("2", Ask(connection, "temp_store"));
    }

    [Fact]
    public async Task Migrations_OfThisVersion_AreAllOfTheModel()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var context = await database.Contexts.CreateDbContextAsync();

        Assert.False(context.Database.HasPendingModelChanges());
        Assert.Empty(await context.Database.GetPendingMigrationsAsync());
        Assert.Equal(2, database.Number("SELECT count(*) FROM sqlite_master WHERE sql LIKE '%WITHOUT ROWID%' AND name IN ('MetricPoints', 'MetricRollups')"));
    }

    [Fact]
    public async Task Take_SecondTimeOnAFolder_SaysWhatToDo()
    {
        await using var database = await TestDatabase.CreateAsync();
        using var second = new DataFolderLock(database.Folder);

        var refused = Assert.Throws<DataFolderInUseException>(second.Take);

        Assert.Contains(database.Folder, refused.Message, StringComparison.Ordinal);
        Assert.Contains("another dashboard", refused.Message, StringComparison.Ordinal);
    }

    private static string Ask(SqliteConnection connection, string pragma)
    {
        using var command = connection.CreateCommand();
        command.CommandText = $"PRAGMA {pragma}";
        return Convert.ToString(command.ExecuteScalar(), System.Globalization.CultureInfo.InvariantCulture)!;
    }
}
