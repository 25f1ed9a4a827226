namespace RroDashboard.Training.Templates;

/// <summary>What a chat template may ask for at most: it is a program from anywhere.</summary>
public static class TemplateLimits
{
    /// <summary>Characters of the template; the longest published ones have about 15,000.</summary>
    public const int SourceChars = 1 << 18;

    /// <summary>Nesting of blocks and expressions.</summary>
    public const int Depth = 64;

    /// <summary>Operations of one tag.</summary>
    public const int Chain = 1000;

    /// <summary>Statements, loop rounds, operations and characters written, all counted together, in one rendering.</summary>
    public const int Steps = 4_000_000;

    /// <summary>Characters of the result and of every string on the way.</summary>
    public const int TextChars = 4 << 20;

    /// <summary>Items of a list that a template makes.</summary>
    public const int Items = 100_000;
}

/// <summary>A template was refused, or refused its input. One sentence.</summary>
public sealed class TemplateException(string message) : Exception(message);
