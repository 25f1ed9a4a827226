using System.Text.Json;
using RroDashboard.Core.Statistics;
using RroDashboard.Environments.InterCodeSql;
using Xunit.Abstractions;

namespace RroDashboard.Environments.Tests.InterCodeSql;

/// <summary>Episodes on a small database of our own.</summary>
public sealed class InterCodeLoopTests : IDisposable
{
    private readonly SmallData _data = new();
    private readonly InterCodeSqlEnvironment _environment;
    private readonly ITestOutputHelper _output;

    public InterCodeLoopTests(ITestOutputHelper output)
    {
        _output = output;
        _environment = new InterCodeSqlEnvironment(_data.Options());
    }

    public void Dispose()
    {
        _environment.Dispose();
        _data.Dispose();
    }

    [Fact]
    public void Step_ReActDialogue_PaysForTheLastAnswer()
    {
        var episode = _environment.Reset(FourLegs());
        Assert.Equal(episode.Task.Instruction, episode.Observation);

        episode.Step("execute[ SHOW TABLES ]");
        Assert.Equal("[('animal',), ('keeper',)]", episode.Observation);
        episode.Step("execute[ SELECT name FROM animal WHERE legs = 4 ORDER BY name DESC ]");
        Assert.Equal("[('dog',), ('cat',)]", episode.Observation);
        Assert.Equal(0, episode.Reward);
        episode.Step("submit[ ]");

        Assert.True(episode.Finished);
        Assert.Equal(1, episode.Reward);
        Assert.Equal("[('dog',), ('cat',)]", episode.Observation);
        Assert.Equal(0, episode.InvalidActions);
        Assert.Throws<InvalidOperationException>(() => episode.Step("submit[ ]"));
        Assert.Throws<InvalidOperationException>(() => _environment.ExpertAction(episode, new SeededRandom(1)));
    }

    [Theory]
    [InlineData("SELECT name FROM animal WHERE legs = 4 ORDER BY name", -1)]
    [InlineData("SELECT name FROM animal WHERE legs = 4 ORDER BY name DESC LIMIT 1", 0.5)]
    [InlineData("SELECT name FROM animal ORDER BY legs", -0.4)]
    [InlineData("SELECT wings FROM animal", 0)]
    [InlineData("SELECT id FROM animal WHERE 1 = 0", 0)]
    [InlineData("SHOW TABLES", 0)]
    public void Step_OtherAnswers_PayWhatTheRuleSays(string sql, double reward)
    {
        var episode = _environment.Replay(FourLegs(), [$"execute[ {sql} ]", "submit"]);

        Assert.Equal(reward, episode.Reward);
        Assert.True(episode.Finished);
    }

    [Theory]
    [InlineData("")]
    [InlineData("   ")]
    [InlineData("]")]
    [InlineData("[ ]")]
    [InlineData("Submit")]
    [InlineData("submit[ now ]")]
    [InlineData("execute[ ]")]
    [InlineData("execute[ SELECT 1")]
    [InlineData("SELECT 1")]
    [InlineData("EXECUTE[ SELECT 1 ]")]
    [InlineData("search[ dog ]")]
    public void Step_Invalid_CountedAnsweredNothingChanges(string action)
    {
        var episode = _environment.Reset(FourLegs());
        episode.Step("execute[ SELECT name FROM animal WHERE legs = 4 ORDER BY name DESC ]");

        episode.Step(action);

        Assert.True(episode.LastActionInvalid);
        Assert.Equal(1, episode.InvalidActions);
        Assert.Contains("Invalid action", episode.Observation, StringComparison.Ordinal);
        episode.Step("submit[]");
        Assert.False(episode.LastActionInvalid);
        Assert.Equal(1, episode.Reward);
    }

    [Fact]
    public void Step_SubmitBeforeAnyAnswer_PaysNothing() => Assert.Equal(0, _environment.Replay(FourLegs(), ["submit"]).Reward);

    [Fact]
    public void Step_MaxStepsWithoutSubmit_FinishedWithoutReward()
    {
        using var environment = new InterCodeSqlEnvironment(_data.Options(steps: 2));
        var task = environment.Tasks(TaskSplit.Test)[0];
        var right = $"execute[ {environment.Record(task).Gold} ]";

        var late = environment.Replay(task, [right, right]);

        Assert.True(late.Finished);
        Assert.Equal(0, late.Reward);
        Assert.Equal(1, environment.Replay(task, [right, "submit"]).Reward);
    }

    [Fact]
    public void Step_LongAnswer_CutVisibly()
    {
        var episode = _environment.Replay(FourLegs(), ["execute[ SELECT a.name, b.name, c.name FROM animal a, animal b, animal c ]"]);

        Assert.Equal(InterCodeSqlEnvironment.MaxObservationLength + 3, episode.Observation.Length);
        Assert.EndsWith("...", episode.Observation, StringComparison.Ordinal);
    }

    [Fact]
    public void Step_RandomText_NeverThrowsAndReplays()
    {
        string[] pieces = ["execute[", "submit[", " ", "]", "SELECT", "DESC", "SHOW TABLES", "*", "FROM", "animal", "keeper", "'", "\"", ";", "(", ")", "--", "/*", "\0", "\uD800", "é", "name", "1", ",", "=", "WHERE", "PRAGMA", "%", "\n"];
        var outcomes = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var round = 0; round < 2_000; round++)
        {
            var random = new SeededRandom(3, round);
            var episode = _environment.Reset(FourLegs());
            while (!episode.Finished)
            {
                var action = string.Concat(Enumerable.Range(0, random.Next(9)).Select(_ => random.Pick(pieces)));
                episode.Step(random.Chance(0.7) ? $"execute[ {action} ]" : action);
                var kind = episode.LastActionInvalid ? "invalid" : episode.Observation.StartsWith("Error", StringComparison.Ordinal) ? "error" : "rows";
                outcomes[kind] = outcomes.GetValueOrDefault(kind) + 1;
                Assert.InRange(episode.Observation.Length, 1, InterCodeSqlEnvironment.MaxObservationLength + 3);
            }

            if (round % 20 == 0)
            {
                Assert.Equal(episode.StateKey, _environment.Replay(episode.Task, episode.Actions).StateKey);
            }
        }

        _output.WriteLine(string.Join(", ", outcomes.Select(o => $"{o.Key} {o.Value}")));
        Assert.Equal(3, outcomes.Count);
    }

    [Fact]
    public void Fork_ThenDifferentActions_AreIndependent()
    {
        var episode = _environment.Replay(FourLegs(), ["execute[ SELECT name FROM animal WHERE legs = 4 ORDER BY name DESC ]"]);
        var fork = episode.Fork();
        Assert.Equal(episode.StateKey, fork.StateKey);

        fork.Step("execute[ SELECT wings FROM animal ]");
        fork.Step("submit");
        episode.Step("nonsense");

        Assert.Equal(0, fork.Reward);
        Assert.Equal(0, fork.InvalidActions);
        Assert.False(episode.Finished);
        Assert.Equal(2, episode.Actions.Count);
        episode.Step("submit");
        Assert.Equal(1, episode.Reward);
    }

    [Fact]
    public void StateKey_SameAnswerByAnotherStatement_IsEqual()
    {
        string Key(params string[] actions) => _environment.Replay(FourLegs(), actions).StateKey;
        const string Right = "execute[ SELECT name FROM animal WHERE legs = 4 ORDER BY name DESC ]";

        Assert.Equal(Key(Right), Key("execute[ SELECT name FROM animal WHERE id IN (1, 3) ORDER BY id DESC ]"));
        Assert.NotEqual(Key(Right), Key("execute[ SELECT name FROM animal WHERE legs = 4 ORDER BY name ]"));
        Assert.NotEqual(Key(Right), Key(Right, "submit"));

        // The same text is shown, but another answer waits to be submitted.
        Assert.NotEqual(Key(Right, "nonsense"), Key("execute[ SHOW TABLES ]", "nonsense"));

        // Nothing that can still happen differs: two empty answers.
        Assert.Equal(Key("execute[ SELECT 1 WHERE 1 = 0 ]"), Key("execute[ SELECT name FROM animal WHERE legs = 99 ]"));
    }

    [Fact]
    public void StateKey_DifferenceBehindTheCut_IsSeenWhereItPays()
    {
        _data.Write("ic_spider_dev.json", SmallData.Tasks.Replace("SELECT count(*) FROM animal", "SELECT a.name, b.name, c.id FROM animal a, animal b, animal c ORDER BY a.id, b.id, c.id", StringComparison.Ordinal));
        using var environment = new InterCodeSqlEnvironment(_data.Options());
        var task = Enum.GetValues<TaskSplit>().SelectMany(environment.Tasks).First(t => t.Instruction.StartsWith("How many", StringComparison.Ordinal));

        var all = environment.Replay(task, ["execute[ SELECT a.name, b.name, c.id FROM animal a, animal b, animal c ORDER BY a.id, b.id, c.id ]"]);
        var some = environment.Replay(task, ["execute[ SELECT a.name, b.name, c.id FROM animal a, animal b, animal c ORDER BY a.id, b.id, c.id LIMIT 100 ]"]);

        Assert.Equal(all.Observation, some.Observation);
        Assert.NotEqual(all.StateKey, some.StateKey);
    }

    [Fact]
    public void ExpertAction_ManySeeds_LooksSlipsRepairsSubmits()
    {
        var task = Enum.GetValues<TaskSplit>().SelectMany(_environment.Tasks).First(t => t.Instruction.StartsWith("Who keeps", StringComparison.Ordinal));
        var gold = $"execute[ {_environment.Record(task).Gold} ]";
        int slips = 0, repaired = 0, wrongColumn = 0;
        const int Rounds = 2_000;

        for (var seed = 0; seed < Rounds; seed++)
        {
            var random = new SeededRandom(17, seed);
            var episode = _environment.Reset(task);
            while (!episode.Finished)
            {
                var action = _environment.ExpertAction(episode, random);
                Assert.EndsWith(_environment.ActionEnd, action, StringComparison.Ordinal);
                episode.Step(action);
            }

            Assert.Equal(0, episode.InvalidActions);
            Assert.Equal(["execute[ SHOW TABLES ]", "execute[ DESC animal ]", "execute[ DESC keeper ]"], episode.Actions.Take(3));
            Assert.Equal("submit[ ]", episode.Actions[^1]);
            if (episode.Actions[3] != gold)
            {
                slips++;
                wrongColumn += episode.Actions[3].Contains("WHERE", StringComparison.Ordinal) ? 1 : 0;
                repaired += episode.Actions.Contains(gold) ? 1 : 0;
            }
            else
            {
                Assert.Equal(1, episode.Reward);
            }
        }

        _output.WriteLine($"{slips} slips of {Rounds}, {wrongColumn} a wrong column, {repaired} repaired");

        // A random column can be the right one (here for about every third), which is then no slip.
        Assert.InRange(slips, 0.12 * Rounds, 0.22 * Rounds);
        Assert.InRange(repaired / (double)slips, 0.3, 0.5);
        Assert.InRange(wrongColumn / (double)slips, 0.35, 0.7);
    }

    [Fact]
    public void ExpertAction_AfterForeignActions_StillReachesTheGold()
    {
        var episode = _environment.Replay(FourLegs(), ["nonsense", "execute[ SELECT 7 ]"]);
        var random = new SeededRandom(1);

        while (!episode.Finished)
        {
            episode.Step(_environment.ExpertAction(episode, random));
        }

        Assert.Equal(1, episode.Reward);
    }

    [Fact]
    public void ExpertAction_LastSteps_AsksAndSubmitsInTime()
    {
        for (var steps = 1; steps <= 5; steps++)
        {
            using var environment = new InterCodeSqlEnvironment(_data.Options(steps: steps));
            var episode = environment.Reset(environment.Tasks(TaskSplit.Train)[0]);
            var random = new SeededRandom(2, steps);
            while (!episode.Finished)
            {
                episode.Step(environment.ExpertAction(episode, random));
            }

            Assert.Equal("submit[ ]", episode.Actions[^1]);
        }
    }

    [Fact]
    public void Score_GoldFails_EmptyAnswerPaysOne()
    {
        using var environment = new InterCodeSqlEnvironment(_data.Options(), new ScriptedEngine(new Dictionary<string, SqlAnswer>(StringComparer.Ordinal)
        {
            ["EMPTY"] = SqlAnswer.Of([]),
            ["ROWS"] = SqlAnswer.Of(["(1,)"]),
            ["NONE"] = SqlAnswer.None,
        }));
        var task = environment.Tasks(TaskSplit.Test)[0];

        Assert.NotNull(environment.GoldAnswer(task).Error);
        Assert.Equal(1, environment.Replay(task, ["execute[ EMPTY ]", "submit"]).Reward);
        Assert.Equal(0, environment.Replay(task, ["execute[ ROWS ]", "submit"]).Reward);
        var none = environment.Replay(task, ["execute[ NONE ]", "submit"]);
        Assert.Equal(0, none.Reward);
        Assert.Equal("None", none.Observation);
    }

    private AgentTask FourLegs() => Enum.GetValues<TaskSplit>().SelectMany(_environment.Tasks).First(t => t.Instruction.Contains("4 legs", StringComparison.Ordinal));
}
