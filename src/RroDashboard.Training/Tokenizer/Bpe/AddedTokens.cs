using System.Text;

namespace RroDashboard.Training.Tokenizer.Bpe;

/// <summary>A token that is found in the text as it stands, before anything else.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Content">Its spelling.</param>
/// <param name="Special">Control token: no text of its own.</param>
/// <param name="Normalized">Looked for after normalisation instead of before.</param>
/// <param name="LeftStrip">Takes the white space before it.</param>
/// <param name="RightStrip">Takes the white space after it.</param>
public sealed record AddedToken(int Id, string Content, bool Special, bool Normalized, bool LeftStrip, bool RightStrip);

/// <summary>Finds added tokens in a text: from left to right, at each place the longest.</summary>
internal sealed class AddedTokenFinder
{
    private readonly Node _root = new();

    public void Add(string content, AddedToken token)
    {
        var node = _root;
        foreach (var c in content)
        {
            if (!node.Next.TryGetValue(c, out var next))
            {
                node.Next.Add(c, next = new Node());
            }

            node = next;
        }

        node.Token = token;
    }

    /// <summary>The text in pieces: without a token what stands between, with one the token.</summary>
    public IEnumerable<(string Text, AddedToken? Token)> Split(string text)
    {
        if (_root.Next.Count == 0)
        {
            yield return (text, null);
            yield break;
        }

        var start = 0;
        for (var at = 0; at < text.Length;)
        {
            var (node, end, found) = (_root, at, (AddedToken?)null);
            for (var i = at; i < text.Length && node.Next.TryGetValue(text[i], out node); i++)
            {
                if (node.Token is { } token)
                {
                    (end, found) = (i + 1, token);
                }
            }

            if (found is null)
            {
                at++;
                continue;
            }

            var before = at;
            while (found.LeftStrip && before > start && char.IsWhiteSpace(text[before - 1]))
            {
                before--;
            }

            while (found.RightStrip && end < text.Length && char.IsWhiteSpace(text[end]))
            {
                end++;
            }

            if (before > start)
            {
                yield return (text[start..before], null);
            }

            yield return (found.Content, found);
            (at, start) = (end, end);
        }

        if (start < text.Length)
        {
            yield return (text[start..], null);
        }
    }

    private sealed class Node
    {
        public Dictionary<char, Node> Next { get; } = [];

        public AddedToken? Token { get; set; }
    }
}

/// <summary>What tokens are written as, one by one.</summary>
internal sealed class TokenSpelling
{
    private readonly bool _byteLevel;
    private readonly List<(string From, string To)> _replacements = [];
    private bool _byteFallback;

    private TokenSpelling(bool byteLevel) => _byteLevel = byteLevel;

    /// <summary>Blanks at the beginning of a text that are not part of it.</summary>
    public int StripStart { get; private set; }

    /// <summary>Reads the <c>decoder</c> of a file.</summary>
    public static TokenSpelling Read(JsonPart part)
    {
        var type = part.Member("type").Text();
        if (type == "ByteLevel")
        {
            return new TokenSpelling(byteLevel: true);
        }

        var spelling = new TokenSpelling(byteLevel: false);
        var fused = false;
        foreach (var step in type == "Sequence" ? part.Member("decoders").Items(TokenizerLimits.Steps) : [part])
        {
            var kind = step.Member("type").Text();
            switch (kind)
            {
                case "Replace" when !fused:
                    spelling._replacements.Add((Normalizer.Short(step.Member("pattern").Member("String")), Normalizer.Short(step.Member("content"))));
                    if (spelling._replacements[^1].From.Length == 0)
                    {
                        throw step.Wrong("replaces nothing by something");
                    }

                    break;
                case "ByteFallback" when !fused:
                    spelling._byteFallback = true;
                    break;
                case "Fuse":
                    fused = true;
                    break;
                case "Strip" when fused && step.Member("content").Text() == " " && step.Maybe("stop").IntOr(0, 0, int.MaxValue) == 0:
                    spelling.StripStart = step.Maybe("start").IntOr(0, 0, TokenizerLimits.TokenChars);
                    break;
                default:
                    throw step.Wrong($"is of type '{kind}', which is not supported here: ByteLevel, or Replace, ByteFallback, Fuse and a Strip of blanks at the start, in this order");
            }
        }

        return spelling;
    }

    /// <summary>UTF-8 of one token; it may be part of a character.</summary>
    /// <param name="token">As the file spells it.</param>
    /// <param name="added">Added tokens are not written in the byte alphabet.</param>
    public byte[] Bytes(string token, bool added)
    {
        if (_byteLevel)
        {
            return (added ? null : ByteAlphabet.Read(token)) ?? Encoding.UTF8.GetBytes(token);
        }

        var text = token;
        foreach (var (from, to) in _replacements)
        {
            text = text.Replace(from, to, StringComparison.Ordinal);
        }

        return _byteFallback && BpeModel.ByteOf(token) is >= 0 and var value ? [(byte)value] : Encoding.UTF8.GetBytes(text);
    }
}
