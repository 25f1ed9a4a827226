using RroDashboard.Core.Preferences;
using RroDashboard.Core.Rewards;
using RroDashboard.Training.Tokenizer;

namespace RroDashboard.Training;

/// <summary>
/// Makes pairs for training out of texts that a run did not sample, with the run's own vocabulary. A word that the policy has no token for is
/// refused: it would be spelled in bytes that the policy has hardly ever seen, and nobody would notice.
/// </summary>
/// <param name="tokenizer">Of the run.</param>
/// <param name="context">Longest sequence of the policy, tokens.</param>
public sealed class PairEncoder(WordTokenizer tokenizer, int context)
{
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
        return Checked(new PreferencePair(-1, 0, tokenizer.Decode(history), Text(chosen), Text(rejected), unknown, unknown, history, chosen, rejected)
        {
            Unvalued = true,
            Weight = pair.Weight == 1 ? null : pair.Weight,
        });
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
            });
    }

    private int[] History(IReadOnlyList<TrlTurn> turns)
    {
        var ids = new List<int>();
        foreach (var turn in turns)
        {
            Refuse(turn.Content, "prompt");
            if (turn.Role == "user")
            {
                ids.Add(ids.Count == 0 ? WordTokenizer.Bos : WordTokenizer.Obs);
                tokenizer.Encode(" " + turn.Content, ids);
                ids.Add(WordTokenizer.Act);
            }
            else
            {
                tokenizer.Encode(" " + turn.Content, ids);
            }
        }

        return [.. ids];
    }

    private int[] Action(string text, string what)
    {
        Refuse(text, what);
        return tokenizer.Encode(" " + text);
    }

    private void Refuse(string text, string what)
    {
        if (tokenizer.FirstUnknown(" " + text) is { } word)
        {
            throw new PairSetException($"the word '{word}' of the {what} is not in the run's vocabulary of {tokenizer.Size} tokens.");
        }
    }

    private int[] Known(IReadOnlyList<int> ids, string what) => ids.FirstOrDefault(id => id >= tokenizer.Size, -1) is var wrong and >= 0
        ? throw new PairSetException($"'{what}' holds {wrong}, and the run's vocabulary ends at {tokenizer.Size - 1}.")
        : [.. ids];

    private string Text(int[] tokens) => tokenizer.Decode(tokens).TrimStart(' ');

    private PreferencePair Checked(PreferencePair pair)
    {
        var length = pair.HistoryTokens.Count + Math.Max(pair.ChosenTokens.Count, pair.RejectedTokens.Count);
        return length <= context ? pair : throw new PairSetException($"it has {length} tokens, and the policy reads at most {context} (Model.Context).");
    }
}
