using RroDashboard.Core.Metrics;

namespace RroDashboard.Web.Components.Charts;

/// <summary>A line of a chart that the server draws.</summary>
/// <param name="Name">For the legend and the table; may be anything.</param>
/// <param name="Points">In order of steps.</param>
/// <param name="Dashed">Told from others by more than its colour.</param>
public sealed record ChartLine(string Name, IReadOnlyList<Band> Points, bool Dashed = false);

/// <summary>A column of a chart.</summary>
/// <param name="Label">Below it.</param>
/// <param name="Value">Its height.</param>
/// <param name="Muted">Not one of the others.</param>
public sealed record ChartColumn(string Label, double Value, bool Muted = false);

/// <summary>A value with its interval.</summary>
/// <param name="Label">Below it.</param>
/// <param name="Mean">Place of the mark.</param>
/// <param name="Low">Lower end.</param>
/// <param name="High">Upper end.</param>
public sealed record ChartInterval(string Label, double Mean, double Low, double High);

/// <summary>
/// A chart that the server draws as SVG: for pages without a circuit, for reports, and for files that are opened offline. It has lines over steps, or
/// columns, or intervals.
/// </summary>
/// <param name="Key">Name within its page.</param>
/// <param name="Title">Short.</param>
/// <param name="XTitle">Name of the horizontal axis.</param>
/// <param name="YTitle">Name and unit of the vertical axis.</param>
/// <param name="Summary">The same in one sentence, for those who cannot see it.</param>
public sealed record ChartView(string Key, string Title, string XTitle, string YTitle, string Summary)
{
    /// <summary>Most points of a line that are drawn: a chart is no wider.</summary>
    public const int MaxPoints = 240;

    /// <summary>Lines over steps.</summary>
    public IReadOnlyList<ChartLine> Lines { get; init; } = [];

    /// <summary>Columns.</summary>
    public IReadOnlyList<ChartColumn> Columns { get; init; } = [];

    /// <summary>Values with intervals.</summary>
    public IReadOnlyList<ChartInterval> Intervals { get; init; } = [];

    /// <summary>Horizontal lines to compare with.</summary>
    public IReadOnlyList<(string Name, double Value)> References { get; init; } = [];

    /// <summary>The vertical axis begins at zero where nothing is below.</summary>
    public bool FromZero { get; init; } = true;

    /// <summary>There is something to draw.</summary>
    public bool HasContent => Lines.Any(l => l.Points.Count > 0) || Columns.Count > 0 || Intervals.Count > 0;
}
