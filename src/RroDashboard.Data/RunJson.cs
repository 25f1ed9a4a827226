using System.Text.Json;
using System.Text.Json.Serialization;

namespace RroDashboard.Data;

/// <summary>How events are written, in the database and on the wire alike: camelCase, enums by name, "NaN" and "Infinity" as text.</summary>
public static class RunJson
{
    /// <summary>Shared and frozen.</summary>
    public static JsonSerializerOptions Options { get; } = Make();

    /// <summary>Sets the same on options that belong to someone else.</summary>
    public static void Configure(JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.PropertyNamingPolicy = JsonNamingPolicy.CamelCase;
        // A loss that is not a number has to be told, not to end the telling.
        options.NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals;
        options.Converters.Add(new JsonStringEnumConverter());
    }

    private static JsonSerializerOptions Make()
    {
        var options = new JsonSerializerOptions();
        Configure(options);
        options.MakeReadOnly(populateMissingResolver: true);
        return options;
    }
}
