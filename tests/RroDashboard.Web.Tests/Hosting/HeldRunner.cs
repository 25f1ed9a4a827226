using RroDashboard.Core;
using RroDashboard.Core.Events;
using RroDashboard.Core.Plans;
using RroDashboard.Training;
using RroDashboard.Web.Hosting;

namespace RroDashboard.Web.Tests.Hosting;

/// <summary>
/// Real training that stands still once, after a fact that a test names, until it is told to end: whatever else the machine does, what
/// the test wants to break off is still going on then.
/// </summary>
internal sealed class HeldRunner(Predicate<RunFact> after) : ITrainingRunner
{
    private readonly Predicate<RunFact> _after = after;
    private readonly TrainingRunner _real = new(TimeProvider.System);
    private int _held;

    public string? WhyNot => _real.WhyNot;

    public RunSummary Run(RunPlan plan, string runFolder, IRunJournal journal, CancellationToken cancellationToken, RunPast? past = null) =>
        _real.Run(plan, runFolder, new HeldJournal(this, journal, cancellationToken), cancellationToken, past);

    public RunSummary Run(RunPlan plan, string runFolder, IRunJournal journal, RunPast? past, GivenPairs? given, CancellationToken cancellationToken) =>
        _real.Run(plan, runFolder, new HeldJournal(this, journal, cancellationToken), past, given, cancellationToken);

    public string? WhyNotResume(RunPlan plan, string runFolder, RunPast past) => _real.WhyNotResume(plan, runFolder, past);

    private sealed class HeldJournal(HeldRunner runner, IRunJournal inner, CancellationToken cancellationToken) : IRunJournal
    {
        public void Record(RunFact fact)
        {
            inner.Record(fact);
            if (runner._after(fact) && Interlocked.Exchange(ref runner._held, 1) == 0)
            {
                cancellationToken.WaitHandle.WaitOne();
            }
        }

        public void Sample(RunSample sample) => inner.Sample(sample);
    }
}
