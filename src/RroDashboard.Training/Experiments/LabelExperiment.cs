using System.Globalization;
using System.Text.Json;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Preferences;

namespace RroDashboard.Training.Experiments;

/// <summary>What people say about the labelled pairs of an arm.</summary>
public enum Labelling
{
    /// <summary>Nothing: the pairs as they were sampled.</summary>
    None,

    /// <summary>What is true: right pairs are kept, wrong ones flipped, ties discarded.</summary>
    Correct,

    /// <summary>The opposite: right pairs are flipped, wrong ones and ties kept.</summary>
    Wrong,

    /// <summary>The correct labels dealt out to the labelled pairs at random: as many flipped and discarded, and no knowledge.</summary>
    Random,
}

/// <summary>One arm: the same pairs under some labels.</summary>
/// <param name="Name">Name in the report, unique.</param>
/// <param name="Labels">What people say.</param>
/// <param name="Weight">Of each labelled pair that stays, in the loss; those without a label have 1.</param>
/// <param name="Settings">Settings of Dpo that this arm has for itself: path to value.</param>
public sealed record LabelArm(string Name, Labelling Labels, double Weight, IReadOnlyDictionary<string, string> Settings);

/// <summary>
/// Whether labels teach anything: one SFT model and one exploration for each seed; some of its pairs are labelled by a simulated reviewer; then the
/// same DPO on the same pairs under each kind of label. The reviewer knows what each side of a pair is worth to the SFT policy from many more
/// rollouts than the exploration had.
/// </summary>
/// <param name="Name">Name of the report and of the folder of results.</param>
/// <param name="Question">What it is to answer, for the report.</param>
/// <param name="Preset">Where the plan starts from.</param>
/// <param name="Settings">What it sets besides: path to value.</param>
/// <param name="Seeds">Seeds, in order.</param>
/// <param name="Labelled">Pairs that are labelled, chosen at random; all where there are fewer.</param>
/// <param name="Rollouts">Rollouts behind the value of each side.</param>
/// <param name="MinGap">A pair whose sides differ by less is a tie, reward units.</param>
/// <param name="Arms">In order.</param>
/// <param name="Baseline">Name of the arm that the others are compared with.</param>
/// <param name="Resamples">Bootstrap resamples.</param>
/// <param name="Notes">Paragraphs for the report, written by a person.</param>
public sealed record LabelExperiment(
    string Name,
    string Question,
    string Preset,
    IReadOnlyDictionary<string, string> Settings,
    IReadOnlyList<long> Seeds,
    int Labelled,
    int Rollouts,
    double MinGap,
    IReadOnlyList<LabelArm> Arms,
    string Baseline,
    int Resamples,
    IReadOnlyList<string> Notes)
{
    // As written in the file; everything may be missing.
    private sealed record Text(
        string? Name, string? Question, string? Preset, Dictionary<string, JsonElement>? Settings, long[]? Seeds, LabelsText? Labels, ArmText?[]? Arms,
        string? Baseline, int? Resamples, string[]? Notes);

    private sealed record LabelsText(int? Pairs, int? Rollouts, double? MinGap);

    private sealed record ArmText(string? Name, string? Labels, double? Weight, Dictionary<string, JsonElement>? Settings);

    /// <summary>Whether a file holds such an experiment and not one of methods: it says which labels.</summary>
    public static bool IsOne(string path) => ExperimentFile.Has(path, "labels");

    /// <summary>Reads and checks a file.</summary>
    /// <exception cref="ExperimentException">The first thing that is wrong.</exception>
    public static LabelExperiment Read(string path)
    {
        var text = ExperimentFile.Read<Text>(path);
        var name = ExperimentFile.Name(path, text.Name);
        if (text.Seeds is not { Length: > 0 } seeds || seeds.Distinct().Count() != seeds.Length)
        {
            throw new ExperimentException($"'{path}' has to name its seeds, each once: write for example \"seeds\": [1, 2, 3].");
        }

        var arms = (text.Arms ?? []).Select(a => Arm(a)).ToList();
        if (arms.Count == 0 || arms.DistinctBy(a => a.Name, StringComparer.Ordinal).Count() != arms.Count)
        {
            throw new ExperimentException($"'{path}' has to name its arms, each once: write for example \"arms\": [{{ \"name\": \"correct\", \"labels\": \"correct\" }}].");
        }

        var baseline = text.Baseline ?? arms[0].Name;
        if (!arms.Exists(a => a.Name == baseline))
        {
            throw new ExperimentException($"'{path}': baseline names '{baseline}', which is no arm of the file: there are {string.Join(", ", arms.Select(a => a.Name))}.");
        }

        var experiment = new LabelExperiment(
            name, text.Question ?? "", text.Preset ?? "demo", ExperimentFile.Settings(text.Settings), seeds, text.Labels?.Pairs ?? 300, text.Labels?.Rollouts ?? 64, text.Labels?.MinGap ?? 0.05,
            arms, baseline, text.Resamples ?? 2000, text.Notes ?? []);
        if (experiment.Labelled < 1 || experiment.Rollouts is < 1 or > 10_000 || experiment.MinGap is not (>= 0 and <= 2) || experiment.Resamples is < 100 or > 100_000)
        {
            throw new ExperimentException($"'{path}': labels.pairs must be at least 1, labels.rollouts from 1 to 10000, labels.minGap from 0 to 2, resamples from 100 to 100000.");
        }

        // Every plan once, so that nothing fails after hours.
        foreach (var arm in arms)
        {
            if (arm.Settings.Keys.FirstOrDefault(k => !k.StartsWith(nameof(RunPlan.Dpo) + ".", StringComparison.OrdinalIgnoreCase)) is { } other)
            {
                throw new ExperimentException($"'{path}': arm '{arm.Name}' sets {other}, but all arms share one exploration and evaluation: an arm may set Dpo only.");
            }

            experiment.Plan(seeds[0], arm);
        }

        var plan = experiment.Plan(seeds[0]);
        return plan.Method == Method.Explore && plan.Explore.Continue == Continue.FromAccepted && plan.Dpo.PairsFrom.Length == 0
            ? experiment
            : throw new ExperimentException($"'{path}': labels are for step pairs of a walk that can be gone again: leave Method, Explore.Continue and Dpo.PairsFrom as they are.");

        LabelArm Arm(ArmText? arm)
        {
            if (arm?.Name is not { Length: > 0 } armName || !armName.All(c => char.IsAsciiLetterOrDigit(c) || c == '-'))
            {
                throw new ExperimentException($"'{path}': the arm's name '{arm?.Name}' is not allowed: letters, digits and '-', because its file of results is called so.");
            }

            var labels = Enum.GetNames<Labelling>().FirstOrDefault(n => n.Equals(arm.Labels, StringComparison.OrdinalIgnoreCase))
                ?? throw new ExperimentException($"'{path}': labels = '{arm.Labels}' of arm '{armName}' is not allowed: one of {string.Join(", ", Enum.GetNames<Labelling>())}.");
            return arm.Weight is null or (> 0 and <= PreferencePair.MaxWeight)
                ? new LabelArm(armName, Enum.Parse<Labelling>(labels), arm.Weight ?? 1, ExperimentFile.Settings(arm.Settings))
                : throw new ExperimentException(string.Create(CultureInfo.InvariantCulture, $"'{path}': weight = {arm.Weight} of arm '{armName}' is not allowed: above 0 and at most {PreferencePair.MaxWeight}."));
        }
    }

    /// <summary>The plan of a seed, or of one of its arms.</summary>
    /// <exception cref="ExperimentException">A setting is wrong.</exception>
    public RunPlan Plan(long seed, LabelArm? arm = null)
    {
        try
        {
            var plan = Presets.Create(Preset);
            PlanSettings.Apply(plan, Settings.Concat(arm?.Settings ?? new Dictionary<string, string>()).Select(s => $"{s.Key}={s.Value}"));
            PlanSettings.Find(nameof(RunPlan.Seed)).Set(plan, seed.ToString(CultureInfo.InvariantCulture));
            PlanSettings.Validate(plan);
            return plan;
        }
        catch (PlanException e)
        {
            throw new ExperimentException($"Experiment '{Name}': {e.Message}");
        }
    }
}
