using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace RroDashboard.Environments.WebShop;

/// <summary>An option value that was clicked.</summary>
/// <param name="Name">Lower-case.</param>
/// <param name="Value">As the product has it.</param>
public sealed record ChosenOption(string Name, string Value);

/// <summary>
/// Everything a shopper has done that matters later (environments.md A1, A4). A value: a step makes a new one, so a fork is
/// another reference to it.
/// </summary>
public sealed record ShopSession
{
    internal const string StartView = "start";
    internal const string ResultsView = "results";
    internal const string ItemView = "item";
    internal const string DoneView = "done";

    internal ShopSession()
    {
    }

    /// <summary>Part of every address.</summary>
    public required string Id { get; init; }

    /// <summary>What is to be bought; stays for the life of the session.</summary>
    public required Goal Goal { get; init; }

    /// <summary>The page that is open.</summary>
    public required ShopPage Page { get; init; }

    /// <summary>Which page that is: "start", "results", "item", "done", or the name of a sub page, for example "Features".</summary>
    public required string View { get; init; }

    /// <summary>Its address. It decides what "&lt; Prev" means, and which options <c>text_rich</c> shows as clicked.</summary>
    public required string Url { get; init; }

    /// <summary>Words of the last search, as split at single blanks; null before any.</summary>
    public IReadOnlyList<string>? Keywords { get; init; }

    /// <summary>Page of the results, mostly from 1; null before any search.</summary>
    public int? PageNumber { get; init; }

    /// <summary>The product that is open or was bought; null on results and start pages.</summary>
    public string? Asin { get; init; }

    /// <summary>Products opened since the last reset.</summary>
    public ImmutableHashSet<string> VisitedAsins { get; init; } = [];

    /// <summary>In the order in which their names were first clicked.</summary>
    public IReadOnlyList<ChosenOption> Options { get; init; } = [];

    /// <summary>All results of the last search, for paging; they follow from <see cref="Keywords"/>.</summary>
    internal IReadOnlyList<Product> Hits { get; init; } = [];

    /// <summary>
    /// Equal for two sessions of one task exactly when the page and everything that can still happen to it are the same; the
    /// order in which options were clicked is left out, because no page and no score depends on it. So are the products
    /// visited, which only the rich observation shows.
    /// </summary>
    public string StateKey
    {
        get
        {
            var key = new StringBuilder(View).Append('\n').Append(Asin).Append('\n');
            foreach (var option in Options.OrderBy(o => o.Name, StringComparer.Ordinal))
            {
                key.Append(option.Name).Append('\u001f').Append(option.Value).Append('\u001e');
            }

            // After a purchase only a new search is left, and it asks for neither.
            if (Keywords is not null && View != DoneView)
            {
                key.Append('\n').Append(CultureInfo.InvariantCulture, $"{PageNumber}").Append('\n').AppendJoin(' ', Keywords);
            }

            return key.ToString();
        }
    }

    /// <summary>A session on its start page.</summary>
    /// <param name="id">Part of the addresses; in the original's own runs a number as text.</param>
    /// <param name="goal">Its instruction is on every page but the last.</param>
    public static ShopSession Open(string id, Goal goal)
    {
        ArgumentException.ThrowIfNullOrEmpty(id);
        ArgumentNullException.ThrowIfNull(goal);
        return new() { Id = id, Goal = goal, View = StartView, Page = ShopPages.Start(goal.InstructionText), Url = $"{ShopSite.BaseUrl}/{id}" };
    }
}

/// <summary>What a step led to.</summary>
/// <param name="Session">The same object where the action did nothing.</param>
/// <param name="Reward">0 to 1 for a purchase, else 0.</param>
/// <param name="Done">Something was bought. The session still answers; its end page accepts searches only.</param>
/// <param name="Acted">False where the action was not possible on that page.</param>
public readonly record struct ShopStep(ShopSession Session, double Reward, bool Done, bool Acted);
