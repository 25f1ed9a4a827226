using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace RroDashboard.Training.Tokenizer;

/// <summary>
/// A word-level tokenizer built from the training text. Every text can be encoded and decodes to itself: a word outside the
/// vocabulary is spelled in pieces (if the vocabulary was built with any), and what is left in bytes, each written as two
/// hexadecimal digit tokens. 16 digit tokens instead of 256 byte tokens, because in a vocabulary of 164 words 256 rows that
/// are never trained would be the larger part.
/// </summary>
public sealed partial class WordTokenizer : ITokenText
{
    /// <summary>Control tokens; their spelling cannot come out of <see cref="Encode"/>.</summary>
    public const int Pad = 0, Bos = 1, Obs = 2, Act = 3, Eos = 4;

    private const int FirstDigit = 5;
    private const int FirstWord = FirstDigit + 16;
    private const int LongestPiece = 5;

    private static readonly string[] s_control = ["<pad>", "<bos>", "<obs>", "<act>", "<eos>"];

    private readonly string[] _words;
    private readonly Dictionary<string, int> _ids;
    private readonly HashSet<string> _pieces;

    private WordTokenizer(IReadOnlyList<string> words, IReadOnlyList<string> pieces)
    {
        _words = [.. words, .. pieces];
        _pieces = [.. pieces];
        _ids = new Dictionary<string, int>(_words.Length, StringComparer.Ordinal);
        for (var i = 0; i < _words.Length; i++)
        {
            _ids.TryAdd(_words[i], FirstWord + i);
        }
    }

    /// <summary>Number of tokens, V.</summary>
    public int Size => FirstWord + _words.Length;

    /// <summary>Words and then pieces, in id order; what a checkpoint stores.</summary>
    public IReadOnlyList<string> Words => _words[..^_pieces.Count];

    /// <summary>Pieces, in id order; what a checkpoint stores.</summary>
    public IReadOnlyList<string> Pieces => _words[^_pieces.Count..];

    /// <summary>Restores a tokenizer from a checkpoint.</summary>
    public static WordTokenizer Restore(IReadOnlyList<string> words, IReadOnlyList<string> pieces) => new(words, pieces);

    /// <summary>
    /// The most frequent words of the training text, on equal counts in ordinal order; then the pieces of 1 to 5
    /// characters that would save most tokens in the words left out (learning.md 16.2).
    /// </summary>
    /// <param name="texts">Training text only: instructions, actions and observations of demonstrations.</param>
    /// <param name="maxWords">Most words with a token of their own.</param>
    /// <param name="maxPieces">Most pieces; 0 spells unknown words in bytes.</param>
    public static WordTokenizer Build(IEnumerable<string> texts, int maxWords, int maxPieces)
    {
        ArgumentNullException.ThrowIfNull(texts);
        var counts = new Dictionary<string, int>(StringComparer.Ordinal) { [" "] = 1 };
        foreach (var text in texts)
        {
            foreach (var word in Split(text))
            {
                var key = word.ToString();
                counts[key] = counts.GetValueOrDefault(key) + 1;
            }
        }

        var ranked = counts.OrderByDescending(c => c.Value).ThenBy(c => c.Key, StringComparer.Ordinal).Select(c => c.Key).ToList();
        var words = ranked.Take(maxWords).ToList();
        if (!words.Contains(" "))
        {
            words.Add(" ");
        }

        if (maxPieces == 0)
        {
            return new WordTokenizer(words, []);
        }

        // A piece is worth the tokens it saves: occurrences (at most 5 per word, so that one rare long word does not
        // fill the list) times its length less one. Single characters come first: with them nothing common needs bytes.
        var known = words.ToHashSet(StringComparer.Ordinal);
        var singles = ranked.SelectMany(w => w.TrimStart(' ')).Where(c => c < 128).Select(c => c.ToString())
            .Distinct(StringComparer.Ordinal).Where(c => !known.Contains(c)).Order(StringComparer.Ordinal).ToList();
        var worth = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var word in ranked.Skip(maxWords))
        {
            var bare = word.TrimStart(' ');
            for (var start = 0; start < bare.Length; start++)
            {
                for (var length = 2; length <= LongestPiece && start + length <= bare.Length; length++)
                {
                    var piece = bare.Substring(start, length);
                    worth[piece] = worth.GetValueOrDefault(piece) + (Math.Min(counts[word], 5) * (length - 1));
                }
            }
        }

        var pieces = worth.Where(p => !known.Contains(p.Key)).OrderByDescending(p => p.Value).ThenBy(p => p.Key, StringComparer.Ordinal)
            .Take(maxPieces).Select(p => p.Key);
        return new WordTokenizer(words, [.. singles, .. pieces]);
    }

    /// <summary>Token ids of a text, appended to <paramref name="target"/>.</summary>
    public void Encode(string text, List<int> target)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(target);
        var lookup = _ids.GetAlternateLookup<ReadOnlySpan<char>>();
        foreach (var word in Split(text))
        {
            if (lookup.TryGetValue(word.Span, out var id))
            {
                target.Add(id);
            }
            else
            {
                Spell(word.Span, target);
            }
        }
    }

    /// <summary>Token ids of a text.</summary>
    public int[] Encode(string text)
    {
        var ids = new List<int>();
        Encode(text, ids);
        return [.. ids];
    }

    /// <summary>The first word of a text that has neither a token of its own nor pieces, so that it would be spelled in bytes; null when all are known.</summary>
    public string? FirstUnknown(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        foreach (var word in Split(text))
        {
            var ids = new List<int>();
            if (!_ids.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(word.Span, out _))
            {
                Spell(word.Span, ids);
            }

            if (ids.Exists(id => id is >= FirstDigit and < FirstWord))
            {
                return word.ToString().Trim();
            }
        }

        return null;
    }

    /// <summary>The text of token ids; control tokens are written as they are spelled.</summary>
    public string Decode(ReadOnlySpan<int> ids)
    {
        var bytes = new List<byte>(ids.Length * 6);
        for (var i = 0; i < ids.Length; i++)
        {
            var id = ids[i];
            if (id < FirstDigit)
            {
                bytes.AddRange(Encoding.UTF8.GetBytes(s_control[id]));
            }
            else if (id >= FirstWord)
            {
                bytes.AddRange(Encoding.UTF8.GetBytes(_words[id - FirstWord]));
            }
            else if (i + 1 < ids.Length && ids[i + 1] is >= FirstDigit and < FirstWord)
            {
                bytes.Add((byte)(((id - FirstDigit) << 4) | (ids[++i] - FirstDigit)));
            }
            else
            {
                // Half a byte: a policy can write anything, and a reader should see it.
                bytes.AddRange(Encoding.UTF8.GetBytes("\uFFFD"));
            }
        }

        return Encoding.UTF8.GetString([.. bytes]);
    }

    /// <summary>The token is a word or a piece: text by itself, unlike a control token or half a byte.</summary>
    public bool IsText(int id) => id >= FirstWord && id < Size;

    /// <summary>The token is white space only.</summary>
    public bool IsBlank(int id) => IsText(id) && string.IsNullOrWhiteSpace(_words[id - FirstWord]);

    /// <inheritdoc/>
    public bool IsMark(int id) => id is > Pad and < FirstDigit;

    /// <summary>How one token is shown to people.</summary>
    public string Show(int id) => id switch
    {
        < FirstDigit => s_control[id],
        < FirstWord => "<0x" + (id - FirstDigit).ToString("x", CultureInfo.InvariantCulture) + ">",
        _ => _words[id - FirstWord],
    };

    private void Spell(ReadOnlySpan<char> word, List<int> target)
    {
        var lookup = _ids.GetAlternateLookup<ReadOnlySpan<char>>();
        var pieces = _pieces.GetAlternateLookup<ReadOnlySpan<char>>();
        Span<byte> utf8 = stackalloc byte[4];
        while (!word.IsEmpty)
        {
            if (word[0] == ' ')
            {
                target.Add(_ids[" "]);
                word = word[1..];
                continue;
            }

            var length = Math.Min(LongestPiece, word.Length);
            while (length > 0 && !pieces.Contains(word[..length]) && !(length == 1 && lookup.ContainsKey(word[..1])))
            {
                length--;
            }

            if (length > 0)
            {
                target.Add(lookup[word[..length]]);
                word = word[length..];
                continue;
            }

            Rune.DecodeFromUtf16(word, out var rune, out var consumed);
            foreach (var b in utf8[..rune.EncodeToUtf8(utf8)])
            {
                target.Add(FirstDigit + (b >> 4));
                target.Add(FirstDigit + (b & 15));
            }

            word = word[consumed..];
        }
    }

    private static IEnumerable<ReadOnlyMemory<char>> Split(string text)
    {
        var memory = text.AsMemory();
        for (var match = Words_().Match(text); match.Success; match = match.NextMatch())
        {
            yield return memory.Slice(match.Index, match.Length);
        }
    }

    // A blank belongs to the word after it, so that decoding is plain concatenation. "search[" and "$35" are one word.
    [GeneratedRegex(@" ?(?:[\uD800-\uDBFF][\uDC00-\uDFFF]|[A-Za-z_][A-Za-z0-9_]*\[?|\$?[0-9]+|<[a-z]+[0-9]*>|[^\sA-Za-z0-9_])|\s", RegexOptions.CultureInvariant)]
    private static partial Regex Words_();
}
