using Microsoft.Data.Sqlite;

namespace RroDashboard.Data;

/// <summary>SQLite's own check of a database file.</summary>
public static class DatabaseCheck
{
    /// <summary>The same for people: a file that cannot even be read is a problem like another.</summary>
    public static async Task<string?> TellAsync(string file, CancellationToken cancellationToken)
    {
        try
        {
            return await RunAsync(file, cancellationToken).ConfigureAwait(false);
        }
        catch (SqliteException e)
        {
            return e.Message;
        }
    }

    /// <summary>Reads the whole file without changing it.</summary>
    /// <returns>The first problem, or null when there is none.</returns>
    /// <exception cref="SqliteException">It is not a database or cannot be read.</exception>
    public static async Task<string?> RunAsync(string file, CancellationToken cancellationToken)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, Mode = SqliteOpenMode.ReadOnly, Pooling = false }.ToString());
        await using (connection.ConfigureAwait(false))
        {
            await connection.OpenAsync(cancellationToken).ConfigureAwait(false);
            var command = connection.CreateCommand();
            await using (command.ConfigureAwait(false))
            {
                command.CommandText = "PRAGMA integrity_check(1)";
                var answer = (string?)await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false);
                return answer == "ok" ? null : answer;
            }
        }
    }
}
