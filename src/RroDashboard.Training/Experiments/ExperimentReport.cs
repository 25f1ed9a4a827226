using System.Globalization;
using System.Text;
using System.Text.Json;
using RroDashboard.Core.Events;
using RroDashboard.Core.Exploration;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Statistics;

namespace RroDashboard.Training.Experiments;

/// <summary>What a method costs, as means over seeds.</summary>
/// <param name="Candidates">Actions sampled as candidates: contrasts are included, and draws that only told whether a move is forced.</param>
/// <param name="Rollouts">Episodes played to their end.</param>
/// <param name="Generated">Tokens sampled.</param>
/// <param name="Tokens">Tokens that a perfect prefix cache processes (<see cref="Budget.TokensFresh"/>): what a method needs, whatever the size of the cache.</param>
/// <param name="TokensRun">Tokens that were processed, those included that were computed again because the cache was full.</param>
/// <param name="Seconds">Wall-clock seconds of exploration and training; noisy on a busy machine.</param>
public sealed record MeanCost(double Candidates, double Rollouts, double Generated, double Tokens, double TokensRun, double Seconds);

/// <summary>A comparison with the baseline's frontier at one cost.</summary>
/// <param name="Cost">Name of the cost.</param>
/// <param name="At">Mean cost of the method.</param>
/// <param name="Comparison">Method minus frontier, per task and seed.</param>
/// <param name="Beyond">The method costs more than every point of the frontier and is compared with the most expensive one.</param>
public sealed record AtEqualCost(string Cost, double At, PairedComparison Comparison, bool Beyond);

/// <summary>A mean over seeds.</summary>
/// <param name="Mean">Mean of one value per seed.</param>
/// <param name="BySeeds">Student's 95 % interval over the seeds; null with fewer than two.</param>
public sealed record SeedMean(double Mean, Interval? BySeeds);

/// <summary>One method in a report.</summary>
/// <param name="Name">Name in the experiment.</param>
/// <param name="Seeds">Finished seeds.</param>
/// <param name="Greedy">Mean held-out reward, greedy.</param>
/// <param name="Sampled">Mean held-out reward at T=1.</param>
/// <param name="Cost">Means over seeds.</param>
/// <param name="CandidatesPerStep">Mean over seeds; 0 where no steps are decided.</param>
/// <param name="Null">What candidates per step would be if nothing real were happening; null where the model does not describe the rule.</param>
/// <param name="Pairs">Mean number of pairs.</param>
/// <param name="Updates">Mean number of updates after SFT.</param>
/// <param name="Passes">How often these updates pass over the pairs, mean over seeds; null without pairs.</param>
/// <param name="SampledInvalid">Invalid actions per action at T=1.</param>
/// <param name="Against">Method minus baseline, mean of greedy and T=1 per task and seed; null for the baseline itself.</param>
/// <param name="AgainstGreedy">The same, greedy only.</param>
/// <param name="AgainstSampled">The same, T=1 only.</param>
/// <param name="BySeeds">Student's interval of the same difference over seeds alone; null for the baseline and with fewer than two seeds.</param>
/// <param name="EqualCosts">At equal candidates, rollouts, tokens and seconds.</param>
/// <param name="Rising">Shares of rising steps (higher) at beginning, middle and end; empty where no steps are decided.</param>
public sealed record MethodResult(
    string Name, int Seeds, double Greedy, double Sampled, MeanCost Cost, SeedMean CandidatesPerStep, double? Null, double Pairs, double Updates, double? Passes, double SampledInvalid,
    PairedComparison? Against, PairedComparison? AgainstGreedy, PairedComparison? AgainstSampled, Interval? BySeeds, IReadOnlyList<AtEqualCost> EqualCosts, IReadOnlyList<SeedMean> Rising);

/// <summary>Rewards of one seed as text, "greedy / T=1".</summary>
/// <param name="Seed">Seed.</param>
/// <param name="Sft">Of the SFT model.</param>
/// <param name="Results">Of each method, in order; "-" where the cell is missing.</param>
public sealed record SeedResult(long Seed, string Sft, IReadOnlyList<string> Results);

/// <summary>The report of an experiment: numbers, and the Markdown and charts made from them alone.</summary>
/// <param name="Experiment">What was run.</param>
/// <param name="Finished">Finished cells.</param>
/// <param name="Planned">Cells in all.</param>
/// <param name="Tasks">Held-out tasks of one evaluation.</param>
/// <param name="Engines">Tensor engines that cells were computed with.</param>
/// <param name="SftSampled">Mean T=1 reward of the SFT models: the p of the null expectation.</param>
/// <param name="Methods">One for each method with a finished cell.</param>
/// <param name="BySeed">The same for each seed alone, without intervals.</param>
public sealed record ExperimentReport(
    Experiment Experiment, int Finished, int Planned, int Tasks, IReadOnlyList<string> Engines, double SftSampled, IReadOnlyList<MethodResult> Methods, IReadOnlyList<SeedResult> BySeed)
{
    private const double Confidence = 0.95;

    private static readonly (string Name, Func<MeanCost, double> Of)[] s_costs =
    [
        ("candidates", c => c.Candidates), ("rollouts", c => c.Rollouts), ("tokens", c => c.Tokens), ("seconds", c => c.Seconds),
    ];

    /// <summary>Computes a report from the cells that are finished.</summary>
    /// <param name="experiment">What was run.</param>
    /// <param name="cells">Finished cells, of any methods and seeds.</param>
    /// <param name="sft">Held-out rewards of each seed's SFT model.</param>
    /// <param name="groupOf">Group of a task; null when each stands alone.</param>
    /// <exception cref="ExperimentException">The baseline has no finished cell.</exception>
    public static ExperimentReport Of(
        Experiment experiment, IReadOnlyList<CellResult> cells, IReadOnlyList<(long Seed, EvaluationFinished Greedy, EvaluationFinished Sampled)> sft, Func<string, string>? groupOf)
    {
        ArgumentNullException.ThrowIfNull(experiment);
        ArgumentNullException.ThrowIfNull(cells);
        var byMethod = experiment.Methods.Select(m => (Method: m, Cells: (IReadOnlyList<CellResult>)[.. cells.Where(c => c.Method == m.Name)])).Where(m => m.Cells.Count > 0).ToList();
        var baseline = byMethod.FirstOrDefault(m => m.Method.Name == experiment.Baseline).Cells
            ?? throw new ExperimentException($"Experiment '{experiment.Name}' has no finished cell of its baseline '{experiment.Baseline}' yet: run it first.");
        var start = sft.Select(s => new RunRewards(s.Seed, Mean(
            s.Greedy.Episodes.ToDictionary(e => e.TaskId, e => e.Reward, StringComparer.Ordinal), s.Sampled.Episodes.ToDictionary(e => e.TaskId, e => e.Reward, StringComparer.Ordinal)))).ToList();
        var p = sft.Count == 0 ? 0 : sft.Average(s => s.Sampled.Mean);
        var frontier = Frontier(experiment, byMethod, start);

        var methods = new List<MethodResult>();
        foreach (var (method, mine) in byMethod)
        {
            var options = experiment.Plan(method, experiment.Seeds[0]);
            var cost = Cost(mine);
            var isBaseline = method.Name == experiment.Baseline;
            methods.Add(new MethodResult(
                method.Name, mine.Count, mine.Average(c => c.Summary.Final.Greedy), mine.Average(c => c.Summary.Final.Sampled), cost,
                Over(mine.Select(c => c.Budget.CandidatesPerStep)),
                options.Method == Method.Explore ? NullExpectation.Of(options.Explore, Math.Clamp(p, 0, 1))?.Candidates : null,
                mine.Average(c => (double)c.Budget.Pairs), mine.Average(c => (double)c.Summary.Dpo.Updates), Passes(mine, options.Dpo.BatchSize), mine.Average(c => c.SampledInvalid),
                isBaseline ? null : Compare(Both(mine), Both(baseline)),
                isBaseline ? null : Compare(Rewards(mine, c => c.Greedy), Rewards(baseline, c => c.Greedy)),
                isBaseline ? null : Compare(Rewards(mine, c => c.Sampled), Rewards(baseline, c => c.Sampled)),
                isBaseline ? null : SeedInterval.Of(SeedDifferences(Both(mine), Both(baseline)), Confidence),
                isBaseline || frontier.Count < 2 || cost.Rollouts == 0 || experiment.Frontier.Contains(method.Name) ? [] : [.. s_costs.Select(c => AtEqual(c.Name, c.Of, cost, Both(mine)))],
                Rising(mine)));
        }

        return new ExperimentReport(
            experiment, cells.Count, experiment.Seeds.Count * experiment.Methods.Count, cells.Max(c => c.Greedy.Count),
            [.. cells.Select(c => c.Engine).Distinct(StringComparer.Ordinal)], p, methods,
            [.. sft.Select(s => new SeedResult(
                s.Seed, Text(s.Greedy.Mean, s.Sampled.Mean),
                [.. byMethod.Select(m => m.Cells.FirstOrDefault(c => c.Seed == s.Seed) is { } c ? Text(c.Summary.Final.Greedy, c.Summary.Final.Sampled) : "-")]))]);

        static string Text(double greedy, double sampled) => F($"{greedy:0.000} / {sampled:0.000}");

        PairedComparison Compare(IReadOnlyList<RunRewards> first, IReadOnlyList<RunRewards> second) =>
            PairedComparison.Of(first, second, Confidence, experiment.Resamples, new SeededRandom((long)Purpose.Bootstrap, 0), groupOf);

        AtEqualCost AtEqual(string name, Func<MeanCost, double> of, MeanCost cost, IReadOnlyList<RunRewards> rewards)
        {
            var at = of(cost);
            var line = frontier.OrderBy(f => of(f.Cost)).ToList();
            var beyond = at > of(line[^1].Cost);
            var above = beyond ? line.Count - 1 : line.FindIndex(f => of(f.Cost) >= at);
            var below = Math.Max(0, above - 1);
            var width = of(line[above].Cost) - of(line[below].Cost);
            var share = beyond || width <= 0 ? 1 : (at - of(line[below].Cost)) / width;
            return new AtEqualCost(name, at, Compare(rewards, Mix(line[below].Rewards, line[above].Rewards, share)), beyond);
        }
    }

    /// <summary>Methods whose reward is shown not to be lower than the baseline's by more than the margin, at no more than the share of its candidates, rollouts and tokens.</summary>
    public IReadOnlyList<MethodResult> Reached()
    {
        var baseline = Methods.First(m => m.Name == Experiment.Baseline).Cost;
        return [.. Methods.Where(m => NotLower(m) && Saves(m.Cost, baseline))];
    }

    // Both have to say so: the bootstrap sees the tasks too, Student's interval knows how few the seeds are. One seed shows nothing.
    private bool NotLower(MethodResult m) =>
        m.Against is { } against && against.NotLowerBy(Experiment.Margin) && m.BySeeds is { } seeds && seeds.Low >= -Experiment.Margin;

    /// <summary>The whole report.</summary>
    /// <param name="command">The command that makes it.</param>
    /// <param name="chartPrefix">What the names of the chart files begin with.</param>
    public string Markdown(string command, string chartPrefix)
    {
        var text = new StringBuilder();
        var baseline = Methods.First(m => m.Name == Experiment.Baseline);
        Say($"# {Experiment.Name}");
        Say($"");
        if (Experiment.Question.Length > 0)
        {
            Say($"{Experiment.Question}");
            Say($"");
        }

        Say($"Made by `{command}`. {Finished} of {Planned} cells are finished; {Experiment.Seeds.Count} seeds; {Tasks} held-out tasks, each played once greedily and once at T=1. Engine: {string.Join("; ", Engines)}.");
        Say($"All methods of a seed start from one SFT checkpoint, explore the same tasks in the same order, and are evaluated with the same random streams.");
        Say($"");
        Say($"## Answer");
        Say($"");
        foreach (var sentence in Answer(baseline))
        {
            Say($"{sentence}");
            Say($"");
        }

        foreach (var note in Experiment.Notes)
        {
            Say($"{note}");
            Say($"");
        }

        Say($"## Reward at equal tasks and equal updates");
        Say($"");
        Say($"{Equal()}");
        Say($"");
        Say($"`d` is the difference to `{Experiment.Baseline}`, mean of greedy and T=1, paired by task and seed, with its 95 % interval: that of a bootstrap over seeds and groups of tasks, reaching as far as Student's over the seeds where that reaches farther. A winner is named only where the interval does not contain 0. `by seeds` is Student's interval alone, which knows how few the seeds are; \"not lower\" needs both.");
        Say($"");
        Say($"| method | seeds | greedy | T=1 | d | by seeds | not lower by {Experiment.Margin:0.###} | verdict | won / lost / tied | invalid T=1 |");
        Say($"|---|---|---|---|---|---|---|---|---|---|");
        foreach (var m in Methods)
        {
            var verdict = m.Against?.Verdict switch
            {
                null => "baseline",
                PairedVerdict.FirstIsBetter => "better",
                PairedVerdict.SecondIsBetter => "worse",
                _ => "no winner",
            };
            Say($"| {m.Name} | {m.Seeds} | {m.Greedy:0.000} | {m.Sampled:0.000} | {Difference(m.Against)} | {(m.BySeeds is { } b ? F($"[{b.Low:+0.000;-0.000;0.000}, {b.High:+0.000;-0.000;0.000}]") : "-")} | {(m.Against is null ? "-" : NotLower(m) ? "yes" : "not shown")} | {verdict} | {(m.Against is { } a ? $"{a.Won} / {a.Lost} / {a.Tied}" : "-")} | {m.SampledInvalid:0.000} |");
        }

        Say($"");
        Say($"![Difference to {Experiment.Baseline} with 95 % intervals]({chartPrefix}differences.svg)");
        Say($"");
        Say($"Greedy and T=1 apart:");
        Say($"");
        Say($"| method | d greedy | d T=1 |");
        Say($"|---|---|---|");
        foreach (var m in Methods.Where(m => m.Against is not null))
        {
            Say($"| {m.Name} | {Difference(m.AgainstGreedy)} | {Difference(m.AgainstSampled)} |");
        }

        Say($"");
        Say($"By seed, greedy / T=1 (SFT: the model that all methods of the seed start from):");
        Say($"");
        Say($"| seed | SFT | {string.Join(" | ", Methods.Select(m => m.Name))} |");
        Say($"|---|---|{string.Concat(Methods.Select(_ => "---|"))}");
        foreach (var seed in BySeed)
        {
            Say($"| {seed.Seed} | {seed.Sft} | {string.Join(" | ", seed.Results)} |");
        }

        Say($"");
        Say($"## Cost");
        Say($"");
        Say($"Means over seeds, in brackets the share of `{Experiment.Baseline}`. Tokens are those that a perfect prefix cache processes, sampled ones included; `as run` adds what was computed again because the cache was full, which depends on how many walks ran at once. With shared rollouts a candidate may cost nothing, so candidates are not a cost there; compare rollouts and tokens. Seconds are of exploration and training on a machine that did other work too. `passes`: how often the updates draw every pair.");
        Say($"");
        Say($"| method | candidates | rollouts | generated | tokens | tokens as run | seconds | pairs | updates | passes |");
        Say($"|---|---|---|---|---|---|---|---|---|---|");
        foreach (var m in Methods)
        {
            Say($"| {m.Name} | {Share(c => c.Candidates)} | {Share(c => c.Rollouts)} | {Share(c => c.Generated)} | {Share(c => c.Tokens)} | {Share(c => c.TokensRun)} | {Share(c => c.Seconds)} | {m.Pairs:0} | {m.Updates:0} | {(m.Passes is { } passes ? F($"{passes:0.0}") : "-")} |");

            string Share(Func<MeanCost, double> of) => of(baseline.Cost) == 0 ? F($"{of(m.Cost):#,0}") : F($"{of(m.Cost):#,0} ({of(m.Cost) / of(baseline.Cost):0 %})");
        }

        Say($"");
        Say($"![Reward against rollouts]({chartPrefix}rollouts.svg)");
        Say($"");
        Say($"![Reward against tokens]({chartPrefix}tokens.svg)");
        Say($"");
        if (Methods.Any(m => m.EqualCosts.Count > 0))
        {
            Say($"## Reward at equal cost");
            Say($"");
            Say($"Difference to the baseline's frontier ({string.Join(", ", Experiment.Frontier.Select(f => $"`{f}`"))}, and the SFT model at no cost) at the method's own mean cost, straight lines between its points, task by task and seed by seed. * = the method costs more than the whole frontier and is compared with its most expensive point.");
            Say($"");
            Say($"| method | equal {string.Join(" | equal ", s_costs.Select(c => c.Name))} |");
            Say($"|---|{string.Concat(s_costs.Select(_ => "---|"))}");
            foreach (var m in Methods.Where(m => m.EqualCosts.Count > 0))
            {
                Say($"| {m.Name} | {string.Join(" | ", m.EqualCosts.Select(e => e.At == 0 ? "-" : Difference(e.Comparison) + (e.Beyond ? "*" : "")))} |");
            }

            Say($"");
        }

        Say($"## Candidates per step");
        Say($"");
        Say($"Beside what they would be if nothing real were happening: every action with the same chance of success ({SftSampled:0.00}, the SFT model's T=1 reward), rewards of 0 or 1. A count at this expectation is no sign that the rule found anything. In brackets Student's 95 % interval over seeds.");
        Say($"");
        Say($"| method | measured | if nothing were real |");
        Say($"|---|---|---|");
        foreach (var m in Methods.Where(m => m.CandidatesPerStep.Mean > 0))
        {
            Say($"| {m.Name} | {m.CandidatesPerStep.Mean:0.00}{(m.CandidatesPerStep.BySeeds is { } by ? F($" [{by.Low:0.00}, {by.High:0.00}]") : "")} | {(m.Null is { } expected ? F($"{expected:0.00}") : "not described by the model")} |");
        }

        Say($"");
        Say($"## Share of rising steps");
        Say($"");
        Say($"Steps valued above the step before, by third of the trajectory; the first step of each is not counted. In brackets Student's 95 % interval over seeds.");
        Say($"");
        Say($"| method | beginning | middle | end |");
        Say($"|---|---|---|---|");
        foreach (var m in Methods.Where(m => m.Rising.Count > 0))
        {
            Say($"| {m.Name} | {string.Join(" | ", m.Rising.Select(r => F($"{r.Mean:0.0 %}") + (r.BySeeds is { } by ? F($" [{by.Low:0.0 %}, {by.High:0.0 %}]") : "")))} |");
        }

        Say($"");
        Say($"## Settings");
        Say($"");
        Say($"Preset `{Experiment.Preset}` with {(Experiment.Settings.Count == 0 ? "nothing changed" : string.Join(", ", Experiment.Settings.Where(s => !s.Key.EndsWith("DataFolder", StringComparison.Ordinal)).Select(s => $"`{s.Key}={s.Value}`")))}; seeds {string.Join(", ", Experiment.Seeds)}.");
        Say($"");
        Say($"| method | is | settings besides |");
        Say($"|---|---|---|");
        foreach (var m in Experiment.Methods)
        {
            Say($"| {m.Name} | {Core.Plans.Methods.Find(m.Method).Meaning} ({Core.Plans.Methods.Find(m.Method).Source}) | {(m.Settings.Count == 0 ? "-" : string.Join(", ", m.Settings.Select(s => $"`{s.Key}={s.Value}`")))} |");
        }

        return text.ToString();

        void Say(FormattableString line) => text.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');
    }

    /// <summary>The charts: what comes after the prefix of the file's name, and the SVG text.</summary>
    public IReadOnlyList<(string Name, string Svg)> Charts()
    {
        var compared = Methods.Where(m => m.Against is not null).ToList();
        var baseline = Methods.First(m => m.Name == Experiment.Baseline);
        var frontier = Methods.Where(m => Experiment.Frontier.Contains(m.Name)).ToList();
        return
        [
            ("differences.svg", SvgChart.Forest(
                $"Reward minus that of {Experiment.Baseline}, 95 % intervals", "difference of mean reward (greedy and T=1), paired",
                [.. compared.Select(m => new ChartPoint(m.Name, 0, m.Against!.Difference, m.Against.Interval.Low, m.Against.Interval.High, NotLower(m)))], Experiment.Margin)),
            ("rollouts.svg", Cost("rollouts", c => c.Rollouts)),
            ("tokens.svg", Cost("tokens with a perfect prefix cache", c => c.Tokens)),
        ];

        // The interval of a point is that of its difference to the baseline: seeds and tasks that are hard for all do not blur it.
        string Cost(string name, Func<MeanCost, double> of) => SvgChart.Scatter(
            $"Reward against {name}", name, "mean held-out reward (greedy and T=1)",
            [.. Methods.Select(m => new ChartPoint(m.Name, of(m.Cost), Reward(m), Reward(baseline) + (m.Against?.Interval.Low ?? 0), Reward(baseline) + (m.Against?.Interval.High ?? 0), NotLower(m)))],
            [.. frontier.OrderBy(m => of(m.Cost)).Select(m => (of(m.Cost), Reward(m)))]);
    }

    /// <summary>As JSON, for scripts.</summary>
    public string Json() => JsonSerializer.Serialize(this, JsonSerializerOptions.Web);

    private IEnumerable<string> Answer(MethodResult baseline)
    {
        if (Finished < Planned)
        {
            yield return F($"**Not complete: {Planned - Finished} of {Planned} cells are missing.**");
        }

        var claim = F($"reward not lower than `{Experiment.Baseline}`'s by more than {Experiment.Margin:0.###} (95 %, paired, equal updates; by the bootstrap and by Student's interval over seeds) at no more than {Experiment.CostShare:0 %} of its candidates, rollouts and tokens");
        var reached = Reached();
        var near = Methods.Where(m => m.Against is not null && m.Cost.Rollouts > 0 && m.Pairs > 0 && (reached.Contains(m) || Saves(m.Cost, baseline.Cost) || NotLower(m))).ToList();
        if (near.Count == 0)
        {
            yield return F($"Asked for was a method with a {claim}. **None reaches it**, and none saves as much.");
        }
        else if (reached.Count > 0)
        {
            yield return F($"Asked for was a method with a {claim}. **Reached by {string.Join(", ", reached.Select(m => $"`{m.Name}`"))}.**");
        }
        else
        {
            yield return F($"Asked for was a method with a {claim}. **None reaches it.** How near those come that save enough:");
        }

        foreach (var m in near)
        {
            var saves = Saves(m.Cost, baseline.Cost) ? "" : ", which is more than the share allowed";
            yield return F($"- `{m.Name}`: d {Difference(m.Against)} at {m.Cost.Candidates / baseline.Cost.Candidates:0 %} of the candidates, {m.Cost.Rollouts / baseline.Cost.Rollouts:0 %} of the rollouts and {m.Cost.Tokens / baseline.Cost.Tokens:0 %} of the tokens{saves}{(m.BySeeds is { } b ? F($"; by seeds [{b.Low:+0.000;-0.000;0.000}, {b.High:+0.000;-0.000;0.000}]") : "")}. {m.Against!.Sentence(m.Name, Experiment.Baseline)}");
        }
    }

    private bool Saves(MeanCost cost, MeanCost baseline) =>
        cost.Rollouts > 0
        && cost.Candidates <= Experiment.CostShare * baseline.Candidates
        && cost.Rollouts <= Experiment.CostShare * baseline.Rollouts
        && cost.Tokens <= Experiment.CostShare * baseline.Tokens;

    private static List<(MeanCost Cost, IReadOnlyList<RunRewards> Rewards)> Frontier(
        Experiment experiment, List<(ExperimentMethod Method, IReadOnlyList<CellResult> Cells)> byMethod, List<RunRewards> start)
    {
        var points = byMethod.Where(m => experiment.Frontier.Contains(m.Method.Name)).Select(m => (Cost(m.Cells), (IReadOnlyList<RunRewards>)Both(m.Cells))).ToList();
        if (points.Count > 0 && start.Count > 0)
        {
            points.Insert(0, (new MeanCost(0, 0, 0, 0, 0, 0), start));
        }

        return points;
    }

    private static MeanCost Cost(IReadOnlyList<CellResult> cells) => new(
        cells.Average(c => (double)c.Budget.Drawn),
        cells.Average(c => (double)c.Budget.Rollouts),
        cells.Average(c => (double)c.Budget.TokensGenerated),
        cells.Average(c => (double)c.Budget.TokensFresh),
        cells.Average(c => (double)c.Budget.TokensFresh + c.Budget.TokensRecomputed),
        cells.Average(c => c.Summary.Seconds.Explore + c.Summary.Seconds.Dpo));

    private static SeedMean[] Rising(IReadOnlyList<CellResult> cells)
    {
        var shares = cells.Select(c => c.Rising).OfType<RisingShare>().ToList();
        return shares.Count == 0 ? [] : [OfShares(shares.Select(s => s.Beginning.HigherShare)), OfShares(shares.Select(s => s.Middle.HigherShare)), OfShares(shares.Select(s => s.End.HigherShare))];
    }

    private static SeedMean OfShares(IEnumerable<double> seeds)
    {
        var over = Over(seeds);
        return over with { BySeeds = over.BySeeds is { } by ? new Interval(Math.Max(0, by.Low), Math.Min(1, by.High)) : null };
    }

    private static SeedMean Over(IEnumerable<double> seeds)
    {
        var values = seeds.ToList();
        return new SeedMean(values.Average(), SeedInterval.Of(values, Confidence));
    }

    private static double? Passes(IReadOnlyList<CellResult> cells, int batchSize)
    {
        var passes = cells.Where(c => c.Budget.Pairs > 0).Select(c => (double)c.Summary.Dpo.Updates * Math.Min(batchSize, c.Budget.Pairs) / c.Budget.Pairs).ToList();
        return passes.Count == 0 ? null : passes.Average();
    }

    // What the heading calls equal, in numbers, and who has others.
    private string Equal()
    {
        var all = Experiment.Methods.Select(m => (m.Name, Plan: Experiment.Plan(m, Experiment.Seeds[0]))).ToList();
        var common = all.First(m => m.Name == Experiment.Baseline).Plan;
        var others = all.Where(m => m.Plan.Method != Method.SftOnly).Select(m =>
        {
            List<string> differs =
            [
                .. m.Plan.Explore.Tasks != common.Explore.Tasks ? [F($"{m.Plan.Explore.Tasks} tasks")] : Array.Empty<string>(),
                .. m.Plan.Dpo.Updates != common.Dpo.Updates || m.Plan.Dpo.BatchSize != common.Dpo.BatchSize ? [F($"{m.Plan.Dpo.Updates} updates of {m.Plan.Dpo.BatchSize}")] : Array.Empty<string>(),
            ];
            return differs.Count == 0 ? null : $"`{m.Name}` ({string.Join(", ", differs)})";
        }).OfType<string>().ToList();
        var untrained = all.Where(m => m.Plan.Method == Method.SftOnly).Select(m => $"`{m.Name}` (none of both)");
        var rft = all.Exists(m => m.Plan.Method == Method.Rft) ? " An update of RFT is one on whole episodes." : "";
        var different = others.Concat(untrained).ToList();
        return F($"Equal are the explored tasks ({common.Explore.Tasks}) and the updates after SFT ({common.Dpo.Updates} of {common.Dpo.BatchSize} pairs)") + (different.Count == 0 ? "" : $", except for {string.Join(", ", different)}")
            + $". Not equal is the number of pairs that the updates draw from: fewer pairs are seen more often (`passes` under Cost).{rft}";
    }

    private static List<RunRewards> Rewards(IReadOnlyList<CellResult> cells, Func<CellResult, IReadOnlyDictionary<string, double>> of) =>
        [.. cells.Select(c => new RunRewards(c.Seed, of(c)))];

    private static List<RunRewards> Both(IReadOnlyList<CellResult> cells) => [.. cells.Select(c => new RunRewards(c.Seed, Mean(c.Greedy, c.Sampled)))];

    private static Dictionary<string, double> Mean(IReadOnlyDictionary<string, double> a, IReadOnlyDictionary<string, double> b) =>
        a.Where(x => b.ContainsKey(x.Key)).ToDictionary(x => x.Key, x => (x.Value + b[x.Key]) / 2, StringComparer.Ordinal);

    private static List<RunRewards> Mix(IReadOnlyList<RunRewards> a, IReadOnlyList<RunRewards> b, double share) =>
    [
        .. a.Join(b, x => x.Seed, x => x.Seed, (x, y) => new RunRewards(
            x.Seed, x.ByTask.Where(t => y.ByTask.ContainsKey(t.Key)).ToDictionary(t => t.Key, t => ((1 - share) * t.Value) + (share * y.ByTask[t.Key]), StringComparer.Ordinal))),
    ];

    private static double[] SeedDifferences(List<RunRewards> first, List<RunRewards> second) =>
        [.. first.Join(second, a => a.Seed, b => b.Seed, (a, b) => a.ByTask.Where(t => b.ByTask.ContainsKey(t.Key)).Average(t => t.Value - b.ByTask[t.Key]))];

    private static double Reward(MethodResult m) => (m.Greedy + m.Sampled) / 2;

    private static string Difference(PairedComparison? comparison) => comparison is null
        ? "-"
        : F($"{comparison.Difference:+0.000;-0.000;0.000} [{comparison.Interval.Low:+0.000;-0.000;0.000}, {comparison.Interval.High:+0.000;-0.000;0.000}]");

    private static string F(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
