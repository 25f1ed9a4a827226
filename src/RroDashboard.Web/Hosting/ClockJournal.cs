using RroDashboard.Core.Events;
using RroDashboard.Core.Metrics;

namespace RroDashboard.Web.Hosting;

/// <summary>
/// Notes when the series of a stage reached a step, twice a second: charts can then be drawn over time, without a time beside every point.
/// Training itself never looks at a clock.
/// </summary>
public sealed class ClockJournal(IRunJournal inner, TimeProvider time) : IRunJournal
{
    /// <summary>Time between two notes of a stage.</summary>
    public static TimeSpan Every { get; } = TimeSpan.FromMilliseconds(500);

    private readonly Dictionary<string, (long At, long Step)> _noted = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public void Record(RunFact fact) => inner.Record(fact);

    /// <inheritdoc/>
    public void Sample(RunSample sample)
    {
        inner.Sample(sample);
        if (sample is not MetricPoint point || point.Series.IndexOf('/', StringComparison.Ordinal) is not (> 0 and var slash))
        {
            return;
        }

        var stage = point.Series[..slash];
        var now = time.GetTimestamp();
        if (_noted.TryGetValue(stage, out var noted) && (point.Step <= noted.Step || time.GetElapsedTime(noted.At, now) < Every))
        {
            return;
        }

        _noted[stage] = (now, point.Step);
        inner.Sample(new MetricPoint(SeriesNames.TimePrefix + stage, point.Step, time.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0));
    }
}
