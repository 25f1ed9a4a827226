using RroDashboard.Core.Events;
using RroDashboard.Core.Exploration;
using RroDashboard.Data;

namespace RroDashboard.Web.Streaming;

/// <summary>New points of one series; columns of equal length.</summary>
/// <param name="Series">Name.</param>
/// <param name="Steps">In the order in which they came.</param>
/// <param name="Values">null where it was not a number.</param>
public sealed record FramePoints(string Series, IReadOnlyList<long> Steps, IReadOnlyList<double?> Values);

/// <summary>How far the stage has come.</summary>
/// <param name="Stage">Which.</param>
/// <param name="Done">Work done.</param>
/// <param name="Total">All work of the stage.</param>
/// <param name="EtaSeconds">Seconds left, from the pace of the last half minute; null while too little is known.</param>
public sealed record FrameProgress(Stage Stage, long Done, long Total, double? EtaSeconds);

/// <summary>The run's life changed.</summary>
/// <param name="State">Now.</param>
/// <param name="Error">What went wrong; null when nothing did.</param>
public sealed record FrameState(RunState State, string? Error);

/// <summary>
/// What happened to a run from event <see cref="From"/> to event <see cref="Seq"/>, both included. A frame continues what a
/// client has when <see cref="From"/> is its last number plus one and the epoch is the same; parts in which nothing happened are null.
/// </summary>
public sealed record RunFrame
{
    /// <summary>Run.</summary>
    public required string RunId { get; init; }

    /// <summary>Process that counts; another one after each start of the server.</summary>
    public required string Epoch { get; init; }

    /// <summary>First event.</summary>
    public required long From { get; init; }

    /// <summary>Last event.</summary>
    public required long Seq { get; init; }

    /// <summary>When the last event was committed.</summary>
    public required DateTime AtUtc { get; init; }

    /// <summary>New points by series.</summary>
    public IReadOnlyList<FramePoints>? Points { get; init; }

    /// <summary>Steps that were decided, oldest first.</summary>
    public IReadOnlyList<FeedEntry>? Feed { get; init; }

    /// <summary>Newest progress.</summary>
    public FrameProgress? Progress { get; init; }

    /// <summary>Newest budget.</summary>
    public Budget? Budget { get; init; }

    /// <summary>Baselines of walks that were opened.</summary>
    public IReadOnlyList<double>? Baselines { get; init; }

    /// <summary>Stages that began or ended; one that did both comes twice.</summary>
    public IReadOnlyList<StageRow>? Stages { get; init; }

    /// <summary>Evaluations that were finished.</summary>
    public IReadOnlyList<EvaluationRow>? Evaluations { get; init; }

    /// <summary>Policies that were saved.</summary>
    public IReadOnlyList<CheckpointRow>? Checkpoints { get; init; }

    /// <summary>Alerts, oldest first.</summary>
    public IReadOnlyList<AlertRow>? Alerts { get; init; }

    /// <summary>Log lines, oldest first.</summary>
    public IReadOnlyList<LogRow>? Logs { get; init; }

    /// <summary>First fact; its settings are in the snapshot.</summary>
    public RunStarted? Started { get; init; }

    /// <summary>Only when it changed.</summary>
    public FrameState? State { get; init; }
}

/// <summary>Answer to a client that has a hole.</summary>
/// <param name="Reset">True: what the client has cannot be continued; it has to take a snapshot.</param>
/// <param name="Epoch">Of this process.</param>
/// <param name="Frames">Oldest first; the first one may begin before what was asked.</param>
public sealed record FramesSince(bool Reset, string Epoch, IReadOnlyList<RunFrame> Frames);

/// <summary>What an in-process subscriber hears, at most four times a second for each run.</summary>
/// <param name="RunId">Run.</param>
/// <param name="Frame">What clients of the hub get; null when only the list of runs changed.</param>
/// <param name="Events">Every fact but candidates, steps, tasks and pairs, and the newest progress and budget.</param>
public sealed record LiveUpdate(string RunId, RunFrame? Frame, IReadOnlyList<RunEvent> Events);
