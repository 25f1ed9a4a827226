using RroDashboard.Core.Rewards;

namespace RroDashboard.Environments.WebShop.Training;

/// <summary>
/// One visit to the shop in compact text (learning.md 16.3). Searching, opening, choosing and buying do what they do on the pages of
/// <see cref="ShopSite"/>; sub-pages and further result pages are left out.
/// </summary>
public sealed class CompactEpisode : IEpisode
{
    private const string Invalid = "<inv>";
    private const string Prev = "<prev>";
    private const string BuyMark = "<buy>";

    private readonly WebShopEnvironment _shop;
    private string[] _actions;
    private IReadOnlyList<ChosenOption> _chosen;

    internal CompactEpisode(WebShopEnvironment shop, AgentTask task, ShopTask wanted)
    {
        (_shop, Task, Wanted, Observation, _actions, _chosen, Hits, Opened) = (shop, task, wanted, task.Instruction, [], [], [], []);
    }

    private CompactEpisode(CompactEpisode other)
    {
        (_shop, Task, Wanted, Observation, _actions, _chosen) = (other._shop, other.Task, other.Wanted, other.Observation, other._actions, other._chosen);
        (Hits, Item, Opened, Finished, Reward) = (other.Hits, other.Item, other.Opened, other.Finished, other.Reward);
        (InvalidActions, LastActionInvalid, Purchase) = (other.InvalidActions, other.LastActionInvalid, other.Purchase);
    }

    /// <inheritdoc/>
    public AgentTask Task { get; }

    /// <summary>What the task asks for.</summary>
    public ShopTask Wanted { get; }

    /// <inheritdoc/>
    public IReadOnlyList<string> Actions => _actions;

    /// <inheritdoc/>
    public string Observation { get; private set; }

    /// <inheritdoc/>
    public bool Finished { get; private set; }

    /// <inheritdoc/>
    public double Reward { get; private set; }

    /// <inheritdoc/>
    public int InvalidActions { get; private set; }

    /// <inheritdoc/>
    public bool LastActionInvalid { get; private set; }

    /// <summary>How the reward came about; null until something was bought.</summary>
    public PurchaseReward? Purchase { get; private set; }

    /// <summary>Rows that can be clicked; at most ten.</summary>
    public IReadOnlyList<Product> Hits { get; private set; }

    /// <summary>The open item, or null.</summary>
    public Product? Item { get; private set; }

    /// <summary>Items opened since the last search, in order: what a shopper remembers.</summary>
    public IReadOnlyList<Product> Opened { get; private set; }

    /// <inheritdoc/>
    public IReadOnlyList<RewardPart> Explanation => Purchase?.Explain() ?? [];

    /// <inheritdoc/>
    public AllowedActions Allowed => Item is { } item ? _shop.ItemActions(item) : WebShopEnvironment.RowActions(Hits.Count);

    /// <inheritdoc/>
    public string StateKey => Finished
        ? FormattableString.Invariant($"end {Reward:R}")
        : $"{Observation}|{string.Join(',', Hits.Select(h => h.Asin))}|{Item?.Asin}|{string.Join(',', _chosen.OrderBy(o => o.Name, StringComparer.Ordinal).Select(o => $"{o.Name}={o.Value}"))}";

    /// <inheritdoc/>
    public void Step(string action)
    {
        ArgumentNullException.ThrowIfNull(action);
        if (Finished)
        {
            throw new InvalidOperationException("The episode is finished.");
        }

        _actions = [.. _actions, action];
        var answer = Act(action.Trim());
        LastActionInvalid = answer is null;
        InvalidActions += answer is null ? 1 : 0;
        Observation = answer ?? Invalid;
        if (!Finished && _actions.Length >= _shop.MaxSteps)
        {
            (Finished, Reward, Observation) = (true, 0, "");
        }
    }

    /// <inheritdoc/>
    public IEpisode Fork() => new CompactEpisode(this);

    internal static string Search(string query) => $"search[ {query} ]";

    internal static string Click(string what) => $"click[ {what} ]";

    internal static string Buy { get; } = Click(BuyMark);

    internal static string Back { get; } = Click(Prev);

    // The answer, or null when the action does not parse or is not possible here.
    private string? Act(string action)
    {
        const string SearchWord = "search[";
        const string ClickWord = "click[";
        if (!action.EndsWith(']'))
        {
            return null;
        }

        if (action.StartsWith(SearchWord, StringComparison.Ordinal))
        {
            var query = action[SearchWord.Length..^1].Trim();
            return query.Length == 0 ? null : Find(query);
        }

        return action.StartsWith(ClickWord, StringComparison.Ordinal) ? Press(action[ClickWord.Length..^1].Trim()) : null;
    }

    private string Find(string query)
    {
        (Hits, Item, _chosen, Opened) = (_shop.Find(query), null, [], []);
        return _shop.Text.Results(Hits);
    }

    private string? Press(string target)
    {
        if (Item is not { } item)
        {
            var row = Hits.Select((product, i) => (product, Mark: CompactText.Row(i + 1))).FirstOrDefault(r => r.Mark == target);
            return row.product is null ? null : Open(row.product);
        }

        switch (target)
        {
            case Prev:
                (Item, _chosen) = (null, []);
                return "<back>";
            case BuyMark:
                Purchase = _shop.Score(item, Wanted.Goal, _chosen);
                (Finished, Reward) = (true, Purchase.Reward);
                return "";
            default:
                return Choose(item, target) ? "<ok>" : null;
        }
    }

    private string Open(Product product)
    {
        (Item, _chosen, Opened) = (product, [], [.. Opened, product]);
        return CompactText.Item(product, Wanted.Goal);
    }

    // A value that two options offer is the last one's, as on the page, where a later entry replaces an earlier one.
    private bool Choose(Product item, string value)
    {
        if (item.Options.LastOrDefault(o => o.Values.Contains(value, StringComparer.Ordinal)) is not { } option)
        {
            return false;
        }

        _chosen = [.. _chosen.Where(c => c.Name != option.Name), new ChosenOption(option.Name, value)];
        return true;
    }
}
