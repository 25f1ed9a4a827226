using RroDashboard.Core.Rewards;

namespace RroDashboard.Core.Plans;

/// <summary>A named starting point for a plan.</summary>
/// <param name="Name">What people type.</param>
/// <param name="Meaning">One sentence: what it runs and how long it takes.</param>
public sealed record Preset(string Name, string Meaning, Func<RunPlan> Create);

/// <summary>The presets. Each says where it leaves the defaults, and why.</summary>
public static class Presets
{
    /// <summary>All of them, the demo first.</summary>
    public static IReadOnlyList<Preset> All { get; } =
    [
        new("demo", "A small model learns to shop from nothing, on the processor, in about a minute.", Demo),
        new("smoke", "A few seconds of everything, to see that it works; learns next to nothing.", Smoke),
        new("webshop", "The real WebShop catalogue, from nothing: copies words it never saw, about six minutes on two cores; needs its data folder.", WebShop),
        new("spider", "Real questions on 20 SQLite databases (Spider); needs its data folder. A model from nothing learns little here.", Spider),
    ];

    /// <summary>Makes the plan of a preset.</summary>
    /// <exception cref="PlanException">No such preset.</exception>
    public static RunPlan Create(string name)
    {
        var preset = All.FirstOrDefault(p => p.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
            ?? throw new PlanException($"There is no preset '{name}'. Presets are {string.Join(", ", All.Select(p => p.Name))}.");
        var plan = preset.Create();
        plan.Preset = preset.Name;
        return plan;
    }

    private static RunPlan Demo() => new()
    {
        Explore =
        {
            // Chosen on the tuning split with seeds 11, 12 and 13: m=3 is enough, and 300 tasks with a contrast after every
            // immediate rise give twice the pairs of 200 tasks without (greedy +.14 instead of +.11 on the mean).
            Tasks = 300,
            Rollouts = 3,
            Rejected = Rejected.EveryLower,
        },
        Dpo = { Updates = 40, LearningRate = 4e-4 },
    };

    private static RunPlan Smoke() => new()
    {
        Environment = { TrainTasks = 120, TuningTasks = 20, TestTasks = 20 },
        Model = { Width = 48, Layers = 1 },
        Sft = { Demonstrations = 120, Updates = 150, LearningRate = 5e-3, WarmupUpdates = 20 },
        Explore = { Tasks = 8, Rollouts = 2, MaxCandidates = 3, Rejected = Rejected.EveryLower },
        Dpo = { Updates = 6, BatchSize = 8, WarmupUpdates = 2 },
        Evaluate = { Tasks = 20, BootstrapResamples = 200 },
    };

    private static RunPlan WebShop()
    {
        var plan = new RunPlan
        {
            // learning.md 16.10: the policy learns from nothing to copy words that it never saw, and chooses among what the page offers.
            Environment = { Name = EnvironmentKind.WebShop, ContentSeed = 4242, TrainTasks = 5000, TuningTasks = 300, TestTasks = 300, ActionMask = true },
            Model = { Width = 128, Layers = 3, Context = 416, MaxWords = 1500, Pieces = 450 },
            Sft = { Demonstrations = 8000, Updates = 2500, LearningRate = 2e-3, WarmupUpdates = 60, ObservationWeight = 0, VocabularyPermutation = 0.5 },
            Explore = { Tasks = 600 },
            Dpo = { Updates = 30, LearningRate = 2e-4, BatchSize = 32 },
            Evaluate = { Tasks = 300 },
        };
        // Chosen on the tuning split with seed 0 (greedy, .455 after SFT): two looks .630, .516 and .458 after 30, 50 and 70 updates;
        // the paper's rule (strict, 1,100 walks) .508 and .441 after 70 and 100, at four times the rollouts.
        // Not blind: the search began because the old preset gained too little on test, and test rewards stood in the same table.
        // What this seed shows on test is therefore optimistic; take another seed for a claim.
        ExplorationMethods.Apply(plan, "two-looks");
        return plan;
    }

    private static RunPlan Spider() => new()
    {
        // All 1,034 tasks. Descriptions of tables are long, so the context is; words of a database that were never seen are
        // spelled in pieces. The databases are the same in all splits, the gold queries are not.
        Environment = { Name = EnvironmentKind.InterCodeSql, TrainTasks = 700, TuningTasks = 134, TestTasks = 200 },
        Model = { Width = 128, Context = 640, MaxWords = 2000, Pieces = 400 },
        Sft = { Demonstrations = 2100, Updates = 1000 },
        Explore = { Tasks = 100, Rollouts = 3, Rejected = Rejected.EveryLower },
        Dpo = { Updates = 40, LearningRate = 2e-4, SftWeight = 0.5 },
        Evaluate = { Tasks = 200 },
    };
}
