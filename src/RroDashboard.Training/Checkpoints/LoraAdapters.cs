using System.Text.Json;
using System.Text.Json.Nodes;
using RroDashboard.Training.Model;
using RroDashboard.Training.Tokenizer.Bpe;
using TorchSharp;
using static TorchSharp.torch;

namespace RroDashboard.Training.Checkpoints;

/// <summary>Adapters on disk in the layout of the PEFT library: <c>adapter_config.json</c> and <c>adapter_model.safetensors</c>.</summary>
public static class LoraAdapters
{
    /// <summary>Name of the weights file.</summary>
    public const string WeightsFile = "adapter_model.safetensors";

    private const string ConfigFile = "adapter_config.json";
    private const long ConfigBytes = 1 << 20;
    private const int MaxRank = 4096;

    private static readonly JsonSerializerOptions s_json = new() { WriteIndented = true };

    /// <summary>Writes the adapters of a model into a folder that exists.</summary>
    /// <param name="folder">Where to.</param>
    /// <param name="model">Tuned with LoRA.</param>
    /// <param name="baseModel">Name of the checkpoint that the adapters belong to; a name and not a path of this machine.</param>
    public static void Save(string folder, Decoder model, string baseModel)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (!model.Tuning.IsLora)
        {
            throw new InvalidOperationException("The model is not tuned with LoRA: there are no adapters to save.");
        }

        using (var stream = File.Create(Path.Combine(folder, WeightsFile)))
        {
            Safetensors.Write(stream, model.Adapters());
        }

        var config = new JsonObject
        {
            ["peft_type"] = "LORA",
            ["task_type"] = "CAUSAL_LM",
            ["base_model_name_or_path"] = baseModel,
            ["r"] = model.Tuning.Rank,
            ["lora_alpha"] = model.Tuning.Alpha,
            ["lora_dropout"] = model.Tuning.Dropout,
            ["target_modules"] = new JsonArray([.. model.Tuning.Targets.Select(t => (JsonNode)t)]),
            ["bias"] = "none",
            ["fan_in_fan_out"] = false,
            ["inference_mode"] = true,
        };
        File.WriteAllText(Path.Combine(folder, ConfigFile), config.ToJsonString(s_json));
    }

    /// <summary>What a folder of adapters was trained as.</summary>
    /// <exception cref="InvalidDataException">Its file is missing or damaged, or asks for something that is not supported.</exception>
    public static Tuning ReadTuning(string folder)
    {
        var (document, root) = JsonPart.Open(Path.Combine(folder, ConfigFile), ConfigBytes);
        using (document)
        {
            if (root.Member("peft_type").Text() is var type && type != "LORA")
            {
                throw root.Member("peft_type").Wrong($"is '{type}', which is not supported: LORA is");
            }

            foreach (var variant in (string[])["use_dora", "use_rslora", "fan_in_fan_out"])
            {
                if (root.Maybe(variant).BoolOr(false))
                {
                    throw root.Member(variant).Wrong("is not supported");
                }
            }

            var targets = root.Member("target_modules").Items(Tuning.AllTargets.Count).Select(t => t.Text()).ToArray();
            return targets.FirstOrDefault(t => !Tuning.AllTargets.Contains(t, StringComparer.Ordinal)) is { } wrong
                ? throw root.Member("target_modules").Wrong($"names '{wrong}'; {string.Join(", ", Tuning.AllTargets)} can have adapters")
                : new Tuning(root.Member("r").Int(1, MaxRank), root.Member("lora_alpha").Double(1e-6, 1e6), targets, root.Maybe("lora_dropout").DoubleOr(0, 0, 0.99));
        }
    }

    /// <summary>Reads adapters into a model that has adapters of the same shapes.</summary>
    /// <exception cref="InvalidDataException">One is missing, extra, or of another shape; it is named.</exception>
    public static void Load(string folder, Decoder model)
    {
        ArgumentNullException.ThrowIfNull(model);
        using var weights = SafetensorsFolder.OpenFile(Path.Combine(folder, WeightsFile));
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var own = model.Adapters().ToList();
        foreach (var (name, value) in own)
        {
            if (!weights.Contains(name) || !weights.Shape(name).SequenceEqual(value.shape))
            {
                throw new InvalidDataException($"The adapters in '{folder}' lack the tensor '{name}' of shape [{string.Join(", ", value.shape)}].");
            }
        }

        if (weights.Names.FirstOrDefault(n => !own.Exists(o => o.Name == n)) is { } extra)
        {
            throw new InvalidDataException($"The adapters in '{folder}' have the tensor '{extra}', which the model has no place for.");
        }

        foreach (var (name, value) in own)
        {
            value.copy_(tensor(weights.Read(name), value.shape));
        }
    }
}
