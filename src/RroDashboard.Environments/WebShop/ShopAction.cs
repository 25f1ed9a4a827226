namespace RroDashboard.Environments.WebShop;

/// <summary>
/// What an agent wrote, taken apart (environments.md A2): the pattern <c>(.+)\[(.+)\]</c> from the start of the text, greedy,
/// within the first line, whatever follows the last bracket. Where it does not match, the name is the whole text.
/// </summary>
/// <param name="Name">Compared exactly with "search" and "click".</param>
/// <param name="Argument">Lower-case, not stripped, never empty; null where the pattern does not match.</param>
public readonly record struct ShopAction(string Name, string? Argument)
{
    /// <summary>Name of a search.</summary>
    public const string Search = "search";

    /// <summary>Name of a click.</summary>
    public const string Click = "click";

    /// <summary>Every text has a result; one that is no action has a name that nothing answers to.</summary>
    public static ShopAction Parse(string action)
    {
        ArgumentNullException.ThrowIfNull(action);

        // A dot of the pattern does not match a newline, and the match starts at the first character.
        var newline = action.IndexOf('\n', StringComparison.Ordinal);
        var line = newline < 0 ? action : action[..newline];
        var close = line.LastIndexOf(']');

        // Greedy: the last opening bracket that leaves at least one character on either side.
        var open = close < 3 ? -1 : line.LastIndexOf('[', close - 2);
        return open < 1 ? new(action, null) : new(line[..open], ShopText.Lower(line[(open + 1)..close]));
    }
}
