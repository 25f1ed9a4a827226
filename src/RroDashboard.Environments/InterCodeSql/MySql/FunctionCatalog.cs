namespace RroDashboard.Environments.InterCodeSql.MySql;

/// <summary>
/// MySQL's native functions by name: how many arguments, how each is read, and the type of the result. Those with a
/// <see cref="Run"/> are called back from SQLite under the name "my_...", the others the writer puts in SQL itself.
/// </summary>
/// <param name="Min">Fewest arguments.</param>
/// <param name="Max">Most arguments.</param>
/// <param name="Reads">One letter per argument, the last one for all that follow: t text, n number, d date or datetime, v as it is.</param>
/// <param name="Result">Type from the arguments.</param>
/// <param name="Run">The function on long, double, string or null; null when the writer has its own form.</param>
/// <param name="TakesNull">False: the result is NULL as soon as an argument is.</param>
internal sealed record FunctionSpec(
    int Min, int Max, string Reads, Func<IReadOnlyList<Expr>, SqlType> Result, Func<object?[], object?>? Run, bool TakesNull = false);

internal static class FunctionCatalog
{
    private static readonly Dictionary<string, FunctionSpec> s_functions = MySqlFunctions.All();

    public static IEnumerable<KeyValuePair<string, FunctionSpec>> Functions => s_functions;

    public static bool IsKnown(string name) => s_functions.ContainsKey(name);

    public static FunctionSpec Find(string name) => s_functions[name];

    public static SqlType TypeOf(Call call) => s_functions[call.Name].Result(call.Arguments);

    /// <exception cref="MySqlException">There is no such function, or it takes another number of arguments.</exception>
    public static void CheckCall(Call call, string database)
    {
        if (!s_functions.TryGetValue(call.Name, out var spec))
        {
            var written = call.Written ?? call.Name;
            throw new MySqlException(ReservedWords.NeedsParenthesis(call.Name)
                ? $"FUNCTION {SqlName.Lower(database)}.{written} does not exist. Check the 'Function Name Parsing and Resolution' section in the Reference Manual"
                : $"FUNCTION {SqlName.Lower(database)}.{written} does not exist");
        }

        if (call.Arguments.Count < spec.Min || call.Arguments.Count > spec.Max)
        {
            throw new MySqlException($"Incorrect parameter count in the call to native function '{call.Written ?? call.Name}'");
        }
    }
}
