using System.Globalization;
using System.Text;

namespace RroDashboard.Training.Tokenizer.Bpe;

/// <summary>
/// Unicode normalisation form C. The product runs without ICU (invariant globalisation), and there <c>string.Normalize</c> returns its
/// input unchanged without a word, so the tokenizers that ask for NFC need their own. The data are in <c>Nfc.txt</c>, made by
/// <c>make-nfc.py</c>.
/// </summary>
public static class Nfc
{
    private const int HangulBase = 0xAC00, LeadBase = 0x1100, VowelBase = 0x1161, TailBase = 0x11A7;
    private const int Leads = 19, Vowels = 21, Tails = 28;

    private static readonly Lazy<Data> s_data = new(Data.Read);

    /// <summary>Version of Unicode that the table was made of.</summary>
    public static string UnicodeVersion => s_data.Value.Version;

    /// <summary>The text in form C. Lone surrogates become U+FFFD, as in every UTF-8 encoder.</summary>
    public static string Normalize(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (IsPlain(text))
        {
            return text;
        }

        var data = s_data.Value;
        var codes = new List<int>(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            Decompose(rune.Value, codes, data);
        }

        Order(codes, data);
        return Compose(codes, data);
    }

    // Nothing below U+0300 composes with or follows anything: most text ends here.
    private static bool IsPlain(string text)
    {
        foreach (var c in text)
        {
            if (c >= 0x300)
            {
                return false;
            }
        }

        return true;
    }

    private static void Decompose(int code, List<int> into, Data data)
    {
        var hangul = code - HangulBase;
        if (hangul is >= 0 and < Leads * Vowels * Tails)
        {
            into.Add(LeadBase + (hangul / (Vowels * Tails)));
            into.Add(VowelBase + (hangul % (Vowels * Tails) / Tails));
            if (hangul % Tails > 0)
            {
                into.Add(TailBase + (hangul % Tails));
            }
        }
        else if (data.Decompositions.TryGetValue(code, out var parts))
        {
            Decompose(parts.First, into, data);
            if (parts.Second > 0)
            {
                into.Add(parts.Second);
            }
        }
        else
        {
            into.Add(code);
        }
    }

    // Marks of different classes on one base have one order.
    private static void Order(List<int> codes, Data data)
    {
        for (var i = 0; i < codes.Count;)
        {
            if (data.Class(codes[i]) == 0)
            {
                i++;
                continue;
            }

            var end = i;
            while (end < codes.Count && data.Class(codes[end]) != 0)
            {
                end++;
            }

            // Stable, and not quadratic in a text of a million marks.
            var sorted = codes[i..end].OrderBy(data.Class).ToList();
            for (var j = 0; j < sorted.Count; j++)
            {
                codes[i + j] = sorted[j];
            }

            i = end;
        }
    }

    private static string Compose(List<int> codes, Data data)
    {
        var result = new List<int>(codes.Count);
        var (starter, lastClass) = (-1, 0);
        foreach (var code in codes)
        {
            var own = data.Class(code);
            // A mark composes unless one of its own class or above stands between; a starter only when nothing does.
            var adjacent = starter >= 0 && (lastClass == 0 ? starter == result.Count - 1 : lastClass < own);
            if (adjacent && Pair(result[starter], code, data) is { } composed)
            {
                result[starter] = composed;
                continue;
            }

            if (own == 0)
            {
                starter = result.Count;
            }

            lastClass = own;
            result.Add(code);
        }

        var text = new StringBuilder(result.Count);
        foreach (var code in result)
        {
            text.Append(new Rune(code));
        }

        return text.ToString();
    }

    private static int? Pair(int first, int second, Data data)
    {
        if (first is >= LeadBase and < LeadBase + Leads && second is >= VowelBase and < VowelBase + Vowels)
        {
            return HangulBase + ((((first - LeadBase) * Vowels) + second - VowelBase) * Tails);
        }

        if (first is >= HangulBase and < HangulBase + (Leads * Vowels * Tails) && (first - HangulBase) % Tails == 0 && second is > TailBase and < TailBase + Tails)
        {
            return first + second - TailBase;
        }

        return data.Compositions.TryGetValue((first, second), out var composed) ? composed : null;
    }

    private sealed class Data
    {
        private readonly Dictionary<int, byte> _classes = [];

        public string Version { get; private set; } = "";

        public Dictionary<int, (int First, int Second)> Decompositions { get; } = [];

        public Dictionary<(int First, int Second), int> Compositions { get; } = [];

        public int Class(int code) => code < 0x300 ? 0 : _classes.GetValueOrDefault(code);

        public static Data Read()
        {
            var data = new Data();
            using var stream = typeof(Nfc).Assembly.GetManifestResourceStream("Nfc.txt") ?? throw new InvalidOperationException("Nfc.txt is not in the assembly.");
            using var reader = new StreamReader(stream);
            while (reader.ReadLine() is { } line)
            {
                var words = line.Split(' ');
                switch (words[0])
                {
                    case "U":
                        data.Version = words[1];
                        break;
                    case "C":
                        data.AddClass(byte.Parse(words[1], CultureInfo.InvariantCulture), words.AsSpan(2));
                        break;
                    default:
                        var (code, first, second) = (Hex(words[1]), Hex(words[2]), words.Length > 3 ? Hex(words[3]) : 0);
                        data.Decompositions.Add(code, (first, second));
                        if (words[0] == "D")
                        {
                            data.Compositions.Add((first, second), code);
                        }

                        break;
                }
            }

            return data;
        }

        private void AddClass(byte value, ReadOnlySpan<string> ranges)
        {
            foreach (var range in ranges)
            {
                var dash = range.IndexOf('-', StringComparison.Ordinal);
                var (from, to) = dash < 0 ? (Hex(range), Hex(range)) : (Hex(range[..dash]), Hex(range[(dash + 1)..]));
                for (var code = from; code <= to; code++)
                {
                    _classes.Add(code, value);
                }
            }
        }

        private static int Hex(string text) => int.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
    }
}
