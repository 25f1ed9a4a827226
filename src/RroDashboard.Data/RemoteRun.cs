using System.Text.Json;
using RroDashboard.Core.Events;
using RroDashboard.Core.Rewards;

namespace RroDashboard.Data;

/// <summary>What a trainer elsewhere said of a run when it began it: the run's plan is its own, and only told.</summary>
/// <param name="Method">How it trains, in its words.</param>
/// <param name="Environment">What the agent acts in, in its words.</param>
/// <param name="Trainer">Program and version that train; empty when it said none.</param>
/// <param name="Config">Its settings, a JSON object.</param>
/// <param name="SilentAfterSeconds">Silence after which it counts as crashed.</param>
/// <param name="Range">Lowest and highest final reward.</param>
public sealed record RemoteRun(string Method, string Environment, string Trainer, JsonElement Config, int SilentAfterSeconds, RewardRange Range)
{
    /// <summary>Preset of every such run: there is none.</summary>
    public const string Preset = "remote";

    /// <summary>Reads what the database has.</summary>
    internal static RemoteRun? Read(string? json) => json is null ? null : JsonSerializer.Deserialize<RemoteRun>(json, RunJson.Options);

    /// <summary>As the database has it.</summary>
    internal string ToJson() => JsonSerializer.Serialize(this, RunJson.Options);
}

/// <summary>What became of something that a trainer elsewhere sent.</summary>
public enum RemoteAnswer
{
    /// <summary>It was committed.</summary>
    Taken,

    /// <summary>A batch of this number was committed before: nothing was written.</summary>
    Known,

    /// <summary>A batch before it is missing: nothing was written.</summary>
    Gap,

    /// <summary>The run has ended: nothing was written.</summary>
    Closed,

    /// <summary>There is no such run any more.</summary>
    Gone,
}

/// <summary>The answer of the journal.</summary>
/// <param name="Answer">What became of it.</param>
/// <param name="Last">Number of the last batch that is committed.</param>
/// <param name="StopAsked">A person asked the trainer to stop.</param>
/// <param name="State">Life of the run.</param>
public sealed record RemoteReceipt(RemoteAnswer Answer, long Last, bool StopAsked, RunState State);

/// <summary>
/// Something of a trainer elsewhere on its way to the writer. It is one entry of the journal: all of it is committed in one transaction together
/// with its number, or nothing is. The number is looked at in that transaction, so whatever is sent twice is taken once.
/// </summary>
/// <param name="Number">Of the batch; null for a word that brings no events.</param>
/// <param name="SilentSince">Not a word of the trainer but of the host, which found it silent since then; null for the trainer's.</param>
/// <param name="Events">Checked before; empty for a heartbeat.</param>
internal sealed record RemoteAppend(long? Number, DateTime? SilentSince, IReadOnlyList<RunEvent> Events)
{
    /// <summary>Set after the commit.</summary>
    public TaskCompletionSource<RemoteReceipt> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}

/// <summary>An event on its way to the database, or several of a trainer elsewhere that are written together.</summary>
internal readonly record struct JournalEntry(string RunId, RunEvent? Event, RemoteAppend? Remote);
