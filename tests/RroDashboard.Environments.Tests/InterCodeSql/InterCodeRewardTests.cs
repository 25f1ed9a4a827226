using System.Text.Json;
using RroDashboard.Environments.InterCodeSql;
using Xunit.Abstractions;

namespace RroDashboard.Environments.Tests.InterCodeSql;

public sealed class InterCodeRewardTests(ITestOutputHelper output)
{
    // Cases made with the original code (scipy 1.10.1, numpy 1.24.2), 240 of them with rows of a real MySQL.
    [DataFact]
    public void Score_GoldenCases_AllEqual()
    {
        using var json = JsonDocument.Parse(File.ReadAllBytes(SharedData.Golden("intercode_reward.json")));
        var wrong = new List<string>();
        var count = 0;
        foreach (var golden in json.RootElement.GetProperty("cases").EnumerateArray())
        {
            count++;
            var (agent, gold) = (golden.GetProperty("agent"), golden.GetProperty("gold"));
            var rows = agent.GetProperty("kind").GetString() == "rows" ? Rows(agent) : null;
            var goldRows = gold.GetProperty("kind").GetString() == "rows" ? Rows(gold) : [];
            var expected = golden.GetProperty("expected").GetProperty("reward").GetDouble();
            var actual = InterCodeReward.Score(rows, goldRows);
            if (expected != actual)
            {
                wrong.Add($"{golden.GetProperty("id")} ({golden.GetProperty("tag")}): {expected} expected, {actual} found");
            }
        }

        output.WriteLine($"intercode_reward: {count - wrong.Count} of {count}");
        Assert.True(wrong.Count == 0 && count > 100, string.Join('\n', wrong.Prepend($"{count} cases")));
    }

    [Fact]
    public void Score_ReversedRows_IsMinusOne() => Assert.Equal(-1, InterCodeReward.Score(["(1,)", "(2,)"], ["(2,)", "(1,)"]));

    [Fact]
    public void Score_NoList_IsZero() => Assert.Equal(0, InterCodeReward.Score(null, []));

    [Fact]
    public void Score_BothEmpty_IsOne() => Assert.Equal(1, InterCodeReward.Score([], []));

    [Fact]
    public void Score_OneRowMissing_IsTheOverlap() => Assert.Equal(0.5, InterCodeReward.Score(["(1,)"], ["(1,)", "(2,)"]));

    [Theory]
    [InlineData(0.125, 0.12)]
    [InlineData(0.375, 0.38)]
    [InlineData(-0.125, -0.12)]
    [InlineData(0.015, 0.01)]
    [InlineData(0.025, 0.03)]
    [InlineData(1, 1)]
    [InlineData(0, 0)]
    public void RoundLikePython_Midpoints_FollowTheBinaryValue(double value, double expected) => Assert.Equal(expected, InterCodeReward.RoundLikePython(value));

    private static string[] Rows(JsonElement side) => [.. side.GetProperty("rows").EnumerateArray().Select(r => r.GetString()!)];
}
