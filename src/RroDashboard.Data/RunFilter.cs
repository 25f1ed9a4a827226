using System.Globalization;
using System.Linq.Expressions;
using Microsoft.EntityFrameworkCore;
using RroDashboard.Core.Events;
using RroDashboard.Core.Plans;
using RroDashboard.Data.Entities;

namespace RroDashboard.Data;

/// <summary>A filter was refused. The message is one sentence for the person who typed it: what, where, what is allowed.</summary>
public sealed class RunFilterException(string message) : Exception(message);

/// <summary>
/// The filter of the list of runs: <c>env:webshop state:running,queued tag:baseline reward&gt;0.6 -"old one"</c>. All terms have to hold. Fields and
/// operators are a fixed list, and every value ends as a parameter of a query: nothing typed here is ever evaluated.
/// </summary>
public sealed class RunFilter
{
    /// <summary>Longest filter; an address takes little more.</summary>
    public const int MaxLength = 500;

    /// <summary>Most terms.</summary>
    public const int MaxTerms = 20;

    private static readonly string[] s_operators = [":", ">=", "<=", "!=", "=", ">", "<"];

    private static readonly Dictionary<string, Expression<Func<RunEntity, double?>>> s_numbers = new(StringComparer.OrdinalIgnoreCase)
    {
        ["reward"] = r => r.After ?? r.Before,
        ["before"] = r => r.Before,
        ["gain"] = r => r.After - r.Before,
        ["candidates"] = r => RroDbContext.JsonNumber(r.BudgetJson, "$.candidates") * 1.0 / RroDbContext.JsonNumber(r.BudgetJson, "$.steps"),
        ["saved"] = r => 100 - (100.0 * RroDbContext.JsonNumber(r.BudgetJson, "$.candidates")
            / (RroDbContext.JsonNumber(r.BudgetJson, "$.steps") * RroDbContext.JsonNumber(r.SettingsJson, "$.\"Explore.MaxCandidates\""))),
        ["pairs"] = r => RroDbContext.JsonNumber(r.BudgetJson, "$.pairs"),
        ["rollouts"] = r => RroDbContext.JsonNumber(r.BudgetJson, "$.rollouts"),
        ["seed"] = r => RroDbContext.JsonNumber(r.SettingsJson, "$.Seed") * 1.0,
    };

    private static readonly string[] s_words = ["state", "env", "preset", "tag", "name", "owner", "id", "is", "age"];

    private static readonly Dictionary<string, string> s_environments = new(StringComparer.OrdinalIgnoreCase)
    {
        ["minishop"] = nameof(EnvironmentKind.MiniShop),
        ["webshop"] = nameof(EnvironmentKind.WebShop),
        ["intercodesql"] = nameof(EnvironmentKind.InterCodeSql),
        ["sql"] = nameof(EnvironmentKind.InterCodeSql),
    };

    private readonly List<Expression<Func<RunEntity, bool>>> _terms = [];
    private bool _says;

    private RunFilter()
    {
    }

    /// <summary>Fields that can be named, in words, for the help beside the box.</summary>
    public static string Help { get; } =
        $"Fields: {string.Join(", ", s_words)}, {string.Join(", ", s_numbers.Keys)}, and every setting by its path (Explore.Rollouts:3). "
        + "Operators: ':' for words, '=', '!=', '<', '<=', '>', '>=' for numbers. A comma means 'or', a leading '-' means 'not', quotes keep blanks together.";

    /// <summary>Number of terms.</summary>
    public int Terms => _terms.Count;

    /// <summary>Reads a filter; an empty one lets every run through that is not archived.</summary>
    /// <param name="text">What was typed.</param>
    /// <param name="now">What "age" counts from.</param>
    /// <exception cref="RunFilterException">The first thing that is wrong.</exception>
    public static RunFilter Parse(string? text, DateTimeOffset now)
    {
        var filter = new RunFilter();
        text ??= "";
        if (text.Length > MaxLength)
        {
            throw new RunFilterException($"The filter has {text.Length} characters: at most {MaxLength} are allowed.");
        }

        if (text.Any(char.IsControl))
        {
            throw new RunFilterException("The filter has a control character: write it in letters, digits and signs.");
        }

        var at = 0;
        while (true)
        {
            while (at < text.Length && char.IsWhiteSpace(text[at]))
            {
                at++;
            }

            if (at >= text.Length)
            {
                break;
            }

            if (filter._terms.Count == MaxTerms)
            {
                throw new RunFilterException($"The filter has more than {MaxTerms} terms: leave some out.");
            }

            var term = filter.Term(text, ref at, now);
            filter._terms.Add(term);
        }

        if (!filter._says)
        {
            filter._terms.Add(r => r.ArchivedTicks == null);
        }

        return filter;
    }

    /// <summary>The runs that it lets through.</summary>
    public IQueryable<RunEntity> Apply(IQueryable<RunEntity> runs) => _terms.Aggregate(runs, (query, term) => query.Where(term));

    private Expression<Func<RunEntity, bool>> Term(string text, ref int at, DateTimeOffset now)
    {
        var start = at;
        var not = text[at] == '-' && at + 1 < text.Length && !char.IsWhiteSpace(text[at + 1]);
        at += not ? 1 : 0;
        var fieldStart = at;
        while (at < text.Length && (char.IsAsciiLetterOrDigit(text[at]) || text[at] == '.'))
        {
            at++;
        }

        var field = text[fieldStart..at];
        var rest = text[at..];
        var operation = field.Length == 0 ? null : s_operators.FirstOrDefault(o => rest.StartsWith(o, StringComparison.Ordinal));
        if (operation is null)
        {
            at = fieldStart;
            var word = Value(text, ref at, start);
            return Maybe(not, Anywhere(word));
        }

        at += operation.Length;
        if (at >= text.Length || char.IsWhiteSpace(text[at]))
        {
            throw new RunFilterException($"'{field}{operation}' at character {start + 1} has no value: write it without a blank, for example {field}{operation}{(s_numbers.ContainsKey(field) ? "0.6" : "running")}.");
        }

        return Maybe(not, Field(field, operation, Value(text, ref at, start), start, now));
    }

    private static string Value(string text, ref int at, int start)
    {
        if (text[at] != '"')
        {
            var from = at;
            while (at < text.Length && !char.IsWhiteSpace(text[at]))
            {
                at++;
            }

            return text[from..at];
        }

        var end = text.IndexOf('"', at + 1);
        if (end < 0)
        {
            throw new RunFilterException($"The quote at character {at + 1} is not closed: end it with another \".");
        }

        var value = text[(at + 1)..end];
        at = end + 1;
        if (value.Trim().Length == 0)
        {
            throw new RunFilterException($"The quotes at character {start + 1} hold nothing: write what to look for between them.");
        }

        return value;
    }

    private Expression<Func<RunEntity, bool>> Field(string field, string operation, string value, int start, DateTimeOffset now)
    {
        if (s_numbers.TryGetValue(field, out var number))
        {
            return Compare(number, operation, Number(field, value, start));
        }

        if (field.Equals("age", StringComparison.OrdinalIgnoreCase))
        {
            return Age(operation, value, start, now);
        }

        if (!s_words.Contains(field, StringComparer.OrdinalIgnoreCase))
        {
            return Setting(field, operation, value, start);
        }

        if (operation is not (":" or "=" or "!="))
        {
            throw new RunFilterException($"'{field}{operation}{value}' at character {start + 1} compares a word: write {field}:{value} instead.");
        }

        var any = value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(v => Word(field.ToLowerInvariant(), v, start)).ToArray();
        if (any.Length == 0)
        {
            throw new RunFilterException($"'{field}{operation}{value}' at character {start + 1} names nothing: write a word after the sign.");
        }

        return Maybe(operation == "!=", any.Aggregate(Or));
    }

    private Expression<Func<RunEntity, bool>> Word(string field, string value, int start)
    {
        switch (field)
        {
            case "state":
                if (value.Equals("crashed", StringComparison.OrdinalIgnoreCase))
                {
                    return r => r.State == RunState.Interrupted && r.Crashed;
                }

                var state = Enum.GetValues<RunState>().Cast<RunState?>().FirstOrDefault(s => s.ToString()!.Equals(value, StringComparison.OrdinalIgnoreCase))
                    ?? throw Unknown(field, value, start, [.. Enum.GetNames<RunState>(), "Crashed"]);
                return state == RunState.Interrupted ? r => r.State == RunState.Interrupted && !r.Crashed : r => r.State == state;
            case "env":
                var environment = s_environments.GetValueOrDefault(value) ?? throw Unknown(field, value, start, [.. s_environments.Keys]);
                return r => RroDbContext.JsonText(r.SettingsJson, "$.\"Environment.Name\"") == environment;
            case "is":
                _says = true;
                return value.ToUpperInvariant() switch
                {
                    "ARCHIVED" => r => r.ArchivedTicks != null,
                    "ANY" => r => true,
                    _ => throw Unknown(field, value, start, ["archived", "any"]),
                };
            case "preset":
                var preset = value.ToLowerInvariant();
                return r => r.Preset == preset;
            case "tag":
                var tag = $" {value.ToLowerInvariant()} ";
                return r => r.Tags.Contains(tag);
            case "owner":
                var owner = Like(value)[1..^1];
                return r => EF.Functions.Like(r.Owner, owner, "\\");
            case "id":
                var id = value.ToLowerInvariant();
                return r => r.Id.StartsWith(id);
            default:
                var pattern = Like(value);
                return r => EF.Functions.Like(r.Name, pattern, "\\");
        }
    }

    private static Expression<Func<RunEntity, bool>> Anywhere(string word)
    {
        var pattern = Like(word);
        return r => EF.Functions.Like(r.Name, pattern, "\\") || EF.Functions.Like(r.Id, pattern, "\\") || EF.Functions.Like(r.Preset, pattern, "\\")
            || EF.Functions.Like(r.Tags, pattern, "\\") || EF.Functions.Like(r.Notes, pattern, "\\");
    }

    // A setting by its path, out of the catalogue: the path in the query is the catalogue's, not what was typed.
    private static Expression<Func<RunEntity, bool>> Setting(string field, string operation, string value, int start)
    {
        if (PlanSettings.All.FirstOrDefault(s => s.Path.Equals(field, StringComparison.OrdinalIgnoreCase)) is not { } setting)
        {
            throw new RunFilterException($"There is no field '{field}' (character {start + 1}). {Help}");
        }

        var path = $"$.\"{setting.Path}\"";
        if (setting.Type == typeof(int) || setting.Type == typeof(long) || setting.Type == typeof(double))
        {
            return Compare(r => RroDbContext.JsonNumber(r.SettingsJson, path) * 1.0, operation, Number(field, value, start));
        }

        if (operation is not (":" or "=" or "!="))
        {
            throw new RunFilterException($"'{field}{operation}{value}' at character {start + 1} compares a word: write {setting.Path}:{value} instead.");
        }

        var like = Like(value)[1..^1];
        return Maybe(operation == "!=", r => EF.Functions.Like(RroDbContext.JsonText(r.SettingsJson, path)!, like, "\\"));
    }

    private static Expression<Func<RunEntity, bool>> Age(string operation, string value, int start, DateTimeOffset now)
    {
        var unit = value[^1] switch { 'm' => TimeSpan.FromMinutes(1), 'h' => TimeSpan.FromHours(1), 'd' => TimeSpan.FromDays(1), 'w' => TimeSpan.FromDays(7), _ => TimeSpan.Zero };
        if (unit == TimeSpan.Zero || operation is not ("<" or "<=" or ">" or ">=")
            || !double.TryParse(value[..^1], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var count) || count > 100_000)
        {
            throw new RunFilterException($"'age{operation}{value}' at character {start + 1} is no age: write for example age<30m, age<12h, age<7d or age>4w.");
        }

        var limit = (now - (unit * Math.Min(count, now.Ticks / (double)unit.Ticks / 2))).UtcTicks;
        return operation[0] == '<' ? r => r.CreatedTicks >= limit : r => r.CreatedTicks <= limit;
    }

    private static double Number(string field, string value, int start) =>
        double.TryParse(value.TrimEnd('%'), NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number)
            ? number
            : throw new RunFilterException($"'{field}' at character {start + 1} is a number, and '{value}' is none: write for example {field}>0.6.");

    private static Expression<Func<RunEntity, bool>> Compare(Expression<Func<RunEntity, double?>> left, string operation, double right)
    {
        // The value goes in as a field of an object, as the compiler does it: a parameter of the query.
        var value = Expression.Convert(Expression.Field(Expression.Constant(new Holder { Number = right }), nameof(Holder.Number)), typeof(double?));
        var body = operation switch
        {
            "<" => Expression.LessThan(left.Body, value),
            "<=" => Expression.LessThanOrEqual(left.Body, value),
            ">" => Expression.GreaterThan(left.Body, value),
            ">=" => Expression.GreaterThanOrEqual(left.Body, value),
            "!=" => Expression.NotEqual(left.Body, value),
            _ => Expression.Equal(left.Body, value),
        };
        return Expression.Lambda<Func<RunEntity, bool>>(body, left.Parameters);
    }

    private static Expression<Func<RunEntity, bool>> Maybe(bool not, Expression<Func<RunEntity, bool>> term) =>
        not ? Expression.Lambda<Func<RunEntity, bool>>(Expression.Not(term.Body), term.Parameters) : term;

    private static Expression<Func<RunEntity, bool>> Or(Expression<Func<RunEntity, bool>> a, Expression<Func<RunEntity, bool>> b) =>
        Expression.Lambda<Func<RunEntity, bool>>(Expression.OrElse(a.Body, new Rename(b.Parameters[0], a.Parameters[0]).Visit(b.Body)), a.Parameters);

    private static string Like(string value) =>
        "%" + value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("%", "\\%", StringComparison.Ordinal).Replace("_", "\\_", StringComparison.Ordinal) + "%";

    private static RunFilterException Unknown(string field, string value, int start, IReadOnlyList<string> allowed) =>
        new($"'{field}:{value}' at character {start + 1} is not known: {field} is one of {string.Join(", ", allowed.Select(a => a.ToLowerInvariant()))}.");

    private sealed class Holder
    {
        public double Number;
    }

    private sealed class Rename(ParameterExpression from, ParameterExpression to) : ExpressionVisitor
    {
        protected override Expression VisitParameter(ParameterExpression node) => node == from ? to : node;
    }
}
