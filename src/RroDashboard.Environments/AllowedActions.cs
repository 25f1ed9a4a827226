namespace RroDashboard.Environments;

/// <summary>What an episode would accept now, as text: complete actions, and openings that any words may follow up to the action's end.</summary>
/// <param name="Complete">Whole actions, the ending word included, for example "click[ buy ]".</param>
/// <param name="Openings">Beginnings that at least one free word and then the ending word follow, for example "search[".</param>
public sealed record AllowedActions(IReadOnlyList<string> Complete, IReadOnlyList<string> Openings);
