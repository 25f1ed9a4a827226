using System.Globalization;
using Microsoft.AspNetCore.Components;

namespace RroDashboard.Web.Components.Charts;

/// <summary>Draws a <see cref="ChartView"/>.</summary>
public sealed partial class SvgChart
{
    private const int Width = 640;
    private const int Height = 260;
    private const int Left = 60;
    private const int Right = 14;
    private const int Top = 26;
    private const int Bottom = 44;
    private const int Colours = 6;
    private const int MaxRows = 60;
    private const int MaxLabel = 12;

    private IReadOnlyList<double> _x = [0, 1];
    private IReadOnlyList<double> _y = [0, 1];
    private int _slots = 1;

    /// <summary>What is drawn.</summary>
    [Parameter, EditorRequired] public required ChartView Chart { get; set; }

    private double SlotWidth => (double)(Width - Left - Right) / _slots;

    private IEnumerable<(double Place, string Label)> XLabels => Chart.Lines.Count > 0
        ? _x.Where(t => X(t) <= Width - Right + 1).Select(t => (X(t), Number(t)))
        : Chart.Columns.Select(c => c.Label).Concat(Chart.Intervals.Select(v => v.Label)).Select((l, i) => (Slot(i), _slots > 8 && l.Length > MaxLabel ? l[..MaxLabel] + "…" : l));

    // Every n-th point where there are more than a table should have; the last one always.
    private int Every => Math.Max(1, (int)Math.Ceiling((double)Chart.Lines.Select(l => l.Points.Count).DefaultIfEmpty(0).Max() / MaxRows));

    private string Cut => Every > 1 ? string.Create(CultureInfo.InvariantCulture, $", one point in {Every} and the last") : "";

    private IEnumerable<string> Heads => Chart.Lines.Count > 0 ? [Chart.XTitle, .. Chart.Lines.Select(l => l.Name)] : Chart.Columns.Count > 0 ? ["", Chart.YTitle] : ["", "mean", "lowest", "highest"];

    private IEnumerable<IReadOnlyList<string>> Rows
    {
        get
        {
            if (Chart.Lines.Count == 0)
            {
                return Chart.Columns.Select(c => (IReadOnlyList<string>)[c.Label, Number(c.Value)])
                    .Concat(Chart.Intervals.Select(v => (IReadOnlyList<string>)[v.Label, Number(v.Mean), Number(v.Low), Number(v.High)]));
            }

            var values = Chart.Lines.Select(l => l.Points.GroupBy(p => p.Step).ToDictionary(p => p.Key, p => p.Last().Last)).ToList();
            var steps = values.SelectMany(v => v.Keys).Distinct().Order().ToList();
            return steps.Where((_, i) => i % Every == 0 || i == steps.Count - 1)
                .Select(s => (IReadOnlyList<string>)[s.ToString("N0", CultureInfo.InvariantCulture), .. values.Select(v => v.TryGetValue(s, out var value) ? Number(value) : "")]);
        }
    }

    /// <inheritdoc/>
    protected override void OnParametersSet()
    {
        var points = Chart.Lines.SelectMany(l => l.Points).ToList();
        _slots = Math.Max(1, Chart.Columns.Count + Chart.Intervals.Count);
        if (points.Count > 0)
        {
            _x = AxisTicks.Of(points.Min(p => p.Step), points.Max(p => p.Step), 6);
        }

        var ys = points.SelectMany(p => new[] { p.Low, p.High }).Concat(Chart.Columns.Select(c => c.Value)).Concat(Chart.Intervals.SelectMany(v => new[] { v.Low, v.High }))
            .Concat(Chart.References.Select(r => r.Value)).Where(double.IsFinite).ToList();
        var (low, high) = ys.Count == 0 ? (0, 1) : (ys.Min(), ys.Max());
        _y = AxisTicks.Of(Chart.FromZero && low > 0 ? 0 : low, high);
    }

    private double X(double step) => Left + ((step - _x[0]) / (_x[^1] - _x[0]) * (Width - Left - Right));

    private double Y(double value) => Height - Bottom - (Math.Clamp((value - _y[0]) / (_y[^1] - _y[0]), 0, 1) * (Height - Top - Bottom));

    private double Slot(int i) => Left + (SlotWidth * (i + 0.5));

    private string PathOf(ChartLine line) => string.Join(' ', line.Points.Select(p => $"{At(X(p.Step))},{At(Y(p.Last))}"));

    private string BandOf(ChartLine line) =>
        string.Join(' ', line.Points.Select(p => $"{At(X(p.Step))},{At(Y(p.High))}").Concat(line.Points.Reverse().Select(p => $"{At(X(p.Step))},{At(Y(p.Low))}")));

    private static string At(double place) => place.ToString("0.#", CultureInfo.InvariantCulture);

    private static string Number(double value) => Math.Abs(value) switch
    {
        0 => "0",
        >= 1e6 or < 1e-3 => value.ToString("0.##e0", CultureInfo.InvariantCulture),
        >= 1000 => value.ToString("#,0", CultureInfo.InvariantCulture),
        _ => value.ToString("0.###", CultureInfo.InvariantCulture),
    };
}
