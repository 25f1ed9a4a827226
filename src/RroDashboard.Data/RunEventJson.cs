using System.Text.Json;
using System.Text.Json.Serialization;

namespace RroDashboard.Data;

/// <summary>How events look as JSON, in the database and on the wire: camelCase names, enum values by name, "NaN" and "Infinity" as text.</summary>
public static class RunEventJson
{
    /// <summary>The options.</summary>
    public static JsonSerializerOptions Options { get; } = Create();

    /// <summary>Gives other options the same look.</summary>
    public static void Apply(JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.PropertyNamingPolicy = JsonNamingPolicy.CamelCase;
        options.NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals;
        if (!options.Converters.OfType<JsonStringEnumConverter>().Any())
        {
            options.Converters.Add(new JsonStringEnumConverter());
        }
    }

    internal static string Write<T>(T value) => JsonSerializer.Serialize(value, Options);

    internal static T Read<T>(string json) => JsonSerializer.Deserialize<T>(json, Options)
        ?? throw new JsonException($"null where a {typeof(T).Name} was expected.");

    private static JsonSerializerOptions Create()
    {
        var options = new JsonSerializerOptions { AllowOutOfOrderMetadataProperties = true };
        Apply(options);
        options.MakeReadOnly(populateMissingResolver: true);
        return options;
    }
}
