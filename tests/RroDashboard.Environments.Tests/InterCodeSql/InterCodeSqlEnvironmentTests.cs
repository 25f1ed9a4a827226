using RroDashboard.Core.Plans;
using RroDashboard.Core.Statistics;
using RroDashboard.Environments.InterCodeSql;
using Xunit.Abstractions;

namespace RroDashboard.Environments.Tests.InterCodeSql;

public sealed class InterCodeSqlEnvironmentTests(ITestOutputHelper output)
{
    private static EnvironmentOptions Options(int train = 734, int tuning = 100, int test = 200) =>
        new() { Name = EnvironmentKind.InterCodeSql, DataFolder = SharedData.InterCode, TrainTasks = train, TuningTasks = tuning, TestTasks = test };

    private static AgentTask[] All(InterCodeSqlEnvironment environment) => [.. Enum.GetValues<TaskSplit>().SelectMany(s => environment.Tasks(s))];

    // environments.md C3: all 1,034 run verbatim on the shipped files.
    [DataFact]
    public void Step_GoldQueryThenSubmit_ScoresOneOnEveryTask()
    {
        using var environment = new InterCodeSqlEnvironment(Options());
        var tasks = All(environment);
        var notOne = new List<string>();
        foreach (var task in tasks)
        {
            var episode = (SqlEpisode)environment.Replay(task, [$"execute[ {environment.Spider(task).Gold} ]"]);
            Assert.True(episode.Answer?.Rows is not null, $"{task.Id}: {episode.Observation}");
            episode.Step("submit[ ]");
            if (episode.Reward != 1)
            {
                notOne.Add($"{task.Id}: {episode.Reward}");
            }
        }

        output.WriteLine($"gold queries that score 1: {tasks.Length - notOne.Count} of {tasks.Length}");
        Assert.Empty(notOne);
        Assert.InRange(tasks.Length, 1020, 1034);
    }

    [DataFact]
    public void MaxActionTokens_GoldQueries_FitNearlyAll()
    {
        using var environment = new InterCodeSqlEnvironment(Options());
        var lengths = All(environment).Select(t => System.Text.RegularExpressions.Regex.Count(environment.Spider(t).Gold, @"[A-Za-z_0-9]+|[^\sA-Za-z_0-9]") + 2).ToArray();
        var share = lengths.Count(l => l <= environment.MaxActionTokens) / (double)lengths.Length;

        output.WriteLine($"gold queries of at most {environment.MaxActionTokens} words and marks: {share:P1}, longest {lengths.Max()}");
        Assert.InRange(share, 0.98, 1);
    }

    [DataFact]
    public void Tasks_Splits_ShareNoGoldQuery()
    {
        using var environment = new InterCodeSqlEnvironment(Options());
        var groups = Enum.GetValues<TaskSplit>().Select(s => environment.Tasks(s).Select(t => environment.Spider(t).Group).ToHashSet()).ToArray();

        Assert.Empty(groups[0].Intersect(groups[1]));
        Assert.Empty(groups[0].Intersect(groups[2]));
        Assert.Empty(groups[1].Intersect(groups[2]));
        Assert.Equal(200, environment.Tasks(TaskSplit.Test).Count);
    }

    [DataFact]
    public void ExpertAction_WholeEpisodes_ExploreFirstAndAreImperfect()
    {
        using var environment = new InterCodeSqlEnvironment(Options());
        var rewards = environment.Tasks(TaskSplit.Train).Take(400).Select((task, i) =>
        {
            var random = new SeededRandom(1, i);
            var episode = environment.Reset(task);
            while (!episode.Finished)
            {
                episode.Step(environment.ExpertAction(episode, random));
            }

            Assert.Equal("execute[ SHOW TABLES ]", episode.Actions[0]);
            Assert.StartsWith("execute[ DESC ", episode.Actions[1], StringComparison.Ordinal);
            Assert.Equal("submit[ ]", episode.Actions[^1]);
            Assert.Equal(0, episode.InvalidActions);
            return episode.Reward;
        }).ToArray();

        output.WriteLine($"expert: mean reward {rewards.Average():0.000}, perfect {rewards.Count(r => r == 1) / 400.0:P0}");
        Assert.InRange(rewards.Average(), 0.8, 0.98);
    }

    [DataTheory]
    [InlineData("submit", true)]
    [InlineData("submit[ ]", true)]
    [InlineData("submit now", false)]
    [InlineData("SELECT 1", false)]
    [InlineData("execute[ ]", false)]
    [InlineData("execute[", false)]
    [InlineData("", false)]
    public void Step_ActionFrames_AreRead(string action, bool finishes)
    {
        using var environment = new InterCodeSqlEnvironment(Options());
        var episode = environment.Reset(environment.Tasks(TaskSplit.Test)[0]);
        episode.Step(action);

        Assert.Equal(finishes, episode.Finished);
        Assert.Equal(!finishes, episode.LastActionInvalid);
    }

    [DataFact]
    public void Submit_AfterExploring_ScoresWhatWasSeenLast()
    {
        using var environment = new InterCodeSqlEnvironment(Options());
        var task = All(environment).First(t => environment.GoldRows(environment.Spider(t)).Count > 0);
        var gold = $"execute[ {environment.Spider(task).Gold} ]";

        Assert.Equal(1, environment.Replay(task, [gold, "submit"]).Reward);
        Assert.NotEqual(1, environment.Replay(task, [gold, "execute[ SHOW TABLES ]", "submit"]).Reward);
        Assert.Equal(0, environment.Replay(task, [gold, "execute[ SELECT nothing FROM nowhere ]", "submit"]).Reward);
        Assert.Equal(0, environment.Replay(task, Enumerable.Repeat(gold, 10)).Reward);
    }

    [DataFact]
    public void Step_RandomText_NeverThrowsAndReplays()
    {
        using var environment = new InterCodeSqlEnvironment(Options());
        string[] words = ["execute[", "]", "SELECT", "*", "FROM", "count(", ")", "'", "\"", ";", "--", "submit", "\0", "DESC", "x", "1", ",", "UNION"];
        var random = new SeededRandom(2);
        for (var i = 0; i < 500; i++)
        {
            var episode = environment.Reset(environment.Tasks(TaskSplit.Train)[random.Next(700)]);
            while (!episode.Finished)
            {
                episode.Step((random.Chance(0.7) ? "execute[ " : "") + string.Join(' ', Enumerable.Range(0, random.Next(8)).Select(_ => random.Pick(words))) + " ]");
            }

            Assert.Equal(episode.StateKey, environment.Replay(episode.Task, episode.Actions).StateKey);
        }
    }

    [DataFact]
    public void Constructor_MoreTasksThanThereAre_SaysSo() =>
        Assert.Contains("is more than the 1034 tasks", Assert.Throws<PlanException>(() => new InterCodeSqlEnvironment(Options(train: 1000))).Message, StringComparison.Ordinal);

    [Fact]
    public void Constructor_MissingFolder_NamesIt() =>
        Assert.StartsWith("Environment.DataFolder = '/nowhere' is not a folder", Assert.Throws<PlanException>(() => new InterCodeSqlEnvironment(new EnvironmentOptions { DataFolder = "/nowhere" })).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("[\n{\"db\": \"a\",\n oops}]", "in line 3")]
    [InlineData("[{\"db\": \"a\"}]", "at record 0")]
    [InlineData("{}", "at record 0")]
    [InlineData("[{\"db\": \"a\", \"gold\": 3, \"query\": \"q\", \"db_tables\": {}}]", "at record 0")]
    public void Constructor_MalformedTaskFile_NamesFileAndPlace(string text, string place)
    {
        var folder = Directory.CreateTempSubdirectory("rro-sql-").FullName;
        File.WriteAllText(Path.Combine(folder, "ic_spider_dev.json"), text);

        var message = Assert.Throws<PlanException>(() => new InterCodeSqlEnvironment(new EnvironmentOptions { DataFolder = folder })).Message;

        Assert.Contains("ic_spider_dev.json' is malformed " + place, message, StringComparison.Ordinal);
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void Constructor_TaskWithoutItsDatabase_NamesBoth()
    {
        var folder = Directory.CreateTempSubdirectory("rro-sql-").FullName;
        File.WriteAllText(Path.Combine(folder, "ic_spider_dev.json"), "[{\"db\": \"gone\", \"gold\": \"SELECT 1\", \"query\": \"q\", \"db_tables\": {}}]");

        Assert.Contains("names the database 'gone' at record 0", Assert.Throws<PlanException>(() => new InterCodeSqlEnvironment(new EnvironmentOptions { DataFolder = folder })).Message, StringComparison.Ordinal);
        Directory.Delete(folder, recursive: true);
    }
}
