namespace RroDashboard.Core.Rewards;

/// <summary>One thing that a reward looked at.</summary>
/// <param name="What">Kind, for example "attribute" or "row".</param>
/// <param name="Wanted">What was asked for; empty for something that was not.</param>
/// <param name="Found">What was there instead or by which it was met; empty for nothing.</param>
/// <param name="Met">It counts in full.</param>
public sealed record RewardPart(string What, string Wanted, string Found, bool Met);
