using RroDashboard.Core.Exploration;
using RroDashboard.Core.Preferences;

namespace RroDashboard.Data;

/// <summary>One walk in numbers.</summary>
/// <param name="Task">Index within the run's explored tasks.</param>
/// <param name="TaskId">Stable id given by the environment.</param>
/// <param name="Instruction">What the agent was asked, cut at <see cref="ExplorationIndex.MaxText"/> characters.</param>
/// <param name="Baseline">Value of the start.</param>
/// <param name="Steps">Steps decided.</param>
/// <param name="Exhausted">Of these, those at which nothing rose within the cap.</param>
/// <param name="Candidates">Candidates of all steps, contrasts included.</param>
/// <param name="Value">Value of the last step that was followed; the baseline before the first.</param>
/// <param name="Reward">Final reward; null while it goes on.</param>
/// <param name="Stopped">It ended because nothing rose.</param>
/// <param name="Pairs">Preference pairs it made.</param>
public sealed record WalkFact(
    int Task, string TaskId, string Instruction, double Baseline, int Steps, int Exhausted, int Candidates, double Value, double? Reward, bool Stopped, int Pairs)
{
    /// <summary>Final reward, or the last value while it goes on, minus the value of the start.</summary>
    public double Change => (Reward ?? Value) - Baseline;
}

/// <summary>A decided step without its texts.</summary>
/// <param name="Change">How the value changed.</param>
/// <param name="Verdict">How it was decided.</param>
/// <param name="Pairs">Preference pairs it made.</param>
/// <param name="Reason">Why it made none; only to be read when it made none.</param>
public readonly record struct StepFact(StepChange Change, StepVerdict Verdict, int Pairs, NoPairReason Reason);

/// <summary>A preference pair without its texts.</summary>
/// <param name="Seq">Number of its event.</param>
/// <param name="Index">Number within the run.</param>
/// <param name="Task">Task of its walk.</param>
/// <param name="Step">Step of its walk.</param>
/// <param name="Gap">Chosen minus rejected, reward units.</param>
/// <param name="HistoryTokens">Tokens read but not trained.</param>
/// <param name="ChosenTokens">Tokens of the chosen action.</param>
/// <param name="RejectedTokens">Tokens of the rejected action.</param>
/// <param name="SameText">Both actions are the same text: they differ in tokens or in luck only.</param>
/// <param name="Exhausted">Nothing rose at its step.</param>
/// <param name="Expert">The scripted expert's action was followed at its step.</param>
/// <param name="Duplicate">An earlier pair has the same history and the same two actions.</param>
/// <param name="SharedPrompt">An earlier pair has the same history.</param>
public sealed record PairFact(
    long Seq, int Index, int Task, int Step, double Gap, int HistoryTokens, int ChosenTokens, int RejectedTokens,
    bool SameText, bool Exhausted, bool Expert, bool Duplicate, bool SharedPrompt)
{
    /// <summary>How much longer the chosen action is, tokens.</summary>
    public int LengthDifference => ChosenTokens - RejectedTokens;
}

/// <summary>What exploration did in a run, as of one event; immutable.</summary>
/// <param name="Seq">Number of the last event that is in it.</param>
/// <param name="Walks">By task.</param>
/// <param name="Steps">In the order of the ledger.</param>
/// <param name="Pairs">In the order of the ledger.</param>
public sealed record ExplorationFacts(long Seq, IReadOnlyList<WalkFact> Walks, IReadOnlyList<StepFact> Steps, IReadOnlyList<PairFact> Pairs)
{
    /// <summary>Of a run that explored nothing.</summary>
    public static ExplorationFacts Empty { get; } = new(0, [], [], []);
}
