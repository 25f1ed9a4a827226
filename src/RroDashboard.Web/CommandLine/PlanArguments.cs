using System.Globalization;
using RroDashboard.Core.Plans;
using RroDashboard.Web.Configuration;

namespace RroDashboard.Web.CommandLine;

/// <summary>A plan and the command line that makes it: both ways, so that the form can show the exact line.</summary>
public static class PlanArguments
{
    /// <summary>The plan that the options of <c>train</c> ask for.</summary>
    /// <param name="preset">Name of a preset.</param>
    /// <param name="seed">Null keeps that of the preset.</param>
    /// <param name="settings">Path=Value texts, applied in order.</param>
    /// <param name="dataFolder">The environment's data folder; null when it needs none.</param>
    /// <param name="method">Name of a method, applied before the settings; null keeps the preset's.</param>
    /// <param name="endpoint">A model behind an endpoint may explore: nothing will be trained.</param>
    /// <exception cref="PlanException">Unknown preset or setting, a value out of range, settings that contradict each other.</exception>
    /// <exception cref="RefusalException">The data folder does not exist.</exception>
    public static RunPlan Read(string preset, long? seed, IEnumerable<string> settings, string? dataFolder, string? method = null, bool endpoint = false)
    {
        var plan = Presets.Create(preset);
        if (seed is { } number)
        {
            PlanSettings.Find(nameof(RunPlan.Seed)).Set(plan, number.ToString(CultureInfo.InvariantCulture));
        }

        if (method is not null)
        {
            Methods.Apply(plan, method);
        }

        PlanSettings.Apply(plan, settings);
        if (plan.Model.Checkpoint.Length > 0)
        {
            plan.Model.Checkpoint = Path.GetFullPath(plan.Model.Checkpoint);
        }

        if (plan.Dpo.PairsFile.Length > 0)
        {
            plan.Dpo.PairsFile = Path.GetFullPath(plan.Dpo.PairsFile);
        }

        if (dataFolder is not null)
        {
            plan.Environment.DataFolder = Path.GetFullPath(dataFolder);
        }

        Check(plan, endpoint);
        return plan;
    }

    /// <summary>Everything that can be checked before a run is queued; the form and the command line share it.</summary>
    /// <exception cref="PlanException">The settings contradict each other.</exception>
    /// <exception cref="RefusalException">The data folder does not exist.</exception>
    public static void Check(RunPlan plan, bool endpoint = false)
    {
        PlanSettings.Validate(plan);
        if (plan.Endpoint.Url.Length > 0 && !endpoint)
        {
            throw new RefusalException(Training.Endpoints.EndpointRun.NoTraining(plan));
        }

        if (plan.Environment.DataFolder.Length > 0 && !Directory.Exists(plan.Environment.DataFolder))
        {
            throw new RefusalException($"Environment.DataFolder = '{plan.Environment.DataFolder}' does not exist: name the folder that holds the data of {plan.Environment.Name}.");
        }

        if (plan.Dpo.PairsFile.Length > 0 && !File.Exists(plan.Dpo.PairsFile))
        {
            throw new RefusalException($"Dpo.PairsFile = '{plan.Dpo.PairsFile}' does not exist: name a file of pairs in TRL's JSON lines, or leave it empty.");
        }

        if (plan.Model.Checkpoint.Length > 0 && !File.Exists(Path.Combine(plan.Model.Checkpoint, "config.json")))
        {
            throw new RefusalException($"Model.Checkpoint = '{plan.Model.Checkpoint}' is no checkpoint: name a folder with config.json, tokenizer.json and *.safetensors, or leave it empty.");
        }
    }

    /// <summary>The line that trains this plan without a browser; only what differs from its preset is named.</summary>
    public static string Write(RunPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        var preset = Presets.Create(plan.Preset);
        var parts = new List<string> { "src/run.sh train --preset", plan.Preset, "--seed", plan.Seed.ToString(CultureInfo.InvariantCulture) };
        foreach (var setting in PlanSettings.All)
        {
            var value = setting.GetText(plan);
            if (setting.Path is nameof(RunPlan.Seed) || value == setting.GetText(preset))
            {
                continue;
            }

            if (setting.Path == $"{nameof(RunPlan.Environment)}.{nameof(EnvironmentOptions.DataFolder)}")
            {
                parts.AddRange(["--data", Quote(value)]);
            }
            else
            {
                parts.AddRange(["--set", Quote($"{setting.Path}={value}")]);
            }
        }

        return string.Join(' ', parts);
    }

    // Single quotes keep everything but themselves in every POSIX shell.
    private static string Quote(string text) =>
        text.Length > 0 && text.All(c => char.IsAsciiLetterOrDigit(c) || "._-=/+:".Contains(c, StringComparison.Ordinal)) ? text : $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
