using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace RroDashboard.Core.Preferences;

/// <summary>One turn of a conversation as TRL reads it.</summary>
/// <param name="Role">"user" or "assistant".</param>
/// <param name="Content">Its text.</param>
public sealed record TrlTurn([property: JsonPropertyName("role")] string Role, [property: JsonPropertyName("content")] string Content);

/// <summary>
/// Writes preference pairs as TRL's trainers read them: conversational, with an explicit prompt, one JSON object a line.
/// The instruction and every observation are the user's, the actions the assistant's.
/// </summary>
public static class TrlLines
{
    // Readable: the file is data, not part of a page.
    private static readonly JsonSerializerOptions s_line = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly JsonSerializerOptions s_pretty = new(s_line) { WriteIndented = true };

    private sealed record Line(
        [property: JsonPropertyName("prompt")] IReadOnlyList<TrlTurn> Prompt,
        [property: JsonPropertyName("chosen")] IReadOnlyList<TrlTurn> Chosen,
        [property: JsonPropertyName("rejected")] IReadOnlyList<TrlTurn> Rejected)
    {
        // Only where exact tokens were asked for; trainers pass over what they do not know.
        [JsonPropertyName("prompt_ids"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
        public IReadOnlyList<int>? PromptIds { get; init; }

        [JsonPropertyName("chosen_ids"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
        public IReadOnlyList<int>? ChosenIds { get; init; }

        [JsonPropertyName("rejected_ids"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
        public IReadOnlyList<int>? RejectedIds { get; init; }

        [JsonPropertyName("weight"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
        public double? Weight { get; init; }
    }

    /// <summary>A pair as one line, without the line end.</summary>
    /// <param name="pair">Which.</param>
    /// <param name="markers">
    /// Control tokens of its history in order, as they are spelled ("&lt;bos&gt;", "&lt;act&gt;", "&lt;obs&gt;"). They are held against the text, so
    /// that a marker that the agent or the environment wrote itself is not taken for a turn.
    /// </param>
    /// <param name="exact">With the token ids of all three parts and the pair's weight, so that nothing has to be tokenised again.</param>
    public static string Of(PreferencePair pair, IReadOnlyList<string> markers, bool exact = false)
    {
        ArgumentNullException.ThrowIfNull(pair);
        var line = LineOf(pair, markers);
        // A pair in words alone has no ids to write.
        return JsonSerializer.Serialize(exact && pair.ChosenTokens.Count > 0 ? line with { PromptIds = pair.HistoryTokens, ChosenIds = pair.ChosenTokens, RejectedIds = pair.RejectedTokens, Weight = pair.Weight } : exact ? line with { Weight = pair.Weight } : line, s_line);
    }

    /// <summary>The same over several lines, for people.</summary>
    public static string Pretty(PreferencePair pair, IReadOnlyList<string> markers) => JsonSerializer.Serialize(LineOf(pair, markers), s_pretty);

    /// <summary>
    /// The turns of a history. One turn of the user with the whole text where the markers in the text are not those that are expected:
    /// then the boundaries are not certain, and a wrong role would be worse than none.
    /// </summary>
    public static IReadOnlyList<TrlTurn> Turns(string history, IReadOnlyList<string> markers)
    {
        ArgumentNullException.ThrowIfNull(history);
        ArgumentNullException.ThrowIfNull(markers);
        var turns = new List<TrlTurn>();
        var at = 0;
        for (var i = 0; i < markers.Count; i++)
        {
            if (!history.AsSpan(at).StartsWith(markers[i], StringComparison.Ordinal))
            {
                return [new TrlTurn("user", history)];
            }

            at += markers[i].Length;
            var end = i + 1 == markers.Count ? history.Length : history.IndexOf(markers[i + 1], at, StringComparison.Ordinal);
            if (end < 0)
            {
                return [new TrlTurn("user", history)];
            }

            var text = history[at..end];
            // A marker inside a turn: which of the two is the boundary cannot be told from the text.
            if (markers.Distinct().Any(m => text.Contains(m, StringComparison.Ordinal)))
            {
                return [new TrlTurn("user", history)];
            }

            if (text.Length > 0)
            {
                turns.Add(new TrlTurn(markers[i] == "<act>" ? "assistant" : "user", text.StartsWith(' ') ? text[1..] : text));
            }

            at = end;
        }

        return turns.Count == 0 ? [new TrlTurn("user", history)] : turns;
    }

    private static Line LineOf(PreferencePair pair, IReadOnlyList<string> markers)
    {
        ArgumentNullException.ThrowIfNull(pair);
        return pair.Words is { } words
            ? new Line(words.Prompt, [new TrlTurn("assistant", words.Chosen)], [new TrlTurn("assistant", words.Rejected)])
            : new Line(Turns(pair.History, markers), [new TrlTurn("assistant", pair.Chosen)], [new TrlTurn("assistant", pair.Rejected)]);
    }
}
