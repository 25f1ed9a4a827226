using System.Globalization;
using System.Text.Json;
using RroDashboard.Environments.InterCodeSql;
using Xunit.Abstractions;

namespace RroDashboard.Conformance.Tests;

/// <summary>The reward of InterCode-SQL (environments.md B2), to the last bit.</summary>
public sealed class InterCodeRewardTests(ITestOutputHelper output)
{
    [GoldenFact("intercode_reward.json")]
    public void Reward() => Golden.Count(output, "intercode_reward", Golden.Read("intercode_reward.json").GetProperty("cases").EnumerateArray(), item =>
    {
        var expected = item.GetProperty("expected").GetProperty("reward").GetDouble();
        var actual = InterCodeReward.Score(Rows(item.GetProperty("agent")), Rows(item.GetProperty("gold")));
        return actual.Equals(expected)
            ? null
            : string.Create(CultureInfo.InvariantCulture, $"{item.GetProperty("id")} {item.GetProperty("tag")}: expected {expected:R}, got {actual:R}");
    });

    [GoldenFact("intercode_intersect.json")]
    public void Intersect() => Golden.Count(output, "intercode_intersect", Golden.Read("intercode_intersect.json").EnumerateArray(), item =>
    {
        var counts = item.GetProperty("counts").EnumerateObject().ToDictionary(c => c.Name, c => c.Value.GetInt32(), StringComparer.Ordinal);
        var actual = InterCodeReward.Intersect(Texts(item.GetProperty("list")), counts);
        return actual.SequenceEqual(Texts(item.GetProperty("expected")), StringComparer.Ordinal) ? null : $"{item}: got {string.Join(", ", actual)}";
    });

    private static List<string>? Rows(JsonElement side) => side.GetProperty("kind").GetString() == "rows" ? Texts(side.GetProperty("rows")) : null;

    private static List<string> Texts(JsonElement list) => [.. list.EnumerateArray().Select(t => t.GetString()!)];
}
