using RroDashboard.Core.Preferences;
using RroDashboard.Core.Rewards;
using RroDashboard.Training.Tokenizer;

namespace RroDashboard.Training;

/// <summary>
/// Makes pairs for training out of texts that a run did not sample, with the run's own vocabulary. A word that the policy has no token for is
/// refused: it would be spelled in bytes that the policy has hardly ever seen, and nobody would notice.
/// </summary>
/// <remarks>A published checkpoint spells every word, so there nothing is refused for its words; they are put into its chat template as they stand.</remarks>
public sealed class PairEncoder
{
    private readonly WordTokenizer? _words;
    private readonly ReActDialogue? _react;
    private readonly int _size;
    private readonly int _context;

    /// <summary>For a model from scratch.</summary>
    /// <param name="tokenizer">Of the run.</param>
    /// <param name="context">Longest sequence of the policy, tokens.</param>
    public PairEncoder(WordTokenizer tokenizer, int context)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        (_words, _size, _context) = (tokenizer, tokenizer.Size, context);
    }

    /// <summary>For a published checkpoint.</summary>
    /// <param name="dialogue">Its template and tokenizer.</param>
    /// <param name="size">Number of its tokens.</param>
    /// <param name="context">Longest sequence of the policy, tokens.</param>
    public PairEncoder(ReActDialogue dialogue, int size, int context)
    {
        ArgumentNullException.ThrowIfNull(dialogue);
        (_react, _size, _context) = (dialogue, size, context);
    }

    // Without _react there are words.
    private WordTokenizer Vocabulary => _words!;

    /// <summary>A pair of a file. Its values are unknown, and the pair says so.</summary>
    /// <exception cref="PairSetException">A word is unknown, a token id is none of the vocabulary, or it is too long.</exception>
    public PreferencePair Encode(TrlPair pair)
    {
        ArgumentNullException.ThrowIfNull(pair);
        var (history, chosen, rejected) = pair is { PromptIds: { } prompt, ChosenIds: { } better, RejectedIds: { } worse }
            ? (Known(prompt, "prompt_ids"), Known(better, "chosen_ids"), Known(worse, "rejected_ids"))
            : (History(pair.Prompt), Action(pair.Chosen, "chosen"), Action(pair.Rejected, "rejected"));
        if (chosen.SequenceEqual(rejected))
        {
            throw new PairSetException("both sides have the same tokens, so there is nothing to prefer.");
        }

        var unknown = Estimate.Final(0);
        return Checked(new PreferencePair(-1, 0, _react?.Text(history) ?? Vocabulary.Decode(history), Text(chosen), Text(rejected), unknown, unknown, history, chosen, rejected)
        {
            Unvalued = true,
            Weight = pair.Weight == 1 ? null : pair.Weight,
            Words = _react is null ? null : new PairWords(pair.Prompt, pair.Chosen, pair.Rejected),
        });
    }

    /// <summary>A pair that was recorded in words: what its sides are worth stays, tokens come from the words, or are those that the server gave.</summary>
    /// <exception cref="PairSetException">It does not fit this vocabulary.</exception>
    public PreferencePair Encode(PreferencePair pair)
    {
        ArgumentNullException.ThrowIfNull(pair);
        if (pair.Words is not { } words)
        {
            return pair;
        }

        var exact = pair.ChosenTokens.Count > 0;
        var encoded = Encode(new TrlPair(words.Prompt, words.Chosen, words.Rejected, exact ? pair.HistoryTokens : null, exact ? pair.ChosenTokens : null, exact ? pair.RejectedTokens : null, pair.Weight ?? 1));
        return pair with { HistoryTokens = encoded.HistoryTokens, ChosenTokens = encoded.ChosenTokens, RejectedTokens = encoded.RejectedTokens };
    }

    /// <summary>An action that a person wrote, against the one that was chosen before, at the same step.</summary>
    /// <param name="before">The pair whose step it is, as it is trained on.</param>
    /// <param name="action">What the person wrote.</param>
    /// <param name="value">What it is worth; null where it was not valued.</param>
    /// <exception cref="PairSetException">A word is unknown, it is the same action, or it is too long.</exception>
    public PreferencePair Better(PreferencePair before, string action, Estimate? value)
    {
        ArgumentNullException.ThrowIfNull(before);
        var tokens = Action(action, "better action");
        return tokens.SequenceEqual(before.ChosenTokens)
            ? throw new PairSetException("the better action is the one that is chosen already.")
            : Checked(before with
            {
                Chosen = Text(tokens),
                ChosenTokens = tokens,
                ChosenValue = value ?? Estimate.Final(0),
                Rejected = before.Chosen,
                RejectedTokens = before.ChosenTokens,
                RejectedValue = value is null ? Estimate.Final(0) : before.ChosenValue,
                Unvalued = value is null || before.Unvalued,
                ShrunkGap = null,
                Weight = null,
                Words = null,
            });
    }

    private int[] History(IReadOnlyList<TrlTurn> turns)
    {
        if (_react is not null)
        {
            return _react.Conversation(turns);
        }

        var ids = new List<int>();
        foreach (var turn in turns)
        {
            Refuse(turn.Content, "prompt");
            if (turn.Role == "user")
            {
                ids.Add(ids.Count == 0 ? WordTokenizer.Bos : WordTokenizer.Obs);
                Vocabulary.Encode(" " + turn.Content, ids);
                ids.Add(WordTokenizer.Act);
            }
            else
            {
                Vocabulary.Encode(" " + turn.Content, ids);
            }
        }

        return [.. ids];
    }

    private int[] Action(string text, string what)
    {
        Refuse(text, what);
        return _react?.Said(text) ?? Vocabulary.Encode(" " + text);
    }

    private void Refuse(string text, string what)
    {
        if (_words?.FirstUnknown(" " + text) is { } word)
        {
            throw new PairSetException($"the word '{word}' of the {what} is not in the run's vocabulary of {_size} tokens.");
        }
    }

    private int[] Known(IReadOnlyList<int> ids, string what) => ids.FirstOrDefault(id => id >= _size, -1) is var wrong and >= 0
        ? throw new PairSetException($"'{what}' holds {wrong}, and the run's vocabulary ends at {_size - 1}.")
        : [.. ids];

    private string Text(int[] tokens) => _react?.ActionText(tokens) ?? Vocabulary.Decode(tokens).TrimStart(' ');

    private PreferencePair Checked(PreferencePair pair)
    {
        var length = pair.HistoryTokens.Count + Math.Max(pair.ChosenTokens.Count, pair.RejectedTokens.Count);
        return length <= _context ? pair : throw new PairSetException($"it has {length} tokens, and the policy reads at most {_context} (Model.Context).");
    }
}
