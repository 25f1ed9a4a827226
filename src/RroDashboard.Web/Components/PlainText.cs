using System.Globalization;
using System.Text;

namespace RroDashboard.Web.Components;

/// <summary>Text of a run as people can see it: what a model writes may hold characters that show nothing, or that turn the text around them.</summary>
public static class PlainText
{
    private const int Pictures = 0x2400;
    private const char DeletePicture = '\u2421';

    /// <summary>Control characters as their pictures, turning ones by their numbers. The twin of plain-text.js.</summary>
    public static string Of(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (!text.Any(IsHidden))
        {
            return text;
        }

        var shown = new StringBuilder(text.Length + 16);
        foreach (var c in text)
        {
            if (c == 0x7F)
            {
                shown.Append(DeletePicture);
            }
            else if (c < 0x20 && c is not ('\t' or '\n'))
            {
                shown.Append((char)(Pictures + c));
            }
            else if (IsTurning(c))
            {
                shown.Append(CultureInfo.InvariantCulture, $"⟨U+{(int)c:X4}⟩");
            }
            else
            {
                shown.Append(c);
            }
        }

        return shown.ToString();
    }

    private static bool IsHidden(char c) => c == 0x7F || (c < 0x20 && c is not ('\t' or '\n')) || IsTurning(c);

    private static bool IsTurning(char c) => c is '\u061C' or '\u200E' or '\u200F' or (>= '\u202A' and <= '\u202E') or (>= '\u2066' and <= '\u2069');
}
