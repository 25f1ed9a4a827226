using RroDashboard.Web.CommandLine;

namespace RroDashboard.Benchmarks;

/// <summary>What a benchmark prints as its last line.</summary>
/// <param name="Name">Of the benchmark.</param>
/// <param name="Results">One for each thing measured.</param>
public sealed record BenchmarkReport(string Name, IReadOnlyList<BenchmarkResult> Results) : IBenchmarkVerdict
{
    /// <inheritdoc/>
    public bool WithinBudget => Results.All(r => r.Within != false);
}

/// <summary>One measurement.</summary>
/// <param name="Metric">What was measured.</param>
/// <param name="Unit">Its unit.</param>
/// <param name="Ours">Our number.</param>
/// <param name="Peer">The same by other means, in the same run; null where there is none.</param>
/// <param name="Ratio">Ours divided by the peer's; null where there is none.</param>
/// <param name="Budget">The most it may be; null where nothing was promised.</param>
public sealed record BenchmarkResult(string Metric, string Unit, double Ours, double? Peer, double? Ratio, double? Budget = null)
{
    /// <summary>Whether the promise was kept; null where there is none.</summary>
    public bool? Within => Budget is { } budget ? Ours <= budget : null;

    /// <summary>With a peer.</summary>
    public static BenchmarkResult Against(string metric, string unit, double ours, double peer) => new(metric, unit, Math.Round(ours, 2), Math.Round(peer, 2), Math.Round(ours / peer, 2));

    /// <summary>Without a peer.</summary>
    public static BenchmarkResult Alone(string metric, string unit, double ours) => new(metric, unit, Math.Round(ours, 2), null, null);

    /// <summary>With a promise.</summary>
    public static BenchmarkResult AtMost(string metric, string unit, double ours, double budget) => new(metric, unit, Math.Round(ours, 2), null, null, budget);
}
