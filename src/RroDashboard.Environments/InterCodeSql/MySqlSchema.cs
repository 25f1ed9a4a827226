using System.Text.Json;

namespace RroDashboard.Environments.InterCodeSql;

/// <summary>What SHOW TABLES and DESC answer, per database; read from sqlite/mysql_schema.json.</summary>
public sealed class MySqlSchema
{
    /// <summary>Place in the data folder.</summary>
    public const string FileName = "sqlite/mysql_schema.json";

    private const int DescFields = 6;

    private readonly Dictionary<string, Dictionary<string, IReadOnlyList<string>>> _databases = new(StringComparer.OrdinalIgnoreCase);

    private MySqlSchema()
    {
    }

    /// <summary>Names of the databases.</summary>
    public IReadOnlyCollection<string> Databases => _databases.Keys;

    /// <summary>Reads the schema file of a data folder.</summary>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    /// <exception cref="InvalidDataException">It is not a schema file; says file, line or place, and what was expected.</exception>
    public static MySqlSchema Load(string dataFolder)
    {
        var path = Path.Combine(dataFolder, FileName);
        var schema = new MySqlSchema();
        using var document = DataFiles.ParseJson(path);
        foreach (var database in DataFiles.Object(document.RootElement, path, "the file").EnumerateObject())
        {
            var tables = new Dictionary<string, IReadOnlyList<string>>(StringComparer.OrdinalIgnoreCase);
            foreach (var table in DataFiles.Object(database.Value, path, database.Name).EnumerateObject())
            {
                var place = $"{database.Name}.{table.Name}";
                if (DataFiles.Object(table.Value, path, place).TryGetProperty("desc", out var desc) is false || desc.ValueKind != JsonValueKind.Array)
                {
                    throw new InvalidDataException($"{path}, {place}: expected a list \"desc\" of columns");
                }

                tables[table.Name] = [.. desc.EnumerateArray().Select((column, i) => Column(column, path, $"{place}.desc[{i}]"))];
            }

            schema._databases[database.Name] = tables;
        }

        return schema;
    }

    /// <summary>Table names of a database, lower-case, sorted by code point ("treatment_types" before "treatments"); null for an unknown database.</summary>
#pragma warning disable CA1308 // MySQL shows names in lower case
    public IReadOnlyList<string>? Tables(string database) =>
        _databases.TryGetValue(database, out var tables) ? [.. tables.Keys.Select(t => t.ToLowerInvariant()).Order(StringComparer.Ordinal)] : null;
#pragma warning restore CA1308

    /// <summary>Rows that DESC answers, as Python text; null for an unknown table.</summary>
    public IReadOnlyList<string>? Describe(string database, string table) =>
        _databases.TryGetValue(database, out var tables) && tables.TryGetValue(table, out var rows) ? rows : null;

    private static string Column(JsonElement column, string path, string place)
    {
        if (column.ValueKind != JsonValueKind.Array || column.GetArrayLength() != DescFields
            || column.EnumerateArray().Any(v => v.ValueKind is not (JsonValueKind.String or JsonValueKind.Null)))
        {
            throw new InvalidDataException($"{path}, {place}: expected {DescFields} texts or nulls (Field, Type, Null, Key, Default, Extra), found {column.GetRawText()}");
        }

        return PythonText.Row([.. column.EnumerateArray().Select(v => PythonText.Of(v.GetString()))]);
    }
}
