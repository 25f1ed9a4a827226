using System.Globalization;
using System.Text.Json;

namespace RroDashboard.Environments.InterCodeSql;

/// <summary>
/// Reads the logs that InterCode's authors released (results of language models and of people on the same tasks) as episodes that can be replayed.
/// Only actions, and thoughts where there are some, are taken: our environment gives its own answers, and the logged rewards follow an older rule (environments.md B2).
/// </summary>
public static class InterCodeLogs
{
    /// <summary>The episodes of every *.json in a folder, files by name.</summary>
    /// <exception cref="DirectoryNotFoundException">No such folder.</exception>
    /// <exception cref="InvalidDataException">A file is not such a log; the message says where.</exception>
    public static IReadOnlyList<(int Record, RecordedEpisode Episode)> ReadFolder(string folder)
    {
        if (!Directory.Exists(folder))
        {
            throw new DirectoryNotFoundException($"Environment.DemonstrationLogs: the folder {folder} does not exist");
        }

        return [.. Directory.GetFiles(folder, "*.json").Order(StringComparer.Ordinal).SelectMany(Read)];
    }

    /// <summary>The episodes of one log: Try Again, ReAct, or a person's.</summary>
    /// <exception cref="InvalidDataException">Not such a log.</exception>
    public static IEnumerable<(int Record, RecordedEpisode Episode)> Read(string path)
    {
        using var document = DataFiles.ParseJson(path);
        foreach (var entry in DataFiles.Object(document.RootElement, path, "the file").EnumerateObject())
        {
            var place = $"{path}, episode {entry.Name}";
            var source = string.Create(CultureInfo.InvariantCulture, $"{Path.GetFileName(path)}, episode {entry.Name}");
            var (record, said) = entry.Value.TryGetProperty("turn_history", out var turns)
                ? (Number(entry.Value, "task_id", place), Turns(turns, entry.Value, place))
                : (Number(entry.Value, "query_idx", place), (Person(entry.Value, place), []));
            yield return (record, new RecordedEpisode($"spider-{record.ToString(CultureInfo.InvariantCulture)}", said.Actions, source) { Thoughts = said.Thoughts });
        }
    }

    private static (List<string> Actions, List<string> Thoughts) Turns(JsonElement turns, JsonElement episode, string place)
    {
        var actions = Texts(turns, "actions", place);
        if (turns.TryGetProperty("thoughts", out _))
        {
            // ReAct submits by itself; what does not parse was answered as no action and is left out, with its thought.
            var thoughts = Texts(turns, "thoughts", place);
            var kept = actions.Select((action, i) => (Parsed: InterCodeParsers.ReAct(action), Thought: OneLine(thoughts.ElementAtOrDefault(i) ?? ""))).Where(a => a.Parsed.IsCode).ToList();
            return ([.. kept.Select(a => a.Parsed.Action == InterCodeLoop.Submit ? SqlAction.Submit : Execute(a.Parsed.Action))], [.. kept.Select(a => a.Thought)]);
        }

        // Try Again scores every turn and stops at the best; ours submits there.
        var best = episode.TryGetProperty("summary", out var summary) && summary.TryGetProperty("max_reward_idx", out var index) && index.TryGetInt32(out var at) ? at : actions.Count - 1;
        return ([.. actions.Take(best + 1).Select(Execute), SqlAction.Submit], []);
    }

    private static List<string> Person(JsonElement episode, string place)
    {
        if (!episode.TryGetProperty("trajectory", out var trajectory) || trajectory.ValueKind != JsonValueKind.Array)
        {
            throw new InvalidDataException($"{place}: expected turn_history or trajectory");
        }

        return
        [
            .. trajectory.EnumerateArray().Select(t => t.TryGetProperty("action", out var action) && action.ValueKind == JsonValueKind.String ? action.GetString()! : "")
                .Where(a => a.Trim().Length > 0 && a != InterCodeLoop.Submit).Select(Execute),
            SqlAction.Submit,
        ];
    }

    private static string Execute(string sql) => SqlAction.Execute(OneLine(sql).TrimEnd(';', ' '));

    private static string OneLine(string text) => string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    private static int Number(JsonElement element, string name, string place) => element.TryGetProperty(name, out var value) && value.TryGetInt32(out var number)
        ? number
        : throw new InvalidDataException($"{place}: expected a whole number '{name}'");

    private static List<string> Texts(JsonElement element, string name, string place) =>
        element.TryGetProperty(name, out var array) && array.ValueKind == JsonValueKind.Array && array.EnumerateArray().All(e => e.ValueKind == JsonValueKind.String)
            ? [.. array.EnumerateArray().Select(e => e.GetString()!)]
            : throw new InvalidDataException($"{place}: expected '{name}' as an array of texts");
}
