using System.Globalization;
using RroDashboard.Data.Bundles;

namespace RroDashboard.Web.Bundles;

/// <summary>Metric points as CSV, without loss: a name that a spreadsheet would read as a formula gets an apostrophe, which is taken away again.</summary>
internal static class MetricsCsv
{
    /// <summary>First line.</summary>
    public const string Header = "series,step,value";

    private const string Formula = "=+-@\t'";

    /// <summary>One point.</summary>
    public static string Line(StoredPoint point) => string.Create(CultureInfo.InvariantCulture, $"{Cell(point.Series)},{point.Step},{point.Value:R}");

    /// <summary>Reads a line; false when it is none of ours.</summary>
    public static bool TryRead(string line, out StoredPoint point)
    {
        point = default;
        var value = line.LastIndexOf(',');
        var step = value <= 0 ? -1 : line.LastIndexOf(',', value - 1);
        if (step <= 0
            || !long.TryParse(line.AsSpan(step + 1, value - step - 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var atStep)
            || !double.TryParse(line.AsSpan(value + 1), NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            || !double.IsFinite(number)
            || Name(line[..step]) is not { } series)
        {
            return false;
        }

        point = new StoredPoint(series, atStep, number);
        return true;
    }

    private static string Cell(string name)
    {
        var safe = name.Length > 0 && Formula.Contains(name[0], StringComparison.Ordinal) ? "'" + name : name;
        return safe.AsSpan().IndexOfAny(',', '"') < 0 ? safe : $"\"{safe.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }

    private static string? Name(string cell)
    {
        if (cell.StartsWith('"'))
        {
            if (cell.Length < 2 || !cell.EndsWith('"'))
            {
                return null;
            }

            cell = cell[1..^1].Replace("\"\"", "\"", StringComparison.Ordinal);
        }

        return cell.Length > 1 && cell[0] == '\'' && Formula.Contains(cell[1], StringComparison.Ordinal) ? cell[1..] : cell;
    }
}
