using System.Diagnostics;
using RroDashboard.Core;
using RroDashboard.Core.Events;
using RroDashboard.Core.Exploration;
using RroDashboard.Core.Plans;
using RroDashboard.Environments;
using RroDashboard.Training.Checkpoints;
using RroDashboard.Training.Model;
using RroDashboard.Training.Sampling;
using static TorchSharp.torch;

namespace RroDashboard.Training;

/// <summary>
/// One run from an empty model to the final evaluation: SFT, baseline, Explore, DPO, evaluation. Call it on a thread of its own:
/// it computes for as long as the run takes, and dispose scopes belong to a thread. A run that ended early goes on from its last
/// complete stage, and within exploration from its finished walks.
/// </summary>
public sealed class TrainingRun
{
    private readonly RunPlan _plan;
    private readonly string _runFolder;
    private readonly LedgerJournal _journal;
    private readonly TimeProvider _time;
    private readonly CancellationToken _cancellationToken;
    private readonly GivenPairs? _given;
    private readonly Dictionary<Stage, double> _seconds = [];

    /// <summary>Prepares a run; nothing happens before <see cref="Run"/>.</summary>
    /// <param name="plan">Checked by <see cref="PlanSettings.Validate"/>.</param>
    /// <param name="runFolder">Where checkpoints go.</param>
    /// <param name="journal">Where everything the run says goes.</param>
    /// <param name="time">For the seconds shown; training itself never looks at a clock.</param>
    /// <param name="cancellationToken">Ends the run between two updates or batches.</param>
    /// <param name="given">What <see cref="DpoOptions.PairsFrom"/> names; null where it is empty, or where a resumed run has taken its pairs over already.</param>
    /// <exception cref="PlanException">The plan is wrong, or names other pairs than are given.</exception>
    public TrainingRun(RunPlan plan, string runFolder, IRunJournal journal, TimeProvider time, CancellationToken cancellationToken, GivenPairs? given = null)
    {
        PlanSettings.Validate(plan);
        (_plan, _runFolder, _journal, _time, _cancellationToken, _given) = (plan, runFolder, new LedgerJournal(journal), time, cancellationToken, given);
        if (plan.Endpoint.Url.Length > 0)
        {
            throw new PlanException(Endpoints.EndpointRun.NoTraining(plan));
        }

        if (given is not null && plan.Dpo.PairsFrom != given.Reference?.ToString())
        {
            throw new PlanException($"Dpo.PairsFrom = '{plan.Dpo.PairsFrom}', but the pairs that were handed over are {given.Name}.");
        }
    }

    /// <summary>
    /// Why a run that ended early cannot go on, as one sentence; null when it can. Reads the environment's data, so it may take seconds.
    /// </summary>
    /// <param name="plan">The run's plan.</param>
    /// <param name="runFolder">Where its checkpoints are.</param>
    /// <param name="past">What it had done.</param>
    /// <exception cref="PlanException">The plan no longer fits its data.</exception>
    public static string? WhyNotResume(RunPlan plan, string runFolder, RunPast past)
    {
        PlanSettings.Validate(plan);
        ArgumentNullException.ThrowIfNull(past);
        if (plan.Endpoint.Url.Length > 0)
        {
            return "This exploration by an endpoint was begun by a command and goes on by it: 'src/run.sh explore --resume RUN'.";
        }

        if (past.Started is null)
        {
            return null;
        }

        using var environment = EnvironmentFactory.Create(plan.Environment);
        try
        {
            CheckPast(plan, past, environment);
            return past.Stages.ContainsKey(Stage.Sft) && past.Next is not null && !Directory.Exists(Path.Combine(runFolder, past.Checkpoint(Stage.Sft).Folder))
                ? $"The checkpoint after supervised fine-tuning is gone from '{runFolder}', and the rest of the run starts from it: start a new run."
                : null;
        }
        catch (ResumeException e)
        {
            return e.Message;
        }
    }

    /// <summary>Does only what runs that differ after SFT can share: trains and evaluates the SFT model, and ends.</summary>
    /// <exception cref="PlanException">The plan does not fit its data.</exception>
    /// <exception cref="OperationCanceledException">Stopped by a person.</exception>
    public void RunShared() => Run(past: null, last: Stage.Baseline);

    /// <summary>Does what runs that differ in nothing but what they learn from can share: SFT, its evaluation, and exploration; and ends.</summary>
    /// <exception cref="PlanException">The plan does not fit its data.</exception>
    /// <exception cref="OperationCanceledException">Stopped by a person.</exception>
    public void RunToPairs() => Run(past: null, last: Stage.Explore);

    /// <summary>Runs to the end. The caller records how the run ended.</summary>
    /// <param name="past">What the run had done before it ended early; null for a run from the beginning. Complete stages are not done again, and finished walks are not walked again.</param>
    /// <exception cref="PlanException">The plan does not fit its data.</exception>
    /// <exception cref="ResumeException">What was done before does not fit the plan or the data as they are now.</exception>
    /// <exception cref="RunPausedException">The policy collapsed, and the plan says that a person is to look at it.</exception>
    /// <exception cref="OperationCanceledException">Stopped by a person.</exception>
    public RunSummary Run(RunPast? past = null) => Run(past, last: Stage.Evaluate)!;

    private RunSummary? Run(RunPast? past, Stage last)
    {
        var began = _time.GetTimestamp();
        past = past?.Started is null ? null : past;
        if (_plan.Dpo.PairsFrom.Length > 0 && _given is null && !IsDone(past, Stage.Explore))
        {
            throw new PlanException($"Dpo.PairsFrom = '{_plan.Dpo.PairsFrom}' names pairs in a dashboard's data folder, and none were handed over: start this run there, or leave the setting empty.");
        }

        // Before anything else: a card that is not there is no reason to read data first.
        using var deterministic = ComputeDevice.Deterministic(ComputeDevice.Of(_plan));
        using var scope = NewDisposeScope();
        set_num_threads(_plan.Model.Threads);
        using var environment = EnvironmentFactory.Create(_plan.Environment);
        var demonstrations = Sft.Demonstrate(environment, _plan);
        using var policy = Policy.Create(_plan, environment, demonstrations);
        var model = policy.Model;
        using var sampler = policy.Sampler(_cancellationToken);
        var given = IsDone(past, Stage.Explore) ? _given
            : _plan.Dpo.PairsFile.Length > 0 ? GivenPairs.OfFile(_plan.Dpo.PairsFile, policy.PairEncoder())
            : _given?.For(policy.PairEncoder());
        var context = new RunContext(_plan, environment, policy.Dialogue, model, sampler, _journal, _cancellationToken);
        var started = new RunStarted(
            PlanSettings.ToDictionary(_plan),
            environment.Name,
            environment.ContentHash,
            TensorEngine.DescriptionOn(_plan.Model.Device),
            model.ParameterCount,
            policy.Vocabulary,
            environment.RewardRange);
        if (past is null)
        {
            _journal.Record(started);
            if (given is not null)
            {
                _journal.Record(given.Taken());
            }
        }
        else
        {
            Resume(past, started, environment, given);
        }

        IReadOnlyList<ReferenceSummary> references;
        if (IsDone(past, Stage.Sft))
        {
            references = [.. past!.Facts.OfType<ReferenceEvaluated>().Select(r => new ReferenceSummary(r.Name, r.Mean, [r.Low, r.High]))];
            Restore(past.Checkpoint(Stage.Sft));
        }
        else
        {
            _journal.Record(Sft.Describe(environment, demonstrations));
            Log($"{demonstrations.Count} demonstrations with a mean reward of {demonstrations.Average(d => d.Reward):0.000} in {demonstrations.Average(d => d.Turns.Count):0.0} steps; a vocabulary of {policy.Vocabulary} tokens; a policy of {model.ParameterCount} parameters.");
            if (model is Decoder)
            {
                Log($"{policy.Describe()}");
                if (_plan.Sft.VocabularyPermutation > 0)
                {
                    _journal.Record(new AlertRaised("info", FormattableString.Invariant($"Sft.VocabularyPermutation = {_plan.Sft.VocabularyPermutation} does nothing here: a published checkpoint knows its words, and none are exchanged.")));
                }
            }

            references = Evaluate.References(context);
            Timed(Stage.Sft, () =>
            {
                if (given?.CheckpointFolder is null)
                {
                    Sft.Train(context, demonstrations);
                    if (_plan.Sft.Updates == 0)
                    {
                        Log($"No supervised fine-tuning (Sft.Updates = 0): the policy is the checkpoint as it was published.");
                    }
                }
                else
                {
                    given.Restore(policy);
                    Log($"No supervised fine-tuning: the weights are those of run {given.Reference!.Run} after its own (SHA-256 {given.CheckpointSha256[..12]}).");
                }

                Save(Stage.Sft);
            });
        }

        var before = IsDone(past, Stage.Baseline) ? Read(past!, Stage.Baseline) : Timed(Stage.Baseline, () => Evaluate.Run(context, Stage.Baseline));
        if (last == Stage.Baseline)
        {
            return null;
        }

        Budget budget;
        if (IsDone(past, Stage.Explore))
        {
            budget = past!.Kept();
        }
        else
        {
            budget = Timed(Stage.Explore, () => _plan.Method switch
            {
                _ when given is not null => given.TakeOver(_journal, past),
                Method.SftOnly => new Budget(),
                Method.Rft => Rft.Run(context, demonstrations, past),
                Method.Eto => Eto.Run(context, demonstrations, past),
                Method.Ipr => Ipr.Run(context, demonstrations, past),
                _ => Explore.Run(context, past).Budget,
            });
            Log(given is not null
                ? $"No exploration: {budget.Pairs} pairs of {given.Name} were taken over."
                : (FormattableString)$"{budget.Candidates} candidates at {budget.Steps} steps ({budget.CandidatesPerStep:0.00} each), {budget.SameState} of them in a state seen before; {budget.Rollouts} rollouts; {budget.Pairs} pairs; nothing rose at {budget.NoRise} steps.");
        }

        if (last == Stage.Explore)
        {
            return null;
        }

        DpoSummary dpo;
        if (IsDone(past, Stage.Dpo))
        {
            dpo = past!.Facts.OfType<PreferencesTrained>().LastOrDefault()?.Result ?? throw new ResumeException("The journal does not say how preference training ended: start a new run.");
            Restore(past.Checkpoint(Stage.Dpo));
        }
        else
        {
            // By task and step, not in the order in which walks happened to end: a resumed run then trains on the same batches.
            // Pairs that people added come where they belong, and those of a file, which belong to no walk, first.
            var pairs = _journal.Pairs.OrderBy(p => p.Pair.Task).ThenBy(p => p.Pair.Step).ToList();
            dpo = Timed(Stage.Dpo, () =>
            {
                var result = _plan.Method switch
                {
                    Method.SftOnly => new DpoSummary(0, 0, 0, 0),
                    Method.Rft => Rft.Train(context, _journal.Kept, demonstrations),
                    _ => Dpo.Train(context, [.. pairs.Select(p => p.Pair)], demonstrations, [.. pairs.Select(p => p.Index)], past?.WasPaused ?? false),
                };
                _journal.Record(new PreferencesTrained(result));
                Save(Stage.Dpo);
                return result;
            });
        }

        var after = IsDone(past, Stage.Evaluate) ? Read(past!, Stage.Evaluate) : Timed(Stage.Evaluate, () => Evaluate.Run(context, Stage.Evaluate));
        if (policy.Dialogue is ReActDialogue { CutObservations: > 0 and var cut })
        {
            _journal.Record(new AlertRaised("info", FormattableString.Invariant($"{cut} observations were longer than a quarter of Model.Context = {model.Context} and lost their middle; each says so in its place. Of tasks nothing was left out.")));
        }

        if (policy.Dialogue is ReActDialogue { LeftOutThoughts: > 0 and var thoughts })
        {
            _journal.Record(new AlertRaised("info", FormattableString.Invariant($"{thoughts} thoughts of demonstrations were left out, because the answer with them would have more than {policy.Dialogue.MaxActionTokens} tokens.")));
        }

        var brokenOff = past?.AllBrokenOffSeconds ?? 0;
        var total = (past?.Stages.Values.Sum() ?? 0) + brokenOff + _time.GetElapsedTime(began).TotalSeconds;
        return Summarise(references, before, after, budget, dpo, total, brokenOff);

        void Log(FormattableString text) => _journal.Sample(new LogLine("info", FormattableString.Invariant(text)));

        void Save(Stage stage) => _journal.Record(policy.Save(_runFolder, stage));

        void Restore(CheckpointSaved saved)
        {
            policy.Restore(Path.Combine(_runFolder, saved.Folder), saved.Sha256);
            sampler.Forget();
        }
    }

    private static bool IsDone(RunPast? past, Stage stage) => past?.Stages.ContainsKey(stage) == true;

    private static HeldOut Read(RunPast past, Stage stage)
    {
        var (greedy, sampled) = (past.Evaluation(stage, "greedy"), past.Evaluation(stage, "sampled"));
        return new HeldOut(greedy.Mean, sampled.Mean, [greedy.Low, greedy.High], [sampled.Low, sampled.High]);
    }

    // Says what is kept and what is done again, and takes the kept part of the ledger into the hash.
    private void Resume(RunPast past, RunStarted now, IAgentEnvironment environment, GivenPairs? given)
    {
        CheckPast(_plan, past, environment);
        var then = past.Started!;
        if (then.Vocabulary != now.Vocabulary || then.Parameters != now.Parameters)
        {
            throw new ResumeException($"The run began with {then.Parameters} parameters and {then.Vocabulary} tokens, but this version makes {now.Parameters} and {now.Vocabulary} of the same plan: start a new run.");
        }

        foreach (var (stage, seconds) in past.Stages)
        {
            _seconds[stage] = seconds;
        }

        if (given is not null && past.Facts.OfType<PairsTaken>().FirstOrDefault() is { } taken && taken != given.Taken())
        {
            throw new ResumeException($"The run began with other pairs or weights than {given.Name} has now (SHA-256 {Short(taken.PairsSha256)} then, {Short(given.Sha256)} now): start a new run.");
        }

        _journal.Keep(past.Facts);
        if (given is not null && !past.Facts.OfType<PairsTaken>().Any())
        {
            // Broken off between its first two facts.
            _journal.Record(given.Taken());
        }

        _journal.Record(new RunResumed(past.Next, past.FinishedTasks.Count, past.RestartedTasks, past.BrokenOffSeconds));
        var where = past.Next is { } next ? $"in stage {next}" : "at its end";
        _journal.Record(new AlertRaised("info", FormattableString.Invariant(
            $"The run goes on {where}: {past.Stages.Count} stages and {past.FinishedTasks.Count} finished walks are kept; {past.RestartedTasks.Count} walks that had begun start again. The tokens of the broken walks stay in the budget{(past.BrokenOffSeconds > 0 ? FormattableString.Invariant($"; the {past.BrokenOffSeconds:0} seconds of the broken stage are in the total, not in the stage's own") : "")}.")));
        if (then.Engine != now.Engine)
        {
            _journal.Record(new AlertRaised("warning", $"The run began with {then.Engine} and goes on with {now.Engine}: its last digits may differ from an unbroken run's."));
        }
    }

    internal static void CheckPast(RunPlan plan, RunPast past, IAgentEnvironment environment)
    {
        var then = past.Started!;
        var now = PlanSettings.ToDictionary(plan);
        foreach (var (path, value) in then.Settings)
        {
            if (!now.TryGetValue(path, out var other) || other != value)
            {
                throw new ResumeException($"The run began with {path} = '{value}', but its plan {(other is null ? "no longer has that setting" : $"now says '{other}'")}: start a new run.");
            }
        }

        if (then.EnvironmentHash != environment.ContentHash)
        {
            throw new ResumeException($"The data of {then.Environment} have changed since the run began (hash {Short(then.EnvironmentHash)} then, {Short(environment.ContentHash)} now): start a new run.");
        }
    }

    private static string Short(string hash) => hash[..Math.Min(12, hash.Length)];

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

    private RunSummary Summarise(IReadOnlyList<ReferenceSummary> references, HeldOut before, HeldOut after, Budget budget, DpoSummary dpo, double total, double brokenOff) => new()
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
            _seconds[Stage.Sft], _seconds[Stage.Explore], _seconds[Stage.Dpo], _seconds[Stage.Baseline] + _seconds[Stage.Evaluate], total, brokenOff),
        PeakMemoryMiB = PeakMemoryMiB(),
        LedgerSha256 = _journal.Hash,
    };

    private static double PeakMemoryMiB()
    {
        using var process = Process.GetCurrentProcess();
        return process.PeakWorkingSet64 / 1024.0 / 1024.0;
    }

    /// <summary>Keeps the pairs and trajectories that the last stage learns from.</summary>
    private sealed class LedgerJournal(IRunJournal inner) : HashedJournal(inner)
    {
        private readonly List<PairCreated> _pairs = [];
        private readonly List<TrajectoryKept> _kept = [];

        public IReadOnlyList<PairCreated> Pairs => _pairs;

        public IReadOnlyList<TrajectoryKept> Kept => _kept;

        protected override void OnFact(RunFact fact)
        {
            if (fact is PairCreated pair)
            {
                _pairs.Add(pair);
            }
            else if (fact is TrajectoryKept kept)
            {
                _kept.Add(kept);
            }
        }
    }
}
