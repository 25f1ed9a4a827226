using RroDashboard.Core.Plans;
using RroDashboard.Environments.InterCodeSql;
using Xunit.Abstractions;

namespace RroDashboard.Environments.Tests.InterCodeSql;

public sealed class InterCodeLogsTests(ITestOutputHelper output) : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("rro-logs-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData(
        """{"3":{"task_id":3,"turn_history":{"actions":["SHOW  TABLES","SELECT 1;","SELECT 2"]},"summary":{"max_reward_idx":1}}}""",
        "execute[ SHOW TABLES ]|execute[ SELECT 1 ]|submit[ ]")]
    [InlineData(
        """{"3":{"task_id":3,"turn_history":{"thoughts":["a","b"],"actions":["execute[SELECT\n 1]","nonsense","submit"]}}}""",
        "execute[ SELECT 1 ]|submit[ ]")]
    [InlineData(
        """{"809":{"query_idx":3,"trajectory":[{"action":"show tables;"},{"action":""},{"action":"submit"}]}}""",
        "execute[ show tables ]|submit[ ]")]
    public void Read_EachKindOfLog_GivesReplayableActions(string log, string actions)
    {
        Write("log.json", log);

        var (record, episode) = Assert.Single(InterCodeLogs.ReadFolder(_folder.FullName));

        Assert.Equal(3, record);
        Assert.Equal("spider-3", episode.TaskId);
        Assert.StartsWith("log.json, episode ", episode.Source, StringComparison.Ordinal);
        Assert.Equal(actions, string.Join('|', episode.Actions));
    }

    [Fact]
    public void Read_ReActLog_KeepsTheThoughtOfEveryAction()
    {
        Write("log.json", """{"3":{"task_id":3,"turn_history":{"thoughts":["I look\n at it.","no action","Done."],"actions":["execute[SELECT 1]","nonsense","submit"]}}}""");
        Assert.Equal(["I look at it.", "Done."], Assert.Single(InterCodeLogs.ReadFolder(_folder.FullName)).Episode.Thoughts);
    }

    [Theory]
    [InlineData("[]", "log.json")]
    [InlineData("{\"1\":{\"turn_history\":{}}}", "episode 1: expected a whole number 'task_id'")]
    [InlineData("{\"1\":{\"task_id\":1,\"turn_history\":{\"actions\":[1]}}}", "episode 1: expected 'actions' as an array of texts")]
    [InlineData("{\"1\":{\"query_idx\":1}}", "episode 1: expected turn_history or trajectory")]
    public void Read_Malformed_SaysWhere(string log, string message)
    {
        Write("log.json", log);

        Assert.Contains(message, Assert.Throws<InvalidDataException>(() => InterCodeLogs.ReadFolder(_folder.FullName)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ReadFolder_Missing_SaysSo() =>
        Assert.Contains("does not exist", Assert.Throws<DirectoryNotFoundException>(() => InterCodeLogs.ReadFolder(Path.Combine(_folder.FullName, "no"))).Message, StringComparison.Ordinal);

    [DataFact]
    public void ReleasedLogs_ReplayedHere_SomeEarnTheFullReward()
    {
        using var environment = new InterCodeSqlEnvironment(new EnvironmentOptions
        {
            Name = EnvironmentKind.InterCodeSql, DataFolder = SharedData.Path("intercode"), TrainTasks = 700, TuningTasks = 134, TestTasks = 200,
            DemonstrationLogs = SharedData.Path("intercode", "logs"),
        });

        var sample = environment.Recordings.Where((_, i) => i % 10 == 0).ToList();
        var full = sample.Count(r =>
        {
            var episode = environment.Reset(r.Task);
            foreach (var action in r.Recorded.Actions.TakeWhile(_ => !episode.Finished))
            {
                episode.Step(action);
            }

            return episode.Finished && episode.Reward == 1;
        });

        output.WriteLine($"{environment.Recordings.Count} recorded episodes on training tasks; of every tenth, {full} of {sample.Count} earn the full reward");
        Assert.True(environment.Recordings.Count > 1000);
        Assert.True(full > sample.Count / 3);
        var thinking = environment.Recordings.Where(r => r.Recorded.Thoughts.Count > 0).ToList();
        Assert.True(thinking.Count > 300);
        Assert.All(thinking, r => Assert.Equal(r.Recorded.Actions.Count, r.Recorded.Thoughts.Count));
    }

    private void Write(string name, string text) => File.WriteAllText(Path.Combine(_folder.FullName, name), text);
}
