using RroDashboard.Core.Events;
using RroDashboard.Core.Exploration;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Preferences;

namespace RroDashboard.Training;

/// <summary>
/// What a run learns from that explores nothing itself (<see cref="DpoOptions.PairsFrom"/>): a version of another run's pairs, and the
/// weights after that run's SFT. Whoever keeps runs hands it over; with version 0 and otherwise equal settings the run ends with the
/// very weights of the other one.
/// </summary>
/// <param name="Reference">Which version of which run.</param>
/// <param name="Sha256">Of the version's content, hex.</param>
/// <param name="CheckpointFolder">Folder of the checkpoint that training starts from.</param>
/// <param name="CheckpointSha256">What its weights file has to hash to, hex.</param>
/// <param name="Pairs">In the order of their numbers, with their origin; discarded ones are not among them.</param>
/// <param name="Discarded">How many people left out.</param>
public sealed record GivenPairs(
    PairsReference Reference, string Sha256, string CheckpointFolder, string CheckpointSha256, IReadOnlyList<PairCreated> Pairs, int Discarded)
{
    /// <summary>The fact that says so.</summary>
    public PairsTaken Taken() => new(
        Reference.Run, Reference.Version, Sha256, CheckpointSha256,
        Count(PairDecision.Kept), Count(PairDecision.Flipped), Discarded, Count(PairDecision.Added), Pairs.Count(p => p.Pair.Weight is not (null or 1)));

    /// <summary>Puts the checkpoint's weights into the policy.</summary>
    /// <exception cref="PlanException">The checkpoint is missing, another one, or of another vocabulary or size than the plan's.</exception>
    internal void Restore(Policy policy)
    {
        try
        {
            if (!policy.HasVocabularyOf(CheckpointFolder, out var size))
            {
                throw new PlanException($"The vocabulary of run {Reference.Run} ({size} tokens) is not the one that this plan's demonstrations give ({policy.Vocabulary} tokens): leave Environment, Model and Sft as that run has them.");
            }

            policy.Restore(CheckpointFolder, CheckpointSha256);
        }
        catch (InvalidDataException e)
        {
            throw new PlanException($"Dpo.PairsFrom = '{Reference}': the SFT checkpoint of that run cannot be used. {e.Message}");
        }
    }

    /// <summary>Records the pairs as this run's, those left out that an earlier attempt recorded.</summary>
    internal Budget TakeOver(IRunJournal journal, RunPast? past)
    {
        var there = (past?.Pairs ?? []).Select(p => p.Index).ToHashSet();
        foreach (var pair in Pairs.Where(p => !there.Contains(p.Index)))
        {
            journal.Record(pair with { Origin = pair.Origin ?? new PairOrigin(PairDecision.Kept, PairSource.Model) });
        }

        var budget = new Budget { Pairs = Pairs.Count };
        journal.Sample(new BudgetReported(budget));
        return budget;
    }

    private int Count(PairDecision decision) => Pairs.Count(p => (p.Origin?.Decision ?? PairDecision.Kept) == decision);
}
