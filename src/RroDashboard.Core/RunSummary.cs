namespace RroDashboard.Core;

/// <summary>What <c>train --json</c> prints as its last line. Keys are a contract: more may come, none is renamed.</summary>
public sealed record RunSummary
{
    /// <summary>Name of the preset the plan started from.</summary>
    public required string Preset { get; init; }

    /// <summary>Seed of the run.</summary>
    public required long Seed { get; init; }

    /// <summary>Every setting: dotted path to value.</summary>
    public required IReadOnlyDictionary<string, string> Settings { get; init; }

    /// <summary>Held-out rewards of the SFT model.</summary>
    public required HeldOut Sft { get; init; }

    /// <summary>Held-out rewards of the final model.</summary>
    public required HeldOut Final { get; init; }

    /// <summary>Scripted rules on the same held-out tasks.</summary>
    public IReadOnlyList<ReferenceSummary> References { get; init; } = [];

    /// <summary>What exploration spent.</summary>
    public required ExploreSummary Explore { get; init; }

    /// <summary>Where preference training ended.</summary>
    public required DpoSummary Dpo { get; init; }

    /// <summary>Wall-clock seconds by phase.</summary>
    public required SecondsSummary Seconds { get; init; }

    /// <summary>Highest resident memory of the process, MiB.</summary>
    public required double PeakMemoryMiB { get; init; }

    /// <summary>See <see cref="Events.LedgerHash"/>.</summary>
    public required string LedgerSha256 { get; init; }
}

/// <summary>Mean held-out reward by greedy decoding and by sampling at T=1, each with its bootstrap interval [low, high].</summary>
public sealed record HeldOut(double Greedy, double Sampled, IReadOnlyList<double> GreedyInterval, IReadOnlyList<double> SampledInterval);

/// <summary>Mean held-out reward of a scripted rule with its bootstrap interval [low, high].</summary>
public sealed record ReferenceSummary(string Name, double Mean, IReadOnlyList<double> Interval);

/// <summary>See <see cref="Exploration.Budget"/>.</summary>
public sealed record ExploreSummary(
    int Tasks,
    int Steps,
    int Candidates,
    double CandidatesPerStep,
    int Rollouts,
    long TokensGenerated,
    long TokensPrefilled,
    int Pairs,
    long TokensForced,
    int FreeCandidates = 0,
    int Unconsidered = 0,
    int NoRise = 0,
    long TokensFresh = 0)
{
    /// <summary>From what exploration has spent.</summary>
    public static ExploreSummary Of(Exploration.Budget budget)
    {
        ArgumentNullException.ThrowIfNull(budget);
        return new ExploreSummary(
            budget.Tasks, budget.Steps, budget.Candidates, budget.CandidatesPerStep, budget.Rollouts, budget.TokensGenerated, budget.TokensPrefilled, budget.Pairs, budget.TokensForced,
            budget.FreeCandidates, budget.Unconsidered, budget.NoRise, budget.TokensFresh);
    }
}

/// <summary>Means over the last quarter of the updates that the final policy went through; 0 updates when there were no pairs, or when it was rolled back to its start.</summary>
public sealed record DpoSummary(int Updates, double Loss, double Accuracy, double Margin);

/// <summary>
/// Wall-clock seconds. <paramref name="Evaluate"/> holds both evaluations; <paramref name="BrokenOff"/> is what stages took that were
/// broken off and done again, which is in <paramref name="Total"/> and in no stage.
/// </summary>
public sealed record SecondsSummary(double Sft, double Explore, double Dpo, double Evaluate, double Total, double BrokenOff = 0);
