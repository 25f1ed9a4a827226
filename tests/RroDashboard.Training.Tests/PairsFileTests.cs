using RroDashboard.Core;
using RroDashboard.Core.Events;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Preferences;
using RroDashboard.Training.Endpoints;
using RroDashboard.Training.Tests.Endpoints;

namespace RroDashboard.Training.Tests;

/// <summary>A checkpoint learns from the pairs of a file: those that a model behind an endpoint explored.</summary>
public sealed class PairsFileTests : IDisposable
{
    private static readonly Lazy<string[]> s_lines = new(() =>
    {
        using var server = new CompletionServer();
        var plan = Presets.Create("smoke");
        PlanSettings.Apply(plan, [$"Endpoint.Url={server.Url}", "Endpoint.Model=tiny", "Explore.Tasks=3", "Environment.MaxSteps=5"]);
        using var endpoint = new ChatEndpoint(EndpointOptions.Of(plan.Endpoint, ""), TimeProvider.System);
        var journal = new TestJournal();
        EndpointRun.Run(plan, endpoint, journal, TimeProvider.System, null, CancellationToken.None);
        return [.. journal.Facts.OfType<PairCreated>().Select(p => TrlLines.Of(p.Pair, [], exact: true))];
    });

    private readonly string _folder = Directory.CreateTempSubdirectory("rro-pairs-").FullName;
    private readonly string _checkpoint = CheckpointFolder.Write();

    private string File => Path.Combine(_folder, "pairs.jsonl");

    public void Dispose()
    {
        Directory.Delete(_folder, recursive: true);
        Directory.Delete(_checkpoint, recursive: true);
    }

    [Fact]
    public void Run_PairsOfAnEndpoint_TrainAPublishedCheckpointWithoutSft()
    {
        System.IO.File.WriteAllLines(File, s_lines.Value);
        var (summary, journal) = Run("Sft.Updates=0", "Model.Dtype=BFloat16", "Model.GradientCheckpointing=true", "Dpo.Updates=12", "Dpo.LearningRate=0.003", "Dpo.WarmupUpdates=0");
        Assert.Equal(12, summary.Dpo.Updates);
        Assert.True(summary.Dpo.Loss < Math.Log(2) - 0.005, $"The loss stayed at {summary.Dpo.Loss}.");
        Assert.True(summary.Dpo.Accuracy > 0.6);
        Assert.Equal((0, s_lines.Value.Length), (summary.Explore.Candidates, summary.Explore.Pairs));
        Assert.DoesNotContain(journal.Samples.OfType<MetricPoint>(), p => p.Series == "sft/loss");
        var taken = Assert.Single(journal.Facts.OfType<PairsTaken>());
        Assert.Equal(("", "", s_lines.Value.Length), (taken.Run, taken.CheckpointSha256, taken.Added));
        Assert.Contains(journal.Samples.OfType<LogLine>(), l => l.Text.Contains("kept and multiplied in bfloat16; adapters, norms, softmax, logits and the optimiser are in float32; blocks are computed again", StringComparison.Ordinal));

        // The conversation stands in the checkpoint's template, and the pair can be exported again as it was.
        var pair = journal.Facts.OfType<PairCreated>().First().Pair;
        Assert.StartsWith("<|im_start|>user\nDo the task step by step.", pair.History, StringComparison.Ordinal);
        Assert.EndsWith("<|im_start|>assistant\n", pair.History, StringComparison.Ordinal);
        Assert.Equal(958, pair.ChosenTokens[^1]);
        Assert.Equal(TrlPair.Parse(s_lines.Value[0]).Chosen, TrlPair.Parse(TrlLines.Of(pair, [])).Chosen);
        Assert.True(pair.Unvalued);

        // Whoever has no weights at hand encodes the same: a dashboard that takes a file for a run on a checkpoint.
        using var environment = Environments.EnvironmentFactory.Create(Plan().Environment);
        var without = Policy.EncoderOf(Plan(), environment).Encode(TrlPair.Parse(s_lines.Value[0]));
        Assert.Equal(PairSet.Identity(pair), PairSet.Identity(without));
    }

    [Fact]
    public void Run_HandedOverFromAnEndpointsRun_EncodesWordsAndKeepsTheirWorth()
    {
        var words = s_lines.Value.Select((line, i) =>
        {
            var read = TrlPair.Parse(line);
            return new PairCreated(i, new PreferencePair(i, 0, "", "a", "b", Core.Rewards.Estimate.Final(0.8), Core.Rewards.Estimate.Final(0.2), [], [], []) { Words = new PairWords(read.Prompt, read.Chosen, read.Rejected) });
        }).ToList();
        var given = new GivenPairs(new PairsReference("far", 1), new string('a', 64), null, "", words, 0);
        var (summary, journal) = Run(given, "Sft.Updates=0", "Dpo.PairsFile=", "Dpo.PairsFrom=far@1", "Dpo.Updates=2");
        Assert.Equal(2, summary.Dpo.Updates);
        Assert.All(journal.Facts.OfType<PairCreated>(), p => Assert.True(p.Pair.Gap > 0.5 && p.Pair.ChosenTokens.Count > 3));
        Assert.Equal("far", Assert.Single(journal.Facts.OfType<PairsTaken>()).Run);
    }

    [Theory]
    [InlineData("{}", "line 2 is not taken, and so none is: 'prompt' is missing")]
    [InlineData("""{"prompt": [{"role": "user", "content": "x"}], "chosen": [{"role": "assistant", "content": "y"}], "rejected": [{"role": "assistant", "content": "z"}], "prompt_ids": [1], "chosen_ids": [2], "rejected_ids": [999999]}""", "'rejected_ids' holds 999999, and the run's vocabulary ends at")]
    public void Run_WrongLine_IsRefusedBeforeAnythingIsRecorded(string line, string sentence)
    {
        System.IO.File.WriteAllLines(File, [s_lines.Value[0], line]);
        var journal = new TestJournal();
        Assert.Contains(sentence, Assert.Throws<PlanException>(() => Run(journal, null, "Sft.Updates=0")).Message, StringComparison.Ordinal);
        Assert.Empty(journal.Facts);
    }

    [Theory]
    [InlineData("Dpo.PairsFrom=abc@1", "both name pairs: leave one of them empty")]
    [InlineData("Method=Rft", "has no meaning with Method = Rft")]
    [InlineData("Model.Checkpoint=", "Sft.Updates = 0 leaves the policy as it is, but Model.Checkpoint is empty")]
    public void Validate_SettingsThatDoNotFit_SaysSo(string setting, string sentence) => Assert.Contains(
        sentence, Assert.Throws<PlanException>(() => PlanSettings.Validate(Plan("Sft.Updates=0", setting))).Message, StringComparison.Ordinal);

    private RunPlan Plan(params string[] settings)
    {
        var plan = Presets.Create("smoke");
        PlanSettings.Apply(plan,
        [
            "Environment.TrainTasks=24", "Environment.TuningTasks=6", "Environment.TestTasks=6", "Environment.ActionMask=true", "Environment.MaxSteps=5", "Model.Context=900", "Model.LoraRank=4",
            "Sft.Demonstrations=4", "Evaluate.Tasks=2", "Dpo.BatchSize=4", "Guard.Every=0", $"Model.Checkpoint={_checkpoint}", $"Dpo.PairsFile={File}", .. settings,
        ]);
        return plan;
    }

    private (RunSummary Summary, TestJournal Journal) Run(params string[] settings) => Run((GivenPairs?)null, settings);

    private (RunSummary Summary, TestJournal Journal) Run(GivenPairs? given, params string[] settings)
    {
        var journal = new TestJournal();
        return (Run(journal, given, settings), journal);
    }

    private RunSummary Run(TestJournal journal, GivenPairs? given, params string[] settings) =>
        new TrainingRun(Plan(settings), Path.Combine(_folder, "run"), journal, TimeProvider.System, CancellationToken.None, given).Run();
}
