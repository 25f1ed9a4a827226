using System.Globalization;
using RroDashboard.Core.Events;
using RroDashboard.Core.Metrics;
using RroDashboard.Data;

namespace RroDashboard.Web.Components.Charts;

/// <summary>The eight charts of a run's page as the server draws them, from the same snapshot that the page begins with.</summary>
public static class RunCharts
{
    /// <summary>Keys and titles, in the order of the page.</summary>
    public static IReadOnlyList<(string Key, string Title)> All { get; } =
    [
        ("sft-loss", "Fine-tuning loss"), ("step-reward", "Accepted reward by step"), ("candidates", "Candidates per step"), ("walks", "Walks"),
        ("dpo-loss", "DPO loss"), ("dpo-shift", "DPO margin and shifts"), ("dpo-accuracy", "Preference accuracy"), ("held", "Held-out reward"),
    ];

    private static readonly HashSet<string> s_drawn = new(
        [
            SeriesNames.SftLoss, SeriesNames.ExploreWalkReward, SeriesNames.ExploreCandidatesPerStep, SeriesNames.DpoLoss,
            SeriesNames.DpoMargin, SeriesNames.DpoChosenShift, SeriesNames.DpoRejectedShift, SeriesNames.DpoAccuracy,
        ],
        StringComparer.Ordinal);

    /// <summary>The series has no chart among the eight and is none of the program's own times and loads: a trainer elsewhere named it.</summary>
    public static bool IsOwn(string series)
    {
        ArgumentNullException.ThrowIfNull(series);
        return !s_drawn.Contains(series) && !series.StartsWith(SeriesNames.TimePrefix, StringComparison.Ordinal) && !series.StartsWith(SeriesNames.SystemPrefix, StringComparison.Ordinal);
    }

    /// <summary>Charts of the series that a trainer elsewhere named, in the order in which they came, and how many have none.</summary>
    /// <param name="snapshot">Of the run.</param>
    /// <param name="most">Charts at most.</param>
    public static (IReadOnlyList<ChartView> Charts, int LeftOut) OwnOf(RunSnapshot snapshot, int most)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        var own = snapshot.Series.Where(s => IsOwn(s.Name)).ToList();
        return ([.. own.Take(most).Select((s, i) => OfLines(string.Create(CultureInfo.InvariantCulture, $"own-{i}"), PlainText.Of(s.Name), [(s.Name, s.Bands)]))], Math.Max(0, own.Count - most));
    }

    /// <summary>One chart; null for a key that there is not.</summary>
    public static ChartView? Of(RunSnapshot snapshot, string key)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        var title = All.FirstOrDefault(c => c.Key == key).Title;
        return key switch
        {
            "sft-loss" => OfSeries(snapshot, key, title, "update", "nats per token", true, ("loss", SeriesNames.SftLoss)),
            "step-reward" => StepReward(snapshot.Decisions, title),
            "candidates" => Candidates(snapshot, title),
            "walks" => OfSeries(
                snapshot, key, title, "tasks finished", "reward, candidates", true, ("mean final reward", SeriesNames.ExploreWalkReward), ("candidates per step", SeriesNames.ExploreCandidatesPerStep)),
            "dpo-loss" => OfSeries(snapshot, key, title, "update", "nats", true, ("loss", SeriesNames.DpoLoss)) is { HasContent: true } loss
                ? loss with { References = [("ln 2", Math.Log(2))] }
                : Empty(key, title),
            "dpo-shift" => OfSeries(
                snapshot, key, title, "update", "nats per action", false, ("margin", SeriesNames.DpoMargin), ("chosen", SeriesNames.DpoChosenShift), ("rejected", SeriesNames.DpoRejectedShift)),
            "dpo-accuracy" => OfSeries(snapshot, key, title, "update", "share of pairs", true, ("in the right order", SeriesNames.DpoAccuracy)),
            "held" => Held(snapshot, title),
            _ => null,
        };
    }

    /// <summary>Any series of one or several runs over each other.</summary>
    /// <param name="key">Name within its page.</param>
    /// <param name="title">Short.</param>
    /// <param name="lines">Name and bands of each.</param>
    public static ChartView OfLines(string key, string title, IReadOnlyList<(string Name, IReadOnlyList<Band> Bands)> lines)
    {
        var drawn = lines.Select((l, i) => new ChartLine(l.Name, Bands.Merge(l.Bands, ChartView.MaxPoints), i > 0)).ToList();
        return new ChartView(key, title, "step", "value", Sentence(drawn)) { Lines = drawn, FromZero = false };
    }

    private static ChartView Empty(string key, string title) => new(key, title, "", "", "Nothing yet.");

    private static ChartView OfSeries(RunSnapshot snapshot, string key, string title, string xTitle, string yTitle, bool fromZero, params (string Name, string Series)[] wanted)
    {
        var lines = wanted.Select((w, i) => (w.Name, snapshot.Series.FirstOrDefault(s => s.Name == w.Series)?.Bands, i)).Where(w => w.Bands is { Count: > 0 })
            .Select(w => new ChartLine(w.Name, Bands.Merge(w.Bands!, ChartView.MaxPoints), w.i > 0)).ToList();
        return lines.Count == 0 ? Empty(key, title) : new ChartView(key, title, xTitle, yTitle, Sentence(lines)) { Lines = lines, FromZero = fromZero };
    }

    private static string Sentence(IReadOnlyList<ChartLine> lines) => string.Join(' ', lines.Where(l => l.Points.Count > 0).Select(l => string.Create(
        CultureInfo.InvariantCulture, $"{Capital(PlainText.Of(l.Name))} went from {l.Points[0].Last:0.###;-0.###;0} to {l.Points[^1].Last:0.###;-0.###;0} at {l.Points[^1].Step}.")));

    private static string Capital(string name) => name.Length == 0 ? name : char.ToUpperInvariant(name[0]) + name[1..];

    private static ChartView StepReward(Core.Exploration.DecisionSummary decisions, string title)
    {
        var points = Enumerable.Range(0, decisions.StepCount.Count).Where(t => decisions.StepCount[t] > 0).Select(t => Band.Of(t, decisions.StepSum[t] / decisions.StepCount[t])).ToList();
        if (points.Count == 0)
        {
            return Empty("step-reward", title);
        }

        var baseline = decisions.BaselineCount == 0 ? (double?)null : decisions.BaselineSum / decisions.BaselineCount;
        return new ChartView(
            "step-reward", title, "step of the walk", "mean reward",
            string.Create(CultureInfo.InvariantCulture, $"Accepted steps are worth {points[0].Last:0.###} at step 0 and {points[^1].Last:0.###} at step {points[^1].Step}."))
        {
            Lines = [new ChartLine("accepted", Bands.Merge(points, ChartView.MaxPoints))],
            References = baseline is { } value ? [("start state", value)] : [],
        };
    }

    private static ChartView Candidates(RunSnapshot snapshot, string title)
    {
        var decisions = snapshot.Decisions;
        if (decisions.Decided == 0)
        {
            return Empty("candidates", title);
        }

        var most = Math.Min(40, Math.Max(snapshot.Run.Plan.Explore.MaxCandidates, decisions.Tried.Count - 1));
        var columns = Enumerable.Range(1, most).Select(k => new ChartColumn(k.ToString(CultureInfo.InvariantCulture), k < decisions.Tried.Count ? decisions.Tried[k] : 0))
            .Append(new ChartColumn("no rise", decisions.NoRise, Muted: true)).ToList();
        return new ChartView(
            "candidates", title, "candidates tried until one rose", "steps",
            string.Create(CultureInfo.InvariantCulture, $"{columns[0].Value / decisions.Decided:P1} of {decisions.Decided:N0} steps rose at the first candidate; at {decisions.NoRise:N0} nothing rose."))
        {
            Columns = columns,
        };
    }

    private static ChartView Held(RunSnapshot snapshot, string title)
    {
        var held = snapshot.Events.OfType<EvaluationFinished>().Where(e => double.IsFinite(e.Mean)).ToList();
        if (held.Count == 0)
        {
            return Empty("held", title);
        }

        // A stage that was repeated after an interruption is shown as it was measured last.
        var shown = held.GroupBy(e => (e.Stage, e.Decoding)).Select(g => g.Last()).OrderBy(e => e.Decoding, StringComparer.Ordinal).ThenBy(e => e.Stage).ToList();
        return new ChartView(
            "held", title, "decoding, before and after preference training", "mean reward",
            string.Join(' ', shown.Select(e => string.Create(CultureInfo.InvariantCulture, $"{Label(e)}: {e.Mean:0.000} [{e.Low:0.000}, {e.High:0.000}].")))) 
        {
            Intervals = [.. shown.Select(e => new ChartInterval(Label(e), e.Mean, e.Low, e.High))],
            References = [.. snapshot.Events.OfType<ReferenceEvaluated>().GroupBy(r => r.Name).Select(g => (g.Key, g.Last().Mean)).Where(r => double.IsFinite(r.Mean))],
        };

        static string Label(EvaluationFinished e) => $"{e.Decoding}, {(e.Stage == Stage.Baseline ? "before" : "after")}";
    }
}
