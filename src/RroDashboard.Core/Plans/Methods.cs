namespace RroDashboard.Core.Plans;

/// <summary>How a run gets from the SFT model to the final one.</summary>
public enum Method
{
    /// <summary>Explores step by step and learns from step pairs: reward rising sampling, or fixed-size exploration, as the Explore settings say.</summary>
    Explore,

    /// <summary>Nothing after SFT.</summary>
    SftOnly,

    /// <summary>Rejection-sampling fine-tuning: SFT on own episodes with the full reward.</summary>
    Rft,

    /// <summary>Trajectory pairs of best and worst episode.</summary>
    Eto,

    /// <summary>Step pairs along the expert's path, and trajectory pairs.</summary>
    Ipr,
}

/// <summary>A named method: everything that makes two runs comparable in all but this.</summary>
/// <param name="Name">What people type, for example "eto".</param>
/// <param name="Meaning">One sentence: what it does.</param>
/// <param name="Source">Where it comes from.</param>
public sealed record NamedMethod(string Name, string Meaning, string Source);

/// <summary>Reward rising sampling, its variants and its rivals by name: the ways of exploring of <see cref="ExplorationMethods"/>, and those that do not explore step by step.</summary>
public static class Methods
{
    // IPR's SFT term in our units, a mean per token: 1 would hold the policy at the imperfect teacher (learning.md 10).
    private const double IprSftWeight = 0.5;

    private static readonly NamedMethod[] s_rivals =
    [
        new("sft", "Supervised fine-tuning on demonstrations and nothing after it.", "Behaviour cloning, stage 1 of every method here"),
        new("rft", "Plays own episodes, keeps those with the full reward, and fine-tunes on them and as many demonstrations.", "Rejection-sampling fine-tuning, arXiv 2308.01825"),
        new("eto", "Plays own episodes; of these and the expert's, the best whole trajectory is preferred to the worst.", "Exploration-based trajectory optimisation, arXiv 2403.02502"),
        new("ipr", "Along the expert's path the expert's action is preferred to the policy's own where rollouts value it more; whole trajectories likewise; with an SFT term.", "Iterative step-level process refinement, arXiv 2406.11176"),
    ];

    /// <summary>All of them: ways of exploring first.</summary>
    public static IReadOnlyList<NamedMethod> All { get; } = [.. ExplorationMethods.All.Select(m => new NamedMethod(m.Name, m.Meaning, m.Source)), .. s_rivals];

    /// <summary>Finds a method.</summary>
    /// <exception cref="PlanException">No such method.</exception>
    public static NamedMethod Find(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return All.FirstOrDefault(m => m.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
            ?? throw new PlanException($"There is no method '{name}'. Methods are {string.Join(", ", All.Select(m => m.Name))}.");
    }

    /// <summary>Sets everything of <paramref name="plan"/> that the method decides; the others stay.</summary>
    /// <exception cref="PlanException">No such method.</exception>
    public static void Apply(RunPlan plan, string name)
    {
        ArgumentNullException.ThrowIfNull(plan);
        var method = Find(name).Name;
        // IPR brings a weight of its own; a weight that a person chose stays.
        if (plan.Method == Method.Ipr && plan.Dpo.SftWeight == IprSftWeight)
        {
            plan.Dpo.SftWeight = Presets.Create(plan.Preset).Dpo.SftWeight;
        }

        switch (method)
        {
            case "sft":
                plan.Method = Method.SftOnly;
                break;
            case "rft":
                plan.Method = Method.Rft;
                break;
            case "eto":
                plan.Method = Method.Eto;
                break;
            case "ipr":
                (plan.Method, plan.Dpo.SftWeight, plan.Explore.Rollouts) = (Method.Ipr, IprSftWeight, 4);
                break;
            case var exploration:
                plan.Method = Method.Explore;
                ExplorationMethods.Apply(plan, exploration);
                break;
        }
    }
}
