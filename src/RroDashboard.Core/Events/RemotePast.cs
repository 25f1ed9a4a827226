using RroDashboard.Core.Rewards;

namespace RroDashboard.Core.Events;

/// <summary>How far one walk has come.</summary>
public sealed class RemoteWalk
{
    /// <summary>It began.</summary>
    public bool Opened { get; set; }

    /// <summary>It ended.</summary>
    public bool Finished { get; set; }

    /// <summary>Steps decided, which is also the number of the step that is open.</summary>
    public int Decided { get; set; }

    /// <summary>Candidates of the open step.</summary>
    public int Candidates { get; set; }
}

/// <summary>What a trainer elsewhere has said before a batch, as far as the batch has to fit it.</summary>
public sealed class RemotePast
{
    /// <summary>Lowest and highest final reward, as the run began.</summary>
    public RewardRange Range { get; init; } = RewardRange.Unit;

    /// <summary>Number of the last event.</summary>
    public long LastSeq { get; set; }

    /// <summary>Stage that is open; null when none is.</summary>
    public Stage? Open { get; set; }

    /// <summary>Stages that began.</summary>
    public HashSet<Stage> Begun { get; init; } = [];

    /// <summary>Walks that the batch is about.</summary>
    public Dictionary<int, RemoteWalk> Walks { get; init; } = [];

    /// <summary>Pairs made.</summary>
    public int Pairs { get; set; }

    /// <summary>Series that have a name already.</summary>
    public HashSet<string> Series { get; init; } = new(StringComparer.Ordinal);

    /// <summary>Series of which a person was told that they hold what is no number.</summary>
    public HashSet<string> ToldHoles { get; init; } = new(StringComparer.Ordinal);

    /// <summary>The walks that a batch is about.</summary>
    public static IReadOnlyList<int> TasksOf(IEnumerable<RunEvent> events) => [.. events.Select(e => e switch
    {
        TaskOpened t => t.Task,
        CandidateScored c => c.Task,
        StepDecided s => s.Task,
        TaskFinished f => f.Task,
        PairCreated p => p.Pair.Task,
        _ => -1,
    }).Where(t => t >= 0).Distinct()];
}
