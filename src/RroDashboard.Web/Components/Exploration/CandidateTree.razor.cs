using Microsoft.AspNetCore.Components;
using RroDashboard.Core.Exploration;

namespace RroDashboard.Web.Components.Exploration;

/// <summary>Draws the candidates of a walk as a tree.</summary>
public sealed partial class CandidateTree
{
    private const int Gap = 12;
    private const int Gutter = 88;
    private const int LinkHeight = 30;

    /// <summary>What is drawn.</summary>
    [Parameter, EditorRequired] public required WalkView View { get; set; }

    /// <summary>Step of the node whose detail is open; null for none.</summary>
    [Parameter] public int? OpenStep { get; set; }

    /// <summary>Attempt of that node.</summary>
    [Parameter] public int? OpenAttempt { get; set; }

    /// <summary>The address.</summary>
    [Inject] public required NavigationManager Navigation { get; init; }

    // Wide where there is room for it, narrow where five candidates shall be seen beside each other.
    private int NodeWidth => View.Widest switch { <= 2 => 280, 3 => 236, 4 => 180, _ => 150 };

    private int Width => Gutter + (View.Widest * (NodeWidth + Gap)) - Gap;

    private double Middle(int attempt) => Gutter + (attempt * (NodeWidth + Gap)) + (NodeWidth / 2.0);

    private string Link(int from, int to)
    {
        var (a, b) = (ExplorationWords.Css(Middle(from)), ExplorationWords.Css(Middle(to)));
        return from == to ? $"M{a} 0V{LinkHeight}" : $"M{a} 0C{a} {LinkHeight * 0.6:0} {b} {LinkHeight * 0.4:0} {b} {LinkHeight}";
    }

    // Where the lines of the first step that is drawn come from.
    private int Parent(int step) => step > 0 && step <= View.Decided.Count ? View.Followed(View.Decided[step - 1]) ?? 0 : 0;

    private bool IsOpen(CandidateView node) => node.Outline.Step == OpenStep && node.Outline.Attempt == OpenAttempt;

    // One node is reached by Tab: the open one, or the first.
    private bool IsEntry(CandidateView node) => View.Steps.Any(s => s.Candidates.Any(IsOpen))
        ? IsOpen(node)
        : node.Outline.Attempt == 0 && node.Outline.Step == View.Steps.First(s => s.Candidates.Count > 0).Step;

    private string UrlOf(int from) => Navigation.GetUriWithQueryParameters(new Dictionary<string, object?> { ["from"] = from == 0 ? null : from, ["step"] = null, ["try"] = null });

    private string UrlOf(int step, int attempt) => Navigation.GetUriWithQueryParameters(new Dictionary<string, object?> { ["step"] = step, ["try"] = attempt });
}
