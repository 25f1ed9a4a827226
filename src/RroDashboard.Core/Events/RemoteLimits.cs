namespace RroDashboard.Core.Events;

/// <summary>Bounds of what a trainer elsewhere may say; each is a number with its reason.</summary>
public static class RemoteLimits
{
    /// <summary>Events of one batch: as many as the writer puts into one transaction.</summary>
    public const int BatchEvents = 1000;

    /// <summary>Bytes of one request: a batch of long texts fits, and one that waits for the writer is held in memory.</summary>
    public const int BodyBytes = 4 << 20;

    /// <summary>Batches of all runs that may wait for the writer at once; who comes later is told to come again.</summary>
    public const int BatchesAtOnce = 16;

    /// <summary>Runs of trainers elsewhere that may be open at once: more is a mistake of a script.</summary>
    public const int OpenRuns = 100;

    /// <summary>Events of one run.</summary>
    public const long RunEvents = 20_000_000;

    /// <summary>Series of one run: a snapshot holds up to 500 bands of each.</summary>
    public const int Series = 100;

    /// <summary>Characters of the name of a series.</summary>
    public const int SeriesName = 100;

    /// <summary>Highest step: the largest whole number that a browser counts to.</summary>
    public const long Step = (1L << 53) - 1;

    /// <summary>Highest number of a walk, and of steps of one.</summary>
    public const int Tasks = 1_000_000;

    /// <summary>Characters of an action, an observation, an instruction or a history.</summary>
    public const int Text = 32_768;

    /// <summary>Characters of a line of the log, an alert, or the reason of an end.</summary>
    public const int Line = 4000;

    /// <summary>Characters of a name: of a task, a rule, a group, a method, an environment, a trainer.</summary>
    public const int Name = 120;

    /// <summary>Outcomes of one estimate, and candidates of one step.</summary>
    public const int Outcomes = 1000;

    /// <summary>Tokens of one text.</summary>
    public const int Tokens = 32_768;

    /// <summary>Episodes of one evaluation.</summary>
    public const int Episodes = 10_000;

    /// <summary>Turns of one episode.</summary>
    public const int Turns = 1000;

    /// <summary>Characters of the settings of the trainer, as JSON.</summary>
    public const int Config = 65_536;

    /// <summary>Depth of the settings of the trainer.</summary>
    public const int ConfigDepth = 16;

    /// <summary>Shortest silence after which a run may be said to have crashed, seconds.</summary>
    public const int ShortestSilence = 5;

    /// <summary>Longest silence, seconds.</summary>
    public const int LongestSilence = 86_400;

    /// <summary>Silence where the trainer names none, seconds: a checkpoint is written in less.</summary>
    public const int DefaultSilence = 120;
}
