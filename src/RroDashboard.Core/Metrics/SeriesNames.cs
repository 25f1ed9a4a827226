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
}
