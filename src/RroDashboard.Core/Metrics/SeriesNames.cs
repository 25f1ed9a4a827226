namespace RroDashboard.Core.Metrics;

/// <summary>Names of the series a run writes: stable, slash-separated, one sentence each. Training writes them, pages read them.</summary>
public static class SeriesNames
{
    /// <summary>Weighted next-token loss of the SFT batch, nats per token, by update.</summary>
    public const string SftLoss = "sft/loss";

    /// <summary>Learning rate of SFT, by update.</summary>
    public const string SftLearningRate = "sft/learning_rate";

    /// <summary>Gradient norm of SFT before clipping, by update.</summary>
    public const string SftGradientNorm = "sft/grad_norm";

    /// <summary>Training tokens per second of SFT, by update.</summary>
    public const string SftTokensPerSecond = "sft/tokens_per_second";

    /// <summary>DPO loss of the batch, by update; ln 2 at update 0.</summary>
    public const string DpoLoss = "dpo/loss";

    /// <summary>Mean implicit reward margin of the batch (chosen minus rejected, times beta), by update.</summary>
    public const string DpoMargin = "dpo/rewards/margins";

    /// <summary>Share of pairs in the batch with a margin above 0, by update.</summary>
    public const string DpoAccuracy = "dpo/rewards/accuracies";

    /// <summary>Mean change of the log-probability of chosen actions against the reference, nats per action, by update.</summary>
    public const string DpoChosenShift = "dpo/logps/chosen_shift";

    /// <summary>Mean change of the log-probability of rejected actions against the reference, nats per action, by update.</summary>
    public const string DpoRejectedShift = "dpo/logps/rejected_shift";

    /// <summary>Gradient norm of DPO before clipping, by update.</summary>
    public const string DpoGradientNorm = "dpo/grad_norm";

    /// <summary>Learning rate of DPO, by update.</summary>
    public const string DpoLearningRate = "dpo/learning_rate";

    /// <summary>Mean candidates per decided step so far, by tasks finished.</summary>
    public const string ExploreCandidatesPerStep = "explore/candidates_per_step";

    /// <summary>Mean final reward of the finished walks so far, by tasks finished.</summary>
    public const string ExploreWalkReward = "explore/walk_reward";

    /// <summary>Tokens trained on so far in SFT, by update: a chart's axis.</summary>
    public const string SftTokens = "sft/tokens";

    /// <summary>Tokens trained on so far in DPO, by update: a chart's axis.</summary>
    public const string DpoTokens = "dpo/tokens";

    /// <summary>Tokens sampled and fed so far in exploration, by tasks finished: a chart's axis.</summary>
    public const string ExploreTokens = "explore/tokens";

    /// <summary>Rollouts played so far in exploration, by tasks finished: a chart's axis.</summary>
    public const string ExploreRollouts = "explore/rollouts";

    /// <summary>Before the name of a stage: when the series of that stage reached a step, Unix seconds. Added by the host, twice a second.</summary>
    public const string TimePrefix = "time/";

    /// <summary>Begins the series of the machine, by Unix second. Added by the host while a run works.</summary>
    public const string SystemPrefix = "system/";

    /// <summary>Load of all processors together, percent.</summary>
    public const string SystemProcessor = "system/cpu_percent";

    /// <summary>Load that this program makes: 100 is one processor.</summary>
    public const string SystemOwnProcessor = "system/process_cpu_percent";

    /// <summary>Memory that this program has in use, bytes.</summary>
    public const string SystemOwnMemory = "system/process_memory_bytes";

    /// <summary>Memory that is in use on the machine, bytes.</summary>
    public const string SystemMemory = "system/memory_bytes";

    /// <summary>Load of the first GPU, percent.</summary>
    public const string SystemGpu = "system/gpu_percent";

    /// <summary>Memory in use on the first GPU, bytes.</summary>
    public const string SystemGpuMemory = "system/gpu_memory_bytes";

    /// <summary>Tokens trained on, sampled or fed per second by the run that works.</summary>
    public const string SystemTokensPerSecond = "system/tokens_per_second";

    /// <summary>Loss of RFT's fine-tuning, nats per token, by update.</summary>
    public const string RftLoss = "rft/loss";

    /// <summary>Mean reward of the guard's probe on tuning tasks at T=1, by updates done.</summary>
    public const string GuardReward = "guard/reward";

    /// <summary>Invalid actions per action of the guard's probe, by updates done.</summary>
    public const string GuardInvalidRate = "guard/invalid_rate";

    /// <summary>Tokens the policy wrote per episode of the guard's probe, by updates done.</summary>
    public const string GuardActionTokens = "guard/action_tokens";

    /// <summary>Divergence of the policy from the SFT model on its own samples, nats per token, by updates done.</summary>
    public const string GuardKl = "guard/kl";

    /// <summary>Entropy of the policy on its own samples, nats per token, by updates done.</summary>
    public const string GuardEntropy = "guard/entropy";
}
