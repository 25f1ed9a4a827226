using RroDashboard.Core.Events;
using RroDashboard.Core.Plans;

namespace RroDashboard.Web.Components;

/// <summary>A run as the list shows it.</summary>
/// <param name="Id">Opaque, short, without a slash.</param>
/// <param name="State">Life of the run.</param>
/// <param name="Plan">What it does.</param>
/// <param name="Created">When it was added.</param>
/// <param name="Started">When it began; null while it waits.</param>
/// <param name="Stage">Stage that runs; null before the first and after the last.</param>
/// <param name="Done">Work done in that stage.</param>
/// <param name="Total">Work of that stage; 0 while unknown.</param>
/// <param name="StageStarted">When that stage began.</param>
/// <param name="Before">Held-out greedy reward after SFT.</param>
/// <param name="After">Held-out greedy reward at the end.</param>
/// <param name="CandidatesPerStep">Mean so far.</param>
/// <param name="Pairs">Preference pairs so far.</param>
/// <param name="Error">Why it failed.</param>
/// <param name="Name">Name that people gave it; empty for none.</param>
public sealed record RunRow(
    string Id,
    RunState State,
    RunPlan Plan,
    DateTimeOffset Created,
    DateTimeOffset? Started,
    Stage? Stage,
    long Done,
    long Total,
    DateTimeOffset? StageStarted,
    double? Before,
    double? After,
    double? CandidatesPerStep,
    int? Pairs,
    string? Error,
    string Name = "");

/// <summary>What the pages need to know and do; the rest of the streaming side is not their business.</summary>
public interface IRunBoard
{
    /// <summary>Why no run can be started, as one sentence; null when one can.</summary>
    string? WhyNoRun { get; }

    /// <summary>Runs, newest first, and how many there are in all.</summary>
    Task<(IReadOnlyList<RunRow> Rows, int Total)> ListAsync(int skip, int take, CancellationToken cancellationToken);

    /// <summary>One run; null when there is none of this id.</summary>
    Task<RunRow?> FindAsync(string runId, CancellationToken cancellationToken);

    /// <summary>Facts that the header of a run's page shows (no candidates, steps, pairs), in order.</summary>
    Task<IReadOnlyList<RunFact>> HeaderAsync(string runId, CancellationToken cancellationToken);

    /// <summary>Adds a run to the queue. The same key gives the same run, however often it is asked.</summary>
    /// <param name="plan">What to do.</param>
    /// <param name="key">Named by whoever asks.</param>
    /// <param name="cancellationToken">Given up.</param>
    /// <param name="owner">Who starts it; null for the program itself.</param>
    /// <returns>The run's id, and whether it was made by this call.</returns>
    /// <exception cref="Configuration.RefusalException">No run can be started.</exception>
    Task<(string Id, bool Made)> EnqueueAsync(RunPlan plan, string key, CancellationToken cancellationToken, Data.RunOwner? owner = null);

    /// <summary>Asks a run to stop; it ends between two updates. A trainer elsewhere reads it in the answer to its next word.</summary>
    Task StopAsync(string runId, CancellationToken cancellationToken);

    /// <summary>Puts a run that was stopped or interrupted back into the queue; it goes on from what is complete, under its old id.</summary>
    /// <exception cref="Configuration.RefusalException">It cannot be resumed, and why.</exception>
    Task ResumeAsync(string runId, CancellationToken cancellationToken);

    /// <summary>Calls back when a run changed: its id and what happened, or null for what happened when only the list changed. Callbacks are quick and never throw.</summary>
    IDisposable Subscribe(Action<string, RunEvent?> changed);
}
