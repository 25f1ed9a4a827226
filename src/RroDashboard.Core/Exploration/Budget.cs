using System.Text.Json.Serialization;

namespace RroDashboard.Core.Exploration;

/// <summary>What exploration has spent so far. Candidates, rollouts and tokens are three different costs: show all of them.</summary>
public sealed record Budget
{
    /// <summary>Tasks walked to their end.</summary>
    public int Tasks { get; init; }

    /// <summary>Steps decided.</summary>
    public int Steps { get; init; }

    /// <summary>Candidates sampled for the rising test, repeated states included; the paper's 1.86 and 1.64 count these.</summary>
    public int Candidates { get; init; }

    /// <summary>Candidates that led to a state already seen at their step: sampled, not rolled out again.</summary>
    public int SameState { get; init; }

    /// <summary>Extra candidates drawn after an immediate rise, only to have a loser (DrawOneContrast); counted apart.</summary>
    public int Contrasts { get; init; }

    /// <summary>Candidates among these and the contrasts whose sampling was already paid for: first actions of shared rollouts.</summary>
    public int FreeCandidates { get; init; }

    /// <summary>First actions of shared rollouts at visited states that their step was decided without.</summary>
    public int Unconsidered { get; init; }

    /// <summary>Actions drawn only to see whether a move is forced, and never valued.</summary>
    public int GateDraws { get; init; }

    /// <summary>Actions sampled as candidates in all: looked at, drawn as a contrast, or drawn only to see whether the move is forced.</summary>
    [JsonIgnore]
    public int Drawn => Candidates + Contrasts + GateDraws;

    /// <summary>Steps at which there was nothing to choose, so that nothing was rolled out.</summary>
    public int Forced { get; init; }

    /// <summary>Episodes played to the end to value something, start states included.</summary>
    public int Rollouts { get; init; }

    /// <summary>Tokens the policy sampled.</summary>
    public long TokensGenerated { get; init; }

    /// <summary>Tokens of actions that were not sampled, because the action mask left only one.</summary>
    public long TokensForced { get; init; }

    /// <summary>Tokens fed without being sampled: instructions and observations.</summary>
    public long TokensPrefilled { get; init; }

    /// <summary>Of the prefilled ones, those computed again because their keys and values were no longer kept.</summary>
    public long TokensRecomputed { get; init; }

    /// <summary>Tokens that an ideal prefix cache would process: every token of every history once.</summary>
    public long TokensFresh => TokensGenerated + TokensForced + TokensPrefilled - TokensRecomputed;

    /// <summary>Preference pairs made.</summary>
    public int Pairs { get; init; }

    /// <summary>Steps at which nothing rose within the cap.</summary>
    public int NoRise { get; init; }

    /// <summary>Mean candidates per decided step; 0 before the first.</summary>
    public double CandidatesPerStep => Steps == 0 ? 0 : (double)Candidates / Steps;

    /// <summary>
    /// What fixed-size exploration with <paramref name="k"/> candidates would have sampled on the same steps.
    /// Plain arithmetic, not a run: a real fixed-K run walks other states.
    /// </summary>
    public int FixedCandidates(int k) => Steps * k;
}
