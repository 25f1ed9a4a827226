using System.Text.RegularExpressions;
using RroDashboard.Core.Statistics;

namespace RroDashboard.Environments.InterCodeSql;

/// <summary>
/// The scripted, deliberately imperfect expert (learning.md 11.1): looks at the schema, asks the gold query or, with
/// probability <see cref="SlipProbability"/>, a slip of it, and submits.
/// </summary>
internal sealed partial class GoldExpert
{
    /// <summary>How often the gold query is replaced by a slip.</summary>
    public const double SlipProbability = 0.2;

    /// <summary>How often a slip is followed by the gold query.</summary>
    public const double RepairProbability = 0.4;

    /// <summary>How often a slip is a wrong column.</summary>
    public const double WrongColumnProbability = 0.6;

    private static readonly HashSet<string> s_clauses = new(StringComparer.OrdinalIgnoreCase)
    {
        "SELECT", "FROM", "JOIN", "WHERE", "GROUP", "ORDER", "HAVING", "ON", "LIMIT", "UNION", "INTERSECT", "EXCEPT",
    };

    private readonly List<(int Start, int Length, string Owner)> _columns = [];
    private readonly (int Start, int Length)? _where;
    private readonly (int Start, int Length)? _descending;
    private readonly InterCodeRecord _record;

    public GoldExpert(InterCodeRecord record)
    {
        _record = record;
        Gold = record.Gold.TrimEnd(';', ' ');
        var tokens = Tokens().Matches(Gold);
        var tables = new List<string>();
        var clause = "";
        for (var i = 0; i < tokens.Count; i++)
        {
            var word = tokens[i].Value;
            if (s_clauses.Contains(word))
            {
                clause = word.ToUpperInvariant();
            }
            else if (clause is "FROM" or "JOIN" && tokens[i - 1].Value.ToUpperInvariant() is "FROM" or "JOIN" or "," or "(")
            {
                var table = record.Tables.Keys.FirstOrDefault(t => string.Equals(t, word, StringComparison.OrdinalIgnoreCase));
                if (table is not null && !tables.Contains(table))
                {
                    tables.Add(table);
                }
            }
        }

        Tables = tables;
        for (var i = 0; i < tokens.Count; i++)
        {
            var word = tokens[i].Value;
            var owner = tables.FirstOrDefault(t => record.Tables[t].Contains(word, StringComparer.OrdinalIgnoreCase));
            var isTable = i > 0 && tokens[i - 1].Value.ToUpperInvariant() is "FROM" or "JOIN";
            if (owner is not null && !isTable)
            {
                _columns.Add((tokens[i].Index, tokens[i].Length, owner));
            }

            if (string.Equals(word, "DESC", StringComparison.OrdinalIgnoreCase))
            {
                _descending ??= (tokens[i].Index, tokens[i].Length);
            }

            if (string.Equals(word, "WHERE", StringComparison.OrdinalIgnoreCase) && _where is null)
            {
                _where = (tokens[i].Index, EndOfWhere(tokens, i) - tokens[i].Index);
            }
        }
    }

    /// <summary>The gold query as the expert writes it.</summary>
    public string Gold { get; }

    /// <summary>Tables of the gold query, in order of first appearance.</summary>
    public IReadOnlyList<string> Tables { get; }

    /// <summary>The next statement, or null to submit.</summary>
    /// <param name="statements">Statements of the episode so far, in order.</param>
    /// <param name="stepsLeft">Actions left, at least 1; the last one submits.</param>
    /// <param name="random">The slips.</param>
    public string? Next(IReadOnlyList<string> statements, int stepsLeft, SeededRandom random)
    {
        var last = statements.Count > 0 ? statements[^1] : "";
        if (stepsLeft == 1 || string.Equals(last, Gold, StringComparison.Ordinal))
        {
            return null;
        }

        if (IsSlip(last) && !random.Chance(RepairProbability))
        {
            return null;
        }

        if (!IsSlip(last) && stepsLeft > 2)
        {
            if (!statements.Any(s => s.StartsWith("SHOW TABLES", StringComparison.OrdinalIgnoreCase)))
            {
                return "SHOW TABLES";
            }

            var unseen = Tables.FirstOrDefault(t => !statements.Any(s => s.Equals(Describe(t), StringComparison.OrdinalIgnoreCase)));
            if (unseen is not null)
            {
                return Describe(unseen);
            }
        }

        return !IsSlip(last) && random.Chance(SlipProbability) ? Slip(random) : Gold;
    }

    /// <summary>Whether a statement is one that <see cref="Slip"/> can make.</summary>
    public bool IsSlip(string statement)
    {
        if (string.Equals(statement, Gold, StringComparison.Ordinal))
        {
            return false;
        }

        return (_where is { } where && string.Equals(statement, Without(where), StringComparison.Ordinal))
            || (_descending is { } descending && string.Equals(statement, With(descending, "ASC"), StringComparison.Ordinal))
            || _columns.Any(c => _record.Tables[c.Owner].Any(other => string.Equals(statement, With((c.Start, c.Length), other), StringComparison.Ordinal)));
    }

    /// <summary>A wrong column, or else no WHERE part, or else ASC for DESC; the gold query where none of them is possible.</summary>
    public string Slip(SeededRandom random)
    {
        if (_columns.Count > 0 && ((_where is null && _descending is null) || random.Chance(WrongColumnProbability)))
        {
            var (start, length, owner) = random.Pick(_columns);
            return With((start, length), random.Pick(_record.Tables[owner]));
        }

        return _where is { } where ? Without(where) : _descending is { } descending ? With(descending, "ASC") : Gold;
    }

    // Names as SHOW TABLES gives them: lower case.
#pragma warning disable CA1308
    private static string Describe(string table) => "DESC " + table.ToLowerInvariant();
#pragma warning restore CA1308

    private string With((int Start, int Length) place, string text) => string.Concat(Gold.AsSpan(0, place.Start), text, Gold.AsSpan(place.Start + place.Length));

    private string Without((int Start, int Length) place) => (Gold[..place.Start].TrimEnd() + " " + Gold[(place.Start + place.Length)..].TrimStart()).Trim();

    private int EndOfWhere(MatchCollection tokens, int where)
    {
        var depth = 0;
        for (var i = where + 1; i < tokens.Count; i++)
        {
            var word = tokens[i].Value.ToUpperInvariant();
            depth += word switch { "(" => 1, ")" => -1, _ => 0 };
            if (depth < 0 || (depth == 0 && word is "GROUP" or "ORDER" or "LIMIT" or "UNION" or "INTERSECT" or "EXCEPT"))
            {
                return tokens[i].Index;
            }
        }

        return Gold.Length;
    }

    [GeneratedRegex("""'[^']*'|"[^"]*"|\w+|[^\s\w]""", RegexOptions.CultureInvariant)]
    private static partial Regex Tokens();
}
