using System.Globalization;
using RroDashboard.Core;
using RroDashboard.Core.Events;
using RroDashboard.Core.Exploration;
using RroDashboard.Core.Plans;

namespace RroDashboard.Training.Experiments;

/// <summary>Result of one method under one seed: everything that the report needs, as a file of its own.</summary>
/// <param name="Method">Name in the experiment.</param>
/// <param name="Seed">Seed.</param>
/// <param name="Fingerprint">Over the plan: a cell of other settings is not taken for this one.</param>
/// <param name="Engine">Tensor engine that it was computed with.</param>
/// <param name="Summary">As <c>train --json</c> prints it.</param>
/// <param name="Budget">What exploration spent.</param>
/// <param name="Greedy">Held-out reward by task id, greedy decoding.</param>
/// <param name="Sampled">Held-out reward by task id, T=1.</param>
/// <param name="GreedyInvalid">Invalid actions per action, greedy.</param>
/// <param name="SampledInvalid">Invalid actions per action, T=1.</param>
/// <param name="Rising">Share of rising steps by part of the trajectory; null where no steps are decided.</param>
/// <param name="Alerts">Warnings and errors that it raised.</param>
/// <param name="EnvironmentHash">Content of the data that it was made from: in the same folder there may be others by now. Null in cells of older versions, which are taken as they are.</param>
public sealed record CellResult(
    string Method,
    long Seed,
    string Fingerprint,
    string Engine,
    RunSummary Summary,
    Budget Budget,
    IReadOnlyDictionary<string, double> Greedy,
    IReadOnlyDictionary<string, double> Sampled,
    double GreedyInvalid,
    double SampledInvalid,
    RisingShare? Rising,
    IReadOnlyList<string> Alerts,
    string? EnvironmentHash = null);

/// <summary>What all methods of one seed share.</summary>
/// <param name="Seed">Seed.</param>
/// <param name="Fingerprint">Over the plan; of the data the first fact tells.</param>
/// <param name="Facts">Facts of the run up to its baseline evaluation.</param>
public sealed record SharedResult(long Seed, string Fingerprint, IReadOnlyList<RunEvent> Facts);

/// <summary>
/// Runs an experiment cell by cell into a folder. A finished cell is a file and is not run again, so an experiment that was broken off
/// goes on, and several processes may work on different seeds of one folder.
/// </summary>
public sealed class ExperimentRunner
{
    private const string BaseFolder = "base";
    private const string BaseFile = "base.json";

    private readonly Experiment _experiment;
    private readonly string _folder;
    private readonly TimeProvider _time;
    private readonly Action<string> _say;
    private readonly CancellationToken _cancellationToken;
    private readonly ContentHashes _content = new();

    /// <summary>Prepares; nothing happens before <see cref="Run"/>.</summary>
    /// <param name="experiment">What to run.</param>
    /// <param name="folder">Where results go.</param>
    /// <param name="time">For the seconds shown.</param>
    /// <param name="say">Told a line for people now and then.</param>
    /// <param name="cancellationToken">Ends the experiment; the cell that runs is lost.</param>
    public ExperimentRunner(Experiment experiment, string folder, TimeProvider time, Action<string> say, CancellationToken cancellationToken) =>
        (_experiment, _folder, _time, _say, _cancellationToken) = (experiment, folder, time, say, cancellationToken);

    /// <summary>Runs every cell of some seeds that is not there yet.</summary>
    /// <param name="seeds">Of the experiment's.</param>
    /// <exception cref="PlanException">A plan does not fit its data.</exception>
    /// <exception cref="OperationCanceledException">Stopped by a person.</exception>
    public void Run(IReadOnlyList<long> seeds)
    {
        ArgumentNullException.ThrowIfNull(seeds);
        var (done, total, began) = (0, seeds.Count * _experiment.Methods.Count, _time.GetTimestamp());
        var (worked, open) = (0, seeds.Sum(seed => _experiment.Methods.Count(method => Find(method, seed) is null)));
        foreach (var seed in seeds)
        {
            SharedResult? shared = null;
            foreach (var method in _experiment.Methods)
            {
                _cancellationToken.ThrowIfCancellationRequested();
                done++;
                if (Find(method, seed) is not null)
                {
                    continue;
                }

                shared ??= Shared(seed);
                var cell = RunCell(method, seed, shared);
                worked++;
                var seconds = _time.GetElapsedTime(began).TotalSeconds;
                var left = seconds / worked * (open - worked);
                _say(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{done} of {total}: {method.Name}, seed {seed}: greedy {cell.Summary.Final.Greedy:0.000}, T=1 {cell.Summary.Final.Sampled:0.000}, {cell.Budget.Rollouts} rollouts, {cell.Summary.Seconds.Explore + cell.Summary.Seconds.Dpo + cell.Summary.Seconds.Evaluate:0} s; about {TimeSpan.FromSeconds(left):h\\:mm\\:ss} left"));
            }
        }
    }

    /// <summary>Every finished cell of the experiment, in its order.</summary>
    public IReadOnlyList<CellResult> Finished() =>
        [.. _experiment.Seeds.SelectMany(seed => _experiment.Methods.Select(method => Find(method, seed))).OfType<CellResult>()];

    /// <summary>Held-out rewards of each seed's SFT model, greedy and T=1, of seeds that were begun.</summary>
    public IReadOnlyList<(long Seed, EvaluationFinished Greedy, EvaluationFinished Sampled)> Baselines() =>
    [
        .. _experiment.Seeds.Select(FindShared).OfType<SharedResult>().Select(s => (
            s.Seed,
            s.Facts.OfType<EvaluationFinished>().First(e => e.Decoding == "greedy"),
            s.Facts.OfType<EvaluationFinished>().First(e => e.Decoding == "sampled"))),
    ];

    private string SeedFolder(long seed) => Path.Combine(_folder, string.Create(CultureInfo.InvariantCulture, $"seed-{seed}"));

    private CellResult? Find(ExperimentMethod method, long seed)
    {
        var cell = CellFiles.Read<CellResult>(Path.Combine(SeedFolder(seed), method.Name + ".json"));
        return cell?.Fingerprint == CellFiles.Fingerprint(_experiment.Plan(method, seed)) && (cell.EnvironmentHash ?? ContentHash(seed)) == ContentHash(seed) ? cell : null;
    }

    private SharedResult? FindShared(long seed)
    {
        var shared = CellFiles.Read<SharedResult>(Path.Combine(SeedFolder(seed), BaseFile));
        return shared?.Fingerprint == CellFiles.Fingerprint(_experiment.SharedPlan(seed)) && shared.Facts.OfType<RunStarted>().LastOrDefault()?.EnvironmentHash == ContentHash(seed) ? shared : null;
    }

    private string ContentHash(long seed) => _content.Of(_experiment.SharedPlan(seed).Environment);

    private SharedResult Shared(long seed)
    {
        var folder = Path.Combine(SeedFolder(seed), BaseFolder);
        if (FindShared(seed) is { } known && known.Facts.OfType<CheckpointSaved>().All(c => Directory.Exists(Path.Combine(folder, c.Folder))))
        {
            return known;
        }

        _say(string.Create(CultureInfo.InvariantCulture, $"seed {seed}: supervised fine-tuning, shared by all methods"));
        Directory.CreateDirectory(folder);
        var plan = _experiment.SharedPlan(seed);
        var journal = new CellJournal();
        new TrainingRun(plan, folder, journal, _time, _cancellationToken).RunShared();
        var shared = new SharedResult(seed, CellFiles.Fingerprint(plan), [.. journal.Facts]);
        CellFiles.Write(Path.Combine(SeedFolder(seed), BaseFile), shared);
        return shared;
    }

    private CellResult RunCell(ExperimentMethod method, long seed, SharedResult shared)
    {
        var plan = _experiment.Plan(method, seed);
        var folder = Path.Combine(SeedFolder(seed), method.Name);
        Directory.CreateDirectory(folder);
        var journal = new CellJournal();
        // A run that goes on after its baseline: exactly what a broken run does, from the checkpoint that all methods share.
        List<RunFact> facts = [.. shared.Facts.Cast<RunFact>().Select(f => f switch
        {
            RunStarted started => started with { Settings = PlanSettings.ToDictionary(plan) },
            CheckpointSaved saved => saved with { Folder = Path.Combine("..", BaseFolder, saved.Folder) },
            _ => f,
        })];
        var summary = new TrainingRun(plan, folder, journal, _time, _cancellationToken).Run(new RunPast(facts, null));
        var (greedy, sampled) = (journal.Evaluation("greedy"), journal.Evaluation("sampled"));
        var steps = journal.Facts.OfType<StepDecided>().ToList();
        var cell = new CellResult(
            method.Name, seed, CellFiles.Fingerprint(plan), TensorEngine.DescriptionOn(plan.Model.Device), summary, journal.Budget,
            greedy.Episodes.ToDictionary(e => e.TaskId, e => e.Reward, StringComparer.Ordinal),
            sampled.Episodes.ToDictionary(e => e.TaskId, e => e.Reward, StringComparer.Ordinal),
            greedy.InvalidRate, sampled.InvalidRate,
            steps.Count > 0 ? RisingShare.Of(steps) : null,
            [.. journal.Facts.OfType<AlertRaised>().Where(a => a.Severity != "info").Select(a => a.Text)],
            shared.Facts.OfType<RunStarted>().Last().EnvironmentHash);
        CellFiles.Write(Path.Combine(SeedFolder(seed), method.Name + ".json"), cell);
        // The weights of a cell are worth nothing once it is measured; those that all methods share stay.
        Directory.Delete(folder, recursive: true);
        return cell;
    }
}
