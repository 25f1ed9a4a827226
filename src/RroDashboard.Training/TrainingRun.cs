using System.Diagnostics;
using RroDashboard.Core;
using RroDashboard.Core.Events;
using RroDashboard.Core.Exploration;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Preferences;
using RroDashboard.Core.Statistics;
using RroDashboard.Environments;
using RroDashboard.Training.Checkpoints;
using RroDashboard.Training.Model;
using RroDashboard.Training.Sampling;
using RroDashboard.Training.Tokenizer;
using static TorchSharp.torch;

namespace RroDashboard.Training;

/// <summary>
/// One run from an empty model to the final evaluation: SFT, baseline, Explore, DPO, evaluation. Call it on a thread of its own:
/// it computes for as long as the run takes, and dispose scopes belong to a thread.
/// </summary>
public sealed class TrainingRun
{
    private readonly RunPlan _plan;
    private readonly string _runFolder;
    private readonly LedgerJournal _journal;
    private readonly TimeProvider _time;
    private readonly CancellationToken _cancellationToken;
    private readonly Dictionary<Stage, double> _seconds = [];

    /// <summary>Prepares a run; nothing happens before <see cref="Run"/>.</summary>
    /// <param name="plan">Checked by <see cref="PlanSettings.Validate"/>.</param>
    /// <param name="runFolder">Where checkpoints go.</param>
    /// <param name="journal">Where everything the run says goes.</param>
    /// <param name="time">For the seconds shown; training itself never looks at a clock.</param>
    /// <param name="cancellationToken">Ends the run between two updates or batches.</param>
    public TrainingRun(RunPlan plan, string runFolder, IRunJournal journal, TimeProvider time, CancellationToken cancellationToken)
    {
        PlanSettings.Validate(plan);
        (_plan, _runFolder, _journal, _time, _cancellationToken) = (plan, runFolder, new LedgerJournal(journal), time, cancellationToken);
    }

    /// <summary>Runs to the end. The caller records how the run ended.</summary>
    /// <exception cref="PlanException">The plan does not fit its data.</exception>
    /// <exception cref="OperationCanceledException">Stopped by a person.</exception>
    public RunSummary Run()
    {
        var began = _time.GetTimestamp();
        using var scope = NewDisposeScope();
        set_num_threads(_plan.Model.Threads);
        using var environment = EnvironmentFactory.Create(_plan.Environment);
        var demonstrations = Sft.Demonstrate(environment, _plan);
        var tokenizer = WordTokenizer.Build(Sft.Texts(demonstrations), _plan.Model.MaxWords, _plan.Model.Pieces);
        using var model = new CausalLm(_plan.Model, tokenizer.Size, new SeededRandom(_plan.Seed, (long)Purpose.Initialisation));
        var dialogue = new Dialogue(tokenizer, environment);
        using var sampler = new SamplingEngine(model, dialogue.ActionEnd, environment.MaxActionTokens, _cancellationToken);
        var context = new RunContext(_plan, environment, dialogue, model, sampler, _journal, _cancellationToken);
        _journal.Record(new RunStarted(
            PlanSettings.ToDictionary(_plan),
            environment.Name,
            environment.ContentHash,
            TensorEngine.Description,
            model.ParameterCount,
            tokenizer.Size,
            environment.RewardRange));

        _journal.Record(Sft.Describe(environment, demonstrations));
        Log($"{demonstrations.Count} demonstrations with a mean reward of {demonstrations.Average(d => d.Reward):0.000} in {demonstrations.Average(d => d.Turns.Count):0.0} steps; a vocabulary of {tokenizer.Size} tokens; a policy of {model.ParameterCount} parameters.");

        var references = Evaluate.References(context);
        Timed(Stage.Sft, () => Sft.Train(context, demonstrations));
        Save(Stage.Sft);
        var before = Timed(Stage.Baseline, () => Evaluate.Run(context, Stage.Baseline));
        var (pairs, budget) = Timed(Stage.Explore, () => Explore.Run(context));
        Log($"{budget.Candidates} candidates at {budget.Steps} steps ({budget.CandidatesPerStep:0.00} each), {budget.SameState} of them in a state seen before; {budget.Rollouts} rollouts; {budget.Pairs} pairs; nothing rose at {budget.NoRise} steps.");
        var dpo = Timed(Stage.Dpo, () => Dpo.Train(context, pairs, demonstrations));
        Save(Stage.Dpo);
        var after = Timed(Stage.Evaluate, () => Evaluate.Run(context, Stage.Evaluate));
        return Summarise(references, before, after, budget, dpo, _time.GetElapsedTime(began).TotalSeconds);

        void Log(FormattableString text) => _journal.Sample(new LogLine("info", FormattableString.Invariant(text)));

        void Save(Stage stage) => _journal.Record(Checkpoint.Save(_runFolder, stage, model, _plan.Model, tokenizer));
    }

    private void Timed(Stage stage, Action work) => Timed(stage, () =>
    {
        work();
        return true;
    });

    private T Timed<T>(Stage stage, Func<T> work)
    {
        _journal.Record(new StageStarted(stage));
        var began = _time.GetTimestamp();
        var result = work();
        _seconds[stage] = _time.GetElapsedTime(began).TotalSeconds;
        _journal.Record(new StageFinished(stage, _seconds[stage]));
        return result;
    }

    private RunSummary Summarise(IReadOnlyList<ReferenceSummary> references, HeldOut before, HeldOut after, Budget budget, DpoSummary dpo, double total) => new()
    {
        Preset = _plan.Preset,
        Seed = _plan.Seed,
        Settings = PlanSettings.ToDictionary(_plan),
        References = references,
        Sft = before,
        Final = after,
        Explore = ExploreSummary.Of(budget),
        Dpo = dpo,
        Seconds = new SecondsSummary(
            _seconds[Stage.Sft], _seconds[Stage.Explore], _seconds[Stage.Dpo], _seconds[Stage.Baseline] + _seconds[Stage.Evaluate], total),
        PeakMemoryMiB = PeakMemoryMiB(),
        LedgerSha256 = _journal.Hash,
    };

    private static double PeakMemoryMiB()
    {
        using var process = Process.GetCurrentProcess();
        return process.PeakWorkingSet64 / 1024.0 / 1024.0;
    }

    /// <summary>Hashes the ledger on its way out.</summary>
    private sealed class LedgerJournal(IRunJournal inner) : IRunJournal, IDisposable
    {
        private readonly LedgerHash _hash = new();

        public string Hash => _hash.Current;

        public void Record(RunFact fact)
        {
            _hash.Add(fact);
            inner.Record(fact);
        }

        public void Sample(RunSample sample) => inner.Sample(sample);

        public void Dispose() => _hash.Dispose();
    }
}
