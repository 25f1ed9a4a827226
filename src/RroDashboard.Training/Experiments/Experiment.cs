using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using RroDashboard.Core.Plans;

namespace RroDashboard.Training.Experiments;

/// <summary>An experiment file was refused. The message is one sentence: what, where, what is allowed.</summary>
public sealed class ExperimentException(string message) : Exception(message);

/// <summary>One method of an experiment.</summary>
/// <param name="Name">Name in the report, unique.</param>
/// <param name="Method">One of <see cref="Methods.All"/>.</param>
/// <param name="Settings">What it sets besides: path to value.</param>
public sealed record ExperimentMethod(string Name, string Method, IReadOnlyDictionary<string, string> Settings);

/// <summary>
/// What an experiment file says: methods × seeds on equal tasks, each seed's methods from one SFT checkpoint. What every method shares is
/// set once; a method may not change what the shared checkpoint and evaluation depend on.
/// </summary>
/// <param name="Name">Name of the report and of the folder of results.</param>
/// <param name="Question">What it is to answer, for the report.</param>
/// <param name="Preset">Where every plan starts from.</param>
/// <param name="Settings">What every plan sets: path to value.</param>
/// <param name="Seeds">Seeds, in order.</param>
/// <param name="Methods">Methods, in order.</param>
/// <param name="Baseline">Name of the method that the others are compared with.</param>
/// <param name="Frontier">The baseline at rising cost: names of methods, for comparisons at equal cost. May be empty.</param>
/// <param name="Margin">A method is "not lower" when its 95 % interval against the baseline lies above minus this, reward units.</param>
/// <param name="CostShare">Largest share of the baseline's cost that a saving method may have.</param>
/// <param name="Resamples">Bootstrap resamples.</param>
/// <param name="Notes">Paragraphs for the report, written by a person.</param>
public sealed record Experiment(
    string Name,
    string Question,
    string Preset,
    IReadOnlyDictionary<string, string> Settings,
    IReadOnlyList<long> Seeds,
    IReadOnlyList<ExperimentMethod> Methods,
    string Baseline,
    IReadOnlyList<string> Frontier,
    double Margin,
    double CostShare,
    int Resamples,
    IReadOnlyList<string> Notes)
{
    /// <summary>Most cells, methods × seeds: more is a mistake of a file.</summary>
    public const int MaxCells = 2000;

    /// <summary>Groups of settings that the shared checkpoint and evaluation depend on.</summary>
    private static readonly string[] s_shared = [nameof(RunPlan.Environment), nameof(RunPlan.Model), nameof(RunPlan.Sft), nameof(RunPlan.Evaluate)];

    // As written in the file; everything may be missing.
    private sealed record Text(
        string? Name, string? Question, string? Preset, string? Data, Dictionary<string, JsonElement>? Settings, long[]? Seeds, MethodText?[]? Methods,
        string? Baseline, string[]? Frontier, double? Margin, double? CostShare, int? Resamples, string[]? Notes);

    private sealed record MethodText(string? Name, string? Method, Dictionary<string, JsonElement>? Settings);

    /// <summary>Reads and checks a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="dataFolder">Folder of the environment's data, instead of the file's; null to keep that.</param>
    /// <exception cref="ExperimentException">The first thing that is wrong.</exception>
    public static Experiment Read(string path, string? dataFolder = null)
    {
        var text = ExperimentFile.Read<Text>(path);
        var name = ExperimentFile.Name(path, text.Name);
        var settings = ExperimentFile.Settings(text.Settings);
        var named = text.Data is { } data ? Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, data) : null;
        if ((dataFolder ?? named) is { } folder)
        {
            settings[$"{nameof(RunPlan.Environment)}.{nameof(EnvironmentOptions.DataFolder)}"] = Path.GetFullPath(folder);
        }

        var seeds = text.Seeds is { Length: > 0 } ? text.Seeds : throw new ExperimentException($"'{path}' names no seeds: write for example \"seeds\": [1, 2, 3].");
        var methods = (text.Methods is { Length: > 0 } ? text.Methods : throw new ExperimentException($"'{path}' names no methods."))
            .Select(m => m?.Method is { } method
                ? new ExperimentMethod(m.Name ?? method, method, ExperimentFile.Settings(m.Settings))
                : throw new ExperimentException($"'{path}': a method has no \"method\": write one of {string.Join(", ", Core.Plans.Methods.All.Select(x => x.Name))}.")).ToList();
        if (methods.GroupBy(m => m.Name, StringComparer.Ordinal).FirstOrDefault(g => g.Count() > 1) is { } twice)
        {
            throw new ExperimentException($"'{path}' has two methods called '{twice.Key}': give one of them another \"name\".");
        }

        if (methods.FirstOrDefault(m => !m.Name.All(c => char.IsAsciiLetterOrDigit(c) || c == '-')) is { } odd)
        {
            throw new ExperimentException($"'{path}': the method's name '{odd.Name}' is not allowed: letters, digits and '-', because its folder of results is called so.");
        }

        if (seeds.GroupBy(s => s).FirstOrDefault(g => g.Count() > 1) is { } again)
        {
            throw new ExperimentException($"'{path}' names seed {again.Key} twice.");
        }

        if (seeds.Length * methods.Count > MaxCells)
        {
            throw new ExperimentException($"'{path}' asks for {seeds.Length * methods.Count} runs: at most {MaxCells} are allowed.");
        }

        var baseline = Known(text.Baseline ?? methods[0].Name, "baseline");
        var experiment = new Experiment(
            name, text.Question ?? "", text.Preset ?? "demo", settings, seeds, methods, baseline, [.. (text.Frontier ?? []).Select(f => Known(f, "frontier"))],
            text.Margin ?? 0.01, text.CostShare ?? 0.5, text.Resamples ?? 2000, text.Notes ?? []);
        if (experiment.Margin < 0 || experiment.CostShare is not (> 0 and <= 1) || experiment.Resamples is < 100 or > 100_000)
        {
            throw new ExperimentException($"'{path}': margin must be at least 0, costShare above 0 and at most 1, resamples from 100 to 100000.");
        }

        // Every plan once, so that nothing fails after hours.
        foreach (var method in methods)
        {
            experiment.Plan(method, seeds[0]);
        }

        return experiment;

        string Known(string wanted, string what) => methods.Any(m => m.Name == wanted) ? wanted
            : throw new ExperimentException($"'{path}': {what} names '{wanted}', which is no method of the file: there are {string.Join(", ", methods.Select(m => m.Name))}.");
    }

    /// <summary>What all methods of a seed start from: the plan that only trains and evaluates the SFT model.</summary>
    /// <exception cref="ExperimentException">A setting is wrong.</exception>
    public RunPlan SharedPlan(long seed) => Make("the shared settings", seed, plan => plan.Method = Method.SftOnly);

    /// <summary>The plan of one cell.</summary>
    /// <exception cref="ExperimentException">A setting is wrong, or changes what all methods share.</exception>
    public RunPlan Plan(ExperimentMethod method, long seed)
    {
        ArgumentNullException.ThrowIfNull(method);
        var shared = SharedPlan(seed);
        var plan = Make($"method '{method.Name}'", seed, p =>
        {
            Core.Plans.Methods.Apply(p, method.Method);
            PlanSettings.Apply(p, Assignments(method.Settings));
        });
        if (PlanSettings.All.FirstOrDefault(s => s_shared.Contains(s.Group) && s.GetText(plan) != s.GetText(shared)) is { } changed)
        {
            throw new ExperimentException($"Method '{method.Name}' changes {changed.Path}, but all methods share one SFT checkpoint and evaluation: set it for all, or not at all.");
        }

        return plan;
    }

    private RunPlan Make(string what, long seed, Action<RunPlan> change)
    {
        try
        {
            var plan = Presets.Create(Preset);
            PlanSettings.Apply(plan, Assignments(Settings));
            PlanSettings.Find(nameof(RunPlan.Seed)).Set(plan, seed.ToString(CultureInfo.InvariantCulture));
            change(plan);
            PlanSettings.Validate(plan);
            if (plan.Guard.OnCollapse == OnCollapse.Pause)
            {
                throw new PlanException("Guard.OnCollapse = Pause waits for a person, and an experiment has none: Warn, StopEarly or RollBack are allowed.");
            }

            return plan;
        }
        catch (PlanException e)
        {
            throw new ExperimentException($"Experiment '{Name}', {what}: {e.Message}");
        }
    }

    private static IEnumerable<string> Assignments(IReadOnlyDictionary<string, string> settings) => settings.Select(s => $"{s.Key}={s.Value}");
}
