using System.Linq.Expressions;
using RroDashboard.Core.Events;
using RroDashboard.Data.Entities;

namespace RroDashboard.Data;

/// <summary>
/// Order of the list of runs: a key of a fixed list, down with a leading '-'. Runs that have no such number come last either way, and equal ones
/// in the order in which they were added, newest first, so that pages never overlap.
/// </summary>
/// <param name="Key">One of <see cref="Keys"/>.</param>
/// <param name="Down">Largest first.</param>
public sealed record RunSort(string Key, bool Down)
{
    private static readonly Dictionary<string, Expression<Func<RunEntity, double?>>> s_numbers = new(StringComparer.Ordinal)
    {
        ["added"] = r => r.CreatedTicks,
        ["reward"] = r => r.After ?? r.Before,
        ["gain"] = r => r.After - r.Before,
        ["candidates"] = r => RroDbContext.JsonNumber(r.BudgetJson, "$.candidates") * 1.0 / RroDbContext.JsonNumber(r.BudgetJson, "$.steps"),
        ["saved"] = r => 1 - (1.0 * RroDbContext.JsonNumber(r.BudgetJson, "$.candidates")
            / (RroDbContext.JsonNumber(r.BudgetJson, "$.steps") * RroDbContext.JsonNumber(r.SettingsJson, "$.\"Explore.MaxCandidates\""))),
        ["pairs"] = r => RroDbContext.JsonNumber(r.BudgetJson, "$.pairs"),
        ["rollouts"] = r => RroDbContext.JsonNumber(r.BudgetJson, "$.rollouts"),
        ["time"] = r => r.EndedTicks - r.StartedTicks,
    };

    /// <summary>Newest first.</summary>
    public static RunSort Default { get; } = new("added", true);

    /// <summary>What can be sorted by.</summary>
    public static IReadOnlyList<string> Keys { get; } = [.. s_numbers.Keys, "name", "owner", "state"];

    /// <summary>As it stands in an address.</summary>
    public override string ToString() => Down ? "-" + Key : Key;

    /// <summary>From an address; null or an unknown key gives the default.</summary>
    public static RunSort Parse(string? text) =>
        text?.TrimStart('-') is { } key && Keys.Contains(key, StringComparer.Ordinal) ? new(key, text.StartsWith('-')) : Default;

    /// <summary>The runs in order.</summary>
    public IQueryable<RunEntity> Apply(IQueryable<RunEntity> runs)
    {
        if (Key == "name")
        {
            return (Down ? runs.OrderByDescending(r => r.Name == "" ? r.Preset : r.Name) : runs.OrderBy(r => r.Name == "" ? r.Preset : r.Name)).ThenByDescending(r => r.Key);
        }

        if (Key == "owner")
        {
            return (Down ? runs.OrderByDescending(r => r.Owner) : runs.OrderBy(r => r.Owner)).ThenByDescending(r => r.Key);
        }

        if (Key == "state")
        {
            // In the order of how much they want to be looked at.
            Expression<Func<RunEntity, int>> rank = r =>
                r.State == RunState.Running ? 0 : r.State == RunState.Queued ? 1 : r.State == RunState.Failed ? 2 : r.Crashed ? 3 : r.State == RunState.Interrupted ? 4 : r.State == RunState.Stopped ? 5 : 6;
            return (Down ? runs.OrderByDescending(rank) : runs.OrderBy(rank)).ThenByDescending(r => r.Key);
        }

        var number = s_numbers[Key];
        var missing = Expression.Lambda<Func<RunEntity, bool>>(Expression.Equal(number.Body, Expression.Constant(null, typeof(double?))), number.Parameters);
        var known = runs.OrderBy(missing);
        return (Down ? known.ThenByDescending(number) : known.ThenBy(number)).ThenByDescending(r => r.Key);
    }
}
