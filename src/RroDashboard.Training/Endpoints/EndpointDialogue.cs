using System.Runtime.CompilerServices;
using RroDashboard.Core.Preferences;
using RroDashboard.Environments;
using RroDashboard.Training.Sampling;
using RroDashboard.Training.Templates;

namespace RroDashboard.Training.Endpoints;

/// <summary>
/// An episode as a conversation with a model behind an endpoint, in the words of <see cref="ReActDialogue"/>. Walks are written in ids as everywhere,
/// but here an id stands for a whole turn: which tokens it has is the server's business. Pairs are recorded in words, and with token ids where the
/// server offered them. Used on one thread.
/// </summary>
public sealed class EndpointDialogue : Dialogue
{
    /// <summary>Longest observation that is sent, characters; a longer one loses its middle, and says so. About 2,000 tokens.</summary>
    public const int MostObservation = 8000;

    /// <summary>Characters of all different turns together: half of a gigabyte of text is more than an exploration by requests comes to.</summary>
    public const long MostCharacters = 1L << 28;

    private readonly string _how;
    private readonly string _environmentEnd;
    private readonly Dictionary<Turn, int> _ids = [];
    private readonly List<Turn> _turns = [];
    private readonly ConditionalWeakTable<History, IReadOnlyList<int>> _prompts = [];
    private long _characters;

    /// <summary>Dialogue of one environment.</summary>
    /// <param name="environment">Where the agent acts.</param>
    /// <param name="maxTokens">Longest answer.</param>
    public EndpointDialogue(IAgentEnvironment environment, int maxTokens)
        : base(maxTokens)
    {
        ArgumentNullException.ThrowIfNull(environment);
        (_how, _environmentEnd) = (ReActDialogue.Instruction(environment), environment.ActionEnd);
    }

    /// <summary>Observations that lost their middle so far.</summary>
    public int CutObservations { get; private set; }

    /// <inheritdoc/>
    public override int[] End => [];

    /// <inheritdoc/>
    public override int[] Start(string instruction) => [IdOf(new Turn("user", _how + instruction))];

    /// <inheritdoc/>
    public override int[] Answer(string observation)
    {
        ArgumentNullException.ThrowIfNull(observation);
        if (observation.Length > MostObservation)
        {
            var kept = MostObservation / 2;
            observation = FormattableString.Invariant($"{observation[..kept]} [... {observation.Length - (2 * kept)} characters, middle left out ...] {observation[^kept..]}");
            CutObservations++;
        }

        return [IdOf(new Turn("user", observation))];
    }

    /// <inheritdoc/>
    public override int[] Action(string action) => [IdOf(new Turn("assistant", "Action: " + action))];

    /// <inheritdoc/>
    public override int[] Opening(string opening) => throw new NotSupportedException("An endpoint is not masked.");

    /// <inheritdoc/>
    public override string ActionText(ReadOnlySpan<int> tokens) => ReActDialogue.ActionIn(_turns[tokens[0]].Text, _environmentEnd);

    /// <inheritdoc/>
    public override string Text(ReadOnlySpan<int> tokens)
    {
        var text = new System.Text.StringBuilder();
        foreach (var id in tokens)
        {
            text.Append(_turns[id].Role).Append(": ").Append(_turns[id].Text).Append('\n');
        }

        return text.ToString();
    }

    /// <inheritdoc/>
    public override int Count(int[] action)
    {
        ArgumentNullException.ThrowIfNull(action);
        return action.Sum(id => _turns[id].Written);
    }

    /// <summary>The conversation so far.</summary>
    internal ChatMessage[] Messages(History history) => [.. history.ToArray().Select(id => new ChatMessage(_turns[id].Role, _turns[id].Text))];

    /// <summary>What the model said after a history.</summary>
    internal int Said(History history, EndpointAnswer answer)
    {
        if (answer.PromptIds is { } prompt)
        {
            _prompts.TryAdd(history, prompt);
        }

        return IdOf(new Turn("assistant", answer.Text) { Written = answer.Written, TokenIds = answer.TokenIds is { } ids ? new TokenIds(ids) : null });
    }

    internal override PreferencePair Recorded(PreferencePair pair, History history)
    {
        var (chosen, rejected) = (_turns[pair.ChosenTokens[0]], _turns[pair.RejectedTokens[0]]);
        var words = new PairWords([.. pair.HistoryTokens.Select(id => new TrlTurn(_turns[id].Role, _turns[id].Text))], chosen.Text, rejected.Text);
        return _prompts.TryGetValue(history, out var prompt) && chosen.TokenIds is { } better && rejected.TokenIds is { } worse
            ? pair with { Words = words, HistoryTokens = prompt, ChosenTokens = better.Ids, RejectedTokens = worse.Ids }
            : pair with { Words = words, HistoryTokens = [], ChosenTokens = [], RejectedTokens = [] };
    }

    private int IdOf(Turn turn)
    {
        if (_ids.TryGetValue(turn, out var known))
        {
            return known;
        }

        _characters += turn.Text.Length;
        if (_characters > MostCharacters)
        {
            throw new InvalidOperationException($"The turns of this exploration have more than {MostCharacters} characters, which is all that is kept: explore fewer tasks in one run.");
        }

        _turns.Add(turn);
        _ids.Add(turn, _turns.Count - 1);
        return _turns.Count - 1;
    }

    private sealed record Turn(string Role, string Text)
    {
        /// <summary>Tokens, by the server's count.</summary>
        public int Written { get; init; }

        public TokenIds? TokenIds { get; init; }
    }

    // A list that is equal where its numbers are.
    private sealed class TokenIds(IReadOnlyList<int> ids) : IEquatable<TokenIds>
    {
        public IReadOnlyList<int> Ids => ids;

        public bool Equals(TokenIds? other) => other is not null && ids.SequenceEqual(other.Ids);

        public override bool Equals(object? obj) => Equals(obj as TokenIds);

        public override int GetHashCode()
        {
            var hash = default(HashCode);
            foreach (var id in ids)
            {
                hash.Add(id);
            }

            return hash.ToHashCode();
        }
    }
}
