using System.Text.Json.Serialization;
using RroDashboard.Core.Rewards;

namespace RroDashboard.Core.Preferences;

/// <summary>
/// A step-level preference (RRO, stage 3): after the same history one action was worth more than another.
/// Token ids are the sampled ones; text is for people and is never tokenised again for training.
/// </summary>
/// <param name="Task">Index of the training task.</param>
/// <param name="Step">0-based step of the walk.</param>
/// <param name="History">Text before the action.</param>
/// <param name="Chosen">Text of the better action.</param>
/// <param name="Rejected">Text of the worse action.</param>
/// <param name="ChosenValue">Its process reward.</param>
/// <param name="RejectedValue">Its process reward.</param>
/// <param name="HistoryTokens">Token ids before the action.</param>
/// <param name="ChosenTokens">Token ids of the better action, end of action included.</param>
/// <param name="RejectedTokens">Token ids of the worse action, end of action included.</param>
/// <param name="ShrunkGap">Chosen minus rejected in shrunk advantage, where the plan shrinks; null where it does not.</param>
public sealed record PreferencePair(
    int Task,
    int Step,
    string History,
    string Chosen,
    string Rejected,
    Estimate ChosenValue,
    Estimate RejectedValue,
    IReadOnlyList<int> HistoryTokens,
    IReadOnlyList<int> ChosenTokens,
    IReadOnlyList<int> RejectedTokens,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? ShrunkGap = null)
{
    /// <summary>Largest weight of a pair in the loss; a weight is above 0.</summary>
    public const double MaxWeight = 100;

    /// <summary>
    /// Chosen mean minus rejected mean, in reward units. Above 0, with two exceptions: where advantages are shrunk a well-known action may
    /// be preferred to one that looks better from fewer returns, and people may prefer the side with the lower process reward.
    /// </summary>
    public double Gap => ChosenValue.Mean - RejectedValue.Mean;

    /// <summary>
    /// Of a pair of whole trajectories: which of <see cref="ChosenTokens"/> the policy wrote, the others being observations. Null for a
    /// step pair, of which all count.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<bool>? ChosenWritten { get; init; }

    /// <summary>The same of <see cref="RejectedTokens"/>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<bool>? RejectedWritten { get; init; }

    /// <summary>What the pair's term in the loss is multiplied by, above 0 and at most <see cref="MaxWeight"/>; null for 1.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Weight { get; init; }

    /// <summary>Nobody measured what the two sides are worth: both values are written as 0 and mean nothing.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Unvalued { get; init; }

    /// <summary>
    /// The pair as the conversation that it was, where the policy holds one: what was said in full, thoughts included. Of a model behind an endpoint token
    /// ids are there only if the server gave them. Null for a model from scratch, whose token ids say it.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public PairWords? Words { get; init; }

    /// <summary>The same pair with its sides exchanged. Each side keeps its value: what was measured stays true whatever people prefer.</summary>
    public PreferencePair Flipped() => this with
    {
        Chosen = Rejected,
        Rejected = Chosen,
        ChosenValue = RejectedValue,
        RejectedValue = ChosenValue,
        ChosenTokens = RejectedTokens,
        RejectedTokens = ChosenTokens,
        ShrunkGap = -ShrunkGap,
        ChosenWritten = RejectedWritten,
        RejectedWritten = ChosenWritten,
        Words = Words is null ? null : Words with { Chosen = Words.Rejected, Rejected = Words.Chosen },
    };

    /// <summary>Tokens of the chosen side that are trained on.</summary>
    [JsonIgnore]
    public int ChosenWrittenCount => ChosenWritten?.Count(w => w) ?? ChosenTokens.Count;

    /// <summary>Tokens of the rejected side that are trained on.</summary>
    [JsonIgnore]
    public int RejectedWrittenCount => RejectedWritten?.Count(w => w) ?? RejectedTokens.Count;
}

/// <summary>A pair in words.</summary>
/// <param name="Prompt">Turns before the action: the user's first.</param>
/// <param name="Chosen">The better answer as it was given.</param>
/// <param name="Rejected">The worse one.</param>
public sealed record PairWords(IReadOnlyList<TrlTurn> Prompt, string Chosen, string Rejected);
