using System.Text.Json;
using RroDashboard.Core;
using RroDashboard.Core.Events;
using RroDashboard.Core.Plans;
using RroDashboard.Web.CommandLine;
using RroDashboard.Web.Hosting;

namespace RroDashboard.Web.Tests.CommandLine;

public sealed class TrainTests
{
    [Fact]
    public async Task Train_Json_EndsWithOneLineOfCamelCaseJson()
    {
        using var output = new StringWriter();
        using var error = new StringWriter();

        var code = await RroCommandLine.RunAsync(["train", "--preset", "smoke", "--seed", "3", "--set", "Explore.MaxCandidates=4", "--json"], output, error, new Runner()).WaitAsync(TimeSpan.FromSeconds(30));

        Assert.Equal(0, code);
        using var json = JsonDocument.Parse(Assert.Single(output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries)));
        Assert.Equal("smoke", json.RootElement.GetProperty("preset").GetString());
        Assert.Equal(3, json.RootElement.GetProperty("seed").GetInt64());
        Assert.Equal("4", json.RootElement.GetProperty("settings").GetProperty("Explore.MaxCandidates").GetString());
        Assert.Equal("cpu", json.RootElement.GetProperty("settings").GetProperty("Model.Device").GetString());
        Assert.Equal(0.7, json.RootElement.GetProperty("sft").GetProperty("greedy").GetDouble());
        Assert.Equal(1.8, json.RootElement.GetProperty("explore").GetProperty("candidatesPerStep").GetDouble());
        Assert.Contains("Exploration", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Train_NoEngine_SaysTheReason()
    {
        using var output = new StringWriter();
        using var error = new StringWriter();

        var code = await RroCommandLine.RunAsync(["train"], output, error, new Runner { WhyNot = "libtorch was not found." }).WaitAsync(TimeSpan.FromSeconds(30));

        Assert.Equal(RroCommandLine.Refused, code);
        Assert.Empty(output.ToString());
        Assert.Equal("libtorch was not found.", error.ToString().Trim());
    }

    [Theory]
    [InlineData("cuda:63", "Model.Device = 'cuda:63' asks for ")]
    [InlineData("gpu", "Model.Device = 'gpu' is not allowed: it must be cpu, cuda (the first card), or cuda:N")]
    public async Task Train_DeviceThatIsNotThere_IsRefusedInOneLineBeforeAnythingRuns(string device, string sentence)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();

        var code = await RroCommandLine.RunAsync(["train", "--preset", "smoke", "--device", device], output, error, new Runner()).WaitAsync(TimeSpan.FromSeconds(30));

        Assert.Equal(RroCommandLine.Refused, code);
        Assert.Empty(output.ToString());
        Assert.StartsWith(sentence, Assert.Single(error.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Doctor_NoEngine_ExitsWithOne()
    {
        var folder = Directory.CreateTempSubdirectory("rro-doctor-").FullName;
        try
        {
            using var output = new StringWriter();
            var broken = await RroCommandLine.RunAsync(["doctor", "--data-dir", folder, "--json"], output, TextWriter.Null, new Runner { WhyNot = "libtorch was not found." }).WaitAsync(TimeSpan.FromSeconds(30));
            var fine = await RroCommandLine.RunAsync(["doctor", "--data-dir", folder], TextWriter.Null, TextWriter.Null, new Runner()).WaitAsync(TimeSpan.FromSeconds(30));

            Assert.Equal(1, broken);
            Assert.Equal(0, fine);
            using var json = JsonDocument.Parse(output.ToString());
            Assert.Contains(json.RootElement.EnumerateArray(), f => f.GetProperty("name").GetString() == "engine" && !f.GetProperty("fine").GetBoolean());
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Says what a run says, and computes nothing.</summary>
    private sealed class Runner : ITrainingRunner
    {
        public string? WhyNot { get; init; }

        public RunSummary Run(RunPlan plan, string runFolder, IRunJournal journal, CancellationToken cancellationToken, RunPast? past = null)
        {
            Assert.True(Directory.Exists(runFolder));
            journal.Record(new StageStarted(Stage.Explore));
            journal.Sample(new ProgressReported(Stage.Explore, 1, 2));
            journal.Record(new StageFinished(Stage.Explore, 0.5));
            return new RunSummary
            {
                Preset = plan.Preset,
                Seed = plan.Seed,
                Settings = PlanSettings.ToDictionary(plan),
                Sft = new HeldOut(0.7, 0.68, [0.6, 0.8], [0.6, 0.8]),
                Final = new HeldOut(0.8, 0.78, [0.7, 0.9], [0.7, 0.9]),
                Explore = new ExploreSummary(6, 20, 36, 1.8, 72, 100, 200, 9, 0),
                Dpo = new DpoSummary(4, 0.6, 0.7, 0.2),
                Seconds = new SecondsSummary(1, 2, 1, 1, 5),
                PeakMemoryMiB = 50,
                LedgerSha256 = new string('0', 64),
            };
        }
    }
}
