using System.Text.Json;

namespace RroDashboard.Environments.InterCodeSql;

/// <summary>Reading the data folder, with one clear sentence for what is wrong in it.</summary>
internal static class DataFiles
{
    /// <summary>Largest JSON file that is read: the real ones are about 1 MB.</summary>
    public const long MaxJsonBytes = 64L * 1024 * 1024;

    public static byte[] Read(string path)
    {
        var file = new FileInfo(path);
        if (!file.Exists)
        {
            throw new FileNotFoundException($"{path} is missing: the InterCode-SQL data folder holds it", path);
        }

        return file.Length <= MaxJsonBytes
            ? File.ReadAllBytes(path)
            : throw new InvalidDataException($"{path} has {file.Length} bytes; at most {MaxJsonBytes} are read");
    }

    public static JsonDocument ParseJson(string path)
    {
        try
        {
            return JsonDocument.Parse(Read(path));
        }
        catch (JsonException e)
        {
            throw Malformed(path, e);
        }
    }

    public static InvalidDataException Malformed(string path, JsonException e) =>
        new($"{path}, line {(e.LineNumber ?? 0) + 1}: expected JSON; {e.Message}", e);

    public static JsonElement Object(JsonElement element, string path, string place) => element.ValueKind == JsonValueKind.Object
        ? element
        : throw new InvalidDataException($"{path}, {place}: expected an object, found {element.ValueKind}");
}
