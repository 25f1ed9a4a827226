using System.Globalization;
using Microsoft.AspNetCore.Components;
using RroDashboard.Core.Exploration;

namespace RroDashboard.Web.Components.Exploration;

/// <summary>Heat map of steps by position and change, its three thirds in words, and the same numbers as a table.</summary>
public sealed partial class RiverChart
{
    private const int Left = 116;
    private const int Top = 4;
    private const int CellHeight = 26;
    private const int WidthForNumbers = 34;

    private int _largest;

    /// <summary>What is drawn.</summary>
    [Parameter, EditorRequired] public required River River { get; set; }

    private int CellWidth => River.Columns switch { <= 8 => 64, <= 14 => 44, <= 20 => WidthForNumbers, _ => 18 };

    private int Width => Left + (River.Columns * CellWidth) + 4;

    private int Height => Top + (River.Rows.Count * CellHeight) + 22;

    private string Summary => "Heat map. " + string.Join(". ", River.Thirds.Select(t =>
        $"At the {t.Name} of the walks {Part(t.Higher, t.Steps)} of {Words.Count(t.Steps)} steps rise, {Part(t.Equal, t.Steps)} stay and {Part(t.Lower, t.Steps)} fall")) + ".";

    /// <inheritdoc/>
    protected override void OnParametersSet() => _largest = River.Counts.Cast<int>().DefaultIfEmpty().Max();

    private static string Part(int some, int all) => ExplorationWords.Percent(all == 0 ? 0 : 100.0 * some / all);

    private static string Share(int some, int all) => $"width: {ExplorationWords.Css(all == 0 ? 0 : 100.0 * some / all)}%";

    private string Class(int row) => row < River.Rows.Count / 2 ? "up" : row > River.Rows.Count / 2 ? "down" : "even";

    // By the square root: the many steps without a change would otherwise leave everything else pale. Never so dark that the number on it cannot be read.
    private string Opacity(int count) => count == 0 ? "0.05" : (0.1 + (0.38 * Math.Sqrt((double)count / _largest))).ToString("0.00", CultureInfo.InvariantCulture);

    private string ColumnName(int column) => River.StepsPerColumn == 1
        ? column.ToString(CultureInfo.InvariantCulture)
        : string.Create(CultureInfo.InvariantCulture, $"{column * River.StepsPerColumn}-{((column + 1) * River.StepsPerColumn) - 1}");

    private string CellText(int row, int column) => $"Step {ColumnName(column)}, {River.Rows[row]}: {Words.Count(River.Counts[row, column])} steps";
}
