using RroDashboard.Core.Events;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Statistics;
using RroDashboard.Environments;
using RroDashboard.Training.Checkpoints;
using RroDashboard.Training.Model;
using RroDashboard.Training.Sampling;
using RroDashboard.Training.Templates;
using RroDashboard.Training.Tokenizer;
using RroDashboard.Training.Tokenizer.Bpe;

namespace RroDashboard.Training;

/// <summary>The policy of a run with everything that reads and writes for it: a small model from scratch, or a published checkpoint.</summary>
public sealed class Policy : IDisposable
{
    /// <summary>Memory for keys and values of a published checkpoint.</summary>
    public const long CacheBytes = 1L << 30;

    /// <summary>Histories that go through a published checkpoint at once.</summary>
    public const int RowsPerPass = 8;

    /// <summary>The same on a card, where a pass of many takes hardly longer than one of few: at most as many.</summary>
    public const int RowsPerPassOnCard = 64;

    // Of a card's memory, so much may be keys and values: the rest is weights, optimiser and passes with gradients.
    private const double CacheShareOfCard = 0.4;

    private const int KeptPerRow = 4;
    private const int MostRows = 512;

    private readonly ModelOptions _options;
    private readonly (int PerPass, int Kept) _rows;
    private readonly WordTokenizer? _words;

    private Policy(ModelOptions options, LanguageModel model, Dialogue dialogue, WordTokenizer? words, int vocabulary, (int PerPass, int Kept) rows = default) =>
        (_options, Model, Dialogue, _words, Vocabulary, _rows) = (options, model, dialogue, words, vocabulary, rows);

    /// <summary>The weights.</summary>
    public LanguageModel Model { get; }

    /// <summary>How episodes are written as tokens.</summary>
    public Dialogue Dialogue { get; }

    /// <summary>What a published checkpoint was planned to take of the memory of its device; null for a small model.</summary>
    public MemoryPlan? Memory { get; private init; }

    /// <summary>Number of token ids.</summary>
    public int Vocabulary { get; }

    /// <summary>Makes or loads the policy that a plan begins with.</summary>
    /// <exception cref="PlanException">The checkpoint cannot be used, or does not fit into memory; one sentence, with numbers.</exception>
    public static Policy Create(RunPlan plan, IAgentEnvironment environment, IReadOnlyList<Demonstration> demonstrations)
    {
        ArgumentNullException.ThrowIfNull(plan);
        if (plan.Model.Checkpoint.Length == 0)
        {
            var tokenizer = WordTokenizer.Build(Sft.Texts(demonstrations), plan.Model.MaxWords, plan.Model.Pieces);
            return OfWords(plan, new CausalLm(plan.Model, tokenizer.Size, new SeededRandom(plan.Seed, (long)Purpose.Initialisation), ComputeDevice.Of(plan)), tokenizer, environment);
        }

        try
        {
            return OfCheckpoint(plan, environment, TuningOf(plan.Model), PlanMemory);
        }
        catch (Exception e) when (e is InvalidDataException or TemplateException or MemoryPlanException)
        {
            throw new PlanException(e.Message);
        }
    }

    /// <summary>Size and memory of a plan's published checkpoint, from its config.json alone; null for a model from scratch, and where the checkpoint cannot be read.</summary>
    public static PolicySize? SizeOf(RunPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        if (plan.Model.Checkpoint.Length == 0)
        {
            return null;
        }

        try
        {
            var config = DecoderConfig.Load(Path.Combine(plan.Model.Checkpoint, "config.json"));
            var (parameters, trained) = MemoryPlan.Numbers(config, TuningOf(plan.Model));
            return new PolicySize(parameters, trained, PlanMemory(plan, config).Bytes);
        }
        catch (InvalidDataException)
        {
            // Whoever starts the run hears what is wrong with it.
            return null;
        }
    }

    /// <summary>Loads the policy that a run saved.</summary>
    /// <param name="plan">The run's.</param>
    /// <param name="folder">Folder of the checkpoint that the run wrote.</param>
    /// <param name="environment">Where the agent acts.</param>
    /// <exception cref="InvalidDataException">Something is missing, damaged, or does not fit.</exception>
    public static Policy Open(RunPlan plan, string folder, IAgentEnvironment environment)
    {
        ArgumentNullException.ThrowIfNull(plan);
        if (plan.Model.Checkpoint.Length == 0)
        {
            var (model, _, tokenizer) = Checkpoint.Load(folder, ComputeDevice.Of(plan));
            return OfWords(plan, model, tokenizer, environment);
        }

        var policy = OfCheckpoint(plan, environment, TuningOf(plan.Model), (p, config) => PlanMemory(p, config, copies: 0));
        policy.Restore(folder, Checkpoint.HashOf(folder));
        return policy;
    }

    /// <summary>An engine that samples from it.</summary>
    public SamplingEngine Sampler(CancellationToken cancellationToken) => Model is Decoder
        ? new SamplingEngine(Model, Dialogue.ActionEnd, Dialogue.MaxActionTokens, cancellationToken, _rows.Kept, _rows.PerPass, walksAtOnce: _rows.PerPass)
        : new SamplingEngine(Model, Dialogue.ActionEnd, Dialogue.MaxActionTokens, cancellationToken);

    /// <summary>Writes a checkpoint of the run.</summary>
    public CheckpointSaved Save(string runFolder, Stage stage) => Model switch
    {
        CausalLm model => Checkpoint.Save(runFolder, stage, model, _options, _words!),
        _ => Checkpoint.Save(runFolder, stage, (Decoder)Model, _options),
    };

    /// <summary>Encodes pairs for a run on a published checkpoint, without its weights.</summary>
    /// <param name="plan">The run's; names the checkpoint.</param>
    /// <param name="environment">Made of the plan.</param>
    /// <exception cref="InvalidDataException">The checkpoint's files are missing, damaged, or do not fit.</exception>
    /// <exception cref="TemplateException">Its chat template refuses a plain conversation.</exception>
    public static PairEncoder EncoderOf(RunPlan plan, IAgentEnvironment environment)
    {
        ArgumentNullException.ThrowIfNull(plan);
        var (_, tokenizer, dialogue) = DialogueOf(plan, environment);
        return new PairEncoder(dialogue, tokenizer.Size, plan.Model.Context);
    }

    /// <summary>Encodes pairs that this policy did not sample.</summary>
    internal PairEncoder PairEncoder() => Dialogue is ReActDialogue react ? new PairEncoder(react, Vocabulary, Model.Context) : new PairEncoder(_words!, Model.Context);

    /// <summary>Puts back the weights that the run saved.</summary>
    /// <exception cref="InvalidDataException">They are missing, damaged or others.</exception>
    public void Restore(string folder, string sha256) => Checkpoint.Restore(folder, sha256, Model);

    /// <summary>Whether a checkpoint that a run wrote means the same by every token.</summary>
    /// <param name="folder">Folder of the checkpoint.</param>
    /// <param name="size">Its number of tokens.</param>
    /// <exception cref="InvalidDataException">Its vocabulary is missing or damaged.</exception>
    internal bool HasVocabularyOf(string folder, out int size)
    {
        var other = Checkpoint.ReadTokenizer(folder);
        size = other.Size;
        return other switch
        {
            WordTokenizer words => _words is not null && words.Words.SequenceEqual(_words.Words) && words.Pieces.SequenceEqual(_words.Pieces),
            _ => _words is null && size == Vocabulary && Enumerable.Range(0, size).All(id => other.Show(id) == Dialogue.Text([id])),
        };
    }

    /// <summary>One sentence for the log.</summary>
    public string Describe() => Model is Decoder decoder
        ? $"{decoder.Config.Family} checkpoint, {decoder.ParameterCount} parameters stored as {string.Join(" and ", decoder.StoredTypes)} and {Arithmetic(decoder.Tuning)}; {(decoder.Tuning.IsLora ? $"LoRA of rank {decoder.Tuning.Rank} on {string.Join(", ", decoder.Tuning.Targets)}: {decoder.Trainable.Sum(t => t.numel())} parameters are trained" : "all of them are trained")}; at most {decoder.Context} tokens. {(Model.Device.IsCard() ? $"Computed on {Model.Device}, {_rows.PerPass} histories at once. " : "")}Memory by plan, at most: {Memory}."
        : $"A model from scratch with {Model.ParameterCount} parameters{(Model.Device.IsCard() ? $", computed on {Model.Device}" : "")}.";

    private static string Arithmetic(Tuning tuning) => (tuning switch
    {
        { StoresBFloat16: true } => "with its matrices kept and multiplied in bfloat16; adapters, norms, softmax, logits and the optimiser are in float32",
        { BFloat16: true } => "kept in float32, which is trained, and rounded to bfloat16 for every product; everything else is in float32",
        _ => "computed in float32",
    }) + (tuning.Recompute ? "; blocks are computed again in the backward pass instead of being kept" : "");

    /// <inheritdoc/>
    public void Dispose() => Model.Dispose();

    private static Policy OfWords(RunPlan plan, CausalLm model, WordTokenizer tokenizer, IAgentEnvironment environment) =>
        new(plan.Model, model, new Dialogue(tokenizer, environment), tokenizer, tokenizer.Size);

    private static Policy OfCheckpoint(RunPlan plan, IAgentEnvironment environment, Tuning tuning, Func<RunPlan, DecoderConfig, MemoryPlan> memoryOf)
    {
        var folder = plan.Model.Checkpoint;
        if (!Directory.Exists(folder))
        {
            throw new InvalidDataException($"Model.Checkpoint = '{folder}' is not a folder of this machine.");
        }

        var (config, tokenizer, dialogue) = DialogueOf(plan, environment);
        var device = ComputeDevice.Of(plan);
        var memory = memoryOf(plan, config);
        if (DeviceName.CardOf(plan.Model.Device) is { } card)
        {
            memory.CheckOn(device.ToString(), TensorEngine.CardMemory(card)?.Free, MemoryPlan.AvailableBytes);
        }
        else
        {
            memory.Check(MemoryPlan.AvailableBytes);
        }

        var model = Decoder.Load(folder, tuning, plan.Model.Context, new SeededRandom(plan.Seed, (long)Purpose.Initialisation), device);
        return new Policy(plan.Model, model, dialogue, null, tokenizer.Size, Rows(plan, config)) { Memory = memory };
    }

    // Everything of a published checkpoint but its weights.
    private static (DecoderConfig Config, BpeTokenizer Tokenizer, ReActDialogue Dialogue) DialogueOf(RunPlan plan, IAgentEnvironment environment)
    {
        var folder = plan.Model.Checkpoint;
        var config = DecoderConfig.Load(Path.Combine(folder, "config.json"));
        var tokenizer = BpeTokenizer.Load(Path.Combine(folder, "tokenizer.json"));
        if (tokenizer.Size > config.Vocabulary)
        {
            throw new InvalidDataException($"The tokenizer in '{folder}' has {tokenizer.Size} tokens, but the model knows {config.Vocabulary}.");
        }

        var dialogue = new ReActDialogue(tokenizer, ChatTemplate.Load(folder), config.EndTokens, environment, plan.Model.Context, plan.Sft.Thoughts ? ReActDialogue.TaughtThoughtTokens : ReActDialogue.ThoughtTokens);
        return (config, tokenizer, dialogue);
    }

    // A run that watches for collapse keeps two copies of what it trains.
    private static MemoryPlan PlanMemory(RunPlan plan, DecoderConfig config) => PlanMemory(plan, config, plan.Guard.Every > 0 ? 2 : 0);

    private static MemoryPlan PlanMemory(RunPlan plan, DecoderConfig config, int copies)
    {
        var (perPass, kept) = Rows(plan, config);
        return MemoryPlan.Of(config, TuningOf(plan.Model), plan.Model.Context, kept, perPass, copies, DeviceName.CardOf(plan.Model.Device) is not null);
    }

    // By all of a card's memory and not by what is free of it, so that the same plan makes the same batches again.
    private static (int PerPass, int Kept) Rows(RunPlan plan, DecoderConfig config)
    {
        var bytes = MemoryPlan.BytesPerRow(config, TuningOf(plan.Model), plan.Model.Context);
        var card = DeviceName.CardOf(plan.Model.Device);
        var total = card is { } number && ComputeDevice.WhyNot(plan.Model.Device) is null ? TensorEngine.CardMemory(number)?.Total : null;
        // While a pass works on rows, their copies and those of their results are there beside those that are kept.
        var perPass = total is { } all ? (int)Math.Clamp(all * CacheShareOfCard / bytes / (KeptPerRow + 2), RowsPerPass, RowsPerPassOnCard) : RowsPerPass;
        return (perPass, (int)Math.Clamp(CacheBytes / bytes, KeptPerRow * perPass, MostRows));
    }

    private static Tuning TuningOf(ModelOptions options)
    {
        var tuning = options.LoraRank == 0 ? Tuning.Full : new Tuning(options.LoraRank, options.LoraAlpha, options.LoraTargetNames(), options.LoraDropout);
        return tuning with { Recompute = options.GradientCheckpointing, BFloat16 = options.Dtype == ModelDtype.BFloat16 };
    }
}
