using RroDashboard.Core;
using RroDashboard.Core.Plans;

namespace RroDashboard.Web.Tests.Hosting;

/// <summary>The summary of runs that train nothing.</summary>
internal static class ScriptedSummary
{
    public static RunSummary Of(RunPlan plan)
    {
        var held = new HeldOut(0.7, 0.6, [0.6, 0.8], [0.5, 0.7]);
        return new RunSummary
        {
            Preset = plan.Preset,
            Seed = plan.Seed,
            Settings = PlanSettings.ToDictionary(plan),
            Sft = held,
            Final = held,
            Explore = new ExploreSummary(1, 1, 1, 1, 1, 1, 1, 0, 0),
            Dpo = new DpoSummary(0, 0, 0, 0),
            Seconds = new SecondsSummary(1, 1, 1, 1, 4),
            PeakMemoryMiB = 1,
            LedgerSha256 = "00",
        };
    }
}
