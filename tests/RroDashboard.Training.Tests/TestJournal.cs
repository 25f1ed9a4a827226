using RroDashboard.Core.Events;

namespace RroDashboard.Training.Tests;

/// <summary>Keeps everything a run says.</summary>
internal sealed class TestJournal : IRunJournal
{
    public List<RunFact> Facts { get; } = [];

    public List<RunSample> Samples { get; } = [];

    public void Record(RunFact fact) => Facts.Add(fact);

    public void Sample(RunSample sample) => Samples.Add(sample);

    public double[] Series(string name) => [.. Samples.OfType<MetricPoint>().Where(p => p.Series == name).OrderBy(p => p.Step).Select(p => p.Value)];
}
