using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace RroDashboard.Training.Experiments;

/// <summary>Reads the text of an experiment file, whatever kind of experiment it describes; refusals are one sentence with file and line.</summary>
internal static class ExperimentFile
{
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web)
    {
        ReadCommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    };

    /// <summary>Whether the file is an object with a property; false also for a file that cannot be read, because whoever reads it next says why.</summary>
    public static bool Has(string path, string property)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllText(path), new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
            return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty(property, out _);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            return false;
        }
    }

    /// <summary>What the file says; everything may be missing, nothing may be unknown.</summary>
    /// <exception cref="ExperimentException">It cannot be read, or is no JSON object of this shape.</exception>
    public static T Read<T>(string path)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize<T>(File.ReadAllText(path), s_json) ?? throw new ExperimentException($"'{path}' is empty: an experiment is a JSON object.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ExperimentException($"'{path}' cannot be read: {e.Message}");
        }
        catch (JsonException e)
        {
            var where = e.LineNumber is { } line ? string.Create(CultureInfo.InvariantCulture, $" at line {line + 1}") : "";
            throw new ExperimentException($"'{path}' is not an experiment{where}: {e.Message.Split(" Path:", StringSplitOptions.None)[0].TrimEnd('.')}.");
        }
    }

    /// <summary>The name of an experiment, if a folder can be called so.</summary>
    /// <exception cref="ExperimentException">It cannot.</exception>
    public static string Name(string path, string? name) => name is { Length: > 0 } given && given.All(c => char.IsAsciiLetterOrDigit(c) || c == '-') ? given
        : throw new ExperimentException($"'{path}': name = '{name}' is not allowed: letters, digits and '-', because the folder of results is called so.");

    /// <summary>Settings as the command line takes them: path to value, as text.</summary>
    public static Dictionary<string, string> Settings(Dictionary<string, JsonElement>? settings) =>
        (settings ?? []).ToDictionary(s => s.Key, s => s.Value.ValueKind == JsonValueKind.String ? s.Value.GetString()! : s.Value.GetRawText(), StringComparer.Ordinal);
}
