using Microsoft.Data.Sqlite;
using RroDashboard.Core.Plans;

namespace RroDashboard.Environments.Tests.InterCodeSql;

/// <summary>A small data folder of our own, laid out like the real one, so that these tests run everywhere.</summary>
public sealed class SmallData : IDisposable
{
    public const string Tasks = """
        [
          {"db": "zoo", "gold": "SELECT name FROM animal WHERE legs = 4 ORDER BY name DESC", "query": "Which animals have 4 legs?", "hardness": "easy",
           "db_tables": {"animal": ["id", "name", "legs", "weight"], "keeper": ["id", "animal_id", "Name"]}},
          {"db": "zoo", "gold": "select  name from animal WHERE legs=4 ORDER BY name DESC ;", "query": "Name the animals with 4 legs.", "hardness": "easy",
           "db_tables": {"animal": ["id", "name", "legs", "weight"], "keeper": ["id", "animal_id", "Name"]}},
          {"db": "zoo", "gold": "SELECT T2.Name FROM animal AS T1 JOIN keeper AS T2 ON T1.id = T2.animal_id WHERE T1.name = \"ant\"", "query": "Who keeps the ant?", "hardness": "medium",
           "db_tables": {"animal": ["id", "name", "legs", "weight"], "keeper": ["id", "animal_id", "Name"]}},
          {"db": "zoo", "gold": "SELECT count(*) FROM animal", "query": "How many animals are there?", "hardness": "easy",
           "db_tables": {"animal": ["id", "name", "legs", "weight"], "keeper": ["id", "animal_id", "Name"]}}
        ]
        """;

    public const string Schema = """
        {"zoo": {
          "keeper": {"desc": [["id", "int", "NO", "PRI", null, ""], ["animal_id", "int", "YES", "MUL", null, ""], ["Name", "text", "YES", "", null, ""]],
                     "primary_key": ["id"], "keys": [{"name": "animal", "columns": ["animal_id"], "unique": false}]},
          "animal": {"desc": [["id", "int", "NO", "PRI", null, "auto_increment"], ["name", "text", "YES", "", null, ""], ["legs", "int", "YES", "", "4", ""], ["weight", "double", "YES", "", null, ""]], "primary_key": ["id"], "keys": []}
        }}
        """;

    public SmallData()
    {
        Folder = Path.Combine(Path.GetTempPath(), "rro-sql-" + Guid.NewGuid().ToString("N"));
        Directory.CreateDirectory(Path.Combine(Folder, "sqlite"));
        Write("ic_spider_dev.json", Tasks);
        Write("sqlite/mysql_schema.json", Schema);
        using var connection = new SqliteConnection($"Data Source={Path.Combine(Folder, "sqlite", "zoo.sqlite")};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = """
            CREATE TABLE animal (id int NOT NULL PRIMARY KEY, name text COLLATE NOCASE, legs int, weight double);
            CREATE TABLE keeper (id int NOT NULL PRIMARY KEY, animal_id int, Name text COLLATE NOCASE);
            INSERT INTO animal VALUES (1, 'cat', 4, 4.5), (2, 'ant', 6, 1e-05), (3, 'dog', 4, 30), (4, 'O''Hara''s "bird"', 2, NULL), (5, 'línea' || char(10), 0, 1e16);
            INSERT INTO keeper VALUES (1, 2, 'Ann'), (2, 1, 'Bob'), (3, 3, 'O''Neil');
            """;
        command.ExecuteNonQuery();
    }

    public string Folder { get; }

    public EnvironmentOptions Options(int train = 1, int tuning = 1, int test = 2, int steps = 10) => new()
    {
        Name = EnvironmentKind.InterCodeSql,
        SqlDialect = SqlDialect.Sqlite,
        DataFolder = Folder,
        TrainTasks = train,
        TuningTasks = tuning,
        TestTasks = test,
        MaxSteps = steps,
    };

    public void Write(string name, string text) => File.WriteAllText(Path.Combine(Folder, name), text);

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
