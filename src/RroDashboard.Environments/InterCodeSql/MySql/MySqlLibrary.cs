using SQLitePCL;

namespace RroDashboard.Environments.InterCodeSql.MySql;

/// <summary>MySQL's collation, functions and aggregates on one SQLite connection. An exception in one of them is the statement's error.</summary>
internal sealed class MySqlLibrary
{
    private const int Utf8 = 1, Deterministic = 0x800;
    private const int AnyNumber = -1;

    // RAND: MySQL's own generator, one per place in the statement; a statement gives the same numbers whenever it runs.
    private const long RandomModulus = 0x3FFFFFFF;
    private readonly Dictionary<long, (long First, long Second)> _random = [];

    private MySqlException? _error;

    /// <summary>What a function or aggregate said about the last statement; MySQL's words.</summary>
    public string? Error => _error?.Message;

    /// <summary>Forgets the last statement.</summary>
    public void Begin()
    {
        _error = null;
        _random.Clear();
    }

    public static void AddCollation(sqlite3 connection) =>
        Check(connection, raw.sqlite3__create_collation_utf8(connection, GeneralCi.Name, null, static (_, left, right) => GeneralCi.Compare(left, right)));

    public void AddTo(sqlite3 connection)
    {
        AddCollation(connection);
        foreach (var (name, run) in MySqlFunctions.Internals())
        {
            Add(connection, name, run, Deterministic);
        }

        foreach (var (name, spec) in FunctionCatalog.Functions)
        {
            if (spec.Run is { } run)
            {
                Add(connection, "my_" + name, spec.TakesNull ? run : a => Array.Exists(a, v => v is null) ? null : run(a), Deterministic);
            }
        }

        Add(connection, "my_rand", Random, flags: 0);
        foreach (var (name, make) in MySqlAggregate.All())
        {
            AddAggregate(connection, name, make);
        }
    }

    private void Add(sqlite3 connection, string name, Func<object?[], object?> run, int flags) =>
        Check(connection, raw.sqlite3_create_function(connection, name, AnyNumber, Utf8 | flags, null, (context, _, values) => Guard(context, () => Give(context, run(Take(values))))));

    private void AddAggregate(sqlite3 connection, string name, Func<MySqlAggregate> make) =>
        Check(connection, raw.sqlite3_create_function(
            connection, name, AnyNumber, Utf8, null,
            (context, _, values) => Guard(context, () => ((MySqlAggregate)(context.state ??= make())).Step(Take(values))),
            (context, _) => Guard(context, () => Give(context, ((MySqlAggregate)(context.state ?? make())).Result()))));

    // An exception must not cross SQLite's own frames.
    private void Guard(sqlite3_context context, Action work)
    {
        try
        {
            work();
        }
        catch (MySqlException e)
        {
            _error ??= e;
            raw.sqlite3_result_error(context, e.Message);
        }
        catch (Exception e) when (e is ArithmeticException or ArgumentException or FormatException or InvalidCastException or IndexOutOfRangeException)
        {
            _error ??= new MySqlException($"Incorrect arguments to a function: {e.Message}");
            raw.sqlite3_result_error(context, e.Message);
        }
    }

    private static object?[] Take(sqlite3_value[] values)
    {
        var result = new object?[values.Length];
        for (var i = 0; i < values.Length; i++)
        {
            result[i] = raw.sqlite3_value_type(values[i]) switch
            {
                raw.SQLITE_INTEGER => raw.sqlite3_value_int64(values[i]),
                raw.SQLITE_FLOAT => raw.sqlite3_value_double(values[i]),
                raw.SQLITE_NULL => null,
                _ => raw.sqlite3_value_text(values[i]).utf8_to_string(),
            };
        }

        return result;
    }

    private static void Give(sqlite3_context context, object? value)
    {
        switch (value)
        {
            case null:
                raw.sqlite3_result_null(context);
                break;
            case long number:
                raw.sqlite3_result_int64(context, number);
                break;
            case int number:
                raw.sqlite3_result_int64(context, number);
                break;
            case double number:
                raw.sqlite3_result_double(context, number);
                break;
            case string text:
                raw.sqlite3_result_text(context, text);
                break;
            default:
                throw new InvalidCastException($"a function gave a {value.GetType().Name}");
        }
    }

    private object? Random(object?[] arguments)
    {
        var place = (long)MySqlFunctions.Number(arguments[0]);
        if (!_random.TryGetValue(place, out var state))
        {
            var seed = arguments.Length > 1 ? (long)MySqlFunctions.Number(arguments[1]) : place + 1;
            state = (((seed * 0x10001L) + 55555555L) % RandomModulus, (seed * 0x10000001L) % RandomModulus);
        }

        var first = ((state.First * 3) + state.Second) % RandomModulus;
        _random[place] = (first, (first + state.Second + 33) % RandomModulus);
        return Math.Abs((double)first / RandomModulus);
    }

    private static void Check(sqlite3 connection, int code)
    {
        if (code != raw.SQLITE_OK)
        {
            throw new InvalidOperationException($"SQLite takes no function here: {raw.sqlite3_errmsg(connection).utf8_to_string()}");
        }
    }
}
