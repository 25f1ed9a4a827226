using System.Diagnostics;
using RroDashboard.Core.Events;
using RroDashboard.Core.Exploration;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Statistics;
using RroDashboard.Environments;
using RroDashboard.Training;
using RroDashboard.Training.Model;
using RroDashboard.Training.Sampling;
using RroDashboard.Training.Tokenizer;
using static TorchSharp.torch;

namespace RroDashboard.Benchmarks;

/// <summary>
/// What every named method spends on the demo's shop with one and the same SFT policy, against fixed-size exploration of five
/// (<c>peer</c>) on the same tasks. Every ledger is decided again on the way.
/// </summary>
internal static class ExplorationBenchmark
{
    private const int Tasks = 200;
    private const string Baseline = "fixed-5";

    public static Task<object> RunAsync(CancellationToken cancellationToken)
    {
        using var scope = NewDisposeScope();
        set_num_threads(1);
        var plan = Presets.Create("demo");
        plan.Explore.Tasks = Tasks;
        using var environment = EnvironmentFactory.Create(plan.Environment);
        var demonstrations = Sft.Demonstrate(environment, plan);
        var tokenizer = WordTokenizer.Build(Sft.Texts(demonstrations), plan.Model.MaxWords, plan.Model.Pieces);
        using var model = new CausalLm(plan.Model, tokenizer.Size, new SeededRandom(plan.Seed, (long)Purpose.Initialisation));
        var dialogue = new Dialogue(tokenizer, environment);
        using var sampler = new SamplingEngine(model, dialogue.ActionEnd, environment.MaxActionTokens, cancellationToken);
        var context = new RunContext(plan, environment, dialogue, model, sampler, new Kept(), cancellationToken);
        Sft.Train(context, demonstrations);

        var results = new List<BenchmarkResult>();
        var fixedSize = Measure(context, Baseline);
        foreach (var method in ExplorationMethods.All.Select(m => m.Name))
        {
            var measured = method == Baseline ? fixedSize : Measure(context, method);
            results.AddRange(measured.Zip(fixedSize).Select(m => m.Second.Number == 0
                ? BenchmarkResult.Alone($"{method}: {m.First.What}", m.First.Unit, m.First.Number)
                : BenchmarkResult.Against($"{method}: {m.First.What}", m.First.Unit, m.First.Number, m.Second.Number)));
        }

        return Task.FromResult<object>(new BenchmarkReport("exploration", results));
    }

    private static List<(string What, string Unit, double Number)> Measure(RunContext context, string method)
    {
        var plan = PlanSettings.Copy(context.Plan);
        ExplorationMethods.Apply(plan, method);
        var journal = new Kept();
        var began = Stopwatch.GetTimestamp();
        var (_, budget) = Explore.Run(context with { Plan = plan, Journal = journal });
        var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;

        var started = new RunStarted(PlanSettings.ToDictionary(plan), context.Environment.Name, "", "", 0, 0, context.Environment.RewardRange);
        var check = LedgerCheck.Of([started, .. journal.Facts], budget);
        if (check.MismatchCount > 0)
        {
            throw new InvalidOperationException($"The ledger of {method} does not add up: {check.Mismatches[0]}");
        }

        var steps = journal.Facts.OfType<StepDecided>().ToList();
        var share = RisingShare.Of(steps);
        return
        [
            ("accepted steps", "steps", steps.Count(s => s.Accepted is not null)),
            ("looks", "candidates", budget.Candidates),
            .. Enumerable.Range(1, 5).Select(k => ($"steps with {k} looks", "steps", (double)steps.Count(s => s.Tried == k))),
            ("distinct considered", "candidates", budget.Candidates + budget.Contrasts - budget.SameState),
            ("free candidates", "candidates", budget.FreeCandidates),
            ("rollouts", "rollouts", budget.Rollouts),
            ("generated", "tokens", budget.TokensGenerated),
            ("fresh", "tokens", budget.TokensFresh),
            ("recomputed", "tokens", budget.TokensRecomputed),
            ("pairs", "pairs", budget.Pairs),
            ("nothing rose", "steps", budget.NoRise),
            ("forced", "steps", budget.Forced),
            ("reward of the walks", "reward", journal.Facts.OfType<TaskFinished>().Average(t => t.Reward)),
            ("higher than the step before, beginning", "share", share.Beginning.HigherShare),
            ("higher than the step before, middle", "share", share.Middle.HigherShare),
            ("higher than the step before, end", "share", share.End.HigherShare),
            ("time", "s", seconds),
        ];
    }

    private sealed class Kept : IRunJournal
    {
        public List<RunFact> Facts { get; } = [];

        public void Record(RunFact fact) => Facts.Add(fact);

        public void Sample(RunSample sample)
        {
        }
    }
}
