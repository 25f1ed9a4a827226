using System.Diagnostics;
using SQLitePCL;

namespace RroDashboard.Environments.InterCodeSql;

/// <summary>
/// One SQLite connection on which a hostile statement can only read, and only for a while: opened read-only, an authorizer
/// that allows nothing but reading, a statement gate, and limits on instructions, time and sizes.
/// One caller at a time.
/// </summary>
internal sealed class ReadOnlyConnection : IDisposable
{
    /// <summary>Longest statement; the longest gold query has 410 characters.</summary>
    public const int MaxSqlLength = 10_000;

    /// <summary>
    /// Virtual machine instructions allowed per millisecond of the time limit. Instructions are counted so that a runaway
    /// statement is stopped at the same place on every machine; the clock is only the net below. SQLite does some 50,000 a
    /// millisecond on simple code; the dearest gold query takes 53,000 in all.
    /// </summary>
    public const int InstructionsPerMillisecond = 10_000;

    private const int ProgressInterval = 1_000;

    // Longest text, blob or row inside a statement. Real cells have at most a few hundred bytes; a larger limit lets a
    // statement fill memory or the temporary folder within its time limit.
    private const int MaxValueBytes = 65_536;

    // Limit categories and settings of sqlite3.h.
    private const int LimitLength = 0, LimitSqlLength = 1, LimitColumn = 2, LimitExprDepth = 3, LimitCompoundSelect = 4, LimitVdbeOp = 5,
        LimitFunctionArg = 6, LimitAttached = 7, LimitLikePatternLength = 8, LimitTriggerDepth = 10, LimitWorkerThreads = 11;
    private const int ConfigLoadExtension = 1005, ConfigDefensive = 1010, ConfigDoubleQuotedText = 1013, ConfigTrustedSchema = 1017;
    private const int ActionRead = 20, ActionSelect = 21, ActionFunction = 31, ActionRecursive = 33;

    // Functions that give another answer next time, reach outside the database, or exist to make large values.
    private static readonly HashSet<string> s_refusedFunctions = new(StringComparer.OrdinalIgnoreCase)
    {
        "random", "randomblob", "zeroblob", "date", "time", "datetime", "julianday", "unixepoch", "strftime", "timediff",
        "current_date", "current_time", "current_timestamp", "load_extension", "readfile", "writefile", "edit", "fts3_tokenizer",
        "printf", "format", "sqlite_log", "changes", "total_changes", "last_insert_rowid",
    };

    private readonly sqlite3 _handle;
    private readonly int _maxSqlLength;
    private string? _refusal;
    private long _instructionsLeft;
    private long _deadline;
    private string? _stopped;

    /// <param name="path">The database file.</param>
    /// <param name="prepare">Adds functions before the connection is closed to everything but reading.</param>
    /// <param name="maxSqlLength">Longest statement; more than <see cref="MaxSqlLength"/> only for statements that are written here.</param>
    public ReadOnlyConnection(string path, Action<sqlite3>? prepare = null, int maxSqlLength = MaxSqlLength)
    {
        _maxSqlLength = maxSqlLength;
        var code = raw.sqlite3_open_v2(path, out _handle, raw.SQLITE_OPEN_READONLY | raw.SQLITE_OPEN_NOMUTEX, null);
        if (code != raw.SQLITE_OK)
        {
            var message = raw.sqlite3_errstr(code).utf8_to_string();
            _handle?.Dispose();
            throw new InvalidDataException($"{path} cannot be opened as an SQLite database: {message}");
        }

        try
        {
            prepare?.Invoke(_handle);
            Configure(path);
        }
        catch
        {
            _handle.Dispose();
            throw;
        }
    }

    /// <summary>Instructions that the last statement used, to the next thousand.</summary>
    public long Instructions { get; private set; }

    /// <param name="sql">One statement.</param>
    /// <param name="limits">Time, rows, bytes.</param>
    /// <param name="cell">Python text of a value; null for SQLite's own types.</param>
    public SqlAnswer Execute(string sql, SqlLimits limits, Func<sqlite3_stmt, int, string>? cell = null)
    {
        if (sql.Length > _maxSqlLength)
        {
            return SqlAnswer.Failed($"statement of {sql.Length} characters; at most {_maxSqlLength} are allowed");
        }

        if (sql.Contains('\0', StringComparison.Ordinal))
        {
            return SqlAnswer.Failed("a NUL character is not allowed in a statement");
        }

        var budget = (long)Math.Min(limits.Timeout.TotalMilliseconds, 1e9) * InstructionsPerMillisecond;
        _instructionsLeft = budget;
        _deadline = Stopwatch.GetTimestamp() + (long)(limits.Timeout.TotalSeconds * Stopwatch.Frequency);
        _refusal = null;
        _stopped = null;
        sqlite3_stmt? statement = null;
        try
        {
            var code = raw.sqlite3_prepare_v2(_handle, sql, out statement, out string tail);
            if (code != raw.SQLITE_OK)
            {
                return Failure();
            }

            if (statement.IsInvalid)
            {
                return SqlAnswer.Failed("Query was empty");
            }

            if (tail.AsSpan().TrimStart("; \t\r\n\f").Length > 0)
            {
                return SqlAnswer.Failed("only one statement at a time is allowed");
            }

            // BEGIN and SAVEPOINT count as read-only in SQLite; the authorizer has refused them already.
            if (raw.sqlite3_stmt_readonly(statement) == 0 || raw.sqlite3_stmt_isexplain(statement) != 0)
            {
                return SqlAnswer.Failed("only reading is allowed: SELECT, SHOW TABLES, SHOW COLUMNS, DESCRIBE");
            }

            return ReadRows(statement, limits, cell ?? Cell);
        }
        finally
        {
            statement?.Dispose();
            Instructions = budget - _instructionsLeft;
        }
    }

    public void Dispose() => _handle.Dispose();

    private SqlAnswer ReadRows(sqlite3_stmt statement, SqlLimits limits, Func<sqlite3_stmt, int, string> cell)
    {
        var columns = raw.sqlite3_column_count(statement);
        if (columns == 0)
        {
            return SqlAnswer.None;
        }

        var rows = new List<string>();
        var values = new string[columns];
        var bytes = 0L;
        int code;
        while ((code = raw.sqlite3_step(statement)) == raw.SQLITE_ROW)
        {
            if (rows.Count >= limits.MaxRows)
            {
                return SqlAnswer.Failed($"result stopped at the limit of {limits.MaxRows} rows");
            }

            for (var i = 0; i < columns; i++)
            {
                values[i] = cell(statement, i);
                bytes += values[i].Length * sizeof(char);
            }

            if (bytes > limits.MaxBytes)
            {
                return SqlAnswer.Failed($"result stopped at the limit of {limits.MaxBytes} bytes");
            }

            rows.Add(PythonText.Row(values));
        }

        return code == raw.SQLITE_DONE ? SqlAnswer.Of(rows) : Failure();
    }

    private static string Cell(sqlite3_stmt statement, int column) => raw.sqlite3_column_type(statement, column) switch
    {
        raw.SQLITE_INTEGER => PythonText.Of(raw.sqlite3_column_int64(statement, column)),
        raw.SQLITE_FLOAT => PythonText.Of(raw.sqlite3_column_double(statement, column)),
        raw.SQLITE_TEXT => PythonText.Of(raw.sqlite3_column_text(statement, column).utf8_to_string()),
        raw.SQLITE_BLOB => PythonText.Of(raw.sqlite3_column_blob(statement, column)),
        _ => "None",
    };

    private SqlAnswer Failure() => SqlAnswer.Failed(_stopped ?? _refusal ?? raw.sqlite3_errmsg(_handle).utf8_to_string());

    private void Configure(string path)
    {
        // Until the authorizer is in place the connection may use PRAGMA; nobody else has it yet.
        Run("PRAGMA query_only = 1");
        Run("PRAGMA trusted_schema = 0");
        Run("PRAGMA cell_size_check = 1");
        raw.sqlite3_db_config(_handle, ConfigLoadExtension, 0, out _);
        raw.sqlite3_db_config(_handle, ConfigDefensive, 1, out _);
        raw.sqlite3_db_config(_handle, ConfigTrustedSchema, 0, out _);

        // "US Territory" is text, as in MySQL; the bundled SQLite would only take it as a column name.
        raw.sqlite3_db_config(_handle, ConfigDoubleQuotedText, 1, out _);
        foreach (var (category, limit) in new[]
        {
            (LimitLength, MaxValueBytes), (LimitSqlLength, Math.Max(MaxSqlLength * 4, _maxSqlLength)), (LimitColumn, 500), (LimitExprDepth, 200), (LimitCompoundSelect, 50),
            (LimitVdbeOp, 100_000), (LimitFunctionArg, 32), (LimitAttached, 0), (LimitLikePatternLength, 200), (LimitTriggerDepth, 1),
            (LimitWorkerThreads, 0),
        })
        {
            raw.sqlite3_limit(_handle, category, limit);
        }

        raw.sqlite3_busy_timeout(_handle, 1000);
        Run("SELECT count(*) FROM sqlite_master");
        raw.sqlite3_set_authorizer(_handle, (strdelegate_authorizer)Authorize, null);
        raw.sqlite3_progress_handler(_handle, ProgressInterval, Progress, null);

        void Run(string sql)
        {
            var code = raw.sqlite3_exec(_handle, sql);
            if (code != raw.SQLITE_OK)
            {
                throw new InvalidDataException($"{path} is not a readable SQLite database: {raw.sqlite3_errmsg(_handle).utf8_to_string()}");
            }
        }
    }

    private int Authorize(object data, int action, string first, string second, string database, string inner)
    {
        switch (action)
        {
            case ActionRead or ActionSelect or ActionRecursive:
                return raw.SQLITE_OK;
            case ActionFunction when !s_refusedFunctions.Contains(second):
                return raw.SQLITE_OK;
            case ActionFunction:
                _refusal ??= $"function {second} is not available here";
                return raw.SQLITE_DENY;
            default:
                _refusal ??= "only reading is allowed: SELECT, SHOW TABLES, SHOW COLUMNS, DESCRIBE";
                return raw.SQLITE_DENY;
        }
    }

    private int Progress(object data)
    {
        _instructionsLeft -= ProgressInterval;
        if (_instructionsLeft < 0)
        {
            _stopped = "statement stopped: it takes too long";
            return 1;
        }

        if (Stopwatch.GetTimestamp() > _deadline)
        {
            _stopped = "statement stopped: it takes too long";
            return 1;
        }

        return 0;
    }
}
