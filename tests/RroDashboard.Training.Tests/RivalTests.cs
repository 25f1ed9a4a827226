using RroDashboard.Core;
using RroDashboard.Core.Events;
using RroDashboard.Core.Metrics;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Exploration;
using RroDashboard.Core.Statistics;
using RroDashboard.Training.Sampling;
using RroDashboard.Training.Tokenizer;
using TorchSharp;
using static TorchSharp.torch;

namespace RroDashboard.Training.Tests;

public sealed class RivalTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("rro-rivals-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(Method.SftOnly)]
    [InlineData(Method.Rft)]
    [InlineData(Method.Eto)]
    [InlineData(Method.Ipr)]
    public void Run_EveryRival_GoesThroughAllStagesAndKeepsTheBooks(Method method)
    {
        // Kept from .2 on, because a policy of the smoke preset earns no full reward.
        var plan = Presets.Create("smoke");
        PlanSettings.Apply(plan, [$"Method={method}", "Evaluate.Tasks=8", "Rivals.KeepShare=0.2", "Dpo.SftWeight=0.5"]);
        var journal = new TestJournal();

        var summary = new TrainingRun(plan, _folder, journal, TimeProvider.System, CancellationToken.None).Run();

        Assert.Equal([Stage.Sft, Stage.Baseline, Stage.Explore, Stage.Dpo, Stage.Evaluate], journal.Facts.OfType<StageFinished>().Select(s => s.Stage));
        var finished = journal.Facts.OfType<TaskFinished>().ToList();
        var pairs = journal.Facts.OfType<PairCreated>().ToList();
        Assert.Equal(method == Method.SftOnly ? 0 : plan.Explore.Tasks, finished.Count);
        Assert.Equal(finished.Count, journal.Facts.OfType<TaskOpened>().Count());
        Assert.Equal(summary.Explore.Rollouts, finished.Sum(f => f.Rollouts));
        Assert.Equal(summary.Explore.Pairs, pairs.Count);
        Assert.Equal(method is Method.Eto or Method.Ipr, pairs.Count > 0);
        Assert.All(pairs, p => Assert.True(p.Pair.Gap > 0));
        Assert.Equal(method == Method.Rft, journal.Facts.OfType<TrajectoryKept>().Any());
        Assert.Equal(method == Method.SftOnly ? 0 : plan.Dpo.Updates, summary.Dpo.Updates);
        if (method is Method.Rft or Method.Eto)
        {
            Assert.Equal(plan.Explore.Tasks * plan.Rivals.Episodes, summary.Explore.Rollouts);
            Assert.Equal(0, summary.Explore.Candidates);
        }

        if (method == Method.SftOnly)
        {
            Assert.Equal(summary.Sft.Greedy, summary.Final.Greedy);
        }
    }

    // A trajectory pair is trained on what the actors wrote: never on an observation, and from the sampled tokens.
    [Fact]
    public void EtoRun_Pairs_PointDownwardsAndMaskObservations()
    {
        using var scope = NewDisposeScope();
        using var test = new TestContext().Taught();

        Eto.Run(test.Run, test.Demonstrations);

        var pairs = test.Journal.Facts.OfType<PairCreated>().Select(p => p.Pair).ToList();
        Assert.NotEmpty(pairs);
        Assert.All(pairs, p =>
        {
            Assert.True(p.Gap > 0);
            Check(p.ChosenTokens, p.ChosenWritten!);
            Check(p.RejectedTokens, p.RejectedWritten!);
        });

        static void Check(IReadOnlyList<int> tokens, IReadOnlyList<bool> written)
        {
            Assert.Equal(tokens.Count, written.Count);
            Assert.True(written[0]);
            var inObservation = false;
            foreach (var (token, ours) in tokens.Zip(written))
            {
                inObservation |= token == WordTokenizer.Obs && !ours;
                Assert.False(inObservation && ours);
                inObservation &= token != WordTokenizer.Act || ours;
            }
        }
    }

    // The expert's side is worth more by the plan's gap, both sides follow one history, and that history is the expert's own.
    [Fact]
    public void IprRun_StepPairs_FollowTheExpertsPath()
    {
        using var scope = NewDisposeScope();
        using var test = new TestContext("Rivals.MinGap=0.05").Taught();

        Ipr.Run(test.Run, test.Demonstrations);

        var steps = test.Journal.Facts.OfType<PairCreated>().Select(p => p.Pair).Where(p => p.ChosenWritten is null).ToList();
        var opened = test.Journal.Facts.OfType<TaskOpened>().ToDictionary(t => t.Task, t => t.TaskId);
        Assert.NotEmpty(steps);
        Assert.All(steps, p =>
        {
            var demonstration = test.Demonstrations.First(d => d.Task.Id == opened[p.Task]);
            Assert.True(p.Gap > 0.05);
            Assert.Equal(demonstration.Turns[p.Step].Action, p.Chosen);
            Assert.StartsWith(test.Run.Dialogue.Text([.. test.Run.Dialogue.Start(demonstration.Task.Instruction)]), p.History, StringComparison.Ordinal);
        });
    }

    // Nothing is read twice: whatever is sampled from goes on from the one start of its task, and no row has to be computed again.
    [Theory]
    [InlineData("Method=Rft")]
    [InlineData("Method=Eto")]
    [InlineData("Method=Ipr")]
    [InlineData("Explore.Continue=AlongExpert")]
    [InlineData("Explore.OnNoRise=KeepExpert")]
    public void Run_EveryHistory_GoesOnFromTheOneStartOfItsTask(string setting)
    {
        using var scope = NewDisposeScope();
        using var test = new TestContext(setting, "Explore.Rise=Strict", "Explore.MaxCandidates=2").Taught();
        var sampler = new RecordingSampler(test.Run.Sampler);
        var run = test.Run with { Sampler = sampler };

        var budget = test.Plan.Method switch
        {
            Method.Rft => Rft.Run(run, test.Demonstrations),
            Method.Eto => Eto.Run(run, test.Demonstrations),
            Method.Ipr => Ipr.Run(run, test.Demonstrations),
            _ => Explore.Run(run).Budget,
        };

        Assert.Equal(test.Plan.Explore.Tasks, sampler.SampledFrom.Select(h => h.Beginning).Distinct().Count());
        Assert.Equal(0, budget.TokensRecomputed);
        // Each start once, and what was put at the end of a history that was sampled from.
        var read = sampler.SampledFrom.Select(h => h.Beginning).Distinct().Sum(h => h.Length) + sampler.SampledFrom.Distinct().Sum(h => sampler.Appended.GetValueOrDefault(h));
        Assert.InRange(budget.TokensPrefilled - read, 0, ExpertTokens(test));

        static long ExpertTokens(TestContext test) => test.Plan.Method == Method.Explore
            ? test.Journal.Facts.OfType<StepDecided>().Count() * (long)test.Environment.MaxActionTokens
            : 0;
    }

    [Fact]
    public void Tasks_Rivals_AreThoseThatExplorationWalks()
    {
        using var scope = NewDisposeScope();
        using var test = new TestContext();
        Explore.Run(test.Run);
        var explored = test.Journal.Facts.OfType<TaskOpened>().OrderBy(t => t.Task).Select(t => t.TaskId).ToList();
        test.Journal.Facts.Clear();

        Eto.Run(test.Run, test.Demonstrations);

        Assert.Equal(explored, test.Journal.Facts.OfType<TaskOpened>().OrderBy(t => t.Task).Select(t => t.TaskId));
    }

    [Fact]
    public void RftTrain_KeptEpisodes_LowersTheirLoss()
    {
        using var scope = NewDisposeScope();
        using var test = new TestContext("Dpo.Updates=15", "Rivals.RftLearningRate=0.003", "Rivals.KeepShare=0.2").Taught();
        Rft.Run(test.Run, test.Demonstrations);
        var kept = test.Journal.Facts.OfType<TrajectoryKept>().ToList();
        var data = kept.ConvertAll(k => ((int[])[.. k.Tokens], (bool[])[.. k.Written]));
        var before = Sft.Loss(test.Model, data, 0).ToDouble();

        var summary = Rft.Train(test.Run, kept, test.Demonstrations);

        Assert.NotEmpty(kept);
        Assert.Equal(15, summary.Updates);
        Assert.Equal(15, test.Journal.Series(SeriesNames.RftLoss).Length);
        Assert.True(Sft.Loss(test.Model, data, 0).ToDouble() < before);
    }

    [Fact]
    public void RftTrain_NothingKept_SaysSo()
    {
        using var scope = NewDisposeScope();
        using var test = new TestContext();

        Assert.Equal(0, Rft.Train(test.Run, [], test.Demonstrations).Updates);
        Assert.Contains("nothing for RFT to learn", Assert.Single(test.Journal.Facts.OfType<AlertRaised>()).Text, StringComparison.Ordinal);
    }

    // What differs from an unbroken run is at most a draw that the last digit of a probability tipped; what was kept stays as it was.
    [Fact]
    public void Run_EtoBrokenOff_PlaysOnlyTheOtherTasks()
    {
        var plan = Presets.Create("smoke");
        PlanSettings.Apply(plan, ["Method=Eto", "Evaluate.Tasks=8", "Sft.Updates=60"]);
        var whole = new TestJournal();
        var expected = new TrainingRun(plan, _folder, whole, TimeProvider.System, CancellationToken.None).Run();
        // As a process would leave it that was killed after the first walks.
        var past = new RunPast(whole.Facts[..(whole.Facts.FindIndex(f => f is TaskFinished) + 4)], null);

        var rest = new TestJournal();
        var summary = new TrainingRun(plan, _folder, rest, TimeProvider.System, CancellationToken.None).Run(past);

        Assert.True(past.FinishedTasks.Count is > 0 and < 8);
        Assert.Equal(Enumerable.Range(0, 8).Except(past.FinishedTasks), rest.Facts.OfType<TaskFinished>().Select(f => f.Task).Order());
        Assert.Equal(expected.Explore.Rollouts, summary.Explore.Rollouts);
        Assert.Equal(past.Pairs.Count + rest.Facts.OfType<PairCreated>().Count(), summary.Explore.Pairs);
        Assert.Equal(Pairs(whole.Facts).Where(p => past.FinishedTasks.Contains(p.Task)), Pairs(past.Facts));
        Assert.Equal(plan.Dpo.Updates, summary.Dpo.Updates);
    }

    /// <summary>The real engine, and what it was asked for.</summary>
    private sealed class RecordingSampler(IActionSampler engine) : IActionSampler
    {
        public List<History> SampledFrom { get; } = [];

        public Dictionary<History, int> Appended { get; } = [];

        public long TokensGenerated => engine.TokensGenerated;

        public long TokensForced => engine.TokensForced;

        public long TokensPrefilled => engine.TokensPrefilled;

        public long TokensRecomputed => engine.TokensRecomputed;

        public int Rows => engine.Rows;

        public int MostWalks => engine.MostWalks;

        public History Append(History history, int[] tokens)
        {
            var after = engine.Append(history, tokens);
            Appended[after] = tokens.Length;
            return after;
        }

        public ValueTask<SampledAction> SampleAsync(History history, double temperature, SeededRandom random, bool last, ActionTrie? allowed = null)
        {
            SampledFrom.Add(history);
            return engine.SampleAsync(history, temperature, random, last, allowed);
        }

        public void Release(History history) => engine.Release(history);

        public void Forget() => engine.Forget();

        public void Run(IEnumerable<Func<Task>> walks, int? atOnce = null) => engine.Run(walks, atOnce);
    }

    private static List<(int Task, string Tokens)> Pairs(IEnumerable<RunFact> facts) =>
        [.. facts.OfType<PairCreated>().OrderBy(p => p.Pair.Task).Select(p => (p.Pair.Task, $"{string.Join(' ', p.Pair.ChosenTokens)} / {string.Join(' ', p.Pair.RejectedTokens)}"))];
}
