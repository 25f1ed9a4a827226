namespace RroDashboard.Training.Tokenizer.Bpe;

/// <summary>
/// What a <c>tokenizer.json</c> may ask for at most. Such a file comes from anywhere; these keep loading and encoding bounded in time and
/// memory, and every published tokenizer is well within them.
/// </summary>
public static class TokenizerLimits
{
    /// <summary>Bytes of the file; Gemma's largest has about 33 MB.</summary>
    public const long FileBytes = 128L << 20;

    /// <summary>Nesting of the JSON.</summary>
    public const int JsonDepth = 32;

    /// <summary>Tokens, added ones included; ids are below it.</summary>
    public const int Tokens = 1 << 20;

    /// <summary>Merges.</summary>
    public const int Merges = 1 << 21;

    /// <summary>Characters of one token.</summary>
    public const int TokenChars = 1024;

    /// <summary>Added tokens.</summary>
    public const int AddedTokens = 1 << 16;

    /// <summary>Steps of normaliser, pre-tokeniser and decoder each, nested ones counted.</summary>
    public const int Steps = 32;

    /// <summary>Characters of a pattern.</summary>
    public const int PatternChars = 4096;

    /// <summary>Seconds that one pattern may take on one text.</summary>
    public const int PatternSeconds = 5;

    /// <summary>UTF-16 characters of a text, after normalisation too.</summary>
    public const int TextChars = 16 << 20;

    /// <summary>Words whose tokens are remembered; then it begins anew.</summary>
    public const int CachedWords = 20_000;

    /// <summary>Longest word that is remembered, characters.</summary>
    public const int CachedWordChars = 64;
}
