using System.Globalization;
using RroDashboard.Core.Events;
using RroDashboard.Core.Exploration;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Preferences;
using RroDashboard.Core.Statistics;

namespace RroDashboard.Training.Experiments;

/// <summary>What the simulated reviewer knows of a pair.</summary>
/// <param name="Index">Number of the pair.</param>
/// <param name="Chosen">What its chosen side is worth to the SFT policy.</param>
/// <param name="Rejected">What its rejected side is worth.</param>
public sealed record KnownPair(int Index, double Chosen, double Rejected)
{
    /// <summary>The label that is true: sides that differ by less than <paramref name="minGap"/> are a tie.</summary>
    public PairDecision Truth(double minGap) =>
        Chosen - Rejected >= minGap ? PairDecision.Kept : Rejected - Chosen >= minGap ? PairDecision.Flipped : PairDecision.Discarded;
}

/// <summary>The labelled pairs of one seed.</summary>
/// <param name="Seed">Seed.</param>
/// <param name="Fingerprint">Over plan and reviewer.</param>
/// <param name="Pairs">All pairs of the exploration.</param>
/// <param name="Known">Those that are labelled.</param>
/// <param name="EnvironmentHash">Content of the data that they were made from. Null in files of older versions, which are taken as they are.</param>
public sealed record LabelResult(long Seed, string Fingerprint, int Pairs, IReadOnlyList<KnownPair> Known, string? EnvironmentHash = null);

/// <summary>
/// Runs a <see cref="LabelExperiment"/> into a folder. What is finished is a file and is not computed again, so an experiment that was broken
/// off goes on, and several processes may work on different seeds of one folder.
/// </summary>
public sealed class LabelRunner
{
    private const string BaseFolder = "base";
    private readonly LabelExperiment _experiment;
    private readonly string _folder;
    private readonly TimeProvider _time;
    private readonly Action<string> _say;
    private readonly CancellationToken _cancellationToken;
    private readonly ContentHashes _content = new();

    private sealed record Explored(string Fingerprint, Budget Budget, IReadOnlyList<RunEvent> Facts);

    /// <summary>Prepares; nothing happens before <see cref="Run"/>.</summary>
    /// <param name="experiment">What to run.</param>
    /// <param name="folder">Where results go.</param>
    /// <param name="time">For the seconds shown.</param>
    /// <param name="say">Told a line for people now and then.</param>
    /// <param name="cancellationToken">Ends the experiment; the part that runs is lost.</param>
    public LabelRunner(LabelExperiment experiment, string folder, TimeProvider time, Action<string> say, CancellationToken cancellationToken) =>
        (_experiment, _folder, _time, _say, _cancellationToken) = (experiment, folder, time, say, cancellationToken);

    /// <summary>Runs every arm of some seeds that is not there yet.</summary>
    /// <param name="seeds">Of the experiment's.</param>
    /// <exception cref="PlanException">A plan does not fit its data.</exception>
    /// <exception cref="OperationCanceledException">Stopped by a person.</exception>
    public void Run(IReadOnlyList<long> seeds)
    {
        ArgumentNullException.ThrowIfNull(seeds);
        foreach (var seed in seeds)
        {
            var open = _experiment.Arms.Where(arm => Find(arm, seed) is null).ToList();
            if (open.Count == 0)
            {
                continue;
            }

            var explored = Explore(seed);
            var labels = Label(seed, explored);
            foreach (var arm in open)
            {
                _cancellationToken.ThrowIfCancellationRequested();
                var cell = RunArm(arm, seed, explored, labels);
                _say(string.Create(
                    CultureInfo.InvariantCulture,
                    $"seed {seed}, {arm.Name}: {cell.Budget.Pairs} pairs; greedy {cell.Summary.Final.Greedy:0.000}, T=1 {cell.Summary.Final.Sampled:0.000}; {cell.Summary.Seconds.Dpo + cell.Summary.Seconds.Evaluate:0} s"));
            }
        }
    }

    /// <summary>Every finished arm, in the experiment's order.</summary>
    public IReadOnlyList<CellResult> Finished() =>
        [.. _experiment.Seeds.SelectMany(seed => _experiment.Arms.Select(arm => Find(arm, seed))).OfType<CellResult>()];

    /// <summary>What was known of the pairs of each seed that was begun.</summary>
    public IReadOnlyList<LabelResult> Labels() => [.. _experiment.Seeds.Select(FindLabels).OfType<LabelResult>()];

    private string SeedFolder(long seed) => Path.Combine(_folder, string.Create(CultureInfo.InvariantCulture, $"seed-{seed}"));

    private string LabelsFile(long seed) => Path.Combine(SeedFolder(seed), "labels.json");

    private CellResult? Find(LabelArm arm, long seed)
    {
        var cell = CellFiles.Read<CellResult>(Path.Combine(SeedFolder(seed), arm.Name + ".json"));
        return cell?.Fingerprint == OfArm(arm, seed) && (cell.EnvironmentHash ?? ContentHash(seed)) == ContentHash(seed) ? cell : null;
    }

    private LabelResult? FindLabels(long seed)
    {
        var labels = CellFiles.Read<LabelResult>(LabelsFile(seed));
        return labels?.Fingerprint == OfLabels(seed) && (labels.EnvironmentHash ?? ContentHash(seed)) == ContentHash(seed) ? labels : null;
    }

    private string ContentHash(long seed) => _content.Of(_experiment.Plan(seed).Environment);

    private string OfLabels(long seed) => CellFiles.Fingerprint(BeforeTraining(seed), Besides());

    private string OfArm(LabelArm arm, long seed) => CellFiles.Fingerprint(
        _experiment.Plan(seed, arm),
        [.. Besides(), new("labels.minGap", _experiment.MinGap.ToString(CultureInfo.InvariantCulture)), new("arm", string.Create(CultureInfo.InvariantCulture, $"{arm.Labels} {arm.Weight}"))]);

    // Exploration and labels do not depend on how is trained after them.
    private RunPlan BeforeTraining(long seed)
    {
        var plan = _experiment.Plan(seed);
        (plan.Dpo, plan.Guard) = (new DpoOptions(), new GuardOptions());
        return plan;
    }

    private IEnumerable<KeyValuePair<string, string>> Besides() =>
    [
        new("labels.pairs", _experiment.Labelled.ToString(CultureInfo.InvariantCulture)),
        new("labels.rollouts", _experiment.Rollouts.ToString(CultureInfo.InvariantCulture)),
    ];

    // SFT, its evaluation and exploration, once for all arms.
    private Explored Explore(long seed)
    {
        var plan = BeforeTraining(seed);
        var (folder, file) = (Path.Combine(SeedFolder(seed), BaseFolder), Path.Combine(SeedFolder(seed), BaseFolder + ".json"));
        if (CellFiles.Read<Explored>(file) is { } known && known.Fingerprint == CellFiles.Fingerprint(plan)
            && known.Facts.OfType<RunStarted>().LastOrDefault()?.EnvironmentHash == ContentHash(seed) && known.Facts.OfType<CheckpointSaved>().All(c => Directory.Exists(Path.Combine(folder, c.Folder))))
        {
            return known;
        }

        _say(string.Create(CultureInfo.InvariantCulture, $"seed {seed}: supervised fine-tuning and exploration, shared by all arms"));
        Directory.CreateDirectory(folder);
        // Labels name pairs by their number: those of another exploration would fit by chance only.
        File.Delete(LabelsFile(seed));
        var journal = new CellJournal(pairs: true);
        new TrainingRun(plan, folder, journal, _time, _cancellationToken).RunToPairs();
        var explored = new Explored(CellFiles.Fingerprint(plan), journal.Budget, [.. journal.Facts]);
        CellFiles.Write(file, explored);
        return explored;
    }

    private LabelResult Label(long seed, Explored explored)
    {
        if (FindLabels(seed) is { } known)
        {
            return known;
        }

        var began = _time.GetTimestamp();
        var plan = _experiment.Plan(seed);
        var pairs = explored.Facts.OfType<PairCreated>().OrderBy(p => p.Index).ToList();
        var shuffled = pairs.ToArray();
        new SeededRandom(plan.Seed, (long)Purpose.Label).Shuffle<PairCreated>(shuffled);
        var chosen = shuffled.Take(_experiment.Labelled).OrderBy(p => p.Index).ToList();
        var checkpoint = explored.Facts.OfType<CheckpointSaved>().Single(c => c.Stage == Stage.Sft);
        var values = StepActions.Value(
            plan, Path.Combine(SeedFolder(seed), BaseFolder, checkpoint.Folder), checkpoint.Sha256, _experiment.Rollouts, Purpose.Label,
            [.. chosen.SelectMany(p => new[] { (p.Pair, p.Pair.Chosen), (p.Pair, p.Pair.Rejected) }).Select(p => StepActions.At(p.Pair.Task, p.Pair.Step, p.Item2, explored.Facts.OfType<RunFact>()))],
            _cancellationToken);
        var result = new LabelResult(seed, OfLabels(seed), pairs.Count, [.. chosen.Select((p, i) => new KnownPair(p.Index, values[2 * i].Value!.Mean, values[(2 * i) + 1].Value!.Mean))], ContentHash(seed));
        CellFiles.Write(LabelsFile(seed), result);
        var truth = result.Known.ToLookup(k => k.Truth(_experiment.MinGap));
        _say(string.Create(
            CultureInfo.InvariantCulture,
            $"seed {seed}: {pairs.Count} pairs, {result.Known.Count} labelled: {truth[PairDecision.Kept].Count()} right, {truth[PairDecision.Flipped].Count()} wrong, {truth[PairDecision.Discarded].Count()} ties; {_time.GetElapsedTime(began).TotalSeconds:0} s"));
        return result;
    }

    /// <summary>The decisions of an arm, by the number of the pair.</summary>
    /// <param name="labels">How.</param>
    /// <param name="known">What is true of the labelled pairs.</param>
    /// <param name="minGap">Of a pair that is no tie.</param>
    /// <param name="random">Deals the labels out where they are random.</param>
    public static IReadOnlyDictionary<int, PairDecision> Decide(Labelling labels, IReadOnlyList<KnownPair> known, double minGap, SeededRandom random)
    {
        ArgumentNullException.ThrowIfNull(known);
        ArgumentNullException.ThrowIfNull(random);
        var truth = known.Select(k => k.Truth(minGap)).ToArray();
        if (labels == Labelling.Random)
        {
            random.Shuffle<PairDecision>(truth);
        }

        return labels == Labelling.None
            ? new Dictionary<int, PairDecision>()
            : known.Zip(truth).ToDictionary(k => k.First.Index, k => labels != Labelling.Wrong ? k.Second : k.Second == PairDecision.Kept ? PairDecision.Flipped : PairDecision.Kept);
    }

    private CellResult RunArm(LabelArm arm, long seed, Explored explored, LabelResult labels)
    {
        var plan = _experiment.Plan(seed, arm);
        var folder = Path.Combine(SeedFolder(seed), arm.Name);
        Directory.CreateDirectory(folder);
        var decisions = Decide(arm.Labels, labels.Known, _experiment.MinGap, new SeededRandom(plan.Seed, (long)Purpose.Label, 1));
        // A run that goes on after its exploration, from the checkpoint and the pairs that all arms share.
        List<RunFact> facts = [.. explored.Facts.OfType<RunFact>().Select(f => f switch
        {
            RunStarted started => started with { Settings = PlanSettings.ToDictionary(plan) },
            CheckpointSaved saved => saved with { Folder = Path.Combine("..", BaseFolder, saved.Folder) },
            PairCreated pair => Labelled(pair, decisions, arm.Weight),
            _ => f,
        }).OfType<RunFact>()];
        var journal = new CellJournal();
        var summary = new TrainingRun(plan, folder, journal, _time, _cancellationToken).Run(new RunPast(facts, explored.Budget));
        var (greedy, sampled) = (journal.Evaluation("greedy"), journal.Evaluation("sampled"));
        var cell = new CellResult(
            arm.Name, seed, OfArm(arm, seed), TensorEngine.DescriptionOn(plan.Model.Device), summary, explored.Budget with { Pairs = facts.OfType<PairCreated>().Count() },
            greedy.Episodes.ToDictionary(e => e.TaskId, e => e.Reward, StringComparer.Ordinal),
            sampled.Episodes.ToDictionary(e => e.TaskId, e => e.Reward, StringComparer.Ordinal),
            greedy.InvalidRate, sampled.InvalidRate, null,
            [.. journal.Facts.OfType<AlertRaised>().Where(a => a.Severity != "info").Select(a => a.Text)],
            explored.Facts.OfType<RunStarted>().Last().EnvironmentHash);
        CellFiles.Write(Path.Combine(SeedFolder(seed), arm.Name + ".json"), cell);
        Directory.Delete(folder, recursive: true);
        return cell;
    }

    private static PairCreated? Labelled(PairCreated pair, IReadOnlyDictionary<int, PairDecision> decisions, double weight)
    {
        if (!decisions.TryGetValue(pair.Index, out var decision))
        {
            return pair;
        }

        var weighted = weight == 1 ? pair.Pair : pair.Pair with { Weight = weight };
        return decision switch
        {
            PairDecision.Discarded => null,
            PairDecision.Flipped => pair with { Pair = weighted.Flipped(), Origin = new PairOrigin(decision, PairSource.Human) },
            _ => pair with { Pair = weighted, Origin = new PairOrigin(decision, PairSource.Human) },
        };
    }
}
