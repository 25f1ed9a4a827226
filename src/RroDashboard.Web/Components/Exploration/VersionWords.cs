using System.Globalization;
using RroDashboard.Core.Preferences;
using RroDashboard.Data;

namespace RroDashboard.Web.Components.Exploration;

/// <summary>Decisions and sources as people read them: a mark and a word.</summary>
public static class VersionWords
{
    /// <summary>What was decided about a pair, with its weight where it is not 1.</summary>
    public static string Of(VersionRow row)
    {
        ArgumentNullException.ThrowIfNull(row);
        var text = row.Decision switch
        {
            PairDecision.Flipped => "⇄ flipped",
            PairDecision.Discarded => "✕ discarded",
            PairDecision.Added => "+ added",
            _ => row.Entry?.Provenance is not null ? "✓ kept" : row.Origin?.Decision == PairDecision.Flipped ? "⇄ taken over flipped" : "· as made",
        };
        return row.Entry is { Weight: not 1 } entry ? string.Create(CultureInfo.InvariantCulture, $"{text}, weight {entry.Weight:0.###}") : text;
    }

    /// <summary>Where the sides of a pair come from.</summary>
    public static string Of(PairSource source) => source switch
    {
        PairSource.Human => "☺ human",
        PairSource.Edited => "✎ edited",
        PairSource.Imported => "⇥ imported",
        _ => "◇ model",
    };

    /// <summary>Why a pair is as it is.</summary>
    public static string Of(PairProvenance provenance)
    {
        ArgumentNullException.ThrowIfNull(provenance);
        var name = PlainText.Of(provenance.Name);
        return provenance.Kind switch
        {
            "queue" => $"by review queue {name}{Answers(provenance)}",
            "filter" => $"by a change of all pairs that fit: {name}",
            "file" => $"from the file {name}, line {provenance.Line}",
            "written" => $"a better action written for {name}",
            "page" => "by a person on this page",
            _ => $"by a script: {name}{Answers(provenance)}",
        };
    }

    private static string Answers(PairProvenance provenance) => provenance.Answers is { Count: > 0 } answers
        ? $", answers {string.Join(", ", answers.Take(5).Select(a => PlainText.Of(a)))}{(answers.Count > 5 ? $" and {answers.Count - 5} more" : "")}"
        : "";
}
