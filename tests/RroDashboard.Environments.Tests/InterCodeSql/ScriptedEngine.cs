using RroDashboard.Environments.InterCodeSql;

namespace RroDashboard.Environments.Tests.InterCodeSql;

/// <summary>Answers from a list, as the scripted cursor did with which the loop goldens were made.</summary>
public sealed class ScriptedEngine(IReadOnlyDictionary<string, SqlAnswer> script) : ISqlEngine
{
    public bool Disposed { get; private set; }

    public SqlAnswer Execute(string database, string sql, SqlLimits limits) =>
        script.TryGetValue(sql, out var answer) ? answer : SqlAnswer.Failed("not in the script: " + sql);

    public void Dispose() => Disposed = true;
}
