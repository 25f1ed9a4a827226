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

    /// <summary>Adds a fact if it belongs to the ledger.</summary>
    public void Add(RunFact fact)
    {
        if (fact is TaskOpened or CandidateScored or StepDecided or TaskFinished or PairCreated)
        {
            _hash.AppendData(JsonSerializer.SerializeToUtf8Bytes<RunEvent>(fact));
            _hash.AppendData("\n"u8);
        }
    }

    /// <summary>The hash so far, lower-case hex.</summary>
    public string Current => Convert.ToHexStringLower(_hash.GetCurrentHash());

    /// <inheritdoc/>
    public void Dispose() => _hash.Dispose();
}
