using RroDashboard.Core.Events;
using RroDashboard.Core.Plans;
using RroDashboard.Data;
using RroDashboard.Training;
using RroDashboard.Training.Model;
using RroDashboard.Web.Components;
using RroDashboard.Web.Configuration;

namespace RroDashboard.Web.Hosting;

/// <summary>What a run will cost on this machine, and whether the disk has room for it.</summary>
public sealed class RunEstimator(RunListQueries lists, RunQueries queries, DashboardOptions options)
{
    /// <summary>Earlier runs that the estimate learns from.</summary>
    public const int MaxMeasured = 5;

    /// <summary>Runs that are looked at for some on the same device.</summary>
    public const int MaxLookedAt = 100;

    /// <summary>Bytes that stay free: a full disk stops more than the run.</summary>
    public const double Reserve = 200e6;

    /// <summary>Room asked for as a multiple of the estimate, which can be wrong.</summary>
    public const double Caution = 1.5;

    /// <summary>Free bytes where runs are kept.</summary>
    public double FreeBytes => new DriveInfo(Path.GetFullPath(options.DataFolder)).AvailableFreeSpace;

    /// <summary>The estimate, after earlier finished runs of the same environment on the same device where there are any.</summary>
    public async Task<RunEstimate> EstimateAsync(RunPlan plan, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(plan);
        var measured = new List<MeasuredRun>();
        var (runs, _) = await lists.ListAsync($"state:finished is:any Environment.Name:{plan.Environment.Name}", RunSort.Default, 0, MaxLookedAt, cancellationToken);
        var device = DeviceName.CardOf(plan.Model.Device);
        foreach (var run in runs.Where(r => r.Budget is not null && DeviceName.CardOf(r.Plan.Model.Device) == device).Take(MaxMeasured))
        {
            var seconds = (await queries.AllAsync<StageFinished>(run.Id, cancellationToken)).GroupBy(s => s.Stage).ToDictionary(g => g.Key, g => g.Last().Seconds);
            var size = run.Plan.Model.Checkpoint.Length > 0 && (await queries.HeaderAsync(run.Id, cancellationToken)).OfType<RunStarted>().FirstOrDefault() is { } started
                ? new PolicySize(started.Parameters, started.Parameters, 0) : null;
            measured.Add(new MeasuredRun(run.Plan, run.Budget!, seconds, size));
        }

        return RunEstimate.Of(plan, measured, Policy.SizeOf(plan));
    }

    /// <summary>Why the device is not there, or disk or memory have no room, as one sentence; null when all is well.</summary>
    public string? WhyNoRoom(RunPlan plan, RunEstimate estimate)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(estimate);
        var trainedHere = plan.Endpoint.Url.Length == 0;
        if (trainedHere && ComputeDevice.WhyNot(plan.Model.Device) is { } missing)
        {
            return missing;
        }

        // All of a card's memory: the run before this one, which may hold some of it now, has ended when this one begins.
        var (given, whose) = trainedHere && DeviceName.CardOf(plan.Model.Device) is { } card
            ? (TensorEngine.CardMemory(card)?.Total, $"cuda:{card}")
            : (MemoryPlan.AvailableBytes, "the machine");
        if (estimate.MemoryBytes is { } memory && memory > given)
        {
            return $"The memory is short: this run needs about {Words.Bytes(Rounded(memory))}, and {whose} gives {Words.Bytes(given.Value)}. Set Model.LoraRank above 0, Model.Dtype to BFloat16 or Model.GradientCheckpointing to true, lower Model.Context, or take a smaller checkpoint.";
        }

        var (needed, free) = ((estimate.DiskBytes * Caution) + Reserve, FreeBytes);
        return needed <= free ? null : $"The disk is short: this run needs about {Words.Bytes(Rounded(needed))}, and {Words.Bytes(Rounded(free))} are free where runs are kept. Explore fewer tasks, or make room.";
    }

    /// <summary>Refuses a plan that disk or memory have no room for.</summary>
    /// <exception cref="RefusalException">It has not.</exception>
    public async Task CheckAsync(RunPlan plan, CancellationToken cancellationToken)
    {
        if (WhyNoRoom(plan, await EstimateAsync(plan, cancellationToken)) is { } reason)
        {
            throw new RefusalException(reason);
        }
    }

    private static long Rounded(double bytes) => (long)Math.Min(bytes, long.MaxValue / 2.0);
}
