using System.Data.Common;

namespace RroDashboard.Data;

/// <summary>
/// Commands of one connection, each prepared once and run many times: rows by the hundred thousand go past EF. Parameters are $p0, $p1, .. in
/// the order of the values.
/// </summary>
internal sealed class PreparedCommands(DbConnection connection) : IDisposable
{
    private readonly Dictionary<string, DbCommand> _commands = new(StringComparer.Ordinal);

    /// <summary>Runs a statement; gives the number of rows that it changed.</summary>
    public int Execute(DbTransaction? transaction, string sql, params ReadOnlySpan<object?> values) => Prepare(transaction, sql, values).ExecuteNonQuery();

    /// <summary>Runs a query; gives its first value.</summary>
    public object? Scalar(DbTransaction? transaction, string sql, params ReadOnlySpan<object?> values) => Prepare(transaction, sql, values).ExecuteScalar();

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var command in _commands.Values)
        {
            command.Dispose();
        }
    }

    private DbCommand Prepare(DbTransaction? transaction, string sql, ReadOnlySpan<object?> values)
    {
        if (!_commands.TryGetValue(sql, out var command))
        {
            command = connection.CreateCommand();
            command.CommandText = sql;
            for (var i = 0; i < values.Length; i++)
            {
                var parameter = command.CreateParameter();
                parameter.ParameterName = FormattableString.Invariant($"$p{i}");
                command.Parameters.Add(parameter);
            }

            _commands[sql] = command;
        }

        command.Transaction = transaction;
        for (var i = 0; i < values.Length; i++)
        {
            command.Parameters[i].Value = values[i] ?? DBNull.Value;
        }

        return command;
    }
}
