using System.Text.Json;
using System.Text.RegularExpressions;
using RroDashboard.Core.Plans;

namespace RroDashboard.Environments.InterCodeSql;

/// <summary>One record of ic_spider_dev.json.</summary>
/// <param name="Number">0-based position in the file: the task index people quote.</param>
/// <param name="Database">Spider name of its database.</param>
/// <param name="Gold">The gold query, whitespace collapsed.</param>
/// <param name="Question">What is asked.</param>
/// <param name="Tables">Tables of the database with their columns.</param>
public sealed partial record SpiderTask(int Number, string Database, string Gold, string Question, IReadOnlyDictionary<string, IReadOnlyList<string>> Tables)
{
    /// <summary>Equal for paraphrases: tasks of one database whose gold queries differ in case and blanks only.</summary>
    public string Group { get; } = Database + "|" + Blanks().Replace(Gold, "").ToLowerInvariant();

    /// <summary>Tables that the gold query names, in the database's order.</summary>
    public IReadOnlyList<string> GoldTables { get; } =
        [.. Tables.Keys.Where(t => Regex.IsMatch(Gold, $@"\b{Regex.Escape(t)}\b", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant))];

    /// <summary>Reads the task file.</summary>
    /// <exception cref="PlanException">Missing or malformed: file, line, what was expected.</exception>
    public static IReadOnlyList<SpiderTask> Read(string file)
    {
        if (!File.Exists(file))
        {
            throw new PlanException($"'{file}' is missing: InterCodeSql expects the Spider development tasks there.");
        }

        var number = 0;
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(file));
            var tasks = new List<SpiderTask>();
            foreach (var record in json.RootElement.EnumerateArray())
            {
                tasks.Add(new SpiderTask(
                    number,
                    Text(record, "db"),
                    Blanks().Replace(Text(record, "gold"), " ").Trim(),
                    Blanks().Replace(Text(record, "query"), " ").Trim(),
                    record.GetProperty("db_tables").EnumerateObject().ToDictionary(
                        t => t.Name, t => (IReadOnlyList<string>)[.. t.Value.EnumerateArray().Select(c => c.GetString()!)], StringComparer.OrdinalIgnoreCase)));
                number++;
            }

            return tasks;
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or ArgumentException)
        {
            var place = e is JsonException ? PlainSqliteEngine.LineOf(e) : $" at record {number}";
            throw new PlanException($"'{file}' is malformed{place}: expected a list of records with the texts db, gold and query and the object db_tables.");
        }
    }

    private static string Text(JsonElement record, string name) =>
        record.GetProperty(name) is { ValueKind: JsonValueKind.String } value ? value.GetString()! : throw new InvalidOperationException();

    [GeneratedRegex(@"\s+", RegexOptions.CultureInvariant)]
    private static partial Regex Blanks();
}
