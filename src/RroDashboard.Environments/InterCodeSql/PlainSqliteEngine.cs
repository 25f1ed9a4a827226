using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using RroDashboard.Core.Plans;
using SQLitePCL;

namespace RroDashboard.Environments.InterCodeSql;

/// <summary>
/// SQLite as it is, for statements that a model wrote. Three walls stand between such a statement and anything but reading: the file is
/// opened read-only, an authorizer allows nothing but SELECT on the database's own tables and ordinary functions, and a statement that is not
/// read-only is not run. Time, rows and bytes are limited.
/// </summary>
public sealed class PlainSqliteEngine : ISqlEngine
{
    /// <summary>Largest string or blob a statement may make, bytes.</summary>
    public const int MaxValueBytes = 1 << 20;

    // Virtual machine instructions between two looks at the clock.
    private const int InstructionsPerLook = 1000;

    // SQLITE_DBCONFIG_DQS_DML, which the binding does not name.
    private const int DoubleQuotedStrings = 1013;

    private static readonly HashSet<string> s_forbiddenFunctions = new(StringComparer.OrdinalIgnoreCase)
    {
        "load_extension", "readfile", "writefile", "edit", "fts3_tokenizer", "random", "randomblob",
    };

    private readonly string _folder;
    private readonly Dictionary<string, Dictionary<string, TableSchema>> _schema;
    private readonly ConcurrentDictionary<string, ConcurrentBag<SqliteConnection>> _idle = new(StringComparer.Ordinal);

    /// <summary>What DESC prints of a table.</summary>
    private sealed record TableSchema(string OriginalName, IReadOnlyList<IReadOnlyList<string?>> Desc);

    /// <summary>An engine over a folder with one NAME.sqlite per database and mysql_schema.json.</summary>
    /// <exception cref="PlanException">The folder or the schema file is missing or malformed.</exception>
    public PlainSqliteEngine(string folder)
    {
        _folder = folder;
        _schema = ReadSchema(Path.Combine(folder, "mysql_schema.json"));
    }

    /// <summary>Names of the databases that are there.</summary>
    public IEnumerable<string> Databases => _schema.Keys.Where(d => File.Exists(FileOf(d)));

    /// <inheritdoc/>
    public SqlAnswer Execute(string database, string sql, SqlLimits limits)
    {
        ArgumentNullException.ThrowIfNull(sql);
        ArgumentNullException.ThrowIfNull(limits);
        if (!_schema.TryGetValue(database, out var tables))
        {
            return SqlAnswer.Failed($"Unknown database '{database}'");
        }

        return Describe(database, tables, sql) ?? Query(database, sql, limits);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var connection in _idle.Values.SelectMany(c => c))
        {
            connection.Dispose();
        }

        _idle.Clear();
    }

    // ---- SHOW and DESC, which SQLite does not know ----------------------------------------------------------------------

    private static SqlAnswer? Describe(string database, Dictionary<string, TableSchema> tables, string sql)
    {
        var words = sql.TrimEnd(';', ' ').Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var upper = words.Select(w => w.ToUpperInvariant()).ToArray();
        var name = upper switch
        {
            ["SHOW", "TABLES"] => "",
            ["DESC" or "DESCRIBE", _] => words[1],
            ["SHOW", "COLUMNS" or "FIELDS", "FROM" or "IN", _] => words[3],
            _ => null,
        };
        if (name is null)
        {
            return null;
        }

        if (name.Length == 0)
        {
            return SqlAnswer.Of([.. tables.Keys.Order(StringComparer.Ordinal).Select(t => PythonText.Tuple([PythonText.Text(t)]))]);
        }

        name = name.Trim('`', '"', '\'').ToLowerInvariant();
        return tables.TryGetValue(name, out var table)
            ? SqlAnswer.Of([.. table.Desc.Select(row => PythonText.Tuple([.. row.Select(v => v is null ? PythonText.None : PythonText.Text(v))]))])
            : SqlAnswer.Failed($"Table '{database.ToLowerInvariant()}.{name}' doesn't exist");
    }

    // ---- everything else ---------------------------------------------------------------------------------------------

    private SqlAnswer Query(string database, string sql, SqlLimits limits)
    {
        var idle = _idle.GetOrAdd(database, _ => []);
        var connection = idle.TryTake(out var waiting) ? waiting : Open(database);
        try
        {
            return Run(connection.Handle!, sql, limits);
        }
        finally
        {
            idle.Add(connection);
        }
    }

    private static SqlAnswer Run(sqlite3 db, string sql, SqlLimits limits)
    {
        var began = Stopwatch.GetTimestamp();
        var late = false;
        raw.sqlite3_progress_handler(db, InstructionsPerLook, _ => (late = Stopwatch.GetElapsedTime(began) > limits.Timeout) ? 1 : 0, null);
        try
        {
            var result = raw.sqlite3_prepare_v2(db, sql, out var statement, out var tail);
            using (statement)
            {
                if (result != raw.SQLITE_OK)
                {
                    return SqlAnswer.Failed(result == raw.SQLITE_AUTH ? "Only reading is allowed" : Words(db));
                }

                if (statement is null || statement.IsInvalid)
                {
                    return SqlAnswer.Failed("Query was empty");
                }

                if (!string.IsNullOrWhiteSpace(tail.TrimStart(';', ' ', '\n', '\t', '\r')))
                {
                    return SqlAnswer.Failed("Only one statement at a time is allowed");
                }

                return raw.sqlite3_stmt_readonly(statement) == 0 ? SqlAnswer.Failed("Only reading is allowed") : Rows(db, statement, limits, () => late);
            }
        }
        finally
        {
            raw.sqlite3_progress_handler(db, 0, null, null);
        }
    }

    private static SqlAnswer Rows(sqlite3 db, sqlite3_stmt statement, SqlLimits limits, Func<bool> isLate)
    {
        var columns = raw.sqlite3_column_count(statement);
        if (columns == 0)
        {
            return SqlAnswer.None;
        }

        var rows = new List<string>();
        var bytes = 0L;
        while (true)
        {
            var result = raw.sqlite3_step(statement);
            if (result == raw.SQLITE_DONE)
            {
                return SqlAnswer.Of(rows);
            }

            if (result != raw.SQLITE_ROW)
            {
                return SqlAnswer.Failed(isLate() ? $"Query execution was interrupted, it took longer than {limits.Timeout.TotalMilliseconds:0} ms" : Words(db));
            }

            var row = PythonText.Tuple([.. Enumerable.Range(0, columns).Select(c => Value(statement, c))]);
            bytes += row.Length;
            if (rows.Count == limits.MaxRows || bytes > limits.MaxBytes)
            {
                return SqlAnswer.Failed($"The result is larger than {limits.MaxRows} rows or {limits.MaxBytes} bytes");
            }

            rows.Add(row);
        }
    }

    private static string Value(sqlite3_stmt statement, int column) => raw.sqlite3_column_type(statement, column) switch
    {
        raw.SQLITE_INTEGER => raw.sqlite3_column_int64(statement, column).ToString(System.Globalization.CultureInfo.InvariantCulture),
        raw.SQLITE_FLOAT => PythonText.Number(raw.sqlite3_column_double(statement, column)),
        raw.SQLITE_TEXT => PythonText.Text(raw.sqlite3_column_text(statement, column).utf8_to_string()),
        raw.SQLITE_BLOB => PythonText.Bytes(raw.sqlite3_column_blob(statement, column)),
        _ => PythonText.None,
    };

    private SqliteConnection Open(string database)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = FileOf(database),
            Mode = SqliteOpenMode.ReadOnly,
            Pooling = false,
        }.ToString());
        connection.Open();
        using (var command = connection.CreateCommand())
        {
            command.CommandText = "PRAGMA query_only=ON; PRAGMA trusted_schema=OFF; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-8192;";
            command.ExecuteNonQuery();
        }

        // Spider writes strings in double quotes, which SQLite takes for names unless told otherwise.
        raw.sqlite3_db_config(connection.Handle!, DoubleQuotedStrings, 1, out _);
        raw.sqlite3_limit(connection.Handle!, raw.SQLITE_LIMIT_LENGTH, MaxValueBytes);
        raw.sqlite3_limit(connection.Handle!, raw.SQLITE_LIMIT_ATTACHED, 0);
        raw.sqlite3_set_authorizer(connection.Handle!, Authorize, null);
        return connection;
    }

    private static int Authorize(object userData, int action, string first, string second, string database, string trigger) => action switch
    {
        raw.SQLITE_SELECT or raw.SQLITE_RECURSIVE => raw.SQLITE_OK,
        raw.SQLITE_READ => raw.SQLITE_OK,
        raw.SQLITE_FUNCTION => s_forbiddenFunctions.Contains(second ?? "") ? raw.SQLITE_DENY : raw.SQLITE_OK,
        _ => raw.SQLITE_DENY,
    };

    private static string Words(sqlite3 db) => raw.sqlite3_errmsg(db).utf8_to_string();

    private string FileOf(string database) => Path.Combine(_folder, database + ".sqlite");

    private static Dictionary<string, Dictionary<string, TableSchema>> ReadSchema(string file)
    {
        if (!File.Exists(file))
        {
            throw new PlanException($"'{file}' is missing: InterCodeSql expects the databases and their schema in that folder.");
        }

        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(file));
            return json.RootElement.EnumerateObject().ToDictionary(
                d => d.Name,
                d => d.Value.EnumerateObject().ToDictionary(
                    t => t.Name.ToLowerInvariant(),
                    t => new TableSchema(
                        t.Value.GetProperty("original_name").GetString()!,
                        [.. t.Value.GetProperty("desc").EnumerateArray().Select(row => (IReadOnlyList<string?>)[.. row.EnumerateArray().Select(v => v.GetString())])]),
                    StringComparer.Ordinal),
                StringComparer.Ordinal);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new PlanException($"'{file}' is malformed{LineOf(e)}: expected databases, each with tables, each with original_name and desc.");
        }
    }

    internal static string LineOf(Exception e) => e is JsonException { LineNumber: { } line } ? $" in line {line + 1}" : "";
}
