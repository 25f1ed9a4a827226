using System.Text;

namespace RroDashboard.Web.Components.Exploration;

/// <summary>Makes what cannot be seen visible.</summary>
public static class Visible
{
    /// <summary>
    /// The text with control characters as their pictures (␀ for 0), because browsers drop or mangle them, and half surrogate pairs as
    /// the replacement character, because they cannot be sent at all. Tabs and line ends stay.
    /// </summary>
    public static string Of(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (!text.AsSpan().ContainsAnyInRange('\0', '\u001F') && !text.AsSpan().ContainsAnyInRange('\u007F', '\u009F') && !text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF'))
        {
            return text;
        }

        var visible = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            _ = rune.Value switch
            {
                '\t' or '\n' => visible.Append((char)rune.Value),
                < 0x20 => visible.Append((char)(0x2400 + rune.Value)),
                0x7F => visible.Append('\u2421'),
                >= 0x80 and <= 0x9F => visible.Append('\uFFFD'),
                _ => visible.Append(rune),
            };
        }

        return visible.ToString();
    }
}
