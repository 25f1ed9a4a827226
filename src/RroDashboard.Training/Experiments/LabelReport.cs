using System.Globalization;
using System.Text;
using System.Text.Json;
using RroDashboard.Core.Preferences;
using RroDashboard.Core.Statistics;

namespace RroDashboard.Training.Experiments;

/// <summary>The labelled pairs of one seed, counted.</summary>
/// <param name="Seed">Seed.</param>
/// <param name="Pairs">All pairs.</param>
/// <param name="Labelled">Labelled ones.</param>
/// <param name="Right">Of these, preferred as the truth has it.</param>
/// <param name="Wrong">Preferred the other way round.</param>
/// <param name="Ties">Neither side is better.</param>
public sealed record LabelCount(long Seed, int Pairs, int Labelled, int Right, int Wrong, int Ties);

/// <summary>One arm in a report.</summary>
/// <param name="Arm">Which.</param>
/// <param name="Seeds">Finished seeds.</param>
/// <param name="Pairs">Mean number of pairs trained on.</param>
/// <param name="Greedy">Mean held-out reward, greedy.</param>
/// <param name="Sampled">Mean held-out reward at T=1.</param>
/// <param name="SampledInvalid">Invalid actions per action at T=1.</param>
/// <param name="Against">Arm minus baseline, mean of greedy and T=1 per task and seed; null for the baseline.</param>
/// <param name="AgainstGreedy">The same, greedy only.</param>
/// <param name="AgainstSampled">The same, T=1 only.</param>
/// <param name="BySeeds">Student's interval of the same difference over seeds alone; null for the baseline and with fewer than two seeds.</param>
public sealed record ArmResult(
    LabelArm Arm, int Seeds, double Pairs, double Greedy, double Sampled, double SampledInvalid,
    PairedComparison? Against, PairedComparison? AgainstGreedy, PairedComparison? AgainstSampled, Interval? BySeeds);

/// <summary>The report of a <see cref="LabelExperiment"/>: numbers, and the Markdown and chart made from them alone.</summary>
/// <param name="Experiment">What was run.</param>
/// <param name="Finished">Finished arms of all seeds.</param>
/// <param name="Planned">All of them.</param>
/// <param name="Tasks">Held-out tasks of one evaluation.</param>
/// <param name="Engines">Tensor engines that arms were computed with.</param>
/// <param name="Labels">Labels by seed.</param>
/// <param name="Arms">One for each arm with a finished seed.</param>
/// <param name="BySeed">Rewards of each seed, in the order of <paramref name="Arms"/>; the SFT model's first.</param>
public sealed record LabelReport(
    LabelExperiment Experiment, int Finished, int Planned, int Tasks, IReadOnlyList<string> Engines, IReadOnlyList<LabelCount> Labels, IReadOnlyList<ArmResult> Arms, IReadOnlyList<SeedResult> BySeed)
{
    private const double Confidence = 0.95;

    /// <summary>Computes a report from what is finished.</summary>
    /// <param name="experiment">What was run.</param>
    /// <param name="cells">Finished arms, of any seeds.</param>
    /// <param name="labels">What was known of the pairs.</param>
    /// <param name="groupOf">Group of a task; null when each stands alone.</param>
    /// <exception cref="ExperimentException">The baseline has no finished seed.</exception>
    public static LabelReport Of(LabelExperiment experiment, IReadOnlyList<CellResult> cells, IReadOnlyList<LabelResult> labels, Func<string, string>? groupOf)
    {
        ArgumentNullException.ThrowIfNull(experiment);
        ArgumentNullException.ThrowIfNull(cells);
        ArgumentNullException.ThrowIfNull(labels);
        var byArm = experiment.Arms.Select(arm => (Arm: arm, Cells: cells.Where(c => c.Method == arm.Name).ToList())).Where(a => a.Cells.Count > 0).ToList();
        var baseline = byArm.Find(a => a.Arm.Name == experiment.Baseline).Cells
            ?? throw new ExperimentException($"Experiment '{experiment.Name}' has no finished seed of its baseline '{experiment.Baseline}' yet: run it first.");
        return new LabelReport(
            experiment, cells.Count, experiment.Seeds.Count * experiment.Arms.Count, cells.Max(c => c.Greedy.Count), [.. cells.Select(c => c.Engine).Distinct(StringComparer.Ordinal)],
            [.. labels.Select(l => new LabelCount(
                l.Seed, l.Pairs, l.Known.Count, Count(l, PairDecision.Kept), Count(l, PairDecision.Flipped), Count(l, PairDecision.Discarded)))],
            [.. byArm.Select(a => Result(a.Arm, a.Cells))],
            [.. cells.GroupBy(c => c.Seed).Select(s => new SeedResult(
                s.Key, Rewards(s.First().Summary.Sft.Greedy, s.First().Summary.Sft.Sampled),
                [.. byArm.Select(a => a.Cells.Find(c => c.Seed == s.Key) is { } c ? Rewards(c.Summary.Final.Greedy, c.Summary.Final.Sampled) : "-")]))]);

        int Count(LabelResult of, PairDecision truth) => of.Known.Count(k => k.Truth(experiment.MinGap) == truth);

        static string Rewards(double greedy, double sampled) => F($"{greedy:0.000} / {sampled:0.000}");

        ArmResult Result(LabelArm arm, List<CellResult> mine)
        {
            var compared = arm.Name != experiment.Baseline && mine.Exists(c => baseline.Exists(b => b.Seed == c.Seed));
            return new ArmResult(
                arm, mine.Count, mine.Average(c => (double)c.Budget.Pairs), mine.Average(c => c.Summary.Final.Greedy), mine.Average(c => c.Summary.Final.Sampled), mine.Average(c => c.SampledInvalid),
                compared ? Compare(mine, Both) : null, compared ? Compare(mine, c => c.Greedy) : null, compared ? Compare(mine, c => c.Sampled) : null,
                compared ? SeedInterval.Of([.. mine.Join(baseline, a => a.Seed, b => b.Seed, (a, b) => Mean(a) - Mean(b))], Confidence) : null);
        }

        PairedComparison Compare(List<CellResult> mine, Func<CellResult, IReadOnlyDictionary<string, double>> of) => PairedComparison.Of(
            [.. mine.Select(c => new RunRewards(c.Seed, of(c)))], [.. baseline.Select(c => new RunRewards(c.Seed, of(c)))],
            Confidence, experiment.Resamples, new SeededRandom((long)Purpose.Bootstrap, 0), groupOf);

        static IReadOnlyDictionary<string, double> Both(CellResult c) => c.Greedy.ToDictionary(t => t.Key, t => (t.Value + c.Sampled[t.Key]) / 2, StringComparer.Ordinal);

        static double Mean(CellResult c) => (c.Greedy.Values.Average() + c.Sampled.Values.Average()) / 2;
    }

    /// <summary>The whole report.</summary>
    /// <param name="command">The command that makes it.</param>
    /// <param name="chartPrefix">What the name of the chart's file begins with.</param>
    public string Markdown(string command, string chartPrefix)
    {
        var text = new StringBuilder();
        Say($"# {Experiment.Name}");
        Say($"");
        if (Experiment.Question.Length > 0)
        {
            Say($"{Experiment.Question}");
            Say($"");
        }

        Say($"Made by `{command}`. {Finished} of {Planned} arms are finished; {Experiment.Seeds.Count} seeds; {Tasks} held-out tasks, each played once greedily and once at T=1. Engine: {string.Join("; ", Engines)}.");
        Say($"All arms of a seed start from one SFT checkpoint and one exploration, make the same number of updates, and are evaluated with the same random streams. Only the labels differ.");
        Say($"");
        Say($"The reviewer is simulated: up to {Experiment.Labelled} pairs of each seed, chosen at random, are labelled by what each side is worth to the SFT policy in {Experiment.Rollouts} rollouts of their own. A pair whose sides differ by less than {Experiment.MinGap:0.###} is a tie. `correct` keeps right pairs, flips wrong ones and discards ties; `wrong` flips right ones and keeps the others; `random` deals the correct labels out to the same pairs by chance.");
        Say($"");
        Say($"## Answer");
        Say($"");
        if (Finished < Planned)
        {
            Say($"**Not complete: {Planned - Finished} of {Planned} arms are missing.**");
            Say($"");
        }

        foreach (var arm in Arms.Where(a => a.Against is not null))
        {
            Say($"- `{arm.Arm.Name}`: d {Difference(arm.Against)}; by seeds {(arm.BySeeds is { } b ? F($"[{b.Low:+0.000;-0.000;0.000}, {b.High:+0.000;-0.000;0.000}]") : "unknown, one seed")}. {arm.Against!.Sentence(arm.Arm.Name, Experiment.Baseline)}");
        }

        Say($"");
        foreach (var note in Experiment.Notes)
        {
            Say($"{note}");
            Say($"");
        }

        Say($"## Reward");
        Say($"");
        Say($"`d` is the difference to `{Experiment.Baseline}`, mean of greedy and T=1, paired by task and seed, with its 95 % interval: that of a bootstrap over seeds and groups of tasks, reaching as far as Student's over the seeds where that reaches farther. `by seeds` is Student's interval alone. Better or worse is said only where the first does not contain 0.");
        Say($"");
        Say($"| arm | labels | weight | seeds | pairs | greedy | T=1 | d | by seeds | d greedy | d T=1 | verdict | won / lost / tied | invalid T=1 |");
        Say($"|---|---|---|---|---|---|---|---|---|---|---|---|---|---|");
        foreach (var a in Arms)
        {
            var verdict = a.Against?.Verdict switch
            {
                null => "baseline",
                PairedVerdict.FirstIsBetter => "better",
                PairedVerdict.SecondIsBetter => "worse",
                _ => "noise",
            };
            Say($"| {a.Arm.Name} | {a.Arm.Labels.ToString().ToLowerInvariant()} | {a.Arm.Weight:0.##} | {a.Seeds} | {a.Pairs:0} | {a.Greedy:0.000} | {a.Sampled:0.000} | {Difference(a.Against)} | {(a.BySeeds is { } b ? F($"[{b.Low:+0.000;-0.000;0.000}, {b.High:+0.000;-0.000;0.000}]") : "-")} | {Difference(a.AgainstGreedy)} | {Difference(a.AgainstSampled)} | {verdict} | {(a.Against is { } c ? $"{c.Won} / {c.Lost} / {c.Tied}" : "-")} | {a.SampledInvalid:0.000} |");
        }

        Say($"");
        Say($"![Difference to {Experiment.Baseline} with 95 % intervals]({chartPrefix}differences.svg)");
        Say($"");
        Say($"By seed, greedy / T=1 (SFT: the model that all arms of the seed start from):");
        Say($"");
        Say($"| seed | SFT | {string.Join(" | ", Arms.Select(a => a.Arm.Name))} |");
        Say($"|---|---|{string.Concat(Arms.Select(_ => "---|"))}");
        foreach (var seed in BySeed)
        {
            Say($"| {seed.Seed} | {seed.Sft} | {string.Join(" | ", seed.Results)} |");
        }

        Say($"");
        Say($"## Labels");
        Say($"");
        Say($"What the reviewer found among the labelled pairs. A share of wrong pairs near one half would mean that the pairs say nothing.");
        Say($"");
        Say($"| seed | pairs | labelled | right | wrong | ties | wrong of right and wrong |");
        Say($"|---|---|---|---|---|---|---|");
        foreach (var l in Labels)
        {
            Say($"| {l.Seed} | {l.Pairs} | {l.Labelled} | {l.Right} | {l.Wrong} | {l.Ties} | {(l.Right + l.Wrong == 0 ? "-" : F($"{(double)l.Wrong / (l.Right + l.Wrong):0 %}"))} |");
        }

        Say($"");
        Say($"## Settings");
        Say($"");
        Say($"Preset `{Experiment.Preset}` with {(Experiment.Settings.Count == 0 ? "nothing changed" : string.Join(", ", Experiment.Settings.Select(s => $"`{s.Key}={s.Value}`")))}; seeds {string.Join(", ", Experiment.Seeds)}.{string.Concat(Experiment.Arms.Where(a => a.Settings.Count > 0).Select(a => $" `{a.Name}` sets {string.Join(", ", a.Settings.Select(s => $"`{s.Key}={s.Value}`"))}."))}");
        return text.ToString();

        void Say(FormattableString line) => text.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');
    }

    /// <summary>The charts: what comes after the prefix of the file's name, and the SVG text.</summary>
    public IReadOnlyList<(string Name, string Svg)> Charts() =>
    [
        ("differences.svg", SvgChart.Forest(
            $"Reward minus that of {Experiment.Baseline}, 95 % intervals", "difference of mean reward (greedy and T=1), paired",
            [.. Arms.Where(a => a.Against is not null).Select(a => new ChartPoint(a.Arm.Name, 0, a.Against!.Difference, a.Against.Interval.Low, a.Against.Interval.High, a.Against.Verdict != PairedVerdict.NoWinner))], 0)),
    ];

    /// <summary>As JSON, for scripts.</summary>
    public string Json() => JsonSerializer.Serialize(this, JsonSerializerOptions.Web);

    private static string Difference(PairedComparison? comparison) => comparison is null
        ? "-"
        : F($"{comparison.Difference:+0.000;-0.000;0.000} [{comparison.Interval.Low:+0.000;-0.000;0.000}, {comparison.Interval.High:+0.000;-0.000;0.000}]");

    private static string F(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
