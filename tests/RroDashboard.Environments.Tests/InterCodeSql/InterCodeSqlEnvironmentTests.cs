using System.Diagnostics;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Statistics;
using RroDashboard.Environments.InterCodeSql;
using Xunit.Abstractions;

namespace RroDashboard.Environments.Tests.InterCodeSql;

public sealed class InterCodeSqlEnvironmentTests(ITestOutputHelper output)
{
    private static readonly TaskSplit[] s_splits = [TaskSplit.Train, TaskSplit.Tuning, TaskSplit.Test];

    internal static EnvironmentOptions Options(int train = 700, int tuning = 150, int test = 184) => new()
    {
        Name = EnvironmentKind.InterCodeSql,
        DataFolder = SharedData.Path("intercode"),
        TrainTasks = train,
        TuningTasks = tuning,
        TestTasks = test,
    };

    [DataFact]
    public void Step_EveryGoldQuerySubmitted_ScoresOne()
    {
        using var environment = new InterCodeSqlEnvironment(Options());
        var failures = new List<string>();
        var tasks = s_splits.SelectMany(environment.Tasks).ToList();
        var watch = Stopwatch.StartNew();

        foreach (var task in tasks)
        {
            var gold = environment.Record(task).Gold;
            var episode = environment.Replay(task, [$"execute[ {gold} ]", "submit[ ]"]);
            if (episode.Reward != 1 || environment.GoldAnswer(task).Rows is null || episode.InvalidActions > 0)
            {
                failures.Add($"{task.Id} {environment.Record(task).Database}: {episode.Reward} {episode.Observation} | {gold}");
            }
        }

        output.WriteLine($"{tasks.Count - failures.Count} of {tasks.Count} gold queries score 1, {watch.ElapsedMilliseconds} ms");
        Assert.Equal(1034, tasks.Count);
        Assert.Empty(failures);
    }
}
