using RroDashboard.Core.Preferences;
using RroDashboard.Core.Statistics;
using RroDashboard.Environments;
using RroDashboard.Training.Experiments;

namespace RroDashboard.Training.Tests.Experiments;

public sealed class LabelExperimentTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("rro-labels-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("{ \"labels\": {", "is not an experiment")]
    [InlineData("{ \"name\": \"a b\", \"labels\": {} }", "name = 'a b' is not allowed")]
    [InlineData("{ \"name\": \"x\", \"labels\": {}, \"seeds\": [1, 1] }", "has to name its seeds, each once")]
    [InlineData("{ \"name\": \"x\", \"labels\": {}, \"seeds\": [1] }", "has to name its arms")]
    [InlineData("{ \"name\": \"x\", \"labels\": {}, \"seeds\": [1], \"arms\": [{ \"name\": \"a\", \"labels\": \"true\" }] }", "labels = 'true' of arm 'a' is not allowed: one of None, Correct, Wrong, Random")]
    [InlineData("{ \"name\": \"x\", \"labels\": {}, \"seeds\": [1], \"arms\": [{ \"name\": \"a\", \"labels\": \"none\", \"weight\": 0 }] }", "weight = 0 of arm 'a' is not allowed")]
    [InlineData("{ \"name\": \"x\", \"labels\": {}, \"seeds\": [1], \"arms\": [{ \"name\": \"a\", \"labels\": \"none\", \"settings\": { \"Sft.Updates\": 9 } }] }", "an arm may set Dpo only")]
    [InlineData("{ \"name\": \"x\", \"labels\": {}, \"seeds\": [1], \"arms\": [{ \"name\": \"a\", \"labels\": \"none\" }], \"baseline\": \"b\" }", "baseline names 'b'")]
    [InlineData("{ \"name\": \"x\", \"labels\": { \"minGap\": 3 }, \"seeds\": [1], \"arms\": [{ \"name\": \"a\", \"labels\": \"none\" }] }", "labels.minGap from 0 to 2")]
    [InlineData("{ \"name\": \"x\", \"labels\": {}, \"seeds\": [1], \"arms\": [{ \"name\": \"a\", \"labels\": \"none\" }], \"settings\": { \"Method\": \"Eto\" } }", "labels are for step pairs")]
    public void Read_WrongFile_SaysWhatIsWrong(string json, string expected) =>
        Assert.Contains(expected, Assert.Throws<ExperimentException>(() => Read(json)).Message, StringComparison.Ordinal);

    [Fact]
    public void Read_CommittedExperiment_LabelsThreeHundredPairsUnderTenSeeds()
    {
        var path = Path.Combine(ExperimentTests.Root, "src", "RroDashboard.Training", "experiments", "labels.json");

        var experiment = LabelExperiment.Read(path);

        Assert.True(LabelExperiment.IsOne(path));
        Assert.False(LabelExperiment.IsOne(Path.Combine(Path.GetDirectoryName(path)!, "minishop.json")));
        Assert.Equal((10, 300, 1), (experiment.Seeds.Count, experiment.Labelled, experiment.Plan(experiment.Seeds[0]).Explore.Rollouts));
    }

    [Fact]
    public void Decide_EveryLabelling_DoesWhatItSays()
    {
        KnownPair[] known = [new(0, 0.9, 0.1), new(1, 0.2, 0.7), new(2, 0.5, 0.52)];
        PairDecision[] Of(Labelling labels) => [.. LabelRunner.Decide(labels, known, 0.05, new SeededRandom(1, 2)).OrderBy(d => d.Key).Select(d => d.Value)];

        Assert.Empty(Of(Labelling.None));
        Assert.Equal([PairDecision.Kept, PairDecision.Flipped, PairDecision.Discarded], Of(Labelling.Correct));
        Assert.Equal([PairDecision.Flipped, PairDecision.Kept, PairDecision.Kept], Of(Labelling.Wrong));
        Assert.Equal(Of(Labelling.Correct).Order(), Of(Labelling.Random).Order());
    }

    // Small and real: one exploration for all arms, and what is finished is not run again.
    [Fact]
    public void Run_SmallExperiment_SharesTheExplorationAndReports()
    {
        var experiment = Read("""
            {
              "name": "small", "preset": "smoke", "seeds": [1, 2], "baseline": "none",
              "settings": { "Sft.Updates": 60, "Evaluate.Tasks": 8, "Explore.Tasks": 8, "Explore.Rollouts": 1, "Guard.Every": 0, "Dpo.MarginChecks": 0 },
              "labels": { "pairs": 6, "rollouts": 4, "minGap": 0.01 },
              "arms": [{ "name": "none", "labels": "none" }, { "name": "correct", "labels": "correct", "weight": 2 }, { "name": "wrong", "labels": "wrong", "settings": { "Dpo.Updates": 3 } }]
            }
            """);
        var said = new List<string>();
        var runner = new LabelRunner(experiment, _folder, TimeProvider.System, said.Add, CancellationToken.None);
        runner.Run([1]);
        runner.Run(experiment.Seeds);
        var again = new List<string>();
        new LabelRunner(experiment, _folder, TimeProvider.System, again.Add, CancellationToken.None).Run(experiment.Seeds);

        var (cells, labels) = (runner.Finished(), runner.Labels());
        Assert.Empty(again);
        Assert.Equal((6, 2), (cells.Count, said.Count(s => s.Contains("shared by all arms", StringComparison.Ordinal))));
        Assert.All(cells.GroupBy(c => c.Seed), g => Assert.Single(g.Select(c => c.Summary.Sft.Greedy).Distinct()));
        Assert.Equal([6, 6, 3], cells.Where(c => c.Seed == 1).Select(c => c.Summary.Dpo.Updates));
        Assert.All(labels, l => Assert.Equal(Math.Min(6, l.Pairs), l.Known.Count));
        var seed = labels[0];
        Assert.Equal(seed.Pairs - seed.Known.Count(k => k.Truth(0.01) == PairDecision.Discarded), cells.Single(c => c.Seed == 1 && c.Method == "correct").Budget.Pairs);
        Assert.Equal(seed.Pairs, cells.Single(c => c.Seed == 1 && c.Method == "wrong").Budget.Pairs);

        var report = LabelReport.Of(experiment, cells, labels, null);
        var markdown = report.Markdown("src/run.sh experiment small.json", "");
        Assert.Equal((6, 6, 3), (report.Finished, report.Planned, report.Arms.Count));
        Assert.Equal(report.Arms[1].Against!.Difference, report.Arms[1].BySeeds!.Value.Low + ((report.Arms[1].BySeeds!.Value.High - report.Arms[1].BySeeds!.Value.Low) / 2), 9);
        Assert.Contains("| correct | correct | 2 | 2 |", markdown, StringComparison.Ordinal);
        Assert.DoesNotContain(_folder, markdown, StringComparison.Ordinal);
        Assert.All(report.Charts(), c => System.Xml.Linq.XDocument.Parse(c.Svg));

        // Made from other data than there are now, nothing of it is taken: not an arm, not the labels, not what all arms share.
        using var environment = EnvironmentFactory.Create(experiment.Plan(1).Environment);
        var hash = environment.ContentHash;
        foreach (var file in (string[])["seed-1/correct.json", "seed-1/base.json", "seed-2/labels.json"])
        {
            var path = Path.Combine(_folder, file);
            Assert.Contains(hash, File.ReadAllText(path), StringComparison.Ordinal);
            File.WriteAllText(path, File.ReadAllText(path).Replace(hash, new string('0', hash.Length), StringComparison.Ordinal));
        }

        Assert.Equal(["none", "wrong"], runner.Finished().Where(c => c.Seed == 1).Select(c => c.Method));
        Assert.Equal(1, Assert.Single(runner.Labels()).Seed);
        said.Clear();
        runner.Run([1]);
        Assert.Equal(["seed 1: supervised", $"seed 1: {seed.Pairs} pairs", "seed 1, correct:"], said.Select(s => string.Join(' ', s.Split(' ').Take(s.Contains(" pairs,", StringComparison.Ordinal) ? 4 : 3)).TrimEnd(',')));
        Assert.Equal(cells.Single(c => c.Seed == 1 && c.Method == "correct").Greedy, runner.Finished().Single(c => c.Seed == 1 && c.Method == "correct").Greedy);
    }

    private LabelExperiment Read(string json)
    {
        var path = Path.Combine(_folder, "experiment.json");
        File.WriteAllText(path, json);
        return LabelExperiment.Read(path);
    }
}
