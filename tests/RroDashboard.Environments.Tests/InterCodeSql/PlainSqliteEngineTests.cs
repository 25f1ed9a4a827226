using System.Diagnostics;
using RroDashboard.Environments.InterCodeSql;

namespace RroDashboard.Environments.Tests.InterCodeSql;

/// <summary>What a model writes can only read, within limits, and disturbs nobody.</summary>
public sealed class PlainSqliteEngineTests
{
    private static readonly SqlLimits s_limits = new(TimeSpan.FromSeconds(1), 1000, 1 << 20);

    private static PlainSqliteEngine Engine() => new(Path.Combine(SharedData.InterCode, "sqlite"));

    [DataTheory]
    [InlineData("DELETE FROM city")]
    [InlineData("INSERT INTO city (ID) VALUES (1)")]
    [InlineData("UPDATE city SET Name = 'x'")]
    [InlineData("DROP TABLE city")]
    [InlineData("CREATE TABLE x (a)")]
    [InlineData("CREATE TEMP TABLE x AS SELECT 1")]
    [InlineData("ATTACH DATABASE '/tmp/rro-attached.db' AS x")]
    [InlineData("DETACH DATABASE main")]
    [InlineData("PRAGMA writable_schema=ON")]
    [InlineData("PRAGMA table_info(city)")]
    [InlineData("SELECT * FROM pragma_database_list")]
    [InlineData("VACUUM INTO '/tmp/rro-vacuumed.db'")]
    [InlineData("SELECT load_extension('/lib/x86_64-linux-gnu/libc.so.6')")]
    [InlineData("SELECT readfile('/etc/passwd')")]
    [InlineData("SELECT writefile('/tmp/rro-written', 'x')")]
    [InlineData("BEGIN EXCLUSIVE")]
    [InlineData("SELECT 1; DELETE FROM city")]
    [InlineData("EXPLAIN SELECT 1; DROP TABLE city")]
    [InlineData("ANALYZE")]
    [InlineData("REINDEX")]
    public void Execute_AnythingButReading_IsRefused(string sql)
    {
        using var engine = Engine();

        var answer = engine.Execute("world_1", sql, s_limits);

        Assert.NotNull(answer.Error);
        Assert.Equal(["(4079,)"], engine.Execute("world_1", "SELECT count(*) FROM city", s_limits).Rows);
        Assert.False(File.Exists("/tmp/rro-attached.db") || File.Exists("/tmp/rro-vacuumed.db") || File.Exists("/tmp/rro-written"));
    }

    [DataTheory]
    [InlineData("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n")]
    [InlineData("SELECT count(*) FROM city a, city b, city c")]
    [InlineData("SELECT * FROM city a, city b")]
    [InlineData("SELECT zeroblob(1000000000)")]
    [InlineData("SELECT hex(zeroblob(1000000))")]
    [InlineData("SELECT replace(hex(zeroblob(200000)), '0', 'aaaaaaaaaaaaaaaaaaaa')")]
    public void Execute_Runaway_IsStoppedAndTheNextOneRuns(string sql)
    {
        using var engine = Engine();
        var began = Stopwatch.GetTimestamp();

        Assert.NotNull(engine.Execute("world_1", sql, s_limits).Error);

        Assert.InRange(Stopwatch.GetElapsedTime(began).TotalSeconds, 0, 4);
        Assert.Equal(["(1,)"], engine.Execute("world_1", "SELECT 1", s_limits).Rows);
    }

    [DataFact]
    public void Execute_FourThreadsOneHostile_EachGetsItsOwnAnswer()
    {
        using var engine = Engine();
        var wrong = 0;
        var threads = Enumerable.Range(0, 4).Select(t => new Thread(() =>
        {
            for (var i = 0; i < 30; i++)
            {
                var sql = t == 0 ? "SELECT count(*) FROM city a, city b, city c" : $"SELECT {t} + {i}";
                var answer = engine.Execute("world_1", sql, s_limits with { Timeout = TimeSpan.FromMilliseconds(t == 0 ? 20 : 5000) });
                if (t == 0 ? answer.Error is null : answer.Rows?[0] != $"({t + i},)")
                {
                    Interlocked.Increment(ref wrong);
                }
            }
        })).ToArray();
        Array.ForEach(threads, t => t.Start());
        Assert.All(threads, t => Assert.True(t.Join(TimeSpan.FromSeconds(60))));

        Assert.Equal(0, wrong);
    }

    [DataFact]
    public void Execute_ShowAndDesc_AreMySqlsOutput()
    {
        using var engine = Engine();

        Assert.Equal(["('museum',)", "('visit',)", "('visitor',)"], engine.Execute("museum_visit", "SHOW TABLES", s_limits).Rows);
        Assert.Equal("('Museum_ID', 'int', 'NO', 'PRI', None, 'auto_increment')", engine.Execute("museum_visit", "desc MUSEUM;", s_limits).Rows![0]);
        Assert.Equal(engine.Execute("museum_visit", "DESC visit", s_limits).Rows, engine.Execute("museum_visit", "SHOW COLUMNS FROM visit", s_limits).Rows);
        Assert.Equal("Table 'museum_visit.gone' doesn't exist", engine.Execute("museum_visit", "DESC gone", s_limits).Error);
        Assert.Equal("Unknown database 'gone'", engine.Execute("gone", "SELECT 1", s_limits).Error);
    }

    [DataFact]
    public void Execute_NothingToRun_IsAnError()
    {
        using var engine = Engine();

        Assert.NotNull(engine.Execute("world_1", "", s_limits).Error);
        Assert.NotNull(engine.Execute("world_1", "-- only a comment", s_limits).Error);
    }
}
