using RroDashboard.Core.Rewards;

namespace RroDashboard.Core.Plans;

/// <summary>
/// Everything that decides a run. Two runs with equal plans on one machine give the same ledger.
/// The defaults are those measured on the generated shop (learning.md 14) and, for the points that the paper leaves open,
/// those of method.md 1.4; presets say where they differ.
/// </summary>
public sealed class RunPlan
{
    /// <summary>Name of the preset this plan started from.</summary>
    public string Preset { get; set; } = "";

    /// <summary>Seed of initialisation, data order, explored tasks and sampling.</summary>
    [Setting("Seed of initialisation, data order, choice of tasks and sampling; the environment's own content does not change with it.", Min = 0, Max = int.MaxValue)]
    public long Seed { get; set; }

    /// <summary>How the run gets from the SFT model to the final one.</summary>
    [Setting("What follows SFT: step pairs by exploration (RRO, fixed size), nothing, rejection-sampling fine-tuning, trajectory pairs (ETO), or step pairs along the expert's path (IPR).")]
    public Method Method { get; set; } = Method.Explore;

    /// <summary>What the agent acts in.</summary>
    public EnvironmentOptions Environment { get; set; } = new();

    /// <summary>The policy.</summary>
    public ModelOptions Model { get; set; } = new();

    /// <summary>Stage 1.</summary>
    public SftOptions Sft { get; set; } = new();

    /// <summary>Stage 2.</summary>
    public ExploreOptions Explore { get; set; } = new();

    /// <summary>Stage 2 of the rivals.</summary>
    public RivalOptions Rivals { get; set; } = new();

    /// <summary>Stage 3.</summary>
    public DpoOptions Dpo { get; set; } = new();

    /// <summary>What watches stage 3.</summary>
    public GuardOptions Guard { get; set; } = new();

    /// <summary>Before and after.</summary>
    public EvaluateOptions Evaluate { get; set; } = new();

    /// <summary>A model elsewhere that explores instead of one that is trained here.</summary>
    public PolicyEndpointOptions Endpoint { get; set; } = new();
}

/// <summary>Environments that a plan can name.</summary>
public enum EnvironmentKind
{
    /// <summary>A generated shop of 320 products; needs no data.</summary>
    MiniShop,

    /// <summary>Questions on real SQLite databases (Spider development set); needs its data folder.</summary>
    InterCodeSql,

    /// <summary>WebShop's real products, search and reward; needs its data folder.</summary>
    WebShop,
}

/// <summary>How InterCode-SQL reads and answers statements.</summary>
public enum SqlDialect
{
    /// <summary>As a MySQL 8 server, which the published numbers were made with.</summary>
    MySql,

    /// <summary>As SQLite does on the converted databases; its errors, its types, every gold query runs.</summary>
    Sqlite,
}

/// <summary>What the agent acts in.</summary>
public sealed class EnvironmentOptions
{
    /// <summary>Which environment.</summary>
    [Setting("Where the agent acts.")]
    public EnvironmentKind Name { get; set; } = EnvironmentKind.MiniShop;

    /// <summary>Folder with the environment's files.</summary>
    [Setting("Folder with the environment's data files; MiniShop needs none.")]
    public string DataFolder { get; set; } = "";

    /// <summary>Seed of generated content.</summary>
    [Setting("Seed of generated content and of the train/tuning/test split; the same for all runs that are to be compared.", Min = 0, Max = int.MaxValue, Advanced = true)]
    public long ContentSeed { get; set; } = 7;

    /// <summary>Size of the training split.</summary>
    [Setting("Training tasks made or kept.", Unit = "tasks", Min = 1, Max = 1_000_000, Advanced = true)]
    public int TrainTasks { get; set; } = 1000;

    /// <summary>Size of the tuning split.</summary>
    [Setting("Tuning tasks made or kept, apart from training and test: choose settings on these.", Unit = "tasks", Min = 1, Max = 1_000_000, Advanced = true)]
    public int TuningTasks { get; set; } = 300;

    /// <summary>Size of the test split.</summary>
    [Setting("Test tasks made or kept, never trained or explored.", Unit = "tasks", Min = 1, Max = 1_000_000, Advanced = true)]
    public int TestTasks { get; set; } = 300;

    /// <summary>Actions per episode.</summary>
    [Setting("Actions after which an episode ends without a reward.", Unit = "actions", Min = 1, Max = 100, Advanced = true)]
    public int MaxSteps { get; set; } = 10;

    /// <summary>Recorded demonstrations.</summary>
    [Setting("Folder with released logs of other agents (InterCode-SQL); episodes on training tasks that earn the full reward when replayed are demonstrations too. Empty for none.", Advanced = true)]
    public string DemonstrationLogs { get; set; } = "";

    /// <summary>Constrained sampling.</summary>
    [Setting("Sample only actions that the environment accepts at that moment, in candidates, rollouts and evaluation; the losses stay unmasked.")]
    public bool ActionMask { get; set; }

    /// <summary>SQL semantics.</summary>
    [Setting("How InterCode-SQL reads and answers statements: as MySQL 8, which published numbers were made with, or as plain SQLite.", Advanced = true)]
    public SqlDialect SqlDialect { get; set; } = SqlDialect.MySql;

    /// <summary>Time limit of one SQL statement.</summary>
    [Setting("Time after which one SQL statement of the agent is stopped and counts as an error.", Unit = "ms", Min = 10, Max = 60_000, Advanced = true)]
    public int SqlTimeoutMs { get; set; } = 2000;

    /// <summary>Row limit of one SQL statement.</summary>
    [Setting("Rows after which one SQL statement of the agent is stopped and counts as an error.", Unit = "rows", Min = 1, Max = 1_000_000, Advanced = true)]
    public int SqlRowLimit { get; set; } = 20_000;
}

/// <summary>What the matrices of a published checkpoint are kept and multiplied in.</summary>
public enum ModelDtype
{
    /// <summary>Single precision.</summary>
#pragma warning disable CA1720 // It is the name that everybody knows it by.
    Float32,
#pragma warning restore CA1720

    /// <summary>The upper half of single precision: the same range, three digits.</summary>
    BFloat16,
}

/// <summary>A decoder-only causal language model, trained from scratch.</summary>
public sealed class ModelOptions
{
    /// <summary>Model width.</summary>
    [Setting("Width of the model; a multiple of twice the number of heads.", Unit = "numbers", Min = 8, Max = 4096)]
    public int Width { get; set; } = 96;

    /// <summary>Number of blocks.</summary>
    [Setting("Transformer blocks.", Unit = "blocks", Min = 1, Max = 64)]
    public int Layers { get; set; } = 2;

    /// <summary>Attention heads per block.</summary>
    [Setting("Attention heads per block.", Unit = "heads", Min = 1, Max = 64, Advanced = true)]
    public int Heads { get; set; } = 4;

    /// <summary>Feed-forward width as a multiple of the model width.</summary>
    [Setting("Feed-forward width as a multiple of the model width.", Min = 1, Max = 8, Advanced = true)]
    public int FeedForwardFactor { get; set; } = 3;

    /// <summary>Mix every query, key and value with that of the token before.</summary>
    [Setting("Mix every query, key and value with that of the token before (helps small models learn to copy).", Advanced = true)]
    public bool TokenShift { get; set; } = true;

    /// <summary>Context length.</summary>
    [Setting("Longest history; an episode that would grow past it ends without a reward.", Unit = "tokens", Min = 32, Max = 8192)]
    public int Context { get; set; } = 216;

    /// <summary>Largest vocabulary.</summary>
    [Setting("Most words given a token of their own, the frequent ones first; any other word is spelled in bytes.", Unit = "tokens", Min = 16, Max = 200_000, Advanced = true)]
    public int MaxWords { get; set; } = 4096;

    /// <summary>Number of word pieces.</summary>
    [Setting("Pieces of words in the vocabulary, for words without a token of their own; 0 spells those in bytes.", Unit = "pieces", Min = 0, Max = 100_000, Advanced = true)]
    public int Pieces { get; set; }

    /// <summary>Folder of a published checkpoint.</summary>
    [Setting("Folder of a published checkpoint (config.json, tokenizer.json, *.safetensors) of the Llama, SmolLM2, Qwen or Gemma 2 family to tune, on the machine that trains; empty for a small model from scratch, which the sizes above describe.", Advanced = true)]
    public string Checkpoint { get; set; } = "";

    /// <summary>Rank of LoRA.</summary>
    [Setting("With a checkpoint: rank of the adapters (LoRA) that are trained instead of its weights; 0 trains all weights.", Min = 0, Max = 1024, Advanced = true)]
    public int LoraRank { get; set; } = 16;

    /// <summary>Alpha of LoRA.</summary>
    [Setting("With a checkpoint: what the adapters say is scaled by this divided by their rank.", Min = 0.001, Max = 65536, Advanced = true)]
    public double LoraAlpha { get; set; } = 32;

    /// <summary>Where adapters are.</summary>
    [Setting("With a checkpoint: which matrices get adapters, separated by commas: q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj.", Advanced = true)]
    public string LoraTargets { get; set; } = "q_proj,k_proj,v_proj,o_proj";

    /// <summary>Dropout of LoRA.</summary>
    [Setting("With a checkpoint: share of the adapters' inputs that is dropped in supervised fine-tuning; DPO compares exact probabilities and drops nothing.", Min = 0, Max = 0.9, Advanced = true)]
    public double LoraDropout { get; set; }

    /// <summary>Gradient checkpointing.</summary>
    [Setting("With a checkpoint: keep only the input of every block for the backward pass and compute the block again then (gradient checkpointing): the same gradients from far less memory, for about a third more time.", Advanced = true)]
    public bool GradientCheckpointing { get; set; }

    /// <summary>Element type of the matrices.</summary>
    [Setting("With a checkpoint: what its matrices are kept and multiplied in. BFloat16 halves them, and the keys and values of sampling; adapters, norms, softmax, logits and the optimiser stay in Float32, and so do the weights themselves where all are trained (they are rounded for every product).", Advanced = true)]
    public ModelDtype Dtype { get; set; } = ModelDtype.Float32;

    /// <summary><see cref="LoraTargets"/> one by one.</summary>
    public IReadOnlyList<string> LoraTargetNames() => LoraTargets.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Matrices that can have an adapter.</summary>
    public static IReadOnlyList<string> LoraTargetChoices() => ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"];

    /// <summary>What the model is computed on.</summary>
    [Setting("What the model is computed on: cpu, cuda (the first CUDA card of the machine that trains), or cuda:N. A card needs a libtorch with CUDA; 'doctor' shows what there is.", Advanced = true)]
    public string Device { get; set; } = DeviceName.Processor;

    /// <summary>Threads of the tensor engine.</summary>
    [Setting("Threads of the tensor engine while sampling and training; small models gain little from more than one.", Unit = "threads", Min = 1, Max = 256, Advanced = true)]
    public int Threads { get; set; } = 1;
}

/// <summary>Stage 1: supervised fine-tuning on demonstrations.</summary>
public sealed class SftOptions
{
    /// <summary>Number of demonstrations.</summary>
    [Setting("Demonstrations by the scripted expert, taken from the training tasks in turn.", Unit = "episodes", Min = 1, Max = 1_000_000)]
    public int Demonstrations { get; set; } = 1000;

    /// <summary>Number of updates.</summary>
    [Setting("Updates; the number of updates matters more than model size. 0 leaves a published checkpoint as it is.", Unit = "updates", Min = 0, Max = 1_000_000)]
    public int Updates { get; set; } = 504;

    /// <summary>Sequences per update.</summary>
    [Setting("Sequences per update.", Unit = "sequences", Min = 1, Max = 4096)]
    public int BatchSize { get; set; } = 16;

    /// <summary>Peak learning rate.</summary>
    [Setting("Peak learning rate of AdamW.", Min = 0, Max = 1)]
    public double LearningRate { get; set; } = 3e-3;

    /// <summary>Warm-up.</summary>
    [Setting("Updates of linear warm-up; a cosine follows, down to 5 % of the peak.", Unit = "updates", Min = 0, Max = 100_000, Advanced = true)]
    public int WarmupUpdates { get; set; } = 50;

    /// <summary>Loss weight of tokens that the policy does not write.</summary>
    [Setting("Loss weight of tokens that the policy does not write (instruction, observations); its own tokens have weight 1.", Min = 0, Max = 1, Advanced = true)]
    public double ObservationWeight { get; set; } = 0.1;

    /// <summary>Vocabulary permutation.</summary>
    [Setting("Chance that a demonstration is trained with its words exchanged for others at random, the same way throughout; copying is then the only way to predict, so words never seen can be copied too.", Min = 0, Max = 1, Advanced = true)]
    public double VocabularyPermutation { get; set; }

    /// <summary>Thoughts.</summary>
    [Setting("With a checkpoint: train it on the thoughts of recorded demonstrations too, where the logs have them (Environment.DemonstrationLogs); answers may then be longer.", Advanced = true)]
    public bool Thoughts { get; set; }

    /// <summary>Weight decay.</summary>
    [Setting("Weight decay of AdamW, on all parameters.", Min = 0, Max = 1, Advanced = true)]
    public double WeightDecay { get; set; } = 0.01;

    /// <summary>Gradient-norm clip.</summary>
    [Setting("Largest global gradient norm.", Min = 0.001, Max = 1000, Advanced = true)]
    public double GradientClip { get; set; } = 1.0;
}

/// <summary>What the first step is compared with.</summary>
public enum FirstStepBaseline
{
    /// <summary>Monte-Carlo value of the start state: what the Bellman argument compares with (method.md 1.5).</summary>
    RootValue,

    /// <summary>0: the first step then always rises and makes no pair.</summary>
    Zero,
}

/// <summary>What happens when no candidate rises within the cap.</summary>
public enum OnNoRise
{
    /// <summary>Follow the best seen, flagged; its value becomes the next baseline.</summary>
    KeepBest,

    /// <summary>End the walk here.</summary>
    StopTrajectory,

    /// <summary>Follow what the scripted expert would do here.</summary>
    KeepExpert,
}

/// <summary>Which candidates become the rejected side.</summary>
public enum Rejected
{
    /// <summary>The lowest seen.</summary>
    WorstSeen,

    /// <summary>The last one that did not rise.</summary>
    LastNonRising,

    /// <summary>Those more than two standard deviations below the mean of all seen at the step; the lowest if that leaves none.</summary>
    MeanMinus2Sigma,

    /// <summary>Every one lower than the accepted: one pair each.</summary>
    EveryLower,
}

/// <summary>What to pair with when the first candidate rises at once.</summary>
public enum OnImmediateRise
{
    /// <summary>Nothing: the step makes no pair.</summary>
    NoPair,

    /// <summary>Sample one more candidate; it is counted apart.</summary>
    DrawOneContrast,

    /// <summary>Value what the scripted expert would do here; it is counted apart.</summary>
    ExpertAction,
}

/// <summary>From where the next step goes on.</summary>
public enum Continue
{
    /// <summary>From the accepted candidate.</summary>
    FromAccepted,

    /// <summary>Along the scripted expert's trajectory, as IPR does.</summary>
    AlongExpert,
}

/// <summary>How the candidates of a step are gone through.</summary>
public enum Selection
{
    /// <summary>One at a time, until one rises: Reward Rising Optimization.</summary>
    Rising,

    /// <summary>All K, and the best is followed: fixed-size exploration, what the paper compares with.</summary>
    AllBest,
}

/// <summary>Which candidates of a step are one candidate sampled again.</summary>
public enum Pooling
{
    /// <summary>Those that lead to the same state of the environment, whatever their words.</summary>
    State,

    /// <summary>Those with the same words.</summary>
    Text,
}

/// <summary>From which actions of a step the chosen and the rejected side of a pair are taken.</summary>
public enum Pairing
{
    /// <summary>From the candidates that were considered: the best, which is the one that was followed unless a contrast turned out better, and lower ones.</summary>
    Considered,

    /// <summary>The followed one is chosen; any other action ever seen there, considered or not, can be rejected.</summary>
    AcceptedSibling,

    /// <summary>The one with the highest advantage is chosen, followed or not; any other action ever seen there can be rejected.</summary>
    BestSibling,
}

/// <summary>At which steps rollouts are spent.</summary>
public enum Gating
{
    /// <summary>At every step.</summary>
    None,

    /// <summary>Not where there is nothing to choose: only one action may be written, or the first draws all led to the same state.</summary>
    SkipForced,
}

/// <summary>Stage 2: reward rising sampling. The paper leaves most of these open; each is named here instead of hidden.</summary>
public sealed class ExploreOptions
{
    /// <summary>Tasks walked.</summary>
    [Setting("Training tasks walked.", Unit = "tasks", Min = 0, Max = 1_000_000)]
    public int Tasks { get; set; } = 200;

    /// <summary>m.</summary>
    [Setting("m: rollouts behind every process reward.", Unit = "rollouts", Min = 1, Max = 1000)]
    public int Rollouts { get; set; } = 5;

    /// <summary>m0.</summary>
    [Setting("m0: rollouts from the start of a task, which value it; 0 for as many as m.", Unit = "rollouts", Min = 0, Max = 1000, Advanced = true)]
    public int RootRollouts { get; set; }

    /// <summary>K.</summary>
    [Setting("K: most candidates sampled at one step.", Unit = "candidates", Min = 1, Max = 1000)]
    public int MaxCandidates { get; set; } = 5;

    /// <summary>Rising or all K.</summary>
    [Setting("Whether candidates are tried one at a time until one rises, or all K and the best is followed (fixed-size exploration).")]
    public Selection Selection { get; set; } = Selection.Rising;

    /// <summary>Looks before the first test.</summary>
    [Setting("Candidates looked at before the first may be accepted; from 2 on the best of those seen is tested. Only Rising reads it.", Unit = "candidates", Min = 1, Max = 1000)]
    public int MinLooks { get; set; } = 1;

    /// <summary>One rollout counts at every state it passes.</summary>
    [Setting("Every rollout counts at each state it passes, and its first action there is a candidate that costs nothing more; values then compare with the mean of all rollouts through the state.")]
    public bool SharedRollouts { get; set; }

    /// <summary>What a duplicate is.</summary>
    [Setting("Which candidates of a step count as one sampled again: those that lead to the same state, or only those with the same words.", Advanced = true)]
    public Pooling Pooling { get; set; } = Pooling.State;

    /// <summary>Temperature of candidates.</summary>
    [Setting("Sampling temperature of candidates.", Min = 0.01, Max = 10, Advanced = true)]
    public double CandidateTemperature { get; set; } = 1.0;

    /// <summary>Temperature of rollouts.</summary>
    [Setting("Sampling temperature of rollouts.", Min = 0.01, Max = 10, Advanced = true)]
    public double RolloutTemperature { get; set; } = 1.0;

    /// <summary>The operator.</summary>
    [Setting("When a candidate counts as rising over the previous step; the paper's text says higher, its theorem says not lower.")]
    public Rise Rise { get; set; } = Rise.NonDecreasing;

    /// <summary>Only for <see cref="Rise.Margin"/>.</summary>
    [Setting("Least gain over the previous step; only read when Rise is Margin.", Unit = "reward", Min = 0, Max = 2, Advanced = true)]
    public double RiseMargin { get; set; }

    /// <summary>What step 0 is compared with.</summary>
    [Setting("What the first step is compared with; with Zero it always rises and makes no pair.")]
    public FirstStepBaseline FirstStepBaseline { get; set; } = FirstStepBaseline.RootValue;

    /// <summary>What happens at the cap.</summary>
    [Setting("What happens when nothing rises within K candidates.")]
    public OnNoRise OnNoRise { get; set; } = OnNoRise.KeepBest;

    /// <summary>Where both sides come from.</summary>
    [Setting("Which actions of a step are paired: those considered, or all siblings ever seen there, with the followed or the best one as the chosen side.")]
    public Pairing Pairing { get; set; } = Pairing.Considered;

    /// <summary>Losers.</summary>
    [Setting("Which lower candidates become the rejected side of a pair.")]
    public Rejected Rejected { get; set; } = Rejected.WorstSeen;

    /// <summary>No loser yet.</summary>
    [Setting("Where the rejected side comes from when the first candidate rises at once; not read with MinLooks of 2 or more, where another candidate was looked at already.")]
    public OnImmediateRise OnImmediateRise { get; set; } = OnImmediateRise.DrawOneContrast;

    /// <summary>Smallest gap.</summary>
    [Setting("Smallest gap between chosen and rejected, in value or, with Shrinkage, in shrunk advantage; 0 drops only ties.", Unit = "reward", Min = 0, Max = 2, Advanced = true)]
    public double MinPairGap { get; set; }

    /// <summary>kappa.</summary>
    [Setting("kappa: an advantage over the state's value that rests on n returns is multiplied by n / (n + kappa) before pairs are made; 0 takes it as it is.", Unit = "returns", Min = 0, Max = 1000, Advanced = true)]
    public double Shrinkage { get; set; }

    /// <summary>Critical steps.</summary>
    [Setting("Whether rollouts are saved at forced moves, where only one action may be written or the first draws all agree.", Advanced = true)]
    public Gating Gating { get; set; } = Gating.None;

    /// <summary>Draws that have to agree.</summary>
    [Setting("Actions drawn at every step to see whether the move is forced; only read when Gating is SkipForced.", Unit = "actions", Min = 2, Max = 1000, Advanced = true)]
    public int GateDraws { get; set; } = 3;

    /// <summary>z of the sequential test.</summary>
    [Setting("z: rollouts of a candidate stop before m once its mean is further than z standard errors from what it is compared with; 0 always takes all m.", Unit = "standard errors", Min = 0, Max = 10, Advanced = true)]
    public double SequentialZ { get; set; }

    /// <summary>First look of the sequential test.</summary>
    [Setting("Rollouts before the sequential test first looks; only read when SequentialZ is above 0.", Unit = "rollouts", Min = 1, Max = 1000, Advanced = true)]
    public int SequentialMinRollouts { get; set; } = 2;

    /// <summary>Assumed spread.</summary>
    [Setting("Standard deviation of one rollout's reward that the sequential test assumes; only read when SequentialZ is above 0.", Unit = "reward", Min = 0.001, Max = 2, Advanced = true)]
    public double SequentialDeviation { get; set; } = 0.25;

    /// <summary>How the walk goes on.</summary>
    [Setting("From where the next step goes on.", Advanced = true)]
    public Continue Continue { get; set; } = Continue.FromAccepted;
}

/// <summary>Stage 2 of the rivals of reward rising sampling: RFT, ETO and IPR.</summary>
public sealed class RivalOptions
{
    /// <summary>Own episodes.</summary>
    [Setting("Own episodes played on every task (RFT, ETO).", Unit = "episodes", Min = 1, Max = 1000, Advanced = true)]
    public int Episodes { get; set; } = 4;

    /// <summary>What RFT keeps.</summary>
    [Setting("Least reward of an episode that RFT keeps, as a share of the reward range.", Min = 0, Max = 1, Advanced = true)]
    public double KeepShare { get; set; } = 0.999;

    /// <summary>Learning rate of RFT.</summary>
    [Setting("Peak learning rate of RFT's fine-tuning; its updates and batch size are those of Dpo.", Min = 0, Max = 1, Advanced = true)]
    public double RftLearningRate { get; set; } = 6e-4;

    /// <summary>Smallest gap of IPR.</summary>
    [Setting("Smallest value gap between the expert's side and the policy's for a pair of IPR.", Unit = "reward", Min = 0, Max = 2, Advanced = true)]
    public double MinGap { get; set; } = 0.01;
}

/// <summary>Members of the DPO family.</summary>
public enum PreferenceLoss
{
    /// <summary>Plain DPO: log-probabilities summed over the tokens of each side.</summary>
    Dpo,

    /// <summary>Each side's log-ratio divided by its number of tokens.</summary>
    LengthNormalised,

    /// <summary>DPO-Positive: plain, with a penalty where the chosen side falls below the reference.</summary>
    DpoPositive,
}

/// <summary>How a learning rate goes on after its warm-up.</summary>
public enum LearningRateSchedule
{
    /// <summary>Straight down to 10 % of the peak.</summary>
    Linear,

    /// <summary>Half a cosine down to 10 % of the peak.</summary>
    Cosine,

    /// <summary>As it is.</summary>
    Constant,
}

/// <summary>What happens when preference training collapses.</summary>
public enum OnCollapse
{
    /// <summary>An alert; training goes on.</summary>
    Warn,

    /// <summary>An alert, and the run stops there until a person lets it go on; then training goes past the collapse.</summary>
    Pause,

    /// <summary>An alert, and training ends there.</summary>
    StopEarly,

    /// <summary>An alert; the policy goes back to the last probe without a sign of collapse, and training ends there.</summary>
    RollBack,
}

/// <summary>Watches preference training for collapse by probes on tuning tasks.</summary>
public sealed class GuardOptions
{
    /// <summary>How often.</summary>
    [Setting("Updates of DPO between two probes of the policy on tuning tasks; 0 watches nothing.", Unit = "updates", Min = 0, Max = 1_000_000, Advanced = true)]
    public int Every { get; set; } = 10;

    /// <summary>How large.</summary>
    [Setting("Tuning tasks played at T=1 by every probe.", Unit = "tasks", Min = 1, Max = 100_000, Advanced = true)]
    public int Tasks { get; set; } = 60;

    /// <summary>What then.</summary>
    [Setting("What happens when a probe shows a collapse besides the alert: nothing, the run waits for a person, training ends, or it also goes back to the last good probe.", Advanced = true)]
    public OnCollapse OnCollapse { get; set; } = OnCollapse.Warn;
}

/// <summary>Stage 3: direct preference optimisation on pairs.</summary>
public sealed class DpoOptions
{
    /// <summary>Pairs of another run.</summary>
    [Setting("Learn from the pairs of another run and from its SFT checkpoint instead of exploring: RUN@VERSION, for example 7f3c@2; version 0 are the pairs as that run trained on them. Empty to explore.", Advanced = true)]
    public string PairsFrom { get; set; } = "";

    /// <summary>Pairs of a file.</summary>
    [Setting("Learn from the preference pairs of a file in TRL's JSON lines, on the machine that trains, instead of exploring; as 'explore --pairs-out' and the pairs page write them. Empty to explore.", Advanced = true)]
    public string PairsFile { get; set; } = "";

    /// <summary>Member of the family.</summary>
    [Setting("Preference loss: plain DPO, length-normalised, or DPO-Positive.")]
    public PreferenceLoss Loss { get; set; } = PreferenceLoss.Dpo;

    /// <summary>lambda of DPO-Positive.</summary>
    [Setting("Weight of the penalty where the chosen side falls below the reference; only read when Loss is DpoPositive.", Min = 0, Max = 1000, Advanced = true)]
    public double PositiveWeight { get; set; } = 5;

    /// <summary>Weight of an NLL term.</summary>
    [Setting("Weight of an added negative log-likelihood of the chosen side, per token; 0 leaves it out.", Min = 0, Max = 100, Advanced = true)]
    public double NllWeight { get; set; }

    /// <summary>beta.</summary>
    [Setting("beta: how strongly the policy is held to the reference.", Min = 0.0001, Max = 100)]
    public double Beta { get; set; } = 0.1;

    /// <summary>Peak learning rate.</summary>
    [Setting("Peak learning rate of AdamW; 1e-3 collapses the default model.", Min = 0, Max = 1)]
    public double LearningRate { get; set; } = 3e-4;

    /// <summary>Number of updates.</summary>
    [Setting("Updates, whatever the number of pairs: too few gain little, too many collapse while the curves look better.", Unit = "updates", Min = 0, Max = 1_000_000)]
    public int Updates { get; set; } = 48;

    /// <summary>Pairs per update.</summary>
    [Setting("Pairs per update.", Unit = "pairs", Min = 1, Max = 4096)]
    public int BatchSize { get; set; } = 32;

    /// <summary>Warm-up.</summary>
    [Setting("Updates of linear warm-up; the schedule follows.", Unit = "updates", Min = 0, Max = 100_000, Advanced = true)]
    public int WarmupUpdates { get; set; } = 10;

    /// <summary>After the warm-up.</summary>
    [Setting("Learning rate after the warm-up, by updates and not by pairs.", Advanced = true)]
    public LearningRateSchedule Schedule { get; set; } = LearningRateSchedule.Linear;

    /// <summary>Weight of an SFT term.</summary>
    [Setting("Weight of an added SFT loss on demonstrations (IPR style is 1); 0 leaves it out.", Min = 0, Max = 100, Advanced = true)]
    public double SftWeight { get; set; }

    /// <summary>How often single pairs are measured.</summary>
    [Setting("Points within DPO at which the margin of every single pair is measured and kept, besides the beginning and the end; 0 measures at the end only.", Unit = "points", Min = 0, Max = 20, Advanced = true)]
    public int MarginChecks { get; set; } = 2;

    /// <summary>Gradient-norm clip.</summary>
    [Setting("Largest global gradient norm.", Min = 0.001, Max = 1000, Advanced = true)]
    public double GradientClip { get; set; } = 1.0;
}

/// <summary>Held-out tasks that an evaluation plays.</summary>
public enum EvaluationSplit
{
    /// <summary>For results.</summary>
    Test,

    /// <summary>For choosing settings, so that the test tasks are not used up by it.</summary>
    Tuning,
}

/// <summary>Held-out evaluation, before and after.</summary>
public sealed class EvaluateOptions
{
    /// <summary>Which tasks.</summary>
    [Setting("Which held-out tasks are played: test for results, tuning while settings are being chosen.", Advanced = true)]
    public EvaluationSplit Split { get; set; } = EvaluationSplit.Test;

    /// <summary>Tasks played.</summary>
    [Setting("Held-out tasks played, once greedily and once at T=1.", Unit = "tasks", Min = 1, Max = 1_000_000)]
    public int Tasks { get; set; } = 300;

    /// <summary>Bootstrap resamples.</summary>
    [Setting("Bootstrap resamples behind the 95 % interval.", Unit = "resamples", Min = 100, Max = 100_000, Advanced = true)]
    public int BootstrapResamples { get; set; } = 2000;
}
