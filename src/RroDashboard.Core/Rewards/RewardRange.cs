namespace RroDashboard.Core.Rewards;

/// <summary>Lowest and highest final reward an environment can pay. InterCode-SQL goes below 0 (environments.md B2).</summary>
public readonly record struct RewardRange(double Low, double High)
{
    /// <summary>0 to 1, as in WebShop and MiniShop.</summary>
    public static RewardRange Unit { get; } = new(0, 1);
}
