using System.Collections.Concurrent;
using System.Text.RegularExpressions;

namespace RroDashboard.Environments.InterCodeSql;

/// <summary>
/// Plain SQLite semantics on the converted databases, and SHOW TABLES, SHOW COLUMNS, DESCRIBE as MySQL answers them. All 1034
/// gold queries run (environments.md C3); error messages are SQLite's.
/// </summary>
public sealed partial class PlainSqliteEngine : ISqlEngine
{
    private readonly MySqlSchema _schema;
    private readonly Dictionary<string, string> _files = new(StringComparer.OrdinalIgnoreCase);
    private readonly ConcurrentDictionary<string, ConcurrentBag<ReadOnlyConnection>> _idle = new(StringComparer.OrdinalIgnoreCase);
    private volatile bool _disposed;

    /// <summary>Opens the databases of a data folder.</summary>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="FileNotFoundException">The schema or a database that it names is missing.</exception>
    /// <exception cref="InvalidDataException">The schema file is malformed, or a database is damaged.</exception>
    public PlainSqliteEngine(string dataFolder)
    {
        if (!Directory.Exists(dataFolder))
        {
            throw new DirectoryNotFoundException($"InterCode-SQL data folder '{dataFolder}' does not exist");
        }

        SQLitePCL.Batteries_V2.Init();
        _schema = MySqlSchema.Load(dataFolder);
        foreach (var database in _schema.Databases)
        {
            if (!DatabaseName().IsMatch(database))
            {
                throw new InvalidDataException($"{Path.Combine(dataFolder, MySqlSchema.FileName)}: database name '{database}' may only hold letters, digits and _");
            }

            var path = Path.Combine(dataFolder, "sqlite", database + ".sqlite");
            if (!File.Exists(path))
            {
                throw new FileNotFoundException($"{path} is missing, but {MySqlSchema.FileName} names database '{database}'", path);
            }

            _files[database] = path;
        }

        // Opened now, so that a damaged file is refused here and not in the middle of a run.
        try
        {
            foreach (var (database, path) in _files)
            {
                _idle[database] = [new ReadOnlyConnection(path)];
            }
        }
        catch
        {
            DisposeIdle();
            throw;
        }
    }

    /// <inheritdoc/>
    public SqlAnswer Execute(string database, string sql, SqlLimits limits)
    {
        ArgumentNullException.ThrowIfNull(database);
        ArgumentNullException.ThrowIfNull(sql);
        ArgumentNullException.ThrowIfNull(limits);
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (!_files.TryGetValue(database, out var path))
        {
            return SqlAnswer.Failed($"Unknown database '{database}'");
        }

        if (Describe(database, sql) is { } described)
        {
            return described;
        }

        var idle = _idle.GetOrAdd(database, _ => []);
        var connection = idle.TryTake(out var rested) ? rested : new ReadOnlyConnection(path);
        try
        {
            return connection.Execute(sql, limits);
        }
        finally
        {
            idle.Add(connection);
            if (_disposed)
            {
                DisposeIdle();
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _disposed = true;
        DisposeIdle();
    }

    private void DisposeIdle()
    {
        foreach (var bag in _idle.Values)
        {
            while (bag.TryTake(out var connection))
            {
                connection.Dispose();
            }
        }
    }

    private SqlAnswer? Describe(string database, string sql)
    {
        if (sql.Length > ReadOnlyConnection.MaxSqlLength)
        {
            return null;
        }

        var show = ShowTables().Match(sql);
        if (show.Success)
        {
            var asked = show.Groups["db"].Success ? show.Groups["db"].Value : database;
            return string.Equals(asked, database, StringComparison.OrdinalIgnoreCase)
                ? SqlAnswer.Of([.. _schema.Tables(database)!.Select(t => PythonText.Row([PythonText.Of(t)]))])
                : SqlAnswer.Failed($"Unknown database '{asked}'");
        }

        var describe = DescribeTable().Match(sql);
        if (!describe.Success)
        {
            return null;
        }

        var table = describe.Groups["table"].Value;
        var qualifier = describe.Groups["db"].Success ? describe.Groups["db"].Value : database;
        if (!string.Equals(qualifier, database, StringComparison.OrdinalIgnoreCase))
        {
            return SqlAnswer.Failed($"Unknown database '{qualifier}'");
        }

        return _schema.Describe(database, table) is { } rows
            ? SqlAnswer.Of(rows)
            : SqlAnswer.Failed($"Table '{LowerCase(database)}.{LowerCase(table)}' doesn't exist");
    }

    // MySQL prints database and table names in lower case here (lower_case_table_names=1).
#pragma warning disable CA1308
    private static string LowerCase(string name) => name.ToLowerInvariant();
#pragma warning restore CA1308

    [GeneratedRegex(@"^[A-Za-z0-9_]{1,64}\z", RegexOptions.CultureInvariant)]
    private static partial Regex DatabaseName();

    [GeneratedRegex(@"^\s*SHOW\s+TABLES(\s+(FROM|IN)\s+`?(?<db>\w+)`?)?\s*;*\s*\z", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex ShowTables();

    [GeneratedRegex(@"^\s*((DESC|DESCRIBE|SHOW\s+(COLUMNS|FIELDS)\s+(FROM|IN))\s+(`?(?<db>\w+)`?\s*\.\s*)?`?(?<table>\w+)`?)\s*;*\s*\z", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex DescribeTable();
}
