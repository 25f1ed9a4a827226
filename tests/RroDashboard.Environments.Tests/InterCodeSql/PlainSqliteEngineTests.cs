using System.Diagnostics;
using System.Security.Cryptography;
using Microsoft.Data.Sqlite;
using RroDashboard.Environments.InterCodeSql;
using Xunit.Abstractions;

namespace RroDashboard.Environments.Tests.InterCodeSql;

public sealed class PlainSqliteEngineTests : IDisposable
{
    private static readonly SqlLimits s_limits = new(TimeSpan.FromSeconds(2), 20_000, 16 << 20);

    private readonly SmallData _data = new();
    private readonly PlainSqliteEngine _engine;
    private readonly ITestOutputHelper _output;

    public PlainSqliteEngineTests(ITestOutputHelper output)
    {
        _output = output;
        _engine = new PlainSqliteEngine(_data.Folder);
    }

    public void Dispose()
    {
        _engine.Dispose();
        _data.Dispose();
    }

    [Theory]
    [InlineData("SELECT id, name, weight FROM animal WHERE id < 4", "(1, 'cat', 4.5)|(2, 'ant', 1e-05)|(3, 'dog', 30.0)")]
    [InlineData("SELECT name, weight FROM animal WHERE id = 4;", "('O\\'Hara\\'s \"bird\"', None)")]
    [InlineData("SELECT Name FROM keeper WHERE id = 3 ;; \n", "(\"O'Neil\",)")]
    [InlineData("SELECT name, weight FROM animal WHERE id = 5", "('línea\\n', 1e+16)")]
    [InlineData("SELECT x'00ff41', 1.0, 123456789012345680.0, 1e15, -0.0001, 9e999", "(b'\\x00\\xffA', 1.0, 1.2345678901234568e+17, 1000000000000000.0, -0.0001, inf)")]
    [InlineData("SELECT id FROM animal WHERE name = \"CAT\"", "(1,)")]
    [InlineData("SELECT id FROM animal WHERE 1 = 0", "")]
    [InlineData("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3) SELECT i FROM n", "(1,)|(2,)|(3,)")]
    [InlineData("show tables", "('animal',)|('keeper',)")]
    [InlineData(" SHOW TABLES FROM zoo ; ", "('animal',)|('keeper',)")]
    [InlineData("DESC keeper", "('id', 'int', 'NO', 'PRI', None, '')|('animal_id', 'int', 'YES', 'MUL', None, '')|('Name', 'text', 'YES', '', None, '')")]
    [InlineData("describe `Keeper`;", "('id', 'int', 'NO', 'PRI', None, '')|('animal_id', 'int', 'YES', 'MUL', None, '')|('Name', 'text', 'YES', '', None, '')")]
    [InlineData("SHOW COLUMNS FROM zoo.keeper", "('id', 'int', 'NO', 'PRI', None, '')|('animal_id', 'int', 'YES', 'MUL', None, '')|('Name', 'text', 'YES', '', None, '')")]
    public void Execute_Reading_GivesPythonText(string sql, string expected)
    {
        var answer = _engine.Execute("zoo", sql, s_limits);

        Assert.Null(answer.Error);
        Assert.Equal(expected, string.Join('|', answer.Rows!));
    }

    [Theory]
    [InlineData("SELECT wings FROM animal", "no such column: wings")]
    [InlineData("SELECT * FROM plant", "no such table: plant")]
    [InlineData("DESC plant", "Table 'zoo.plant' doesn't exist")]
    [InlineData("SHOW TABLES FROM mysql", "Unknown database 'mysql'")]
    [InlineData("SELEC 1", "near \"SELEC\": syntax error")]
    [InlineData("", "Query was empty")]
    [InlineData("-- nothing", "Query was empty")]
    public void Execute_Mistake_AnswersWithAnError(string sql, string expected) =>
        Assert.Equal(expected, _engine.Execute("zoo", sql, s_limits).Error);

    [Fact]
    public void Execute_UnknownDatabase_AnswersWithAnError() =>
        Assert.Equal("Unknown database '../zoo'", _engine.Execute("../zoo", "SELECT 1", s_limits).Error);

    public static TheoryData<string> Hostile => new(
        "ATTACH DATABASE '/tmp/rro-hostile.db' AS x",
        "DETACH DATABASE main",
        "PRAGMA query_only = 0",
        "PRAGMA journal_mode = DELETE",
        "PRAGMA table_info(animal)",
        "SELECT * FROM pragma_table_info('animal')",
        "SELECT * FROM pragma_database_list",
        "INSERT INTO animal VALUES (9, 'x', 1, 1)",
        "UPDATE animal SET legs = 5",
        "DELETE FROM animal",
        "REPLACE INTO animal VALUES (1, 'x', 1, 1)",
        "WITH a AS (SELECT 1) INSERT INTO animal SELECT 9, 'x', 1, 1 FROM a",
        "UPDATE animal SET legs = 5 RETURNING id",
        "CREATE TABLE t (a)",
        "CREATE TEMP TABLE t (a)",
        "CREATE TEMP TABLE t AS SELECT * FROM animal",
        "CREATE VIEW v AS SELECT 1",
        "CREATE TEMP TRIGGER g AFTER INSERT ON animal BEGIN SELECT 1; END",
        "CREATE VIRTUAL TABLE f USING fts5(a)",
        "DROP TABLE animal",
        "ALTER TABLE animal RENAME TO b",
        "REINDEX",
        "ANALYZE",
        "VACUUM",
        "VACUUM INTO '/tmp/rro-hostile.db'",
        "BEGIN EXCLUSIVE",
        "COMMIT",
        "SAVEPOINT s",
        "EXPLAIN SELECT 1",
        "SELECT load_extension('/tmp/x.so')",
        "SELECT readfile('/etc/passwd')",
        "SELECT writefile('/tmp/rro-hostile.db', 'x')",
        "SELECT edit('x')",
        "SELECT fts3_tokenizer('simple')",
        "SELECT random()",
        "SELECT id FROM animal ORDER BY RANDOM()",
        "SELECT hex(randomblob(16))",
        "SELECT CURRENT_TIMESTAMP",
        "SELECT date('now')",
        "SELECT zeroblob(1000000000)",
        "SELECT length(zeroblob(1000000000))",
        "SELECT printf('%1000000000d', 1)",
        "SELECT format('%1000000000d', 1)",
        "SELECT replace(hex('abcdefghijklmnopqrstuvwxyz'), 'a', hex('x')) ; SELECT 2",
        "SELECT 1; DROP TABLE animal",
        "SELECT 1; SELECT 2",
        "SELECT 1;;; -- x\nDELETE FROM animal",
        "/* x */ DELETE FROM animal",
        "SELECT 1\0; DELETE FROM animal");

    [Theory]
    [MemberData(nameof(Hostile))]
    public void Execute_NotJustReading_RefusedAndNothingChanged(string sql)
    {
        var before = Fingerprint();

        var answer = _engine.Execute("zoo", sql, s_limits);

        _output.WriteLine(answer.Error ?? "(no error)");
        Assert.NotNull(answer.Error);
        Assert.Null(answer.Rows);
        Assert.Equal(before, Fingerprint());
        Assert.False(File.Exists("/tmp/rro-hostile.db"));
        Assert.Equal(["(5,)"], _engine.Execute("zoo", "SELECT count(*) FROM animal", s_limits).Rows);
    }

    public static TheoryData<string> Bombs => new(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION SELECT i + 1 FROM n) SELECT count(*) FROM n",
        "WITH RECURSIVE n(i) AS (SELECT hex('abcdefghijklmnop') UNION ALL SELECT i || i FROM n) SELECT count(*) FROM n",
        "WITH RECURSIVE n(i, s) AS (SELECT 1, hex(hex(hex(hex(hex(hex(hex(hex(hex('aaaaaaaaaaaaaaaa'))))))))) UNION ALL SELECT i + 1, s FROM n) SELECT i, s FROM n ORDER BY s, i DESC",
        "WITH RECURSIVE n(i, s) AS (SELECT 1, hex(hex(hex(hex(hex(hex(hex(hex(hex('aaaaaaaaaaaaaaaa'))))))))) UNION ALL SELECT i + 1, s FROM n) SELECT group_concat(s) FROM n",
        "WITH RECURSIVE n(i, s) AS (SELECT 1, hex(hex(hex(hex(hex(hex(hex(hex(hex('aaaaaaaaaaaaaaaa'))))))))) UNION ALL SELECT i + 1, s FROM n) SELECT i, s FROM n",
        "SELECT count(*) FROM animal a, animal b, animal c, animal d, animal e, animal f, animal g, animal h, animal i, animal j, animal k, animal l",
        "SELECT * FROM animal a, animal b, animal c, animal d, animal e, animal f, animal g, animal h",
        "WITH RECURSIVE n(i, s) AS (SELECT 1, hex(hex(hex(hex(hex(hex(hex(hex(hex('aaaaaaaaaaaaaaaa'))))))))) UNION ALL SELECT i + 1, s FROM n) SELECT count(*) FROM n WHERE s LIKE '%a%a%a%a%a%a%a%a%a%a%b'");

    [Theory]
    [MemberData(nameof(Bombs))]
    public void Execute_Bomb_StoppedWithinItsLimits(string sql)
    {
        var watch = Stopwatch.StartNew();
        var before = Process.GetCurrentProcess().PeakWorkingSet64;

        var answer = _engine.Execute("zoo", sql, s_limits with { Timeout = TimeSpan.FromMilliseconds(500) });

        _output.WriteLine($"{watch.ElapsedMilliseconds} ms, peak +{(Process.GetCurrentProcess().PeakWorkingSet64 - before) >> 20} MB: {answer.Error}");
        Assert.NotNull(answer.Error);
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(10));
        Assert.Equal(["(5,)"], _engine.Execute("zoo", "SELECT count(*) FROM animal", s_limits).Rows);
    }

    [Fact]
    public void Execute_LongOrDeepStatements_AnsweredNotCrashed()
    {
        foreach (var sql in new[]
        {
            "SELECT " + new string('(', 5_000) + "1" + new string(')', 5_000 - 20),
            "SELECT " + string.Join('+', Enumerable.Repeat("1", 4_000)),
            "SELECT 1 " + string.Concat(Enumerable.Repeat("UNION ALL SELECT 1 ", 400)),
            "SELECT '" + new string('x', 20_000) + "'",
            "SELECT * FROM " + string.Join(',', Enumerable.Range(0, 100).Select(i => $"animal a{i}")),
            "SELECT \uD800 FROM animal",
        })
        {
            Assert.NotNull(_engine.Execute("zoo", sql, s_limits).Error);
        }
    }

    [Fact]
    public void Execute_RowAndByteLimits_StopVisibly()
    {
        Assert.Equal("result stopped at the limit of 2 rows", _engine.Execute("zoo", "SELECT id FROM animal", s_limits with { MaxRows = 2 }).Error);
        Assert.Equal("result stopped at the limit of 10 bytes", _engine.Execute("zoo", "SELECT name FROM animal", s_limits with { MaxBytes = 10 }).Error);
        Assert.Equal(5, _engine.Execute("zoo", "SELECT id FROM animal", s_limits with { MaxRows = 5 }).Rows!.Count);
    }

    [Fact]
    public async Task Execute_FourThreadsWithOneHostile_OthersUndisturbed()
    {
        const int Rounds = 300;
        var readers = Enumerable.Range(0, 4).Select(i => Task.Run(() =>
        {
            for (var round = 0; round < Rounds; round++)
            {
                Assert.Equal([$"({(round % 5) + 1},)"], _engine.Execute("zoo", $"SELECT id FROM animal WHERE id = {(round % 5) + 1}", s_limits).Rows);
                if (i == 0 && round % 50 == 0)
                {
                    Assert.NotNull(_engine.Execute("zoo", "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n", s_limits with { Timeout = TimeSpan.FromMilliseconds(20) }).Error);
                }
            }
        }));

        await Task.WhenAll(readers).WaitAsync(TimeSpan.FromSeconds(60));
    }

    [Fact]
    public void Execute_AfterDispose_Throws()
    {
        using var engine = new PlainSqliteEngine(_data.Folder);
        engine.Dispose();

        Assert.Throws<ObjectDisposedException>(() => engine.Execute("zoo", "SELECT 1", s_limits));
    }

    [Fact]
    public void Constructor_DamagedDatabase_RefusedWithItsPath()
    {
        var path = Path.Combine(_data.Folder, "sqlite", "bad.sqlite");
        File.WriteAllText(path, "this is not a database, this is a text, and it is long enough to be read as a header of one hundred bytes.");
        _data.Write("sqlite/mysql_schema.json", """{"bad": {}}""");

        var refused = Assert.Throws<InvalidDataException>(() => new PlainSqliteEngine(_data.Folder));

        Assert.Contains(path, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Constructor_NameThatLeavesTheFolder_Refused()
    {
        _data.Write("sqlite/mysql_schema.json", """{"../zoo": {}}""");

        Assert.Contains("'../zoo'", Assert.Throws<InvalidDataException>(() => new PlainSqliteEngine(_data.Folder)).Message, StringComparison.Ordinal);
    }

    private string Fingerprint()
    {
        SqliteConnection.ClearAllPools();
        return Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(Path.Combine(_data.Folder, "sqlite", "zoo.sqlite"))))
            + string.Join(',', Directory.GetFiles(_data.Folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal));
    }
}
