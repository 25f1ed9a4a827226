using System.Security.Cryptography;
using System.Text.Json;
using RroDashboard.Core.Events;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Statistics;
using RroDashboard.Training.Model;
using RroDashboard.Training.Tokenizer;
using RroDashboard.Training.Tokenizer.Bpe;
using TorchSharp;
using static TorchSharp.torch;

namespace RroDashboard.Training.Checkpoints;

/// <summary>
/// A policy on disk: <c>model.safetensors</c>, <c>config.json</c> (sizes) and <c>tokenizer.json</c> (words and pieces) in a folder.
/// </summary>
public static class Checkpoint
{
    private const string WeightsFile = "model.safetensors";
    private const string ConfigFile = "config.json";
    private const string TokenizerFile = "tokenizer.json";

    private static readonly JsonSerializerOptions s_json = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    private sealed record Config(string Architecture, int VocabularySize, ModelOptions Model);

    // A run on a published checkpoint: what it changed lies beside this, the rest where it was.
    private sealed record TunedConfig(string Architecture, int VocabularySize, string BaseFolder, string BaseSha256, ModelOptions Model);

    private sealed record Architecture([property: System.Text.Json.Serialization.JsonPropertyName("architecture")] string Name);

    private sealed record Vocabulary(IReadOnlyList<string> Words, IReadOnlyList<string> Pieces);

    /// <summary>Writes a checkpoint beside its final place and moves it there, so that a killed process leaves none or a whole one.</summary>
    /// <param name="runFolder">Folder of the run; created if missing.</param>
    /// <param name="stage">After which stage: decides the folder's name.</param>
    /// <param name="model">The policy.</param>
    /// <param name="options">Its sizes.</param>
    /// <param name="tokenizer">Its vocabulary.</param>
    /// <returns>The fact to record.</returns>
    public static CheckpointSaved Save(string runFolder, Stage stage, CausalLm model, ModelOptions options, WordTokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(tokenizer);
        var name = "checkpoint-" + stage.ToString().ToLowerInvariant();
        var draft = Draft(runFolder, name);
        using (var stream = File.Create(Path.Combine(draft, WeightsFile)))
        {
            Safetensors.Write(stream, model.Stored);
        }

        File.WriteAllText(Path.Combine(draft, ConfigFile), JsonSerializer.Serialize(new Config(nameof(CausalLm), model.Vocabulary, options), s_json));
        File.WriteAllText(Path.Combine(draft, TokenizerFile), JsonSerializer.Serialize(new Vocabulary(tokenizer.Words, tokenizer.Pieces), s_json));
        return Place(runFolder, name, draft, stage);
    }

    /// <summary>Writes what a run changed of a published checkpoint: its adapters in PEFT's layout, or all weights; the vocabulary beside it.</summary>
    /// <param name="runFolder">Folder of the run; created if missing.</param>
    /// <param name="stage">After which stage: decides the folder's name.</param>
    /// <param name="model">The policy.</param>
    /// <param name="options">Names the published checkpoint.</param>
    /// <returns>The fact to record.</returns>
    public static CheckpointSaved Save(string runFolder, Stage stage, Decoder model, ModelOptions options)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(options);
        var name = "checkpoint-" + stage.ToString().ToLowerInvariant();
        var draft = Draft(runFolder, name);
        if (model.Tuning.IsLora)
        {
            LoraAdapters.Save(draft, model, Path.GetFileName(Path.TrimEndingDirectorySeparator(options.Checkpoint)));
        }
        else
        {
            using var stream = File.Create(Path.Combine(draft, WeightsFile));
            Safetensors.Write(stream, model.Stored);
        }

        var config = new TunedConfig(nameof(Decoder), model.Vocabulary, options.Checkpoint, BaseHash(options.Checkpoint), options);
        File.WriteAllText(Path.Combine(draft, ConfigFile), JsonSerializer.Serialize(config, s_json));
        File.Copy(Path.Combine(options.Checkpoint, TokenizerFile), Path.Combine(draft, TokenizerFile));
        return Place(runFolder, name, draft, stage);
    }

    /// <summary>SHA-256 of the weights in a folder, hex.</summary>
    /// <exception cref="InvalidDataException">There are none.</exception>
    public static string HashOf(string folder)
    {
        using var stream = File.OpenRead(WeightsIn(folder));
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }

    /// <summary>Reads a checkpoint.</summary>
    /// <exception cref="InvalidDataException">A file is missing or damaged, or does not fit the others.</exception>
    /// <param name="folder">Its folder.</param>
    /// <param name="device">Where the model computes, whatever it was written from; the processor when null.</param>
    public static (CausalLm Model, ModelOptions Options, WordTokenizer Tokenizer) Load(string folder, Device? device = null)
    {
        var config = ReadJson<Config>(Path.Combine(folder, ConfigFile));
        var vocabulary = ReadJson<Vocabulary>(Path.Combine(folder, TokenizerFile));
        var tokenizer = WordTokenizer.Restore(vocabulary.Words, vocabulary.Pieces);
        if (tokenizer.Size != config.VocabularySize)
        {
            throw new InvalidDataException($"The checkpoint in '{folder}' has a vocabulary of {tokenizer.Size} tokens, but its model was made for {config.VocabularySize}.");
        }

        var model = new CausalLm(config.Model, config.VocabularySize, new SeededRandom(), device);
        CopyWeights(folder, model.Stored);
        return (model, config.Model, tokenizer);
    }

    /// <summary>Puts the weights of a checkpoint into a model of the same sizes.</summary>
    /// <param name="folder">Folder of the checkpoint.</param>
    /// <param name="sha256">What the weights file has to hash to, hex.</param>
    /// <param name="model">Its weights are replaced.</param>
    /// <exception cref="InvalidDataException">A file is missing, damaged, or not the one that was written.</exception>
    public static void Restore(string folder, string sha256, LanguageModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (HashOf(folder) != sha256)
        {
            throw new InvalidDataException($"The checkpoint in '{folder}' is not the one that the run wrote: its SHA-256 differs.");
        }

        if (model is not Decoder decoder)
        {
            CopyWeights(folder, model.Stored);
            return;
        }

        var config = ReadJson<TunedConfig>(Path.Combine(folder, ConfigFile));
        if (config.BaseSha256 != BaseHash(config.BaseFolder))
        {
            throw new InvalidDataException($"The published checkpoint in '{config.BaseFolder}' is not the one that the run was trained from: its files differ.");
        }

        if (decoder.Tuning.IsLora)
        {
            LoraAdapters.Load(folder, decoder);
            return;
        }

        CopyWeights(folder, decoder.Weights());
    }

    private static string Draft(string runFolder, string name)
    {
        var draft = Path.Combine(runFolder, name) + ".writing";
        if (Directory.Exists(draft))
        {
            Directory.Delete(draft, recursive: true);
        }

        Directory.CreateDirectory(draft);
        return draft;
    }

    private static CheckpointSaved Place(string runFolder, string name, string draft, Stage stage)
    {
        var folder = Path.Combine(runFolder, name);
        var bytes = new FileInfo(WeightsIn(draft)).Length;
        var hash = HashOf(draft);
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }

        Directory.Move(draft, folder);
        return new CheckpointSaved(stage, name, hash, bytes);
    }

    private static string WeightsIn(string folder)
    {
        var adapters = Path.Combine(folder, LoraAdapters.WeightsFile);
        var path = File.Exists(adapters) ? adapters : Path.Combine(folder, WeightsFile);
        return File.Exists(path) ? path : throw new InvalidDataException($"The checkpoint in '{folder}' has no {WeightsFile}.");
    }

    // Sizes and beginnings of the weights, and all of the small files: reading gigabytes to the end at every stage would take minutes.
    private static string BaseHash(string folder)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[1 << 20];
        try
        {
            foreach (var path in Directory.EnumerateFiles(folder).Where(f => Path.GetExtension(f) is ".safetensors" || Path.GetFileName(f) is ConfigFile or TokenizerFile).Order(StringComparer.Ordinal))
            {
                using var stream = File.OpenRead(path);
                hash.AppendData(System.Text.Encoding.UTF8.GetBytes(FormattableString.Invariant($"{Path.GetFileName(path)} {stream.Length}\n")));
                hash.AppendData(buffer.AsSpan(0, stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false)));
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidDataException($"The published checkpoint in '{folder}' cannot be read: {e.Message}", e);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static void CopyWeights(string folder, IEnumerable<(string Name, Tensor Value)> parameters)
    {
        using var weights = SafetensorsFolder.OpenFile(WeightsIn(folder));
        using var noGrad = no_grad();
        foreach (var (name, value) in parameters)
        {
            using var scope = NewDisposeScope();
            if (!weights.Contains(name) || !weights.Shape(name).SequenceEqual(value.shape))
            {
                throw new InvalidDataException($"The checkpoint in '{folder}' lacks the tensor '{name}' of shape [{string.Join(", ", value.shape)}].");
            }

            value.copy_(tensor(weights.Read(name), value.shape));
        }
    }

    /// <summary>Reads the vocabulary of a checkpoint and nothing else.</summary>
    /// <exception cref="InvalidDataException">Its file is missing or damaged.</exception>
    public static ITokenText ReadTokenizer(string folder)
    {
        if (ReadJson<Architecture>(Path.Combine(folder, ConfigFile)).Name == nameof(Decoder))
        {
            return BpeTokenizer.Load(Path.Combine(folder, TokenizerFile));
        }

        var vocabulary = ReadJson<Vocabulary>(Path.Combine(folder, TokenizerFile));
        return WordTokenizer.Restore(vocabulary.Words, vocabulary.Pieces);
    }

    private static T ReadJson<T>(string path)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(File.ReadAllText(path), s_json) ?? throw new InvalidDataException($"'{path}' is empty.");
        }
        catch (Exception e) when (e is IOException or JsonException)
        {
            throw new InvalidDataException($"'{path}' is missing or damaged: {e.Message}", e);
        }
    }
}
