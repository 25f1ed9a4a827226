using RroDashboard.Core.Preferences;
using RroDashboard.Environments;
using RroDashboard.Training.Tokenizer;

namespace RroDashboard.Training;

/// <summary>
/// How an episode is written as tokens: <c>&lt;bos&gt; instruction &lt;act&gt; ACTION &lt;obs&gt; OBSERVATION &lt;act&gt; ... &lt;eos&gt;</c>.
/// The policy writes only the actions. Every text is encoded with a blank before it, so that a word is one token wherever it stands.
/// </summary>
public class Dialogue
{
    private readonly WordTokenizer? _words;

    /// <summary>For dialogues that write otherwise.</summary>
    /// <param name="maxActionTokens">Longest action.</param>
    protected Dialogue(int maxActionTokens) => (MaxActionTokens, FreeIds, FreeOrEndIds, ExchangeableWords) = (maxActionTokens, [], [], []);

    /// <summary>Dialogue of one environment in one vocabulary.</summary>
    public Dialogue(WordTokenizer tokenizer, IAgentEnvironment environment)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(environment);
        (_words, MaxActionTokens) = (tokenizer, environment.MaxActionTokens);
        var end = tokenizer.Encode(" " + environment.ActionEnd);
        ActionEnd = end.Length == 1
            ? end[0]
            : throw new InvalidOperationException($"The word '{environment.ActionEnd}' that ends an action is not in the vocabulary: no demonstration contains it.");
        FreeIds = [.. Enumerable.Range(0, tokenizer.Size).Where(id =>
            tokenizer.IsText(id) && !environment.ControlWords.Contains(tokenizer.Show(id).TrimStart(' '), StringComparer.Ordinal))];
        var things = FreeIds.Where(id => tokenizer.Show(id).TrimStart(' ') is { Length: > 1 } word
            && char.IsLetterOrDigit(word[0]) && !environment.TemplateWords.Contains(word, StringComparer.Ordinal)).ToList();
        ExchangeableWords = [.. things.GroupBy(id => tokenizer.Show(id)[0] == ' ').OrderBy(g => g.Key).Select(g => g.ToArray())];
        FreeOrEndIds = [.. FreeIds.Append(ActionEnd).Order()];
    }

    /// <summary>Token that ends an action.</summary>
    public int ActionEnd { get; protected init; }

    /// <summary>Longest action, tokens; sampling is cut there, and the action is then invalid.</summary>
    public int MaxActionTokens { get; }

    /// <summary>Tokens after the last action of an episode.</summary>
    public virtual int[] End => [WordTokenizer.Eos];

    /// <summary>Tokens that may stand where an action has free words, ascending: text, but no control word of the environment.</summary>
    internal int[] FreeIds { get; private protected init; }

    /// <summary>
    /// Words and pieces of two characters or more that stand for things, not for structure: those with a blank before them, and those
    /// without. Within each of the two, vocabulary permutation may exchange them.
    /// </summary>
    public IReadOnlyList<IReadOnlyList<int>> ExchangeableWords { get; }

    internal virtual bool IsBlank(int token) => Words.IsBlank(token);

    /// <summary>The same and the token that ends an action.</summary>
    internal int[] FreeOrEndIds { get; private protected init; }

    /// <summary>Tokens up to the first action.</summary>
    public virtual int[] Start(string instruction)
    {
        var ids = new List<int> { WordTokenizer.Bos };
        Words.Encode(" " + instruction, ids);
        ids.Add(WordTokenizer.Act);
        return [.. ids];
    }

    /// <summary>Tokens between an action and the next one.</summary>
    public virtual int[] Answer(string observation)
    {
        var ids = new List<int> { WordTokenizer.Obs };
        Words.Encode(" " + observation, ids);
        ids.Add(WordTokenizer.Act);
        return [.. ids];
    }

    /// <summary>Tokens of an action that a person or a script wrote.</summary>
    public virtual int[] Action(string action) => Words.Encode(" " + action);

    /// <summary>Tokens of an action with what was thought before it; a dialogue of words alone has no place for thoughts.</summary>
    private protected virtual int[] Answered(string thought, string action) => Action(action);

    /// <summary>Tokens of the beginning of an action that free words follow.</summary>
    public virtual int[] Opening(string opening) => Action(opening);

    /// <summary>Text of sampled action tokens, as the environment reads it.</summary>
    public virtual string ActionText(ReadOnlySpan<int> tokens) => Words.Decode(tokens).TrimStart(' ');

    /// <summary>Text of any tokens, for people.</summary>
    public virtual string Text(ReadOnlySpan<int> tokens) => Words.Decode(tokens);

    /// <summary>How many tokens the policy wrote for an action.</summary>
    public virtual int Count(int[] action) => (action ?? throw new ArgumentNullException(nameof(action))).Length;

    /// <summary>A pair as it is recorded: token ids are the sampled ones, and say everything.</summary>
    /// <param name="pair">Made of the ids of this dialogue.</param>
    /// <param name="history">What both sides follow.</param>
    internal virtual PreferencePair Recorded(PreferencePair pair, Sampling.History history) => pair;

    /// <summary>A whole episode as a training sequence.</summary>
    /// <param name="instruction">What was asked.</param>
    /// <param name="turns">Each action with its observation.</param>
    /// <param name="thoughts">What was thought before each action; null or empty for nothing.</param>
    public (int[] Tokens, bool[] Written) Episode(string instruction, IReadOnlyList<(string Action, string Observation)> turns, IReadOnlyList<string>? thoughts = null)
    {
        ArgumentNullException.ThrowIfNull(turns);
        var tokens = new List<int>(Start(instruction));
        var written = new List<bool>(Enumerable.Repeat(false, tokens.Count));
        for (var i = 0; i < turns.Count; i++)
        {
            var action = Answered(thoughts is not null && i < thoughts.Count ? thoughts[i] : "", turns[i].Action);
            tokens.AddRange(action);
            written.AddRange(Enumerable.Repeat(true, action.Length));
            var after = i == turns.Count - 1 ? End : Answer(turns[i].Observation);
            tokens.AddRange(after);
            written.AddRange(Enumerable.Repeat(false, after.Length));
        }

        return ([.. tokens], [.. written]);
    }

    private WordTokenizer Words => _words ?? throw new NotSupportedException("This dialogue is not written in words.");
}
