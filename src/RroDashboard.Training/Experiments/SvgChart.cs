using System.Globalization;
using System.Security;
using System.Text;

namespace RroDashboard.Training.Experiments;

/// <summary>A point with the ends of its interval in both directions.</summary>
/// <param name="Label">Shown beside it.</param>
/// <param name="X">Place.</param>
/// <param name="Y">Place.</param>
/// <param name="Low">Lower end of the interval of <paramref name="Y"/>.</param>
/// <param name="High">Upper end.</param>
/// <param name="Strong">Drawn filled: what the chart is about.</param>
public sealed record ChartPoint(string Label, double X, double Y, double Low, double High, bool Strong = false);

/// <summary>
/// The two charts of a report, as SVG text that any browser and code host shows: dark on white, so that it reads on every page, with a
/// title and a description for those who cannot see it. The same numbers stand in the report's tables.
/// </summary>
public static class SvgChart
{
    private const int Width = 760;
    private const int Left = 74;
    private const int Right = 24;
    private const int Top = 46;
    private const int Bottom = 52;
    private const string Ink = "#1f2328";
    private const string Grey = "#59636e";
    private const string Line = "#d1d9e0";
    private const string Accent = "#0969da";

    /// <summary>Reward against cost: points with vertical intervals, and a line through the baseline's points.</summary>
    /// <param name="title">Short.</param>
    /// <param name="xLabel">Name and unit of the cost.</param>
    /// <param name="yLabel">Name of the reward.</param>
    /// <param name="points">Points.</param>
    /// <param name="line">Places that a line joins, in order; may be empty.</param>
    public static string Scatter(string title, string xLabel, string yLabel, IReadOnlyList<ChartPoint> points, IReadOnlyList<(double X, double Y)> line)
    {
        ArgumentNullException.ThrowIfNull(points);
        ArgumentNullException.ThrowIfNull(line);
        const int Height = 440;
        var xTicks = Ticks(0, Math.Max(1, points.Select(p => p.X).Concat(line.Select(l => l.X)).DefaultIfEmpty(1).Max()));
        var yTicks = Ticks(points.Select(p => p.Low).Concat(line.Select(l => l.Y)).DefaultIfEmpty(0).Min(), points.Select(p => p.High).DefaultIfEmpty(1).Max());
        double X(double x) => Left + ((x - xTicks[0]) / (xTicks[^1] - xTicks[0]) * (Width - Left - Right));
        double Y(double y) => Height - Bottom - ((y - yTicks[0]) / (yTicks[^1] - yTicks[0]) * (Height - Top - Bottom));

        var svg = Begin(title, Height, string.Join("; ", points.Select(p => F($"{p.Label}: {p.X:0} and {p.Y:0.000}"))));
        foreach (var tick in yTicks)
        {
            svg.Append(F($"<line x1='{Left}' x2='{Width - Right}' y1='{Y(tick):0.0}' y2='{Y(tick):0.0}' stroke='{Line}'/><text x='{Left - 8}' y='{Y(tick) + 4:0.0}' text-anchor='end' fill='{Grey}'>{tick:0.###}</text>"));
        }

        foreach (var tick in xTicks)
        {
            svg.Append(F($"<line x1='{X(tick):0.0}' x2='{X(tick):0.0}' y1='{Height - Bottom}' y2='{Height - Bottom + 5}' stroke='{Grey}'/><text x='{X(tick):0.0}' y='{Height - Bottom + 20}' text-anchor='middle' fill='{Grey}'>{tick:#,0.##}</text>"));
        }

        svg.Append(F($"<text x='{(Left + Width - Right) / 2}' y='{Height - 10}' text-anchor='middle' fill='{Ink}'>{Escape(xLabel)}</text>"));
        svg.Append(F($"<text transform='translate(18 {(Top + Height - Bottom) / 2}) rotate(-90)' text-anchor='middle' fill='{Ink}'>{Escape(yLabel)}</text>"));
        if (line.Count > 1)
        {
            svg.Append(F($"<polyline points='{string.Join(' ', line.Select(l => F($"{X(l.X):0.0},{Y(l.Y):0.0}")))}' fill='none' stroke='{Grey}' stroke-dasharray='5 4'/>"));
        }

        // Labels from top to bottom, pushed apart where they would cover each other.
        var taken = new List<(double X, double Y)>();
        foreach (var point in points.OrderByDescending(p => p.Y))
        {
            var colour = point.Strong ? Accent : Ink;
            svg.Append(F($"<line x1='{X(point.X):0.0}' x2='{X(point.X):0.0}' y1='{Y(point.Low):0.0}' y2='{Y(point.High):0.0}' stroke='{colour}'/>"));
            svg.Append(F($"<circle cx='{X(point.X):0.0}' cy='{Y(point.Y):0.0}' r='4.5' fill='{(point.Strong ? Accent : "#ffffff")}' stroke='{colour}' stroke-width='1.5'/>"));
            var width = point.Label.Length * 6.6;
            var toTheLeft = X(point.X) + 9 + width > Width;
            var (labelX, labelY) = (X(point.X) + (toTheLeft ? -9 : 9), Y(point.Y) + 4);
            while (taken.Exists(t => Math.Abs(t.X - labelX) < 110 && Math.Abs(t.Y - labelY) < 13))
            {
                labelY += 3;
            }

            taken.Add((labelX, labelY));
            svg.Append(F($"<text x='{labelX:0.0}' y='{labelY:0.0}' text-anchor='{(toTheLeft ? "end" : "start")}' fill='{colour}'>{Escape(point.Label)}</text>"));
        }

        return End(svg);
    }

    /// <summary>Differences with their intervals, one row each, around a line at 0 and one at the margin.</summary>
    /// <param name="title">Short.</param>
    /// <param name="xLabel">What the difference is.</param>
    /// <param name="rows">Label, and the difference in Y with its interval; X is not read.</param>
    /// <param name="margin">Where "not lower" ends, as a positive number.</param>
    public static string Forest(string title, string xLabel, IReadOnlyList<ChartPoint> rows, double margin)
    {
        ArgumentNullException.ThrowIfNull(rows);
        const int RowHeight = 26;
        const int Labels = 150;
        var height = Top + Bottom + (RowHeight * rows.Count);
        var ticks = Ticks(Math.Min(-margin, rows.Select(r => r.Low).DefaultIfEmpty(0).Min()), Math.Max(margin, rows.Select(r => r.High).DefaultIfEmpty(0).Max()));
        double X(double x) => Labels + ((x - ticks[0]) / (ticks[^1] - ticks[0]) * (Width - Labels - Right));

        var svg = Begin(title, height, string.Join("; ", rows.Select(r => F($"{r.Label}: {r.Y:0.000}, interval {r.Low:0.000} to {r.High:0.000}"))));
        foreach (var tick in ticks)
        {
            svg.Append(F($"<line x1='{X(tick):0.0}' x2='{X(tick):0.0}' y1='{Top}' y2='{height - Bottom}' stroke='{Line}'/><text x='{X(tick):0.0}' y='{height - Bottom + 18}' text-anchor='middle' fill='{Grey}'>{tick:+0.###;-0.###;0}</text>"));
        }

        svg.Append(F($"<line x1='{X(0):0.0}' x2='{X(0):0.0}' y1='{Top}' y2='{height - Bottom}' stroke='{Ink}' stroke-width='1.5'/>"));
        svg.Append(F($"<line x1='{X(-margin):0.0}' x2='{X(-margin):0.0}' y1='{Top}' y2='{height - Bottom}' stroke='{Grey}' stroke-dasharray='5 4'/>"));
        for (var i = 0; i < rows.Count; i++)
        {
            var y = Top + (RowHeight * (i + 0.5));
            var colour = rows[i].Strong ? Accent : Ink;
            svg.Append(F($"<text x='{Labels - 10}' y='{y + 4:0.0}' text-anchor='end' fill='{colour}'>{Escape(rows[i].Label)}</text>"));
            svg.Append(F($"<line x1='{X(rows[i].Low):0.0}' x2='{X(rows[i].High):0.0}' y1='{y:0.0}' y2='{y:0.0}' stroke='{colour}' stroke-width='2'/>"));
            svg.Append(F($"<circle cx='{X(rows[i].Y):0.0}' cy='{y:0.0}' r='4.5' fill='{(rows[i].Strong ? Accent : "#ffffff")}' stroke='{colour}' stroke-width='1.5'/>"));
        }

        svg.Append(F($"<text x='{(Labels + Width - Right) / 2}' y='{height - 10}' text-anchor='middle' fill='{Ink}'>{Escape(xLabel)}</text>"));
        return End(svg);
    }

    /// <summary>Round numbers that span a range.</summary>
    internal static double[] Ticks(double low, double high)
    {
        var range = Math.Max(1e-9, high - low);
        var raw = range / 5;
        var power = Math.Pow(10, Math.Floor(Math.Log10(raw)));
        var step = new[] { 1, 2, 2.5, 5, 10 }.Select(f => f * power).First(s => s >= raw * 0.999);
        var first = Math.Floor((low / step) + 1e-9);
        var last = Math.Ceiling((high / step) - 1e-9);
        return [.. Enumerable.Range(0, (int)(last - first) + 1).Select(i => (first + i) * step)];
    }

    private static StringBuilder Begin(string title, int height, string description) => new StringBuilder()
        .Append(F($"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {Width} {height}' width='{Width}' height='{height}' role='img' font-family='system-ui, sans-serif' font-size='12'>"))
        .Append(F($"<title>{Escape(title)}</title><desc>{Escape(description)}</desc><rect width='100%' height='100%' fill='#ffffff'/>"))
        .Append(F($"<text x='{Width / 2}' y='24' text-anchor='middle' font-size='15' font-weight='600' fill='{Ink}'>{Escape(title)}</text>"));

    private static string End(StringBuilder svg) => svg.Append("</svg>\n").ToString();

    private static string Escape(string text) => SecurityElement.Escape(text);

    private static string F(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
