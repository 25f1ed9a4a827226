namespace RroDashboard.Environments.InterCodeSql;

/// <summary>What the loop answers.</summary>
/// <param name="Observation">Python text of the rows, "None" without a result set, or an error text.</param>
/// <param name="Reward">0 until submitted; then -1 to 1.</param>
/// <param name="Done">Submitted or skipped. It may go on all the same, and be submitted again.</param>
/// <param name="Executed">The statement ran.</param>
public sealed record LoopStep(string Observation, double Reward, bool Done, bool Executed);

/// <summary>One SQL task, seen as texts: what a conversation is held about.</summary>
public interface ISqlTask
{
    /// <summary>What is asked.</summary>
    string Question { get; }

    /// <summary>Runs a statement, submits or skips.</summary>
    LoopStep Step(string action);
}

/// <summary>
/// The loop of InterCode-SQL itself (environments.md B1): any text is a statement, except "skip" and what begins with "submit".
/// The answer that is scored is the last observation, whatever it was.
/// </summary>
/// <remarks>Departure: statements only read, so an agent cannot change what a later task sees.</remarks>
public sealed class InterCodeLoop(ISqlEngine engine, InterCodeRecord record, SqlLimits limits) : ISqlTask
{
    /// <summary>Begins the action that ends the task.</summary>
    public const string Submit = "submit";

    private const string Skip = "skip";

    private SqlAnswer _last = SqlAnswer.None;

    /// <inheritdoc/>
    public string Question { get; } = record.Question;

    /// <summary>The gold statement failed or has no result set; then an empty answer pays 1. Known after a submission.</summary>
    public bool? CorruptGold { get; private set; }

    /// <inheritdoc/>
    public LoopStep Step(string action)
    {
        ArgumentNullException.ThrowIfNull(action);
        if (action == Skip)
        {
            return new("skipped", 0, true, Executed: true);
        }

        if (action.StartsWith(Submit, StringComparison.Ordinal))
        {
            var gold = engine.Execute(record.Database, record.Gold, limits);
            CorruptGold = gold.Rows is null;
            return new(Text(_last), InterCodeReward.Score(_last.Rows, gold.Rows), true, Executed: _last.Error is null);
        }

        _last = engine.Execute(record.Database, action, limits);
        return new(Text(_last), 0, false, Executed: _last.Error is null);
    }

    private static string Text(SqlAnswer answer) => answer switch
    {
        { Error: { } error } => "Error executing query: " + error,
        { Rows: { } rows } => PythonText.List(rows),
        _ => "None",
    };
}
