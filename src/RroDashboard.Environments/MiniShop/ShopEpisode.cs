using RroDashboard.Core.Rewards;

namespace RroDashboard.Environments.MiniShop;

/// <summary>One visit to the shop (learning.md 2.4). A few references and numbers, so that forking it is cheap.</summary>
public sealed class ShopEpisode : IEpisode
{
    private const string Invalid = "invalid";

    private readonly MiniShopEnvironment _shop;
    private string[] _actions;
    private IReadOnlyList<ShopProduct>? _hits;
    private int _page;

    internal ShopEpisode(MiniShopEnvironment shop, AgentTask task, ShopGoal goal)
    {
        (_shop, Task, Goal, Observation, _actions) = (shop, task, goal, task.Instruction, []);
    }

    private ShopEpisode(ShopEpisode other)
    {
        (_shop, Task, Goal, Observation, _actions) = (other._shop, other.Task, other.Goal, other.Observation, other._actions);
        (_hits, _page, Item, Colour, OptionValue) = (other._hits, other._page, other.Item, other.Colour, other.OptionValue);
        (Finished, Reward, InvalidActions, LastActionInvalid, Opened) = (other.Finished, other.Reward, other.InvalidActions, other.LastActionInvalid, other.Opened);
    }

    /// <inheritdoc/>
    public AgentTask Task { get; }

    /// <summary>What the task asks for.</summary>
    public ShopGoal Goal { get; }

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

    /// <summary>Rows of the current result page; empty before the first search.</summary>
    public IReadOnlyList<ShopProduct> Rows => _hits is null ? [] : [.. _hits.Skip(_page * MiniShopEnvironment.RowsPerPage).Take(MiniShopEnvironment.RowsPerPage)];

    /// <summary>Open item, or null.</summary>
    public ShopProduct? Item { get; private set; }

    /// <summary>Selected colour, or null.</summary>
    public string? Colour { get; private set; }

    /// <summary>Selected option value, or null.</summary>
    public string? OptionValue { get; private set; }

    /// <summary>Items opened so far, in order: what a shopper remembers.</summary>
    public IReadOnlyList<ShopProduct> Opened { get; private set; } = [];

    /// <inheritdoc/>
    public IReadOnlyList<RewardPart> Explanation => Finished && Item is { } bought ? Goal.Explain(bought, Colour, OptionValue) : [];

    /// <inheritdoc/>
    public AllowedActions Allowed => Item is { } item
        ? new([.. ((string[])["back", "buy", .. item.Colours, .. item.OptionValues]).Select(t => $"click[ {t} ]")], [])
        : new(
            _hits is null ? [] : [.. Rows.Select((_, i) => $"click[ b{i + 1} ]"), .. _page < MiniShopEnvironment.Pages - 1 ? ["click[ next ]"] : Array.Empty<string>()],
            ["search["]);

    /// <inheritdoc/>
    public string StateKey => Finished
        ? FormattableString.Invariant($"end {Reward:R}")
        : $"{Observation}|{(_hits is null ? "" : string.Join(',', _hits.Select(h => h.Number)))}|{_page}|{Item?.Number}|{Colour}|{OptionValue}";

    /// <inheritdoc/>
    public void Step(string action)
    {
        ArgumentNullException.ThrowIfNull(action);
        if (Finished)
        {
            throw new InvalidOperationException("The episode is finished.");
        }

        _actions = [.. _actions, action];
        var answer = Act(action.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        LastActionInvalid = answer is null;
        InvalidActions += answer is null ? 1 : 0;
        Observation = answer ?? Invalid;
        if (!Finished && _actions.Length >= _shop.MaxSteps)
        {
            (Finished, Reward, Observation) = (true, 0, "");
        }
    }

    /// <inheritdoc/>
    public IEpisode Fork() => new ShopEpisode(this);

    // The answer, or null when the action does not parse or is not possible here.
    private string? Act(string[] words)
    {
        if (words.Length < 3 || words[^1] != "]" || words.AsSpan(0, words.Length - 1).Contains("]"))
        {
            return null;
        }

        if (words[0] == "search[")
        {
            return Item is null ? Search(words[1..^1]) : null;
        }

        return words[0] == "click[" && words.Length == 3 ? Click(words[1]) : null;
    }

    private string Search(string[] words)
    {
        (_hits, _page) = (_shop.Search(words), 0);
        return ResultPage();
    }

    private string? Click(string target)
    {
        if (Item is null)
        {
            return target switch
            {
                _ when _hits is null => null,
                "next" when _page < MiniShopEnvironment.Pages - 1 => NextPage(),
                ['b', >= '1' and <= '5'] => Open(Rows[target[1] - '1']),
                _ => null,
            };
        }

        switch (target)
        {
            case "back":
                Item = null;
                return ResultPage();
            case "buy":
                (Finished, Reward) = (true, Goal.Reward(Item, Colour, OptionValue));
                return "";
            case var colour when Item.Colours.Contains(colour):
                Colour = colour;
                return "ok " + colour;
            case var value when Item.OptionValues.Contains(value):
                OptionValue = value;
                return "ok " + value;
            default:
                return null;
        }
    }

    private string NextPage()
    {
        _page++;
        return ResultPage();
    }

    private string Open(ShopProduct product)
    {
        (Item, Colour, OptionValue, Opened) = (product, null, null, [.. Opened, product]);
        return product.Page;
    }

    // The id of a row comes after its words: its position can gather how well the row matches.
    private string ResultPage() => "results " + string.Join(' ', Rows.Select((p, i) => $"{p.Title} b{i + 1}"));
}
