namespace RroDashboard.Environments.InterCodeSql;

internal enum SqlActionKind
{
    Invalid,
    Execute,
    Submit,
}

/// <summary>One action of the ReAct dialogue (environments.md B6): <c>execute[ SQL ]</c>, up to the last "]", or <c>submit[ ]</c>.</summary>
internal readonly record struct SqlAction(SqlActionKind Kind, string Sql)
{
    public const string Submit = "submit[ ]";

    /// <summary>Answer to anything else.</summary>
    public const string InvalidAnswer = "Invalid action. Use execute[ SQL ] or submit[ ]";

    public static string Execute(string sql) => $"execute[ {sql} ]";

    public static SqlAction Parse(string action)
    {
        var text = action.Trim();
        if (text is "submit")
        {
            return new(SqlActionKind.Submit, "");
        }

        var open = text.IndexOf('[', StringComparison.Ordinal);
        if (open < 0 || text[^1] != ']')
        {
            return default;
        }

        var verb = text[..open].TrimEnd();
        var inside = text[(open + 1)..^1].Trim();
        return verb switch
        {
            "submit" when inside.Length == 0 => new(SqlActionKind.Submit, ""),
            "execute" when inside.Length > 0 => new(SqlActionKind.Execute, inside),
            _ => default,
        };
    }
}
