namespace RroDashboard.Core.Rewards;

/// <summary>Sorts episodes that did not earn the highest reward by what was wrong with them.</summary>
public static class EpisodeFlaws
{
    /// <summary>The context was full, or the environment's last step passed, before the agent gave an answer or bought anything.</summary>
    public const string NoAnswer = "no answer";

    /// <summary>Nothing that the reward looks at is lacking, and yet it is not the highest.</summary>
    public const string Other = "other";

    private const double Tolerance = 1e-3;

    /// <summary>
    /// Kinds of the parts that were not met, each once, in the order of the reward's parts: a purchase may lack its colour and its price.
    /// Empty for the highest reward.
    /// </summary>
    /// <param name="parts">How the reward came about; empty when the agent never gave an answer.</param>
    /// <param name="reward">Final reward.</param>
    /// <param name="range">Of rewards.</param>
    public static IReadOnlyList<string> Of(IReadOnlyList<RewardPart> parts, double reward, RewardRange range)
    {
        ArgumentNullException.ThrowIfNull(parts);
        if (reward >= range.High - Tolerance)
        {
            return [];
        }

        string[] unmet = [.. parts.Where(p => !p.Met).Select(p => p.What).Distinct(StringComparer.Ordinal)];
        return unmet.Length > 0 ? unmet : [parts.Count == 0 ? NoAnswer : Other];
    }
}
