using System.Text.Json;

namespace RroDashboard.Environments.InterCodeSql.MySql;

/// <summary>A column of a stored table.</summary>
internal sealed record CatalogColumn(string Name, SqlType Type, bool NotNull);

/// <summary>An index over columns of a stored table.</summary>
internal sealed record CatalogKey(string Name, IReadOnlyList<string> Columns, bool Unique);

/// <summary>A stored table. <paramref name="Keys"/> starts with the primary key where there is one.</summary>
internal sealed record CatalogTable(
    string Database, string Name, IReadOnlyList<CatalogColumn> Columns, IReadOnlyList<string> PrimaryKey, IReadOnlyList<CatalogKey> Keys, long Rows)
{
    /// <summary>Name in the image: all databases live in one SQLite file.</summary>
    public string ImageName => $"{Database}.{Name}";
}

/// <summary>Tables, column types and keys of all databases, from sqlite/mysql_schema.json.</summary>
internal sealed class MySqlCatalog
{
    private readonly Dictionary<string, Dictionary<string, CatalogTable>> _databases = new(StringComparer.OrdinalIgnoreCase);

    private MySqlCatalog()
    {
    }

    public IEnumerable<string> Databases => _databases.Keys;

    /// <exception cref="FileNotFoundException">There is no schema file.</exception>
    /// <exception cref="InvalidDataException">It is not a schema file.</exception>
    public static MySqlCatalog Load(string dataFolder)
    {
        var path = Path.Combine(dataFolder, MySqlSchema.FileName);
        var catalog = new MySqlCatalog();
        using var document = DataFiles.ParseJson(path);
        foreach (var database in DataFiles.Object(document.RootElement, path, "the file").EnumerateObject())
        {
            var tables = new Dictionary<string, CatalogTable>(StringComparer.OrdinalIgnoreCase);
            foreach (var table in DataFiles.Object(database.Value, path, database.Name).EnumerateObject())
            {
                var place = $"{database.Name}.{table.Name}";
                try
                {
                    tables[table.Name] = ReadTable(SqlName.Lower(database.Name), SqlName.Lower(table.Name), DataFiles.Object(table.Value, path, place));
                }
                catch (Exception e) when (e is KeyNotFoundException or InvalidOperationException or IndexOutOfRangeException)
                {
                    throw new InvalidDataException($"{path}, {place}: expected desc, primary_key and keys as lists; {e.Message}", e);
                }
            }

            catalog._databases[database.Name] = tables;
        }

        return catalog;
    }

    public bool HasDatabase(string database) => _databases.ContainsKey(database);

    /// <summary>Tables of a known database.</summary>
    public IEnumerable<CatalogTable> Tables(string database) => _databases[database].Values;

    public CatalogTable? Find(string database, string table) =>
        _databases.TryGetValue(database, out var tables) && tables.TryGetValue(table, out var found) ? found : null;

    private static CatalogTable ReadTable(string database, string name, JsonElement table)
    {
        var columns = table.GetProperty("desc").EnumerateArray()
            .Select(c => new CatalogColumn(c[0].GetString()!, SqlType.Parse(c[1].GetString()!), c[2].GetString() == "NO"))
            .ToList();
        var primary = Names(table.GetProperty("primary_key"));
        var keys = table.GetProperty("keys").EnumerateArray()
            .Select(k => new CatalogKey(k.GetProperty("name").GetString()!, Names(k.GetProperty("columns")), k.GetProperty("unique").GetBoolean()))
            .ToList();
        if (primary.Count > 0)
        {
            keys.Insert(0, new("PRIMARY", primary, Unique: true));
        }

        return new(database, name, columns, primary, keys, table.TryGetProperty("row_count", out var rows) ? rows.GetInt64() : 0);
    }

    private static List<string> Names(JsonElement list) => [.. list.EnumerateArray().Select(n => n.GetString()!)];
}

/// <summary>A table of a FROM clause.</summary>
internal sealed class BoundTable(string database, string alias, string sqlAlias)
{
    /// <summary>Lower case; empty for derived and common tables.</summary>
    public string Database { get; } = database;

    /// <summary>As written.</summary>
    public string Alias { get; } = alias;

    public string SqlAlias { get; } = sqlAlias;

    public List<BoundColumn> Columns { get; } = [];

    public CatalogTable? Stored { get; init; }

    public CommonTable? Common { get; init; }

    public QueryExpr? Query { get; init; }

    /// <summary>On the inner side of an outer join, so that every column may be NULL.</summary>
    public bool Optional { get; set; }

    public SelectBlock? Block { get; set; }

    /// <summary>Sets of columns that hold a combination only once and have no NULL.</summary>
    public List<List<BoundColumn>> Keys { get; } = [];
}

/// <summary>A column of a table of a FROM clause.</summary>
internal sealed class BoundColumn(BoundTable table, string name, SqlType type, bool notNull, string sqlName)
{
    public BoundTable Table { get; } = table;

    public string Name { get; } = name;

    public SqlType Type { get; } = type;

    public bool NotNull { get; } = notNull;

    public string SqlName { get; } = sqlName;
}
