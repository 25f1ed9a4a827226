using System.Globalization;
using System.Text;

namespace RroDashboard.Environments.WebShop.Search;

/// <summary>
/// Words as Lucene 8's StandardTokenizer finds them: Unicode word boundaries (UAX #29), of which those with a letter or a digit are words, and
/// emoji. Ideographs and Hiragana are words one by one. Words of more than 255 characters are cut into pieces of 255.
/// </summary>
public static class StandardTokenizer
{
    /// <summary>Longest word, UTF-16 units.</summary>
    public const int LongestWord = 255;

    private enum Class
    {
        Other,
        Letter,
        Digit,
        Katakana,
        Joiner,         // ExtendNumLet: "_" and the like
        MidLetter,
        MidBoth,        // MidNumLet and the single quote
        MidDigit,
        Ideograph,      // and Hiragana: a word of its own
        Complex,        // Thai, Lao, Khmer, Myanmar: a run is one word
        Emoji,
        Flag,           // Regional_Indicator: pairs
        Extend,         // belongs to the character before it
        WordJoiner,     // ZWJ: extends, and glues emoji
    }

    /// <summary>The words of a text, in order.</summary>
    public static IEnumerable<string> Words(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        for (var at = 0; at < text.Length;)
        {
            var (found, size) = Classify(text, at);
            var end = found switch
            {
                Class.Letter or Class.Digit or Class.Katakana or Class.Joiner => EndOfWord(text, at, found, out var isWord) is var e && isWord ? e : -e,
                Class.Ideograph => SkipExtend(text, at + size),
                Class.Complex => EndOfRun(text, at),
                Class.Emoji => EndOfEmoji(text, at + size),
                Class.Flag => EndOfFlag(text, at + size),
                _ => -(at + size),
            };
            if (end > 0)
            {
                for (var from = at; from < end; from += LongestWord)
                {
                    yield return text[from..Math.Min(end, from + LongestWord)];
                }
            }

            at = Math.Abs(end);
        }
    }

    // WB5 to WB13b, with WB4 (extending characters belong to what they follow).
    private static int EndOfWord(string text, int start, Class first, out bool isWord)
    {
        var before = first;
        isWord = first != Class.Joiner;
        var end = SkipExtend(text, start + Classify(text, start).Size);
        while (end < text.Length)
        {
            var (next, size) = Classify(text, end);
            var after = SkipExtend(text, end + size);
            if (Joins(before, next))
            {
                (before, end) = (next, after);
                isWord |= next != Class.Joiner;
                continue;
            }

            // A mark in the middle counts only between two of a kind.
            var bridges = (before == Class.Letter && next is Class.MidLetter or Class.MidBoth) || (before == Class.Digit && next is Class.MidDigit or Class.MidBoth);
            if (!bridges || after >= text.Length)
            {
                break;
            }

            var (beyond, beyondSize) = Classify(text, after);
            if (beyond != before)
            {
                break;
            }

            end = SkipExtend(text, after + beyondSize);
        }

        return end;
    }

    private static bool Joins(Class before, Class next) => (before, next) switch
    {
        (Class.Letter or Class.Digit, Class.Letter or Class.Digit) => true,
        (Class.Katakana, Class.Katakana) => true,
        (Class.Letter or Class.Digit or Class.Katakana or Class.Joiner, Class.Joiner) => true,
        (Class.Joiner, Class.Letter or Class.Digit or Class.Katakana) => true,
        _ => false,
    };

    private static int SkipExtend(string text, int at)
    {
        while (at < text.Length && Classify(text, at) is (Class.Extend or Class.WordJoiner, var size))
        {
            at += size;
        }

        return at;
    }

    private static int EndOfRun(string text, int at)
    {
        while (at < text.Length && Classify(text, at) is (Class.Complex or Class.Extend or Class.WordJoiner, var size))
        {
            at += size;
        }

        return at;
    }

    // An emoji, its modifiers, and what a joiner glues to it.
    private static int EndOfEmoji(string text, int at)
    {
        var glued = false;
        while (at < text.Length)
        {
            var (next, size) = Classify(text, at);
            if (next is not (Class.Extend or Class.WordJoiner) && !(glued && next == Class.Emoji) && !IsSkinTone(text, at))
            {
                break;
            }

            glued = next == Class.WordJoiner;
            at += size;
        }

        return at;
    }

    private static bool IsSkinTone(string text, int at) => Rune.TryGetRuneAt(text, at, out var rune) && rune.Value is >= 0x1F3FB and <= 0x1F3FF;

    private static int EndOfFlag(string text, int at) =>
        at < text.Length && Classify(text, at) is (Class.Flag, var size) ? SkipExtend(text, at + size) : -at;

    private static (Class Class, int Size) Classify(string text, int at)
    {
        if (!Rune.TryGetRuneAt(text, at, out var rune))
        {
            return (Class.Other, 1);
        }

        var value = rune.Value;
        var found = value switch
        {
            '_' => Class.Joiner,
            ':' or 0xB7 or 0x387 or 0x5F4 or 0x2027 or 0xFE13 or 0xFE55 or 0xFF1A => Class.MidLetter,
            '.' or '\'' or 0x2018 or 0x2019 or 0x2024 or 0xFE52 or 0xFF07 or 0xFF0E => Class.MidBoth,
            ',' or ';' or 0x37E or 0x589 or 0x60C or 0x60D or 0x66C or 0x7F8 or 0x2044 or 0xFE10 or 0xFE14 or 0xFE50 or 0xFE54 or 0xFF0C or 0xFF1B => Class.MidDigit,
            < 0x80 => char.IsAsciiLetter((char)value) ? Class.Letter : char.IsAsciiDigit((char)value) ? Class.Digit : Class.Other,
            0x200D => Class.WordJoiner,
            0x200B => Class.Other,
            0x66B => Class.Digit,
            >= 0x1F1E6 and <= 0x1F1FF => Class.Flag,
            >= 0x24B6 and <= 0x24E9 when value != 0x24C2 => Class.Letter,
            _ when Emoji.Contains(value) => Class.Emoji,
            (>= 0x3031 and <= 0x3035) or (>= 0x309B and <= 0x309C) or (>= 0x30A0 and <= 0x30FA) or (>= 0x30FC and <= 0x30FF)
                or (>= 0x31F0 and <= 0x31FF) or (>= 0xFF66 and <= 0xFF9D) => Class.Katakana,
            0xFF9E or 0xFF9F => Class.Extend,
            (>= 0x3041 and <= 0x309F) or (>= 0x1B000 and <= 0x1B001) => Class.Ideograph,
            (>= 0x3400 and <= 0x4DBF) or (>= 0x4E00 and <= 0x9FFF) or (>= 0xF900 and <= 0xFAFF) or 0x3005 or 0x3006 or 0x3007
                or (>= 0x3021 and <= 0x3029) or (>= 0x3038 and <= 0x303B) or (>= 0x20000 and <= 0x3FFFD) => Class.Ideograph,
            _ => OfCategory(rune),
        };
        return (found, rune.Utf16SequenceLength);
    }

    private static Class OfCategory(Rune rune) => Rune.GetUnicodeCategory(rune) switch
    {
        UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter or UnicodeCategory.ModifierLetter
            or UnicodeCategory.OtherLetter or UnicodeCategory.LetterNumber => IsComplex(rune.Value) ? Class.Complex : Class.Letter,
        UnicodeCategory.DecimalDigitNumber => Class.Digit,
        UnicodeCategory.ConnectorPunctuation => Class.Joiner,
        UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark => IsComplex(rune.Value) ? Class.Complex : Class.Extend,
        UnicodeCategory.Format => Class.Extend,
        _ => Class.Other,
    };

    private static bool IsComplex(int value) => value is
        (>= 0xE00 and <= 0xEFF) or (>= 0x1000 and <= 0x109F) or (>= 0x1780 and <= 0x17FF) or (>= 0x1950 and <= 0x19DF) or (>= 0x1A20 and <= 0x1AAF) or (>= 0xAA60 and <= 0xAADF);

    /// <summary>Characters with the Unicode property Extended_Pictographic (version 11): more than what is shown as emoji, "★" and "™" too.</summary>
    private static class Emoji
    {
        private static readonly int[] s_from, s_to;

        static Emoji()
        {
            const string Ranges =
                "A9 AE 203C 2049 2122 2139 2194-2199 21A9-21AA 231A-231B 2328 2388 23CF 23E9-23F3 23F8-23FA 24C2 25AA-25AB 25B6 25C0 25FB-25FE 2600-2605 2607-2612 "
                + "2614-2685 2690-2705 2708-2712 2714 2716 271D 2721 2728 2733-2734 2744 2747 274C 274E 2753-2755 2757 2763-2767 2795-2797 27A1 27B0 27BF 2934-2935 "
                + "2B05-2B07 2B1B-2B1C 2B50 2B55 3030 303D 3297 3299 1F000-1F0FF 1F10D-1F10F 1F12F 1F16C-1F171 1F17E-1F17F 1F18E 1F191-1F19A 1F1AD-1F1E5 1F201-1F20F "
                + "1F21A 1F22F 1F232-1F23A 1F23C-1F23F 1F249-1F3FA 1F400-1F53D 1F546-1F64F 1F680-1F6FF 1F774-1F77F 1F7D5-1F7FF 1F80C-1F80F 1F848-1F84F 1F85A-1F85F "
                + "1F888-1F88F 1F8AE-1F8FF 1F90C-1F93A 1F93C-1F945 1F947-1FFFD";
            var ranges = Ranges.Split(' ').Select(r => r.Split('-')).ToArray();
            s_from = [.. ranges.Select(r => int.Parse(r[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture))];
            s_to = [.. ranges.Select(r => int.Parse(r[^1], NumberStyles.HexNumber, CultureInfo.InvariantCulture))];
        }

        public static bool Contains(int value)
        {
            var at = Array.BinarySearch(s_from, value);
            at = at >= 0 ? at : ~at - 1;
            return at >= 0 && value <= s_to[at];
        }
    }
}
