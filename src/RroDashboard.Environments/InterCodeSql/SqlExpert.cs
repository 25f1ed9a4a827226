using System.Text.RegularExpressions;
using RroDashboard.Core.Statistics;

namespace RroDashboard.Environments.InterCodeSql;

/// <summary>
/// Demonstrations made from the gold query (there are none with a clear licence): look at the tables, describe those of the query, run it,
/// submit. Deliberately imperfect, as in learning.md 11.1: sometimes a query with a slip, and only sometimes the right one after it.
/// </summary>
public static partial class SqlExpert
{
    private const double Slip = 0.2;
    private const double Repair = 0.4;

    /// <summary>The next action, from what was done so far.</summary>
    public static string Act(SqlEpisode episode, SeededRandom random)
    {
        ArgumentNullException.ThrowIfNull(episode);
        ArgumentNullException.ThrowIfNull(random);
        var (task, done) = (episode.Spider, episode.Actions.Count);
        if (done == 0)
        {
            return "execute[ SHOW TABLES ]";
        }

        if (done <= task.GoldTables.Count)
        {
            return $"execute[ DESC {task.GoldTables[done - 1]} ]";
        }

        var gold = $"execute[ {task.Gold} ]";
        if (done == task.GoldTables.Count + 1)
        {
            return random.Chance(Slip) ? $"execute[ {WithSlip(task, random)} ]" : gold;
        }

        return episode.Actions[^1] != gold && done == task.GoldTables.Count + 2 && random.Chance(Repair) ? gold : "submit[ ]";
    }

    // A wrong column, a forgotten condition, or the wrong direction.
    private static string WithSlip(SpiderTask task, SeededRandom random)
    {
        var columns = task.GoldTables.SelectMany(t => task.Tables[t]).Distinct(StringComparer.OrdinalIgnoreCase).ToArray();
        var used = columns.Where(c => Word(c).IsMatch(task.Gold)).ToArray();
        if (used.Length > 0 && columns.Length > 1 && random.Chance(0.6))
        {
            var wrong = random.Pick(columns);
            return Word(random.Pick(used)).Replace(task.Gold, wrong, 1);
        }

        if (Condition().Match(task.Gold) is { Success: true } condition)
        {
            return task.Gold.Remove(condition.Index, condition.Length).Trim();
        }

        return Direction().IsMatch(task.Gold)
            ? Direction().Replace(task.Gold, m => m.Value.Equals("DESC", StringComparison.OrdinalIgnoreCase) ? "ASC" : "DESC", 1)
            : $"SELECT * FROM {(task.GoldTables is [var table, ..] ? table : task.Tables.Keys.First())}";
    }

    private static Regex Word(string column) => new($@"\b{Regex.Escape(column)}\b", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant);

    [GeneratedRegex(@" WHERE .*?(?= GROUP BY | ORDER BY | UNION | INTERSECT | EXCEPT |\)|$)", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Condition();

    [GeneratedRegex(@"\b(?:DESC|ASC)\b", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Direction();
}
