using RroDashboard.Core.Events;

namespace RroDashboard.Data.Entities;

/// <summary>A run: its plan, and what lists and headers show of it, kept up to date by the writer in the same transaction as its events.</summary>
public sealed class RunEntity
{
    /// <summary>Small number for the big tables.</summary>
    public int Key { get; set; }

    /// <summary>Opaque id for people and addresses.</summary>
    public required string Id { get; set; }

    /// <summary>Makes a second request for the same run give the first one's.</summary>
    public required string RequestKey { get; set; }

    /// <summary>Preset the plan started from.</summary>
    public required string Preset { get; set; }

    /// <summary>All settings: dotted path to value, JSON.</summary>
    public required string SettingsJson { get; set; }

    /// <summary>Life of the run.</summary>
    public RunState State { get; set; }

    /// <summary>Stage that runs.</summary>
    public Stage? Stage { get; set; }

    /// <summary>Work done in that stage.</summary>
    public long Done { get; set; }

    /// <summary>Work of that stage; 0 while unknown.</summary>
    public long Total { get; set; }

    /// <summary>UTC ticks.</summary>
    public long CreatedTicks { get; set; }

    /// <summary>UTC ticks.</summary>
    public long? StartedTicks { get; set; }

    /// <summary>UTC ticks.</summary>
    public long? StageStartedTicks { get; set; }

    /// <summary>UTC ticks.</summary>
    public long? EndedTicks { get; set; }

    /// <summary>Number of the last committed event; 0 before the first.</summary>
    public long LastSeq { get; set; }

    /// <summary>Held-out greedy reward after SFT.</summary>
    public double? Before { get; set; }

    /// <summary>Held-out greedy reward at the end.</summary>
    public double? After { get; set; }

    /// <summary>The last <see cref="Core.Exploration.Budget"/>, JSON.</summary>
    public string? BudgetJson { get; set; }

    /// <summary>Samples that were dropped before they could be written.</summary>
    public long DroppedSamples { get; set; }

    /// <summary>Why it failed.</summary>
    public string? Error { get; set; }

    /// <summary>Name that people gave it; empty for none. The id stays.</summary>
    public string Name { get; set; } = "";

    /// <summary>Tags with a blank before and after each, so that one is found whole: " baseline seed-3 "; empty for none.</summary>
    public string Tags { get; set; } = "";

    /// <summary>What people wrote about it.</summary>
    public string Notes { get; set; } = "";

    /// <summary>UTC ticks; null unless put away.</summary>
    public long? ArchivedTicks { get; set; }

    /// <summary>UTC ticks; null unless deleted. Such a run is invisible, and gone for good soon after.</summary>
    public long? DeletedTicks { get; set; }

    /// <summary>UTC ticks of the last commit of something it said.</summary>
    public long? HeartbeatTicks { get; set; }

    /// <summary>Its heart stopped: the process ended without a word while the run was working.</summary>
    public bool Crashed { get; set; }

    /// <summary>UTC ticks at which it came here from another dashboard; null for a run of this one. Such a run is only read.</summary>
    public long? ImportedTicks { get; set; }

    /// <summary>What it came from: name of the file and its SHA-256; empty for a run of this dashboard.</summary>
    public string ImportedFrom { get; set; } = "";

    /// <summary>Id of who started it; null for what the program itself started.</summary>
    public string? OwnerId { get; set; }

    /// <summary>Their name, kept here so that a filter of runs never reaches a table of people; empty for none.</summary>
    public string Owner { get; set; } = "";

    /// <summary>What a trainer elsewhere said of it, see <see cref="RemoteRun"/>, JSON; null for a run that this program trains.</summary>
    public string? RemoteJson { get; set; }

    /// <summary>Number of the last batch of a trainer elsewhere, committed with it; -1 before its first word.</summary>
    public long RemoteBatch { get; set; }

    /// <summary>UTC ticks at which a person asked a trainer elsewhere to stop; null when nobody did.</summary>
    public long? StopAskedTicks { get; set; }
}

/// <summary>A committed event: every fact, and log lines. Metric points have tables of their own; progress and budget live in the run.</summary>
public sealed class EventEntity
{
    /// <summary>Which run.</summary>
    public int RunKey { get; set; }

    /// <summary>1, 2, .. within the run, in commit order.</summary>
    public long Seq { get; set; }

    /// <summary>Type discriminator of the event, for example "stepDecided".</summary>
    public required string Kind { get; set; }

    /// <summary>Explored task that it belongs to.</summary>
    public int? Task { get; set; }

    /// <summary>Step of that task's walk.</summary>
    public int? Step { get; set; }

    /// <summary>UTC ticks.</summary>
    public long AtTicks { get; set; }

    /// <summary>The whole event.</summary>
    public required string Json { get; set; }
}

/// <summary>Name of a metric series.</summary>
public sealed class SeriesEntity
{
    /// <summary>Small number for the big tables.</summary>
    public int Id { get; set; }

    /// <summary>One of <see cref="Core.Metrics.SeriesNames"/>, or a later version's.</summary>
    public required string Name { get; set; }
}

/// <summary>One number of one series.</summary>
public sealed class PointEntity
{
    /// <summary>Which run.</summary>
    public int RunKey { get; set; }

    /// <summary>Which series.</summary>
    public int SeriesId { get; set; }

    /// <summary>Update, or whatever the series counts.</summary>
    public long Step { get; set; }

    /// <summary>The number.</summary>
    public double Value { get; set; }
}

/// <summary>What a bucket of neighbouring steps holds: written with the points, so that a long series is read in milliseconds.</summary>
public sealed class RollupEntity
{
    /// <summary>Which run.</summary>
    public int RunKey { get; set; }

    /// <summary>Which series.</summary>
    public int SeriesId { get; set; }

    /// <summary>Steps a bucket: 64 or 1024.</summary>
    public int Width { get; set; }

    /// <summary>Step divided by width.</summary>
    public long Bucket { get; set; }

    /// <summary>Smallest value.</summary>
    public double Min { get; set; }

    /// <summary>Its step.</summary>
    public long MinStep { get; set; }

    /// <summary>Largest value.</summary>
    public double Max { get; set; }

    /// <summary>Its step.</summary>
    public long MaxStep { get; set; }

    /// <summary>Value of the last step.</summary>
    public double Last { get; set; }

    /// <summary>The last step.</summary>
    public long LastStep { get; set; }

    /// <summary>Number of points.</summary>
    public long Count { get; set; }
}
