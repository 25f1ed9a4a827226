using System.Text.Json;
using RroDashboard.Core.Plans;
using RroDashboard.Web.CommandLine;
using RroDashboard.Web.Configuration;

namespace RroDashboard.Web.Components;

/// <summary>What stands in the form of a new run: texts, what was refused of them, and what they are compared with.</summary>
public sealed class RunForm
{
    /// <summary>Longest pasted JSON; a circuit takes messages of 32 kB.</summary>
    public const int MaxJson = 16_000;

    private static readonly JsonSerializerOptions s_json = new() { WriteIndented = true };

    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _wrong = new(StringComparer.Ordinal);
    private RunPlan _base = new();

    /// <summary>Starts from a preset.</summary>
    public RunForm(string preset) => StartFrom(Presets.Create(preset), "Preset");

    /// <summary>The plan; where a text was refused it has the last good value.</summary>
    public RunPlan Plan { get; private set; } = new();

    /// <summary>What the values are compared with: "Preset" or "Run abc".</summary>
    public string BaseName { get; private set; } = "";

    /// <summary>Settings that differ from the base, as Path=Value.</summary>
    public IReadOnlyList<string> Changes => [.. PlanSettings.All.Where(s => ValueOf(s) != BaseOf(s)).Select(s => $"{s.Path}={ValueOf(s)}")];

    /// <summary>The first refusal; empty when there is none.</summary>
    public string FirstWrong => _wrong.Values.FirstOrDefault() ?? "";

    /// <summary>The line that does the same without a browser.</summary>
    public string CommandLine => PlanArguments.Write(Plan);

    /// <summary>Puts a plan into the form; later changes are marked against it.</summary>
    public void StartFrom(RunPlan plan, string name)
    {
        (_base, Plan, BaseName) = (PlanSettings.Copy(plan), PlanSettings.Copy(plan), name);
        // The form trains; what an endpoint explored is learned from by a model of our own.
        (_base.Endpoint, Plan.Endpoint) = (new PolicyEndpointOptions(), new PolicyEndpointOptions());
        _wrong.Clear();
        foreach (var (path, value) in PlanSettings.ToDictionary(Plan))
        {
            _values[path] = value;
        }
    }

    /// <summary>Text in a field.</summary>
    public string ValueOf(PlanSetting setting) => _values[setting.Path];

    /// <summary>What the base has.</summary>
    public string BaseOf(PlanSetting setting) => setting.GetText(_base);

    /// <summary>Why a text was refused; empty when it was not.</summary>
    public string WrongOf(PlanSetting setting) => _wrong.GetValueOrDefault(setting.Path, "");

    /// <summary>A person changed a field.</summary>
    public void Change(PlanSetting setting, string value)
    {
        _values[setting.Path] = value;
        try
        {
            setting.Set(Plan, value);
            // What did not fit together may fit now: it is checked again before the start.
            foreach (var path in _wrong.Where(w => w.Key == setting.Path || PlanSettings.Find(w.Key).GetText(Plan) == _values[w.Key]).Select(w => w.Key).ToArray())
            {
                _wrong.Remove(path);
            }
        }
        catch (PlanException e)
        {
            _wrong[setting.Path] = e.Message;
        }
    }

    /// <summary>Back to the base, one field.</summary>
    public void Reset(PlanSetting setting) => Change(setting, BaseOf(setting));

    /// <summary>Changes by Path=Value; what is not known is refused before anything changes.</summary>
    /// <exception cref="PlanException">The first one that is wrong.</exception>
    public void Apply(IReadOnlyList<string> assignments)
    {
        var trial = PlanSettings.Copy(Plan);
        PlanSettings.Apply(trial, assignments);
        Show(trial);
    }

    /// <summary>Sets what a method decides.</summary>
    public void UseMethod(string name)
    {
        var trial = PlanSettings.Copy(Plan);
        Methods.Apply(trial, name);
        Show(trial);
    }

    /// <summary>All settings as JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(new { preset = Plan.Preset, settings = PlanSettings.ToDictionary(Plan) }, s_json);

    /// <summary>Takes settings from JSON, as <see cref="ToJson"/> gives it; settings that it does not name keep the preset's value.</summary>
    /// <exception cref="PlanException">No JSON, an unknown preset or setting, or a bad value.</exception>
    public void FromJson(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length > MaxJson)
        {
            throw new PlanException($"The JSON has {text.Length} characters: at most {MaxJson} are allowed.");
        }

        try
        {
            using var json = JsonDocument.Parse(text);
            var root = json.RootElement;
            if (root.ValueKind != JsonValueKind.Object)
            {
                throw new PlanException("The JSON is no object: write {\"preset\": \"demo\", \"settings\": {\"Explore.Tasks\": 100}}.");
            }

            var plan = Presets.Create(root.TryGetProperty("preset", out var preset) ? preset.ToString() : Presets.All[0].Name);
            if (root.TryGetProperty("settings", out var settings))
            {
                if (settings.ValueKind != JsonValueKind.Object)
                {
                    throw new PlanException("\"settings\" is no object: write paths and values, for example {\"Explore.Tasks\": 100}.");
                }

                PlanSettings.Apply(plan, settings.EnumerateObject().Select(s => $"{s.Name}={s.Value}"));
            }

            StartFrom(Presets.Create(plan.Preset), "Preset");
            Show(plan);
        }
        catch (JsonException e)
        {
            throw new PlanException($"This is no JSON: {e.Message.Split(". ")[0].TrimEnd('.')}.");
        }
    }

    /// <summary>Everything that can be checked before a run is queued; a contradiction stands at its field too.</summary>
    /// <returns>Why it is refused; empty when it is not.</returns>
    public string Check()
    {
        if (_wrong.Count > 0)
        {
            return FirstWrong;
        }

        try
        {
            PlanArguments.Check(Plan);
            return "";
        }
        catch (Exception e) when (e is PlanException or RefusalException)
        {
            if (PlanSettings.All.FirstOrDefault(s => e.Message.StartsWith(s.Path + " ", StringComparison.Ordinal)) is { } field)
            {
                _wrong[field.Path] = e.Message;
            }

            return e.Message;
        }
    }

    private void Show(RunPlan plan)
    {
        Plan = plan;
        _wrong.Clear();
        foreach (var (path, value) in PlanSettings.ToDictionary(Plan))
        {
            _values[path] = value;
        }
    }
}
