using System.Text.RegularExpressions;
using RroDashboard.Core.Plans;

namespace RroDashboard.Web.Components.Exploration;

/// <summary>A product in a list of hits.</summary>
/// <param name="Title">Its words.</param>
/// <param name="Price">As it is shown.</param>
/// <param name="Mark">What a click on it names.</param>
public sealed record ShopRow(string Title, string Price, string Mark);

/// <summary>An option of an item with the values that are offered.</summary>
public sealed record ShopOption(string Name, IReadOnlyList<string> Values);

/// <summary>What an agent in a shop has before it: read from the texts that it read, never from the shop itself.</summary>
/// <param name="Query">Words of the last search.</param>
/// <param name="Rows">Hits that can be clicked; null before the first search.</param>
/// <param name="Item">Text of the open item; null while none is.</param>
/// <param name="Options">Of the open item.</param>
/// <param name="Chosen">Values that were clicked on it.</param>
/// <param name="Note">What the last action did, where it changed no page.</param>
public sealed partial record ShopScreen(
    string Query, IReadOnlyList<ShopRow>? Rows, string? Item, IReadOnlyList<ShopOption> Options, IReadOnlyList<string> Chosen, string Note)
{
    /// <summary>Before the first action: a search box.</summary>
    public static ShopScreen Start { get; } = new("", null, null, [], [], "");

    /// <summary>The screen before each turn; null where there is none, or where it cannot be read.</summary>
    /// <param name="kind">Which environment.</param>
    /// <param name="turns">In order; a text that is cut cannot be read as a page.</param>
    public static IReadOnlyList<ShopScreen?> Before(EnvironmentKind? kind, IEnumerable<(string Action, string Observation, bool Cut)> turns)
    {
        ArgumentNullException.ThrowIfNull(turns);
        var screens = new List<ShopScreen?>();
        var now = kind is null or EnvironmentKind.InterCodeSql ? null : Start;
        foreach (var (action, observation, cut) in turns)
        {
            screens.Add(now);
            now = cut ? null : now?.After(action, observation);
        }

        return screens;
    }

    /// <summary>What a click names, or null for another action.</summary>
    public static string? ClickOf(string action) => ClickAction().Match(action) is { Success: true } click ? click.Groups["what"].Value : null;

    /// <summary>What a search looks for, or null for another action.</summary>
    public static string? SearchOf(string action) => SearchAction().Match(action) is { Success: true } search ? search.Groups["what"].Value : null;

    /// <summary>The screen after an action and its answer; null when the answer cannot be read as a page.</summary>
    public ShopScreen? After(string action, string observation)
    {
        ArgumentNullException.ThrowIfNull(observation);
        var query = SearchOf(action) ?? Query;
        if (ResultsOf(observation) is { } rows)
        {
            return new ShopScreen(query, rows, null, [], [], "");
        }

        if (ItemOf(observation) is { } item)
        {
            return this with { Item = item.Text, Options = item.Options, Chosen = [], Note = "" };
        }

        return observation switch
        {
            "<ok>" => this with { Chosen = [.. Chosen, ClickOf(action) ?? action], Note = "" },
            "<back>" => this with { Item = null, Options = [], Chosen = [], Note = "" },
            "invalid" or "<inv>" => this with { Note = "The last action was not possible here." },
            _ when observation.StartsWith("ok ", StringComparison.Ordinal) => this with { Chosen = [.. Chosen, observation[3..]], Note = "" },
            _ => null,
        };
    }

    private static List<ShopRow>? ResultsOf(string text)
    {
        if (text.StartsWith("results ", StringComparison.Ordinal))
        {
            return [.. PlainRow().Matches(text["results ".Length..]).Select(m => new ShopRow(m.Groups["title"].Value, m.Groups["price"].Value, m.Groups["mark"].Value))];
        }

        return text.StartsWith("<res>", StringComparison.Ordinal)
            ? [.. MarkedRow().Matches(text["<res>".Length..]).Select(m => new ShopRow(m.Groups["title"].Value.Trim(), PriceOf(m.Groups["price"].Value), m.Groups["mark"].Value))]
            : null;
    }

    private static (string Text, IReadOnlyList<ShopOption> Options)? ItemOf(string text)
    {
        if (text.StartsWith("item : ", StringComparison.Ordinal))
        {
            var parts = text["item : ".Length..].Split(" ; ");
            return (parts[0], [.. parts.Skip(1).Select(p => p.Split(' ')).Select(w => new ShopOption(w[0], [.. w.Skip(1)]))]);
        }

        if (!text.StartsWith("<item>", StringComparison.Ordinal))
        {
            return null;
        }

        var options = new List<(string Name, List<string> Values)>();
        foreach (var part in text["<item>".Length..].Replace("<none>", "", StringComparison.Ordinal).Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var colon = part.IndexOf(": ", StringComparison.Ordinal);
            if (colon > 0)
            {
                options.Add((part[..colon], [part[(colon + 2)..]]));
            }
            else if (options.Count > 0)
            {
                options[^1].Values.Add(part);
            }
        }

        return ("The product that was opened", [.. options.Select(o => new ShopOption(o.Name, o.Values))]);
    }

    private static string PriceOf(string mark) => mark == "<pnone>" ? "any price" : $"up to ${mark[2..^1]}";

    [GeneratedRegex(@"^\s*click\[\s*(?<what>.+?)\s*\]\s*$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 500)]
    private static partial Regex ClickAction();

    [GeneratedRegex(@"^\s*search\[\s*(?<what>.+?)\s*\]\s*$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 500)]
    private static partial Regex SearchAction();

    [GeneratedRegex(@"(?<title>\S[^$]*?) (?<price>\$\d+) (?<mark>b\d+)(?= |$)", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 500)]
    private static partial Regex PlainRow();

    [GeneratedRegex(@"(?<title>[^<]+)(?<price><p\w+>) (?<mark><b\d+>)", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 500)]
    private static partial Regex MarkedRow();
}
