using RroDashboard.Core;
using RroDashboard.Core.Events;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Preferences;
using RroDashboard.Core.Rewards;
using TorchSharp;
using static TorchSharp.torch;

namespace RroDashboard.Training.Tests;

/// <summary>Runs that learn from the pairs of another one. That other run is trained once for all tests.</summary>
public sealed class GivenPairsTests : IDisposable
{
    private static readonly Lazy<(string Folder, RunSummary Summary, List<RunFact> Facts)> s_source = new(Explored);

    private readonly string _folder = Directory.CreateTempSubdirectory("rro-given-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Run_VersionZero_EndsWithTheWeightsOfTheRunItCameFrom()
    {
        var source = s_source.Value;

        var (summary, facts) = Run(Given(0, p => p));

        Assert.Equal(Final(source.Facts), Final(facts));
        Assert.Equal((source.Summary.Final.Greedy, source.Summary.Final.Sampled), (summary.Final.Greedy, summary.Final.Sampled));
        Assert.Equal((source.Summary.Sft.Greedy, source.Summary.Sft.Sampled), (summary.Sft.Greedy, summary.Sft.Sampled));
        Assert.Equal(source.Summary.Dpo, summary.Dpo);
        // Nothing was explored, and the run says what it learned from.
        Assert.DoesNotContain(facts, f => f is TaskOpened or CandidateScored or StepDecided);
        Assert.Equal(source.Facts.OfType<PairCreated>().Select(p => p.Index).Order(), facts.OfType<PairCreated>().Select(p => p.Index));
        var taken = Assert.IsType<PairsTaken>(facts[1]);
        Assert.Equal(("source", 0, source.Summary.Explore.Pairs, 0, 0, 0, 0), (taken.Run, taken.Version, taken.Kept, taken.Flipped, taken.Discarded, taken.Added, taken.Weighted));
        Assert.Equal(summary.Explore.Pairs, source.Summary.Explore.Pairs);
    }

    [Fact]
    public void Run_WeightsOfOne_ChangeNothing_AndOthersDo()
    {
        var ones = Run(Given(1, p => p with { Pair = p.Pair with { Weight = 1 } }));
        var heavy = Run(Given(2, p => p.Index == 0 ? p with { Pair = p.Pair with { Weight = 3 } } : p));

        Assert.Equal(Final(s_source.Value.Facts), Final(ones.Facts));
        Assert.NotEqual(Final(s_source.Value.Facts), Final(heavy.Facts));
        Assert.Equal((0, 1), (Assert.IsType<PairsTaken>(ones.Facts[1]).Weighted, Assert.IsType<PairsTaken>(heavy.Facts[1]).Weighted));
    }

    [Fact]
    public void Run_AllPairsFlipped_LearnsTheOpposite()
    {
        var flipped = Run(Given(1, p => p with { Pair = p.Pair.Flipped(), Origin = new PairOrigin(PairDecision.Flipped, PairSource.Human) }));

        // Both margins are of the sides as they were trained on, so both rise; in terms of the process reward one of them falls.
        // Measured on all pairs at the end: with so few updates a batch is of pairs that were not trained on yet.
        Assert.True(Margin(s_source.Value.Facts) > 0, $"{Margin(s_source.Value.Facts)}");
        Assert.True(Margin(flipped.Facts) > 0, $"{Margin(flipped.Facts)}");
        Assert.NotEqual(Final(s_source.Value.Facts), Final(flipped.Facts));
        Assert.All(flipped.Facts.OfType<PairCreated>(), p => Assert.True(p.Pair.Gap < 0));
        Assert.Equal(s_source.Value.Summary.Explore.Pairs, Assert.IsType<PairsTaken>(flipped.Facts[1]).Flipped);
    }

    [Fact]
    public void Weigh_WeightTwo_CountsAsThePairTwice()
    {
        using var scope = NewDisposeScope();
        var losses = tensor((float[])[0.5f, 0.25f]);
        var value = new Estimate([1.0]);
        var one = new PreferencePair(0, 0, "", "", "", value, value, [1], [2], [3]);

        Assert.Same(losses, Dpo.Weigh(losses, [one, one with { Weight = 1 }]));
        Assert.Equal([1f, 0.25f], Dpo.Weigh(losses, [one with { Weight = 2 }, one]).data<float>().ToArray());
    }

    [Theory]
    [InlineData("before the pairs are named", null)]
    [InlineData("in the middle of the pairs", Stage.Explore)]
    [InlineData("in DPO", Stage.Dpo)]
    public void Run_BrokenOff_EndsAsTheUnbrokenOne(string where, Stage? next)
    {
        var given = Given(3, p => p.Index % 2 == 0 ? p with { Pair = p.Pair.Flipped(), Origin = new PairOrigin(PairDecision.Flipped, PairSource.Human) } : p);
        var unbroken = Run(given);
        var first = new Breaking(happened => where switch
        {
            "before the pairs are named" => happened is PairsTaken,
            "in the middle of the pairs" => happened is PairCreated { Index: 3 },
            _ => happened is PreferencesTrained,
        });
        Assert.Throws<OperationCanceledException>(() => Training(given, first).Run());
        var past = new RunPast(first.Facts, null);

        var second = new TestJournal();
        // After exploration nothing of the other run is needed any more.
        var summary = Training(next == Stage.Dpo ? null : given, second).Run(past);

        Assert.Equal(next ?? Stage.Sft, past.Next);
        Assert.Equal(Final(unbroken.Facts), Final(second.Facts));
        Assert.Equal(unbroken.Summary.Dpo, summary.Dpo);
        List<RunFact> all = [.. first.Facts, .. second.Facts];
        Assert.Single(all.OfType<PairsTaken>());
        Assert.Equal(given.Pairs.Select(p => p.Index), all.OfType<PairCreated>().Select(p => p.Index));
    }

    [Fact]
    public void Run_ResumedWithOtherPairs_IsRefused()
    {
        var first = new Breaking(happened => happened is PairCreated);
        Assert.Throws<OperationCanceledException>(() => Training(Given(1, p => p), first).Run());

        var refused = Assert.Throws<ResumeException>(() => Training(Given(1, p => p) with { Sha256 = new string('f', 64) }, new TestJournal()).Run(new RunPast(first.Facts, null)));

        Assert.Contains("began with other pairs or weights", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_WhatDoesNotFit_IsRefusedInOneSentence()
    {
        var given = Given(0, p => p);

        Assert.Contains("none were handed over", Assert.Throws<PlanException>(() => Training(null, new TestJournal()).Run()).Message, StringComparison.Ordinal);
        Assert.Contains("handed over are source@0", Assert.Throws<PlanException>(() => new TrainingRun(Plan(), _folder, new TestJournal(), TimeProvider.System, default, given)).Message, StringComparison.Ordinal);
        Assert.Contains("SHA-256 differs", Assert.Throws<PlanException>(() => Training(given with { CheckpointSha256 = new string('0', 64) }, new TestJournal()).Run()).Message, StringComparison.Ordinal);
        Assert.Contains("cannot be used", Assert.Throws<PlanException>(() => Training(given with { CheckpointFolder = Path.Combine(_folder, "none") }, new TestJournal()).Run()).Message, StringComparison.Ordinal);
        // Other demonstrations have other words.
        Assert.Contains("vocabulary of run source", Assert.Throws<PlanException>(() => Training(given, new TestJournal(), "Environment.ContentSeed=8").Run()).Message, StringComparison.Ordinal);
    }

    // A walk that was explored is gone again; an action there is taken and valued.
    [Fact]
    public void Value_ActionsAtAStep_AreExecutedAndValued()
    {
        var (folder, _, facts) = s_source.Value;
        var decided = facts.OfType<StepDecided>().First(s => s.Step > 0);
        var saved = facts.OfType<CheckpointSaved>().First(c => c.Stage == Stage.Sft);
        StepAction[] actions =
        [
            StepActions.At(decided.Task, decided.Step, decided.Action, facts), StepActions.At(decided.Task, decided.Step, "fly [ home ]", facts),
            StepActions.At(decided.Task, 0, "click[ buy ]", facts),
        ];

        var outcomes = Value();

        var candidate = facts.OfType<CandidateScored>().First(c => c.Task == decided.Task && c.Step == decided.Step && c.Action == decided.Action);
        Assert.Equal(candidate.Observation, outcomes[0].Observation);
        Assert.Equal((candidate.Invalid, 5), (outcomes[0].Invalid, outcomes[0].Value!.Rollouts is 0 ? 5 : outcomes[0].Value!.Rollouts));
        Assert.True(outcomes[1].Invalid);
        Assert.All(outcomes, o => Assert.InRange(o.Value!.Mean, 0, 1));
        Assert.Equal(outcomes.Select(o => o.Value!.Mean), Value().Select(o => o.Value!.Mean));
        Assert.Contains("is not known up to step 99", Assert.Throws<InvalidDataException>(() => StepActions.At(decided.Task, 99, "x", facts)).Message, StringComparison.Ordinal);

        IReadOnlyList<ActionOutcome> Value() => StepActions.Value(Plan(), Path.Combine(folder, saved.Folder), saved.Sha256, 5, Purpose.WrittenAction, actions, CancellationToken.None);
    }

    private static (string, RunSummary, List<RunFact>) Explored()
    {
        var folder = Directory.CreateTempSubdirectory("rro-source-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
        var journal = new TestJournal();
        var summary = new TrainingRun(Plan(), folder, journal, TimeProvider.System, CancellationToken.None).Run();
        Assert.True(summary.Explore.Pairs >= 6);
        return (folder, summary, journal.Facts);
    }

    private static double Margin(IEnumerable<RunFact> facts) => facts.OfType<PairMargins>().Last().Margins.Average();

    private static GivenPairs Given(int version, Func<PairCreated, PairCreated> change)
    {
        var (folder, _, facts) = s_source.Value;
        var saved = facts.OfType<CheckpointSaved>().First(c => c.Stage == Stage.Sft);
        var pairs = facts.OfType<PairCreated>().OrderBy(p => p.Index).Select(change).ToList();
        return new GivenPairs(new PairsReference("source", version), PairSet.BaseHash(pairs), Path.Combine(folder, saved.Folder), saved.Sha256, pairs, 0);
    }

    private (RunSummary Summary, List<RunFact> Facts) Run(GivenPairs given)
    {
        var journal = new TestJournal();
        return (Training(given, journal).Run(), journal.Facts);
    }

    private TrainingRun Training(GivenPairs? given, IRunJournal journal, params string[] settings)
    {
        var plan = Plan();
        plan.Dpo.PairsFrom = given?.Reference?.ToString() ?? "source@3";
        PlanSettings.Apply(plan, settings);
        return new TrainingRun(plan, _folder, journal, TimeProvider.System, CancellationToken.None, given);
    }

    private static RunPlan Plan()
    {
        var plan = Presets.Create("smoke");
        PlanSettings.Apply(plan, ["Explore.Tasks=10", "Evaluate.Tasks=10", "Sft.Updates=70", "Guard.Every=0"]);
        return plan;
    }

    private static string Final(IEnumerable<RunFact> facts) => facts.OfType<CheckpointSaved>().Last(c => c.Stage == Stage.Dpo).Sha256;

    /// <summary>Ends a run as a killed process would: what happens then is not kept.</summary>
    private sealed class Breaking(Func<RunEvent, bool> at) : IRunJournal
    {
        public List<RunFact> Facts { get; } = [];

        public void Record(RunFact fact)
        {
            if (at(fact))
            {
                throw new OperationCanceledException();
            }

            Facts.Add(fact);
        }

        public void Sample(RunSample sample)
        {
        }
    }
}
