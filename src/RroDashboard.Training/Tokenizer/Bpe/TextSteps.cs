using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace RroDashboard.Training.Tokenizer.Bpe;

/// <summary>What happens to a text before it is cut into words, as <c>tokenizer.json</c> names it.</summary>
internal static class Normalizer
{
    /// <summary>Reads the <c>normalizer</c> of a file.</summary>
    /// <param name="part">Its value; null for none.</param>
    /// <param name="steps">Steps that may still come.</param>
    public static Func<string, string> Read(JsonPart part, ref int steps)
    {
        if (part.IsNull)
        {
            return text => text;
        }

        if (--steps < 0)
        {
            throw part.Wrong($"is one step too many: at most {TokenizerLimits.Steps} are allowed");
        }

        var type = part.Member("type").Text();
        switch (type)
        {
            case "Sequence":
                var inner = new List<Func<string, string>>();
                foreach (var item in part.Member("normalizers").Items(TokenizerLimits.Steps))
                {
                    inner.Add(Read(item, ref steps));
                }

                return text => inner.Aggregate(text, (t, step) => step(t));
            case "NFC":
                return Nfc.Normalize;
            case "Prepend":
                var prefix = Short(part.Member("prepend"));
                return text => text.Length == 0 ? text : Bounded(prefix + text);
            case "Replace":
                var (pattern, content) = (part.Member("pattern"), Short(part.Member("content")));
                if (!pattern.Maybe("Regex").IsNull)
                {
                    var regex = new TextPattern(pattern.Member("Regex"));
                    return text => Bounded(regex.Replace(text, content));
                }

                var wanted = Short(pattern.Member("String"));
                return wanted.Length == 0
                    ? throw pattern.Wrong("is empty: it would match everywhere")
                    : text => Bounded(text.Replace(wanted, content, StringComparison.Ordinal));
            default:
                throw part.Wrong($"is of type '{type}', which is not supported: only Sequence, NFC, Prepend and Replace are");
        }
    }

    internal static string Short(JsonPart part)
    {
        var text = part.Text();
        return text.Length <= TokenizerLimits.TokenChars ? text : throw part.Wrong($"has {text.Length} characters; at most {TokenizerLimits.TokenChars} are allowed");
    }

    // Replacements that lengthen could double a text at every step.
    internal static string Bounded(string text) => text.Length <= TokenizerLimits.TextChars
        ? text
        : throw new InvalidDataException($"The tokenizer's normaliser made the text longer than {TokenizerLimits.TextChars} characters.");
}

/// <summary>How a text is cut into words, as <c>tokenizer.json</c> names it. No merge goes across words.</summary>
internal static class PreTokenizer
{
    // The pattern of GPT-2, which a ByteLevel step with use_regex stands for.
    private const string Gpt2 = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    /// <summary>Reads the <c>pre_tokenizer</c> of a file.</summary>
    /// <param name="part">Its value; null for none.</param>
    /// <param name="steps">Steps that may still come.</param>
    /// <param name="byteLevel">Set when words are written in the byte alphabet.</param>
    public static Func<IEnumerable<string>, IEnumerable<string>> Read(JsonPart part, ref int steps, ref bool byteLevel)
    {
        if (part.IsNull)
        {
            return words => words;
        }

        if (--steps < 0)
        {
            throw part.Wrong($"is one step too many: at most {TokenizerLimits.Steps} are allowed");
        }

        var type = part.Member("type").Text();
        switch (type)
        {
            case "Sequence":
                var inner = new List<Func<IEnumerable<string>, IEnumerable<string>>>();
                foreach (var item in part.Member("pretokenizers").Items(TokenizerLimits.Steps))
                {
                    inner.Add(Read(item, ref steps, ref byteLevel));
                }

                return words => inner.Aggregate(words, (w, step) => step(w));
            case "ByteLevel":
                byteLevel = true;
                var prefix = part.Maybe("add_prefix_space").BoolOr(true);
                var regex = part.Maybe("use_regex").BoolOr(true) ? new TextPattern(Gpt2) : null;
                return words => words
                    .Select(word => prefix && !word.StartsWith(' ') ? " " + word : word)
                    .SelectMany(word => regex is null ? [word] : regex.Split(word, SplitBehavior.Isolated, invert: false))
                    .Select(ByteAlphabet.Write);
            case "Digits":
                var alone = part.Maybe("individual_digits").BoolOr(false);
                return words => words.SelectMany(word => Digits(word, alone));
            case "Split":
                var pattern = part.Member("pattern");
                var split = pattern.Maybe("Regex").IsNull
                    ? new TextPattern(Regex.Escape(Normalizer.Short(pattern.Member("String"))))
                    : new TextPattern(pattern.Member("Regex"));
                var behavior = Behavior(part.Member("behavior"));
                var invert = part.Maybe("invert").BoolOr(false);
                return words => words.SelectMany(word => split.Split(word, behavior, invert));
            default:
                throw part.Wrong($"is of type '{type}', which is not supported: only Sequence, ByteLevel, Digits and Split are");
        }
    }

    private static SplitBehavior Behavior(JsonPart part) =>
        Enum.TryParse<SplitBehavior>(part.Text(), out var behavior) && Enum.IsDefined(behavior) && !char.IsAsciiDigit(part.Text()[0])
            ? behavior
            : throw part.Wrong($"is '{part.Text()}', but must be one of {string.Join(", ", Enum.GetNames<SplitBehavior>())}");

    // Numbers of any script, each alone or in runs.
    private static IEnumerable<string> Digits(string word, bool alone)
    {
        var (start, at) = (0, 0);
        bool? kind = null;
        while (at < word.Length)
        {
            Rune.DecodeFromUtf16(word.AsSpan(at), out var rune, out var consumed);
            var number = Rune.IsNumber(rune);
            if (kind is { } before && (before != number || (number && alone)))
            {
                yield return word[start..at];
                start = at;
            }

            kind = number;
            at += consumed;
        }

        if (start < word.Length)
        {
            yield return word[start..];
        }
    }
}

/// <summary>What becomes of the places where a pattern matches.</summary>
internal enum SplitBehavior
{
    /// <summary>Dropped.</summary>
    Removed,

    /// <summary>Words of their own.</summary>
    Isolated,

    /// <summary>At the end of the word before.</summary>
    MergedWithPrevious,

    /// <summary>At the beginning of the word after.</summary>
    MergedWithNext,

    /// <summary>Runs of adjacent matches are one word.</summary>
    Contiguous,
}

/// <summary>A pattern over code points. Patterns are written for engines that see whole characters, .NET's sees halves of those beyond U+FFFF.</summary>
internal sealed class TextPattern
{
    private readonly Regex _regex;

    public TextPattern(JsonPart part)
    {
        var pattern = part.Text();
        if (pattern.Length > TokenizerLimits.PatternChars)
        {
            throw part.Wrong($"has {pattern.Length} characters; at most {TokenizerLimits.PatternChars} are allowed");
        }

        try
        {
            _regex = Compile(pattern);
        }
        catch (ArgumentException e)
        {
            throw new InvalidDataException($"{part.Path} is a pattern that is not supported: {e.Message}", e);
        }
    }

    public TextPattern(string pattern) => _regex = Compile(pattern);

    public IEnumerable<string> Split(string text, SplitBehavior behavior, bool invert)
    {
        // (start, end, is it a match), without gaps.
        var pieces = new List<(int Start, int End, bool Match)>();
        var at = 0;
        foreach (var (start, end) in Matches(text))
        {
            if (start > at)
            {
                pieces.Add((at, start, invert));
            }

            pieces.Add((start, end, !invert));
            at = end;
        }

        if (at < text.Length)
        {
            pieces.Add((at, text.Length, invert));
        }

        var words = new List<(int Start, int End, bool Match)>();
        foreach (var piece in behavior == SplitBehavior.MergedWithNext ? Enumerable.Reverse(pieces) : pieces)
        {
            var last = words.Count > 0 ? words[^1] : default;
            switch (behavior)
            {
                case SplitBehavior.Removed when piece.Match:
                    break;
                case SplitBehavior.Contiguous when words.Count > 0 && last.Match == piece.Match:
                case SplitBehavior.MergedWithPrevious when words.Count > 0 && piece.Match && !last.Match:
                    words[^1] = (last.Start, piece.End, piece.Match);
                    break;
                case SplitBehavior.MergedWithNext when words.Count > 0 && piece.Match && !last.Match:
                    words[^1] = (piece.Start, last.End, piece.Match);
                    break;
                default:
                    words.Add(piece);
                    break;
            }
        }

        if (behavior == SplitBehavior.MergedWithNext)
        {
            words.Reverse();
        }

        return words.Where(w => w.End > w.Start).Select(w => text[w.Start..w.End]);
    }

    public string Replace(string text, string content)
    {
        var (result, at) = (new StringBuilder(), 0);
        foreach (var (start, end) in Matches(text))
        {
            result.Append(text, at, start - at).Append(content);
            at = end;
            if (result.Length > TokenizerLimits.TextChars)
            {
                break;
            }
        }

        return result.Append(text, at, text.Length - at).ToString();
    }

    private List<(int Start, int End)> Matches(string text)
    {
        var matches = new List<(int, int)>();
        var (shadow, places) = Shadow(text);
        try
        {
            for (var match = _regex.Match(shadow); match.Success; match = match.NextMatch())
            {
                if (match.Length > 0)
                {
                    var (start, end) = (match.Index, match.Index + match.Length);
                    matches.Add(places is null ? (start, end) : (places[start], places[end]));
                }
            }
        }
        catch (RegexMatchTimeoutException e)
        {
            throw new InvalidDataException($"The tokenizer's pattern '{_regex}' takes longer than {TokenizerLimits.PatternSeconds} s on a text of {text.Length} characters.", e);
        }

        return matches;
    }

    private static Regex Compile(string pattern) => pattern.Any(char.IsSurrogate)
        ? throw new ArgumentException("it names a character beyond U+FFFF", nameof(pattern))
        : new Regex(pattern, RegexOptions.CultureInvariant, TimeSpan.FromSeconds(TokenizerLimits.PatternSeconds));

    // The same text with one UTF-16 character a code point: those beyond U+FFFF are stood for by one of the same category that no
    // pattern names.
    private static (string Shadow, int[]? Places) Shadow(string text)
    {
        if (!text.Any(char.IsSurrogate))
        {
            return (text, null);
        }

        var shadow = new StringBuilder(text.Length);
        var places = new List<int>(text.Length + 1);
        for (var at = 0; at < text.Length;)
        {
            places.Add(at);
            Rune.DecodeFromUtf16(text.AsSpan(at), out var rune, out var consumed);
            shadow.Append(rune.IsBmp ? (char)rune.Value : StandIn(Rune.GetUnicodeCategory(rune)));
            at += consumed;
        }

        places.Add(text.Length);
        return (shadow.ToString(), [.. places]);
    }

    private static char StandIn(UnicodeCategory category) => category switch
    {
        UnicodeCategory.UppercaseLetter => '\uA640',
        UnicodeCategory.LowercaseLetter => '\uA641',
        UnicodeCategory.TitlecaseLetter => '\u1F88',
        UnicodeCategory.ModifierLetter => '\uA717',
        UnicodeCategory.OtherLetter => '\uA000',
        UnicodeCategory.NonSpacingMark => '\u0591',
        UnicodeCategory.SpacingCombiningMark => '\u0903',
        UnicodeCategory.EnclosingMark => '\u0488',
        UnicodeCategory.DecimalDigitNumber => '\uA620',
        UnicodeCategory.LetterNumber => '\uA6E6',
        UnicodeCategory.OtherNumber => '\uA830',
        UnicodeCategory.ConnectorPunctuation => '\u2040',
        UnicodeCategory.DashPunctuation => '\u058A',
        UnicodeCategory.OpenPunctuation => '\u0F3A',
        UnicodeCategory.ClosePunctuation => '\u0F3B',
        UnicodeCategory.InitialQuotePunctuation => '\u2E02',
        UnicodeCategory.FinalQuotePunctuation => '\u2E03',
        UnicodeCategory.OtherPunctuation => '\uA60D',
        UnicodeCategory.MathSymbol => '\u2A00',
        UnicodeCategory.CurrencySymbol => '\uA838',
        UnicodeCategory.ModifierSymbol => '\uA700',
        UnicodeCategory.Format => '\u2064',
        UnicodeCategory.PrivateUse => '\uE000',
        UnicodeCategory.OtherSymbol => '\uA490',
        _ => '\u0378', // not assigned
    };
}

/// <summary>The alphabet of byte-level tokenizers: each byte is one visible character (GPT-2).</summary>
internal static class ByteAlphabet
{
    private static readonly char[] s_chars = Build();
    private static readonly Dictionary<char, byte> s_bytes = s_chars.Index().ToDictionary(c => c.Item, c => (byte)c.Index);

    public static string Write(string text)
    {
        var utf8 = Encoding.UTF8.GetBytes(text);
        return string.Create(utf8.Length, utf8, (span, bytes) =>
        {
            for (var i = 0; i < bytes.Length; i++)
            {
                span[i] = s_chars[bytes[i]];
            }
        });
    }

    /// <summary>The bytes that a token stands for; null when one of its characters is not of the alphabet.</summary>
    public static byte[]? Read(string token)
    {
        var bytes = new byte[token.Length];
        for (var i = 0; i < token.Length; i++)
        {
            if (!s_bytes.TryGetValue(token[i], out bytes[i]))
            {
                return null;
            }
        }

        return bytes;
    }

    // Visible Latin-1 stands for itself, the other bytes for U+0100 and on, in order.
    private static char[] Build()
    {
        var (chars, next) = (new char[256], 256);
        for (var b = 0; b < 256; b++)
        {
            chars[b] = b is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF) ? (char)b : (char)next++;
        }

        return chars;
    }
}
