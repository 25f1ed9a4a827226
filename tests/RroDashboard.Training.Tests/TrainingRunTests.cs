using RroDashboard.Core;
using RroDashboard.Core.Events;
using RroDashboard.Core.Exploration;
using RroDashboard.Core.Plans;
using RroDashboard.Environments;
using RroDashboard.Training.Checkpoints;
using static TorchSharp.torch;

namespace RroDashboard.Training.Tests;

/// <summary>A run of the smoke preset as it stands, for the tests that only look at what it left.</summary>
public sealed class FinishedSmokeRun : IDisposable
{
    public FinishedSmokeRun() =>
        Summary = new TrainingRun(Presets.Create("smoke"), Folder, Journal, TimeProvider.System, CancellationToken.None).Run();

    public string Folder { get; } = Directory.CreateTempSubdirectory("rro-run-").FullName;

    public RunSummary Summary { get; }

    internal TestJournal Journal { get; } = new();

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}

public sealed class TrainingRunTests(FinishedSmokeRun smoke) : IClassFixture<FinishedSmokeRun>, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("rro-run-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Run_SamePlanTwice_SameLedgerAndSameRewards()
    {
        var (first, _) = Run("Seed=3");
        var (second, _) = Run("Seed=3");
        var (other, _) = Run("Seed=4");

        Assert.Equal(first.LedgerSha256, second.LedgerSha256);
        Assert.Equal(first.Final.Greedy, second.Final.Greedy);
        Assert.Equal(first.Final.Sampled, second.Final.Sampled);
        Assert.NotEqual(first.LedgerSha256, other.LedgerSha256);
    }

    [Fact]
    public void Run_Smoke_GoesThroughEveryStageInOrder()
    {
        var (summary, journal) = (smoke.Summary, smoke.Journal);

        Assert.Equal([Stage.Sft, Stage.Baseline, Stage.Explore, Stage.Dpo, Stage.Evaluate], journal.Facts.OfType<StageFinished>().Select(s => s.Stage));
        Assert.IsType<RunStarted>(journal.Facts[0]);
        Assert.Equal(4, journal.Facts.OfType<EvaluationFinished>().Count());
        Assert.All(journal.Facts.OfType<EvaluationFinished>(), e =>
        {
            Assert.Equal(20, e.Episodes.Count);
            Assert.Equal(e.Episodes.Average(x => x.Reward), e.Mean, 12);
            Assert.InRange(e.Mean, e.Low, e.High);
        });
        // What is recorded of an episode leads to its reward again.
        var played = journal.Facts.OfType<EpisodePlayed>().ToList();
        Assert.Equal(4 * 20, played.Count);
        using var environment = EnvironmentFactory.Create(Presets.Create("smoke").Environment);
        var tasks = environment.Tasks(TaskSplit.Test);
        Assert.All(played, p =>
        {
            var episode = environment.Replay(tasks[p.Task], p.Turns.Select(t => t.Action));
            var result = journal.Facts.OfType<EvaluationFinished>().Single(e => e.Stage == p.Stage && e.Decoding == p.Decoding).Episodes[p.Task];
            Assert.Equal((p.TaskId, p.Turns.Count, p.Turns.Count(t => t.Invalid)), (result.TaskId, result.Steps, result.InvalidActions));
            Assert.Equal((tasks[p.Task].Id, tasks[p.Task].Instruction, p.Finished), (p.TaskId, p.Instruction, episode.Finished));
            Assert.Equal(episode.Finished ? episode.Reward : 0, p.Reward);
            Assert.Equal(p.Turns[^1].Observation, episode.Observation);
            Assert.Equal(result.Flaws!.Count == 0, p.Reward >= 0.999);
        });
        Assert.Equal(summary.Explore.Pairs, journal.Facts.OfType<PairCreated>().Count());
        // The last budget said is that of the whole exploration, its last task too.
        var budget = journal.Samples.OfType<BudgetReported>().Last().Budget;
        Assert.Equal((journal.Facts.OfType<TaskFinished>().Count(), summary.Explore.Pairs), (budget.Tasks, budget.Pairs));
        Assert.Empty(LedgerCheck.Of(journal.Facts, budget).Mismatches);
    }

    [Fact]
    public void Run_Checkpoints_LoadAsTheModelThatWasSaved()
    {
        using var scope = NewDisposeScope();
        var saved = smoke.Journal.Facts.OfType<CheckpointSaved>().ToList();

        Assert.Equal([Stage.Sft, Stage.Dpo], saved.Select(s => s.Stage));
        var (sft, options, tokenizer) = Checkpoint.Load(Path.Combine(smoke.Folder, saved[0].Folder));
        var (dpo, _, _) = Checkpoint.Load(Path.Combine(smoke.Folder, saved[1].Folder));
        Assert.NotEqual(
            sft.parameters().SelectMany(p => p.detach().data<float>().ToArray()),
            dpo.parameters().SelectMany(p => p.detach().data<float>().ToArray()));

        var again = Checkpoint.Save(Path.Combine(_folder, "again"), Stage.Sft, sft, options, tokenizer);
        Assert.Equal(saved[0].Sha256, again.Sha256);
    }

    [Fact]
    public void Run_Cancelled_ThrowsAndLeavesNoHalfCheckpoint()
    {
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        var run = new TrainingRun(Presets.Create("smoke"), _folder, new TestJournal(), TimeProvider.System, cancelled.Token);

        Assert.Throws<OperationCanceledException>(() => run.Run());
        Assert.Empty(Directory.GetFileSystemEntries(_folder));
    }

    [Fact]
    public void Constructor_ImpossiblePlan_IsRefused()
    {
        var plan = Presets.Create("smoke");
        plan.Model.Width = 30;

        Assert.Throws<PlanException>(() => new TrainingRun(plan, _folder, new TestJournal(), TimeProvider.System, CancellationToken.None));
    }

    [Theory]
    [InlineData("model.safetensors", "cut short")]
    [InlineData("config.json", "missing or damaged")]
    [InlineData("tokenizer.json", "missing or damaged")]
    public void Load_DamagedFile_SaysWhich(string file, string message)
    {
        foreach (var whole in Directory.GetFiles(Path.Combine(smoke.Folder, smoke.Journal.Facts.OfType<CheckpointSaved>().First().Folder)))
        {
            File.Copy(whole, Path.Combine(_folder, Path.GetFileName(whole)));
        }

        var path = Path.Combine(_folder, file);
        File.WriteAllBytes(path, File.ReadAllBytes(path)[..20]);

        Assert.Contains(message, Assert.Throws<InvalidDataException>(() => Checkpoint.Load(_folder)).Message, StringComparison.Ordinal);
    }

    private (RunSummary Summary, TestJournal Journal) Run(params string[] settings)
    {
        var plan = Presets.Create("smoke");
        PlanSettings.Apply(plan, settings);
        var journal = new TestJournal();
        return (new TrainingRun(plan, _folder, journal, TimeProvider.System, CancellationToken.None).Run(), journal);
    }
}
