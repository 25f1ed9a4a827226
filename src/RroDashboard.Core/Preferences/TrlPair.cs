using System.Globalization;
using System.Text.Json;

namespace RroDashboard.Core.Preferences;

/// <summary>A preference pair as a line of a TRL file says it, before anything is tokenised.</summary>
/// <param name="Prompt">Turns before the action: the user's first.</param>
/// <param name="Chosen">Text of the better action.</param>
/// <param name="Rejected">Text of the worse action.</param>
/// <param name="PromptIds">Exact tokens, where the line has them.</param>
/// <param name="ChosenIds">Likewise.</param>
/// <param name="RejectedIds">Likewise.</param>
/// <param name="Weight">In the loss; 1 where the line says nothing.</param>
public sealed record TrlPair(
    IReadOnlyList<TrlTurn> Prompt, string Chosen, string Rejected, IReadOnlyList<int>? PromptIds, IReadOnlyList<int>? ChosenIds, IReadOnlyList<int>? RejectedIds, double Weight)
{
    /// <summary>Longest line, characters: no step of a walk comes near.</summary>
    public const int MaxLine = 1_000_000;

    /// <summary>Reads one line: conversational with an explicit prompt, as <see cref="TrlLines"/> writes it. Fields that it does not know are passed over.</summary>
    /// <exception cref="PairSetException">What is wrong, and what is allowed.</exception>
    public static TrlPair Parse(string line)
    {
        ArgumentNullException.ThrowIfNull(line);
        if (line.Length > MaxLine)
        {
            throw new PairSetException($"it has {line.Length} characters, and at most {MaxLine} are allowed.");
        }

        try
        {
            using var document = JsonDocument.Parse(line);
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object)
            {
                throw new PairSetException("it is not a JSON object.");
            }

            var ids = (PromptIds: Ids(root, "prompt_ids"), ChosenIds: Ids(root, "chosen_ids"), RejectedIds: Ids(root, "rejected_ids"));
            if (new[] { ids.PromptIds, ids.ChosenIds, ids.RejectedIds }.Count(i => i is not null) is 1 or 2)
            {
                throw new PairSetException("it has some of prompt_ids, chosen_ids and rejected_ids: exact tokens need all three.");
            }

            // Where the tokens are there, the texts are for people only: whatever a policy wrote comes back.
            var exact = ids.PromptIds is not null;
            var pair = new TrlPair(Turns(root, "prompt", alternating: !exact), Side(root, "chosen", exact), Side(root, "rejected", exact), ids.PromptIds, ids.ChosenIds, ids.RejectedIds, WeightOf(root));
            return pair.Chosen == pair.Rejected && pair.ChosenIds is null
                ? throw new PairSetException("both sides have the same text, so there is nothing to prefer.")
                : pair;
        }
        catch (JsonException e)
        {
            throw new PairSetException($"it is not JSON: {e.Message.Split(" LineNumber", StringSplitOptions.None)[0].TrimEnd('.')}.");
        }
        catch (InvalidOperationException)
        {
            // Half of a surrogate pair, written as an escape: JSON, but no text.
            throw new PairSetException("a text of it is not valid Unicode.");
        }
    }

    private static List<TrlTurn> Turns(JsonElement root, string name, bool alternating)
    {
        if (!root.TryGetProperty(name, out var list) || list.ValueKind != JsonValueKind.Array || list.GetArrayLength() == 0)
        {
            throw new PairSetException($"'{name}' is missing or no list of turns: write [{{\"role\": \"user\", \"content\": \"...\"}}, ...].");
        }

        var turns = new List<TrlTurn>();
        foreach (var turn in list.EnumerateArray())
        {
            if (turn.ValueKind != JsonValueKind.Object || !turn.TryGetProperty("role", out var role) || !turn.TryGetProperty("content", out var content)
                || role.ValueKind != JsonValueKind.String || content.ValueKind != JsonValueKind.String || role.GetString() is not ("user" or "assistant"))
            {
                throw new PairSetException($"a turn of '{name}' has no role \"user\" or \"assistant\" with a text as its content.");
            }

            turns.Add(new TrlTurn(role.GetString()!, content.GetString()!));
        }

        // The user asks and the environment answers in turn with the agent.
        if (alternating && (turns[0].Role != "user" || turns[^1].Role != "user" || turns.Where((t, i) => t.Role != (i % 2 == 0 ? "user" : "assistant")).Any()))
        {
            throw new PairSetException("the turns of 'prompt' do not alternate between user and assistant, beginning and ending with the user.");
        }

        return turns;
    }

    private static string Side(JsonElement root, string name, bool exact)
    {
        var turns = Turns(root, name, alternating: false);
        return turns.Count == 1 && turns[0].Role == "assistant" && (exact || turns[0].Content.Length > 0)
            ? turns[0].Content
            : throw new PairSetException($"'{name}' has to be one turn of the assistant with a text: pairs of single actions are taken, not of whole conversations.");
    }

    private static List<int>? Ids(JsonElement root, string name)
    {
        if (!root.TryGetProperty(name, out var list) || list.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        var ids = new List<int>();
        foreach (var id in list.ValueKind == JsonValueKind.Array ? list.EnumerateArray() : throw new PairSetException($"'{name}' is no list of token ids."))
        {
            ids.Add(id.ValueKind == JsonValueKind.Number && id.TryGetInt32(out var number) && number >= 0 ? number : throw new PairSetException($"'{name}' holds '{id.GetRawText()}', which is no token id."));
        }

        return ids.Count > 0 ? ids : throw new PairSetException($"'{name}' is empty.");
    }

    private static double WeightOf(JsonElement root) => !root.TryGetProperty("weight", out var weight) || weight.ValueKind == JsonValueKind.Null
        ? 1
        : weight.ValueKind == JsonValueKind.Number && weight.GetDouble() is var number and > 0 and <= PreferencePair.MaxWeight
            ? number
            : throw new PairSetException(string.Create(CultureInfo.InvariantCulture, $"'weight' is '{weight.GetRawText()}': it must be a number above 0 and at most {PreferencePair.MaxWeight}."));
}
