using System.Security.Cryptography;
using RroDashboard.Core.Events;
using RroDashboard.Core.Exploration;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Preferences;

namespace RroDashboard.Training;

/// <summary>
/// What a run learns from that explores nothing itself: a version of another run's pairs, and the weights after that run's SFT
/// (<see cref="DpoOptions.PairsFrom"/>), or the pairs of a file after its own SFT (<see cref="DpoOptions.PairsFile"/>). Whoever keeps runs
/// hands the first over; with version 0 and otherwise equal settings the run ends with the very weights of the other one.
/// </summary>
/// <param name="Reference">Which version of which run; null for a file.</param>
/// <param name="Sha256">Of the version's or the file's content, hex.</param>
/// <param name="CheckpointFolder">Folder of the checkpoint that training starts from; null where the run does its own SFT first: with a file, and where an endpoint explored.</param>
/// <param name="CheckpointSha256">What its weights file has to hash to, hex; empty without one.</param>
/// <param name="Pairs">In the order of their numbers, with their origin; discarded ones are not among them.</param>
/// <param name="Discarded">How many people left out.</param>
public sealed record GivenPairs(
    PairsReference? Reference, string Sha256, string? CheckpointFolder, string CheckpointSha256, IReadOnlyList<PairCreated> Pairs, int Discarded)
{
    /// <summary>Largest file of pairs.</summary>
    public const int MaxFileBytes = 256 << 20;

    /// <summary>Most pairs of a file.</summary>
    public const int MaxFilePairs = 100_000;

    /// <summary>Where the pairs are from, in words.</summary>
    public string Name => Reference?.ToString() ?? "a file";

    /// <summary>The pairs of a file, encoded for a policy.</summary>
    /// <param name="path">TRL's JSON lines.</param>
    /// <param name="encoder">Of the policy.</param>
    /// <exception cref="PlanException">It cannot be read, or a line is wrong; then none is taken.</exception>
    internal static GivenPairs OfFile(string path, PairEncoder encoder)
    {
        try
        {
            if (new FileInfo(path).Length > MaxFileBytes)
            {
                throw new PlanException($"Dpo.PairsFile = '{path}' is larger than {MaxFileBytes >> 20} MiB, and larger files are not taken.");
            }

            using var stream = File.OpenRead(path);
            var sha = Convert.ToHexStringLower(SHA256.HashData(stream));
            var (pairs, number) = (new List<PairCreated>(), 0);
            foreach (var line in File.ReadLines(path))
            {
                number++;
                if (string.IsNullOrWhiteSpace(line))
                {
                    continue;
                }

                if (pairs.Count == MaxFilePairs)
                {
                    throw new PlanException($"Dpo.PairsFile = '{path}' has more than {MaxFilePairs} pairs: take fewer.");
                }

                try
                {
                    pairs.Add(new PairCreated(pairs.Count, encoder.Encode(TrlPair.Parse(line)), new PairOrigin(PairDecision.Added, PairSource.Imported)));
                }
                catch (PairSetException e)
                {
                    throw new PlanException($"Dpo.PairsFile = '{path}': line {number} is not taken, and so none is: {e.Message}");
                }
            }

            return pairs.Count > 0
                ? new GivenPairs(null, sha, null, "", pairs, 0)
                : throw new PlanException($"Dpo.PairsFile = '{path}' holds no pair: one JSON object a line is expected.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new PlanException($"Dpo.PairsFile = '{path}' cannot be read: {e.Message}");
        }
    }

    /// <summary>The same with the tokens of a policy where pairs were recorded in words.</summary>
    /// <exception cref="PlanException">One does not fit the policy.</exception>
    internal GivenPairs For(PairEncoder encoder)
    {
        if (CheckpointFolder is not null || Reference is null)
        {
            return this;
        }

        return this with
        {
            Pairs = [.. Pairs.Select(p =>
            {
                try
                {
                    return p with { Pair = encoder.Encode(p.Pair) };
                }
                catch (PairSetException e)
                {
                    throw new PlanException($"Dpo.PairsFrom = '{Reference}': pair {p.Index} cannot be trained on: {e.Message}");
                }
            })],
        };
    }

    /// <summary>The fact that says so.</summary>
    public PairsTaken Taken() => new(
        Reference?.Run ?? "", Reference?.Version ?? 0, Sha256, CheckpointSha256,
        Count(PairDecision.Kept), Count(PairDecision.Flipped), Discarded, Count(PairDecision.Added), Pairs.Count(p => p.Pair.Weight is not (null or 1)));

    /// <summary>Puts the checkpoint's weights into the policy.</summary>
    /// <exception cref="PlanException">The checkpoint is missing, another one, or of another vocabulary or size than the plan's.</exception>
    internal void Restore(Policy policy)
    {
        if (CheckpointFolder is null || Reference is null)
        {
            throw new InvalidOperationException("These pairs bring no weights.");
        }

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
