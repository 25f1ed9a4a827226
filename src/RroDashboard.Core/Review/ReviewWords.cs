namespace RroDashboard.Core.Review;

/// <summary>What people are asked about an item of a queue.</summary>
public enum ReviewKind
{
    /// <summary>Which of two actions is better: A, B, equal, or both bad.</summary>
    Pairwise,

    /// <summary>One step, 1 to 5 on each question of a rubric.</summary>
    Score,

    /// <summary>A pair of the model as it is: accept, flip or discard.</summary>
    Verdict,
}

/// <summary>In which order a queue hands out its items.</summary>
public enum ReviewOrder
{
    /// <summary>Those first that people's time helps most (<see cref="Usefulness"/>), with random control items among them.</summary>
    Useful,

    /// <summary>By chance.</summary>
    Random,

    /// <summary>As they were made.</summary>
    Ledger,
}

/// <summary>What a person says of two actions, in terms of the pair and not of the letters that were shown.</summary>
public enum PairChoice
{
    /// <summary>The one that the process reward prefers.</summary>
    Chosen,

    /// <summary>The one that the process reward rejects.</summary>
    Rejected,

    /// <summary>Neither is better.</summary>
    Equal,

    /// <summary>Neither is any good.</summary>
    BothBad,
}

/// <summary>What people's answers mean for a pair.</summary>
public enum PairVerdict
{
    /// <summary>It is trained on as it is.</summary>
    Keep,

    /// <summary>Its sides change places.</summary>
    Flip,

    /// <summary>It is left out.</summary>
    Discard,
}

/// <summary>Limits and defaults of review queues, where a form and a refusal can name them.</summary>
public static class ReviewLimits
{
    /// <summary>Items of one queue.</summary>
    public const int MaxItems = 5000;

    /// <summary>Characters of a title.</summary>
    public const int MaxTitle = 120;

    /// <summary>Characters of the guidelines.</summary>
    public const int MaxGuidelines = 16_384;

    /// <summary>Questions of a rubric.</summary>
    public const int MaxQuestions = 8;

    /// <summary>Characters of a question.</summary>
    public const int MaxQuestion = 120;

    /// <summary>Answers that an item may need.</summary>
    public const int MaxAnswers = 5;

    /// <summary>Bytes of a note, as UTF-8.</summary>
    public const int MaxNoteBytes = 16 * 1024;

    /// <summary>Characters of an action that a reviewer writes.</summary>
    public const int MaxBetterAction = 4000;

    /// <summary>Best score.</summary>
    public const int MaxScore = 5;

    /// <summary>Share of random control items by default.</summary>
    public const double ControlShare = 0.05;

    /// <summary>Scores this far apart on a question are a conflict.</summary>
    public const int ConflictingScores = 2;

    /// <summary>How long an item is held for the person who has it.</summary>
    public static TimeSpan Hold { get; } = TimeSpan.FromMinutes(10);
}
