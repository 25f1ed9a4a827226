using System.Reflection;
using System.Text.Json.Serialization;
using RroDashboard.Core.Events;

namespace RroDashboard.Data;

/// <summary>Short names of events: the discriminators that their JSON has, for example "stageStarted".</summary>
public static class EventKinds
{
    private static readonly Dictionary<Type, string> s_names = typeof(RunEvent).GetCustomAttributes<JsonDerivedTypeAttribute>()
        .ToDictionary(a => a.DerivedType, a => (string)a.TypeDiscriminator!);

    /// <summary>Name of an event.</summary>
    public static string Of(RunEvent happened)
    {
        ArgumentNullException.ThrowIfNull(happened);
        return s_names[happened.GetType()];
    }

    /// <summary>Name of a type of event.</summary>
    public static string Of<T>()
        where T : RunEvent => s_names[typeof(T)];
}
