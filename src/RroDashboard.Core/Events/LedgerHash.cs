using System.Security.Cryptography;
using System.Text.Json;

namespace RroDashboard.Core.Events;

/// <summary>
/// SHA-256 over everything exploration sampled and decided, in order. Two runs of one plan, seed and machine must agree
/// in it byte for byte. Times, samples and checkpoints stay out.
/// </summary>
public sealed class LedgerHash : IDisposable
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    /// <summary>Whether a fact belongs to the ledger.</summary>
    public static bool Covers(RunFact fact) => fact is TaskOpened or CandidateScored or StepDecided or TaskFinished or PairCreated;

    /// <summary>Adds a fact if it belongs to the ledger.</summary>
    public void Add(RunFact fact)
    {
        if (Covers(fact))
        {
            _hash.AppendData(LineOf(fact));
        }
    }

    /// <summary>A fact as it is hashed: one line, its end included. A file of these lines has the ledger's hash.</summary>
    public static byte[] LineOf(RunFact fact) => [.. JsonSerializer.SerializeToUtf8Bytes<RunEvent>(fact), (byte)'\n'];

    /// <summary>The hash so far, lower-case hex.</summary>
    public string Current => Convert.ToHexStringLower(_hash.GetCurrentHash());

    /// <inheritdoc/>
    public void Dispose() => _hash.Dispose();
}
