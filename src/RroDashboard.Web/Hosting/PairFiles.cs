using System.Security.Cryptography;
using System.Text;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Preferences;
using RroDashboard.Data;
using RroDashboard.Training;
using RroDashboard.Training.Templates;

namespace RroDashboard.Web.Hosting;

/// <summary>What came of an import.</summary>
/// <param name="Version">The version that holds the pairs.</param>
/// <param name="Made">It was made by this import; otherwise everything was there already.</param>
/// <param name="Lines">Pairs in the file.</param>
/// <param name="Known">Of these, pairs that were there before, word by word.</param>
/// <param name="Sha256">Of the file, hex.</param>
public sealed record PairImportResult(PairSetInfo Version, bool Made, int Lines, int Known, string Sha256)
{
    /// <summary>Pairs that the import added.</summary>
    public int Added => Lines - Known;
}

/// <summary>Pairs of versions as TRL files, both ways.</summary>
public sealed class PairFiles(PairSetStore store, RunQueries queries, Vocabularies vocabularies, EnvironmentShelf shelf)
{
    /// <summary>Largest file that is taken.</summary>
    public const int MaxBytes = 32 << 20;

    /// <summary>Most pairs in a file.</summary>
    public const int MaxLines = PairSetStore.MaxAdded;

    /// <summary>Writes the pairs that a version trains on, in the order of their numbers.</summary>
    /// <param name="runId">Which run.</param>
    /// <param name="version">Which version.</param>
    /// <param name="exact">With token ids and weights.</param>
    /// <param name="target">Where to; <see cref="Stream.Null"/> to know the summary only.</param>
    /// <param name="cancellationToken">Given up.</param>
    /// <returns>Null when there is no such version.</returns>
    public async Task<PairExportSummary?> WriteAsync(string runId, int version, bool exact, Stream target, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(target);
        if (await store.PairsAsync(runId, version, cancellationToken) is not var (_, pairs))
        {
            return null;
        }

        return await PairExport.WriteAsync(pairs.ToAsyncEnumerable(), exact, target, cancellationToken);
    }

    /// <summary>Adds the pairs of a file to a version, which makes a new one. The same file twice makes no second; one wrong line and nothing is added.</summary>
    /// <param name="runId">Which run.</param>
    /// <param name="parent">Version that they are added to.</param>
    /// <param name="name">Name of the file, for people.</param>
    /// <param name="file">At most <see cref="MaxBytes"/>.</param>
    /// <param name="author">Who.</param>
    /// <param name="cancellationToken">Given up.</param>
    /// <exception cref="PairSetException">The file is too large, a line is wrong, or the run's pairs cannot be changed.</exception>
    public async Task<PairImportResult> ImportAsync(string runId, int parent, string name, Stream file, string author, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(file);
        var run = await queries.FindAsync(runId, cancellationToken) ?? throw new PairSetException($"There is no run '{runId}'.");
        var content = await ReadAsync(file, cancellationToken);
        var sha = Convert.ToHexStringLower(SHA256.HashData(content));
        var encoder = await EncoderAsync(run, cancellationToken);
        var there = (await store.PairsAsync(runId, 0, cancellationToken) ?? throw new PairSetException($"The exploration of run '{runId}' is not over, so its pairs cannot be added to yet."))
            .Pairs.Select(p => PairSet.Identity(p.Pair)).ToHashSet(StringComparer.Ordinal);
        there.UnionWith((await store.EntriesAsync(runId, parent, cancellationToken) ?? throw new PairSetException($"Run '{runId}' has no version {parent} of its pairs."))
            .Where(e => e is { Added: not null, Decision: PairDecision.Added }).Select(e => PairSet.Identity(e.Added!)));
        var (changes, lines, number) = (new List<PairEntry>(), 0, 0);
        foreach (var line in Lines(content))
        {
            number++;
            if (string.IsNullOrWhiteSpace(line))
            {
                continue;
            }

            if (++lines > MaxLines)
            {
                throw new PairSetException($"The file has more than {MaxLines} pairs: take several runs, or fewer pairs.");
            }

            try
            {
                var read = TrlPair.Parse(line);
                var pair = encoder.Encode(read);
                if (there.Add(PairSet.Identity(pair)))
                {
                    changes.Add(new PairEntry(0, PairDecision.Added, read.Weight, PairSource.Imported, new PairProvenance("file", Short(name), Sha256: sha, Line: number), pair with { Weight = null }));
                }
            }
            catch (PairSetException e)
            {
                throw new PairSetException($"Line {number} of the file is not taken, and so none is: {e.Message}");
            }
        }

        if (lines == 0)
        {
            throw new PairSetException("The file holds no pair: one JSON object a line is expected.");
        }

        var (version, made) = await store.AddAsync(runId, parent, changes, author, $"Imported {changes.Count} of {lines} pairs of {Short(name)} (SHA-256 {sha[..12]}).", cancellationToken);
        return new PairImportResult(version, made, lines, lines - changes.Count, sha);
    }

    // A model from scratch has words; a published checkpoint writes conversations, in its own template.
    private async Task<PairEncoder> EncoderAsync(RunInfo run, CancellationToken cancellationToken)
    {
        var (vocabulary, reason) = await vocabularies.OpenAsync(run.Id, cancellationToken);
        if (vocabulary is null || run.Plan.Model.Checkpoint.Length == 0)
        {
            return new PairEncoder(Vocabularies.Words(vocabulary, reason), run.Plan.Model.Context);
        }

        try
        {
            return Policy.EncoderOf(run.Plan, await shelf.OpenAsync(run.Plan.Environment, cancellationToken));
        }
        catch (Exception e) when (e is InvalidDataException or TemplateException or PlanException)
        {
            // Where it lies on the server's disk is nobody's business.
            throw new PairSetException("The published checkpoint that this run tunes, or its environment's data, can no longer be read, so nothing can be encoded for it.");
        }
    }

    private static async Task<byte[]> ReadAsync(Stream file, CancellationToken cancellationToken)
    {
        using var memory = new MemoryStream();
        var buffer = new byte[64 << 10];
        int read;
        while ((read = await file.ReadAsync(buffer, cancellationToken)) > 0)
        {
            if (memory.Length + read > MaxBytes)
            {
                throw new PairSetException($"The file is larger than {MaxBytes >> 20} MiB, and larger ones are not taken.");
            }

            memory.Write(buffer, 0, read);
        }

        return memory.ToArray();
    }

    private static IEnumerable<string> Lines(byte[] content)
    {
        using var reader = new StreamReader(new MemoryStream(content), Encoding.UTF8);
        while (reader.ReadLine() is { } line)
        {
            yield return line;
        }
    }

    private static string Short(string name) => name.Length > 100 ? name[..100] : name;
}
