using RroDashboard.Core.Events;

namespace RroDashboard.Data.Entities;

/// <summary>A run: the row that lists show, kept up to date in the transaction that stores its events.</summary>
public sealed class RunEntity
{
    /// <summary>Ten characters of <see cref="RunIds.Alphabet"/>.</summary>
    public required string Id { get; init; }

    /// <summary>What a person calls it; not unique.</summary>
    public required string Name { get; init; }

    /// <summary>Given by whoever enqueued it, so that the same click twice makes one run; null when nobody did.</summary>
    public string? Key { get; init; }

    /// <summary>Life of the run.</summary>
    public RunState State { get; set; }

    /// <summary>Preset the plan started from.</summary>
    public required string Preset { get; init; }

    /// <summary>Every setting, a JSON object of dotted path to text.</summary>
    public required string SettingsJson { get; init; }

    /// <summary>UTC ticks.</summary>
    public long CreatedTicks { get; init; }

    /// <summary>UTC ticks of the first fact; null while it waits.</summary>
    public long? StartedTicks { get; set; }

    /// <summary>UTC ticks of the last fact; null while it goes on.</summary>
    public long? EndedTicks { get; set; }

    /// <summary>Stage that runs, or ran last; null before the first.</summary>
    public Stage? Stage { get; set; }

    /// <summary>UTC ticks at which that stage began.</summary>
    public long? StageStartedTicks { get; set; }

    /// <summary>Work done in the stage, in its own units.</summary>
    public long Done { get; set; }

    /// <summary>Work of the stage; 0 while unknown.</summary>
    public long Total { get; set; }

    /// <summary>Held-out greedy reward after SFT.</summary>
    public double? Before { get; set; }

    /// <summary>Held-out greedy reward at the end.</summary>
    public double? After { get; set; }

    /// <summary>Last budget, JSON of <see cref="Core.Exploration.Budget"/>.</summary>
    public string? BudgetJson { get; set; }

    /// <summary>Steps decided.</summary>
    public long Steps { get; set; }

    /// <summary>Preference pairs stored.</summary>
    public long Pairs { get; set; }

    /// <summary>Why it failed.</summary>
    public string? Error { get; set; }

    /// <summary>JSON of <see cref="Core.RunSummary"/>; null unless finished.</summary>
    public string? SummaryJson { get; set; }

    /// <summary>Lowest final reward of its environment; null until it started.</summary>
    public double? RewardLow { get; set; }

    /// <summary>Highest final reward of its environment.</summary>
    public double? RewardHigh { get; set; }

    /// <summary>Number of the last committed event; 0 before the first.</summary>
    public long LastSeq { get; set; }

    /// <summary>Samples that were dropped because the writer could not keep up.</summary>
    public long Dropped { get; set; }
}

/// <summary>One event that is kept as it was: every fact except candidates, steps, tasks and pairs (they have tables of their own), and log lines.</summary>
public sealed class EventEntity
{
    /// <summary>Run.</summary>
    public required string RunId { get; init; }

    /// <summary>Number within the run, in commit order.</summary>
    public long Seq { get; init; }

    /// <summary>Discriminator of the JSON, for example "stageStarted".</summary>
    public required string Kind { get; init; }

    /// <summary>UTC ticks of the commit.</summary>
    public long AtTicks { get; init; }

    /// <summary>The event, as <see cref="RunEvent"/> serialises.</summary>
    public required string Json { get; init; }
}

/// <summary>Name of a series, once per run.</summary>
public sealed class SeriesEntity
{
    /// <summary>Key of the points.</summary>
    public long Id { get; init; }

    /// <summary>Run.</summary>
    public required string RunId { get; init; }

    /// <summary>One of <see cref="Core.Metrics.SeriesNames"/>.</summary>
    public required string Name { get; init; }
}

/// <summary>One number of one series.</summary>
public sealed class MetricPointEntity
{
    /// <summary>Run.</summary>
    public required string RunId { get; init; }

    /// <summary>Series.</summary>
    public long SeriesId { get; init; }

    /// <summary>Where on the axis.</summary>
    public long Step { get; init; }

    /// <summary>The number; null when it is not a number.</summary>
    public double? Value { get; init; }
}

/// <summary>What 64 or 1024 neighbouring steps of a series came to.</summary>
public sealed class MetricRollupEntity
{
    /// <summary>Run.</summary>
    public required string RunId { get; init; }

    /// <summary>Series.</summary>
    public long SeriesId { get; init; }

    /// <summary>Steps per bucket: 64 or 1024.</summary>
    public int Width { get; init; }

    /// <summary>Step divided by <see cref="Width"/>, rounded down.</summary>
    public long Bucket { get; init; }

    /// <summary>Smallest value and its step.</summary>
    public double Min { get; init; }

    /// <summary>Step of the smallest value, the first if several.</summary>
    public long MinStep { get; init; }

    /// <summary>Largest value.</summary>
    public double Max { get; init; }

    /// <summary>Step of the largest value, the first if several.</summary>
    public long MaxStep { get; init; }

    /// <summary>Value at the highest step.</summary>
    public double Last { get; init; }

    /// <summary>The highest step.</summary>
    public long LastStep { get; init; }

    /// <summary>Number of points.</summary>
    public long Count { get; init; }

    /// <summary>Sum of the values.</summary>
    public double Sum { get; init; }
}

/// <summary>A training task that was walked.</summary>
public sealed class TaskEntity
{
    /// <summary>Run.</summary>
    public required string RunId { get; init; }

    /// <summary>Index within the run.</summary>
    public int Task { get; init; }

    /// <summary>Number of the event that opened it.</summary>
    public long Seq { get; init; }

    /// <summary>Stable id given by the environment.</summary>
    public required string TaskId { get; init; }

    /// <summary>What the agent was asked.</summary>
    public required string Instruction { get; init; }

    /// <summary>JSON of the baseline's <see cref="Core.Rewards.Estimate"/>.</summary>
    public required string BaselineJson { get; init; }

    /// <summary>Mean of the baseline.</summary>
    public double BaselineMean { get; init; }

    /// <summary>Final reward; null until finished.</summary>
    public double? Reward { get; set; }

    /// <summary>Steps decided; null until finished.</summary>
    public int? Steps { get; set; }

    /// <summary>Number of the event that finished it; null until then.</summary>
    public long? FinishedSeq { get; set; }
}

/// <summary>A candidate as it was sampled and valued.</summary>
public sealed class CandidateEntity
{
    /// <summary>Run.</summary>
    public required string RunId { get; init; }

    /// <summary>Index of the task.</summary>
    public int Task { get; init; }

    /// <summary>0-based step.</summary>
    public int Step { get; init; }

    /// <summary>0-based order of sampling.</summary>
    public int Attempt { get; init; }

    /// <summary>Number of its event.</summary>
    public long Seq { get; init; }

    /// <summary>What the policy wrote.</summary>
    public required string Action { get; init; }

    /// <summary>What the environment answered.</summary>
    public required string Observation { get; init; }

    /// <summary>JSON of its <see cref="Core.Rewards.Estimate"/>.</summary>
    public required string ValueJson { get; init; }

    /// <summary>Mean of the estimate.</summary>
    public double Mean { get; init; }

    /// <summary>Attempt that reached the same state before.</summary>
    public int? SameStateAs { get; init; }

    /// <summary>The environment could not act on it.</summary>
    public bool Invalid { get; init; }

    /// <summary>Cut at a limit.</summary>
    public bool Truncated { get; init; }

    /// <summary>Tokens of the action.</summary>
    public int Tokens { get; init; }

    /// <summary>Summed log-probability, nats; null when it is not a number.</summary>
    public double? LogProb { get; init; }
}

/// <summary>The ledger entry of a step.</summary>
public sealed class StepEntity
{
    /// <summary>Run.</summary>
    public required string RunId { get; init; }

    /// <summary>Number of its event: the order in which steps were decided.</summary>
    public long Seq { get; init; }

    /// <summary>Index of the task.</summary>
    public int Task { get; init; }

    /// <summary>0-based step.</summary>
    public int Step { get; init; }

    /// <summary>UTC ticks of the commit.</summary>
    public long AtTicks { get; init; }

    /// <summary>Candidates sampled for the rising test.</summary>
    public int Tried { get; init; }

    /// <summary>How it was decided.</summary>
    public Core.Exploration.StepVerdict Verdict { get; init; }

    /// <summary>Mean of the step that was followed; null when the walk stopped.</summary>
    public double? AcceptedMean { get; init; }

    /// <summary>The fact, JSON of <see cref="StepDecided"/>.</summary>
    public required string Json { get; init; }
}

/// <summary>A preference pair. Token ids are little-endian 32-bit integers.</summary>
public sealed class PairEntity
{
    /// <summary>Run.</summary>
    public required string RunId { get; init; }

    /// <summary>Counts from 0 within the run.</summary>
    public int Index { get; init; }

    /// <summary>Number of its event.</summary>
    public long Seq { get; init; }

    /// <summary>Index of the task.</summary>
    public int Task { get; init; }

    /// <summary>0-based step.</summary>
    public int Step { get; init; }

    /// <summary>Text before the action.</summary>
    public required string History { get; init; }

    /// <summary>Better action.</summary>
    public required string Chosen { get; init; }

    /// <summary>Worse action.</summary>
    public required string Rejected { get; init; }

    /// <summary>JSON of the better action's estimate.</summary>
    public required string ChosenValueJson { get; init; }

    /// <summary>JSON of the worse action's estimate.</summary>
    public required string RejectedValueJson { get; init; }

    /// <summary>Token ids before the action.</summary>
    public required byte[] HistoryTokens { get; init; }

    /// <summary>Token ids of the better action.</summary>
    public required byte[] ChosenTokens { get; init; }

    /// <summary>Token ids of the worse action.</summary>
    public required byte[] RejectedTokens { get; init; }
}

/// <summary>A held-out evaluation.</summary>
public sealed class EvaluationEntity
{
    /// <summary>Run.</summary>
    public required string RunId { get; init; }

    /// <summary>Number of its event.</summary>
    public long Seq { get; init; }

    /// <summary>Baseline or Evaluate.</summary>
    public Stage Stage { get; init; }

    /// <summary>"greedy" or "sampled".</summary>
    public required string Decoding { get; init; }

    /// <summary>Mean final reward.</summary>
    public double Mean { get; init; }

    /// <summary>Lower end of the interval.</summary>
    public double Low { get; init; }

    /// <summary>Upper end of the interval.</summary>
    public double High { get; init; }

    /// <summary>Share at the highest reward.</summary>
    public double PerfectShare { get; init; }

    /// <summary>Share without reward.</summary>
    public double ZeroShare { get; init; }

    /// <summary>Invalid actions per action.</summary>
    public double InvalidRate { get; init; }

    /// <summary>Actions per episode.</summary>
    public double MeanSteps { get; init; }

    /// <summary>Episodes played.</summary>
    public int EpisodeCount { get; init; }
}

/// <summary>One held-out episode.</summary>
public sealed class EvaluationEpisodeEntity
{
    /// <summary>Run.</summary>
    public required string RunId { get; init; }

    /// <summary>Number of the evaluation's event.</summary>
    public long Seq { get; init; }

    /// <summary>Order within the evaluation.</summary>
    public int Index { get; init; }

    /// <summary>Stable id given by the environment.</summary>
    public required string TaskId { get; init; }

    /// <summary>Final reward.</summary>
    public double Reward { get; init; }

    /// <summary>Actions taken.</summary>
    public int Steps { get; init; }

    /// <summary>Of these, invalid.</summary>
    public int InvalidActions { get; init; }

    /// <summary>Tokens written.</summary>
    public int ActionTokens { get; init; }
}

/// <summary>A policy that was written to disk.</summary>
public sealed class CheckpointEntity
{
    /// <summary>Run.</summary>
    public required string RunId { get; init; }

    /// <summary>Number of its event.</summary>
    public long Seq { get; init; }

    /// <summary>After which stage.</summary>
    public Stage Stage { get; init; }

    /// <summary>Folder within the run's folder.</summary>
    public required string Folder { get; init; }

    /// <summary>Of the weights file, hex.</summary>
    public required string Sha256 { get; init; }

    /// <summary>Size of the weights file.</summary>
    public long Bytes { get; init; }
}

/// <summary>Samples that were dropped before one batch of the writer.</summary>
public sealed class DropEntity
{
    /// <summary>Key; order of the drops.</summary>
    public long Id { get; init; }

    /// <summary>Run.</summary>
    public required string RunId { get; init; }

    /// <summary>Last event number of the batch that told of them.</summary>
    public long Seq { get; init; }

    /// <summary>UTC ticks.</summary>
    public long AtTicks { get; init; }

    /// <summary>How many.</summary>
    public long Count { get; init; }
}
