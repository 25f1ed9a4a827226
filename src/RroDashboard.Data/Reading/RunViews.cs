using System.Text.Json.Serialization;
using RroDashboard.Core;
using RroDashboard.Core.Events;
using RroDashboard.Core.Exploration;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Preferences;

namespace RroDashboard.Data;

/// <summary>A run as lists show it.</summary>
public sealed record RunListRow
{
    /// <summary>Id.</summary>
    public required string Id { get; init; }

    /// <summary>What a person calls it.</summary>
    public required string Name { get; init; }

    /// <summary>Life of the run.</summary>
    public required RunState State { get; init; }

    /// <summary>Preset the plan started from.</summary>
    public required string Preset { get; init; }

    /// <summary>When it was added.</summary>
    public required DateTime CreatedUtc { get; init; }

    /// <summary>When it began; null while it waits.</summary>
    public DateTime? StartedUtc { get; init; }

    /// <summary>When it ended; null while it goes on.</summary>
    public DateTime? EndedUtc { get; init; }

    /// <summary>Stage that runs, or ran last.</summary>
    public Stage? Stage { get; init; }

    /// <summary>When that stage began.</summary>
    public DateTime? StageStartedUtc { get; init; }

    /// <summary>Work done in the stage.</summary>
    public long Done { get; init; }

    /// <summary>Work of the stage; 0 while unknown.</summary>
    public long Total { get; init; }

    /// <summary>Held-out greedy reward after SFT.</summary>
    public double? Before { get; init; }

    /// <summary>Held-out greedy reward at the end.</summary>
    public double? After { get; init; }

    /// <summary>What exploration has spent; null before it reported.</summary>
    public Budget? Budget { get; init; }

    /// <summary>Steps decided.</summary>
    public long Steps { get; init; }

    /// <summary>Preference pairs stored.</summary>
    public long Pairs { get; init; }

    /// <summary>Why it failed.</summary>
    public string? Error { get; init; }

    /// <summary>Number of the last committed event.</summary>
    public long Seq { get; init; }

    /// <summary>Samples that were dropped.</summary>
    public long Dropped { get; init; }

    /// <summary>What it does.</summary>
    [JsonIgnore]
    public required RunPlan Plan { get; init; }

    /// <summary>Range of the final reward; 0 to 1 until the run started.</summary>
    public required Core.Rewards.RewardRange RewardRange { get; init; }
}

/// <summary>Some rows of a longer list.</summary>
/// <param name="Rows">Newest first.</param>
/// <param name="Total">How many there are in all.</param>
public sealed record RunListPage(IReadOnlyList<RunListRow> Rows, int Total);

/// <summary>A stage.</summary>
/// <param name="Stage">Which.</param>
/// <param name="StartedUtc">When it began.</param>
/// <param name="Seconds">How long it took; null until it is done.</param>
public sealed record StageRow(Stage Stage, DateTime StartedUtc, double? Seconds);

/// <summary>A series, thinned out for drawing; two columns of equal length.</summary>
/// <param name="Series">Name.</param>
/// <param name="Steps">In order.</param>
/// <param name="Values">null where it was not a number.</param>
/// <param name="Count">Points that are stored.</param>
public sealed record SeriesData(string Series, IReadOnlyList<long> Steps, IReadOnlyList<double?> Values, long Count);

/// <summary>How often a rise took so many candidates.</summary>
public sealed record TriedCount(int Tried, int Count);

/// <summary>Candidates per step.</summary>
/// <param name="Rose">Steps at which a candidate rose, by the number tried, ascending.</param>
/// <param name="NoRise">Steps at which nothing rose; the cap cut them, so they are no bar of their own number.</param>
public sealed record CandidateHistogram(IReadOnlyList<TriedCount> Rose, int NoRise);

/// <summary>Mean value of the accepted action at a step of the walk.</summary>
public sealed record StepMean(int Step, double Mean, int N);

/// <summary>Does the value rise along a walk?</summary>
/// <param name="Baseline">Mean of the start states' values; null before the first walk.</param>
/// <param name="BaselineN">Walks behind it.</param>
/// <param name="Steps">By step, ascending.</param>
public sealed record RisingCurve(double? Baseline, int BaselineN, IReadOnlyList<StepMean> Steps);

/// <summary>A held-out evaluation without its episodes.</summary>
public sealed record EvaluationRow(
    long Seq,
    Stage Stage,
    string Decoding,
    double Mean,
    double Low,
    double High,
    double PerfectShare,
    double ZeroShare,
    double InvalidRate,
    double MeanSteps,
    int Episodes);

/// <summary>A saved policy.</summary>
public sealed record CheckpointRow(long Seq, Stage Stage, string Folder, string Sha256, long Bytes);

/// <summary>Something a person should look at.</summary>
public sealed record AlertRow(long Seq, DateTime AtUtc, string Severity, string Text);

/// <summary>A line of the log.</summary>
public sealed record LogRow(long Seq, DateTime AtUtc, string Level, string Text);

/// <summary>A preference pair with its number within the run.</summary>
public sealed record PairRow(int Index, long Seq, PreferencePair Pair);

/// <summary>Some pairs of a longer list.</summary>
public sealed record PairPage(IReadOnlyList<PairRow> Rows, long Total);

/// <summary>Everything a run's page needs to begin, read in one transaction: it is the state after event <see cref="Seq"/>.</summary>
public sealed record RunSnapshot
{
    /// <summary>Run.</summary>
    public required string RunId { get; init; }

    /// <summary>Process that counts; set by the hub. Frames of another epoch do not continue this snapshot.</summary>
    public string Epoch { get; init; } = "";

    /// <summary>Last event that is in here.</summary>
    public required long Seq { get; init; }

    /// <summary>Row of the list.</summary>
    public required RunListRow Run { get; init; }

    /// <summary>Every setting.</summary>
    public required IReadOnlyDictionary<string, string> Settings { get; init; }

    /// <summary>First fact without its settings (they are above); null while the run waits.</summary>
    public RunStarted? Started { get; init; }

    /// <summary>Stages that began, in order.</summary>
    public required IReadOnlyList<StageRow> Stages { get; init; }

    /// <summary>All series.</summary>
    public required IReadOnlyList<SeriesData> Series { get; init; }

    /// <summary>Newest first, at most <see cref="RunQueries.SnapshotFeed"/>.</summary>
    public required IReadOnlyList<FeedEntry> Feed { get; init; }

    /// <summary>Candidates per step.</summary>
    public required CandidateHistogram Histogram { get; init; }

    /// <summary>Values along the walk.</summary>
    public required RisingCurve Rising { get; init; }

    /// <summary>In order.</summary>
    public required IReadOnlyList<EvaluationRow> Evaluations { get; init; }

    /// <summary>In order.</summary>
    public required IReadOnlyList<CheckpointRow> Checkpoints { get; init; }

    /// <summary>Newest first, at most <see cref="RunQueries.SnapshotAlerts"/>.</summary>
    public required IReadOnlyList<AlertRow> Alerts { get; init; }

    /// <summary>Results; null unless finished.</summary>
    public RunSummary? Summary { get; init; }
}
