using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using RroDashboard.Environments.InterCodeSql;
using RroDashboard.Environments.InterCodeSql.MySql;

namespace RroDashboard.Benchmarks;

/// <summary>Statements as MySQL 8 against the same ones as plain SQLite, on a generated database of two tables: small ones as Spider's, and large ones.</summary>
internal static class SqlBenchmark
{
    private const int Owners = 50;

    private static readonly (int Rows, int Statements)[] s_sizes = [(100, 2_000), (100_000, 20)];

    private static readonly SqlLimits s_limits = new(TimeSpan.FromSeconds(20), 200_000, 64 << 20);

    // {0} makes each statement a new one.
    private static readonly (string Name, string Sql)[] s_statements =
    [
        ("one row by key", "SELECT name, age FROM pet WHERE id = {0}"),
        ("text comparison", "SELECT COUNT(*) FROM pet WHERE kind = 'KIND {0}'"),
        ("join, group, order", "SELECT o.name, COUNT(*), AVG(p.age) FROM pet p JOIN owner o ON o.id = p.owner_id WHERE p.age > {0} GROUP BY o.id, o.name ORDER BY COUNT(*) DESC LIMIT 5"),
        ("a mistake", "SELECT wings FROM pet WHERE id = {0}"),
    ];

    public static Task<object> RunAsync(CancellationToken cancellationToken)
    {
        var results = new List<BenchmarkResult>();
        foreach (var (rows, statements) in s_sizes)
        {
            var folder = Directory.CreateTempSubdirectory("rro-bench-");
            try
            {
                Write(folder.FullName, rows);
                var before = GC.GetTotalMemory(forceFullCollection: true);
                var began = Stopwatch.GetTimestamp();
                using var mysql = new MySqlEngine(folder.FullName);
                var size = string.Create(CultureInfo.InvariantCulture, $"{rows:N0} rows");
                results.Add(BenchmarkResult.Alone($"{size}, opening the databases", "s", Stopwatch.GetElapsedTime(began).TotalSeconds));
                using var plain = new PlainSqliteEngine(folder.FullName);
                foreach (var (name, sql) in s_statements)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    results.Add(BenchmarkResult.Against($"{size}, {name}, each statement new", "statements/s", Rate(mysql, sql, statements), Rate(plain, sql, statements)));
                }

                results.Add(BenchmarkResult.Against($"{size}, join, group, order, the same again", "statements/s", Rate(mysql, s_statements[2].Sql, statements, same: true), Rate(plain, s_statements[2].Sql, statements, same: true)));
                results.Add(BenchmarkResult.Alone($"{size}, managed memory after all that", "MiB", (GC.GetTotalMemory(forceFullCollection: true) - before) / 1048576.0));
            }
            finally
            {
                SqliteConnection.ClearAllPools();
                folder.Delete(recursive: true);
            }
        }

        return Task.FromResult<object>(new BenchmarkReport("sql", [.. results]));
    }

    private static double Rate(ISqlEngine engine, string sql, int count, bool same = false)
    {
        engine.Execute("zoo", string.Format(CultureInfo.InvariantCulture, sql, 0), s_limits);
        var began = Stopwatch.GetTimestamp();
        for (var i = 1; i <= count; i++)
        {
            engine.Execute("zoo", string.Format(CultureInfo.InvariantCulture, sql, same ? 1 : i), s_limits);
        }

        return count / Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    private static void Write(string folder, int rows)
    {
        Directory.CreateDirectory(Path.Combine(folder, "sqlite"));
        object Column(string name, string type, string key) => new[] { name, type, key == "PRI" ? "NO" : "YES", key, null, "" };
        File.WriteAllText(Path.Combine(folder, "sqlite", "mysql_schema.json"), JsonSerializer.Serialize(new
        {
            zoo = new
            {
                owner = new { desc = new[] { Column("id", "int", "PRI"), Column("name", "text", "") }, primary_key = new[] { "id" }, keys = Array.Empty<object>() },
                pet = new
                {
                    desc = new[] { Column("id", "int", "PRI"), Column("owner_id", "int", "MUL"), Column("name", "text", ""), Column("kind", "text", ""), Column("age", "int", "") },
                    primary_key = new[] { "id" },
                    keys = new[] { new { name = "owner", columns = new[] { "owner_id" }, unique = false } },
                },
            },
        }));
        using var connection = new SqliteConnection($"Data Source={Path.Combine(folder, "sqlite", "zoo.sqlite")};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = string.Create(CultureInfo.InvariantCulture, $"""
            CREATE TABLE owner (id int NOT NULL PRIMARY KEY, name text COLLATE NOCASE);
            CREATE TABLE pet (id int NOT NULL PRIMARY KEY, owner_id int, name text COLLATE NOCASE, kind text COLLATE NOCASE, age int);
            CREATE INDEX pet_owner ON pet (owner_id);
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {Owners}) INSERT INTO owner SELECT i, 'owner ' || i FROM n;
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows}) INSERT INTO pet SELECT i, 1 + i % {Owners}, 'pet ' || i, 'kind ' || (i % 40), i % 17 FROM n;
            """);
        command.ExecuteNonQuery();
    }
}
