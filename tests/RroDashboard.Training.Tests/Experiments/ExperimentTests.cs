using RroDashboard.Environments;
using RroDashboard.Training.Experiments;

namespace RroDashboard.Training.Tests.Experiments;

public sealed class ExperimentTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("rro-experiment-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("{", "is not an experiment")]
    [InlineData("{ \"name\": \"a b\" }", "name = 'a b' is not allowed")]
    [InlineData("{ \"name\": \"x\" }", "names no seeds")]
    [InlineData("{ \"name\": \"x\", \"seeds\": [1] }", "names no methods")]
    [InlineData("{ \"name\": \"x\", \"seeds\": [1], \"methods\": [{}] }", "a method has no \"method\"")]
    [InlineData("{ \"name\": \"x\", \"seeds\": [1], \"methods\": [{ \"method\": \"best\" }] }", "There is no method 'best'")]
    [InlineData("{ \"name\": \"x\", \"seeds\": [1, 1], \"methods\": [{ \"method\": \"rro\" }] }", "names seed 1 twice")]
    [InlineData("{ \"name\": \"x\", \"seeds\": [1], \"methods\": [{ \"method\": \"rro\" }, { \"method\": \"rro\" }] }", "two methods called 'rro'")]
    [InlineData("{ \"name\": \"x\", \"seeds\": [1], \"methods\": [{ \"method\": \"rro\" }], \"baseline\": \"eto\" }", "baseline names 'eto'")]
    [InlineData("{ \"name\": \"x\", \"seeds\": [1], \"methods\": [{ \"method\": \"rro\" }], \"preset\": \"huge\" }", "There is no preset 'huge'")]
    [InlineData("{ \"name\": \"x\", \"seeds\": [1], \"methods\": [{ \"method\": \"rro\" }], \"settings\": { \"Dpo.Speed\": 1 } }", "There is no setting 'Dpo.Speed'")]
    [InlineData("{ \"name\": \"x\", \"seeds\": [1], \"methods\": [{ \"method\": \"rro\", \"settings\": { \"Sft.Updates\": 9 } }] }", "changes Sft.Updates, but all methods share")]
    [InlineData("{ \"name\": \"x\", \"seeds\": [1], \"methods\": [{ \"method\": \"rro\", \"settings\": { \"Guard.OnCollapse\": \"Pause\" } }] }", "Guard.OnCollapse = Pause waits for a person")]
    [InlineData("{ \"name\": \"x\", \"seeds\": [1], \"methods\": [{ \"method\": \"rro\" }], \"sedes\": [1] }", "sedes")]
    [InlineData("{ \"name\": \"x\", \"seeds\": [1], \"methods\": [{ \"method\": \"rro\" }], \"costShare\": 2 }", "costShare above 0 and at most 1")]
    public void Read_WrongFile_SaysWhatIsWrong(string json, string expected)
    {
        Assert.Contains(expected, Assert.Throws<ExperimentException>(() => Read(json)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_MissingFile_SaysSo() =>
        Assert.Contains("cannot be read", Assert.Throws<ExperimentException>(() => Experiment.Read(Path.Combine(_folder, "none.json"))).Message, StringComparison.Ordinal);

    // The committed ones have to stay readable.
    [Theory]
    [InlineData("minishop.json", 10)]
    [InlineData("spider.json", 2)]
    [InlineData("collapse.json", 1)]
    public void Read_CommittedExperiment_IsAccepted(string name, int seeds)
    {
        // Whether the data are there is not asked before the first run.
        var experiment = Experiment.Read(Path.Combine(Root, "src", "RroDashboard.Training", "experiments", name), _folder);

        Assert.True(experiment.Seeds.Count >= seeds);
        Assert.Contains(experiment.Methods, m => m.Name == experiment.Baseline);
    }

    // Small and real: two seeds, four methods, one of them broken off and gone on with.
    [Fact]
    public void Run_SmallExperiment_SharesSftAndSkipsWhatIsFinished()
    {
        var experiment = Read("""
            {
              "name": "small", "preset": "smoke", "seeds": [1, 2], "baseline": "fixed-3", "frontier": ["fixed-3"],
              "settings": { "Sft.Updates": 60, "Evaluate.Tasks": 8, "Explore.Tasks": 4, "Guard.Every": 0, "Dpo.MarginChecks": 0 },
              "methods": [{ "method": "fixed-3" }, { "method": "rro" }, { "method": "eto" }, { "method": "sft" }]
            }
            """);
        var said = new List<string>();
        var broken = 0;
        using var stop = new CancellationTokenSource();
        var first = new ExperimentRunner(experiment, _folder, TimeProvider.System, line =>
        {
            said.Add(line);
            if (line.StartsWith("3 of 8", StringComparison.Ordinal))
            {
                broken++;
                stop.Cancel();
            }
        }, stop.Token);

        Assert.ThrowsAny<OperationCanceledException>(() => first.Run(experiment.Seeds));
        Assert.Equal((1, 3), (broken, first.Finished().Count));
        var files = Directory.GetFiles(_folder, "*.json", SearchOption.AllDirectories).ToDictionary(f => f, File.ReadAllText);
        said.Clear();
        var second = new ExperimentRunner(experiment, _folder, TimeProvider.System, said.Add, CancellationToken.None);
        second.Run(experiment.Seeds);

        var cells = second.Finished();
        Assert.Equal(8, cells.Count);
        Assert.Equal(5, said.Count(s => s.Contains(" of 8:", StringComparison.Ordinal)));
        Assert.All(files, f => Assert.Equal(f.Value, File.ReadAllText(f.Key)));
        // One SFT model for all methods of a seed: nothing after it changes nothing.
        Assert.All(cells.GroupBy(c => c.Seed), g => Assert.Single(g.Select(c => c.Summary.Sft.Greedy).Distinct()));
        Assert.All(cells.Where(c => c.Method == "sft"), c => Assert.Equal(c.Summary.Sft.Greedy, c.Summary.Final.Greedy));
        Assert.All(cells, c => Assert.Equal(8, c.Greedy.Count));

        var report = ExperimentReport.Of(experiment, cells, second.Baselines(), null);
        var markdown = report.Markdown("src/run.sh experiment small.json", "");
        Assert.Equal((8, 8), (report.Finished, report.Planned));
        Assert.Equal(cells.Where(c => c.Method == "rro").Average(c => c.Summary.Final.Greedy), report.Methods.Single(m => m.Name == "rro").Greedy, 12);
        Assert.Contains("| rro | 2 |", markdown, StringComparison.Ordinal);
        Assert.DoesNotContain("Not complete", markdown, StringComparison.Ordinal);
        Assert.DoesNotContain(_folder, markdown, StringComparison.Ordinal);
        Assert.All(report.Charts(), c => System.Xml.Linq.XDocument.Parse(c.Svg));

        // Made from other data than there are now, a result is not taken for one of these, and neither is what the methods of a seed share.
        using var environment = EnvironmentFactory.Create(experiment.SharedPlan(1).Environment);
        var hash = environment.ContentHash;
        foreach (var file in (string[])["seed-1/rro.json", "seed-2/base.json"])
        {
            var path = Path.Combine(_folder, file);
            File.WriteAllText(path, File.ReadAllText(path).Replace(hash, new string('0', hash.Length), StringComparison.Ordinal));
        }

        Assert.Equal([(1L, "fixed-3"), (1, "eto"), (1, "sft")], second.Finished().Where(c => c.Seed == 1).Select(c => (c.Seed, c.Method)));
        Assert.Equal(1, Assert.Single(second.Baselines()).Seed);
    }

    [Fact]
    public void Of_HandMadeCells_ComputesTheClaimAndTheFrontier()
    {
        var experiment = Read("""
            {
              "name": "hand", "preset": "smoke", "seeds": [1, 2], "baseline": "fixed", "frontier": ["half", "fixed"],
              "methods": [{ "name": "fixed", "method": "fixed-5" }, { "name": "half", "method": "fixed-5", "settings": { "Explore.Tasks": 4 } }, { "name": "cheap", "method": "rro" }, { "name": "bad", "method": "rro-strict" }]
            }
            """);
        CellResult[] cells =
        [
            .. new long[] { 1, 2 }.SelectMany(seed => new[]
            {
                Cell("fixed", seed, 1000, 0.80), Cell("half", seed, 500, 0.70), Cell("cheap", seed, 400, 0.795), Cell("bad", seed, 400, 0.60),
            }),
        ];

        var report = ExperimentReport.Of(experiment, cells, [], null);

        Assert.Equal(["cheap"], report.Reached().Select(m => m.Name));
        var cheap = report.Methods.Single(m => m.Name == "cheap");
        Assert.Equal(-0.005, cheap.Against!.Difference, 9);
        Assert.Equal(0.40, cheap.Cost.Rollouts / report.Methods[0].Cost.Rollouts, 9);
        // Without an SFT evaluation the frontier begins at its cheapest point.
        Assert.Equal(0.095, cheap.EqualCosts.Single(e => e.Cost == "rollouts").Comparison.Difference, 9);
        Assert.Contains("Reached by `cheap`", report.Markdown("c", ""), StringComparison.Ordinal);
    }

    [Fact]
    public void Markdown_NoMethodSavesOrComesNear_SaysSo()
    {
        var experiment = Read("""{ "name": "hand", "preset": "smoke", "seeds": [1, 2], "methods": [{ "method": "fixed-5" }, { "method": "rro" }] }""");

        var report = ExperimentReport.Of(experiment, [Cell("fixed-5", 1, 1000, 0.8), Cell("fixed-5", 2, 1000, 0.8), Cell("rro", 1, 900, 0.6), Cell("rro", 2, 900, 0.6)], [], null);

        Assert.Contains("**None reaches it**, and none saves as much.", report.Markdown("c", ""), StringComparison.Ordinal);
    }

    [Fact]
    public void Markdown_HandMadeCells_SaysWhatIsEqualAndHowSureTheCountsAre()
    {
        var experiment = Read("""
            {
              "name": "hand", "preset": "smoke", "seeds": [1, 2], "baseline": "fixed",
              "methods": [{ "name": "fixed", "method": "fixed-5" }, { "name": "rule", "method": "gated", "settings": { "Dpo.Updates": 3 } }, { "name": "few", "method": "rro", "settings": { "Explore.Tasks": 4 } }, { "method": "sft" }]
            }
            """);
        CellResult[] cells =
        [
            Cell("fixed", 1, 1000, 0.8), Cell("fixed", 2, 1000, 0.8), Cell("few", 1, 1000, 0.8), Cell("sft", 1, 1000, 0.8),
            Rule(1, steps: 100, candidates: 180, higher: 6), Rule(2, steps: 100, candidates: 200, higher: 7),
        ];

        var report = ExperimentReport.Of(experiment, cells, [], null);
        var (rule, text) = (report.Methods.Single(m => m.Name == "rule"), report.Markdown("c", ""));

        Assert.Contains("Equal are the explored tasks (8) and the updates after SFT (6 of 8 pairs), except for `rule` (3 updates of 8), `few` (4 tasks), `sft` (none of both). Not equal is", text, StringComparison.Ordinal);
        // 40 updates of 8 of 10 pairs pass 32 times over them; the plan's own number does not count, what was done does.
        Assert.Equal(32, rule.Passes!.Value, 9);
        Assert.Contains("| 10 | 40 | 32.0 |", text, StringComparison.Ordinal);
        // Mean 1.9, standard error 0.1, and Student's quantile of one degree of freedom is 12.706.
        Assert.Equal(1.9, rule.CandidatesPerStep.Mean, 9);
        Assert.Equal(1.9 - 1.27062, rule.CandidatesPerStep.BySeeds!.Value.Low, 5);
        Assert.Contains("| rule | 1.90 [0.63, 3.17] | not described by the model |", text, StringComparison.Ordinal);
        // A share stays one: from 60 % and 70 % of two seeds hardly anything is known.
        Assert.Contains("| rule | 65.0 % [1.5 %, 100.0 %] | 0.0 % [0.0 %, 0.0 %] |", text, StringComparison.Ordinal);
        Assert.Null(report.Methods.Single(m => m.Name == "few").CandidatesPerStep.BySeeds);
        // Draws that only told that a move is not forced were sampled all the same.
        Assert.Equal((180 + 200 + (2 * 30)) / 2.0, rule.Cost.Candidates, 9);

        static CellResult Rule(long seed, int steps, int candidates, int higher)
        {
            var cell = Cell("rule", seed, 1000, 0.8);
            return cell with
            {
                Budget = cell.Budget with { Steps = steps, Candidates = candidates, GateDraws = 30 },
                Rising = new Core.Exploration.RisingShare(new(10, higher, 0), new(10, 0, 0), new(10, 0, 0)),
            };
        }
    }

    [Theory]
    [InlineData(0, 1, 0, 1)]
    [InlineData(0.61, 0.88, 0.6, 0.9)]
    [InlineData(0, 7400, 0, 8000)]
    public void Ticks_Range_AreRoundNumbersAroundIt(double low, double high, double first, double last)
    {
        var ticks = SvgChart.Ticks(low, high);

        Assert.Equal((first, last), (Math.Round(ticks[0], 9), Math.Round(ticks[^1], 9)));
        Assert.InRange(ticks.Length, 4, 9);
    }

    private static CellResult Cell(string method, long seed, int cost, double reward)
    {
        var rewards = Enumerable.Range(0, 20).ToDictionary(i => $"t{i}", _ => reward);
        var held = new Core.HeldOut(reward, reward, [reward, reward], [reward, reward]);
        return new CellResult(
            method, seed, "", "engine",
            new Core.RunSummary
            {
                Preset = "smoke",
                Seed = seed,
                Settings = new Dictionary<string, string>(),
                Sft = held,
                Final = held,
                Explore = new Core.ExploreSummary(1, 1, cost, 1, cost, cost, cost, 10, 0),
                Dpo = new Core.DpoSummary(40, 0.6, 0.8, 0.2),
                Seconds = new Core.SecondsSummary(1, cost, 1, 1, 1),
                PeakMemoryMiB = 1,
                LedgerSha256 = "",
            },
            new Core.Exploration.Budget { Steps = cost, Candidates = cost, Rollouts = cost, TokensGenerated = cost, TokensPrefilled = cost, Pairs = 10 },
            rewards, rewards, 0, 0, null, []);
    }

    private Experiment Read(string json)
    {
        var path = Path.Combine(_folder, "experiment.json.txt");
        File.WriteAllText(path, json);
        return Experiment.Read(path);
    }

    internal static string Root
    {
        get
        {
            var folder = new DirectoryInfo(AppContext.BaseDirectory);
            while (!File.Exists(Path.Combine(folder.FullName, "RroDashboard.sln")))
            {
                folder = folder.Parent ?? throw new InvalidOperationException("RroDashboard.sln is in no folder above the tests.");
            }

            return folder.FullName;
        }
    }
}
