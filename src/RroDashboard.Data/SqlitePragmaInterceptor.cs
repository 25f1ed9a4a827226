using System.Data.Common;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.Extensions.Logging;

namespace RroDashboard.Data;

/// <summary>
/// Settings of every connection that EF opens; SQLite forgets them when a connection closes. One writer and many readers: readers
/// never wait (WAL). A power cut may lose the last commits but damages nothing (NORMAL); a killed process loses none.
/// </summary>
public sealed class SqlitePragmaInterceptor(ILogger<SqlitePragmaInterceptor> logger) : DbConnectionInterceptor
{
    private const string Pragmas =
        "PRAGMA synchronous=NORMAL;PRAGMA busy_timeout=5000;PRAGMA foreign_keys=ON;" +
        "PRAGMA temp_store=MEMORY;PRAGMA cache_size=-65536;PRAGMA mmap_size=268435456;PRAGMA journal_size_limit=134217728;";

    // EF looks read-only whether a database exists; one restored from a backup is not in WAL mode, and then this fails.
    private const string Writable = "PRAGMA journal_mode=WAL;";

    private int _logged;

    /// <inheritdoc/>
    public override void ConnectionOpened(DbConnection connection, ConnectionEndEventData eventData)
    {
        ArgumentNullException.ThrowIfNull(connection);
        using var command = connection.CreateCommand();
        command.CommandText = PragmasOf(connection);
        command.ExecuteNonQuery();
        LogOnce();
    }

    /// <inheritdoc/>
    public override async Task ConnectionOpenedAsync(DbConnection connection, ConnectionEndEventData eventData, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(connection);
        var command = connection.CreateCommand();
        await using (command.ConfigureAwait(false))
        {
            command.CommandText = PragmasOf(connection);
            await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        }

        LogOnce();
    }

    private static string PragmasOf(DbConnection connection) =>
        new SqliteConnectionStringBuilder(connection.ConnectionString).Mode == SqliteOpenMode.ReadOnly ? Pragmas : Writable + Pragmas;

    private void LogOnce()
    {
        if (Interlocked.Exchange(ref _logged, 1) == 0)
        {
            logger.LogDebug("SQLite: {Pragmas}", Writable + Pragmas);
        }
    }
}
