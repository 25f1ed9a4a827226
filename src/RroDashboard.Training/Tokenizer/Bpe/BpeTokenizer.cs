using System.Text;
using System.Text.Json;

namespace RroDashboard.Training.Tokenizer.Bpe;

/// <summary>
/// The tokenizer of a published checkpoint, read from its <c>tokenizer.json</c>: byte-level BPE (Llama 3, Qwen, SmolLM2) and
/// SentencePiece-style BPE with byte fallback (Llama 2, Gemma). It follows the published Rust implementation. Not thread-safe: it remembers words.
/// </summary>
/// <remarks>
/// Written here because no package that restores reads these files: Microsoft.ML.Tokenizers has BPE models, but neither the
/// <c>tokenizer.json</c> format nor its normalisers, pattern steps and added tokens.
/// </remarks>
public sealed class BpeTokenizer : ITokenText
{
    private readonly BpeModel _model;
    private readonly Func<string, string> _normalize;
    private readonly Func<IEnumerable<string>, IEnumerable<string>> _cut;
    private readonly AddedTokenFinder _exact = new();
    private readonly AddedTokenFinder _normalized = new();
    private readonly TokenSpelling _spelling;
    private readonly string?[] _tokens;               // by id; null where an id has no token
    private readonly byte[]?[] _bytes;                // UTF-8 of each, filled as needed
    private readonly Dictionary<int, AddedToken> _added = [];
    private readonly int[] _before;                   // what the file puts around a text
    private readonly int[] _after;

    private BpeTokenizer(JsonPart root)
    {
        var steps = TokenizerLimits.Steps;
        _model = BpeModel.Read(root.Member("model"));
        _normalize = Normalizer.Read(root.Maybe("normalizer"), ref steps);
        (steps, var byteLevel) = (TokenizerLimits.Steps, false);
        _cut = PreTokenizer.Read(root.Maybe("pre_tokenizer"), ref steps, ref byteLevel);
        _spelling = TokenSpelling.Read(root.Member("decoder"));
        var added = root.Maybe("added_tokens") is { IsNull: false } list ? list.Items(TokenizerLimits.AddedTokens).Select(ReadAdded).ToList() : [];
        Size = 1 + Math.Max(_model.Vocabulary.Values.DefaultIfEmpty(-1).Max(), added.Select(a => a.Id).DefaultIfEmpty(-1).Max());
        _tokens = new string?[Size];
        _bytes = new byte[]?[Size];
        foreach (var (token, id) in _model.Vocabulary)
        {
            _tokens[id] = _tokens[id] is null ? token : throw root.Member("model").Wrong($"gives the id {id} to two tokens, '{_tokens[id]}' and '{token}'");
        }

        foreach (var token in added)
        {
            if (_tokens[token.Id] is { } other && other != token.Content)
            {
                throw root.Member("added_tokens").Wrong($"gives '{token.Content}' the id {token.Id}, which '{other}' has");
            }

            (_tokens[token.Id], _added[token.Id]) = (token.Content, token);
            if (token.Normalized && !root.Maybe("normalizer").IsNull)
            {
                _normalized.Add(_normalize(token.Content), token);
            }
            else
            {
                _exact.Add(token.Content, token);
            }
        }

        (_before, _after) = ReadTemplate(root.Maybe("post_processor"));
    }

    /// <summary>One more than the highest id. Ids may be unused.</summary>
    public int Size { get; }

    /// <summary>Tokens that are found in the text as they stand, control tokens among them.</summary>
    public IReadOnlyCollection<AddedToken> Added => _added.Values;

    /// <summary>Reads a file.</summary>
    /// <param name="path">A <c>tokenizer.json</c>.</param>
    /// <exception cref="InvalidDataException">Missing, damaged, hostile, or of a kind that is not supported; one sentence.</exception>
    public static BpeTokenizer Load(string path)
    {
        var (document, root) = JsonPart.Open(path, TokenizerLimits.FileBytes);
        using (document)
        {
            return new BpeTokenizer(root);
        }
    }

    /// <summary>Token ids of a text, appended.</summary>
    /// <param name="text">At most <see cref="TokenizerLimits.TextChars"/> characters. Half a surrogate pair is read as U+FFFD.</param>
    /// <param name="target">Ids go to its end.</param>
    /// <param name="readAdded">False: a control token's spelling in the text is plain text. Whoever reads text of others wants that.</param>
    /// <exception cref="InvalidDataException">Too long, or a pattern takes too long.</exception>
    public void Encode(string text, List<int> target, bool readAdded = true)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(target);
        Normalizer.Bounded(text);
        foreach (var (part, token) in readAdded ? _exact.Split(text) : [(text, null)])
        {
            if (token is not null)
            {
                target.Add(token.Id);
                continue;
            }

            var normal = _normalize(part);
            foreach (var (inner, innerToken) in readAdded ? _normalized.Split(normal) : [(normal, null)])
            {
                if (innerToken is not null)
                {
                    target.Add(innerToken.Id);
                    continue;
                }

                foreach (var word in _cut([inner]))
                {
                    _model.Encode(word, target);
                }
            }
        }
    }

    /// <summary>Token ids of a text.</summary>
    /// <param name="text">As for the other overload.</param>
    /// <param name="addSpecial">With what the file puts around every text, such as a beginning-of-sequence token.</param>
    /// <param name="readAdded">As for the other overload.</param>
    public int[] Encode(string text, bool addSpecial = false, bool readAdded = true)
    {
        var ids = new List<int>(addSpecial ? _before : []);
        Encode(text, ids, readAdded);
        ids.AddRange(addSpecial ? _after : []);
        return [.. ids];
    }

    /// <summary>The text of token ids. Bytes that are no UTF-8 become U+FFFD.</summary>
    /// <param name="ids">Ids without a token, those from <see cref="Size"/> on among them, write nothing.</param>
    /// <param name="skipSpecial">Leaves control tokens out.</param>
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecial = false)
    {
        var stream = new StreamingDecoder(this, skipSpecial);
        var text = new StringBuilder();
        foreach (var id in ids)
        {
            text.Append(stream.Push(id));
        }

        return text.Append(stream.End()).ToString();
    }

    /// <summary>Id of a token by its spelling in the file, for example <c>&lt;|im_end|&gt;</c>; null when there is none.</summary>
    public int? Id(string token)
    {
        ArgumentNullException.ThrowIfNull(token);
        return _added.Values.FirstOrDefault(a => a.Content == token)?.Id ?? (_model.Vocabulary.TryGetValue(token, out var id) ? id : null);
    }

    /// <summary>How the file spells a token; null for an id without one.</summary>
    public string? Token(int id) => id >= 0 && id < Size ? _tokens[id] : null;

    /// <summary>The token is a control token.</summary>
    public bool IsSpecial(int id) => _added.TryGetValue(id, out var token) && token.Special;

    /// <inheritdoc/>
    public bool IsMark(int id) => IsSpecial(id);

    /// <inheritdoc/>
    /// <remarks>Part of a character is shown as U+FFFD.</remarks>
    public string Show(int id) => Encoding.UTF8.GetString(Bytes(id));

    string ITokenText.Decode(ReadOnlySpan<int> ids) => Decode(ids);

    internal int StripStart => _spelling.StripStart;

    /// <summary>UTF-8 that a token adds to a text; may be part of a character.</summary>
    internal byte[] Bytes(int id)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(id);
        if (id >= Size)
        {
            // Models have more rows than their tokenizers tokens, so that sizes divide well; a policy may write such an id.
            return [];
        }

        return _bytes[id] ??= _tokens[id] switch
        {
            null => [],
            var token => _spelling.Bytes(token, _added.ContainsKey(id)),
        };
    }

    private static AddedToken ReadAdded(JsonPart part)
    {
        if (part.Maybe("single_word").BoolOr(false))
        {
            throw part.Wrong("asks for single_word, which is not supported");
        }

        var content = Normalizer.Short(part.Member("content"));
        var special = part.Maybe("special").BoolOr(false);
        return content.Length == 0
            ? throw part.Wrong("has no content: it would be found everywhere")
            : new AddedToken(
                part.Member("id").Int(0, TokenizerLimits.Tokens - 1), content, special,
                part.Maybe("normalized").BoolOr(!special), part.Maybe("lstrip").BoolOr(false), part.Maybe("rstrip").BoolOr(false));
    }

    // Of post-processors only the one template of a single text matters here.
    private (int[] Before, int[] After) ReadTemplate(JsonPart part)
    {
        if (part.IsNull)
        {
            return ([], []);
        }

        switch (part.Member("type").Text())
        {
            case "ByteLevel":
                return ([], []);
            case "Sequence":
                var (before, after) = (new List<int>(), new List<int>());
                foreach (var item in part.Member("processors").Items(TokenizerLimits.Steps))
                {
                    // A sequence in a sequence would be read again and again.
                    var inner = item.Member("type").Text() == "Sequence" ? throw item.Wrong("is a sequence within a sequence") : ReadTemplate(item);
                    before.InsertRange(0, inner.Before);
                    after.AddRange(inner.After);
                }

                return ([.. before], [.. after]);
            case "TemplateProcessing":
                var (left, right, seen) = (new List<int>(), new List<int>(), false);
                foreach (var item in part.Member("single").Items(TokenizerLimits.Steps))
                {
                    if (!item.Maybe("Sequence").IsNull)
                    {
                        seen = true;
                        continue;
                    }

                    var name = item.Member("SpecialToken").Member("id").Text();
                    (seen ? right : left).Add(Id(name) ?? throw item.Wrong($"names the token '{name}', which does not exist"));
                }

                return seen ? ([.. left], [.. right]) : throw part.Member("single").Wrong("leaves no place for the text");
            case var type:
                throw part.Wrong($"is of type '{type}', which is not supported: only Sequence, ByteLevel and TemplateProcessing are");
        }
    }
}

/// <summary>Text of tokens as they come: gives out characters when they are whole.</summary>
/// <param name="tokenizer">Whose tokens.</param>
/// <param name="skipSpecial">Leaves control tokens out.</param>
public sealed class StreamingDecoder(BpeTokenizer tokenizer, bool skipSpecial = false)
{
    private readonly System.Text.Decoder _decoder = Encoding.UTF8.GetDecoder();
    private int _toStrip = tokenizer.StripStart;

    /// <summary>Takes a token.</summary>
    /// <returns>The text that is certain now and was not before; may be empty.</returns>
    public string Push(int id) => skipSpecial && tokenizer.IsSpecial(id) ? "" : Chars(tokenizer.Bytes(id), flush: false);

    /// <summary>What is left: U+FFFD for a character that never became whole.</summary>
    public string End() => Chars([], flush: true);

    private string Chars(byte[] bytes, bool flush)
    {
        var chars = new char[_decoder.GetCharCount(bytes, 0, bytes.Length, flush)];
        var text = new string(chars, 0, _decoder.GetChars(bytes, 0, bytes.Length, chars, 0, flush));
        while (_toStrip > 0 && text.Length > 0)
        {
            if (text[0] != ' ')
            {
                _toStrip = 0;
                break;
            }

            (text, _toStrip) = (text[1..], _toStrip - 1);
        }

        return text;
    }
}
