using System.Globalization;
using Microsoft.AspNetCore.Components;
using RroDashboard.Core.Preferences;
using RroDashboard.Core.Rewards;
using RroDashboard.Data;
using RroDashboard.Web.Navigation;

namespace RroDashboard.Web.Components.Exploration;

/// <summary>What is known of all pairs of a run: why there are not more, what to be careful about, and their margins.</summary>
public sealed partial class PairHealth
{
    // Length differences beyond this share the outermost bars.
    private const int MaxDifference = 6;
    private const int GapBars = 10;

    /// <summary>Which run.</summary>
    [Parameter, EditorRequired] public required string RunId { get; set; }

    /// <summary>Its steps and pairs.</summary>
    [Parameter, EditorRequired] public required ExplorationFacts Facts { get; set; }

    /// <summary>Of its rewards.</summary>
    [Parameter, EditorRequired] public required RewardRange Range { get; set; }

    /// <summary>Margins of its pairs.</summary>
    [Parameter, EditorRequired] public required MarginHistory Margins { get; set; }

    /// <summary>Explored tasks that are evaluated on, too.</summary>
    [Parameter, EditorRequired] public required IReadOnlyList<string> Leaked { get; set; }

    /// <summary>Stands among the panels: the files of the pairs.</summary>
    [Parameter] public RenderFragment? ChildContent { get; set; }

    private int WithPair => Facts.Steps.Count(s => s.Pairs > 0);

    private int Refused => Facts.Pairs.Count(p => Margins.Last(p.Index) <= 0);

    private string RefusedUrl => $"{RroUrls.Pairs(RunId)}?refused=1&sort=margin";

    private IEnumerable<(int Count, string Text)> Reasons => Facts.Steps.Where(s => s.Pairs == 0).GroupBy(s => s.Reason).OrderByDescending(g => g.Count()).Select(g => (g.Count(), g.Key switch
    {
        NoPairReason.RoseAtOnce => "rose at the first candidate, hence no loser.",
        NoPairReason.ContrastNotLower => "rose at the first candidate, and the contrast drawn after it was not worth less, or led to the same state.",
        NoPairReason.Forced => "had only one candidate: nothing to choose from.",
        NoPairReason.OneState => "had candidates that all led to one state: nothing to prefer.",
        NoPairReason.NoneLower => "had different results, none worth less by enough.",
        _ => "stopped the walk because nothing rose, hence no winner.",
    }));

    private IEnumerable<(bool Good, string Text, string? Url)> Checks
    {
        get
        {
            string Url(string filter) => $"{RroUrls.Pairs(RunId)}?{filter}=1";
            var (pairs, all) = (Facts.Pairs, Math.Max(1, Facts.Pairs.Count));
            var (duplicates, same, shared, exhausted) = (pairs.Count(p => p.Duplicate), pairs.Count(p => p.SameText), pairs.Count(p => p.SharedPrompt), pairs.Count(p => p.Exhausted));
            var (longer, shorter) = (pairs.Count(p => p.LengthDifference > 0), pairs.Count(p => p.LengthDifference < 0));
            yield return (duplicates == 0, duplicates == 0 ? "No pair repeats another." : $"{Words.Count(duplicates)} pairs repeat an earlier one.", duplicates == 0 ? null : Url("duplicates"));
            yield return (same == 0, same == 0 ? "No pair has the same text on both sides." : $"{Words.Count(same)} pairs have the same text on both sides.", same == 0 ? null : Url("same"));
            yield return (Leaked.Count == 0, Leaked.Count == 0 ? "No explored task is among those that the run is evaluated on." : $"{Words.Count(Leaked.Count)} explored tasks are evaluated on too, for example {Visible.Of(Leaked[0])}: those results are no evidence.", null);
            // Two to one is far from what chance gives with more than a few dozen pairs.
            var biased = longer + shorter >= 30 && Math.Max(longer, shorter) > 2 * Math.Min(longer, shorter);
            yield return (!biased, $"The chosen action is longer in {Share(longer, all)} and shorter in {Share(shorter, all)} of the pairs{(biased ? ": training may learn length instead of worth" : "")}.", longer == 0 ? null : Url("longer"));
            yield return (true, $"{Share(shared, all)} of the pairs share their history with an earlier one.", null);
            yield return (true, $"{Share(exhausted, all)} come from steps at which nothing rose.", exhausted == 0 ? null : Url("exhausted"));
        }
    }

    private List<MiniHistogram.Bar> Gaps
    {
        get
        {
            var width = (Range.High - Range.Low) / GapBars;
            var counts = new int[GapBars];
            foreach (var pair in Facts.Pairs)
            {
                counts[Math.Clamp((int)((pair.Gap - RisingRule.Tolerance) / width), 0, GapBars - 1)]++;
            }

            return [.. counts.Select((c, i) => new MiniHistogram.Bar(string.Create(CultureInfo.InvariantCulture, $"{i * width:0.0} to {(i + 1) * width:0.0}"), c, "up"))];
        }
    }

    private List<MiniHistogram.Bar> Lengths => [.. Enumerable.Range(-MaxDifference, (2 * MaxDifference) + 1).Select(d => new MiniHistogram.Bar(
        d == -MaxDifference ? $"−{MaxDifference} or less" : d == MaxDifference ? $"+{MaxDifference} or more" : d > 0 ? $"+{d}" : d < 0 ? $"−{-d}" : "0",
        Facts.Pairs.Count(p => Math.Clamp(p.LengthDifference, -MaxDifference, MaxDifference) == d), d == 0 ? "even" : d > 0 ? "up" : "down"))];

    private static string Share(int some, int all) => ExplorationWords.Percent(100.0 * some / all);
}
