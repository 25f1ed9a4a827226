using RroDashboard.Core.Events;
using RroDashboard.Core.Exploration;
using RroDashboard.Core.Rewards;

namespace RroDashboard.Core.Plans;

/// <summary>What an earlier run on this machine did and took.</summary>
/// <param name="Plan">Its plan.</param>
/// <param name="Budget">What exploration spent.</param>
/// <param name="Seconds">By stage.</param>
/// <param name="Size">Of its policy where that was a published checkpoint.</param>
public sealed record MeasuredRun(RunPlan Plan, Budget Budget, IReadOnlyDictionary<Stage, double> Seconds, PolicySize? Size = null);

/// <summary>What is known of a published checkpoint before it is loaded.</summary>
/// <param name="Parameters">Its numbers.</param>
/// <param name="Trained">Numbers that training changes and a run keeps.</param>
/// <param name="MemoryBytes">What the run takes at most, by plan.</param>
public sealed record PolicySize(double Parameters, double Trained, double MemoryBytes);

/// <summary>
/// What a plan will cost, before it starts. First a formula, made of the plan and of constants measured on the demo (two cores, 2026); then
/// each number is multiplied by what earlier runs on this machine came to against the same formula, where there are such runs.
/// </summary>
/// <param name="Candidates">Candidates sampled.</param>
/// <param name="Rollouts">Episodes played to the end.</param>
/// <param name="Calls">Actions written by the policy: candidates, actions of rollouts, of the walk, and of both evaluations.</param>
/// <param name="Tokens">Tokens sampled and fed during exploration.</param>
/// <param name="Seconds">By stage.</param>
/// <param name="DiskBytes">Database rows and checkpoints.</param>
/// <param name="MeasuredRuns">Earlier runs behind the numbers; 0 when only the formula is.</param>
public sealed record RunEstimate(
    double Candidates, double Rollouts, double Calls, double Tokens, IReadOnlyDictionary<Stage, double> Seconds, double DiskBytes, int MeasuredRuns)
{
    /// <summary>Decided steps of a walk; 5.0 on the demo.</summary>
    public const double StepsPerWalk = 5;

    /// <summary>Candidates until one rises; 1.87 on the demo with K = 5.</summary>
    public const double RisingCandidates = 1.9;

    /// <summary>Extra candidates per step where an immediate rise draws a contrast; .67 on the demo.</summary>
    public const double ContrastsPerStep = 0.67;

    /// <summary>Share of candidates that lead to a new state and are rolled out; .54 on the demo.</summary>
    public const double NewStates = 0.54;

    /// <summary>Tokens of a rollout, sampled and fed; 52 on the demo.</summary>
    public const double TokensPerRollout = 52;

    /// <summary>Tokens that come before the action of a step; what IPR reads anew at every step of the expert; 72 on the demo.</summary>
    public const double TokensBeforeStep = 72;

    /// <summary>Share of the expert's steps at which IPR values both sides, because the policy's action leads elsewhere; .375 on the demo.</summary>
    public const double IprDiffers = 0.375;

    /// <summary>Tokens of a demonstration, and of any whole episode.</summary>
    public const double TokensPerDemonstration = 109;

    /// <summary>Bytes that a candidate takes in the database with all that belongs to it; 915 on the demo.</summary>
    public const double BytesPerCandidate = 915;

    /// <summary>Bytes of a point of a series with its share of the rollups.</summary>
    public const double BytesPerPoint = 60;

    /// <summary>Checkpoints kept: after SFT and after DPO, each of 4 bytes per parameter.</summary>
    public const double CheckpointCopies = 2;

    /// <summary>
    /// Tokens of an episode of a published checkpoint, in those of the demo's words: it is written in pieces, in a chat template, with the task explained; 4.1 on the
    /// demo's shop.
    /// </summary>
    public const double ReActTokens = 4;

    /// <summary>Bytes of a whole episode in the database, kept to train on or as one side of a pair.</summary>
    public const double BytesPerEpisode = 1500;

    /// <summary>Cost of a pair of whole episodes in that of a pair of steps; 1.35 to 1.5 in the experiments of RESULTS.md.</summary>
    public const double EpisodePairs = 1.5;

    private const double MiniShopWords = 164;
    private const double DemoParameters = 255_000;

    // Seconds on the demo, by unit of work at its size of model.
    private const double SftSecondsPerToken = 28.4 / (504 * 16 * TokensPerDemonstration);
    private const double ExploreSecondsPerToken = 17.9 / 365_000;
    private const double DpoSecondsPerPair = 18.7 / (40 * 32);
    private const double SecondsPerEpisode = 2.75 / 600;

    private static readonly Stage[] s_stages = Enum.GetValues<Stage>();

    /// <summary>Memory that the run takes at most; null for a model from scratch, which is small.</summary>
    public double? MemoryBytes { get; init; }

    /// <summary>All stages together.</summary>
    public double TotalSeconds => Seconds.Values.Sum();

    /// <summary>Parameters of the policy, roughly: blocks and embeddings.</summary>
    public static double Parameters(RunPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        var model = plan.Model;
        // The generated shop has few words; real text fills the vocabulary and needs the bytes besides.
        var vocabulary = plan.Environment.Name == EnvironmentKind.MiniShop ? MiniShopWords : model.MaxWords + model.Pieces + 256.0;
        return ((double)model.Layers * model.Width * model.Width * (4 + (3 * model.FeedForwardFactor))) + (model.Width * vocabulary);
    }

    /// <summary>The estimate.</summary>
    /// <param name="plan">Checked before.</param>
    /// <param name="measured">Earlier runs of the same environment on this machine, the newest first; may be empty.</param>
    /// <param name="size">Of the plan's published checkpoint; null for a model from scratch, and where the checkpoint cannot be read.</param>
    public static RunEstimate Of(RunPlan plan, IReadOnlyList<MeasuredRun> measured, PolicySize? size = null)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(measured);
        var formula = Formula(plan, size);
        var past = measured.Where(m => m.Seconds.Count > 0).Select(m => (m.Plan, m.Budget, m.Seconds, Formula: Formula(m.Plan, m.Size))).ToArray();
        if (past.Length == 0)
        {
            return formula;
        }

        // Fine-tuning and evaluations are every method's; what comes between them only runs of the same method tell of, and of candidates
        // only those of the same rule, which decides them.
        var method = past.Where(p => p.Plan.Method == plan.Method && p.Budget.Rollouts > 0).ToArray();
        var alike = method.Where(p => plan.Method != Method.Explore || SameRule(p.Plan.Explore, plan.Explore)).ToArray();
        var candidates = formula.Candidates * Middle(alike, a => (a.Budget.Candidates + a.Budget.Contrasts) / a.Formula.Candidates);
        var rollouts = formula.Rollouts * Middle(alike, a => a.Budget.Rollouts / a.Formula.Rollouts);
        var more = formula.Rollouts > 0 ? rollouts / formula.Rollouts : 1;
        var tokensPerRollout = Middle(method, p => (p.Budget.TokensGenerated + p.Budget.TokensForced + p.Budget.TokensPrefilled) / (p.Budget.Rollouts * p.Formula.Tokens / p.Formula.Rollouts));
        var tokens = formula.Tokens * more * tokensPerRollout;
        var seconds = s_stages.ToDictionary(
            stage => stage,
            stage => formula.Seconds[stage]
                * Middle((stage is Stage.Explore or Stage.Dpo ? method : past).Where(p => p.Seconds.ContainsKey(stage) && p.Formula.Seconds[stage] > 0), p => p.Seconds[stage] / p.Formula.Seconds[stage])
                * (stage == Stage.Explore && alike.Length > 0 ? more / Middle(method, p => p.Budget.Rollouts / p.Formula.Rollouts) : 1));
        return formula with
        {
            Candidates = candidates,
            Rollouts = rollouts,
            Calls = formula.Calls * more,
            Tokens = tokens,
            Seconds = seconds,
            DiskBytes = formula.DiskBytes + ((candidates - formula.Candidates) * BytesPerCandidate),
            MeasuredRuns = past.Length,
        };
    }

    private static RunEstimate Formula(RunPlan plan, PolicySize? policy)
    {
        var parameters = policy?.Parameters ?? Parameters(plan);
        var words = plan.Model.Checkpoint.Length > 0 ? ReActTokens : 1;
        // Seconds are in proportion to the numbers that every token goes through, and to the tokens.
        var size = words * parameters / DemoParameters;
        var work = Work(plan);
        var episodes = 2.0 * plan.Evaluate.Tasks;
        // A run that learns from another one's pairs starts from its SFT model.
        var own = plan.Dpo.PairsFrom.Length == 0;
        var updates = own ? plan.Sft.Updates : 0;
        var points = (updates * 4.0) + (plan.Dpo.Updates * 8.0) + (plan.Explore.Tasks * 4.0);
        var drawn = plan.Method == Method.SftOnly ? 0 : (double)plan.Dpo.Updates * plan.Dpo.BatchSize;
        return new RunEstimate(
            work.Candidates,
            work.Rollouts,
            work.Actions + (2 * episodes * StepsPerWalk),
            work.Tokens * words,
            new Dictionary<Stage, double>
            {
                [Stage.Sft] = (double)updates * plan.Sft.BatchSize * TokensPerDemonstration * SftSecondsPerToken * size,
                [Stage.Baseline] = episodes * SecondsPerEpisode * size,
                [Stage.Explore] = work.Tokens * ExploreSecondsPerToken * size,
                // RFT fine-tunes on whole episodes, one at a time; pairs are two sequences each.
                [Stage.Dpo] = drawn * size * (plan.Method == Method.Rft ? TokensPerDemonstration * SftSecondsPerToken : plan.Method == Method.Eto ? DpoSecondsPerPair * EpisodePairs : DpoSecondsPerPair),
                [Stage.Evaluate] = episodes * SecondsPerEpisode * size,
            },
            (work.Candidates * BytesPerCandidate) + (work.Kept * BytesPerEpisode) + (points * BytesPerPoint) + ((policy?.Trained ?? parameters) * 4 * CheckpointCopies),
            0) { MemoryBytes = policy?.MemoryBytes };
    }

    // What comes between the two evaluations: candidates, rollouts, actions written, tokens, and whole episodes kept or made into pairs.
    private static (double Candidates, double Rollouts, double Actions, double Tokens, double Kept) Work(RunPlan plan)
    {
        var explore = plan.Explore;
        double tasks = plan.Dpo.PairsFrom.Length == 0 && plan.Dpo.PairsFile.Length == 0 ? explore.Tasks : 0; // pairs that are there already are not explored
        var steps = tasks * Math.Min(StepsPerWalk, plan.Environment.MaxSteps);
        switch (plan.Method)
        {
            case Method.SftOnly:
                return (0, 0, 0, 0, 0);
            case Method.Rft or Method.Eto:
                var played = tasks * plan.Rivals.Episodes;
                return (0, played, played * StepsPerWalk, played * TokensPerDemonstration, plan.Method == Method.Rft ? played : 2 * tasks);
            case Method.Ipr:
                // One action of the policy at each step of the expert, both sides valued where they differ, and one own episode.
                var valued = steps * IprDiffers * 2 * explore.Rollouts;
                return (steps, tasks + valued, steps + (tasks * StepsPerWalk) + (valued * StepsPerWalk / 2), (tasks * TokensPerDemonstration) + (steps * TokensBeforeStep) + (valued * TokensPerRollout), 2 * tasks);
            default:
                var perStep = explore.Selection == Selection.AllBest ? explore.MaxCandidates : Math.Min(explore.MaxCandidates, Math.Max(explore.MinLooks, RisingCandidates));
                var contrasts = explore.Selection == Selection.Rising && explore.OnImmediateRise != OnImmediateRise.NoPair ? steps * ContrastsPerStep : 0;
                var candidates = (steps * perStep) + contrasts;
                var roots = explore.FirstStepBaseline == FirstStepBaseline.RootValue ? tasks * (explore.RootRollouts > 0 ? explore.RootRollouts : explore.Rollouts) : 0;
                var rollouts = roots + (candidates * NewStates * explore.Rollouts);
                return (candidates, rollouts, candidates + steps + (rollouts * StepsPerWalk / 2), rollouts * TokensPerRollout, 0);
        }
    }

    private static bool SameRule(ExploreOptions a, ExploreOptions b) =>
        (a.Selection, a.MaxCandidates, a.Rise, a.OnImmediateRise, a.SharedRollouts, a.MinLooks) == (b.Selection, b.MaxCandidates, b.Rise, b.OnImmediateRise, b.SharedRollouts, b.MinLooks);

    // The median: one run on a busy machine must not decide.
    private static double Middle<T>(IEnumerable<T> of, Func<T, double> number)
    {
        var sorted = of.Select(number).Where(n => double.IsFinite(n) && n > 0).Order().ToArray();
        return sorted.Length == 0 ? 1 : sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[(sorted.Length / 2) - 1] + sorted[sorted.Length / 2]) / 2;
    }
}
