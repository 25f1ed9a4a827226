using System.Collections.Concurrent;
using SQLitePCL;

namespace RroDashboard.Environments.InterCodeSql.MySql;

/// <summary>
/// MySQL 8 semantics on SQLite (environments.md B3, B4, B8): a statement is parsed, its names are bound in MySQL's order, and what is then run is
/// written anew for SQLite, so nothing of the agent's own text reaches the database. Results have MySQL's types as Python text; refusals have MySQL's
/// words.
/// </summary>
public sealed class MySqlEngine : ISqlEngine
{
    // Agents repeat themselves: in candidates, in rollouts, and every gold query for every score.
    private const int MaxPrepared = 20_000;

    // What is written is longer than what was asked; the writer has a limit of its own.
    private const int MaxWritten = 200_000;

    private readonly MySqlCatalog _catalog;
    private readonly MySqlSchema _schema;
    private readonly MySqlImage _image;
    private readonly ConcurrentDictionary<(string Database, string Sql), Prepared> _prepared = new();
    private readonly ConcurrentBag<Connection> _idle = [];
    private volatile bool _disposed;

    /// <summary>Loads the databases of a data folder.</summary>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="FileNotFoundException">The schema or a database that it names is missing.</exception>
    /// <exception cref="InvalidDataException">The schema file is malformed, or a database is damaged.</exception>
    public MySqlEngine(string dataFolder)
    {
        if (!Directory.Exists(dataFolder))
        {
            throw new DirectoryNotFoundException($"InterCode-SQL data folder '{dataFolder}' does not exist");
        }

        Batteries_V2.Init();
        _catalog = MySqlCatalog.Load(dataFolder);
        _schema = MySqlSchema.Load(dataFolder);
        _image = new MySqlImage(dataFolder, _catalog);
    }

    /// <inheritdoc/>
    public SqlAnswer Execute(string database, string sql, SqlLimits limits)
    {
        ArgumentNullException.ThrowIfNull(database);
        ArgumentNullException.ThrowIfNull(sql);
        ArgumentNullException.ThrowIfNull(limits);
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (!_catalog.HasDatabase(database))
        {
            return SqlAnswer.Failed($"Unknown database '{SqlName.Lower(database)}'");
        }

        if (sql.Length > ReadOnlyConnection.MaxSqlLength)
        {
            return SqlAnswer.Failed($"statement of {sql.Length} characters; at most {ReadOnlyConnection.MaxSqlLength} are allowed");
        }

        var prepared = Prepare(database, sql);
        return prepared.Answer ?? Run(prepared.Translation!, limits);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _disposed = true;
        while (_idle.TryTake(out var connection))
        {
            connection.Reader.Dispose();
        }

        _image.Dispose();
    }

    // A statement is either answered without the database, or has a translation.
    private sealed record Prepared(SqlAnswer? Answer, Translation? Translation);

    private sealed record Connection(ReadOnlyConnection Reader, MySqlLibrary Library);

    private Prepared Prepare(string database, string sql)
    {
        if (_prepared.TryGetValue((database, sql), out var known))
        {
            return known;
        }

        if (_prepared.Count >= MaxPrepared)
        {
            _prepared.Clear();
        }

        Prepared prepared;
        try
        {
            prepared = MySqlParser.Parse(sql) switch
            {
                QueryStatement { Query: var query } => new(null, Translate(query, database)),
                var statement => new(Answer(statement, database), null),
            };
        }
        catch (MySqlException e)
        {
            prepared = new(SqlAnswer.Failed(e.Message), null);
        }

        return _prepared.GetOrAdd((database, sql), prepared);
    }

    private Translation Translate(QueryExpr query, string database)
    {
        MySqlBinder.Bind(query, _catalog, database);
        return SqliteWriter.Write(query, database);
    }

    private SqlAnswer Run(Translation translation, SqlLimits limits)
    {
        var connection = _idle.TryTake(out var rested) ? rested : Open();
        try
        {
            connection.Library.Begin();
            var answer = connection.Reader.Execute(translation.Sql, limits, (statement, column) => Cell(statement, column, translation.Types[column]));
            return answer.Error is not null && connection.Library.Error is { } said ? SqlAnswer.Failed(said) : answer;
        }
        finally
        {
            _idle.Add(connection);
            if (_disposed)
            {
                Dispose();
            }
        }
    }

    private Connection Open()
    {
        var library = new MySqlLibrary();
        return new(new ReadOnlyConnection(_image.Path, library.AddTo, MaxWritten), library);
    }

    // A value as the Python connector gives it, by MySQL's type of the column (environments.md B3).
    private static string Cell(sqlite3_stmt statement, int column, SqlType type)
    {
        var stored = raw.sqlite3_column_type(statement, column);
        if (stored == raw.SQLITE_NULL)
        {
            return "None";
        }

        switch (type.Kind)
        {
            case TypeKind.Int when stored is raw.SQLITE_INTEGER or raw.SQLITE_FLOAT:
                return PythonText.Of(raw.sqlite3_column_int64(statement, column));
            case TypeKind.Decimal when stored == raw.SQLITE_INTEGER:
                return $"Decimal('{MySqlNumber.Decimal(raw.sqlite3_column_int64(statement, column), type.Scale)}')";
            case TypeKind.Decimal when stored == raw.SQLITE_FLOAT:
                return $"Decimal('{MySqlNumber.Decimal(raw.sqlite3_column_double(statement, column), type.Scale)}')";
            case TypeKind.Float when stored is raw.SQLITE_INTEGER or raw.SQLITE_FLOAT:
                return PythonText.Of(MySqlNumber.Float(raw.sqlite3_column_double(statement, column), type.Scale));
            case TypeKind.Double when stored is raw.SQLITE_INTEGER or raw.SQLITE_FLOAT:
                var value = raw.sqlite3_column_double(statement, column);
                return PythonText.Of(type.Scale == SqlType.Free ? value : MySqlNumber.Fixed(value, type.Scale));
            case TypeKind.Date or TypeKind.DateTime or TypeKind.Time:
                return MySqlTime.Python(raw.sqlite3_column_text(statement, column).utf8_to_string(), type.Kind);
            default:
                return PythonText.Of(stored switch
                {
                    raw.SQLITE_INTEGER => MySqlFunctions.Text(raw.sqlite3_column_int64(statement, column)),
                    raw.SQLITE_FLOAT => MySqlFunctions.Text(raw.sqlite3_column_double(statement, column)),
                    _ => raw.sqlite3_column_text(statement, column).utf8_to_string(),
                });
        }
    }

    // ---- statements that only need the schema -----------------------------------------------------------------------------

    private SqlAnswer Answer(Statement statement, string database) => statement switch
    {
        ShowTables show => Tables(show, SqlName.Lower(show.Database ?? database)),
        ShowDatabases show => Texts(_catalog.Databases.Select(SqlName.Lower).Order(StringComparer.Ordinal), show.Like),
        DescribeTable describe => Describe(describe, SqlName.Lower(describe.Database ?? database)),
        UseDatabase use => _catalog.HasDatabase(use.Database) ? SqlAnswer.None : throw new MySqlException($"Unknown database '{SqlName.Lower(use.Database)}'"),
        RefusedStatement refused => throw new MySqlException(refused.Message),
        _ => throw new InvalidOperationException("unknown statement"),
    };

    private SqlAnswer Tables(ShowTables show, string database)
    {
        var tables = _schema.Tables(database) ?? throw new MySqlException($"Unknown database '{database}'");
        var found = tables.Where(t => show.Like is null || MySqlFunctions.Like(show.Like, t));
        return SqlAnswer.Of([.. found.Select(t => show.Full ? PythonText.Row([PythonText.Of(t), "'BASE TABLE'"]) : PythonText.Row([PythonText.Of(t)]))]);
    }

    private static SqlAnswer Texts(IEnumerable<string> texts, string? like) =>
        SqlAnswer.Of([.. texts.Where(t => like is null || MySqlFunctions.Like(like, t)).Select(t => PythonText.Row([PythonText.Of(t)]))]);

    private SqlAnswer Describe(DescribeTable describe, string database)
    {
        if (!_catalog.HasDatabase(database))
        {
            throw new MySqlException($"Unknown database '{database}'");
        }

        var table = _catalog.Find(database, describe.Table) ?? throw new MySqlException($"Table '{database}.{SqlName.Lower(describe.Table)}' doesn't exist");
        var rows = _schema.Describe(database, table.Name)!;
        var shown = rows.Zip(table.Columns).Where(r => describe.Like is null || MySqlFunctions.Like(describe.Like, r.Second.Name));
        return SqlAnswer.Of([.. shown.Select(r => describe.Full ? Full(r.First, r.Second) : r.First)]);
    }

    // SHOW FULL COLUMNS puts the collation third and privileges and comment last.
    private static string Full(string row, CatalogColumn column)
    {
        var fields = row[1..^1].Split(", ", 3);
        var collation = column.Type.IsText ? PythonText.Of(GeneralCi.Name) : "None";
        return $"({fields[0]}, {fields[1]}, {collation}, {fields[2]}, 'select,insert,update,references', '')";
    }
}
