using System.Globalization;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Preferences;
using RroDashboard.Core.Rewards;
using RroDashboard.Core.Statistics;
using RroDashboard.Environments;
using RroDashboard.Training;

namespace RroDashboard.Benchmarks;

/// <summary>
/// Writes preference pairs for a checkpoint that cannot make any itself, because random weights earn nothing:
/// <c>bench pairs OUT [--preset NAME] [--data DIR] [--count N]</c>. At steps of demonstrations the scripted expert's action is preferred to another one that the
/// environment would accept there, in the words of a conversation, as TRL's JSON lines. They say nothing about learning; times and memory do.
/// </summary>
internal static class ScriptedPairs
{
    private const string DefaultCount = "8";

    public static async Task<int> RunAsync(string[] args)
    {
        var options = args.Skip(1).Chunk(2).Where(o => o.Length == 2).ToDictionary(o => o[0], o => o[1], StringComparer.Ordinal);
        if (args.Length % 2 == 0 || options.Keys.Any(k => k is not ("--preset" or "--data" or "--count")) || !int.TryParse(options.GetValueOrDefault("--count", DefaultCount), NumberStyles.None, CultureInfo.InvariantCulture, out var count))
        {
            await Console.Error.WriteLineAsync("usage: bench pairs OUT [--preset NAME] [--data DIR] [--count N]");
            return 2;
        }

        var plan = Presets.Create(options.GetValueOrDefault("--preset", "smoke"));
        plan.Environment.DataFolder = options.TryGetValue("--data", out var data) ? Path.GetFullPath(data) : "";
        using var environment = EnvironmentFactory.Create(plan.Environment);
        await File.WriteAllLinesAsync(args[0], Pairs(environment, plan.Seed).Take(count));
        await Console.Out.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{args[0]}: {File.ReadLines(args[0]).Count()} pairs"));
        return 0;
    }

    private static IEnumerable<string> Pairs(IAgentEnvironment environment, long seed)
    {
        var random = new SeededRandom(seed, 99);
        foreach (var task in environment.Tasks(TaskSplit.Train))
        {
            var episode = environment.Reset(task);
            List<TrlTurn> turns = [new("user", ReActDialogue.Instruction(environment) + task.Instruction)];
            while (!episode.Finished)
            {
                var better = environment.ExpertAction(episode, random);
                // Where words are free there is no list to choose another action from.
                if (episode.Allowed.Complete.Where(a => a != better).ToArray() is { Length: > 0 } others)
                {
                    yield return TrlLines.Of(
                        new PreferencePair(-1, 0, "", "", "", Estimate.Final(0), Estimate.Final(0), [], [], []) { Words = new PairWords([.. turns], "Action: " + better, "Action: " + random.Pick(others)) }, []);
                }

                episode.Step(better);
                turns.Add(new TrlTurn("assistant", "Action: " + better));
                turns.Add(new TrlTurn("user", episode.Observation));
            }
        }
    }
}
