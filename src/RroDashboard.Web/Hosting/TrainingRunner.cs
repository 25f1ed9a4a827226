using RroDashboard.Core;
using RroDashboard.Core.Events;
using RroDashboard.Core.Plans;
using RroDashboard.Training;

namespace RroDashboard.Web.Hosting;

/// <summary>Training in this process.</summary>
public sealed class TrainingRunner(TimeProvider time) : ITrainingRunner
{
    /// <inheritdoc/>
    public string? WhyNot => TensorEngine.TryLoad(out var reason) ? null : reason;

    /// <inheritdoc/>
    public RunSummary Run(RunPlan plan, string runFolder, IRunJournal journal, CancellationToken cancellationToken, RunPast? past = null) =>
        new TrainingRun(plan, runFolder, journal, time, cancellationToken).Run(past);

    /// <inheritdoc/>
    public RunSummary Run(RunPlan plan, string runFolder, IRunJournal journal, RunPast? past, GivenPairs? given, CancellationToken cancellationToken) =>
        new TrainingRun(plan, runFolder, journal, time, cancellationToken, given).Run(past);

    /// <inheritdoc/>
    public string? WhyNotResume(RunPlan plan, string runFolder, RunPast past) => TrainingRun.WhyNotResume(plan, runFolder, past);
}
