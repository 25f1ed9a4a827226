using RroDashboard.Core.Statistics;

namespace RroDashboard.Environments.MiniShop;

/// <summary>
/// A deliberately imperfect shopper (learning.md 2.7). A perfect one would leave the policy neither entropy, which reward rising
/// sampling needs to find different candidates, nor room above its teacher. It never turns the page, never searches twice, and
/// never shows how to recover from an invalid action.
/// </summary>
public static class ShopExpert
{
    private const double KeepAttribute = 0.85;
    private const double AddColour = 0.3;
    private const double TakeBest = 0.75;
    private const double GoBack = 0.7;
    private const double ClickOption = 0.85;

    /// <summary>The next action, from what was done so far in the episode.</summary>
    public static string Act(ShopEpisode episode, SeededRandom random)
    {
        ArgumentNullException.ThrowIfNull(episode);
        ArgumentNullException.ThrowIfNull(random);
        var goal = episode.Goal;
        if (episode.Item is null)
        {
            return episode.Rows.Count == 0 ? Search(goal, random) : Open(episode, random);
        }

        var item = episode.Item;
        var last = episode.Actions[^1];
        var justOpened = episode.Observation.StartsWith("item ", StringComparison.Ordinal);
        var offersAll = item.Colours.Contains(goal.Colour) && item.OptionValues.Contains(goal.OptionValue);
        if (justOpened && episode.Opened.Count == 1 && !offersAll && random.Chance(GoBack))
        {
            return "click[ back ]";
        }

        if (justOpened && item.Colours.Contains(goal.Colour) && random.Chance(ClickOption))
        {
            return $"click[ {goal.Colour} ]";
        }

        if ((justOpened || last == $"click[ {goal.Colour} ]") && item.OptionValues.Contains(goal.OptionValue) && random.Chance(ClickOption))
        {
            return $"click[ {goal.OptionValue} ]";
        }

        return "click[ buy ]";
    }

    private static string Search(ShopGoal goal, SeededRandom random)
    {
        var words = goal.Attributes.Where(_ => random.Chance(KeepAttribute)).Append(goal.Category).ToList();
        if (random.Chance(AddColour))
        {
            words.Add(goal.Colour);
        }

        return $"search[ {string.Join(' ', words)} ]";
    }

    private static string Open(ShopEpisode episode, SeededRandom random)
    {
        var goal = episode.Goal;
        var rows = episode.Rows.Select((product, row) => (product, row)).Where(r => !episode.Opened.Contains(r.product)).ToList();
        if (rows.Count == 0)
        {
            rows = [.. episode.Rows.Select((product, row) => (product, row))];
        }

        var best = rows.MaxBy(r =>
            (r.product.Category == goal.Category ? 2 : 0)
            + goal.Attributes.Count(r.product.Attributes.Take(2).Contains)
            + (r.product.Price <= goal.Budget ? 1 : 0)
            - (0.01 * r.row));
        var chosen = random.Chance(TakeBest) ? best : random.Pick(rows);
        return $"click[ b{chosen.row + 1} ]";
    }
}
