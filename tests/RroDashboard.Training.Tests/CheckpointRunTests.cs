using RroDashboard.Core;
using RroDashboard.Core.Events;
using RroDashboard.Core.Plans;
using RroDashboard.Environments;
using RroDashboard.Training.Checkpoints;
using RroDashboard.Training.Model;
using static TorchSharp.torch;

namespace RroDashboard.Training.Tests;

/// <summary>The whole pipeline on a tiny random checkpoint in SmolLM2's shape.</summary>
public sealed class CheckpointRunTests : IDisposable
{
    private static readonly string[] s_small =
    [
        "Environment.TrainTasks=24", "Environment.TuningTasks=6", "Environment.TestTasks=6", "Environment.ActionMask=true", "Model.Context=640",
        "Sft.Demonstrations=12", "Sft.Updates=8", "Sft.BatchSize=4", "Sft.LearningRate=0.003", "Explore.Tasks=4", "Evaluate.Tasks=6", "Dpo.Updates=3", "Dpo.BatchSize=4",
    ];

    private readonly string _folder = Directory.CreateTempSubdirectory("rro-tuned-").FullName;
    private readonly string _checkpoint = CheckpointFolder.Write();

    public void Dispose()
    {
        Directory.Delete(_folder, recursive: true);
        Directory.Delete(_checkpoint, recursive: true);
    }

    [Fact]
    public void Run_LoraTwice_GoesThroughEveryStageWithTheSameLedger()
    {
        var (first, journal) = Run("one", "Sft.VocabularyPermutation=0.5", "Model.LoraRank=4", "Model.LoraDropout=0.1");
        var (second, _) = Run("two", "Sft.VocabularyPermutation=0.5", "Model.LoraRank=4", "Model.LoraDropout=0.1");
        Assert.Equal(first.LedgerSha256, second.LedgerSha256);
        Assert.Equal([Stage.Sft, Stage.Baseline, Stage.Explore, Stage.Dpo, Stage.Evaluate], journal.Facts.OfType<StageFinished>().Select(s => s.Stage));
        Assert.True(first.Explore.Candidates > 0);
        Assert.Contains(journal.Facts.OfType<AlertRaised>(), alert => alert.Text.StartsWith("Sft.VocabularyPermutation = 0.5 does nothing here", StringComparison.Ordinal));
        var log = Assert.Single(journal.Samples.OfType<LogLine>(), l => l.Text.Contains("stored as F32", StringComparison.Ordinal));
        Assert.Contains("LoRA of rank 4", log.Text, StringComparison.Ordinal);
        Assert.Contains("Memory by plan, at most: weights 0.00 GB", log.Text, StringComparison.Ordinal);
        // A random policy loses little in 8 updates, but it does.
        var loss = journal.Series("sft/loss");
        Assert.True(loss[^1] < loss[0], $"From {loss[0]} to {loss[^1]}.");

        foreach (var saved in journal.Facts.OfType<CheckpointSaved>())
        {
            var folder = Path.Combine(_folder, "one", saved.Folder);
            Assert.True(File.Exists(Path.Combine(folder, "adapter_model.safetensors")));
            Assert.Equal(4, LoraAdapters.ReadTuning(folder).Rank);
            Assert.True(saved.Bytes < 200_000, "Adapters are small.");
            Assert.Equal("<|im_end|>", Checkpoint.ReadTokenizer(folder).Show(958));
        }
    }

    // Free actions of very different lengths, decoded continuously, and rollouts that walks share.
    [Fact]
    public void Run_TwoLooksTwice_SameLedger()
    {
        string[] settings = ["Environment.ActionMask=false", "Sft.Updates=2", "Evaluate.Tasks=2", "Dpo.Updates=1"];
        var (first, journal) = Run("looks-one", settings, "two-looks");
        var (second, _) = Run("looks-two", settings, "two-looks");
        Assert.True(first.Explore.Rollouts > 0 && journal.Facts.OfType<CandidateScored>().Any(c => c.Free));
        Assert.Equal(first.LedgerSha256, second.LedgerSha256);
    }

    [Fact]
    public void Open_SavedPolicy_ComputesWhatTheRunSaved()
    {
        foreach (var rank in (int[])[4, 0])
        {
            var name = "rank" + rank;
            var (_, journal) = Run(name, $"Model.LoraRank={rank}");
            var saved = journal.Facts.OfType<CheckpointSaved>().Last();
            using var scope = NewDisposeScope();
            using var noGrad = no_grad();
            var plan = Plan($"Model.LoraRank={rank}");
            using var environment = EnvironmentFactory.Create(plan.Environment);
            using var policy = Policy.Open(plan, Path.Combine(_folder, name, saved.Folder), environment);
            using var fresh = Policy.Create(plan, environment, []);
            Assert.Equal(saved.Sha256, PolicyHash.Of(policy.Model));
            Assert.NotEqual(Logits(fresh.Model), Logits(policy.Model));

            // The checkpoint that it belongs to must be the same.
            File.AppendAllText(Path.Combine(_checkpoint, "config.json"), " ");
            Assert.Contains("is not the one that the run was trained from", Assert.Throws<InvalidDataException>(() => Policy.Open(plan, Path.Combine(_folder, name, saved.Folder), environment)).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void SizeOf_Checkpoint_IsWhatTheRunWillHave()
    {
        var plan = Plan("Model.LoraRank=4");
        using var environment = EnvironmentFactory.Create(plan.Environment);
        using var policy = Policy.Create(plan, environment, []);
        var size = Policy.SizeOf(plan)!;
        Assert.Equal((policy.Model.ParameterCount, policy.Model.Trainable.Sum(t => t.numel()), policy.Memory!.Bytes), ((long)size.Parameters, (long)size.Trained, (long)size.MemoryBytes));
        plan.Model.Checkpoint = "/no/such/folder";
        Assert.Null(Policy.SizeOf(plan));
        plan.Model.Checkpoint = "";
        Assert.Null(Policy.SizeOf(plan));
    }

    [Fact]
    public void Create_FolderThatIsNone_SaysSo()
    {
        var plan = Plan();
        plan.Model.Checkpoint = "/no/such/folder";
        using var environment = EnvironmentFactory.Create(plan.Environment);
        Assert.Equal("Model.Checkpoint = '/no/such/folder' is not a folder of this machine.", Assert.Throws<PlanException>(() => Policy.Create(plan, environment, [])).Message);
    }

    [Fact]
    public void Validate_WrongLoraTarget_NamesTheAllowedOnes() =>
        Assert.Contains("Model.LoraTargets = 'q_proj,head' is not allowed: it must be one or more of q_proj", Assert.Throws<PlanException>(() => PlanSettings.Validate(Plan("Model.LoraTargets=q_proj,head"))).Message, StringComparison.Ordinal);

    private static float[] Logits(LanguageModel model) => model.Logits(model.forward(tensor([1L, 5, 7], [1, 3]))).data<float>().ToArray();

    private RunPlan Plan(params string[] settings)
    {
        var plan = Presets.Create("smoke");
        PlanSettings.Apply(plan, [.. s_small, $"Model.Checkpoint={_checkpoint}", .. settings]);
        return plan;
    }

    private (RunSummary Summary, TestJournal Journal) Run(string folder, params string[] settings) => Run(folder, settings, null);

    private (RunSummary Summary, TestJournal Journal) Run(string folder, string[] settings, string? method)
    {
        var plan = Plan(settings);
        if (method is not null)
        {
            ExplorationMethods.Apply(plan, method);
        }

        var journal = new TestJournal();
        return (new TrainingRun(plan, Path.Combine(_folder, folder), journal, TimeProvider.System, CancellationToken.None).Run(), journal);
    }
}
