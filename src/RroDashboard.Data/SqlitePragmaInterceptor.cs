using System.Data.Common;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace RroDashboard.Data;

/// <summary>
/// Settings that SQLite keeps per connection and that EF Core does not set. With WAL and synchronous=NORMAL a killed process
/// loses no commit; a power cut may lose the last ones but does not corrupt.
/// </summary>
public sealed class SqlitePragmaInterceptor : DbConnectionInterceptor
{
    /// <summary>Page cache of a connection, KiB.</summary>
    public const int CacheKib = 16 * 1024;

    /// <summary>Bytes of the file that are read through memory mapping.</summary>
    public const long MmapBytes = 256L * 1024 * 1024;

    /// <summary>How long a statement waits for a lock, milliseconds.</summary>
    public const int BusyTimeoutMs = 5000;

    private static readonly string s_pragmas =
        $"""
        PRAGMA busy_timeout = {BusyTimeoutMs};
        PRAGMA journal_mode = WAL;
        PRAGMA synchronous = NORMAL;
        PRAGMA foreign_keys = ON;
        PRAGMA temp_store = MEMORY;
        PRAGMA cache_size = -{CacheKib};
        PRAGMA mmap_size = {MmapBytes};
        """;

    /// <inheritdoc/>
    public override void ConnectionOpened(DbConnection connection, ConnectionEndEventData eventData)
    {
        ArgumentNullException.ThrowIfNull(connection);
        using var command = connection.CreateCommand();
        command.CommandText = s_pragmas;
        command.ExecuteNonQuery();
    }

    /// <inheritdoc/>
    public override async Task ConnectionOpenedAsync(DbConnection connection, ConnectionEndEventData eventData, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(connection);
        await using var command = connection.CreateCommand();
        command.CommandText = s_pragmas;
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
