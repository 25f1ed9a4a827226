using System.Security.Cryptography;
using System.Text;
using RroDashboard.Core.Events;
using RroDashboard.Core.Preferences;
using RroDashboard.Data;

namespace RroDashboard.Web.Hosting;

/// <summary>What an export holds.</summary>
/// <param name="Pairs">Lines.</param>
/// <param name="Bytes">Length.</param>
/// <param name="Sha256">Hex.</param>
public sealed record PairExportSummary(int Pairs, long Bytes, string Sha256);

/// <summary>Preference pairs of a run as a file for TRL, written line by line: it may be larger than the memory.</summary>
public sealed class PairExport(PairQueries pairs)
{
    /// <summary>Writes all pairs in the order of the ledger.</summary>
    /// <param name="runId">Which run.</param>
    /// <param name="target">Where to; <see cref="Stream.Null"/> to know the summary only.</param>
    /// <param name="cancellationToken">Given up.</param>
    public Task<PairExportSummary> WriteAsync(string runId, Stream target, CancellationToken cancellationToken) =>
        WriteAsync(pairs.AllAsync(runId, cancellationToken), exact: false, target, cancellationToken);

    /// <summary>Writes pairs as they come.</summary>
    internal static async Task<PairExportSummary> WriteAsync(IAsyncEnumerable<PairCreated> pairs, bool exact, Stream target, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(target);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var (count, bytes) = (0, 0L);
        await foreach (var created in pairs.WithCancellation(cancellationToken))
        {
            var line = Encoding.UTF8.GetBytes(TrlLines.Of(created.Pair, Vocabularies.MarkersOf(created.Pair.HistoryTokens), exact) + "\n");
            hash.AppendData(line);
            await target.WriteAsync(line, cancellationToken);
            (count, bytes) = (count + 1, bytes + line.Length);
        }

        return new PairExportSummary(count, bytes, Convert.ToHexStringLower(hash.GetHashAndReset()));
    }
}
