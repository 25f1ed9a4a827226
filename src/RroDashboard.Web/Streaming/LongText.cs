using RroDashboard.Core.Events;

namespace RroDashboard.Web.Streaming;

/// <summary>Texts of a run as they go to viewers: a model may write a megabyte, and every viewer would get it.</summary>
public static class LongText
{
    /// <summary>Characters of one text that are sent; the rest is read in the export.</summary>
    public const int MaxLength = 2000;

    /// <summary>The text, or its beginning and its true length.</summary>
    public static string Cut(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length <= MaxLength)
        {
            return text;
        }

        // Not between the two halves of one character.
        var end = char.IsHighSurrogate(text[MaxLength - 1]) ? MaxLength - 1 : MaxLength;
        return FormattableString.Invariant($"{text[..end]} … (the first {end:N0} of {text.Length:N0} characters)");
    }

    /// <summary>The same event with short texts.</summary>
    public static RunEvent Cut(RunEvent happened) => happened switch
    {
        StepDecided step => Cut(step),
        CandidateScored candidate => Cut(candidate),
        LogLine line when line.Text.Length > MaxLength => line with { Text = Cut(line.Text) },
        AlertRaised alert when alert.Text.Length > MaxLength => alert with { Text = Cut(alert.Text) },
        _ => happened,
    };

    /// <summary>The same step with short texts.</summary>
    public static StepDecided Cut(StepDecided step)
    {
        ArgumentNullException.ThrowIfNull(step);
        return step.Action.Length > MaxLength ? step with { Action = Cut(step.Action) } : step;
    }

    /// <summary>The same candidate with short texts.</summary>
    public static CandidateScored Cut(CandidateScored candidate)
    {
        ArgumentNullException.ThrowIfNull(candidate);
        return candidate.Action.Length > MaxLength || candidate.Observation.Length > MaxLength
            ? candidate with { Action = Cut(candidate.Action), Observation = Cut(candidate.Observation) }
            : candidate;
    }
}
