using System.Text.Json;
using System.Text.Json.Serialization;
using RroDashboard.Core.Events;
using RroDashboard.Data.Entities;

namespace RroDashboard.Data.Bundles;

/// <summary>What a bundle says of the run itself: everything that lists and headers show, as it was when the run was exported.</summary>
/// <param name="Id">Opaque id; it stays when the run is imported.</param>
/// <param name="Name">Name that people gave it; empty for none.</param>
/// <param name="Tags">Tags, parted by blanks.</param>
/// <param name="Notes">What people wrote about it.</param>
/// <param name="State">How it ended.</param>
/// <param name="Crashed">Its process ended without a word while it worked.</param>
/// <param name="Error">Why it failed.</param>
/// <param name="CreatedUtc">When it was added.</param>
/// <param name="StartedUtc">When it began.</param>
/// <param name="EndedUtc">When it ended.</param>
/// <param name="HeartbeatUtc">When something it said was last committed.</param>
/// <param name="Stage">Stage in which it ended early.</param>
/// <param name="StageStartedUtc">When that began.</param>
/// <param name="Done">Work done in it.</param>
/// <param name="Total">Work of it.</param>
/// <param name="Before">Held-out greedy reward after SFT.</param>
/// <param name="After">Held-out greedy reward at the end.</param>
/// <param name="Budget">What exploration spent, as it was written.</param>
/// <param name="LastSeq">Number of its last event.</param>
/// <param name="DroppedSamples">Samples dropped under pressure.</param>
/// <param name="Remote">What a trainer elsewhere said of it; left out for a run that a dashboard trained.</param>
public sealed record RunRecord(
    string Id,
    string Name,
    string Tags,
    string Notes,
    RunState State,
    bool Crashed,
    string? Error,
    DateTime CreatedUtc,
    DateTime? StartedUtc,
    DateTime? EndedUtc,
    DateTime? HeartbeatUtc,
    Stage? Stage,
    DateTime? StageStartedUtc,
    long Done,
    long Total,
    double? Before,
    double? After,
    JsonElement? Budget,
    long LastSeq,
    long DroppedSamples,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] RemoteRun? Remote = null)
{
    /// <summary>From a row.</summary>
    internal static RunRecord Of(RunEntity run) => new(
        run.Id, run.Name, run.Tags.Trim(), run.Notes, run.State, run.Crashed, run.Error,
        new DateTime(run.CreatedTicks, DateTimeKind.Utc), Utc(run.StartedTicks), Utc(run.EndedTicks), Utc(run.HeartbeatTicks),
        run.Stage, Utc(run.StageStartedTicks), run.Done, run.Total, run.Before, run.After,
        run.BudgetJson is null ? null : JsonSerializer.Deserialize<JsonElement>(run.BudgetJson, RunJson.Options), run.LastSeq, run.DroppedSamples, RemoteRun.Read(run.RemoteJson));

    private static DateTime? Utc(long? ticks) => ticks is { } value ? new DateTime(value, DateTimeKind.Utc) : null;
}

/// <summary>A committed event as the database has it: its JSON is copied, never rewritten.</summary>
/// <param name="Seq">1, 2, .. within the run.</param>
/// <param name="Kind">Type of the event, with <see cref="EventKinds.SetAside"/> before it where it no longer counts.</param>
/// <param name="AtUtc">When it was committed.</param>
/// <param name="Json">The whole event.</param>
public sealed record StoredEvent(long Seq, string Kind, DateTime AtUtc, string Json)
{
    /// <summary>The event, read.</summary>
    public RunEvent Read() => JsonSerializer.Deserialize<RunEvent>(Json, RunJson.Options)!;
}

/// <summary>One number of one series, with the name of the series.</summary>
public readonly record struct StoredPoint(string Series, long Step, double Value);
