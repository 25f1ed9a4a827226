namespace RroDashboard.Environments.InterCodeSql.MySql;

/// <summary>A refusal in MySQL's own words; the message is what the agent reads after "Error executing query: ".</summary>
internal sealed class MySqlException(string message) : Exception(message)
{
    private const int NearCharacters = 80;

    /// <summary>Error 1064 at a place of the statement: the rest from there, cut as MySQL cuts it, and the line.</summary>
    public static MySqlException Syntax(string sql, int position)
    {
        var rest = sql[Math.Min(position, sql.Length)..];
        var line = 1 + sql.AsSpan(0, Math.Min(position, sql.Length)).Count('\n');
        return new($"You have an error in your SQL syntax; check the manual that corresponds to your MySQL server version for the right syntax to use near '{(rest.Length > NearCharacters ? rest[..NearCharacters] : rest)}' at line {line}");
    }

    /// <summary>Error 1235 and the like: MySQL knows it, this engine does not offer it.</summary>
    public static MySqlException Unsupported(string what) => new($"This version of MySQL doesn't yet support '{what}'");
}
