namespace RroDashboard.Core.Events;

/// <summary>What several places look for among the facts of a run.</summary>
public static class RunFacts
{
    /// <summary>The checkpoint of the policy that explored: the last that SFT saved; null when there is none yet.</summary>
    public static CheckpointSaved? Explorer(this IEnumerable<RunFact> facts) => facts.OfType<CheckpointSaved>().LastOrDefault(c => c.Stage == Stage.Sft);
}
