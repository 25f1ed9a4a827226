using System.Text.Json;
using System.Text.RegularExpressions;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Statistics;

namespace RroDashboard.Environments.InterCodeSql;

/// <summary>One record of ic_spider_dev.json.</summary>
/// <param name="Number">0-based position in the file; the task's id is "spider-" and this number.</param>
/// <param name="Database">Spider name.</param>
/// <param name="Gold">Gold query, whitespace collapsed.</param>
/// <param name="Question">What the agent is asked.</param>
/// <param name="Hardness">easy, medium, hard or extra.</param>
/// <param name="Tables">Columns of each table of the database, as the gold queries spell them.</param>
public sealed record InterCodeRecord(
    int Number, string Database, string Gold, string Question, string Hardness, IReadOnlyDictionary<string, IReadOnlyList<string>> Tables);

/// <summary>Reading the task file and dividing it.</summary>
public static partial class InterCodeTasks
{
    /// <summary>Place in the data folder.</summary>
    public const string FileName = "ic_spider_dev.json";

    /// <summary>Reads all records.</summary>
    /// <exception cref="FileNotFoundException">There is no task file.</exception>
    /// <exception cref="InvalidDataException">It is malformed; says file, line, and what was expected.</exception>
    public static IReadOnlyList<InterCodeRecord> Load(string dataFolder)
    {
        var path = Path.Combine(dataFolder, FileName);
        var bytes = DataFiles.Read(path);
        var records = new List<InterCodeRecord>();
        try
        {
            var reader = new Utf8JsonReader(bytes);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartArray)
            {
                throw new InvalidDataException($"{path}, line 1: expected a list of tasks");
            }

            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                var line = 1 + bytes.AsSpan(0, (int)reader.TokenStartIndex).Count((byte)'\n');
                records.Add(Record(JsonElement.ParseValue(ref reader), records.Count, $"{path}, line {line}"));
            }

            // Reads on, so that a cut file or text behind the list is noticed.
            while (reader.Read())
            {
            }
        }
        catch (JsonException e)
        {
            throw DataFiles.Malformed(path, e);
        }

        return records.Count > 0 ? records : throw new InvalidDataException($"{path}: expected at least one task, found an empty list");
    }

    /// <summary>
    /// Divides the records by <see cref="EnvironmentOptions.ContentSeed"/>. Questions with the same gold query on the same
    /// database are paraphrases, so they stay together; what does not fit any split is left out.
    /// </summary>
    /// <exception cref="ArgumentException">More tasks are asked for than there are.</exception>
    public static IReadOnlyDictionary<TaskSplit, IReadOnlyList<InterCodeRecord>> Divide(IReadOnlyList<InterCodeRecord> records, EnvironmentOptions options)
    {
        ArgumentNullException.ThrowIfNull(records);
        ArgumentNullException.ThrowIfNull(options);
        var asked = (long)options.TrainTasks + options.TuningTasks + options.TestTasks;
        if (asked > records.Count || Math.Min(options.TrainTasks, Math.Min(options.TuningTasks, options.TestTasks)) < 0)
        {
            throw new ArgumentException(
                $"{options.TrainTasks} training, {options.TuningTasks} tuning and {options.TestTasks} test tasks are {asked}, but {FileName} has {records.Count}: ask for fewer",
                nameof(options));
        }

        var groups = records.GroupBy(r => r.Database + "\n" + Normalise(r.Gold), StringComparer.Ordinal).Select(g => g.ToArray()).ToArray();
        new SeededRandom(options.ContentSeed, 0x5350).Shuffle(groups.AsSpan());

        // In shuffled order nothing is favoured; where that leaves a hole that no group fits (a tight fit), the largest
        // groups go first.
        var (parts, filled) = Fill(groups, options);
        if (!filled)
        {
            (parts, filled) = Fill([.. groups.OrderByDescending(g => g.Length)], options);
        }

        return filled
            ? parts.ToDictionary(p => p.Key, p => (IReadOnlyList<InterCodeRecord>)p.Value)
            : throw new ArgumentException(
                $"{asked} tasks are asked for; {FileName} has {records.Count}, but questions with the same gold query must stay in one split, so only {string.Join(", ", parts.Select(p => $"{p.Value.Count} {p.Key}"))} can be had: ask for a few fewer",
                nameof(options));
    }

    // Every group goes whole to the split that still lacks the largest share and has room for it. Holes that are left are
    // filled from groups that found no room, whose remaining questions then belong to no split.
    private static (Dictionary<TaskSplit, List<InterCodeRecord>> Parts, bool Filled) Fill(IReadOnlyList<InterCodeRecord[]> groups, EnvironmentOptions options)
    {
        var sizes = new Dictionary<TaskSplit, int> { [TaskSplit.Train] = options.TrainTasks, [TaskSplit.Tuning] = options.TuningTasks, [TaskSplit.Test] = options.TestTasks };
        var parts = sizes.Keys.ToDictionary(split => split, _ => new List<InterCodeRecord>());
        var homeless = new Queue<InterCodeRecord[]>();
        foreach (var group in groups)
        {
            TaskSplit? home = sizes.Keys.Where(split => sizes[split] - parts[split].Count >= group.Length)
                .OrderByDescending(split => (sizes[split] - parts[split].Count) / (double)sizes[split])
                .Select(split => (TaskSplit?)split).FirstOrDefault();
            if (home is { } found)
            {
                parts[found].AddRange(group);
            }
            else
            {
                homeless.Enqueue(group);
            }
        }

        foreach (var (split, size) in sizes)
        {
            while (parts[split].Count < size && homeless.TryDequeue(out var group))
            {
                parts[split].AddRange(group.Take(size - parts[split].Count));
            }
        }

        return (parts, parts.All(p => p.Value.Count == sizes[p.Key]));
    }

    /// <summary>Equal for gold queries that differ only in case, blanks, kind of quotes and a last semicolon.</summary>
    public static string Normalise(string gold)
    {
        ArgumentNullException.ThrowIfNull(gold);
        var blanks = Blanks().Replace(gold, " ").Trim(' ', ';').Replace('"', '\'');
        return AroundMarks().Replace(blanks, "${mark}").ToUpperInvariant();
    }

    private static InterCodeRecord Record(JsonElement record, int number, string place)
    {
        DataFiles.Object(record, place, $"task {number}");
        var tables = new SortedDictionary<string, IReadOnlyList<string>>(StringComparer.OrdinalIgnoreCase);
        if (!record.TryGetProperty("db_tables", out var listed))
        {
            throw new InvalidDataException($"{place}, task {number}: expected an object \"db_tables\"");
        }

        foreach (var table in DataFiles.Object(listed, place, $"task {number}, db_tables").EnumerateObject())
        {
            if (table.Value.ValueKind != JsonValueKind.Array || table.Value.EnumerateArray().Any(c => c.ValueKind != JsonValueKind.String))
            {
                throw new InvalidDataException($"{place}, task {number}: expected a list of column names for table \"{table.Name}\"");
            }

            tables[table.Name] = [.. table.Value.EnumerateArray().Select(c => c.GetString()!)];
        }

        return new InterCodeRecord(number, Text("db"), Text("gold"), Text("query"), Text("hardness"), tables);

        string Text(string name)
        {
            var text = record.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
                ? Blanks().Replace(value.GetString()!, " ").Trim()
                : "";
            return text.Length > 0 ? text : throw new InvalidDataException($"{place}, task {number}: expected a text \"{name}\"");
        }
    }

    [GeneratedRegex(@"\s+", RegexOptions.CultureInvariant)]
    private static partial Regex Blanks();

    [GeneratedRegex(@" ?(?<mark>[(),=<>!*+/;-]) ?", RegexOptions.CultureInvariant)]
    private static partial Regex AroundMarks();
}
