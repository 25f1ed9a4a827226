using System.Text;
using RroDashboard.Core.Preferences;
using RroDashboard.Environments;
using RroDashboard.Training.Templates;
using RroDashboard.Training.Tokenizer.Bpe;

namespace RroDashboard.Training;

/// <summary>
/// How an episode is written for a published checkpoint, as ReAct (Yao et al., 2023): the task is the first thing that the user says, each
/// answer is an optional line "Thought: ..." and a line "Action: ...", each observation is what the user says next. Turns are marked as the
/// checkpoint's chat template has it; a checkpoint without one gets plain lines.
/// </summary>
/// <remarks>
/// What others wrote, the task and the observations, is encoded as text throughout: the spelling of a control token in it is no control
/// token. Of a task nothing is ever left out: one that does not fit is an error. An observation that is too long loses its middle, and says so.
/// </remarks>
public sealed class ReActDialogue : Dialogue
{
    /// <summary>Share of the context that the beginning up to the first action may take.</summary>
    public const double MostForTask = 0.5;

    /// <summary>Share of the context that one observation may take.</summary>
    public const double MostForObservation = 0.25;

    /// <summary>Tokens that one word of an action may need in a vocabulary of word pieces.</summary>
    public const int TokensPerWord = 4;

    /// <summary>Room for a thought and the word "Action:", tokens.</summary>
    public const int ThoughtTokens = 40;

    /// <summary>The same where demonstrations think: GPT-4's thoughts in InterCode's logs have 20 to 60 words.</summary>
    public const int TaughtThoughtTokens = 120;

    private const string ActionMark = "Action:";
    private const string Probe1 = "\uE000task\uE001", Probe2 = "\uE002answer\uE003", Probe3 = "\uE004observation\uE005";

    private readonly BpeTokenizer _tokenizer;
    private readonly int _context;
    private readonly string _environmentEnd;
    private readonly string _how;
    private readonly int[] _beforeTask, _afterTask, _beforeObservation, _afterObservation;

    /// <summary>Dialogue of one environment with one checkpoint.</summary>
    /// <param name="tokenizer">The checkpoint's.</param>
    /// <param name="chat">Its template and special tokens.</param>
    /// <param name="endTokens">Tokens that end a sequence, by its configuration.</param>
    /// <param name="environment">Where the agent acts.</param>
    /// <param name="context">Longest sequence.</param>
    /// <param name="thoughtTokens">Room for a thought.</param>
    /// <exception cref="InvalidDataException">The template leaves no token that ends an answer, or there is none.</exception>
    /// <exception cref="TemplateException">The template refuses a plain conversation.</exception>
    public ReActDialogue(BpeTokenizer tokenizer, (ChatTemplate? Template, string BosToken, string EosToken) chat, IReadOnlyList<int> endTokens, IAgentEnvironment environment, int context, int thoughtTokens = ThoughtTokens)
        : base((TokensPerWord * (environment ?? throw new ArgumentNullException(nameof(environment))).MaxActionTokens) + thoughtTokens)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(endTokens);
        (_tokenizer, _context, _environmentEnd) = (tokenizer, context, environment.ActionEnd);
        _how = Instruction(environment);
        if (chat.Template is { } template)
        {
            (_beforeTask, _afterTask, ActionEnd, _beforeObservation, _afterObservation) = OfTemplate(template, chat.BosToken, chat.EosToken);
        }
        else
        {
            // Plain lines: an answer is one line, unless the checkpoint has a token that ends sequences.
            ActionEnd = endTokens.FirstOrDefault(-1) is >= 0 and var end && end < tokenizer.Size ? end
                : tokenizer.Encode("\n") is [var line] ? line : throw new InvalidDataException("The checkpoint has neither a chat template nor a token that ends a sequence.");
            _beforeTask = tokenizer.Encode("", addSpecial: true);
            (_afterTask, _beforeObservation, _afterObservation) = (tokenizer.Encode("\n"), tokenizer.Encode("\nObservation: "), tokenizer.Encode("\n"));
        }

        var text = Enumerable.Range(0, tokenizer.Size).Where(IsFree).ToArray();
        (FreeIds, FreeOrEndIds) = (text, [.. text.Append(ActionEnd).Distinct().Order()]);
    }

    /// <summary>Thoughts of demonstrations that were left out, because an answer with them would be longer than one may be.</summary>
    public int LeftOutThoughts { get; private set; }

    /// <summary>Observations that lost their middle so far.</summary>
    public int CutObservations { get; private set; }

    /// <inheritdoc/>
    public override int[] End => [];

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">The task does not fit.</exception>
    public override int[] Start(string instruction)
    {
        int[] ids = [.. _beforeTask, .. _tokenizer.Encode(_how + instruction, readAdded: false), .. _afterTask];
        var most = (int)(MostForTask * _context);
        return ids.Length <= most
            ? ids
            : throw new InvalidOperationException($"A task takes {ids.Length} tokens before its first action, and at most {most}, half of Model.Context = {_context}, are allowed: nothing of a task is left out, so raise Model.Context.");
    }

    /// <inheritdoc/>
    public override int[] Answer(string observation)
    {
        var ids = _tokenizer.Encode(observation, readAdded: false);
        var most = Math.Max(8, (int)(MostForObservation * _context) - _beforeObservation.Length - _afterObservation.Length);
        if (ids.Length > most)
        {
            var mark = _tokenizer.Encode(FormattableString.Invariant($" [... {ids.Length} tokens, middle left out ...] "), readAdded: false);
            var kept = Math.Max(2, most - mark.Length);
            // The beginning says what page it is, the end what can be done: of both a half.
            ids = [.. ids[..((kept + 1) / 2)], .. mark, .. ids[^(kept / 2)..]];
            CutObservations++;
        }

        return [.. _beforeObservation, .. ids, .. _afterObservation];
    }

    /// <inheritdoc/>
    public override int[] Action(string action) => [.. Opening(action), ActionEnd];

    private protected override int[] Answered(string thought, string action)
    {
        if (thought.Length == 0)
        {
            return Action(action);
        }

        int[] answer = [.. _tokenizer.Encode($"Thought: {thought}\n{ActionMark} {action}", readAdded: false), ActionEnd];
        if (answer.Length <= MaxActionTokens)
        {
            return answer;
        }

        LeftOutThoughts++;
        return Action(action);
    }

    /// <inheritdoc/>
    public override int[] Opening(string opening) => _tokenizer.Encode($"{ActionMark} {opening}", readAdded: false);

    /// <inheritdoc/>
    public override string ActionText(ReadOnlySpan<int> tokens)
    {
        var action = ActionIn(_tokenizer.Decode(tokens, skipSpecial: true), _environmentEnd);
        // Under an action mask the end of the answer stands for the end of the action.
        return action.Contains('[', StringComparison.Ordinal) && !action.EndsWith(_environmentEnd, StringComparison.Ordinal) ? $"{action} {_environmentEnd}" : action;
    }

    /// <summary>Tokens of a conversation up to the next answer: as it stands, word by word, in the checkpoint's template. Only observations that are too long are cut.</summary>
    /// <param name="turns">The user's first and last; the first one holds the task with everything that is said before it.</param>
    internal int[] Conversation(IReadOnlyList<TrlTurn> turns)
    {
        var ids = new List<int>([.. _beforeTask, .. _tokenizer.Encode(turns[0].Content, readAdded: false), .. _afterTask]);
        foreach (var turn in turns.Skip(1))
        {
            ids.AddRange(turn.Role == "assistant" ? Said(turn.Content) : Answer(turn.Content));
        }

        return [.. ids];
    }

    /// <summary>The turns of a history, as <see cref="Conversation"/> would write them; null where its tokens do not say where a turn ends.</summary>
    internal IReadOnlyList<TrlTurn>? Turns(ReadOnlySpan<int> ids)
    {
        // Only control tokens cannot stand in what was said.
        if (!_afterTask.Any(_tokenizer.IsSpecial) || !_afterObservation.Any(_tokenizer.IsSpecial) || !ids.StartsWith(_beforeTask) || ids[_beforeTask.Length..].IndexOf(_afterTask) is not (>= 0 and var task))
        {
            return null;
        }

        var turns = new List<TrlTurn> { new("user", _tokenizer.Decode(ids.Slice(_beforeTask.Length, task))) };
        var rest = ids[(_beforeTask.Length + task + _afterTask.Length)..];
        while (rest.Length > 0)
        {
            // An answer that was cut has no end, and then no observation begins after what looks like one.
            if (rest.IndexOf(ActionEnd) is not (>= 0 and var end) || !rest[(end + 1)..].StartsWith(_beforeObservation))
            {
                return null;
            }

            turns.Add(new TrlTurn("assistant", _tokenizer.Decode(rest[..end])));
            rest = rest[(end + 1 + _beforeObservation.Length)..];
            if (rest.IndexOf(_afterObservation) is not (>= 0 and var observation))
            {
                return null;
            }

            turns.Add(new TrlTurn("user", _tokenizer.Decode(rest[..observation])));
            rest = rest[(observation + _afterObservation.Length)..];
        }

        return turns;
    }

    /// <summary>With the conversation that it is, for whoever trains on it elsewhere: with a template of their own.</summary>
    internal override PreferencePair Recorded(PreferencePair pair, Sampling.History history)
    {
        return Turns([.. pair.HistoryTokens]) is { } turns ? pair with { Words = new PairWords(turns, Side(pair.ChosenTokens), Side(pair.RejectedTokens)) } : pair;

        string Side(IReadOnlyList<int> tokens) => _tokenizer.Decode([.. tokens.Count > 0 && tokens[^1] == ActionEnd ? tokens.SkipLast(1) : tokens]);
    }

    /// <summary>Tokens of a whole answer with its end.</summary>
    internal int[] Said(string answer) => [.. _tokenizer.Encode(answer, readAdded: false), ActionEnd];

    /// <summary>What is said before a task.</summary>
    public static string Instruction(IAgentEnvironment environment)
    {
        ArgumentNullException.ThrowIfNull(environment);
        var frames = environment.ControlWords.Where(w => w.EndsWith('[')).Select(w => w + " ... " + environment.ActionEnd).ToList();
        return "Do the task step by step. Each answer ends with one action, after a thought if you like:\nThought: why\nAction: the action\n"
            + (frames.Count > 0 ? $"An action is written {string.Join(" or ", frames)}.\n" : "") + "Task: ";
    }

    /// <summary>The action in an answer: what follows the last "Action:", to the end of its line where it ends there; the whole answer where there is none.</summary>
    public static string ActionIn(string answer, string environmentEnd)
    {
        ArgumentNullException.ThrowIfNull(answer);
        ArgumentNullException.ThrowIfNull(environmentEnd);
        var text = answer.Trim();
        var mark = text.LastIndexOf(ActionMark, StringComparison.Ordinal);
        var action = (mark < 0 ? text : text[(mark + ActionMark.Length)..]).Trim();
        // What a model goes on to say after its action is none of it; an action of several lines ends in its last.
        var line = action.Split('\n')[0].TrimEnd();
        return mark >= 0 && line.EndsWith(environmentEnd, StringComparison.Ordinal) ? line : action;
    }

    /// <inheritdoc/>
    public override string Text(ReadOnlySpan<int> tokens) => _tokenizer.Decode(tokens);

    internal override bool IsBlank(int token) => string.IsNullOrWhiteSpace(_tokenizer.Show(token));

    // Whole characters that neither open nor close an action and stay in their line.
    private bool IsFree(int id)
    {
        if (_tokenizer.Token(id) is null || _tokenizer.IsMark(id))
        {
            return false;
        }

        try
        {
            var text = s_strict.GetString(_tokenizer.Bytes(id));
            return text.Length > 0 && !text.Any(c => char.IsControl(c) || c is '[' or ']');
        }
        catch (DecoderFallbackException)
        {
            return false;
        }
    }

    private static readonly UTF8Encoding s_strict = new(false, throwOnInvalidBytes: true);

    // Where a template puts the task, the answer and the observation, found by rendering marks that no text holds.
    private (int[] BeforeTask, int[] AfterTask, int ActionEnd, int[] BeforeObservation, int[] AfterObservation) OfTemplate(ChatTemplate template, string bos, string eos)
    {
        var text = template.Render([new ChatMessage("user", Probe1), new ChatMessage("assistant", Probe2), new ChatMessage("user", Probe3)], addGenerationPrompt: true, bos, eos);
        var first = template.Render([new ChatMessage("user", Probe1)], addGenerationPrompt: true, bos, eos);
        var (before, after) = Around(first, Probe1);
        var (_, rest) = Around(text, Probe2);
        var (between, last) = Around(rest, Probe3);
        // The answer ends with the first control token after it; what a template puts before that token is not waited for.
        var ids = _tokenizer.Encode(between);
        var end = Array.FindIndex(ids, _tokenizer.IsSpecial);
        return end >= 0
            ? (_tokenizer.Encode(before), _tokenizer.Encode(after), ids[end], ids[(end + 1)..], _tokenizer.Encode(last))
            : throw new InvalidDataException("The checkpoint's chat template puts no control token after an answer, so nothing would end one.");
    }

    private static (string Before, string After) Around(string text, string probe)
    {
        var at = text.IndexOf(probe, StringComparison.Ordinal);
        return at >= 0
            ? (text[..at], text[(at + probe.Length)..])
            : throw new InvalidDataException("The checkpoint's chat template does not write out what the user or the assistant says.");
    }
}
