using System.Text.Json;

namespace RroDashboard.Training.Tokenizer.Bpe;

/// <summary>Reads members of a JSON file with a sentence for everything that is not as it should be.</summary>
/// <param name="Element">The value.</param>
/// <param name="Path">Where it stands, for people: <c>tokenizer.json: model.vocab</c>.</param>
internal readonly record struct JsonPart(JsonElement Element, string Path)
{
    private static readonly JsonDocumentOptions s_options = new() { MaxDepth = TokenizerLimits.JsonDepth };

    public bool IsNull => Element.ValueKind is JsonValueKind.Null or JsonValueKind.Undefined;

    /// <summary>Opens a JSON file of a checkpoint.</summary>
    /// <exception cref="InvalidDataException">Missing, too large, or no JSON object.</exception>
    public static (JsonDocument Document, JsonPart Root) Open(string path, long maxBytes)
    {
        var name = System.IO.Path.GetFileName(path);
        try
        {
            var file = new FileInfo(path);
            if (!file.Exists)
            {
                throw new InvalidDataException($"'{path}' does not exist.");
            }

            if (file.Length > maxBytes)
            {
                throw new InvalidDataException($"'{path}' has {file.Length} bytes; at most {maxBytes} are allowed.");
            }

            var document = JsonDocument.Parse(File.ReadAllBytes(path), s_options);
            return (document, new JsonPart(document.RootElement, name).Object());
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"'{path}' is not JSON, or is nested deeper than {TokenizerLimits.JsonDepth}: {e.Message}", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidDataException($"'{path}' cannot be read: {e.Message}", e);
        }
    }

    public InvalidDataException Wrong(string what) => new($"{Path} {what}.");

    public JsonPart Object() => Element.ValueKind == JsonValueKind.Object ? this : throw Wrong("must be an object, but is " + Kind());

    /// <summary>Its members in the order of the file.</summary>
    /// <exception cref="InvalidDataException">No object, or a name that is half of a surrogate pair, written as an escape.</exception>
    public IEnumerable<(string Name, JsonElement Value)> Members()
    {
        foreach (var member in Object().Element.EnumerateObject())
        {
            yield return (NameOf(member), member.Value);
        }
    }

    private string NameOf(JsonProperty member)
    {
        try
        {
            return member.Name;
        }
        catch (InvalidOperationException e)
        {
            throw new InvalidDataException($"{Path} has a name that is not valid Unicode.", e);
        }
    }

    /// <summary>The member, or null/undefined when it is not there.</summary>
    public JsonPart Maybe(string name)
    {
        Object();
        return new JsonPart(Element.TryGetProperty(name, out var value) ? value : default, Join(name));
    }

    public JsonPart Member(string name)
    {
        var part = Maybe(name);
        return part.Element.ValueKind == JsonValueKind.Undefined ? throw part.Wrong("is missing") : part;
    }

    public string Text() => Element.ValueKind == JsonValueKind.String ? Unescaped() : throw Wrong("must be a string, but is " + Kind());

    public string TextOr(string fallback) => IsNull ? fallback : Text();

    public bool BoolOr(bool fallback) => Element.ValueKind switch
    {
        JsonValueKind.Null or JsonValueKind.Undefined => fallback,
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Wrong("must be true or false, but is " + Kind()),
    };

    public int Int(int min, int max) =>
        Element.ValueKind == JsonValueKind.Number && Element.TryGetInt32(out var number) && number >= min && number <= max
            ? number
            : throw Wrong(FormattableString.Invariant($"must be a whole number from {min} to {max}, but is {Kind()}"));

    public int IntOr(int fallback, int min, int max) => IsNull ? fallback : Int(min, max);

    public double Double(double min, double max) =>
        Element.ValueKind == JsonValueKind.Number && Element.TryGetDouble(out var number) && double.IsFinite(number) && number >= min && number <= max
            ? number
            : throw Wrong(FormattableString.Invariant($"must be a number from {min} to {max}, but is {Kind()}"));

    public double DoubleOr(double fallback, double min, double max) => IsNull ? fallback : Double(min, max);

    public IEnumerable<JsonPart> Items(int max)
    {
        if (Element.ValueKind != JsonValueKind.Array)
        {
            throw Wrong("must be an array, but is " + Kind());
        }

        if (Element.GetArrayLength() > max)
        {
            throw Wrong(FormattableString.Invariant($"has {Element.GetArrayLength()} items; at most {max} are allowed"));
        }

        return Each(this);

        static IEnumerable<JsonPart> Each(JsonPart array)
        {
            var index = 0;
            foreach (var item in array.Element.EnumerateArray())
            {
                yield return new JsonPart(item, FormattableString.Invariant($"{array.Path}[{index++}]"));
            }
        }
    }

    public string Kind() => Element.ValueKind switch
    {
        JsonValueKind.Undefined => "missing",
        JsonValueKind.Null => "null",
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "an array",
        JsonValueKind.True or JsonValueKind.False => "true or false",
        _ when Element.GetRawText() is { } raw => raw.Length > 40 ? raw[..40] + "..." : raw,
        _ => "something else",
    };

    // A string may hold half a surrogate pair, which no text can.
    private string Unescaped()
    {
        try
        {
            return Element.GetString()!;
        }
        catch (InvalidOperationException e)
        {
            throw new InvalidDataException($"{Path} is not valid Unicode: {e.Message}", e);
        }
    }

    private string Join(string name) => Path.EndsWith(".json", StringComparison.Ordinal) ? $"{Path}: {name}" : $"{Path}.{name}";
}
