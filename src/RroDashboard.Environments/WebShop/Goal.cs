namespace RroDashboard.Environments.WebShop;

/// <summary>An option value that a goal asks for.</summary>
/// <param name="Name">The option's name for a synthetic goal; null for a human goal, which lists values only.</param>
/// <param name="Value">The wanted value.</param>
public sealed record GoalOption(string? Name, string Value);

/// <summary>What a shopper is asked to buy (WebShop, web_agent_site/engine/goal.py).</summary>
public sealed record Goal
{
    /// <summary>The product that the goal was made from.</summary>
    public required string Asin { get; init; }

    /// <summary>Its department.</summary>
    public required string Category { get; init; }

    /// <summary>Its search phrase.</summary>
    public required string Query { get; init; }

    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>Its path in Amazon's catalogue.</summary>
    public required string ProductCategory { get; init; }

    /// <summary>What the agent reads.</summary>
    public required string InstructionText { get; init; }

    /// <summary>Wanted attributes; one that is repeated counts repeatedly.</summary>
    public required IReadOnlyList<string> Attributes { get; init; }

    /// <summary>US dollars; 1,000,000 where no cap was drawn.</summary>
    public required double PriceUpper { get; init; }

    /// <summary>Wanted options. All have a name (synthetic goal) or none has (human goal).</summary>
    public required IReadOnlyList<GoalOption> Options { get; init; }

    /// <summary>Chance weight in <c>random_idx</c>: 1 for a human goal, else the mean of 1 / (goals with the attribute).</summary>
    public required double Weight { get; init; }
}
