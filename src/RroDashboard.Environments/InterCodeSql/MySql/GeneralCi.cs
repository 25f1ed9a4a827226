using System.Text;

namespace RroDashboard.Environments.InterCodeSql.MySql;

/// <summary>
/// utf8mb4_general_ci: one weight per character, upper case without accents; trailing blanks do not count. Characters beyond
/// the basic plane all weigh the same.
/// </summary>
internal static class GeneralCi
{
    public const string Name = "utf8mb4_general_ci";

    private const char Beyond = '\uFFFD';
    private const int Covered = 0x10000;

    // Letters with accents from U+00C0 on weigh as the plain letter. A table of our own: what the runtime knows of Unicode differs from
    // machine to machine.
    private const int FirstAccented = 0xC0;
    private const string Plain =
        "AAAAAA.CEEEEIIII.NOOOOO..UUUUY.SAAAAAA.CEEEEIIII.NOOOOO..UUUUY.YAAAAAACCCCCCCCDD..EEEEEEEEEEGGGGGGGGHH..IIIIIIIII...JJKK.LLLLLL..."
        + ".NNNNNN...OOOOOO..RRRRRRSSSSSSSSTTTT..UUUUUUUUUUUUWWYYYZZZZZZ.................................OO.............UU..................."
        + ".........AAIIOOUUUUUUUUUU.AAAA....GGKKOOOO..J...GG..NNAA....AAAAEEEEIIIIOOOORRRRUUUUSSTT..HH......AAEEOOOOOOOOYY.................."
        + "..........";

    private static readonly char[] s_weights = Build();

    public static char Weight(char c) => s_weights[c];

    /// <summary>Order of two UTF-8 texts.</summary>
    public static int Compare(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        int l = 0, r = 0;
        while (true)
        {
            if (l >= left.Length || r >= right.Length)
            {
                // The shorter text counts as filled up with blanks.
                return l < left.Length ? Rest(left[l..]) : -Rest(right[r..]);
            }

            var difference = Next(left, ref l) - Next(right, ref r);
            if (difference != 0)
            {
                return difference;
            }
        }
    }

    /// <summary>Text with the same weights and nothing else: equal keys are equal texts.</summary>
    public static string Key(string text)
    {
        var result = new StringBuilder(text.Length);
        foreach (var rune in text.AsSpan().TrimEnd(' ').EnumerateRunes())
        {
            result.Append(rune.Value < Covered ? s_weights[rune.Value] : Beyond);
        }

        return result.ToString();
    }

    private static int Rest(ReadOnlySpan<byte> rest)
    {
        var at = 0;
        while (at < rest.Length)
        {
            var difference = Next(rest, ref at) - ' ';
            if (difference != 0)
            {
                return difference;
            }
        }

        return 0;
    }

    private static char Next(ReadOnlySpan<byte> text, ref int at)
    {
        var first = text[at];
        if (first < 0x80)
        {
            at++;
            return s_weights[first];
        }

        Rune.DecodeFromUtf8(text[at..], out var rune, out var used);
        at += Math.Max(used, 1);
        return rune.Value < Covered ? s_weights[rune.Value] : Beyond;
    }

    private static char[] Build()
    {
        var weights = new char[Covered];
        for (var i = 0; i < Covered; i++)
        {
            var c = (char)i;
            if (char.IsSurrogate(c))
            {
                weights[i] = Beyond;
                continue;
            }

            var upper = char.ToUpperInvariant(c);
            if (i >= FirstAccented && i - FirstAccented < Plain.Length && Plain[i - FirstAccented] != '.')
            {
                upper = Plain[i - FirstAccented];
            }

            weights[i] = upper;
        }

        return weights;
    }
}
