namespace RroDashboard.Environments.InterCodeSql;

/// <summary>One dialogue with a database (environments.md B1, B6): <c>execute[ SQL ]</c> or <c>submit[ ]</c>.</summary>
public sealed class SqlEpisode : IEpisode
{
    private const string Execute = "execute[";
    private const string Invalid = "invalid action";

    private readonly InterCodeSqlEnvironment _environment;
    private string[] _actions = [];

    internal SqlEpisode(InterCodeSqlEnvironment environment, AgentTask task, SpiderTask spider)
    {
        (_environment, Task, Spider, Observation) = (environment, task, spider, task.Instruction);
    }

    private SqlEpisode(SqlEpisode other)
    {
        (_environment, Task, Spider, Observation, _actions) = (other._environment, other.Task, other.Spider, other.Observation, other._actions);
        (Answer, Finished, Reward, InvalidActions, LastActionInvalid) = (other.Answer, other.Finished, other.Reward, other.InvalidActions, other.LastActionInvalid);
    }

    /// <inheritdoc/>
    public AgentTask Task { get; }

    /// <summary>The record behind the task.</summary>
    public SpiderTask Spider { get; }

    /// <inheritdoc/>
    public IReadOnlyList<string> Actions => _actions;

    /// <inheritdoc/>
    public string Observation { get; private set; }

    /// <inheritdoc/>
    public bool Finished { get; private set; }

    /// <inheritdoc/>
    public double Reward { get; private set; }

    /// <inheritdoc/>
    public int InvalidActions { get; private set; }

    /// <inheritdoc/>
    public bool LastActionInvalid { get; private set; }

    /// <summary>What the last statement gave: what a submit would be scored by. Null before the first.</summary>
    public SqlAnswer? Answer { get; private set; }

    /// <inheritdoc/>
    public string StateKey => Finished
        ? FormattableString.Invariant($"end {Reward:R}")
        : $"{LastActionInvalid}|{Answer?.Error}|{(Answer?.Rows is { } rows ? string.Join('\n', rows) : "-")}";

    /// <inheritdoc/>
    public void Step(string action)
    {
        ArgumentNullException.ThrowIfNull(action);
        if (Finished)
        {
            throw new InvalidOperationException("The episode is finished.");
        }

        _actions = [.. _actions, action];
        LastActionInvalid = false;
        if (IsSubmit(action))
        {
            (Finished, Observation) = (true, "");
            Reward = InterCodeReward.Score(Answer?.Rows, _environment.GoldRows(Spider));
            return;
        }

        if (SqlOf(action) is { } sql)
        {
            Answer = _environment.Execute(Spider.Database, sql);
            Observation = Cut(Answer switch
            {
                { Rows: { } rows } => PythonText.List(rows),
                { Error: { } error } => "Error executing query: " + error,
                _ => PythonText.None,
            });
        }
        else
        {
            LastActionInvalid = true;
            InvalidActions++;
            Observation = Invalid;
        }

        if (_actions.Length >= _environment.MaxSteps)
        {
            (Finished, Reward, Observation) = (true, 0, "");
        }
    }

    /// <inheritdoc/>
    public IEpisode Fork() => new SqlEpisode(this);

    /// <summary>The statement of an action: between the brackets, up to a semicolon; null when there is none.</summary>
    internal static string? SqlOf(string action)
    {
        var text = action.Trim();
        var end = text.LastIndexOf(']');
        if (!text.StartsWith(Execute, StringComparison.Ordinal) || end < Execute.Length)
        {
            return null;
        }

        var sql = text[Execute.Length..end].Split(';')[0].Trim();
        return sql.Length == 0 ? null : sql;
    }

    private static bool IsSubmit(string action) => action.Trim() is "submit" or "submit[ ]" or "submit[]";

    private static string Cut(string text) => text.Length <= InterCodeSqlEnvironment.MaxObservationCharacters
        ? text
        : text[..InterCodeSqlEnvironment.MaxObservationCharacters] + "...";
}
