using RroDashboard.Core;
using RroDashboard.Core.Events;
using RroDashboard.Core.Plans;
using RroDashboard.Training;

namespace RroDashboard.Web.Hosting;

/// <summary>Does the work of one run. <see cref="TrainingHost"/> decides when, and records how it ended.</summary>
public interface ITrainingRunner
{
    /// <summary>Runs to the end on the calling thread.</summary>
    /// <param name="plan">Checked.</param>
    /// <param name="runFolder">Where checkpoints go; exists.</param>
    /// <param name="journal">Where everything the run says goes.</param>
    /// <param name="time">For the seconds shown.</param>
    /// <param name="cancellationToken">Ends the run between two updates or batches.</param>
    /// <exception cref="OperationCanceledException">It was asked to end.</exception>
    RunSummary Run(RunPlan plan, string runFolder, IRunJournal journal, TimeProvider time, CancellationToken cancellationToken);
}

/// <summary>The real one: SFT, exploration, DPO and both evaluations on the tensor engine.</summary>
public sealed class TensorTrainingRunner : ITrainingRunner
{
    /// <inheritdoc/>
    public RunSummary Run(RunPlan plan, string runFolder, IRunJournal journal, TimeProvider time, CancellationToken cancellationToken) =>
        new TrainingRun(plan, runFolder, journal, time, cancellationToken).Run();
}
