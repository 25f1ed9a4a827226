using System.Globalization;
using SQLitePCL;

namespace RroDashboard.Environments.InterCodeSql.MySql;

/// <summary>
/// All databases of the data folder in one SQLite file, tables named "database.table", texts under MySQL's collation, MySQL's keys as indexes.
/// The file is a temporary one that goes with the engine; the data folder is only read.
/// </summary>
internal sealed class MySqlImage : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("rro-mysql-");

    /// <exception cref="FileNotFoundException">A database that the schema names is missing.</exception>
    /// <exception cref="InvalidDataException">A database is damaged or does not fit the schema.</exception>
    public MySqlImage(string dataFolder, MySqlCatalog catalog)
    {
        Path = System.IO.Path.Combine(_folder.FullName, "image.sqlite");
        try
        {
            Build(dataFolder, catalog);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    public void Dispose()
    {
        if (_folder.Exists)
        {
            _folder.Delete(recursive: true);
        }
    }

    private void Build(string dataFolder, MySqlCatalog catalog)
    {
        if (raw.sqlite3_open(Path, out var image) != raw.SQLITE_OK)
        {
            throw new InvalidDataException($"{Path} cannot be made: {raw.sqlite3_errmsg(image).utf8_to_string()}");
        }

        using (image)
        {
            MySqlLibrary.AddCollation(image);
            Run(image, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF", Path);
            foreach (var database in catalog.Databases)
            {
                var file = System.IO.Path.Combine(dataFolder, "sqlite", database + ".sqlite");
                if (!File.Exists(file))
                {
                    throw new FileNotFoundException($"{file} is missing, but {MySqlSchema.FileName} names database '{database}'", file);
                }

                Run(image, $"ATTACH {Text(file)} AS source", file);
                Run(image, "BEGIN", file);
                foreach (var table in catalog.Tables(database))
                {
                    Copy(image, table, file);
                }

                Run(image, "COMMIT", file);
                Run(image, "DETACH source", file);
            }
        }
    }

    private static void Copy(sqlite3 image, CatalogTable table, string file)
    {
        var columns = table.Columns.Select(c => $"{Name(c.Name)} {Declared(c.Type)}").ToList();
        if (table.PrimaryKey.Count > 0)
        {
            columns.Add($"PRIMARY KEY ({string.Join(", ", table.PrimaryKey.Select(Name))})");
        }

        var names = string.Join(", ", table.Columns.Select(c => Name(c.Name)));
        Run(image, $"CREATE TABLE {Name(table.ImageName)} ({string.Join(", ", columns)})", file);
        Run(image, $"INSERT INTO {Name(table.ImageName)} SELECT {names} FROM source.{Name(table.Name)} ORDER BY rowid", file);
        foreach (var (key, i) in table.Keys.Where(k => k.Name != "PRIMARY").Select((k, i) => (k, i)))
        {
            var index = Name(string.Create(CultureInfo.InvariantCulture, $"{table.ImageName}.{key.Name}.{i}"));
            Run(image, $"CREATE INDEX {index} ON {Name(table.ImageName)} ({string.Join(", ", key.Columns.Select(Name))})", file);
        }
    }

    private static string Declared(SqlType type) => type.Kind switch
    {
        TypeKind.Int => "int",
        TypeKind.Decimal or TypeKind.Float or TypeKind.Double => "real",
        TypeKind.Text => $"text COLLATE {GeneralCi.Name}",
        _ => "text",
    };

    private static string Name(string name) => "\"" + name.Replace("\"", "\"\"", StringComparison.Ordinal) + "\"";

    private static string Text(string text) => "'" + text.Replace("'", "''", StringComparison.Ordinal) + "'";

    private static void Run(sqlite3 image, string sql, string file)
    {
        if (raw.sqlite3_exec(image, sql) != raw.SQLITE_OK)
        {
            throw new InvalidDataException($"{file} does not fit {MySqlSchema.FileName}: {raw.sqlite3_errmsg(image).utf8_to_string()}");
        }
    }
}
