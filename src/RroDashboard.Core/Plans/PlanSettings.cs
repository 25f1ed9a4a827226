using System.Globalization;
using System.Reflection;

namespace RroDashboard.Core.Plans;

/// <summary>A plan was refused. The message is one sentence for the person who wrote it: what, where, what is allowed.</summary>
public sealed class PlanException(string message) : Exception(message);

/// <summary>One setting of <see cref="RunPlan"/>, read from its property and <see cref="SettingAttribute"/>.</summary>
public sealed class PlanSetting
{
    private readonly PropertyInfo? _group;
    private readonly PropertyInfo _property;
    private readonly SettingAttribute _attribute;

    internal PlanSetting(PropertyInfo? group, PropertyInfo property, SettingAttribute attribute)
    {
        (_group, _property, _attribute) = (group, property, attribute);
        Path = group is null ? property.Name : $"{group.Name}.{property.Name}";
    }

    /// <summary>Dotted path, for example "Explore.MaxCandidates".</summary>
    public string Path { get; }

    /// <summary>Part of the plan, for example "Explore"; empty for settings of the run itself.</summary>
    public string Group => _group?.Name ?? "";

    /// <summary>Name without its group.</summary>
    public string Name => _property.Name;

    /// <summary>One sentence.</summary>
    public string Meaning => _attribute.Meaning;

    /// <summary>Unit; empty when there is none.</summary>
    public string Unit => _attribute.Unit;

    /// <summary>Smallest allowed number.</summary>
    public double Min => _attribute.Min;

    /// <summary>Largest allowed number.</summary>
    public double Max => _attribute.Max;

    /// <summary>Most people leave it alone.</summary>
    public bool Advanced => _attribute.Advanced;

    /// <summary>Type of the value: int, long, double, bool, string or an enum.</summary>
    public Type Type => _property.PropertyType;

    /// <summary>Names of the allowed values of an enum; empty otherwise.</summary>
    public IReadOnlyList<string> Choices => Type.IsEnum ? Enum.GetNames(Type) : [];

    /// <summary>What is allowed, in words: "a whole number from 1 to 1000".</summary>
    public string Allowed
    {
        get
        {
            if (Type.IsEnum)
            {
                return "one of " + string.Join(", ", Choices);
            }

            if (Type == typeof(bool))
            {
                return "true or false";
            }

            if (Type == typeof(string))
            {
                return "text";
            }

            var kind = Type == typeof(double) ? "a number" : "a whole number";
            return string.Create(CultureInfo.InvariantCulture, $"{kind} from {Min} to {Max}");
        }
    }

    /// <summary>The value in <paramref name="plan"/>.</summary>
    public object Get(RunPlan plan) => _property.GetValue(Owner(plan))!;

    /// <summary>The value as text that <see cref="Set"/> accepts.</summary>
    public string GetText(RunPlan plan) => Convert.ToString(Get(plan), CultureInfo.InvariantCulture) ?? "";

    /// <summary>Parses and stores a value.</summary>
    /// <exception cref="PlanException">Not parsable or out of range.</exception>
    public void Set(RunPlan plan, string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var value = Parse(text.Trim());
        if (value is null || !InRange(value))
        {
            throw new PlanException($"{Path} = '{text}' is not allowed: it must be {Allowed}.");
        }

        _property.SetValue(Owner(plan), value);
    }

    internal void Check(RunPlan plan)
    {
        if (!InRange(Get(plan)))
        {
            throw new PlanException($"{Path} = '{GetText(plan)}' is not allowed: it must be {Allowed}.");
        }
    }

    private object Owner(RunPlan plan) => _group is null ? plan : _group.GetValue(plan)!;

    private object? Parse(string text)
    {
        if (Type.IsEnum)
        {
            // Names only: Enum.TryParse would also take any number.
            return Choices.FirstOrDefault(c => c.Equals(text, StringComparison.OrdinalIgnoreCase)) is { } name ? Enum.Parse(Type, name) : null;
        }

        var invariant = CultureInfo.InvariantCulture;
        return Type switch
        {
            _ when Type == typeof(string) => text,
            _ when Type == typeof(bool) => bool.TryParse(text, out var flag) ? flag : null,
            _ when Type == typeof(int) => int.TryParse(text, NumberStyles.Integer, invariant, out var number) ? number : null,
            _ when Type == typeof(long) => long.TryParse(text, NumberStyles.Integer, invariant, out var number) ? number : null,
            _ when Type == typeof(double) => double.TryParse(text, NumberStyles.Float, invariant, out var number) && double.IsFinite(number) ? number : null,
            _ => throw new InvalidOperationException($"{Path} has type {Type.Name}, which settings do not support."),
        };
    }

    private bool InRange(object value) => value switch
    {
        int or long or double => Convert.ToDouble(value, CultureInfo.InvariantCulture) is var number && number >= Min && number <= Max,
        _ => true,
    };
}

/// <summary>All settings of a plan, in the order of their declaration.</summary>
public static class PlanSettings
{
    /// <summary>Every setting.</summary>
    public static IReadOnlyList<PlanSetting> All { get; } = [.. Enumerate()];

    /// <summary>Finds a setting by its path, whatever the case.</summary>
    /// <exception cref="PlanException">No such setting; the message names the nearest ones.</exception>
    public static PlanSetting Find(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return All.FirstOrDefault(s => s.Path.Equals(path, StringComparison.OrdinalIgnoreCase))
            ?? throw new PlanException($"There is no setting '{path}'. {Nearest(path)}");
    }

    /// <summary>Applies "Path=Value" texts in order.</summary>
    /// <exception cref="PlanException">The first one that is wrong.</exception>
    public static void Apply(RunPlan plan, IEnumerable<string> assignments)
    {
        ArgumentNullException.ThrowIfNull(assignments);
        foreach (var assignment in assignments)
        {
            var equals = assignment.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
            {
                throw new PlanException($"'{assignment}' is not a setting: write it as Path=Value, for example Explore.MaxCandidates=5.");
            }

            Find(assignment[..equals].Trim()).Set(plan, assignment[(equals + 1)..]);
        }
    }

    /// <summary>Path to value, as text, for the run header and the export.</summary>
    public static IReadOnlyDictionary<string, string> ToDictionary(RunPlan plan) =>
        All.ToDictionary(s => s.Path, s => s.GetText(plan), StringComparer.Ordinal);

    /// <summary>A plan from what <see cref="ToDictionary"/> gave; settings that are missing keep their defaults.</summary>
    /// <exception cref="PlanException">An unknown path or a bad value.</exception>
    public static RunPlan FromDictionary(string preset, IEnumerable<KeyValuePair<string, string>> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        var plan = new RunPlan { Preset = preset };
        foreach (var (path, value) in values)
        {
            Find(path).Set(plan, value);
        }

        return plan;
    }

    /// <summary>An independent copy.</summary>
    public static RunPlan Copy(RunPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        return FromDictionary(plan.Preset, ToDictionary(plan));
    }

    /// <summary>Checks what single ranges cannot: settings that have to fit each other.</summary>
    /// <exception cref="PlanException">The first contradiction.</exception>
    public static void Validate(RunPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        foreach (var setting in All)
        {
            setting.Check(plan);
        }

        if (plan.Model.Width % (2 * plan.Model.Heads) != 0)
        {
            throw new PlanException($"Model.Width = {plan.Model.Width} does not fit Model.Heads = {plan.Model.Heads}: the width must be a multiple of twice the heads, {2 * plan.Model.Heads}.");
        }

        if (plan.Evaluate.Split == EvaluationSplit.Test && plan.Evaluate.Tasks > plan.Environment.TestTasks)
        {
            throw new PlanException($"Evaluate.Tasks = {plan.Evaluate.Tasks} is more than Environment.TestTasks = {plan.Environment.TestTasks}: there are not that many test tasks.");
        }

        if (plan.Evaluate.Split == EvaluationSplit.Tuning && plan.Evaluate.Tasks > plan.Environment.TuningTasks)
        {
            throw new PlanException($"Evaluate.Tasks = {plan.Evaluate.Tasks} is more than Environment.TuningTasks = {plan.Environment.TuningTasks}: there are not that many tuning tasks.");
        }

        if (plan.Explore.Tasks > plan.Environment.TrainTasks)
        {
            throw new PlanException($"Explore.Tasks = {plan.Explore.Tasks} is more than Environment.TrainTasks = {plan.Environment.TrainTasks}: there are not that many training tasks.");
        }

        if (plan.Dpo.PairsFrom.Length > 0)
        {
            PairsReference.Parse(plan.Dpo.PairsFrom);
            if (plan.Method is Method.SftOnly or Method.Rft)
            {
                throw new PlanException($"Dpo.PairsFrom = '{plan.Dpo.PairsFrom}' has no meaning with Method = {plan.Method}, which learns from no pairs: choose Explore, Eto or Ipr, or leave it empty.");
            }
        }

        if (plan.Dpo.PairsFile.Length > 0 && (plan.Dpo.PairsFrom.Length > 0 || plan.Method is Method.SftOnly or Method.Rft))
        {
            throw new PlanException(plan.Dpo.PairsFrom.Length > 0
                ? $"Dpo.PairsFile = '{plan.Dpo.PairsFile}' and Dpo.PairsFrom = '{plan.Dpo.PairsFrom}' both name pairs: leave one of them empty."
                : $"Dpo.PairsFile = '{plan.Dpo.PairsFile}' has no meaning with Method = {plan.Method}, which learns from no pairs: choose Explore, Eto or Ipr, or leave it empty.");
        }

        if (plan.Sft.Updates == 0 && plan.Model.Checkpoint.Length == 0 && plan.Endpoint.Url.Length == 0)
        {
            throw new PlanException("Sft.Updates = 0 leaves the policy as it is, but Model.Checkpoint is empty, so there is nothing that it could know: train it, or name a checkpoint.");
        }

        if (plan.Model.LoraRank > 0 && (plan.Model.LoraTargetNames().Count == 0 || plan.Model.LoraTargetNames().Except(ModelOptions.LoraTargetChoices(), StringComparer.Ordinal).Any()))
        {
            throw new PlanException($"Model.LoraTargets = '{plan.Model.LoraTargets}' is not allowed: it must be one or more of {string.Join(", ", ModelOptions.LoraTargetChoices())}, separated by commas.");
        }

        DeviceName.CardOf(plan.Model.Device);
        PolicyEndpointOptions.Validate(plan);
        ValidateExplore(plan.Explore);
        if (plan.Explore is { Gating: Gating.SkipForced, SharedRollouts: true } && !plan.Environment.ActionMask)
        {
            throw new PlanException("Explore.Gating = SkipForced with Explore.SharedRollouts skips only where Environment.ActionMask leaves one action, but Environment.ActionMask = false: set it to true, or Explore.Gating = None.");
        }

        if (plan.Environment.Name != EnvironmentKind.MiniShop && plan.Environment.DataFolder.Length == 0)
        {
            throw new PlanException($"Environment.DataFolder is empty, but {plan.Environment.Name} reads its tasks from files: name the folder with --data.");
        }
    }

    // Free candidates are fair only where candidates and rollouts are drawn alike; a test needs something to compare with.
    private static void ValidateExplore(ExploreOptions explore)
    {
        if (explore.SharedRollouts && explore.CandidateTemperature != explore.RolloutTemperature)
        {
            throw new PlanException(string.Create(
                CultureInfo.InvariantCulture,
                $"Explore.SharedRollouts needs candidates and rollouts drawn alike, but Explore.CandidateTemperature = {explore.CandidateTemperature} and Explore.RolloutTemperature = {explore.RolloutTemperature}: set both to the same."));
        }

        if (explore.SharedRollouts && explore.FirstStepBaseline == FirstStepBaseline.Zero)
        {
            throw new PlanException("Explore.SharedRollouts values every state by the rollouts through it, the start too, but Explore.FirstStepBaseline = Zero: choose RootValue.");
        }

        if (explore.Shrinkage > 0 && explore.FirstStepBaseline == FirstStepBaseline.Zero)
        {
            throw new PlanException(string.Create(
                CultureInfo.InvariantCulture,
                $"Explore.Shrinkage = {explore.Shrinkage} draws values towards that of the step before, but Explore.FirstStepBaseline = Zero only assumes the first one: set Explore.Shrinkage to 0, or Explore.FirstStepBaseline to RootValue."));
        }

        if (explore.SharedRollouts && explore.Continue == Continue.AlongExpert)
        {
            throw new PlanException("Explore.SharedRollouts goes on with the rollouts of the state that was followed, but Explore.Continue = AlongExpert leaves it for another one: choose FromAccepted.");
        }

        if (explore.MinLooks > explore.MaxCandidates)
        {
            throw new PlanException($"Explore.MinLooks = {explore.MinLooks} is more than Explore.MaxCandidates = {explore.MaxCandidates}: a step cannot look at more candidates than it may sample.");
        }

        if (explore.Selection == Selection.AllBest && explore.MinLooks != 1)
        {
            throw new PlanException($"Explore.MinLooks = {explore.MinLooks} has no meaning with Explore.Selection = AllBest, which looks at all K: leave it at 1.");
        }

        if (explore.Selection == Selection.AllBest && explore.SequentialZ > 0)
        {
            throw new PlanException("Explore.SequentialZ has no meaning with Explore.Selection = AllBest, which compares with no earlier step: leave it at 0.");
        }

        if (explore.SequentialZ > 0 && explore.SequentialMinRollouts > explore.Rollouts)
        {
            throw new PlanException($"Explore.SequentialMinRollouts = {explore.SequentialMinRollouts} is more than Explore.Rollouts = {explore.Rollouts}: the test could never stop early.");
        }

        if (explore.Gating == Gating.SkipForced && explore.Selection == Selection.AllBest)
        {
            throw new PlanException("Explore.Gating = SkipForced has no meaning with Explore.Selection = AllBest, which values all K at every step: leave it at None.");
        }

        if (explore.Gating == Gating.SkipForced && explore.GateDraws > explore.MaxCandidates)
        {
            throw new PlanException($"Explore.GateDraws = {explore.GateDraws} is more than Explore.MaxCandidates = {explore.MaxCandidates}: a step cannot draw more actions than it may sample.");
        }

        if (explore.Pairing != Pairing.Considered && explore.Rejected == Rejected.LastNonRising)
        {
            throw new PlanException($"Explore.Rejected = LastNonRising takes the last candidate that was tested, but Explore.Pairing = {explore.Pairing} also pairs siblings that were not: choose EveryLower, WorstSeen or MeanMinus2Sigma.");
        }
    }

    private static IEnumerable<PlanSetting> Enumerate()
    {
        foreach (var property in typeof(RunPlan).GetProperties())
        {
            if (property.GetCustomAttribute<SettingAttribute>() is { } own)
            {
                yield return new PlanSetting(null, property, own);
                continue;
            }

            foreach (var inner in property.PropertyType.GetProperties())
            {
                if (inner.GetCustomAttribute<SettingAttribute>() is { } attribute)
                {
                    yield return new PlanSetting(property, inner, attribute);
                }
            }
        }
    }

    private static string Nearest(string path)
    {
        var last = path[(path.LastIndexOf('.') + 1)..];
        var close = All.OrderBy(s => Distance(s.Name, last)).ThenBy(s => s.Path, StringComparer.Ordinal).Take(3).Select(s => s.Path);
        return "Did you mean " + string.Join(", ", close) + "?";
    }

    private static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var cost = char.ToUpperInvariant(a[i - 1]) == char.ToUpperInvariant(b[j - 1]) ? 0 : 1;
                (diagonal, row[j]) = (row[j], Math.Min(Math.Min(row[j] + 1, row[j - 1] + 1), diagonal + cost));
            }
        }

        return row[b.Length];
    }
}
