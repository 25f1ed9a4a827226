namespace RroDashboard.Environments.InterCodeSql;

/// <summary>How long and how much one statement may take.</summary>
/// <param name="Timeout">After this the statement is stopped and answered with an error.</param>
/// <param name="MaxRows">After this many result rows likewise.</param>
/// <param name="MaxBytes">After this many bytes of result text likewise.</param>
public sealed record SqlLimits(TimeSpan Timeout, int MaxRows, long MaxBytes);

/// <summary>Answer to one statement: rows, no result set, or an error. Exactly one of the three.</summary>
/// <param name="Rows">Python text of each row, for example "('France', 3)"; null when there is no result set or an error.</param>
/// <param name="Error">Server message without a prefix; null unless it failed.</param>
public sealed record SqlAnswer(IReadOnlyList<string>? Rows, string? Error)
{
    /// <summary>A result set, possibly empty.</summary>
    public static SqlAnswer Of(IReadOnlyList<string> rows) => new(rows, null);

    /// <summary>A statement that gives no result set.</summary>
    public static SqlAnswer None { get; } = new(null, null);

    /// <summary>A refusal or failure.</summary>
    public static SqlAnswer Failed(string message) => new(null, message);
}

/// <summary>
/// Runs the statements of an agent against one database, read-only whatever the statement says. Two dialects implement it:
/// plain SQLite and MySQL 8 semantics on SQLite. Safe to call from several threads; a hostile statement must not disturb
/// another caller.
/// </summary>
public interface ISqlEngine : IDisposable
{
    /// <summary>Runs one statement against a database by its Spider name, for example "world_1".</summary>
    SqlAnswer Execute(string database, string sql, SqlLimits limits);
}
