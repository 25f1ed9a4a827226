using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using RroDashboard.Environments.WebShop;
using Xunit.Abstractions;

namespace RroDashboard.Conformance.Tests;

/// <summary>CPython's random numbers, on which WebShop's order of goals depends (environments.md A8).</summary>
public sealed class WebShopRandomTests(ITestOutputHelper output)
{
    private const string Letters = "abcdefghijklmnopqrstuvwxyz";

    [GoldenFact("webshop_rng.json")]
    public void Random() => Golden.Count(output, "webshop_rng", Cases(Golden.Read("webshop_rng.json")), c => c.Expected == c.Actual() ? null : $"{c.Name}: expected {c.Expected}, got {c.Actual()}");

    private static IEnumerable<(string Name, string Expected, Func<string> Actual)> Cases(JsonElement golden)
    {
        foreach (var seed in golden.GetProperty("random_first5").EnumerateObject())
        {
            var random = new PythonRandom(long.Parse(seed.Name, CultureInfo.InvariantCulture));
            var numbers = seed.Value.EnumerateArray().Select(_ => random.NextDouble()).ToArray();
            yield return ($"random {seed.Name}", Join(seed.Value), () => Join(numbers));
        }

        foreach (var size in golden.GetProperty("shuffle_seed233").EnumerateObject())
        {
            var order = Enumerable.Range(0, int.Parse(size.Name, CultureInfo.InvariantCulture)).ToArray();
            new PythonRandom(233).Shuffle(order);
            if (size.Value.ValueKind == JsonValueKind.Array)
            {
                yield return ($"shuffle {size.Name}", Join(size.Value), () => string.Join(',', order));
                continue;
            }

            yield return ($"shuffle {size.Name} first", Join(size.Value.GetProperty("first20")), () => string.Join(',', order[..20]));
            yield return ($"shuffle {size.Name} last", Join(size.Value.GetProperty("last5")), () => string.Join(',', order[^5..]));
            yield return ($"shuffle {size.Name} all", size.Value.EnumerateObject().First(p => p.Name.StartsWith("sha256", StringComparison.Ordinal)).Value.GetString()!,
                () => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join(',', order)))));
        }

        foreach (var group in golden.GetProperty("uniform").EnumerateArray().GroupBy(c => c.GetProperty("seed").GetInt64()))
        {
            var random = new PythonRandom(group.Key);
            foreach (var one in group)
            {
                var value = random.Uniform(one.GetProperty("a").GetDouble(), one.GetProperty("b").GetDouble());
                yield return ($"uniform {one}", Text(one.GetProperty("value").GetDouble()), () => Text(value));
            }
        }

        foreach (var group in golden.GetProperty("sample2_of").EnumerateArray().GroupBy(c => c.GetProperty("seed").GetInt64()))
        {
            var random = new PythonRandom(group.Key);
            foreach (var one in group)
            {
                var drawn = random.Sample([.. one.GetProperty("population").EnumerateArray().Select(p => p.GetDouble())], 2);
                yield return ($"sample {one}", Join(one.GetProperty("sample")), () => Join(drawn));
            }
        }

        var weighted = golden.GetProperty("random_idx");
        var draws = new PythonRandom(weighted.GetProperty("seed").GetInt64());
        foreach (var weight in weighted.GetProperty("weights").EnumerateArray())
        {
            var drawn = draws.Below(11);
            yield return ("randint(0, 10)", weight.GetRawText(), () => drawn.ToString(CultureInfo.InvariantCulture));
        }

        double[] cumulative = [.. weighted.GetProperty("cum_weights").EnumerateArray().Select(w => w.GetDouble())];
        foreach (var expected in weighted.EnumerateObject().First(p => p.Value.ValueKind == JsonValueKind.Array && p.Name is not ("weights" or "cum_weights")).Value.EnumerateArray())
        {
            var drawn = GoalSet.RandomIndex(cumulative, draws);
            yield return ("random_idx", expected.GetRawText(), () => drawn.ToString(CultureInfo.InvariantCulture));
        }

        var session = golden.GetProperty("choices_session_id");
        yield return ("choices", session.GetProperty("value").GetString()!,
            () => new string([.. new PythonRandom(session.GetProperty("seed").GetInt64()).Choices([.. Letters], 10)]));
    }

    private static string Join(JsonElement numbers) => Join(numbers.EnumerateArray().Select(n => n.GetDouble()));

    private static string Join(IEnumerable<double> numbers) => string.Join(',', numbers.Select(Text));

    private static string Text(double number) => number.ToString("R", CultureInfo.InvariantCulture);
}
