using System.Diagnostics;
using System.Security.Cryptography;
using RroDashboard.Environments.InterCodeSql;
using RroDashboard.Environments.InterCodeSql.MySql;
using Xunit.Abstractions;

namespace RroDashboard.Environments.Tests.InterCodeSql;

public sealed class MySqlEngineTests : IDisposable
{
    private static readonly SqlLimits s_limits = new(TimeSpan.FromSeconds(2), 20_000, 16 << 20);

    private readonly SmallData _data = new();
    private readonly MySqlEngine _engine;
    private readonly ITestOutputHelper _output;

    public MySqlEngineTests(ITestOutputHelper output)
    {
        _output = output;
        _engine = new MySqlEngine(_data.Folder);
    }

    public void Dispose()
    {
        _engine.Dispose();
        _data.Dispose();
    }

    [Theory]
    [InlineData("SELECT id, name, weight FROM animal WHERE id < 4", "(1, 'cat', 4.5)|(2, 'ant', 1e-05)|(3, 'dog', 30.0)")]
    [InlineData("SELECT 1/2, 7 DIV 2, 7 % 4, 1.50 + 1, -(3)", "(Decimal('0.5000'), 3, 3, Decimal('2.50'), -3)")]
    [InlineData("SELECT COUNT(*), SUM(legs), AVG(legs), AVG(weight) FROM animal WHERE id < 4", "(3, Decimal('14'), Decimal('4.6667'), 11.500003333333334)")]
    [InlineData("SELECT id FROM animal WHERE name = \"CAT  \"", "(1,)")]
    [InlineData("SELECT id FROM animal WHERE name = 'linea\n'", "(5,)")]
    [InlineData("SELECT 'a' 'b', 'it''s', 'tab\\t', \"x\"", "('ab', \"it's\", 'tab\\t', 'x')")]
    [InlineData("SELECT '10' = 10, '10a' + 1, 'abc' = 0, NULL = NULL, NULL <=> NULL", "(1, 11.0, 1, None, 1)")]
    [InlineData("SELECT CONCAT('a', 1, 2.50), IF(1 > 2, 'x', 'y'), IFNULL(NULL, 7), LEFT('hello', 2), SUBSTRING_INDEX('a.b.c', '.', 2)", "('a12.50', 'y', 7, 'he', 'a.b')")]
    [InlineData("SELECT legs, COUNT(*) FROM animal GROUP BY legs", "(4, 2)|(6, 1)|(2, 1)|(0, 1)")]
    [InlineData("SELECT DISTINCT legs FROM animal ORDER BY legs DESC LIMIT 1, 2", "(4,)|(2,)")]
    [InlineData("SELECT name FROM zoo.animal AS a WHERE EXISTS (SELECT 1 FROM keeper k WHERE k.animal_id = a.id AND k.Name LIKE 'b%')", "('cat',)")]
    [InlineData("SELECT a.name FROM animal a LEFT JOIN keeper k ON k.animal_id = a.id WHERE k.id IS NULL AND a.legs = 2", "('O\\'Hara\\'s \"bird\"',)")]
    [InlineData("SELECT ROUND(2.5), ROUND(-2.5), ROUND(1.005, 2), CAST('12.7' AS SIGNED), CAST(12.7 AS SIGNED)", "(Decimal('3'), Decimal('-3'), Decimal('1.01'), 12, 13)")]
    [InlineData("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3) SELECT i FROM n", "(1,)|(2,)|(3,)")]
    [InlineData("show tables", "('animal',)|('keeper',)")]
    [InlineData("SHOW TABLES LIKE 'k%'", "('keeper',)")]
    [InlineData("DESC keeper", "('id', 'int', 'NO', 'PRI', None, '')|('animal_id', 'int', 'YES', 'MUL', None, '')|('Name', 'text', 'YES', '', None, '')")]
    public void Execute_Reading_AnswersAsMySql(string sql, string expected)
    {
        var answer = _engine.Execute("zoo", sql, s_limits);

        Assert.Null(answer.Error);
        Assert.Equal(expected, string.Join('|', answer.Rows!));
    }

    [Theory]
    [InlineData("SELECT wings FROM animal", "Unknown column 'wings' in 'field list'")]
    [InlineData("SELECT name FROM animal WHERE wings = 2", "Unknown column 'wings' in 'where clause'")]
    [InlineData("SELECT name FROM animal ORDER BY wings", "Unknown column 'wings' in 'order clause'")]
    [InlineData("SELECT a.name FROM animal a JOIN keeper k ON a.id = k.wings", "Unknown column 'k.wings' in 'on clause'")]
    [InlineData("SELECT * FROM plant", "Table 'zoo.plant' doesn't exist")]
    [InlineData("DESC plant", "Table 'zoo.plant' doesn't exist")]
    [InlineData("SELECT id FROM animal, keeper", "Column 'id' in field list is ambiguous")]
    [InlineData("SELECT 1 FROM animal, animal", "Not unique table/alias: 'animal'")]
    [InlineData("SELECT 1 FROM (SELECT 1)", "Every derived table must have its own alias")]
    [InlineData("SELECT id FROM animal WHERE id IN (SELECT id FROM keeper LIMIT 1)", "This version of MySQL doesn't yet support 'LIMIT & IN/ALL/ANY/SOME subquery'")]
    [InlineData("SELECT name FROM animal WHERE id = (SELECT id FROM keeper)", "Subquery returns more than 1 row")]
    [InlineData("SELECT name FROM animal WHERE COUNT(*) > 1", "Invalid use of group function")]
    [InlineData("SELECT name, COUNT(*) FROM animal", "In aggregated query without GROUP BY, expression #1 of SELECT list contains nonaggregated column 'zoo.animal.name'; this is incompatible with sql_mode=only_full_group_by")]
    [InlineData("SELECT name, legs FROM animal GROUP BY legs", "Expression #1 of SELECT list is not in GROUP BY clause and contains nonaggregated column 'zoo.animal.name' which is not functionally dependent on columns in GROUP BY clause; this is incompatible with sql_mode=only_full_group_by")]
    [InlineData("SELECT FROM animal", "You have an error in your SQL syntax; check the manual that corresponds to your MySQL server version for the right syntax to use near 'FROM animal' at line 1")]
    [InlineData("", "Query was empty")]
    public void Execute_Mistake_RefusedInMySqlsWords(string sql, string expected) =>
        Assert.Equal(expected, _engine.Execute("zoo", sql, s_limits).Error);

    [Theory]
    [InlineData("SELECT name, COUNT(*) FROM animal GROUP BY id")]
    [InlineData("SELECT a.name, COUNT(*) FROM animal a JOIN keeper k ON k.animal_id = a.id GROUP BY k.animal_id")]
    public void Execute_FunctionallyDependentColumn_IsAllowed(string sql) => Assert.Null(_engine.Execute("zoo", sql, s_limits).Error);

    [Theory]
    [MemberData(nameof(PlainSqliteEngineTests.Hostile), MemberType = typeof(PlainSqliteEngineTests))]
    public void Execute_NotJustReading_ChangesNothing(string sql)
    {
        var before = Fingerprint();

        var answer = _engine.Execute("zoo", sql, s_limits);

        _output.WriteLine(answer.Error ?? (answer.Rows is null ? "(no result set)" : string.Join(' ', answer.Rows)));
        Assert.Equal(before, Fingerprint());
        Assert.False(File.Exists("/tmp/rro-hostile.db"));
        Assert.Equal(["(5,)"], _engine.Execute("zoo", "SELECT count(*) FROM animal", s_limits).Rows);
    }

    [Theory]
    [InlineData("INSERT INTO animal VALUES (9, 'x', 1, 1)")]
    [InlineData("UPDATE animal SET legs = 5")]
    [InlineData("DELETE FROM animal")]
    [InlineData("DROP TABLE animal")]
    [InlineData("CREATE TABLE t (a int)")]
    [InlineData("SELECT 1; DELETE FROM animal")]
    [InlineData("SELECT LOAD_FILE('/etc/passwd')")]
    [InlineData("SELECT 1 INTO OUTFILE '/tmp/rro-hostile.db'")]
    [InlineData("SELECT * FROM sqlite_master")]
    [InlineData("SELECT sqlite_version()")]
    [InlineData("SELECT my_rand(1)")]
    [InlineData("SELECT SLEEP(10)")]
    [InlineData("SELECT BENCHMARK(1000000000, 1)")]
    public void Execute_WritingOrReachingOutside_IsRefused(string sql)
    {
        var watch = Stopwatch.StartNew();

        var answer = _engine.Execute("zoo", sql, s_limits);

        _output.WriteLine(answer.Error ?? "(no error)");
        Assert.NotNull(answer.Error);
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(3));
    }

    public static TheoryData<string> Bombs => new(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
        "SELECT count(*) FROM animal a, animal b, animal c, animal d, animal e, animal f, animal g, animal h, animal i, animal j, animal k, animal l",
        "SELECT * FROM animal a, animal b, animal c, animal d, animal e, animal f, animal g, animal h",
        "SELECT a.name REGEXP '(a+)+$' FROM animal a, animal b, animal c, animal d, animal e, animal f, animal g, animal h, animal i",
        "SELECT REPEAT(REPEAT(REPEAT('x', 60000), 60000), 60000), (SELECT count(*) FROM animal a, animal b, animal c, animal d, animal e, animal f, animal g, animal h, animal i, animal j, animal k, animal l)");

    [Theory]
    [MemberData(nameof(Bombs))]
    public void Execute_Bomb_StoppedWithinItsLimits(string sql)
    {
        var watch = Stopwatch.StartNew();

        var answer = _engine.Execute("zoo", sql, s_limits with { Timeout = TimeSpan.FromMilliseconds(500) });

        _output.WriteLine($"{watch.ElapsedMilliseconds} ms: {answer.Error}");
        Assert.NotNull(answer.Error);
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(10));
        Assert.Equal(["(5,)"], _engine.Execute("zoo", "SELECT count(*) FROM animal", s_limits).Rows);
    }

    [Fact]
    public void Execute_LongOrDeepStatements_AnsweredNotCrashed()
    {
        foreach (var sql in new[]
        {
            "SELECT " + new string('(', 4_000) + "1" + new string(')', 4_000),
            "SELECT " + string.Join('+', Enumerable.Repeat("1", 4_000)),
            "SELECT " + string.Join(" OR ", Enumerable.Repeat("1", 1_500)),
            "SELECT 1 " + string.Concat(Enumerable.Repeat("UNION ALL SELECT 1 ", 400)),
            "SELECT " + string.Concat(Enumerable.Repeat("NOT ", 2_000)) + "1",
            "SELECT " + string.Concat(Enumerable.Repeat("-", 3_000)) + "1",
            "SELECT '" + new string('x', 20_000) + "'",
            "SELECT " + string.Concat(Enumerable.Repeat("CASE WHEN 1 THEN ", 400)) + "1" + string.Concat(Enumerable.Repeat(" END", 400)),
            "SELECT * FROM " + string.Concat(Enumerable.Repeat("(SELECT * FROM ", 300)) + "animal" + string.Concat(Enumerable.Repeat(") x", 300)),
            "SELECT * FROM " + string.Join(',', Enumerable.Range(0, 100).Select(i => $"animal a{i}")),
            "SELECT \uD800 FROM animal",
        })
        {
            var answer = _engine.Execute("zoo", sql, s_limits);
            _output.WriteLine($"{sql[..Math.Min(30, sql.Length)]}: {answer.Error ?? "answered"}");
            Assert.True(answer.Error is not null || answer.Rows!.Count > 0);
        }
    }

    [Fact]
    public void Execute_Rand_IsTheSameEachTime()
    {
        var first = _engine.Execute("zoo", "SELECT id FROM animal ORDER BY RAND()", s_limits).Rows;

        Assert.Equal(first, _engine.Execute("zoo", "SELECT id FROM animal ORDER BY RAND()", s_limits).Rows);
        Assert.Equal(5, first!.Count);
    }

    [Fact]
    public void Execute_RowLimit_StopsVisibly() =>
        Assert.Equal("result stopped at the limit of 2 rows", _engine.Execute("zoo", "SELECT id FROM animal", s_limits with { MaxRows = 2 }).Error);

    [Fact]
    public async Task Execute_FourThreadsWithOneHostile_OthersUndisturbed()
    {
        var readers = Enumerable.Range(0, 4).Select(i => Task.Run(() =>
        {
            for (var round = 0; round < 200; round++)
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
    public void Dispose_LeavesNoTemporaryFile()
    {
        var before = Directory.GetDirectories(Path.GetTempPath(), "rro-mysql-*").Length;
        using (var engine = new MySqlEngine(_data.Folder))
        {
            Assert.Equal(["(1,)"], engine.Execute("zoo", "SELECT 1", s_limits).Rows);
        }

        Assert.Equal(before, Directory.GetDirectories(Path.GetTempPath(), "rro-mysql-*").Length);
    }

    private string Fingerprint() => Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(Path.Combine(_data.Folder, "sqlite", "zoo.sqlite"))));
}
