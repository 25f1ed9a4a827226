using Microsoft.Data.Sqlite;

namespace RroDashboard.Data;

/// <summary>A backup was refused. The message is one sentence for the person who asked.</summary>
public sealed class BackupException(string message) : Exception(message);

/// <summary>Copies of the database: one that is whole and compact, made while the server works, and put back while it does not.</summary>
public static class DatabaseBackup
{
    /// <summary>Writes a copy of the database as it is at this moment; whoever writes to it meanwhile goes on.</summary>
    /// <param name="source">The database file.</param>
    /// <param name="target">A file that does not exist yet.</param>
    /// <param name="cancellationToken">Given up.</param>
    /// <returns>Size of the copy in bytes.</returns>
    /// <exception cref="BackupException">The target exists or cannot be written, or there is no database.</exception>
    public static async Task<long> WriteAsync(string source, string target, CancellationToken cancellationToken)
    {
        if (!File.Exists(source))
        {
            throw new BackupException($"There is no database at '{source}'.");
        }

        if (File.Exists(target))
        {
            throw new BackupException($"'{target}' exists already: choose another name, nothing is overwritten.");
        }

        // Under another name until it is whole: what a killed process left is not taken for a backup.
        var part = target + ".part";
        try
        {
            File.Delete(part);
            var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = source, Pooling = false, DefaultTimeout = 60 }.ToString());
            await using (connection.ConfigureAwait(false))
            {
                await connection.OpenAsync(cancellationToken).ConfigureAwait(false);
                var command = connection.CreateCommand();
                await using (command.ConfigureAwait(false))
                {
                    command.CommandText = "VACUUM INTO $target";
                    command.Parameters.AddWithValue("$target", part);
                    command.CommandTimeout = 0;
                    await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
                }
            }

            File.Move(part, target);
            return new FileInfo(target).Length;
        }
        catch (Exception e) when (e is SqliteException or IOException or UnauthorizedAccessException)
        {
            File.Delete(part);
            throw new BackupException($"The backup '{target}' could not be written: {e.Message}");
        }
    }

    /// <summary>Puts a backup in the place of the database, which is kept beside it. The caller holds the data folder.</summary>
    /// <param name="backup">As <see cref="WriteAsync"/> made it.</param>
    /// <param name="database">The database file; it may be missing.</param>
    /// <param name="keptAs">Where the old one goes.</param>
    /// <param name="cancellationToken">Given up before anything is changed.</param>
    /// <exception cref="BackupException">The backup is not a whole database of ours.</exception>
    public static async Task RestoreAsync(string backup, string database, string keptAs, CancellationToken cancellationToken)
    {
        if (!File.Exists(backup))
        {
            throw new BackupException($"There is no file '{backup}'.");
        }

        string? problem;
        try
        {
            problem = await DatabaseCheck.RunAsync(backup, cancellationToken).ConfigureAwait(false);
        }
        catch (SqliteException e)
        {
            problem = e.Message;
        }

        if (problem is not null)
        {
            throw new BackupException($"'{backup}' is not a whole database ({problem}): nothing was changed.");
        }

        var next = database + ".next";
        File.Copy(backup, next, overwrite: true);
        if (File.Exists(database))
        {
            // What is in the log of the old one belongs to it and not to the backup.
            foreach (var end in new[] { "", "-wal", "-shm" })
            {
                if (File.Exists(database + end))
                {
                    File.Move(database + end, keptAs + end, overwrite: true);
                }
            }
        }

        File.Move(next, database);
    }
}
