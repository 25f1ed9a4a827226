using RroDashboard.Core;
using RroDashboard.Core.Events;
using RroDashboard.Core.Plans;
using RroDashboard.Training;

namespace RroDashboard.Web.Hosting;

/// <summary>Trains one plan from the beginning to the end. The web side knows nothing else of training.</summary>
public interface ITrainingRunner
{
    /// <summary>Why nothing can be trained here, as one sentence; null when it can.</summary>
    string? WhyNot { get; }

    /// <summary>Runs a plan; blocks for as long as it takes, so call it on a thread of its own.</summary>
    /// <param name="plan">Checked by <see cref="PlanSettings.Validate"/>.</param>
    /// <param name="runFolder">Where checkpoints go.</param>
    /// <param name="journal">Where everything the run says goes. How the run ended is recorded by the caller.</param>
    /// <param name="cancellationToken">Ends the run between two updates.</param>
    /// <param name="past">What the run had done before it ended early; null for a run from the beginning.</param>
    /// <exception cref="PlanException">The plan does not fit its data.</exception>
    /// <exception cref="ResumeException">What was done before does not fit plan or data as they are now.</exception>
    /// <exception cref="OperationCanceledException">Stopped by a person.</exception>
    RunSummary Run(RunPlan plan, string runFolder, IRunJournal journal, CancellationToken cancellationToken, RunPast? past = null);

    /// <summary>The same for a run that learns from pairs that are handed to it.</summary>
    /// <param name="plan">Checked by <see cref="PlanSettings.Validate"/>.</param>
    /// <param name="runFolder">Where checkpoints go.</param>
    /// <param name="journal">Where everything the run says goes.</param>
    /// <param name="past">What the run had done before it ended early; null for a run from the beginning.</param>
    /// <param name="given">What <see cref="DpoOptions.PairsFrom"/> names; null where it is empty.</param>
    /// <param name="cancellationToken">Ends the run between two updates.</param>
    RunSummary Run(RunPlan plan, string runFolder, IRunJournal journal, RunPast? past, GivenPairs? given, CancellationToken cancellationToken) =>
        given is null ? Run(plan, runFolder, journal, cancellationToken, past) : throw new PlanException("This program's training takes no pairs from other runs: leave Dpo.PairsFrom empty.");

    /// <summary>Why a run that ended early cannot go on, as one sentence; null when it can. May read data files.</summary>
    string? WhyNotResume(RunPlan plan, string runFolder, RunPast past) => null;
}
