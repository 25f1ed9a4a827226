using System.Text.RegularExpressions;
using RroDashboard.Core.Statistics;

namespace RroDashboard.Environments.WebShop.Training;

/// <summary>
/// A shopper by script, imperfect on purpose (learning.md 16.5): it leaves words out of its query, does not always take the best row, and forgets
/// options. Without noise it shows what the rule could reach.
/// </summary>
/// <param name="noise">Make slips.</param>
public sealed partial class ScriptedShopper(bool noise)
{
    private const double DropSegment = 0.10;
    private const double AddOptions = 0.55;
    private const double TakeFirstFitting = 0.70;
    private const double GoBack = 0.6;
    private const double ForgetOption = 0.12;
    private const int OtherRows = 5;
    private const int MostOpened = 3;
    private const int MostQueryWords = 24;

    /// <summary>The next action, from what was done so far in the episode.</summary>
    public string Act(CompactEpisode episode, SeededRandom random)
    {
        ArgumentNullException.ThrowIfNull(episode);
        ArgumentNullException.ThrowIfNull(random);
        if (episode.Item is null)
        {
            return episode.Hits.Count == 0 ? CompactEpisode.Search(Query(episode.Wanted, random)) : CompactEpisode.Click(CompactText.Row(Row(episode, random) + 1));
        }

        var offered = episode.Item.Options.SelectMany(o => o.Values).ToHashSet(StringComparer.Ordinal);
        var wanted = episode.Wanted.Goal.Options.Select(o => o.Value).ToList();
        var done = wanted.FindLastIndex(w => episode.Actions[^1] == CompactEpisode.Click(w)) + 1;
        if (done == 0 && !wanted.TrueForAll(offered.Contains) && episode.Opened.Count < MostOpened && episode.Hits.Count > episode.Opened.Distinct().Count()
            && (!noise || random.Chance(GoBack)))
        {
            return CompactEpisode.Back;
        }

        foreach (var value in wanted.Skip(done).Where(offered.Contains))
        {
            if (!(noise && random.Chance(ForgetOption)))
            {
                return CompactEpisode.Click(value);
            }
        }

        return CompactEpisode.Buy;
    }

    private string Query(ShopTask task, SeededRandom random)
    {
        var parts = Separator().Split(task.Instruction);
        List<string> kept;
        do
        {
            kept = [.. parts.Where(p => !noise || p.Contains(task.Goal.Query, StringComparison.Ordinal) || !random.Chance(DropSegment))];
            if (!noise || random.Chance(AddOptions))
            {
                kept.AddRange(task.Goal.Options.Select(o => o.Value));
            }
        }
        while (kept.Count == 0);

        return string.Join(' ', ShopText.Lower(string.Join(' ', kept)).Split(' ', StringSplitOptions.RemoveEmptyEntries).Take(MostQueryWords));
    }

    private int Row(CompactEpisode episode, SeededRandom random)
    {
        var fresh = Enumerable.Range(0, episode.Hits.Count).Where(i => !episode.Opened.Contains(episode.Hits[i])).ToList();
        if (fresh.Count == 0)
        {
            return 0;
        }

        var near = fresh.Where(i => i < OtherRows).ToList();
        if (noise && near.Count > 0 && !random.Chance(TakeFirstFitting))
        {
            return random.Pick(near);
        }

        var fitting = fresh.FindIndex(i => episode.Hits[i].Pricing[0] <= episode.Wanted.Goal.PriceUpper);
        return fresh[Math.Max(0, fitting)];
    }

    [GeneratedRegex(", | with | for ")]
    private static partial Regex Separator();
}
