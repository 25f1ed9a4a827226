using RroDashboard.Core.Plans;
using RroDashboard.Environments.InterCodeSql;

namespace RroDashboard.Environments.Tests.InterCodeSql;

/// <summary>What is refused, how tasks are divided, and what the content hash covers.</summary>
public sealed class InterCodeDataTests : IDisposable
{
    private readonly SmallData _data = new();

    public void Dispose() => _data.Dispose();

    [Fact]
    public void Constructor_NoFolder_Refused()
    {
        var missing = Path.Combine(_data.Folder, "nowhere");

        Assert.Contains(missing, Assert.Throws<DirectoryNotFoundException>(() => new InterCodeSqlEnvironment(new EnvironmentOptions { DataFolder = missing })).Message, StringComparison.Ordinal);
        Assert.Throws<DirectoryNotFoundException>(() => new InterCodeSqlEnvironment(new EnvironmentOptions()));
    }

    [Theory]
    [InlineData("ic_spider_dev.json")]
    [InlineData("sqlite/mysql_schema.json")]
    [InlineData("sqlite/zoo.sqlite")]
    public void Constructor_MissingFile_RefusedWithItsName(string name)
    {
        File.Delete(Path.Combine(_data.Folder, name));

        Assert.Contains(name, Assert.Throws<FileNotFoundException>(() => new InterCodeSqlEnvironment(_data.Options())).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "line 1")]
    [InlineData("{}", "line 1: expected a list")]
    [InlineData("[]", "found an empty list")]
    [InlineData("[\n{\"db\": \"zoo\",\n", "line 3: expected JSON")]
    [InlineData("[\n{\"db\": \"zoo\",\n \"gold\": oops}]", "line 3: expected JSON")]
    [InlineData("[\n\n7]", "line 3, task 0: expected an object, found Number")]
    [InlineData("[\n{\"db\": \"zoo\"}]", "line 2, task 0: expected an object \"db_tables\"")]
    [InlineData("[\n{\"db\": \"zoo\", \"db_tables\": []}]", "line 2, task 0, db_tables: expected an object, found Array")]
    [InlineData("[\n{\"db\": \"zoo\", \"db_tables\": {\"a\": [1]}}]", "line 2, task 0: expected a list of column names for table \"a\"")]
    [InlineData("[\n{\"db\": \"zoo\", \"gold\": \"\", \"db_tables\": {}}]", "line 2, task 0: expected a text \"gold\"")]
    [InlineData("[\n{\"db\": \"zoo\", \"gold\": \"SELECT 1\", \"query\": 3, \"db_tables\": {}}]", "line 2, task 0: expected a text \"query\"")]
    public void Load_MalformedTasks_RefusedWithFileLineAndExpectation(string text, string expected)
    {
        _data.Write("ic_spider_dev.json", text);

        var refused = Assert.Throws<InvalidDataException>(() => new InterCodeSqlEnvironment(_data.Options()));

        Assert.Contains("ic_spider_dev.json", refused.Message, StringComparison.Ordinal);
        Assert.Contains(expected, refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[", "line 1: expected JSON")]
    [InlineData("[]", "the file: expected an object")]
    [InlineData("{\"zoo\": 1}", "zoo: expected an object")]
    [InlineData("{\"zoo\": {\"a\": {}}}", "zoo.a: expected a list \"desc\"")]
    [InlineData("{\"zoo\": {\"a\": {\"desc\": [[\"id\"]]}}}", "zoo.a.desc[0]: expected 6 texts or nulls")]
    public void Load_MalformedSchema_RefusedWithFileAndExpectation(string text, string expected)
    {
        _data.Write("sqlite/mysql_schema.json", text);

        var refused = Assert.Throws<InvalidDataException>(() => new InterCodeSqlEnvironment(_data.Options()));

        Assert.Contains("mysql_schema.json", refused.Message, StringComparison.Ordinal);
        Assert.Contains(expected, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Constructor_UnknownDatabase_RefusedWithTheKnownOnes()
    {
        _data.Write("ic_spider_dev.json", SmallData.Tasks.Replace("\"db\": \"zoo\"", "\"db\": \"moon\"", StringComparison.Ordinal));

        Assert.Contains("unknown database 'moon'; sqlite/mysql_schema.json has zoo", Assert.Throws<InvalidDataException>(() => new InterCodeSqlEnvironment(_data.Options())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Constructor_MoreTasksThanThereAre_RefusedWithBothNumbers()
    {
        var refused = Assert.Throws<ArgumentException>(() => new InterCodeSqlEnvironment(_data.Options(train: 10)));

        Assert.Contains("10 training, 1 tuning and 2 test tasks are 13, but ic_spider_dev.json has 4", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Constructor_GroupsThatCannotBeSplit_RefusedWithTheReason()
    {
        // Four questions, two of them with one gold query: three splits of one can be had, and 1, 1, 2, but not 2, 1, 1 and so on without the pair.
        using var environment = new InterCodeSqlEnvironment(_data.Options(train: 1, tuning: 1, test: 1));
        Assert.Single(environment.Tasks(TaskSplit.Train));

        _data.Write("ic_spider_dev.json", SmallData.Tasks.Replace("SELECT count(*) FROM animal", "select name from animal where legs = 4 order by name desc", StringComparison.Ordinal));
        var refused = Assert.Throws<ArgumentException>(() => new InterCodeSqlEnvironment(_data.Options(train: 1, tuning: 1, test: 1)));

        Assert.Contains("same gold query must stay in one split", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("SELECT  name FROM a;", "select name\nfrom a")]
    [InlineData("SELECT count(*) FROM a WHERE b = \"x\"", "SELECT count( * ) FROM a WHERE b='x'")]
    public void Normalise_Paraphrases_AreEqual(string one, string other) => Assert.Equal(InterCodeTasks.Normalise(one), InterCodeTasks.Normalise(other));

    [Fact]
    public void Reset_ForeignTask_Refused()
    {
        using var environment = new InterCodeSqlEnvironment(_data.Options());

        Assert.Throws<ArgumentException>(() => environment.Reset(new AgentTask(TaskSplit.Train, 0, "shop-1", "?")));
    }

    [Fact]
    public void Dispose_GivenEngine_DisposedToo()
    {
        var engine = new ScriptedEngine(new Dictionary<string, SqlAnswer>(StringComparer.Ordinal));

        new InterCodeSqlEnvironment(_data.Options(), engine).Dispose();

        Assert.True(engine.Disposed);
    }

    [Fact]
    public void ContentHash_FilesAndOptions_AllCount()
    {
        string Hash(Action<EnvironmentOptions> change)
        {
            var options = _data.Options();
            change(options);
            using var environment = new InterCodeSqlEnvironment(options);
            return environment.ContentHash;
        }

        var plain = Hash(_ => { });
        var others = new List<string>
        {
            Hash(o => o.ContentSeed = 8), Hash(o => o.MaxSteps = 9), Hash(o => o.SqlTimeoutMs = 1000), Hash(o => o.SqlRowLimit = 10), Hash(o => o.TestTasks = 1),
        };
        Assert.Equal(plain, Hash(_ => { }));
        Assert.Matches("^[0-9a-f]{64}$", plain);
        _data.Write("ic_spider_dev.json", SmallData.Tasks.Replace("How many", "What number of", StringComparison.Ordinal));
        others.Add(Hash(_ => { }));
        Assert.Equal(others.Count + 1, others.Append(plain).Distinct(StringComparer.Ordinal).Count());
    }

    [DataFact]
    public void Tasks_RealData_DisjointByGoldStableAndSized()
    {
        using var environment = new InterCodeSqlEnvironment(InterCodeSqlEnvironmentTests.Options(600, 150, 200));
        using var again = new InterCodeSqlEnvironment(InterCodeSqlEnvironmentTests.Options(600, 150, 200));
        var owner = new Dictionary<string, TaskSplit>(StringComparer.Ordinal);

        foreach (var split in Enum.GetValues<TaskSplit>())
        {
            Assert.Equal(environment.Tasks(split), again.Tasks(split));
            foreach (var (task, i) in environment.Tasks(split).Select((t, i) => (t, i)))
            {
                Assert.Equal((split, i), (task.Split, task.Index));
                Assert.DoesNotMatch(@"[\s/]", task.Id);
                var record = environment.Record(task);
                var key = record.Database + " " + InterCodeTasks.Normalise(record.Gold);
                Assert.True(owner.TryAdd(key, split) || owner[key] == split, $"{key} is in {owner[key]} and {split}");
            }
        }

        Assert.Equal((600, 150, 200), (environment.Tasks(TaskSplit.Train).Count, environment.Tasks(TaskSplit.Tuning).Count, environment.Tasks(TaskSplit.Test).Count));
    }

    [DataFact]
    public void Constructor_DefaultSizesOnRealData_RefusedClearly()
    {
        var options = new EnvironmentOptions { DataFolder = SharedData.Path("intercode") };

        Assert.Contains("has 1034: ask for fewer", Assert.Throws<ArgumentException>(() => new InterCodeSqlEnvironment(options)).Message, StringComparison.Ordinal);
    }
}
