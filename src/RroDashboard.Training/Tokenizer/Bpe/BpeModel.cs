using System.Text;

namespace RroDashboard.Training.Tokenizer.Bpe;

/// <summary>
/// Byte-pair encoding of one word (Sennrich et al., 2016): its characters are joined, pair by pair, the pair that was learned first before
/// all others and on equal rank the leftmost. A character without a token is written in its UTF-8 bytes where the vocabulary has those.
/// </summary>
internal sealed class BpeModel
{
    private const string Byte = "<0x00>";

    private readonly Dictionary<string, int> _ids;
    private readonly Dictionary<long, (int Rank, int Id)> _merges;
    private readonly int[]? _byteIds;         // 256, when bytes stand in for characters without a token
    private readonly int _unknown;            // -1: characters without a token vanish, as in the published implementation
    private readonly bool _fuseUnknown;
    private readonly bool _wholeWordsFirst;
    private readonly Dictionary<string, int[]> _cache = new(StringComparer.Ordinal);

    private BpeModel(Dictionary<string, int> ids, Dictionary<long, (int, int)> merges, int[]? byteIds, int unknown, bool fuseUnknown, bool wholeWordsFirst)
    {
        (_ids, _merges, _byteIds, _unknown, _fuseUnknown, _wholeWordsFirst) = (ids, merges, byteIds, unknown, fuseUnknown, wholeWordsFirst);
    }

    /// <summary>Every token of the model with its id; added tokens are not among them.</summary>
    public IReadOnlyDictionary<string, int> Vocabulary => _ids;

    /// <summary>Characters without a token become their bytes.</summary>
    public bool HasByteFallback => _byteIds is not null;

    /// <summary>Reads the <c>model</c> of a file.</summary>
    /// <exception cref="InvalidDataException">Something that is not byte-pair encoding, or does not fit together.</exception>
    public static BpeModel Read(JsonPart part)
    {
        // Old files leave the type out.
        if (part.Maybe("type").TextOr("BPE") is var type && type != "BPE")
        {
            throw part.Wrong($"is of type '{type}', which is not supported: only BPE is");
        }

        foreach (var affix in (string[])["continuing_subword_prefix", "end_of_word_suffix"])
        {
            if (part.Maybe(affix).TextOr("").Length > 0)
            {
                throw part.Maybe(affix).Wrong("is not supported: the families that can be loaded have none");
            }
        }

        if (part.Maybe("dropout").DoubleOr(0, 0, 1) > 0)
        {
            throw part.Maybe("dropout").Wrong("is not supported: the same text must give the same tokens");
        }

        var ids = ReadVocabulary(part.Member("vocab").Object());
        var merges = ReadMerges(part.Member("merges"), ids);
        int[]? byteIds = null;
        if (part.Maybe("byte_fallback").BoolOr(false))
        {
            byteIds = new int[256];
            for (var b = 0; b < 256; b++)
            {
                byteIds[b] = ids.TryGetValue(ByteToken(b), out var id) ? id : throw part.Member("vocab").Wrong($"has no token {ByteToken(b)}, but byte_fallback needs it");
            }
        }

        var unknown = -1;
        if (part.Maybe("unk_token") is { IsNull: false } token && !ids.TryGetValue(token.Text(), out unknown))
        {
            throw token.Wrong($"is '{token.Text()}', which is not in the vocabulary");
        }

        return new BpeModel(ids, merges, byteIds, unknown, part.Maybe("fuse_unk").BoolOr(false), part.Maybe("ignore_merges").BoolOr(false));
    }

    /// <summary>The byte that a token such as <c>&lt;0x0A&gt;</c> stands for; -1 for other tokens.</summary>
    public static int ByteOf(string token) =>
        token.Length == Byte.Length && token.StartsWith("<0x", StringComparison.Ordinal) && token[5] == '>' && char.IsAsciiHexDigit(token[3]) && char.IsAsciiHexDigit(token[4])
            ? (Convert.ToInt32(token[3..5], 16))
            : -1;

    /// <summary>Appends the tokens of a word.</summary>
    public void Encode(string word, List<int> target)
    {
        if (word.Length == 0)
        {
            return;
        }

        if (_wholeWordsFirst && _ids.TryGetValue(word, out var whole))
        {
            target.Add(whole);
            return;
        }

        if (_cache.TryGetValue(word, out var known))
        {
            target.AddRange(known);
            return;
        }

        var from = target.Count;
        Merge(Symbols(word), target);
        if (word.Length <= TokenizerLimits.CachedWordChars)
        {
            if (_cache.Count >= TokenizerLimits.CachedWords)
            {
                _cache.Clear();
            }

            _cache[word] = [.. target.Skip(from)];
        }
    }

    private List<int> Symbols(string word)
    {
        var symbols = new List<int>(word.Length);
        var lookup = _ids.GetAlternateLookup<ReadOnlySpan<char>>();
        Span<byte> utf8 = stackalloc byte[4];
        var unknownBefore = false;
        for (var at = 0; at < word.Length;)
        {
            Rune.DecodeFromUtf16(word.AsSpan(at), out var rune, out var consumed);
            if (lookup.TryGetValue(word.AsSpan(at, consumed), out var id))
            {
                symbols.Add(id);
                unknownBefore = false;
            }
            else if (_byteIds is not null)
            {
                foreach (var b in utf8[..rune.EncodeToUtf8(utf8)])
                {
                    symbols.Add(_byteIds[b]);
                }

                unknownBefore = false;
            }
            else if (_unknown >= 0)
            {
                if (!unknownBefore || !_fuseUnknown)
                {
                    symbols.Add(_unknown);
                }

                unknownBefore = true;
            }

            at += consumed;
        }

        return symbols;
    }

    // A queue of pairs by rank, then place: a word may be a whole text, so the next pair must not cost a pass over it.
    private void Merge(List<int> symbols, List<int> target)
    {
        var count = symbols.Count;
        var ids = symbols.ToArray();
        var previous = new int[count];
        var next = new int[count];
        var queue = new PriorityQueue<(int Place, int Left, int Right), (int Rank, int Place)>();
        for (var i = 0; i < count; i++)
        {
            (previous[i], next[i]) = (i - 1, i + 1 < count ? i + 1 : -1);
        }

        for (var i = 0; i + 1 < count; i++)
        {
            Offer(i, i + 1);
        }

        while (queue.TryDequeue(out var pair, out _))
        {
            var right = next[pair.Place];
            // One of the two has been joined to something else since.
            if (ids[pair.Place] != pair.Left || right < 0 || ids[right] != pair.Right)
            {
                continue;
            }

            ids[pair.Place] = _merges[Key(pair.Left, pair.Right)].Id;
            ids[right] = -1;
            next[pair.Place] = next[right];
            if (next[right] >= 0)
            {
                previous[next[right]] = pair.Place;
                Offer(pair.Place, next[right]);
            }

            if (previous[pair.Place] >= 0)
            {
                Offer(previous[pair.Place], pair.Place);
            }
        }

        for (var i = 0; i >= 0 && i < count; i = next[i])
        {
            target.Add(ids[i]);
        }

        void Offer(int left, int right)
        {
            if (_merges.TryGetValue(Key(ids[left], ids[right]), out var merge))
            {
                queue.Enqueue((left, ids[left], ids[right]), (merge.Rank, left));
            }
        }
    }

    private static long Key(int left, int right) => ((long)left << 32) | (uint)right;

    private static string ByteToken(int value) => FormattableString.Invariant($"<0x{value:X2}>");

    private static Dictionary<string, int> ReadVocabulary(JsonPart part)
    {
        var ids = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var (token, value) in part.Members())
        {
            var where = new JsonPart(value, part.Path);
            if (token.Length is 0 or > TokenizerLimits.TokenChars)
            {
                throw where.Wrong($"has a token of {token.Length} characters; 1 to {TokenizerLimits.TokenChars} are allowed");
            }

            if (!value.TryGetInt32Safely(out var id) || id < 0 || id >= TokenizerLimits.Tokens)
            {
                throw where.Wrong($"gives the token '{token}' the id {where.Kind()}; a whole number from 0 to {TokenizerLimits.Tokens - 1} is needed");
            }

            if (!ids.TryAdd(token, id))
            {
                throw where.Wrong($"has the token '{token}' twice");
            }

            if (ids.Count > TokenizerLimits.Tokens)
            {
                throw where.Wrong($"has more than {TokenizerLimits.Tokens} tokens");
            }
        }

        return ids;
    }

    private static Dictionary<long, (int Rank, int Id)> ReadMerges(JsonPart part, Dictionary<string, int> ids)
    {
        var merges = new Dictionary<long, (int, int)>();
        var rank = 0;
        foreach (var item in part.Items(TokenizerLimits.Merges))
        {
            string left, right;
            if (item.Element.ValueKind == System.Text.Json.JsonValueKind.String)
            {
                var text = item.Text();
                var blank = text.IndexOf(' ', StringComparison.Ordinal);
                if (blank < 1 || blank == text.Length - 1 || text.IndexOf(' ', blank + 1) >= 0)
                {
                    throw item.Wrong($"is '{text}', but must be two tokens with one blank between them");
                }

                (left, right) = (text[..blank], text[(blank + 1)..]);
            }
            else
            {
                var two = item.Items(2).Select(i => i.Text()).ToArray();
                (left, right) = two.Length == 2 ? (two[0], two[1]) : throw item.Wrong("must be two tokens");
            }

            merges[Key(Id(left), Id(right))] = (rank++, Id(left + right));

            int Id(string token) => ids.TryGetValue(token, out var id) ? id : throw item.Wrong($"needs the token '{token}', which is not in the vocabulary");
        }

        return merges;
    }
}

internal static class JsonElementExtensions
{
    public static bool TryGetInt32Safely(this System.Text.Json.JsonElement element, out int value)
    {
        value = 0;
        return element.ValueKind == System.Text.Json.JsonValueKind.Number && element.TryGetInt32(out value);
    }
}
