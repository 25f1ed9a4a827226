using System.Collections.Frozen;
using System.Reflection;
using System.Text.Json.Serialization;
using RroDashboard.Core.Events;

namespace RroDashboard.Data;

/// <summary>Discriminators of the events, as declared on <see cref="RunEvent"/>.</summary>
public static class EventKinds
{
    /// <summary>Stands before the kind of a fact that no longer counts, because the run was broken off and did that part again.</summary>
    public const string SetAside = "setAside.";

    private static readonly FrozenDictionary<Type, string> s_kinds = typeof(RunEvent).GetCustomAttributes<JsonDerivedTypeAttribute>()
        .ToFrozenDictionary(a => a.DerivedType, a => (string)a.TypeDiscriminator!);

    /// <summary>For example "stepDecided".</summary>
    public static string Of(RunEvent happened)
    {
        ArgumentNullException.ThrowIfNull(happened);
        return s_kinds[happened.GetType()];
    }

    /// <summary>For example "stepDecided".</summary>
    public static string Of<T>()
        where T : RunEvent => s_kinds[typeof(T)];

    /// <summary>Explored task and step that an event belongs to; null where it belongs to none.</summary>
    public static (int? Task, int? Step) PlaceOf(RunEvent happened) => happened switch
    {
        TaskOpened t => (t.Task, null),
        CandidateScored c => (c.Task, c.Step),
        StepDecided s => (s.Task, s.Step),
        TaskFinished f => (f.Task, null),
        PairCreated p => (p.Pair.Task, p.Pair.Step),
        TrajectoryKept k => (k.Task, null),
        EpisodePlayed e => (e.Task, null),
        _ => (null, null),
    };
}
