using System.Text.Json;
using RroDashboard.Environments.InterCodeSql;
using Xunit.Abstractions;

namespace RroDashboard.Conformance.Tests;

/// <summary>The loop of InterCode-SQL, its parsers, and IPR's dialogue (environments.md B1 and B6).</summary>
public sealed class InterCodeDialogueTests(ITestOutputHelper output)
{
    private const string Parse = "intercode_action_parse.json";

    private static readonly SqlLimits s_limits = new(TimeSpan.FromSeconds(5), 1000, 1 << 20);

    [GoldenFact("intercode_loop.json")]
    public void Loop() => Golden.Count(output, "intercode_loop", Golden.Read("intercode_loop.json").EnumerateArray(), item =>
    {
        using var engine = new GivenEngine(item.GetProperty("script"));
        var loop = new InterCodeLoop(engine, new InterCodeRecord(0, "x", item.GetProperty("gold").GetString()!, "?", "easy", new Dictionary<string, IReadOnlyList<string>>()), s_limits);
        foreach (var step in item.GetProperty("steps").EnumerateArray().Skip(1))
        {
            var actual = loop.Step(step.GetProperty("action").GetString()!);
            var corrupt = step.GetProperty("corrupt_gold");
            if (actual.Observation != step.GetProperty("observation").GetString() || actual.Reward != step.GetProperty("reward").GetDouble() || actual.Done != step.GetProperty("done").GetBoolean()
                || actual.Executed != step.GetProperty("action_executed").GetBoolean() || (corrupt.ValueKind != JsonValueKind.Null && loop.CorruptGold != corrupt.GetBoolean()))
            {
                return $"{item.GetProperty("tag")}: {step} got {actual}";
            }
        }

        return null;
    });

    [GoldenFact(Parse)]
    public void TryAgain() => Golden.Count(output, "intercode_action_parse, Try Again", Golden.Read(Parse).GetProperty("intercode_sql_parser").EnumerateArray(), item =>
        Same(item, InterCodeParsers.TryAgain(item.GetProperty("input").GetString()!)));

    [GoldenFact(Parse)]
    public void ReAct() => Golden.Count(output, "intercode_action_parse, ReAct", Golden.Read(Parse).GetProperty("intercode_react_parser").EnumerateArray(), item =>
        Same(item, InterCodeParsers.ReAct(item.GetProperty("input").GetString()!)));

    [GoldenFact(Parse)]
    public void Handicap() => Golden.Count(output, "intercode_action_parse, handicap", [Golden.Read(Parse).GetProperty("handicap")], item =>
    {
        var tables = item.GetProperty("input").GetProperty("db_tables").EnumerateObject()
            .Select(t => (t.Name, (IReadOnlyList<string>)[.. t.Value.EnumerateArray().Select(c => c.GetString()!)]));
        var actual = InterCodeParsers.Handicap(tables);
        return actual == item.GetProperty("expected").GetString() ? null : actual;
    });

    [GoldenFact(Parse)]
    public void Ipr() => Golden.Count(output, "intercode_action_parse, IPR", Golden.Read(Parse).GetProperty("ipr_wrapper").EnumerateArray(), item =>
    {
        var task = new FakeTask(item.GetProperty("final_reward_if_submitted").GetDouble(), item.GetProperty("observation").GetString()!);
        var conversation = new IprConversation(task);
        var before = conversation.History.Count;
        var reply = conversation.Step(item.GetProperty("llm_output").GetString()!);
        var added = item.GetProperty("history_added").EnumerateArray().Select(m => new SqlMessage(m.GetProperty("role").GetString()!, m.GetProperty("content").GetString()!));
        return reply == item.GetProperty("observation").GetString() && task.Executed.SequenceEqual(item.GetProperty("executed").EnumerateArray().Select(e => e.GetString()!), StringComparer.Ordinal)
            && State(conversation) == State(item.GetProperty("state")) && conversation.History.Skip(before).SequenceEqual(added)
            ? null : $"{item}: executed {string.Join('|', task.Executed)}, reply {reply}, state {State(conversation)}";
    });

    [GoldenFact(Parse)]
    public void IprStepLimit() => Golden.Count(output, "intercode_action_parse, IPR step limit", Golden.Read(Parse).GetProperty("ipr_step_limit").EnumerateArray(), item =>
    {
        // The sequence that submits last was recorded with a half right answer.
        var expected = item.GetProperty("states").EnumerateArray().ToList();
        var paid = expected[^1].GetProperty("reward").GetDouble();
        var conversation = new IprConversation(new FakeTask(paid, "Observation: []"));
        foreach (var (answer, state) in item.GetProperty("outputs").EnumerateArray().Zip(expected))
        {
            conversation.Step(answer.GetString()!);
            if (State(conversation) != State(state))
            {
                return $"{state}: got {State(conversation)}";
            }
        }

        return null;
    });

    [GoldenFact(Parse)]
    public void IprOpening() => Golden.Count(
        output, "intercode_action_parse, IPR history", new IprConversation(new FakeTask(0, "")).History.Zip(Golden.Read(Parse).GetProperty("ipr_initial_history").EnumerateArray()), m =>
            m.First == new SqlMessage(m.Second.GetProperty("role").GetString()!, m.Second.GetProperty("content").GetString()!) ? null : $"{m.Second}: got {m.First}");

    private static string? Same(JsonElement item, (string Action, bool IsCode) actual) =>
        actual == (item.GetProperty("expected").GetProperty("action").GetString()!, item.GetProperty("expected").GetProperty("is_code").GetBoolean()) ? null : $"{item}: got {actual}";

    private static string State(IprConversation c) => $"{c.Steps} {c.Reward} {c.Finished} {c.Success} {c.TerminateReason}";

    private static string State(JsonElement s)
    {
        double? reward = s.GetProperty("reward").ValueKind == JsonValueKind.Null ? null : s.GetProperty("reward").GetDouble();
        return $"{s.GetProperty("steps").GetInt32()} {reward} {s.GetProperty("finished").GetBoolean()} {s.GetProperty("success").GetBoolean()} {s.GetProperty("terminate_reason").GetString()}";
    }

    /// <summary>Answers from the script of a case.</summary>
    private sealed class GivenEngine(JsonElement script) : ISqlEngine
    {
        public SqlAnswer Execute(string database, string sql, SqlLimits limits) => !script.TryGetProperty(sql, out var answer)
            ? throw new InvalidOperationException($"the script has no answer to {sql}")
            : answer.ValueKind switch
            {
                JsonValueKind.Array => SqlAnswer.Of([.. answer.EnumerateArray().Select(r => r.GetString()!)]),
                JsonValueKind.Null => SqlAnswer.None,
                _ => SqlAnswer.Failed(answer.GetProperty("error").GetString()!),
            };

        public void Dispose()
        {
            // Nothing is held.
        }
    }

    /// <summary>The fake database with which the wrapper was run; it knows these statements.</summary>
    private sealed class FakeTask(double finalReward, string expected) : ISqlTask
    {
        public List<string> Executed { get; } = [];

        public string Question => "How many?";

        public LoopStep Step(string action)
        {
            Executed.Add(action);
            return action switch
            {
                "submit" => new("[(1,)]", finalReward, true, true),
                "SELECT boom" => new("Error executing query: You have an error in your SQL syntax", 0, false, false),
                "SELECT unk" => new("Error executing query: Unknown column 'unk' in 'field list'", 0, false, false),
                "SELECT bigerr" => new("Error executing query: " + new string('y', 600), 0, false, false),
                "SELECT long" => new(PythonText.List(Enumerable.Range(0, 200).Select(i => $"({i}, 'xxxxxxxxxx')")), 0, false, true),
                "SELECT empty" => new("[]", 0, false, true),
                "nothing" => new("None", 0, false, true),
                _ when expected.Length > 0 => new("[(1, 'a')]", 0, false, true),
                _ => throw new InvalidOperationException($"the fake database does not know {action}"),
            };
        }
    }
}
